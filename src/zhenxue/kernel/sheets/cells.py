"""Rows and cells: the shapes, the limits, and how a cell's value becomes text."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field

from zhenxue.kernel.errors import Invalid

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 120 * 1024 * 1024
MAX_PARTS = 2000
MAX_COLUMNS = 100
MAX_CELL_CHARACTERS = 20_000
#: A double keeps 15 decimal digits; a longer number has lost its tail in the spreadsheet already.
EXACT_NUMBER = 10**15

FORMULA = "公式单元格，请改为数值"
LONG_NUMBER = "数字太长，末尾已被表格软件改掉，请把这一列设为“文本”格式后重新填写"
ERROR_VALUE = "单元格是错误值 {0}，请改为正确内容"
TOO_LONG = f"内容超过 {MAX_CELL_CHARACTERS} 字，请缩短"

_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?(1[4-9]|[2-9]\d)")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_INVISIBLE = {ord(mark): None for mark in "\ufeff\u200b\u200c\u200d\u2060"}
_BLANKS = " \t\r\n\f\v\u3000\xa0"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank. ``number`` is the one the spreadsheet program shows (from 1), ``problems`` maps a column
    index (from 0) to what is wrong with its cell; such a cell reads as ``""``."""

    number: int
    cells: list[str]
    problems: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of the first visible sheet that holds anything."""

    title: str
    rows: list[Row]


def text_of(value: object) -> tuple[str, str]:
    """A cell's value as text, and what is wrong with it."""
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), ""
    if isinstance(value, int | float):
        if abs(value) >= EXACT_NUMBER:
            return "", LONG_NUMBER
        return (str(int(value)) if value == int(value) else format(value, ".15g")), ""
    if isinstance(value, dt.datetime):
        return (value.date().isoformat() if value.time() == dt.time() else value.strftime("%Y-%m-%d %H:%M:%S")), ""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat(), ""
    return clean(str(value))


def clean(text: str) -> tuple[str, str]:
    """Text without invisible characters and outer blanks; the shapes that spreadsheets ruin are named."""
    text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = text.translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(mark for mark in text if mark in "\n\t" or unicodedata.category(mark) != "Cc")
    text = text.strip(_BLANKS)
    if _SCIENTIFIC.fullmatch(text):
        return "", LONG_NUMBER
    if text in _ERRORS:
        return "", ERROR_VALUE.format(text)
    if len(text) > MAX_CELL_CHARACTERS:
        return "", TOO_LONG
    return text, ""


def trimmed(cells: list[str]) -> list[str]:
    """The cells without the empty ones at the end."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def check_count(count: int, max_rows: int) -> None:
    if count > max_rows:
        raise invalid("too_many_rows", f"表格超过 {max_rows:,} 行，请拆成几个文件再导入。")


def invalid(code: str, message: str) -> Invalid:
    return Invalid(f"kernel.sheet_{code}", message, fields={"file": message})
