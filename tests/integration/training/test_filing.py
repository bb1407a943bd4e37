"""A cohort from draft to its end."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction

from tests.factories.identity import NOW, make_bureau, make_operator, make_provider, make_rules, make_teacher
from tests.factories.training import (
    FIRST_DAY,
    LAST_DAY,
    PLAN,
    attend_all,
    lesson_plan,
    make_approved_cohort,
    make_closed_cohort,
    make_draft_cohort,
    make_filed_cohort,
    make_programme,
    make_running_cohort,
)
from zhenxue.catalogue import api as catalogue
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock, periodic
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.data import LATER_RULES, CohortState, LineMode, ProgrammeKind
from zhenxue.training.models import Cohort, Enrolment, PlanLine
from zhenxue.training.operations import cohorts as drafts
from zhenxue.training.queries.checks import failed, list_checks
from zhenxue.training.queries.rules import FROZEN_SOURCE, LATER_SOURCE, explain_rules
from zhenxue.training.queries.verification import check_plans

pytestmark = pytest.mark.django_db


def kinds_about(cohort: Cohort) -> list[str]:
    return [entry.kind for entry in evidence.list_entries(refs=[f"cohort:{cohort.pk}"], limit=200)]


def test_a_cohort_lays_its_plan_from_the_programme_and_counts_its_number() -> None:
    manager = make_provider()
    programme = make_programme(manager, offline=(("话术练习", 45, 1), ("直播实操", 90, 2)))
    made = make_draft_cohort(manager, programme=programme, learners=0)
    again = make_draft_cohort(manager, programme=programme, learners=0)
    assert [line.minutes for line in training.list_lines(made.cohort.pk)] == [20, 45, 90]
    assert [stage.title for stage in training.list_stages(made.cohort.pk)] == ["第一阶段", "第二阶段"]
    assert (made.cohort.code, again.cohort.code) == ("371502-2026-0001", "371502-2026-0002")
    assert made.cohort.lesson_count == 2


def test_only_a_settled_programme_of_the_own_organisation_opens_a_cohort() -> None:
    manager = make_provider()
    programme = make_programme(manager)
    basics = {
        "programme_id": programme.pk,
        "title": "一班",
        "starts_on": FIRST_DAY,
        "ends_on": LAST_DAY,
        "capacity": 30,
        "venue": "三楼教室",
        "assessment_plan": PLAN,
        "now": NOW,
    }
    with pytest.raises(NotFound):
        training.create_cohort(actor=make_provider(), **basics)
    with pytest.raises(Invalid) as refused:
        training.create_cohort(actor=manager, **{**basics, "ends_on": FIRST_DAY - dt.timedelta(days=1)})
    assert "ends_on" in refused.value.fields
    with pytest.raises(Invalid):
        training.create_cohort(actor=manager, head_teacher_id=make_teacher().person_id, **basics)
    training.retire_programme(actor=manager, programme_id=programme.pk, now=NOW)
    with pytest.raises(Conflict):
        training.create_cohort(actor=manager, **basics)


def test_an_approved_cohort_has_frozen_rules_courses_and_a_digest_in_the_log() -> None:
    made = make_approved_cohort()
    cohort = made.cohort
    assert cohort.state == CohortState.APPROVED
    assert cohort.rules["online_share_percent"] == 40
    assert training.plan_digest(Cohort.objects.get(pk=cohort.pk)) == cohort.plan_digest
    version_id = PlanLine.objects.get(cohort=cohort, mode=LineMode.ONLINE).course_version_id
    assert catalogue.get_version(version_id or 0).frozen_at == NOW
    approval = evidence.list_entries(refs=[f"cohort:{cohort.pk}"], kinds=["training.cohort_approved"])[0]
    assert ("方案摘要值", cohort.plan_digest) in approval.lines
    assert approval.label == "开班备案获批"
    assert list(check_plans()) == []


def test_the_county_decides_once_and_the_city_and_others_only_look() -> None:
    made = make_filed_cohort()
    for other in (make_bureau("3715"), made.manager, make_operator()):
        with pytest.raises(Refused):
            training.approve_cohort(actor=other, cohort_id=made.cohort.pk, now=NOW)
    with pytest.raises(NotFound):
        training.approve_cohort(actor=make_bureau("371521"), cohort_id=made.cohort.pk, now=NOW)
    training.approve_cohort(actor=made.bureau, cohort_id=made.cohort.pk, now=NOW)
    with pytest.raises(Conflict, match="已备案"):
        training.approve_cohort(actor=made.bureau, cohort_id=made.cohort.pk, now=NOW)
    with pytest.raises(Conflict):
        training.return_cohort(actor=made.bureau, cohort_id=made.cohort.pk, reason="再看一看方案", now=NOW)


def test_a_returned_cohort_is_changed_and_filed_again() -> None:
    made = make_filed_cohort()
    with pytest.raises(Conflict):
        training.file_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=NOW)
    with pytest.raises(Invalid) as refused:
        training.return_cohort(actor=made.bureau, cohort_id=made.cohort.pk, reason=" 改 ", now=NOW)
    assert "reason" in refused.value.fields
    training.return_cohort(actor=made.bureau, cohort_id=made.cohort.pk, reason="请写明实操考核地点", now=NOW)
    lesson = made.lessons[0]
    plan = lesson_plan(lesson, FIRST_DAY, teacher_id=made.teacher.person_id or 0, place="实训车间")
    training.set_plan(actor=made.manager, cohort_id=made.cohort.pk, lessons=[plan], now=NOW)
    filed = training.file_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=NOW)
    assert filed.state == CohortState.FILED
    assert filed.plan_digest != made.cohort.plan_digest
    assert "training.cohort_returned" in kinds_about(filed)


def test_a_filed_plan_cannot_be_changed_by_its_manager() -> None:
    made = make_filed_cohort()
    plan = lesson_plan(made.lessons[0], FIRST_DAY, teacher_id=made.teacher.person_id or 0)
    with pytest.raises(Conflict, match="变更申请"):
        training.set_plan(actor=made.manager, cohort_id=made.cohort.pk, lessons=[plan], now=NOW)
    with pytest.raises(Conflict):
        training.split_lesson(
            actor=made.manager, cohort_id=made.cohort.pk, line_id=made.lessons[0].pk, minutes=10, now=NOW
        )


def test_the_database_refuses_changes_of_a_filed_plan() -> None:
    made = make_approved_cohort()
    line = PlanLine.objects.filter(cohort=made.cohort)[:1].get()
    person = made.enrolments[0].person_id
    attempts = (
        lambda: PlanLine.objects.filter(pk=line.pk).update(minutes=999),
        lambda: PlanLine.objects.create(
            cohort=made.cohort, stage_id=line.stage_id, position=99, mode="offline", title="多出的课", minutes=45
        ),
        lambda: Cohort.objects.filter(pk=made.cohort.pk).update(ends_on=LAST_DAY + dt.timedelta(days=1)),
        lambda: Cohort.objects.filter(pk=made.cohort.pk).update(rules={"online_share_percent": 90}),
        lambda: Enrolment.objects.filter(person_id=person).update(target_group="other"),
        lambda: Cohort.objects.filter(pk=made.cohort.pk).update(plan_open=True),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert training.plan_digest(Cohort.objects.get(pk=made.cohort.pk)) == made.cohort.plan_digest


def test_every_check_names_what_is_missing() -> None:
    made = make_draft_cohort(learners=0)
    cohort, teacher = made.cohort, made.teacher.person_id or 0
    first, second = made.lessons
    plans = [
        lesson_plan(first, LAST_DAY + dt.timedelta(days=3), teacher_id=teacher),
        lesson_plan(second, LAST_DAY + dt.timedelta(days=3), teacher_id=teacher),
    ]
    training.set_plan(actor=made.manager, cohort_id=cohort.pk, lessons=plans, now=NOW)
    found = {check.code for check in failed(list_checks(cohort, NOW))}
    assert found == {"inside", "teachers", "roster"}
    later = NOW + dt.timedelta(days=1)
    assert "dates" in {check.code for check in failed(list_checks(cohort, later))}
    with pytest.raises(Invalid, match="3 项没有通过"):
        training.file_cohort(actor=made.manager, cohort_id=cohort.pk, now=NOW)


def test_a_suspended_organisation_files_nothing() -> None:
    made = make_draft_cohort()
    identity.suspend_organisation(
        actor=make_operator(), organisation_id=made.cohort.organisation_id, reason="资质过期待核", now=NOW
    )
    assert {check.code for check in failed(list_checks(Cohort.objects.get(pk=made.cohort.pk), NOW))} == {"organisation"}


def test_split_lessons_add_up_and_can_be_joined_again() -> None:
    made = make_draft_cohort(learners=0)
    lesson = made.lessons[0]
    with pytest.raises(Invalid):
        training.split_lesson(actor=made.manager, cohort_id=made.cohort.pk, line_id=lesson.pk, minutes=45, now=NOW)
    part = training.split_lesson(actor=made.manager, cohort_id=made.cohort.pk, line_id=lesson.pk, minutes=15, now=NOW)
    lesson.refresh_from_db()
    assert (lesson.minutes, part.minutes) == (30, 15)
    assert "lessons" in {check.code for check in failed(list_checks(made.cohort, NOW))}
    drafts.join_lesson(actor=made.manager, cohort_id=made.cohort.pk, line_id=part.pk, now=NOW)
    lesson.refresh_from_db()
    assert lesson.minutes == 45
    with pytest.raises(Conflict, match="唯一"):
        drafts.join_lesson(actor=made.manager, cohort_id=made.cohort.pk, line_id=lesson.pk, now=NOW)


def test_a_teacher_cannot_be_in_two_cohorts_at_the_same_hour() -> None:
    made = make_filed_cohort()
    other = make_draft_cohort(made.manager, teacher=made.teacher, title="直播销售员二班")
    problems = {check.code: check for check in failed(list_checks(other.cohort, NOW))}
    assert set(problems) == {"teachers"}
    assert made.cohort.title in problems["teachers"].details[0]


def test_a_share_above_the_limit_needs_the_bureaus_word() -> None:
    manager = make_provider()
    programme = make_programme(manager, online_minutes=60, offline=(("实操", 45, 1),), reason="偏远山区集中困难")
    made = make_filed_cohort(manager, programme=programme)
    with pytest.raises(Invalid) as refused:
        training.approve_cohort(actor=made.bureau, cohort_id=made.cohort.pk, now=NOW)
    assert "accept_share_exception" in refused.value.fields
    done = training.approve_cohort(actor=made.bureau, cohort_id=made.cohort.pk, accept_share_exception=True, now=NOW)
    assert done.state == CohortState.APPROVED


def test_a_cohort_starts_on_its_day_by_hand_or_by_itself() -> None:
    early = make_approved_cohort(starts_on=FIRST_DAY + dt.timedelta(days=2))
    with pytest.raises(Refused, match="还没有到"):
        training.start_cohort(actor=early.manager, cohort_id=early.cohort.pk, now=NOW)
    assert training.start_due_cohorts(now=NOW) == []
    round_job = next(job for job in periodic.jobs() if job.name == "training.start_due")
    assert round_job.run(NOW + dt.timedelta(days=2)) == [early.cohort]
    assert training.start_due_cohorts(now=NOW + dt.timedelta(days=2)) == []
    with pytest.raises(Conflict):
        training.start_cohort(actor=early.manager, cohort_id=early.cohort.pk, now=NOW + dt.timedelta(days=2))
    assert evidence.list_entries(kinds=["training.cohort_started"])[0].who == SYSTEM.label


def test_learners_study_only_while_their_cohort_runs() -> None:
    made = make_approved_cohort(learners=1)
    enrolment = training.get_enrolment(made.learners[0], made.enrolments[0].pk)
    with pytest.raises(training.CannotStudy, match="还没有开班"):
        training.check_can_study(enrolment, NOW)
    training.start_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=NOW)
    enrolment = training.get_enrolment(made.learners[0], made.enrolments[0].pk)
    training.check_can_study(enrolment, NOW)
    with pytest.raises(training.CannotStudy, match="不在培训时间内"):
        training.check_can_study(enrolment, NOW + dt.timedelta(days=60))
    training.leave(actor=made.manager, enrolment_id=enrolment.pk, reason="本人外出务工", now=NOW)
    enrolment.refresh_from_db()
    with pytest.raises(training.CannotStudy, match="退出"):
        training.check_can_study(enrolment, NOW)


def test_closing_needs_attendance_and_before_the_end_a_reason() -> None:
    made = make_running_cohort(learners=1)
    later = clock.start_of_day(FIRST_DAY + dt.timedelta(days=3))
    with pytest.raises(Invalid, match="提前结班"):
        training.close_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=later)
    with pytest.raises(Invalid, match="没有登记考勤"):
        training.close_cohort(actor=made.manager, cohort_id=made.cohort.pk, reason="学员全部学完", now=later)
    for line in made.lessons:
        attend_all(made, line, now=later)
    closed = training.close_cohort(actor=made.manager, cohort_id=made.cohort.pk, reason="学员全部学完", now=later)
    assert closed.state == CohortState.CLOSED
    with pytest.raises(Conflict):
        training.close_cohort(actor=made.manager, cohort_id=made.cohort.pk, reason="再关一次看看", now=later)


def test_a_draft_is_cancelled_with_a_reason_and_a_running_cohort_is_not() -> None:
    draft, running = make_draft_cohort(learners=0), make_running_cohort(learners=1)
    with pytest.raises(Invalid):
        training.cancel_cohort(actor=draft.manager, cohort_id=draft.cohort.pk, reason="", now=NOW)
    done = training.cancel_cohort(actor=draft.manager, cohort_id=draft.cohort.pk, reason="报名人数不足", now=NOW)
    assert done.state == CohortState.CANCELLED
    with pytest.raises(Conflict):
        training.cancel_cohort(actor=running.manager, cohort_id=running.cohort.pk, reason="报名人数不足", now=NOW)


def test_the_whole_life_leaves_its_evidence() -> None:
    made = make_closed_cohort(learners=1)
    kinds = set(kinds_about(made.cohort))
    assert {
        f"training.{kind}"
        for kind in ("cohort_created", "plan_changed", "learners_enrolled", "cohort_filed", "cohort_approved",
                     "cohort_started", "attendance_recorded", "cohort_closed")
    } <= kinds  # fmt: skip


def test_what_the_plan_requires_is_counted_in_seconds_per_stage() -> None:
    manager = make_provider()
    programme = make_programme(manager, online_minutes=20, offline=(("话术练习", 45, 1), ("直播实操", 90, 2)))
    made = make_approved_cohort(manager, programme=programme, learners=1)
    assert training.required_seconds(made.cohort.pk) == (20 * 60, 135 * 60)
    stages = training.required_by_stage(made.cohort.pk)
    assert (stages[1].online, stages[1].offline, stages[2].offline) == (1200, 45 * 60, 90 * 60)
    units = training.plan_units(made.cohort.pk)
    assert [(one.stage_number, one.unit.title) for one in units] == [(1, "认识直播"), (1, "开始直播")]


def test_every_number_comes_from_the_regions_rule_set_and_is_frozen_at_approval() -> None:
    draft = make_draft_cohort(learners=1)
    rules = identity.get_rules(region_code=draft.cohort.region_id, on=FIRST_DAY)
    in_force = rules.frozen()
    assert training.rules_of(draft.cohort) == {**LATER_RULES, **in_force}, "before approval: those in force"
    newest = identity.get_rules(region_code=draft.cohort.region_id, on=dt.date(2026, 12, 1))
    assert set(LATER_RULES) < set(newest.rules), "each has its place and source in the file"
    made = make_approved_cohort()
    assert (made.cohort.rules, made.cohort.rule_set_id) == (in_force, rules.pk)
    made.cohort.rules = {key: 1 for key in in_force if key not in LATER_RULES}
    older = training.rules_of(made.cohort)
    assert {key: older[key] for key in LATER_RULES} == LATER_RULES, "a plan frozen before a rule was there"
    assert older["pass_percent"] == 1


def issue_for(kind: str, **changes: int) -> identity.RuleSet:
    """A version of the city for one kind of programme, from the day of the fixtures on."""
    rules = identity.get_rules(region_code="3715", on=dt.date(2026, 12, 1))
    draft = identity.RuleDraft(
        region_code="3715",
        programme_kind=kind,
        version=f"{kind}-{changes}",
        valid_from=clock.civil_day(NOW),
        valid_until=None,
        source="聊人社字〔2026〕1号",
        values={**rules.frozen(), **changes},
        sources=rules.sources,
    )
    return identity.issue_rules(actor=make_bureau("3715"), draft=draft, now=NOW)


def test_a_cohort_freezes_the_rules_of_its_programmes_kind_and_tells_their_sources() -> None:
    make_rules()
    other = issue_for(ProgrammeKind.PROJECT, daily_cap_class_hours=3)
    manager = make_provider()
    draft = make_draft_cohort(manager, learners=1)
    kind = draft.cohort.programme.kind
    assert kind != ProgrammeKind.PROJECT
    own = issue_for(kind, daily_cap_class_hours=5)
    assert training.rules_of(draft.cohort)["daily_cap_class_hours"] == 5
    told = explain_rules(draft.cohort, NOW)
    assert (told.frozen, told.rule_set and told.rule_set.pk) == (False, own.pk)
    made = make_approved_cohort(manager)
    assert made.cohort.rule_set_id == own.pk != other.pk
    issue_for(kind, daily_cap_class_hours=4)
    told = explain_rules(made.cohort, NOW)
    shown = {rule.key: rule for _, rules in told.groups for rule in rules}
    assert (told.frozen, shown["daily_cap_class_hours"].value) == (True, 5)
    assert "聊人社字〔2025〕3号" in shown["online_share_percent"].source
    assert {key: rule.value for key, rule in shown.items()} == training.rules_of(made.cohort)


def test_a_cohort_from_before_sources_were_kept_tells_what_is_known() -> None:
    made = make_approved_cohort()
    made.cohort.rule_set_id = None
    made.cohort.rules = {**made.cohort.rules, "pass_percent": 77}
    told = explain_rules(made.cohort, NOW)
    shown = {rule.key: rule for _, rules in told.groups for rule in rules}
    assert "聊人社字〔2025〕3号" in shown["online_share_percent"].source
    assert (shown["pass_percent"].value, shown["pass_percent"].source) == (77, FROZEN_SOURCE)
    assert shown["check_min_seconds"].source == LATER_SOURCE
