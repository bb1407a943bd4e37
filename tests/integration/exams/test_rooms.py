"""The exam room: conduct told and seen, one device, and what the invigilator may do."""

import datetime as dt
from typing import Any

import pytest

from tests.factories.exams import CLOSES, DEVICE, SITTING, make_exam, start
from tests.factories.exams_rooms import WHY, tell
from tests.factories.identity import make_provider, make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams.data import AttemptState, ConductClaim, ConductKind
from zhenxue.exams.errors import AttemptEnded, NotReleased, OtherDevice
from zhenxue.exams.models import Attempt, ConductEvent, ConductStream, RoomMessage
from zhenxue.exams.operations import conduct, invigilation, moving
from zhenxue.exams.policies import can_see_solutions
from zhenxue.exams.queries import conduct as records
from zhenxue.exams.queries import invigilation as rooms
from zhenxue.exams.queries.facts import attempts_between
from zhenxue.identity import api as identity
from zhenxue.integrity.models import Incident, Signal
from zhenxue.kernel.errors import Invalid, Refused
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db
PHONE = "e" * 64
KEY = "f" * 64


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def kinds_of(attempt: Attempt) -> list[str]:
    return [str(one.kind) for one in attempt.conduct.order_by("at", "pk")]


def test_conduct_is_kept_once_within_bounds_and_only_of_ones_own_running_attempt() -> None:
    sitting = make_exam()
    learner, other = sitting.learners
    attempt = start(sitting, learner)
    left = ConductClaim("left", 5, ago_ms=60_000, lasted_ms=20_000, facts={"question": 2, "name": "张三", "width": 2.5})
    paste = ConductClaim("paste", 6, facts={"characters": 50, "own": 0})
    at = SITTING + minutes(10)
    assert tell(attempt, learner, left, paste, ConductClaim("moved", 7), ConductClaim("nonsense", 8), at=at) == 2
    assert tell(attempt, learner, left, paste, at=at + minutes(1)) == 0
    first = ConductEvent.objects.order_by("client_sequence").first()
    assert first is not None
    assert (first.at, first.lasted_ms, first.facts) == (at - minutes(1), 20_000, {"question": 2})
    old = ConductClaim("left", 9, ago_ms=10**9, lasted_ms=10**12)
    tell(attempt, learner, old, at=at)
    kept = ConductEvent.objects.get(client_sequence=9)
    assert (kept.at, kept.lasted_ms) == (SITTING, conduct.LONGEST_MS)
    with pytest.raises(Invalid):
        tell(attempt, learner, *[ConductClaim("left", 100 + number) for number in range(61)])
    with pytest.raises(Refused):
        tell(attempt, other, paste)
    with pytest.raises(OtherDevice):
        tell(attempt, learner, paste, device=PHONE)
    exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device=DEVICE, now=at)
    with pytest.raises(AttemptEnded):
        tell(attempt, learner, ConductClaim("left", 20))


def test_a_page_that_says_nothing_is_a_fact_and_the_rules_see_its_answers() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0])
    heard = start(sitting, sitting.learners[1])
    tell(heard, sitting.learners[1], at=SITTING + minutes(3.5))
    assert conduct.watch_silence(now=SITTING + minutes(2)) == 0
    assert conduct.watch_silence(now=SITTING + minutes(4)) == 1
    assert conduct.watch_silence(now=SITTING + minutes(5)) == 0
    for position in (1, 2):
        exams.save_answer(
            actor=sitting.learners[0],
            attempt_id=attempt.pk,
            position=position,
            given=["B"],
            device=DEVICE,
            now=SITTING + minutes(5),
        )
    tell(attempt, sitting.learners[0], at=SITTING + minutes(6))
    assert attempt.conduct.get().lasted_ms == 6 * 60_000
    assert conduct.watch_silence(now=SITTING + minutes(12)) == 2
    left = ConductClaim("left", 5, lasted_ms=4 * 60_000)
    tell(
        attempt, sitting.learners[0], left, ConductClaim("paste", 6, facts={"characters": 80}), at=SITTING + minutes(12)
    )
    exams.submit_attempt(actor=sitting.learners[0], attempt_id=attempt.pk, device=DEVICE, now=SITTING + minutes(13))
    facts = attempts_between(SITTING, SITTING + minutes(20))[0]
    assert (facts.silent_answers, facts.away_ms, facts.leaves, facts.longest_paste) == (2, 240_000, 1, 80)


