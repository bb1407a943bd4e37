"""Ends study sessions: by the page, by a hand-over, with the cohort."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.study.data import EndReason, SessionState
from zhenxue.study.models import StudySession
from zhenxue.study.operations.settling import end_locked, lock_session, locked_sessions
from zhenxue.study.policies import check_owns


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
        for session in open_of(actor.person_id or 0):
            record_hand_over(session, actor=actor, device=device, now=now)
            end_locked(session, reason=EndReason.HANDED_OVER, now=now)


def close_sessions_of_cohort(*, cohort_id: int, enrolment_id: int | None = None, now: dt.datetime) -> None:
    """Settles and ends all open sessions when a cohort closes (or one learner leaves), in that same transaction."""
    with transaction.atomic():
        rows = locked_sessions().filter(enrolment__cohort_id=cohort_id, state=SessionState.OPEN)
        if enrolment_id is not None:
            rows = rows.filter(enrolment_id=enrolment_id)
        for session in rows.order_by("pk"):
            end_locked(session, reason=EndReason.COHORT_CLOSED, now=now)


def end_sessions_of_sign_ins(*, sign_in_ids: Sequence[int], now: dt.datetime) -> None:
    """Settles and ends the open sessions of sign-ins that are over."""
    with transaction.atomic():
        rows = locked_sessions().filter(sign_in_id__in=sign_in_ids, state=SessionState.OPEN)
        for session in rows.order_by("pk"):
            end_locked(session, reason=EndReason.SIGNED_OUT, now=now)


def open_of(person_id: int) -> list[StudySession]:
    """The person's open sessions (there is at most one), held by this transaction."""
    return list(locked_sessions().filter(person_id=person_id, state=SessionState.OPEN))


def record_hand_over(former: StudySession, *, actor: Actor, device: str, now: dt.datetime) -> None:
    """The log entry of a confirmed hand-over."""
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
