"""What becomes of an answer: the engine's verdict, a question, a puzzle, a teacher's word; and of silence."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from zhenxue.catalogue import api as catalogue
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import protocol
from zhenxue.integrity.data import (
    CAMERA_CHANGED,
    READING_MS,
    STRANGE_REASONS,
    TASK_KINDS,
    TASK_TRIES,
    Answered,
    CheckCause,
    CheckKind,
    CheckState,
    JobState,
)
from zhenxue.integrity.errors import TooFast
from zhenxue.integrity.models import Check, FaceJob
from zhenxue.integrity.operations.checks.asking import ask_after
from zhenxue.integrity.operations.checks.ending import (
    due_checks,
    fail_check,
    miss_check,
    next_try,
    pass_check,
)
from zhenxue.integrity.operations.checks.recording import lock_check
from zhenxue.integrity.policies.checks import check_can_answer, check_can_give_word
from zhenxue.kernel.clock import milliseconds
from zhenxue.kernel.errors import Conflict, Invalid

#: A check that the engine left alone is given another window so often.
MOST_PARDONS = 2
MOST_SWEPT = 500


def answer_task(
    *,
    actor: Actor,
    check_id: int,
    kind: CheckKind | str,
    given: Sequence[str],
    nonce: str,
    variant: str = "",
    device: str,
    now: dt.datetime,
) -> Answered:
    """Judges the answer to the question or puzzle that stands there; each stands there once.

    A wrong answer brings another one, and after the last try the check has failed. Raises ``TooFast`` before anybody
    can have read it, ``TooLate``, ``OldQuestion`` (sent twice, replayed), ``OtherDevice``, ``Conflict`` where another
    kind is asked, ``Invalid`` without an answer.
    """
    with transaction.atomic():
        check = lock_check(check_id)
        check_can_answer(actor, check, nonce=nonce, device=device, now=now)
        if check.kind not in TASK_KINDS or kind != check.kind:
            raise Conflict("integrity.wrong_kind", "这次核验已换成别的方式，请刷新页面，按现在显示的内容完成。")
        if milliseconds(now) - check.task["shown_ms"] < READING_MS:
            raise TooFast
        if not given:
            words = "请先选一个答案。"
            raise Invalid("integrity.no_answer", words, fields={"given": words})
        if _is_right(check, given, variant):
            pass_check(check, actor=actor, now=now, answer={"given": list(given), "variant": variant})
            return Answered(passed=True, over=True, words="通过了，请继续。")
        check.tries += 1
        if check.tries >= min(TASK_TRIES, check.task["tries"]):
            fail_check(check, actor=actor, now=now)
            return Answered(passed=False, over=True, words="没有答对，这次核验没有通过。可以在期限内补做。")
        next_try(check, now=now)
        return Answered(passed=False, over=False, words="没有答对，再试一次。")


def apply_verdict(job: FaceJob, now: dt.datetime) -> None:
    """The face engine has spoken (or let its deadline pass); called inside the transaction that closes the job.

    The time that the engine took is not the learner's. A verdict on an older try, or of a check that is over, changes
    nothing.
    """
    if job.presence_id is None:
        return
    with transaction.atomic():
        check = lock_check(job.presence_id)
        if check.state != CheckState.OPEN or job.nonce != check.nonce:
            return
        if job.state != JobState.DONE:
            _pardon(check, now)
            return
        check.due_at += max(now - job.queued_at, dt.timedelta())
        check.verdict = _merged(check.verdict, job.verdict)
        check.kind = CheckKind.FACE
        if job.passed:
            pass_check(check, actor=SYSTEM, now=now, job=job.pk)
            if CAMERA_CHANGED in protocol.found_words(check.verdict) and check.makes_up_id is None:
                ask_after(check, cause=CheckCause.CAMERA, now=now)
            return
        check.tries += 1
        if check.tries >= check.task["tries"]:
            fail_check(check, actor=SYSTEM, now=now)
        elif check.due_at <= now:
            miss_check(check, now=now)
        else:
            next_try(check, now=now)


def word(*, actor: Actor, check_id: int, note: str, now: dt.datetime) -> Check:
    """A teacher of the cohort confirms that the learner is there; ``note`` says how they know, and is kept.

    Raises ``Refused`` for anybody else, ``Conflict`` when nobody waits for it (any more), ``Invalid`` without a note.
    """
    note = note.strip()
    if not 2 <= len(note) <= 200:
        words = "请写明怎样确认的，例如“在教室看到本人”“视频通话见到本人”，2 到 200 字。"
        raise Invalid("integrity.word_note", words, fields={"note": words})
    with transaction.atomic():
        check = lock_check(check_id)
        check_can_give_word(actor, check, now)
        check.verdict = {**check.verdict, "teacher_account": actor.account_id}
        return pass_check(check, actor=actor, now=now, note=note)


def sweep(now: dt.datetime) -> int:
    """Ends what ran out of time; how many were missed. A check that waits for the engine is left to it; one that the
    engine forgot gets its window again."""
    missed = 0
    for check_id in list(due_checks(now).order_by("due_at").values_list("pk", flat=True)[:MOST_SWEPT]):
        with transaction.atomic():
            check = lock_check(check_id)
            if not due_checks(now).filter(pk=check_id).exists():
                continue
            if _forgotten(check) and _pardon(check, now):
                continue
            miss_check(check, now=now)
            missed += 1
    return missed


def _is_right(check: Check, given: Sequence[str], variant: str) -> bool:
    if check.kind == CheckKind.PUZZLE:
        return protocol.judge_puzzle(check.task["puzzle"], variant, given)
    question = check.task["question"]
    return catalogue.judge(question["kind"], question["answer"], given)


def _forgotten(check: Check) -> bool:
    return check.jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists()


def _pardon(check: Check, now: dt.datetime) -> bool:
    """Another window, since it was the engine that let the time pass; whether there was one left to give."""
    pardons = check.task.get("pardons", 0)
    if pardons >= MOST_PARDONS:
        return False
    window = check.task["window"]
    check.task["pardons"] = pardons + 1
    check.due_at = max(check.due_at, now + dt.timedelta(seconds=window))
    next_try(check, now=now)
    return True


def _merged(before: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    """The latest verdict, with everything strange that any try showed."""
    strange = {reason.value for reason in STRANGE_REASONS} & set(verdict.get("reasons", ()))
    found = protocol.found_words(before) | protocol.found_words(verdict) | strange
    return {**verdict, "found": sorted(found)} if found else dict(verdict)
