"""Tests of the log begin with an empty one; and a bureau's witness, with the time that it shares with the log."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.witnesses import Bureau, Country, Moment


@pytest.fixture(autouse=True)
def empty_log(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("bare_ground")


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
def country() -> Country:
    return Country()


@pytest.fixture
def found(tmp_path: Path, clock: Moment) -> Iterator[Callable[[str], Bureau]]:
    """Makes the program of a bureau."""
    made: list[Bureau] = []

    def make(name: str) -> Bureau:
        made.append(Bureau(tmp_path / name, clock, f"witness.example/{name}"))
        return made[-1]

    yield make
    for bureau in made:
        bureau.store.close()


@pytest.fixture
def bureau(found: Callable[[str], Bureau]) -> Bureau:
    return found("city")
