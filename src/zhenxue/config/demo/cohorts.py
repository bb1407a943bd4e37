"""The demo's cohorts, one in every state of the main job."""

import datetime as dt
from dataclasses import dataclass

from zhenxue.config.demo import people
from zhenxue.config.demo.city import City, Shown
from zhenxue.config.demo.courses import OCCUPATION
from zhenxue.config.demo.exams import DemoPaper, hold_exam
from zhenxue.config.demo.studying import Classroom
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState, LessonPlan, LineMode, Mark

PLAN = "每阶段线上考核一次，满分 100 分，60 分合格；技能操作由教师现场逐人检查。"


@dataclass(slots=True)
class Group:
    """A cohort of the demo with those who act in it."""

    cohort: training.Cohort
    manager: Actor
    teacher: Actor
    county: Actor
    enrolments: list[training.Enrolment]

    def learner(self, enrolment: training.Enrolment) -> Actor:
        account = identity.find_account_of(enrolment.person_id)
        assert account is not None
        memberships = identity.list_memberships(account.pk)
        return identity.actor_of(next(one for one in memberships if one.role == Role.LEARNER))


class Cohorts:
    """Makes cohorts; ``today`` is the civil day of the demo."""

    def __init__(self, city: City, today: dt.date) -> None:
        self.city = city
        self.today = today
        self.people = 0

    def at(self, days: int, hour: int = 9, minute: int = 0) -> dt.datetime:
        """A moment so many days from today, China time."""
        day = self.today + dt.timedelta(days=days)
        return dt.datetime.combine(day, dt.time(hour, minute), clock.CIVIL_ZONE).astimezone(dt.UTC)

    def programme(self, manager: Actor, version_id: int, days: int, *, kind: str, stages: int) -> training.Programme:
        """A settled programme: the course online, then a lesson of 90 minutes a stage."""
        now = self.at(days)
        made = training.create_programme(
            actor=manager,
            kind=kind,
            title="养老护理员（五级）",
            occupation_code=OCCUPATION,
            level="5",
            target_groups=["rural", "unemployed"] if kind == "skill" else ["employee"],
            now=now,
        )
        training.add_online_line(actor=manager, programme_id=made.pk, course_version_id=version_id, stage=1, now=now)
        for stage, topic in list(enumerate(("进食照护与手卫生实操", "翻身与急救实操"), 1))[:stages]:
            training.add_offline_line(
                actor=manager, programme_id=made.pk, title=topic, minutes=90, stage=stage, now=now
            )
        return training.make_ready(actor=manager, programme_id=made.pk, now=now)

    def draft(
        self,
        manager: Actor,
        teacher: Actor,
        programme: training.Programme,
        *,
        title: str,
        starts: int,
        ends: int,
        learners: int,
        made: int,
        lessons: tuple[int, ...],
    ) -> Group:
        """A complete draft with its roster; ``starts``, ``ends``, ``made`` and ``lessons`` are days from today."""
        now = self.at(made)
        cohort = training.create_cohort(
            actor=manager,
            programme_id=programme.pk,
            title=title,
            starts_on=self.today + dt.timedelta(days=starts),
            ends_on=self.today + dt.timedelta(days=ends),
            capacity=30,
            venue="实训楼二楼护理实训室",
            assessment_plan=PLAN,
            head_teacher_id=teacher.person_id,
            now=now,
        )
        offline = [line for line in training.list_lines(cohort.pk) if line.mode == LineMode.OFFLINE]
        plans = []
        for line, day in zip(offline, lessons, strict=True):
            begins = self.at(day, 14)
            plans.append(
                LessonPlan(
                    line.pk, begins, begins + dt.timedelta(minutes=line.minutes), "护理实训室", teacher.person_id or 0
                )
            )
        training.set_plan(actor=manager, cohort_id=cohort.pk, lessons=plans, now=now)
        enrolments = [self._learner(manager, cohort.pk, programme.target_groups, now) for _ in range(learners)]
        county = self.city.county_bureaus[cohort.region_id]
        return Group(cohort, manager, teacher, county, enrolments)

    def _learner(self, manager: Actor, cohort_id: int, groups: list[str], now: dt.datetime) -> training.Enrolment:
        index = self.people
        self.people += 1
        enrolment, _ = training.add_learner(
            actor=manager,
            cohort_id=cohort_id,
            name=people.learner_name(index),
            citizen_number=people.citizen_number(index),
            phone=people.phone(index),
            target_group=groups[index % len(groups)],
            now=now,
        )
        return enrolment

    def file(self, group: Group, days: int) -> None:
        training.file_cohort(actor=group.manager, cohort_id=group.cohort.pk, now=self.at(days, 10))

    def approve(self, group: Group, days: int) -> None:
        self.file(group, days)
        training.approve_cohort(
            actor=group.county, cohort_id=group.cohort.pk, note="方案齐全，同意开班。", now=self.at(days, 15)
        )

    def start(self, group: Group, starts: int) -> None:
        """The first morning: identity cards are looked at, then the cohort starts."""
        for enrolment in group.enrolments:
            identity.verify_in_person(
                actor=group.manager,
                person_id=enrolment.person_id,
                reason="开班当天在护理实训室当面核对身份证原件",
                now=self.at(starts, 7, 30),
            )
        training.start_cohort(actor=group.manager, cohort_id=group.cohort.pk, now=self.at(starts, 8))

    def attend(self, group: Group, lesson: training.PlanLine, *, late: int | None = None) -> None:
        """The teacher's record after the lesson: all present, or one of them late."""
        assert lesson.ends_at is not None
        marks = [
            Mark(one.pk, AttendanceState.LATE, "路上堵车") if index == late else Mark(one.pk, AttendanceState.PRESENT)
            for index, one in enumerate(group.enrolments)
        ]
        training.record_attendance(actor=group.teacher, line_id=lesson.pk, marks=marks, now=lesson.ends_at)

    def finish(self, group: Group, room: Classroom, paper: DemoPaper, *, study_day: int, exam_day: int) -> None:
        """Everybody studies everything, attends every lesson, and passes every stage's assessment."""
        for index, enrolment in enumerate(group.enrolments):
            room.study(group.learner(enrolment), enrolment, self.at(study_day, 19, index), teacher=group.teacher)
        for lesson in training.list_lessons(group.cohort.pk):
            self.attend(group, lesson)
        for stage in training.list_stages(group.cohort.pk):
            hold_exam(
                group.manager,
                group.teacher,
                group.cohort,
                stage.number,
                paper,
                [(group.learner(one), one) for one in group.enrolments],
                begins=self.at(exam_day, 8 + stage.number),
                made=self.at(exam_day - 1),
            )

    def show_learner(self, group: Group, index: int, role: str) -> None:
        """Give a learner the demo's password and put the account on the list that is printed."""
        account = identity.find_account_of(group.enrolments[index].person_id)
        assert account is not None
        now = self.at(0, 0)
        account, first = identity.reset_password(actor=self.city.admin, account_id=account.pk, now=now)
        identity.change_password(account=account, session_id=None, old=first, new=self.city.password, now=now)
        self.city.shown.append(Shown(account.username, role, group.cohort.title))
