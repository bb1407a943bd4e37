"""Class hours (学时): credited time counted in lessons of so many minutes (45 in the notice, N11)."""

import math
from decimal import ROUND_DOWN, Decimal

TENTH = Decimal("0.1")


def class_hours(seconds: float, *, minutes_per_hour: int) -> Decimal:
    """Credited seconds in class hours, cut (never rounded up) to one tenth."""
    return (Decimal(math.floor(seconds)) / (60 * minutes_per_hour)).quantize(TENTH, rounding=ROUND_DOWN)


def seconds_of(hours: Decimal, *, minutes_per_hour: int) -> int:
    """How many seconds so many class hours last."""
    return int(hours * minutes_per_hour * 60)
