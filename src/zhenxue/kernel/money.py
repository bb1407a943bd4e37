"""Money is whole cents (分); these are the only places where it is split, read and written."""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

from zhenxue.kernel.errors import Invalid

_YUAN = re.compile(r"[¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,2}))?\s*元?")


def format_yuan(cents: int) -> str:
    """``123456`` → ``1,234.56``; without a currency sign."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def parse_yuan(text: str) -> int:
    """``1,234.5``, ``¥1234.50`` or ``1234元`` → cents; raises ``Invalid`` for anything else (never rounds)."""
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise Invalid("kernel.money", "金额请写成数字，单位元，最多两位小数，例如 1600 或 1600.50。")
    return int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))


def percent_of(cents: int, percent: int) -> int:
    """So many per cent of an amount; parts of a cent are dropped, never rounded up."""
    return cents * percent // 100


def split(cents: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts by weight: each part is cut to whole cents, and the parts together are exactly the amount.

    The parts are differences of running totals, so a part depends only on the weights up to it.
    """
    total = sum(weights)
    if cents < 0 or total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("an amount is split by weights that are not negative and not all zero")
    marks = [0, *(cents * so_far // total for so_far in accumulate(weights))]
    return [after - before for before, after in pairwise(marks)]
