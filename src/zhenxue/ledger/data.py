"""Words and shapes of the ledger; standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from zhenxue.kernel.data import Labelled
from zhenxue.ledger import coverage as coverage  # the arithmetic crosses the border with the shapes


class SpanKind(Labelled):
    ONLINE = "online", "线上学习"
    OFFLINE = "offline", "线下课"


class SpanState(Labelled):
    CREDITED = "credited", "已计入"
    REFUSED = "refused", "未计入"
    WITHDRAWN = "withdrawn", "已撤销"
    MADE_UP = "made_up", "已补计"


class Reason(Labelled):
    """Why a second did not count; the label is what the learner reads."""

    NONE = "", ""
    ALREADY_COUNTED = "already_counted", "这一段已经计过学时，重复观看不再计入"
    DAILY_CAP = "daily_cap", "今天的学时已达到每日上限，明天可以继续学"
    UNIT_FULL = "unit_full", "这个单元的学时已经计满"
    CLOCK = "clock", "进度比实际时间快了，网络卡顿时也会这样，只按实际时间计入"
    HIDDEN = "hidden", "页面不在前台，这段时间不计入"
    NOT_PLAYING = "not_playing", "没有播放，这段时间不计入"
    NO_PROOF = "no_proof", "这次上报没有带学习凭证，不计入"
    REPLAYED = "replayed", "这张学习凭证已经用过，重复上报不计入"
    OUT_OF_ORDER = "out_of_order", "学习凭证的顺序不对，不计入"
    FOREIGN = "foreign", "学习凭证不属于这次学习，请回到课程页重新进入"
    DEVICE = "device", "上报不是由打开学习的那台设备发出的，不计入"
    NO_KEY = "no_key", "这段视频还没有在本页加载播放，不计入"
    PAGE_FULL = "page_full", "这一页的时间已经计满，请接着看下一页"
    CHECK = "check", "没有点“我在学习”，确认之前的时间不计入"
    PRESENCE = "presence", "在学核验还没有完成，这段时间不计入"
    UNPROVEN = "unproven", "没有按时完成在学核验，从上一次核验起先不计入，按期补做后恢复"
    RULED = "ruled", "核查认定这段学习不属实，学时已撤销"
    JUMP = "jump", "播放位置跳到了还没学的内容，这段不计入"
    RATE = "rate", "播放速度超过允许的倍速，这段不计入"
    GAP = "gap", "中间断开太久，断开的时间不计入"
    ENDED = "ended", "学习已在别处打开，本页已停止计时"
    COHORT_CLOSED = "cohort_closed", "班期不在培训时间内，不计入学时"
    IDLE = "idle", "很久没有操作，已暂停计时，点一下页面继续"
    OVERLAP = "overlap", "同一时间已在别处计入学时，不重复计入"
    SELF_TEST = "self_test", "自测已合格，不再计时"
    ABSENT = "absent", "缺勤"
    LATE = "late", "迟到，只计实际上课时间"
    CORRECTED = "corrected", "考勤更正"


#: Seconds in these states are part of what counts; a withdrawal is a negative entry beside them.
COUNTING = (SpanState.CREDITED, SpanState.MADE_UP)


class CorrectionKind(Labelled):
    WITHDRAW = "withdraw", "撤销学时"
    MAKE_UP = "make_up", "补计学时"


class CorrectionState(Labelled):
    REQUESTED = "requested", "学员已申请"
    PROPOSED = "proposed", "等待复核"
    APPROVED = "approved", "已生效"
    REJECTED = "rejected", "不予同意"
    CANCELLED = "cancelled", "已撤回"

    @property
    def tone(self) -> str:
        """The tone of the state's tag on every page (``state_tag``)."""
        return CORRECTION_TONES[self]


CORRECTION_TONES: dict[CorrectionState, str] = {
    CorrectionState.REQUESTED: "wait",
    CorrectionState.PROPOSED: "wait",
    CorrectionState.APPROVED: "ok",
    CorrectionState.REJECTED: "bad",
    CorrectionState.CANCELLED: "idle",
}

