"""Corrections for many at once: propose for a class in one act, decide many in one act, answer every row.

There is no weaker path: each row goes through the operation for a single correction, with its rights, its ceilings, its
constraints and its own entry of the log.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, ZhenxueError
from zhenxue.ledger import policies, queries
from zhenxue.ledger.data import (
    MOST_AT_ONCE,
    MOST_DAYS,
    Choice,
    CorrectionKind,
    Decided,
    Decision,
    LeftOut,
    RowKey,
    Window,
)
from zhenxue.ledger.models import Correction, CorrectionBatch
from zhenxue.ledger.operations.common import REASON_LENGTHS, account_of, checked_reason, field_error
from zhenxue.ledger.operations.corrections import (
    WAITING,
    adopt_correction,
    approve_correction,
    cancel_correction,
    propose_for,
    reject_correction,
)
from zhenxue.training import api as training

GONE = "这段时间没有未计入的时间，可能已经变化。"
REASONED = frozenset({Decision.ADOPT, Decision.REJECT})


def propose_batch(
    *,
    actor: Actor,
    cohort_id: int,
    window: Window,
    chosen: Sequence[RowKey],
    reason: str,
    leave_out: bool,
    now: datetime,
) -> CorrectionBatch:
    """A manager proposes to make up the refused time of many learners, for one reason; all in one transaction.

    Every chosen row becomes a correction of its own (as many seconds as the ceilings allow at this moment). Rows that
    cannot be proposed are left out with why, written in the batch, where ``leave_out`` says so; else nothing is
    proposed and ``Invalid.fields`` has the words by ``Choice.text_key``. A batch holds at least one correction.
    """
    with transaction.atomic():
        cohort = training.get_cohort(actor, cohort_id)
        policies.check_can_make_up_many(actor, cohort)
        check_window(cohort, window, now)
        words = checked_reason(reason)
        if not chosen:
            raise field_error("rows", "请至少勾选一名学员。", "nothing_chosen")
        if len(chosen) > MOST_AT_ONCE:
            raise field_error("rows", f"一次最多提出 {MOST_AT_ONCE} 条，请缩短时间或分几次提出。", "too_many_rows")
        learners = {one.pk: one for one in training.visible_enrolments(actor).filter(cohort_id=cohort_id)}
        if any(number not in learners for number, _ in chosen):
            raise field_error("rows", "勾选的学员里有人不在这个班期，请刷新页面后重选。", "foreign_rows")
        found = queries.list_choices(actor=actor, cohort=cohort, window=window, only=frozenset(chosen))
        choices = {one.key: one for one in found.rows}
        wanted = [(key, choices.get(key)) for key in dict.fromkeys(chosen)]
        fit = [one for _, one in wanted if one is not None and not one.why_not]
        left_out = [LeftOut(*key, one.why_not if one else GONE) for key, one in wanted if one is None or one.why_not]
        _check_answers(fit, left_out, leave_out)
        batch = CorrectionBatch.objects.create(
            cohort=cohort,
            unit_id=window.unit_id,
            first_day=window.first_day,
            last_day=window.last_day,
            since=window.since,
            until=window.until,
            reason=words,
            left_out=[{"enrolment": one.enrolment_id, "day": f"{one.day}", "words": one.words} for one in left_out],
            proposed_by_id=account_of(actor),
            proposed_at=now,
        )
        made = _propose_rows(actor, batch, learners, fit, now)
        evidence.record(
            kind="ledger.batch_proposed",
            actor=actor,
            subject=f"cohort:{cohort_id}",
            body=queries.batch_facts(batch)
            | {"title": batch.unit.title, "corrections": len(made), "asked_seconds": sum(one.seconds for one in made)},
            now=now,
        )
        return batch


def decide_many(
    *, actor: Actor, correction_ids: Sequence[int], decision: Decision | str, note: str, now: datetime
) -> list[Decided]:
    """One decision for many corrections, each by its own operation; an answer per row, in the order of their numbers.

    A row that may not be decided by this actor, was decided before, or no longer fits the ledger keeps its state and
    says why; the others are done. Raises ``Invalid`` for an empty choice, and at ``note`` where a reason is missing.
    """
    wanted = Decision(decision)
    numbers = sorted(set(correction_ids))
    if not numbers:
        raise field_error("rows", "请先勾选要办理的更正。", "nothing_chosen")
    if len(numbers) > MOST_AT_ONCE:
        raise field_error("rows", f"一次最多办理 {MOST_AT_ONCE} 条，请分几次办理。", "too_many_rows")
    if wanted in REASONED:
        _check_note(note)
    with transaction.atomic():
        return [_decide(actor, number, wanted, note, now) for number in numbers]


def decide_batch(*, actor: Actor, batch_id: int, decision: Decision | str, note: str, now: datetime) -> list[Decided]:
    """As ``decide_many``, for everything in a batch that is still open; ``Conflict`` when all of it was decided."""
    batch = queries.get_batch(actor, batch_id)
    waiting = queries.waiting_in_batch(batch.pk)
    if not waiting:
        raise Conflict("ledger.batch_decided", f"第 {batch.pk} 批已经全部办结，没有等待处理的更正。请刷新页面查看。")
    return decide_many(actor=actor, correction_ids=waiting, decision=decision, note=note, now=now)


def check_window(cohort: training.Cohort, window: Window, now: datetime) -> None:
    """Raises ``Invalid`` at the field of a window that does not fit the cohort, its plan or the clock."""
    if window.unit_id not in dict(queries.units_to_make_up(cohort)):
        raise field_error("unit", "这个单元不在本班期的培训方案里，请重新选择。", "unit_not_planned")
    if window.last_day < window.first_day:
        raise field_error("last_day", "结束日期不能早于开始日期。", "stretch")
    if not (cohort.starts_on <= window.first_day and window.last_day <= cohort.ends_on):
        raise field_error("first_day", f"日期要在班期 {cohort.starts_on} 至 {cohort.ends_on} 之内。", "outside_dates")
    if (window.last_day - window.first_day).days >= MOST_DAYS:
        raise field_error("last_day", f"一次最多 {MOST_DAYS} 天，请分几次提出。", "stretch_days")
    if window.until is not None and window.until <= window.since:
        raise field_error("until", "结束时间要晚于开始时间。", "stretch")
    if queries.window_of(window, window.first_day)[0] > now:
        raise field_error("first_day", "这段时间还没有到，请填写已经过去的时间。", "stretch_future")


def _check_answers(fit: Sequence[Choice], left_out: Sequence[LeftOut], leave_out: bool) -> None:
    if fit and (leave_out or not left_out):
        return
    told = f"有 {len(left_out)} 条不能补计，原因写在各行，这次没有提出任何补计。"
    told += "请取消勾选这些行，或勾选“不能补计的不列入，其余照常提出”。" if fit else "请换一段时间或换一个单元。"
    raise Invalid("ledger.rows_refused", told, fields=_by_key(left_out))


def _propose_rows(
    actor: Actor,
    batch: CorrectionBatch,
    learners: dict[int, training.Enrolment],
    fit: Sequence[Choice],
    now: datetime,
) -> list[Correction]:
    """Each by the single way. What the single way refuses here has changed since the rows were read a moment ago: then
    the whole act is refused, with the row's words."""
    made, late = [], []
    for row in fit:
        where = (batch.unit_id, row.began_at, row.ended_at)
        enrolment, kind = learners[row.enrolment_id], CorrectionKind.MAKE_UP
        try:
            with transaction.atomic():
                made.append(propose_for(actor, enrolment, kind, where, row.seconds, batch.reason, now, batch))
        except IntegrityError:
            late.append(LeftOut(*row.key, WAITING))
        except ZhenxueError as error:
            late.append(LeftOut(*row.key, error.message))
    if late:
        told = f"有 {len(late)} 条刚刚有了变化，原因写在各行，这次没有提出任何补计。请核对后再提交。"
        raise Invalid("ledger.rows_refused", told, fields=_by_key(late))
    return made


def _by_key(rows: Sequence[LeftOut]) -> dict[str, str]:
    return {f"{one.enrolment_id}:{one.day.isoformat()}": one.words for one in rows}


def _decide(actor: Actor, number: int, decision: Decision, note: str, now: datetime) -> Decided:
    acts: dict[Decision, Callable[[], Correction]] = {
        Decision.ADOPT: lambda: adopt_correction(actor=actor, correction_id=number, reason=note, now=now),
        Decision.APPROVE: lambda: approve_correction(actor=actor, correction_id=number, note=note, now=now),
        Decision.REJECT: lambda: reject_correction(actor=actor, correction_id=number, reason=note, now=now),
        Decision.CANCEL: lambda: cancel_correction(actor=actor, correction_id=number, now=now),
    }
    try:
        done = acts[decision]()
    except ZhenxueError as error:
        return Decided(number, done=False, words=error.message)
    return Decided(number, done=True, words=done.get_state_display())


def _check_note(note: str) -> None:
    try:
        checked_reason(note)
    except Invalid:
        least, most = REASON_LENGTHS
        raise field_error("note", f"请写明理由（{least} 至 {most} 个字），它会记入每一条的存证。", "reason") from None
