"""Enrolment and comparison with the real engine on real pictures, on the database."""

import datetime as dt
import json

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from tests.factories.faces import BOTH, ask_enrolment, compare, consent, enrolled, work
from tests.factories.identity import NOW
from tests.factories.training import Running, make_running_cohort
from tests.support import faces
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Entry
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor, ConsentPurpose, Role
from zhenxue.integrity.data import JobKind, JobState, PendingState, TemplateEnd, Turn
from zhenxue.integrity.models import Capture, FaceJob, FaceTemplate, PendingFace, Signal
from zhenxue.integrity.operations import faces as operations
from zhenxue.integrity.operations.faces import files
from zhenxue.integrity.queries import faces as queries
from zhenxue.integrity.queries.checks import known_cameras
from zhenxue.integrity.queries.face_projection import verify_faces
from zhenxue.kernel import clock, storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def made() -> Running:
    return make_running_cohort(learners=2)


def hand_in(actor: Actor, learner: Actor, frames: list[bytes]) -> FaceJob:
    return operations.enrol(
        actor=actor,
        person_id=learner.person_id or 0,
        frames=frames,
        nonce="",
        turns=BOTH,
        claims={},
        device="",
        now=NOW,
    )


def test_an_enrolled_face_passes_and_another_does_not(made: Running) -> None:
    learner = made.learners[0]
    template = enrolled(learner)
    assert template.frames >= 3
    passed = compare(learner, faces.faces_of("a", ("right",), seed=5, number=2), (Turn.RIGHT,), now=NOW + DAY)
    assert (passed.state, passed.passed, passed.verdict["reasons"]) == ("done", True, [])
    assert passed.verdict["score"] > passed.verdict["threshold"] == 0.4
    other = compare(learner, faces.faces_of("b", ("left",), seed=6), (Turn.LEFT,), now=NOW + 2 * DAY)
    assert not other.passed
    assert "other_face" in other.verdict["reasons"]
    assert "other_face" in other.verdict["found"]
    assert queries.job_answer(learner, other.pk)["passed"] is False
    with pytest.raises(NotFound):
        queries.job_answer(made.learners[1], other.pk)


