"""The rows of docs/reference/cheating.md: each test says what was tried and what it earned, and the page must agree.

``pytest tests/adversary --write-report`` (``python -m scripts.cheating_report``) writes the page; every other run holds
each row against it. Rows carry names and outcomes on the test's own clock, nothing that differs from run to run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cheating.md"
HOW = "Run `.venv/bin/python -m scripts.cheating_report` and read what has changed."
FIXTURE = "report"
ATTACKS = ("Technique", "What was tried", "What it earned", "Named reason, and where it stands")
TROUBLES = ("Trouble", "What happened", "What it lost", "What the learner is told or has to do")
HEAD = """# What cheating earns, and what honest trouble costs

Written by the cheating suite itself (`tests/adversary`, `python -m scripts.cheating_report`); do not edit. Every row is
a test. Bots speak our own HTTP to a running site, and what they earned is read from the **ledger**, on SQLite and on
PostgreSQL, on a clock that the tests move. "Earned" is what counts as class hours and would be paid for, against the
real time that the attempt took; a reason is a `ledger.data.Reason` or the code of a refusal.

## What this does not stop

- **A script in real time.** One that speaks the whole protocol, loads the keys and answers the checks reads like a page
  that is open and playing: it earns real time, of one unit, on one device, never more. Synthetic clicks and mouse moves
  and an overridden visibility belong here. The protocol makes cheating as slow as learning and bound to one device;
  that the right person sits there is the business of presence checks (`integrity`, a later room), self-tests and exams.
- **Many profiles on one machine.** The device limit holds for a device key, and a new browser profile has a new key.
  Thirty profiles with thirty accounts and passwords earn thirty times real time from one address; the address stands in
  every study session for the bureau to see. Faces, and red flags by address, come with later rooms.
- **An open page on a short reading unit.** Where a unit is shorter than the idle window (600 s by default), a page that
  lies open earns the unit's minutes once in real time. The unit is not done without its self-test, and no page of many
  earns more than its share. A region that wants less sets `idle_seconds` lower.

"""


@dataclass(frozen=True)
class Row:
    """One line of the page, known by its test."""

    test: str
    attack: bool
    cells: tuple[str, str, str, str]

    @property
    def text(self) -> str:
        return "| " + " | ".join([*(_clean(cell) for cell in self.cells), f"`{self.test}`"]) + " |"


class Book:
    """All rows of a run."""

    def __init__(self, *, write: bool) -> None:
        self.write = write
        self.rows: dict[str, Row] = {}
        self.committed = set(PAGE.read_text().splitlines()) if PAGE.exists() else set()

    def add(self, row: Row) -> None:
        self.rows[row.test] = row
        if not self.write:
            assert row.text in self.committed, f"{PAGE.name} does not say this row:\n{row.text}\n{HOW}"

    def page(self, order: Iterable[str]) -> str:
        """The whole page, rows in the order of the tests."""
        known = [self.rows[name] for name in order if name in self.rows]
        parts = [HEAD]
        for title, heads, attack in (("Attacks", ATTACKS, True), ("Honest troubles", TROUBLES, False)):
            parts.append(f"## {title}\n\n| {' | '.join([*heads, 'Test'])} |\n|{'---|' * 5}\n")
            parts.append("".join(row.text + "\n" for row in known if row.attack is attack) + "\n")
        return "".join(parts).rstrip() + "\n"


class Report:
    """What one test writes down, once."""

    def __init__(self, book: Book, test: str) -> None:
        self._book = book
        self._test = test
        self.rows = 0

    def attack(self, technique: str, *, tried: str, earned: str, reason: str) -> None:
        self._add(True, technique, tried, earned, reason)

    def trouble(self, name: str, *, happened: str, lost: str, told: str) -> None:
        self._add(False, name, happened, lost, told)

    def _add(self, attack: bool, *cells: str) -> None:
        self.rows += 1
        first, second, third, fourth = cells
        self._book.add(Row(self._test, attack, (first, second, third, fourth)))


def tests_on_page() -> set[str]:
    """The tests that the committed page names."""
    return {
        line.rstrip(" |").rpartition("`")[0].rpartition("`")[2]
        for line in PAGE.read_text().splitlines()
        if line.endswith("` |")
    }


def reporting_tests(items: Iterable[pytest.Item]) -> list[str]:
    """Names of the collected tests that write a row, in order."""
    return [item.name for item in items if FIXTURE in getattr(item, "fixturenames", ())]


def _clean(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
