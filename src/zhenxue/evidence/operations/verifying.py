"""Verifications whose result is kept: asked for at a page or by the calendar, or run from the command line."""

import datetime as dt
import logging
from collections.abc import Callable

from django.db import IntegrityError, transaction

from zhenxue.evidence import signals
from zhenxue.evidence.data import RUN_TRANSITIONS, RunState
from zhenxue.evidence.models import Checkpoint, VerificationRun
from zhenxue.evidence.queries.report import Report
from zhenxue.evidence.queries.verification import verify_log
from zhenxue.kernel.errors import Conflict

GIVEN_UP_AFTER = dt.timedelta(hours=3)  # the worker that ran it has died
EVERY = dt.timedelta(days=1)
LISTED = 20
OPEN = (RunState.WAITING, RunState.RUNNING)

logger = logging.getLogger(__name__)


def ask_verification(*, account_id: int | None, now: dt.datetime) -> VerificationRun:
    """Queues a verification of the whole log. Raises ``Conflict`` while another one waits or runs."""
    with transaction.atomic():
        for stale in VerificationRun.objects.select_for_update().filter(state__in=OPEN):
            if now - stale.asked_at < GIVEN_UP_AFTER:
                raise _busy()
            _end(stale, RunState.FAILED, now, words="没有做完：执行核对的程序已经中断。")
        try:
            with transaction.atomic():
                run = VerificationRun.objects.create(asked_at=now, asked_by=account_id)
        except IntegrityError as error:
            raise _busy() from error
        signals.verification_asked.send(VerificationRun, run_id=run.pk)
    return run


def run_verification(*, run_id: int, clock: Callable[[], dt.datetime]) -> VerificationRun:
    """Verifies the log and keeps the result; a run that is not waiting is left as it is."""
    with transaction.atomic():
        run = VerificationRun.objects.select_for_update().get(pk=run_id)
        if RunState.RUNNING not in RUN_TRANSITIONS[RunState(run.state)]:
            return run
        run.state, run.began_at = RunState.RUNNING, clock()
        run.save(update_fields=["state", "began_at"])
    try:
        report = verify_log()
    except Exception:
        logger.exception("the verification of the log could not be finished")
        _end(run, RunState.FAILED, clock(), words="没有做完：核对程序出错，请查看运行日志。")
    else:
        _end(run, RunState.CLEAN if report.is_clean else RunState.BROKEN, clock(), report)
    return run


def keep_report(report: Report, *, began: dt.datetime, now: dt.datetime) -> VerificationRun:
    """Keeps the result of a verification that somebody ran at the command line."""
    run = VerificationRun.objects.create(state=RunState.RUNNING, asked_at=began, began_at=began)
    _end(run, RunState.CLEAN if report.is_clean else RunState.BROKEN, now, report)
    return run


def verify_daily(now: dt.datetime) -> None:
    """Queues a verification when the last one, or the log itself, began more than a day ago (a periodic job)."""
    last = VerificationRun.objects.order_by("-asked_at").values_list("asked_at", flat=True).first()
    first = Checkpoint.objects.order_by("size").values_list("signed_at", flat=True).first()
    since = last or first
    if since is not None and now - since >= EVERY:
        ask_verification(account_id=None, now=now)


def _end(
    run: VerificationRun, state: RunState, now: dt.datetime, report: Report | None = None, *, words: str = ""
) -> None:
    run.state, run.ended_at, run.words = state, now, words
    if report is not None:
        run.size, run.root, run.entries = report.size, report.root, report.entries
        run.faults = len(report.findings)
        run.words = "\n".join(str(finding) for finding in report.findings[:LISTED])
    run.save()


def _busy() -> Conflict:
    return Conflict("evidence.verification_busy", "正在核对中，请等这一次完成后再开始。")
