"""One door for every format: told by the bytes, not by the name. Pure."""

import codecs
import re

from zhenxue.exams.formats import documents, gift, moodle, sheets
from zhenxue.exams.formats.draft import Reading
from zhenxue.exams.formats.qti import package as qti
from zhenxue.exams.formats.qti.tree import name
from zhenxue.exams.formats.safety import MAX_FILE_BYTES, MIB, Assets, Package, Unusable, invalid, parse_xml

_MEDIA = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".mp3", ".m4a", ".mp4")


def read(data: bytes, file_name: str) -> Reading:
    """All items of a file. Raises ``Invalid`` with a message for the person only when nothing can be read at all."""
    if len(data) > MAX_FILE_BYTES:
        raise invalid("too_large", f"文件超过 {MAX_FILE_BYTES // MIB} MB，请拆成几个文件再导入。")
    if data.startswith(b"PK"):
        return _read_package(data, file_name)
    head = data[:2000].lstrip(codecs.BOM_UTF8 + b" \t\r\n")
    if head.startswith(b"<") or data.startswith((codecs.BOM_UTF16_LE + b"<\0", codecs.BOM_UTF16_BE + b"\0<")):
        return _read_xml(data)
    if file_name.lower().endswith(".gift") or not data.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        text = _text(data)
        if text is not None and (file_name.lower().endswith(".gift") or gift.looks_like(text)):
            return gift.read(text)
    return sheets.read(data, file_name)


def _text(data: bytes) -> str | None:
    """None for what is no text; a NUL stands in no text, and no database takes one."""
    if b"\0" in data:
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _read_xml(data: bytes) -> Reading:
    if re.match(rb"\s*(?:\xef\xbb\xbf)?\s*<(!doctype\s+)?html", data[:200], re.IGNORECASE):
        raise invalid("web_page", "这个文件其实是网页。请导出为 xlsx、docx、GIFT、Moodle XML 或 QTI 后再上传。")
    try:
        root = parse_xml(data)
    except Unusable as error:
        raise invalid("xml", f"{error}。") from error
    return moodle.read_tree(root) if name(root) == "quiz" else qti.read_file(root)


def _read_package(data: bytes, file_name: str) -> Reading:
    package = Package(data)
    if "word/document.xml" in package:
        return documents.read(data)
    names = list(package.names())
    if "[Content_Types].xml" in names:
        return sheets.read(data, file_name)
    inner = [one for one in names if one.lower().endswith((".xlsx", ".csv", ".docx", ".gift", ".txt"))]
    if len(inner) == 1 and qti.MANIFEST not in names:
        return _with_pictures(package, names, inner[0])
    if len(inner) > 1 and not any(one.lower().endswith(".xml") for one in names):
        raise invalid("several", "压缩包里有几个题目文件；请每次只放一个表格或文档，图片放在旁边。")
    return qti.read_package(package)


def _with_pictures(package: Package, names: list[str], inner: str) -> Reading:
    """A sheet or text with its pictures beside it in one zip; stems name them ``![words](file:NAME)``."""
    assets = Assets()
    notes = []
    for one in names:
        if one.lower().endswith(_MEDIA):
            try:
                assets.add(one, package.read(one))
            except Unusable as error:
                notes.append(str(error))
    try:
        data = package.read(inner, MAX_FILE_BYTES)
    except Unusable as error:
        raise invalid("broken", f"{error}。") from error
    if inner.lower().endswith(".docx"):
        found = documents.read(data, assets)
    elif inner.lower().endswith((".gift", ".txt")):
        found = gift.read(_text(data) or "", assets)
    else:
        found = sheets.read(data, inner, assets)
    return Reading(found.format, found.items, (*found.notes, *notes))
