"""Facts of study, exams and checks as they really lie in the database, and what the rules make of them."""

import datetime as dt

import pytest

from tests.factories import exams as exam_room
from tests.factories import incidents as make
from tests.factories.identity import NOW
from tests.factories.study import BEGIN, make_studying, make_video_cohort, page_of, sign_in
from tests.factories.training import Running
from zhenxue.integrity.data import CheckCause, CheckKind, CheckState
from zhenxue.integrity.models import Check, Incident, ScanMark, Signal
from zhenxue.integrity.operations import places, scanning
from zhenxue.integrity.queries.facts import checks_between
from zhenxue.kernel import storage
from zhenxue.study.pageside import SoftDevice
from zhenxue.study.queries import facts

pytestmark = pytest.mark.django_db
AFTER = BEGIN + dt.timedelta(hours=1)


def look(now: dt.datetime = AFTER) -> dict[str, int]:
    """One look at everything; how many signals there are of each kind."""
    for name in list(scanning._sources):
        ScanMark.objects.update_or_create(source=name, defaults={"until": now - dt.timedelta(hours=3)})
    scanning.scan(now=now)
    found: dict[str, int] = {}
    for kind in Signal.objects.values_list("kind", flat=True):
        found[kind] = found.get(kind, 0) + 1
    return found


