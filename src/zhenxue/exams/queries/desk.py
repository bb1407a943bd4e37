"""The marking desk: who marks what, how far it is, how people mark. No name of a learner leaves here."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    Avg,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce

from zhenxue.exams.data import AttemptState, ExamKind, ExamState, Kind, MarkRound, SheetLine
from zhenxue.exams.models import Answer, Attempt, Exam, Examiner, Mark, Question
from zhenxue.exams.queries.lines import ShownLine, shown
from zhenxue.exams.queries.scope import AUTHORS, visible_exams
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound

#: How long a claimed answer waits for whoever claimed it; then it goes back to the others.
CLAIM_LASTS = dt.timedelta(minutes=30)
NO_CLAIM = "这份答案已经不在你手上（领取后超时会自动退回）。请重新领取。"
#: Exams that examiners score (``Exam.is_practical``).
PRACTICAL = Q(kind=ExamKind.PRACTICAL) | Q(kind=ExamKind.MAKE_UP, original__kind=ExamKind.PRACTICAL)
HANDED_IN = (AttemptState.SUBMITTED, AttemptState.MARKED)


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One question of an exam as the desk shows it: how many answers need a person, and how far they are."""

    question_id: int
    kind_label: str
    stem: str
    total: int
    done: int
    apart: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 100

    @property
    def told(self) -> str:
        """How far it is, in words."""
        return f"已评 {self.done} / {self.total}"

    @property
    def left(self) -> int:
        return self.total - self.done


@dataclass(frozen=True, slots=True)
class MarkerFigures:
    """How one person marks: how many, how long each, how far above (+) or below (-) what came out."""

    person_id: int
    name: str
    count: int
    seconds: int
    offset: Decimal
    decided: int


def people_to_name(exam: Exam) -> list[identity.Person]:
    """Who may be named to score an exam: teachers and managers of the organisation, by name."""
    organisation = exam.cohort.organisation_id
    found = {one.pk: one for one in identity.list_teachers(organisation)}
    for person_id in identity.managers_of(organisation):
        found.setdefault(person_id, identity.get_person(person_id))
    return sorted(found.values(), key=lambda one: (one.name, one.pk))


def examiners_of(exam: Exam) -> list[Examiner]:
    """Who was named, chiefs last."""
    return list(Examiner.objects.filter(exam=exam).select_related("person").order_by("is_chief", "pk"))


def is_marker(actor: Actor, exam: Exam) -> bool:
    """Whether somebody scores this exam by hand: who was named, else every teacher of the organisation."""
    if actor.role not in AUTHORS or actor.organisation_id != exam.cohort.organisation_id or not actor.person_id:
        return False
    named = set(Examiner.objects.filter(exam=exam).values_list("person_id", flat=True))
    if named:
        return actor.person_id in named
    return actor.role is Role.TEACHER and not exam.is_practical


def exams_to_score(actor: Actor) -> QuerySet[Exam]:
    """Exams that have something to score by hand, which the actor scores or oversees; with ``waiting`` answers and
    ``waiting_people`` (practical ones)."""
    rows = Exam.objects.filter(pk__in=_in_sight(actor), state__in=[ExamState.SCHEDULED, ExamState.CLOSED])
    submitted = Attempt.objects.filter(state=AttemptState.SUBMITTED)
    unmarked = Answer.objects.filter(attempt__in=submitted, awarded__isnull=True)
    rows = rows.filter(PRACTICAL | Q(pk__in=unmarked.values("attempt__exam")))
    return rows.select_related("cohort__organisation", "original").annotate(
        waiting=_count(unmarked.filter(attempt__exam=OuterRef("pk")), "attempt__exam"),
        waiting_people=_count(submitted.filter(exam=OuterRef("pk")), "exam"),
    )


def _count(rows: QuerySet[Any, Any], by: str) -> Coalesce:
    """How many of the rows there are, for an annotation."""
    counted = rows.order_by().values(by).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def get_exam_to_score(actor: Actor, exam_id: int) -> Exam:
    """An exam that the actor scores or oversees, else ``NotFound``."""
    rows = Exam.objects.select_related("cohort__organisation", "paper", "blueprint", "original")
    found = rows.filter(pk=exam_id).first()
    if found is None or not (is_marker(actor, found) or visible_exams(actor).filter(pk=exam_id).exists()):
        raise NotFound("exams.not_found", "没有找到这场考试，或您无权查看。")
    return found


