"""Words, state machine and arithmetic of the staged subsidy (N14); standard library only.

The notice (聊人社字〔2025〕3号 四（五）) pays for learners who finish all lessons and pass the assessment, by
“分段培训、分段考核、分段补贴”, and says “线上平台的培训补贴按照职业培训线下补贴标准的20%执行”.
Read here as follows, and argued in docs/explanation/subsidy.md:

- Two things are paid for a qualified learner: the (offline) training by its standard, and the online platform's part.
- The online part is 20 % of the *standard*, because the sentence compares two standards and names no hours: ``flat``.
  ``pro_rata`` is the other reading: 20 % of the standard, weighed by the share of online hours in the filed plan.
- The offline part is the standard in full (``full``); a region may weigh it by the share of offline hours
  (``by_hours``).
- Both parts are paid in stages by the policy's shares; a stage is paid when its lessons are done and its assessment is
  passed.
- A plan without online lessons has no online part.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from zhenxue.kernel import money
from zhenxue.kernel.data import Labelled


class OnlineMode(Labelled):
    FLAT = "flat", "定额：线上部分 = 标准 × 百分比"
    PRO_RATA = "pro_rata", "按学时：线上部分 = 标准 × 百分比 × 线上学时占比"


class OfflineBasis(Labelled):
    FULL = "full", "全额：线下部分 = 标准"
    BY_HOURS = "by_hours", "按学时：线下部分 = 标准 × 线下学时占比"


class ClaimState(Labelled):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待县级审核"
    COUNTY_REVIEWED = "county_reviewed", "待市级审批"
    APPROVED = "approved", "待拨付"
    PAID = "paid", "已拨付"
    RETURNED = "returned", "已退回"


CLAIM_TRANSITIONS: dict[ClaimState, frozenset[ClaimState]] = {
    ClaimState.DRAFT: frozenset({ClaimState.SUBMITTED}),
    ClaimState.SUBMITTED: frozenset({ClaimState.COUNTY_REVIEWED, ClaimState.RETURNED}),
    ClaimState.COUNTY_REVIEWED: frozenset({ClaimState.APPROVED, ClaimState.RETURNED}),
    ClaimState.APPROVED: frozenset({ClaimState.PAID}),
    ClaimState.PAID: frozenset(),
    ClaimState.RETURNED: frozenset({ClaimState.SUBMITTED}),
}
#: The provider may still submit (again); nothing is frozen.
OPEN_STATES = frozenset({ClaimState.DRAFT, ClaimState.RETURNED})


class Ineligible(Labelled):
    """Why a learner gets nothing for a stage."""

    NONE = "", ""
    LEFT = "left", "已退出班期"
    HOURS = "hours", "本阶段课程未全部完成"
    EXAM = "exam", "本阶段考核未通过"
    CLAIMED = "claimed", "本阶段补贴已申报过"
    PAID_ELSEWHERE = "paid_elsewhere", "同一职业同一等级的本阶段补贴已在其他班期申报"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says, as numbers: frozen into each claim. ``shares`` are per cent of the stages, summing to 100."""

    standard_cents: int
    online_percent: int
    online_mode: OnlineMode
    offline_basis: OfflineBasis
    shares: tuple[int, ...]
    title: str
    source: str

    def frozen(self) -> dict[str, Any]:
        """As JSON, for the claim and its digest."""
        return {**asdict(self), "shares": list(self.shares)}


@dataclass(frozen=True, slots=True)
class PlanHours:
    """Required seconds of the whole filed plan, and how long a class hour is."""

    online_seconds: int
    offline_seconds: int
    minutes_per_hour: int

    @property
    def total_seconds(self) -> int:
        return self.online_seconds + self.offline_seconds


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explanation: what, how much, and how it came about."""

    label: str
    value: str
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Computation:
    """What one qualified learner earns for one stage, explained."""

    amount_cents: int
    offline_cents: int
    online_cents: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about one learner and one stage."""

    active: bool
    hours_done: bool
    passed: bool
    claimed_before: bool = False
    claimed_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One learner of a claim before it is frozen."""

    enrolment_id: int
    person_id: int
    name: str
    eligible: bool
    reason: Ineligible
    amount_cents: int
    explanation: tuple[Line, ...] = ()

    def content(self) -> list[Any]:
        """What the claim's digest covers of this learner; no names."""
        return [self.enrolment_id, self.person_id, self.eligible, self.reason.value, self.amount_cents]