def studied(
    running: Running, learner: int = 0, *, seconds: int = 300, device: SoftDevice | None = None, uneven: bool = False
) -> int:
    """Somebody studies and leaves; the session. ``uneven``: over a network, where no report comes on the dot."""
    page = page_of(running, learner=learner)
    if device is not None:
        page.sign_in_id, page.device = sign_in(page.actor, device)
    page.open()
    for number in range(seconds // 10):
        page.beat(10 + (0.15 + number * 37 % 40 / 100 if uneven else 0), played=10)
    page.settle()
    page.close()
    return page.session_id


def test_an_honest_hour_leaves_no_signal() -> None:
    running = make_studying(learners=2)
    studied(running)
    studied(running, 1, uneven=True)
    assert look() == {}


def test_facts_of_a_session_are_what_its_beats_were() -> None:
    running = make_studying()
    page = page_of(running).open()
    page.study(60)
    page.beat(30, visible=False)
    page.post(page.claim(10, ticket="gone"), proof="")
    page.close()
    [found] = facts.sessions_between(BEGIN, AFTER)
    assert found.owner.enrolment_id == running.enrolments[0].pk
    assert len(found.beats) == 7
    assert found.beats[0].offset_ms == pytest.approx(10_000, abs=50)
    assert (found.hidden_ms, found.reported_ms) == (30_000, 90_000)
    assert sum(found.refusals.values()) == 1
    assert found.device


def test_three_learners_on_one_device_within_minutes_are_one_heap_of_the_class() -> None:
    running = make_studying(learners=3)
    shared = SoftDevice()
    for number in range(3):
        studied(running, number, seconds=60, device=shared)
    assert look() == {"device_shared": 3}
    heap = Incident.objects.get()
    assert (heap.person_id, heap.cohort_id) == (None, running.cohort.pk)
    assert look() == {"device_shared": 3}, "looking again notes nothing twice"


def test_two_learners_with_the_same_reports_to_the_millisecond_are_seen() -> None:
    running = make_studying(learners=2)
    studied(running, 0)
    studied(running, 1)
    assert look() == {"identical_timelines": 2}
    assert Incident.objects.get().person_id is None


def test_beats_without_proof_and_content_without_keys_are_seen() -> None:
    running = make_video_cohort(seconds=600)
    page = page_of(running).open()
    for _ in range(6):
        page.beat(10)
        page.post(page.claim(10, ticket="gone"), proof="")
    page.loads_keys = False
    for _ in range(6):
        page.beat(10, played=60)
    page.close()
    found = look()
    assert found.get("ticket_refusals") == 1
    assert found.get("keys_ahead", 0) <= 1


def test_the_same_wrong_answers_at_the_same_moments_are_seen_and_right_ones_not() -> None:
    sitting = exam_room.make_exam(learners=3)
    wrong = (["A"], ["A"], ["B"], ["A", "C"], ["对"], ["对"])
    for learner in sitting.learners[:2]:
        exam_room.sit(sitting, learner, answers=wrong)
    exam_room.sit(sitting, sitting.learners[2])
    assert look(exam_room.SITTING + dt.timedelta(hours=1)) == {"same_answers": 2}
    assert {one.kind for one in Incident.objects.all()} == {"exam_brushing"}
    assert Incident.objects.filter(person__isnull=False).count() == 2, "each learner has an own incident"


def a_check(running: Running, **values: object) -> Check:
    enrolment = running.enrolments[0]
    usual: dict[str, object] = {
        "person_id": enrolment.person_id,
        "enrolment": enrolment,
        "context": "study:1",
        "cause": CheckCause.HOURLY,
        "kind": CheckKind.FACE,
        "state": CheckState.MISSED,
        "asked_at": BEGIN,
        "due_at": BEGIN + dt.timedelta(seconds=60),
        "proof_at": BEGIN,
        "nonce": "n",
    }
    return Check.objects.create(**{**usual, **values})


def test_a_missed_check_is_a_signal_only_when_its_days_for_a_make_up_are_over() -> None:
    running = make_studying()
    missed = a_check(running, make_up_by=dt.date(2026, 3, 5))
    assert missed.make_up_by is not None
    assert look() == {}
    begin = make.clock.start_of_day(dt.date(2026, 3, 6))
    assert [one.can_be_made_up for one in checks_between(begin - dt.timedelta(hours=2), begin + AN_HOUR)] == [False]
    assert look(begin + AN_HOUR * 2) == {"check_missed": 1}
    Signal.objects.all().delete()
    Check.objects.update(made_up_at=BEGIN + dt.timedelta(days=1))
    assert look(begin + AN_HOUR * 2) == {}


AN_HOUR = dt.timedelta(hours=1)


def test_what_the_engine_saw_is_a_signal_at_once() -> None:
    running = make_studying()
    verdict = {"found": ["two_faces"], "reasons": ["reused"]}
    a_check(running, state=CheckState.PASSED, answered_at=BEGIN + dt.timedelta(seconds=20), verdict=verdict)
    assert look() == {"second_face": 1, "reused_picture": 1}
    assert Incident.objects.get().kind == "virtual_camera"


def test_a_source_that_fails_stops_no_other_and_is_looked_at_again(caplog: pytest.LogCaptureFixture) -> None:
    running = make_studying()
    a_check(running, state=CheckState.PASSED, answered_at=BEGIN, verdict={"found": ["looped"]})

    def broken(since: dt.datetime, until: dt.datetime) -> list[object]:
        raise RuntimeError("the table is gone")

    scanning.register_facts(scanning.Source("a.broken", scanning.Looks.CHECK, broken))
    try:
        assert look() == {"frozen_picture": 1}
        assert ScanMark.objects.get(source="a.broken").until == AFTER - dt.timedelta(hours=3)
    finally:
        scanning._sources.pop("a.broken")
    assert "could not be looked through" in caplog.text


def test_a_platform_that_stood_still_catches_up_in_pieces() -> None:
    seen: list[tuple[dt.datetime, dt.datetime]] = []

    def bring(since: dt.datetime, until: dt.datetime) -> list[object]:
        seen.append((since, until))
        return []

    source = scanning.Source("a.slow", scanning.Looks.CHECK, bring)
    ScanMark.objects.create(source="a.slow", until=NOW)
    for _ in range(5):
        scanning.scan_source(source, now=NOW + dt.timedelta(hours=20))
    assert [since for since, _ in seen] == [NOW, *(until for _, until in seen[:-1])]
    assert seen[-1][1] == NOW + dt.timedelta(hours=20) - scanning.LAG
    assert len(seen) == 4, "what was looked at is not looked at again"


def test_places_are_read_from_the_operators_table(caplog: pytest.LogCaptureFixture) -> None:
    assert places.locate("203.0.113.9") is None
    table = "203.0.113.0/24,36.46,115.99\n203.0.113.128/25,23.13,113.26\nnonsense\n2001:db8::/32,30.6,114.3\n"
    _write(table)
    assert places.locate("203.0.113.9") == (36.46, 115.99)
    assert places.locate("203.0.113.200") == (23.13, 113.26)
    assert places.locate("2001:db8::1") == (30.6, 114.3)
    assert places.locate("198.51.100.1") is None
    assert places.locate("not an address") is None
    assert "line 3" in caplog.text


def _write(table: str) -> None:
    path = storage.full_path(places.FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table, encoding="utf-8")
