"""The pages of the catalogue: what they show, keep, refuse, and how many queries they take."""

import itertools

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.catalogue import (
    author_of,
    make_document,
    make_draft_version,
    make_facts,
    make_image,
    make_published_version,
    make_standard,
)
from tests.factories.identity import NOW, client_for, make_bureau, make_learner, make_operator, make_organisation
from tests.support.catalogue import TEXT, at, text_of
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft, VersionState
from zhenxue.catalogue.models import CourseVersion, SelfTestQuestion, Unit
from zhenxue.catalogue.operations import reviews
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("bare_ground")
def test_an_author_makes_a_course_page_by_page(page: Client, author: Actor, provider: Organisation) -> None:
    made = page.post(at("new_course"), {"title": "直播销售", "domain": "skill"})
    version = CourseVersion.objects.get()
    assert made.url == at("editor", version.pk)  # type: ignore[attr-defined]  # a redirect
    chapter = version.chapters.get()
    document = make_document(provider)
    page.post(at("new_unit", chapter.pk, "document"), {"title": "讲义", "material": document.pk, "minutes": 10})
    page.post(at("new_unit", chapter.pk, "text"), {"title": "要点", "body": "**重点**", "minutes": 5})
    test = page.post(at("new_unit", chapter.pk, "self_test"), {"title": "自测", "minutes": 5, "pass_percent": 80})
    unit = Unit.objects.get(title="自测")
    assert test.url == at("questions", unit.pk)  # type: ignore[attr-defined]  # a redirect
    question = {
        "kind": "multiple",
        "stem": "准备什么？",
        "options": "灯光\n网络\n零食",
        "answer": "AB",
        "explanation": "",
    }
    page.post(at("questions", unit.pk), question)
    assert SelfTestQuestion.objects.get().answer == ["A", "B"]
    editor = text_of(page.get(at("editor", version.pk)))
    assert "适用对象" in editor
    refused = page.post(at("submit_version", version.pk))
    assert refused.url == at("editor", version.pk)  # type: ignore[attr-defined]  # a redirect
    facts = make_facts("直播销售")
    words = {
        "title": facts.title,
        "domain": facts.domain,
        "target_groups": list(facts.target_groups),
        "prerequisites": facts.prerequisites,
        "introduction": facts.introduction,
        "features": facts.features,
        "organisation_form": facts.organisation_form,
    }
    page.post(at("edit_facts", version.pk), words)
    sent = page.post(at("submit_version", version.pk))
    assert sent.url == at("version", version.pk)  # type: ignore[attr-defined]  # a redirect
    shown = text_of(page.get(at("version", version.pk)))
    assert "审校中" in shown
    assert "0.4 学时" in shown


def test_a_reviewer_reads_everything_and_publishes_or_returns(provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author)
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    desk = client_for(make_operator(Role.OPERATOR_REVIEWER))
    assert "直播销售入门" in text_of(desk.get(at("reviews")))
    shown = text_of(desk.get(at("version", version.pk)))
    assert "通过并发布" in shown
    for unit in version.units.all():
        assert desk.get(at("unit", unit.pk)).status_code == 200
    refused = desk.post(at("give_back", version.pk), {"reason": ""})
    assert refused.status_code == 422
    desk.post(at("give_back", version.pk), {"reason": "灯光部分太短"})
    assert "灯光部分太短" in text_of(client_for(author).get(at("editor", version.pk)))
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    desk.post(at("publish", version.pk), {"reason": ""})
    version.refresh_from_db()
    assert version.state == VersionState.PUBLISHED
    assert desk.post(at("publish", version.pk), {"reason": ""}).status_code == 409
    assert "没有等待审校" in text_of(desk.get(at("reviews")))


