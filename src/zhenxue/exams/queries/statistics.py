"""Figures of questions as the pages of a bank show them, with what is worth a second look."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from zhenxue.exams.data import Kind, QuestionState
from zhenxue.exams.models import Question, QuestionBank, QuestionStatistics

#: Nothing is said of a question that was shown less often.
FEWEST_SHOWN = 20
TOO_EASY, TOO_HARD, OVER_EXPOSED = Decimal("0.95"), Decimal("0.20"), 1000
CHOSEN_FROM = (Kind.SINGLE, Kind.MULTIPLE)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a question that its author should look at."""

    key: str
    label: str
    advice: str
    tone: str = "wait"


FLAGS = {
    one.key: one
    for one in (
        Flag("negative", "区分度为负", "成绩好的学员反而更容易答错：先核对答案，再看题意有没有歧义。", "bad"),
        Flag("easy", "太容易", f"得分率不低于 {TOO_EASY:.0%}，几乎人人答对，分不出高低。"),
        Flag("hard", "太难", f"得分率不高于 {TOO_HARD:.0%}：核对答案，看课程是不是讲到了。"),
        Flag("unused", "有选项没人选", "没有人选的选项起不到作用，换一个容易混淆的。"),
        Flag("exposed", "出现过多", f"已出现 {OVER_EXPOSED} 次以上，可能被记住，建议轮换。"),
    )
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: how many took it, the share of all who answered, and whether it is right."""

    value: str
    text: str
    count: int
    percent: int
    right: bool


def questions_with_figures(bank: QuestionBank) -> QuerySet[Question]:
    """The questions in use of a bank that were shown in an exam, with their figures; one query."""
    rows = Question.objects.filter(bank=bank, statistics__isnull=False).exclude(state=QuestionState.REPLACED)
    return rows.select_related("statistics")


def with_flag(rows: QuerySet[Question], key: str) -> QuerySet[Question]:
    """Those of ``questions_with_figures`` that have a flag."""
    often = Q(statistics__shown__gte=FEWEST_SHOWN)
    if key == "unused":
        return rows.filter(pk__in=[one.pk for one in rows.filter(often, kind__in=CHOSEN_FROM) if unused_of(one)])
    conditions = {
        "negative": often & Q(statistics__discrimination__lt=0),
        "easy": often & Q(statistics__facility__gte=TOO_EASY),
        "hard": often & Q(statistics__facility__lte=TOO_HARD),
        "exposed": Q(statistics__shown__gte=OVER_EXPOSED),
    }
    return rows.filter(conditions[key])


def flags_of(question: Question) -> list[Flag]:
    """What of its figures is worth a look; nothing before it was shown often enough."""
    found: QuestionStatistics = question.statistics
    if found.shown < FEWEST_SHOWN:
        return []
    facility = found.facility if found.facility is not None else Decimal("0.5")
    holds = {
        "negative": (found.discrimination or 0) < 0,
        "easy": facility >= TOO_EASY,
        "hard": facility <= TOO_HARD,
        "unused": bool(unused_of(question)),
        "exposed": found.shown >= OVER_EXPOSED,
    }
    return [flag for key, flag in FLAGS.items() if holds[key]]


def unused_of(question: Question) -> list[str]:
    """The wrong options that nobody took."""
    if question.kind not in CHOSEN_FROM:
        return []
    letters = [chr(ord("A") + index) for index in range(len(question.body.get("options", ())))]
    taken: Mapping[str, int] = question.statistics.choices
    return [one for one in letters if one not in taken and one not in question.key.get("right", ())]


def choices_with_counts(question: Question) -> list[Choice]:
    """How often each option was taken (every answer that was given, where there are no options)."""
    taken: Mapping[str, int] = question.statistics.choices
    answered = max(question.statistics.answered, 1)
    options: dict[str, str] = {
        chr(ord("A") + index): str(text) for index, text in enumerate(question.body.get("options", ()))
    }
    if question.kind == Kind.TRUE_FALSE:
        options = {"对": "", "错": ""}
    right = set(question.key.get("right", ()))
    shown: list[Any] = [*options, *(value for value in taken if value not in options)]
    return [
        Choice(one, options.get(one, ""), taken.get(one, 0), taken.get(one, 0) * 100 // answered, one in right)
        for one in shown
    ]


def find_statistics(question: Question) -> QuestionStatistics | None:
    """The figures of a version, if it was shown in an exam that counts."""
    return QuestionStatistics.objects.filter(question=question).first()
