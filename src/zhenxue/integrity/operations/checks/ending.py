"""How a check ends: passed, failed, missed, cancelled; and what a wrong try leaves."""

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import protocol, signals
from zhenxue.integrity.data import (
    CHECK_STRENGTH,
    CHECK_TRANSITIONS,
    UNPROVEN_STATES,
    CheckCause,
    CheckKind,
    CheckState,
    JobState,
)
from zhenxue.integrity.errors import CheckOver
from zhenxue.integrity.models import Check, FaceJob
from zhenxue.integrity.operations.checks.drawing import draw_round
from zhenxue.integrity.operations.checks.recording import announce, record
from zhenxue.integrity.queries.checks import unit_misses
from zhenxue.integrity.queries.plans import plan_of
from zhenxue.kernel.clock import civil_day, milliseconds
from zhenxue.kernel.workdays import after_working_days
from zhenxue.training import api as training

#: The same proof as one place and another write it down: to the millisecond, and to the microsecond.
SAME_PROOF = dt.timedelta(milliseconds=1)


def pass_check(check: Check, *, actor: Actor, now: dt.datetime, **told: Any) -> Check:
    """It was shown. A make-up settles the missed check, and says so instead; whoever comes back and passes what is
    asked then has made up what was missed of the same stretch, where the rules say so."""
    _end(check, CheckState.PASSED)
    check.answered_at, check.strength = now, CHECK_STRENGTH[CheckKind(check.kind)]
    check.save()
    record("integrity.check_passed", actor, check, {**_outcome(check), **told}, now)
    if check.makes_up is not None:
        _made_up(check.makes_up, check, actor, now)
        return check
    announce(signals.check_passed, check, now)
    missed = missed_before(check, now)
    for one in missed:
        for go in Check.objects.select_for_update().filter(makes_up=one, state=CheckState.OPEN):
            cancel_check(go, now=now)
        _made_up(one, check, actor, now)
    if missed:
        check.task["made_up"] = [one.pk for one in missed]
        check.save(update_fields=["task"])
    return check


def missed_before(check: Check, now: dt.datetime) -> list[Check]:
    """What a check of the same context's sort makes up by being passed: those that were missed while the same proof was
    missing, within their days. None of a unit where so many were missed that it has to be learnt again: each of those
    is made up by itself."""
    if check.enrolment is None or check.in_exam:
        return []
    rows = Check.objects.filter(
        enrolment=check.enrolment,
        state__in=UNPROVEN_STATES,
        context__startswith=f"{check.context.partition(':')[0]}:",
        proof_at__range=(check.proof_at - SAME_PROOF, check.proof_at + SAME_PROOF),
        make_up_by__gte=civil_day(now),
        made_up_at__isnull=True,
        makes_up__isnull=True,
    )
    found = [one for one in rows.select_related("enrolment__cohort").order_by("pk") if one.task.get("returns")]
    if not found:
        return []
    most, misses = plan_of(training.rules_of(check.enrolment.cohort)).misses_fail, unit_misses(check.enrolment.pk)
    return [one for one in found if misses.get(one.unit_id or 0, 0) < most]


def _made_up(missed: Check, by: Check, actor: Actor, now: dt.datetime) -> None:
    missed.made_up_at = now
    missed.save(update_fields=["made_up_at"])
    body = {"made_up_by": by.pk, "kind": by.kind, "strength": by.strength}
    record("integrity.check_made_up", actor, missed, body, now)
    announce(signals.check_made_up, missed, now, check_id=by.pk, missed_check_id=missed.pk)


def fail_check(check: Check, *, actor: Actor, now: dt.datetime) -> Check:
    """All tries were used up."""
    return _unproven(check, CheckState.FAILED, actor=actor, now=now)


def miss_check(check: Check, *, now: dt.datetime) -> Check:
    """Nobody answered in time."""
    return _unproven(check, CheckState.MISSED, actor=SYSTEM, now=now)


def cancel_check(check: Check, *, now: dt.datetime) -> Check:
    """What waited for it is over; nobody is judged by it."""
    _end(check, CheckState.CANCELLED)
    check.save()
    record("integrity.check_cancelled", SYSTEM, check, _outcome(check), now)
    return check


def next_try(check: Check, *, now: dt.datetime) -> Check:
    """After a wrong try: another nonce, other turns, another question, another place."""
    draw_round(check.task, check.tries, person_id=check.person_id, unit_id=check.unit_id)
    if not check.task["question"]:
        instead = {CheckKind.QUESTION.value: CheckKind.PUZZLE.value}
        check.offered = [instead.get(kind, kind) for kind in check.offered]
        check.kind = instead.get(check.kind, check.kind)
    check.nonce = protocol.new_nonce()
    check.task["shown_ms"] = milliseconds(now)
    check.save()
    return check


def waiting_jobs() -> QuerySet[FaceJob]:
    """Jobs of a check (``OuterRef("pk")``) on which the engine has not spoken."""
    return FaceJob.objects.filter(presence=OuterRef("pk"), state__in=[JobState.QUEUED, JobState.RUNNING])


def due_checks(now: dt.datetime) -> QuerySet[Check]:
    """Open checks past their window whose pictures are not just being looked at."""
    rows = Check.objects.filter(state=CheckState.OPEN, due_at__lte=now)
    return rows.exclude(Exists(waiting_jobs().filter(deadline_at__gt=now)))


def _unproven(check: Check, state: CheckState, *, actor: Actor, now: dt.datetime) -> Check:
    _end(check, state)
    days = check.task.get("make_up_days", 0)
    if check.makes_up_id is None and days and check.enrolment_id is not None and not check.in_exam:
        check.make_up_by = after_working_days(civil_day(now), days)
    if state == CheckState.FAILED:
        check.answered_at = now
    check.save()
    body = _outcome(check)
    if check.make_up_by is not None:
        body["make_up_by"] = check.make_up_by.isoformat()
    record(f"integrity.check_{state.value}", actor, check, body, now)
    if check.cause != CheckCause.MAKE_UP:
        announce(signals.check_missed, check, now)
    return check


def _end(check: Check, state: CheckState) -> None:
    if state not in CHECK_TRANSITIONS[CheckState(check.state)]:
        raise CheckOver
    check.state = state


def _outcome(check: Check) -> dict[str, Any]:
    """What the log says at the end; the seed is told only now."""
    return {
        "kind": check.kind,
        "strength": check.strength,
        "tries": check.tries,
        "seed": check.task["seed"],
        "turns": check.task["turns"],
        "place": check.task["place"],
        "used": [list(one) for one in check.task["used"]],
        "others": check.task["others"],
        "claims": protocol.for_log(check.claims),
        "verdict": protocol.for_log(check.verdict),
    }
