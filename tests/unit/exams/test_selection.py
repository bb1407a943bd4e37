"""Drawing papers from a plan: every sheet keeps the rules and the band, and every question gets its turn."""

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenxue.exams.operations.selection import (
    Band,
    Rule,
    Shortage,
    band_of,
    draw,
    mean_difficulty,
    natural_target,
    share_out,
    span_of,
)


def unseen(question: int) -> int:
    return 0


def pools(sizes: list[list[int]]) -> list[dict[int, list[int]]]:
    """Pools with so many questions of each difficulty; ids never repeat."""
    number, found = 0, []
    for levels in sizes:
        pool = {}
        for level, many in enumerate(levels, start=1):
            if many:
                pool[level] = list(range(number, number + many))
                number += many
        found.append(pool)
    return found


@st.composite
def plans(draw_from: st.DrawFn) -> list[Rule]:
    sizes = draw_from(st.lists(st.lists(st.integers(0, 6), min_size=5, max_size=5), min_size=1, max_size=4))
    rules = []
    for pool in pools([one if any(one) else [1, *one[1:]] for one in sizes]):
        there = sum(map(len, pool.values()))
        rules.append(Rule(draw_from(st.integers(1, there)), draw_from(st.sampled_from([5, 10, 15, 20, 25])), pool))
    return rules


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(100, 500), st.sampled_from(["0.00", "0.05", "0.20", "0.50"]), st.integers(0, 2**32))
def test_every_sheet_keeps_the_rules_and_the_band(rules: list[Rule], target: int, tolerance: str, seed: int) -> None:
    wanted, allowed = Decimal(target) / 100, Decimal(tolerance)
    band = band_of(rules, wanted, allowed)
    missed = span_of(rules, band)
    if missed is not None:
        assert all(abs(one - wanted) > allowed for one in missed)
        with pytest.raises(ValueError, match="band"):
            draw(rules, band, unseen, Random(seed))
        return
    picks = draw(rules, band, unseen, Random(seed))
    for rule, chosen in zip(rules, picks, strict=True):
        assert len(set(chosen)) == rule.count
        assert set(chosen) <= {one for ids in rule.pool.values() for one in ids}
    assert abs(mean_difficulty(rules, picks) - wanted) <= allowed


def test_a_band_that_exchanging_one_by_one_cannot_reach_is_reached_all_the_same() -> None:
    # two questions of three, or one of five: from 1+1+… only several exchanges at once come to the sum wanted
    rules = [Rule(2, 30, {1: [1, 2], 2: [3, 4]}), Rule(2, 20, {1: [5, 6], 4: [7, 8]})]
    whole = 100
    for total in (100, 130, 160, 190, 220, 250, 280):
        band = Band(total, total, Decimal(total))
        if span_of(rules, band) is None:
            for seed in range(20):
                picks = draw(rules, band, unseen, Random(seed))
                assert mean_difficulty(rules, picks) == Decimal(total) / whole


def test_without_a_wish_the_target_is_what_the_pool_comes_to() -> None:
    rules = [Rule(2, 10, {1: [1, 2], 3: [3, 4]}), Rule(1, 20, {5: [5, 6]})]
    assert natural_target(rules) == Decimal("3.50")


def test_every_question_gets_its_turn() -> None:
    random = Random(20261122)
    [pool] = pools([[8, 8, 8, 8, 8]])
    rules = [Rule(10, 10, pool)]
    band = band_of(rules, natural_target(rules), Decimal("0.50"))
    times = Counter[int]()
    draws = 800
    for _ in range(draws):
        times.update(*draw(rules, band, unseen, random))
    expected = draws * 10 / 40
    for ids in pool.values():  # within a difficulty all are alike: 7 degrees of freedom, 24.3 is the 0.1 per cent point
        mean = sum(times[one] for one in ids) / len(ids)
        assert sum((times[one] - mean) ** 2 / mean for one in ids) < 24.3
        assert 0.6 * expected < mean < 1.4 * expected


def test_what_was_shown_often_is_drawn_less_readily_and_the_rest_evens_it_out() -> None:
    random = Random(7)
    rules = [Rule(5, 10, {3: list(range(30))})]
    band = band_of(rules, Decimal(3), Decimal(0))
    seen = Counter(dict.fromkeys(range(10), 60))  # ten were shown often before
    for _ in range(500):
        seen.update(*draw(rules, band, seen.__getitem__, random))
    old, new = sum(seen[one] for one in range(10)) / 10, sum(seen[one] for one in range(10, 30)) / 20
    assert abs(old - new) < 30  # they had been 60 apart
    assert max(seen[one] for one in range(30)) < 1.5 * min(seen[one] for one in range(30))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.lists(st.sets(st.integers(0, 3), max_size=4), max_size=14),
)
def test_questions_that_fit_several_rules_go_to_one_each_whenever_that_is_possible(
    counts: list[int], places: list[set[int]]
) -> None:
    fits = {number: sorted(one for one in fit if one < len(counts)) for number, fit in enumerate(places)}
    found = share_out(counts, fits)
    if isinstance(found, Shortage):
        competing = [number for number, fit in fits.items() if set(fit) & set(found.rules)]
        assert found.there == len(competing) < found.needed == sum(counts[one] for one in found.rules)
        return
    assert all(len(pool) >= many for pool, many in zip(found, counts, strict=True))
    given_out = [one for pool in found for one in pool]
    assert len(set(given_out)) == len(given_out) == sum(bool(fit) for fit in fits.values())
    assert all(place in fits[one] for place, pool in enumerate(found) for one in pool)


def test_a_rule_gives_way_to_one_that_has_nothing_else() -> None:
    assert share_out([2, 2], {1: [0, 1], 2: [0, 1], 3: [0], 4: [0]}) == [[3, 4], [1, 2]]
    assert share_out([2, 2], {1: [0, 1], 2: [0, 1], 3: [0]}) == Shortage((0, 1), 4, 3)
