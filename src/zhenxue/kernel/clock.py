"""Time: the edge of the system reads the clock here and passes ``now`` down; the domain never reads it."""

import datetime as dt
from zoneinfo import ZoneInfo

CIVIL_ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def now() -> dt.datetime:
    """The present moment, aware, in UTC. Only views, tasks and commands call this."""
    return dt.datetime.now(dt.UTC)


def civil_day(moment: dt.datetime) -> dt.date:
    """The calendar day in China (Asia/Shanghai) in which an aware moment falls."""
    return moment.astimezone(CIVIL_ZONE).date()


def start_of_day(day: dt.date) -> dt.datetime:
    """Midnight in China at which a civil day begins, in UTC."""
    return dt.datetime.combine(day, dt.time(), CIVIL_ZONE).astimezone(dt.UTC)


def milliseconds(moment: dt.datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment."""
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


def at(milliseconds: int) -> dt.datetime:
    """The aware moment of so many milliseconds since 1970, in UTC."""
    return EPOCH + dt.timedelta(milliseconds=milliseconds)
