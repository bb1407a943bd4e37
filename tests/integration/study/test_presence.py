"""Presence while studying: the clock stands while a check is open; a missed one takes back what it was to prove."""

import datetime as dt

import pytest

from tests.factories.identity import ask_presence
from tests.factories.study import Page, make_studying, page_of, units_of
from tests.factories.training import Running
from zhenxue.identity.models import Person
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import CheckCause, CheckKind, CheckState
from zhenxue.integrity.models import Check
from zhenxue.integrity.queries.projection import verify_checks
from zhenxue.kernel.errors import Conflict, Refused
from zhenxue.ledger.models import Coverage, Span
from zhenxue.ledger.queries import check_against_log
from zhenxue.study import operations
from zhenxue.study.models import StudySession
from zhenxue.study.operations import presence
from zhenxue.study.protocol import sign_in_digest
from zhenxue.study.subscribers import on_check_missed

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    ask_presence()
    return make_studying(learners=2, minutes=60)


def asked(page: Page) -> Check:
    return presence.ask_presence(
        actor=page.actor, session_id=page.session_id, sign_in_digest=sign_in_digest(page.cookie), now=page.now
    )


def answer(page: Page, check: Check) -> Check:
    """Answers what stands there as an honest learner does, some seconds after it was asked."""
    page.now += dt.timedelta(seconds=8)
    given = (
        check.task["question"]["answer"] if check.kind == CheckKind.QUESTION else [str(check.task["puzzle"]["place"])]
    )
    assert integrity.answer_task(
        actor=page.actor,
        check_id=check.pk,
        kind=check.kind,
        nonce=check.nonce,
        given=given,
        device=check.device,
        now=page.now,
    ).passed
    check.refresh_from_db()
    return check


def show_presence(page: Page) -> Check:
    return answer(page, asked(page))


def test_nothing_counts_before_the_check_at_the_door_is_passed(running: Running) -> None:
    page = page_of(running).open()
    assert page.opened is not None
    assert page.opened.presence
    told = page.beat(10)
    assert (told["reason"], told["gained_ms"], told["presence"]) == ("presence", 0, True)
    assert show_presence(page).state == CheckState.PASSED
    page.beat(1)
    told = page.beat(10)
    assert (told["gained_ms"], "presence" in told) == (10_000, False)
    with pytest.raises(Conflict, match="没有要完成的核验"):
        asked(page)


def test_a_check_falls_at_a_second_of_chance_in_every_class_hour(running: Running) -> None:
    page = page_of(running).open()
    show_presence(page)
    session = StudySession.objects.get()
    left = session.presence_at_ms - session.credited_ms
    assert 60_000 <= left < 45 * 60_000
    StudySession.objects.update(presence_at_ms=session.credited_ms + 25_000)
    answers = [page.beat(10) for _ in range(6)]
    assert [told["gained_ms"] for told in answers] == [10_000] * 3 + [0] * 3
    assert ["presence" in told for told in answers] == [False, False, True, True, True, True]
    assert asked(page).cause == CheckCause.HOURLY
    assert len({presence.draw(2_700_000) for _ in range(20)}) > 10


def test_a_missed_check_takes_back_to_the_last_proof_and_a_make_up_gives_it_again(running: Running) -> None:
    page = page_of(running).open()
    show_presence(page)
    StudySession.objects.update(presence_at_ms=295_000)
    for _ in range(30):
        page.beat(10)
    page.settle()
    counted = Coverage.objects.get().seconds
    assert counted == 300
    check = asked(page)
    page.now += dt.timedelta(minutes=2)
    assert integrity.sweep(now=page.now) == 1
    assert Coverage.objects.get().seconds == 0
    assert Span.objects.get(state="withdrawn").reason == "unproven"
    check.refresh_from_db()
    assert check.state == CheckState.MISSED
    assert check.make_up_by is not None
    assert page.beat(10)["reason"] == "presence"
    assert Coverage.objects.get().position_ms == 0
    again = integrity.begin_make_up(actor=page.actor, check_id=check.pk, device=check.device, now=page.now)
    answer(page, again)
    assert Coverage.objects.get().seconds == counted
    assert Coverage.objects.get().position_ms == counted * 1000
    assert not list(check_against_log())


