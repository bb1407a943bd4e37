"""Who may do what to programmes, cohorts, lessons and amendments: ``check_can_…`` raises with the reason."""

import datetime as dt
from collections.abc import Mapping

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.clock import civil_day
from zhenxue.kernel.data import Labelled
from zhenxue.kernel.errors import Conflict, Refused
from zhenxue.training.data import (
    AMENDMENT_TRANSITIONS,
    ATTENDANCE_CORRECTION_TRANSITIONS,
    COHORT_TRANSITIONS,
    OPEN_STATES,
    PROGRAMME_TRANSITIONS,
    AmendmentState,
    AttendanceCorrectionState,
    CohortState,
    EnrolmentState,
    ProgrammeState,
)
from zhenxue.training.errors import CannotStudy
from zhenxue.training.models import Amendment, AttendanceCorrection, Cohort, Enrolment, PlanLine, Programme
from zhenxue.training.queries.plan import rules_of


def check_transition[S: Labelled](table: Mapping[S, frozenset[S]], current: S, target: S, *, what: str) -> None:
    """Raises ``Conflict`` when the state machine knows no such step (a second click, a stale page)."""
    if target not in table[current]:
        raise Conflict(
            "training.state_moved_on",
            f"这个{what}现在是“{current.label}”，不能再变为“{target.label}”。页面可能已经过时，请刷新后再看。",
        )


def check_can_manage(actor: Actor, organisation_id: int) -> None:
    """Only a manager of the same organisation writes."""
    if not actor.is_manager or actor.organisation_id != organisation_id:
        raise Refused("training.not_manager", "只有本机构的管理员可以这样做。请用机构管理员账号登录。")


def check_can_edit_programme(actor: Actor, programme: Programme) -> None:
    check_can_manage(actor, programme.organisation_id)
    if programme.state != ProgrammeState.DRAFT:
        raise Conflict(
            "training.programme_fixed", "这个项目已经定稿，不能再改。需要调整时请“复制项目”，在副本上修改后开新班。"
        )


def check_can_make_ready(actor: Actor, programme: Programme) -> None:
    check_can_manage(actor, programme.organisation_id)
    state = ProgrammeState(programme.state)
    check_transition(PROGRAMME_TRANSITIONS, state, ProgrammeState.READY, what="项目")


def check_can_retire(actor: Actor, programme: Programme) -> None:
    check_can_manage(actor, programme.organisation_id)
    state = ProgrammeState(programme.state)
    check_transition(PROGRAMME_TRANSITIONS, state, ProgrammeState.RETIRED, what="项目")


def check_can_edit_cohort(actor: Actor, cohort: Cohort) -> None:
    """Basics, plan and roster change only before filing or after a return (N12)."""
    check_can_manage(actor, cohort.organisation_id)
    if cohort.state not in OPEN_STATES or not cohort.plan_open:
        raise Conflict(
            "training.plan_closed",
            f"班期“{cohort.title}”已提交备案（{CohortState(cohort.state).label}），方案和名册不能直接修改。"
            "备案通过后如需调整，请提交变更申请。",
        )


def check_can_file(actor: Actor, cohort: Cohort) -> None:
    check_can_manage(actor, cohort.organisation_id)
    check_transition(COHORT_TRANSITIONS, CohortState(cohort.state), CohortState.FILED, what="班期")


def check_is_deciding_bureau(actor: Actor, cohort: Cohort) -> None:
    """The county bureau decides for its county; the city only where the cohort was filed with the city itself."""
    if not actor.covers(cohort.region_id):
        raise Refused("training.not_deciding_bureau", "只有班期所在县（市、区）的人社部门可以审批。")
    if len(actor.region_code) < len(cohort.region_id):
        raise Refused(
            "training.not_deciding_bureau", "备案由县（市、区）人社部门审批，上级部门可以查看，不能代为审批。"
        )


def check_can_decide(actor: Actor, cohort: Cohort) -> None:
    check_is_deciding_bureau(actor, cohort)
    if cohort.state != CohortState.FILED:
        raise Conflict(
            "training.not_waiting",
            f"这个备案现在是“{CohortState(cohort.state).label}”，不在待审批状态。可能已有同事处理，请刷新页面。",
        )


def check_can_cancel(actor: Actor, cohort: Cohort) -> None:
    check_can_manage(actor, cohort.organisation_id)
    check_transition(COHORT_TRANSITIONS, CohortState(cohort.state), CohortState.CANCELLED, what="班期")


def check_can_start(actor: Actor, cohort: Cohort, now: dt.datetime) -> None:
    """The system or the manager, from the first day on."""
    if actor.role is not Role.SYSTEM:
        check_can_manage(actor, cohort.organisation_id)
    check_transition(COHORT_TRANSITIONS, CohortState(cohort.state), CohortState.RUNNING, what="班期")
    if civil_day(now) < cohort.starts_on:
        raise Refused("training.too_early", f"开班日期是 {cohort.starts_on:%Y-%m-%d}，还没有到，到期会自动开班。")


def check_can_close(actor: Actor, cohort: Cohort) -> None:
    check_can_manage(actor, cohort.organisation_id)
    check_transition(COHORT_TRANSITIONS, CohortState(cohort.state), CohortState.CLOSED, what="班期")


def check_can_amend(actor: Actor, cohort: Cohort) -> None:
    check_can_manage(actor, cohort.organisation_id)
    if cohort.state not in {CohortState.APPROVED, CohortState.RUNNING}:
        raise Conflict("training.not_amendable", "只有已备案或培训中的班期可以申请变更。")


