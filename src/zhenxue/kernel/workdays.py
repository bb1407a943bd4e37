"""Working days in China: weekends, public holidays and the Saturdays and Sundays worked in their place.

The days come from the ``chinesecalendar`` package, which carries the State Council's yearly notice. For a year whose
notice is not out yet, Monday to Friday count.
"""

import datetime as dt

import chinese_calendar  # type: ignore[import-untyped]  # the package ships no types
from chinese_calendar.constants import holidays  # type: ignore[import-untyped]  # see above

#: The years whose notice the installed package knows.
FIRST_YEAR, LAST_YEAR = min(holidays).year, max(holidays).year


def is_working_day(day: dt.date) -> bool:
    """Whether offices work on a civil day."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5


def after_working_days(day: dt.date, days: int) -> dt.date:
    """The last day of a term of so many working days that begins on the day after ``day``; 0 gives ``day`` itself."""
    for _ in range(days):
        day += dt.timedelta(days=1)
        while not is_working_day(day):
            day += dt.timedelta(days=1)
    return day
