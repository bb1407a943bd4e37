"""Draft cohorts: open from a programme, write the basics and the plan."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.training import policies
from zhenxue.training.data import (
    LessonPlan,
    LineMode,
    ProgrammeState,
)
from zhenxue.training.models import Cohort, CohortNumber, PlanLine, Stage
from zhenxue.training.operations.common import check_teacher, facts, field_error, locked_cohort, record_cohort
from zhenxue.training.queries.scope import get_programme

MAX_DAYS = 730
MAX_CAPACITY = 20_000
STAGE_WORDS = "一二三四五六七八九十"


def create_cohort(
    *,
    actor: Actor,
    programme_id: int,
    title: str,
    starts_on: dt.date,
    ends_on: dt.date,
    capacity: int,
    venue: str,
    assessment_plan: str,
    now: dt.datetime,
    head_teacher_id: int | None = None,
) -> Cohort:
    """A draft cohort of a settled programme, with stages and plan lines made from the programme's lines.

    Raises ``Conflict`` when the programme is not ready, ``Invalid`` with a message per field.
    """
    with transaction.atomic():
        programme = get_programme(actor, programme_id)
        policies.check_can_manage(actor, programme.organisation_id)
        if programme.state != ProgrammeState.READY:
            raise Conflict("training.programme_not_ready", "只有“可开班”的项目能开新班，请先把项目定稿。")
        title, venue = _basics(title, starts_on, ends_on, capacity, venue)
        if head_teacher_id is not None:
            check_teacher(programme.organisation_id, head_teacher_id, field="head_teacher")
        region_id = programme.organisation.region_id
        cohort = Cohort.objects.create(
            programme=programme,
            organisation_id=programme.organisation_id,
            region_id=region_id,
            code=_next_code(region_id, starts_on.year),
            title=title,
            starts_on=starts_on,
            ends_on=ends_on,
            capacity=capacity,
            venue=venue,
            head_teacher_id=head_teacher_id,
            assessment_plan=assessment_plan.strip(),
            pass_percent=programme.pass_percent,
            share_exception_reason=programme.share_exception_reason,
            created_at=now,
        )
        _lay_plan(cohort)
        record_cohort("cohort_created", actor, cohort, facts(cohort), now)
    return cohort


def change_basics(
    *,
    actor: Actor,
    cohort_id: int,
    title: str,
    starts_on: dt.date,
    ends_on: dt.date,
    capacity: int,
    venue: str,
    assessment_plan: str,
    now: dt.datetime,
    head_teacher_id: int | None = None,
) -> Cohort:
    """Rewrite the basics of a draft or returned cohort."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        cohort.title, cohort.venue = _basics(title, starts_on, ends_on, capacity, venue)
        if head_teacher_id is not None:
            check_teacher(cohort.organisation_id, head_teacher_id, field="head_teacher")
        cohort.starts_on, cohort.ends_on, cohort.capacity = starts_on, ends_on, capacity
        cohort.head_teacher_id = head_teacher_id
        cohort.assessment_plan = assessment_plan.strip()
        cohort.save()
        record_cohort("cohort_changed", actor, cohort, facts(cohort), now)
    return cohort


def set_plan(*, actor: Actor, cohort_id: int, lessons: Sequence[LessonPlan], now: dt.datetime) -> Cohort:
    """Set time, place, teacher (and credited minutes) of offline lines; lines not named stay as they are."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        lines = {line.pk: line for line in PlanLine.objects.filter(cohort=cohort, mode=LineMode.OFFLINE)}
        teachers = {person.pk for person in identity.list_teachers(cohort.organisation_id)}
        changed = []
        for lesson in lessons:
            line = lines.get(lesson.line_id)
            if line is None:
                raise NotFound("training.lesson_not_found", "有一节课已被删除，请刷新页面后再排课。")
            check_lesson(lesson, title=line.title)
            if lesson.teacher_id not in teachers:
                raise field_error("teacher", f"“{line.title}”：请选择本机构在册的教师。", code="teacher_unknown")
            line.starts_at, line.ends_at = lesson.starts_at, lesson.ends_at
            line.place, line.teacher_id = lesson.place.strip(), lesson.teacher_id
            line.minutes = lesson.minutes or line.minutes
            changed.append(line)
        PlanLine.objects.bulk_update(changed, ["starts_at", "ends_at", "place", "teacher", "minutes"])
        body = {"lessons": [line.pk for line in changed]}
        record_cohort("plan_changed", actor, cohort, body, now)
    return cohort


def split_lesson(*, actor: Actor, cohort_id: int, line_id: int, minutes: int, now: dt.datetime) -> PlanLine:
    """Cut the last ``minutes`` of an offline line off into a lesson of its own, to be given at another time."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        line = _lesson(cohort, line_id)
        if not 1 <= minutes < line.minutes:
            raise field_error("minutes", f"拆出的时长要在 1 至 {line.minutes - 1} 分钟之间。", code="split_minutes")
        line.minutes -= minutes
        line.save(update_fields=["minutes"])
        part = PlanLine.objects.create(
            cohort=cohort,
            stage_id=line.stage_id,
            source_id=line.source_id,
            position=_last_position(cohort) + 1,
            mode=LineMode.OFFLINE,
            title=line.title,
            minutes=minutes,
        )
        _count_lessons(cohort)
        record_cohort("plan_changed", actor, cohort, {"lessons": [line.pk, part.pk]}, now)
    return part


