"""Corrections for many at once: the same rules as for one, one transaction, an answer for every row."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories.identity import make_bureau, make_colleague, make_provider
from tests.factories.ledger import after, book, make_batch, make_outage, outage_of
from tests.factories.study import BEGIN, make_studying, units_of
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Choice, CorrectionKind, CorrectionState, Decision, Reason
from zhenxue.ledger.models import Correction, CorrectionBatch, Coverage, Span
from zhenxue.ledger.queries import check_against_log, list_choices, one_line_a_batch, sums_of_batches, waiting_for
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db
LATER = BEGIN + dt.timedelta(hours=2)
DAY = clock.civil_day(BEGIN)


def choices(running: Running, **changes: Any) -> dict[int, Choice]:
    cohort = training.get_cohort(running.manager, running.cohort.pk)
    window = outage_of(running, **changes)
    return {one.enrolment_id: one for one in list_choices(actor=running.manager, cohort=cohort, window=window).rows}


def decide(running: Running, decision: Decision, numbers: list[int], **changes: Any) -> dict[int, tuple[bool, str]]:
    values: dict[str, Any] = {"actor": running.bureau, "note": "查过停电通知", "now": LATER, **changes}
    answers = ledger.decide_many(decision=decision, correction_ids=numbers, **values)
    return {one.correction_id: (one.done, one.words) for one in answers}


def numbers_of(batch: CorrectionBatch) -> list[int]:
    return list(Correction.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True))


def test_a_class_is_proposed_in_one_act_and_decided_in_another_with_an_entry_for_each_learner() -> None:
    running = make_outage()
    batch = make_batch(running)
    rows = list(Correction.objects.filter(batch=batch))
    assert {(one.state, one.seconds, one.why_refused) for one in rows} == {(CorrectionState.PROPOSED, 120, Reason.GAP)}
    assert {one.enrolment_id for one in rows} == {one.pk for one in running.enrolments}
    assert {one.reason for one in rows} == {batch.reason}
    assert {(one.began_at, one.ended_at) for one in rows} == {(after(300), after(420))}
    for who in (running.manager, make_colleague(running.manager)):
        refused = ledger.decide_batch(actor=who, batch_id=batch.pk, decision="approve", note="", now=LATER)
        assert [one.done for one in refused] == [False] * 3
    assert not Span.objects.filter(state="made_up").exists()
    answers = ledger.decide_batch(actor=running.bureau, batch_id=batch.pk, decision="approve", note="同意", now=LATER)
    assert [(one.done, one.words) for one in answers] == [(True, "已生效")] * 3
    assert set(Coverage.objects.values_list("seconds", flat=True)) == {420}
    for row in rows:
        kinds = {entry.kind for entry in evidence.list_entries(refs=[f"correction:{row.pk}"])}
        assert kinds == {"ledger.correction_proposed", "ledger.correction_approved", "ledger.made_up"}
    with pytest.raises(Conflict, match="全部办结"):
        ledger.decide_batch(actor=running.bureau, batch_id=batch.pk, decision="approve", note="", now=LATER)
    again = decide(running, Decision.APPROVE, numbers_of(batch))
    assert all(not done and "已生效" in words for done, words in again.values())
    assert set(Coverage.objects.values_list("seconds", flat=True)) == {420}
    assert not list(check_against_log())


def test_a_row_that_does_not_fit_refuses_all_or_is_left_out_by_wish() -> None:
    running = make_outage(learners=4)
    first, second, third, fourth = running.enrolments
    ledger.request_make_up(
        actor=running.learners[0],
        enrolment_id=first.pk,
        unit_id=units_of(running)[0].pk,
        began_at=after(300),
        ended_at=after(420),
        seconds=60,
        reason="教室停电，学习没有中断",
        now=LATER,
    )
    book(running, 300, 540, at=after(900), learner=1)
    rows = choices(running)
    assert "等待处理" in rows[first.pk].why_not
    assert (rows[second.pk].seconds, rows[second.pk].claimed_seconds) == (60, 120)
    assert (rows[third.pk].seconds, rows[third.pk].why_not) == (120, "")
    with pytest.raises(Invalid, match="没有提出任何补计") as refused:
        make_batch(running)
    assert list(refused.value.fields) == [rows[first.pk].text_key]
    assert not CorrectionBatch.objects.exists()
    assert Correction.objects.count() == 1
    batch = make_batch(running, leave_out=True)
    assert [one["enrolment"] for one in batch.left_out] == [first.pk]
    made = dict(Correction.objects.filter(batch=batch).values_list("enrolment_id", "seconds"))
    assert made == {second.pk: 60, third.pk: 120, fourth.pk: 120}
    with pytest.raises(Invalid, match="换一段时间"):
        make_batch(running, leave_out=True)
    assert not list(check_against_log())


def test_who_may_not_and_what_does_not_fit_is_refused_before_anything_is_written() -> None:
    running, other = make_outage(), make_outage(learners=1, minutes=10)
    for who, error in (
        (make_provider(), NotFound),
        (other.manager, NotFound),
        (running.bureau, Refused),
        (running.teacher, Refused),
    ):
        with pytest.raises(error):
            make_batch(running, actor=who)
    with pytest.raises(Invalid, match="不在这个班期"):
        make_batch(running, chosen=[(running.enrolments[0].pk, DAY), (other.enrolments[0].pk, DAY)])
    with pytest.raises(Invalid, match="勾选"):
        make_batch(running, chosen=[])
    with pytest.raises(Invalid, match="理由"):
        make_batch(running, reason="停电")
    with pytest.raises(Invalid, match="班期"):
        make_batch(running, window=outage_of(running, first_day=DAY - dt.timedelta(days=400)))
    with pytest.raises(Invalid, match="培训方案"):
        make_batch(running, window=outage_of(running, unit_id=units_of(make_studying(minutes=10))[0].pk))
    with pytest.raises(Invalid, match="晚于"):
        make_batch(running, window=outage_of(running, since=dt.time(11), until=dt.time(10)))
    with pytest.raises(Invalid, match=r"31 天|班期"):
        make_batch(running, window=outage_of(running, last_day=DAY + dt.timedelta(days=31)))
    with pytest.raises(Invalid, match="还没有到"):
        make_batch(running, now=clock.start_of_day(DAY) - dt.timedelta(hours=1))
    assert not CorrectionBatch.objects.exists()
    assert not Correction.objects.exists()


def test_a_decision_about_mixed_rows_answers_each_and_keeps_what_may_not_be_decided() -> None:
    running = make_outage()
    batch = make_batch(running)
    one, two, three = numbers_of(batch)
    mine = ledger.propose_correction(
        actor=running.bureau,
        kind=CorrectionKind.WITHDRAW,
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[0].pk,
        began_at=after(0),
        ended_at=after(60),
        reason="核实后确认由他人代学",
        now=LATER,
    )
    foreign = numbers_of(make_batch(make_outage(learners=1)))[0]
    with pytest.raises(Invalid, match="勾选"):
        decide(running, Decision.APPROVE, [])
    with pytest.raises(Invalid, match="理由"):
        decide(running, Decision.REJECT, [one], note="不")
    assert decide(running, Decision.REJECT, [one]) == {one: (True, "不予同意")}
    answers = decide(running, Decision.APPROVE, [three, one, mine.pk, foreign, 10**15], actor=running.bureau)
    assert answers[three] == (True, "已生效")
    assert not answers[one][0]
    assert "不予同意" in answers[one][1]
    assert not answers[mine.pk][0]
    assert "不能自己批准" in answers[mine.pk][1]
    outside = {number: answers[number] for number in (10**15,)}
    assert all(not done and "没有找到" in words for done, words in outside.values())
    assert not answers[foreign][0] or Correction.objects.get(pk=foreign).enrolment.cohort.region_id == "371502"
    assert Correction.objects.get(pk=two).state == CorrectionState.PROPOSED
    assert decide(running, Decision.CANCEL, [two, three], actor=running.manager)[two] == (True, "已撤回")
    sums = sums_of_batches([batch.pk])[batch.pk]
    assert (sums.learners, sums.total, sums.waiting, sums.booked_seconds) == (3, 3, 0, 120)
    assert sums.words == "已生效 1，不予同意 1，已撤回 1"
    assert not list(check_against_log())


def test_the_bureau_sees_a_batch_as_one_line_and_strangers_see_nothing() -> None:
    running = make_outage()
    batch = make_batch(running)
    assert [one.batch_id for one in one_line_a_batch(waiting_for(running.bureau))] == [batch.pk]
    assert list(waiting_for(running.manager)) == []
    for who in (make_bureau("371581"), make_provider(), running.learners[0]):
        with pytest.raises(NotFound):
            ledger.decide_batch(actor=who, batch_id=batch.pk, decision="approve", note="", now=LATER)
    answers = ledger.decide_batch(actor=make_bureau("3715"), batch_id=batch.pk, decision="approve", note="", now=LATER)
    assert all(not one.done and "人社部门复核" in one.words for one in answers)


def test_days_of_one_learner_share_what_the_unit_still_has_to_give() -> None:
    running = make_studying()
    tomorrow = BEGIN + dt.timedelta(days=1)
    for start in (BEGIN, tomorrow):
        book(running, 0, 0, at=start, lasted=400, reason=Reason.GAP)
    number = running.enrolments[0].pk
    window = outage_of(running, last_day=clock.civil_day(tomorrow))
    batch = make_batch(
        running, window=window, chosen=[(number, DAY), (number, window.last_day)], now=tomorrow + dt.timedelta(hours=2)
    )
    assert list(Correction.objects.order_by("day").values_list("seconds", flat=True)) == [400, 200]
    answers = ledger.decide_batch(
        actor=running.bureau, batch_id=batch.pk, decision="approve", note="", now=tomorrow + dt.timedelta(hours=3)
    )
    assert all(one.done for one in answers)
    assert Coverage.objects.get().seconds == 600
    assert not list(check_against_log())


def test_rows_that_nothing_can_make_good_say_so_and_doubtful_ones_are_not_ticked() -> None:
    running = make_studying(learners=3)
    reasons = (Reason.UNIT_FULL, Reason.REPLAYED, Reason.IDLE)
    for number, reason in enumerate(reasons):
        book(running, 0, 0, lasted=60, reason=reason, learner=number)
    rows = choices(running)
    found = {rows[one.pk].reason: (rows[one.pk].suggested, rows[one.pk].seconds) for one in running.enrolments}
    assert found == {Reason.UNIT_FULL: (False, 0), Reason.REPLAYED: (False, 60), Reason.IDLE: (True, 60)}
    assert "不能补计" in rows[running.enrolments[0].pk].why_not
    assert choices(running, since=dt.time(20), until=dt.time(21)) == {}


def test_the_rows_are_read_in_as_many_queries_for_many_learners_as_for_few() -> None:
    counts = []
    for learners in (2, 6):
        running = make_outage(learners=learners)
        choices(running)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(choices(running)) == learners
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9


def test_requests_of_many_learners_are_taken_up_and_approved_in_two_acts() -> None:
    running = make_outage()
    for number, who in enumerate(running.learners[:2]):
        ledger.request_make_up(
            actor=who,
            enrolment_id=running.enrolments[number].pk,
            unit_id=units_of(running)[0].pk,
            began_at=after(300),
            ended_at=after(420),
            seconds=100 + number,
            reason="教室停电，学习没有中断",
            now=LATER,
        )
    asked = list(Correction.objects.order_by("pk").values_list("pk", flat=True))
    early = decide(running, Decision.APPROVE, asked)
    assert all(not done and "学员已申请" in words for done, words in early.values())
    with pytest.raises(Invalid, match="理由"):
        decide(running, Decision.ADOPT, asked, actor=running.manager, note="")
    assert not any(done for done, _ in decide(running, Decision.ADOPT, asked).values())
    taken = decide(running, Decision.ADOPT, asked, actor=running.manager)
    assert set(taken.values()) == {(True, "等待复核")}
    assert set(decide(running, Decision.APPROVE, asked, note="").values()) == {(True, "已生效")}
    assert sorted(Coverage.objects.values_list("seconds", flat=True)) == [300, 400, 401]
    assert not list(check_against_log())


@pytest.mark.usefixtures("unguarded")
def test_an_edited_batch_is_named() -> None:
    batch = make_batch(make_outage(learners=1))
    CorrectionBatch.objects.update(reason="另一个理由")
    [finding] = check_against_log()
    assert f"第 {batch.pk} 批与存证不一致（reason 记为 另一个理由，存证是 {batch.reason}）" in str(finding)
    Correction.objects.update(batch=None)
    assert any(f"更正与存证不一致（batch 记为 None，存证是 {batch.pk}）" in str(one) for one in check_against_log())


def test_the_database_keeps_a_batch_and_its_corrections_together() -> None:
    batch = make_batch(make_outage(learners=1))
    for act in (
        lambda: CorrectionBatch.objects.filter(pk=batch.pk).update(reason="另一个理由"),
        lambda: CorrectionBatch.objects.filter(pk=batch.pk)._raw_delete("default"),
        lambda: Correction.objects.update(batch=None),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