#: A learner's request is adopted by the provider (proposed); what staff proposes itself begins there. Only a second
#: person approves; before that the one who asked may take it back. What is decided stays.
CORRECTION_TRANSITIONS: dict[CorrectionState, frozenset[CorrectionState]] = {
    CorrectionState.REQUESTED: frozenset(
        {CorrectionState.PROPOSED, CorrectionState.REJECTED, CorrectionState.CANCELLED}
    ),
    CorrectionState.PROPOSED: frozenset(
        {CorrectionState.APPROVED, CorrectionState.REJECTED, CorrectionState.CANCELLED}
    ),
    CorrectionState.APPROVED: frozenset(),
    CorrectionState.REJECTED: frozenset(),
    CorrectionState.CANCELLED: frozenset(),
}
WAITING_STATES = (CorrectionState.REQUESTED, CorrectionState.PROPOSED)

#: Refusals that no correction makes good: the content or the time has been counted, or there was no such time.
NEVER_MADE_UP = frozenset({Reason.ALREADY_COUNTED, Reason.UNIT_FULL, Reason.OVERLAP, Reason.SELF_TEST, Reason.CLOCK})


class Decision(Labelled):
    """What may be done to many corrections in one act."""

    ADOPT = "adopt", "受理并报复核"
    APPROVE = "approve", "同意并生效"
    REJECT = "reject", "不予同意"
    CANCEL = "cancel", "撤回"


#: How many rows one act may hold; each is checked, booked and proven by itself.
MOST_AT_ONCE = 500
#: How many days one batch may reach over.
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Window:
    """Where a batch looks for refused time: one unit, some days, and hours of each day (``until`` None: to its end)."""

    unit_id: int
    first_day: date
    last_day: date
    since: time = time()
    until: time | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """A learner of whom nothing at all came in the window: nothing says whether they studied."""

    enrolment_id: int
    name: str


type RowKey = tuple[int, date]  # a row of a batch: the enrolment and the day


