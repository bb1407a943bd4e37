"""Practice: what is open to whom, what may be shown now, how far a learner is, where a class is weak."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import batched
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from zhenxue.exams.data import ExamState, PracticeMode, QuestionState, SheetLine
from zhenxue.exams.kinds import JUDGED
from zhenxue.exams.models import Blueprint, ErrorCard, Exam, PaperLine, PracticeOpening, PracticeRound, Question
from zhenxue.exams.queries.content import contents_of
from zhenxue.exams.queries.lines import ShownLine, shown
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import NotFound
from zhenxue.training import api as training
from zhenxue.training.data import EnrolmentState

#: Exams whose questions nobody may practise: they are planned, can be sat, or are being sat.
NOT_OVER = (ExamState.DRAFT, ExamState.SCHEDULED)
CHUNK = 900  # ids in one statement
#: A wrong answer that comes back: not mastered, not retired since, in a class that the learner has not left. A replaced
#: version still does: it is what the learner got wrong.
COMES_BACK = Q(mastered_at__isnull=True, enrolment__state=EnrolmentState.ACTIVE) & ~Q(
    question__state=QuestionState.RETIRED
)


def barred(organisation_id: int, besides: int | None = None) -> tuple[set[tuple[int, int]], set[str]]:
    """What an exam of the organisation (``besides`` one) holds that is not over: bank and number (in any version), and
    the digest (the same words in another bank).

    Whoever practises must never meet what an exam is about to ask; a blueprint bars all that it may draw.
    """
    exams = Exam.objects.filter(cohort__organisation=organisation_id, state__in=NOT_OVER).exclude(pk=besides or 0)
    papers = PaperLine.objects.filter(paper__in=exams.filter(paper__isnull=False).values("paper"))
    ids = set(papers.values_list("question_id", flat=True))
    for blueprint in Blueprint.objects.filter(pk__in=exams.filter(blueprint__isnull=False).values("blueprint")):
        ids |= blueprint.pool_ids
    numbers: set[tuple[int, int]] = set()
    digests: set[str] = set()
    for chunk in batched(sorted(ids), CHUNK):
        for bank, number, digest in Question.objects.filter(pk__in=chunk).values_list("bank_id", "number", "digest"):
            numbers.add((bank, number))
            digests.add(digest)
    return numbers, digests


def may_show(organisation_id: int, question_ids: Iterable[int], besides: int | None = None) -> set[int]:
    """Those of the questions that practice, or the result of the exam ``besides``, may show solved now."""
    numbers, digests = barred(organisation_id, besides)
    found = set()
    for chunk in batched(sorted(question_ids), CHUNK):
        rows = Question.objects.filter(pk__in=chunk).values_list("pk", "bank_id", "number", "digest")
        found |= {pk for pk, bank, number, digest in rows if (bank, number) not in numbers and digest not in digests}
    return found


def without_barred(sheet: Sequence[ShownLine], exam: Exam) -> list[ShownLine]:
    """The sheet of an exam that is over, without the solutions (and what markers said by rubric) of what another one
    still asks."""
    may = may_show(exam.cohort.organisation_id, [line.question_id for line in sheet], exam.pk)
    nothing: dict[str, Any] = {"key": None, "explanation": "", "marks": (), "is_withheld": True}
    return [line if line.question_id in may else replace(line, **nothing) for line in sheet]


def practicable(bank_id: int) -> QuerySet[Question]:
    """The questions of a bank that practice can judge."""
    return Question.objects.filter(bank=bank_id, state=QuestionState.ACTIVE, kind__in=JUDGED)


def points_to_practise(bank_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """By bank the points (knowledge and skills) that its practicable questions are of: id and words; one query."""
    rows = Question.objects.filter(bank__in=list(bank_ids), state=QuestionState.ACTIVE, kind__in=JUDGED)
    rows = rows.filter(point__isnull=False).order_by("point__code", "point_id")
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for bank, pk, code, title in rows.values_list("bank_id", "point_id", "point__code", "point__title").distinct():
        found[bank].append((pk, f"{code} {title}"[:60]))
    return found


def open_to(enrolment_ids: Iterable[int]) -> QuerySet[PracticeOpening]:
    """What is open to practise in the classes of these enrolments."""
    rows = PracticeOpening.objects.filter(closed_at__isnull=True).select_related("bank", "blueprint", "cohort")
    return rows.filter(cohort__enrolments__in=list(enrolment_ids)).order_by("bank__title", "blueprint__title")


def openings_of(actor: Actor, cohort: training.Cohort) -> QuerySet[PracticeOpening]:
    """What is open in a class, for staff that sees it."""
    seen = training.visible_cohorts(actor).select_related(None).filter(pk=cohort.pk).values("pk")
    rows = PracticeOpening.objects.filter(cohort__in=seen, closed_at__isnull=True)
    return rows.select_related("bank", "blueprint").order_by("opened_at")


def own_enrolments(actor: Actor) -> list[training.Enrolment]:
    """The learner's enrolments that still practise."""
    if not actor.is_learner or not actor.person_id:
        return []
    rows = training.list_enrolments_of_person(actor.person_id)
    return [one for one in rows if one.state == EnrolmentState.ACTIVE]


