"""Pages of standards, points and questions: previewed row by row, imported when every row fits."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.catalogue import make_draft_version, make_occupations, make_standard
from tests.support.catalogue import at, sheet_file, text_of
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import Course, Point, SelfTestQuestion, Standard
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel import sheets

pytestmark = pytest.mark.django_db


def test_points_are_previewed_row_by_row_before_anything_is_saved(page: Client, author: Actor) -> None:
    standard = make_standard(author, points=0)
    header = ("类别", "编号", "职业功能", "内容")
    address = at("import_points", standard.pk)
    faulty = text_of(page.post(address, {"file": sheet_file(header, ("知识点", "1", "", "甲"), ("歌", "2", "", "乙"))}))
    assert "没有保存任何内容" in faulty
    assert "payload" not in faulty
    preview = page.post(address, {"file": sheet_file(header, ("知识点", "1", "", "甲"), ("技能点", "2", "", "乙"))})
    assert not Point.objects.exists()
    payload = preview.context["payload"]
    saved = page.post(at("save_points", standard.pk), {"payload": payload})
    assert saved.url == at("standard", standard.pk)  # type: ignore[attr-defined]  # a redirect
    assert [point.title for point in catalogue.list_points(standard.pk)] == ["甲", "乙"]
    page.post(at("save_points", standard.pk), {"payload": payload})
    assert Point.objects.count() == 2
    assert page.post(at("save_points", standard.pk), {"payload": payload + "x"}).status_code == 422
    wrong = page.post(address, {"file": SimpleUploadedFile("点.xlsx", b"no sheet")})
    assert wrong.status_code == 422
    template = page.get(at("point_template"))
    read = sheets.read_sheet(template.content, "points.xlsx")
    assert read.rows[0].cells[0] == "类别"


@pytest.mark.usefixtures("bare_ground")
def test_questions_are_imported_only_when_every_row_fits(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[UnitDraft("self_test", "测", minutes=5)])
    unit = version.units.get()
    header = ("题型", "题干", "选项A", "选项B", "答案")
    address = at("import_questions", unit.pk)
    good, bad = ("单选", "题一", "甲", "乙", "A"), ("单选", "题二", "甲", "乙", "D")
    refused = page.post(address, {"file": sheet_file(header, good, bad)})
    assert refused.status_code == 422
    assert "没有对应的选项" in text_of(refused)
    assert SelfTestQuestion.objects.count() == 1
    page.post(address, {"file": sheet_file(header, good, ("判断", "题三", "", "", "√"))})
    assert SelfTestQuestion.objects.count() == 3
    question = SelfTestQuestion.objects.get(stem="题一")
    changed = {"kind": "single", "stem": "题一改", "options": "甲\n乙", "answer": "b", "explanation": ""}
    page.post(at("edit_question", unit.pk, question.pk), changed)
    question.refresh_from_db()
    assert (question.stem, question.answer) == ("题一改", ["B"])
    page.post(at("delete_question", unit.pk, question.pk))
    assert SelfTestQuestion.objects.count() == 2
    assert page.get(at("question_template")).status_code == 200


def test_the_picker_takes_a_code_a_suggestion_or_an_exact_name(page: Client) -> None:
    make_occupations()
    options = text_of(page.get(at("occupation_options"), {"occupation_code": "电工"}))
    assert 'value="6-31-01-03 电工"' in options
    for typed, code in (("6-31-01-03", "6-31-01-03"), ("6-31-01-03 电工", "6-31-01-03"), ("电工", "6-31-01-03")):
        page.post(at("new_course"), {"title": f"课程{typed}", "domain": "skill", "occupation_code": typed})
        assert Course.objects.latest("pk").occupation_id == code
    back = page.post(at("new_course"), {"title": "课程", "domain": "skill", "occupation_code": "看风水的"})
    assert back.status_code == 422
    assert "没有找到这个职业" in text_of(back)
    assert "6-31-01-03" in text_of(page.get(at("occupations"), {"q": "电工"}))


def test_a_standard_is_registered_once(page: Client) -> None:
    words = {"kind": "post", "code": "QY-1", "name": "装配岗位规范", "source": "本企业"}
    assert page.post(at("new_standard"), words).status_code == 302
    twice = page.post(at("new_standard"), words)
    assert twice.status_code == 422
    assert "已登记过" in text_of(twice)
    assert Standard.objects.count() == 1
    assert "装配岗位规范" in text_of(page.get(at("standards"), {"q": "装配"}))
