"""xlsx out: what people download, safe to open."""

import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from zhenxue.kernel.clock import CIVIL_ZONE

if TYPE_CHECKING:
    from openpyxl.cell import Cell

_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")

type CellValue = str | int | float | Decimal | dt.date | dt.datetime | None


def write_xlsx(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[CellValue]],
    notes: Sequence[str] = (),
    *,
    as_text: bool = False,
) -> bytes:
    """An xlsx file with one sheet (and a second one with ``notes``, if any).

    Text that begins with ``= + - @`` or a tab is stored as text and marked so, hence it never runs as a formula. With
    ``as_text`` the columns are formatted as text, so that long numbers typed into a template stay whole. Aware moments
    are written in Chinese civil time.
    """
    # loaded here: every process would start a quarter of a second later
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_SHEET_NAME.sub(" ", title)[:31] or "表")
    sheet.freeze_panes = "A2"
    body = [list(row) for row in rows]
    for index, name in enumerate(header):
        widest = max([_width(name), *(_width(row[index]) for row in body[:200] if index < len(row))])
        dimension = sheet.column_dimensions[get_column_letter(index + 1)]
        dimension.width = min(max(widest + 3, 8), 60)
        if as_text:
            dimension.number_format = "@"
    sheet.append([_cell(sheet, name, bold=True) for name in header])
    for row in body:
        sheet.append([_cell(sheet, value) for value in row])
    if notes:
        second = book.create_sheet("填写说明")
        second.column_dimensions["A"].width = 100
        for note in notes:
            second.append([_cell(second, note)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _cell(sheet: Any, value: CellValue, *, bold: bool = False) -> "Cell":
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(CIVIL_ZONE).replace(tzinfo=None)
    if isinstance(value, str):
        value = "".join(mark for mark in value if mark in "\n\t" or unicodedata.category(mark) != "Cc")[:32_767]
    cell: Cell = WriteOnlyCell(sheet, value=cast(Any, value))
    if isinstance(value, str) and value:
        cell.data_type = "s"
        if value[0] in "=+-@\t":
            cell.quotePrefix = True
        elif value.isdigit() and len(value) > 11:
            cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _width(value: CellValue) -> int:
    return max((sum(2 if ord(mark) > 255 else 1 for mark in line) for line in str(value or "").split("\n")), default=0)
