"""Bursts for a check: taken once, bound to a nonce, judged by the engine, whose word comes back in its own time."""

import datetime as dt
import io
import os

import pytest
from PIL import Image

from tests.factories.checks import PHONE, READ, Class, answer, listening, make_class, right
from tests.factories.study import BEGIN
from zhenxue.identity import api as identity
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import CheckKind
from zhenxue.integrity.errors import CheckOver, OldQuestion, OtherDevice, TooLate
from zhenxue.integrity.models import Check, FaceJob, FaceTemplate
from zhenxue.integrity.operations import faces
from zhenxue.integrity.operations.answering import answer_face
from zhenxue.kernel.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
PASSED = {"passed": True, "reasons": [], "engine": "test", "score": 0.7123, "threshold": 0.4}
OTHER = {"passed": False, "reasons": ["other_face"], "engine": "test", "score": 0.1, "threshold": 0.4}


def picture() -> bytes:
    """A JPEG that nobody took before: noise of the size of a camera frame."""
    image = Image.frombytes("L", (640, 480), os.urandom(640 * 480))
    with io.BytesIO() as stream:
        image.save(stream, "JPEG", quality=20)
        return stream.getvalue()


@pytest.fixture
def room() -> Class:
    """A class whose first learner agreed to faces and has a template."""
    room = make_class(learners=2)
    text = identity.consent_text(identity.ConsentPurpose.FACE)
    person_id = room.enrolment.person_id
    identity.give_consent(actor=room.learner, person_id=person_id, purpose="face", version=text.version, now=BEGIN)
    FaceTemplate.objects.create(
        person_id=person_id, vector="sealed", engine="test", frames=4, threshold=0.5, enrolled_at=BEGIN
    )
    return room


def send(room: Class, check: Check, *, now: dt.datetime = BEGIN + READ, **changes: object) -> FaceJob:
    values = {
        "actor": room.learner,
        "check_id": check.pk,
        "frames": [picture() for _ in range(1 + len(check.task["turns"]))],
        "nonce": check.nonce,
        "claims": {"label": "Integrated Camera", "width": 640, "secret": "left out"},
        "device": PHONE,
        "now": now,
    }
    return answer_face(**{**values, **changes})  # type: ignore[arg-type]  # a test may hand in anything


def judge(job: FaceJob, verdict: dict[str, object], *, now: dt.datetime) -> None:
    """What the engine's process does with a job."""
    claimed = faces.claim_job(worker="test", now=now)
    assert claimed is not None
    assert claimed.pk == job.pk
    assert faces.close_job(job=claimed, verdict=verdict, now=now)


def test_a_face_is_asked_first_and_passes(room: Class) -> None:
    check = room.ask()
    assert (check.kind, list(check.offered)) == (CheckKind.FACE, ["face", "question", "word"])
    assert integrity.for_page(check, BEGIN)["task"] == {}
    job = send(room, check)
    assert integrity.for_page(Check.objects.get(pk=check.pk), BEGIN + READ)["waits"] is True
    with listening() as heard:
        judge(job, PASSED, now=BEGIN + 2 * READ)
    assert heard.names() == ["check_passed"]
    check.refresh_from_db()
    assert (check.state, check.kind, check.strength) == ("passed", "face", 3)
    assert check.claims == {"label": "Integrated Camera", "width": 640}
    other = room.ask(context="room:2", number=1, person_id=room.made.enrolments[1].person_id)
    assert other.kind == CheckKind.QUESTION, "nobody else has a template"


def test_what_is_no_honest_burst_is_not_looked_at(room: Class) -> None:
    check = room.ask()
    few = [picture()]
    for refusal, changes in (
        (NotFound, {"actor": room.made.learners[1]}),
        (OtherDevice, {"device": "another phone"}),
        (OldQuestion, {"nonce": "x" * 22}),
        (TooLate, {"now": BEGIN + MINUTE}),
        (Invalid, {"frames": few}),
        (Invalid, {"frames": [os.urandom(30_000) for _ in range(1 + len(check.task["turns"]))]}),
        (Invalid, {"frames": few * 6}),
    ):
        with pytest.raises(refusal):
            send(room, check, **changes)
    assert not FaceJob.objects.exists()
    send(room, check)
    with pytest.raises(Conflict, match="正在比对"):
        send(room, check)
    no_face = room.ask(context="room:2", number=1, person_id=room.made.enrolments[1].person_id)
    with pytest.raises(Conflict, match="不能用人脸"):
        send(room, no_face, actor=room.made.learners[1])


