"""Honest troubles with presence checks: nobody is punished for a dark room, a power cut, a bad line or a no."""

import http.client
import zlib
from collections.abc import Iterator

import pytest

from tests.adversary import presence as page
from tests.adversary.bots import PHONE, Browser
from tests.adversary.presence import READING, SOON
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, Learner, World
from tests.support import faces
from zhenxue.integrity.data import CheckState
from zhenxue.integrity.models import Check, FaceJob

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def learner(world: World) -> Iterator[Learner]:
    learner = world.checked()
    yield learner
    page.forget(learner, world)


@pytest.fixture
def enrolled(world: World, learner: Learner, browser: Browser, request: pytest.FixtureRequest) -> Browser:
    """Signed in, with the face of ``a`` enrolled."""
    page.agree(learner, world)
    assert page.enrol(browser, seed=1_000 + zlib.crc32(request.node.name.encode()) % 100_000)["passed"]
    world.wait(60)
    return browser


def test_without_a_camera_there_is_another_way(
    world: World, report: Report, enrolled: Browser, learner: Learner
) -> None:
    tab = enrolled.open(LONG_VIDEO)
    shown = page.ask(tab)
    assert (shown["kind"], len(shown["kinds"]) > 1) == ("face", True)
    shown = page.other(enrolled, shown, reason="no_camera")
    world.wait(READING)
    assert page.give(enrolled, shown, page.right(shown)).json["passed"]
    tab.study(60)
    assert world.ledger(learner).seconds == 60
    assert page.signals(world, learner) == set()
    report.trouble(
        "No camera, or one that does not open",
        happened="a face is asked for; the learner takes the question, then studies 60 s",
        lost="0 s of 60 s",
        told="“没有摄像头” is a button of the check itself; the reason is kept, and is no signal",
    )


def test_a_dark_room_and_then_light_passes_with_guidance(
    world: World, report: Report, enrolled: Browser, learner: Learner
) -> None:
    tab = enrolled.open(LONG_VIDEO)
    shown = page.ask(tab)
    night = [faces.jpeg(faces.dark(one)) for one in page.take(shown["turns"], number=2, seed=310, spot=1)]
    dark = page.judged(enrolled, shown, night)
    shown = page.state(enrolled, shown)
    lit = page.judged(enrolled, shown, page.own_face(shown, seed=311, spot=2))
    tab.study(60)
    assert (dark["passed"], lit["passed"]) == (False, True)
    assert any("打开灯" in words for words in dark["words"])
    assert world.ledger(learner).seconds == 60
    assert page.signals(world, learner) == set()
    report.trouble(
        "A dark room",
        happened="the first burst is too dark, the second is taken with the light on; then 60 s of study",
        lost="0 s of 60 s",
        told="“光线太暗。请打开灯，或面向窗户再拍。”",
    )


def test_a_reload_during_a_check_is_no_miss(world: World, report: Report, browser: Browser, learner: Learner) -> None:
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO, mark="r"))
    page.ask(tab)
    world.wait(20)
    again = browser.open(LONG_VIDEO, mark="r")
    assert again.opened["presence"]
    page.show_presence(again)
    again.study(60)
    assert world.ledger(learner).seconds == SOON + 60
    states = set(Check.objects.filter(enrolment=learner.enrolment).values_list("state", flat=True))
    assert states == {CheckState.PASSED, CheckState.CANCELLED}
    assert page.signals(world, learner) == set()
    report.trouble(
        "Reload during a check",
        happened="120 s studied, the page reloaded 20 s into the check, which is asked again and passed; 60 s more",
        lost="0 s of 180 s",
        told="the check comes again by itself, with its whole window",
    )


def test_a_power_cut_at_a_check_is_made_up_within_three_working_days(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    page.study_to_check(page.enter(browser, LONG_VIDEO))
    page.let_pass(world)
    assert world.ledger(learner).seconds == 0
    missed = Check.objects.get(enrolment=learner.enrolment, state=CheckState.MISSED)
    world.wait(2 * 86_400)
    phone = Browser(world, learner, agent=PHONE).sign_in()
    assert f"/presence/checks/{missed.pk}/" in phone.get("/presence/checks/").text
    begun = phone.post(f"/presence/checks/{missed.pk}/make-up/")
    assert begun.status == 302
    shown = phone.get(f"{begun.headers['location']}state/").json
    world.wait(READING)
    assert page.give(phone, shown, page.right(shown)).json["passed"]
    assert world.ledger(learner).seconds == SOON
    world.wait(2 * 86_400)
    assert page.signals(world, learner) == set()
    assert page.incidents(learner) == []
    report.trouble(
        "Power cut at a check",
        happened="120 s studied, no power when the check came; made up on a phone two days later",
        lost="0 s of 120 s once it is made up",
        told="the home page and “在学核验” say what can be made up and until when; no signal remains",
    )


def test_who_refuses_face_recognition_studies_like_everybody(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    assert "face" not in shown["kinds"]
    world.wait(READING)
    assert page.give(browser, shown, page.right(shown)).json["passed"]
    page.show_presence(page.study_to_check(tab))
    tab.study(60)
    assert world.ledger(learner).seconds == SOON + 60
    assert page.signals(world, learner) == set()
    report.trouble(
        "Refusing face recognition",
        happened="no consent and no face; 180 s of study with two checks",
        lost="0 s of 180 s",
        told="checks are questions, puzzles or a teacher's word; a face is not among them",
    )


def test_a_line_lost_while_a_burst_uploads_costs_no_try(
    world: World, report: Report, enrolled: Browser, learner: Learner
) -> None:
    tab = enrolled.open(LONG_VIDEO)
    shown = page.ask(tab)
    frames = page.own_face(shown, seed=330)
    token = enrolled.cookies.get("csrftoken", "")
    kind, body = page.multipart({"nonce": shown["nonce"], "csrfmiddlewaretoken": token}, frames)
    line = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
    line.putrequest("POST", shown["urls"]["face"])
    for name, value in (
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cookie", "; ".join(f"{name}={value}" for name, value in enrolled.cookies.items())),
        ("User-Agent", enrolled.agent),
    ):
        line.putheader(name, value)
    line.endheaders()
    line.send(body[: len(body) // 2])
    line.close()
    world.wait(15)
    assert page.state(enrolled, shown)["tries_left"] == 3
    assert not FaceJob.objects.filter(presence_id=shown["check"]).exists()
    assert page.judged(enrolled, shown, frames)["passed"]
    tab.study(60)
    assert world.ledger(learner).seconds == 60
    assert page.signals(world, learner) == set()
    report.trouble(
        "Network lost while a burst uploads",
        happened="the line broke in the middle of the pictures; 15 s later the same burst is sent again; then 60 s",
        lost="0 s of 60 s, and no try",
        told="“网络不通，没有送到。请检查网络后再试一次。”",
    )
