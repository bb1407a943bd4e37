"""The learner's pages of study, through the real middleware."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from tests.factories.identity import client_for
from tests.factories.study import (
    TODAY,
    make_document_cohort,
    make_studying,
    make_video_cohort,
    open_in_browser,
    page_of,
    units_of,
)
from tests.factories.training import Running
from zhenxue.catalogue.models import Material
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim
from zhenxue.study import protocol
from zhenxue.study.models import SelfTest, StudySession
from zhenxue.study.pageside import SoftDevice

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    return make_studying(learners=2, now=TODAY)


def opening(client: Client, running: Running, *, unit: int = 0, tab: str = "one") -> Any:
    return open_in_browser(client, running.enrolments[0].pk, units_of(running)[unit].pk, tab=tab)


def fetch(client: Client, address: str) -> Any:
    """A file's response, read to the end and closed as a server would."""
    response = client.get(address)
    if response.streaming:
        assert response.getvalue()
    return response


def test_an_address_that_names_no_session_is_answered_in_words(running: Running) -> None:
    client = client_for(running.learners[0])
    for path in ("/study/sessions/987654321/close/", "/study/sessions/987654321/master.m3u8"):
        answer = client.post(path) if path.endswith("close/") else client.get(path)
        assert answer.status_code == 404
        assert "没有找到这个学习会话" in answer.content.decode()
    refused = client.post("/study/hand-over/", {"enrolment": "²", "unit": "1"})
    assert "没有说明要学哪个单元" in refused.content.decode()


def test_who_opens_or_hands_in_tests_in_a_loop_is_stopped_and_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhenxue.study.web.opening.MOST_OPENINGS", 3)
    monkeypatch.setattr("zhenxue.study.web.views.MOST_TESTS", 0)
    client, other = client_for(running.learners[0]), client_for(running.learners[1])
    unit = f"/study/{running.enrolments[0].pk}/units/{units_of(running)[0].pk}/"
    json = {"accept": "application/json"}
    assert [client.post(f"{unit}open/", headers=json).status_code for _ in range(4)] == [403, 403, 403, 429]
    assert client.post(f"{unit}open/", headers=json).json()["code"] == "study.open_pace"
    assert other.post(f"{unit}open/", headers=json).status_code == 404, "the neighbour has a count of their own"
    answers = {f"question_{one.pk}": "A" for one in units_of(running)[0].questions.all()}
    assert "提交得太频繁" in client.post(f"{unit}self-test/", answers).content.decode()
    assert not StudySession.objects.exists()


def test_home_shows_one_clear_button_and_leads_to_the_next_unit(running: Running) -> None:
    client = client_for(running.learners[0])
    first = units_of(running)[0]
    for address in ("/study/", "/study/home-block/", f"/study/{running.enrolments[0].pk}/"):
        page = client.get(address).content.decode()
        assert f"/study/{running.enrolments[0].pk}/units/{first.pk}/" in page
        assert "继续学习" in page
        assert "0.0 / 0.4 学时" in page


def test_a_learner_without_a_cohort_reads_what_comes_next() -> None:
    from tests.factories.identity import make_learner

    assert "还没有报名的班期" in client_for(make_learner()).get("/study/").content.decode()


def test_opening_gives_the_page_its_ticket_and_the_addresses(running: Running) -> None:
    client = client_for(running.learners[0])
    answer = opening(client, running)
    assert answer.status_code == 200, answer.content.decode()
    body = answer.json()
    session = StudySession.objects.get()
    assert body["urls"]["beats"] == f"/study/beats/{session.pk}"
    assert protocol.digest(body["ticket"]) == session.ticket_digest
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert session.sign_in_digest == protocol.sign_in_digest(cookie)
    assert (session.sign_in_id is not None, session.device) == (True, "Linux 电脑 · Chrome 浏览器")
    assert (body["beat_seconds"], body["max_gap_seconds"], body["max_rate_percent"]) == (10, 30, 100)
    assert (len(session.beat_key), len(session.device_fingerprint), len(body["server_ephemeral"])) == (64, 64, 87)
    assert (body["slots"], body["page"], body["check_answer_seconds"], body["key_lead_seconds"]) == (1, 0, 60, 30)


