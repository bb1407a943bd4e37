"""Opens and ends study sessions: one per person, the newest only after an explicit hand-over."""

import datetime as dt
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction

from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.data import EndReason, Opened, SessionState
from zhenxue.study.errors import StudyingElsewhere
from zhenxue.study.models import StudySession
from zhenxue.study.operations.settling import (
    SILENT_MS,
    day_end_ms,
    end_locked,
    lock_session,
    locked_sessions,
    milliseconds,
    sign_in_is_over,
)
from zhenxue.study.policies import check_can_open, check_owns
from zhenxue.study.queries import describe_open, get_planned_unit
from zhenxue.training import api as training


def open_session(
    *,
    actor: Actor,
    enrolment_id: int,
    unit_id: int,
    sign_in_digest: str,
    sign_in_id: int | None = None,
    tab: str = "",
    device: str = "",
    ip: str | None = None,
    take_over: bool = False,
    now: dt.datetime,
) -> Opened:
    """Opens a study session and hands out its first ticket.

    A session that the same page left behind (same ``tab`` under the same sign-in: a reload), or that has been silent
    for long, ends quietly. Another one ends only with ``take_over``; without it ``StudyingElsewhere`` is raised, and
    nothing changes. Raises ``Refused`` when the learner may not study now, ``NotFound`` for a unit outside the plan.
    """
    with transaction.atomic():
        enrolment = training.get_enrolment(actor, enrolment_id)
        check_can_open(actor, enrolment, now)
        unit = get_planned_unit(enrolment.cohort_id, unit_id)
        _end_former(
            person_id=enrolment.person_id,
            sign_in_digest=sign_in_digest,
            tab=tab,
            take_over=take_over,
            device=device,
            actor=actor,
            now=now,
        )
        rules = training.rules_of(enrolment.cohort)
        known = ledger.find_coverage(enrolment_id, unit_id)
        covered = [(start, end) for start, end in known.covered] if known else []
        position_ms = known.position_ms if known else 0
        now_ms = milliseconds(now)
        last_day = enrolment.cohort.ends_on + dt.timedelta(days=1)
        finish_ms = ledger.required_seconds(unit.seconds, rules) * 1000
        session = StudySession(
            person_id=enrolment.person_id,
            enrolment=enrolment,
            unit=unit,
            account_id=actor.account_id,
            sign_in_id=sign_in_id,
            sign_in_digest=sign_in_digest,
            tab=tab[:40],
            device=device[:80] or "未知设备",
            ip=ip,
            opened_at=now,
            paced=unit.kind == UnitKind.VIDEO,
            unit_ms=unit.seconds * 1000,
            finish_ms=0 if unit.kind == UnitKind.SELF_TEST else finish_ms,
            beat_ms=rules["beat_seconds"] * 1000,
            max_gap_ms=rules["max_gap_seconds"] * 1000,
            max_rate_percent=rules["max_rate_percent"],
            idle_ms=rules["idle_seconds"] * 1000,
            counts_until_ms=milliseconds(clock.start_of_day(last_day)),
            cap_ms=ledger.daily_cap_ms(rules),
            ticket_digest="",
            clock_ms=now_ms,
            last_beat_ms=now_ms,
            position_ms=position_ms,
            covered=protocol.encode_covered(covered),
            credited_ms=known.credited_ms if known else 0,
            day_end_ms=day_end_ms(now),
            day_left_ms=ledger.day_left_ms(person_id=enrolment.person_id, rules=rules, now=now),
            settled_ms=now_ms,
        )
        ticket = _insert_with_ticket(session)
        evidence.record(
            kind="study.opened",
            actor=actor,
            subject=f"enrolment:{enrolment_id}",
            about=[f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}"],
            body={
                "session": session.pk,
                "unit": unit_id,
                "title": unit.title,
                "device": session.device,
                "position_ms": position_ms,
            },
            now=now,
        )
        return Opened(
            session_id=session.pk,
            number=0,
            ticket=ticket,
            position_ms=position_ms,
            seen_to_ms=coverage.reach(covered),
            unit_ms=session.unit_ms,
            credited_seconds=session.credited_ms // 1000,
            beat_seconds=rules["beat_seconds"],
            max_gap_seconds=rules["max_gap_seconds"],
            max_rate_percent=rules["max_rate_percent"],
            idle_seconds=rules["idle_seconds"],
            day_left_seconds=session.day_left_ms // 1000,
            finished=known is not None and known.finished_at is not None,
            paced=session.paced,
        )


