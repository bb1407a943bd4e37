"""Corrections in sight, those that wait for somebody, and what a page says of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger.data import WAITING_STATES, CorrectionKind, CorrectionState
from zhenxue.ledger.models import Correction, CorrectionBatch
from zhenxue.ledger.queries.verification import CORRECTION_KINDS
from zhenxue.training import api as training

BOOKINGS = ("ledger.made_up", "ledger.unit_withdrawn", "ledger.unit_reopened")


@dataclass(frozen=True, slots=True)
class BatchSums:
    """A batch in numbers: its learners, seconds asked for and booked, and how many corrections are in each state."""

    learners: int
    seconds: int
    booked_seconds: int
    states: Mapping[CorrectionState, int]

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        return sum(self.states.get(state, 0) for state in WAITING_STATES)

    @property
    def words(self) -> str:
        """The state where all share one, else how many are in which."""
        if len(self.states) == 1:
            return next(iter(self.states)).label
        return "，".join(f"{state.label} {number}" for state, number in self.states.items())

    @property
    def tone(self) -> str:
        if self.waiting:
            return "wait"
        return next(iter(self.states)).tone if len(self.states) == 1 else "ok"


def visible_corrections(actor: Actor) -> QuerySet[Correction]:
    """Corrections of the enrolments in sight; a learner's own."""
    seen = training.visible_enrolments(actor).select_related(None).values("pk")
    return Correction.objects.filter(enrolment__in=seen).select_related(
        "enrolment__person", "enrolment__cohort__organisation", "unit"
    )


def get_correction(actor: Actor, correction_id: int) -> Correction:
    """The correction with everybody around it, or ``NotFound``."""
    rows = visible_corrections(actor).select_related(
        "requested_by__person", "proposed_by__person", "decided_by__person"
    )
    found = rows.filter(pk=correction_id).first()
    if found is None:
        raise NotFound("ledger.correction_not_found", "没有找到这条更正，或您无权查看。")
    return found


def waiting_for(actor: Actor) -> QuerySet[Correction]:
    """What this manager or officer may decide now: not what they proposed themselves."""
    rows = visible_corrections(actor)
    own = Q(proposed_by=actor.account_id or 0) | Q(requested_by=actor.account_id or 0)
    proposed = Q(state=CorrectionState.PROPOSED)
    if actor.is_manager:
        waiting = Q(state=CorrectionState.REQUESTED) | (proposed & Q(kind=CorrectionKind.WITHDRAW))
    elif actor.is_bureau:
        waiting = proposed & Q(enrolment__cohort__region_id=actor.region_code)
    else:
        return rows.none()
    return rows.filter(waiting).exclude(own).order_by("changed_at", "pk")


def one_line_a_batch(rows: QuerySet[Correction]) -> QuerySet[Correction]:
    """Of each batch among the rows only the first stands for all; single corrections stay."""
    batched = rows.filter(batch__isnull=False).order_by().values("batch_id")
    return rows.filter(Q(batch__isnull=True) | Q(pk__in=batched.annotate(first=Min("pk")).values("first")))


def visible_batches(actor: Actor) -> QuerySet[CorrectionBatch]:
    """Batches of the cohorts that staff sees; learners see their own corrections instead."""
    if actor.is_learner:
        return CorrectionBatch.objects.none()
    seen = training.visible_cohorts(actor).select_related(None).values("pk")
    rows = CorrectionBatch.objects.filter(cohort__in=seen)
    return rows.select_related("cohort__organisation", "unit", "proposed_by__person")


def get_batch(actor: Actor, batch_id: int) -> CorrectionBatch:
    """The batch, or ``NotFound``."""
    found = visible_batches(actor).filter(pk=batch_id).first()
    if found is None:
        raise NotFound("ledger.batch_not_found", "没有找到这个批次，或您无权查看。")
    return found


def waiting_in_batch(batch_id: int) -> list[int]:
    """Numbers of the corrections of a batch that nobody decided yet."""
    rows = Correction.objects.filter(batch_id=batch_id, state__in=WAITING_STATES)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def sums_of_batches(batch_ids: Iterable[int]) -> dict[int, BatchSums]:
    """How many learners and seconds each batch has, and how far it is decided; one query."""
    rows = Correction.objects.filter(batch_id__in=list(batch_ids)).order_by().values("batch_id")
    counted = rows.annotate(
        learners=Count("enrolment", distinct=True),
        seconds=Sum("seconds"),
        booked=Sum("booked_seconds"),
        **{str(state): Count("pk", filter=Q(state=state)) for state in CorrectionState},
    )
    found = {}
    for row in map(dict[str, Any], counted):
        states = {state: row[str(state)] for state in CorrectionState if row[str(state)]}
        found[row["batch_id"]] = BatchSums(row["learners"], row["seconds"], row["booked"], states)
    return found


def list_corrections_of_day(enrolment_id: int, day: date) -> list[Correction]:
    """Corrections of one day of an enrolment, the newest first."""
    rows = Correction.objects.filter(enrolment_id=enrolment_id, day=day).select_related("unit")
    return list(rows.order_by("-pk"))


def history_of(correction: Correction) -> list[evidence.TimelineEntry]:
    """What the log says of a correction, step by step."""
    return evidence.list_entries(refs=[f"correction:{correction.pk}"], kinds=[*CORRECTION_KINDS, *BOOKINGS], limit=20)
