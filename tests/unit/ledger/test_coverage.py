"""The arithmetic of coverage against the plainest possible model: a set of milliseconds."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from zhenxue.ledger.data import coverage

STRETCH = st.tuples(st.integers(0, 60), st.integers(0, 60))
STRETCHES = st.lists(STRETCH, max_size=8)


def cells(stretches: list[tuple[int, int]]) -> set[int]:
    return {cell for start, end in stretches for cell in range(start, end)}


def is_normal(stretches: list[tuple[int, int]]) -> bool:
    return all(start < end for start, end in stretches) and all(
        one[1] < two[0] for one, two in itertools.pairwise(stretches)
    )


@given(STRETCHES)
def test_the_union_holds_the_same_cells_sorted_and_disjoint(stretches: list[tuple[int, int]]) -> None:
    joined = coverage.normal(stretches)
    assert cells(joined) == cells(stretches)
    assert is_normal(joined)
    assert coverage.length(joined) == len(cells(stretches))


@given(STRETCHES, STRETCH)
def test_adding_a_stretch_is_the_union_with_it(stretches: list[tuple[int, int]], more: tuple[int, int]) -> None:
    covered = coverage.normal(stretches)
    after = coverage.add(covered, *more)
    assert after == coverage.normal([*covered, more])


@given(STRETCHES, STRETCH)
def test_new_parts_are_what_was_missing(stretches: list[tuple[int, int]], more: tuple[int, int]) -> None:
    covered = coverage.normal(stretches)
    parts = coverage.new_parts(covered, *more)
    assert cells(parts) == cells([more]) - cells(covered)
    assert is_normal(parts)


@given(STRETCHES, st.integers(-5, 200))
def test_taking_keeps_the_first_milliseconds(stretches: list[tuple[int, int]], length: int) -> None:
    parts = coverage.normal(stretches)
    taken = coverage.take(parts, length)
    assert sorted(cells(taken)) == sorted(cells(parts))[: max(length, 0)]


@given(STRETCHES)
def test_the_reach_is_the_furthest_end(stretches: list[tuple[int, int]]) -> None:
    covered = coverage.normal(stretches)
    assert coverage.reach(covered) == max((end for _, end in covered), default=0)
