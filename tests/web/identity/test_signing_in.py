"""Signing in as a person does it: pages, throttle, hand-over, first password, way back."""

import re

import pytest
from axes.models import AccessAttempt
from django.test import Client
from pytest_django.fixtures import Settings

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Role, SessionEnd
from zhenxue.identity.models import AccessLogEntry, Account, LoginSession

pytestmark = pytest.mark.django_db
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile MicroMessenger/8.0"


def account(role: Role = Role.LEARNER, *, must_change: bool = False) -> Account:
    organisation = make.make_organisation() if role is not Role.LEARNER else None
    return make.make_account(role, organisation, password=make.PASSWORD, must_change=must_change)


def sign_in(client: Client, username: str, password: str = make.PASSWORD, back: str = "") -> object:
    return client.post("/sign-in/", {"username": username, "password": password, "next": back})


def test_a_person_signs_in_by_name_phone_or_number_and_out_again(client: Client) -> None:
    one = account()
    for identifier in (one.username, one.person.phone, one.person.citizen_number.lower()):
        answer = sign_in(client, identifier)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/home/")
        assert one.person.name in client.get("/me/").content.decode()
        assert client.post("/sign-out/").status_code == 302
        assert client.get("/me/").headers["Location"] == "/sign-in/?next=%2Fme%2F"
    ends = set(LoginSession.objects.values_list("end_reason", flat=True))
    assert ends == {SessionEnd.SIGNED_OUT}


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(client: Client) -> None:
    one = account()
    answers = []
    for username in (one.username, "nobody1", make.citizen_number(), "13900000001"):
        answer = sign_in(client, username, "wrong-password")
        assert answer.status_code == 422
        page = answer.content.decode().replace(username, "…")
        answers.append(
            re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken[^}]+|ask-\w+|nonce="[^"]+"', "", page)
        )
    assert len(set(answers)) == 1
    assert "登录名或密码不正确" in answers[0]
    inactive = account()
    inactive.is_active = False
    inactive.save()
    assert "登录名或密码不正确" in sign_in(client, inactive.username).content.decode()


def test_too_many_failures_lock_the_sign_in_and_keep_no_number(client: Client, settings: Settings) -> None:
    one, number = account(), make.citizen_number()
    for identifier in (one.username, number):
        for _ in range(settings.AXES_FAILURE_LIMIT):
            answer = sign_in(client, identifier, "wrong-password")
        assert answer.status_code == 429
        words = answer.content.decode()
        assert "登录失败次数过多" in words
        assert "15 分钟" in words
    locked = sign_in(client, one.username)
    assert locked.status_code == 429, "the right password does not help while locked"
    by_phone = sign_in(client, one.person.phone)
    assert by_phone.status_code == 429, "another name of the same account does not help either"
    other = account()
    assert sign_in(client, other.username).status_code == 302
    stored = " ".join(str(value) for row in AccessAttempt.objects.values_list() for value in row)
    assert number not in stored
    assert "wrong-password" not in stored


def test_a_failed_field_is_answered_and_nothing_typed_is_lost(client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "zhangsan", "password": ""})
    words = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="zhangsan"' in words


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/me/phone/?a=1", "/me/phone/?a=1"),
        ("https://evil.example/", "/home/"),
        ("//evil.example/", "/home/"),
        ("/\\evil.example", "/home/"),
        ("javascript:alert(1)", "/home/"),
        ("/sign-in/?next=/sign-in/", "/home/"),
        ("", "/home/"),
    ],
)
def test_the_way_back_stays_on_this_site(client: Client, asked: str, led: str) -> None:
    page = client.get("/sign-in/", {"next": asked}).content.decode()
    if led == "/home/":
        assert '<input type="hidden" name="next" id="id_next">' in page
    assert sign_in(client, account().username, back=asked).headers["Location"] == led


