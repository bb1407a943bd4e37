"""What must be in order before a cohort is filed, each with the wizard step that mends it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable

from django.db.models import Q, QuerySet

from zhenxue.catalogue.data import VersionState
from zhenxue.identity import api as identity
from zhenxue.identity.data import OrganisationState
from zhenxue.kernel import clock
from zhenxue.training.data import (
    BINDING_STATES,
    Check,
    CohortState,
    EnrolmentState,
    LineMode,
    ProgrammeState,
)
from zhenxue.training.models import Cohort, Enrolment, PlanLine
from zhenxue.training.queries.plan import list_lines, list_stages, plan_share

SHOWN = 10


def list_checks(cohort: Cohort, now: dt.datetime) -> list[Check]:
    """Every check of a cohort's filing, failed or passed, in the order of the wizard. A dozen queries at most."""
    day, kind = clock.civil_day(now), cohort.programme.kind
    rules = identity.get_rules(region_code=cohort.region_id, on=day, programme_kind=kind)
    lines = list_lines(cohort.pk)
    lessons = [line for line in lines if line.mode == LineMode.OFFLINE]
    return [
        _organisation(cohort),
        _programme(cohort),
        _dates(cohort, now),
        _texts(cohort),
        _stages(cohort, lines),
        _complete(lessons),
        _minutes(lessons),
        _inside(cohort, lessons),
        _teachers(cohort, lessons),
        _courses(lines),
        _share(cohort, lines, rules["online_share_percent"]),
        _roster(cohort, rules["cohort_max_learners"]),
        _overlaps(cohort),
    ]


def failed(checks: Iterable[Check]) -> list[Check]:
    """Those that stop the filing."""
    return [check for check in checks if not check.passed and not check.warning]


def _organisation(cohort: Cohort) -> Check:
    passed = cohort.organisation.state == OrganisationState.VERIFIED
    details = () if passed else ("机构还没有通过实名核验或已停用，请联系平台管理员办理后再提交。",)
    return Check("organisation", "机构已实名", passed, details)


def _programme(cohort: Cohort) -> Check:
    passed = cohort.programme.state != ProgrammeState.DRAFT
    return Check("programme", "培训项目已定稿", passed, () if passed else ("请先把培训项目定稿。",))


def _dates(cohort: Cohort, now: dt.datetime) -> Check:
    today = clock.civil_day(now)
    late = cohort.starts_on < today and cohort.state in {CohortState.DRAFT, CohortState.RETURNED}
    details = (f"开班日期 {cohort.starts_on} 已经过去，应先备案后开班，请改到今天或以后。",) if late else ()
    return Check("dates", "开班、结班日期", not late, details)


def _texts(cohort: Cohort) -> Check:
    details = []
    if not cohort.venue.strip():
        details.append("请填写培训地点。")
    if len(cohort.assessment_plan.strip()) < 10:
        details.append("请写明考核方案（不少于 10 个字）：考什么、怎么考、何时考、合格线。")
    if cohort.head_teacher_id is None:
        details.append("请指定班主任。")
    return Check("texts", "地点、班主任和考核方案", not details, tuple(details))


def _stages(cohort: Cohort, lines: list[PlanLine]) -> Check:
    used = {line.stage_id for line in lines}
    empty = [stage for stage in list_stages(cohort.pk) if stage.pk not in used]
    details = tuple(f"第 {stage.number} 阶段“{stage.title}”没有任何课程或线下课。" for stage in empty)
    if not lines:
        details = ("教学计划是空的。",)
    return Check("stages", "每个阶段都有内容", not details, details, "plan")


def _complete(lessons: list[PlanLine]) -> Check:
    details = []
    for line in lessons:
        missing = [
            word
            for word, value in (("上课时间", line.starts_at), ("地点", line.place), ("教师", line.teacher_id))
            if not value
        ]
        if missing:
            details.append(f"“{line.title}”还没有填写{'、'.join(missing)}。")
    return Check("lessons", "线下课都已排定", not details, _short(details), "plan")


def _minutes(lessons: list[PlanLine]) -> Check:
    planned: dict[int, int] = defaultdict(int)
    wanted: dict[int, tuple[str, int]] = {}
    details = []
    for line in lessons:
        if line.source is not None and line.makes_up_id is None:
            planned[line.source.pk] += line.minutes
            wanted[line.source.pk] = (line.source.title, line.source.minutes)
        if line.starts_at and line.ends_at and line.ends_at - line.starts_at < dt.timedelta(minutes=line.minutes):
            details.append(f"“{line.title}”要计 {line.minutes} 分钟，上下课时间不够长。")
    for key, (title, minutes) in wanted.items():
        if planned[key] != minutes:
            details.append(f"“{title}”项目要求 {minutes} 分钟，现在排了 {planned[key]} 分钟。")
    return Check("minutes", "线下课时长与项目一致", not details, _short(details), "plan")


def _inside(cohort: Cohort, lessons: list[PlanLine]) -> Check:
    details = []
    for line in lessons:
        if line.starts_at is None or line.ends_at is None:
            continue
        first, last = clock.civil_day(line.starts_at), clock.civil_day(line.ends_at)
        if first < cohort.starts_on or last > cohort.ends_on:
            details.append(f"“{line.title}”在 {first}，不在班期 {cohort.starts_on} 至 {cohort.ends_on} 之内。")
    return Check("inside", "线下课都在班期之内", not details, _short(details), "plan")


