"""Presence: when a session waits for a check, and what comes of it. Who is asked and how, ``integrity`` decides.

A session's clock stands while ``presence_asked_ms`` is set. Passing sets it free; a check that was missed takes back
what counted since the last proof, and a make-up in time puts it back (design.md, "Presence checks").
"""

import datetime as dt
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.integrity.api import Check
from zhenxue.integrity.data import CheckCause
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Reason
from zhenxue.study.data import SessionState
from zhenxue.study.models import StudySession
from zhenxue.study.operations.settling import is_silent, lock_session, locked_sessions, settle_locked
from zhenxue.study.policies import check_owns
from zhenxue.training import api as training

#: Two checks at random are at least so far apart; a proof this fresh is not asked for again after a change of address.
SHORTEST_MS = 60_000
#: How long a page may take to fetch the check that its session waits for.
GRACE_MS = 20_000
CONTEXT = "study:"
#: In ``presence_cause``: the check that was asked has been missed; the way back is to come in anew.
MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a session that opens now stands: its pace, what is left until a check, and why one is asked at once."""

    every_ms: int
    left_ms: int
    cause: str
    proven_ms: int


def context_of(session: StudySession) -> str:
    """The name under which ``integrity`` knows a study session."""
    return f"{CONTEXT}{session.pk}"


def session_of(context: str) -> int | None:
    """The number of the study session that a context names, if it names one."""
    return int(context.removeprefix(CONTEXT)) if context.startswith(CONTEXT) else None


def standing_at_opening(
    *, person_id: int, fingerprint: str, ip: str | None, rules: Mapping[str, int], now: dt.datetime
) -> Standing:
    """What the sessions before leave to the one that opens: nobody gets round a check by a reload or another unit.

    A check that nobody has answered goes on in the new session, with the proof that it goes back to. Without one, the
    learner is asked at once when there was no proof within the last class hour, or when device or address changed.
    """
    plan = integrity.plan_of(rules)
    now_ms = clock.milliseconds(now)
    if not plan.per_class_hour:
        return Standing(0, 0, "", now_ms)
    every_ms = rules["minutes_per_class_hour"] * 60_000 // plan.per_class_hour
    before = StudySession.objects.filter(person_id=person_id).order_by("-pk").first()
    if before is None or not before.presence_every_ms:
        return Standing(every_ms, draw(every_ms), CheckCause.ENTRY if plan.at_entry else "", now_ms)
    left_ms = max(0, before.presence_at_ms - before.credited_ms)
    if before.presence_asked_ms:
        integrity.cancel(context=context_of(before), now=now)
        StudySession.objects.filter(pk=before.pk).update(presence_asked_ms=0, presence_cause="")
        return Standing(every_ms, left_ms, cause_of(before), before.proven_ms)
    cause = ""
    if before.device_fingerprint != fingerprint:
        cause = CheckCause.DEVICE
    elif not any(_same_place(one, ip) for one in (before.ip, *integrity.proven_addresses(context_of(before)))):
        cause = CheckCause.ADDRESS
    elif plan.at_entry and now_ms - before.proven_ms > every_ms:
        cause = CheckCause.ENTRY
    return Standing(every_ms, min(left_ms, every_ms), cause, before.proven_ms)


def draw(every_ms: int) -> int:
    """Credited time until the next check at random: at least one in every ``every_ms``, at a second nobody can know."""
    return SHORTEST_MS + secrets.randbelow(max(1, every_ms - SHORTEST_MS))


def ask_presence(*, actor: Actor, session_id: int, sign_in_digest: str, now: dt.datetime) -> Check:
    """The check that the learner's own open session waits for, made at the first call.

    Raises ``Conflict`` when it waits for none, ``Refused`` for another's session.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        check_owns(actor, session, sign_in_digest)
        if not session.presence_asked_ms:
            raise Conflict("study.no_presence", "现在没有要完成的核验，请刷新本页继续学习。")
        return ask(session, now=now)


def ask(session: StudySession, *, now: dt.datetime) -> Check:
    """The check of a session that waits for one; the same while it is open."""
    return integrity.ask(
        person_id=session.person_id,
        enrolment_id=session.enrolment_id,
        context=context_of(session),
        cause=cause_of(session),
        facts={"unit": session.unit_id, "position_ms": session.position_ms},
        proof_at=clock.at(session.proven_ms),
        device=session.device_fingerprint,
        ip=session.ip,
        now=now,
    )


def cause_of(session: StudySession) -> CheckCause:
    """Why the check that a session waits for is asked; after a missed one it is like coming in anew."""
    if session.presence_cause == MISSED:
        return CheckCause.ENTRY
    return CheckCause(session.presence_cause or CheckCause.HOURLY)


def ask_forgotten(*, now: dt.datetime) -> int:
    """Asks for every session whose page never did (it was closed, or does not want to): the time to answer runs."""
    late = clock.milliseconds(now) - GRACE_MS
    waiting = StudySession.objects.filter(presence_asked_ms__gt=0, presence_asked_ms__lt=late)
    asked = 0
    for session_id in list(waiting.exclude(presence_cause=MISSED).values_list("pk", flat=True)):
        with transaction.atomic():
            session = lock_session(session_id)
            if session.presence_asked_ms and session.presence_cause != MISSED:
                ask(session, now=now)
                asked += 1
    return asked