def test_the_second_device_sees_the_first_and_takes_over() -> None:
    one = account()
    desk, phone = Client(headers={"user-agent": make.USER_AGENT}), Client(headers={"user-agent": PHONE_AGENT})
    sign_in(desk, one.username)
    answer = sign_in(phone, one.username, back="/me/phone/")
    assert answer.headers["Location"] == "/hand-over/"
    assert phone.get("/me/").headers["Location"].startswith("/sign-in/"), "not signed in before the decision"
    page = phone.get("/hand-over/").content.decode()
    assert "Linux 电脑 · Chrome 浏览器" in page
    assert "127.0.0.1" in page
    assert desk.get("/me/").status_code == 200, "looking at the page ends nothing"
    assert phone.post("/hand-over/").headers["Location"] == "/me/phone/"
    assert phone.get("/me/").status_code == 200
    ended = desk.get("/me/")
    assert ended.status_code == 401
    assert "你的账号已在另一台设备登录" in ended.content.decode()
    assert desk.get("/me/").headers["Location"].startswith("/sign-in/"), "it is said once"
    entries = evidence.list_entries(refs=[f"account:{one.pk}"], kinds=["identity.signed_in_by_hand_over"])
    assert ("新设备", "安卓手机 · 微信") in entries[0].lines


def test_the_hand_over_can_be_cancelled_and_needs_a_checked_password() -> None:
    one = account()
    desk, phone = Client(), Client(headers={"user-agent": PHONE_AGENT})
    sign_in(desk, one.username)
    sign_in(phone, one.username)
    assert phone.post("/hand-over/cancel/").headers["Location"] == "/sign-in/"
    assert phone.post("/hand-over/").headers["Location"] == "/sign-in/"
    assert Client().post("/hand-over/").headers["Location"] == "/sign-in/"
    assert desk.get("/me/").status_code == 200


def test_a_hand_over_is_void_when_the_password_changed_meanwhile() -> None:
    one = account()
    desk, phone = Client(headers={"user-agent": make.USER_AGENT}), Client(headers={"user-agent": PHONE_AGENT})
    sign_in(desk, one.username)
    assert sign_in(phone, one.username).headers["Location"] == "/hand-over/"
    done = desk.post("/password/", {"old": make.PASSWORD, "new": "Xin-mima-2026", "again": "Xin-mima-2026"})
    assert done.status_code == 302
    assert phone.post("/hand-over/").headers["Location"] == "/sign-in/"
    assert desk.get("/me/").status_code == 200


def test_a_machine_whose_sign_in_was_handed_over_is_told_in_json() -> None:
    one = account()
    desk, phone = Client(), Client(headers={"user-agent": PHONE_AGENT})
    sign_in(desk, one.username)
    sign_in(phone, one.username)
    phone.post("/hand-over/")
    answer = desk.get("/me/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "identity.session_handed_over")


def test_parts_of_a_page_lead_the_whole_page_to_sign_in(client: Client) -> None:
    answer = client.get("/me/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/me/?a=1"})
    assert answer.headers["HX-Redirect"] == "/sign-in/?next=%2Fme%2F%3Fa%3D1"
    assert client.get("/me/", headers={"accept": "application/json"}).status_code == 401


def test_a_form_sent_too_late_leads_back_to_its_page(client: Client) -> None:
    own = client.post("/people/new/", {"name": "x"}, headers={"referer": "http://testserver/people/new/?a=1"})
    assert own.headers["Location"] == "/sign-in/?next=%2Fpeople%2Fnew%2F%3Fa%3D1"
    foreign = client.post("/people/new/", {"name": "x"}, headers={"referer": "https://evil.example/people/"})
    assert foreign.headers["Location"] == "/sign-in/"


def test_an_initial_password_must_be_changed_first(client: Client) -> None:
    one = account(must_change=True)
    sign_in(client, one.username)
    for path in ("/home/", "/me/", "/rules/"):
        assert client.get(path).headers["Location"] == "/password/"
    page = client.get("/password/")
    assert "请先修改初始密码" in page.content.decode()
    weak = client.post("/password/", {"old": make.PASSWORD, "new": "1234567890", "again": "1234567890"})
    assert weak.status_code == 422
    assert "密码不能全是数字" in weak.content.decode()
    unlike = client.post("/password/", {"old": make.PASSWORD, "new": "Xin-mima-2026", "again": "Xin-mima-2027"})
    assert "两次输入的新密码不一样" in unlike.content.decode()
    done = client.post("/password/", {"old": make.PASSWORD, "new": "Xin-mima-2026", "again": "Xin-mima-2026"})
    assert done.headers["Location"] == "/home/"
    assert client.get("/me/").status_code == 200
    client.post("/sign-out/")
    assert sign_in(client, one.username, "Xin-mima-2026").status_code == 302


