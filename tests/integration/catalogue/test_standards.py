"""Occupations and standards: loaded again without harm, imported whole or not at all."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.catalogue import author_of, make_occupations, make_standard
from tests.factories.identity import NOW, make_bureau, make_enterprise, make_learner, make_operator, make_organisation
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import PointDraft
from zhenxue.catalogue.models import Occupation, Point, Standard
from zhenxue.catalogue.operations import standards
from zhenxue.catalogue.queries.standards import search_occupations, visible_standards
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db
CSV = "code,name,level,parent,agreement\n6,生产制造,major,,both\n6-31,辅助,middle,6,both\n6-31-01,通用,minor,6-31,one\n"


def test_the_project_carries_the_whole_classification_and_loads_it_twice_alike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("load_occupations")
    first = list(Occupation.objects.order_by("code").values())
    assert len(first) == 2181
    assert Occupation.objects.filter(level="unit", parent__isnull=True).count() == 0
    with CaptureQueriesContext(connection) as queries:
        call_command("load_occupations")
    assert list(Occupation.objects.order_by("code").values()) == first
    assert "新增 0，更新 0，未变 2181" in capsys.readouterr().out
    assert not [one for one in queries if one["sql"].startswith("INSERT")], "what is there already is not written"
    Occupation.objects.filter(code="6-31-01-03").update(name="别的名字")
    call_command("load_occupations")
    assert list(Occupation.objects.order_by("code").values()) == first
    assert "新增 0，更新 1，未变 2180" in capsys.readouterr().out


def test_a_faulty_file_is_answered_by_row_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "职业.csv"
    rows = "6-32,错级,minor,6,both\n6-33-01,没有上级,minor,6-33,both\n6-31,重复,middle,6,both\n"
    rows += "X-1,怪,major,,both\n6-34,,middle,6,one\n"
    file.write_text(CSV + rows, encoding="gb18030")
    before = list(Occupation.objects.order_by("code").values())
    with pytest.raises(CommandError, match="5 行有问题"):
        call_command("load_occupations", str(file))
    assert list(Occupation.objects.order_by("code").values()) == before
    answers = catalogue.load_occupations(text=CSV + rows)
    assert [answer.number for answer in answers if answer.problems] == [5, 6, 7, 8, 9]
    with pytest.raises(Invalid, match="缺少这些列"):
        catalogue.load_occupations(text="a,b\n1,2\n")


def test_an_import_replaces_names_and_keeps_what_the_file_lacks() -> None:
    catalogue.load_occupations(text=CSV)
    catalogue.load_occupations(text=CSV.replace("通用", "通用工程"))
    catalogue.load_occupations(text="\ufeffcode,name,level,parent,agreement\n6,生产制造,major,,both\n")
    assert Occupation.objects.get(code="6-31-01").name == "通用工程"


def test_occupations_are_found_by_code_and_by_name() -> None:
    make_occupations()
    assert search_occupations("6-31-01-03")[0].name == "电工"
    assert search_occupations("电工")[0].code == "6-31-01-03"
    assert all(one.code.startswith("6-31-01") for one in search_occupations("6-31-01"))
    assert search_occupations("") == search_occupations("没有这种职业") == []
    assert catalogue.find_occupation(" 6-31-01-03 ") is not None


def read(rows: list[tuple[str, ...]]) -> list[tuple[PointDraft | None, catalogue.RowAnswer]]:
    content = sheets.write_xlsx("点", ("类别", "编号", "职业功能", "内容"), rows)
    return standards.read_point_table(sheets.table(sheets.read_sheet(content, "点.xlsx"), standards.POINT_COLUMNS))


def test_every_row_of_points_is_answered() -> None:
    found = read(
        [
            ("知识点", "1.1", "安全", "规程"),
            ("技能要求", "1.2", "安全", "佩戴护具"),
            ("态度", "1.3", "安全", "认真"),
            ("知识点", "1.1", "安全", "重复"),
            ("技能点", "1.4", "", ""),
            ("技能点", "1.5", "", "长" * 301),
        ]
    )
    assert [draft is not None for draft, _ in found] == [True, True, False, False, False, False]
    words = [" ".join(answer.problems) for _, answer in found]
    assert "不认识" in words[2]
    assert "第 2 行重复" in words[3]
    assert "缺少“内容”" in words[4]
    assert "超过 300 字" in words[5]


def test_points_are_added_and_brought_up_to_date_by_code() -> None:
    author = author_of(make_organisation())
    standard = make_standard(author, points=0)
    first = [PointDraft("knowledge", "1", "旧"), PointDraft("skill", "2", "二")]
    assert catalogue.import_points(actor=author, standard_id=standard.pk, drafts=first, now=NOW) == 2
    second = [PointDraft("knowledge", "1", "新"), PointDraft("skill", "3", "三")]
    assert catalogue.import_points(actor=author, standard_id=standard.pk, drafts=second, now=NOW) == 1
    assert [point.title for point in catalogue.list_points(standard.pk)] == ["新", "二", "三"]
    with pytest.raises(Invalid):
        catalogue.import_points(actor=author, standard_id=standard.pk, drafts=[], now=NOW)


def test_public_standards_are_the_operators_and_own_ones_stay_own() -> None:
    operator, author, other = make_operator(), author_of(make_organisation()), make_enterprise()
    public, own = make_standard(operator), make_standard(author)
    assert public.organisation_id is None
    assert set(visible_standards(author)) == set(visible_standards(make_bureau())) == {public, own}
    assert set(visible_standards(other)) == set(visible_standards(make_bureau("371521"))) == {public}
    assert set(visible_standards(make_learner())) == set()
    drafts = [PointDraft("skill", "9", "九")]
    with pytest.raises(Refused):
        catalogue.import_points(actor=author, standard_id=public.pk, drafts=drafts, now=NOW)
    with pytest.raises(NotFound):
        catalogue.import_points(actor=other, standard_id=own.pk, drafts=drafts, now=NOW)
    with pytest.raises(Refused):
        make_standard(make_bureau())


def test_a_code_stands_once_for_each_owner() -> None:
    def make(actor: object) -> Standard:
        return catalogue.create_standard(
            actor=actor,  # type: ignore[arg-type]  # actors below
            kind="national",
            code="GZB 4-01",
            name="营销员",
            occupation_code=None,
            source="人社部",
            now=NOW,
        )

    operator, author = make_operator(), author_of(make_organisation())
    make(operator)
    make(author)
    for actor in (operator, author):
        with pytest.raises(Conflict) as refused:
            make(actor)
        assert "code" in refused.value.fields
    assert Point.objects.count() == 0
