"""Courses, versions and units."""

from collections.abc import Iterable

from django.db.models import Count, F, Max, Q, QuerySet, Sum

from zhenxue.catalogue.data import CourseFacts, VersionState
from zhenxue.catalogue.models import Chapter, Course, CourseVersion, Point, SelfTestQuestion, Unit
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.prepared import Prepared, padded


def facts_of(version: CourseVersion) -> CourseFacts:
    """What a version says of itself (B1-B4)."""
    facts = dict(version.facts)
    return CourseFacts(**{**facts, "target_groups": tuple(facts.get("target_groups", ()))})


def visible_courses(actor: Actor) -> QuerySet[Course]:
    """An organisation's people see its own; the operator all; a bureau those of its region and everything published."""
    rows = Course.objects.select_related("organisation", "occupation", "standard")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_bureau and actor.region_code:
        shown = CourseVersion.objects.filter(state=VersionState.PUBLISHED).values("course_id")
        return rows.filter(Q(organisation__region__code__startswith=actor.region_code) | Q(pk__in=shown))
    if actor.organisation_id and not actor.is_learner:
        return rows.filter(organisation_id=actor.organisation_id)
    return rows.none()


def course_shelf(actor: Actor) -> QuerySet[Course]:
    """Visible courses with what a list shows: ``latest`` version number, ``published`` count and the open state."""
    open_states = [VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED]
    return visible_courses(actor).annotate(
        latest=Max("versions__number"),
        published=Count("versions", filter=Q(versions__state=VersionState.PUBLISHED)),
        open_state=Max("versions__state", filter=Q(versions__state__in=open_states)),
    )


def get_course(actor: Actor, course_id: int) -> Course:
    """A visible course, or ``NotFound``."""
    found = visible_courses(actor).filter(pk=course_id).first()
    if found is None:
        raise NotFound("catalogue.course_not_found", "没有找到这门课程，或您没有查看权限。")
    return found


def visible_versions(actor: Actor) -> QuerySet[CourseVersion]:
    """Versions of visible courses; of courses outside its region a bureau sees only what was published."""
    rows = CourseVersion.objects.select_related("course__organisation", "course__occupation", "course__standard")
    if actor.is_bureau:
        public = Q(state__in=[VersionState.PUBLISHED, VersionState.WITHDRAWN])
        near = Q(course__organisation__region__code__startswith=actor.region_code or "-")
        return rows.filter(public | near)
    return rows.filter(course__in=visible_courses(actor).values("pk"))


def get_visible_version(actor: Actor, version_id: int) -> CourseVersion:
    """A visible version with course and organisation, or ``NotFound``."""
    found = visible_versions(actor).filter(pk=version_id).first()
    if found is None:
        raise NotFound("catalogue.version_not_found", "没有找到这个课程版本，或您没有查看权限。")
    return found


def get_version(version_id: int) -> CourseVersion:
    """A version by id, for apps that have checked the right themselves; raises ``NotFound``."""
    found = (
        CourseVersion.objects.select_related("course__organisation", "course__occupation").filter(pk=version_id).first()
    )
    if found is None:
        raise NotFound("catalogue.version_not_found", "没有找到这个课程版本。")
    return found


def list_visible_versions(actor: Actor, course_id: int) -> list[CourseVersion]:
    """The versions of a course that this actor may see, newest first."""
    rows = visible_versions(actor).filter(course_id=course_id).select_related("reviewed_by__person")
    return list(rows.order_by("-number"))


def list_published_versions(organisation_id: int | None = None) -> list[CourseVersion]:
    """Published versions (of one organisation) with course, by title; what a programme may be built from.

    Each carries ``total_seconds``, the sum of its units.
    """
    rows = CourseVersion.objects.filter(state=VersionState.PUBLISHED).select_related("course__organisation")
    if organisation_id is not None:
        rows = rows.filter(course__organisation_id=organisation_id)
    return list(rows.annotate(total_seconds=Sum("units__seconds")).order_by("course__title", "-number"))


def list_units(version_id: int) -> list[Unit]:
    """Units in study order, with chapter, material and video. One query."""
    return units_of_versions([version_id]).get(version_id, [])


