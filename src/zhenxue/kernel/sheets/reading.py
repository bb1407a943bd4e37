"""One door for every kind of file; the kind is told by its bytes, not by its name."""

from typing import Protocol

from zhenxue.kernel.sheets import cells
from zhenxue.kernel.sheets.cells import Sheet, invalid
from zhenxue.kernel.sheets.text import read_text


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def read_sheet(source: bytes | Readable, file_name: str, *, max_rows: int = 20_000) -> Sheet:
    """Read an uploaded xlsx or csv (UTF-8 with or without BOM, UTF-16, GBK/GB18030; comma, semicolon or tab).

    Merged cells read as their anchor in every row that holds anything else; formulas as their cached value. Raises
    ``Invalid`` with a message for the person when the file is too large, broken, encrypted, of another kind or empty.
    """
    data = _checked(source, file_name)
    if data.startswith(b"PK"):
        # openpyxl is loaded when a file is read: every process would start a quarter of a second later
        from zhenxue.kernel.sheets.workbook import read_workbook

        return read_workbook(data, max_rows)
    return read_text(data, max_rows)


def read_sheets(source: bytes | Readable, file_name: str, *, max_rows: int = 20_000) -> list[Sheet]:
    """As ``read_sheet``, but every visible sheet that holds anything; ``max_rows`` counts over all of them."""
    data = _checked(source, file_name)
    if data.startswith(b"PK"):
        from zhenxue.kernel.sheets.workbook import read_workbooks_sheets

        return read_workbooks_sheets(data, max_rows)
    return [read_text(data, max_rows)]


def _checked(source: bytes | Readable, file_name: str) -> bytes:
    data = source if isinstance(source, bytes) else source.read(cells.MAX_FILE_BYTES + 1)
    if len(data) > cells.MAX_FILE_BYTES:
        raise invalid("too_large", f"文件超过 {cells.MAX_FILE_BYTES // 1024 // 1024} MB，请拆成几个文件再导入。")
    if not data.strip():
        raise invalid("empty", "文件是空的，请检查后重新选择。")
    head = data[:512].lstrip().lower()
    if data.startswith(b"PK"):
        return data
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise invalid(
            "old_format", "这是旧版 .xls 文件，或设了打开密码。请在表格软件中去掉密码，另存为 .xlsx 后再导入。"
        )
    if head.startswith((b"<", b"\xef\xbb\xbf<")):
        raise invalid("markup", "这个文件其实是网页或 XML。请用表格软件打开，另存为 .xlsx 后再导入。")
    if file_name.lower().endswith((".xlsx", ".xlsm", ".xls")) or data.startswith(b"%PDF"):
        raise invalid("broken", "文件打不开，可能已损坏或不是表格。请用表格软件打开确认，另存为 .xlsx 后再导入。")
    return data
