"""Spreadsheets in and out: what people really send (xlsx and csv, dirty), read row by row with an answer per row.

Reading is bounded before it is parsed: size of the file, size and number of the parts it unpacks to, rows and columns.
"""

from zhenxue.kernel.sheets.cells import FORMULA, LONG_NUMBER, TOO_LONG, Row, Sheet
from zhenxue.kernel.sheets.reading import Readable, read_sheet, read_sheets
from zhenxue.kernel.sheets.tables import Column, Record, Table, table
from zhenxue.kernel.sheets.writing import CellValue, write_xlsx

__all__ = [
    "FORMULA",
    "LONG_NUMBER",
    "TOO_LONG",
    "CellValue",
    "Column",
    "Readable",
    "Record",
    "Row",
    "Sheet",
    "Table",
    "read_sheet",
    "read_sheets",
    "table",
    "write_xlsx",
]
