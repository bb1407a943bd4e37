"""Lines of a paper to questions: what is a heading, a stem, an option, an answer. Pure."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.build import build
from zhenxue.exams.formats.documents.lines import OPTION
from zhenxue.exams.formats.draft import Item, Written
from zhenxue.exams.formats.safety import Assets

_ANSWER = re.compile(r"^[\[【(（]?\s*(?:正确|参考|标准)?答案\s*[\]】)）]?\s*[:：]?\s*(.*)$", re.DOTALL)
_EXPLAIN = re.compile(r"^[\[【(（]?\s*(?:答案|试题|题目)?解析\s*[\]】)）]?\s*[:：]?\s*(.*)$", re.DOTALL)
_MORE = re.compile(r"^[\[【(（]?\s*(分值|难度|难易度|知识点|考点|来源|出处|评分标准|设置)\s*[\]】)）]?\s*[:：]\s*(.*)$")
_INLINE = re.compile(
    r"\s*[\[【(（]?\s*(?:正确|参考|标准)?答案\s*[\]】)）]?\s*[:：]\s*([A-J]{1,10}|[√×✓✗对错]|正确|错误)\s*[\]】)）]?\s*$"
)
_NUMBER = re.compile(r"^\s*(?:第\s*)?[(（]?(\d{1,4})\s*(?:题|[)）])?\s*[、．.:：)）]?\s*")
_KEY_TITLE = re.compile(
    r"^[一二三四五六七八九十\d、.．\s【\[]*(?:参考|标准|试题|正确)?答案(?:及解析|与解析|表|部分|汇总)?\s*[\]】]?\s*[:：]?\s*$"
)
_RANGE = re.compile(r"(\d{1,4})\s*[-—–~～至]+\s*(\d{1,4})\s*[:：、.．]?\s*([A-J√×✓✗对错\s,，、]+)")
_SINGLE = re.compile(r"(\d{1,4})\s*[、.．:：)）]?\s*([A-J]{1,10}|[√×✓✗对错]|正确|错误)(?![A-Za-z\u4e00-\u9fff])")
_TITLES = {"分值": "score", "难度": "difficulty", "难易度": "difficulty", "知识点": "point", "考点": "point"}
_TITLES |= {"来源": "source", "出处": "source", "评分标准": "rubric", "设置": "settings"}
_LINE_SCORE = re.compile(r"[(（]\s*(?:本题|每题|本小题)?\s*(?:满分)?\s*(\d{1,3}(?:\.\d)?)\s*分\s*[)）]\s*$")
_EACH = re.compile(r"每(?:小)?题\s*(\d{1,3}(?:\.\d)?)\s*分")


@dataclass(slots=True)
class _Open:
    """The question that is being read."""

    number: int
    kind: Kind | None
    section: int
    stem: list[str]
    options: list[str] = field(default_factory=list)
    answer: str = ""
    explanation: str = ""
    more: dict[str, str] = field(default_factory=dict)
    last: str = "stem"  # what the next plain line goes on with
    problems: list[str] = field(default_factory=list)
    score: str = ""


class Questions:
    """Lines to questions."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._open: list[_Open] = []
        self._kind: Kind | None = None
        self._section = 0
        self._score = ""
        self._in_key = False
        self._key_kind: Kind | None = None
        self._key: dict[tuple[Kind | None, int], str] = {}
        self.notes: list[str] = []

    def line(self, line: str) -> None:
        if line.startswith("\ue002"):
            number, _, answer = line[1:].partition("\ue003")
            self._key[self._key_kind or self._kind, int(number)] = answer
            return
        if not line.strip():
            return
        if kind := words.heading_kind(line):
            self._heading(kind, line)
        elif _KEY_TITLE.match(line) and not (
            self._open and self._open[-1].options and not self._open[-1].answer and line.rstrip().endswith((":", "："))
        ):
            self._in_key = True
        elif self._in_key or self._is_key_line(line):
            self._key_line(line)
        else:
            self._question_line(line)

    def _heading(self, kind: Kind, line: str) -> None:
        if self._in_key:
            self._key_kind = kind
            self._key_line(line)
            return
        self._kind = kind
        self._section += 1
        each = _EACH.search(line)
        self._score = each[1] if each else ""

    def _is_key_line(self, line: str) -> bool:
        """``答案：1-5 ABCDA`` for several questions, below them."""
        return bool(self._open and re.match(r"^\s*(?:参考|标准)?答案", line) and _RANGE.search(line))

    def _key_line(self, line: str) -> None:
        found = False
        for begin, end, text in _RANGE.findall(line):
            marks = re.findall(r"[A-J√×✓✗对错]+", text) if re.search(r"[\s,，、]", text.strip()) else list(text.strip())
            count = int(end) - int(begin) + 1
            if len(marks) != count:
                marks = list("".join(marks))
            if len(marks) != count or count > 1000:
                self.notes.append(f"答案“{line[:40]}”的题数和答案个数对不上，没有使用")
                continue
            found = True
            for index, mark in enumerate(marks):
                self._key[self._key_kind, int(begin) + index] = mark
        if not found:
            rest = _RANGE.sub("", line)
            singles = _SINGLE.findall(rest)
            for number, mark in singles:
                self._key[self._key_kind, int(number)] = mark
            if not singles and (head := _NUMBER.match(rest)) and rest[head.end() :].strip() and head[1]:
                self._key[self._key_kind, int(head[1])] = rest[head.end() :].strip()

    def _question_line(self, line: str) -> None:
        current = self._open[-1] if self._open else None
        if current is not None:
            if found := _ANSWER.match(line):
                current.answer, current.last = found[1].strip(), "answer"
                return
            if found := _EXPLAIN.match(line):
                current.explanation, current.last = found[1].strip(), "explanation"
                return
            if found := _MORE.match(line):
                name = _TITLES[found[1]]
                current.more[name], current.last = found[2].strip(), name
                return
            if OPTION.match(line) and current.last in {"stem", "options"}:
                current.options.append(line)
                current.last = "options"
                return
        numbered, head = words.NUMBERED.match(line), _NUMBER.match(line)
        if numbered and head and line[numbered.end() :].strip():
            self._begin(int(head[1]), line)
            return
        if current is None:
            return  # a title above the first question
        if current.last == "options":
            current.options.append(line)
        elif current.last == "answer":
            current.answer = f"{current.answer}\n{line}".strip()
        elif current.last == "explanation":
            current.explanation = f"{current.explanation}\n{line}".strip()
        elif current.last in current.more:
            current.more[current.last] = f"{current.more[current.last]}\n{line}".strip()
        else:
            current.stem.append(line)

    def _begin(self, number: int, line: str) -> None:
        text = words.NUMBERED.sub("", line, count=1).strip()
        answer = ""
        if found := _INLINE.search(text):
            answer, text = found[1], text[: found.start()].rstrip()
        score = self._score
        if found := _LINE_SCORE.search(text):
            score, text = found[1], text[: found.start()].rstrip()
        self._open.append(_Open(number, self._kind, self._section, [text], answer=answer, score=score))

    def done(self, broken: dict[str, str]) -> list[Item]:
        items = []
        for count, one in enumerate(self._open, start=1):
            if not one.answer:
                one.answer = self._key.get((one.kind, one.number)) or self._key.get((None, one.number), "")
            items.append(self._item(count, one, broken))
        return items

    def _item(self, count: int, one: _Open, broken: dict[str, str]) -> Item:
        stem = "\n".join(one.stem)
        options: list[str] = []
        if one.options:
            before, options = words.split_heads("\n".join(one.options))
            stem = f"{stem}\n{before}".strip() if before.strip() else stem
        written = Written("", stem, tuple(options), one.answer, one.explanation, one.score, **_more(one.more))
        faults = [words_ for mark, words_ in broken.items() if mark in f"{stem}{''.join(options)}{one.explanation}"]
        if faults:
            clean = re.sub("\ue000\\d+\ue001", "", stem)
            return Item(f"第 {count} 题（题号 {one.number}）", None, tuple(faults), (), replace(written, stem=clean))
        return build(f"第 {count} 题（题号 {one.number}）", written, kind=one.kind, assets=self._assets)


def _more(found: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "score"}
