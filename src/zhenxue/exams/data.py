"""Words, shapes and state machines of ``exams``; standard library only."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from zhenxue.kernel.data import Labelled


class Kind(Labelled):
    """What a question asks for. The shapes of its body, key and answers: ``exams/kinds``."""

    SINGLE = "single", "单选题"
    MULTIPLE = "multiple", "多选题"
    TRUE_FALSE = "true_false", "判断题"
    FILL_IN = "fill_in", "填空题"
    SHORT_ANSWER = "short_answer", "简答题"
    CALCULATION = "calculation", "计算题"
    MATCHING = "matching", "连线题"
    ORDERING = "ordering", "排序题"
    CASE = "case", "案例题"
    HOTSPOT = "hotspot", "识图题"
    PRACTICAL = "practical", "实操题"


class AssetKind(Labelled):
    IMAGE = "image", "图片"
    AUDIO = "audio", "音频"
    VIDEO = "video", "视频"


class QuestionState(Labelled):
    ACTIVE = "active", "在用"
    REPLACED = "replaced", "有新版本"
    RETIRED = "retired", "已停用"


QUESTION_TRANSITIONS: dict[QuestionState, frozenset[QuestionState]] = {
    QuestionState.ACTIVE: frozenset({QuestionState.REPLACED, QuestionState.RETIRED}),
    QuestionState.REPLACED: frozenset(),
    QuestionState.RETIRED: frozenset({QuestionState.ACTIVE}),
}


class ImportState(Labelled):
    CHECKED = "checked", "等待确认"
    SAVED = "saved", "已导入"
    DISCARDED = "discarded", "已放弃"


IMPORT_TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.CHECKED: frozenset({ImportState.SAVED, ImportState.DISCARDED}),
    ImportState.SAVED: frozenset(),
    ImportState.DISCARDED: frozenset(),
}


class PaperState(Labelled):
    DRAFT = "draft", "组卷中"
    FINAL = "final", "已定稿"
    RETIRED = "retired", "已停用"


#: A final paper never changes again; a copy of it starts as a draft.
PAPER_TRANSITIONS: dict[PaperState, frozenset[PaperState]] = {
    PaperState.DRAFT: frozenset({PaperState.FINAL}),
    PaperState.FINAL: frozenset({PaperState.RETIRED}),
    PaperState.RETIRED: frozenset(),
}


class MultipleRule(Labelled):
    """How a multiple-choice question scores."""

    ALL = "all", "全部选对得分，漏选、错选不得分"
    HALF = "half", "漏选得一半分，错选不得分"


class ExamKind(Labelled):
    """Why a cohort sits it. Only a stage's assessment, its make-up and its practical part count for the stage (N14)."""

    CHAPTER = "chapter", "章节测验"
    STAGE = "stage", "阶段考核"
    FINAL = "final", "结业考试"
    MAKE_UP = "make_up", "补考"
    PRACTICAL = "practical", "实操考核"


class ExamState(Labelled):
    DRAFT = "draft", "未发布"
    SCHEDULED = "scheduled", "已安排"
    CLOSED = "closed", "已结束"
    CANCELLED = "cancelled", "已取消"


EXAM_TRANSITIONS: dict[ExamState, frozenset[ExamState]] = {
    ExamState.DRAFT: frozenset({ExamState.SCHEDULED, ExamState.CANCELLED}),
    ExamState.SCHEDULED: frozenset({ExamState.CLOSED, ExamState.CANCELLED}),
    ExamState.CLOSED: frozenset(),
    ExamState.CANCELLED: frozenset(),
}


class AttemptState(Labelled):
    OPEN = "open", "作答中"
    SUBMITTED = "submitted", "已交卷"
    MARKED = "marked", "已评分"
    VOIDED = "voided", "已作废"


#: A ruling makes a marked attempt void; an appeal that overturns it brings its marks back.
ATTEMPT_TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.OPEN: frozenset({AttemptState.SUBMITTED}),
    AttemptState.SUBMITTED: frozenset({AttemptState.MARKED}),
    AttemptState.MARKED: frozenset({AttemptState.VOIDED}),
    AttemptState.VOIDED: frozenset({AttemptState.MARKED}),
}


class AttemptEnd(Labelled):
    LEARNER = "learner", "本人交卷"
    DEADLINE = "deadline", "到时自动交卷"
    INVIGILATOR = "staff", "监考员收卷"


class ConductKind(Labelled):
    """What happened around an attempt (A20); words for people who look."""

    LEFT = "left", "离开页面"
    PASTE = "paste", "粘贴"
    COPY = "copy", "复制"
    RESIZE = "resize", "改变窗口大小"
    FULLSCREEN = "fullscreen", "退出全屏"
    SECOND = "second", "另一台设备打开"
    MOVED = "moved", "更换设备"
    OFFLINE = "offline", "断网"
    CAPTURE = "capture", "抽拍"
    SILENT = "silent", "没有行为记录"  # the page said nothing at all: a fact of its own
    BREAK = "break", "休息"


class MarkRound(Labelled):
    FIRST = "first", "一评"
    SECOND = "second", "二评"
    DECIDING = "deciding", "终评"
    REVIEW = "review", "复核"


class AppealState(Labelled):
    OPEN = "open", "待复核"
    CHANGED = "changed", "已改分"
    UPHELD = "upheld", "维持原分"


