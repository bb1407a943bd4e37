"""What of an xlsx is looked at before anything of it is parsed: what it unpacks to, and how much markup that is."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.sheets.cells import MAX_PARTS, MAX_UNPACKED_BYTES, invalid

#: Tags of all parts, and of one that is read as a whole (a tree of a million empty elements takes 0.2 GB).
MAX_TAGS: Final = 4_000_000
MAX_TREE_TAGS: Final = 600_000
#: Parts that are streamed.
STREAMED: Final = ("xl/worksheets/", "xl/sharedStrings.xml", "xl/media/")
PIECE: Final = 256 * 1024
#: Of a local file header, without name and extra field, whose lengths are its end (APPNOTE 4.3.7).
HEADER_BYTES: Final = 30
_DOCTYPE: Final = b"<!DOCTYPE"


def check_package(package: zipfile.ZipFile, data: bytes) -> None:
    """Raises ``Invalid`` for a locked file, a bomb, a DTD, or what is no xlsx.

    Every part is unpacked once in small pieces, since what the directory says about its size may be a lie.
    """
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise invalid("encrypted", "文件设了密码，请去掉密码后再导入。")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise _bomb()
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.endswith(("workbook.xml", "workbook.bin")) for name in names):
        raise invalid("not_a_sheet", "这不是 Excel 表格（可能是压缩包或 Word 文档）。请选择 .xlsx 或 .csv 文件。")
    if any(name.endswith("workbook.bin") for name in names):
        raise invalid("binary", "这是 .xlsb 二进制表格，请另存为 .xlsx 后再导入。")
    total = 0
    for part in parts:
        tags = _count_tags(part, data)
        total += tags
        if total > MAX_TAGS or (tags > MAX_TREE_TAGS and not part.filename.startswith(STREAMED)):
            raise _bomb()


def _count_tags(part: zipfile.ZipInfo, data: bytes) -> int:
    is_xml, tags, tail = part.filename.endswith((".xml", ".rels")), 0, b""
    for piece in _unpacked(part, data):
        tags += piece.count(b"<")
        if is_xml and _DOCTYPE in tail + piece:
            raise invalid("doctype", "文件含有不允许的内容（DTD），不能导入。请用表格软件另存为 .xlsx。")
        tail = piece[-len(_DOCTYPE) :]
    return tags


def _unpacked(part: zipfile.ZipInfo, data: bytes) -> Iterator[bytes]:
    """A part in pieces; ``Invalid`` as soon as there is more of it than the directory says, ``ValueError`` where the
    directory points to nothing."""
    if not 0 <= part.header_offset <= len(data) - HEADER_BYTES:
        raise ValueError(part.header_offset)
    name, extra = struct.unpack_from("<HH", data, part.header_offset + HEADER_BYTES - 4)
    begin = part.header_offset + HEADER_BYTES + name + extra
    end = begin + part.compress_size
    if part.compress_type == zipfile.ZIP_STORED:
        if part.compress_size != part.file_size:
            raise _bomb()
        yield from (data[at : min(at + PIECE, end)] for at in range(begin, end, PIECE))
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError(part.compress_type)  # no office program packs in any other way
    machine, seen = zlib.decompressobj(-zlib.MAX_WBITS), 0
    for at in range(begin, end, PIECE):
        packed = data[at : min(at + PIECE, end)]
        while packed:
            piece = machine.decompress(packed, PIECE)
            seen += len(piece)
            if seen > part.file_size:
                raise _bomb()
            yield piece
            packed = machine.unconsumed_tail


def _bomb() -> Invalid:
    return invalid("bomb", "文件解开后太大，不能导入。请只保留需要的工作表，拆成几个文件再导入。")
