"""Question files that others made and registries ship: every item is a draft, or says why not; the counts are exact."""

import io
import zipfile

import pytest

from tests.support.question_files import files, gift_by_npm
from tests.unit.exams.formats import drafts as made
from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats import exporting
from zhenxue.exams.formats.draft import Item
from zhenxue.kernel.errors import Invalid

SAMPLE = "tests/fixtures/sample-package/"
MOODLE = "amc2moodle/tests/payload_test_"


def counted(items: list[Item]) -> tuple[int, int]:
    """How many drafts, how many named reasons; nothing lies between."""
    assert all(bool(item.problems) == (item.draft is None) for item in items)
    return sum(item.draft is not None for item in items), sum(item.draft is None for item in items)


def packed(path: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, data in files().items():
            if name.startswith(path):
                package.writestr(name.removeprefix(path), data)
    return buffer.getvalue()


def test_a_whole_qti_package_is_read_with_its_pictures() -> None:
    reading = formats.read(packed(SAMPLE), "sample.zip")
    assert counted(reading.items) == (8, 1)
    assert [item.draft.kind for item in reading.items if item.draft] == [
        Kind.SINGLE,
        Kind.MULTIPLE,
        Kind.FILL_IN,
        Kind.MATCHING,
        Kind.ORDERING,
        Kind.FILL_IN,
        Kind.MULTIPLE,
        Kind.HOTSPOT,
    ]
    (open_question,) = [item for item in reading.items if item.draft is None]
    assert "请写参考答案" in open_question.problems[0]
    assert sum(len(item.draft.assets) for item in reading.items if item.draft) == 2


def test_the_same_items_in_version_two_and_three_read_the_same() -> None:
    found = {name: data for name, data in files().items() if name.endswith((".qti2.xml", ".qti3.xml"))}
    assert len(found) == 30
    readable, named, structure = 0, 0, 0
    for name in found:
        if not name.endswith(".qti2.xml"):
            continue
        both = []
        for path in (name, name.replace(".qti2.", ".qti3.")):
            try:
                both.append(formats.read(found[path], path).items)
            except Invalid:
                structure += 1
        if both:
            two, three = both
            assert [item.draft for item in two] == [item.draft for item in three], name
            assert [item.problems for item in two] == [item.problems for item in three], name
            drafts, refused = counted(two)
            readable, named = readable + drafts, named + refused
    assert (readable, named, structure) == (6, 7, 4)


@pytest.mark.parametrize(
    ("path", "drafts", "refused"),
    [
        ("amc2moodle/QCM.xml", 7, 6),
        ("amc2moodle/QCM_wo-tikz.xml", 7, 5),
        ("amc2moodle/cleaning.xml", 1, 0),
        ("amc2moodle/numerical.xml", 5, 0),
        ("moodle2amc/moodle-bank-exemple.xml", 8, 5),
    ],
)
def test_real_exports_of_moodle_are_read(path: str, drafts: int, refused: int) -> None:
    assert counted(formats.read(files()[MOODLE + path], path).items) == (drafts, refused)


GIFT = """
::选一:: 哪种颜色\\: 是\\=? {=红\\~色 ~绿 ~%0%蓝 ####看书}

::选多:: 哪些\\{对\\}？ {~%50%甲 ~%50%乙 ~%-100%丙}

地球是圆的。{TRUE}

::填:: 首都是{=北京 =Peking}。

谁？{=鲁迅}

::连:: 连起来 {=猫 -> 喵 =狗 -> 汪 =牛 -> 哞}

多少？{#12.5:0.5}

范围？{#1..3}

说说。{}
"""
TYPES = {"MC": {Kind.SINGLE, Kind.MULTIPLE}, "TF": {Kind.TRUE_FALSE}, "Short": {Kind.FILL_IN}}
TYPES |= {
    "Matching": {Kind.MATCHING},
    "Numerical": {Kind.CALCULATION, Kind.FILL_IN},
    "Essay": {Kind.SHORT_ANSWER, None},
}


def test_gift_is_read_as_the_grammar_on_npm_reads_it() -> None:
    wanted = [one for one in gift_by_npm(GIFT) if one["type"] not in {"Category"}]
    items = formats.read(GIFT.encode(), "题.gift").items
    assert len(items) == len(wanted) == 9
    for item, one in zip(items, wanted, strict=True):
        kind = item.draft.kind if item.draft else None
        assert kind in TYPES[one["type"]], (item, one)
        if item.draft is None or "choices" not in one or one["type"] != "MC":
            continue
        assert item.draft.body["options"] == [choice["text"]["text"] for choice in one["choices"]]
        assert item.draft.stem == one["stem"]["text"]


def test_what_we_write_the_grammar_on_npm_understands() -> None:
    data, name, left_out = exporting.gift([one for one in made.EVERY if not one.assets])
    found = [one for one in gift_by_npm(data.decode()) if one["type"] != "Category"]
    assert name.endswith(".gift")
    assert [one["type"] for one in found] == [
        "MC",
        "MC",
        "TF",
        "Short",
        "Numerical",
        "Essay",
        "Numerical",
        "Matching",
    ]
    assert len(left_out) == 5
    single = found[0]
    assert [choice["text"]["text"] for choice in single["choices"]] == made.SINGLE.body["options"]
    assert [choice["isCorrect"] for choice in single["choices"]] == [False, True, False, False]
    assert single["stem"]["text"] == made.SINGLE.stem
