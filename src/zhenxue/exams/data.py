"""Words, shapes and state machines of ``exams``; standard library only."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from zhenxue.kernel.data import Labelled


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
    stage_number: int
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
