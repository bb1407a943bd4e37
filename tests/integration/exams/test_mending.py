"""Items of a file mended on the page: each checked again alone, by the rules of the file; nothing is saved."""

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from tests.factories.exams import HEADER, make_bank, question_rows, questions_of
from tests.factories.identity import NOW, make_provider
from zhenxue.evidence.models import Entry
from zhenxue.exams import formats
from zhenxue.exams.formats import Item, Written
from zhenxue.exams.models import ImportItem, QuestionBank, QuestionImport
from zhenxue.exams.operations import importing
from zhenxue.exams.operations.mending import mend_item
from zhenxue.exams.queries import imports
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db

DIRTY = f"""{HEADER}
单选,好题？,甲,乙,,,A,,2
单选,坏题？,甲,乙,,,D,,2
单选,好题？,甲,乙,,,A,,2
案例题,材料一段。,,,,,,,
小题：单选题,第一问？,甲,乙,,,C,,2
小题：判断题,第二问。,,,,,对,,1
"""


class Desk:
    """One manager with one file in a bank."""

    def __init__(self, data: str = DIRTY, questions: int = 0) -> None:
        self.manager: Actor = make_provider()
        self.bank: QuestionBank = make_bank(self.manager, questions=questions)
        self.shown: QuestionImport = importing.preview_import(
            actor=self.manager, bank=self.bank, source=data.encode(), file_name="题.csv", now=NOW
        )

    def item(self, position: int) -> ImportItem:
        return imports.get_item(self.shown, position)

    def said(self, position: int) -> Written:
        return imports.said_in(self.item(position))

    def mend(self, position: int, written: Written, *, files: Any = (), actor: Actor | None = None) -> Item:
        return mend_item(
            actor=actor or self.manager, preview=self.shown, position=position, written=written, files=files, now=NOW
        )

    def save(self, *, only_good: bool = False) -> list[str]:
        importing.confirm_import(actor=self.manager, preview=self.shown, only_good=only_good, now=NOW)
        return [question.stem for question in questions_of(self.bank)]


def picture(colour: str = "red") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(kept, "PNG")
    return kept.getvalue()


def test_a_refused_item_is_checked_again_alone_and_waits_among_the_good_ones() -> None:
    desk = Desk()
    assert desk.said(2) == Written("单选", "坏题？", ("甲", "乙"), "D", score="2")
    wrong = desk.mend(2, replace(desk.said(2), answer="C"))
    assert "没有对应的选项" in wrong.problems[0]
    assert (desk.item(2).verdict, desk.said(2).answer) == ("refused", "C")  # what was typed is kept
    assert desk.mend(2, replace(desk.said(2), answer="B")).draft is not None
    assert (desk.item(2).verdict, desk.item(2).problems, imports.count_items(desk.shown).good) == ("good", [], 2)
    assert not questions_of(desk.bank)
    with pytest.raises(Invalid, match="第 5 行"):  # the case is still wrong
        desk.save()
    assert desk.save(only_good=True) == ["好题？", "坏题？"]
    with pytest.raises(Conflict):
        desk.mend(2, desk.said(4))
    entry = Entry.objects.get(kind="exams.questions_imported", subject=f"bank:{desk.bank.pk}")
    assert '"mended":1' in entry.envelope.replace(" ", "").replace("\\", "")


def test_a_case_is_mended_with_its_parts_and_comes_back_whole_in_the_sheet() -> None:
    desk = Desk()
    case = desk.said(4)
    assert [part.stem for part in case.parts] == ["第一问？", "第二问。"]
    sheet = formats.read(imports.refused_sheet(desk.shown), "改.xlsx")
    assert [part.stem for part in sheet.items[1].written.parts] == ["第一问？", "第二问。"]
    first = replace(case.parts[0], answer="A")
    assert desk.mend(4, replace(case, parts=())).draft is None
    found = desk.mend(4, replace(case, parts=(first, *case.parts[1:]))).draft
    assert found is not None
    assert [part["kind"] for part in found.body["parts"]] == ["single", "true_false"]
    assert desk.item(4).draft["score"] == "3"


