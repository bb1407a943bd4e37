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
SECTIONS = {
    "Attacks": ("Technique", "What was tried", "What it earned", "Named reason, and where it stands"),
    "Honest troubles": ("Trouble", "What happened", "What it lost", "What the learner is told or has to do"),
    "Bad input": ("Input", "What was sent", "What it did", "What was answered"),
}
HEAD = """# What cheating earns, and what honest trouble costs

Written by the cheating suite itself (`tests/adversary`, `python -m scripts.cheating_report`); do not edit. Every row is
a test. Bots speak our own HTTP to a running site (cheats with records go by the operations and by SQL), and what they
earned is read from the **ledger**, on SQLite and on PostgreSQL, on a clock that the tests move. "Earned" is what counts
as class hours and would be paid for, against the real time that the attempt took; a reason is a `ledger.data.Reason`,
which the learner reads in plain words, or the code of a refusal.

## What this does not stop

- **A script in real time.** One that speaks the whole protocol, loads the keys and answers the checks reads like a page
  that is open and playing: it earns real time, of one unit, on one device, never more. Synthetic clicks and mouse moves
  and an overridden visibility belong here. The protocol makes cheating as slow as learning and bound to one device;
  whether the right person sits there is asked by presence checks (where the rules have them), self-tests and exams.
- **A check without a face.** Questions and puzzles are for people who have no camera or want no face taken; a script
  or a stand-in answers them as well, so many times in a row as the rules allow (`presence_weak_in_row`); then a face or
  a teacher's word is needed. Each check keeps its kind, its strength and the reason that was given.
- **Working together.** A learner who sits beside the stand-in at every check, or is filmed for it, passes (from another
  place it does not work: the device signs every answer); so does a video made to measure and fed in as a camera
  ([presence checks](presence.md)). A stand-in who enrols the own face at once, without a card's picture to hold it
  against, is the learner for this site until that face comes again.
- **Many profiles on one machine.** The device limit holds for a device key, and a new browser profile has a new key.
  Thirty profiles with thirty accounts and passwords earn thirty times real time from one address; the address stands in
  every study session for the bureau to see. Each of the thirty is asked by the presence checks of its class.
- **A copied sign-in in an exam.** Answers of an exam are bound to the sign-in and not signed by the device key: who
  holds its cookie answers beside the learner, in one chain of numbers. Who sits there is asked by presence checks.
- **The first two minutes of an open page.** What is read counts for `reading_idle_seconds` (120 s by default) after the
  last input, so a page that lies open alone earns that much, once per opening and never beyond the page's share; the
  unit is not done without its self-test. A region that wants less sets the rule lower (30 s at least).

"""


@dataclass(frozen=True)
class Row:
    """One line of the page, known by its test."""

    test: str
    section: str
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
        for title, heads in SECTIONS.items():
            parts.append(f"## {title}\n\n| {' | '.join([*heads, 'Test'])} |\n|{'---|' * 5}\n")
            parts.append("".join(row.text + "\n" for row in known if row.section == title) + "\n")
        return "".join(parts).rstrip() + "\n"


class Report:
    """What one test writes down, once."""

    def __init__(self, book: Book, test: str) -> None:
        self._book = book
        self._test = test
        self.rows = 0

    def attack(self, technique: str, *, tried: str, earned: str, reason: str) -> None:
        self._add("Attacks", technique, tried, earned, reason)

    def trouble(self, name: str, *, happened: str, lost: str, told: str) -> None:
        self._add("Honest troubles", name, happened, lost, told)

    def bad_input(self, name: str, *, sent: str, did: str, answered: str) -> None:
        self._add("Bad input", name, sent, did, answered)

    def _add(self, section: str, *cells: str) -> None:
        self.rows += 1
        first, second, third, fourth = cells
        self._book.add(Row(self._test, section, (first, second, third, fourth)))


def names_on_page() -> set[str]:
    """The tests that the committed page names."""
    return {
        line.rstrip(" |").rpartition("`")[0].rpartition("`")[2]
        for line in PAGE.read_text().splitlines()
        if line.endswith("` |")
    }


def reporting_tests(items: Iterable[pytest.Item]) -> list[str]:
    """Names of the collected tests that write a row, in order."""
    known = sorted(
        items, key=lambda item: str(item.path)
    )  # pytest-django runs tests with a database of their own first
    return [item.name for item in known if FIXTURE in getattr(item, "fixturenames", ())]


def is_whole(session: pytest.Session) -> bool:
    """Whether every test of this folder was collected: only then can rows be missed or too many."""
    folder = Path(__file__).parent
    files = {item.path for item in session.items}
    return files >= set(folder.glob("test_*.py")) and not (
        session.config.option.keyword or session.config.option.markexpr
    )


def _clean(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
