"""What stories begin with: the organisations with a paper and a course, the whole demo, a class."""

import datetime as dt
from typing import Any
from unittest.mock import patch

from tests.factories import catalogue as courses
from tests.factories import training as cohorts
from tests.factories.identity import make_provider
from tests.support.town import OCCUPATION, PASSWORD, QUESTIONS
from tests.support.town.people import actor, lay_unverified, open_accounts
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, QuestionKind, UnitDraft
from zhenxue.catalogue.models import Material, Unit
from zhenxue.config.demo.build import build
from zhenxue.config.demo.city import build_city
from zhenxue.config.demo.subsidies import build_policy
from zhenxue.exams import api as exams
from zhenxue.identity import api as identity
from zhenxue.identity.data import Rules
from zhenxue.kernel import clock
from zhenxue.training import api as training


def lay_city() -> dict[str, Any]:
    """Organisations, bureaus and accounts of the demo, a subsidy policy, and a settled paper of three questions."""
    now = clock.now()
    city = build_city(PASSWORD, now)
    build_policy(city.city_bureau, clock.civil_day(now), now)
    bank = exams.create_bank(actor=city.provider, title="养老护理题库", now=now)
    source = QUESTIONS.encode()
    questions = exams.import_questions(actor=city.provider, bank=bank, source=source, file_name="题目.csv", now=now)
    paper = exams.create_paper(
        actor=city.provider, title="养老护理阶段卷", lines=[(one.pk, None) for one in questions], now=now
    )
    exams.finish_paper(actor=city.provider, paper=paper, now=now)
    return {"region": city.provider.region_code}


def lay_course(material_title: str) -> dict[str, Any]:
    """A published course of the provider: the video that was uploaded under this title, a text, and a self-test."""
    now = clock.now()
    author, reviewer = actor("provider"), actor("reviewer")
    facts = CourseFacts(
        title="养老护理入门",
        domain="skill",
        occupation_code=OCCUPATION,
        target_groups=("rural", "unemployed"),
        prerequisites="会用手机看视频。",
        introduction="喂饭、洗手和观察。",
        features="看一段，读一页，测一次。",
        organisation_form="线上自学，线下实操。",
    )
    version = catalogue.create_course(actor=author, facts=facts, now=now)
    chapter = version.chapters.get()
    video = Material.objects.get(title=material_title)
    drafts = [
        UnitDraft("video", "喂饭的体位", material_id=video.pk),
        UnitDraft("text", "什么时候洗手", minutes=1, body="## 五个时刻\n\n- 接触老人之前\n- 接触分泌物之后"),
        UnitDraft("self_test", "学会了吗", minutes=1, pass_percent=60),
    ]
    for draft in drafts:
        unit = catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=draft, now=now)
    question = catalogue.QuestionDraft(QuestionKind.TRUE_FALSE, "喂饭时老人应平卧。", (), ("错",), "应半卧或坐起。")
    catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=[question])
    catalogue.submit_version(actor=author, version_id=version.pk, now=now)
    catalogue.publish_version(actor=reviewer, version_id=version.pk, note="内容完整。", now=now)
    return {"version": version.pk}


def lay_demo(part_seconds: int = 4) -> dict[str, Any]:
    """The demo as ``zhenxue demo`` makes it, with short videos; gives the accounts by what they are for."""
    city = build(password=PASSWORD, now=clock.now(), say=lambda words: None, seconds_each=part_seconds)
    return {f"{one.role} {one.where}": one.username for one in city.shown} | open_accounts(city.admin)


def lay_school(video_seconds: int, rules: list[dict[str, int]], unverified: list[list[str]]) -> dict[str, Any]:
    """What ``lay_class`` lays, and learners who are not verified yet (``people.lay_unverified``)."""
    found = lay_unverified(unverified)
    return lay_class(video_seconds, rules) | {"unverified": found}


def lay_class(video_seconds: int, rules: list[dict[str, int]]) -> dict[str, Any]:
    """One course of a video and a document of two pages with a test below it, and a running cohort of two learners for
    each set of rule values; gives the learners' usernames (their password is the factories') and the units."""
    now, manager, frozen = clock.now(), make_provider(), Rules.frozen
    provider = identity.get_organisation(manager.organisation_id or 0)
    units = [
        UnitDraft("video", "看一段", material_id=courses.make_ready_video(provider, video_seconds, now=now).pk),
        UnitDraft("document", "读两页", minutes=1, material_id=courses.make_handbook_document(provider, now=now).pk),
    ]
    version = courses.make_published_version(provider, units=units, now=now)
    programme = cohorts.make_draft_programme(manager, online_minutes=0, offline=(), now=now)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=now)
    programme = training.make_ready(
        actor=manager, programme_id=programme.pk, share_exception_reason="线上内容为主，经人社部门同意", now=now
    )
    today = clock.civil_day(now)
    learners = []
    for number, changed in enumerate(rules, 1):
        # Shorter than any rule set may say, so that a story takes seconds.
        with patch.object(Rules, "frozen", lambda rules, changed=changed: {**frozen(rules), **changed}):
            made = cohorts.make_running_cohort(
                manager,
                programme=programme,
                learners=2,
                title=f"真学{number}班",
                starts_on=today,
                ends_on=today + dt.timedelta(days=27),
                now=now,
            )
        accounts = [identity.find_account_of(actor.person_id or 0) for actor in made.learners]
        people = zip(accounts, made.enrolments, strict=True)
        learners.append([(account.username, enrolment.pk) for account, enrolment in people if account])
    return {"learners": learners, "units": [one.pk for one in Unit.objects.order_by("position", "pk")]}