APPEAL_TRANSITIONS: dict[AppealState, frozenset[AppealState]] = {
    AppealState.OPEN: frozenset({AppealState.CHANGED, AppealState.UPHELD}),
    AppealState.CHANGED: frozenset(),
    AppealState.UPHELD: frozenset(),
}


class PracticeMode(Labelled):
    BANK = "bank", "题库练习"
    ERRORS = "errors", "错题练习"
    MOCK = "mock", "模拟考试"


class CertificateState(Labelled):
    VALID = "valid", "有效"
    REVOKED = "revoked", "已撤销"


CERTIFICATE_TRANSITIONS: dict[CertificateState, frozenset[CertificateState]] = {
    CertificateState.VALID: frozenset({CertificateState.REVOKED}),
    CertificateState.REVOKED: frozenset(),
}


class BatchState(Labelled):
    WAITING = "waiting", "等待处理"
    RUNNING = "running", "制作中"
    DONE = "done", "已完成"
    FAILED = "failed", "没有完成"


BATCH_TRANSITIONS: dict[BatchState, frozenset[BatchState]] = {
    BatchState.WAITING: frozenset({BatchState.RUNNING}),
    BatchState.RUNNING: frozenset({BatchState.DONE, BatchState.FAILED}),
    BatchState.DONE: frozenset(),
    BatchState.FAILED: frozenset({BatchState.WAITING}),
}


@dataclass(frozen=True, slots=True)
class ExamFacts:
    """How an exam is planned: of a fixed paper or of a blueprint (exactly one), when, how long, under which rules."""

    title: str
    opens_at: datetime
    closes_at: datetime
    duration_minutes: int
    kind: str = ExamKind.STAGE
    stage_number: int | None = None
    paper_id: int | None = None
    blueprint_id: int | None = None
    original_id: int | None = None
    attempts_allowed: int = 1
    part_rules: dict[str, int] = field(default_factory=dict)
    shuffles_questions: bool = False
    shuffles_options: bool = False
    late_minutes: int = 0
    stay_minutes: int = 0
    breaks_allowed: int = 0
    break_minutes: int = 0
    double_marking: bool = False
    difference_percent: int = 10
    publish_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QuestionFacts:
    """What an author says of a question; ``body`` and ``key`` as ``exams/kinds`` describes them."""

    kind: str
    stem: str
    body: dict[str, Any]
    key: dict[str, Any]
    explanation: str = ""
    score: Decimal = Decimal(1)
    difficulty: int = 3
    point_id: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One question of an attempt's sheet, as it was drawn and frozen at the start.

    ``order`` says which of the options (right sides, items) stands where, ``values`` what was drawn for parameters.
    """

    position: int
    question_id: int
    score: Decimal
    part: str = ""
    order: tuple[int, ...] | None = None
    values: dict[str, str] | None = None

    def to_json(self) -> list[Any]:
        return [self.question_id, str(self.score), self.part, self.order and list(self.order), self.values]

    @classmethod
    def from_json(cls, position: int, row: list[Any]) -> "SheetLine":
        question_id, score, part, order, values = row
        return cls(position, question_id, Decimal(score), part, order and tuple(order), values)


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of an imported sheet with its answer; without problems and not a duplicate it can be saved."""

    number: int
    kind: str = ""
    stem: str = ""
    options: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    explanation: str = ""
    score: str = "1"
    problems: list[str] = field(default_factory=list)
    duplicate: str = ""  # what it repeats, in words

    @property
    def is_good(self) -> bool:
        return not self.problems and not self.duplicate

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "PreviewRow":
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Saved:
    """The acknowledgement of a stored answer: the attempt's running number and the server's time."""

    position: int
    sequence: int
    saved_at: datetime
    repeated: bool = False  # the same or an older message had been taken before; nothing changed


@dataclass(frozen=True, slots=True)
class Marked:
    """What one answer earned."""

    correct: bool
    awarded: Decimal


@dataclass(frozen=True, slots=True)
class Missing:
    """What a learner still has to study before a stage's exam."""

    title: str
    mode: str  # online, offline
    left_seconds: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a learner may start an exam now, and if not, why (one sentence) and what is missing."""

    can_start: bool
    reason: str = ""
    code: str = ""
    missing: tuple[Missing, ...] = ()
    attempts_left: int = 0
    open_attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The best marked attempt of one enrolment in one exam."""

    exam_id: int
    enrolment_id: int
    stage_number: int | None
    score: Decimal
    total: Decimal
    passed: bool
    submitted_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """How one question was answered in an exam (A20)."""

    position: int
    question_id: int
    stem: str
    answered: int
    wrong: int
    attempts: int
    choices: tuple[tuple[str, int], ...] = ()

    @property
    def wrong_percent(self) -> int:
        return (self.attempts - (self.answered - self.wrong)) * 100 // self.attempts if self.attempts else 0


@dataclass(frozen=True, slots=True)
class Phase:
    """Where an exam stands now, in a word, with the tone of its tag."""

    label: str
    tone: str


def phase_of(state: str, opens_at: datetime, closes_at: datetime, now: datetime) -> Phase:
    """The state of an exam as people say it: a scheduled one is before, in or after its times."""
    if state != ExamState.SCHEDULED:
        return Phase(ExamState(state).label, "wait" if state == ExamState.DRAFT else "idle")
    if now < opens_at:
        return Phase("未开始", "idle")
    return Phase("进行中", "ok") if now < closes_at else Phase("已结束", "idle")
