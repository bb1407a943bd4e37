"""Time in the ledger: credited and refused stretches of one learner, booked through ``ledger.credit``."""

import datetime as dt
from typing import Any

from tests.factories.study import BEGIN, make_studying, units_of
from tests.factories.training import Running
from tests.support.laid import laid
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, Credited, Reason, Window
from zhenxue.ledger.models import CorrectionBatch


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


@laid
def make_outage(*, learners: int = 3, minutes: int = 20) -> Running:
    """A class that studied for five minutes; then the power was away for two, and each page's claim was refused."""
    running = make_studying(learners=learners, minutes=minutes)
    for number in range(learners):
        book(running, 0, 300, learner=number)
        book(running, 300, 300, at=after(300), lasted=120, reason=Reason.GAP, learner=number)
    return running


def outage_of(running: Running, **changes: Any) -> Window:
    """The first unit on the day on which study began."""
    day = clock.civil_day(BEGIN)
    return Window(**{"unit_id": units_of(running)[0].pk, "first_day": day, "last_day": day, **changes})


def make_batch(running: Running, *, now: dt.datetime | None = None, **changes: Any) -> CorrectionBatch:
    """What was refused in the outage, proposed for the whole class by its manager."""
    day = clock.civil_day(BEGIN)
    values: dict[str, Any] = {
        "actor": running.manager,
        "cohort_id": running.cohort.pk,
        "window": outage_of(running),
        "chosen": [(one.pk, day) for one in running.enrolments],
        "reason": "三月二日上午教室停电",
        "leave_out": False,
        "now": now or after(7200),
    }
    return ledger.propose_batch(**{**values, **changes})


@laid
def make_mixed_day(*, learners: int = 1) -> Running:
    """Five minutes credited, then two minutes hidden."""
    running = make_studying(learners=learners)
    book(running, 0, 300)
    book(running, 300, 300, at=after(300), lasted=120, reason=Reason.HIDDEN)
    return running