def units_of_versions(version_ids: Iterable[int]) -> dict[int, list[Unit]]:
    """Units of several versions, each list in study order, with chapter, material and video. One query."""
    wanted = list(version_ids)
    found: dict[int, list[Unit]] = {version_id: [] for version_id in wanted}
    for unit in _units(padded(wanted)):
        found[unit.version_id].append(unit)
    return found


_units = Prepared(
    lambda version_ids: (
        Unit.objects.filter(version_id__in=version_ids)
        .select_related("chapter", "material__video")
        .order_by("version_id", "chapter__position", "position")
    )
)


def version_seconds(version_id: int) -> int:
    """The most that can be credited for a version, in seconds."""
    return Unit.objects.filter(version_id=version_id).aggregate(total=Sum("seconds"))["total"] or 0


def list_chapters(version_id: int) -> list[Chapter]:
    """Chapters in order, each with its units (and their points) prefetched as ``unit_list``. Three queries."""
    chapters = list(Chapter.objects.filter(version_id=version_id).order_by("position"))
    units = Unit.objects.filter(version_id=version_id).select_related("material__video").order_by("position")
    by_chapter: dict[int, list[Unit]] = {chapter.pk: [] for chapter in chapters}
    for unit in units.prefetch_related("points").annotate(question_count=Count("questions")):
        by_chapter[unit.chapter_id].append(unit)
    for chapter in chapters:
        chapter.unit_list = by_chapter[chapter.pk]  # type: ignore[attr-defined]  # an attribute for the page, like a prefetch
    return chapters


def get_editable_chapter(actor: Actor, chapter_id: int) -> Chapter:
    """A chapter of a visible version, with version and course; raises ``NotFound``."""
    chapter = Chapter.objects.select_related("version__course__organisation").filter(pk=chapter_id).first()
    if chapter is None:
        raise NotFound("catalogue.chapter_not_found", "没有找到这一章，可能已被删除，请刷新页面。")
    chapter.version = get_visible_version(actor, chapter.version_id)
    return chapter


def get_unit(unit_id: int) -> Unit:
    """A unit with version, course, chapter and video, for apps that have checked the right; raises ``NotFound``."""
    rows = Unit.objects.select_related("version__course__organisation", "chapter", "material__video")
    found = rows.filter(pk=unit_id).first()
    if found is None:
        raise NotFound("catalogue.unit_not_found", "没有找到这个课程单元。")
    return found


def get_visible_unit(actor: Actor, unit_id: int) -> Unit:
    """A unit of a visible version, or ``NotFound``."""
    unit = get_unit(unit_id)
    get_visible_version(actor, unit.version_id)
    return unit


def list_questions(unit_id: int) -> list[SelfTestQuestion]:
    """A self-test's questions in order."""
    return list(SelfTestQuestion.objects.filter(unit_id=unit_id).order_by("position"))


def points_of_unit(unit_id: int) -> list[Point]:
    """The points of the standard that a unit teaches, in their order."""
    taught = Unit.points.through.objects.filter(unit_id=unit_id).values("point")
    return list(Point.objects.filter(pk__in=taught).order_by("position", "pk"))


def get_question(unit_id: int, question_id: int) -> SelfTestQuestion:
    """A question of a self-test, or ``NotFound``."""
    found = SelfTestQuestion.objects.filter(pk=question_id, unit_id=unit_id).first()
    if found is None:
        raise NotFound("catalogue.question_not_found", "没有找到这道题，可能已被删除，请刷新页面。")
    return found


def uncovered_points(version: CourseVersion) -> list[Point]:
    """Points of the version's standard that none of its units covers."""
    standard_id = facts_of(version).standard_id
    if standard_id is None:
        return []
    covered = Unit.objects.filter(version=version).values("points")
    rows = Point.objects.filter(standard_id=standard_id).exclude(pk__in=covered.filter(points__isnull=False))
    return list(rows.order_by("position"))


def waiting_courses(actor: Actor) -> list[CourseVersion]:
    """An author's versions that were returned or are still being written, the returned first."""
    rows = visible_versions(actor).filter(
        course__organisation_id=actor.organisation_id or 0, state__in=[VersionState.RETURNED, VersionState.DRAFT]
    )
    return list(rows.order_by("-state", "-pk")[:5])


def review_queue(actor: Actor) -> QuerySet[CourseVersion]:
    """Versions that wait for review, the longest first."""
    return visible_versions(actor).filter(state=VersionState.IN_REVIEW).order_by(F("submitted_at").asc())