def test_no_vector_and_no_picture_reaches_log_or_verdict(made: Running) -> None:
    learner = made.learners[0]
    template = enrolled(learner)
    compare(learner, faces.faces_of("a", BOTH, seed=5), now=NOW + DAY)
    kinds = list(Entry.objects.filter(kind__startswith="integrity.face").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["integrity.face_enrolled", "integrity.face_compared"]
    said = "".join(f"{row.envelope}{row.private}" for row in Entry.objects.filter(kind__startswith="integrity."))
    said += json.dumps(list(FaceJob.objects.values_list("verdict", flat=True)))
    assert template.vector[:40] not in said
    with transaction.atomic():
        raw = FaceTemplate.objects.values_list("vector", flat=True).get()
    assert template.vector not in repr(raw)
    assert all(b"\xff\xd8" not in storage.full_path(path).read_bytes() for path in _paths())


def _paths() -> set[str]:
    return set(Capture.objects.exclude(path="").values_list("path", flat=True))


def test_a_face_is_enrolled_by_oneself_with_consent_only(made: Running) -> None:
    one, other = made.learners
    frames = faces.enrolment_of("a", BOTH)
    with pytest.raises(Refused, match="单独同意"):
        ask_enrolment(one, frames)
    consent(one)
    with pytest.raises(Refused):
        hand_in(made.manager, one, frames)
    with pytest.raises(Refused):
        hand_in(other, one, frames)
    with pytest.raises(Invalid):
        ask_enrolment(one, frames, (Turn.LEFT,))
    with pytest.raises(Invalid):
        ask_enrolment(one, [b"\x00" * 9_000] * 4)
    assert not FaceJob.objects.exists()
    assert not _paths()
    job = ask_enrolment(one, frames)
    assert (job.passed, queries.has_template(one.person_id or 0)) == (True, True)


def test_the_camera_of_an_enrolment_is_kept_and_held_against_as_that_of_a_check_is(made: Running) -> None:
    learner = made.learners[0]
    consent(learner)
    camera = {"label": "Front Camera", "device": "1f" * 8, "burst_ms": 4_000, "height": "no number"}
    job = ask_enrolment(learner, faces.enrolment_of("a", BOTH), claims=camera, device="d1")
    assert (job.device, job.claims) == ("d1", {"label": "Front Camera", "device": "1f" * 8, "burst_ms": 4_000})
    assert not Signal.objects.exists()
    person = learner.person_id or 0
    assert [known_cameras(person, device) for device in ("d1", "d2", "")] == [[job.claims], [], []]
    [entry] = evidence.iterate_bodies(kinds=("integrity.face_enrolled",))
    assert entry.body["device_key"] == "d1"
    other = {"label": "OBS Virtual Camera", "device": "2e" * 8}
    ask_enrolment(learner, faces.enrolment_of("a", BOTH, seed=240), claims=other, device="d1", now=NOW + DAY)
    assert set(Signal.objects.values_list("kind", flat=True)) == {"virtual_camera", "camera_changed"}


def test_the_same_enrolment_cannot_be_handed_in_twice_at_once(made: Running) -> None:
    learner = made.learners[0]
    consent(learner)
    frames = faces.enrolment_of("a", BOTH)
    hand_in(learner, learner, frames)
    with pytest.raises(Conflict):
        hand_in(learner, learner, frames)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (lambda: [faces.jpeg(faces.moved(faces.still("a"), 4 * n, seed=n)) for n in range(3)], "no_turn"),
        (lambda: faces.faces_of("a", ("right", "left"), seed=9), "wrong_turn"),
        (lambda: [faces.jpeg(faces.still("a"), quality) for quality in (80, 78, 82)], "frozen"),
        (lambda: [faces.jpeg(faces.dark(one)) for one in faces.burst("a", BOTH)], "too_dark"),
        (lambda: [faces.jpeg(faces.blurred(one)) for one in faces.burst("a", BOTH)], "blurred"),
        (lambda: [faces.jpeg(faces.moved(faces.beside("a", "b"), 3 * n, seed=n)) for n in range(3)], "two_faces"),
        (lambda: [faces.jpeg(np.full((480, 640, 3), 127 + 9 * n, np.uint8)) for n in range(3)], "no_face"),
        (lambda: _looped(), "looped"),
        (lambda: _taken_over(), "changed_face"),
    ],
)
def test_what_is_no_living_face_does_not_pass(made: Running, frames: object, reason: str) -> None:
    learner = made.learners[0]
    enrolled(learner)
    assert callable(frames)
    job = compare(learner, frames(), now=NOW + DAY)
    assert (job.state, job.passed) == ("done", False)
    assert reason in job.verdict["reasons"]


def _looped() -> list[bytes]:
    front, _, left, right = faces.burst("a", BOTH, seed=11)
    return [faces.jpeg(one) for one in (front, left, right, front)]


def _taken_over() -> list[bytes]:
    """The learner looks ahead, a sister turns her head."""
    own = faces.burst("a", ("left",), seed=12)
    other = faces.burst("b", ("left",), seed=13)
    return [faces.jpeg(one) for one in (own[0], own[1], other[2], faces.moved(faces.still("a", 1), 5, seed=1))]


def test_a_burst_that_was_used_is_refused_even_when_it_is_saved_anew(made: Running) -> None:
    one, other = made.learners
    enrolled(one)
    frames = faces.burst("a", BOTH, seed=21)
    first = compare(one, [faces.jpeg(frame) for frame in frames], now=NOW + DAY)
    assert first.passed
    again = compare(one, [faces.jpeg(frame) for frame in frames], now=NOW + 2 * DAY)
    assert "reused" in again.verdict["reasons"]
    saved = compare(one, [faces.jpeg(frame, 60) for frame in frames], now=NOW + 3 * DAY)
    assert "reused" in saved.verdict["reasons"]
    fresh = compare(one, faces.faces_of("a", BOTH, seed=22), now=NOW + 4 * DAY)
    assert fresh.passed, fresh.verdict
    enrolled(other, seed=300, now=NOW + 5 * DAY)
    others = compare(other, [faces.jpeg(frame) for frame in frames], now=NOW + 6 * DAY)
    assert "reused" in others.verdict["found"]


