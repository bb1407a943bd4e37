"""Spreadsheets as people send them: merged, mixed, mis-encoded, broken, hostile. All built here."""

import datetime as dt
import io
import re
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.sheets import Column, cells, read_sheet, table, write_xlsx

NAME = Column("name", ("姓名", "学员姓名"), required=True)
NUMBER = Column("number", ("公民身份号码", "身份证号"), required=True)
NOTE = Column("note", ("备注",))


SHEET = "xl/worksheets/sheet1.xml"


def xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名单"
    for row in rows:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_part(data: bytes, name: str, change: object) -> bytes:
    """The same package with one part's bytes changed by a function."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            body = old.read(item)
            new.writestr(item.filename, change(body) if item.filename == name else body)  # type: ignore[operator] # a lambda
    return out.getvalue()


def refusal(data: bytes, name: str = "名单.xlsx", **limits: int) -> str:
    with pytest.raises(Invalid) as caught:
        read_sheet(data, name, **limits)
    assert caught.value.fields["file"] == caught.value.message
    return caught.value.code


def test_a_plain_workbook_reads_row_by_row_with_its_own_row_numbers() -> None:
    sheet = read_sheet(xlsx(["姓名", "备注"], [" 王小明\u3000", None], [None, None], ["李\u200b红", "好"]), "a.xlsx")
    assert sheet.title == "名单"
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (1, ["姓名", "备注"]),
        (2, ["王小明"]),
        (4, ["李红", "好"]),
    ]


def test_a_stream_is_read_like_bytes() -> None:
    assert read_sheet(io.BytesIO(xlsx(["姓名"])), "a.xlsx").rows[0].cells == ["姓名"]


def test_numbers_dates_and_truth_values_become_plain_text() -> None:
    moment = dt.datetime.fromisoformat("2026-03-01T08:30")  # a cell has no zone
    data = xlsx([1, 1.0, 2.5, 0.1 + 0.2, True, dt.date(2026, 3, 1), moment, dt.time(9, 5)])
    row = read_sheet(data, "a.xlsx").rows[0]
    assert row.cells == ["1", "1", "2.5", "0.3", "TRUE", "2026-03-01", "2026-03-01 08:30:00", "09:05:00"]
    assert row.problems == {}


def test_a_number_that_lost_its_tail_is_answered_and_a_text_number_stays_whole() -> None:
    rows = read_sheet(xlsx([371502199001011234], ["371502199001011234"], ["3.71502E+17"]), "a.xlsx").rows
    assert rows[0].problems == {0: sheets.LONG_NUMBER}
    assert rows[1].cells == ["371502199001011234"]
    assert rows[1].problems == {}
    assert rows[2].problems == {0: sheets.LONG_NUMBER}


def test_merged_cells_read_as_their_anchor_but_never_make_rows() -> None:
    plain = xlsx(
        ["学员名单", None, None],
        ["姓名", "部门", "备注"],
        ["甲", "一车间", "x"],
        ["乙", None, "y"],
    )
    merges = b'</sheetData><mergeCells count="2"><mergeCell ref="A1:C1"/><mergeCell ref="B3:B1048576"/></mergeCells>'
    data = with_part(plain, SHEET, lambda body: body.replace(b"</sheetData>", merges))
    rows = read_sheet(data, "a.xlsx").rows
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert rows[0].cells == ["学员名单"] * 3
    assert rows[3].cells == ["乙", "一车间", "y"]


def test_a_formula_without_a_value_is_answered_and_a_cached_value_is_taken() -> None:
    data = xlsx(["姓名", "分"], ["甲", "=1+1"], ["乙", "=2+2"])
    cached = with_part(data, SHEET, lambda body: re.sub(rb"<f>2\+2</f><v ?(/>|></v>)", b"<f>2+2</f><v>4</v>", body))
    assert cached != data
    rows = read_sheet(cached, "a.xlsx").rows
    assert rows[1].problems == {1: sheets.FORMULA}
    assert rows[2].cells == ["乙", "4"]
    assert rows[2].problems == {}


def test_an_error_value_and_an_endless_cell_are_answered() -> None:
    rows = read_sheet("姓名,备注\n甲,#REF!\n乙,{}\n".format("长" * 20_001).encode(), "a.csv").rows
    assert "#REF!" in rows[1].problems[1]
    assert rows[2].problems[1] == sheets.TOO_LONG


def test_the_first_visible_sheet_with_content_is_read() -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["内部"])
    hidden.sheet_state = "hidden"
    book.create_sheet("空白")
    book.create_sheet("正表").append(["姓名"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert read_sheet(buffer.getvalue(), "a.xlsx").title == "正表"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_csv_reads_in_every_usual_encoding(encoding: str) -> None:
    rows = read_sheet('姓名,备注\r\n王小明,"第一行\n第二行"\r\n\r\n李红,好\r\n'.encode(encoding), "名单.csv").rows
    assert [(row.number, row.cells) for row in rows] == [
        (1, ["姓名", "备注"]),
        (2, ["王小明", "第一行\n第二行"]),
        (4, ["李红", "好"]),
    ]


def test_csv_with_tabs_or_semicolons_and_spreadsheet_tricks_reads() -> None:
    rows = read_sheet('姓名;身份证号\n甲;="371502199001011234"\n乙;3.71502E+17\n丙;=A1\n'.encode("gbk"), "a.csv").rows
    assert rows[1].cells == ["甲", "371502199001011234"]
    assert rows[2].problems == {1: sheets.LONG_NUMBER}
    assert rows[3].problems == {1: sheets.FORMULA}
    assert read_sheet("姓名\t备注\n甲\t一,二\n".encode(), "a.txt").rows[1].cells == ["甲", "一,二"]


def test_a_csv_that_was_named_xlsx_inside_out_is_told_by_its_bytes() -> None:
    assert read_sheet(xlsx(["姓名"]), "名单.csv").rows[0].cells == ["姓名"]
    assert refusal("姓名\n".encode(), "名单.xlsx") == "kernel.sheet_broken"


def test_files_that_are_no_tables_are_refused_in_words() -> None:
    assert refusal(b"") == "kernel.sheet_empty"
    assert refusal(b"\n \n", "a.csv") == "kernel.sheet_empty"
    assert refusal(b",,\n,,\n", "a.csv") == "kernel.sheet_empty"
    assert refusal(xlsx()) == "kernel.sheet_empty"
    assert refusal(b"\xd0\xcf\x11\xe0" + b"\0" * 600) == "kernel.sheet_old_format"
    assert refusal(b"<html><table></table></html>", "a.xls") == "kernel.sheet_markup"
    assert refusal(b"%PDF-1.7 ...", "a.pdf") == "kernel.sheet_broken"
    assert refusal(b"\xff\xfe\x00", "a.csv") == "kernel.sheet_encoding"
    assert refusal(b"a,b\0\n", "a.csv") == "kernel.sheet_binary_text"
    assert refusal(b"PK\x03\x04 not a zip") == "kernel.sheet_broken"


def test_other_packages_are_told_apart() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", "<w/>")
    assert refusal(out.getvalue(), "a.docx") == "kernel.sheet_not_a_sheet"


def test_a_truncated_or_scrambled_workbook_is_broken() -> None:
    data = xlsx(["姓名"], ["甲"])
    assert refusal(data[: len(data) // 2]) == "kernel.sheet_broken"
    assert refusal(with_part(data, SHEET, lambda body: body[:-30])) == "kernel.sheet_broken"
    assert refusal(with_part(data, "xl/workbook.xml", lambda _: b"<x")) == "kernel.sheet_broken"
    first = data.find(b"PK\x01\x02") + 42  # where the directory says that the first part begins
    for begin in (len(data) - 10, 2**31):
        assert refusal(data[:first] + begin.to_bytes(4, "little") + data[first + 4 :]) == "kernel.sheet_broken"


def test_bombs_are_refused_before_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = xlsx(["姓名"])
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert refusal(with_part(data, "xl/styles.xml", lambda _: entity)) == "kernel.sheet_doctype"
    huge = with_part(data, "xl/styles.xml", lambda _: b" " * (cells.MAX_UNPACKED_BYTES + 1))
    assert len(huge) < 1_000_000
    assert refusal(huge) == "kernel.sheet_bomb"
    monkeypatch.setattr(cells, "MAX_FILE_BYTES", 100)
    assert refusal(data) == "kernel.sheet_too_large"


def test_a_sheet_with_too_many_rows_is_refused_and_one_at_the_limit_is_read() -> None:
    data = "姓名\n" + "甲\n" * 10
    assert len(read_sheet(data.encode(), "a.csv", max_rows=11).rows) == 11
    assert refusal(data.encode(), "a.csv", max_rows=10) == "kernel.sheet_too_many_rows"
    assert refusal(xlsx(*[["甲"]] * 11), max_rows=10) == "kernel.sheet_too_many_rows"


def test_a_wrong_dimension_and_far_columns_do_not_matter() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "姓名"
    sheet["XFD1"] = "很远"
    sheet["A2"] = "甲"
    buffer = io.BytesIO()
    book.save(buffer)
    data = with_part(buffer.getvalue(), SHEET, lambda body: body.replace(b'ref="A1:XFD2"', b'ref="A1:A1"'))
    assert [row.cells for row in read_sheet(data, "a.xlsx").rows] == [["姓名"], ["甲"]]


def test_a_table_finds_its_header_below_a_title_and_by_any_of_its_names() -> None:
    data = xlsx(
        ["某班学员名单"],
        ["序号", "* 学员姓名：", "身份证号（18位）", "备 注"],
        [1, "甲", "371502199001011234", "x"],
        [2, None, "y"],
    )
    found = table(read_sheet(data, "a.xlsx"), [NAME, NUMBER, NOTE])
    assert found.header_number == 2
    assert found.columns["number"] == "身份证号（18位）"
    assert found.records[0].values == {"name": "甲", "number": "371502199001011234", "note": "x"}
    assert found.records[0].problems == []
    assert found.records[1].number == 4
    assert found.records[1].problems == ["缺少“姓名”"]


def test_a_table_names_its_missing_columns_and_wants_data() -> None:
    with pytest.raises(Invalid, match="公民身份号码"):
        table(read_sheet("姓名,备注\n甲,\n".encode(), "a.csv"), [NAME, NUMBER])
    with pytest.raises(Invalid, match="没有数据行"):
        table(read_sheet("姓名,备注\n".encode(), "a.csv"), [NAME, NOTE])


def test_a_repeated_header_is_no_data_and_a_stray_row_is_answered() -> None:
    found = table(read_sheet("姓名,备注,x\n甲,\n姓名,备注,x\n,,1\n".encode(), "a.csv"), [NAME, NOTE])
    assert [(record.number, record.problems) for record in found.records] == [(2, []), (4, ["缺少“姓名”"])]


def test_a_cell_problem_reaches_the_record_only_of_a_column_one_asked_for() -> None:
    found = table(read_sheet("姓名,备注,分\n甲,=A1,=B1\n".encode(), "a.csv"), [NAME, NOTE])
    assert found.records[0].problems == [f"“备注”：{sheets.FORMULA}"]


def test_what_is_written_reads_back_and_never_runs_as_a_formula() -> None:
    moment = dt.datetime(2026, 3, 1, 1, 30, tzinfo=dt.UTC)
    data = write_xlsx(
        "成绩：一/二",
        ["姓名", "分", "时间"],
        [["=HYPERLINK(1)", 59.5, moment], ["+1", 3, None], ["@x", 0, dt.date(2026, 3, 1)], ["坏\x00字", None, None]],
        notes=["说明"],
    )
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].quotePrefix
    assert sheet["A3"].quotePrefix
    assert not sheet["A5"].quotePrefix
    assert book.worksheets[1]["A1"].value == "说明"
    rows = read_sheet(data, "a.xlsx").rows
    assert [row.cells for row in rows[1:]] == [
        ["=HYPERLINK(1)", "59.5", "2026-03-01 09:30:00"],
        ["+1", "3"],
        ["@x", "0", "2026-03-01"],
        ["坏字"],
    ]


def test_a_template_keeps_long_numbers_as_text() -> None:
    sheet = load_workbook(
        io.BytesIO(write_xlsx("模板", ["身份证号"], [["371502199001011234"]], as_text=True))
    ).worksheets[0]
    assert sheet.column_dimensions["A"].number_format == "@"
    assert sheet["A2"].number_format == "@"


def test_twenty_thousand_rows_are_read_in_bounded_time() -> None:
    data = write_xlsx(
        "大表", ["姓名", "身份证号", "备注"], [[f"学员{index}", "371502199001011234", "x"] for index in range(19_999)]
    )
    assert len(read_sheet(data, "a.xlsx").rows) == 20_000
