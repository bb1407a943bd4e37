"""Corrections in sight, those that wait for somebody, and what a page says of one."""

from datetime import date

from django.db.models import Q, QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger.data import CorrectionKind, CorrectionState
from zhenxue.ledger.models import Correction
from zhenxue.ledger.queries.verification import CORRECTION_KINDS
from zhenxue.training import api as training

BOOKINGS = ("ledger.made_up", "ledger.unit_withdrawn", "ledger.unit_reopened")


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
    return rows.filter(waiting).exclude(pk__in=rows.filter(own).values("pk")).order_by("changed_at", "pk")


def list_corrections_of_day(enrolment_id: int, day: date) -> list[Correction]:
    """Corrections of one day of an enrolment, the newest first."""
    rows = Correction.objects.filter(enrolment_id=enrolment_id, day=day).select_related("unit")
    return list(rows.order_by("-pk"))


def history_of(correction: Correction) -> list[evidence.TimelineEntry]:
    """What the log says of a correction, step by step."""
    return evidence.list_entries(refs=[f"correction:{correction.pk}"], kinds=[*CORRECTION_KINDS, *BOOKINGS], limit=20)
