"""Asking: one open check per context, its kind by policy, everything else by chance."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import protocol, signals
from zhenxue.integrity.data import (
    MAKE_UP_GOES,
    TASK_KINDS,
    UNPROVEN_STATES,
    WORD_SECONDS,
    CheckCause,
    CheckKind,
    CheckState,
    OtherReason,
    PresencePlan,
    RunningContext,
)
from zhenxue.integrity.models import Check, Command
from zhenxue.integrity.operations.checks.drawing import draw_round, has_face, kinds_for
from zhenxue.integrity.operations.checks.ending import SAME_PROOF, cancel_check, due_checks, miss_check
from zhenxue.integrity.operations.checks.recording import lock_check, record
from zhenxue.integrity.policies.checks import check_can_answer, check_can_make_up
from zhenxue.integrity.queries.checks import last_proof_at
from zhenxue.integrity.queries.earning import EXAM, is_at_the_door, weak_row
from zhenxue.integrity.queries.plans import plan_of
from zhenxue.kernel import clock
from zhenxue.kernel.clock import milliseconds
from zhenxue.kernel.errors import Conflict
from zhenxue.training import api as training
from zhenxue.training.data import LATER_RULES

CONTEXT_LENGTH = 24


def ask(
    *,
    person_id: int,
    enrolment_id: int | None,
    context: str,
    cause: CheckCause | str,
    facts: Mapping[str, Any],
    proof_at: dt.datetime,
    device: str = "",
    ip: str | None = None,
    now: dt.datetime,
    command: Command | None = None,
) -> Check:
    """Asks the person to show that they are there; the check that is open for the context already is given back.

    ``facts`` may hold ``unit`` (id) and ``position_ms``; ``proof_at`` is the last proof before; ``device`` the
    fingerprint of the device key from which alone it may be answered. An open check past its window is missed first.
    """
    with transaction.atomic():
        standing = _standing(context, now)
        if standing is None:
            try:
                with transaction.atomic():
                    return _begin(
                        person_id, enrolment_id, context, CheckCause(cause), facts, proof_at, device, ip, now, command
                    )
            except IntegrityError:
                standing = Check.objects.filter(context=context, state=CheckState.OPEN).first()
                if standing is None:
                    raise
        if command is not None and standing.command_id is None:
            standing.command = command
            standing.save(update_fields=["command"])
        return standing


def ask_running(
    running: RunningContext, *, cause: CheckCause, command: Command | None = None, now: dt.datetime
) -> Check:
    """The same for somebody who studies or sits an exam right now, as the owner of the context tells it."""
    return ask(
        person_id=running.person_id,
        enrolment_id=running.enrolment_id,
        context=running.context,
        cause=cause,
        facts=running.facts,
        proof_at=proof_of(running, now),
        device=running.device,
        ip=running.ip,
        now=now,
        command=command,
    )


def ask_after(check: Check, *, cause: CheckCause, now: dt.datetime) -> Check:
    """Another check of the same context, right after one that was passed."""
    return ask(
        person_id=check.person_id,
        enrolment_id=check.enrolment_id,
        context=check.context,
        cause=cause,
        facts={"unit": check.unit_id, "position_ms": check.task["position_ms"]},
        proof_at=now,
        device=check.device,
        ip=check.ip,
        now=now,
    )


def proof_of(running: RunningContext, now: dt.datetime) -> dt.datetime:
    """When presence was shown last in a running context, or it began."""
    return last_proof_at(running.context) or running.proof_at or now


def cancel(*, context: str, now: dt.datetime) -> None:
    """The context is over: its open check is judged no more. Nothing happens where none is open."""
    with transaction.atomic():
        found = Check.objects.filter(context=context, state=CheckState.OPEN).first()
        if found is not None:
            locked = lock_check(found.pk)
            if locked.state == CheckState.OPEN:
                cancel_check(locked, now=now)


def take_other(
    *, actor: Actor, check_id: int, kind: CheckKind | str = "", reason: OtherReason | str, device: str, now: dt.datetime
) -> Check:
    """The learner takes another kind that is offered: the named one, else the next after the present.

    The reason is kept. Raises ``Conflict`` where nothing else is offered. Whoever waits for a teacher gets the
    teacher's window.
    """
    with transaction.atomic():
        check = lock_check(check_id)
        check_can_answer(actor, check, nonce=check.nonce, device=device, now=now)
        wanted = _other_kind(check, kind)
        told = {"from": check.kind, "to": wanted.value, "reason": OtherReason(reason).value}
        check.task["others"].append(told)
        if check.kind == CheckKind.WORD:
            _leave_word(check, now)
        check.kind = wanted
        if wanted == CheckKind.WORD:
            check.task["due_ms"] = milliseconds(check.due_at)
            check.due_at = max(check.due_at, check.asked_at + dt.timedelta(seconds=WORD_SECONDS))
        if wanted in TASK_KINDS:
            check.task["shown_ms"] = milliseconds(now)
        check.save()
        return check


def begin_make_up(*, actor: Actor, check_id: int, device: str = "", ip: str | None = None, now: dt.datetime) -> Check:
    """The learner begins to make up a missed check, from anywhere; the one that is open is given back.

    Raises ``Conflict`` when it was made up, or ``MAKE_UP_GOES`` were used; ``Refused`` after its days.
    """
    with transaction.atomic():
        missed = lock_check(check_id)
        check_can_make_up(actor, missed, now)
        goes = Check.objects.filter(makes_up=missed)
        overdue = goes.filter(pk__in=due_checks(now).values("pk")).first()
        if overdue is not None:
            miss_check(lock_check(overdue.pk), now=now)
        standing = goes.filter(state=CheckState.OPEN).first()
        if standing is not None:
            return standing
        if goes.filter(state__in=UNPROVEN_STATES).count() >= MAKE_UP_GOES:
            raise Conflict("integrity.make_up_used", "补做机会已经用完。请联系本班老师说明情况。")
        facts = {"unit": missed.unit_id, "position_ms": missed.task.get("position_ms")}
        return _begin(
            missed.person_id,
            missed.enrolment_id,
            f"makeup:{missed.pk}",
            CheckCause.MAKE_UP,
            facts,
            missed.proof_at,
            device,
            ip,
            now,
            None,
            makes_up=missed,
        )


def _standing(context: str, now: dt.datetime) -> Check | None:
    """The open check of a context; one past its window is missed here and now."""
    found = Check.objects.select_for_update().filter(context=context, state=CheckState.OPEN).first()
    if found is not None and due_checks(now).filter(pk=found.pk).exists():
        miss_check(lock_check(found.pk), now=now)
        return None
    return found


def _begin(
    person_id: int,
    enrolment_id: int | None,
    context: str,
    cause: CheckCause,
    facts: Mapping[str, Any],
    proof_at: dt.datetime,
    device: str,
    ip: str | None,
    now: dt.datetime,
    command: Command | None,
    makes_up: Check | None = None,
) -> Check:
    enrolment = training.get_enrolment(SYSTEM, enrolment_id) if enrolment_id is not None else None
    plan = plan_of(training.rules_of(enrolment.cohort) if enrolment else LATER_RULES)
    unit_id = facts.get("unit")
    task: dict[str, Any] = {
        "seed": protocol.new_seed(),
        "tries": plan.tries,
        "window": plan.answer_seconds,
        "make_up_days": plan.make_up_days,
        "returns": plan.return_makes_up,
        "position_ms": facts.get("position_ms"),
        "shown_ms": milliseconds(now),
        "used": [],
        "others": [],
    }
    before = None if makes_up else _called_off(person_id, enrolment_id, context, min(proof_at, now))
    tries = before.tries if before else 0
    draw_round(task, tries, person_id=person_id, unit_id=unit_id)
    least = _limit(task, plan, enrolment, context, cause)
    kinds = kinds_for(
        plan,
        face=has_face(person_id),
        question=bool(task["question"]),
        teacher=enrolment is not None,
        least=least,
        face_first=False if cause == CheckCause.CAMERA else None,
    )
    window = plan.answer_seconds
    if kinds[0] == CheckKind.WORD:
        window = max(window, WORD_SECONDS)
    check = Check.objects.create(
        person_id=person_id,
        enrolment=enrolment,
        context=context[:CONTEXT_LENGTH],
        unit_id=unit_id,
        cause=cause,
        kind=kinds[0],
        offered=kinds,
        asked_at=now,
        due_at=now + dt.timedelta(seconds=window),
        proof_at=min(proof_at, now),
        nonce=protocol.new_nonce(),
        task=task,
        tries=tries,
        verdict=_found_in(before),
        device=device,
        ip=ip,
        command=command,
        makes_up=makes_up,
    )
    body = {
        "kind": check.kind,
        "offered": list(check.offered),
        "unit": unit_id,
        "seconds": window,
        "least": least,
        "commitment": protocol.commitment(task["seed"]),
    }
    record("integrity.check_asked", SYSTEM, check, body, now)
    signals.check_asked.send(
        sender=Check,
        check_id=check.pk,
        context=check.context,
        person_id=person_id,
        enrolment_id=enrolment_id,
        cause=cause,
        now=now,
    )
    return check


def _limit(
    task: dict[str, Any],
    plan: PresencePlan,
    enrolment: training.Enrolment | None,
    context: str,
    cause: CheckCause,
) -> int:
    """The least strength that is taken here; what the learner is told of it is kept with the task."""
    if enrolment is None or (context.startswith(EXAM) and not is_at_the_door(context, cause)):
        return 0
    if context.startswith(EXAM):
        task["least"] = plan.strength_exam
    elif plan.strength_study:
        row = weak_row(enrolment.pk, plan)
        task["row"], task["full"], task["most"] = row, plan.strength_study, plan.weak_in_row
        task["least"] = plan.strength_study if row >= plan.weak_in_row else 0
    return int(task.get("least", 0))


def _leave_word(check: Check, now: dt.datetime) -> None:
    """The teacher's longer window is for the teacher alone: who goes back to answering has the window from before."""
    due_at = clock.at(check.task["due_ms"])
    if now >= due_at:
        raise Conflict("integrity.only_word", "换方式的时间已经过了，请等老师确认。")
    check.due_at = due_at


