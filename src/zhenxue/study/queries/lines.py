"""Units of a plan as a learner sees them: how far each is, what is locked, what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import READING_KINDS, UnitKind
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training

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


def get_planned_unit(cohort: training.Cohort, unit_id: int) -> catalogue.Unit:
    """A unit of the cohort's plan (of a filed one shared: never change it), or ``NotFound``."""
    for planned in training.plan_units_of(cohort):
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
