"""A form that creates something is used once: the same post again leads to the first result."""

import datetime as dt
import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from tests.factories.catalogue import OCCUPATION, author_of, make_occupations
from tests.factories.identity import NOW, client_for, make_organisation, make_provider, make_rules
from tests.factories.subsidy import CLAIMING, make_passed_cohort, make_policy
from tests.factories.training import make_draft_cohort
from zhenxue.catalogue.models import Course, Standard
from zhenxue.exams.models import Paper
from zhenxue.kernel import clock, once
from zhenxue.kernel.models import UsedForm
from zhenxue.subsidy.models import Claim
from zhenxue.training.models import Cohort, Programme

pytestmark = pytest.mark.django_db
PROGRAMME = {
    "kind": "skill",
    "title": "茶艺师（五级）",
    "level": "5",
    "target_groups": ["rural"],
    "occupation": OCCUPATION,
}


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def token_of(client: Client, address: str) -> str:
    found = re.findall(r'name="form_token" value="([^"]+)"', client.get(address).content.decode())
    assert len(found) == 1, address
    return str(found[0])


def twice(client: Client, name: str, data: dict[str, object]) -> tuple[str, str]:
    """Opens the form at ``name`` and posts it two times; where both answers lead."""
    address = reverse(name)
    filled = {**data, once.FIELD: token_of(client, address)}
    answers = [client.post(address, filled) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302], answers[0].content.decode()[:2000]
    assert "已经提交过" in str([*get_messages(answers[1].wsgi_request)][-1])
    return answers[0].headers["Location"], answers[1].headers["Location"]


def test_a_cohort_is_made_once_and_a_changed_form_makes_another() -> None:
    made = make_draft_cohort()
    client, before = client_for(made.manager), Cohort.objects.count()
    data: dict[str, object] = {
        "programme_id": made.cohort.programme_id,
        "title": "直播销售员二班",
        "starts_on": "2026-03-05",
        "ends_on": "2026-03-20",
        "capacity": 20,
        "venue": "四楼教室",
        "head_teacher": made.teacher.person_id or "",
        "assessment_plan": "理论和实操各一次。",
    }
    first, second = twice(client, "training:new_cohort", data)
    assert first == second
    assert Cohort.objects.count() == before + 1
    address = reverse("training:new_cohort")
    token = token_of(client, address)
    refused = client.post(address, {**data, "ends_on": "2026-03-01", once.FIELD: token})
    assert refused.status_code == 422
    assert f'value="{token}"' in refused.content.decode(), "a refused form keeps its token"
    mended = client.post(address, {**data, once.FIELD: token})
    assert mended.status_code == 302
    changed = client.post(address, {**data, "title": "直播销售员三班", once.FIELD: token})
    assert changed.headers["Location"] != mended.headers["Location"]
    assert Cohort.objects.count() == before + 3
    assert client.post(address, data).status_code == 302, "without a token it runs as before"


@pytest.mark.usefixtures("bare_ground")
def test_programme_course_standard_and_paper_are_made_once() -> None:
    make_rules()
    make_occupations()
    manager = client_for(make_provider())
    first, second = twice(manager, "training:new_programme", dict(PROGRAMME))
    assert (first, Programme.objects.count()) == (second, 1)
    copy = reverse("training:copy_programme", args=[Programme.objects.get().pk])
    assert once.FIELD in manager.get(first).content.decode()
    ways = {manager.post(copy, {once.FIELD: "A" * 22}).headers["Location"] for _ in range(2)}
    assert (len(ways), Programme.objects.count()) == (1, 2)

    author = client_for(author_of(make_organisation()))
    first, second = twice(author, "catalogue:new_course", {"title": "直播销售", "domain": "skill"})
    assert (first, Course.objects.count()) == (second, 1)
    words: dict[str, object] = {"kind": "post", "code": "QY-1", "name": "装配岗位规范", "source": "本企业"}
    first, second = twice(author, "catalogue:new_standard", words)
    assert (first, Standard.objects.count()) == (second, 1)
    first, second = twice(manager, "exams:paper_new", {"title": "新卷", "multiple_rule": "all"})
    assert (first, Paper.objects.count()) == (second, 1)


def test_a_claim_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: CLAIMING + dt.timedelta(hours=1))
    make_policy()
    sitting = make_passed_cohort(learners=1, passing=1)
    client = client_for(sitting.manager)
    first, second = twice(client, "subsidy:claim_new", {"stage": f"{sitting.running.cohort.pk}-1"})
    assert (first, Claim.objects.count()) == (second, 1)


def test_a_token_belongs_to_one_account_and_is_forgotten_in_time() -> None:
    assert once.use(account_id=1, token="t", now=NOW) == ""
    once.settle(account_id=1, token="t", location="/there/")
    assert once.use(account_id=1, token="t", now=NOW) == "/there/"
    assert once.use(account_id=2, token="t", now=NOW) == ""
    assert once.forget(now=NOW + once.KEPT) == 0
    assert once.forget(now=NOW + once.KEPT + dt.timedelta(seconds=1)) == 2
    assert not UsedForm.objects.exists()
