"""How papers are drawn from a plan: pure, without tables, so that it can be tried out and tested by itself.

A plan has *rules*: so many questions of a score each, from a pool of their own. Before a plan is final, ``share_out``
gives every question to one rule, so that no draw can take it twice, and ``span_of`` says which difficulties can be
reached at all. ``draw`` then always gives a sheet whose mean difficulty, weighted by score, is in the plan's band.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import gcd
from random import Random

#: How often a paper is drawn anew when exchanging questions one by one did not reach the band.
TRIES = 3
#: A question that was shown often is this much less likely to be drawn than the others, at most.
STRONGEST = 8.0


@dataclass(frozen=True, slots=True)
class Rule:
    """``count`` questions worth ``weight`` (tenths of a point) each, from ``pool``: question ids by difficulty."""

    count: int
    weight: int
    pool: Mapping[int, Sequence[int]]

    @property
    def size(self) -> int:
        return sum(map(len, self.pool.values()))


@dataclass(frozen=True, slots=True)
class Band:
    """The sums of weight times difficulty that a sheet may have, and the one it should have."""

    low: int
    high: int
    wanted: Decimal

    def holds(self, total: int) -> bool:
        return self.low <= total <= self.high


@dataclass(frozen=True, slots=True)
class Shortage:
    """Rules (by their place) that together need more questions than there are."""

    rules: tuple[int, ...]
    needed: int
    there: int


def weight_of(rules: Sequence[Rule]) -> int:
    """The weight of a whole sheet."""
    return sum(rule.count * rule.weight for rule in rules)


def band_of(rules: Sequence[Rule], target: Decimal, tolerance: Decimal) -> Band:
    """The band of sums for a mean difficulty of ``target`` give or take ``tolerance``."""
    whole = weight_of(rules)
    low = ((target - tolerance) * whole).to_integral_value(rounding=ROUND_CEILING)
    high = ((target + tolerance) * whole).to_integral_value(rounding=ROUND_FLOOR)
    return Band(int(low), int(high), target * whole)


def natural_target(rules: Sequence[Rule]) -> Decimal:
    """The mean difficulty of what the rules draw from, to a hundredth: what papers drawn at random come to."""
    total = Decimal(0)
    for rule in rules:
        mean = Decimal(sum(level * len(ids) for level, ids in rule.pool.items())) / rule.size
        total += mean * rule.count * rule.weight
    return (total / weight_of(rules)).quantize(Decimal("0.01"))


def mean_difficulty(rules: Sequence[Rule], picks: Sequence[Sequence[int]]) -> Decimal:
    """The mean difficulty of a sheet, weighted by score."""
    total = sum(_sum_of(rule, chosen) for rule, chosen in zip(rules, picks, strict=True))
    return Decimal(total) / weight_of(rules)


def share_out(counts: Sequence[int], fits: Mapping[int, Sequence[int]]) -> list[list[int]] | Shortage:
    """Gives each question (id → places of the rules it fits, in order) to one rule: each gets the ``counts`` it needs,
    and of the rest in proportion. Finds a way whenever there is one; else says which rules lack how many.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for question, places in fits.items():
        groups.setdefault(tuple(places), []).append(question)
    given = {group: dict.fromkeys(group, 0) for group in groups}
    free = {group: len(questions) for group, questions in groups.items()}
    for place, needed in enumerate(counts):
        for _ in range(needed):
            met = _take_one(place, given, free)
            if met:
                short = tuple(sorted(met))
                there = sum(len(ids) for group, ids in groups.items() if set(group) & met)
                return Shortage(short, sum(counts[one] for one in short), there)
    held = [sum(part.get(place, 0) for part in given.values()) for place in range(len(counts))]
    for group, left in free.items():
        for _ in range(left if group else 0):
            place = min(group, key=lambda one: (Decimal(held[one]) / max(counts[one], 1), one))
            held[place] += 1
            given[group][place] += 1
    pools: list[list[int]] = [[] for _ in counts]
    for group, questions in groups.items():
        for place, question in zip(_dealt(given[group], len(questions)), questions, strict=False):
            pools[place].append(question)
    return pools


