"""Records of study are kept five years and under a legal hold: both databases refuse by themselves."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import Model

from tests.factories.identity import make_bureau, make_operator, make_provider
from tests.factories.ledger import book, make_mixed_day
from tests.factories.study import make_studying
from tests.factories.training import Running, attend_all, make_running_cohort
from tests.support.triggers import lifted
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.models import LegalHold, Span
from zhenxue.ledger.queries import check_holds, visible_holds
from zhenxue.training.models import Attendance

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2019, 5, 1, tzinfo=dt.UTC)


def refused(act: Callable[[], object], words: str) -> None:
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        act()


def aged(model: type[Model], **when: dt.datetime) -> None:
    """As if the rows were from before the five years."""
    with lifted():
        model._default_manager.update(**when)


def hold(running: Running, actor: Actor, *, learner: int | None = None, reason: str = "来函第 7 号") -> LegalHold:
    enrolment = None if learner is None else running.enrolments[learner].pk
    return ledger.set_hold(actor=actor, cohort_id=running.cohort.pk, enrolment_id=enrolment, reason=reason, now=NOW)


@pytest.mark.django_db
def test_spans_are_never_edited_and_leave_only_after_five_years() -> None:
    make_mixed_day()
    refused(lambda: Span.objects.update(seconds=1), "never edited")
    refused(Span.objects.all().delete, "five years")
    aged(Span, created_at=LONG_AGO)
    refused(lambda: Span.objects.update(seconds=1), "never edited")
    assert Span.objects.all().delete()[0] == 2


@pytest.mark.django_db
def test_attendance_keeps_who_and_when_and_leaves_only_after_five_years() -> None:
    running = make_running_cohort(learners=1)
    attend_all(running, running.lessons[0])
    refused(Attendance.objects.all().delete, "five years")
    refused(lambda: Attendance.objects.update(recorded_at=LONG_AGO), "never edited")
    Attendance.objects.update(state="late", reason="堵车", minutes=30)
    aged(Attendance, recorded_at=LONG_AGO)
    assert Attendance.objects.all().delete()[0] == 1


@pytest.mark.django_db
def test_what_is_held_stays_after_five_years_until_it_is_released() -> None:
    running = make_studying(learners=2)
    for learner in (0, 1):
        book(running, 0, 60, learner=learner)
    aged(Span, created_at=LONG_AGO)
    operator = make_operator()
    single = hold(running, operator, learner=0)
    assert Span.objects.filter(enrolment=running.enrolments[1]).delete()[0] == 1
    refused(Span.objects.all().delete, "legal hold")
    whole = hold(running, make_bureau("3715"))
    ledger.release_hold(actor=operator, hold_id=single.pk, reason="案件已经结束", now=NOW)
    refused(Span.objects.all().delete, "legal hold")
    ledger.release_hold(actor=operator, hold_id=whole.pk, reason="案件已经结束", now=NOW)
    assert Span.objects.all().delete()[0] == 1


@pytest.mark.django_db
def test_a_hold_is_set_and_released_by_its_keepers_with_reasons_in_the_log() -> None:
    running = make_studying()
    for other in (running.manager, running.bureau, make_bureau("3714"), make_provider(), running.teacher):
        with pytest.raises((Refused, NotFound)):
            hold(running, other)
    city = make_bureau("3715")
    with pytest.raises(Invalid, match="理由"):
        hold(running, city, reason="查")
    one = hold(running, city)
    with pytest.raises(Conflict, match="已有同样"):
        hold(running, make_operator())
    assert list(visible_holds(running.bureau)) == [one]
    assert not visible_holds(make_bureau("3714")).exists()
    assert not visible_holds(running.manager).exists()
    with pytest.raises(Refused):
        ledger.release_hold(actor=running.bureau, hold_id=one.pk, reason="县里不能解除", now=NOW)
    ledger.release_hold(actor=city, hold_id=one.pk, reason="核查已经结束", now=NOW)
    with pytest.raises(Conflict, match="已经解除"):
        ledger.release_hold(actor=city, hold_id=one.pk, reason="核查已经结束", now=NOW)
    refused(lambda: LegalHold.objects.update(reason="别的理由"), "never edited")
    refused(LegalHold.objects.all().delete, "legal hold")
    entries = evidence.list_entries(refs=[f"hold:{one.pk}"])
    assert [entry.kind for entry in entries] == ["ledger.hold_released", "ledger.hold_set"]
    assert evidence.can_view(running.bureau, entries[0].refs)
    assert not evidence.can_view(running.manager, entries[0].refs)
    cohort = evidence.list_entries(refs=[f"cohort:{running.cohort.pk}"])
    assert not any(entry.kind.startswith("ledger.hold") for entry in cohort)


@pytest.mark.django_db
def test_a_hold_released_behind_the_log_is_named() -> None:
    running = make_studying()
    one = hold(running, make_operator())
    assert not list(check_holds())
    with lifted():
        LegalHold.objects.update(released_at=NOW, released_by=one.set_by_id, release_reason="没有人解除")
    [finding] = check_holds()
    assert f"第 {one.pk} 号" in str(finding)
    with lifted():
        LegalHold.objects.all().delete()
    [finding] = check_holds()
    assert "缺失" in str(finding)


@pytest.mark.django_db(transaction=True)
def test_the_tests_own_flush_passes_the_guards_and_leaves_them_in_place() -> None:
    make_mixed_day()
    call_command("flush", interactive=False, verbosity=0)
    assert not Span.objects.exists()
    make_mixed_day()
    refused(Span.objects.all().delete, "five years")
