"""Listings over a real table: search, filter, sort, pages, and a constant number of queries."""

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from zhenxue.identity.data import RegionLevel
from zhenxue.identity.models import Region
from zhenxue.kernel.listing import Filter, Listing

pytestmark = pytest.mark.django_db
LEVELS = Filter("level", "级别", RegionLevel.choices())


@pytest.fixture(autouse=True)
def regions(bare_ground: None) -> None:
    for code in Region.objects.order_by("-code").values_list("code", flat=True):  # counties before their city
        Region.objects.filter(code=code).delete()
    Region.objects.bulk_create(
        Region(code=f"37{number:04}", name=f"测试区{number:03}", level="county" if number % 2 else "city")
        for number in range(1, 131)
    )


def list_regions(address: str, **options: object) -> Listing:
    settings = {
        "search": ("name", "code"),
        "filters": (LEVELS,),
        "sorts": {"code": "代码", "name": "名称"},
        "default_sort": "code",
    }
    return Listing(RequestFactory().get(address), Region.objects.all(), **{**settings, **options})  # type: ignore[arg-type]  # options of one test


def test_every_word_of_a_search_must_fit_some_field() -> None:
    assert list_regions("/?q=测试区 370007").total == 1
    assert list_regions("/?q=测试区 不存在").total == 0
    assert list_regions("/?q=%00").total == 130


def test_a_filter_keeps_its_value_and_ignores_unknown_ones() -> None:
    assert list_regions("/?level=city").total == 65
    assert list_regions("/?level=galaxy").total == 130
    own = Filter("odd", "单双", [("1", "单")], apply=lambda rows, value: rows.filter(level="county"))
    assert list_regions("/?odd=1", filters=(own,)).total == 65


def test_sorting_takes_only_offered_fields() -> None:
    assert list_regions("/?sort=-code").rows[0].code == "370130"
    assert list_regions("/?sort=-parent__name").rows[0].code == "370001"


def test_pages_past_the_end_and_broken_numbers_still_answer() -> None:
    assert len(list_regions("/?page=3").rows) == 30
    assert list_regions("/?page=999").page.number == 3
    assert list_regions("/?page=x&size=abc").size == 50
    assert len(list_regions("/?size=200").rows) == 130
    assert list_regions("/?size=100000").size == 50


def test_the_address_keeps_what_others_put_there() -> None:
    listing = list_regions("/?tab=all&q=测试&page=2&level=city&sort=name")
    assert listing.hidden == [("tab", "all")]
    assert "tab=all" in listing.querystring
    assert "page=" not in listing.querystring
    assert "level" not in listing.without("level")
    assert [chip.label for chip in listing.chips] == ["搜索：测试", "级别：市级"]
    assert listing.narrowed
    assert not list_regions("/").narrowed


@pytest.mark.parametrize("address", ["/", "/?size=200", "/?q=测试&level=city&page=2"])
def test_a_page_takes_two_queries_whatever_it_holds(address: str) -> None:
    html = Template(
        '{% include "ui/list_tools.html" %}{% for row in listing.rows %}{{ row.name }}{% endfor %}'
        '{% sort_header listing "code" "代码" %}{% include "ui/pager.html" %}'
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        html.render(Context({"listing": list_regions(address)}))
    assert len(queries) == 2


def test_the_heading_turns_the_order_and_says_it() -> None:
    context = Context({"listing": list_regions("/?q=测试")})
    html = Template('{% sort_header listing "code" "代码" %}{% sort_header listing "name" "名称" %}').render(context)
    assert 'data-order="ascending"' in html
    assert "sort=-code" in html
    assert 'data-order="none"' in html
    assert "sort=name" in html
    assert "当前升序" in html


def test_what_was_typed_comes_back_escaped() -> None:
    html = Template('{% include "ui/list_tools.html" %}').render(
        Context({"listing": list_regions('/?q="><script>alert(1)</script>')})
    )
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