def _take_one(place: int, given: dict[tuple[int, ...], dict[int, int]], free: dict[tuple[int, ...], int]) -> set[int]:
    """Gets one more question for a rule, if need be by letting others take another one (an augmenting path); empty when
    it worked, else the rules that compete for too few questions."""
    came: dict[int, tuple[int, tuple[int, ...]]] = {}
    queue, seen = [place], {place}
    for at in queue:
        for group in given:
            if at not in group:
                continue
            if free[group]:
                free[group] -= 1
                given[group][at] += 1
                while at != place:  # each rule on the way back gets what the next one has given up
                    before, shared = came[at]
                    given[shared][at] -= 1
                    given[shared][before] += 1
                    at = before
                return set()
            for other, held in given[group].items():
                if held and other not in seen:
                    came[other] = at, group
                    seen.add(other)
                    queue.append(other)
    return seen


def _dealt(shares: Mapping[int, int], total: int) -> Iterator[int]:
    """The places in turn, so that each gets its share spread evenly over the whole."""
    given = dict.fromkeys(shares, 0)
    for number in range(1, total + 1 if shares else 0):
        place = max(shares, key=lambda one: (shares[one] * number - given[one] * total, -one))
        given[place] += 1
        yield place


def span_of(rules: Sequence[Rule], band: Band) -> tuple[Decimal, Decimal] | None:
    """``None`` when some sheet lies in the band; else the mean difficulties nearest below and above that can be had
    (the ends of what is possible where there is none)."""
    ways = _Ways(rules)
    if ways.nearest(band) is not None:
        return None
    sums = _bits(ways.totals[-1])
    below = [one for one in sums if one * ways.unit < band.low] or sums[:1]
    above = [one for one in sums if one * ways.unit > band.high] or sums[-1:]
    whole = weight_of(rules)
    return Decimal(below[-1] * ways.unit) / whole, Decimal(above[0] * ways.unit) / whole


def draw(rules: Sequence[Rule], band: Band, shown: Callable[[int], int], random: Random) -> list[list[int]]:
    """The question ids of one sheet, by rule, with its mean difficulty in the band.

    Drawn at random, less readily the oftener a question was ``shown``; then single questions are exchanged within their
    rule until the sheet lies in the band. Where that leads nowhere, a mixture of difficulties that does is looked up.
    Raises ``ValueError`` when there is none (``span_of`` tells beforehand).
    """
    for _ in range(TRIES):
        picks = [_spread(_sample(rule, shown, random), rule) for rule in rules]
        if _exchange(rules, picks, band, shown, random):
            return [[one for ids in chosen.values() for one in ids] for chosen in picks]
    mixture = _Ways(rules).mixture(band, random)
    if mixture is None:
        raise ValueError("no sheet lies in the band")
    return [
        [one for level, many in levels.items() for one in _lightest(rule.pool[level], many, shown, random)]
        for rule, levels in zip(rules, mixture, strict=True)
    ]


def _sample(rule: Rule, shown: Callable[[int], int], random: Random) -> set[int]:
    everything = [one for ids in rule.pool.values() for one in ids]
    return set(_lightest(everything, rule.count, shown, random))


def _lightest(ids: Sequence[int], many: int, shown: Callable[[int], int], random: Random) -> list[int]:
    """So many of the ids, drawn without replacement with weights that fall with how often each was shown (by keys:
    Efraimidis and Spirakis 2006)."""
    if many >= len(ids):
        return list(ids)
    times = [shown(one) for one in ids]
    mean = sum(times) / len(times)
    keys = [
        (random.random() ** (1 / min(max((mean + 1) / (seen + 1), 1 / STRONGEST), STRONGEST)), one)
        for seen, one in zip(times, ids, strict=True)
    ]
    return [one for _key, one in sorted(keys, reverse=True)[:many]]


def _spread(chosen: set[int], rule: Rule) -> dict[int, list[int]]:
    return {level: [one for one in ids if one in chosen] for level, ids in rule.pool.items()}


def _sum_of(rule: Rule, chosen: Sequence[int]) -> int:
    level_of = {one: level for level, ids in rule.pool.items() for one in ids}
    return rule.weight * sum(level_of[one] for one in chosen)