def desk_lines(exam: Exam) -> list[DeskLine]:
    """The questions of an exam that people mark, with how far they are; three queries."""
    rows = hand_answers(exam).values("question_id")
    counted = rows.annotate(total=Count("pk"), done=Count("pk", filter=Q(awarded__isnull=False))).order_by(
        "question_id"
    )
    found = {row["question_id"]: (row["total"], row["done"]) for row in counted}
    disputed = dict(
        apart(waiting_answers(exam))
        .values("question_id")
        .annotate(count=Count("pk"))
        .values_list("question_id", "count")
        .order_by("question_id")
    )
    questions = Question.objects.in_bulk(list(found))
    return [
        DeskLine(pk, Kind(questions[pk].kind).label, questions[pk].stem, *found[pk], disputed.get(pk, 0))
        for pk in found
    ]


def held_by(actor: Actor, exam: Exam, now: dt.datetime) -> dict[int, int]:
    """The claims of an exam that this person has in hand and that have not lapsed: mark by question."""
    held = Mark.objects.filter(marker=actor.person_id or 0, marked_at__isnull=True, claimed_at__gt=now - CLAIM_LASTS)
    return dict(held.filter(answer__attempt__exam=exam).values_list("answer__question_id", "pk"))


def hand_answers(exam: Exam) -> QuerySet[Answer]:
    """Answers of an exam that wait for a person or were marked by one."""
    marked = Exists(Mark.objects.filter(answer=OuterRef("pk")))
    return Answer.objects.filter(Q(awarded__isnull=True) | marked, attempt__exam=exam, attempt__state__in=HANDED_IN)


def waiting_answers(exam: Exam) -> QuerySet[Answer]:
    """Answers of handed-in attempts that have no points yet."""
    return Answer.objects.filter(attempt__exam=exam, attempt__state=AttemptState.SUBMITTED, awarded__isnull=True)


def apart(answers: QuerySet[Answer]) -> QuerySet[Answer]:
    """Those that two people have marked and that have no points all the same: they differ too much."""
    marks = Mark.objects.filter(answer=OuterRef("pk"), marked_at__isnull=False)
    first, second = Exists(marks.filter(round=MarkRound.FIRST)), Exists(marks.filter(round=MarkRound.SECOND))
    return answers.filter(first, second)


def get_own_mark(actor: Actor, mark_id: int) -> Mark:
    """A claimed or marked answer of this person, else ``NotFound``; without its learner."""
    rows = Mark.objects.select_related(
        "answer__question", "answer__attempt__exam__cohort", "answer__attempt__exam__paper"
    ).select_related("answer__attempt__exam__blueprint")
    found = rows.filter(pk=mark_id, marker=actor.person_id or 0).first()
    if found is None:
        raise NotFound("exams.no_claim", NO_CLAIM)
    return found


def marker_figures(exam: Exam, *, only: int | None = None) -> list[MarkerFigures]:
    """How everybody (or one person) marked an exam; one query."""
    took = ExpressionWrapper(F("marked_at") - F("claimed_at"), output_field=DurationField())
    rows: Any = Mark.objects.filter(answer__attempt__exam=exam, marked_at__isnull=False)
    if only is not None:
        rows = rows.filter(marker=only)
    counted = (
        rows.values("marker_id", "marker__name")
        .annotate(
            count=Count("pk"),
            took=Avg(took),
            offset=Avg(F("points") - F("answer__awarded")),
            decided=Count("pk", filter=Q(round=MarkRound.DECIDING)),
        )
        .order_by("marker__name", "marker_id")
    )
    return [
        MarkerFigures(
            row["marker_id"],
            row["marker__name"],
            row["count"],
            int(row["took"].total_seconds()),
            Decimal(str(row["offset"] or 0)).quantize(Decimal("0.01")),
            row["decided"],
        )
        for row in counted
    ]


def _in_sight(actor: Actor) -> QuerySet[Exam, Any]:
    """Exams of the actor's organisation that they score, and all exams in sight."""
    seen = Q(pk__in=visible_exams(actor).values("pk"))
    if actor.role in AUTHORS and actor.organisation_id and actor.person_id:
        named = Examiner.objects.filter(exam=OuterRef("pk"))
        own = Q(Exists(named.filter(person=actor.person_id)))
        if actor.role is Role.TEACHER:
            own |= ~Exists(named) & ~PRACTICAL
        seen |= Q(cohort__organisation=actor.organisation_id) & own
    return Exam.objects.filter(seen).values("pk")


def shown_answer(mark: Mark, line: SheetLine) -> ShownLine:
    """The answer of a claim as its marker sees it: question, what was written, reference; never whose it is."""
    return shown(line, mark.answer.question, mark.answer.given, solved=True)