def test_a_mended_item_and_those_that_repeat_it_are_matched_anew() -> None:
    desk = Desk(DIRTY.replace("坏题？", "直播第1步先做什么？"), questions=3)
    assert (desk.item(3).verdict, desk.item(3).double_at) == ("same", 1)
    desk.mend(1, replace(desk.said(1), stem="另一道题？"))  # the one that was the first of two
    assert (desk.item(1).verdict, desk.item(3).verdict) == ("good", "good")
    desk.mend(1, replace(desk.said(1), stem="好题？"))
    assert (desk.item(1).verdict, desk.item(1).double_at, desk.item(3).verdict) == ("same", 3, "good")
    in_bank = Written("单选题", "直播第1步先做什么？", ("关灯", "开灯", "离开", "睡觉"), "B")
    assert desk.mend(2, in_bank).draft is not None
    double = desk.item(2).double_of
    assert double is not None
    assert (desk.item(2).verdict, double.number) == ("same", 1)
    desk.mend(2, replace(in_bank, options=("关灯", "开灯")))
    assert desk.item(2).verdict == "similar"


def test_a_good_item_stays_as_it_was_when_its_change_is_refused() -> None:
    desk = Desk()
    before = desk.item(1).draft
    assert desk.mend(1, replace(desk.said(1), options=())).problems
    assert (desk.item(1).draft, desk.item(1).verdict) == (before, "good")


def test_what_is_no_question_of_the_file_or_of_the_actor_is_refused() -> None:
    desk = Desk()
    with pytest.raises(NotFound):
        desk.mend(99, desk.said(1))
    with pytest.raises(Refused):
        desk.mend(2, desk.said(1), actor=make_provider())


def test_a_missing_picture_is_brought_along_and_comes_into_the_bank_with_its_question() -> None:
    desk = Desk(f"{HEADER}\n单选,看 ![图](file:图 1.png) 选哪个？,甲,乙,,,A,,2\n")
    assert "没有找到图片" in desk.item(1).problems[0]
    with pytest.raises(Invalid, match="不是能用的图片"):
        desk.mend(1, desk.said(1), files=[("x.png", b"<svg onload=alert(1)>x</svg>"[5:])])
    assert desk.mend(1, desk.said(1), files=[("图 1.png", picture())]).draft is not None
    more = desk.mend(1, desk.said(1), files=[("图 1.png", picture("blue"))])
    assert more.draft is not None
    assert "2_图_1.png" in more.draft.stem  # another picture of that name stands beside it
    desk.shown.refresh_from_db()
    assert [one["name"] for one in desk.shown.media] == ["图_1.png", "2_图_1.png"]
    path = storage.full_path(imports.get_medium(desk.shown, 0)["path"])
    assert path.read_bytes() == picture()
    desk.save()
    assert desk.bank.assets.count() == 2
    assert "file:" not in questions_of(desk.bank)[0].stem


def test_a_picture_that_a_part_of_a_case_names_is_found_there() -> None:
    desk = Desk()
    case = desk.said(4)
    first = replace(
        case.parts[0], stem="看 ![图](file:图 1.png)，第一问？", answer="A", options=("甲", "乙 ![](file:图 1.png)")
    )
    found = desk.mend(4, replace(case, parts=(first, case.parts[1])), files=[("图 1.png", picture())])
    assert found.draft is not None, found.problems
    assert found.draft.stem == case.stem  # shown once, where it was written
    assert "file:图_1.png" in found.draft.body["parts"][0]["stem"]


def test_the_pictures_of_a_refused_item_are_kept_for_its_mending() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("题.csv", f"{HEADER}\n单选,看 ![图](file:a.png) 选哪个？,甲,乙,,,D,,2\n")
        made.writestr("a.png", picture())
    desk = Desk(question_rows(1))
    desk.shown = importing.preview_import(
        actor=desk.manager, bank=desk.bank, source=data.getvalue(), file_name="题.zip", now=NOW
    )
    assert [one["name"] for one in desk.shown.media] == ["a.png"]
    assert desk.mend(1, replace(desk.said(1), answer="A")).draft is not None


@pytest.mark.parametrize("title", ["多选题", "判断题"])
def test_the_kind_of_a_heading_goes_with_a_refused_item(title: str) -> None:
    item = formats.read(f"题干,选项A,选项B,答案\n{title},,,\n这句没有答案,甲,乙,\n".encode(), "题.csv").items[0]
    assert (item.draft, item.written.kind) == (None, title)
