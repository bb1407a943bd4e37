"""Whether a learner may sit an exam now; pure, so that the page and the operation say the same."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zhenxue.exams.data import AttemptState, ExamKind, ExamState, Missing, Readiness
from zhenxue.exams.models import Allowance, Attempt, Exam
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.training.data import EnrolmentState


@dataclass(frozen=True, slots=True)
class Family:
    """How the exam that a make-up makes up for stands for one learner."""

    passed: bool = False  # it, or another make-up of it
    waits: bool = False  # a result of it is not there or not out yet
    over: bool = True  # nothing more can be tried in it


@dataclass(frozen=True, slots=True)
class Standing:
    """What a learner brings to an exam beside the attempts at it."""

    enrolment_state: str
    hours_done: bool = True  # of the exam's stage, where it asks for them
    missing: tuple[Missing, ...] = ()
    stages_left: tuple[int, ...] = ()  # not passed yet, where it is a final
    family: Family | None = None  # where it is a make-up
    allowance: Allowance | None = None


def attempts_given(exam: Exam, allowance: Allowance | None) -> int:
    """How often this learner may sit the exam."""
    return exam.attempts_allowed + (allowance.extra_attempts if allowance else 0)


def judge_readiness(exam: Exam, attempts: Sequence[Attempt], standing: Standing, now: dt.datetime) -> Readiness:
    """Whether a learner may start now; pure, so that the page and the operation say the same.

    An open attempt goes first: it can always be gone on with. Then state and times of the exam, the enrolment, what was
    passed or used up, and last what has to be done before it: of a stage its class hours (N14: first all lessons, then
    the assessment), of a final all stages, of a make-up that the exam itself was not passed. A chapter's test asks for
    nothing.
    """
    given = attempts_given(exam, standing.allowance)
    left = max(given - len(attempts), 0)
    extra = standing.allowance.extra_minutes if standing.allowance else 0
    running = next(
        (attempt for attempt in attempts if attempt.state == AttemptState.OPEN and attempt.deadline_at > now), None
    )
    if running is not None and not exam.is_practical:
        words = "你正在休息，休息完请继续考试。" if running.paused_at else "上次的作答还没有交卷，可以继续。"
        return Readiness(True, words, "exams.open_attempt", (), left, running.pk, extra)

    for code, reason in _obstacles(exam, attempts, standing, now):
        return Readiness(False, reason, f"exams.{code}", standing.missing, left, None, extra)
    return Readiness(True, attempts_left=left, extra_minutes=extra)


def _obstacles(
    exam: Exam, attempts: Sequence[Attempt], standing: Standing, now: dt.datetime
) -> Iterator[tuple[str, str]]:
    """Why it cannot be started now, the first reason first: code and words."""
    if exam.state == ExamState.CANCELLED:
        yield "cancelled", "这场考试已取消，请留意机构的新安排。"
    if not attempts:
        yield from _of_family(standing.family)
    if exam.state == ExamState.CLOSED or now >= exam.closes_at:
        yield "over", "考试时间已结束。需要补考请联系培训机构。"
    if exam.state != ExamState.SCHEDULED or now < exam.opens_at:
        yield "not_open", "考试还没有开始，到开始时间再来。"
    if standing.enrolment_state != EnrolmentState.ACTIVE:
        yield "left", "你已退出这个班，不能参加考试。"
    given = attempts_given(exam, standing.allowance)
    #: Another try that a person granted waits for no result; then nothing may tell it either.
    granted = exam.attempts_allowed <= len(attempts) < given
    waits = _waits_for_result(exam, attempts)
    if waits and not granted:
        yield "result_waits", _words_of_waiting(exam)
    if not waits and any(attempt.passed for attempt in attempts):
        yield "passed", "你已经通过这场考试，不用再考。"
    if len(attempts) >= given:
        yield "no_attempts", f"{given} 次考试机会已用完。需要补考请联系培训机构。"
    yield from _before(exam, standing)
    if exam.is_practical:
        yield "practical", "实操考核由考评员现场评分，请按通知的时间和地点到场，不用在这里开始。"
    if exam.late_minutes and len(attempts) < exam.attempts_allowed:  # another try that was granted is not late
        until = exam.opens_at + dt.timedelta(minutes=exam.late_minutes)
        if now > until:
            moment = f"{until.astimezone(CIVIL_ZONE):%H:%M}"
            yield "late", f"迟到超过 {exam.late_minutes} 分钟不能入场（最晚 {moment}）。有特殊情况请联系培训机构。"


def _words_of_waiting(exam: Exam) -> str:
    if exam.publish_at is not None and not exam.is_out:
        moment = f"{exam.publish_at.astimezone(CIVIL_ZONE):%m-%d %H:%M}"
        return f"你已交卷，成绩 {moment} 公布；公布以后，没有通过的可以再考。"
    return "你已交卷，成绩还没有出来；出来以后，没有通过的可以再考。"


def _before(exam: Exam, standing: Standing) -> Iterator[tuple[str, str]]:
    """What has to be done first."""
    if exam.needs_hours and not standing.hours_done:
        yield "hours_missing", f"第 {exam.stage_number} 阶段的课程还没有学完，学完才能考试。"
    if exam.root_kind == ExamKind.FINAL and standing.stages_left:
        names = "、".join(map(str, standing.stages_left))
        yield "stages_missing", f"第 {names} 阶段的考核还没有通过，各阶段都通过才能参加结业考试。"


def _of_family(family: Family | None) -> Iterator[tuple[str, str]]:
    """Why a make-up is not for this learner."""
    if family is None:
        return
    if family.passed:
        yield "not_needed", "你已经通过原来的考试，不用补考。"
    if family.waits:
        yield "not_yet", "原来考试的成绩还没有出来；没有通过的，可以参加这场补考。"
    if not family.over:
        yield "not_yet", "原来的考试还可以参加，请先参加原来的考试。"


def _waits_for_result(exam: Exam, attempts: Sequence[Attempt]) -> bool:
    """Whether what was handed in is not marked, or the learner may not know the result yet: asked before it is."""
    states = {attempt.state for attempt in attempts}
    return AttemptState.SUBMITTED in states or (AttemptState.MARKED in states and not exam.is_out)


def family_of(
    make_up: Exam, exams: Iterable[Exam], attempts: Mapping[int, Sequence[Attempt]], given: int, now: dt.datetime
) -> Family:
    """How the others of a make-up's family stand, from all ``exams`` of the cohort and the learner's ``attempts`` at
    each; ``given``: how often the learner may sit the original."""
    others = [one for one in exams if one.root_id == make_up.root_id and one.pk != make_up.pk]
    original = next((one for one in others if one.pk == make_up.root_id), None)
    own = attempts.get(make_up.root_id, ())
    ended = original is None or original.state == ExamState.CLOSED or now >= original.closes_at
    return Family(
        passed=any(one.is_out and attempt.passed for one in others for attempt in attempts.get(one.pk, ())),
        waits=any(_waits_for_result(one, attempts.get(one.pk, ())) for one in others),
        over=ended or len(own) >= given,
    )
