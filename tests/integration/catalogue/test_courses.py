"""A course from the first word to the frozen version; who may see and do what."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories.catalogue import (
    add_question,
    author_of,
    make_document,
    make_draft_version,
    make_facts,
    make_image,
    make_occupations,
    make_published_version,
    make_ready_video,
    make_standard,
)
from tests.factories.identity import (
    NOW,
    make_bureau,
    make_enterprise,
    make_learner,
    make_operator,
    make_organisation,
    make_teacher,
)
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, UnitDraft, VersionState
from zhenxue.catalogue.models import Chapter, Course, CourseVersion, SelfTestQuestion, Unit
from zhenxue.catalogue.operations import contents, courses, reviews
from zhenxue.catalogue.queries.courses import list_chapters, list_visible_versions, review_queue, uncovered_points
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db
TEXT = UnitDraft("text", "开播前检查", minutes=5, body="检查灯光")
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def provider() -> Organisation:
    return make_organisation()


@pytest.fixture
def author(provider: Organisation) -> Actor:
    return author_of(provider)


@pytest.fixture
def reviewer() -> Actor:
    return make_operator(Role.OPERATOR_REVIEWER)


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


def test_a_course_goes_from_draft_to_published_with_evidence(
    provider: Organisation, author: Actor, reviewer: Actor
) -> None:
    version = make_draft_version(provider, actor=author)
    assert version in courses_of(author)
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    assert list(review_queue(reviewer)) == [version]
    published = catalogue.publish_version(actor=reviewer, version_id=version.pk, note="内容完整", now=LATER)
    assert (published.state, published.published_at) == (VersionState.PUBLISHED, LATER)
    assert len(published.digest) == 64
    assert catalogue.list_published_versions(provider.pk) == [published]
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"course_version:{version.pk}"])]
    assert kinds == ["catalogue.version_published", "catalogue.version_submitted", "catalogue.course_created"]


def courses_of(actor: Actor) -> list[CourseVersion]:
    return list(catalogue.visible_versions(actor))


def test_a_returned_version_is_mended_and_sent_again(provider: Organisation, author: Actor, reviewer: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    with pytest.raises(Invalid, match="理由"):
        catalogue.return_version(actor=reviewer, version_id=version.pk, reason=" ", now=NOW)
    back = catalogue.return_version(actor=reviewer, version_id=version.pk, reason="补充安全内容", now=NOW)
    assert (back.state, back.review_note) == (VersionState.RETURNED, "补充安全内容")
    unit = add(author, version, UnitDraft("text", "安全", minutes=5, body="断电"))
    with pytest.raises(Invalid, match="“安全”读完后没有小测"):
        catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    add_question(author, unit)
    assert catalogue.submit_version(actor=author, version_id=version.pk, now=NOW).state == VersionState.IN_REVIEW


def test_a_second_click_gets_a_conflict_and_changes_nothing(
    provider: Organisation, author: Actor, reviewer: Actor
) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    with pytest.raises(Conflict):
        catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    catalogue.publish_version(actor=reviewer, version_id=version.pk, now=NOW)
    with pytest.raises(Conflict):
        catalogue.publish_version(actor=reviewer, version_id=version.pk, now=NOW)
    with pytest.raises(Conflict):
        catalogue.return_version(actor=reviewer, version_id=version.pk, reason="迟了", now=NOW)


def test_what_is_missing_is_listed_before_submission(provider: Organisation, author: Actor) -> None:
    standard = make_standard(author)
    version = begin(author, CourseFacts("空课程", "skill", standard_id=standard.pk))
    assert any("还没有单元" in problem.message for problem in reviews.find_problems(version))
    unit = add(author, version, UnitDraft("self_test", "自测", minutes=5))
    catalogue.add_chapter(actor=author, version_id=version.pk, title="空章")
    words = " ".join(problem.message for problem in reviews.find_problems(version))
    for word in (
        "适用对象",
        "前置要求",
        "主要学习内容",
        "项目特点",
        "培训方式",
        "还没有题目",
        "知识点或技能点",
        "空章",
    ):
        assert word in words
    assert {problem.unit_id for problem in reviews.find_problems(version)} == {None, unit.pk}
    with pytest.raises(Invalid):
        catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)


def test_points_show_which_no_unit_covers(provider: Organisation, author: Actor) -> None:
    standard = make_standard(author, points=3)
    points = catalogue.list_points(standard.pk)
    version = begin(author, make_facts(standard_id=standard.pk))
    add(author, version, UnitDraft("text", "一", minutes=5, body="x", point_ids=(points[0].pk, points[2].pk)))
    assert uncovered_points(version) == [points[1]]
    other = make_standard(make_enterprise(), points=1)
    foreign = catalogue.list_points(other.pk)[0].pk
    with pytest.raises(Invalid) as refused:
        add(author, version, UnitDraft("text", "二", minutes=5, body="x", point_ids=(foreign,)))
    assert "points" in refused.value.fields


def test_another_standard_takes_the_old_points_off(provider: Organisation, author: Actor) -> None:
    first, second = make_standard(author, points=1), make_standard(author, points=1)
    version = begin(author, make_facts(standard_id=first.pk))
    point = catalogue.list_points(first.pk)[0].pk
    unit = add(author, version, UnitDraft("text", "一", minutes=5, body="x", point_ids=(point,)))
    catalogue.edit_facts(actor=author, version_id=version.pk, facts=make_facts(standard_id=second.pk), now=NOW)
    assert not unit.points.exists()


def test_a_video_unit_lasts_as_long_as_its_video(provider: Organisation, author: Actor) -> None:
    version = begin(author)
    video = make_ready_video(provider, 8, actor=author)
    unit = add(author, version, UnitDraft("video", "看", minutes=99, material_id=video.pk))
    assert unit.seconds == 8
    assert catalogue.version_seconds(version.pk) == 8


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (UnitDraft("text", "", minutes=5, body="x"), "title"),
        (UnitDraft("text", "题", body="x"), "minutes"),
        (UnitDraft("text", "题", minutes=0, body="x"), "minutes"),
        (UnitDraft("text", "题", minutes=9999, body="x"), "minutes"),
        (UnitDraft("text", "题", minutes=5, body=" "), "body"),
        (UnitDraft("text", "题", minutes=5, body="![x](99999)"), "body"),
        (UnitDraft("video", "题"), "material"),
        (UnitDraft("document", "题", minutes=5, material_id=99999), "material"),
        (UnitDraft("self_test", "题", minutes=5, pass_percent=0), "pass_percent"),
        (UnitDraft("dance", "题", minutes=5), "kind"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused_by_field(author: Actor, draft: UnitDraft, field: str) -> None:
    version = begin(author)
    with pytest.raises(Invalid) as refused:
        add(author, version, draft)
    assert field in refused.value.fields
    assert not version.units.exists()


def test_materials_of_others_and_of_the_wrong_kind_are_refused(provider: Organisation, author: Actor) -> None:
    version = begin(author)
    foreign = make_document(make_organisation())
    own_image = make_image(provider, actor=author)
    for material in (foreign, own_image):
        with pytest.raises(Invalid):
            add(author, version, UnitDraft("document", "看", minutes=5, material_id=material.pk))
    text = UnitDraft("text", "图文", minutes=5, body=f"![灯光]({own_image.pk})")
    assert add(author, version, text).pk


def test_chapters_and_units_change_places_with_buttons(author: Actor) -> None:
    version = begin(author)
    first = version.chapters.get()
    second = catalogue.add_chapter(actor=author, version_id=version.pk, title="第二章")
    units = [add(author, version, UnitDraft("text", name, minutes=5, body="x")) for name in "甲乙丙"]
    contents.move_unit(actor=author, unit_id=units[2].pk, direction="up")
    assert titles(version)[0][1] == ["甲", "丙", "乙"]
    contents.move_unit(actor=author, unit_id=units[1].pk, direction="down")
    assert titles(version) == [("第一章", ["甲", "丙"]), ("第二章", ["乙"])]
    contents.move_unit(actor=author, unit_id=units[2].pk, direction="down")
    assert titles(version) == [("第一章", ["甲"]), ("第二章", ["丙", "乙"])]
    contents.move_unit(actor=author, unit_id=units[2].pk, direction="up")
    assert titles(version) == [("第一章", ["甲", "丙"]), ("第二章", ["乙"])]
    contents.move_unit(actor=author, unit_id=units[0].pk, direction="up")
    contents.move_unit(actor=author, unit_id=units[1].pk, direction="down")
    assert titles(version) == [("第一章", ["甲", "丙"]), ("第二章", ["乙"])]
    contents.move_chapter(actor=author, chapter_id=second.pk, direction="up")
    contents.move_chapter(actor=author, chapter_id=second.pk, direction="up")
    assert [title for title, _ in titles(version)] == ["第二章", "第一章"]
    with pytest.raises(Conflict, match="还有单元"):
        contents.delete_chapter(actor=author, chapter_id=first.pk)
    contents.delete_unit(actor=author, unit_id=units[1].pk)
    contents.delete_chapter(actor=author, chapter_id=second.pk)
    contents.rename_chapter(actor=author, chapter_id=first.pk, title="开播")
    assert titles(version) == [("开播", ["甲", "丙"])]
    assert [unit.title for unit in catalogue.list_units(version.pk)] == ["甲", "丙"]


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


def publish(author: Actor, version: CourseVersion) -> CourseVersion:
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    return catalogue.publish_version(actor=make_operator(Role.OPERATOR_REVIEWER), version_id=version.pk, now=NOW)


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


def test_everyone_sees_and_does_what_the_role_allows(provider: Organisation, author: Actor, reviewer: Actor) -> None:
    draft = begin(author)
    published = make_published_version(provider, title="已发布", units=[TEXT])
    other = author_of(make_organisation())
    near, far, city = make_bureau("371502"), make_bureau("371521"), make_bureau("3715")
    sees = {
        "author": author,
        "teacher": make_teacher(provider.pk),
        "reviewer": reviewer,
        "near": near,
        "city": city,
    }
    for name, actor in sees.items():
        assert set(catalogue.visible_versions(actor)) == {draft, published}, name
    assert set(catalogue.visible_versions(far)) == {published}
    assert list_visible_versions(far, draft.course_id) == []
    assert set(catalogue.visible_versions(other)) == set()
    assert set(catalogue.visible_versions(make_learner())) == set()
    for stranger in (other, make_learner()):
        with pytest.raises(NotFound):
            catalogue.submit_version(actor=stranger, version_id=draft.pk, now=NOW)
    for reader in (near, reviewer):
        with pytest.raises(Refused):
            catalogue.submit_version(actor=reader, version_id=draft.pk, now=NOW)
    with pytest.raises(Refused):
        catalogue.publish_version(actor=author, version_id=draft.pk, now=NOW)
    with pytest.raises(Refused):
        catalogue.create_course(actor=near, facts=make_facts(), now=NOW)


def test_a_draft_can_be_given_up(author: Actor, provider: Organisation) -> None:
    only = begin(author)
    courses.discard_version(actor=author, version_id=only.pk, now=NOW)
    assert not Course.objects.exists()
    published = make_published_version(provider, units=[TEXT])
    second = catalogue.begin_version(actor=author, course_id=published.course_id, now=NOW)
    courses.discard_version(actor=author, version_id=second.pk, now=NOW)
    assert list(CourseVersion.objects.all()) == [published]


def test_facts_that_do_not_fit_are_refused_by_field(author: Actor) -> None:
    make_occupations()
    bad = make_facts("一", domain="x", target_groups=("nobody",), occupation_code="9-99", standard_id=999)
    with pytest.raises(Invalid) as refused:
        begin(author, bad)
    assert set(refused.value.fields) == {"title", "domain", "target_groups", "occupation_code", "standard_id"}
    assert begin(author, make_facts(occupation_code="4-01-02-01")).course.occupation_id == "4-01-02-01"


def test_questions_are_imported_whole_and_never_twice(author: Actor) -> None:
    version = begin(author)
    unit = add(author, version, UnitDraft("self_test", "测", minutes=5))
    drafts = []
    for number in range(3):
        draft, _ = catalogue.make_draft(kind="single", stem=f"题{number}", options=["甲", "乙"], answer="B")
        assert draft
        drafts.append(draft)
    assert catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=drafts) == 3
    assert catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=drafts) == 0
    assert [one.position for one in catalogue.list_questions(unit.pk)] == [1, 2, 3]
    text = add(author, version)
    assert catalogue.import_questions(actor=author, unit_id=text.pk, drafts=drafts) == 3
    film = add(author, version, UnitDraft("video", "片", material_id=make_ready_video(author_organisation(author)).pk))
    with pytest.raises(Invalid, match="只有自测、文档和图文单元"):
        catalogue.import_questions(actor=author, unit_id=film.pk, drafts=drafts)


def test_units_of_many_versions_come_in_one_query(
    provider: Organisation, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    versions = [make_published_version(provider, title=f"课程{n}", units=[TEXT, TEXT]) for n in range(3)]
    with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture that is called
        found = catalogue.units_of_versions([version.pk for version in versions])
        assert all(unit.chapter.title and unit.material is None for units in found.values() for unit in units)
    assert [len(units) for units in found.values()] == [2, 2, 2]
