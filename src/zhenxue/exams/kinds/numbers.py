"""Numbers as people write them, tolerances, and the texts of blanks made comparable. Pure."""

import math
import re
import unicodedata
from decimal import Decimal, InvalidOperation

LONGEST_NUMBER = 40
_PLAIN = re.compile(r"[+-]?(\d{1,15}(\.\d{0,12})?|\.\d{1,12})(e[+-]?\d{1,2})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d{0,12})?", re.ASCII)
_FRACTION = re.compile(r"([+-]?)(\d{1,9})/(\d{1,9})", re.ASCII)
_TOLERANCE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(%?)", re.ASCII)
_WITH_UNIT = re.compile(r"([+-]?[\d.,]+(?:e[+-]?\d{1,2})?)(\D.{0,7})", re.ASCII)
_DIGITS = {mark: value for value, mark in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_UNITS = {
    "毫米": "mm", "厘米": "cm", "分米": "dm", "千米": "km", "公里": "km", "微米": "μm", "米": "m",
    "毫克": "mg", "千克": "kg", "公斤": "kg", "克": "g", "吨": "t", "毫升": "ml", "升": "l",
    "千伏": "kv", "伏特": "v", "伏": "v", "毫安": "ma", "安培": "a", "安": "a", "欧姆": "ω", "欧": "ω", "千瓦": "kw",
    "瓦特": "w", "瓦": "w", "赫兹": "hz", "赫": "hz", "摄氏度": "°c", "℃": "°c", "分钟": "min", "小时": "h", "秒": "s",
    "兆帕": "mpa", "帕": "pa", "牛顿": "n", "牛": "n",
}  # fmt: skip


def fold(text: str) -> str:
    """A text without what people do not mean: width, case, blanks, marks at the ends."""
    folded = unicodedata.normalize("NFKC", text.replace("℃", "°C")).casefold()
    kept = "".join(mark for mark in folded if not mark.isspace() and mark.isprintable())
    return kept.strip("。.，,;；:：、!！?？\"'“”‘’") if kept.strip("。.，,;；:：、!！?？\"'“”‘’") else kept


def fold_with_unit(text: str) -> str:
    """As ``fold``; a number's unit in its one form: ``10 毫米`` is ``10mm``."""
    folded = fold(text)
    found = _WITH_UNIT.fullmatch(folded)
    if found is None:
        return folded
    value = read_number(found[1])
    return f"{normal(value)}{_UNITS.get(found[2], found[2])}" if value is not None else folded


def read_number(text: str, unit: str = "") -> Decimal | None:
    """A number in digits (any width, thousands, exponent, fraction) or Chinese numerals, perhaps with its unit."""
    if len(text) > LONGEST_NUMBER:
        return None
    folded = fold(text).replace("×10^", "e").replace("x10^", "e").replace("−", "-")
    if unit:
        wanted = fold(unit)
        for tail in {wanted, *(word for word, sign in _UNITS.items() if sign == wanted), _UNITS.get(wanted, wanted)}:
            if tail and folded.endswith(tail) and folded != tail:
                folded = folded.removesuffix(tail)
                break
    if _GROUPED.fullmatch(folded):
        folded = folded.replace(",", "")
    if _PLAIN.fullmatch(folded):
        try:
            return Decimal(folded)
        except InvalidOperation:
            return None
    if (found := _FRACTION.fullmatch(folded)) and int(found[3]):
        value = Decimal(found[2]) / Decimal(found[3])
        return -value if found[1] == "-" else value
    return _chinese(folded)


def _chinese(text: str) -> Decimal | None:
    """``十二``, ``一百零五``, ``三千二百``, ``两万``, ``三点五``, ``负二``; ``None`` for anything else."""
    sign = -1 if text.startswith("负") else 1
    whole, dot, part = text.removeprefix("负").partition("点")
    if not whole or (dot and not part) or set(part) - set(_DIGITS):
        return None
    value = _chinese_whole(whole)
    if value is None:
        return None
    tail = "".join(str(_DIGITS[mark]) for mark in part)
    return sign * Decimal(f"{value}.{tail}" if tail else value)


def _chinese_whole(text: str) -> int | None:
    high, has_ten_thousands, low = text.rpartition("万")
    if has_ten_thousands:
        above = _below_ten_thousand(high)
        below = _below_ten_thousand(low) if low else 0
        return None if above is None or below is None else above * 10_000 + below
    return _below_ten_thousand(text)


def _below_ten_thousand(text: str) -> int | None:
    if not text or set(text) - set(_DIGITS) - set(_TENS):
        return None
    if not set(text) & set(_TENS):
        return int("".join(str(_DIGITS[mark]) for mark in text)) if len(text) <= 9 else None
    total, digit, last = 0, None, 10_000
    for mark in text:
        if mark in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[mark]
        else:
            if _TENS[mark] >= last:
                return None
            last = _TENS[mark]
            total += (1 if digit is None and not total else digit or 0) * last
            digit = None
    return total + (digit or 0)


def normal(value: Decimal) -> str:
    """A number as text: no exponent, no zeros at the end."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-", "-0"} else text


def tolerance_problem(text: str) -> str:
    """What is wrong with a tolerance, in words; nothing when it is empty, absolute or per cent."""
    if not text or _TOLERANCE.fullmatch(fold_tolerance(text)):
        return ""
    return "允许误差请填数字（如 0.5）或百分比（如 2%）。"


def fold_tolerance(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "").removeprefix("±")


def is_near(value: Decimal, wanted: Decimal, tolerance: str) -> bool:
    """Whether a number is the wanted one within an absolute or relative (``2%``) tolerance; without one they must be
    the same to ten digits."""
    found = _TOLERANCE.fullmatch(fold_tolerance(tolerance)) if tolerance else None
    if found is None:
        return math.isclose(value, wanted, rel_tol=1e-10, abs_tol=1e-12)
    room = Decimal(found[1])
    return abs(value - wanted) <= (abs(wanted) * room / 100 if found[2] else room)