def test_a_browser_that_proves_no_device_cannot_open(running: Running) -> None:
    client = client_for(running.learners[0])
    address = f"/study/{running.enrolments[0].pk}/units/{units_of(running)[0].pk}/open/"
    accept = {"accept": "application/json"}
    unbound = client.post(address, {"tab": "one"}, headers=accept)
    assert (unbound.status_code, unbound.json()["code"]) == (403, "study.no_device_key")
    assert "重新登录" in unbound.json()["message"]
    device = SoftDevice()
    client.post("/account/device-key/", {"public_key": device.public_key})
    asked = client.post(address, {"tab": "one"}, headers=accept)
    assert (asked.status_code, asked.json()["code"]) == (428, "study.prove_device")
    forged = {"tab": "one", "challenge": asked.json()["challenge"], "ephemeral": "x", "signature": "y"}
    wrong = client.post(address, forged, headers=accept)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "study.wrong_device")
    assert not StudySession.objects.exists()


def test_a_second_tab_is_sent_to_the_hand_over_page_and_may_confirm(running: Running) -> None:
    client = client_for(running.learners[0])
    opening(client, running)
    refused = opening(client, running, unit=1, tab="two")
    assert refused.status_code == 409
    page = client.get(refused.json()["hand_over"]).content.decode()
    assert "你正在另一个页面学习《认识直播》" in page
    second = units_of(running)[1]
    done = client.post("/study/hand-over/", {"enrolment": running.enrolments[0].pk, "unit": second.pk})
    assert done.status_code == 302
    assert done["Location"] == f"/study/{running.enrolments[0].pk}/units/{second.pk}/"
    assert opening(client, running, unit=1, tab="two").status_code == 200
    assert StudySession.objects.filter(state="open").count() == 1
    again = client.post("/study/hand-over/", {"enrolment": "x"})
    assert again.status_code == 422


def test_closing_is_harmless_twice_and_only_for_the_owner(running: Running) -> None:
    client, other = client_for(running.learners[0]), client_for(running.learners[1])
    address = opening(client, running).json()["urls"]["close"]
    assert other.post(address).status_code == 403
    assert client.post(address).status_code == 204
    assert client.post(address).status_code == 204
    assert StudySession.objects.get().end_reason == "left"


def test_a_stranger_sees_neither_page_nor_session(running: Running) -> None:
    other = client_for(running.learners[1])
    enrolment, unit = running.enrolments[0].pk, units_of(running)[0].pk
    for address in (f"/study/{enrolment}/", f"/study/{enrolment}/units/{unit}/", f"/progress/{enrolment}/"):
        assert other.get(address).status_code == 404
    assert other.post(f"/study/{enrolment}/units/{unit}/open/").status_code == 404
    assert client_for(running.manager).get(f"/study/{enrolment}/").status_code == 403
    assert Client().get("/study/").status_code == 302


def test_before_the_first_day_the_page_says_when(running: Running) -> None:
    type(running.cohort).objects.filter(pk=running.cohort.pk).update(state="closed", closed_at=clock.now())
    client = client_for(running.learners[0])
    address = f"/study/{running.enrolments[0].pk}/units/{units_of(running)[0].pk}/"
    assert "已经结班" in client.get(address).content.decode()
    assert opening(client, running).status_code == 403
    assert "已经结班" in client.get("/study/").content.decode()


