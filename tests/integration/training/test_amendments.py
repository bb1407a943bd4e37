"""Amendments: a plan changes only when the county agrees (N12)."""

import datetime as dt

import pytest

from tests.factories.identity import NOW, make_bureau, make_provider
from tests.factories.training import (
    FIRST_DAY,
    LAST_DAY,
    Running,
    attend_all,
    lesson_plan,
    make_approved_cohort,
    make_draft_cohort,
    make_running_cohort,
)
from zhenxue.evidence import api as evidence
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.models import Amendment, Cohort, PlanLine
from zhenxue.training.queries.verification import check_plans

pytestmark = pytest.mark.django_db
REASON = "授课教师临时外出，课程顺延"


def ask(made: Running, line: PlanLine, days: int = 5, **changes: object) -> Amendment:
    plan = lesson_plan(line, FIRST_DAY + dt.timedelta(days=days), teacher_id=made.teacher.person_id or 0)
    return training.file_lesson_change(
        actor=made.manager,
        cohort_id=made.cohort.pk,
        lesson=plan,
        **{"reason": REASON, "now": NOW, **changes},  # type: ignore[arg-type]  # a test may hand in anything
    )


def test_an_approved_amendment_changes_the_plan_and_its_digest() -> None:
    made = make_approved_cohort()
    line = made.lessons[0]
    asked = ask(made, line)
    assert PlanLine.objects.get(pk=line.pk).starts_at == line.starts_at
    done = training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, note="同意", now=NOW)
    changed = PlanLine.objects.get(pk=line.pk)
    assert line.starts_at is not None
    assert changed.starts_at == line.starts_at + dt.timedelta(days=5)
    cohort = Cohort.objects.get(pk=made.cohort.pk)
    assert done.digest_before == made.cohort.plan_digest
    assert done.digest_after == cohort.plan_digest == training.plan_digest(cohort)
    assert done.digest_after != done.digest_before
    entry = evidence.list_entries(refs=[f"cohort:{cohort.pk}"], kinds=["training.amendment_approved"])[0]
    assert ("变更后摘要值", cohort.plan_digest) in entry.lines
    assert list(check_plans()) == []
    with pytest.raises(Conflict):
        training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, now=NOW)


def test_a_returned_amendment_changes_nothing() -> None:
    made = make_approved_cohort()
    line = made.lessons[0]
    asked = ask(made, line)
    with pytest.raises(Invalid):
        training.return_amendment(actor=made.bureau, amendment_id=asked.pk, reason="", now=NOW)
    training.return_amendment(actor=made.bureau, amendment_id=asked.pk, reason="请按原计划上课", now=NOW)
    assert PlanLine.objects.get(pk=line.pk).starts_at == line.starts_at
    with pytest.raises(Conflict):
        training.return_amendment(actor=made.bureau, amendment_id=asked.pk, reason="请按原计划上课", now=NOW)


def test_only_the_county_decides_and_only_the_manager_asks() -> None:
    made = make_approved_cohort()
    asked = ask(made, made.lessons[0])
    for other in (make_bureau("3715"), made.manager):
        with pytest.raises(Refused):
            training.approve_amendment(actor=other, amendment_id=asked.pk, now=NOW)
    for stranger in (make_bureau("371521"), make_provider()):
        with pytest.raises(NotFound):
            training.approve_amendment(actor=stranger, amendment_id=asked.pk, now=NOW)
    plan = lesson_plan(made.lessons[1], LAST_DAY, teacher_id=made.teacher.person_id or 0)
    with pytest.raises(Refused):
        training.file_lesson_change(actor=made.teacher, cohort_id=made.cohort.pk, lesson=plan, reason=REASON, now=NOW)


def test_what_cannot_be_is_refused_before_it_is_filed() -> None:
    made = make_approved_cohort()
    line, other = made.lessons
    with pytest.raises(Invalid, match="没有变化"):
        ask(made, line, days=0)
    with pytest.raises(Invalid, match="之内"):
        ask(made, line, days=40)
    with pytest.raises(Invalid, match="重叠"):
        ask(made, line, days=1)
    with pytest.raises(Invalid):
        ask(made, line, reason="改")
    ask(made, line)
    with pytest.raises(Conflict, match="等待审批"):
        ask(made, line, days=6)
    draft = make_draft_cohort()
    with pytest.raises(Conflict):
        ask(draft, draft.lessons[0])
    assert other.starts_at is not None


def test_a_held_lesson_is_not_moved_even_when_the_amendment_was_filed_before() -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    asked = ask(made, line)
    attend_all(made, line)
    with pytest.raises(Conflict, match="已经登记了考勤"):
        training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, now=NOW)
    assert Amendment.objects.get(pk=asked.pk).state == "filed"


def test_the_last_day_moves_but_not_before_a_lesson() -> None:
    made = make_approved_cohort()
    acting = {"actor": made.manager, "cohort_id": made.cohort.pk, "reason": REASON, "now": NOW}
    with pytest.raises(Invalid, match="最后一节"):
        training.file_end_date_change(ends_on=FIRST_DAY, **acting)
    with pytest.raises(Invalid, match="没有变化"):
        training.file_end_date_change(ends_on=LAST_DAY, **acting)
    later = LAST_DAY + dt.timedelta(days=7)
    asked = training.file_end_date_change(ends_on=later, **acting)
    training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, now=NOW)
    cohort = Cohort.objects.get(pk=made.cohort.pk)
    assert (cohort.ends_on, cohort.plan_open) == (later, False)


def test_a_tampered_plan_is_found_by_verification() -> None:
    made = make_approved_cohort()
    assert list(check_plans()) == []
    asked = ask(made, made.lessons[0])
    training.approve_amendment(actor=made.bureau, amendment_id=asked.pk, now=NOW)
    Cohort.objects.filter(pk=made.cohort.pk).update(plan_digest="0" * 64)
    found = list(check_plans())
    assert len(found) == 1
    assert made.cohort.code in found[0].text
