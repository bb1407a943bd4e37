"""Units of a course: what each holds, their order, their questions."""

import pytest

from tests.factories.catalogue import make_document, make_image, make_published_version, make_ready_video
from tests.factories.courses import TEXT, add, author_organisation, begin, titles
from tests.factories.identity import make_organisation
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.operations import contents
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Conflict, Invalid

pytestmark = pytest.mark.django_db


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
