"""Lists of a bank's questions: with how often they are used, their versions, and those that say the same."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from zhenxue.catalogue import api as catalogue
from zhenxue.exams.data import QuestionState
from zhenxue.exams.kinds.numbers import fold
from zhenxue.exams.markup import plain
from zhenxue.exams.models import Answer, PaperLine, Question, QuestionBank
from zhenxue.identity.data import Actor

MOST_SOURCES = 100
MOST_POINTS = 300


def shelf_of(bank: QuestionBank) -> QuerySet[Question]:
    """The questions of a bank with ``used``: whether a paper holds this version or somebody answered it."""
    held = PaperLine.objects.filter(question=OuterRef("pk"))
    answered = Answer.objects.filter(question=OuterRef("pk"))
    return Question.objects.filter(bank=bank).select_related("point").annotate(used=Exists(held) | Exists(answered))


def used_or_not(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    """Those that were used, or never."""
    return rows.filter(used=value == "yes")


def points_of(bank: QuestionBank) -> list[tuple[str, str]]:
    """Id and words of the points that the bank's questions in use are of."""
    rows = bank.questions.filter(state=QuestionState.ACTIVE, point__isnull=False).order_by("point__code")
    found = rows.values_list("point_id", "point__code", "point__title").distinct()[:MOST_POINTS]
    return [(str(pk), f"{code} {title}"[:60]) for pk, code, title in found]


def sources_of(bank: QuestionBank) -> list[tuple[str, str]]:
    """The sources of the bank's questions in use."""
    rows = bank.questions.filter(state=QuestionState.ACTIVE).exclude(source="").order_by("source")
    return [(one, one[:40]) for one in rows.values_list("source", flat=True).distinct()[:MOST_SOURCES]]


def versions_of(question: Question) -> list[Question]:
    """All versions of a question, newest first."""
    rows = Question.objects.filter(bank=question.bank_id, number=question.number).select_related("point")
    return list(rows.order_by("-version"))


def find_point(actor: Actor, bank: QuestionBank, text: str) -> catalogue.Point | None:
    """The point that a person named by code or title; among several the one of a standard this bank uses already."""
    found = catalogue.points_called(actor, text)
    if len(found) < 2:
        return found[0] if found else None
    used = set(bank.questions.filter(point__isnull=False).values_list("point__standard_id", flat=True).distinct())
    return next((one for one in found if one.standard_id in used), None)


@dataclass(frozen=True, slots=True)
class Doubles:
    """Questions in use whose stems say the same, the oldest first."""

    questions: Sequence[Question]

    @property
    def are_the_same(self) -> bool:
        """Whether also what is chosen from is the same."""
        return len({one.digest for one in self.questions}) == 1


def doubles_of(bank: QuestionBank) -> list[Doubles]:
    """Groups of questions in use with the same normalised stem, without those that were kept by choice; two queries."""
    groups: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    rows = bank.questions.filter(state=QuestionState.ACTIVE).order_by("number")
    for pk, kind, stem, kept in rows.values_list("pk", "kind", "stem", "kept_double").iterator(chunk_size=2000):
        groups[kind, fold(plain(stem))].append((pk, kept))
    found = [group for group in groups.values() if sum(not kept for _, kept in group) > 0 and len(group) > 1]
    questions = Question.objects.in_bulk([pk for group in found[:200] for pk, _ in group])
    return [Doubles([questions[pk] for pk, _ in group]) for group in found[:200]]
