"""Programmes, cohorts in every state, rosters: all made through the operations of ``training``.

Times lie around ``NOW`` (Monday 2026-03-02, 09:00 in China): a cohort is filed and approved that morning, starts that
day, and its lessons are at 14:00 of the following days.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

from tests.factories.catalogue import OCCUPATION, make_occupations, make_published_version
from tests.factories.identity import (
    NOW,
    PASSWORD,
    actor_for,
    citizen_number,
    make_bureau,
    make_provider,
    make_rules,
    make_teacher,
    person_name,
    phone,
    usual_provider,
)
from tests.support.laid import laid
from zhenxue.catalogue.data import UnitDraft
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Account
from zhenxue.kernel import clock
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState, CohortState, LessonPlan, LineMode, Mark, ProgrammeState
from zhenxue.training.models import Cohort, Enrolment, PlanLine, Programme

PLAN = "理论考试 40 题，实操考核一次，均达到合格线为合格；结班前三天考核。"
FIRST_DAY = clock.civil_day(NOW)
LAST_DAY = FIRST_DAY + dt.timedelta(days=27)


@dataclass
class Running:
    """A cohort with everybody around it."""

    cohort: Cohort
    manager: Actor
    teacher: Actor
    bureau: Actor
    enrolments: list[Enrolment] = field(default_factory=list)

    @property
    def learners(self) -> Sequence[Actor]:
        """The learners' actors, in the order of ``enrolments``; each can sign in with ``PASSWORD``."""
        return Learners(self.enrolments)

    @property
    def lessons(self) -> list[PlanLine]:
        return training.list_lessons(self.cohort.pk)


class Learners(Sequence[Actor]):
    """Whoever asks for one of many has no other looked up."""

    def __init__(self, enrolments: Sequence[Enrolment]) -> None:
        self._enrolments = list(enrolments)
        self._found: dict[int, Actor] = {}

    def __len__(self) -> int:
        return len(self._enrolments)

    @overload
    def __getitem__(self, at: int) -> Actor: ...

    @overload
    def __getitem__(self, at: slice) -> list[Actor]: ...

    def __getitem__(self, at: int | slice) -> Actor | list[Actor]:
        if isinstance(at, slice):
            return [self[number] for number in range(len(self))[at]]
        number = range(len(self))[at]
        if number not in self._found:
            self._found[number] = actor_for(_settled(self._enrolments[number]), Role.LEARNER)
        return self._found[number]


def _settled(enrolment: Enrolment) -> Account:
    account = identity.find_account_of(enrolment.person_id)
    assert account is not None
    if account.must_change_password:
        account.set_password(PASSWORD)
        account.must_change_password = False
        account.save(update_fields=["password", "must_change_password"])
    return account


def make_course(manager: Actor, *, title: str = "直播销售入门", minutes: int = 20, now: dt.datetime = NOW) -> int:
    """A published course of two text units; gives the version's id. No video, so it is quick."""
    organisation = identity.get_organisation(manager.organisation_id or 0)
    first = max(1, minutes // 2)
    units = [
        UnitDraft(kind="text", title="认识直播", minutes=first, body="直播前先想好要讲什么。"),
        UnitDraft(kind="text", title="开始直播", minutes=max(1, minutes - first), body="讲清楚，讲慢一点。"),
    ]
    return make_published_version(organisation, title=title, units=units, now=now).pk


@laid
def make_draft_programme(
    manager: Actor | None = None,
    *,
    title: str = "直播销售员（五级）",
    online_minutes: int = 20,
    offline: Sequence[tuple[str, int, int]] = (("话术练习", 45, 1), ("直播实操", 45, 1)),
    now: dt.datetime = NOW,
) -> Programme:
    """A draft with one online course (stage 1) and offline lines of (title, minutes, stage)."""
    make_rules()
    make_occupations()
    manager = manager or make_provider()
    programme = training.create_programme(
        actor=manager,
        kind="skill",
        title=title,
        occupation_code=OCCUPATION,
        level="5",
        target_groups=["rural", "unemployed"],
        now=now,
    )
    if online_minutes:
        version_id = make_course(manager, minutes=online_minutes, now=now)
        training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version_id, now=now)
    for topic, minutes, stage in offline:
        training.add_offline_line(
            actor=manager, programme_id=programme.pk, title=topic, minutes=minutes, stage=stage, now=now
        )
    return programme


@laid
def make_programme(
    manager: Actor | None = None,
    *,
    title: str = "直播销售员（五级）",
    online_minutes: int = 20,
    offline: Sequence[tuple[str, int, int]] = (("话术练习", 45, 1), ("直播实操", 45, 1)),
    reason: str = "",
    now: dt.datetime = NOW,
) -> Programme:
    """A settled programme."""
    manager = manager or make_provider()
    draft = make_draft_programme(manager, title=title, online_minutes=online_minutes, offline=offline, now=now)
    return training.make_ready(actor=manager, programme_id=draft.pk, share_exception_reason=reason, now=now)


def usual_programme() -> Programme:
    """The settled programme of the usual provider (``make_programme`` as it comes); see ``tests.factories.ground``."""
    manager = usual_provider()
    found = Programme.objects.filter(organisation_id=manager.organisation_id or 0, state=ProgrammeState.READY)
    return found.order_by("pk").first() or make_programme(manager)