def test_a_second_enrolment_waits_for_the_provider(made: Running) -> None:
    learner = made.learners[0]
    first = enrolled(learner)
    job = ask_enrolment(learner, faces.enrolment_of("a", BOTH, seed=200), now=NOW + DAY)
    assert job.verdict["pending"]
    pending = PendingFace.objects.get()
    assert (pending.state, pending.cause) == ("waiting", "renewal")
    assert pending.former_score is not None
    assert pending.former_score > 0.6
    with pytest.raises(Conflict):
        ask_enrolment(learner, faces.enrolment_of("a", BOTH, seed=201), now=NOW + DAY + dt.timedelta(hours=1))
    for actor in (learner, made.teacher, made.bureau):
        with pytest.raises(NotFound):
            operations.confirm_face(actor=actor, pending_id=pending.pk, agreed=True, note="本人到场核对", now=NOW + DAY)
    with pytest.raises(Invalid):
        operations.confirm_face(actor=made.manager, pending_id=pending.pk, agreed=True, note="", now=NOW + DAY)
    first.refresh_from_db()
    assert first.ended_at is None
    operations.confirm_face(
        actor=made.manager, pending_id=pending.pk, agreed=True, note="本人到场，核对身份证", now=NOW + 2 * DAY
    )
    first.refresh_from_db()
    pending.refresh_from_db()
    assert (first.vector, first.end_reason, pending.vector, pending.state) == ("", "replaced", "", "confirmed")
    assert FaceTemplate.objects.filter(ended_at__isnull=True).count() == 1
    with pytest.raises(Conflict):
        operations.confirm_face(
            actor=made.manager, pending_id=pending.pk, agreed=True, note="再办一次", now=NOW + 2 * DAY
        )
    assert not list(verify_faces())


def test_withdrawn_consent_erases_vector_and_pictures_and_a_new_face_needs_the_provider(made: Running) -> None:
    learner = made.learners[0]
    template = enrolled(learner)
    paths = _paths()
    assert paths
    identity.withdraw_consent(
        actor=learner, person_id=learner.person_id or 0, purpose=ConsentPurpose.FACE, now=NOW + DAY
    )
    template.refresh_from_db()
    assert (template.vector, template.end_reason) == ("", "withdrawn")
    assert not _paths()
    late = compare(learner, faces.faces_of("a", BOTH, seed=5), now=NOW + DAY)
    assert late.verdict["reasons"] == ["not_enrolled"]
    consent(learner, now=NOW + 2 * DAY)
    ask_enrolment(learner, faces.enrolment_of("a", BOTH, seed=200), now=NOW + 2 * DAY)
    assert PendingFace.objects.get().state == PendingState.WAITING
    assert not queries.has_template(learner.person_id or 0)


def test_one_face_on_two_people_is_a_signal_about_both(made: Running) -> None:
    one, other = made.learners
    enrolled(one)
    enrolled(other, seed=300, now=NOW + DAY)
    found = Signal.objects.filter(kind="duplicate_face")
    assert {row.person_id for row in found} == {one.person_id, other.person_id}
    assert all(row.facts["percent"] >= 55 for row in found)
    FaceJob.objects.create(kind=JobKind.DUPLICATES, queued_at=NOW + DAY, deadline_at=NOW + 2 * DAY)
    assert work(NOW + DAY) == 1
    assert found.count() == 2, "the nightly search notes the same pair once"
    assert FaceJob.objects.get(kind=JobKind.DUPLICATES).verdict["pairs"] == 1


def test_templates_go_some_days_after_the_last_cohort_closed(made: Running) -> None:
    learner = made.learners[0]
    template = enrolled(learner)
    operations.tidy_faces(now=NOW + 400 * DAY)
    template.refresh_from_db()
    assert template.ended_at is None, "the cohort still runs"
    operations.schedule_deletion(cohort_id=made.cohort.pk, now=NOW + 30 * DAY)
    template.refresh_from_db()
    assert template.keep_until == clock.civil_day(NOW + 120 * DAY)
    training.Cohort.objects.filter(pk=made.cohort.pk).update(state="cancelled")
    operations.tidy_faces(now=NOW + 122 * DAY)
    template.refresh_from_db()
    assert (template.vector, template.end_reason) == ("", TemplateEnd.KEPT_LONG_ENOUGH)
    assert not operations.tidy_faces(now=NOW + 122 * DAY)
    assert not list(verify_faces())