def test_media_only_for_the_open_session_and_keys_only_near_what_was_seen() -> None:
    running = make_video_cohort(seconds=60, learners=2, now=TODAY)
    client, other = client_for(running.learners[0]), client_for(running.learners[1])
    body = opening(client, running).json()
    master = client.get(body["urls"]["stream"])
    assert master.status_code == 200
    rung = next(line for line in master.content.decode().splitlines() if line.endswith(".m3u8"))
    playlist = client.get(rung).content.decode()
    key = next(part for part in playlist.split('"') if "/keys/" in part)
    segment = next(line for line in playlist.splitlines() if line.endswith(".ts"))
    ticket = {"X-Ticket": body["ticket"]}
    assert client.get(key, headers={"accept": "application/json"}).json()["code"] == "study.key_no_ticket"
    assert len(client.get(key, headers=ticket).content) == 16
    assert client.get(key, headers=ticket)["Cache-Control"] == "no-store"
    assert fetch(client, segment).status_code == 200
    for address in (body["urls"]["stream"], rung, key, segment):
        assert other.get(address).status_code == 403
        assert Client().get(address).status_code == 302
    assert client.get(segment.rsplit("/", 1)[0] + "/../../secret").status_code == 404
    client.post(body["urls"]["close"])
    for address in (body["urls"]["stream"], rung, key, segment):
        assert client.get(address).status_code == 403


def test_the_proxy_sends_the_media_where_it_has_the_files(settings: Settings) -> None:
    running = make_video_cohort(learners=2, now=TODAY)
    client, other = client_for(running.learners[0]), client_for(running.learners[1])
    master = client.get(opening(client, running).json()["urls"]["stream"]).content.decode()
    playlist = client.get(next(line for line in master.splitlines() if line.endswith(".m3u8"))).content.decode()
    segment = next(line for line in playlist.splitlines() if line.endswith(".ts"))
    assert not fetch(client, segment).has_header("X-Accel-Redirect")
    settings.ACCEL_PREFIX = "/files-inside"
    answer = client.get(segment)
    inside = answer["X-Accel-Redirect"]
    assert (answer.content, answer["Content-Type"]) == (b"", "video/mp2t")
    assert inside.startswith("/files-inside/")
    assert (settings.FILES_FOLDER / inside.removeprefix("/files-inside/")).is_file()
    assert not other.get(segment).has_header("X-Accel-Redirect")


def test_a_key_far_ahead_is_refused_until_it_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    running = make_video_cohort(seconds=600, now=TODAY)
    client = client_for(running.learners[0])
    body = opening(client, running).json()
    rung = next(line for line in client.get(body["urls"]["stream"]).content.decode().splitlines() if ".m3u8" in line)
    key = next(part for part in client.get(rung).content.decode().split('"') if "/keys/" in part)
    from zhenxue.catalogue.models import MediaKey

    MediaKey.objects.update(from_ms=200_000, to_ms=230_000)
    headers = {"accept": "application/json", "X-Ticket": body["ticket"]}
    refused = client.get(key, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "study.key_not_yet")
    StudySession.objects.update(covered="[[0,180000]]")
    assert client.get(key, headers=headers).status_code == 403
    StudySession.objects.update(opened_at=clock.now() - dt.timedelta(seconds=180))
    assert client.get(key, headers=headers).status_code == 200


def test_a_self_test_is_judged_by_the_server_and_finishes_the_unit() -> None:
    running = make_video_cohort(now=TODAY)
    client = client_for(running.learners[0])
    unit = next(unit for unit in units_of(running) if unit.kind == "self_test")
    address = f"/study/{running.enrolments[0].pk}/units/{unit.pk}/"
    page = client.get(address).content.decode()
    assert "先做什么？" in page
    question = unit.questions.get()
    name = f"question_{question.pk}"
    empty = client.post(f"{address}self-test/", {})
    assert (empty.status_code, "这道题还没有作答" in empty.content.decode()) == (422, True)
    wrong = client.post(f"{address}self-test/", {name: "B"}).content.decode()
    assert "还没到合格线" in wrong
    assert "正确答案：A" in wrong
    assert client.post(f"{address}self-test/", {name: "Z"}).status_code == 422
    right = client.post(f"{address}self-test/", {name: "A"}, headers={"HX-Request": "true"}).content.decode()
    assert "自测合格：100 分" in right
    assert "<html" not in right
    assert list(SelfTest.objects.order_by("pk").values_list("percent", "passed")) == [(0, False), (100, True)]
    assert ledger.unit_progress(running.enrolments[0].pk)[unit.pk].finished_at is not None


