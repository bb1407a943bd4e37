"""Corrections: asked for by the learner or proposed by staff, in force only when a second person approves.

Every step is one entry of the log in the same transaction; the row is held while it is decided, so that of two
decisions at the same moment one finds the state moved on.
"""

from datetime import datetime

from django.db import transaction

from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.ledger import policies, queries
from zhenxue.ledger.data import WAITING_STATES, CorrectionKind, CorrectionState, Reason
from zhenxue.ledger.models import Correction, CorrectionBatch
from zhenxue.ledger.operations.booking import make_up, withdraw_range
from zhenxue.ledger.operations.common import REASON_LENGTHS, account_of, checked_reason, field_error
from zhenxue.training import api as training

WAITING = "这段时间已有一条更正在等待处理，请等它办完，或先撤回。"


def request_make_up(
    *,
    actor: Actor,
    enrolment_id: int,
    unit_id: int,
    began_at: datetime,
    ended_at: datetime,
    seconds: int,
    reason: str,
    now: datetime,
) -> Correction:
    """A learner asks that time which did not count be made good; the provider takes it up or says why not.

    Raises ``Invalid`` at the field where time, unit or seconds do not fit, ``Conflict`` for what is asked already.
    """
    with transaction.atomic():
        enrolment = training.get_enrolment(actor, enrolment_id)
        policies.check_can_ask(actor, enrolment)
        correction = _draft(CorrectionKind.MAKE_UP, enrolment, unit_id, began_at, ended_at, seconds, now)
        correction.state = CorrectionState.REQUESTED
        correction.request = checked_reason(reason)
        correction.requested_by_id, correction.requested_at = account_of(actor), now
        return _create(correction, actor, now)


def propose_correction(
    *,
    actor: Actor,
    kind: CorrectionKind | str,
    enrolment_id: int,
    unit_id: int,
    began_at: datetime,
    ended_at: datetime,
    seconds: int | None = None,
    reason: str,
    now: datetime,
) -> Correction:
    """Staff proposes to withdraw what counts in a stretch (all of it), or to make up ``seconds`` of it.

    Raises as ``request_make_up``; nothing changes in the ledger before somebody else approves.
    """
    with transaction.atomic():
        enrolment = training.get_enrolment(actor, enrolment_id)
        wanted, where = CorrectionKind(kind), (unit_id, began_at, ended_at)
        return propose_for(actor, enrolment, wanted, where, seconds, reason, now)


def propose_for(
    actor: Actor,
    enrolment: training.Enrolment,
    kind: CorrectionKind,
    where: tuple[int, datetime, datetime],
    seconds: int | None,
    reason: str,
    now: datetime,
    batch: CorrectionBatch | None = None,
) -> Correction:
    """The one way to propose, for one learner or each of many: rights, stretch (unit, beginning, end), sums, log."""
    policies.check_can_propose(actor, enrolment, kind)
    correction = _draft(kind, enrolment, *where, seconds, now)
    correction.state, correction.batch = CorrectionState.PROPOSED, batch
    correction.reason = checked_reason(reason)
    correction.proposed_by_id, correction.proposed_at = account_of(actor), now
    return _create(correction, actor, now)


def adopt_correction(
    *, actor: Actor, correction_id: int, reason: str, now: datetime, seconds: int | None = None
) -> Correction:
    """The provider takes up a learner's request, perhaps for fewer seconds, and proposes it to the bureau."""
    with transaction.atomic():
        correction = _held(actor, correction_id)
        policies.check_can_adopt(actor, correction)
        if seconds is not None:
            if not 0 < seconds <= correction.seconds:
                raise field_error(
                    "seconds", f"受理时只能少于或等于学员申请的 {correction.seconds} 秒。", "adopt_seconds"
                )
            correction.seconds = seconds
        _check_make_up(correction, now)
        correction.reason = checked_reason(reason)
        correction.proposed_by_id, correction.proposed_at = account_of(actor), now
        return _move(correction, CorrectionState.PROPOSED, actor, now)


def approve_correction(*, actor: Actor, correction_id: int, now: datetime, note: str = "") -> Correction:
    """A second person approves: the change is booked in this transaction.

    Raises ``Refused`` for the proposer, ``Conflict`` when it was decided already or the ledger has moved on so that the
    correction no longer fits.
    """
    with transaction.atomic():
        correction = _held(actor, correction_id)
        policies.check_can_approve(actor, correction)
        correction.decided_by_id, correction.decided_at = account_of(actor), now
        correction.decision_note = note.strip()[: REASON_LENGTHS[1]]
        source, where = f"correction:{correction.pk}", (correction.began_at, correction.ended_at)
        if correction.kind == CorrectionKind.WITHDRAW:
            taken = withdraw_range(
                actor=actor,
                enrolment_id=correction.enrolment_id,
                unit_id=correction.unit_id,
                since=where[0],
                until=where[1],
                source=source,
                now=now,
            )
            if not taken.seconds:
                raise Conflict("ledger.nothing_left", "这段时间已经没有计入的学时，可能已被撤销。请退回这条更正。")
            correction.booked_seconds = -taken.seconds
        else:
            try:
                _check_make_up(correction, now)
            except Invalid as error:
                raise Conflict("ledger.no_longer_fits", f"提出之后账本有了变化：{error.message}请退回。") from error
            span = make_up(
                actor=actor,
                enrolment_id=correction.enrolment_id,
                unit_id=correction.unit_id,
                since=where[0],
                until=where[1],
                seconds=correction.seconds,
                reason=Reason(correction.why_refused),
                source=source,
                now=now,
            )
            correction.booked_seconds = span.seconds
        return _move(correction, CorrectionState.APPROVED, actor, now)


