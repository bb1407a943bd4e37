"""Files broken at random: the reader answers each with a refusal or with items, never with anything else."""

import io
import random
import zipfile
from collections.abc import Iterator

import pytest

from tests.unit.exams.formats import drafts as made
from tests.unit.exams.formats.test_documents import PAPER, written
from tests.unit.exams.formats.test_public_files import GIFT
from tests.unit.exams.formats.test_xml import CHOICE, SIMPLE, answer, item2, question, response
from zhenxue.exams import formats
from zhenxue.exams.formats import exporting
from zhenxue.kernel.errors import Invalid

QUIZ = "".join(
    question(kind, "<single>true</single>" + answer("<b>甲</b>{a}", 100) + answer("乙", 0), "{1:SA:=甲} [[1]]")
    for kind in ("multichoice", "truefalse", "numerical", "calculated", "matching", "cloze", "gapselect", "essay")
)
FILES = {
    "题.gift": GIFT.encode(),
    "题.xml": f"<quiz>{QUIZ}</quiz>".encode(),
    "项.xml": item2(response("single", "identifier", "A"), CHOICE % SIMPLE),
    "题.csv": "题型,题干,选项,答案,分值\n单选,问？,A.甲 B.乙,A,2\n填空,____和____,,甲；乙,1\n".encode("gbk"),
}
PACKAGES = {
    "图.zip": exporting.xlsx(made.EVERY)[0],
    "题.xlsx": exporting.xlsx([one for one in made.EVERY if not one.assets])[0],
    "题.zip": exporting.qti(made.EVERY)[0],
    "卷.docx": written(PAPER),
}


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, a piece left out, or a piece doubled."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, until = sorted(chance.choices(range(len(found) + 1), k=2))
        act = chance.randrange(4)
        if act == 0 and at < len(found):
            found[at] = chance.choice(b'<>&"{}=~#\\\n,;A1\x00\xff/')
        elif act == 1:
            del found[at : min(until, at + 40)]
        elif act == 2:
            found[at:at] = found[at : min(until, at + 60)]
        else:
            found[at:at] = chance.choice([b"<", b"</p>", b"{", b"}", b"=", b"~", b"%50%", b"_", b"$", b"]]>", b"\n\n"])
    return bytes(found)


def repacked(data: bytes, chance: random.Random) -> bytes:
    """One member of a package scrambled."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        victim = chance.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, scrambled(old.read(name), chance) if name == victim else old.read(name))
    return buffer.getvalue()


def broken(name: str, times: int) -> Iterator[bytes]:
    chance = random.Random(name)
    for _ in range(times):
        yield scrambled(FILES[name], chance) if name in FILES else repacked(PACKAGES[name], chance)


@pytest.mark.parametrize("name", [*FILES, *PACKAGES])
def test_no_broken_file_breaks_the_reader(name: str) -> None:
    for data in broken(name, 60 if name in FILES else 25):
        try:
            reading = formats.read(data, name)
        except Invalid:
            continue
        for item in reading.items:
            assert bool(item.problems) == (item.draft is None)
