"""Whether a learner may sit an exam now; pure, so that the page and the operation say the same."""

import datetime as dt
from collections.abc import Sequence

from zhenxue.exams.data import AttemptState, ExamState, Missing, Readiness
from zhenxue.exams.models import Attempt, Exam
from zhenxue.training.data import EnrolmentState


def judge_readiness(
    exam: Exam,
    enrolment_state: str,
    attempts: Sequence[Attempt],
    missing: Sequence[Missing],
    stage_complete: bool,
    now: dt.datetime,
) -> Readiness:
    """Whether an enrolment may start now; pure, so that the page and the operation say the same.

    An open attempt goes first: it can always be gone on with. Then state and times of the exam, the enrolment, what was
    passed or used up, and last the class hours of the stage (N14: first all lessons, then the assessment).
    """
    left = max(exam.attempts_allowed - len(attempts), 0)
    running = next(
        (attempt for attempt in attempts if attempt.state == AttemptState.OPEN and attempt.deadline_at > now), None
    )
    if running is not None:
        return Readiness(True, "上次的作答还没有交卷，可以继续。", "exams.open_attempt", (), left, running.pk)

    def no(code: str, reason: str) -> Readiness:
        return Readiness(False, reason, f"exams.{code}", tuple(missing), left)

    if exam.state == ExamState.CANCELLED:
        return no("cancelled", "这场考试已取消，请留意机构的新安排。")
    if exam.state == ExamState.CLOSED or now >= exam.closes_at:
        return no("over", "考试时间已结束。需要补考请联系培训机构。")
    if exam.state != ExamState.SCHEDULED or now < exam.opens_at:
        return no("not_open", "考试还没有开始，到开始时间再来。")
    if enrolment_state != EnrolmentState.ACTIVE:
        return no("left", "你已退出这个班，不能参加考试。")
    if _waits_for_result(exam, attempts):
        return no("result_waits", "你已交卷，成绩还没有出来；出来以后，没有通过的可以再考。")
    if any(attempt.passed for attempt in attempts):
        return no("passed", "你已经通过这场考试，不用再考。")
    if left == 0:
        return no("no_attempts", f"{exam.attempts_allowed} 次考试机会已用完。需要补考请联系培训机构。")
    if exam.stage_number is not None and not stage_complete:
        return no("hours_missing", f"第 {exam.stage_number} 阶段的课程还没有学完，学完才能考试。")
    return Readiness(True, attempts_left=left)


def _waits_for_result(exam: Exam, attempts: Sequence[Attempt]) -> bool:
    """Whether what was handed in is not marked, or the learner may not know the result yet: asked before it is."""
    states = {attempt.state for attempt in attempts}
    return AttemptState.SUBMITTED in states or (AttemptState.MARKED in states and not exam.is_out)
