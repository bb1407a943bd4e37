"""The pages of the rules: in force, versions, one version, a new one; the rules of a cohort."""

import datetime as dt
import re

import pytest
from django.test import Client

from tests.factories.identity import client_for, make_bureau, make_operator, make_provider, make_regions, make_rules
from tests.factories.training import make_approved_cohort
from zhenxue.identity.data import RULE_FIELDS, Role
from zhenxue.identity.models import RuleSet
from zhenxue.identity.queries import rules as queries
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db
NEW = "/rules/versions/new/"


def filled(**changes: str) -> dict[str, str]:
    """What the form sends when only the version is filled in."""
    base = queries.rules_of(RuleSet.objects.select_related("region").get(version="测试"))
    start = clock.civil_day(clock.now()) + dt.timedelta(days=1)
    typed = {
        "region": "3715",
        "programme_kind": "",
        "version": "2027-1",
        "valid_from": start.isoformat(),
        "valid_until": "",
        "source": "聊人社字〔2027〕1号",
    }
    for one in RULE_FIELDS:
        typed |= {f"value_{one.key}": str(base[one.key]), f"source_{one.key}": base.sources[one.key]}
    return {**typed, **changes}


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_the_page_of_rules_shows_what_applies_today_and_lists_the_rest(client: Client) -> None:
    make_rules()
    page = text_of(client, "/rules/")
    today = clock.civil_day(clock.now())
    now = queries.get_rules(region_code="3715", on=today).version
    other = "2025-1" if now == "2026-1" else "2026-1"
    assert f"聊城市 · 全部类别 · 版本 {now}" in page.split("其他版本")[0]
    assert f"版本 {other}" in page.split("其他版本")[1]
    assert "每课时45分钟" in page
    assert "全部版本" not in page


def test_the_city_issues_a_version_and_sees_what_it_changes() -> None:
    make_rules()
    client = client_for(make_bureau("3715"))
    page = text_of(client, NEW)
    assert '<option value="0" selected>否</option>' in page
    assert 'name="value_check_min_seconds"' in page
    assert "聊人社字〔2025〕3号 四（三）：每课时45分钟" in page
    answer = client.post(
        NEW, filled(value_daily_cap_class_hours="6", value_units_in_order="1", programme_kind="upskill"), follow=True
    )
    page = answer.content.decode()
    made = RuleSet.objects.get(version="2027-1")
    assert answer.redirect_chain == [(f"/rules/versions/{made.pk}/", 302)]
    assert "有 2 项不同" in page
    assert "待执行" in page
    assert "执行规则发布" in page, "what happened, from the log"
    assert re.search(r"每人每日计入上限</th>.*?>6 课时.*?>8 课时.*?改变", page, re.DOTALL)
    assert re.search(r"须按顺序学习单元.*?>是<.*?>否<.*?改变", page, re.DOTALL), "a switch is told in words"
    listing = text_of(client, "/rules/versions/?kind=upskill")
    assert ">2027-1</a>" in listing
    assert ">2026-1</a>" not in listing
    assert ">2027-1</a>" not in text_of(client, "/rules/versions/?kind=all")
    assert 'value="6"' in text_of(client, f"{NEW}?base={made.pk}")


def test_a_refused_version_keeps_what_was_typed_and_names_each_field() -> None:
    make_rules()
    client = client_for(make_operator())
    typed = filled(
        value_check_min_seconds="1300",
        value_idle_seconds="",
        source="",
        version="2026-1",
        valid_from="2026-01-01",
    )
    answer = client.post(NEW, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请填写数字。" in page, "fields that are empty are answered first"
    assert 'value="1300"' in page
    answer = client.post(NEW, {**typed, "value_idle_seconds": "600", "source": "文件"})
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("在学确认最短间隔不能大于在学确认最长间隔", "起效日不能早于今天", "已有同名版本"):
        assert words in page
    assert RuleSet.objects.count() == 3


def test_a_county_reads_and_does_not_issue() -> None:
    make_rules()
    county = client_for(make_bureau("371502"))
    assert "发布新版本" not in text_of(county, "/rules/versions/")
    known = RuleSet.objects.get(version="2026-1").pk
    assert "不能再改" not in text_of(county, f"/rules/versions/{known}/")
    assert county.get(NEW).status_code == 403
    assert county.post(NEW, filled()).status_code == 403
    city = client_for(make_bureau("3715"))
    make_regions("3701")
    assert city.post(NEW, filled(region="3701")).status_code == 422
    assert client_for(make_operator(Role.OPERATOR_REVIEWER)).get("/rules/versions/").status_code == 200
    assert client_for(make_provider()).get("/rules/versions/").status_code == 403
    assert RuleSet.objects.count() == 3


def test_every_page_of_a_cohort_leads_to_its_rules() -> None:
    made = make_approved_cohort()
    path = f"/cohorts/{made.cohort.pk}/rules/"
    for who, pages in (
        (made.manager, ("", "plan/", "roster/")),
        (make_bureau("371502"), ("", "history/")),
    ):
        client = client_for(who)
        for page in pages:
            assert path in text_of(client, f"/cohorts/{made.cohort.pk}/{page}")
        told = text_of(client, path)
        assert "备案通过时冻结，以后规则调整不影响本班。" in told
        assert "聊人社字〔2025〕3号 四（三）：每课时45分钟" in told
        assert "备案时还没有这一项，按平台默认值执行" in told
    assert client_for(make_provider()).get(path).status_code == 404
