"""Sessions through the operations, with beats judged and written by the ingest's own writer."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.factories.identity import PASSWORD, make_learner, make_operator
from tests.factories.study import Page, make_studying, make_video_cohort, page_of
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import find_kind
from zhenxue.evidence.models import Entry
from zhenxue.identity import api as identity
from zhenxue.identity.data import Device, SessionEnd
from zhenxue.identity.operations import devices
from zhenxue.identity.operations import sessions as sign_ins
from zhenxue.kernel.errors import NotFound, Refused, ZhenxueError
from zhenxue.ledger import api as ledger
from zhenxue.ledger.models import Coverage, Span
from zhenxue.ledger.queries import check_against_log
from zhenxue.study import operations
from zhenxue.study.data import EndReason
from zhenxue.study.errors import StudyingElsewhere
from zhenxue.study.models import Beat, StudySession
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db
type Callbacks = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture
def running() -> Running:
    return make_studying()


def ledger_seconds() -> int:
    return sum(row.seconds for row in Coverage.objects.all())


def test_an_honest_minute_is_a_minute_in_the_ledger(running: Running) -> None:
    page = page_of(running).open().study(60)
    assert [answer["reason"] for answer in page.answers] == [""] * 6
    assert page.answers[-1]["credited_seconds"] == 60
    assert page.settle() == 60
    assert ledger_seconds() == 60
    assert Span.objects.get().source == f"study:{page.session_id}"
    page.close()
    kinds = list(Entry.objects.filter(subject=f"enrolment:{page.enrolment_id}").values_list("kind", flat=True))
    assert {"study.opened", "ledger.credited", "study.closed"} <= set(kinds)
    assert list(check_against_log()) == []


def test_the_timeline_names_the_unit_by_its_title(running: Running) -> None:
    page = page_of(running).open().study(30)
    page.settle()
    page.close()
    title = StudySession.objects.get().unit.title
    for kind in ("study.opened", "ledger.credited", "study.closed"):
        [entry] = evidence.list_entries(refs=[f"enrolment:{page.enrolment_id}"], kinds=[kind])
        assert ("单元", title) in entry.lines
    before_titles = {
        "unit": 7,
        "device": "手机",
        "unit_seconds": 61,
        "reason": "left",
        "day": "2026-11-21",
        "seconds": 61,
    }
    for kind in ("study.opened", "ledger.credited", "study.closed"):
        declared = find_kind(kind)
        assert declared is not None
        assert ("单元", "第 7 号") in declared.lines(before_titles)


def test_settling_again_books_nothing_twice(running: Running) -> None:
    page = page_of(running).open().study(30)
    assert (page.settle(), page.settle()) == (30, 0)
    page.study(30)
    page.close()
    page.close()
    assert ledger_seconds() == 60
    session = StudySession.objects.get()
    assert (session.settled_number, session.number, session.end_reason) == (6, 6, "left")


def test_the_page_and_the_ledger_show_the_same_number_after_settling(running: Running) -> None:
    page = page_of(running).open()
    page.beat(10, played=9.4)
    page.beat(10, played=9.9)
    page.settle()
    answer = page.beat(10)
    page.settle()
    assert answer["credited_seconds"] == ledger_seconds() == 29


def test_one_resumes_where_one_stopped(running: Running) -> None:
    page_of(running).open().study(40).close()
    later = page_of(running, now=page_of(running).now + dt.timedelta(hours=2)).open()
    assert later.opened is not None
    assert (later.opened.position_ms, later.opened.seen_to_ms, later.opened.credited_seconds) == (40_000, 40_000, 40)
    later.study(20).close()
    assert ledger_seconds() == 60


def test_a_second_page_needs_a_hand_over_and_the_first_learns_of_it(running: Running) -> None:
    first = page_of(running).open().study(20)
    second = page_of(running, unit=1, now=first.now, tab="b")
    with pytest.raises(StudyingElsewhere) as refusal:
        second.open()
    assert refusal.value.elsewhere.session_id == first.session_id
    assert "认识直播" in refusal.value.message
    second.open(take_over=True)
    late = first.beat(10)
    assert (late["status"], late["ended"], late["reason"]) == (409, True, "ended")
    assert StudySession.objects.get(pk=first.session_id).end_reason == EndReason.HANDED_OVER
    assert Entry.objects.filter(kind="study.handed_over").count() == 1
    assert ledger_seconds() == 20


def test_two_tabs_taking_turns_gain_nothing(running: Running) -> None:
    start = page_of(running).now
    now, pages = start, [page_of(running, unit=0, tab="a"), page_of(running, unit=1, tab="b")]
    for turn in range(6):
        page = pages[turn % 2]
        page.now = now
        page.open(take_over=True).study(20)
        now = page.now
    operations.hand_over(actor=pages[0].actor, now=now)
    assert ledger_seconds() == (now - start).total_seconds() == 120


def test_a_reload_resumes_quietly_and_loses_at_most_a_beat(running: Running) -> None:
    page = page_of(running, tab="same").open().study(30)
    page.wait(9)
    again = page_of(running, tab="same", now=page.now).open()
    assert StudySession.objects.get(pk=page.session_id).end_reason == EndReason.RESUMED
    again.study(30).close()
    assert ledger_seconds() == 60
    assert (again.now - page_of(running).now).total_seconds() - ledger_seconds() < 10


def test_a_silent_session_ends_by_itself_and_keeps_what_it_earned(running: Running) -> None:
    page = page_of(running).open().study(50)
    assert operations.settle_stale(now=page.now + dt.timedelta(seconds=60)) == 0
    assert operations.settle_stale(now=page.now + dt.timedelta(seconds=91)) == 1
    assert operations.settle_stale(now=page.now + dt.timedelta(seconds=99)) == 0
    assert ledger_seconds() == 50
    assert StudySession.objects.get().end_reason == EndReason.SILENT
    page_of(running, unit=1, now=page.now + dt.timedelta(seconds=100)).open()


def test_a_used_ticket_earns_nothing_and_is_kept_for_the_bureau(running: Running) -> None:
    page = page_of(running).open()
    replay = page.claim(10)
    page.beat(10)
    page.beat(10)
    page.wait(10)
    answer = page.send(replay)
    assert (answer["status"], answer["reason"]) == (409, "replayed")
    refused = Beat.objects.get(accepted=False)
    assert (refused.reason, refused.credit_ms, refused.number) == ("replayed", 0, 1)
    page.settle()
    assert ledger_seconds() == 20


def test_a_lost_answer_is_given_again_without_a_second_credit(running: Running) -> None:
    page = page_of(running).open()
    claim = page.claim(10)
    page.wait(10)
    first = page.send(claim)
    page.number, page.ticket = 0, claim.ticket
    again = page.send(claim)
    assert again == first
    assert Beat.objects.count() == 1
    assert page.beat(10)["credited_seconds"] == 20


def test_refused_time_is_in_the_ledger_with_its_reason(running: Running) -> None:
    page = page_of(running).open().study(20)
    page.beat(10, visible=False)
    page.beat(40)
    page.study(10)
    page.settle()
    spans = [(span.state, span.reason, span.claimed_seconds) for span in Span.objects.order_by("began_at")]
    assert spans == [
        ("credited", "", 20),
        ("refused", "hidden", 10),
        ("credited", "", 30),
        ("refused", "gap", 10),
        ("credited", "", 10),
    ]


def test_closing_the_cohort_settles_and_ends_in_the_same_moment(running: Running) -> None:
    page = page_of(running).open().study(50)
    training.close_cohort(actor=running.manager, cohort_id=running.cohort.pk, reason="课程已提前完成", now=page.now)
    assert ledger_seconds() == 50
    assert StudySession.objects.get().end_reason == EndReason.COHORT_CLOSED
    with pytest.raises(ZhenxueError):
        page_of(running, now=page.now).open()


def test_only_the_learner_of_the_plan_may_open(running: Running) -> None:
    other = make_studying(minutes=10)
    mine = page_of(running)
    with pytest.raises(NotFound):
        Page(actor=make_learner(), enrolment_id=mine.enrolment_id, unit_id=mine.unit_id).open()
    with pytest.raises(Refused):
        Page(actor=running.manager, enrolment_id=mine.enrolment_id, unit_id=mine.unit_id).open()
    with pytest.raises(NotFound):
        Page(actor=mine.actor, enrolment_id=mine.enrolment_id, unit_id=page_of(other).unit_id).open()
    assert not StudySession.objects.exists()


def test_a_beat_with_another_sign_in_is_refused_and_moves_nothing(running: Running) -> None:
    page = page_of(running).open()
    page.cookie = "somebody-else"
    page.wait(10)
    answer = page.send(page.claim(10))
    assert (answer["status"], answer["code"]) == (403, "study.not_yours")
    assert not Beat.objects.exists()


def test_a_finished_unit_says_so() -> None:
    page = page_of(make_video_cohort(seconds=60)).open().study(50)
    assert not page.answers[-1]["finished"]
    assert page.beat(10)["finished"]
    page.settle()
    assert Coverage.objects.get().finished_at is not None


def test_reading_alone_never_says_that_a_unit_with_a_test_is_finished(running: Running) -> None:
    page = page_of(running).open()
    assert page.opened is not None
    assert page.opened.needs_self_test
    page.study(600)
    assert not page.answers[-1]["finished"]
    page.settle()
    assert Coverage.objects.get().finished_at is None


def test_an_open_session_follows_a_correction_and_the_taken_content_counts_again(
    running: Running, django_capture_on_commit_callbacks: Callbacks
) -> None:
    page = page_of(running).open().study(60)
    page.settle()
    with django_capture_on_commit_callbacks(execute=True):
        ledger.withdraw_range(
            enrolment_id=page.enrolment_id,
            unit_id=page.unit_id,
            since=page.now - dt.timedelta(seconds=30),
            until=page.now,
            source="incident:1",
            now=page.now,
        )
    assert ledger_seconds() == 30
    session = StudySession.objects.get(pk=page.session_id)
    assert session.credited_ms == 30_000
    page.beat(10)
    page.settle()
    assert ledger_seconds() == 40


@pytest.mark.parametrize("way", ["out", "elsewhere", "password", "device", "reset"])
def test_what_was_opened_ends_with_its_sign_in(
    running: Running, way: str, django_capture_on_commit_callbacks: Callbacks
) -> None:
    page = page_of(running).open().study(20)
    session = StudySession.objects.select_related("account", "sign_in__device_key").get()
    account, sign_in = session.account, session.sign_in
    assert sign_in is not None
    assert sign_in.device_key is not None
    with django_capture_on_commit_callbacks(execute=True):
        if way == "out":
            sign_ins.end_session(session_id=sign_in.pk, reason=SessionEnd.SIGNED_OUT, now=page.now)
        elif way == "elsewhere":
            identity.open_session(account=account, device=Device("另一台"), take_over=True, now=page.now)
        elif way == "password":
            account.set_password(PASSWORD)
            sign_ins.change_password(account=account, session_id=None, old=PASSWORD, new="Xin-mima-2026", now=page.now)
        elif way == "device":
            devices.remove_device(actor=page.actor, device_key_id=sign_in.device_key.pk, now=page.now)
        else:
            identity.reset_password(actor=make_operator(), account_id=account.pk, now=page.now)
        session.refresh_from_db()
        assert session.state == "open", "only once the end of the sign-in is durable"
    session.refresh_from_db()
    assert (session.state, session.end_reason) == ("ended", EndReason.SIGNED_OUT)
    assert ledger_seconds() == 20
    assert page.beat(10)["reason"] == "ended"
    assert ledger_seconds() == 20
