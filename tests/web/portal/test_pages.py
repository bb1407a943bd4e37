"""Public pages, the home of each role, the registry behind them."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import ANONYMOUS, Actor, Role
from zhenxue.kernel import navigation
from zhenxue.kernel.errors import Refused
from zhenxue.portal import guides
from zhenxue.portal.navigation import Shell
from zhenxue.portal.web import blocks

pytestmark = pytest.mark.django_db
LEARNER = Actor(role=Role.LEARNER, account_id=1, person_id=1, name="王小明")
MANAGER = Actor(role=Role.PROVIDER_MANAGER, account_id=2, name="李主任", organisation_id=1, organisation_name="学校")


def request_as(rf: RequestFactory, actor: Actor, path: str = "/home/") -> HttpRequest:
    request: HttpRequest = rf.get(path)
    request.actor = actor  # type: ignore[attr-defined]  # what the actor middleware does
    request.resolver_match = None
    return request


def test_the_front_page_shows_a_class_hour_and_the_log(client: Client) -> None:
    html = client.get("/").content.decode()
    assert "每一个学时" in html
    assert "45 分钟 = 1 学时" in html
    assert "公开日志" in html
    assert all(group.name in html for group in guides.GROUPS)
    assert 'href="/sign-in/"' in html


def test_the_front_page_says_how_far_the_log_is(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "日志还没有第一次签名" in client.get("/").content.decode()
    signed = dt.datetime(2026, 3, 1, 16, 30, 5, tzinfo=dt.UTC)
    state = SimpleNamespace(origin="log.example", key="k", size=48213, waiting=0, signed_at=signed)
    monkeypatch.setattr(evidence, "describe_log", lambda: state)
    html = client.get("/").content.decode()
    assert "48213</dd>" in html
    assert "2026-03-02 00:30:05" in html


def test_home_asks_the_anonymous_to_sign_in(client: Client) -> None:
    response = client.get("/home/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/?next=")


def test_every_guide_opens_and_an_unknown_one_says_so(client: Client) -> None:
    assert client.get("/help/").status_code == 200
    for guide in guides.GUIDES:
        response = client.get(reverse("portal:help_page", args=[guide.slug]))
        assert response.status_code == 200
        assert guide.title in response.content.decode()
    assert client.get("/help/nothing/").status_code == 404


def test_the_own_guide_comes_first() -> None:
    assert guides.guides_for(MANAGER)[0].slug == "manager"
    assert guides.guides_for(replace(LEARNER, role=Role.BUREAU_OFFICER))[0].slug == "bureau"
    assert all(guides.home_words(replace(MANAGER, role=role)).heading for role in Role)


def test_large_type_is_kept_for_visitors_and_never_leads_away(client: Client) -> None:
    response = client.post("/large-type/", {"on": "1", "next": "/help/"})
    assert response.headers["Location"] == "/help/"
    assert 'data-type="large"' in client.get("/help/").content.decode()
    assert client.post("/large-type/", {"on": "0", "next": "https://evil.example/"}).headers["Location"] == "/"
    assert 'data-type="large"' not in client.get("/help/").content.decode()
    assert client.get("/large-type/").status_code == 405


def test_the_shell_follows_the_actor(rf: RequestFactory) -> None:
    assert Shell(request_as(rf, ANONYMOUS)).kind == "public"
    assert Shell(request_as(rf, LEARNER)).kind == "learner"
    assert Shell(request_as(rf, MANAGER)).kind == "staff"
    assert len(Shell(request_as(rf, LEARNER)).bar) <= 4


def test_the_nearest_entry_is_marked(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_items", {})
    role = {Role.PROVIDER_MANAGER}
    navigation.register(navigation.Item("帮助", "portal:help", "help-circle", role, order=1, group="甲"))
    navigation.register(navigation.Item("首页", "portal:home", "home", role, order=2))
    navigation.register(navigation.Item("没有", "portal:nowhere", "x", role, order=3))
    here = {entry.label: entry.current for _, entry in Shell(request_as(rf, MANAGER, "/help/learner/")).entries}
    assert here == {"帮助": "true", "首页": ""}
    on = Shell(request_as(rf, MANAGER, "/help/"))
    assert [entry.current for _, entry in on.entries] == ["page", ""]
    assert [group.label for group in on.groups] == ["甲", ""]


def test_everything_registered_has_an_address() -> None:
    for item in navigation.all_items():
        assert reverse(item.url_name), item
    for block in navigation.all_blocks():
        assert reverse(block.url_name), block


def test_a_learner_reads_blocks_in_the_page_and_staff_fetch_them(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(navigation, "_blocks", {})
    everyone = {Role.LEARNER, Role.PROVIDER_MANAGER}
    navigation.register_home(navigation.HomeBlock("portal:help", everyone))
    learner = blocks.blocks_of(request_as(rf, LEARNER))  # type: ignore[arg-type]  # an ActorRequest in all that matters
    staff = blocks.blocks_of(request_as(rf, MANAGER))  # type: ignore[arg-type]  # an ActorRequest in all that matters
    assert "使用帮助" in learner[0].content
    assert staff[0].content == ""
    assert staff[0].url == "/help/"


def test_a_block_that_fails_says_so_and_leaves_the_others_alone(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: HttpRequest) -> HttpResponse:
        raise Refused("study.closed", "班期已结束。")

    def fall(request: HttpRequest) -> HttpResponse:
        raise ValueError("secret")

    request = request_as(rf, LEARNER)
    for view, words in ((refuse, "班期已结束。"), (fall, "问题已经记录")):
        monkeypatch.setattr(
            blocks,
            "_view_of",
            lambda url, view=view: type("Match", (), {"func": staticmethod(view), "args": (), "kwargs": {}}),
        )
        html = blocks._fetch(request, "/x/")  # type: ignore[arg-type]  # an ActorRequest in all that matters
        assert words in html
        assert "secret" not in html