@dataclass(frozen=True, slots=True)
class Preview:
    """A claim as it would be submitted now."""

    terms: Terms
    hours: PlanHours
    stage_number: int
    computation: Computation
    lines: tuple[LineDraft, ...] = field(default=())

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)

    @property
    def eligible(self) -> int:
        return sum(line.eligible for line in self.lines)

    @property
    def digest(self) -> str:
        return claim_digest(self.terms.frozen(), self.stage_number, [line.content() for line in self.lines])


def judge(facts: Facts) -> Ineligible:
    """The first reason why not, in the order a person would mend them; ``NONE`` when the learner qualifies."""
    if not facts.active:
        return Ineligible.LEFT
    if facts.claimed_before:
        return Ineligible.CLAIMED
    if facts.claimed_elsewhere:
        return Ineligible.PAID_ELSEWHERE
    if not facts.hours_done:
        return Ineligible.HOURS
    return Ineligible.NONE if facts.passed else Ineligible.EXAM


def compute(terms: Terms, hours: PlanHours, stage_number: int) -> Computation:
    """What a qualified learner earns for a stage, line by line. Pure; parts of a cent are dropped.

    The whole amounts are found first and then split over the stages, so all stages together pay exactly the whole.
    Raises ``ValueError`` for a stage that the shares do not have or a plan without hours.
    """
    if not 1 <= stage_number <= len(terms.shares) or sum(terms.shares) != 100 or hours.total_seconds <= 0:
        raise ValueError("no such stage, or a plan without hours")
    standard = terms.standard_cents
    offline = standard
    if terms.offline_basis == OfflineBasis.BY_HOURS:
        offline = standard * hours.offline_seconds // hours.total_seconds
    online = standard * terms.online_percent // 100
    if terms.online_mode == OnlineMode.PRO_RATA:
        online = standard * terms.online_percent * hours.online_seconds // (100 * hours.total_seconds)
    if not hours.online_seconds:
        online = 0
    offline_part = money.split(offline, terms.shares)[stage_number - 1]
    online_part = money.split(online, terms.shares)[stage_number - 1]
    lines = _explain(terms, hours, stage_number, offline_part, online_part)
    return Computation(offline_part + online_part, offline_part, online_part, lines)


def _explain(terms: Terms, hours: PlanHours, stage_number: int, offline: int, online: int) -> tuple[Line, ...]:
    yuan = money.format_yuan
    standard, share = yuan(terms.standard_cents), terms.shares[stage_number - 1]
    online_hours, offline_hours = (
        _hours(seconds, hours.minutes_per_hour) for seconds in (hours.online_seconds, hours.offline_seconds)
    )
    whole = _hours(hours.total_seconds, hours.minutes_per_hour)
    parts = f"线上 {online_hours}，线下 {offline_hours}；每课时 {hours.minutes_per_hour} 分钟"
    offline_formula = f"{standard} × {share}%"
    if terms.offline_basis == OfflineBasis.BY_HOURS:
        offline_formula = f"{standard} × {offline_hours}/{whole} × {share}%"
    online_formula = f"{standard} × {terms.online_percent}% × {share}%"
    if terms.online_mode == OnlineMode.PRO_RATA:
        online_formula = f"{standard} × {terms.online_percent}% × {online_hours}/{whole} × {share}%"
    if not hours.online_seconds:
        online_formula = "方案没有线上课程，没有线上部分"
    return (
        Line("补贴标准（线下）", f"{standard} 元/人", f"{terms.title}；{terms.source}"),
        Line("备案方案学时", f"{whole} 课时", parts),
        Line("本阶段比例", f"{share}%", f"第 {stage_number} 阶段，共 {len(terms.shares)} 个阶段"),
        Line("线下部分", f"{yuan(offline)} 元", f"{offline_formula}；{OfflineBasis(terms.offline_basis).label}"),
        Line("线上部分", f"{yuan(online)} 元", f"{online_formula}；{OnlineMode(terms.online_mode).label}"),
        Line("本阶段合计", f"{yuan(offline + online)} 元", f"{yuan(offline)} + {yuan(online)}；不足一分舍去"),
    )


def claim_digest(terms: Mapping[str, Any], stage_number: int, lines: Sequence[Sequence[Any]]) -> str:
    """SHA-256 (hex) of canonical JSON: the terms, the stage, and every learner's outcome in order of enrolment."""
    body = {"lines": sorted(list(line) for line in lines), "stage": stage_number, "terms": dict(terms)}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _hours(seconds: int, minutes_per_hour: int) -> str:
    """Class hours to one tenth, cut, without a useless zero."""
    tenths = seconds * 10 // (minutes_per_hour * 60)
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