def hold(*, session_id: int, cause: str, now: dt.datetime) -> None:
    """Stops the clock of an open session for a check that somebody else asked (an officer, a strange pattern)."""
    with transaction.atomic():
        session = locked_sessions().filter(pk=session_id, state=SessionState.OPEN).first()
        if session is None or session.presence_asked_ms:
            return
        settle_locked(session, now=now)
        session.presence_asked_ms, session.presence_cause = clock.milliseconds(now), cause
        session.save(update_fields=["presence_asked_ms", "presence_cause"])


def meet_at(*, session_id: int, address: str, now: dt.datetime) -> bool:
    """Beats of a session come from this address: asks at once where presence was not shown from there in it.

    Called when a process first sees a session, and at every change; whether it asked. An address that is none (a
    socket) asks nobody; the change of a phone between two networks in each of which it was shown asks once for each.
    """
    with transaction.atomic():
        session = locked_sessions().filter(pk=session_id, state=SessionState.OPEN).first()
        if session is None or not (session.presence_every_ms and address) or _same_place(session.ip, address):
            return False
        before, session.ip = session.ip, address
        session.save(update_fields=["ip"])
        shown = integrity.proven_addresses(context_of(session))
        if before is None or session.presence_asked_ms or any(_same_place(one, address) for one in shown):
            return False
        hold(session_id=session_id, cause=CheckCause.ADDRESS, now=now)
        return True


def _same_place(one: str | None, other: str | None) -> bool:
    """The same address; of IPv6 the same /64, within which a device changes it for its own privacy."""
    return _place(one) == _place(other)


def _place(address: str | None) -> str:
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if known.version == 6 and known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(known if known.version == 4 else ipaddress.ip_network(f"{known}/64", strict=False))


def free(*, session_id: int, now: dt.datetime) -> None:
    """A check was passed: the clock goes on, and the next check is drawn."""
    with transaction.atomic():
        session = locked_sessions().filter(pk=session_id).first()
        if session is None:
            return
        session.presence_asked_ms, session.presence_cause = 0, ""
        session.proven_ms = clock.milliseconds(now)
        session.clock_ms = max(session.clock_ms, session.proven_ms)  # nothing of the time that stood can be claimed
        session.presence_at_ms = session.credited_ms + draw(session.presence_every_ms)
        session.save(update_fields=["presence_asked_ms", "presence_cause", "proven_ms", "clock_ms", "presence_at_ms"])


def take_back(*, check_id: int, session_id: int, proof_at: dt.datetime, asked_at: dt.datetime, now: dt.datetime) -> int:
    """A check was missed: what counted in this enrolment since the last proof no longer does; gives the seconds.

    When as many checks of the unit were missed as the rules allow, the whole unit has to be learnt again. The session
    goes on waiting: the next check is the way back.
    """
    with transaction.atomic():
        session = locked_sessions().select_related("enrolment__cohort").filter(pk=session_id).first()
        if session is None:
            return 0
        if session.state == SessionState.OPEN:
            settle_locked(session, now=now)
        session.presence_cause = MISSED
        session.save(update_fields=["presence_cause"])
        rows = StudySession.objects.filter(enrolment_id=session.enrolment_id, opened_at__lt=asked_at)
        units = set(rows.filter(last_beat_ms__gte=clock.milliseconds(proof_at)).values_list("unit_id", flat=True))
        taken = sum(_withdraw(session, unit_id, check_id, proof_at, asked_at, now) for unit_id in sorted(units))
        if _too_many(session):
            taken += _withdraw(session, session.unit_id, check_id, session.enrolment.enrolled_at, asked_at, now)
        return taken


def _withdraw(
    session: StudySession, unit_id: int, check_id: int, since: dt.datetime, until: dt.datetime, now: dt.datetime
) -> int:
    withdrawn = ledger.withdraw_range(
        enrolment_id=session.enrolment_id,
        unit_id=unit_id,
        since=since,
        until=until,
        reason=Reason.UNPROVEN,
        source=f"check:{check_id}",
        now=now,
    )
    return withdrawn.seconds


def _too_many(session: StudySession) -> bool:
    """Whether this miss is the last that the rules allow in this unit (and again after as many more)."""
    most = integrity.plan_of(training.rules_of(session.enrolment.cohort)).misses_fail
    missed = integrity.unit_misses(session.enrolment_id).get(session.unit_id, 0)
    return missed > 0 and missed % most == 0


def give_back(*, enrolment_id: int, missed_check_id: int, now: dt.datetime) -> int:
    """A missed check was made up in time: what it took counts again; gives the seconds."""
    return ledger.put_back(enrolment_id=enrolment_id, withdrawn_by=f"check:{missed_check_id}", now=now)


def running_in(cohort_id: int, now: dt.datetime) -> list[integrity.RunningContext]:
    """Who of a cohort studies at this moment."""
    rows = StudySession.objects.filter(enrolment__cohort_id=cohort_id, state=SessionState.OPEN).order_by("pk")
    return [
        integrity.RunningContext(
            person_id=row.person_id,
            enrolment_id=row.enrolment_id,
            context=context_of(row),
            device=row.device_fingerprint,
            ip=row.ip,
            facts={"unit": row.unit_id, "position_ms": row.position_ms},
            proof_at=clock.at(row.proven_ms),
        )
        for row in rows
        if not is_silent(row, now)
    ]
