"""Legal holds: set and released with a reason, each step in the log; the database keeps what they cover."""

from datetime import datetime

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict
from zhenxue.ledger import policies
from zhenxue.ledger.models import LegalHold
from zhenxue.ledger.operations.common import account_of, checked_reason, field_error
from zhenxue.ledger.queries import get_hold
from zhenxue.training import api as training


def set_hold(*, actor: Actor, cohort_id: int, enrolment_id: int | None, reason: str, now: datetime) -> LegalHold:
    """Keep all records of a cohort, or of one enrolment in it, until the hold is released.

    Raises ``Refused`` for who may not, ``Invalid`` for a missing reason, ``Conflict`` where the same is held already.
    """
    with transaction.atomic():
        cohort = training.get_cohort(actor, cohort_id)
        policies.check_can_hold(actor, cohort)
        if enrolment_id is not None and training.get_enrolment(actor, enrolment_id).cohort_id != cohort.pk:
            raise field_error("learner", "这名学员不在这个班期。", "not_in_cohort")
        words = checked_reason(reason)
        rows = LegalHold.objects.select_for_update().filter(cohort=cohort, released_at__isnull=True)
        same = rows.filter(enrolment__isnull=True) if enrolment_id is None else rows.filter(enrolment_id=enrolment_id)
        if same.exists():
            raise Conflict("ledger.held_already", "已有同样的法律保全在执行，不需要再设。")
        hold = LegalHold.objects.create(
            cohort=cohort, enrolment_id=enrolment_id, reason=words, set_by_id=account_of(actor), set_at=now
        )
        _record("ledger.hold_set", hold, actor, words, now)
        return hold


def release_hold(*, actor: Actor, hold_id: int, reason: str, now: datetime) -> LegalHold:
    """End a hold; the usual retention goes on. Raises ``Conflict`` when it was released before."""
    with transaction.atomic():
        hold = get_hold(actor, hold_id)
        policies.check_can_hold(actor, hold.cohort)
        words = checked_reason(reason)
        if LegalHold.objects.select_for_update().filter(pk=hold.pk, released_at__isnull=True).first() is None:
            raise Conflict("ledger.hold_released", "这条法律保全已经解除。")
        hold.released_by_id, hold.released_at, hold.release_reason = account_of(actor), now, words
        hold.save(update_fields=["released_by", "released_at", "release_reason"])
        _record("ledger.hold_released", hold, actor, words, now)
        return hold


def _record(kind: str, hold: LegalHold, actor: Actor, reason: str, now: datetime) -> None:
    """Not about the cohort: whom a case concerns does not read of it in the timeline."""
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"hold:{hold.pk}",
        body={"hold": hold.pk, "cohort": hold.cohort_id, "enrolment": hold.enrolment_id or 0, "reason": reason},
        now=now,
    )
