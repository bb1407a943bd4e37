"""Words, shapes and state machines of ``training``; standard library only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

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

    @property
    def tone(self) -> str:
        """The tone of the state's tag on every page (``state_tag``)."""
        return COHORT_TONES[self]


COHORT_TONES: dict[CohortState, str] = {
    CohortState.DRAFT: "idle",
    CohortState.FILED: "wait",
    CohortState.RETURNED: "bad",
    CohortState.APPROVED: "ok",
    CohortState.RUNNING: "ok",
    CohortState.CLOSED: "idle",
    CohortState.CANCELLED: "idle",
}


COHORT_TRANSITIONS: dict[CohortState, frozenset[CohortState]] = {
    CohortState.DRAFT: frozenset({CohortState.FILED, CohortState.CANCELLED}),
    CohortState.FILED: frozenset({CohortState.APPROVED, CohortState.RETURNED}),
    CohortState.RETURNED: frozenset({CohortState.FILED, CohortState.CANCELLED}),
    CohortState.APPROVED: frozenset({CohortState.RUNNING, CohortState.CANCELLED}),
    CohortState.RUNNING: frozenset({CohortState.CLOSED}),
    CohortState.CLOSED: frozenset(),
    CohortState.CANCELLED: frozenset(),
}

#: The manager still writes the plan and the roster.
OPEN_STATES = frozenset({CohortState.DRAFT, CohortState.RETURNED})
#: The plan is approved and only an approved amendment changes it (N12).
APPROVED_STATES = frozenset({CohortState.APPROVED, CohortState.RUNNING, CohortState.CLOSED})
#: A person in an active enrolment here is taken for the cohort's dates.
BINDING_STATES = frozenset({CohortState.FILED, CohortState.APPROVED, CohortState.RUNNING})


class EnrolmentState(Labelled):
    ACTIVE = "active", "在学"
    LEFT = "left", "已退出"


ENROLMENT_TRANSITIONS: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.ACTIVE: frozenset({EnrolmentState.LEFT}),
    EnrolmentState.LEFT: frozenset(),
}


class AttendanceState(Labelled):
    PRESENT = "present", "出勤"
    LATE = "late", "迟到"
    ABSENT = "absent", "缺勤"


class AttendanceCorrectionState(Labelled):
    PROPOSED = "proposed", "等待复核"
    APPROVED = "approved", "已更正"
    REJECTED = "rejected", "不予同意"
    CANCELLED = "cancelled", "已撤回"

    @property
    def tone(self) -> str:
        """The tone of the state's tag on every page (``state_tag``)."""
        return ATTENDANCE_CORRECTION_TONES[self]


ATTENDANCE_CORRECTION_TONES: dict[AttendanceCorrectionState, str] = {
    AttendanceCorrectionState.PROPOSED: "wait",
    AttendanceCorrectionState.APPROVED: "ok",
    AttendanceCorrectionState.REJECTED: "bad",
    AttendanceCorrectionState.CANCELLED: "idle",
}

ATTENDANCE_CORRECTION_TRANSITIONS: dict[AttendanceCorrectionState, frozenset[AttendanceCorrectionState]] = {
    AttendanceCorrectionState.PROPOSED: frozenset(
        {
            AttendanceCorrectionState.APPROVED,
            AttendanceCorrectionState.REJECTED,
            AttendanceCorrectionState.CANCELLED,
        }
    ),
    AttendanceCorrectionState.APPROVED: frozenset(),
    AttendanceCorrectionState.REJECTED: frozenset(),
    AttendanceCorrectionState.CANCELLED: frozenset(),
}


class AmendmentKind(Labelled):
    LESSON = "lesson", "调整线下课"
    END_DATE = "end_date", "调整结班日期"
    MAKE_UP = "make_up", "增加补课"


class AmendmentState(Labelled):
    FILED = "filed", "待审批"
    APPROVED = "approved", "已批准"
    RETURNED = "returned", "不予批准"


AMENDMENT_TRANSITIONS: dict[AmendmentState, frozenset[AmendmentState]] = {
    AmendmentState.FILED: frozenset({AmendmentState.APPROVED, AmendmentState.RETURNED}),
    AmendmentState.APPROVED: frozenset(),
    AmendmentState.RETURNED: frozenset(),
}


class ImportState(Labelled):
    CHECKING = "checking", "正在检查"
    CHECKED = "checked", "等待确认"
    IMPORTING = "importing", "正在导入"
    DONE = "done", "已导入"
    FAILED = "failed", "导入失败"
    DISCARDED = "discarded", "已放弃"


IMPORT_TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.CHECKING: frozenset({ImportState.CHECKED, ImportState.FAILED, ImportState.DISCARDED}),
    ImportState.CHECKED: frozenset({ImportState.IMPORTING, ImportState.DISCARDED}),
    ImportState.IMPORTING: frozenset({ImportState.DONE, ImportState.FAILED}),
    ImportState.DONE: frozenset(),
    ImportState.FAILED: frozenset({ImportState.DISCARDED}),
    ImportState.DISCARDED: frozenset(),
}


class PasswordsState(Labelled):
    """The list of first passwords of an import."""

    NONE = "none", "未生成"
    MAKING = "making", "正在生成"
    READY = "ready", "等待下载"
    TAKEN = "taken", "已下载"
    EXPIRED = "expired", "已过期"