@laid
def make_draft_cohort(
    manager: Actor | None = None,
    *,
    programme: Programme | None = None,
    teacher: Actor | None = None,
    learners: int = 3,
    title: str = "直播销售员一班",
    starts_on: dt.date = FIRST_DAY,
    ends_on: dt.date = LAST_DAY,
    capacity: int = 30,
    now: dt.datetime = NOW,
) -> Running:
    """A draft, complete and ready to be filed: every lesson at 14:00 of its own day, everybody on the roster.

    Without ``manager`` and ``programme`` it is the usual provider's, of its usual programme.
    """
    if manager is None and programme is None:
        manager, programme = usual_provider(), usual_programme()
    manager = manager or make_provider()
    programme = programme or make_programme(manager, now=now)
    teacher = teacher or make_teacher(manager.organisation_id)
    cohort = training.create_cohort(
        actor=manager,
        programme_id=programme.pk,
        title=title,
        starts_on=starts_on,
        ends_on=ends_on,
        capacity=capacity,
        venue="东昌西路1号三楼教室",
        assessment_plan=PLAN,
        head_teacher_id=teacher.person_id,
        now=now,
    )
    made = Running(cohort, manager, teacher, make_bureau(cohort.region_id))
    plan_lessons(made, now=now)
    for _ in range(learners):
        add_learner(made, now=now)
    made.cohort = Cohort.objects.get(pk=cohort.pk)
    return made


def plan_lessons(made: Running, *, now: dt.datetime = NOW) -> None:
    """Put every offline line at 14:00 (China) of a day of its own, from the first day on."""
    lines = PlanLine.objects.filter(cohort=made.cohort, mode=LineMode.OFFLINE).order_by("stage__number", "position")
    plans = [
        lesson_plan(line, made.cohort.starts_on + dt.timedelta(days=index), teacher_id=made.teacher.person_id or 0)
        for index, line in enumerate(lines)
    ]
    training.set_plan(actor=made.manager, cohort_id=made.cohort.pk, lessons=plans, now=now)


def lesson_plan(
    line: PlanLine, day: dt.date, *, teacher_id: int, hour: int = 14, place: str = "三楼教室"
) -> LessonPlan:
    """The line at a full hour (China) of a day, for as long as it counts."""
    starts_at = dt.datetime.combine(day, dt.time(hour), clock.CIVIL_ZONE).astimezone(dt.UTC)
    return LessonPlan(line.pk, starts_at, starts_at + dt.timedelta(minutes=line.minutes), place, teacher_id)


def add_learner(made: Running, *, name: str = "", number: str = "", now: dt.datetime = NOW) -> Enrolment:
    """One more on the roster of a draft."""
    enrolment, _ = training.add_learner(
        actor=made.manager,
        cohort_id=made.cohort.pk,
        name=name or person_name(),
        citizen_number=number or citizen_number(),
        phone=phone(),
        target_group="rural",
        now=now,
    )
    made.enrolments.append(enrolment)
    return enrolment


@laid
def make_filed_cohort(manager: Actor | None = None, *, now: dt.datetime = NOW, **draft: object) -> Running:
    """Waiting for the county bureau."""
    made = make_draft_cohort(manager, now=now, **draft)  # type: ignore[arg-type]  # passed through to the draft
    made.cohort = training.file_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=now)
    return made


@laid
def make_approved_cohort(manager: Actor | None = None, *, now: dt.datetime = NOW, **draft: object) -> Running:
    """Approved by the county bureau, not yet started."""
    made = make_filed_cohort(manager, now=now, **draft)
    made.cohort = training.approve_cohort(
        actor=made.bureau, cohort_id=made.cohort.pk, accept_share_exception=True, now=now
    )
    return made


@laid
def make_running_cohort(manager: Actor | None = None, *, now: dt.datetime = NOW, **draft: object) -> Running:
    """Started on its first day; ``learners=3`` by default."""
    made = make_approved_cohort(manager, now=now, **draft)
    moment = max(now, clock.start_of_day(made.cohort.starts_on))
    made.cohort = training.start_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=moment)
    return made


def attend_all(made: Running, line: PlanLine, *, now: dt.datetime | None = None) -> None:
    """Everybody was there."""
    marks = [Mark(enrolment.pk, AttendanceState.PRESENT) for enrolment in made.enrolments]
    moment = now or (line.ends_at or NOW)
    training.record_attendance(actor=made.teacher, line_id=line.pk, marks=marks, now=moment)


@laid
def make_closed_cohort(manager: Actor | None = None, *, now: dt.datetime = NOW, **draft: object) -> Running:
    """Every lesson attended, closed on the day after its last."""
    made = make_running_cohort(manager, now=now, **draft)
    for line in made.lessons:
        attend_all(made, line)
    moment = clock.start_of_day(made.cohort.ends_on + dt.timedelta(days=1)) + dt.timedelta(hours=9)
    made.cohort = training.close_cohort(actor=made.manager, cohort_id=made.cohort.pk, now=moment)
    assert made.cohort.state == CohortState.CLOSED
    return made
