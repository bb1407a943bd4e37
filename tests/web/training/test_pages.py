"""Every page opens for those whom it is for, says something, and is closed to others."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_operator, make_provider, make_teacher
from tests.factories.training import (
    attend_all,
    make_draft_cohort,
    make_draft_programme,
    make_filed_cohort,
    make_running_cohort,
)

pytestmark = pytest.mark.django_db


def get(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(f"training:{name}", args=args), query)
    assert response.status_code == 200, (name, response.status_code, response.content.decode()[:1500])
    return response.content.decode()


def status(client: Client, name: str, *args: object) -> int:
    return client.get(reverse(f"training:{name}", args=args)).status_code


def test_a_manager_walks_through_a_draft_from_programme_to_check() -> None:
    made = make_draft_cohort()
    draft = make_draft_programme(made.manager, title="茶艺师")
    client = client_for(made.manager)
    assert "茶艺师" in get(client, "programmes")
    assert "没有符合条件的项目" in get(client, "programmes", q="无此项目")
    assert "新建培训项目" in get(client, "new_programme")
    builder = get(client, "programme", draft.pk)
    assert "符合规定" in builder
    assert "18.2%" in builder
    assert "修改项目信息" in get(client, "edit_programme", draft.pk)
    assert made.cohort.title in get(client, "cohorts", q=made.cohort.code)
    assert "下一步排课" in get(client, "new_cohort")
    for name in ("cohort", "plan", "roster", "attendance", "amendments", "history"):
        assert made.cohort.title in get(client, name, made.cohort.pk)
    for name in ("edit_cohort", "edit_plan", "check_cohort", "add_learner"):
        assert made.cohort.title in get(client, name, made.cohort.pk)
    assert "可以提交" in get(client, "check_cohort", made.cohort.pk)
    assert status(client, "filings") == 403


def test_a_bureau_sees_filings_of_its_region_and_another_county_does_not() -> None:
    made = make_filed_cohort()
    county, other, city = client_for(made.bureau), client_for(make_bureau("371521")), client_for(make_bureau("3715"))
    assert made.cohort.title in get(county, "filings")
    page = get(county, "filing", made.cohort.pk)
    assert made.cohort.plan_digest in page
    assert "通过备案" in page
    assert made.enrolments[0].person.citizen_number not in page
    watching = get(city, "filing", made.cohort.pk)
    assert "监管视图" in watching
    assert "通过备案" not in watching
    assert made.cohort.title not in get(other, "filings", state="filed")
    assert status(other, "filing", made.cohort.pk) == 404
    block = get(county, "bureau_block")
    assert made.cohort.title in block
    assert "figure-row" not in block  # the region's figures stand in supervision's block, once
    assert "监管视图" in get(county, "cohort", made.cohort.pk)
    assert status(county, "new_cohort") == 403


def test_people_of_a_running_cohort_see_their_pages() -> None:
    made = make_running_cohort(starts_on=dt.date(2026, 3, 2))
    first, second = made.lessons
    attend_all(made, first)
    manager, teacher, learner = client_for(made.manager), client_for(made.teacher), client_for(made.learners[0])
    listed = get(teacher, "lessons")
    assert first.title in listed
    assert "到 3 人" in listed
    assert listed.count("已登记</span>") == 1
    assert "已登记 3 人" in get(teacher, "lesson_attendance", first.pk)
    assert "签到表" in get(teacher, "lesson_sheet", second.pk)
    assert made.cohort.title in get(teacher, "cohort", made.cohort.pk)
    assert "今天的课" in get(teacher, "teacher_block")
    assert "班期待办" in get(manager, "manager_block")
    assert first.title in get(manager, "attendance", made.cohort.pk)
    assert "申请变更" in get(manager, "amendments", made.cohort.pk)
    assert "登记退出" in get(manager, "roster", made.cohort.pk)
    get(learner, "schedule")
    assert status(learner, "cohort", made.cohort.pk) == 403
    assert status(client_for(make_teacher()), "lesson_attendance", first.pk) == 404
    assert status(client_for(make_provider()), "cohort", made.cohort.pk) == 404
    assert made.cohort.title in get(client_for(make_operator()), "cohorts")