def test_who_made_up_goes_on_where_they_were_and_not_where_the_stretch_began(running: Running) -> None:
    page = page_of(running, tab="t").open()
    show_presence(page)
    miss(page)
    page.open()
    assert page.position_ms == 0, "what was taken back has to be learnt again"
    passed = show_presence(page)
    assert integrity.for_page(passed, page.now)["gave_back"] is True, "the page opens anew"
    operations.follow_ledger(enrolment_id=page.enrolment_id, unit_id=page.unit_id, now=page.now)
    assert StudySession.objects.get(pk=page.session_id).position_ms == 300_000
    page.settle()
    assert Coverage.objects.get().position_ms == 300_000
    page.open()
    assert page.position_ms == 300_000
    assert page.beat(10)["gained_ms"] == 10_000


def test_who_closes_the_page_at_a_check_is_asked_all_the_same(running: Running) -> None:
    page = page_of(running).open()
    show_presence(page)
    StudySession.objects.update(presence_at_ms=95_000)
    for _ in range(10):
        page.beat(10)
    page.close()
    assert Coverage.objects.get().seconds == 100
    assert presence.ask_forgotten(now=page.now + dt.timedelta(seconds=30)) == 1
    assert integrity.sweep(now=page.now + dt.timedelta(minutes=3)) == 1
    assert Coverage.objects.get().seconds == 0
    assert presence.ask_forgotten(now=page.now + dt.timedelta(minutes=4)) == 0


def test_a_reload_at_a_check_is_no_miss_and_no_way_round(running: Running) -> None:
    page = page_of(running, tab="t").open()
    show_presence(page)
    StudySession.objects.update(presence_at_ms=95_000)
    for _ in range(10):
        page.beat(10)
    first = asked(page)
    page.now += dt.timedelta(seconds=5)
    page.open()
    assert page.opened is not None
    assert page.opened.presence
    first.refresh_from_db()
    assert first.state == CheckState.CANCELLED
    assert page.beat(10)["reason"] == "presence"
    second = asked(page)
    assert second.proof_at == first.proof_at
    show_presence(page)
    page.beat(1)
    assert page.beat(10)["gained_ms"] == 10_000
    page.close()
    assert Coverage.objects.get().seconds >= 110