def test_several_roles_are_chosen_and_switched(client: Client) -> None:
    one = account(Role.PROVIDER_MANAGER)
    make.identity.grant_role(
        actor=make.SYSTEM, account=one, organisation=make.make_organisation(), role=Role.TEACHER, now=make.NOW
    )
    assert sign_in(client, one.username).headers["Location"] == "/me/role/?next=%2Fhome%2F"
    assert client.get("/people/").status_code == 200
    page = client.get("/me/role/").content.decode()
    teacher = re.findall(r'name="membership" value="(\d+)"', page)[1]
    assert client.post("/me/role/", {"membership": teacher, "next": "/rules/"}).headers["Location"] == "/rules/"
    assert client.get("/people/").status_code == 403
    assert client.post("/me/role/", {"membership": "999999"}).status_code == 404
    assert client.post("/me/role/", {}).status_code == 422


def test_a_role_taken_away_closes_the_pages_at_once() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    client = make.client_for(teacher)
    membership = make.identity.list_memberships(teacher.account_id or 0)[0]
    make.identity.revoke_role(actor=manager, membership_id=membership.pk, now=make.NOW)
    answer = client.get("/organisations/own/")
    assert answer.status_code == 401
    assert "角色已撤销" in answer.content.decode()


def test_a_stolen_or_old_cookie_opens_nothing(client: Client) -> None:
    session = client.session
    session["sign_in"] = "not-a-key"
    session.save()
    assert client.get("/me/").headers["Location"].startswith("/sign-in/")


def test_the_session_key_changes_at_sign_in(client: Client) -> None:
    client.get("/sign-in/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = session.session_key
    sign_in(client, account().username)
    assert client.session.session_key != before


def test_large_type_is_kept_with_the_account(client: Client) -> None:
    one = account()
    sign_in(client, one.username)
    assert 'data-type="large"' not in client.get("/me/").content.decode()
    assert client.post("/me/large-type/", {"on": "1", "next": "/me/"}).headers["Location"] == "/me/"
    assert 'data-type="large"' in client.get("/me/").content.decode()
    assert client.post("/me/large-type/", {"on": "0"}, headers={"HX-Request": "true"}).status_code == 204
    assert 'data-type="large"' not in client.get("/me/").content.decode()


def test_a_page_costs_the_actor_one_query(client: Client, django_assert_max_num_queries: object) -> None:
    sign_in(client, account().username)
    client.get("/me/phone/")
    with django_assert_max_num_queries(3):  # Django's session, the sign-in with its actor, the account
        client.get("/me/phone/")


def test_the_top_bar_names_the_region_of_an_officer() -> None:
    page = make.client_for(make.make_bureau("371502")).get("/people/").content.decode()
    assert "东昌府区" in page.split("<main")[0]
    assert "371502" not in page.split("<main")[0]


def test_acts_refusals_and_staff_pages_are_logged_but_not_reading_by_learners() -> None:
    learner, manager = make.make_learner(), make.make_provider()
    client = make.client_for(learner)
    AccessLogEntry.objects.all().delete()
    client.get("/me/")
    assert not AccessLogEntry.objects.exists()
    client.get("/people/")
    client.post("/me/large-type/", {"on": "1"})
    staff = make.client_for(manager)
    staff.get("/people/?q=13812345678")
    lines = list(AccessLogEntry.objects.order_by("pk").values_list("account_id", "method", "path", "status", "role"))
    assert lines == [
        (learner.account_id, "GET", "/people/", 403, "learner"),
        (learner.account_id, "POST", "/me/large-type/", 302, "learner"),
        (None, "POST", "/sign-in/", 302, ""),
        (manager.account_id, "GET", "/people/", 200, "provider_manager"),
    ]
