"""The pages of imports and exports: see every item, choose, confirm, fetch what was refused, take a bank along."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.exams import HEADER, make_bank, question_rows, questions_of
from tests.factories.identity import client_for, make_bureau, make_learner, make_provider, make_teacher
from tests.unit.exams.formats import drafts as made
from zhenxue.exams import formats
from zhenxue.exams.formats import exporting
from zhenxue.exams.models import QuestionImport
from zhenxue.exams.operations import importing

pytestmark = pytest.mark.django_db

DIRTY = f"""{HEADER}
单选,好题？,甲,乙,,,A,,2
单选,坏题？,甲,乙,,,D,,2
单选,好题？,甲,乙,,,A,,2
判断,<script>alert(1)</script>对吗。,,,,,对,,
"""


def upload(name: str, data: bytes) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, data)}


def test_a_teacher_imports_a_dirty_sheet_after_seeing_every_item() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(make_teacher(manager.organisation_id))
    page = reverse("exams:import", args=[bank.pk])
    assert "下载模板" in client.get(page).content.decode()
    refused = client.post(page, upload("x.xlsx", b"no sheet"))
    assert refused.status_code == 422
    assert "打不开" in refused.content.decode()
    assert client.post(page, upload("x.csv", b"")).status_code == 422
    shown = client.post(page, upload("题.csv", DIRTY.encode("gbk")), follow=True)
    text = shown.content.decode()
    assert "没有对应的选项" in text
    assert "只导入没有问题的 2 道题" in text
    assert "本文件第 1 道题相同" in text
    assert "没有分值，按 1 分" in text
    assert "<script>alert" not in text
    address = shown.request["PATH_INFO"]
    only_refused = client.get(f"{address}?verdict=refused").content.decode()
    assert "坏题" in only_refused
    assert "好题" not in only_refused
    assert client.post(f"{address}save/", {}).status_code == 422
    saved = client.post(f"{address}save/", {"only_good": "1"}, follow=True).content.decode()
    assert "已导入 2 道题" in saved
    assert "1 道重复的题没有导入" in saved
    assert client.post(f"{address}save/", {"only_good": "1"}).status_code == 409
    assert len(questions_of(bank)) == 2
    mend = client.get(f"{address}refused.xlsx").content
    assert formats.read(mend, "改.xlsx").items[0].written.stem == "坏题？"


TYPED = {
    "kind": "单选题", "stem": "坏题 $x^2$？", "option-A": "甲", "option-B": "<b>乙</b>", "answer": "D", "score": "2",
}  # fmt: skip


def test_a_refused_item_is_mended_on_the_page_field_by_field() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(make_teacher(manager.organisation_id))
    data = f"{DIRTY}判断,第二道坏题,,,,,不知道,,1\n".encode()
    shown = client.post(reverse("exams:import", args=[bank.pk]), upload("题.csv", data), follow=True)
    address, text = shown.request["PATH_INFO"], shown.content.decode()
    assert text.count("保存这一题") == 1  # the first of the page stands open, with what is wrong at its field
    assert "坏题？</textarea>" in text
    assert 'id="mend-answer_error"' in text
    wrong = client.post(f"{address}items/2/", TYPED)
    assert wrong.status_code == 422
    assert "没有对应的选项" in wrong.content.decode()
    assert "坏题 $x^2$？</textarea>" in client.get(f"{address}items/2/").content.decode()
    part = client.post(f"{address}items/2/", {**TYPED, "kind": "案例题", "act": "part", "part-0-stem": "问？"})
    assert (part.status_code, part.content.decode().count("<legend>小题")) == (200, 2)
    good = client.post(f"{address}items/2/?verdict=refused", {**TYPED, "answer": "B"})
    assert good.headers["Location"] == f"{address}items/5/?verdict=refused#item-5"  # on to the next one
    text = client.get(f"{address}?verdict=good").content.decode()
    assert "<math" in text
    assert "&lt;b&gt;乙&lt;/b&gt;" in text
    assert "已在页面上修改" in text
    last = client.post(f"{address}items/5/", {"kind": "判断题", "stem": "第二道", "answer": "错"}, follow=True)
    assert "导入 4 道题" in last.content.decode()
    assert not questions_of(bank)
    assert "已导入 4 道题" in client.post(f"{address}save/", {"save": "1"}, follow=True).content.decode()
    assert client.post(f"{address}items/2/", TYPED).status_code == 409
    assert client.get(f"{address}items/2/").status_code == 302


def test_the_preview_shows_pictures_of_the_file_to_those_who_may_write_the_bank() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(manager)
    data = exporting.xlsx(made.EVERY)[0]
    shown = client.post(reverse("exams:import", args=[bank.pk]), upload("题.zip", data), follow=True)
    text, picture = shown.content.decode(), f"{shown.request['PATH_INFO']}files/0/"
    assert f'<img src="{picture}"' in text
    assert "不可用" not in text
    answer = client.get(picture)
    assert answer.headers["Content-Type"] == "image/png"
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.get(f"{shown.request['PATH_INFO']}files/9/").status_code == 404
    stranger = client_for(make_provider())
    assert stranger.get(picture).status_code == 404
    assert stranger.post(f"{shown.request['PATH_INFO']}items/1/", TYPED).status_code == 404
    for item in QuestionImport.objects.get().items.all():  # every kind opens, and is taken as it was
        page = client.get(f"{shown.request['PATH_INFO']}items/{item.position}/")
        assert page.status_code == 200, item.kind
        sent = {one.name: one.value() or "" for one in page.context["opened"][1] if one.name != "uploads"}
        before = item.draft
        assert client.post(f"{shown.request['PATH_INFO']}items/{item.position}/", sent).status_code == 302, item.kind
        item.refresh_from_db()
        assert item.draft == before, item.kind


def test_doubles_are_dealt_with_one_by_one_or_all_together() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=3)
    client = client_for(manager)
    shown = client.post(
        reverse("exams:import", args=[bank.pk]), upload("题.csv", question_rows(3).encode()), follow=True
    )
    address = shown.request["PATH_INFO"]
    assert "题库第 1 题相同" in shown.content.decode()
    assert client.post(f"{address}choose/", {"choice": "nothing"}).status_code == 422
    all_kept = client.post(f"{address}choose/", {"choice": "keep"}, follow=True).content.decode()
    assert "导入 3 道题" in all_kept
    one_left = client.post(f"{address}choose/", {"choice": "skip", "position": "2"}, follow=True).content.decode()
    assert "导入 2 道题" in one_left
    client.post(f"{address}save/", {"save": "1"})
    assert len(questions_of(bank)) == 5


def test_the_template_reads_back_without_a_problem() -> None:
    manager = make_provider()
    client = client_for(manager)
    bank = make_bank(manager, questions=0)
    data = client.get(reverse("exams:template")).content
    shown = client.post(reverse("exams:import", args=[bank.pk]), upload("t.xlsx", data), follow=True)
    assert "导入 5 道题" in shown.content.decode()
    client.post(f"{shown.request['PATH_INFO']}save/", {"discard": "1"})
    assert QuestionImport.objects.get().state == "discarded"
    assert "这份文件已放弃" in client.get(shown.request["PATH_INFO"]).content.decode()
    assert not questions_of(bank)


def test_a_large_file_shows_its_progress_and_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE_BYTES", 10)
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(manager)
    shown = client.post(
        reverse("exams:import", args=[bank.pk]), upload("题.csv", question_rows(6).encode()), follow=True
    )
    address = shown.request["PATH_INFO"]
    assert 'hx-trigger="load delay:2s"' in shown.content.decode()
    importing.read_import(import_id=QuestionImport.objects.get().pk)
    part = client.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert "导入 6 道题" in part
    assert "hx-trigger" not in part.split("<form")[0]


def test_a_long_preview_is_paged_with_a_fixed_number_of_queries() -> None:
    manager = make_provider()
    client = client_for(manager)
    counts = []
    for index, number in enumerate((30, 240)):
        bank = make_bank(manager, title=f"题库 {index}", questions=0)
        data = question_rows(number).encode()
        address = client.post(reverse("exams:import", args=[bank.pk]), upload("题.csv", data)).headers["Location"]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text = client.get(address).content.decode()
        counts.append(len(queries))
        assert text.count("第 ") < 200
    assert counts[0] == counts[1]


def test_a_bank_is_taken_along_by_those_who_may_write_it() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(manager)
    data = exporting.xlsx(made.EVERY)[0]
    shown = client.post(reverse("exams:import", args=[bank.pk]), upload("题.zip", data), follow=True)
    client.post(f"{shown.request['PATH_INFO']}save/", {"save": "1"})
    page = client.get(reverse("exams:exports", args=[bank.pk])).content.decode()
    assert "实操题" in page
    for form, name in (("xlsx", "题.zip"), ("gift", "题.zip"), ("qti", "题.zip")):
        answer = client.get(reverse("exams:bank_export", args=[bank.pk, form]))
        assert answer.status_code == 200
        items = formats.read(answer.content, name).items
        assert items
        assert all(item.draft for item in items)
    assert client.get(reverse("exams:bank_export", args=[bank.pk, "exe"])).status_code == 404
    for stranger in (make_provider(), make_bureau("3715"), make_learner()):
        answer = client_for(stranger).get(reverse("exams:bank_export", args=[bank.pk, "xlsx"]))
        assert answer.status_code in {403, 404}
