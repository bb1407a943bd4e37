"""Class hours (学时): credited time counted in lessons of so many minutes (45 in the notice, N11)."""

import math
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

TENTH = Decimal("0.1")


def class_hours(seconds: float, *, minutes_per_hour: int) -> Decimal:
    """Credited seconds in class hours, cut (never rounded up) to one tenth."""
    return _class_hours(math.floor(seconds), minutes_per_hour)


@lru_cache(maxsize=16_384)
def _class_hours(seconds: int, minutes_per_hour: int) -> Decimal:
    """Lists ask for four a row, many of them alike."""
    return (Decimal(seconds) / (60 * minutes_per_hour)).quantize(TENTH, rounding=ROUND_DOWN)


def in_words(seconds: int) -> str:
    """A length of time as people say it, to the second: ``24 秒``, ``90 分钟``, ``1 分 30 秒``, ``2 小时 5 分``."""
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    minutes, left = divmod(rest, 60)
    if not minutes:
        return f"{sign}{left} 秒" if left else "0 分钟"
    if minutes < 120:
        return f"{sign}{minutes} 分 {left} 秒" if left else f"{sign}{minutes} 分钟"
    return f"{sign}{minutes // 60} 小时 {minutes % 60} 分" + (f" {left} 秒" if left else "")
