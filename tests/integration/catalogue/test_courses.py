"""A course from the first word to the review; who may see and do what."""

import pytest

from tests.factories.catalogue import (
    add_question,
    author_of,
    make_draft_version,
    make_facts,
    make_occupations,
    make_published_version,
    make_standard,
)
from tests.factories.courses import LATER, TEXT, add, begin, courses_of
from tests.factories.identity import NOW, make_bureau, make_enterprise, make_learner, make_organisation, make_teacher
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import CourseFacts, UnitDraft, VersionState
from zhenxue.catalogue.models import Course, CourseVersion
from zhenxue.catalogue.operations import courses, reviews
from zhenxue.catalogue.queries.courses import list_visible_versions, review_queue, uncovered_points
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


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


@pytest.mark.usefixtures("bare_ground")
def test_everyone_sees_and_does_what_the_role_allows(provider: Organisation, author: Actor, reviewer: Actor) -> None:
    draft = begin(author)
    published = make_published_version(provider, title="已发布", units=[TEXT])
    other = author_of(make_organisation())
    near, far, city = make_bureau("371502"), make_bureau("371521"), make_bureau("3715")
    sees = {"author": author, "teacher": make_teacher(provider.pk), "reviewer": reviewer, "near": near, "city": city}
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


@pytest.mark.usefixtures("bare_ground")
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
