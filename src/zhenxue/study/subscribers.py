"""What ``study`` listens to."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from zhenxue.identity.data import Actor
from zhenxue.integrity.data import RulingKind
from zhenxue.study import operations
from zhenxue.study.operations import presence


def on_cohort_closed(*, cohort_id: int, now: datetime, **_: Any) -> None:
    """Settles and ends the open sessions of a cohort in the transaction that closes it."""
    operations.close_sessions_of_cohort(cohort_id=cohort_id, now=now)


def on_enrolment_left(*, enrolment_id: int, cohort_id: int, now: datetime, **_: Any) -> None:
    """The same for one learner who leaves."""
    operations.close_sessions_of_cohort(cohort_id=cohort_id, enrolment_id=enrolment_id, now=now)


def on_coverage_corrected(*, enrolment_id: int, unit_id: int, now: datetime, **_: Any) -> None:
    """An open session follows once the correction is durable: a session is locked before its coverage, never after."""
    transaction.on_commit(partial(operations.follow_ledger, enrolment_id=enrolment_id, unit_id=unit_id, now=now))


def on_sign_in_ended(*, sign_in_ids: Sequence[int], now: datetime, **_: Any) -> None:
    """What was opened under a sign-in ends with it, once its end is durable (a study session is locked before anything
    else) and without standing in its way: settling finds it again within the minute."""
    end = partial(operations.end_sessions_of_sign_ins, sign_in_ids=sign_in_ids, now=now)
    transaction.on_commit(end, robust=True)


def on_ruling_made(
    *,
    incident_id: int,
    ruling: RulingKind,
    enrolment_id: int | None,
    since: datetime | None,
    until: datetime | None,
    overturned: bool,
    actor: Actor,
    now: datetime,
    **_: Any,
) -> None:
    """Hours that a ruling withdraws are taken back in its transaction, and put back when an appeal overturns it."""
    if ruling is not RulingKind.WITHDRAW or enrolment_id is None or since is None or until is None:
        return
    if overturned:
        operations.put_back_ruled(enrolment_id=enrolment_id, incident_id=incident_id, actor=actor, now=now)
        return
    operations.withdraw_ruled(
        enrolment_id=enrolment_id, incident_id=incident_id, since=since, until=until, actor=actor, now=now
    )


def on_check_asked(*, context: str, cause: str, now: datetime, **_: Any) -> None:
    """The clock of a study session stands while a presence check is open, whoever asked it."""
    if session_id := presence.session_of(context):
        presence.hold(session_id=session_id, cause=cause, now=now)


def on_check_passed(*, context: str, now: datetime, **_: Any) -> None:
    """Presence was shown: the clock goes on."""
    if session_id := presence.session_of(context):
        presence.free(session_id=session_id, now=now)


def on_check_missed(
    *, check_id: int, context: str, proof_at: datetime, asked_at: datetime, now: datetime, **_: Any
) -> None:
    """Presence was not shown: what counted since the last proof no longer does."""
    if session_id := presence.session_of(context):
        presence.take_back(check_id=check_id, session_id=session_id, proof_at=proof_at, asked_at=asked_at, now=now)


def on_check_made_up(*, enrolment_id: int | None, missed_check_id: int, now: datetime, **_: Any) -> None:
    """A missed check was made up in time."""
    if enrolment_id is not None:
        presence.give_back(enrolment_id=enrolment_id, missed_check_id=missed_check_id, now=now)