def test_a_second_device_waits_for_the_invigilator() -> None:
    sitting = make_exam()
    learner, other = sitting.learners
    attempt = start(sitting, learner)
    at = SITTING + minutes(1)
    conduct.note_second(attempt, device=PHONE, now=at)
    conduct.note_second(attempt, device=PHONE, now=at)
    assert rooms.seat_of(attempt).wants_device
    told = Notice.objects.filter(kind="exams.room").values_list("account__person_id", flat=True)
    assert sorted(told) == identity.managers_of(sitting.exam.cohort.organisation_id)  # once each
    move: dict[str, Any] = {"attempt_id": attempt.pk, "device": PHONE, "now": at}
    with pytest.raises(NotReleased):
        moving.move_attempt(actor=learner, **move)
    with pytest.raises(Refused):
        moving.release_device(actor=make_provider(), attempt=attempt, reason=WHY, now=at)
    with pytest.raises(Invalid):
        moving.release_device(actor=sitting.manager, attempt=attempt, reason=" ", now=at)
    moving.release_device(actor=sitting.manager, attempt=attempt, reason=WHY, now=at)
    moving.release_device(actor=sitting.manager, attempt=attempt, reason=WHY, now=at)
    with pytest.raises(OtherDevice):
        exams.save_answer(actor=learner, attempt_id=attempt.pk, position=1, given=["B"], device=DEVICE, now=at)
    with pytest.raises(Refused):
        moving.move_attempt(actor=other, **move)
    assert moving.move_attempt(actor=learner, **move).moves == 1
    assert exams.save_answer(actor=learner, attempt_id=attempt.pk, position=1, given=["B"], device=PHONE, now=at)
    assert kinds_of(attempt) == ["second", "released", "moved"]
    attempt.refresh_from_db()
    assert not rooms.seat_of(attempt).wants_device
    assert Entry.objects.filter(kind__in=["exams.device_released", "exams.attempt_moved"]).count() == 2


def test_the_same_device_goes_on_after_signing_in_anew() -> None:
    sitting = make_exam()
    learner = sitting.learners[0]
    attempt = exams.start_attempt(actor=learner, exam=sitting.exam, device=DEVICE, fingerprint=KEY, now=SITTING)
    again: dict[str, Any] = {"actor": learner, "attempt_id": attempt.pk, "device": PHONE, "now": SITTING}
    with pytest.raises(NotReleased):
        moving.move_attempt(**again, fingerprint="a" * 64)
    assert moving.move_attempt(**again, fingerprint=KEY).device == PHONE


def test_messages_reach_one_or_all_and_are_seen() -> None:
    sitting = make_exam()
    one, other = (start(sitting, learner) for learner in sitting.learners)
    said: dict[str, Any] = {"actor": sitting.manager, "exam": sitting.exam, "now": SITTING + minutes(1)}
    invigilation.send_message(**said, text="请安静")
    own = invigilation.send_message(**said, text="请坐正", attempt=one)
    assert [text for _, text, _ in records.messages_to(one)] == ["请安静", "请坐正"]
    assert [text for _, text, _ in records.messages_to(other)] == ["请安静"]
    tell(one, sitting.learners[0], seen=own.pk)
    assert list(RoomMessage.objects.order_by("pk").values_list("seen_at", flat=True)) == [None, SITTING]
    for words in ("", "长" * 201):
        with pytest.raises(Invalid):
            invigilation.send_message(**said, text=words)
    with pytest.raises(Refused):
        invigilation.send_message(actor=sitting.learners[0], exam=sitting.exam, text="好", now=SITTING)


def test_more_time_for_one_and_for_all_leaves_evidence_and_keeps_solutions_closed() -> None:
    sitting = make_exam()
    late = CLOSES - minutes(30)
    one, other = (start(sitting, learner, at=late) for learner in sitting.learners)
    assert one.deadline_at == CLOSES
    act: dict[str, Any] = {"actor": sitting.manager, "reason": WHY, "now": late}
    assert invigilation.extend_one(**act, attempt=one, minutes=20).deadline_at == CLOSES + minutes(20)
    exams.submit_attempt(actor=sitting.learners[1], attempt_id=other.pk, device=DEVICE, now=late)
    other.refresh_from_db()
    assert other.state == AttemptState.MARKED
    assert not can_see_solutions(sitting.learners[1], other, CLOSES + minutes(1))
    assert invigilation.extend_all(**act, exam=sitting.exam, minutes=5) == 1
    one.refresh_from_db()
    sitting.exam.refresh_from_db()
    assert (one.deadline_at, sitting.exam.closes_at) == (CLOSES + minutes(25), CLOSES + minutes(5))
    for wrong in ({"minutes": 0}, {"minutes": 121}, {"minutes": 5, "reason": ""}):
        with pytest.raises(Invalid):
            invigilation.extend_one(**{**act, "attempt": one, **wrong})
    with pytest.raises(AttemptEnded):
        invigilation.extend_one(**act, attempt=other, minutes=5)
    kinds = ["exams.time_extended", "exams.time_extended_all"]
    assert Entry.objects.filter(kind__in=kinds).count() == 2
    assert kinds_of(one) == ["extended", "extended"]
    assert WHY in records.timeline_of(one)[-1].words


