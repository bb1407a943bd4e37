"""Words and shapes of presence checks, faces, incidents and rulings; standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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


class FaceReason(Labelled):
    """Why a picture or a burst was not taken; the label says to the learner what to do."""

    NO_FACE = "no_face", "没有看到人脸。请面对摄像头，把脸放进框里。"
    TWO_FACES = "two_faces", "画面里不止一个人。请让旁边的人离开画面后再拍。"
    TOO_DARK = "too_dark", "光线太暗。请打开灯，或面向窗户再拍。"
    TOO_BRIGHT = "too_bright", "光线太亮或背后有强光。请换个方向，不要背对窗户。"
    BLURRED = "blurred", "照片模糊。请擦一擦镜头，拿稳后再拍。"
    TOO_FAR = "too_far", "离摄像头太远。请靠近一些。"
    TOO_NEAR = "too_near", "离摄像头太近。请离远一些。"
    OFF_CENTRE = "off_centre", "脸不在画面中间。请对准框里再拍。"
    TILTED = "tilted", "头歪了。请把头摆正。"
    TURNED = "turned", "请先正对摄像头，再按提示转头。"
    NO_TURN = "no_turn", "没有看到按提示转头。请按提示的方向慢慢转头，转过去停一下。"
    WRONG_TURN = "wrong_turn", "转头的方向或次序和提示不一样。请看清提示再做一次。"
    CHANGED_FACE = "changed_face", "转头前后不像同一个人。请由本人从头到尾做完。"
    UNLIKE_EACH_OTHER = "unlike_each_other", "几张照片差别太大。请不要遮挡，重新拍一次。"
    OTHER_FACE = "other_face", "和登记的人脸不像。请摘下口罩、帽子，在光线好的地方再试；还不行可以改用其他方式。"
    UNLIKE_PORTRAIT = "unlike_portrait", "和身份证照片不像。请在光线好的地方再试；还不行可以请老师或机构当面核对。"
    FROZEN = "frozen", "画面没有变化，像是停住的图像。请关掉其他使用摄像头的程序再试。"
    LOOPED = "looped", "画面在重复，像是放出来的录像。请直接用摄像头拍。"
    REUSED = "reused", "这张照片以前用过。请现在用摄像头重新拍。"
    BAD_PICTURE = "bad_picture", "照片打不开或格式不对。请刷新页面，用摄像头重新拍。"
    TOO_FEW = "too_few", "照片不够。请按提示拍完。"
    NOT_ENROLLED = "not_enrolled", "还没有登记人脸。请先登记，或改用其他方式。"
    BUSY = "busy", "现在核验的人多，没有来得及处理。请再试一次。"


#: Reasons that speak of another person or of a made picture, not of light and distance: the rules make signals of them.
STRANGE_REASONS = frozenset(
    {
        FaceReason.TWO_FACES,
        FaceReason.CHANGED_FACE,
        FaceReason.OTHER_FACE,
        FaceReason.FROZEN,
        FaceReason.LOOPED,
        FaceReason.REUSED,
    }
)


class Turn(Labelled):
    """A turn of the head as the learner is asked for it: to their own left or right."""

    LEFT = "left", "向左转头"
    RIGHT = "right", "向右转头"


#: What an enrolment may ask for; drawn anew for every page. Checks draw their own (``operations.checks.drawing``).
ENROLMENT_TURNS: tuple[tuple[Turn, ...], ...] = ((Turn.LEFT, Turn.RIGHT), (Turn.RIGHT, Turn.LEFT))
FEWEST_FRAMES, MOST_FRAMES = 2, 5


class PendingCause(Labelled):
    """Why an enrolment waits for the training provider."""

    RENEWAL = "renewal", "重新登记"
    PORTRAIT = "portrait", "和证件照不够像"


class PendingState(Labelled):
    """Of an enrolment that the training provider confirms, with the person before them."""

    WAITING = "waiting", "待机构确认"
    CONFIRMED = "confirmed", "已确认"
    REFUSED = "refused", "未同意"
    LAPSED = "lapsed", "已失效"


PENDING_TRANSITIONS: dict[PendingState, frozenset[PendingState]] = {
    PendingState.WAITING: frozenset({PendingState.CONFIRMED, PendingState.REFUSED, PendingState.LAPSED}),
    PendingState.CONFIRMED: frozenset(),
    PendingState.REFUSED: frozenset(),
    PendingState.LAPSED: frozenset(),
}


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

    @property
    def tone(self) -> str:
        """The tone of the tag that shows it."""
        return {"open": "wait", "passed": "ok", "cancelled": "idle"}.get(self.value, "bad")


CHECK_TRANSITIONS: dict[CheckState, frozenset[CheckState]] = {
    CheckState.OPEN: frozenset({CheckState.PASSED, CheckState.FAILED, CheckState.MISSED, CheckState.CANCELLED}),
    CheckState.PASSED: frozenset(),
    CheckState.FAILED: frozenset(),
    CheckState.MISSED: frozenset(),
    CheckState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class PresencePlan:
    """What the frozen rules of a cohort ask for; ``per_class_hour`` 0 means no checks at random.

    From ``strength_study`` on a check counts without limit; weaker ones count ``weak_in_row`` times in a row. At an
    exam's door nothing weaker than ``strength_exam`` is taken. 0: no such limit.
    """

    per_class_hour: int
    at_entry: bool
    answer_seconds: int
    make_up_days: int
    misses_fail: int
    face_first: bool
    tries: int
    strength_study: int
    weak_in_row: int
    strength_exam: int
    return_makes_up: bool


class OtherReason(Labelled):
    """Why a learner takes another kind of check than the one that was asked."""

    NO_CAMERA = "no_camera", "没有摄像头或打不开"
    WILL_NOT = "will_not", "不想使用人脸"
    CANNOT = "cannot", "不方便做这一种"


#: What a passed check shows, weakest first: somebody is there and reads; somebody follows what was shown; the teacher
#: knows the person; the face is the enrolled one and moves as asked.
CHECK_STRENGTH: dict[CheckKind, int] = {
    CheckKind.PUZZLE: 0,
    CheckKind.QUESTION: 1,
    CheckKind.WORD: 2,
    CheckKind.FACE: 3,
}
#: Kinds that are answered on the page and judged at once.
TASK_KINDS = frozenset({CheckKind.QUESTION, CheckKind.PUZZLE})
#: Whom nobody waits for: checks that ended without a proof.
UNPROVEN_STATES = frozenset({CheckState.FAILED, CheckState.MISSED})


#: What the page of a check says above it.
CAUSE_WORDS: dict[CheckCause, str] = {
    CheckCause.ENTRY: "开始之前，先确认是你本人在学。",
    CheckCause.HOURLY: "随机抽查：请确认你正在学习。",
    CheckCause.ADDRESS: "你的网络地址变了，请确认还是你本人。",
    CheckCause.DEVICE: "你换了设备，请确认还是你本人。",
    CheckCause.CAMERA: "你的摄像头变了，请确认还是你本人。",
    CheckCause.PATTERN: "请确认你正在学习，做完就接着计学时。",
    CheckCause.COMMAND: "人社部门正在抽查本班的在学情况，请完成核验。",
    CheckCause.MAKE_UP: "补做之前漏做的核验，通过后恢复被扣下的时间。",
}
#: What a check found when its camera is none of those with which the person passed on this device before.
CAMERA_CHANGED = "camera_changed"
#: A question is drawn from what was shown in so many milliseconds before the check.
SHOWN_MS = 600_000
#: Nobody reads a question and answers faster.
READING_MS = 1_200
#: A question or a puzzle is tried at most so often: guessing does not become an answer.
TASK_TRIES = 2
#: A teacher has longer than the learner to look at the page; the clock stands still meanwhile.
WORD_SECONDS = 300
#: A missed check may be made up once, in at most so many goes.
MAKE_UP_GOES = 3
#: Between two commands for the same learners lie so many minutes.
COMMAND_PAUSE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class RunningContext:
    """Somebody who studies or sits an exam right now, as ``study`` and ``exams`` tell it for a command.

    ``context`` is ``study:12`` or ``exam:7``, ``facts`` what ``ask`` takes; ``proof_at`` the last proof that the
    context has of its own (its beginning, where there was no check yet).
    """

    person_id: int
    enrolment_id: int
    context: str
    device: str = ""
    ip: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    proof_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer to a question or puzzle did: ``passed``, or another one stands there, or the check is ``over``."""

    passed: bool
    over: bool
    words: str


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