def _teachers(cohort: Cohort, lessons: list[PlanLine]) -> Check:
    details = []
    timed = [line for line in lessons if line.teacher_id and line.starts_at and line.ends_at]
    for line, other in clashes(cohort.pk, timed):
        where = "本班" if other.cohort_id == cohort.pk else f"班期“{other.cohort.title}”"
        name = line.teacher.name if line.teacher else ""
        details.append(f"{name}老师的“{line.title}”与{where}的“{other.title}”时间重叠。")
    rooms = [line for line in lessons if line.starts_at and line.ends_at]
    for line, other in _overlapping_pairs(rooms, lambda one: str(one.cohort_id)):
        if line.teacher_id != other.teacher_id:
            details.append(f"本班“{line.title}”与“{other.title}”同时上课，学员不能同时在两处。")
    return Check("teachers", "教师和学员不同时在两处", not details, _short(details), "plan")


def clashes(cohort_id: int, lessons: list[PlanLine]) -> list[tuple[PlanLine, PlanLine]]:
    """Pairs of lessons that one teacher would give at the same time, in the list and against other live cohorts."""
    found = _overlapping_pairs(lessons, lambda line: str(line.teacher_id))
    teachers = {line.teacher_id for line in lessons}
    if not teachers:
        return found
    first = min(line.starts_at for line in lessons if line.starts_at)
    last = max(line.ends_at for line in lessons if line.ends_at)
    others = list(
        PlanLine.objects.filter(
            teacher_id__in=teachers, starts_at__lt=last, ends_at__gt=first, cohort__state__in=BINDING_STATES
        )
        .exclude(cohort_id=cohort_id)
        .select_related("cohort")
    )
    for line in lessons:
        for other in others:
            if other.teacher_id == line.teacher_id and _overlap(line, other):
                found.append((line, other))
    return found


def _overlapping_pairs(lessons: list[PlanLine], key: Callable[[PlanLine], str]) -> list[tuple[PlanLine, PlanLine]]:
    groups: dict[str, list[PlanLine]] = defaultdict(list)
    for line in lessons:
        groups[key(line)].append(line)
    found = []
    for group in groups.values():
        group.sort(key=lambda line: line.starts_at or dt.datetime.min.replace(tzinfo=dt.UTC))
        for index, line in enumerate(group):
            for other in group[index + 1 :]:
                if not _overlap(line, other):
                    break
                found.append((line, other))
    return found


def _overlap(one: PlanLine, other: PlanLine) -> bool:
    if one.starts_at is None or one.ends_at is None or other.starts_at is None or other.ends_at is None:
        return False
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _courses(lines: list[PlanLine]) -> Check:
    details = [
        f"课程“{line.title}”已下架，不能用于新班。"
        for line in lines
        if line.course_version is not None and line.course_version.state != VersionState.PUBLISHED
    ]
    return Check("courses", "线上课程都已发布", not details, _short(details), "plan")


def _share(cohort: Cohort, lines: list[PlanLine], limit: int) -> Check:
    share = plan_share(lines)
    title = f"线上占比 {share.percent}%（上限 {limit}%）"
    if not share.exceeds(limit):
        return Check("share", title, True, (), "plan")
    if cohort.share_exception_reason:
        details = (f"超过上限，理由：{cohort.share_exception_reason}。须由人社部门在审批时单独同意。",)
        return Check("share", title, False, details, "plan", warning=True)
    return Check("share", title, False, ("线上占比超过上限，且没有写明理由。",), "plan")


def _roster(cohort: Cohort, maximum: int) -> Check:
    count = Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).count()
    details = []
    if not count:
        details.append("名册是空的，请导入或逐个添加学员。")
    if count > cohort.capacity:
        details.append(f"名册有 {count} 人，超过计划人数 {cohort.capacity} 人。")
    if max(count, cohort.capacity) > maximum:
        details.append(f"每班不超过 {maximum} 人，现在计划 {cohort.capacity} 人、名册 {count} 人，请分班。")
    return Check("roster", f"名册 {count} 人", not details, tuple(details), "roster")


def _overlaps(cohort: Cohort) -> Check:
    people = Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).values("person_id")
    others = overlapping_enrolments(cohort).filter(person_id__in=people)
    details = [
        f"{other.person.name}：已在{other.cohort.organisation.name}“{other.cohort.title}”"
        f"（{other.cohort.starts_on} 至 {other.cohort.ends_on}）。"
        for other in others[: SHOWN + 1]
    ]
    return Check("overlaps", "学员没有同期参加其他班", not details, _short(details), "roster")


def overlapping_enrolments(cohort: Cohort, *, ends_on: dt.date | None = None) -> QuerySet[Enrolment]:
    """Active enrolments in other filed or running cohorts whose dates meet this cohort's."""
    return (
        Enrolment.objects.filter(
            Q(cohort__starts_on__lte=ends_on or cohort.ends_on, cohort__ends_on__gte=cohort.starts_on),
            state=EnrolmentState.ACTIVE,
            cohort__state__in=BINDING_STATES,
        )
        .exclude(cohort_id=cohort.pk)
        .select_related("person", "cohort__organisation")
        .order_by("person__name", "pk")
    )


def _short(details: list[str]) -> tuple[str, ...]:
    return tuple(details) if len(details) <= SHOWN else (*details[:SHOWN], f"…… 共 {len(details)} 处")