def reject_correction(*, actor: Actor, correction_id: int, reason: str, now: datetime) -> Correction:
    """Says no, with the reason; the ledger stays as it is."""
    with transaction.atomic():
        correction = _held(actor, correction_id)
        policies.check_can_reject(actor, correction)
        correction.decision_note = checked_reason(reason)
        correction.decided_by_id, correction.decided_at = account_of(actor), now
        return _move(correction, CorrectionState.REJECTED, actor, now)


def cancel_correction(*, actor: Actor, correction_id: int, now: datetime) -> Correction:
    """Takes back what one asked for, before it is decided."""
    with transaction.atomic():
        correction = _held(actor, correction_id)
        policies.check_can_cancel(actor, correction)
        correction.decided_by_id, correction.decided_at = account_of(actor), now
        return _move(correction, CorrectionState.CANCELLED, actor, now)


def _draft(
    kind: CorrectionKind,
    enrolment: training.Enrolment,
    unit_id: int,
    began_at: datetime,
    ended_at: datetime,
    seconds: int | None,
    now: datetime,
) -> Correction:
    _check_stretch(enrolment, began_at, ended_at, now)
    units = {one.unit.pk: one.unit for one in training.plan_units_of(enrolment.cohort)}
    if unit_id not in units:
        raise field_error("unit", "这个单元不在本班期的培训方案里，请重新选择。", "unit_not_planned")
    correction = Correction(
        enrolment=enrolment,
        unit=units[unit_id],
        kind=kind,
        day=clock.civil_day(began_at),
        began_at=began_at,
        ended_at=ended_at,
        changed_at=now,
    )
    waiting = Correction.objects.filter(enrolment=enrolment, unit_id=unit_id, kind=kind, state__in=WAITING_STATES)
    if waiting.filter(began_at__lt=ended_at, ended_at__gt=began_at).exists():
        raise Conflict("ledger.correction_waiting", WAITING)
    if kind is CorrectionKind.WITHDRAW:
        parts = queries.counted_parts(enrolment.pk, unit_id, began_at, ended_at)
        correction.seconds = sum(part.seconds for part in parts)
        if not correction.seconds:
            raise field_error("until", "这段时间在这个单元没有计入学时，没有可以撤销的。", "nothing_to_withdraw")
        return correction
    correction.seconds = seconds or 0
    correction.why_refused = queries.refused_in(enrolment.pk, unit_id, began_at, ended_at).reason
    _check_make_up(correction, now)
    return correction


def _check_stretch(enrolment: training.Enrolment, began_at: datetime, ended_at: datetime, now: datetime) -> None:
    cohort, day = enrolment.cohort, clock.civil_day(began_at)
    if ended_at <= began_at:
        raise field_error("until", "结束时间要晚于开始时间。", "stretch")
    if clock.civil_day(ended_at) != day and ended_at > clock.start_of_day(clock.civil_day(ended_at)):
        raise field_error("until", "开始和结束要在同一天；跨过零点的请分两次办理。", "stretch_days")
    if ended_at > now:
        raise field_error("until", "结束时间还没有到，请填写已经过去的时间。", "stretch_future")
    if not cohort.starts_on <= day <= cohort.ends_on:
        raise field_error("day", f"日期要在班期 {cohort.starts_on} 至 {cohort.ends_on} 之内。", "outside_dates")
    if enrolment.left_at is not None and ended_at > enrolment.left_at:
        raise field_error("until", "这段时间在学员退出班期之后，不能更正。", "after_left")


def _check_make_up(correction: Correction, now: datetime) -> None:
    if correction.unit.kind == UnitKind.SELF_TEST:
        raise field_error("unit", "自测按成绩计，不按时间补计。请学员重做自测。", "self_test")
    where = (correction.began_at, correction.ended_at)
    refused = queries.refused_in(correction.enrolment_id, correction.unit_id, *where)
    if refused.hopeless and not refused.seconds:
        raise field_error("since", f"这段时间没有计入是因为“{refused.hopeless.label}”，不能补计。", "never_made_up")
    if correction.seconds <= 0:
        raise field_error("seconds", "请填写要补计的时长。", "no_seconds")
    limits = queries.make_up_limits(
        enrolment=correction.enrolment,
        unit_id=correction.unit_id,
        unit_seconds=correction.unit.seconds,
        since=where[0],
        until=where[1],
    )
    tightest = min(limits, key=lambda limit: limit.seconds)
    if correction.seconds > tightest.seconds:
        raise field_error("seconds", tightest.words, "too_many_seconds")


def _held(actor: Actor, correction_id: int) -> Correction:
    rows = queries.visible_corrections(actor).select_for_update(of=("self",))
    found = rows.filter(pk=correction_id).first()
    if found is None:
        raise NotFound("ledger.correction_not_found", "没有找到这条更正，或您无权查看。")
    return found


def _create(correction: Correction, actor: Actor, now: datetime) -> Correction:
    correction.save()
    _record(correction, actor, now)
    return correction


def _move(correction: Correction, state: CorrectionState, actor: Actor, now: datetime) -> Correction:
    correction.state = state
    correction.changed_at = now
    correction.save()
    _record(correction, actor, now)
    return correction


def _record(correction: Correction, actor: Actor, now: datetime) -> None:
    enrolment = correction.enrolment
    evidence.record(
        kind=f"ledger.correction_{correction.state}",
        actor=actor,
        subject=f"enrolment:{correction.enrolment_id}",
        about=[f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}", f"correction:{correction.pk}"],
        body=queries.correction_facts(correction) | {"title": correction.unit.title},
        now=now,
    )