@dataclass(frozen=True, slots=True)
class Choice:
    """One learner's refused time of one day: what was claimed, and what a batch would propose, or why nothing."""

    enrolment_id: int
    name: str
    day: date
    began_at: datetime
    ended_at: datetime
    reason: Reason
    claimed_seconds: int
    seconds: int
    why_not: str

    @property
    def suggested(self) -> bool:
        """Whether the page ticks it by itself."""
        return not self.why_not and self.reason not in UNEXPLAINED

    @property
    def key(self) -> RowKey:
        return self.enrolment_id, self.day

    @property
    def text_key(self) -> str:
        """The key as a form posts it."""
        return f"{self.enrolment_id}:{self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Who is not in a batch, and why."""

    enrolment_id: int
    day: date
    words: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer for one row of a decision about many: done, or why not (then it is as it was)."""

    correction_id: int
    done: bool
    words: str


#: Refusals that no outage explains: a batch lists them, but ticks them only where somebody does.
UNEXPLAINED = frozenset(
    {
        Reason.NO_PROOF,
        Reason.REPLAYED,
        Reason.OUT_OF_ORDER,
        Reason.FOREIGN,
        Reason.DEVICE,
        Reason.NO_KEY,
        Reason.JUMP,
        Reason.RATE,
        Reason.ENDED,
    }
)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What ``withdraw_range`` took back: seconds by civil day, and whether a finished unit was opened again."""

    seconds: int
    days: Mapping[date, int]
    reopened: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A stretch that ``study`` asks to book: content ``[from_ms, to_ms)`` learnt between two moments of the server's
    clock.

    With a ``reason`` it is already refused and only written down. ``rate_percent`` is the playback rate that the policy
    allowed: content may run so much faster than the clock, the credit never does. ``claimed_ms`` is what the page said,
    where that is more than the stretch lasted.
    """

    from_ms: int
    to_ms: int
    began_at: datetime
    ended_at: datetime
    reason: Reason = Reason.NONE
    rate_percent: int = 100
    claimed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Credited:
    """What ``credit`` booked: seconds that now count, seconds refused by reason, and the state of the unit."""

    seconds: int
    refused: Mapping[Reason, int]
    unit_seconds: int
    unit_ms: int
    covered: tuple[tuple[int, int], ...]
    finished_at: datetime | None
    day_left_ms: int


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """How far one enrolment is in one unit; seconds are credited seconds, positions are milliseconds of content."""

    unit_id: int
    seconds: int
    required_seconds: int
    position_ms: int
    seen_to_ms: int
    finished_at: datetime | None
    covered_ms: int = 0
    tested_at: datetime | None = None

    @property
    def waits_for_test(self) -> bool:
        """Whether enough was read and only the self-test is missing."""
        return self.finished_at is None and self.covered_ms >= self.required_seconds * 1000

    @property
    def percent(self) -> int:
        return 100 if self.finished_at else min(99, self.seconds * 100 // max(self.required_seconds, 1))


@dataclass(frozen=True, slots=True)
class Progress:
    """Class hours of one enrolment, done and needed, online and offline apart."""

    enrolment_id: int
    online_seconds: int
    offline_seconds: int
    online_required_seconds: int
    offline_required_seconds: int
    minutes_per_hour: int
    online_hours: Decimal
    offline_hours: Decimal
    online_required_hours: Decimal
    offline_required_hours: Decimal
    complete: bool

    @property
    def percent(self) -> int:
        needed = self.online_required_seconds + self.offline_required_seconds
        done = min(self.online_seconds, self.online_required_seconds) + min(
            self.offline_seconds, self.offline_required_seconds
        )
        return 100 if self.complete else min(99, done * 100 // max(needed, 1))

    @property
    def online_percent(self) -> int:
        return _percent(self.online_seconds, self.online_required_seconds)

    @property
    def offline_percent(self) -> int:
        return _percent(self.offline_seconds, self.offline_required_seconds)

    @property
    def online_label(self) -> str:
        return f"线上已计入，应学 {self.online_required_hours} 学时"

    @property
    def offline_label(self) -> str:
        return f"线下已计入，应上 {self.offline_required_hours} 学时"

    @property
    def online_text(self) -> str:
        """Done and needed, as a page shows them."""
        return f"{self.online_hours} / {self.online_required_hours} 学时"

    @property
    def offline_text(self) -> str:
        """Done and needed, as a page shows them."""
        return f"{self.offline_hours} / {self.offline_required_hours} 学时"


@dataclass(frozen=True, slots=True)
class DayTotal:
    day: date
    online_seconds: int
    offline_seconds: int

    @property
    def seconds(self) -> int:
        return self.online_seconds + self.offline_seconds


def _percent(done: int, needed: int) -> int:
    return min(100, done * 100 // needed) if needed else 100


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit of the plan as the progress page lists it."""

    stage_number: int
    course: str
    title: str
    unit_seconds: int
    seconds: int
    percent: int
    finished_at: datetime | None
    waits_for_test: bool = False

    @property
    def state(self) -> str:
        if self.finished_at:
            return "已学完"
        if self.waits_for_test:
            return "已读完，还差小测"
        return f"学到 {self.percent}%" if self.seconds else "未开始"

    @property
    def tone(self) -> str:
        return "ok" if self.finished_at else "wait" if self.seconds else "idle"


@dataclass(frozen=True, slots=True)
class LessonRow:
    """An offline lesson of the plan with what was booked for it; ``reason`` says why not, or why less."""

    stage_number: int
    title: str
    starts_at: datetime | None
    lesson_seconds: int
    seconds: int
    booked: bool
    reason: str

    @property
    def state(self) -> str:
        if not self.booked:
            return "未登记"
        return self.reason or "出勤"

    @property
    def tone(self) -> str:
        if not self.booked:
            return "idle"
        return "ok" if self.seconds >= self.lesson_seconds else "wait" if self.seconds else "bad"
