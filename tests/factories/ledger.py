"""Time in the ledger: credited and refused stretches of one learner, booked through ``ledger.credit``."""

import datetime as dt

from tests.factories.study import BEGIN, make_studying, units_of
from tests.factories.training import Running
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, Credited, Reason


def book(
    running: Running,
    start: int,
    end: int,
    *,
    at: dt.datetime = BEGIN,
    lasted: int | None = None,
    reason: Reason = Reason.NONE,
    unit: int = 0,
    learner: int = 0,
) -> Credited:
    """Content from second to second of a unit, learnt from ``at`` on, by default in real time."""
    ended = at + dt.timedelta(seconds=end - start if lasted is None else lasted)
    return ledger.credit(
        enrolment_id=running.enrolments[learner].pk,
        unit_id=units_of(running)[unit].pk,
        claims=[Claim(start * 1000, end * 1000, at, ended, reason)],
        source="study:1",
        now=ended,
    )


def after(seconds: int) -> dt.datetime:
    """So many seconds after study began."""
    return BEGIN + dt.timedelta(seconds=seconds)


def make_mixed_day(*, learners: int = 1) -> Running:
    """Five minutes credited, then two minutes hidden."""
    running = make_studying(learners=learners)
    book(running, 0, 300)
    book(running, 300, 300, at=after(300), lasted=120, reason=Reason.HIDDEN)
    return running
