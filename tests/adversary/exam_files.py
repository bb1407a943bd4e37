"""Hostile files of questions: scripts in every format that is imported, and bombs that are small and grow."""

import base64
import csv
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from html import escape

from docx import Document
from openpyxl import Workbook
from PIL import Image

from tests.support.hostile import SCRIPT

#: A formula that no spreadsheet program may run.
FORMULA = "=cmd|' /C calc'!A0"
#: Elements that a format of HTML brings itself.
TAGS = (
    '<p>标签</p><b onclick="alert(1)">粗</b><script>alert(1)</script><a href="javascript:alert(1)">看</a>'
    '<iframe src="javascript:alert(1)"></iframe><form action="http://127.0.0.1/"><input name="x"/></form>'
    '<style>@import "http://127.0.0.1/"</style><base href="http://127.0.0.1/"/><object_code>x</object_code>'
)
QTI = {
    "2.1": "http://www.imsglobal.org/xsd/imsqti_v2p1",
    "2.2": "http://www.imsglobal.org/xsd/imsqti_v2p2",
    "3.0": "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
}


def scripts() -> dict[str, tuple[str, bytes]]:
    """By format a file's name and bytes: one single choice, with scripts in every place that holds a text."""
    found = {"xlsx": ("题.xlsx", _xlsx()), "csv": ("题.csv", _csv()), "docx": ("题.docx", _docx())}
    found["GIFT"] = ("题.gift", _gift().encode())
    found["Moodle XML"] = ("题.xml", _moodle().encode())
    for version, name in QTI.items():
        item = (_qti3 if version == "3.0" else _qti2)(version, name)
        found[f"QTI {version}"] = ("题.zip", package([("items/a.xml", item.encode())]))
    return found


def _row(name: str) -> list[str]:
    return ["单选", f"{SCRIPT} {name}？", f"甲{SCRIPT}", FORMULA, "A", f"解析{SCRIPT}", f"来源{SCRIPT}"[:100]]


_HEADS = ["题型", "题干", "选项A", "选项B", "答案", "解析", "来源"]


def _xlsx() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (_HEADS, _row("xlsx"), ["单选", f"{FORMULA} 等于？", "1", "2", "A", "", ""]):
        sheet.append(line)
    for row in sheet.iter_rows():
        for cell in row:
            cell.data_type = "s"  # a text that looks like a formula
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _csv() -> bytes:
    stream = io.StringIO()
    row = _row("csv")
    csv.writer(stream).writerows([_HEADS, [*row[:3], f" {SCRIPT}乙", *row[4:]]])
    return stream.getvalue().encode("gb18030")


def _docx() -> bytes:
    document = Document()
    for line in (f"1. {SCRIPT} docx？", f"A. 甲{SCRIPT}", f"B. 乙{FORMULA}", "答案：A", f"解析：{SCRIPT}"):
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _gift() -> str:
    def told(text: str) -> str:
        return "".join(f"\\{mark}" if mark in "\\=#~:{}" else mark for mark in text)

    html = told(f"{TAGS}{escape(SCRIPT)}")
    feedback = told(escape(SCRIPT))
    return f"::{told(SCRIPT)}::[html]{html} gift？{{={html}甲#{feedback} ~{html}乙#{feedback} ####{html}}}\n"


def _moodle() -> str:
    def text(more: str = "") -> str:
        return f"<text><![CDATA[{TAGS}{escape(SCRIPT)}{more}]]></text>"

    answers = "".join(
        f"<answer fraction='{share}' format='html'>{text(name)}<feedback>{text(name)}</feedback></answer>"
        for share, name in ((100, "甲"), (0, "乙"))
    )
    return (
        f"<quiz><question type='multichoice'><name><text>{escape(SCRIPT)}</text></name><questiontext format='html'>"
        f"{text(' moodle？')}</questiontext><generalfeedback format='html'>{text()}</generalfeedback>"
        f"<single>true</single>{answers}</question></quiz>"
    )


def _qti2(version: str, name: str) -> str:
    inner = f"{TAGS}<p>{escape(SCRIPT)}</p>"
    return (
        f'<assessmentItem xmlns="{name}" identifier="i" title="{escape(SCRIPT)}" adaptive="false" '
        'timeDependent="false"><responseDeclaration identifier="R" cardinality="single" baseType="identifier">'
        "<correctResponse><value>A</value></correctResponse></responseDeclaration><itemBody>"
        f'<div>{inner} {version}？</div><choiceInteraction responseIdentifier="R" maxChoices="1">'
        f'<simpleChoice identifier="A">{inner}甲</simpleChoice><simpleChoice identifier="B">{inner}乙</simpleChoice>'
        f'</choiceInteraction></itemBody><modalFeedback identifier="f" outcomeIdentifier="F" showHide="show">{inner}'
        "</modalFeedback></assessmentItem>"
    )


