"""Who may do what in ``exams``, and why not."""

import datetime as dt
from collections.abc import Container

from zhenxue.exams.data import AttemptState, ExamState, PaperState, Readiness
from zhenxue.exams.errors import AttemptEnded, CannotStart, OnBreak, OtherDevice
from zhenxue.exams.models import Attempt, Blueprint, Exam, Paper, QuestionBank
from zhenxue.exams.queries.desk import is_marker
from zhenxue.exams.queries.scope import visible_exams
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Refused
from zhenxue.training.data import CohortState

WRITERS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER})
SCHEDULERS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER})
OPEN_COHORTS = frozenset({CohortState.APPROVED, CohortState.RUNNING})


def can_write(actor: Actor, organisation_id: int) -> bool:
    """Banks, questions and papers belong to an organisation; its managers and teachers keep them."""
    return actor.role in WRITERS and actor.organisation_id == organisation_id


def check_can_write(actor: Actor, organisation_id: int | None) -> None:
    """Raises ``Refused`` for everybody but managers and teachers of the organisation."""
    if organisation_id is None or not can_write(actor, organisation_id):
        raise Refused("exams.not_yours", "只有本机构的管理员和教师可以维护题库和试卷。")


def check_can_change_bank(actor: Actor, bank: QuestionBank) -> None:
    check_can_write(actor, bank.organisation_id)


def check_can_change_paper(actor: Actor, paper: Paper) -> None:
    """Raises ``Refused`` without the right and ``Conflict`` when the paper is final."""
    check_can_write(actor, paper.organisation_id)
    if paper.state != PaperState.DRAFT:
        raise Conflict("exams.paper_final", "试卷已定稿，不能再改。需要调整时，请复制成一份新试卷。")


def check_can_change_blueprint(actor: Actor, blueprint: Blueprint) -> None:
    """Raises ``Refused`` without the right and ``Conflict`` when the blueprint is final."""
    check_can_write(actor, blueprint.organisation_id)
    if blueprint.state != PaperState.DRAFT:
        raise Conflict("exams.blueprint_final", "组卷方案已定稿，不能再改。需要调整时，请复制成一份新方案。")


def can_schedule(actor: Actor, organisation_id: int) -> bool:
    return actor.role in SCHEDULERS and actor.organisation_id == organisation_id


def check_can_schedule(actor: Actor, organisation_id: int) -> None:
    """Raises ``Refused``: only a manager of the organisation that runs the cohort arranges its exams."""
    if not can_schedule(actor, organisation_id):
        raise Refused("exams.schedule_right", "只有办班机构的管理员可以安排考试。")


def is_own(actor: Actor, attempt: Attempt) -> bool:
    return actor.is_learner and actor.person_id is not None and attempt.enrolment.person_id == actor.person_id


def check_is_own(actor: Actor, attempt: Attempt) -> None:
    """Raises ``Refused`` for everybody but the learner whose attempt it is."""
    if not is_own(actor, attempt):
        raise Refused("exams.not_your_attempt", "这不是你的考试。")


def check_sits(actor: Actor, attempt: Attempt) -> None:
    """Raises ``Refused`` for another's attempt, ``AttemptEnded`` for one that is handed in."""
    check_is_own(actor, attempt)
    if attempt.state != AttemptState.OPEN:
        raise AttemptEnded


def check_can_answer(actor: Actor, attempt: Attempt, device: str) -> None:
    """Raises when the attempt is another's, handed in, on a break, or goes on elsewhere.

    The deadline is the operation's matter.
    """
    check_sits(actor, attempt)
    if attempt.device != device:
        raise OtherDevice
    if attempt.paused_at is not None:
        raise OnBreak


def check_can_start(readiness: Readiness) -> None:
    """Raises ``CannotStart`` with the reason and the names of what is missing."""
    if readiness.can_start:
        return
    titles = "、".join(item.title for item in readiness.missing[:5])
    more = f" 等 {len(readiness.missing)} 项" if len(readiness.missing) > 5 else ""
    tail = f"还缺：{titles}{more}。" if readiness.code == "exams.hours_missing" and titles else ""
    raise CannotStart(readiness.code, readiness.reason + tail)


def can_invigilate(actor: Actor, exam: Exam) -> bool:
    """Managers of the organisation that runs the class watch its exams, and the teachers who lead or teach the class:
    to others it is not in sight. Bureaus read."""
    if not can_write(actor, exam.cohort.organisation_id):
        return False
    return actor.role is not Role.TEACHER or visible_exams(actor).filter(pk=exam.pk).exists()


def check_can_invigilate(actor: Actor, exam: Exam) -> None:
    """Raises ``Refused`` for everybody else."""
    if not can_invigilate(actor, exam):
        raise Refused("exams.not_invigilator", "只有办班机构的管理员和这个班的班主任、任课教师可以监考。")


def can_see_solutions(actor: Actor, attempt: Attempt, now: dt.datetime) -> bool:
    """Right answers are shown to the learner only after the exam closed for all; staff see them once it was marked."""
    if attempt.state != AttemptState.MARKED or not can_see_result(actor, attempt):
        return False
    if not actor.is_learner or attempt.exam.state == ExamState.CLOSED:
        return True
    if now < attempt.exam.closes_at:
        return False
    return not attempt.exam.attempts.filter(state=AttemptState.OPEN).exists()  # somebody may have more time


def can_see_result(actor: Actor, attempt: Attempt) -> bool:
    """Staff read a result as soon as it is marked; the learner when results are out."""
    return attempt.exam.is_out or not actor.is_learner


def check_can_mark(actor: Actor, exam: Exam) -> None:
    """Raises ``Refused`` for everybody who does not score this exam by hand."""
    if not is_marker(actor, exam):
        raise Refused("exams.not_marker", "你不在这场考试的评卷名单里，请联系机构管理员。")


def check_can_appeal(actor: Actor, attempt: Attempt, until: dt.date | None, now: dt.datetime) -> None:
    """Raises ``Refused`` unless the learner may still ask for a second look; once for each attempt."""
    check_is_own(actor, attempt)
    if attempt.state != AttemptState.MARKED or until is None:
        raise Refused("exams.no_result", "成绩还没有公布，公布后才能申请复核。")
    if clock.civil_day(now) > until:
        raise Refused("exams.appeal_late", f"申请复核的期限是 {until}，现在已经过了。")
    if attempt.appeals.exists():
        raise Conflict("exams.appealed", "这次考试已经申请过复核，每次考试只能申请一次。")


def check_can_review(actor: Actor, attempt: Attempt, marked_by: Container[int]) -> None:
    """Raises ``Refused``: an appeal is decided by somebody of the organisation who did not mark the attempt."""
    check_is_staff_of(actor, attempt)
    if actor.person_id in marked_by:
        raise Refused("exams.marked_it", "你评过这份答卷，要由没有评过的人复核。")


def check_is_staff_of(actor: Actor, attempt: Attempt) -> None:
    """Raises ``Refused`` unless a manager or teacher of the organisation, and not the learner."""
    if not can_write(actor, attempt.exam.cohort.organisation_id) or not actor.person_id:
        raise Refused("exams.not_staff", "只有办班机构的管理员和教师可以办理。")
    if actor.person_id == attempt.enrolment.person_id:
        raise Refused("exams.own_score", "不能办理自己的成绩。")
