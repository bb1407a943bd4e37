"""What attackers put into files of questions: bombs, entities, scripts, ways out of the package."""

import base64
import io
import json
import zipfile
from typing import Any

import pytest
from docx import Document
from PIL import Image

from tests.unit.exams.formats.drafts import png
from tests.unit.exams.formats.test_sheets import book
from tests.unit.exams.formats.test_xml import CHOICE, SIMPLE, answer, item2, packed, question, response
from zhenxue.exams import formats
from zhenxue.exams.formats.draft import Item
from zhenxue.exams.formats.safety import Package, Unusable, asset
from zhenxue.kernel.errors import Invalid

SCRIPT = "<script>alert(1)</script><b onclick='x()'>粗</b><iframe src='//evil'></iframe><a href='javascript:x'>链</a>"
ENTITY = '<!DOCTYPE q [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def texts(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda one: getattr(one, "__dict__", str(one)))


def everything(items: list[Item]) -> str:
    return "".join(
        f"{item.draft.stem}{texts(item.draft.body)}{texts(item.draft.key)}{item.draft.explanation}"
        for item in items
        if item.draft
    )


@pytest.mark.parametrize("entities", [ENTITY, EXTERNAL])
def test_entities_are_refused_in_every_xml(entities: str) -> None:
    quiz = f"<?xml version='1.0'?>{entities}<quiz>{question('truefalse', answer('true', 100), '&b;')}</quiz>"
    with pytest.raises(Invalid, match="不允许的内容"):
        formats.read(quiz.encode(), "题.xml")
    item = entities.encode() + item2(response("single", "identifier", "A"), CHOICE % SIMPLE)
    with pytest.raises(Invalid, match="不允许的内容"):
        formats.read(item, "题.xml")
    (found,) = formats.read(packed({"i.xml": item}), "包.zip").items
    assert "不允许的内容" in found.problems[0]
    document = packed({"word/document.xml": entities + "<w/>", "[Content_Types].xml": "<x/>"})
    with pytest.raises(Invalid, match="不允许的内容"):
        formats.read(document, "卷.docx")


def test_a_deep_tree_is_refused_and_not_climbed() -> None:
    with pytest.raises(Invalid, match="嵌套太深"):
        formats.read(f"<quiz>{'<a>' * 50_000}{'</a>' * 50_000}</quiz>".encode(), "题.xml")


def test_zip_bombs_are_refused_before_they_are_unpacked() -> None:
    with pytest.raises(Invalid, match="太大"):
        formats.read(packed({"a.xml": b"\0" * (120 * 1024 * 1024)}), "包.zip")
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as package:
        for number in range(30_001):
            package.writestr(f"{number}.xml", b"")
    with pytest.raises(Invalid, match="太大"):
        Package(many.getvalue())
    lying = bytearray(packed({"i.xml": item2("", "x" * 5_000_000)}))
    size = (5_000_000).to_bytes(4, "little")
    assert formats.read(bytes(lying), "包.zip").items
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 24 : at + 28] = size[:1] * 4  # the directory lies about the unpacked size
    try:
        items = formats.read(bytes(lying), "包.zip").items
    except Invalid:
        return
    assert not any(item.draft for item in items)


