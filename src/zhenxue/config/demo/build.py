"""Makes the whole city, step by step in the order of time."""

import datetime as dt
from collections.abc import Callable

from zhenxue.config.demo.city import City, build_city
from zhenxue.config.demo.cohorts import Cohorts, Group
from zhenxue.config.demo.courses import build_course
from zhenxue.config.demo.exams import build_paper, plan_stage
from zhenxue.config.demo.incidents import build_incidents
from zhenxue.config.demo.kinds import build_kinds, open_quiz
from zhenxue.config.demo.practice import build_practice
from zhenxue.config.demo.rules import bring_forward
from zhenxue.config.demo.scoring import build_practical, build_written
from zhenxue.config.demo.studying import Classroom
from zhenxue.config.demo.subsidies import build_policy, claim_stage, pay_claim
from zhenxue.evidence import api as evidence
from zhenxue.exams import api as exams
from zhenxue.kernel import clock
from zhenxue.training import api as training


def build(*, password: str, now: dt.datetime, say: Callable[[str], None], seconds_each: int | None = None) -> City:
    """Everything, ending at ``now``; ``say`` is told each step; ``seconds_each`` shortens the parts of the videos.

    Raises what an operation raises.
    """
    today = clock.civil_day(now)
    founded = now - dt.timedelta(days=80)
    say("机构与账号 …")
    bring_forward(clock.civil_day(founded), now)
    city = build_city(password, founded)
    say("课程：绘制并加工两段视频 …")
    full = build_course(
        city.provider, city.reviewer, founded + dt.timedelta(days=1), with_videos=True, seconds_each=seconds_each
    )
    short = build_course(city.second_provider, city.reviewer, founded + dt.timedelta(days=1), with_videos=False)
    company = build_course(city.enterprise, city.reviewer, founded + dt.timedelta(days=1), with_videos=False)
    make = Cohorts(city, today)
    paper = build_paper(city.provider, make.at(-75))
    second_paper = build_paper(city.second_provider, make.at(-75))
    policy_from = today - dt.timedelta(days=79)
    build_policy(city.city_bureau, policy_from, make.at(-74))
    programme = make.programme(city.provider, full, -72, kind="skill", stages=2)
    second = make.programme(city.second_provider, short, -72, kind="skill", stages=1)
    upskill = make.programme(city.enterprise, company, -20, kind="upskill", stages=1)

    with Classroom() as room:
        say("已拨付的班期 …")
        paid = make.draft(
            city.provider,
            city.teacher,
            programme,
            title="养老护理员春风一班",
            starts=-60,
            ends=-35,
            learners=3,
            made=-68,
            lessons=(-56, -50),
        )
        make.approve(paid, -66)
        make.start(paid, -60)
        make.finish(paid, room, paper, study_day=-58, exam_day=-40)
        training.close_cohort(actor=city.provider, cohort_id=paid.cohort.pk, now=make.at(-34))
        for stage in (1, 2):
            claim = claim_stage(city.provider, paid.cohort, stage, make.at(-33, 9 + stage))
            pay_claim(city, paid.county, claim, make.at(-30, 9 + stage), voucher=f"DEMO-{stage:03}")
        give_certificates(paid, make.at(-33, 14))

        say("补贴审核中的班期 …")
        review = make.draft(
            city.second_provider,
            city.second_teacher,
            second,
            title="养老护理员茌平二班",
            starts=-40,
            ends=-12,
            learners=3,
            made=-48,
            lessons=(-36,),
        )
        make.approve(review, -46)
        make.start(review, -40)
        make.finish(review, room, second_paper, study_day=-38, exam_day=-16)
        training.close_cohort(actor=city.second_provider, cohort_id=review.cohort.pk, now=make.at(-11))
        claim_stage(city.second_provider, review.cohort, 1, make.at(-3))

        say("已考核的班期 …")
        assessed = make.draft(
            city.provider,
            city.teacher,
            programme,
            title="养老护理员秋实二班",
            starts=-24,
            ends=4,
            learners=3,
            made=-32,
            lessons=(-20, -15),
        )
        make.approve(assessed, -30)
        make.start(assessed, -24)
        make.finish(assessed, room, paper, study_day=-22, exam_day=-6)

        say("正在培训的班期 …")
        running = make.draft(
            city.provider,
            city.teacher,
            programme,
            title="养老护理员晨光三班",
            starts=-8,
            ends=20,
            learners=6,
            made=-16,
            lessons=(-4, 3),
        )
        make.approve(running, -14)
        make.start(running, -8)
        for index, (units, part) in enumerate(((2, 45), (1, 60), (5, 100), (3, 100), (4, 30))):
            enrolment, begins = running.enrolments[index], make.at(-6, 19, index)
            learner = running.learner(enrolment)
            room.study(learner, enrolment, begins, teacher=city.teacher, units=units, part=part)
        make.attend(running, training.list_lessons(running.cohort.pk)[0], late=3)
        plan_stage(city.provider, running.cohort, 1, paper, opens=make.at(-1, 8), made=make.at(-2), days=15)

    say("评卷、实操考核与练习 …")
    known = build_kinds(city.provider, make.at(-70))
    build_written(assessed, known, make.at)
    open_quiz(running, known, make.at)
    build_practical(running, city.examiner, known["practical"], make.at)
    build_practice(city.provider, paper.bank_id, running, make.at(-5))

    say("核查与申诉 …")
    build_incidents(city, assessed, [make.at(-22, 19, index) for index in range(3)], running, room.sessions, make.at)

    say("待审批、退回和已备案的班期 …")
    filed = make.draft(
        city.provider,
        city.teacher,
        programme,
        title="养老护理员冬令四班",
        starts=10,
        ends=40,
        learners=4,
        made=-2,
        lessons=(14, 21),
    )
    make.file(filed, -1)
    returned = make.draft(
        city.second_provider,
        city.second_teacher,
        second,
        title="养老护理员茌平三班",
        starts=12,
        ends=38,
        learners=2,
        made=-4,
        lessons=(16,),
    )
    make.file(returned, -3)
    training.return_cohort(
        actor=returned.county,
        cohort_id=returned.cohort.pk,
        reason="考核方案没有写清楚实操考核的地点和人数，请补充后重新提交。",
        now=make.at(-2, 16),
    )
    ready = make.draft(
        city.enterprise,
        city.enterprise_teacher,
        upskill,
        title="新招用护理员岗前提升班",
        starts=5,
        ends=30,
        learners=3,
        made=-6,
        lessons=(9,),
    )
    make.approve(ready, -5)
    for index, words in enumerate(("学员：学到一半", "学员：刚开始", "学员：线上学完，可以考试")):
        make.show_learner(running, index, words)
    make.show_learner(assessed, 0, "学员：已考核")
    make.show_learner(paid, 0, "学员：已结业，有证书")
    say("写入存证链 …")
    while evidence.integrate(now):
        pass
    return city


def give_certificates(group: Group, now: dt.datetime) -> None:
    """Certificates of completion for a class that is over."""
    cohort = training.get_cohort(group.manager, group.cohort.pk)
    batch = exams.ask_certificates(actor=group.manager, cohort=cohort, now=now)
    exams.issue_batch(actor=group.manager, batch_id=batch.pk, now=now)
