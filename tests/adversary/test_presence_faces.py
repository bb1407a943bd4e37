"""Cheats with faces, before the real engine: photographs, replays, frozen cameras, stand-ins, stolen references."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.adversary import presence as page
from tests.adversary.bots import PHONE, Browser, Tab
from tests.adversary.presence import SOON
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, Learner, World
from tests.support import faces
from zhenxue.integrity.data import CheckState, PendingState
from zhenxue.integrity.models import Capture, Check, FaceJob, FaceTemplate, PendingFace, Ruling, Signal
from zhenxue.study.pageside import SoftDevice

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def learner(world: World) -> Iterator[Learner]:
    """Who agreed to faces; nothing of the face is left for the tests that follow."""
    learner = world.checked()
    page.agree(learner, world)
    yield learner
    page.forget(learner, world)


@pytest.fixture
def browser(world: World, learner: Learner, request: pytest.FixtureRequest) -> Browser:
    """Signed in, with the face of ``a`` enrolled; by a take of its own, since no picture is taken twice."""
    browser = Browser(world, learner).sign_in()
    assert page.enrol(browser, seed=1_000 + zlib.crc32(request.node.name.encode()) % 100_000)["passed"]
    world.wait(60)
    return browser


def passed_at_the_door(browser: Browser, *, seed: int, spot: int = 1) -> Tab:
    """The enrolled learner opens the page and looks into the camera."""
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    assert shown["kind"] == "face"
    told = page.judged(browser, shown, page.own_face(shown, seed=seed, spot=spot))
    assert told["passed"], told
    return tab


def found_in(shown: dict[str, Any]) -> set[str]:
    """What the engine found in a check, strange or not."""
    verdict = Check.objects.get(pk=shown["check"]).verdict
    return {*verdict.get("found", ()), *verdict["reasons"]}


def test_a_photograph_instead_of_the_camera_passes_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """The right person, on a picture: no head turns. The picture moves as a hand does."""
    tab = browser.open(LONG_VIDEO)
    told = []
    for seed in range(3):
        shown = page.state(browser, page.ask(tab))
        told.append(page.judged(browser, shown, page.held_still(shown, seed=seed)))
        tab.beat(10)
    check = Check.objects.get(enrolment=learner.enrolment)
    assert [one["passed"] for one in told] == [False] * 3
    assert "转头" in told[0]["words"][0]
    assert (check.state, check.tries) == (CheckState.FAILED, 3)
    assert "no_turn" in found_in(shown)
    assert world.ledger(learner).seconds == 0
    report.attack(
        "A photograph of the right person instead of the camera",
        tried="three bursts of a still that is moved by hand before the camera, or uploaded with small shifts",
        earned="0 s of 30 s; three tries, then the check has failed",
        reason="`no_turn`; `check_failed` unless it is made up",
    )


def test_random_bytes_and_bombs_as_frames_are_refused_before_they_are_decoded(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    count = 1 + len(shown["turns"])
    jobs = FaceJob.objects.count()
    bodies = {
        "noise": bytes(range(256)) * 40,
        "large": b"\xff\xd8\xff" + b"\x00" * 600_000 + b"\xff\xd9",
        "bomb": png_bomb(20_000, 20_000),
        "narrow": png_bomb(2_048, 16),
        "tiny": b"\xff\xd8\xff\xd9",
        "script": b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 4_000 + b"</svg>",
        "gif": b"GIF89a" + b"\x00" * 4_000,
    }
    replies = {name: page.sends(browser, shown, [body] * count) for name, body in bodies.items()}
    assert {name: one.status for name, one in replies.items()} == dict.fromkeys(bodies, 422)
    assert FaceJob.objects.count() == jobs
    assert page.state(browser, shown)["tries_left"] == 3
    told = page.judged(browser, shown, [b"\xff\xd8\xff\xe0" + jpeg_of_nothing()[4:]] * count)
    assert not told["passed"]
    assert tab.beat(10)["reason"] == "presence"
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Random bytes, bombs and other files as frames",
        tried="noise, 600 kB, a PNG of 20,000 × 20,000, strips, SVG, GIF; then a JPEG header with nothing behind it",
        earned="0 s; nothing is kept of seven, the eighth is a used-up try",
        reason="422 by the header alone; `bad_picture` by the engine, whose process lives on",
    )


def png_bomb(width: int, height: int) -> bytes:
    """A small file that would be a large picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 3_000_000, 9) + b"\x00" * 4_000
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_of_nothing() -> bytes:
    """The header of a camera frame, zeros, and the end mark."""
    with io.BytesIO() as out:
        Image.new("RGB", (640, 480)).save(out, "JPEG")
        whole = out.getvalue()
    return whole[:620] + b"\x00" * 4_000 + b"\xff\xd9"