def test_a_locked_or_broken_package_is_refused() -> None:
    data = bytearray(packed({"i.xml": b"<x/>"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    with pytest.raises(Invalid, match="密码"):
        formats.read(bytes(data), "包.zip")
    with pytest.raises(Invalid, match="损坏"):
        formats.read(b"PK\x03\x04" + b"rubbish" * 100, "包.zip")


def test_a_text_with_a_nul_is_no_text() -> None:
    assert formats.read("甲？ {T}".encode(), "题.gift").items[0].draft
    with pytest.raises(Invalid, match="不是文本"):
        formats.read("甲\0？ {T}".encode(), "题.gift")


def test_no_name_leads_out_of_a_package() -> None:
    evil = item2(response("single", "identifier", "A"), "<p><img src='../../../etc/passwd'/></p>" + CHOICE % SIMPLE)
    reading = formats.read(
        packed({"items/i.xml": evil, "../out.png": png(), "/abs.png": png(), "C:\\x.png": png()}), "包.zip"
    )
    assert reading.items[0].draft is None
    assert "没有题目用到的文件" in reading.items[0].problems[0]
    assert len([note for note in reading.notes if "不安全" in note]) == 3


def test_scripts_vanish_from_every_format() -> None:
    moodle = question("multichoice", "<single>true</single>" + answer(SCRIPT, 100) + answer("乙", 0), SCRIPT)
    qti = item2(
        response("single", "identifier", "A"),
        f"<div>{SCRIPT.replace('//evil', 'evil')}</div>" + CHOICE % SIMPLE.replace("A项", SCRIPT),
    )
    gift = "[html]" + "".join(f"\\{mark}" if mark in "=#~:{}" else mark for mark in SCRIPT) + "{T}"
    for items in (
        formats.read(f"<quiz>{moodle}</quiz>".encode(), "题.xml").items,
        formats.read(qti, "题.xml").items,
        formats.read(gift.encode(), "题.gift").items,
    ):
        (item,) = items
        assert item.draft is not None, item.problems
        text = everything(items)
        assert "**粗**" in text
        assert not any(word in text for word in ("script", "onclick", "iframe", "javascript", "<"))
        assert any("脚本" in note for note in item.notes)


def test_tags_in_plain_formats_stay_text_for_the_page_to_escape() -> None:
    found = formats.read(book(("题", [("题干", "选项", "答案"), (SCRIPT, "<svg/onload=x>|乙", "A")])), "题.xlsx").items
    assert found[0].draft is not None
    assert found[0].draft.stem == SCRIPT  # nothing reads it as HTML: markup escapes it before it adds anything
    document = Document()
    for line in ("1. <script>x</script>？", "A. <b>甲</b> B. 乙", "答案：A"):
        document.add_paragraph(line)
    buffer = io.BytesIO()
    document.save(buffer)
    from zhenxue.exams import markup

    for draft in (found[0].draft, formats.read(buffer.getvalue(), "卷.docx").items[0].draft):
        assert draft is not None
        shown = markup.render(draft.stem, media=lambda number: None)
        assert "<script" not in shown
        assert "<iframe" not in shown


def test_media_are_told_by_their_bytes() -> None:
    gif = io.BytesIO()
    Image.new("P", (2, 2)).save(gif, "GIF")
    assert asset("a.exe", png()).mime == "image/png"
    assert asset("a.gif", gif.getvalue()).mime == "image/gif"
    assert asset("a", b"ID3\x04" + b"\0" * 50).kind == "audio"
    assert asset("a", b"\0\0\0\x18ftypM4A " + b"\0" * 50).mime == "audio/mp4"
    assert asset("a", b"\0\0\0\x18ftypisom" + b"\0" * 50).kind == "video"
    for data, words in (
        (b"<svg xmlns='x'><script>1</script></svg>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg/>", "SVG"),
        (b"<html><script>1</script></html>", "不是能用的"),
        (png()[:30], "不是能用的"),
        (b"MZ\x90", "不是能用的"),
        (b"GIF89a<script>", "不是能用的"),
        (b"\0" * (20 * 1024 * 1024 + 1), "超过 20 MB"),
    ):
        with pytest.raises(Unusable, match=words):
            asset("图.png", data)


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    with pytest.raises(Unusable):
        asset("大.png", buffer.getvalue())


def test_svg_and_foreign_pictures_refuse_the_question_with_a_word() -> None:
    svg = base64.b64encode(b"<svg onload='x()'/>").decode()
    items = formats.read(
        b"<quiz>"
        + question("truefalse", answer("true", 100), f"<img src='data:image/svg+xml;base64,{svg}'>看").encode()
        + question("truefalse", answer("true", 100), "<svg><script>1</script></svg>看").encode()
        + question("truefalse", answer("true", 100), "<img src='http://evil/x.png'>看").encode()
        + b"</quiz>",
        "题.xml",
    ).items
    assert ["SVG" in items[0].problems[0], "SVG" in items[1].problems[0], "网上的图片" in items[2].problems[0]] == [
        True
    ] * 3


def test_huge_cells_are_refused_and_odd_files_never_break_the_reader() -> None:
    (item,) = formats.read(book(("题", [("题干", "答案"), ("长" * 25_000, "对")])), "题.xlsx").items
    assert "超过" in item.problems[0]
    (item,) = formats.read(book(("题", [("题干", "答案"), ("长" * 7_000, "对")])), "题.xlsx").items
    assert "题干超过" in item.problems[0]
    with pytest.raises(Invalid, match="50 MB"):
        formats.read(b"a" * (50 * 1024 * 1024 + 1), "题.csv")
    for junk in (
        b"\xff" * 999,
        b"{" * 9999,
        b"A." * 9999,
        b"<" * 999,
        b"PK",
        b"::{=}",
        b"\0\0\0\0",
        "题干,答案\n".encode(),
    ):
        try:
            items = formats.read(junk, "题.csv").items
        except Invalid:
            continue
        assert not any(item.draft for item in items)
