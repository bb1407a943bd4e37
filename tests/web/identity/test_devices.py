"""A learner's browser brings its key once; the page of devices."""

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories.identity import (
    PASSWORD,
    USER_AGENT,
    client_for,
    make_account,
    make_learner,
    make_operator,
    make_organisation,
    make_teacher,
    new_key,
)
from zhenxue.identity.data import Role
from zhenxue.identity.models import Account, DeviceKey, LoginSession
from zhenxue.identity.web.views import devices

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}
ASKS = 'data-device-key="/account/device-key/"'


def bring(client: Client, key: str) -> tuple[int, dict[str, str]]:
    answer = client.post("/account/device-key/", {"public_key": key}, headers=JSON)
    return answer.status_code, answer.json()


def test_pages_ask_for_the_key_until_the_sign_in_has_one() -> None:
    client, key = client_for(make_learner()), new_key()
    assert ASKS in client.get("/me/").content.decode()
    status, answer = bring(client, key)
    assert (status, set(answer)) == (200, {"fingerprint"})
    assert ASKS not in client.get("/me/").content.decode()
    assert bring(client, key) == (200, answer)
    status, refused = bring(client, new_key())
    assert (status, refused["code"]) == (409, "identity.device_bound")
    assert "重新登录" in refused["message"]
    assert ASKS not in client_for(make_teacher()).get("/me/").content.decode()


def sign_in(account: Account, key: str, agent: str = USER_AGENT) -> tuple[Client, str]:
    """The sign-in form with what its script put in; the client and where it was led."""
    client = Client(HTTP_USER_AGENT=agent)
    form = {"username": account.username, "password": PASSWORD, "device_key": key}
    return client, client.post("/sign-in/", form).headers["Location"]


def bound_key(account: Account) -> str:
    """The key of the live sign-in, "" for none."""
    live = LoginSession.objects.select_related("device_key").get(account=account, ended_at__isnull=True)
    return live.device_key.public_key if live.device_key else ""


def test_the_sign_in_form_binds_the_key_before_the_first_page() -> None:
    learner, key = make_account(Role.LEARNER, password=PASSWORD, must_change=True), new_key()
    assert "data-sign-in-key" in Client().get("/sign-in/").content.decode()
    client, _ = sign_in(learner, key)
    assert bound_key(learner) == key
    form = {"old": PASSWORD, "new": "Xin-mima-2026", "again": "Xin-mima-2026"}
    assert client.post("/password/", form).headers["Location"] == "/home/"
    assert bound_key(learner) == key
    assert ASKS not in client.get("/me/").content.decode()
    assert bring(client, new_key())[0] == 409


def test_the_hand_over_page_binds_the_key_of_the_form_before_it() -> None:
    learner, first, second = make_account(Role.LEARNER, password=PASSWORD, must_change=False), new_key(), new_key()
    sign_in(learner, first)
    client, led = sign_in(learner, second, agent="Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile")
    assert led == "/hand-over/"
    assert bound_key(learner) == first
    assert client.post("/hand-over/", {"device_key": new_key()}).status_code == 302
    assert bound_key(learner) == second


@pytest.mark.parametrize("key", ["", "AAAA", "no key " * 500])
def test_a_sign_in_without_a_key_that_fits_is_bound_by_the_first_page(key: str) -> None:
    learner = make_account(Role.LEARNER, password=PASSWORD, must_change=False)
    client, led = sign_in(learner, key)
    assert (led, bound_key(learner)) == ("/home/", "")
    assert ASKS in client.get("/me/").content.decode()
    assert bring(client, new_key())[0] == 200


def test_staff_sign_in_without_being_bound() -> None:
    teacher = make_account(Role.TEACHER, make_organisation(), password=PASSWORD, must_change=False)
    assert sign_in(teacher, new_key())[1] == "/home/"
    assert bound_key(teacher) == ""


def test_a_bad_key_is_answered_in_words_and_a_loop_is_stopped() -> None:
    cache.clear()
    client = client_for(make_learner())
    status, answer = bring(client, "AAAA")
    assert (status, answer["code"]) == (422, "identity.device_key")
    assert "Chrome" in answer["message"]
    for _ in range(devices.TRIES):
        status, answer = bring(client, "AAAA")
    assert (status, answer["code"]) == (429, "identity.device_key_pace")
    assert client.get("/me/").status_code == 200
    assert not DeviceKey.objects.exists()


def test_the_page_of_devices_marks_this_one_and_lets_go_of_another() -> None:
    learner = make_learner()
    old = client_for(learner)
    bring(old, new_key())
    client = client_for(learner)
    assert client.get("/me/devices/").content.decode().count("本机") == 0
    bring(client, new_key())
    page = client.get("/me/devices/").content.decode()
    assert page.count("移除本机") > 0
    first, second = DeviceKey.objects.order_by("pk")
    answer = client.post(f"/me/devices/{first.pk}/remove/", follow=True)
    assert "已移除" in answer.content.decode()
    assert client.post(f"/me/devices/{first.pk}/remove/").status_code == 404
    assert client.post(f"/me/devices/{second.pk}/remove/").headers["Location"] == "/sign-in/"
    assert not LoginSession.objects.filter(ended_at__isnull=True).exists()
    assert client.get("/me/devices/").status_code in {302, 401}
    assert client_for(make_learner()).post(f"/me/devices/{second.pk}/remove/").status_code == 404


def test_the_operator_finds_everybody_on_one_device_by_its_fingerprint() -> None:
    key, learners = new_key(), [make_learner(name="赵子文"), make_learner(name="钱学明")]
    found = [bring(client_for(one), key)[1]["fingerprint"] for one in learners]
    bring(client_for(make_learner(name="孙春晓")), new_key())
    admin = client_for(make_operator())
    page = admin.get("/sign-ins/", {"q": found[0]}).content.decode()
    assert found[0] == found[1]
    assert ("赵子文" in page, "钱学明" in page, "孙春晓" in page) == (True, True, False)
    assert f"指纹 {found[0][:16]}" in page
    assert f"指纹 {found[0][:16]}" in admin.get(f"/accounts/{learners[0].account_id}/").content.decode()