#: What a learner reads of a kind: what is being looked into, not what is proven.
KIND_WORDS: dict[IncidentKind, str] = {
    IncidentKind.BRUSHING: "学习记录里有些地方像是由程序代替操作",
    IncidentKind.IDLING: "课程在播放，但有几次没有看到您在学习",
    IncidentKind.PROXY_STUDY: "有几次学习不能确认是您本人",
    IncidentKind.EXAM_BRUSHING: "考试中有些操作或作答需要核实，例如离开页面、和别人的答卷过于相同",
    IncidentKind.PROXY_EXAM: "考试中有几次不能确认是您本人",
    IncidentKind.DEVICE_SHARING: "同一台设备在短时间内有多位学员学习",
    IncidentKind.VIRTUAL_CAMERA: "核验时交来的照片不像是当时拍的",
    IncidentKind.DUPLICATE_FACE: "登记的人脸和另一位学员很像",
}


class IncidentState(Labelled):
    OPEN = "open", "待说明"
    EXPLAINED = "explained", "待裁定"
    RULED = "ruled", "已裁定"
    APPEALED = "appealed", "申诉中"
    CLOSED = "closed", "已办结"

    @property
    def tone(self) -> str:
        """The tone of the state's tag on every page (``state_tag``)."""
        return "idle" if self is IncidentState.CLOSED else "wait"