def test_an_attempt_that_is_taken_in_is_marked_as_it_stands() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0])
    exams.save_answer(
        actor=sitting.learners[0], attempt_id=attempt.pk, position=1, given=["B"], device=DEVICE, now=SITTING
    )
    act: dict[str, Any] = {"actor": sitting.manager, "attempt": attempt, "now": SITTING + minutes(5)}
    with pytest.raises(Invalid):
        invigilation.take_in(**act, reason="")
    invigilation.take_in(**act, reason="抄袭")
    attempt.refresh_from_db()
    assert (attempt.state, attempt.ended_by, attempt.score, attempt.ends_reason) == ("marked", "staff", 2, "抄袭")
    assert invigilation.take_in(**act, reason="再一次").ends_reason == "抄袭"
    with pytest.raises(AttemptEnded):
        exams.save_answer(
            actor=sitting.learners[0], attempt_id=attempt.pk, position=2, given=["B"], device=DEVICE, now=SITTING
        )


def test_what_the_invigilator_notes_is_looked_into_and_changes_no_score() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0])
    act: dict[str, Any] = {"attempt": attempt, "words": "把手机递给旁边的人", "now": SITTING}
    with pytest.raises(Refused):
        invigilation.note_incident(actor=make_provider(), **act)
    with pytest.raises(Refused, match="这个班的班主任、任课教师"):
        invigilation.note_incident(actor=make_teacher(sitting.manager.organisation_id), **act)
    invigilation.note_incident(actor=sitting.running.teacher, **act)
    signal, incident = Signal.objects.get(), Incident.objects.get()
    assert (signal.kind, signal.context, signal.incident_id) == ("room_note", f"exam:{attempt.pk}", incident.pk)
    assert rooms.seat_of(attempt).incidents == 1
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.OPEN


def test_the_roster_tells_where_everybody_stands(django_assert_max_num_queries: Any) -> None:
    sitting = make_exam(learners=5)
    attempts = [start(sitting, learner) for learner in sitting.learners[:4]]
    exams.submit_attempt(actor=sitting.learners[0], attempt_id=attempts[0].pk, device=DEVICE, now=SITTING)
    Attempt.objects.filter(pk=attempts[1].pk).update(presence_asked_at=SITTING)
    Attempt.objects.filter(pk=attempts[2].pk).update(paused_at=SITTING)
    ConductStream.objects.create(attempt=attempts[3], silent_since=SITTING)
    rows = rooms.roster_of(sitting.manager, sitting.exam)
    with django_assert_max_num_queries(8):
        seats = rooms.seats_of(sitting.exam, list(rows.order_by("pk")))
    assert [seat.place for seat in seats] == ["marked", "door", "break", "silent", "absent"]
    for seat in seats:
        found = rooms.in_place(rows, sitting.exam, seat.place)
        assert [one.pk for one in found] == [seat.enrolment.pk]
    figures = rooms.room_figures(sitting.exam, len(seats))
    assert (figures.absent, figures.door, figures.sitting, figures.handed) == (1, 1, 2, 1)


def test_a_timeline_says_in_words_what_happened() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0])
    tell(attempt, sitting.learners[0], ConductClaim("left", 1, lasted_ms=95_000))
    conduct.note_check(attempt.pk, check_id=1, passed=False, now=SITTING + minutes(1))
    invigilation.send_message(actor=sitting.manager, exam=sitting.exam, text="请安静", now=SITTING + minutes(2))
    lines = records.timeline_of(attempt)
    assert [(one.label, one.words) for one in lines] == [
        ("离开页面", "1 分 35 秒"),
        ("抽拍", "未通过或超时"),
        ("监考消息", "请安静（对全场）"),
    ]
    assert [one.told_by_page for one in lines] == [True, False, False]
    assert [(one.kind, one.count) for one in records.tallies_of([attempt.pk])[attempt.pk]] == [
        (ConductKind.CAPTURE, 1),
        (ConductKind.LEFT, 1),
    ]