def miss(page: Page, *, seconds: int = 300) -> Check:
    """Studies until a check and lets it pass."""
    session = StudySession.objects.get(pk=page.session_id)
    StudySession.objects.filter(pk=session.pk).update(presence_at_ms=session.credited_ms + seconds * 1000 - 5_000)
    for _ in range(seconds // 10):
        page.beat(10)
    page.settle()
    check = asked(page)
    page.now += dt.timedelta(minutes=2)
    assert integrity.sweep(now=page.now) == 1
    check.refresh_from_db()
    assert check.state == CheckState.MISSED
    return check


def test_who_comes_back_and_passes_need_not_make_up_besides(running: Running) -> None:
    page = page_of(running, tab="t").open()
    show_presence(page)
    first = miss(page)
    assert Coverage.objects.get().seconds == 0
    assert "也算补做" in integrity.for_page(first, page.now)["outcome"]
    going = integrity.begin_make_up(actor=page.actor, check_id=first.pk, device=first.device, now=page.now)
    page.open()
    again = asked(page)
    assert again.proof_at == first.proof_at
    page.now += dt.timedelta(minutes=2)
    assert integrity.sweep(now=page.now) == 2, "missed twice, and the make-up with it"
    page.open()
    passed = show_presence(page)
    assert "漏做的核验也算补上了" in integrity.for_page(passed, page.now)["outcome"]
    assert Coverage.objects.get().seconds == 300
    assert not integrity.to_make_up(page.actor.person_id or 0, page.now)
    assert integrity.unit_misses(page.enrolment_id) == {}
    assert Check.objects.get(pk=going.pk).state == CheckState.MISSED
    with pytest.raises(Conflict, match="已经补做过"):
        integrity.begin_make_up(actor=page.actor, check_id=first.pk, device=first.device, now=page.now)
    session = StudySession.objects.get(pk=page.session_id)
    operations.follow_ledger(enrolment_id=page.enrolment_id, unit_id=page.unit_id, now=page.now)
    session.refresh_from_db()
    assert session.presence_at_ms - session.credited_ms >= 60_000, "what came back brings no check nearer"
    later = miss(page)
    assert later.made_up_at is None
    assert Coverage.objects.get().seconds == 300, "only what it was to prove"
    for checks in (check_against_log(), verify_checks()):
        assert not list(checks)


def test_coming_back_does_not_undo_that_a_unit_has_to_be_learnt_again(running: Running) -> None:
    page = page_of(running, tab="t").open()
    show_presence(page)
    miss(page)
    for _ in range(2):
        page.open()
        asked(page)
        page.now += dt.timedelta(minutes=2)
        assert integrity.sweep(now=page.now) == 1
    page.open()
    show_presence(page)
    assert Coverage.objects.get().seconds == 0
    assert len(integrity.to_make_up(page.actor.person_id or 0, page.now)) == 3, "each by itself"


def test_too_many_misses_of_a_unit_mean_to_learn_it_again(running: Running) -> None:
    page = page_of(running).open()
    show_presence(page)
    for _ in range(12):
        page.beat(10)
    page.settle()
    session = StudySession.objects.get()
    Check.objects.update(state=CheckState.MISSED, answered_at=None)
    for number in (1, 2):
        Check.objects.filter(pk=Check.objects.earliest("pk").pk).update(unit_id=session.unit_id)
        copy = Check.objects.earliest("pk")
        copy.pk, copy.context, copy.state = None, f"study:90{number}", CheckState.MISSED
        copy.save()
    on_check_missed(
        check_id=77,
        context=f"study:{session.pk}",
        proof_at=page.now,
        asked_at=page.now + dt.timedelta(seconds=1),
        now=page.now + dt.timedelta(seconds=2),
    )
    assert Coverage.objects.get().seconds == 0


def test_nobody_asks_for_anothers_session(running: Running) -> None:
    page = page_of(running).open()
    other = running.learners[1]
    with pytest.raises(Refused):
        presence.ask_presence(
            actor=other, session_id=page.session_id, sign_in_digest=sign_in_digest(page.cookie), now=page.now
        )
    assert not Check.objects.exists()


def test_something_strange_about_a_learner_asks_at_once_but_not_who_showed_presence_just_now(running: Running) -> None:
    page = page_of(running).open()
    show_presence(page)
    note = {"person_id": page.actor.person_id, "enrolment_id": page.enrolment_id, "kind": "two_addresses"}
    integrity.note_signal(**note, context="study:1", facts={"addresses": 2}, once_key="early", now=page.now)
    assert "presence" not in page.beat(10)
    for _ in range(70):
        page.beat(10)
    assert integrity.open_check_of(f"study:{page.session_id}") is None
    integrity.note_signal(**note, context="study:2", facts={"addresses": 3}, once_key="late", now=page.now)
    check = integrity.open_check_of(f"study:{page.session_id}")
    assert check is not None
    assert check.cause == CheckCause.PATTERN
    told = page.beat(10)
    assert (told["reason"], told["presence"]) == ("presence", True)
    answer(page, check)
    page.beat(1)
    assert "presence" not in page.beat(10)


def test_study_waits_for_a_real_name_as_strong_as_the_rules_ask() -> None:
    ask_presence(strength=2)
    running = make_studying()
    page = page_of(running)
    person = Person.objects.filter(pk=page.actor.person_id)
    person.update(verified_strength=1, verified_at=page.now, verified_by_method="phone")
    with pytest.raises(Refused, match="请先完成实名认证"):
        page.open()
    assert not StudySession.objects.exists()
    person.update(verified_strength=2)
    assert page.open().opened is not None


def test_the_bureau_sees_who_studies_now(running: Running) -> None:
    page = page_of(running).open()
    [context] = presence.running_in(running.enrolments[0].cohort_id, page.now)
    assert (context.context, context.person_id) == (f"study:{page.session_id}", page.actor.person_id)
    assert presence.running_in(running.enrolments[0].cohort_id, page.now + dt.timedelta(minutes=10)) == []
    assert units_of(running)[0].pk == context.facts["unit"]
