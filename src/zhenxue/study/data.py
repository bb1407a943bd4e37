"""Words and shapes of study sessions; standard library only."""

from dataclasses import dataclass
from datetime import datetime

from zhenxue.kernel.data import Labelled


class SessionState(Labelled):
    OPEN = "open", "学习中"
    ENDED = "ended", "已结束"


SESSION_TRANSITIONS: dict[SessionState, frozenset[SessionState]] = {
    SessionState.OPEN: frozenset({SessionState.ENDED}),
    SessionState.ENDED: frozenset(),
}


class EndReason(Labelled):
    NONE = "", ""
    LEFT = "left", "离开了学习页"
    HANDED_OVER = "handed_over", "学习已转到另一个页面"
    RESUMED = "resumed", "同一页面重新打开"
    SILENT = "silent", "长时间没有联系，已自动结束"
    SIGNED_OUT = "signed_out", "已退出登录"
    COHORT_CLOSED = "cohort_closed", "班期已结束"


class Event(Labelled):
    """Why the player sends this beat."""

    TICK = "tick", "定时"
    PAUSE = "pause", "暂停"
    SEEK = "seek", "拖动"
    HIDE = "hide", "切到后台"
    END = "end", "播放结束"
    CLOSE = "close", "关闭页面"


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """The study session that has to end before a new one may open."""

    session_id: int
    unit_title: str
    device: str
    opened_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What the player needs to begin: times in milliseconds, ``credited_seconds`` of the unit so far."""

    session_id: int
    number: int
    ticket: str
    position_ms: int
    seen_to_ms: int
    unit_ms: int
    credited_seconds: int
    beat_seconds: int
    max_gap_seconds: int
    max_rate_percent: int
    idle_seconds: int
    day_left_seconds: int
    finished: bool
    paced: bool


@dataclass(frozen=True, slots=True)
class TestedQuestion:
    """One question of a self-test as judged; the explanation is shown only now."""

    position: int
    stem: str
    given: tuple[str, ...]
    answer: tuple[str, ...]
    right: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class TestResult:
    """A judged self-test: how many per cent were right and what the unit asks for."""

    percent: int
    pass_percent: int
    passed: bool
    questions: tuple[TestedQuestion, ...]
    finished: bool
