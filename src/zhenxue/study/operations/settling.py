"""Brings the ledger up to date with the beats of a session; repeatable, for the mark is written with the booking."""

import datetime as dt
import logging
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F, Q, QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.prepared import Prepared
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, Reason, coverage
from zhenxue.study.data import EndReason, SessionState
from zhenxue.study.errors import NoSuchSession
from zhenxue.study.models import Beat, StudySession
from zhenxue.study.protocol import encode_covered, refusals

log = logging.getLogger(__name__)

#: Reasons that the ledger finds by itself from the same claim; the others only the protocol can know.
LEDGER_REASONS = frozenset({Reason.NONE, Reason.ALREADY_COUNTED, Reason.UNIT_FULL, Reason.DAILY_CAP})
#: Reasons that clip a stretch: what was clipped is written down beside what counts.
CLIPPING_REASONS = frozenset({Reason.CLOCK, Reason.GAP, Reason.NO_KEY, Reason.PAGE_FULL})
#: An open session without a beat for this long, and for so many of its longest gaps, is over.
SILENT_MS, SILENT_GAPS = 90_000, 3
SETTLE_EVERY_MS = 60_000
#: No two machines of ours differ by so much; older beats (older partitions) cannot be of the session.
CLOCKS_APART_MS = 86_400_000


def locked_sessions() -> QuerySet[StudySession]:
    """Session rows held by this transaction, with the rows that ending one needs."""
    return StudySession.objects.select_for_update(of=("self",)).select_related("enrolment", "unit", "sign_in")


def lock_session(session_id: int) -> StudySession:
    """One session row, held by this transaction; raises ``NoSuchSession``."""
    for found in _locked(session_id):
        return found
    raise NoSuchSession


_locked = Prepared(lambda session_id: locked_sessions().filter(pk=session_id))


def settle(*, session_id: int, now: dt.datetime) -> int:
    """Books the beats that the ledger does not know yet; returns the seconds that now count anew."""
    with transaction.atomic():
        session = lock_session(session_id)
        gained = settle_locked(session, now=now)
        if session.state == SessionState.OPEN and sign_in_is_over(session):
            end_locked(session, reason=EndReason.SIGNED_OUT, now=now)
        return gained


def settle_locked(session: StudySession, *, now: dt.datetime) -> int:
    """``settle`` for a session row that this transaction holds already."""
    since_ms = clock.milliseconds(session.opened_at) - CLOCKS_APART_MS
    beats = Beat.objects.filter(
        session=session, accepted=True, number__gt=session.settled_number, received_ms__gte=since_ms
    ).order_by("number")
    claims = [claim for beat in beats for claim in _claims(beat)]
    session.refusals, unproven = refusals.take(session.refusals)
    claims += [_unproven(session, *one) for one in unproven]
    session.settled_ms = clock.milliseconds(now)
    gained = 0
    if claims:
        credited = ledger.credit(
            enrolment_id=session.enrolment_id,
            unit_id=session.unit_id,
            claims=claims,
            source=f"study:{session.pk}",
            now=now,
            position_ms=session.position_ms,
            axis_ms=session.slots * session.slot_ms or session.unit_ms,
        )
        gained = credited.seconds
        session.covered = encode_covered(credited.covered)
        session.credited_ms = credited.unit_ms
        session.day_left_ms = credited.day_left_ms
        session.day_end_ms = day_end_ms(now)
    session.settled_number = session.number
    session.save(
        update_fields=[
            "settled_ms",
            "covered",
            "credited_ms",
            "day_left_ms",
            "day_end_ms",
            "settled_number",
            "refusals",
        ]
    )
    return gained


def end_locked(session: StudySession, *, reason: EndReason, now: dt.datetime) -> None:
    """Settles and ends an open session that this transaction holds, with its evidence."""
    settle_locked(session, now=now)
    session.state = SessionState.ENDED
    session.end_reason = reason
    session.ended_at = now
    session.beat_key = ""
    if session.check_nonce and clock.milliseconds(now) - session.check_asked_ms > session.check_answer_ms:
        session.checks_missed += 1
    session.save(update_fields=["state", "end_reason", "ended_at", "beat_key", "checks_missed"])
    evidence.record(
        kind="study.closed",
        actor=SYSTEM,
        subject=f"enrolment:{session.enrolment_id}",
        about=[f"cohort:{session.enrolment.cohort_id}", f"person:{session.person_id}"],
        body={
            "session": session.pk,
            "unit": session.unit_id,
            "title": session.unit.title,
            "reason": str(reason),
            "beats": session.number,
            "unit_seconds": session.credited_ms // 1000,
            "checks_missed": session.checks_missed,
            "refusals": refusals.counts(session.refusals),
        },
        now=now,
    )


