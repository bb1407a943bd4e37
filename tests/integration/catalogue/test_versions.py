"""Versions of a course: copied, published for good, frozen with a digest, withdrawn."""

import pytest
from django.db import IntegrityError, transaction

from tests.factories.catalogue import author_of, make_facts, make_image, make_published_version, make_standard
from tests.factories.courses import LATER, TEXT, add, begin, publish
from tests.factories.identity import NOW, make_bureau, make_teacher
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft, VersionState
from zhenxue.catalogue.models import Chapter, Course, CourseVersion, SelfTestQuestion, Unit
from zhenxue.catalogue.operations import contents, courses
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db


def test_a_new_version_copies_everything_and_leaves_the_old_one_alone(provider: Organisation, author: Actor) -> None:
    standard = make_standard(author, points=1)
    point = catalogue.list_points(standard.pk)[0]
    version = begin(author, make_facts(standard_id=standard.pk))
    unit = add(author, version, UnitDraft("self_test", "测", minutes=5, point_ids=(point.pk,)))
    draft, _ = catalogue.make_draft(kind="single", stem="先做什么？", options=["开灯", "关灯"], answer="A")
    assert draft
    catalogue.save_question(actor=author, unit_id=unit.pk, draft=draft)
    with pytest.raises(Conflict, match="还没有发布"):
        catalogue.begin_version(actor=author, course_id=version.course_id, now=NOW)
    publish(author, version)
    fresh = catalogue.begin_version(actor=author, course_id=version.course_id, now=NOW)
    copied = fresh.units.get()
    assert (fresh.number, fresh.state, copied.title) == (2, VersionState.DRAFT, "测")
    assert list(copied.points.all()) == [point]
    assert copied.questions.get().answer == ["A"]
    assert version.units.get() == unit
    assert unit.questions.count() == 1


@pytest.mark.usefixtures("bare_ground")
def test_words_of_a_new_draft_show_only_after_they_were_reviewed(provider: Organisation) -> None:
    version = make_published_version(provider, title="旧名", units=[TEXT])
    author = author_of(provider)
    fresh = catalogue.begin_version(actor=author, course_id=version.course_id, now=NOW)
    catalogue.edit_facts(actor=author, version_id=fresh.pk, facts=make_facts("新名"), now=NOW)
    assert Course.objects.get().title == "旧名"
    publish(author, fresh)
    assert Course.objects.get().title == "新名"
    assert catalogue.facts_of(catalogue.get_version(version.pk)).title == "旧名"


def test_a_published_version_never_changes(provider: Organisation) -> None:
    version = make_published_version(provider, units=[TEXT, UnitDraft("self_test", "测", minutes=5)])
    author = author_of(provider)
    unit = version.units.order_by("position").first()
    chapter = version.chapters.get()
    assert unit is not None
    for act in (
        lambda: contents.edit_unit(actor=author, unit_id=unit.pk, draft=TEXT, now=NOW),
        lambda: contents.delete_unit(actor=author, unit_id=unit.pk),
        lambda: contents.add_chapter(actor=author, version_id=version.pk, title="新"),
        lambda: contents.rename_chapter(actor=author, chapter_id=chapter.pk, title="新"),
        lambda: catalogue.edit_facts(actor=author, version_id=version.pk, facts=make_facts(), now=NOW),
        lambda: courses.discard_version(actor=author, version_id=version.pk, now=NOW),
    ):
        with pytest.raises(Conflict):
            act()


def test_the_database_refuses_what_goes_around_the_operations(provider: Organisation) -> None:
    version = make_published_version(provider, units=[TEXT, UnitDraft("self_test", "测", minutes=5)])
    catalogue.freeze_version(actor=make_bureau(), version_id=version.pk, now=NOW)
    chapter = version.chapters.get()
    for act in (
        lambda: Unit.objects.filter(version=version).update(seconds=9999),
        lambda: Chapter.objects.filter(version=version).update(title="改"),
        lambda: SelfTestQuestion.objects.update(answer=["B"]),
        lambda: Unit.objects.create(version=version, chapter=chapter, position=9, kind="text", title="塞", seconds=1),
        lambda: CourseVersion.objects.filter(pk=version.pk).update(digest="0" * 64),
        lambda: CourseVersion.objects.filter(pk=version.pk).update(frozen_at=None),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_freezing_fixes_the_digest_once_and_leaves_evidence(provider: Organisation) -> None:
    version = make_published_version(provider, units=[TEXT])
    bureau = make_bureau()
    digest = catalogue.freeze_version(actor=bureau, version_id=version.pk, now=NOW)
    assert digest == version.digest
    assert catalogue.freeze_version(actor=bureau, version_id=version.pk, now=LATER) == digest
    version.refresh_from_db()
    assert version.frozen_at == NOW
    found = evidence.list_entries(refs=[f"course_version:{version.pk}"], kinds=["catalogue.version_frozen"])
    assert len(found) == 1
    draft = begin(author_of(provider))
    with pytest.raises(Conflict, match="还没有发布"):
        catalogue.freeze_version(actor=bureau, version_id=draft.pk, now=NOW)


def test_the_digest_speaks_of_every_part(provider: Organisation, author: Actor) -> None:
    version = begin(author)
    unit = add(author, version)
    seen = {catalogue.digest_of(version)}
    image = make_image(provider, actor=author)
    for draft in (
        UnitDraft("text", "改名", minutes=5, body="检查灯光"),
        UnitDraft("text", "改名", minutes=6, body="检查灯光"),
        UnitDraft("text", "改名", minutes=6, body="检查"),
        UnitDraft("text", "改名", minutes=6, body=f"检查![图]({image.pk})"),
    ):
        contents.edit_unit(actor=author, unit_id=unit.pk, draft=draft, now=NOW)
        seen.add(catalogue.digest_of(version))
    catalogue.edit_facts(actor=author, version_id=version.pk, facts=make_facts("别名"), now=NOW)
    version.refresh_from_db()
    seen.add(catalogue.digest_of(version))
    assert len(seen) == 6


def test_a_withdrawn_version_is_off_the_shelf_but_stays_readable(provider: Organisation, reviewer: Actor) -> None:
    version = make_published_version(provider, units=[TEXT])
    with pytest.raises(Invalid, match="理由"):
        catalogue.withdraw_version(actor=reviewer, version_id=version.pk, reason="", now=NOW)
    teacher = make_teacher(provider.pk)
    with pytest.raises(Refused):
        catalogue.withdraw_version(actor=teacher, version_id=version.pk, reason="不用了", now=NOW)
    catalogue.withdraw_version(actor=reviewer, version_id=version.pk, reason="标准已更新", now=NOW)
    assert catalogue.list_published_versions(provider.pk) == []
    assert [unit.title for unit in catalogue.list_units(version.pk)] == ["开播前检查"]