INCIDENT_TRANSITIONS: dict[IncidentState, frozenset[IncidentState]] = {
    IncidentState.OPEN: frozenset({IncidentState.EXPLAINED, IncidentState.RULED}),
    IncidentState.EXPLAINED: frozenset({IncidentState.RULED}),
    IncidentState.RULED: frozenset({IncidentState.APPEALED, IncidentState.CLOSED}),
    IncidentState.APPEALED: frozenset({IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset(),
}
#: Incidents that no person has decided yet; signals join only these.
WAITING_INCIDENTS = (IncidentState.OPEN, IncidentState.EXPLAINED)
LIVING_INCIDENTS = (*WAITING_INCIDENTS, IncidentState.RULED, IncidentState.APPEALED)


class StatementRole(Labelled):
    EXPLANATION = "explanation", "机构说明"
    APPEAL = "appeal", "学员申诉"


class RulingKind(Labelled):
    DISMISS = "dismiss", "不成立"
    WARN = "warn", "提醒"
    WITHDRAW = "withdraw", "撤销学时"
    VOID_EXAM = "void_exam", "考试作废"
    REFER = "refer", "移送查处"
    SPLIT = "split", "按人分案"


#: What a learner reads of a ruling.
RULING_WORDS: dict[RulingKind, str] = {
    RulingKind.DISMISS: "经核实，没有问题。您的学时和成绩不受影响。",
    RulingKind.WARN: "这次只作提醒，学时和成绩不变。请以后由本人按要求学习。",
    RulingKind.WITHDRAW: "下面写明的这段时间，已计入的学时被撤销。您可以重新学习这些内容。",
    RulingKind.VOID_EXAM: "这次考试作废，成绩不再计算。",
    RulingKind.REFER: "这件事已移送有关部门进一步查处，结果会另行通知。",
    RulingKind.SPLIT: "这件事将按每位学员分别办理。",
}
#: An incident of a whole class is never ruled over everybody at once: it is dropped, handed on, or taken apart.
CLASS_RULINGS = frozenset({RulingKind.DISMISS, RulingKind.REFER, RulingKind.SPLIT})
LEARNER_RULINGS = frozenset(RulingKind) - {RulingKind.SPLIT}
#: Rulings that cost a learner something and so may be appealed against.
APPEALABLE = frozenset({RulingKind.WARN, RulingKind.WITHDRAW, RulingKind.VOID_EXAM, RulingKind.REFER})
#: What a second person may decide: the same again, or one of these; never anything heavier.
LIGHTER: dict[RulingKind, tuple[RulingKind, ...]] = {
    RulingKind.WARN: (RulingKind.DISMISS,),
    RulingKind.WITHDRAW: (RulingKind.DISMISS, RulingKind.WARN),
    RulingKind.VOID_EXAM: (RulingKind.DISMISS, RulingKind.WARN),
    RulingKind.REFER: (RulingKind.DISMISS, RulingKind.WARN),
}


class Due(Labelled):
    """Which deadline of an incident is meant."""

    REPLY = "reply", "机构说明"
    RULE = "rule", "裁定"
    DECIDE = "decide", "申诉复核"
    APPEAL = "appeal", "提出申诉"
