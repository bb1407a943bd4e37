"""What rules of an exam do: kinds, make-ups, finals, parts, lateness, early hand-in, breaks, single allowances."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests.factories.exams import (
    CLOSES,
    DEVICE,
    OPENS,
    RIGHT,
    SITTING,
    Sitting,
    finish_lessons,
    make_draft_paper,
    make_exam,
    make_paper,
    sit,
    start,
)
from tests.factories.identity import NOW, make_provider
from tests.factories.training import make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import policies, queries
from zhenxue.exams.data import ExamFacts, ExamKind
from zhenxue.exams.errors import CannotStart, DeadlinePassed, OnBreak, OtherDevice, TooEarly
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations import allowances, breaks, papers
from zhenxue.exams.operations import attempts as sitting_operations
from zhenxue.exams.operations.make_ups import plan_make_up
from zhenxue.exams.operations.marking import passes
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.notices.models import Notice
from zhenxue.training.models import Enrolment

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
WRONG = (["A"], ["A"], [], [], ["错"], ["错"])


def plan(sitting: Sitting, **changes: Any) -> Exam:
    """Another published exam of the same cohort, with the same paper."""
    base = ExamFacts("另一场", OPENS, CLOSES, 60, stage_number=1, paper_id=sitting.exam.paper_id)
    facts = replace(base, **{"title": f"第 {Exam.objects.count()} 场", **changes})
    exam = exams.create_exam(actor=sitting.manager, cohort=sitting.running.cohort, facts=facts, now=NOW)
    return exams.schedule_exam(actor=sitting.manager, exam=exam, now=NOW)


def sits(sitting: Sitting, exam: Exam, learner: int = 0, *, at: dt.datetime = SITTING, right: bool = True) -> Attempt:
    answers = RIGHT if right else WRONG
    return sit(Sitting(sitting.running, exam), sitting.learners[learner], answers=answers, at=at)


def code(sitting: Sitting, exam: Exam, learner: int = 0, *, at: dt.datetime = SITTING) -> str:
    enrolment = Enrolment.objects.get(pk=sitting.enrolments[learner].pk)
    return queries.readiness_of(exam=queries.get_exam(sitting.manager, exam.pk), enrolment=enrolment, now=at).code


def test_a_stage_is_passed_by_its_theory_and_where_there_is_one_its_practical_examination() -> None:
    sitting = make_exam(learners=1)
    [enrolment] = sitting.enrolments
    cohort = sitting.running.cohort.pk
    for kind, stage in ((ExamKind.CHAPTER, 1), (ExamKind.FINAL, None)):
        plan(sitting, kind=kind, stage_number=stage)
    sits(sitting, Exam.objects.get(kind="chapter"))
    assert queries.passed(cohort) == {}  # a chapter's test never counts for its stage
    sits(sitting, sitting.exam, right=False, at=SITTING + dt.timedelta(hours=2))
    assert queries.passed(cohort) == {}
    later = {"opens_at": CLOSES, "closes_at": CLOSES + dt.timedelta(days=1)}
    make_up = plan(sitting, kind=ExamKind.MAKE_UP, original_id=sitting.exam.pk, **later)
    assert make_up.stage_number == 1
    sits(sitting, make_up, at=CLOSES + MINUTE)
    assert queries.passed(cohort) == {enrolment.pk: {1}}
    assert queries.passed(cohort, enrolment.pk) == {enrolment.pk: {1}}
    practical = plan(sitting, kind=ExamKind.PRACTICAL, **later)
    assert queries.passed(cohort) == {}  # from now on both are needed
    attempt = Attempt.objects.get(exam=make_up)
    attempt.pk, attempt.exam = None, practical
    attempt.save(force_insert=True)
    assert queries.passed(cohort) == {enrolment.pk: {1}}
    Exam.objects.filter(pk=make_up.pk).update(publish_at=CLOSES + dt.timedelta(days=9))
    assert queries.passed(cohort) == {}  # a result that is not out does not count yet


def test_a_chapters_test_needs_no_hours_and_a_final_all_stages() -> None:
    sitting = make_exam(learners=2, ready=False)
    chapter = plan(sitting, kind=ExamKind.CHAPTER)
    final = plan(sitting, kind=ExamKind.FINAL, stage_number=None)
    practical = plan(sitting, kind=ExamKind.PRACTICAL)
    assert code(sitting, sitting.exam) == "exams.hours_missing"
    assert code(sitting, chapter) == ""
    assert code(sitting, final) == "exams.stages_missing"
    assert sits(sitting, chapter).passed
    finish_lessons(sitting.running)
    assert code(sitting, practical) == "exams.practical"
    with pytest.raises(CannotStart, match="考评员"):
        sits(sitting, practical)
    Exam.objects.filter(pk=practical.pk).update(state="cancelled")
    sits(sitting, sitting.exam)
    for stage in {one.number for one in sitting.running.cohort.stages.all()} - {1}:
        sits(sitting, plan(sitting, stage_number=stage))
    assert code(sitting, final) == ""
    assert code(sitting, final, 1) == "exams.stages_missing"


def test_a_make_up_is_for_those_who_failed_or_missed_the_exam_once_it_is_over() -> None:
    sitting = make_exam(learners=3, attempts=1)
    days = {"opens_at": OPENS + MINUTE, "closes_at": CLOSES + dt.timedelta(days=2)}
    make_up = plan(sitting, kind=ExamKind.MAKE_UP, original_id=sitting.exam.pk, **days)
    _passed, failed, missed = sitting.learners
    sits(sitting, sitting.exam, 0)
    sits(sitting, sitting.exam, 1, right=False)
    assert [code(sitting, make_up, one) for one in range(3)] == ["exams.not_needed", "", "exams.not_yet"]
    after = CLOSES + MINUTE
    assert [code(sitting, make_up, one, at=after) for one in range(3)] == ["exams.not_needed", "", ""]
    with pytest.raises(CannotStart, match="不用补考"):
        sits(sitting, make_up, 0, at=after)
    failing = queries.failing_of(sitting.exam)
    assert [one.person_id for one in failing.failed] == [failed.person_id]
    assert [one.person_id for one in failing.missed] == [missed.person_id]
    assert {one.person_id for one in queries.entitled_to(make_up, after)} == {failed.person_id, missed.person_id}
    assert sits(sitting, make_up, 1, at=after).passed
    assert queries.failing_of(sitting.exam).failed == ()
    second = plan(sitting, kind=ExamKind.MAKE_UP, original_id=sitting.exam.pk, **days)
    assert [code(sitting, second, one, at=after) for one in range(3)] == ["exams.not_needed", "exams.not_needed", ""]
    # before a result is out, nobody learns of it by being asked to a make-up
    Exam.objects.filter(pk=sitting.exam.pk).update(publish_at=CLOSES + dt.timedelta(days=9))
    third = plan(sitting, kind=ExamKind.MAKE_UP, original_id=sitting.exam.pk, **days)
    assert [code(sitting, third, one, at=after) for one in range(3)] == ["exams.not_yet", "exams.not_needed", ""]


def test_a_practical_examination_is_made_up_for_by_another_one() -> None:
    sitting = make_exam(learners=1, ready=False)
    practical = plan(sitting, kind=ExamKind.PRACTICAL)
    times = {"opens_at": CLOSES, "closes_at": CLOSES + dt.timedelta(days=1), "duration_minutes": 60}
    paper = {"paper_id": practical.paper_id, "blueprint_id": None}
    again = plan_make_up(actor=sitting.manager, exam=practical, title="实操补考", **times, **paper, now=NOW)  # type: ignore[arg-type]  # as named
    assert (again.kind, again.original_id, again.stage_number) == ("practical", practical.pk, 1)
    exams.schedule_exam(actor=sitting.manager, exam=again, now=NOW)
    assert code(sitting, again) == "exams.not_yet"
    assert queries.plan_words(queries.get_exam(sitting.manager, again.pk))[0].startswith("“第 1 场”的补考")
    second = plan_make_up(actor=sitting.manager, exam=again, title="再补", **times, **paper, now=NOW)  # type: ignore[arg-type]  # as named
    assert second.original_id == practical.pk
    with pytest.raises(Invalid) as caught:
        plan(sitting, kind=ExamKind.PRACTICAL, original_id=sitting.exam.pk)
    assert "original" in caught.value.fields


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"kind": "make_up"}, "original"),
        ({"kind": "final"}, "stage_number"),
        ({"kind": "practical", "stage_number": None}, "stage_number"),
        ({"part_rules": {"没有的部分": 60}}, "part_rules"),
        ({"part_rules": {"理论": 0}}, "part_rules"),
        ({"late_minutes": 10, "attempts_allowed": 2}, "late_minutes"),
        ({"late_minutes": 9999}, "late_minutes"),
        ({"stay_minutes": 61}, "stay_minutes"),
        ({"breaks_allowed": 1}, "break_minutes"),
        ({"breaks_allowed": 9, "break_minutes": 9}, "break_minutes"),
        ({"publish_at": OPENS}, "publish_at"),
        ({"publish_at": CLOSES, "attempts_allowed": 2}, "attempts_allowed"),
        ({"difficulty": 0}, None),
        ({"difference_percent": 0}, "difference_percent"),
        ({"blueprint_id": 1}, "paper"),
    ],
)
def test_rules_that_do_not_fit_each_other_are_answered_by_field(changes: dict[str, Any], field: str | None) -> None:
    if field is None:
        with pytest.raises(TypeError):
            replace(ExamFacts("考", OPENS, CLOSES, 60), **changes)
        return
    running = make_running_cohort(learners=1)
    facts = ExamFacts("考", OPENS, CLOSES, 60, stage_number=1, paper_id=make_paper(running.manager).pk)
    with pytest.raises(Invalid) as caught:
        exams.create_exam(actor=running.manager, cohort=running.cohort, facts=replace(facts, **changes), now=NOW)
    assert field in caught.value.fields


def test_each_part_with_a_rule_of_its_own_has_to_be_reached() -> None:
    running = make_running_cohort(learners=2)
    paper = make_draft_paper(running.manager)
    parts = {line.question_id: "选择" if line.position <= 4 else "判断" for line in paper.lines.all()}
    papers.set_parts(actor=running.manager, paper=paper, parts=parts)
    paper = exams.finish_paper(actor=running.manager, paper=paper, now=NOW)
    facts = ExamFacts("分部分", OPENS, CLOSES, 60, stage_number=1, paper_id=paper.pk, part_rules={"判断": 100})
    exam = exams.create_exam(actor=running.manager, cohort=running.cohort, facts=facts, now=NOW)
    sitting = Sitting(running, exams.schedule_exam(actor=running.manager, exam=exam, now=NOW))
    finish_lessons(running)
    half = sit(sitting, running.learners[0], answers=[*RIGHT[:5], ["错"]])
    assert (half.score, half.parts, half.passed) == (11, {"选择": ["10", "10"], "判断": ["1", "2"]}, False)
    assert sit(sitting, running.learners[1]).passed
    assert passes(half.score, half.total, half.parts, replace_rules(exam, {}))  # 11 of 12 by itself would do
    assert not passes(half.score, half.total, {}, exam)


def replace_rules(exam: Exam, rules: dict[str, int]) -> Exam:
    return Exam(pass_percent=exam.pass_percent, part_rules=rules)


def test_who_comes_too_late_is_not_let_in_unless_another_try_was_granted() -> None:
    sitting = make_exam(learners=2, attempts=1)
    exam = plan(sitting, late_minutes=15, stay_minutes=30)
    late = OPENS + 16 * MINUTE
    assert code(sitting, exam, at=OPENS + 15 * MINUTE) == ""
    assert code(sitting, exam, at=late) == "exams.late"
    given = {"extra_minutes": 0, "extra_attempts": 1, "reason": "停电", "now": NOW}
    attempt = start(Sitting(sitting.running, exam), sitting.learners[0], at=OPENS)
    hand_in = {"actor": sitting.learners[0], "attempt_id": attempt.pk, "device": DEVICE}
    with pytest.raises(TooEarly, match="以后才能交卷"):
        exams.submit_attempt(**hand_in, now=OPENS + 29 * MINUTE)  # type: ignore[arg-type]  # as named
    assert exams.submit_attempt(**hand_in, now=OPENS + 30 * MINUTE).passed is False  # type: ignore[arg-type]  # as named
    assert code(sitting, exam, at=late) == "exams.no_attempts"
    allowances.give_allowance(actor=sitting.manager, exam=exam, enrolment_id=sitting.enrolments[0].pk, **given)  # type: ignore[arg-type]  # as named
    assert code(sitting, exam, at=late + 40 * MINUTE) == ""
    assert code(sitting, exam, 1, at=late) == "exams.late"


def test_extra_time_is_in_the_deadline_of_one_learner_and_leaves_evidence() -> None:
    sitting = make_exam(learners=2)
    one, other = sitting.learners
    give = {"actor": sitting.manager, "exam": sitting.exam, "enrolment_id": sitting.enrolments[0].pk}
    gift: dict[str, Any] = {"extra_minutes": 20, "extra_attempts": 0, "reason": "手部受伤", "now": NOW}
    wrong: list[tuple[dict[str, Any], str]] = [({"extra_minutes": 0}, "extra_minutes"), ({"reason": " "}, "reason")]
    for changes, field in [*wrong, ({"extra_attempts": 11}, "extra_attempts")]:
        with pytest.raises(Invalid) as caught:
            allowances.give_allowance(**give, **{**gift, **changes})
        assert field in caught.value.fields
    with pytest.raises(Refused):
        allowances.give_allowance(**{**give, "actor": make_provider()}, **gift)
    allowances.give_allowance(**give, **gift)
    attempt, usual = start(sitting, one), start(sitting, other)
    assert attempt.deadline_at - usual.deadline_at == 20 * MINUTE
    allowances.give_allowance(**give, **{**gift, "extra_minutes": 30})  # counts for the open attempt at once
    attempt.refresh_from_db()
    assert attempt.deadline_at - usual.deadline_at == 30 * MINUTE
    late = usual.deadline_at + 29 * MINUTE
    assert exams.close_due_attempts(now=late) == 1
    saved = exams.save_answer(actor=one, attempt_id=attempt.pk, position=1, given=["B"], device=DEVICE, now=late)
    assert saved.sequence == 1
    allowances.end_allowance(actor=sitting.manager, exam=sitting.exam, enrolment_id=sitting.enrolments[0].pk, now=late)
    assert Entry.objects.filter(kind__startswith="exams.allowance").count() == 3
    assert Notice.objects.filter(account__person_id=one.person_id, text__contains="延长 20 分钟").exists()
    assert queries.allowance_of(sitting.exam.pk, sitting.enrolments[0].pk) is None
    # right answers stay closed while somebody with more time still sits
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=CLOSES + dt.timedelta(hours=1))
    usual.refresh_from_db()
    assert not policies.can_see_solutions(other, usual, CLOSES + MINUTE)
    Attempt.objects.filter(pk=attempt.pk).delete()
    assert policies.can_see_solutions(other, usual, CLOSES + MINUTE)


def test_on_a_break_the_clock_stands_still_and_the_paper_is_closed() -> None:
    sitting = make_exam(learners=1)
    [learner] = sitting.learners
    exam = plan(sitting, breaks_allowed=2, break_minutes=10)
    attempt = start(Sitting(sitting.running, exam), learner)
    due = attempt.deadline_at
    act: dict[str, Any] = {"actor": learner, "attempt_id": attempt.pk, "device": DEVICE}
    with pytest.raises(OtherDevice):
        breaks.begin_break(**{**act, "device": "x"}, now=SITTING + MINUTE)
    began = breaks.begin_break(**act, now=SITTING + 5 * MINUTE)
    assert breaks.begin_break(**act, now=SITTING + 6 * MINUTE).paused_at == began.paused_at
    with pytest.raises(OnBreak):
        exams.save_answer(**act, position=1, given=["B"], now=SITTING + 6 * MINUTE)
    with pytest.raises(OnBreak):
        exams.submit_attempt(**act, now=SITTING + 6 * MINUTE)
    with pytest.raises(OtherDevice):
        breaks.end_break(**{**act, "device": "x"}, now=SITTING + 8 * MINUTE)
    assert breaks.end_break(**act, now=SITTING + 8 * MINUTE).deadline_at == due + 3 * MINUTE
    assert breaks.end_break(**act, now=SITTING + 9 * MINUTE).deadline_at == due + 3 * MINUTE
    exams.save_answer(**act, position=1, given=["B"], now=SITTING + 9 * MINUTE)
    breaks.begin_break(**act, now=SITTING + 10 * MINUTE)
    overrun = breaks.end_break(**act, now=SITTING + 30 * MINUTE)
    assert overrun.deadline_at == due + 13 * MINUTE  # ten of the twenty minutes stood still
    with pytest.raises(Conflict, match="用完"):
        breaks.begin_break(**act, now=SITTING + 31 * MINUTE)
    assert Entry.objects.filter(kind__startswith="exams.break_").count() == 4
    assert sitting_operations.close_due_attempts(now=due + 12 * MINUTE) == 0
    with pytest.raises((DeadlinePassed, Conflict)):
        breaks.begin_break(**act, now=due + 14 * MINUTE)
    assert sitting_operations.close_due_attempts(now=due + 14 * MINUTE) == 1


def test_whoever_never_comes_back_from_a_break_is_handed_in_at_the_deadline() -> None:
    sitting = make_exam(learners=1)
    exam = plan(sitting, breaks_allowed=1, break_minutes=10)
    attempt = start(Sitting(sitting.running, exam), sitting.learners[0])
    act: dict[str, Any] = {"actor": sitting.learners[0], "attempt_id": attempt.pk, "device": DEVICE}
    breaks.begin_break(**act, now=SITTING + MINUTE)
    assert exams.close_due_attempts(now=attempt.deadline_at + 9 * MINUTE) == 0
    assert exams.close_due_attempts(now=attempt.deadline_at + 10 * MINUTE) == 1
    with pytest.raises(Conflict, match="已经交卷"):
        breaks.end_break(**act, now=attempt.deadline_at + 11 * MINUTE)
