"""Reads of ``study``: what a learner studies next, the course page, the open session."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.data import OpenElsewhere, SessionState
from zhenxue.study.models import SelfTest, StudySession
from zhenxue.study.policies import why_not_study
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
    """A unit in a list: how far the learner is, and what to call it."""

    unit: catalogue.Unit
    progress: ledger.UnitProgress | None

    @property
    def finished(self) -> bool:
        return self.progress is not None and self.progress.finished_at is not None

    @property
    def percent(self) -> int:
        return self.progress.percent if self.progress else 0

    @property
    def state(self) -> str:
        """The word shown beside it."""
        if self.finished:
            return "已学完"
        return f"学到 {self.percent}%" if self.progress and self.progress.seconds else "未开始"

    @property
    def tone(self) -> str:
        """The css tone of its tag."""
        if self.finished:
            return "ok"
        return "wait" if self.progress and self.progress.seconds else "idle"

    @property
    def icon(self) -> str:
        return KIND_ICONS[UnitKind(self.unit.kind)]

    @property
    def kind_label(self) -> str:
        return UnitKind(self.unit.kind).label


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


def course_blocks(
    enrolment: training.Enrolment, units: dict[int, ledger.UnitProgress] | None = None
) -> list[CourseBlock]:
    """The online part of the plan in study order, with the learner's progress: ``units`` if known, else one query."""
    known = ledger.unit_progress_of_row(enrolment) if units is None else units
    return _blocks(training.plan_units_of(enrolment.cohort), known)


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
    readable = line.unit.kind == UnitKind.DOCUMENT and not why_not
    return {
        "enrolment": enrolment,
        "line": line,
        "unit": line.unit,
        "chapter": chapter,
        "next": next_line(blocks, line.unit.pk),
        "why_not": why_not,
        "pages": catalogue.list_pages(line.unit.material_id or 0) if readable else None,
        "rules": training.rules_of(enrolment.cohort),
        "attempt": latest_self_test(enrolment.pk, line.unit.pk) if line.unit.kind == UnitKind.SELF_TEST else None,
    }


def reach_of(session: StudySession) -> tuple[int, bool]:
    """How far the session has seen (ms), and whether its unit is finished."""
    covered = protocol.decode_covered(session.covered)
    finished = session.finish_ms > 0 and coverage.length(covered) >= session.finish_ms
    return coverage.reach(covered), finished


def next_line(blocks: Iterable[CourseBlock], after_unit_id: int | None = None) -> UnitLine | None:
    """The first unfinished unit (after the given one, else from the beginning)."""
    lines = [line for block in blocks for line in block.lines]
    if after_unit_id is not None:
        place = next((number for number, line in enumerate(lines) if line.unit.pk == after_unit_id), -1)
        lines = [*lines[place + 1 :], *lines[: max(place, 0)]]
    return next((line for line in lines if not line.finished), None)


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
    """A session with unit and cohort, or ``NotFound``."""
    rows = StudySession.objects.select_related("unit__material__video", "enrolment__cohort")
    found = rows.filter(pk=session_id).first()
    if found is None:
        raise NotFound("study.no_such_session", "没有找到这个学习会话，请回到课程页重新进入。")
    return found


def list_sessions(enrolment_id: int, limit: int = 200) -> list[StudySession]:
    """Study sessions of one enrolment, newest first: when, how long, on which device (A17)."""
    rows = StudySession.objects.filter(enrolment_id=enrolment_id).select_related("unit")
    return list(rows.order_by("-opened_at")[:limit])


def latest_self_test(enrolment_id: int, unit_id: int) -> SelfTest | None:
    """The newest attempt at a unit's self-test."""
    return SelfTest.objects.filter(enrolment_id=enrolment_id, unit_id=unit_id).order_by("-pk").first()


def describe_open(session: StudySession) -> OpenElsewhere:
    """What the hand-over page says about a session."""
    seen = dt.datetime.fromtimestamp(session.last_beat_ms / 1000, dt.UTC)
    return OpenElsewhere(session.pk, session.unit.title, session.device, session.opened_at, seen)


def _blocks(planned: Sequence[training.PlanUnit], progress: dict[int, ledger.UnitProgress]) -> list[CourseBlock]:
    blocks = []
    for _, of_line in groupby(planned, key=lambda one: one.line.pk):
        units = list(of_line)
        chapters = [
            ChapterBlock(title, [UnitLine(one.unit, progress.get(one.unit.pk)) for one in group])
            for title, group in groupby(units, key=lambda one: one.unit.chapter.title)
        ]
        blocks.append(CourseBlock(units[0].stage_number, units[0].line.title, chapters))
    return blocks
