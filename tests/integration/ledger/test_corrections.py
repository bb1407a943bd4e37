"""Corrections: asked for with a reason, in force by a second person only, booked beside what they change."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories.identity import make_bureau, make_colleague, make_provider
from tests.factories.ledger import after, book, make_mixed_day
from tests.factories.study import BEGIN, make_studying, units_of
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import CorrectionKind, CorrectionState, Reason
from zhenxue.ledger.models import Correction, Coverage, Day, Span
from zhenxue.ledger.queries import check_against_log, waiting_for

pytestmark = pytest.mark.django_db
LATER = BEGIN + dt.timedelta(hours=2)
WHY = "教室停电，学习没有中断"


def ask(running: Running, since: int, until: int, seconds: int, **changes: Any) -> Correction:
    values: dict[str, Any] = {
        "actor": running.learners[0],
        "enrolment_id": running.enrolments[0].pk,
        "unit_id": units_of(running)[0].pk,
        "began_at": after(since),
        "ended_at": after(until),
        "seconds": seconds,
        "reason": WHY,
        "now": LATER,
    }
    return ledger.request_make_up(**{**values, **changes})


def propose(running: Running, actor: Actor, kind: CorrectionKind, since: int, until: int, **changes: Any) -> Correction:
    values: dict[str, Any] = {
        "actor": actor,
        "kind": kind,
        "enrolment_id": running.enrolments[0].pk,
        "unit_id": units_of(running)[0].pk,
        "began_at": after(since),
        "ended_at": after(until),
        "reason": "核实后确认由他人代学",
        "now": LATER,
    }
    return ledger.propose_correction(**{**values, **changes})


def online_seconds(running: Running) -> tuple[int, int, int]:
    """By coverage, by day and by spans: always the same."""
    spans = sum(Span.objects.filter(kind="online").values_list("seconds", flat=True))
    return Coverage.objects.get().seconds, Day.objects.get().online_seconds, spans


def test_a_learners_request_is_taken_up_and_approved_and_then_counts() -> None:
    running = make_mixed_day()
    asked = ask(running, 300, 420, 100)
    assert (asked.state, asked.why_refused) == (CorrectionState.REQUESTED, Reason.HIDDEN)
    with pytest.raises(Conflict, match="等待处理"):
        ask(running, 310, 400, 10)
    with pytest.raises(Conflict):
        ledger.approve_correction(actor=running.bureau, correction_id=asked.pk, now=LATER)
    taken = ledger.adopt_correction(
        actor=running.manager, correction_id=asked.pk, reason="查过停电通知", seconds=90, now=LATER
    )
    assert (taken.state, taken.seconds, online_seconds(running)) == (CorrectionState.PROPOSED, 90, (300, 300, 300))
    for who in (running.manager, make_colleague(running.manager), make_bureau("3715"), make_bureau("371581")):
        with pytest.raises((Refused, NotFound)):
            ledger.approve_correction(actor=who, correction_id=asked.pk, now=LATER)
    done = ledger.approve_correction(actor=running.bureau, correction_id=asked.pk, now=LATER, note="同意")
    assert (done.state, done.booked_seconds) == (CorrectionState.APPROVED, 90)
    assert online_seconds(running) == (390, 390, 390)
    made = Span.objects.get(state="made_up")
    assert (made.seconds, made.reason, made.source) == (90, "hidden", f"correction:{asked.pk}")
    assert Coverage.objects.get().covered == [[0, 390_000]]
    with pytest.raises(Conflict, match="已生效"):
        ledger.approve_correction(actor=running.bureau, correction_id=asked.pk, now=LATER)
    assert online_seconds(running) == (390, 390, 390)
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"correction:{asked.pk}"])}
    assert kinds == {
        "ledger.correction_requested",
        "ledger.correction_proposed",
        "ledger.correction_approved",
        "ledger.made_up",
    }
    assert not list(check_against_log())


def test_a_withdrawal_takes_back_hours_content_and_the_finish_and_the_content_can_be_learnt_again() -> None:
    running = make_studying(minutes=20)
    book(running, 0, 600)
    assert Coverage.objects.get().finished_at is not None or Coverage.objects.get().seconds == 600
    Coverage.objects.update(finished_at=after(600))
    asked = propose(running, running.bureau, CorrectionKind.WITHDRAW, 100, 300)
    assert asked.seconds == 200
    with pytest.raises(Refused, match="另一个人"):
        ledger.approve_correction(actor=running.bureau, correction_id=asked.pk, now=LATER)
    done = ledger.approve_correction(actor=running.manager, correction_id=asked.pk, now=LATER)
    assert (done.booked_seconds, online_seconds(running)) == (-200, (400, 400, 400))
    row = Coverage.objects.get()
    assert (row.covered, row.finished_at, row.position_ms) == ([[0, 100_000], [300_000, 600_000]], None, 100_000)
    gone = Span.objects.get(state="withdrawn")
    assert (gone.seconds, gone.began_at, gone.ended_at) == (-200, after(100), after(300))
    [entry] = evidence.list_entries(refs=[f"correction:{asked.pk}"], kinds=["ledger.unit_reopened"])
    assert entry.label == "单元重新变为未学完"
    with pytest.raises(Invalid, match="没有可以撤销的"):
        propose(running, running.manager, CorrectionKind.WITHDRAW, 100, 300)
    assert book(running, 100, 300, at=BEGIN + dt.timedelta(hours=3)).seconds == 200
    assert online_seconds(running) == (600, 600, 600)
    assert not list(check_against_log())


def test_what_was_made_up_can_be_withdrawn_and_made_up_again() -> None:
    running = make_mixed_day()

    def make_up() -> None:
        made = propose(running, running.manager, CorrectionKind.MAKE_UP, 300, 420, seconds=120)
        ledger.approve_correction(actor=running.bureau, correction_id=made.pk, now=LATER)

    make_up()
    gone = propose(running, running.manager, CorrectionKind.WITHDRAW, 300, 420)
    ledger.approve_correction(actor=make_colleague(running.manager), correction_id=gone.pk, now=LATER)
    assert online_seconds(running) == (300, 300, 300)
    make_up()
    assert online_seconds(running) == (420, 420, 420)
    again = propose(running, running.manager, CorrectionKind.WITHDRAW, 290, 310)
    assert again.seconds == 20
    assert not list(check_against_log())


def test_a_make_up_has_its_ceilings_each_with_its_words() -> None:
    running = make_mixed_day()
    with pytest.raises(Invalid, match="没有计入的一共 2 分钟"):
        ask(running, 300, 500, 121)
    with pytest.raises(Invalid, match="这段时间都已经计入学时，不能再补计"):
        ask(running, 200, 280, 30)
    with pytest.raises(Invalid, match="时长"):
        ask(running, 300, 420, 0)
    with pytest.raises(Invalid, match="晚于开始"):
        ask(running, 420, 300, 10)
    with pytest.raises(Invalid, match="还没有到"):
        ask(running, 300, 9000, 10)
    long_ago = BEGIN - dt.timedelta(days=30)
    with pytest.raises(Invalid, match="班期"):
        ask(running, 0, 0, 10, began_at=long_ago, ended_at=long_ago + dt.timedelta(minutes=5))
    with pytest.raises(Invalid, match="同一天"):
        ask(running, 0, 0, 10, ended_at=after(200_000), now=after(300_000))
    with pytest.raises(Invalid, match="培训方案"):
        ask(running, 300, 420, 10, unit_id=units_of(make_studying(minutes=10))[0].pk)
    with pytest.raises(Invalid, match="理由"):
        ask(running, 300, 420, 10, reason="停电")
    with pytest.raises(NotFound):
        ask(running, 300, 420, 10, actor=make_studying().learners[0])
    book(running, 0, 60, at=after(600))
    with pytest.raises(Invalid, match="不能补计"):
        ask(running, 600, 660, 10)
    book(running, 300, 600, at=after(700))
    with pytest.raises(Invalid, match="这个单元的学时已计满，不能再补计"):
        ask(running, 300, 420, 10)
    assert not Correction.objects.exists()


def test_the_daily_cap_holds_for_what_is_made_up() -> None:
    running = make_studying(minutes=480)
    cap = 8 * 45 * 60
    morning = clock.start_of_day(clock.civil_day(BEGIN)) + dt.timedelta(hours=10)
    book(running, 0, 14_400, at=morning)
    book(running, 0, cap - 14_400 - 60, at=morning + dt.timedelta(hours=4), unit=1)
    refused = morning + dt.timedelta(seconds=cap)
    book(running, 7_200, 7_200, at=refused, lasted=120, reason=Reason.GAP, unit=1)
    with pytest.raises(Invalid, match="每日上限还有 1 分钟"):
        ask(
            running,
            0,
            0,
            61,
            unit_id=units_of(running)[1].pk,
            began_at=refused,
            ended_at=refused + dt.timedelta(seconds=120),
            now=refused + dt.timedelta(hours=1),
        )


def test_what_changed_since_the_proposal_is_told_and_nothing_is_booked() -> None:
    running = make_mixed_day()
    first = propose(running, running.manager, CorrectionKind.MAKE_UP, 300, 420, seconds=120)
    book(running, 300, 590, at=after(500))
    with pytest.raises(Conflict, match="账本有了变化"):
        ledger.approve_correction(actor=running.bureau, correction_id=first.pk, now=LATER)
    assert Correction.objects.get().state == CorrectionState.PROPOSED
    ledger.reject_correction(actor=running.bureau, correction_id=first.pk, reason="单元已经学满", now=LATER)
    assert not Span.objects.filter(state="made_up").exists()
    assert not list(check_against_log())


def test_who_may_not_decide_is_refused_and_the_asker_takes_back() -> None:
    running = make_mixed_day()
    asked = ask(running, 300, 420, 100)
    for who in (make_provider(), running.teacher, running.bureau):
        with pytest.raises((Refused, NotFound)):
            ledger.adopt_correction(actor=who, correction_id=asked.pk, reason="查过停电通知", now=LATER)
    with pytest.raises(Refused, match="提出的人"):
        ledger.cancel_correction(actor=running.manager, correction_id=asked.pk, now=LATER)
    ledger.cancel_correction(actor=running.learners[0], correction_id=asked.pk, now=LATER)
    with pytest.raises(Conflict, match="已撤回"):
        ledger.adopt_correction(actor=running.manager, correction_id=asked.pk, reason="查过停电通知", now=LATER)
    with pytest.raises(Refused):
        propose(running, running.bureau, CorrectionKind.MAKE_UP, 300, 420, seconds=10)
    with pytest.raises(Refused):
        propose(running, running.teacher, CorrectionKind.WITHDRAW, 0, 100)
    mine = propose(running, running.manager, CorrectionKind.WITHDRAW, 0, 100)
    colleague = make_colleague(running.manager)
    assert list(waiting_for(running.manager)) == []
    assert list(waiting_for(colleague)) == list(waiting_for(running.bureau)) == [mine]
    assert list(waiting_for(make_bureau("3715"))) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=mine.pk).update(
            state="approved", decided_by=mine.proposed_by_id, decided_at=LATER, booked_seconds=-100
        )
    ledger.cancel_correction(actor=running.manager, correction_id=mine.pk, now=LATER)
    assert online_seconds(running) == (300, 300, 300)


@pytest.mark.usefixtures("unguarded")
def test_an_edited_correction_row_is_named() -> None:
    running = make_mixed_day()
    made = propose(running, running.manager, CorrectionKind.MAKE_UP, 300, 420, seconds=60)
    ledger.approve_correction(actor=running.bureau, correction_id=made.pk, now=LATER)
    assert not list(check_against_log())
    Correction.objects.update(reason="另一个理由", seconds=100)
    [finding] = check_against_log()
    assert f"第 {made.pk} 号更正与存证不一致（asked_seconds 记为 100，存证是 60；" in str(finding)
    assert f"reason 记为 另一个理由，存证是 {made.reason}）" in str(finding)
    Correction.objects.all().delete()
    [finding] = check_against_log()
    assert f"第 {made.pk} 号更正的记录缺失" in str(finding)


def test_a_range_is_withdrawn_once_whatever_it_touches() -> None:
    running = make_mixed_day()
    book(running, 300, 400, at=after(500))
    where = {"enrolment_id": running.enrolments[0].pk, "unit_id": units_of(running)[0].pk}
    taken = ledger.withdraw_range(
        **where, since=after(250), until=after(550), reason=Reason.CHECK, source="incident:1", now=LATER
    )
    assert (taken.seconds, taken.days) == (100, {clock.civil_day(BEGIN): 100})
    assert online_seconds(running) == (300, 300, 300)
    assert Coverage.objects.get().covered == [[0, 250_000], [350_000, 400_000]]
    again = ledger.withdraw_range(**where, since=after(0), until=after(260), source="incident:2", now=LATER)
    assert again.seconds == 250
    nothing = ledger.withdraw_range(**where, since=after(0), until=after(550), source="incident:3", now=LATER)
    assert (nothing.seconds, online_seconds(running)) == (0, (50, 50, 50))
    assert not list(check_against_log())


def test_what_was_withdrawn_for_a_check_comes_back_once_and_only_where_there_is_room() -> None:
    running = make_studying()
    book(running, 0, 300)
    before = online_seconds(running)
    withdrawn = ledger.withdraw_range(
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[0].pk,
        since=after(60),
        until=after(300),
        reason=Reason.UNPROVEN,
        source="check:1",
        now=LATER,
    )
    assert withdrawn.seconds == 240
    assert online_seconds(running) == (60, 60, 60)
    back = {"enrolment_id": running.enrolments[0].pk, "withdrawn_by": "check:1", "now": LATER}
    assert ledger.put_back(**{**back, "withdrawn_by": "check:9"}) == 0
    assert ledger.put_back(**back) == 240
    assert online_seconds(running) == before
    assert ledger.put_back(**back) == 0
    assert [span.source for span in Span.objects.filter(state="made_up")] == ["restored_check:1"]
    assert not list(check_against_log())


def test_who_was_put_back_goes_on_behind_what_came_back_unless_they_had_gone_before_it() -> None:
    running = make_studying()
    book(running, 0, 300)
    where = {"enrolment_id": running.enrolments[0].pk, "unit_id": units_of(running)[0].pk}
    row = Coverage.objects.filter(**where)
    for at_ms, check, after_ms in ((60_000, 1, 300_000), (20_000, 2, 20_000)):
        taken = ledger.withdraw_range(**where, since=after(60), until=after(300), source=f"check:{check}", now=LATER)
        assert (taken.seconds, row.get().position_ms) == (240, 60_000)
        row.update(position_ms=at_ms)
        assert ledger.put_back(enrolment_id=where["enrolment_id"], withdrawn_by=f"check:{check}", now=LATER) == 240
        assert row.get().position_ms == after_ms
