"""Words and shapes of presence checks, faces, incidents and rulings; standard library only."""

from dataclasses import dataclass

from zhenxue.kernel.data import Labelled

# --- faces ---


class JobKind(Labelled):
    ENROL = "enrol", "登记人脸"
    CHECK = "check", "在学核验"
    DUPLICATES = "duplicates", "重复人脸查找"


class JobState(Labelled):
    QUEUED = "queued", "排队中"
    RUNNING = "running", "比对中"
    DONE = "done", "已完成"
    EXPIRED = "expired", "超时未处理"


JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.EXPIRED}),
    JobState.RUNNING: frozenset({JobState.DONE, JobState.QUEUED, JobState.EXPIRED}),
    JobState.DONE: frozenset(),
    JobState.EXPIRED: frozenset(),
}


class TemplateEnd(Labelled):
    NONE = "", ""
    REPLACED = "replaced", "重新登记"
    WITHDRAWN = "withdrawn", "本人撤回同意"
    KEPT_LONG_ENOUGH = "kept_long_enough", "保存期满"
    REVOKED = "revoked", "核查后停用"


# --- checks ---


class CheckKind(Labelled):
    FACE = "face", "人脸核验"
    QUESTION = "question", "随堂问题"
    PUZZLE = "puzzle", "图形小题"
    WORD = "word", "老师确认"


class CheckCause(Labelled):
    ENTRY = "entry", "开始学习"
    HOURLY = "hourly", "随机抽查"
    ADDRESS = "address", "网络地址变化"
    DEVICE = "device", "设备变化"
    CAMERA = "camera", "摄像头变化"
    PATTERN = "pattern", "学习情况异常"
    COMMAND = "command", "人社部门抽查"
    MAKE_UP = "make_up", "补做核验"


class CheckState(Labelled):
    OPEN = "open", "等待完成"
    PASSED = "passed", "已通过"
    FAILED = "failed", "未通过"
    MISSED = "missed", "超时未完成"
    CANCELLED = "cancelled", "已取消"


CHECK_TRANSITIONS: dict[CheckState, frozenset[CheckState]] = {
    CheckState.OPEN: frozenset({CheckState.PASSED, CheckState.FAILED, CheckState.MISSED, CheckState.CANCELLED}),
    CheckState.PASSED: frozenset(),
    CheckState.FAILED: frozenset(),
    CheckState.MISSED: frozenset(),
    CheckState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class PresencePlan:
    """What the frozen rules of a cohort ask for; ``per_class_hour`` 0 means no checks at random."""

    per_class_hour: int
    at_entry: bool
    answer_seconds: int
    make_up_days: int
    misses_fail: int
    face_first: bool
    tries: int


# --- signals, incidents, rulings ---


class IncidentKind(Labelled):
    BRUSHING = "brushing", "刷课"
    IDLING = "idling", "挂课"
    PROXY_STUDY = "proxy_study", "替课"
    EXAM_BRUSHING = "exam_brushing", "刷考"
    PROXY_EXAM = "proxy_exam", "替考"
    DEVICE_SHARING = "device_sharing", "多人共用设备"
    VIRTUAL_CAMERA = "virtual_camera", "虚拟摄像头"
    DUPLICATE_FACE = "duplicate_face", "一张脸登记了两个人"


class IncidentState(Labelled):
    OPEN = "open", "待说明"
    EXPLAINED = "explained", "待裁定"
    RULED = "ruled", "已裁定"
    APPEALED = "appealed", "申诉中"
    CLOSED = "closed", "已办结"


INCIDENT_TRANSITIONS: dict[IncidentState, frozenset[IncidentState]] = {
    IncidentState.OPEN: frozenset({IncidentState.EXPLAINED, IncidentState.RULED}),
    IncidentState.EXPLAINED: frozenset({IncidentState.RULED}),
    IncidentState.RULED: frozenset({IncidentState.APPEALED, IncidentState.CLOSED}),
    IncidentState.APPEALED: frozenset({IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset(),
}


class StatementRole(Labelled):
    EXPLANATION = "explanation", "机构说明"
    APPEAL = "appeal", "学员申诉"


class RulingKind(Labelled):
    DISMISS = "dismiss", "不成立"
    WARN = "warn", "提醒"
    WITHDRAW = "withdraw", "撤销学时"
    VOID_EXAM = "void_exam", "考试作废"
    REFER = "refer", "移送查处"
