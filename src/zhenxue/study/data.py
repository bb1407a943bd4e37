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


class ArchiveState(Labelled):
    SEALED = "sealed", "已归档"
    RESTORED = "restored", "已恢复到数据库"

    @property
    def tone(self) -> str:
        """The tone of the state's tag."""
        return "ok" if self is ArchiveState.SEALED else "wait"


#: Restored beats are taken out again against the same file.
ARCHIVE_TRANSITIONS: dict[ArchiveState, frozenset[ArchiveState]] = {
    ArchiveState.SEALED: frozenset({ArchiveState.RESTORED}),
    ArchiveState.RESTORED: frozenset({ArchiveState.SEALED}),
}


class EndReason(Labelled):
    NONE = "", ""
    LEFT = "left", "离开了学习页"
    HANDED_OVER = "handed_over", "学习已转到另一个页面"
    RESUMED = "resumed", "同一页面重新打开"
    SILENT = "silent", "长时间没有联系，已自动结束"
    SIGNED_OUT = "signed_out", "已退出登录"
    COHORT_CLOSED = "cohort_closed", "班期已结束"
    DEVICE_TAKEN = "device_taken", "这台设备换了别人学习"


#: What the page of an ended session says.
ENDED_WORDS: dict[str, str] = {
    EndReason.LEFT: "这次学习已经结束，进度已保存。要继续学习，请刷新本页。",
    EndReason.HANDED_OVER: "学习已在别处打开，本页已停止计时",
    EndReason.RESUMED: "这个页面已重新打开，请在新打开的页面上继续学习",
    EndReason.SILENT: "离开太久，学习已自动暂停，进度已保存。请刷新本页继续学习。",
    EndReason.SIGNED_OUT: "登录已退出，本页已停止计时。请重新登录后继续学习。",
    EndReason.COHORT_CLOSED: "班期已结束，不再计入学时",
    EndReason.DEVICE_TAKEN: "这台设备换了别人学习，本页已停止计时",
}


#: How much of a reading unit must be read before the self-test below it opens.
TEST_OPENS_PERCENT = 80


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
    """What the player needs to begin: times in milliseconds, ``credited_seconds`` of the unit so far.

    ``server_ephemeral`` is the server's half of the key agreement. For what is read, ``slots`` pages count at most
    ``slot_ms`` each, ``page_counts_ms`` is what they count already and ``page`` the one to resume at;
    ``needs_self_test`` says that time alone does not finish it. With ``presence`` nothing counts until the check at
    ``study:presence`` is passed.
    """

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
    server_ephemeral: str
    slots: int
    slot_ms: int
    page: int
    page_counts_ms: tuple[int, ...]
    needs_self_test: bool
    key_lead_seconds: int
    check_answer_seconds: int
    presence: bool


@dataclass(frozen=True, slots=True)
class DeviceProof:
    """What a page brings to open a session: a challenge of ours, its own ephemeral key, the device's signature."""

    challenge: str
    ephemeral: str
    signature: str


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
    """A judged self-test: how many per cent were right and what the unit asks for.

    ``finished`` says whether the unit is done now; a reading unit may still have to be read to its end.
    """

    percent: int
    pass_percent: int
    passed: bool
    questions: tuple[TestedQuestion, ...]
    finished: bool