def visible_rounds(actor: Actor) -> QuerySet[PracticeRound]:
    """A learner's own, newest first."""
    rows = PracticeRound.objects.filter(enrolment__person_id=actor.person_id or 0).order_by("-began_at", "-pk")
    return rows.select_related("enrolment__cohort") if actor.is_learner else rows.none()


def get_round(actor: Actor, round_id: int) -> PracticeRound:
    """The round, or ``NotFound``."""
    found = visible_rounds(actor).filter(pk=round_id).first()
    if found is None:
        raise NotFound("exams.no_round", "没有找到这次练习。")
    return found


def visible_cards(actor: Actor) -> QuerySet[ErrorCard]:
    """A learner's book of errors; ``comes_back`` says of each whether it does."""
    rows = ErrorCard.objects.filter(enrolment__person_id=actor.person_id or 0).annotate(comes_back=COMES_BACK)
    return rows.select_related("question__point") if actor.is_learner else rows.none()


def open_cards(actor: Actor) -> QuerySet[ErrorCard]:
    """What can still be learned."""
    return visible_cards(actor).filter(COMES_BACK)


def due_cards(actor: Actor, now: dt.datetime) -> QuerySet[ErrorCard]:
    """What should be practised today: still open, and due by now."""
    return open_cards(actor).filter(due_at__lte=now).order_by("due_at", "pk")


def lines_of(one: PracticeRound) -> list[SheetLine]:
    return [SheetLine.from_json(position, row) for position, row in enumerate(one.sheet, start=1)]


def is_over(one: PracticeRound, now: dt.datetime) -> bool:
    """Whether nothing more can be answered."""
    return one.ended_at is not None or (one.deadline_at is not None and now >= one.deadline_at)


def shown_line(one: PracticeRound, position: int, now: dt.datetime) -> ShownLine | None:
    """One question of a round; with solution once it was answered, in a mock exam once that is over. None while an
    exam that is not over holds it."""
    lines = lines_of(one)
    if not 1 <= position <= len(lines):
        raise NotFound("exams.no_question", "这次练习没有这一题。")
    line = lines[position - 1]
    if not may_show(one.enrolment.cohort.organisation_id, [line.question_id]):
        return None
    return _shown(one, line, now)


def shown_lines(one: PracticeRound, now: dt.datetime) -> list[ShownLine]:
    """All questions of a round that may be shown, as ``shown_line``."""
    lines = lines_of(one)
    may = may_show(one.enrolment.cohort.organisation_id, [line.question_id for line in lines])
    contents_of(may)
    return [_shown(one, line, now) for line in lines if line.question_id in may]


def _shown(one: PracticeRound, line: SheetLine, now: dt.datetime) -> ShownLine:
    question = contents_of([line.question_id])[line.question_id]
    answer: dict[str, Any] | None = one.answers.get(str(line.position))
    judged = answer is not None if one.mode != PracticeMode.MOCK else is_over(one, now)
    correct = bool(answer and answer["correct"])
    return shown(line, question, answer["given"] if answer else (), solved=judged, correct=correct)


@dataclass(frozen=True, slots=True)
class PointFigures:
    """How often a point went wrong: in how many books it stands, how many wrong answers."""

    point_id: int | None
    name: str
    cards: int
    wrong: int
    learners: int
    mastered: int


def points_of(cards: QuerySet[ErrorCard]) -> list[PointFigures]:
    """The points of these cards, the weakest first; one query."""
    rows = cards.values("question__point_id", name=F("question__point__title")).annotate(
        cards=Count("pk"),
        times=Sum("wrong"),
        people=Count("enrolment", distinct=True),
        known=Count("pk", filter=Q(mastered_at__isnull=False)),
    )
    columns = ("question__point_id", "name", "cards", "times", "people", "known")
    found = [PointFigures(row[0], row[1] or "未标考核点", *row[2:]) for row in rows.order_by().values_list(*columns)]
    return sorted(found, key=lambda one: (-(one.cards - one.mastered), -one.wrong, one.name))


def cards_of_cohort(actor: Actor, cohort: training.Cohort) -> QuerySet[ErrorCard]:
    """The books of errors of a class, for staff that sees it: only to be counted, never shown by learner."""
    if actor.is_learner:
        return ErrorCard.objects.none()
    seen = training.visible_enrolments(actor).select_related(None).filter(cohort=cohort.pk).values("pk")
    return ErrorCard.objects.filter(enrolment__in=seen)


def weakest_questions(cards: QuerySet[ErrorCard], most: int = 20) -> list[dict[str, Any]]:
    """The questions that most learners of a class have in their books."""
    rows = cards.filter(mastered_at__isnull=True).values("question_id", "question__stem", "question__kind")
    counted = rows.annotate(people=Count("enrolment", distinct=True), times=Sum("wrong"))
    return [dict(row) for row in counted.order_by("-people", "-times", "question_id")[:most]]


def practice_days(rounds: Sequence[PracticeRound], day_of: Any, days: int = 14) -> list[tuple[dt.date, int, int]]:
    """By civil day, oldest first: answered and right; only days with practice."""
    sums: dict[dt.date, list[int]] = defaultdict(lambda: [0, 0])
    for one in rounds:
        if one.answered:
            both = sums[day_of(one.began_at)]
            both[0] += one.answered
            both[1] += one.right
    return [(day, sums[day][0], sums[day][1]) for day in sorted(sums)[-days:]]