def test_pictures_go_when_their_days_are_over_and_digests_stay(made: Running) -> None:
    enrolled(made.learners[0])
    paths = _paths()
    assert list(files.claims())
    operations.tidy_faces(now=NOW + 110 * DAY)
    assert _paths() == paths
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
        operations.tidy_faces(now=NOW + 120 * DAY)
    assert not _paths()
    assert not any(storage.full_path(path).exists() for path in paths)
    assert Capture.objects.filter(sha256__gt="").count() == 4


def test_a_template_that_was_exchanged_in_the_database_is_found(made: Running) -> None:
    one, other = made.learners
    first, second = enrolled(one), enrolled(other, seed=300, now=NOW + DAY)
    assert not list(verify_faces())
    FaceTemplate.objects.filter(pk=first.pk).update(vector=second.vector)
    assert len(list(verify_faces())) == 1


def test_a_job_is_claimed_once_expires_and_is_taken_up_from_the_dead(made: Running) -> None:
    learner = made.learners[0]
    told: list[tuple[int, str]] = []
    before = dict(operations.jobs._listeners)
    operations.on_judged(JobKind.CHECK, lambda job, now: told.append((job.pk, job.state)))
    frames = faces.faces_of("a", BOTH, seed=31)
    person = learner.person_id or 0
    first = operations.submit_job(kind=JobKind.CHECK, person_id=person, frames=frames, now=NOW)
    second = operations.submit_job(
        kind=JobKind.CHECK, person_id=person, frames=frames, now=NOW - dt.timedelta(seconds=5)
    )
    try:
        claimed = operations.claim_job(worker="one/0", now=NOW)
        assert claimed is not None
        assert claimed.pk == second.pk, "the most urgent first"
        assert operations.take_up(now=NOW) == 0
        assert operations.take_up(now=NOW + dt.timedelta(seconds=11)) == 1
        again = operations.claim_job(worker="two/0", now=NOW + dt.timedelta(seconds=12))
        assert again is not None
        assert (again.pk, again.starts) == (second.pk, 2)
        assert not operations.close_job(job=claimed, verdict={"passed": True}, now=NOW), "the dead one comes too late"
        assert operations.expire_late(now=NOW + dt.timedelta(seconds=60)) == 2
        assert told == [(second.pk, "expired"), (first.pk, "expired")]
    finally:
        operations.jobs._listeners.clear()
        operations.jobs._listeners.update(before)
    assert operations.claim_job(worker="one/0", now=NOW) is None


def test_the_database_holds_one_living_template_and_no_vector_of_an_ended_one(made: Running) -> None:
    template = enrolled(made.learners[0])
    copy = {"person_id": template.person_id, "engine": "x", "frames": 3, "threshold": 0.4, "enrolled_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        FaceTemplate.objects.create(vector="x", **copy)
    with pytest.raises(IntegrityError), transaction.atomic():
        FaceTemplate.objects.filter(pk=template.pk).update(ended_at=NOW, end_reason="withdrawn")


def test_files_are_resealed_and_given_up_with_their_key(made: Running, settings: pytest.FixtureRequest) -> None:
    learner = made.learners[0]
    enrolled(learner)
    assert set(evidence_heads()) == {"t1"}
    settings.FIELD_KEYS = "t2:" + "44" * 32 + ",t1:" + "11" * 32
    assert files.reseal() == 1
    assert set(evidence_heads()) == {"t2"}
    assert operations.open_frames(FaceJob.objects.get())[0].startswith(b"\xff\xd8")
    assert files.give_up("t2") == 1
    assert not _paths()


def evidence_heads() -> list[str]:
    from zhenxue.kernel import crypto

    return [crypto.key_id_of(head) for head in files.heads()]


def test_only_oneself_withdraws_a_face(made: Running) -> None:
    learner = made.learners[0]
    enrolled(learner)
    stranger = Actor(role=Role.LEARNER, person_id=0, name="别人")
    for actor, reason in ((stranger, TemplateEnd.WITHDRAWN), (made.manager, TemplateEnd.REVOKED)):
        with pytest.raises(Refused):
            operations.end_template(actor=actor, person_id=learner.person_id or 0, reason=reason, now=NOW)
    ended = operations.end_template(
        actor=SYSTEM, person_id=learner.person_id or 0, reason=TemplateEnd.REVOKED, now=NOW + DAY
    )
    assert ended is not None
    assert ended.vector == ""
    assert JobState.DONE in FaceJob.objects.values_list("state", flat=True)
    assert evidence.find_kind("integrity.face_ended") is not None
