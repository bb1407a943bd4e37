"""Courses in the hands of their author: begun, filled, published."""

import datetime as dt

from tests.factories.catalogue import make_facts
from tests.factories.identity import NOW, make_operator
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, UnitDraft
from zhenxue.catalogue.models import CourseVersion, Unit
from zhenxue.catalogue.queries.courses import list_chapters
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation

TEXT = UnitDraft("text", "开播前检查", minutes=5, body="检查灯光")
LATER = NOW + dt.timedelta(days=1)


def author_organisation(author: Actor) -> Organisation:
    return Organisation.objects.get(pk=author.organisation_id)


def begin(author: Actor, facts: CourseFacts | None = None) -> CourseVersion:
    return catalogue.create_course(actor=author, facts=facts or make_facts(), now=NOW)


def add(author: Actor, version: CourseVersion, draft: UnitDraft = TEXT) -> Unit:
    chapter = version.chapters.order_by("position").first()
    assert chapter is not None
    return catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=draft, now=NOW)


def titles(version: CourseVersion) -> list[tuple[str, list[str]]]:
    return [(chapter.title, [unit.title for unit in chapter.unit_list]) for chapter in list_chapters(version.pk)]  # type: ignore[attr-defined]  # set by the query


def courses_of(actor: Actor) -> list[CourseVersion]:
    return list(catalogue.visible_versions(actor))


def publish(author: Actor, version: CourseVersion) -> CourseVersion:
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    return catalogue.publish_version(actor=make_operator(Role.OPERATOR_REVIEWER), version_id=version.pk, now=NOW)