def close_session(
    *, actor: Actor, session_id: int, sign_in_digest: str, now: dt.datetime, reason: EndReason = EndReason.LEFT
) -> None:
    """Ends the learner's own session and settles it; a session that has ended already stays as it is."""
    with transaction.atomic():
        session = lock_session(session_id)
        if session.state == SessionState.OPEN:
            check_owns(actor, session, sign_in_digest)
            end_locked(session, reason=reason, now=now)


def end_session(*, session_id: int, reason: EndReason, now: dt.datetime) -> None:
    """Ends a session on the system's own account; idempotent."""
    with transaction.atomic():
        session = lock_session(session_id)
        if session.state == SessionState.OPEN:
            end_locked(session, reason=reason, now=now)


def hand_over(*, actor: Actor, device: str = "", now: dt.datetime) -> None:
    """Ends whatever session the person has open: the confirmation of the hand-over page."""
    with transaction.atomic():
        for session in _open_of(actor.person_id or 0):
            _record_hand_over(session, actor=actor, device=device, now=now)
            end_locked(session, reason=EndReason.HANDED_OVER, now=now)


def close_sessions_of_cohort(*, cohort_id: int, enrolment_id: int | None = None, now: dt.datetime) -> None:
    """Settles and ends all open sessions when a cohort closes (or one learner leaves), in that same transaction."""
    with transaction.atomic():
        rows = locked_sessions().filter(enrolment__cohort_id=cohort_id, state=SessionState.OPEN)
        if enrolment_id is not None:
            rows = rows.filter(enrolment_id=enrolment_id)
        for session in rows.order_by("pk"):
            end_locked(session, reason=EndReason.COHORT_CLOSED, now=now)


def _open_of(person_id: int) -> list[StudySession]:
    return list(locked_sessions().filter(person_id=person_id, state=SessionState.OPEN))


def _end_former(
    *, person_id: int, sign_in_digest: str, tab: str, take_over: bool, device: str, actor: Actor, now: dt.datetime
) -> None:
    for former in _open_of(person_id):
        same_page = bool(tab) and former.tab == tab[:40] and former.sign_in_digest == sign_in_digest
        if sign_in_is_over(former):
            end_locked(former, reason=EndReason.SIGNED_OUT, now=now)
        elif same_page:
            end_locked(former, reason=EndReason.RESUMED, now=now)
        elif milliseconds(now) - former.last_beat_ms > max(SILENT_MS, 3 * former.max_gap_ms):
            end_locked(former, reason=EndReason.SILENT, now=now)
        elif take_over:
            _record_hand_over(former, actor=actor, device=device, now=now)
            end_locked(former, reason=EndReason.HANDED_OVER, now=now)
        else:
            raise StudyingElsewhere(describe_open(former))


def _record_hand_over(former: StudySession, *, actor: Actor, device: str, now: dt.datetime) -> None:
    evidence.record(
        kind="study.handed_over",
        actor=actor,
        subject=f"enrolment:{former.enrolment_id}",
        about=[f"cohort:{former.enrolment.cohort_id}", f"person:{former.person_id}"],
        body={
            "session": former.pk,
            "unit": former.unit_id,
            "title": former.unit.title,
            "from_device": former.device,
            "to_device": device[:80],
        },
        now=now,
    )


def _insert_with_ticket(session: StudySession) -> str:
    try:
        with transaction.atomic():
            session.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("study.elsewhere", "你刚刚在另一个页面打开了学习，请刷新本页再试。") from error
    ticket = protocol.make_ticket(
        protocol.ticket_key(settings.SECRET_KEY),
        session_id=session.pk,
        unit_id=session.unit_id,
        number=1,
        position_ms=session.position_ms,
        previous=secrets.token_urlsafe(24),
    )
    session.ticket_digest = protocol.digest(ticket)
    session.save(update_fields=["ticket_digest"])
    return ticket