def _exchange(
    rules: Sequence[Rule],
    picks: list[dict[int, list[int]]],
    band: Band,
    shown: Callable[[int], int],
    random: Random,
) -> bool:
    """Exchanges one question after another, each bringing the sheet nearer; whether it came to lie in the band."""
    total = sum(
        rule.weight * level * len(ids)
        for rule, chosen in zip(rules, picks, strict=True)
        for level, ids in chosen.items()
    )
    while not band.holds(total):
        moves = []
        for place, rule in enumerate(rules):
            takes = [level for level, ids in picks[place].items() if ids]
            spares = [level for level, ids in rule.pool.items() if len(ids) > len(picks[place][level])]
            for out in takes:
                for into in spares:
                    after = total + rule.weight * (into - out)
                    if abs(after - band.wanted) < abs(total - band.wanted):
                        moves.append((place, out, into, after))
        if not moves:
            return False
        there = [move for move in moves if band.holds(move[3])]
        place, out, into, total = random.choice(there or moves)
        chosen = picks[place]
        spare = [one for one in rules[place].pool[into] if one not in set(chosen[into])]
        chosen[out].pop(random.randrange(len(chosen[out])))
        chosen[into].extend(_lightest(spare, 1, shown, random))
    return True


class _Ways:
    """Which sums of difficulty can be had: sets of numbers as the bits of one."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.unit = gcd(*(rule.weight for rule in rules))
        self.of_rule = [_sums_of(rule) for rule in rules]
        self.totals = [1]  # after none, one, two … rules, in units
        for rule, steps in zip(rules, self.of_rule, strict=True):
            factor, reached = rule.weight // self.unit, 0
            for one in _bits(steps[-1][rule.count]):
                reached |= self.totals[-1] << (one * factor)
            self.totals.append(reached)

    def nearest(self, band: Band) -> int | None:
        """The sum in the band that is nearest to the one wanted, in units."""
        lowest, highest = -(-band.low // self.unit), band.high // self.unit
        there = [one for one in _bits(self.totals[-1]) if lowest <= one <= highest]
        return min(there, key=lambda one: abs(one * self.unit - band.wanted), default=None)

    def mixture(self, band: Band, random: Random) -> list[dict[int, int]] | None:
        """How many of each difficulty, by rule, come to the nearest sum in the band."""
        left = self.nearest(band)
        if left is None:
            return None
        found: list[dict[int, int]] = []
        for place in range(len(self.rules) - 1, -1, -1):
            rule, factor = self.rules[place], self.rules[place].weight // self.unit
            before = self.totals[place]
            sums = _bits(self.of_rule[place][-1][rule.count])
            fitting = [one for one in sums if left >= one * factor and before >> (left - one * factor) & 1]
            chosen = random.choice(fitting)
            found.append(_levels(rule, self.of_rule[place], chosen, random))
            left -= chosen * factor
        return found[::-1]


def _sums_of(rule: Rule) -> list[list[int]]:
    """After each difficulty of the pool in order: per number of questions taken, the sums of difficulty as bits."""
    steps = [[1, *[0] * rule.count]]
    for level, ids in rule.pool.items():
        before = steps[-1]
        steps.append(
            [
                _joined(before[many - taken] << (level * taken) for taken in range(min(many, len(ids)) + 1))
                for many in range(rule.count + 1)
            ]
        )
    return steps


def _levels(rule: Rule, steps: Sequence[Sequence[int]], total: int, random: Random) -> dict[int, int]:
    """One way to take the rule's number of questions so that their difficulties come to ``total``."""
    many, found = rule.count, {}
    for step in range(len(rule.pool) - 1, -1, -1):
        level, ids = list(rule.pool.items())[step]
        ways = [
            taken
            for taken in range(min(many, len(ids)) + 1)
            if total >= level * taken and steps[step][many - taken] >> (total - level * taken) & 1
        ]
        found[level] = taken = random.choice(ways)
        many, total = many - taken, total - level * taken
    return found


def _joined(parts: Iterator[int]) -> int:
    whole = 0
    for part in parts:
        whole |= part
    return whole


def _bits(number: int) -> list[int]:
    """Which bits are set, in order."""
    text = bin(number)[:1:-1]
    found, at = [], text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found