#: Making ends without a list when nobody needs a password, or when it fails before the first.
PASSWORDS_TRANSITIONS: dict[PasswordsState, frozenset[PasswordsState]] = {
    PasswordsState.NONE: frozenset({PasswordsState.MAKING}),
    PasswordsState.MAKING: frozenset({PasswordsState.READY, PasswordsState.NONE}),
    PasswordsState.READY: frozenset({PasswordsState.TAKEN, PasswordsState.EXPIRED}),
    PasswordsState.TAKEN: frozenset({PasswordsState.MAKING}),
    PasswordsState.EXPIRED: frozenset({PasswordsState.MAKING}),
}


@dataclass(frozen=True, slots=True)
class OnlineShare:
    """Minutes online and offline of a programme or plan, and the share that N11 limits."""

    online_minutes: int
    offline_minutes: int

    @property
    def total_minutes(self) -> int:
        return self.online_minutes + self.offline_minutes

    @property
    def percent(self) -> Decimal:
        """Online minutes in per cent of all minutes, one decimal, half up; 0 when there is nothing yet."""
        if not self.total_minutes:
            return Decimal("0.0")
        share = Decimal(self.online_minutes * 100) / self.total_minutes
        return share.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)

    @property
    def online_seconds(self) -> int:
        return self.online_minutes * 60

    @property
    def offline_seconds(self) -> int:
        return self.offline_minutes * 60

    @property
    def total_seconds(self) -> int:
        return self.total_minutes * 60

    def exceeds(self, limit_percent: int) -> bool:
        """Whether the exact share (not the rounded figure) is above the limit."""
        return self.online_minutes * 100 > limit_percent * self.total_minutes

    def offline_minutes_missing(self, limit_percent: int) -> int:
        """How many more offline minutes bring the share down to the limit (0 when it is kept)."""
        if not self.exceeds(limit_percent) or limit_percent <= 0:
            return 0
        needed_total = -(-self.online_minutes * 100 // limit_percent)
        return needed_total - self.total_minutes


def online_share(lines: "list[tuple[LineMode | str, int]]") -> OnlineShare:
    """The share of (mode, minutes) pairs."""
    online = sum(minutes for mode, minutes in lines if mode == LineMode.ONLINE)
    return OnlineShare(online, sum(minutes for _, minutes in lines) - online)


def credited_minutes(state: AttendanceState, *, lesson_minutes: int, late_minutes: int) -> int:
    """Minutes of a lesson that count: all when present, less ``late_minutes`` when late, none when absent."""
    if state is AttendanceState.PRESENT:
        return lesson_minutes
    if state is AttendanceState.LATE:
        return max(0, lesson_minutes - late_minutes)
    return 0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be in order before a cohort is filed; ``step`` is the wizard step that mends it."""

    code: str
    title: str
    passed: bool
    details: tuple[str, ...] = ()
    step: str = "basics"
    warning: bool = False  # shown, but does not stop the filing


@dataclass(frozen=True, slots=True)
class LessonPlan:
    """When, where and by whom one offline line is taught; ``line_id`` is a ``PlanLine``."""

    line_id: int
    starts_at: datetime
    ends_at: datetime
    place: str
    teacher_id: int
    minutes: int | None = None  # credited minutes; None keeps the line's


@dataclass(frozen=True, slots=True)
class Mark:
    """What a teacher says of one learner at one lesson; a reason is required unless present."""

    enrolment_id: int
    state: AttendanceState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row of a roster sheet with its answer: no problems means that it can be imported."""

    number: int  # as in the file
    name: str
    citizen_number: str
    phone: str = ""
    social_card_number: str = ""
    target_group: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class InitialAccount:
    """A learner account that was just opened: shown once to the manager, then forgotten."""

    name: str
    username: str
    password: str


ROSTER_TITLES = ("姓名", "公民身份号码", "手机号码", "电子社保卡号", "人员类别")
#: More rows than this are checked and imported by the worker, with progress.
ROSTER_BACKGROUND_ROWS = 500
#: First passwords of more people than this are made by the worker (each takes some 20 ms to hash).
PASSWORDS_AT_ONCE = 60
#: How long a list of first passwords lies sealed when nobody takes it.
PASSWORDS_HOURS = 24
#: Work without progress for so long is taken for dead and may be started again.
STALE_MINUTES = 10
#: Rules that joined the rule sets after plans had been frozen, with what was applied to those plans until then. All
#: numbers in force come from the region's rule set (``identity.get_rules``); this only completes older plans.
#: What a plan was filed without is not asked of it afterwards: presence checks and strengths are off (0).
LATER_RULES: dict[str, int] = {
    "attendance_close_hours": 72,
    "finish_percent": 95,
    "key_lead_seconds": 30,
    "reading_idle_seconds": 120,
    "check_min_seconds": 600,
    "check_max_seconds": 1200,
    "check_answer_seconds": 60,
    "page_share_percent": 150,
    "persons_per_device_day": 5,
    "reading_needs_self_test": 1,
    "units_in_order": 0,
    "retention_years": 5,
    "presence_per_class_hour": 0,
    "presence_at_entry": 0,
    "presence_answer_seconds": 60,
    "presence_tries": 3,
    "presence_make_up_days": 3,
    "presence_misses_fail": 3,
    "presence_face_first": 1,
    "presence_strength_study": 0,
    "presence_weak_in_row": 8,
    "presence_strength_exam": 0,
    "presence_return_makes_up": 0,
    "face_check_percent": 40,
    "face_exam_percent": 45,
    "face_duplicate_percent": 55,
    "face_keep_days": 90,
    "verify_strength_study": 0,
    "verify_strength_exam": 0,
    "incident_reply_days": 3,
    "ruling_days": 10,
    "appeal_days": 15,
}