def follow_ledger(*, enrolment_id: int, unit_id: int, now: dt.datetime) -> None:
    """Brings an open session up to what the ledger counts of its unit, after a correction took or gave something."""
    with transaction.atomic():
        opened = locked_sessions().filter(enrolment_id=enrolment_id, unit_id=unit_id, state=SessionState.OPEN).first()
        if opened is None:
            return
        before_ms = opened.credited_ms
        set_to = ledger.find_coverage(enrolment_id, unit_id)
        if set_to is not None and coverage.onward(set_to.covered, opened.position_ms) >= set_to.position_ms:
            # all that lies between counts again: the learner goes on behind it
            opened.position_ms = max(opened.position_ms, set_to.position_ms)
        settle_locked(opened, now=now)
        known = ledger.find_coverage(enrolment_id, unit_id)
        if known is not None:
            opened.covered = encode_covered([(start, end) for start, end in known.covered])
            # the distance to the next presence check is time to study, whatever a correction gave or took
            opened.presence_at_ms = max(0, opened.presence_at_ms + known.credited_ms - before_ms)
            opened.credited_ms = known.credited_ms
            opened.save(update_fields=["covered", "credited_ms", "position_ms", "presence_at_ms"])


def sign_in_is_over(session: StudySession) -> bool:
    """Whether the sign-in under which the session was opened has ended (signed out, or signed in elsewhere)."""
    return session.sign_in is not None and session.sign_in.ended_at is not None


def is_silent(session: StudySession, now: dt.datetime) -> bool:
    """Whether an open session has been without a beat for so long that it is over."""
    return clock.milliseconds(now) - session.last_beat_ms > max(SILENT_MS, SILENT_GAPS * session.max_gap_ms)


def settle_stale(*, now: dt.datetime) -> int:
    """Ends sessions that went silent or whose sign-in is over, and settles those that waited too long; returns how
    many.

    Runs once a minute beside the ingest and can run anywhere, any number of times.
    """
    now_ms = clock.milliseconds(now)
    opened = StudySession.objects.filter(state=SessionState.OPEN)
    silent = Q(last_beat_ms__lt=now_ms - F("max_gap_ms") * SILENT_GAPS) & Q(last_beat_ms__lt=now_ms - SILENT_MS)
    gone = Q(sign_in__ended_at__isnull=False)
    behind = Q(number__gt=F("settled_number"), settled_ms__lt=now_ms - SETTLE_EVERY_MS * 2)
    touched = 0
    for session_id in list(opened.filter(silent | gone | behind).values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                session = lock_session(session_id)
                if session.state != SessionState.OPEN:
                    continue
                if sign_in_is_over(session):
                    end_locked(session, reason=EndReason.SIGNED_OUT, now=now)
                elif is_silent(session, now):
                    end_locked(session, reason=EndReason.SILENT, now=now)
                else:
                    settle_locked(session, now=now)
                touched += 1
        except ZhenxueError:
            log.exception("study session %s could not be settled", session_id)
    return touched


def _claims(beat: Beat) -> Iterator[Claim]:
    began, ended = clock.at(beat.began_ms), clock.at(beat.ended_ms)
    reason = Reason(beat.reason)
    if reason not in LEDGER_REASONS and reason not in CLIPPING_REASONS:
        yield Claim(beat.from_ms, beat.to_ms, began, ended, reason)
        return
    if ended > began:
        yield Claim(beat.from_ms, beat.to_ms, began, ended, rate_percent=max(100, beat.rate_percent))
    beyond_ms = beat.claimed_ms - (beat.to_ms - beat.from_ms)
    if reason in CLIPPING_REASONS and beyond_ms > 0:
        until = clock.at(min(beat.ended_ms + beyond_ms, max(beat.received_ms, beat.ended_ms)))
        yield Claim(beat.to_ms, beat.to_ms, ended, until, reason, claimed_ms=beyond_ms)


def _unproven(session: StudySession, reason: Reason, claimed_ms: int, first_ms: int, last_ms: int) -> Claim:
    """What beats without proof claimed, as one refused stretch that ends when the last of them came."""
    began_ms = max(last_ms - claimed_ms, min(first_ms, last_ms))
    at = session.position_ms
    return Claim(at, at, clock.at(began_ms), clock.at(last_ms), reason, claimed_ms=claimed_ms)


def day_end_ms(now: dt.datetime) -> int:
    """When the civil day of ``now`` ends."""
    return clock.milliseconds(clock.start_of_day(clock.civil_day(now) + dt.timedelta(days=1)))
