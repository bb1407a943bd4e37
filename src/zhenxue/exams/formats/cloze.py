"""Moodle's embedded answers: ``{1:SHORTANSWER:=Berlin~%50%Bern}`` inside a text. Pure.

Source: Moodle documentation, "Embedded answers (Cloze) question type".
"""

import re
from typing import Any

from zhenxue.exams.formats.draft import BLANK, number, plain_number, plain_width
from zhenxue.exams.formats.shapes import Trouble

_FIELD = re.compile(r"\{(\d{0,3}):([A-Z_]{1,24}):((?:\\.|[^{}\\])*)\}", re.DOTALL)
_SHORT = {"SHORTANSWER", "SA", "MW", "SHORTANSWER_C", "SAC", "MWC"}
_NUMERIC = {"NUMERICAL", "NM"}
_CHOICE = {
    "MULTICHOICE",
    "MC",
    "MULTICHOICE_V",
    "MCV",
    "MULTICHOICE_H",
    "MCH",
    "MULTICHOICE_S",
    "MCS",
    "MULTICHOICE_VS",
}
_CHOICE |= {"MCVS", "MULTICHOICE_HS", "MCHS"}
_WEIGHT = re.compile(r"^%(-?\d{1,3}(?:\.\d+)?)%")


def read(text: str) -> tuple[str, dict[str, Any], dict[str, Any], list[str]]:
    """Stem with gaps, body, key and notes of a fill-in. Raises ``Trouble``."""
    blanks: list[dict[str, Any]] = []
    notes: list[str] = []
    if re.search(r"\{\d{0,3}:(MULTIRESPONSE|MR)", text):
        raise Trouble("嵌入题里有多选（MULTIRESPONSE），不支持；请拆成几道题")

    def one(found: re.Match[str]) -> str:
        form, inner = found[2], found[3]
        right, every = _answers(inner)
        if not right:
            raise Trouble(f"嵌入题的第 {len(blanks) + 1} 个空没有正确答案")
        if form in _NUMERIC:
            value_text, _, width = right[0].partition(":")
            value = number(value_text)
            if value is None:
                raise Trouble(f"嵌入题的数值答案“{right[0][:30]}”不是一个数")
            width_value = number(width)
            blanks.append({"accepted": [plain_number(value)], "tolerance": plain_width(width_value)})
        elif form in _SHORT:
            blanks.append({"accepted": right, "tolerance": ""})
        elif form in _CHOICE:
            blanks.append({"accepted": right, "tolerance": ""})
            notes.append("嵌入题里的选择改为填空，可选的词写在空后面")
            return f"{BLANK}（可选：{'、'.join(every)}）"
        else:
            raise Trouble(f"嵌入题里的“{form}”不支持，请拆成几道题")
        return BLANK

    stem = _FIELD.sub(one, text)
    if not blanks:
        raise Trouble("嵌入题里没有找到空（{1:SHORTANSWER:=…}）")
    return stem, {"blanks": len(blanks)}, {"blanks": blanks, "ordered": True}, list(dict.fromkeys(notes))


def _answers(inner: str) -> tuple[list[str], list[str]]:
    """The answers that earn everything, and all of them."""
    right, every = [], []
    for part in re.split(r"(?<!\\)~", inner):
        part = re.split(r"(?<!\\)#", part, maxsplit=1)[0].strip()
        is_right = part.startswith("=")
        part = part.removeprefix("=")
        if weight := _WEIGHT.match(part):
            is_right = float(weight[1]) >= 100
            part = part[weight.end() :]
        part = re.sub(r"\\(.)", r"\1", part).strip()
        if part and part != "*":
            every.append(part)
            if is_right:
                right.append(part)
    return list(dict.fromkeys(right)), list(dict.fromkeys(every))