def test_every_kind_of_unit_has_its_page() -> None:
    running = make_video_cohort(now=TODAY)
    client = client_for(running.learners[0])
    pages = [
        client.get(f"/study/{running.enrolments[0].pk}/units/{unit.pk}/").content.decode() for unit in units_of(running)
    ]
    assert "<video" in pages[0]
    assert '<section data-page="0">\n<h2>检查</h2>\n<ul><li>灯光</li>' in pages[1]
    assert "提交自测" in pages[2]
    video, text = (f"/study/{running.enrolments[0].pk}/units/{unit.pk}" for unit in units_of(running)[:2])
    poster = fetch(client, f"{video}/poster.jpg")
    assert (poster.status_code, poster["Content-Type"]) == (200, "image/jpeg")
    assert client.get(f"{text}/images/99/").status_code == 404


def test_pages_take_few_queries_however_many_units(running: Running) -> None:
    client = client_for(running.learners[0])
    enrolment = running.enrolments[0].pk
    for address in ("/study/", f"/study/{enrolment}/", f"/study/{enrolment}/units/{units_of(running)[0].pk}/"):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        assert len(queries) <= 16, "\n".join(query["sql"][:150] for query in queries)


def test_the_pages_of_a_document_are_shown_only_with_the_own_open_session() -> None:
    running = make_document_cohort(learners=2, now=TODAY)
    client, other = (client_for(learner) for learner in running.learners)
    place = f"/study/{running.enrolments[0].pk}/units/{units_of(running)[0].pk}/"
    page = client.get(place).content.decode()
    assert 'alt="生命体征测量手册' in page
    assert page.count("data-reader-page=") == 2
    assert 'width="1240" height="1754"' in page
    assert "<iframe" not in page
    urls = opening(client, running).json()["urls"]
    for number in (1, 2):
        shown = fetch(client, f"{urls['pages']}{number}.webp")
        assert (shown.status_code, shown["Content-Type"], shown["Cache-Control"]) == (
            200,
            "image/webp",
            "private, max-age=3600",
        )
    assert client.get(f"{urls['pages']}3.webp").status_code == 404
    assert client.get(f"{place}poster.jpg").status_code == 404
    whole = fetch(client, urls["document"])
    assert (whole.status_code, whole["Content-Type"]) == (200, "application/pdf")
    assert whole["Content-Disposition"].startswith("inline; filename*=")
    addresses = [f"{urls['pages']}1.webp", urls["document"]]
    assert {other.get(address).status_code for address in addresses} == {403}
    client.post(f"/study/sessions/{StudySession.objects.get().pk}/close/")
    assert {client.get(address).status_code for address in addresses} == {403}
    assert opening(client, running).status_code == 200
    later = client_for(running.learners[0])
    assert {later.get(address).status_code for address in addresses} == {403}
    assert {Client().get(address).status_code for address in addresses} == {302}


def test_a_document_that_is_not_drawn_yet_says_so_and_another_unit_has_no_pages(running: Running) -> None:
    client = client_for(running.learners[0])
    urls = opening(client, running).json()["urls"]
    assert client.get(f"{urls['pages']}1.webp").status_code == 404
    assert client.get(urls["document"]).status_code == 404
    reading = make_document_cohort(learners=1, now=TODAY)
    unit = units_of(reading)[0]
    Material.objects.filter(pk=unit.material_id).update(state="uploaded")
    client = client_for(reading.learners[0])
    page = client.get(f"/study/{reading.enrolments[0].pk}/units/{unit.pk}/").content.decode()
    assert "文档正在准备" in page
    assert client.get(f"{opening(client, reading).json()['urls']['pages']}1.webp").status_code == 404


def test_progress_survives_in_a_later_visit(running: Running) -> None:
    unit = units_of(running)[0]
    at = clock.now()
    ledger.credit(
        enrolment_id=running.enrolments[0].pk,
        unit_id=unit.pk,
        claims=[Claim(0, 300_000, at, at + dt.timedelta(seconds=300))],
        source="study:1",
        now=at,
    )
    client = client_for(running.learners[0])
    assert "学到 52%" in client.get(f"/study/{running.enrolments[0].pk}/").content.decode()
    assert opening(client, running).json()["position_ms"] == 300_000
    assert page_of(running).unit_id == unit.pk
