"""xlsx: bounded before it is parsed, streamed, with merged cells and formulas seen to."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import column_index_from_string as column_index
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.utils.exceptions import InvalidFileException

from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.sheets.cells import (
    FORMULA,
    MAX_COLUMNS,
    Row,
    Sheet,
    check_count,
    invalid,
    text_of,
    trimmed,
)
from zhenxue.kernel.sheets.package import check_package

MAX_MERGES = 20_000
#: They never lie over each other, so that a row meets no more than it has columns.
MAX_MERGES_IN_ROW = MAX_COLUMNS
#: What a sheet of any office program has at most.
MAX_SHEET_ROWS = 1_048_576
#: Elements of a sheet outside its rows (merges, links), or inside one.
MAX_ELEMENTS = 300_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"


def read_workbook(data: bytes, max_rows: int) -> Sheet:
    return next(_sheets(data, max_rows))


def read_workbooks_sheets(data: bytes, max_rows: int) -> list[Sheet]:
    """Every visible sheet that holds anything; ``max_rows`` counts over all of them."""
    return list(_sheets(data, max_rows))


def _sheets(data: bytes, max_rows: int) -> Iterator[Sheet]:
    left = max_rows
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            check_package(package, data)
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    continue
                part: str = cast(
                    Any, sheet
                )._worksheet_path  # the part it streams from; openpyxl has no public name for it
                rows = list(_xlsx_rows(package, part, sheet, left, max_rows))
                if rows:
                    left -= len(rows)
                    yield Sheet(sheet.title, rows)
    except Invalid:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        SyntaxError,  # of either XML parser that openpyxl may use
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        # openpyxl lets whatever its parsers meet in a broken package through; all of it means the same to the person.
        raise invalid("broken", "表格文件已损坏，读不出内容。请用表格软件打开，另存为 .xlsx 后再导入。") from error
    if left == max_rows:
        raise invalid("empty", "表格里没有内容，请检查是否选错了文件。")


@dataclass(slots=True)
class _Marks:
    """What the value reader does not tell: merged ranges and formulas without a cached value."""

    merges: list[tuple[int, int, int, int]]  # min_row, min_col, max_row, max_col; from 1
    formulas: dict[int, set[int]]  # row → columns; from 1


def _scan_marks(package: zipfile.ZipFile, part: str, left: int, max_rows: int) -> _Marks:
    """The marks of a sheet. Raises ``Invalid`` for more than ``left`` rows with a value, or for a sheet that no program
    writes: what is kept of it while it is read stays small."""
    marks = _Marks([], {})
    elements = rows = filled = 0
    has_value = False
    with package.open(part.lstrip("/")) as stream:
        for _, element in ElementTree.iterparse(stream):
            name = element.tag.removeprefix(_MAIN).removeprefix(_STRICT)
            elements += 1
            if name == "c":
                _mark_formula(element, marks)
                has_value = has_value or any(_has_value(child) for child in element)
            elif name == "mergeCell" and len(marks.merges) < MAX_MERGES:
                min_col, min_row, max_col, max_row = cast(
                    tuple[int, int, int, int], range_boundaries(element.get("ref", ""))
                )
                if min_col <= MAX_COLUMNS:
                    marks.merges.append((min_row, min_col, max_row, max_col))
            elif name == "row":
                element.clear()
                rows, filled = rows + 1, filled + has_value
                elements, has_value = 0, False
                check_count(max_rows + 1 if filled > left else 0, max_rows)
            if elements > MAX_ELEMENTS or rows > MAX_SHEET_ROWS:
                raise ValueError(f"{elements} elements after {rows} rows")
    marks.merges.sort()
    return marks


def _has_value(child: ElementTree.Element) -> bool:
    return bool(child.text or len(child)) and not child.tag.endswith("}f")


def _mark_formula(element: ElementTree.Element, marks: _Marks) -> None:
    formula = value = None
    for child in element:
        if child.tag.endswith("}f"):
            formula = child
        elif child.tag.endswith("}v"):
            value = child
    reference = element.get("r")
    if formula is None or reference is None or (value is not None and (value.text or element.get("t") == "str")):
        return
    letters, row = coordinate_from_string(reference)
    marks.formulas.setdefault(row, set()).add(column_index(letters))


def _xlsx_rows(package: zipfile.ZipFile, part: str, sheet: Any, left: int, max_rows: int) -> Iterator[Row]:
    marks = _scan_marks(package, part, left, max_rows)
    sheet.reset_dimensions()  # the stated dimension is often wrong
    coming = iter(marks.merges)
    following = next(coming, None)
    active: list[tuple[tuple[int, int, int, int], str]] = []
    count = 0
    values_by_row = sheet.iter_rows(values_only=True, max_row=MAX_SHEET_ROWS, max_col=MAX_COLUMNS)
    for number, values in enumerate(values_by_row, start=1):
        formulas = marks.formulas.get(number, set())
        begins = following is not None and following[0] <= number
        if not formulas and not begins and values.count(None) == len(values):
            continue
        row = _xlsx_row(number, values, formulas)
        while following is not None and following[0] <= number:
            anchor = following[1] - 1
            active.append((following, row.cells[anchor] if anchor < len(row.cells) else ""))
            following = next(coming, None)
            if len(active) > MAX_MERGES_IN_ROW:
                active = [entry for entry in active if entry[0][2] >= number]
                if len(active) > MAX_MERGES_IN_ROW:
                    raise ValueError("merged cells lie over each other")
        if not any(row.cells) and not row.problems:
            continue
        active = [entry for entry in active if entry[0][2] >= number]
        for (_, min_col, _, max_col), text in active:
            _fill(row.cells, min_col - 1, min(max_col, MAX_COLUMNS), text)
        count += 1
        if count > left:
            check_count(max_rows + 1, max_rows)
        yield row


def _fill(cells: list[str], start: int, stop: int, text: str) -> None:
    if not text or start >= stop:
        return
    cells.extend([""] * (stop - len(cells)))
    for index in range(start, stop):
        cells[index] = cells[index] or text


def _xlsx_row(number: int, values: Sequence[object], formulas: set[int]) -> Row:
    cells: list[str] = []
    problems: dict[int, str] = {}
    length = len(values)  # always the same: what nobody filled stands at the end
    while length and values[length - 1] is None:
        length -= 1
    for index, value in enumerate(values[: max(length, *formulas, 0)]):
        text, problem = ("", "") if value is None else text_of(value)
        if index + 1 in formulas:
            text, problem = "", FORMULA
        cells.append(text)
        if problem:
            problems[index] = problem
    return Row(number, trimmed(cells), problems)
