"""What is exported comes back the same."""

import io
import zipfile
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.exams.formats import drafts as made
from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats import exporting
from zhenxue.exams.formats.draft import Draft


def read_back(data: bytes, name: str) -> list[Draft]:
    items = formats.read(data, name).items
    problems = [(item.where, item.problems) for item in items if item.draft is None]
    assert not problems
    return [item.draft for item in items if item.draft is not None]


def test_every_kind_comes_back_from_our_sheet() -> None:
    data, name, left_out = exporting.xlsx(made.EVERY)
    assert name.endswith(".zip")
    assert not left_out
    wanted = [replace(one, explanation=one.explanation) for one in made.EVERY]
    assert read_back(data, name) == wanted


def test_a_sheet_without_pictures_is_a_plain_workbook() -> None:
    data, name, _ = exporting.xlsx([made.SINGLE, made.CASE])
    assert name.endswith(".xlsx")
    assert read_back(data, name) == [made.SINGLE, made.CASE]


def test_gift_brings_back_what_it_can_say_and_names_the_rest() -> None:
    data, name, left_out = exporting.gift(made.EVERY)
    said = [one for one in made.EVERY if one.kind not in {Kind.ORDERING, Kind.CASE, Kind.HOTSPOT, Kind.PRACTICAL}]
    said = [one for one in said if one not in (made.FILL_TWO, made.FORMULA)]
    assert read_back(data, name) == said
    assert len(left_out) == len(made.EVERY) - len(said)
    assert all("第" in one for one in left_out)


def test_qti_brings_back_what_it_can_say_and_names_the_rest() -> None:
    data, name, left_out = exporting.qti(made.EVERY)
    said = [one for one in made.EVERY if one not in (made.FORMULA, made.CASE, made.PRACTICAL)]
    back = read_back(data, name)
    assert len(left_out) == 3
    for one, other in zip(said, back, strict=True):
        if one.kind is Kind.SHORT_ANSWER:  # QTI shows a rubric to scorers; its points are not kept apart
            one = replace(one, key={**one.key, "rubric": other.key["rubric"]})
        if one.kind is Kind.CALCULATION:
            one = replace(one, key={**one.key, "reference": ""})
        if one.kind is Kind.MATCHING or one.kind is Kind.HOTSPOT:
            assert other.body.keys() == one.body.keys()
        assert other == one


def test_a_qti_package_is_whole_and_its_xml_is_read_by_others() -> None:
    from xml.etree import ElementTree

    data, _, _ = exporting.qti(made.EVERY)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))
        listed = [one.get("href") for one in manifest.iter("{http://www.imsglobal.org/xsd/imscp_v1p1}file")]
        assert set(listed) <= set(names)
        assert [name for name in names if name.startswith("items/media/")] == ["items/media/表.png"]
        for name in names:
            if name.endswith(".xml"):
                ElementTree.fromstring(package.read(name))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(stem=TEXT, options=st.lists(TEXT, min_size=2, max_size=6, unique_by=lambda one: one.casefold()), data=st.data())
def test_any_choice_survives_gift_and_qti(stem: str, options: list[str], data: st.DataObject) -> None:
    right = data.draw(st.sampled_from("ABCDEF"[: len(options)]))
    draft = Draft(Kind.SINGLE, stem, {"options": options}, {"right": [right]}, score=made.TWO, point="点")
    for write in (exporting.gift, exporting.qti):
        data_, name, left_out = write([draft])
        items = formats.read(data_, name).items
        assert not left_out
        assert [item.draft for item in items] == [draft], items[0].problems