def check_can_decide_amendment(actor: Actor, amendment: Amendment, target: AmendmentState) -> None:
    check_is_deciding_bureau(actor, amendment.cohort)
    check_transition(AMENDMENT_TRANSITIONS, AmendmentState(amendment.state), target, what="变更")
    if amendment.cohort.state not in {CohortState.APPROVED, CohortState.RUNNING}:
        raise Conflict("training.not_amendable", "班期已经结束，变更不能再审批。")


def check_can_leave(actor: Actor, enrolment: Enrolment) -> None:
    check_can_manage(actor, enrolment.cohort.organisation_id)
    if enrolment.state != EnrolmentState.ACTIVE:
        raise Conflict("training.already_left", "这名学员已经退出，不用重复操作。")
    if enrolment.cohort.state in {CohortState.CLOSED, CohortState.CANCELLED, CohortState.FILED}:
        raise Conflict("training.roster_closed", "班期在审批中或已结束，名册不能变动。")


def check_can_see_attendance(actor: Actor, line: PlanLine) -> None:
    """The lesson's teacher, the head teacher, and the managers of the organisation open the attendance page."""
    cohort = line.cohort
    if actor.role is Role.TEACHER and actor.organisation_id == cohort.organisation_id and actor.person_id:
        if actor.person_id not in {line.teacher_id, cohort.head_teacher_id}:
            raise Refused("training.not_your_lesson", "这节课不是您授课，也不是您任班主任，不能登记考勤。")
        return
    check_can_manage(actor, cohort.organisation_id)


def check_can_record_attendance(actor: Actor, line: PlanLine, now: dt.datetime) -> None:
    """From the lesson's start until the cohort closes; teachers only within ``attendance_close_hours`` of its end."""
    check_can_see_attendance(actor, line)
    cohort = line.cohort
    if cohort.state != CohortState.RUNNING:
        raise Conflict(
            "training.not_running", f"班期现在是“{CohortState(cohort.state).label}”，只有培训中的班期可以登记考勤。"
        )
    if line.starts_at is None or line.ends_at is None:
        raise Conflict("training.lesson_unplanned", "这节课还没有安排时间，不能登记考勤。")
    if now < line.starts_at:
        raise Refused("training.lesson_not_begun", "还没有上课，上课时间到了才能登记考勤。")
    hours = rules_of(cohort)["attendance_close_hours"]
    if actor.role is Role.TEACHER and now > line.ends_at + dt.timedelta(hours=hours):
        raise Refused(
            "training.attendance_closed",
            f"下课已超过 {hours} 小时，教师不能再登记或更正考勤。请联系本机构管理员办理，并说明原因。",
        )


def check_can_propose_attendance_correction(actor: Actor, line: PlanLine, now: dt.datetime) -> None:
    """Teachers as long as they may record; managers also after the cohort closed."""
    closed = line.cohort.state == CohortState.CLOSED
    if closed and actor.is_manager:
        check_can_manage(actor, line.cohort.organisation_id)
        return
    check_can_record_attendance(actor, line, now)


def check_can_decide_attendance_correction(
    actor: Actor, correction: AttendanceCorrection, target: AttendanceCorrectionState
) -> None:
    """Another manager of the organisation or the county bureau, never the proposer."""
    state = AttendanceCorrectionState(correction.state)
    check_transition(ATTENDANCE_CORRECTION_TRANSITIONS, state, target, what="考勤更正")
    if actor.account_id is None or actor.account_id == correction.proposed_by_id:
        raise Refused("training.own_correction", "这条更正是您提出的，须由另一位管理员或人社部门复核。")
    cohort = correction.attendance.line.cohort
    if actor.is_bureau:
        check_is_deciding_bureau(actor, cohort)
        return
    check_can_manage(actor, cohort.organisation_id)


def check_can_cancel_attendance_correction(actor: Actor, correction: AttendanceCorrection) -> None:
    """Only the proposer, before anybody decided."""
    state = AttendanceCorrectionState(correction.state)
    target = AttendanceCorrectionState.CANCELLED
    check_transition(ATTENDANCE_CORRECTION_TRANSITIONS, state, target, what="考勤更正")
    if actor.account_id is None or actor.account_id != correction.proposed_by_id:
        raise Refused("training.not_proposer", "只有提出的人可以撤回。")


def check_can_study(enrolment: Enrolment, now: dt.datetime) -> None:
    """Raises ``CannotStudy`` unless the learner is active in a running cohort within its dates."""
    cohort = enrolment.cohort
    today = civil_day(now)
    if enrolment.state != EnrolmentState.ACTIVE:
        raise CannotStudy("training.left", "您已退出这个班期，不能继续学习。如有疑问请联系培训机构。")
    if cohort.state == CohortState.CLOSED:
        raise CannotStudy("training.closed", "这个班期已经结班，学习记录可以查看，不再计入学时。")
    if cohort.state == CohortState.APPROVED and today < cohort.starts_on:
        raise CannotStudy("training.not_started", f"班期还没有开班，{cohort.starts_on:%Y年%m月%d日}起可以学习。")
    if cohort.state == CohortState.APPROVED:
        raise CannotStudy("training.not_started", "班期还没有开班，请稍后再来；如已到开班日期，请联系培训机构。")
    if cohort.state != CohortState.RUNNING:
        raise CannotStudy("training.not_running", "这个班期不在培训中，不能学习。")
    if not cohort.starts_on <= today <= cohort.ends_on:
        raise CannotStudy(
            "training.outside_dates",
            f"班期的培训时间是 {cohort.starts_on} 至 {cohort.ends_on}，现在不在培训时间内，不计入学时。",
        )
