"""Paragraphs and tables of a docx as lines of our markup. Pure."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from zhenxue.exams.formats import mathml, words
from zhenxue.exams.formats.safety import MIB, Assets, Package, Unusable, invalid, parse_xml

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
PART = "word/document.xml"
MAX_LINES = 200_000
OPTION = re.compile(r"^\s*[(（【]?[A-JＡ-Ｊ]\s*[)）】]?\s*[、.．:：)）]")


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


class Lines:
    """Paragraphs and tables of a document as lines of markup; pictures become assets."""

    def __init__(self, package: Package, assets: Assets) -> None:
        root = parse_xml(package.read(PART, 100 * MIB), what="文档")
        body = root.find(f"{_W}body")
        self._body = body if body is not None else root
        self._package = package
        self._relations = _relations(package)
        self._assets = assets
        self._numbers: dict[str, int] = {}
        self._formats = _formats(package)
        self._styles = _styles(package)
        self.problems: dict[str, str] = {}  # a mark in the text → what is wrong with the picture there
        self._count = 0

    def every(self) -> Iterator[str]:
        """All lines of the document."""
        return self.of(self._body)

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
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            place = self._styles.get(style.get(f"{_W}val", "")) if style is not None else None
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
        if cells and all(OPTION.match(cell) or words.NUMBERED.match(cell) for cell in cells):
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


def _styles(package: Package) -> dict[str, Element]:
    """Styles that count by themselves."""
    try:
        root = parse_xml(package.read("word/styles.xml"), what="文档")
    except Unusable:
        return {}
    found = ((one.get(f"{_W}styleId", ""), one.find(f"{_W}pPr/{_W}numPr")) for one in root.findall(f"{_W}style"))
    return {name: place for name, place in found if place is not None}


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
