"""Courses and their versions: begin, describe, begin anew, give up."""

import datetime as dt
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from zhenxue.catalogue.data import EDITABLE, CourseFacts, Domain, TargetGroup, VersionState
from zhenxue.catalogue.models import Chapter, Course, CourseVersion, Point, SelfTestQuestion, Unit, UnitPrompt
from zhenxue.catalogue.policies import check_can_edit_version, check_is_author
from zhenxue.catalogue.queries.courses import get_course, get_visible_version
from zhenxue.catalogue.queries.standards import find_occupation, visible_standards
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, Refused

MOST_TEXT = 4_000


def create_course(*, actor: Actor, facts: CourseFacts, now: dt.datetime) -> CourseVersion:
    """Begin a course with its first draft version (with one chapter to write in)."""
    check_is_author(actor)
    if actor.organisation_id is None:
        raise Refused("catalogue.not_author", "请先登录机构账号。")
    facts = _checked(actor, facts)
    with transaction.atomic():
        course = Course.objects.create(organisation_id=actor.organisation_id, created_at=now, **_columns(facts))
        version = CourseVersion.objects.create(course=course, number=1, facts=asdict(facts), created_at=now)
        Chapter.objects.create(version=version, position=1, title="第一章")
        record("catalogue.course_created", actor, version, {"title": facts.title}, now)
    return version


def edit_facts(*, actor: Actor, version_id: int, facts: CourseFacts, now: dt.datetime) -> CourseVersion:
    """Change what a draft says of itself. Points of another standard are taken off its units.

    Until the first publication the course shows the draft's words, afterwards those of what is published.
    """
    with transaction.atomic():
        version = lock_editable(actor, version_id)
        facts = _checked(actor, facts)
        before = version.facts.get("standard_id")
        version.facts = asdict(facts)
        version.save(update_fields=["facts"])
        if before != facts.standard_id:
            links = Unit.points.through.objects.filter(unit__version=version)
            (links.exclude(point__standard_id=facts.standard_id) if facts.standard_id else links).delete()
        if not version.course.versions.exclude(published_at__isnull=True).exists():
            apply_facts(version.course, facts)
    return version


def apply_facts(course: Course, facts: CourseFacts) -> None:
    """Let the course show these words."""
    for name, value in _columns(facts).items():
        setattr(course, name, value)
    course.save()


def begin_version(*, actor: Actor, course_id: int, now: dt.datetime) -> CourseVersion:
    """A new draft with the contents of the newest version; ``Conflict`` while one is still open."""
    with transaction.atomic():
        course = get_course(actor, course_id)
        if not (actor.organisation_id == course.organisation_id):
            raise Refused("catalogue.course_of_others", "只能编辑本机构的课程。")
        check_is_author(actor)
        latest = CourseVersion.objects.select_for_update().filter(course=course).order_by("-number")[0]
        if latest.state in {*EDITABLE, VersionState.IN_REVIEW}:
            raise Conflict("catalogue.version_open", f"第 {latest.number} 版还没有发布，请直接编辑它。")
        version = CourseVersion.objects.create(
            course=course, number=latest.number + 1, facts=latest.facts, created_at=now
        )
        _copy(latest, version)
        record("catalogue.version_begun", actor, version, {"from": latest.number}, now)
    return version


def discard_version(*, actor: Actor, version_id: int, now: dt.datetime) -> None:
    """Give a draft up; with the only version the course goes too."""
    with transaction.atomic():
        version = lock_editable(actor, version_id)
        record("catalogue.version_discarded", actor, version, {"title": version.facts.get("title", "")}, now)
        alone = not version.course.versions.exclude(pk=version.pk).exists()
        if alone:
            version.course.delete()
        else:
            version.delete()


def lock_editable(actor: Actor, version_id: int) -> CourseVersion:
    """A version this actor may write in, locked until the transaction ends."""
    CourseVersion.objects.select_for_update().filter(pk=version_id).first()
    version = get_visible_version(actor, version_id)
    check_can_edit_version(actor, version)
    return version


def record(kind: str, actor: Actor, version: CourseVersion, body: dict[str, Any], now: dt.datetime) -> None:
    """One evidence entry about a version."""
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"course_version:{version.pk}",
        about=[f"course:{version.course_id}", f"organisation:{version.course.organisation_id}"],
        body={"number": version.number, **body},
        now=now,
    )


def _checked(actor: Actor, facts: CourseFacts) -> CourseFacts:
    """The facts with outer blanks gone; raises ``Invalid`` naming each field that does not fit."""
    facts = replace(
        facts,
        title=facts.title.strip(),
        prerequisites=facts.prerequisites.strip(),
        introduction=facts.introduction.strip(),
        features=facts.features.strip(),
        organisation_form=facts.organisation_form.strip(),
        occupation_code=facts.occupation_code or None,
        target_groups=tuple(facts.target_groups),
    )
    fields: dict[str, str] = {}
    if not 2 <= len(facts.title) <= 120:
        fields["title"] = "请填写课程名称，2 到 120 字。"
    if facts.domain not in set(Domain):
        fields["domain"] = "请选择资源分类。"
    if not set(facts.target_groups) <= set(TargetGroup):
        fields["target_groups"] = "适用对象不在列表中，请重新勾选。"
    if facts.occupation_code and find_occupation(facts.occupation_code) is None:
        fields["occupation_code"] = "职业编码不在目录中，请从搜索结果里选择。"
    if facts.standard_id and not visible_standards(actor).filter(pk=facts.standard_id).exists():
        fields["standard_id"] = "这个标准不存在或不可用，请重新选择。"
    for name in ("prerequisites", "introduction", "features", "organisation_form"):
        if len(getattr(facts, name)) > MOST_TEXT:
            fields[name] = f"不能超过 {MOST_TEXT} 字。"
    if fields:
        raise Invalid("catalogue.course_fields", "请改正标出的内容。", fields=fields)
    return facts


def _columns(facts: CourseFacts) -> dict[str, Any]:
    columns = asdict(facts)
    columns["target_groups"] = list(facts.target_groups)
    columns["occupation_id"] = columns.pop("occupation_code")
    return columns


def _copy(source: CourseVersion, target: CourseVersion) -> None:
    for chapter in Chapter.objects.filter(version=source).order_by("position"):
        fresh = Chapter.objects.create(version=target, position=chapter.position, title=chapter.title)
        for unit in chapter.units.order_by("position"):
            points = list(Point.objects.filter(pk__in=unit.points.values("pk")))
            questions = list(unit.questions.order_by("position"))
            prompts = list(unit.prompts.order_by("at_ms"))
            unit.pk, unit.version, unit.chapter = None, target, fresh
            unit._state.adding = True
            unit.save()
            unit.points.set(points)
            SelfTestQuestion.objects.bulk_create(_copied(question, unit) for question in questions)
            UnitPrompt.objects.bulk_create(_copied_prompt(prompt, unit) for prompt in prompts)


def _copied(question: SelfTestQuestion, unit: Unit) -> SelfTestQuestion:
    return SelfTestQuestion(
        unit=unit,
        position=question.position,
        kind=question.kind,
        stem=question.stem,
        options=question.options,
        answer=question.answer,
        explanation=question.explanation,
    )


def _copied_prompt(prompt: UnitPrompt, unit: Unit) -> UnitPrompt:
    return UnitPrompt(
        unit=unit,
        at_ms=prompt.at_ms,
        kind=prompt.kind,
        stem=prompt.stem,
        options=prompt.options,
        answer=prompt.answer,
    )