def _qti3(version: str, name: str) -> str:
    names = ("assessmentItem", "responseDeclaration", "correctResponse", "itemBody", "choiceInteraction")
    new = ("assessment-item", "response-declaration", "correct-response", "item-body", "choice-interaction")
    text = _qti2(version, name)
    for old, one in zip(
        (*names, "simpleChoice", "modalFeedback", "value"),
        (*new, "simple-choice", "modal-feedback", "value"),
        strict=True,
    ):
        text = text.replace(f"<{old}", f"<qti-{one}").replace(f"</{old}", f"</qti-{one}")
    for old, one in (
        ("responseIdentifier", "response-identifier"),
        ("maxChoices", "max-choices"),
        ("baseType", "base-type"),
    ):
        text = text.replace(old, one)
    return text.replace("outcomeIdentifier", "outcome-identifier").replace("showHide", "show-hide")


# -- packages


def package(parts: Iterable[tuple[str | zipfile.ZipInfo, bytes | str]]) -> bytes:
    """A zip, pressed quickly."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts:
            target.writestr(name, data, zipfile.ZIP_DEFLATED, compresslevel=1)
    return stream.getvalue()


def symlink(name: str, to: str) -> tuple[zipfile.ZipInfo, str]:
    """A member that is a link."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info, to


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _cells(number: int, texts: Iterable[str]) -> str:
    cells = (
        f'<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for column, text in zip("ABCDE", texts, strict=True)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


ROWS = _cells(1, ("题型", "题干", "选项A", "选项B", "答案")) + _cells(2, ("单选", "甲？", "一", "二", "A"))


def sheet(more_rows: str = "", after: str = "", before: str = "") -> str:
    """A part of a workbook with one good question."""
    head = f'{before}<worksheet xmlns="{_MAIN}"><dimension ref="A1:E2"/>'
    return f"{head}<sheetData>{ROWS}{more_rows}</sheetData>{after}</worksheet>"


def workbook(part: str = "", *more: tuple[str, bytes | str]) -> bytes:
    """A bare xlsx."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" '
        'r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": part or sheet(),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"/>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts><fills><fill><patternFill/></fill>'
        "</fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/></cellXfs><cellStyles>"
        '<cellStyle name="Normal" xfId="0"/></cellStyles></styleSheet>',
    }
    return package((parts | dict(more)).items())


def document(body: str, before: str = "") -> bytes:
    """A bare docx."""
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return package(
        [("word/document.xml", f'{before}<w:document xmlns:w="{name}"><w:body>{body}</w:body></w:document>')]
    )


def item(body: str, before: str = "") -> bytes:
    """A QTI package with one item."""
    return package([("a.xml", before + bare(body)), ("n.png", os.urandom(150_000))])


def bare(body: str) -> str:
    """An item of QTI 2.1 without anything to answer."""
    head = f'<assessmentItem xmlns="{QTI["2.1"]}" identifier="i" title="t">'
    return f"{head}<itemBody>{body}</itemBody></assessmentItem>"


def quiz(text: str, before: str = "") -> bytes:
    """Moodle XML with one question."""
    answers = "<answer fraction='100'><text>true</text></answer>"
    return (
        f"{before}<quiz><question type='truefalse'><name><text>t</text></name><questiontext format='html'><text>{text}"
        f"</text></questiontext>{answers}</question></quiz>"
    ).encode()


def lying(data: bytes, name: str, size: int) -> bytes:
    """The same zip, whose directory says that a member holds only ``size`` bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as source, source.open(name) as stream:
        check = zlib.crc32(stream.read(size))
        at = source.getinfo(name).header_offset
    bent = bytearray(data)
    struct.pack_into("<I", bent, at + 14, check)
    struct.pack_into("<I", bent, at + 22, size)
    entry = data.rindex(name.encode()) - 46  # in the directory, behind all members
    assert data[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into("<I", bent, entry + 16, check)
    struct.pack_into("<I", bent, entry + 24, size)
    return bytes(bent)


NOISE = ("xl/media/noise.bin", os.urandom(250_000))
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'haha'>" + "".join(
    f"<!ENTITY {one} '{f'&{before};' * 20}'>" for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
LAUGHS += "]>"
LONG = f"<!DOCTYPE x [<!ENTITY a '{'x' * 60_000}'>]>"


EMPTY = "<x/>" * 8_000_000
#: Words of the refusals.
BIG, MANY, OFF = "解开后太大", "标记太多", "不允许的内容"


def outside(target: str) -> str:
    """A declaration that would read a file or an address."""
    return f'<!DOCTYPE x [<!ENTITY a SYSTEM "{target}"><!ENTITY % b SYSTEM "{target}"> %b;]>'


def bombs() -> dict[str, tuple[str, bytes, str]]:
    """By name a file's name, its bytes (all small enough to be read while the page waits), and words of the refusal."""
    found = {f"{name} in a sheet": ("题.xlsx", data, words) for name, (data, words) in _sheets().items()}
    found |= {f"{name} in XML": ("题.xml", data, words) for name, (data, words) in _trees().items()}
    zeros = workbook("", ("xl/styles.xml", b" " * 210_000_000))
    nested = package([("题.xlsx", zeros), ("in.zip", package([("in.zip", zeros)]))])
    flood = package([("word/document.xml", f"<x>{EMPTY}</x>"), NOISE])
    laughing = document("<w:p><w:r><w:t>&i;</w:t></w:r></w:p>", LAUGHS)
    return found | {
        "a zip that unpacks to 210 MB": ("题.xlsx", zeros, BIG),
        "a zip in a zip in a zip": ("题.zip", nested, BIG),
        "a part that says it is small and is not": ("题.xlsx", lying(zeros, "xl/styles.xml", 300), BIG),
        "empty elements in QTI": ("题.zip", item(EMPTY[: 16 * 1024**2]), MANY),
        "empty elements in Word": ("题.docx", flood, MANY),
        "billion laughs in Word": ("题.docx", laughing, OFF),
        "billion laughs in QTI": ("题.zip", item("<p>&i;</p>", LAUGHS), OFF),
    }


def _sheets() -> dict[str, tuple[bytes, str]]:
    """Bombs that are workbooks."""
    ones = "".join(f'<row r="{at}"><c><v>1</v></c></row>' for at in range(3, 900))
    merges = f"<mergeCells>{'<mergeCell ref="A1:CV1048576"/>' * 20_000}</mergeCells>"
    hidden = sheet("<row r='3'><c t='inlineStr'><is><t>&i;</t></is></c></row>", before=f"<!--{'x' * 9_000}-->{LAUGHS}")
    style = ("xl/styles.xml", f'<styleSheet xmlns="{_MAIN}">{EMPTY}</styleSheet>')
    return {
        "empty elements": (workbook(sheet(after=EMPTY), NOISE), BIG),
        "empty elements of a style": (workbook("", style, NOISE), BIG),
        "a row 999,999,999": (workbook(sheet('<row r="999999999"><c r="A999999999"><v>1</v></c></row>')), "可以导入"),
        "merged ranges over each other": (workbook(sheet(ones, merges)), "已损坏"),
        "billion laughs": (workbook(hidden), OFF),
    }


def _trees() -> dict[str, tuple[bytes, str]]:
    """Bombs that are Moodle XML."""
    text, end = b"</text></questiontext>", b"</file></questiontext>"
    file = b"</text><file name='a.png' encoding='base64'>" + base64.b64encode(huge_png()) + end
    shown = quiz("<![CDATA[<img src='@@PLUGINFILE@@/a.png'>看？]]>")
    unended = '<!-- <a b="' * 9_000 + "\\(" * 40_000
    return {
        "billion laughs": (quiz("&i;", LAUGHS), OFF),
        "a long entity 20,000 times": (quiz("&a;" * 20_000, LONG), OFF),
        "30,000 elements one in another": (quiz("<b>" * 30_000 + "</b>" * 30_000), "嵌套太深"),
        "tags that never end": (quiz(f"<![CDATA[{'<a' * 90_000}]]>"), ""),
        "comments, quotes and formulas that never end": (quiz(f"<![CDATA[{unended}]]>"), ""),
        "a picture of 900 million pixels": (shown.replace(text, file), "太大"),
    }


def many_rows() -> dict[str, tuple[str, bytes, str]]:
    """Too large to be read while the page waits: the worker reads them."""
    rows = "".join(f'<row r="{at}"><c><v>1</v></c></row>' for at in range(3, 600_003))
    plain = ",".join(_HEADS) + "\n" + "单选,甲？,一,二,A,,\n" * 1_000_000
    return {
        "600,000 rows in xlsx": ("题.xlsx", workbook(sheet(rows)), "40,000 行"),
        "a million rows in csv": ("题.csv", plain.encode(), "20 MB"),
    }


def huge_png(side: int = 30_000) -> bytes:
    """A picture that says to be so many pixels wide and high, and holds none."""
    small = io.BytesIO()
    Image.new("1", (8, 8)).save(small, "PNG")
    data = bytearray(small.getvalue())
    struct.pack_into(">II", data, 16, side, side)
    struct.pack_into(">I", data, 29, zlib.crc32(bytes(data[12:29])))
    return bytes(data)
