"""The pages of real-name verification as a learner and the staff walk them."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from tests.factories.identity import (
    NOW,
    actor_for,
    client_for,
    make_account,
    make_learner,
    make_operator,
    make_organisation,
)
from tests.factories.training import make_running_cohort
from tests.support import cards as drawn
from tests.support.sandbox import last_code, no_services, sandbox, services_of
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import IdentityCard, Person, Verification
from zhenxue.kernel import outside
from zhenxue.sandbox.server import Server
from zhenxue.training.data import LATER_RULES

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(settings: Settings) -> Iterator[Server]:
    outside._caller.cache_clear()
    with sandbox() as server:
        settings.OUTSIDE_SERVICES = services_of(server)
        settings.SANDBOX = True
        yield server


def learner_with_client() -> tuple[Actor, Person, Client]:
    learner = make_learner(name="样本甲")
    return learner, Person.objects.get(pk=learner.person_id), client_for(learner)


def test_a_learner_walks_all_steps_and_waits_for_review(town: Server) -> None:
    _, person, client = learner_with_client()
    assert "去认证" in client.get("/home/").content.decode()
    page = client.get("/verify/").content.decode()
    assert "沙箱" in page
    assert "还没有实名" in page
    assert "去看同意书" in client.get("/verify/card/").content.decode()
    text = client.get("/verify/consent/").content.decode()
    assert "谁在处理" in text
    assert client.post("/verify/consent/", {"purpose": "identity_documents", "version": "0"}).status_code == 409
    agreed = client.post("/verify/consent/", {"purpose": "identity_documents", "version": "1"})
    assert agreed.headers["Location"] == "/verify/card/"
    bad = client.post("/verify/card/", {"front": SimpleUploadedFile("a.jpg", b"nothing"), "back": ""})
    assert bad.status_code == 422
    sent = client.post(
        "/verify/card/",
        {
            "front": SimpleUploadedFile("a.jpg", drawn.front(person.name, person.citizen_number)),
            "back": SimpleUploadedFile("b.jpg", drawn.back()),
        },
    )
    assert sent.headers["Location"] == "/verify/check/"
    assert "正在识别" in client.get("/verify/check/").content.decode()
    assert "HX-Refresh" not in client.get("/verify/card/state/").headers
    fields = {
        "name": person.name,
        "citizen_number": person.citizen_number,
        "address": "山东省聊城市样本路1号",
        "issuer": "聊城市公安局样本分局",
        "valid_from": "2020-01-15",
        "valid_until": "2040-01-15",
    }
    wrong = client.post("/verify/check/", fields | {"citizen_number": "1"})
    assert wrong.status_code == 422
    assert client.post("/verify/check/", fields).headers["Location"] == "/verify/phone/"
    client.post("/verify/phone/code/")
    assert client.post("/verify/phone/code/").status_code == 429
    assert client.post("/verify/phone/", {"code": "abcdef"}).status_code == 422
    assert client.post("/verify/phone/", {"code": last_code(town)}).headers["Location"] == "/verify/methods/"
    methods = client.get("/verify/methods/").content.decode()
    for words in ("运营商三要素核验", "电子社保卡登录", "公安身份比对", "机构审核证件", "教师确认", "当面核验"):
        assert words in methods
    client.post("/verify/methods/review/", {"note": "照片有点反光"})
    assert client.post("/verify/methods/review/").status_code == 409
    assert "等待审核" in client.get("/verify/").content.decode()

    stranger = client_for(actor_for(make_account(Role.PROVIDER_MANAGER, make_organisation())))
    row = Verification.objects.get(person=person)
    assert stranger.get(f"/verify/reviews/{row.pk}/").status_code == 404
    admin = client_for(make_operator())
    assert person.name in admin.get("/verify/reviews/?state=waiting").content.decode()
    page = admin.get(f"/verify/reviews/{row.pk}/").content.decode()
    assert "照片有点反光" in page
    assert person.citizen_number not in page
    assert admin.post(f"/verify/reviews/{row.pk}/", {"passed": "no", "reason": ""}).status_code == 422
    admin.post(f"/verify/reviews/{row.pk}/", {"passed": "yes", "reason": ""})
    person.refresh_from_db()
    assert (person.verified_strength, person.verified_by_method) == (2, "review")
    page = client.get("/verify/").content.decode()
    assert "已实名" in page
    assert "1 条未读" in page
    assert "去认证" not in client.get("/home/").content.decode()


def test_a_register_is_asked_on_the_spot(town: Server) -> None:
    _, person, client = learner_with_client()
    assert client.post("/verify/methods/carrier/").status_code == 409
    client.post("/verify/phone/code/")
    client.post("/verify/phone/", {"code": last_code(town)})
    town.town.moods["carrier"] = "different"
    refused = client.post("/verify/methods/carrier/")
    assert refused.status_code == 409
    assert "不一致" in refused.content.decode()
    town.town.moods["carrier"] = "normal"
    assert client.post("/verify/methods/carrier/").headers["Location"] == "/verify/"
    person.refresh_from_db()
    assert person.verified_strength == 2
    assert client.get("/verify/methods/unknown/").status_code == 405
    assert client.post("/verify/methods/unknown/").status_code == 404


def test_the_way_to_the_social_card_tells_where_it_leads(town: Server) -> None:
    _, _, client = learner_with_client()
    page = client.post("/verify/methods/social_card/")
    assert page.status_code == 200
    assert f"{town.address}/social-card/authorize?" in page.content.decode()
    assert client.get("/verify/social-card/?state=forged&code=x").status_code == 409


def test_consent_is_withdrawn_by_one_press_and_the_card_is_gone(settings: Settings) -> None:
    settings.OUTSIDE_SERVICES = no_services()
    _, person, client = learner_with_client()
    client.post("/verify/consent/", {"purpose": "identity_documents", "version": "1"})
    photos = {
        "front": SimpleUploadedFile("a.jpg", drawn.front(person.name, person.citizen_number)),
        "back": SimpleUploadedFile("b.jpg", drawn.back()),
    }
    client.post("/verify/card/", photos)
    assert IdentityCard.objects.filter(person=person).exists()
    client.post("/verify/consent/withdraw/", {"purpose": "identity_documents"})
    assert not IdentityCard.objects.filter(person=person).exists()
    assert "没有同意" in client.get("/verify/").content.decode()
    assert "没有开通短信" in client.get("/verify/phone/").content.decode()


def test_staff_verify_in_person_with_a_reason_and_never_themselves() -> None:
    learner = make_learner()
    admin = make_operator()
    client = client_for(admin)
    assert client.post(f"/people/{learner.person_id}/in-person/", {"reason": ""}).status_code == 422
    done = client.post(f"/people/{learner.person_id}/in-person/", {"reason": "3月2日在东昌教学点见到本人和原件"})
    assert done.status_code == 302
    assert Person.objects.get(pk=learner.person_id).verified_strength == 2
    assert client.post(f"/people/{admin.person_id}/in-person/", {"reason": "我就是本人"}).status_code == 403
    assert "当面核验" in client.get(f"/people/{learner.person_id}/").content.decode()


def test_home_says_what_a_cohort_still_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    running = make_running_cohort(learners=1)
    assert identity.needs_of(running.learners[0].person_id or 0) == [], "a cohort frozen before asks for nothing"
    monkeypatch.setitem(LATER_RULES, "verify_strength_study", 1)
    monkeypatch.setitem(LATER_RULES, "verify_strength_exam", 2)
    learner = running.learners[0]
    client = client_for(learner)
    assert "还没有实名认证" in client.get("/home/").content.decode()
    identity.record_verification(actor=learner, person_id=learner.person_id or 0, method="word", now=NOW)
    page = client.get("/home/").content.decode()
    assert "考试还缺实名认证" in page
    assert "需要 2 级" in client.get("/home/").content.decode()
    identity.record_verification(actor=learner, person_id=learner.person_id or 0, method="review", now=NOW)
    assert "去认证" not in client.get("/home/").content.decode()
    assert "已达到" in client.get("/verify/").content.decode()
