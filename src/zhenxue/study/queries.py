"""Reads of ``study``: what a learner studies next, the course page, the open session."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import READING_KINDS, UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Reason, coverage
from zhenxue.study import protocol
from zhenxue.study.data import TEST_OPENS_PERCENT, OpenElsewhere, SessionState
from zhenxue.study.errors import NoSuchSession
from zhenxue.study.models import BeatArchive, SelfTest, StudySession
from zhenxue.study.policies import check_can_keep_archives, why_not_study
from zhenxue.training import api as training
from zhenxue.training.data import CohortState

NOT_PLANNED = "这个单元不在你班期的培训方案里，请从课程页进入。"
KIND_ICONS = {
    UnitKind.VIDEO: "player-play",
    UnitKind.DOCUMENT: "file-text",
    UnitKind.TEXT: "notebook",
    UnitKind.SELF_TEST: "list-check",
}


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit in a list: how far the learner is, and what to call it.

    ``first`` is the unit that has to be finished before, where the order is fixed (rule ``units_in_order``).
    """

    unit: catalogue.Unit
    progress: ledger.UnitProgress | None
    first: catalogue.Unit | None = None

    @property
    def finished(self) -> bool:
        return self.progress is not None and self.progress.finished_at is not None

    @property
    def waits_for_test(self) -> bool:
        """A reading unit that was read far enough, and whose self-test is still missing."""
        return self.unit.kind in READING_KINDS and self.progress is not None and self.progress.waits_for_test

    @property
    def percent(self) -> int:
        return self.progress.percent if self.progress else 0

    @property
    def state(self) -> str:
        """The word shown beside it."""
        if self.finished:
            return "已学完"
        if self.waits_for_test:
            return "已读完，还差小测"
        if self.first is not None:
            return "未解锁"
        return f"学到 {self.percent}%" if self.progress and self.progress.seconds else "未开始"

    @property
    def tone(self) -> str:
        """The css tone of its tag."""
        if self.finished:
            return "ok"
        return "wait" if self.progress and self.progress.seconds else "idle"

    @property
    def icon(self) -> str:
        return "lock" if self.first is not None else KIND_ICONS[UnitKind(self.unit.kind)]

    @property
    def kind_label(self) -> str:
        return UnitKind(self.unit.kind).label


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
class ChapterBlock:
    title: str
    lines: Sequence[UnitLine]


@dataclass(frozen=True, slots=True)
class CourseBlock:
    """One online line of the plan: its course with chapters and units."""

    stage_number: int
    title: str
    chapters: Sequence[ChapterBlock]

    @property
    def lines(self) -> list[UnitLine]:
        return [line for chapter in self.chapters for line in chapter.lines]

    @property
    def finished(self) -> int:
        return sum(line.finished for line in self.lines)


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


def get_planned_unit(cohort_id: int, unit_id: int) -> catalogue.Unit:
    """A unit of the cohort's plan, or ``NotFound``."""
    for planned in training.plan_units(cohort_id):
        if planned.unit.pk == unit_id:
            return planned.unit
    raise NotFound("study.unit_not_found", NOT_PLANNED)


def video_of(unit: catalogue.Unit) -> catalogue.Video:
    """The processed video of a unit, or ``NotFound``."""
    if unit.material is None or not hasattr(unit.material, "video"):
        raise NotFound("study.no_video", "这个单元没有视频。")
    return unit.material.video


def course_blocks(
    enrolment: training.Enrolment, units: dict[int, ledger.UnitProgress] | None = None
) -> list[CourseBlock]:
    """The online part of the plan in study order, with the learner's progress: ``units`` if known, else one query."""
    known = ledger.unit_progress_of_row(enrolment) if units is None else units
    in_order = bool(training.rules_of(enrolment.cohort)["units_in_order"])
    return _blocks(training.plan_units_of(enrolment.cohort), known, in_order=in_order)


def get_line(blocks: Iterable[CourseBlock], unit_id: int) -> UnitLine:
    """The unit among the blocks, or ``NotFound``."""
    for block in blocks:
        for line in block.lines:
            if line.unit.pk == unit_id:
                return line
    raise NotFound("study.unit_not_found", NOT_PLANNED)


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
        "rules": rules,
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


def next_line(blocks: Iterable[CourseBlock], after_unit_id: int | None = None) -> UnitLine | None:
    """The first unit with something left to do (after the given one, else from the beginning).

    A reading unit that only waits for a self-test later in its chapter has nothing left to do itself. Where the order
    is fixed, it is one that may be opened, now or once the given one is finished.
    """
    lines = [
        line
        for block in blocks
        for line in block.lines
        if line.first is None or after_unit_id in {line.first.pk, line.unit.pk}
    ]
    if after_unit_id is not None:
        place = next((number for number, line in enumerate(lines) if line.unit.pk == after_unit_id), -1)
        lines = [*lines[place + 1 :], *lines[: max(place, 0)]]
    waiting = _waiting_for_later_tests(lines)
    return next((line for line in lines if not (line.finished or line.unit.pk in waiting)), None)


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


