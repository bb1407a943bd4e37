"""Words and state machines of ``training``; standard library only."""

from zhenxue.kernel.data import Labelled


class ProgrammeKind(Labelled):
    """N1."""

    SKILL = "skill", "就业技能与创业培训"
    UPSKILL = "upskill", "企业新招用人员岗位技能提升培训"
    PROJECT = "project", "经认定的项目制培训"
    OTHER = "other", "其他补贴性培训"


class SkillLevel(Labelled):
    L5 = "5", "五级/初级工"
    L4 = "4", "四级/中级工"
    L3 = "3", "三级/高级工"
    L2 = "2", "二级/技师"
    L1 = "1", "一级/高级技师"
    NONE = "0", "不分等级"


class ProgrammeState(Labelled):
    DRAFT = "draft", "编制中"
    READY = "ready", "可开班"
    RETIRED = "retired", "已停用"


PROGRAMME_TRANSITIONS: dict[ProgrammeState, frozenset[ProgrammeState]] = {
    ProgrammeState.DRAFT: frozenset({ProgrammeState.READY}),
    ProgrammeState.READY: frozenset({ProgrammeState.RETIRED}),
    ProgrammeState.RETIRED: frozenset(),
}


class LineMode(Labelled):
    ONLINE = "online", "线上"
    OFFLINE = "offline", "线下"


class CohortState(Labelled):
    DRAFT = "draft", "草稿"
    FILED = "filed", "已提交备案"
    RETURNED = "returned", "退回修改"
    APPROVED = "approved", "已备案"
    RUNNING = "running", "培训中"
    CLOSED = "closed", "已结班"
    CANCELLED = "cancelled", "已取消"


COHORT_TRANSITIONS: dict[CohortState, frozenset[CohortState]] = {
    CohortState.DRAFT: frozenset({CohortState.FILED, CohortState.CANCELLED}),
    CohortState.FILED: frozenset({CohortState.APPROVED, CohortState.RETURNED}),
    CohortState.RETURNED: frozenset({CohortState.FILED, CohortState.CANCELLED}),
    CohortState.APPROVED: frozenset({CohortState.RUNNING, CohortState.CANCELLED}),
    CohortState.RUNNING: frozenset({CohortState.CLOSED}),
    CohortState.CLOSED: frozenset(),
    CohortState.CANCELLED: frozenset(),
}


class EnrolmentState(Labelled):
    ACTIVE = "active", "在学"
    LEFT = "left", "已退出"


class AttendanceState(Labelled):
    PRESENT = "present", "出勤"
    LATE = "late", "迟到"
    ABSENT = "absent", "缺勤"


class AmendmentState(Labelled):
    FILED = "filed", "待审批"
    APPROVED = "approved", "已批准"
    RETURNED = "returned", "不予批准"


AMENDMENT_TRANSITIONS: dict[AmendmentState, frozenset[AmendmentState]] = {
    AmendmentState.FILED: frozenset({AmendmentState.APPROVED, AmendmentState.RETURNED}),
    AmendmentState.APPROVED: frozenset(),
    AmendmentState.RETURNED: frozenset(),
}
