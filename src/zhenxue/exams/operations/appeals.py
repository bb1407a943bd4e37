"""A second look at a score: the learner asks, or the manager sees that something is wrong.

Nobody changes a score alone: one person proposes it with the reason, another puts it in force; both stand in the log
with what the score was before (design.md "Evidence").
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db import transaction
from django.urls import reverse

from zhenxue.exams.data import APPEAL_TRANSITIONS, AppealState, AttemptState, ChangeState, SheetLine
from zhenxue.exams.models import Answer, Attempt, ScoreAppeal, ScoreChange
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.operations.drawing import sheet_of
from zhenxue.exams.operations.errors import collect_again
from zhenxue.exams.operations.marking import points
from zhenxue.exams.operations.rubric import as_points
from zhenxue.exams.operations.scoring import NOTHING, counts_as_right, log, marks_digest, result_of, weigh
from zhenxue.exams.operations.second_person import check_second, checked, decide, person_of
from zhenxue.exams.policies import check_can_appeal, check_can_review, check_can_schedule, check_is_staff_of
from zhenxue.exams.queries.appeals import appeal_until, get_appeal, get_change, markers_of
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.notices import api as notices

NOTICE = "exams.result"


def make_appeal(
    *, actor: Actor, attempt_id: int, text: str, positions: Iterable[int] = (), now: dt.datetime
) -> ScoreAppeal:
    """The learner asks for a second look, once for each attempt and in time.

    Raises ``Invalid`` at ``text``, ``Refused`` and ``Conflict`` with the reason.
    """
    words = checked(text, "text", "申请理由")
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        check_can_appeal(actor, attempt, appeal_until(attempt), now)
        asked = sorted({one for one in positions if 1 <= one <= len(attempt.sheet)})
        before = attempt.score or NOTHING
        made = ScoreAppeal.objects.create(attempt=attempt, text=words, positions=asked, made_at=now, before=before)
        body = {"appeal": made.pk, "positions": asked, "score": points(before), "text": words}
        record(actor, attempt, "exams.score_appealed", body, now)
        notices.notify_many(
            person_ids=identity.managers_of(attempt.exam.cohort.organisation_id),
            kind=NOTICE,
            title="有学员申请复核成绩",
            text=f"“{attempt.exam.title}”有一份复核申请，请安排没有评过这份答卷的人复核。",
            link=reverse("exams:appeal", args=[made.pk]),
            now=now,
        )
    return made


def uphold(*, actor: Actor, appeal_id: int, reply: str, now: dt.datetime) -> ScoreAppeal:
    """The score stays, with the reason that the learner reads. Raises ``Invalid`` at ``reply``, ``Refused``,
    ``Conflict``."""
    words = checked(reply, "reply", "答复")
    with transaction.atomic():
        appeal, attempt = _held(actor, appeal_id)
        check_can_review(actor, attempt, markers_of(attempt))
        _no_open_change(attempt)
        _settle_appeal(appeal, AppealState.UPHELD, words, actor.person_id, appeal.before, now)
        body = {"appeal": appeal.pk, "result": AppealState.UPHELD.value, "reply": words}
        record(actor, attempt, "exams.appeal_decided", body, now)
        _tell(attempt, "成绩复核有答复", "复核后维持原分，理由请点开查看。", now)
    return appeal


def propose_change(
    *,
    actor: Actor,
    attempt_id: int,
    wanted: Mapping[int, str],
    reason: str,
    appeal_id: int | None = None,
    now: dt.datetime,
) -> ScoreChange:
    """Proposes other points for some questions (``wanted`` by position); nothing changes before a second person agrees.

    Without an appeal a manager does it; upon one somebody who did not mark. Raises ``Invalid`` at ``reason`` or
    ``points-N``, ``Refused``, ``Conflict``.
    """
    words = checked(reason, "reason", "改分理由")
    with transaction.atomic():
        if appeal_id is None:
            appeal, attempt = None, lock_attempt(attempt_id)
            check_can_schedule(actor, attempt.exam.cohort.organisation_id)
            check_is_staff_of(actor, attempt)
            if attempt.appeals.filter(state=AppealState.OPEN).exists():
                raise Conflict("exams.appeal_open", "学员已申请复核这份答卷，请在复核申请里办理。")
        else:
            appeal, attempt = _held(actor, appeal_id)
            check_can_review(actor, attempt, markers_of(attempt))
        if attempt.state != AttemptState.MARKED:
            raise Conflict("exams.not_marked", "只有已评分、没有作废的答卷可以改分。")
        _no_open_change(attempt)
        changed = _checked_points(attempt, wanted)
        made = ScoreChange.objects.create(
            attempt=attempt,
            appeal=appeal,
            points=changed,
            reason=words,
            proposed_by_id=person_of(actor),
            proposed_at=now,
            before=attempt.score or NOTHING,
            after=(attempt.score or NOTHING) + sum(Decimal(new) - Decimal(old) for old, new in changed.values()),
        )
        body = {"change": made.pk, "points": changed, "reason": words, **_before_after(made)}
        record(actor, attempt, "exams.change_proposed", body, now, names_learner=False)
    return made


def approve_change(*, actor: Actor, change_id: int, note: str = "", now: dt.datetime) -> ScoreChange:
    """A second person puts a change in force: points, result and parts follow. Raises ``Refused`` for who proposed it,
    ``Conflict`` when the points moved on since."""
    with transaction.atomic():
        change, attempt = _held_change(actor, change_id)
        before = result_of(attempt)
        lines = sheet_of(attempt)
        awarded = _put(attempt, lines, change, now)
        right = [one for one in lines if str(one.position) in change.points and _is_right(attempt, one, awarded)]
        collect_again(attempt.exam_id, right=[(attempt.enrolment_id, one.question_id) for one in right])
        weigh(attempt, lines, awarded)
        attempt.save(update_fields=["score", "passed", "parts", "sequence"])
        decide(change, ChangeState.APPROVED, note, actor, now)
        body = {
            "change": change.pk,
            "before": before,
            **result_of(attempt),
            "parts": attempt.parts,
            "reason": change.reason,
            "proposed_by": change.proposed_by_id,
            "marks_sha256": marks_digest(lines, awarded),
        }
        log(actor, attempt, "exams.attempt_remarked", body, now)
        if change.appeal is not None:
            after = attempt.score or NOTHING
            _settle_appeal(change.appeal, AppealState.CHANGED, change.reason, change.proposed_by_id, after, now)
            told = {"appeal": change.appeal.pk, "result": AppealState.CHANGED.value, "reply": change.reason}
            record(actor, attempt, "exams.appeal_decided", told, now)
        if attempt.exam.is_out:
            _tell(attempt, "成绩有更正", "一次考试的成绩经两人核对后更正，理由请点开查看。", now)
    return change


def reject_change(*, actor: Actor, change_id: int, note: str, now: dt.datetime) -> ScoreChange:
    """A second person does not agree; points stay, an appeal waits on. Raises ``Invalid`` at ``note``."""
    words = checked(note, "note", "不同意的理由")
    with transaction.atomic():
        change, attempt = _held_change(actor, change_id)
        decide(change, ChangeState.REJECTED, words, actor, now)
        record(actor, attempt, "exams.change_rejected", {"change": change.pk, "note": words}, now, names_learner=False)
    return change


def _checked_points(attempt: Attempt, wanted: Mapping[int, str]) -> dict[str, list[str]]:
    """Before and after by position, of what really changes."""
    awarded = {answer.question_id: answer.awarded or NOTHING for answer in attempt.answers.all()}
    wrong: dict[str, str] = {}
    changed: dict[str, list[str]] = {}
    for line in sheet_of(attempt):
        text = wanted.get(line.position, "").strip()
        old = awarded.get(line.question_id, NOTHING)
        new = as_points(text) if text else old
        if new is None or not 0 <= new <= line.score:
            wrong[f"points-{line.position}"] = f"第 {line.position} 题请填 0 到 {points(line.score)} 的分数。"
        elif new != old:
            changed[str(line.position)] = [points(old), points(new)]
    if wrong:
        raise Invalid("exams.points", next(iter(wrong.values())), fields=wrong)
    if not changed:
        message = "没有一题的分数有变化，请填写要改的题。"
        raise Invalid("exams.no_change", message, fields={"points": message})
    return changed


def _is_right(attempt: Attempt, line: SheetLine, awarded: Mapping[int, Decimal | None]) -> bool:
    return counts_as_right(attempt, awarded[line.question_id] or NOTHING, line.score)


def _put(
    attempt: Attempt, lines: Sequence[SheetLine], change: ScoreChange, now: dt.datetime
) -> dict[int, Decimal | None]:
    """Gives the answers their new points; by question what all of them earn now.

    A question that was not answered gets an empty answer to carry its points (a faulty question, say, that counts for
    everybody); its number is behind those that the log counted at the hand-in.
    """
    answers = {answer.question_id: answer for answer in attempt.answers.all()}
    for line in lines:
        if str(line.position) not in change.points:
            continue
        old, new = map(Decimal, change.points[str(line.position)])
        answer = answers.get(line.question_id)
        if answer is None:
            attempt.sequence += 1
            answer = Answer(attempt=attempt, question_id=line.question_id, sequence=attempt.sequence, saved_at=now)
            answers[line.question_id] = answer
        if attempt.state != AttemptState.MARKED or (answer.awarded or NOTHING) != old:
            raise Conflict("exams.change_stale", "这份答卷的分数在提出之后又变了，请重新提出。")
        answer.awarded, answer.correct = new, counts_as_right(attempt, new, line.score)
        answer.save()
    return {question: answer.awarded for question, answer in answers.items()}


def _before_after(change: ScoreChange) -> dict[str, object]:
    return {"before": points(change.before), "after": points(change.after)}


def _held(actor: Actor, appeal_id: int) -> tuple[ScoreAppeal, Attempt]:
    """An open appeal in sight with its attempt, held by this transaction."""
    attempt = lock_attempt(get_appeal(actor, appeal_id).attempt_id)
    appeal = ScoreAppeal.objects.select_for_update().get(pk=appeal_id)
    if AppealState.UPHELD not in APPEAL_TRANSITIONS[AppealState(appeal.state)]:
        raise Conflict("exams.appeal_done", "这份复核申请已经有答复，没有重复办理。")
    return appeal, attempt


def _held_change(actor: Actor, change_id: int) -> tuple[ScoreChange, Attempt]:
    """An open change in sight that this person may decide, with its attempt, held by this transaction."""
    attempt = lock_attempt(get_change(actor, change_id).attempt_id)
    change = ScoreChange.objects.select_for_update(of=("self",)).select_related("appeal").get(pk=change_id)
    check_is_staff_of(actor, attempt)
    check_second(change, actor)
    return change, attempt


def _settle_appeal(
    appeal: ScoreAppeal, state: AppealState, reply: str, person: int | None, after: Decimal, now: dt.datetime
) -> None:
    appeal.state, appeal.reply, appeal.after = state, reply, after
    appeal.decided_by_id, appeal.decided_at = person, now
    appeal.save(update_fields=["state", "reply", "after", "decided_by", "decided_at"])


def _no_open_change(attempt: Attempt) -> None:
    if attempt.changes.filter(state=ChangeState.OPEN).exists():
        raise Conflict("exams.change_open", "这份答卷已有一份改分在等第二个人确认，请先办完那一份。")


def _tell(attempt: Attempt, title: str, text: str, now: dt.datetime) -> None:
    notices.notify(
        person_id=attempt.enrolment.person_id,
        kind=NOTICE,
        title=title,
        text=f"“{attempt.exam.title}”第 {attempt.number} 次：{text}",
        link=reverse("exams:result", args=[attempt.pk]),
        now=now,
    )