def test_missing_frames_wrong_counts_and_wrong_nonces_are_refused(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    frames = page.own_face(shown, seed=140)
    tries = [
        page.sends(browser, shown, []),
        page.sends(browser, shown, frames[:1]),
        page.sends(browser, shown, frames[: len(shown["turns"])]),
        page.sends(browser, shown, [*frames, *frames][:5] if len(frames) < 5 else frames[:2]),
        page.sends(browser, shown, frames, nonce=""),
        page.sends(browser, shown, frames, nonce="n" * 22),
    ]
    assert [one.status for one in tries] == [422, 422, 422, 422, 409, 409]
    assert FaceJob.objects.filter(presence_id=shown["check"]).count() == 0
    assert tab.beat(10)["reason"] == "presence"
    assert page.judged(browser, shown, frames)["passed"]
    twice = page.sends(browser, shown, frames)
    assert (twice.status, twice.json["code"]) == (409, "integrity.check_over")
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Missing frames, wrong counts, wrong nonces",
        tried="no frame, one, too few, too many; no nonce, an invented one; the burst once more after it passed",
        earned="0 s; the check stays open until an honest burst",
        reason="422 `integrity.frames`, 409 `integrity.old_nonce`, 409 `integrity.check_over`",
    )


def test_a_burst_that_was_used_before_is_known_again(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Everything that was sent at the door is kept by the cheat, and sent again; then saved anew at another quality."""
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    pictures = page.take(shown["turns"], number=2, seed=150, spot=1)
    kept = [faces.jpeg(one) for one in pictures]
    assert page.judged(browser, shown, kept)["passed"]
    page.study_to_check(tab)
    told = []
    for frames in (kept, [faces.jpeg(one, 55) for one in pictures], [faces.jpeg(one, 92) for one in pictures]):
        shown = page.state(browser, page.ask(tab))
        count = 1 + len(shown["turns"])
        told.append(page.judged(browser, shown, [*frames, frames[0]][: max(count, min(len(frames), count + 1))]))
    assert [one["passed"] for one in told] == [False] * 3
    assert all("这张照片以前用过。请现在用摄像头重新拍。" in one["words"] for one in told)
    assert world.ledger(learner).seconds == 0
    assert page.signals(world, learner) >= {"reused_picture"}
    assert {one.kind for one in page.incidents(learner)} == {"virtual_camera"}
    report.attack(
        "Replaying an earlier burst",
        tried="the burst that passed at the door, byte for byte, then saved anew twice with other bytes",
        earned="0 s of 120 s: three tries, then back to the last proof",
        reason="`reused`; signal `reused_picture`, an incident at once, for a person to rule",
    )


def test_a_frozen_camera_passes_nothing(world: World, report: Report, browser: Browser, learner: Learner) -> None:
    """One good picture, sent as every frame: the same bytes, and other bytes of the same picture."""
    tab = browser.open(LONG_VIDEO)
    shown = page.ask(tab)
    picture = faces.still("a", 4)
    same = page.judged(browser, shown, [faces.jpeg(picture)] * (1 + len(shown["turns"])))
    shown = page.state(browser, shown)
    anew = page.judged(browser, shown, [faces.jpeg(picture, 70 + 4 * at) for at in range(1 + len(shown["turns"]))])
    assert [same["passed"], anew["passed"]] == [False, False]
    assert found_in(shown) >= {"frozen"}
    page.let_pass(world)
    assert page.signals(world, learner) >= {"frozen_picture"}
    assert world.ledger(learner).seconds == 0
    report.attack(
        "A frozen camera",
        tried="one picture of the right person as every frame of the burst: the same bytes, and saved anew",
        earned="0 s",
        reason="`frozen`, `reused`, `no_turn`; signals `frozen_picture` and, for the same bytes, `reused_picture`",
    )


def test_a_second_person_after_the_door_loses_what_counted_since(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = page.study_to_check(passed_at_the_door(browser, seed=160))
    assert world.ledger(learner).seconds == SOON
    told = []
    for seed in range(3):
        shown = page.state(browser, page.ask(tab))
        told.append(page.judged(browser, shown, page.held_still(shown, "b", seed=20 + seed, number=0)))
    assert [one["passed"] for one in told] == [False] * 3
    assert "other_face" in found_in(shown)
    found = world.ledger(learner)
    assert found.seconds == 0
    assert tab.beat(10)["reason"] == "presence"
    assert page.signals(world, learner) >= {"other_face"}
    [incident] = page.incidents(learner)
    assert (incident.kind, incident.state) == ("proxy_study", "open")
    assert not Ruling.objects.filter(incident=incident).exists()
    report.attack(
        "A second person takes over after the door",
        tried="the learner passes at the door; somebody else studies 120 s and shows the own face, three times",
        earned="0 s of 120 s: back to the proof at the door, and the clock stands",
        reason="`other_face`; `unproven`, in the ledger; incident `proxy_study` at once, for a person to rule",
    )


def test_reloading_between_tries_hides_no_other_face(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Two bursts of somebody else, then the page is opened anew before the third, again and again."""
    tab = page.study_to_check(passed_at_the_door(browser, seed=170))
    tries = 0
    for seed in range(4):
        shown = page.state(browser, page.ask(tab))
        page.judged(browser, shown, page.held_still(shown, "b", seed=30 + seed, number=0))
        tries += 1
        if page.state(browser, shown)["state"] == CheckState.FAILED:
            break
        tab = browser.open(LONG_VIDEO, mark=tab.mark)
    assert tries == 3
    assert world.ledger(learner).seconds == 0
    assert page.signals(world, learner) >= {"other_face"}
    report.attack(
        "Reloading between tries at the camera",
        tried="somebody else studies 120 s and shows a face, the page opened anew after each try",
        earned="0 s of 120 s: three tries in all, and what the engine saw goes along",
        reason="`other_face`; `unproven`, in the ledger",
    )


def test_choosing_the_question_instead_of_the_face_earns_real_time(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = passed_at_the_door(browser, seed=180)
    for _ in range(2):
        page.show_presence(page.study_to_check(tab))
    assert world.ledger(learner).seconds == 2 * SOON
    checks = Check.objects.filter(enrolment=learner.enrolment).order_by("pk")
    assert checks[0].strength == 3
    assert {one.strength for one in checks[1:]} <= {0, 1}
    assert [one.task["others"][0]["reason"] for one in checks[1:]] == ["no_camera"] * 2
    report.attack(
        "Choosing the question instead of the face",
        tried="the learner passes at the door by face; somebody else studies 240 s and always takes the question",
        earned="240 s of 240 s, real time. Not stopped: a way without a face is a right",
        reason="each check is kept with its strength and its reason; after `presence_weak_in_row` a face or a teacher",
    )


def test_a_template_is_not_written_over_through_the_enrolment_pages(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Somebody who has the account enrols the own face, straight and after withdrawing the learner's consent."""
    before = FaceTemplate.objects.get(person_id=learner.enrolment.person_id, ended_at__isnull=True)
    copied, bare = ({"signature": one} for one in (SoftDevice().sign(b"from another phone"), ""))
    for changes, code in ((copied, "integrity.wrong_signature"), (bare, "integrity.not_signed")):
        shown = browser.get("/presence/enrol/state/").json
        elsewhere = page.sends(browser, shown, page.own_face(shown, seed=109, spot=1), **changes)
        assert (elsewhere.status, elsewhere.json["code"]) == (403, code)
    shown = browser.get("/presence/enrol/state/").json
    frames = page.own_face(shown, seed=110, spot=2, number=0)
    assert page.judged(browser, shown, frames)["pending"]
    assert page.sends(browser, shown, frames).status == 409, "replayed"
    pending = PendingFace.objects.get(person_id=learner.enrolment.person_id, state=PendingState.WAITING)
    shown = browser.get("/presence/enrol/state/").json
    twice = page.sends(browser, shown, page.own_face(shown, seed=111, spot=3))
    own = browser.post(f"/presence/faces/{pending.pk}/", {"agreed": "yes", "note": "本人到场，核对身份证"})
    forged = page.sends(browser, {**shown, "nonce": "n" * 22}, [b"x"])
    before.refresh_from_db()
    assert (before.ended_at, bool(before.vector)) == (None, True)
    assert [twice.status, own.status, forged.status] == [409, 403, 409]
    assert browser.post("/presence/my/withdraw/").status == 302
    page.agree(learner, world)
    assert page.enrol(browser, seed=112, spot=4)["pending"]
    assert not FaceTemplate.objects.filter(person_id=learner.enrolment.person_id, ended_at__isnull=True).exists()
    stranger = Browser(world, world.checked(), agent=PHONE).sign_in()
    assert page.sends(stranger, browser.get("/presence/enrol/state/").json, [b"x"]).status == 409
    report.attack(
        "Overwriting one's face template",
        tried="a second enrolment; from another phone with a copied cookie; unsigned; replayed; once more while it "
        "waits; confirming it oneself; withdrawing and enrolling anew; another account with the page's nonce",
        earned="nothing: the first template goes on, a second waits for the provider with the person before them",
        reason="403 `integrity.wrong_signature`, `integrity.not_signed`; 409 `integrity.old_nonce`, "
        "`integrity.face_waits`; 403",
    )


def test_the_reference_is_read_through_no_address(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    template = FaceTemplate.objects.get(person_id=learner.enrolment.person_id, ended_at__isnull=True)
    passed_at_the_door(browser, seed=190)
    [first, *_] = Capture.objects.filter(person_id=learner.enrolment.person_id).order_by("pk")
    check = Check.objects.get(enrolment=learner.enrolment)
    person = learner.enrolment.person_id
    shut = [
        f"/people/{person}/photos/",
        f"/people/{person}/",
        f"/incidents/1/captures/{first.pk}/",
        f"/incidents/1/captures/{first.pk}/clear/",
        f"/files/{first.path}",
        f"/media/{first.path}",
        f"/static/{first.path}",
        f"/presence/faces/{template.pk}/",
    ]
    refused = [browser.get(address).status for address in shut]
    unmask = browser.post(f"/people/{person}/photos/unmask/", {"what": "portrait", "reason": "想看一看照片"})
    friend = Browser(world, world.checked(), agent=PHONE).sign_in()
    job = FaceJob.objects.filter(presence=check).get()
    assert friend.get(f"/presence/jobs/{job.pk}/").status == 404
    assert set(refused) <= {403, 404, 405}
    assert unmask.status == 403
    pages = [
        f"/presence/jobs/{job.pk}/",
        f"/presence/checks/{check.pk}/",
        f"/presence/checks/{check.pk}/state/",
        "/presence/my/",
        "/presence/enrol/",
        "/presence/enrol/state/",
        "/me/",
        "/verify/",
        "/study/",
    ]
    shown = b"".join(browser.get(address).body for address in pages)
    assert template.vector[:24].encode() not in shown
    assert b"data:image/jpeg" not in shown
    assert b"\xff\xd8\xff" not in shown
    assert b"score" not in browser.get(pages[0]).body
    report.attack(
        "Reading the reference photograph or the template",
        tried="photographs, captures, files and jobs by their addresses, also another's; every page of one's own",
        earned="no picture, no vector and no score: pages show dates and words",
        reason="403, 404, 405; no address serves a picture of a camera to a learner",
    )


def test_two_learners_with_one_face_become_an_incident_and_lose_nothing_by_it(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """A stand-in enrols the own face for two learners, and studies for both."""
    second = world.checked()
    page.agree(second, world)
    theirs = Browser(world, second, agent=PHONE).sign_in()
    assert page.enrol(theirs, seed=200, spot=2)["passed"]
    for number, one in enumerate((browser, theirs)):
        passed_at_the_door(one, seed=210 + number, spot=3 + number).study(60)
    people = {learner.enrolment.person_id, second.enrolment.person_id}
    noted = Signal.objects.filter(kind="duplicate_face", person_id__in=people)
    assert set(noted.values_list("person_id", flat=True)) == people
    for one in (learner, second):
        [incident] = page.incidents(one)
        assert (incident.kind, incident.state) == ("duplicate_face", "open")
        assert world.ledger(one).seconds == 60
    page.forget(second, world)
    report.attack(
        "Two learners with one face",
        tried="a stand-in enrols the own face for two learners without a card's picture, and studies 60 s for each",
        earned="120 s of 120 s, real time, until a person rules. One alone is not told from the learner",
        reason="`duplicate_face` at the second enrolment, an incident about each of the two",
    )
