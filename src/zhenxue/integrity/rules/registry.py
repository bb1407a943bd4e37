"""The registry of rules: what each looks at, how much it weighs, what speaks against it. Standard library only.

A rule finds something strange; it never decides. Its weight (1–100) is added to the score of an incident, at most
``most`` times. A change of a weight, a number or the arithmetic is a new ``version``; a signal keeps the one it was
noted under.
"""

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules.facts import Owner


class Looks(enum.Enum):
    """What a rule is shown: facts one by one, or those of one class together."""

    CHECK = "一次在学核验"
    SESSION = "一次学习"
    DAY = "一名学员一天里的各次学习"
    SESSIONS = "一个班期里的各次学习"
    ATTEMPT = "一次考试"
    ATTEMPTS = "一场考试的各份答卷"
    PAIR = "两份答卷的比对"
    NOTE = "监考员的一条记录"
    SIGN_INS = "一名学员先后的登录"
    FACE = "一次人脸登记"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: whose it is, where, when, with numbers that a person can follow; no floats, no names."""

    owner: Owner
    context: str
    at: dt.datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""  # what makes it the same finding when the rule runs again; the context where empty


@dataclass(frozen=True, slots=True)
class Rule:
    """One registered rule; ``find`` is pure."""

    key: str
    label: str
    looks: Looks
    looks_at: str
    weight: int
    version: int
    points_to: IncidentKind
    against: str  # the honest case that looks the same
    find: Callable[[Any], Sequence[Finding]]
    numbers: Mapping[str, int] = field(default_factory=dict)  # the rule's own limits, by name
    why: str = ""  # why the weight and the numbers are what they are
    most: int = 1  # how often it counts within one incident
    class_wide: bool = False  # it speaks of several learners at once
    in_exam: IncidentKind | None = None  # what it points to when it comes from an exam

    def kind_for(self, context: str) -> IncidentKind:
        """The kind of incident, by where the signal comes from."""
        return self.in_exam if self.in_exam and context.startswith("exam:") else self.points_to


@dataclass(frozen=True, slots=True)
class Gathering:
    """When signals become an incident: the score that opens one, and the days within which they belong together."""

    threshold: int
    window_days: int
    version: int
    why: str


#: One weak signal never opens an incident; three of the middle or two strong ones do, and what is seldom by chance does
#: alone. Fourteen days are two teaching weeks: longer, and honest mishaps of a whole course would add up.
USUAL = Gathering(60, 14, 1, "单独一条弱线索不立案；两周内累计到 60 分才立案，避免把整个培训期的偶发情况加在一起")
GATHERING: Mapping[IncidentKind, Gathering] = {
    **dict.fromkeys(IncidentKind, USUAL),
    IncidentKind.DEVICE_SHARING: Gathering(
        80, 7, 1, "两名以上学员各有一条才立案；机房、借用手机都会出现，一周内集中发生才需要看"
    ),
    IncidentKind.EXAM_BRUSHING: Gathering(60, 30, 1, "一场考试的答卷一次比对，按考试算，不必等两周"),
    IncidentKind.DUPLICATE_FACE: Gathering(60, 365, 1, "一条就要由人看：可能是双胞胎，也可能是冒名"),
}

_rules: dict[str, Rule] = {}


def register_rule(rule: Rule) -> Rule:
    """Adds a rule; raises ``ValueError`` for a second one of the same key, or one that says too little."""
    if _rules.get(rule.key, rule) != rule:
        raise ValueError(f"rule {rule.key} is registered already")
    if not 1 <= rule.weight <= 100 or rule.most < 1 or not (rule.label and rule.looks_at and rule.against and rule.why):
        raise ValueError(f"rule {rule.key} has to say its weight, what it looks at and what speaks against it")
    _rules[rule.key] = rule
    return rule


def find_rule(key: str) -> Rule | None:
    """The rule of that key, if any."""
    return _rules.get(key)


def all_rules() -> list[Rule]:
    """Every registered rule, in the order of registration."""
    return list(_rules.values())


def rules_on(looks: Looks) -> list[Rule]:
    """The rules that are shown such facts."""
    return [rule for rule in _rules.values() if rule.looks is looks]


def score_of(weights: Sequence[tuple[str, int]]) -> int:
    """The score of signals, given as (rule key, weight): each rule counts at most ``most`` times, its heaviest
    first."""
    by_rule: dict[str, list[int]] = {}
    for key, weight in weights:
        by_rule.setdefault(key, []).append(weight)
    total = 0
    for key, found in by_rule.items():
        rule = find_rule(key)
        total += sum(sorted(found, reverse=True)[: rule.most if rule else 1])
    return total


def heaviest_kind(weights: Sequence[tuple[IncidentKind, str, int]]) -> IncidentKind:
    """The kind to which the heaviest signals point; of equals, the first in the list of kinds."""
    by_kind: dict[IncidentKind, list[tuple[str, int]]] = {}
    for kind, key, weight in weights:
        by_kind.setdefault(kind, []).append((key, weight))
    order = list(IncidentKind)
    return max(by_kind, key=lambda kind: (score_of(by_kind[kind]), -order.index(kind)))
