"""csv: the encodings and separators that Chinese offices really produce."""

import codecs
import csv
import io
import re

from zhenxue.kernel.sheets.cells import FORMULA, MAX_COLUMNS, Row, Sheet, check_count, clean, invalid, trimmed

_EXCEL_TEXT = re.compile(r'="([^"]*)"')


def read_text(data: bytes, max_rows: int) -> Sheet:
    text = _decode(data)
    if "\0" in text:
        raise invalid("binary_text", "文件不是文本表格。请选择 .xlsx 或 .csv 文件。")
    rows: list[Row] = []
    try:
        for number, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)), start=1):
            row = _csv_row(number, values)
            if any(row.cells) or row.problems:
                rows.append(row)
                check_count(len(rows), max_rows)
    except csv.Error as error:
        raise invalid("broken_csv", "CSV 文件的引号或分隔符不成对，读不出内容。请另存为 .xlsx 后再导入。") from error
    if not rows:
        raise invalid("empty", "表格里没有内容，请检查是否选错了文件。")
    return Sheet("", rows)


def _decode(data: bytes) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encodings = ["utf-16"] if utf16 else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise invalid("encoding", "文件的文字编码认不出来。请另存为 UTF-8 编码的 CSV，或另存为 .xlsx 后再导入。")


def _delimiter(text: str) -> str:
    head = "\n".join(text.splitlines()[:5])
    outside = re.sub(r'"[^"]*"', "", head)
    return max(",\t;", key=lambda mark: (outside.count(mark), mark == ","))


def _csv_row(number: int, values: list[str]) -> Row:
    cells: list[str] = []
    problems: dict[int, str] = {}
    for index, value in enumerate(values[:MAX_COLUMNS]):
        quoted = _EXCEL_TEXT.fullmatch(value.strip())
        text, problem = clean(quoted[1] if quoted else value)
        if text.startswith("=") and not quoted:
            text, problem = "", FORMULA
        cells.append(text)
        if problem:
            problems[index] = problem
    return Row(number, trimmed(cells), problems)
