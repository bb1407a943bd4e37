"""Reading units: their pages and what one page may earn, and the self-test that finishes them."""

import pytest

from tests.factories.catalogue import (
    add_question,
    author_of,
    make_document,
    make_draft_version,
    make_published_version,
    make_ready_video,
)
from tests.factories.identity import NOW
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import SelfTestQuestion, Unit
from zhenxue.catalogue.operations import contents, reviews
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Invalid

pytestmark = pytest.mark.django_db

LONG = "每次交接班都要把看到的情况写清楚，" * 6
THREE = f"导语。\n# 甲\n{LONG}\n# 乙\n{LONG}\n## 丙\n{LONG}"


def text(title: str, body: str = "先看，再做。", minutes: int = 6) -> UnitDraft:
    return UnitDraft("text", title, minutes=minutes, body=body)


def test_pages_are_counted_as_they_are_drawn(provider: Organisation) -> None:
    film, paper = make_ready_video(provider), make_document(provider, pages=4)
    version = make_published_version(
        provider,
        units=[
            UnitDraft("video", "片", material_id=film.pk),
            UnitDraft("document", "册", minutes=20, material_id=paper.pk),
            text("文", THREE),
            text("短文"),
            UnitDraft("self_test", "测", minutes=3),
        ],
    )
    units = catalogue.list_units(version.pk)
    assert [catalogue.reading_pages(unit) for unit in units] == [0, 4, 3, 1, 1]
    assert [catalogue.page_ms(unit, 150) for unit in units] == [0, 450_000, 180_000, 540_000, 270_000]
    drawn = catalogue.render_markup(units[2].body, image_url=lambda number: None, paged=True)
    assert [f'<section data-page="{number}">' in drawn for number in range(4)] == [True, True, True, False]


def test_the_maximum_of_a_page_is_said_in_words_and_never_more_than_the_unit(provider: Organisation) -> None:
    paper = make_document(provider, pages=5)
    book = Unit(kind="document", seconds=20 * 60, material=paper)
    assert catalogue.page_limit(book, 150) == "共 5 页，每页最多计 6 分钟"
    assert catalogue.page_limit(book, 900) == "共 5 页，每页最多计 20 分钟"
    assert catalogue.page_limit(Unit(kind="text", seconds=301, body=THREE), 150) == "共 3 节，每节最多计 2 分 30 秒"
    assert catalogue.page_limit(Unit(kind="text", seconds=300, body="短"), 150) == ""
    assert catalogue.page_limit(Unit(kind="self_test", seconds=300), 150) == ""


def test_pages_of_a_changed_draft_are_counted_anew(provider: Organisation) -> None:
    author = author_of(provider)
    version = make_draft_version(provider, actor=author, units=[text("文")])
    unit = version.units.get()
    assert catalogue.reading_pages(unit) == 1
    unit = contents.edit_unit(actor=author, unit_id=unit.pk, draft=text("文", THREE), now=NOW)
    assert catalogue.reading_pages(unit) == 3


def test_a_reading_unit_is_finished_by_its_own_questions_or_by_the_next_self_test(provider: Organisation) -> None:
    names = ("甲", "乙", "测一", "丙", "测二")
    drafts = [UnitDraft("self_test", name, minutes=2) if name.startswith("测") else text(name) for name in names]
    author = author_of(provider)
    version = make_draft_version(provider, actor=author, units=drafts)
    units = {unit.title: unit for unit in catalogue.list_units(version.pk)}
    add_question(author, units["乙"])

    def tests() -> list[str | None]:
        found = [catalogue.self_test_of(units[name]) for name in names]
        return [test.title if test else None for test in found]

    def read_before(name: str) -> list[str]:
        return [unit.title for unit in catalogue.units_tested_by(units[name])]

    assert tests() == ["测一", "乙", None, "测二", None]
    assert (read_before("测一"), read_before("测二"), read_before("乙")) == (["甲"], ["丙"], [])
    SelfTestQuestion.objects.filter(unit=units["测一"]).delete()
    assert tests() == ["测二", "乙", None, "测二", None]
    assert (read_before("测一"), read_before("测二")) == ([], ["甲", "丙"])


def test_a_version_with_reading_that_nothing_tests_is_refused_and_says_where(provider: Organisation) -> None:
    author = author_of(provider)
    version = make_draft_version(provider, actor=author, units=[UnitDraft("self_test", "测", minutes=2)])
    chapter = version.chapters.get()
    after = catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=text("在测之后"), now=NOW)
    problems = reviews.find_problems(version)
    assert [(one.unit_id, one.in_questions) for one in problems] == [(after.pk, True)]
    with pytest.raises(Invalid, match="“在测之后”读完后没有小测：给它加几道题"):
        catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    contents.move_unit(actor=author, unit_id=after.pk, direction="up")
    assert catalogue.submit_version(actor=author, version_id=version.pk, now=NOW).state == "in_review"


def test_a_self_test_of_another_chapter_does_not_count(provider: Organisation) -> None:
    author = author_of(provider)
    version = make_draft_version(provider, actor=author, units=[UnitDraft("self_test", "测", minutes=2)])
    first = catalogue.add_chapter(actor=author, version_id=version.pk, title="另一章")
    unit = catalogue.add_unit(actor=author, chapter_id=first.pk, draft=text("读"), now=NOW)
    assert catalogue.self_test_of(unit) is None
    assert len(reviews.find_problems(version)) == 1
    add_question(author, unit)
    assert reviews.find_problems(version) == []


def test_the_questions_of_a_reading_unit_are_part_of_the_content_and_are_copied(provider: Organisation) -> None:
    author = author_of(provider)
    version = make_draft_version(provider, actor=author, units=[text("读")])
    before = catalogue.digest_of(version)
    add_question(author, version.units.get())
    assert catalogue.digest_of(version) != before
    published = make_published_version(provider, title="另一课", units=[text("读")])
    fresh = catalogue.begin_version(actor=author, course_id=published.course_id, now=NOW)
    assert fresh.units.get().questions.count() == 1
