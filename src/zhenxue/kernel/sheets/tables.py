"""From rows to records: the header found by its titles, every data row answered."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from zhenxue.kernel.sheets.cells import Row, Sheet, invalid

HEADER_SEARCH_ROWS = 20
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_TITLE_NOISE = re.compile(r"[\s*:★]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column one looks for: any of ``titles`` in the header row.

    ``required`` means the column and each of its cells, unless ``may_be_empty`` frees the cells.
    """

    key: str
    titles: tuple[str, ...]
    required: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One data row: every key of the columns with its text (``""`` when absent) and what is wrong with it."""

    number: int
    values: dict[str, str]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    records: list[Record]
    columns: dict[str, str]  # key → the title found in the file
    header_number: int


def table(sheet: Sheet, columns: Sequence[Column]) -> Table:
    """Find the header row by its titles (within the first 20 rows) and read what follows it.

    Spaces, asterisks, colons, case, full-width forms and bracketed remarks in titles do not matter. Raises ``Invalid``
    naming the required columns that are missing.
    """
    best: dict[str, int] = {}
    at = -1
    for index, row in enumerate(sheet.rows[:HEADER_SEARCH_ROWS]):
        found = _match_titles(row.cells, columns)
        if len(found) > len(best):
            best, at = found, index
    missing = [column.titles[0] for column in columns if column.required and column.key not in best]
    if missing or not best:
        names = "、".join(missing or [column.titles[0] for column in columns])
        raise invalid("columns", f"表头里没有找到这些列：{names}。请下载模板，按模板的列名填写。")
    header = sheet.rows[at]
    records = [
        _record(row, columns, best)
        for row in sheet.rows[at + 1 :]
        if row.cells != header.cells and (any(row.cells) or row.problems)
    ]
    if not records:
        raise invalid("no_rows", "表头下面没有数据行，请填写后再导入。")
    return Table(records, {key: header.cells[index] for key, index in best.items()}, header.number)


def _normal_title(text: str) -> str:
    return _TITLE_NOISE.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", text))).casefold()


def _match_titles(cells: list[str], columns: Sequence[Column]) -> dict[str, int]:
    """Key → column index, each index used once; an exact title beats one that fits only after its remark is dropped."""
    found: dict[str, int] = {}
    taken: set[int] = set()
    exact = [unicodedata.normalize("NFKC", cell).casefold().strip() for cell in cells]
    loose = [_normal_title(cell) for cell in cells]
    for titles in (exact, loose):
        for column in columns:
            wanted = {unicodedata.normalize("NFKC", title).casefold() for title in column.titles}
            wanted |= {_normal_title(title) for title in column.titles}
            if column.key in found:
                continue
            index = next((index for index, title in enumerate(titles) if title in wanted and index not in taken), None)
            if index is not None:
                found[column.key] = index
                taken.add(index)
    return found


def _record(row: Row, columns: Sequence[Column], where: dict[str, int]) -> Record:
    values: dict[str, str] = {}
    problems: list[str] = []
    for column in columns:
        index = where.get(column.key)
        values[column.key] = row.cells[index] if index is not None and index < len(row.cells) else ""
        if index is None:
            continue
        if index in row.problems:
            problems.append(f"“{column.titles[0]}”：{row.problems[index]}")
        elif column.required and not column.may_be_empty and not values[column.key]:
            problems.append(f"缺少“{column.titles[0]}”")
    return Record(row.number, values, problems)