def test_a_wrong_face_brings_another_nonce_and_other_draws_until_the_tries_are_used(room: Class) -> None:
    check = room.ask()
    nonces = {check.nonce}
    now = BEGIN
    for left in (2, 1):
        now += READ
        judge(send(room, check, now=now), OTHER, now=now)
        old = check.nonce
        check.refresh_from_db()
        nonces.add(check.nonce)
        assert integrity.for_page(check, now)["tries_left"] == left
        with pytest.raises(OldQuestion):
            send(room, check, nonce=old, now=now)
    assert len(nonces) == 3
    with listening() as heard:
        judge(send(room, check, now=now), OTHER, now=now + READ)
    assert heard.names() == ["check_missed"]
    check.refresh_from_db()
    assert (check.state, check.verdict["found"]) == ("failed", ["other_face"])
    with pytest.raises(CheckOver):
        send(room, check, now=now + READ)


def test_the_time_of_the_engine_is_not_the_learner_s(room: Class) -> None:
    check = room.ask()
    job = send(room, check, now=BEGIN + MINUTE - dt.timedelta(seconds=1))
    late = BEGIN + MINUTE + dt.timedelta(seconds=5)
    assert integrity.sweep(late) == 0, "its pictures are being looked at"
    judge(job, OTHER, now=late)
    check.refresh_from_db()
    assert (check.state, check.due_at) == ("open", BEGIN + MINUTE + dt.timedelta(seconds=6))
    assert integrity.sweep(check.due_at) == 1


def test_an_engine_that_is_silent_costs_the_learner_nothing(room: Class) -> None:
    check = room.ask()
    send(room, check)
    end = BEGIN + 2 * MINUTE
    assert faces.expire_late(now=end) == 1
    check.refresh_from_db()
    assert (check.state, check.tries) == ("open", 0)
    assert check.due_at == end + MINUTE
    send(room, check, now=end)
    assert integrity.sweep(end + 2 * MINUTE) == 0, "a forgotten job is forgiven too"
    check.refresh_from_db()
    send(room, check, now=end + 2 * MINUTE)
    assert integrity.sweep(end + 4 * MINUTE) == 1, "but not for ever"


def test_who_will_not_show_a_face_gets_a_question(room: Class) -> None:
    check = room.ask()
    taken = integrity.take_other(
        actor=room.learner, check_id=check.pk, reason="will_not", device=PHONE, now=BEGIN + READ
    )
    assert taken.kind == CheckKind.QUESTION
    assert answer(room.learner, taken, right(taken), now=BEGIN + 2 * READ).passed
    taken.refresh_from_db()
    assert (taken.strength, taken.task["others"][0]["reason"]) == (1, "will_not")


def test_a_camera_that_calls_itself_virtual_is_only_noted(room: Class) -> None:
    check = room.ask()
    job = send(room, check, claims={"label": "OBS Virtual Camera"})
    judge(job, PASSED, now=BEGIN + 2 * READ)
    check.refresh_from_db()
    assert (check.state, check.verdict["found"]) == ("passed", ["virtual_camera"])


def test_another_camera_is_noted_and_asks_once_for_something_else(room: Class) -> None:
    laptop = {"label": "Integrated Camera", "device": "a" * 16}

    def show(number: int, claims: dict[str, str], **changes: object) -> Check:
        at = BEGIN + number * MINUTE
        check = room.ask(context=f"room:{number}", now=at)
        judge(send(room, check, claims=claims, now=at + READ, **changes), PASSED, now=at + 2 * READ)
        check.refresh_from_db()
        assert check.state == "passed"
        return check

    assert "found" not in show(0, laptop).verdict, "there is none before it"
    for number, same in enumerate(({**laptop, "device": "b" * 16}, {**laptop, "label": "Camera 2"}, {}), 1):
        assert "found" not in show(number, same).verdict
        assert integrity.open_check_of(f"room:{number}") is None
    changed = show(5, {"label": "USB Video", "device": "c" * 16})
    assert changed.verdict["found"] == ["camera_changed"]
    asked = integrity.open_check_of("room:5")
    assert asked is not None
    assert (asked.cause, asked.kind, asked.proof_at) == ("camera", CheckKind.QUESTION, changed.answered_at)
    assert "摄像头变了" in integrity.for_page(asked, BEGIN)["words"]
    assert answer(room.learner, asked, right(asked)).passed
    assert "found" not in show(6, {"label": "USB Video", "device": "c" * 16}).verdict, "it is known now"
    assert "found" not in show(7, laptop).verdict


def test_a_verdict_that_comes_too_late_changes_nothing(room: Class) -> None:
    check = room.ask()
    job = send(room, check)
    integrity.cancel(context="room:1", now=BEGIN + READ)
    judge(job, PASSED, now=BEGIN + 2 * READ)
    check.refresh_from_db()
    assert check.state == "cancelled"