def test_what_was_typed_stays_when_a_form_is_refused(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    chapter = version.chapters.get()
    back = page.post(at("new_unit", chapter.pk, "text"), {"title": "", "body": "写了很久的正文", "minutes": "5"})
    assert back.status_code == 422
    assert "写了很久的正文" in text_of(back)
    course = page.post(at("new_course"), {"title": "一", "domain": "skill", "introduction": "介绍在此"})
    assert course.status_code == 422
    assert "介绍在此" in text_of(course)
    assert "2 到 120 字" in text_of(course)


def test_bureaus_read_and_find_no_buttons(provider: Organisation) -> None:
    published = make_published_version(provider, units=[TEXT])
    near, far = client_for(make_bureau("371502")), client_for(make_bureau("371521"))
    for reader in (near, far):
        shown = text_of(reader.get(at("version", published.pk)))
        assert "开播前检查" in shown
        assert 'method="post"' not in shown.split('<main id="main"')[1].split("</main>")[0]
        assert reader.get(at("courses")).status_code == 200
        assert reader.get(at("editor", published.pk)).status_code == 403


def test_a_learner_and_a_stranger_are_turned_away(provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    learner, other = client_for(make_learner()), client_for(author_of(make_organisation()))
    for name in ("courses", "materials", "standards", "occupations", "reviews", "new_material"):
        assert learner.get(at(name)).status_code == 403
    for name in ("version", "editor", "edit_facts"):
        assert other.get(at(name, version.pk)).status_code == 404
    assert other.post(at("submit_version", version.pk)).status_code == 404


def test_a_published_version_offers_a_new_version_and_a_second_click_is_answered(
    page: Client, provider: Organisation
) -> None:
    version = make_published_version(provider, units=[TEXT])
    course = version.course_id
    assert "新建版本" in text_of(page.get(at("course", course)))
    assert page.post(at("begin_version", course)).status_code == 302
    twice = page.post(at("begin_version", course))
    assert twice.status_code == 409
    assert "直接编辑" in text_of(twice)
    assert page.get(at("editor", version.pk)).status_code == 409
    page.post(at("withdraw_version", version.pk), {"reason": "标准更新"})
    version.refresh_from_db()
    assert version.state == VersionState.WITHDRAWN


def test_the_home_block_shows_what_waits(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    assert "直播销售入门" in text_of(page.get(at("home_block")))
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    assert "没有待处理" in text_of(page.get(at("home_block")))
    desk = client_for(make_operator(Role.OPERATOR_REVIEWER))
    assert "直播销售入门" in text_of(desk.get(at("home_block")))


def test_pages_take_the_same_number_of_queries_whatever_they_hold(provider: Organisation, author: Actor) -> None:
    own, reviewer = client_for(author), client_for(make_operator(Role.OPERATOR_REVIEWER))
    version = make_draft_version(provider, actor=author, units=[TEXT])
    numbers = itertools.count(1)
    of_version = {"version": version.pk, "editor": version.pk, "course": version.course_id}

    def fill(count: int) -> None:
        for _ in range(count):
            make_image(provider, actor=author)
            make_standard(author)
            draft = make_draft_version(provider, actor=author, title=f"课程{next(numbers)}", units=[TEXT])
            catalogue.submit_version(actor=author, version_id=draft.pk, now=NOW)
            chapter = catalogue.add_chapter(actor=author, version_id=version.pk, title="章")
            catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=TEXT, now=NOW)

    def count_queries(name: str) -> int:
        viewer, place = reviewer if name == "reviews" else own, at(name, *filter(None, [of_version.get(name)]))
        viewer.get(place)
        with CaptureQueriesContext(connection) as found:
            assert viewer.get(place).status_code == 200
        return len(found)

    names = ("courses", "materials", "standards", "reviews", "version", "editor", "course")
    fill(2)
    few = {name: count_queries(name) for name in names}
    fill(6)
    assert {name: count_queries(name) for name in names} == few
    most = {name: 20 if name in {"version", "editor"} else 12 for name in names}
    assert {name: count for name, count in few.items() if count > most[name]} == {}


def test_problems_lead_to_the_place_where_they_are_mended(page: Client, provider: Organisation, author: Actor) -> None:
    standard = make_standard(author)
    version = catalogue.create_course(actor=author, facts=make_facts(standard_id=standard.pk), now=NOW)
    unit = catalogue.add_unit(actor=author, chapter_id=version.chapters.get().pk, draft=TEXT, now=NOW)
    shown = text_of(page.get(at("editor", version.pk)))
    listed = shown.split('id="problems"')[1].split("</ul>")[0]
    assert at("edit_unit", unit.pk) in listed
    assert at("questions", unit.pk) in listed
    assert len(reviews.find_problems(version)) == 2
    assert "4 个没有单元覆盖" in shown.replace('<strong class="num">4</strong>', "4")


def test_the_editor_and_the_preview_state_the_maximum_of_a_page_and_the_test(
    page: Client, provider: Organisation, author: Actor
) -> None:
    words = "每次交接班都要把看到的情况写清楚，" * 6
    long = UnitDraft("text", "交接班", minutes=20, body=f"# 一\n{words}\n# 二\n{words}")
    version = make_draft_version(provider, actor=author, units=[long])
    unit = version.units.get()
    limit = "共 2 节，每节最多计 15 分钟"
    for address in (at("editor", version.pk), at("edit_unit", unit.pk), at("unit", unit.pk), at("version", version.pk)):
        assert limit in text_of(page.get(address))
    assert "小测 1 题" in text_of(page.get(at("editor", version.pk)))
    assert "先做什么？" in text_of(page.get(at("unit", unit.pk)))
    saved = page.post(
        at("edit_unit", unit.pk), {"title": "交接班", "minutes": 20, "body": long.body, "pass_percent": 80}
    )
    assert saved.status_code == 302
    assert Unit.objects.get(pk=unit.pk).pass_percent == 80
    page.post(at("questions", unit.pk), {"kind": "true_false", "stem": "要写清楚。", "answer": "对", "options": ""})
    assert SelfTestQuestion.objects.filter(unit=unit).count() == 2