def find_open_session(person_id: int) -> StudySession | None:
    """The person's open session, if any."""
    rows = StudySession.objects.select_related("unit", "enrolment__cohort")
    return rows.filter(person_id=person_id, state=SessionState.OPEN).first()


def get_session(session_id: int) -> StudySession:
    """A session with unit and cohort, or ``NoSuchSession``."""
    rows = StudySession.objects.select_related("unit__material__video", "enrolment__cohort")
    found = rows.filter(pk=session_id).first()
    if found is None:
        raise NoSuchSession
    return found


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with what was refused in it: (words of the reason, how many beats), the most frequent first."""

    session: StudySession
    refused: list[tuple[str, int]]


def sessions_of_day(enrolment_id: int, day: dt.date) -> list[SessionLine]:
    """Study sessions of one enrolment that were open on a civil day, in their order; one query."""
    begin = clock.start_of_day(day)
    rows = StudySession.objects.filter(enrolment_id=enrolment_id, opened_at__lt=begin + dt.timedelta(days=1))
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=begin)).select_related("unit")
    return [SessionLine(row, _refused_in(row)) for row in rows.order_by("opened_at", "pk")]


def _refused_in(session: StudySession) -> list[tuple[str, int]]:
    counts = protocol.refusals.counts(session.refusals)
    found = [(Reason(reason).label, count) for reason, count in counts.items()]
    return sorted(found, key=lambda pair: -pair[1])


def list_archives(actor: Actor) -> QuerySet[BeatArchive]:
    """Archives of raw beats; raises ``Refused`` for who may not see them."""
    check_can_keep_archives(actor)
    return BeatArchive.objects.all()


def latest_self_test(enrolment_id: int, unit_id: int) -> SelfTest | None:
    """The newest attempt at a unit's self-test."""
    return SelfTest.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id).order_by("-pk").first()


def check_self_tests() -> Iterator[evidence.Finding]:
    """Every submitted self-test against its entry in the log: answers, score and result."""
    logged: dict[int, tuple[int, bool, Any]] = {}
    for entry in evidence.iterate_bodies(kinds=("study.self_test",)):
        body = entry.body
        logged[body["attempt"]] = (body["percent"], body["passed"], body["answers"])
    for row in SelfTest.objects.order_by("pk").iterator():
        proven = logged.pop(row.pk, None)
        if proven != (row.percent, row.passed, row.answers):
            says = f"{proven[0]} 分" if proven else "没有"
            text = f"study_selftest：第 {row.pk} 号自测记为 {row.percent} 分，与存证（{says}）不一致"
            yield evidence.Finding(evidence.Fault.PROJECTION, text)
    for number in logged:
        yield evidence.Finding(evidence.Fault.PROJECTION, f"study_selftest：第 {number} 号自测的记录缺失，存证里有")


def describe_open(session: StudySession) -> OpenElsewhere:
    """What the hand-over page says about a session."""
    seen = dt.datetime.fromtimestamp(session.last_beat_ms / 1000, dt.UTC)
    return OpenElsewhere(session.pk, session.unit.title, session.device, session.opened_at, seen)


def _blocks(
    planned: Sequence[training.PlanUnit], progress: dict[int, ledger.UnitProgress], *, in_order: bool
) -> list[CourseBlock]:
    blocks = []
    for _, of_line in groupby(planned, key=lambda one: one.line.pk):
        units = list(of_line)
        lines = [UnitLine(one.unit, progress.get(one.unit.pk)) for one in units]
        lines = _locked(lines) if in_order else lines
        chapters = [
            ChapterBlock(title, list(group)) for title, group in groupby(lines, key=lambda one: one.unit.chapter.title)
        ]
        blocks.append(CourseBlock(units[0].stage_number, units[0].line.title, chapters))
    return blocks


def _locked(lines: Sequence[UnitLine]) -> list[UnitLine]:
    """The lines of one course, each that is not finished with the first unit that has to be finished before it.

    A reading that only waits for a self-test later in its chapter stands in nobody's way, least of all that test's.
    """
    waiting = _waiting_for_later_tests(lines)
    first, found = None, []
    for line in lines:
        found.append(line if line.finished else replace(line, first=first))
        if first is None and not (line.finished or line.unit.pk in waiting):
            first = line.unit
    return found


def _waiting_for_later_tests(lines: Sequence[UnitLine]) -> set[int]:
    """The units that are read, and that only a self-test unit of their chapter still has to finish."""
    open_tests = {line.unit.chapter_id for line in lines if line.unit.kind == UnitKind.SELF_TEST and not line.finished}
    return {line.unit.pk for line in lines if line.waits_for_test and line.unit.chapter_id in open_tests}