def join_lesson(*, actor: Actor, cohort_id: int, line_id: int, now: dt.datetime) -> None:
    """Take a split lesson back: its minutes go to another lesson of the same programme line."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        line = _lesson(cohort, line_id)
        other = (
            PlanLine.objects.filter(cohort=cohort, source_id=line.source_id, source__isnull=False)
            .exclude(pk=line.pk)
            .order_by("position")
            .first()
        )
        if other is None:
            raise Conflict("training.last_part", "这是该内容唯一的一节课，不能删除；可以修改时间，或先在项目里调整。")
        other.minutes += line.minutes
        other.save(update_fields=["minutes"])
        record_cohort("plan_changed", actor, cohort, {"lessons": [other.pk], "removed": line.pk}, now)
        line.delete()
        _count_lessons(cohort)


def rename_stages(*, actor: Actor, cohort_id: int, titles: dict[int, str], now: dt.datetime) -> None:
    """Give stages (by number) their titles."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        for stage in Stage.objects.filter(cohort=cohort, number__in=titles):
            title = " ".join(titles[stage.number].split())
            if not 2 <= len(title) <= 60:
                raise field_error("stage", f"第 {stage.number} 阶段的名称请填写 2 至 60 个字。", code="stage_title")
            stage.title = title
            stage.save(update_fields=["title"])
        record_cohort("plan_changed", actor, cohort, {"stages": sorted(titles)}, now)


def check_lesson(lesson: LessonPlan, *, title: str) -> None:
    """Raises ``Invalid`` when a lesson's times, place or minutes cannot be."""
    if lesson.ends_at <= lesson.starts_at:
        raise field_error("ends_at", f"“{title}”：下课时间要晚于上课时间。", code="lesson_times")
    if lesson.ends_at - lesson.starts_at > dt.timedelta(hours=12):
        raise field_error("ends_at", f"“{title}”：一节课不能超过 12 小时，请拆成几节。", code="lesson_long")
    if not 2 <= len(lesson.place.strip()) <= 200:
        raise field_error("place", f"“{title}”：请填写上课地点。", code="lesson_place")
    if lesson.minutes is not None and lesson.minutes < 1:
        raise field_error("minutes", f"“{title}”：计学时的分钟数要大于 0。", code="lesson_minutes")


def _basics(title: str, starts_on: dt.date, ends_on: dt.date, capacity: int, venue: str) -> tuple[str, str]:
    title, venue = " ".join(title.split()), " ".join(venue.split())
    if not 2 <= len(title) <= 120:
        raise field_error("title", "班期名称请填写 2 至 120 个字。", code="title_length")
    if ends_on < starts_on:
        raise field_error("ends_on", "结班日期不能早于开班日期。", code="dates_order")
    if (ends_on - starts_on).days > MAX_DAYS:
        raise field_error("ends_on", "一个班期不能超过两年，请核对日期。", code="dates_long")
    if not 1 <= capacity <= MAX_CAPACITY:
        raise field_error("capacity", f"计划人数请填写 1 至 {MAX_CAPACITY}。", code="capacity_range")
    if not 2 <= len(venue) <= 200:
        raise field_error("venue", "请填写培训地点（2 至 200 个字）。", code="venue_length")
    return title, venue


def _next_code(region_id: str, year: int) -> str:
    """``371502-2026-0007``: county, year of the start, running number."""
    number, _ = CohortNumber.objects.select_for_update().get_or_create(region_id=region_id, year=year)
    number.last += 1
    number.save(update_fields=["last"])
    return f"{region_id}-{year}-{number.last:04d}"


def _lay_plan(cohort: Cohort) -> None:
    source = list(cohort.programme.lines.order_by("stage", "position"))
    stages = {
        number: Stage.objects.create(cohort=cohort, number=number, title=f"第{_word(number)}阶段")
        for number in sorted({line.stage for line in source})
    }
    PlanLine.objects.bulk_create(
        PlanLine(
            cohort=cohort,
            stage=stages[line.stage],
            source=line,
            position=index,
            mode=line.mode,
            title=line.title,
            course_version_id=line.course_version_id,
            minutes=line.minutes,
        )
        for index, line in enumerate(source, start=1)
    )
    _count_lessons(cohort)


def _word(number: int) -> str:
    return STAGE_WORDS[number - 1] if number <= len(STAGE_WORDS) else str(number)


def _lesson(cohort: Cohort, line_id: int) -> PlanLine:
    line = PlanLine.objects.filter(cohort=cohort, mode=LineMode.OFFLINE, pk=line_id).first()
    if line is None:
        raise NotFound("training.lesson_not_found", "这节课已被删除，请刷新页面。")
    return line


def _last_position(cohort: Cohort) -> int:
    last: int | None = PlanLine.objects.filter(cohort=cohort).aggregate(last=Max("position"))["last"]
    return last or 0


def _count_lessons(cohort: Cohort) -> None:
    cohort.lesson_count = PlanLine.objects.filter(cohort=cohort, mode=LineMode.OFFLINE).count()
    cohort.save(update_fields=["lesson_count"])