def _called_off(person_id: int, enrolment_id: int | None, context: str, proof_at: dt.datetime) -> Check | None:
    """The check before this one, when it was called off while the same proof was missing (a reload, another unit,
    another device): the tries that it used up are used up, and what was found strange stays."""
    sort = context.partition(":")[0]
    rows = Check.objects.filter(person_id=person_id, makes_up__isnull=True)
    rows = rows.filter(enrolment__isnull=True) if enrolment_id is None else rows.filter(enrolment_id=enrolment_id)
    before = rows.filter(context__startswith=f"{sort}:").order_by("-pk").first()
    if before is None or before.state != CheckState.CANCELLED or abs(before.proof_at - proof_at) > SAME_PROOF:
        return None
    return before


def _found_in(before: Check | None) -> dict[str, Any]:
    found = protocol.found_words(before.verdict) if before else set()
    return {"found": sorted(found)} if found else {}


def _other_kind(check: Check, kind: CheckKind | str) -> CheckKind:
    offered = [CheckKind(one) for one in check.offered]
    if kind:
        if kind not in offered or kind == check.kind:
            raise Conflict("integrity.kind_not_offered", "这种核验方式这次不能用，请换一种。")
        return CheckKind(kind)
    if len(offered) < 2:
        raise Conflict("integrity.nothing_else", "这次没有别的核验方式。没做成也不要紧，可以在期限内补做。")
    at = offered.index(CheckKind(check.kind)) if check.kind in offered else -1
    return offered[(at + 1) % len(offered)]
