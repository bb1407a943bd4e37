"""docx in the numbered form of Chinese papers: headings of kinds, ``1. stem``, ``A. …``, ``答案：B``. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import mathml, words
from zhenxue.exams.formats.build import build
from zhenxue.exams.formats.draft import Item, Reading, Written
from zhenxue.exams.formats.safety import MIB, Assets, Package, Unusable, invalid, parse_xml

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PART = "word/document.xml"
MAX_LINES = 200_000
_ANSWER = re.compile(r"^[\[【(（]?\s*(?:正确|参考|标准)?答案\s*[\]】)）]?\s*[:：]?\s*(.*)$", re.DOTALL)
_EXPLAIN = re.compile(r"^[\[【(（]?\s*(?:答案|试题|题目)?解析\s*[\]】)）]?\s*[:：]?\s*(.*)$", re.DOTALL)
_MORE = re.compile(r"^[\[【(（]?\s*(分值|难度|难易度|知识点|考点|来源|出处|评分标准|设置)\s*[\]】)）]?\s*[:：]\s*(.*)$")
_INLINE = re.compile(
    r"\s*[\[【(（]?\s*(?:正确|参考|标准)?答案\s*[\]】)）]?\s*[:：]\s*([A-J]{1,10}|[√×✓✗对错]|正确|错误)\s*[\]】)）]?\s*$"
)
_NUMBER = re.compile(r"^\s*(?:第\s*)?[(（]?(\d{1,4})\s*(?:题|[)）])?\s*[、．.:：)）]?\s*")
_OPTION = re.compile(r"^\s*[(（【]?[A-JＡ-Ｊ]\s*[)）】]?\s*[、.．:：)）]")
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


def read(data: bytes, file_name: str, assets: Assets | None = None) -> Reading:
    """Every numbered question answered. Raises ``Invalid`` when nothing in the document looks like one."""
    package = Package(data)
    if _PART not in package:
        raise invalid("not_word", "这不是 Word 文档。请选择 .docx 文件，旧的 .doc 请先另存为 .docx。")
    try:
        root = parse_xml(package.read(_PART, 100 * MIB), what="文档")
        relations = _relations(package)
    except Unusable as error:
        raise invalid("document", f"{error}。") from error
    pictures = assets or Assets()
    lines = _Lines(package, relations, pictures)
    found = _Reader(pictures)
    body = root.find(f"{_W}body")
    for line in lines.of(body if body is not None else root):
        found.line(line)
    items = found.done(lines.problems)
    if not items:
        raise invalid(
            "no_questions", "文档里没有找到题目。请按这样的格式：1. 题干，下一行 A. 选项……，再下一行 答案：B。"
        )
    return Reading("docx", items, tuple(found.notes))


def _relations(package: Package) -> dict[str, str]:
    name = "word/_rels/document.xml.rels"
    if name not in package:
        return {}
    root = parse_xml(package.read(name), what="文档")
    return {
        one.get("Id", ""): one.get("Target", "")
        for one in root
        if one.get("TargetMode") != "External" and one.get("Id")
    }


class _Lines:
    """Paragraphs and tables of a document as lines of markup; pictures become assets."""

    def __init__(self, package: Package, relations: dict[str, str], assets: Assets) -> None:
        self._package = package
        self._relations = relations
        self._assets = assets
        self._numbers: dict[str, int] = {}
        self._formats = _formats(package)
        self.problems: dict[str, str] = {}  # a mark in the text → what is wrong with the picture there
        self._count = 0

    def of(self, body: Element) -> Iterator[str]:
        for block in body:
            if block.tag == f"{_W}p":
                yield from self._paragraph(block).split("\n")
            elif block.tag == f"{_W}tbl":
                yield from self._table(block)
            elif block.tag == f"{_W}sdt":
                content = block.find(f"{_W}sdtContent")
                if content is not None:
                    yield from self.of(content)
            self._count += 1
            if self._count > MAX_LINES:
                raise invalid("long_document", "文档太长，请拆成几个文件再导入。")

    def _paragraph(self, paragraph: Element) -> str:
        text = self._list_mark(paragraph) + self._runs(paragraph)
        return text.replace("\u00a0", " ").strip()

    def _list_mark(self, paragraph: Element) -> str:
        """The number or letter that Word shows before the paragraph and does not keep in its text."""
        place = paragraph.find(f"{_W}pPr/{_W}numPr")
        if place is None:
            return ""
        number, level = place.find(f"{_W}numId"), place.find(f"{_W}ilvl")
        list_id = number.get(f"{_W}val", "") if number is not None else ""
        depth = level.get(f"{_W}val", "0") if level is not None else "0"
        kind = self._formats.get((list_id, depth), "decimal")
        if kind in {"bullet", "none"} or list_id == "0":
            return ""
        key = f"{list_id}/{depth}"
        self._numbers[key] = count = self._numbers.get(key, 0) + 1
        for other in self._numbers:
            if other.startswith(f"{list_id}/") and other.rsplit("/", 1)[1] > depth:
                self._numbers[other] = 0
        if "Letter" in kind:
            if count > 26:
                return ""
            return f"{chr(ord('A') + count - 1)}. "
        if kind.startswith(("chinese", "ideograph", "japanese", "taiwanese")):
            return "一二三四五六七八九十"[(count - 1) % 10] + "、"
        return f"{count}. "

    def _runs(self, element: Element) -> str:
        out: list[str] = []
        for child in element:
            name = child.tag.rsplit("}", 1)[-1]
            if name == "t":
                out.append(child.text or "")
            elif name == "tab":
                out.append("\t")
            elif name in {"br", "cr"}:
                out.append("\n")
            elif name == "sym":
                code = child.get(f"{_W}char", "")
                out.append({"F0FC": "√", "F0FB": "×", "F050": "√", "F04F": "×", "F052": "√"}.get(code.upper(), ""))
            elif name in {"drawing", "pict", "object"}:
                out.append(self._picture(child))
            elif name in {"oMath", "oMathPara"}:
                formula = _office_math(child)
                out.append(f"${formula}$" if formula else "")
            elif name in {"pPr", "rPr", "del", "instrText", "delText"}:
                continue
            elif name == "r":
                out.append(self._run(child))
            elif name == "AlternateContent":
                out.append(self._runs(child[0]) if len(child) else "")
            else:
                out.append(self._runs(child))
        return "".join(out)

    def _run(self, run: Element) -> str:
        text = self._runs(run)
        properties = run.find(f"{_W}rPr")
        if properties is None:
            return text
        if properties.find(f"{_W}vanish") is not None:
            return ""
        raised = properties.find(f"{_W}vertAlign")
        if raised is not None and text.strip():
            mark = {"superscript": "^", "subscript": "_"}.get(raised.get(f"{_W}val", ""))
            if mark and text.strip().isascii() and text.strip().isalnum():
                return f"${{}}{mark}{{{text.strip()}}}$"
        under = properties.find(f"{_W}u")
        if under is not None and under.get(f"{_W}val") != "none" and text and not text.strip():
            return "____"  # blanks drawn as underlined spaces
        return text

    def _picture(self, element: Element) -> str:
        for inner in element.iter():
            target = self._relations.get(inner.get(f"{_R}embed") or inner.get(f"{_R}id") or "")
            if not target:
                continue
            name = self._package.resolve(target, "word") or self._package.resolve(target)
            try:
                found = self._assets.add(name or target, self._package.read(name or target))
            except Unusable as error:
                mark = f"\ue000{len(self.problems)}\ue001"
                self.problems[mark] = str(error)
                return mark
            return f"![图](file:{found.name})"
        return ""

    def _table(self, table: Element) -> Iterator[str]:
        rows = [
            [
                " ".join(filter(None, (self._paragraph(one) for one in cell.iter(f"{_W}p"))))
                for cell in row.findall(f"{_W}tc")
            ]
            for row in table.findall(f"{_W}tr")
        ]
        cells = [cell for row in rows for cell in row if cell]
        if cells and all(_OPTION.match(cell) or words.NUMBERED.match(cell) for cell in cells):
            yield from cells  # a table that only lays out options or questions
            return
        if _is_key_table(rows):
            for numbers, answers in zip(rows[::2], rows[1::2], strict=False):
                for number, answer in zip(
                    numbers[1:] if not numbers[0].isdecimal() else numbers,
                    answers[1:] if not numbers[0].isdecimal() else answers,
                    strict=False,
                ):
                    yield f"\ue002{number}\ue003{answer}"
            return
        for row in rows:
            if any(row):
                yield "| " + " | ".join(cell.replace("|", "｜") for cell in row) + " |"


def _is_key_table(rows: list[list[str]]) -> bool:
    """Numbers over answers: ``题号 1 2 3`` / ``答案 A B C``."""
    if len(rows) < 2 or len(rows) % 2 or not rows[0]:
        return False
    numbers = [cell for row in rows[::2] for cell in row[not row[0].isdecimal() :] if cell]
    answers = [cell for row in rows[1::2] for cell in row[1:] if cell]
    return (
        bool(numbers)
        and all(one.isdecimal() for one in numbers)
        and all(words.letters(one) or words.truth(one) is not None for one in answers)
    )


def _formats(package: Package) -> dict[tuple[str, str], str]:
    """How the lists of the document count: (list, level) → format."""
    try:
        root = parse_xml(package.read("word/numbering.xml"), what="文档")
    except Unusable:
        return {}
    kinds: dict[tuple[str, str], str] = {}
    for one in root.findall(f"{_W}abstractNum"):
        for level in one.findall(f"{_W}lvl"):
            form = level.find(f"{_W}numFmt")
            if form is not None:
                kinds[one.get(f"{_W}abstractNumId", ""), level.get(f"{_W}ilvl", "")] = form.get(f"{_W}val", "")
    found: dict[tuple[str, str], str] = {}
    for one in root.findall(f"{_W}num"):
        abstract = one.find(f"{_W}abstractNumId")
        if abstract is not None:
            wanted = abstract.get(f"{_W}val", "")
            found |= {
                (one.get(f"{_W}numId", ""), level): form for (name, level), form in kinds.items() if name == wanted
            }
    return found


_OFFICE = {"f": "mfrac", "sSup": "msup", "sSub": "msub", "sSubSup": "msubsup", "rad": "msqrt"}


def _office_math(element: Element) -> str:
    """An Office formula as LaTeX; its bare text where it holds more than fractions, powers and roots."""

    def turn(one: Element) -> list[Element]:
        name = one.tag.rsplit("}", 1)[-1]
        if name == "t":
            made = Element("mo")
            made.text = one.text
            return [made]
        inner = [turned for child in one for turned in turn(child)]
        if name in _OFFICE:
            parts = [child for child in one if child.tag.rsplit("}", 1)[-1] in {"e", "num", "den", "sup", "sub"}]
            parts.sort(key=lambda part: {"e": 0, "num": 0, "sub": 1, "den": 1, "sup": 2}[part.tag.rsplit("}", 1)[-1]])
            made = Element(_OFFICE[name])
            for part in parts:
                row = Element("mrow")
                row.extend([turned for child in part for turned in turn(child)])
                made.append(row)
            return [made]
        return [] if name.endswith("Pr") else inner

    top = Element("math")
    top.extend(turn(element))
    return mathml.latex(top) or "".join(element.itertext()).replace("$", "")


class _Reader:
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
            if _OPTION.match(line) and current.last in {"stem", "options"}:
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
