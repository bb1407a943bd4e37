"""What a blueprint comes to: its rules with the questions they may draw, and what stands in the way of finishing it.

Reads only. The drawing itself, without tables: ``selection``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from zhenxue.exams.data import Kind
from zhenxue.exams.models import Blueprint, BlueprintRule, Question
from zhenxue.exams.operations import selection
from zhenxue.exams.queries import list_rules, matching

MOST_RULES = 40
MOST_QUESTIONS = 300
#: A sheet that takes more than this share of a rule's pool gives neighbours much the same questions.
THIN = 2


@dataclass(frozen=True, slots=True)
class Found:
    """One rule, with how many different questions it finds and how many of them are its own to draw."""

    rule: BlueprintRule
    there: int
    own: int

    @property
    def is_short(self) -> bool:
        return self.there < self.rule.count

    @property
    def is_thin(self) -> bool:
        return not self.is_short and self.own < self.rule.count * THIN

    @property
    def total(self) -> Decimal:
        return self.rule.count * self.rule.score


@dataclass(frozen=True, slots=True)
class Plan:
    """A blueprint as it stands. With ``problems`` nothing can be drawn, and it cannot be finished."""

    found: tuple[Found, ...]
    rules: tuple[selection.Rule, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    target: Decimal | None = None
    band: selection.Band | None = None

    @property
    def questions(self) -> int:
        return sum(one.rule.count for one in self.found)

    @property
    def total(self) -> Decimal:
        return sum((one.total for one in self.found), Decimal(0))


@dataclass(frozen=True, slots=True)
class Sample:
    """A paper drawn to be looked at: questions by rule, and the mean difficulty it came to."""

    parts: tuple[tuple[BlueprintRule, tuple[Question, ...]], ...]
    difficulty: Decimal


def plan_of(blueprint: Blueprint) -> Plan:
    """What the rules find now, shared out among them; one query a rule and one more."""
    rules = list_rules(blueprint)
    level_of, fits, doubles = _candidates(rules)
    counts = [rule.count for rule in rules]
    shared = selection.share_out(counts, fits)
    pools = [[] for _ in rules] if isinstance(shared, selection.Shortage) else shared
    there = [sum(place in places for places in fits.values()) for place in range(len(rules))]
    found = tuple(Found(*one) for one in zip(rules, there, map(len, pools), strict=True))
    problems = _problems(found, shared)
    if problems:
        return Plan(found, (), problems, ())
    drawn = tuple(
        selection.Rule(rule.count, int(rule.score * 10), _by_level(pool, level_of, doubles, place))
        for place, (rule, pool) in enumerate(zip(rules, pools, strict=True))
    )
    target = blueprint.difficulty if blueprint.difficulty is not None else selection.natural_target(drawn)
    band = selection.band_of(drawn, target, blueprint.tolerance)
    missed = selection.span_of(drawn, band)
    if missed is not None:
        return Plan(found, (), (_out_of_reach(target, blueprint.tolerance, missed),), (), target)
    return Plan(found, drawn, (), _warnings(found), target, band)


def frozen_plan(blueprint: Blueprint) -> tuple[list[BlueprintRule], tuple[selection.Rule, ...], selection.Band]:
    """The rules of a final blueprint as they were frozen, ready to draw from; one query."""
    rules = list_rules(blueprint)
    drawn = tuple(
        selection.Rule(rule.count, int(rule.score * 10), {level: tuple(ids) for level, ids in pool})
        for rule, pool in zip(rules, blueprint.pool, strict=True)
    )
    assert blueprint.difficulty is not None  # set when it was finished
    return rules, drawn, selection.band_of(drawn, blueprint.difficulty, blueprint.tolerance)


def frozen_view(blueprint: Blueprint) -> Plan:
    """A final blueprint as ``plan_of`` shows a draft; one query."""
    rules, drawn, band = frozen_plan(blueprint)
    found = tuple(Found(rule, one.size, one.size) for rule, one in zip(rules, drawn, strict=True))
    return Plan(found, drawn, (), (), blueprint.difficulty, band)


def try_out(plan: Plan, random: Random, *, many: int = 3) -> list[Sample]:
    """So many papers as learners could get them; none while the plan has problems. One query."""
    if plan.problems or plan.band is None:
        return []
    band = plan.band
    sheets = [selection.draw(plan.rules, band, lambda number: 0, random) for _ in range(many)]
    questions = Question.objects.in_bulk({one for sheet in sheets for ids in sheet for one in ids})
    rules = [one.rule for one in plan.found]
    return [
        Sample(
            tuple((rule, tuple(questions[one] for one in ids)) for rule, ids in zip(rules, sheet, strict=True)),
            selection.mean_difficulty(plan.rules, sheet).quantize(Decimal("0.01")),
        )
        for sheet in sheets
    ]


def _candidates(
    rules: Sequence[BlueprintRule],
) -> tuple[dict[int, int], dict[int, list[int]], dict[int, dict[int, int]]]:
    """Difficulty by question; per question (of those that say the same, the oldest) the rules it fits; and which of
    them stands for it in a rule."""
    level_of: dict[int, int] = {}
    first: dict[str, int] = {}
    doubles: dict[int, dict[int, int]] = {}
    for place, rule in enumerate(rules):
        for number, level, digest in matching(rule).order_by("pk").values_list("pk", "difficulty", "digest"):
            level_of[number] = level
            doubles.setdefault(first.setdefault(digest, number), {}).setdefault(place, number)
    order = sorted(doubles, key=lambda one: (level_of[one], one))
    return level_of, {number: sorted(doubles[number]) for number in order}, doubles


def _by_level(
    pool: Sequence[int], level_of: Mapping[int, int], doubles: Mapping[int, Mapping[int, int]], place: int
) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for number in pool:
        own = doubles[number][place]
        found.setdefault(level_of[own], []).append(own)
    return {level: tuple(sorted(found[level])) for level in sorted(found)}


def _problems(found: Sequence[Found], shared: object) -> tuple[str, ...]:
    if not found:
        return ("还没有抽题规则，请先添加。",)
    problems = [
        f"第 {one.rule.position} 条规则要抽 {one.rule.count} 题，题库中只有 {one.there} 题符合条件。"
        for one in found
        if one.is_short
    ]
    if not problems and isinstance(shared, selection.Shortage):
        names = "、".join(str(found[place].rule.position) for place in shared.rules)
        problems.append(
            f"第 {names} 条规则抽的是同一批题，一共要 {shared.needed} 题，题库中只有 {shared.there} 题。"
            "请补充题目、减少题数，或把条件分开。"
        )
    if sum(one.rule.count for one in found) > MOST_QUESTIONS:
        problems.append(f"一份试卷最多 {MOST_QUESTIONS} 道题，请减少题数。")
    return tuple(problems)


def _warnings(found: Sequence[Found]) -> tuple[str, ...]:
    warnings = [
        f"第 {one.rule.position} 条规则要抽 {one.rule.count} 题，可抽的只有 {one.own} 题，"
        "不同学员的试卷会有很多相同的题。"
        for one in found
        if one.is_thin
    ]
    parts = {one.rule.part for one in found}
    if "" in parts and len(parts) > 1:
        warnings.append("有的规则写了“部分”，有的没有写；没有写的不计入任何一部分。")
    kinds = {one.rule.kind for one in found}
    if Kind.PRACTICAL in kinds and len(kinds) > 1:
        warnings.append("实操题和其他题型在同一份试卷里；实操题要由考评员评分，一般单独组卷。")
    return tuple(warnings)


def _out_of_reach(target: Decimal, tolerance: Decimal, missed: tuple[Decimal, Decimal]) -> str:
    below, above = (f"{one:.2f}" for one in missed)
    nearest = f"最接近的是 {below}" if below == above else f"最接近的是 {below} 和 {above}"
    return (
        f"按这些规则抽不出平均难度为 {target} 的试卷（允许相差 {tolerance}），{nearest}。"
        "请调整目标难度、放宽允差，或补充其他难度的题。"
    )
