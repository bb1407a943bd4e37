"""What is passed between the rooms of ``exams``; standard library only."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from zhenxue.exams.data.states import ExamKind, ExamState


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
class RuleFacts:
    """One line of a blueprint: so many questions of a kind, worth so much each, and from what they are drawn."""

    bank_id: int
    kind: str
    count: int
    score: Decimal
    part: str = ""
    point_id: int | None = None
    lowest: int = 1
    highest: int = 5


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
class Saved:
    """The acknowledgement of a stored answer: the attempt's running number and the server's time."""

    position: int
    sequence: int
    saved_at: datetime
    repeated: bool = False  # the same or an older message had been taken before; nothing changed
    instead: tuple[Any, ...] | None = None  # what stands, where that is not what was sent
    client_sequence: int = 0  # of what stands, where nothing changed


@dataclass(frozen=True, slots=True)
class ConductClaim:
    """What the page of an attempt tells of itself: how long ago it was, and perhaps how long it lasted."""

    kind: str
    sequence: int
    ago_ms: int = 0
    lasted_ms: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


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
    extra_minutes: int = 0


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
    kind: str = ExamKind.STAGE

    @property
    def label(self) -> str:
        """What it is a result of, in words: ``第 1 阶段``, ``第 1 阶段补考``, ``结业考试``."""
        stage = f"第 {self.stage_number} 阶段" if self.stage_number else ""
        return stage if stage and self.kind == ExamKind.STAGE else f"{stage}{ExamKind(self.kind).label}"


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
