"""What the pages of a learner show: the cards of the cohorts, a unit, the self-test that finishes a reading."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import READING_KINDS, UnitKind
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.data import TEST_OPENS_PERCENT, SessionState
from zhenxue.study.models import SelfTest, StudySession
from zhenxue.study.policies import why_not_study
from zhenxue.study.queries.lines import CourseBlock, UnitLine, course_blocks, get_line, next_line
from zhenxue.training import api as training
from zhenxue.training.data import CohortState


@dataclass(frozen=True, slots=True)
class ReadingTest:
    """What finishes a reading unit besides the reading: its self-test, on the same page or later in the chapter.

    ``covered_ms`` is what was read so far, with the beats that the ledger does not know yet.
    """

    line: UnitLine
    test: catalogue.Unit
    passed: bool
    covered_ms: int
    required: bool

    @property
    def own(self) -> bool:
        """Whether the unit carries the questions itself."""
        return self.test.pk == self.line.unit.pk

    @property
    def opens_percent(self) -> int:
        return TEST_OPENS_PERCENT

    @property
    def percent(self) -> int:
        return min(100, self.covered_ms // (self.line.unit.seconds * 10))

    @property
    def is_open(self) -> bool:
        """Whether the test below the reading may be done (a later self-test unit has a page of its own)."""
        return self.own and (self.line.finished or self.percent >= TEST_OPENS_PERCENT)

    @property
    def words(self) -> str:
        """What is still missing, and what to do."""
        where = "" if self.own else f"小测是本章的“{self.test.title}”。"
        if self.line.finished or not self.required:
            return ""
        if self.passed:
            return "小测已合格，把剩下的读完，就算学完。"
        if self.line.waits_for_test:
            return f"已经读够了，再做一次小测，合格就算学完。{where}"
        return f"读完后做一次小测，就算学完。{where or f'读到 {TEST_OPENS_PERCENT}% 时，小测在下面打开。'}"


@dataclass(frozen=True, slots=True)
class CohortCard:
    """One of the learner's cohorts: progress, days left, the unit to go on with, or why not."""

    enrolment: training.Enrolment
    progress: ledger.Progress
    next_unit: catalogue.Unit | None
    days_left: int
    why_not: str

    @property
    def can_study(self) -> bool:
        return not self.why_not and self.next_unit is not None

    @property
    def days_text(self) -> str:
        return f"还剩 {self.days_left} 天"


def unit_page(
    enrolment: training.Enrolment, blocks: Sequence[CourseBlock], line: UnitLine, now: dt.datetime
) -> dict[str, Any]:
    """What the unit page shows whatever the kind of the unit."""
    chapter = next(one for block in blocks for one in block.chapters if line in one.lines)
    why_not = why_not_study(enrolment, now)
    rules = training.rules_of(enrolment.cohort)
    readable = line.unit.kind == UnitKind.DOCUMENT and not why_not
    test = reading_test(enrolment, blocks, line)
    test_open = test.is_open and not test.passed if test else line.unit.kind == UnitKind.SELF_TEST
    return {
        "enrolment": enrolment,
        "line": line,
        "unit": line.unit,
        "chapter": chapter,
        "next": next_line(blocks, line.unit.pk),
        "why_not": why_not,
        "pages": catalogue.list_pages(line.unit.material_id or 0) if readable else None,
        "page_limit": catalogue.page_limit(line.unit, rules["page_share_percent"]),
        "test": test,
        "test_open": test_open,
        "attempt": latest_self_test(enrolment.pk, line.unit.pk) if test_open else None,
    }


def reading_test(enrolment: training.Enrolment, blocks: Sequence[CourseBlock], line: UnitLine) -> ReadingTest | None:
    """The self-test of a reading unit as it stands for the learner; ``None`` where there is none. Three queries."""
    required = bool(training.rules_of(enrolment.cohort)["reading_needs_self_test"])
    test = catalogue.self_test_of(line.unit) if line.unit.kind in READING_KINDS else None
    if test is None or (test.pk != line.unit.pk and not required):
        return None
    known = line.progress if test.pk == line.unit.pk else get_line(blocks, test.pk).progress
    passed = known is not None and known.tested_at is not None
    covered_ms = line.progress.covered_ms if line.progress else 0
    if test.pk == line.unit.pk and not passed:
        covered_ms = max(covered_ms, _covered_in_session(enrolment.pk, line.unit.pk))
    return ReadingTest(line, test, passed, covered_ms, required)


def _covered_in_session(enrolment_id: int, unit_id: int) -> int:
    rows = StudySession.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id, state=SessionState.OPEN)
    covered = rows.values_list("covered", flat=True).first()
    return coverage.length(protocol.decode_covered(covered)) if covered else 0


def list_cards(
    enrolments: Sequence[training.Enrolment], units: ledger.UnitsBegun, now: dt.datetime
) -> list[CohortCard]:
    """The learner's cohorts, those that can be studied now first; one query, and the plans once.

    ``enrolments`` and ``units`` are what ``training.own_enrolments`` and ``ledger.own_units`` give.
    """
    standing = ledger.standing_of(enrolments, units)
    cards = []
    for enrolment in enrolments:
        why_not = why_not_study(enrolment, now)
        progress, begun = standing[enrolment.pk]
        running = enrolment.cohort.state == CohortState.RUNNING
        line = next_line(course_blocks(enrolment, begun)) if running else None
        days_left = (enrolment.cohort.ends_on - clock.civil_day(now)).days + 1
        unit = line.unit if line else None
        cards.append(CohortCard(enrolment, progress, unit, max(0, days_left), why_not))
    return sorted(cards, key=lambda card: not card.can_study)


def latest_self_test(enrolment_id: int, unit_id: int) -> SelfTest | None:
    """The newest attempt at a unit's self-test."""
    return SelfTest.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id).order_by("-pk").first()
