"""HTML of any origin to our own markup: an allow-list, everything else loses its tag, scripts their text too. Pure.

What comes out is text; whoever shows it escapes it (``catalogue.markup``), so nothing of the HTML can come back.
"""

import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

from zhenxue.exams.formats import mathml
from zhenxue.exams.formats.safety import Unusable

#: Gives ``file:NAME`` for the address of a picture, sound or film; raises ``Unusable``.
type Resolve = Callable[[str], str]

MAX_HTML = 400_000
SCRIPT = "去掉了脚本、表单或内嵌网页"
_DROPPED = {
    "script",
    "style",
    "iframe",
    "object_code",
    "embed",
    "applet",
    "noscript",
    "template",
    "svg",
    "head",
    "form",
}
_DROPPED |= {"title", "select", "textarea", "frame", "frameset", "noframes", "canvas", "math_raw"}
_BLOCKS = {"p", "div", "section", "article", "blockquote", "pre", "figure", "figcaption", "dl", "dt", "dd", "center"}
_BLOCKS |= {"address", "header", "footer", "main", "details", "summary", "hr", "body", "html"}
_HEADS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_VOID = {"br", "img", "hr", "source", "input", "wbr", "col", "meta", "link", "area", "base", "track", "param", "embed"}
_SUPER = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUB = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_MARK = re.compile(r"- |\d+\. ")
_MATH = re.compile(r"\\\((.{1,600}?)\\\)|\\\[(.{1,600}?)\\\]|\$\$(.{1,600}?)\$\$", re.DOTALL)
#: A whole tag, a declaration, or a sign that begins neither.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|(<[!?][^<>]*>)|(<)")


class Markup:
    """Takes tags and text in their order and writes markup; ``problems`` are pictures that cannot come along."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._out: list[str] = []
        self._dropped = 0
        self._lists: list[list[object]] = []  # [tag, count]
        self._rows: list[list[str]] | None = None
        self._marks: list[int] = []  # where a cell, bold word or raised text begins
        self._media = 0
        self.problems: list[str] = []
        self.notes: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._dropped or tag in _DROPPED:
            if tag not in _VOID:
                self._dropped += 1
            if tag == "svg":
                self._problem("题目里内嵌了 SVG 图形，可能带脚本，不能导入；请改成 PNG 图片")
            elif tag in {"script", "iframe", "embed", "applet", "form"}:
                self._note(SCRIPT)
            return
        if any(name.startswith("on") for name in attributes):
            self._note(SCRIPT)
        if tag in _BLOCKS or tag in _HEADS:
            self._line()
        if tag == "br":
            self._out.append("\n" if self._rows is None else " ")
        elif tag in {"b", "strong", "sub", "sup"} or tag in _HEADS:
            self._marks.append(len(self._out))
        elif tag in {"ul", "ol"}:
            self._lists.append([tag, 0])
        elif tag == "li":
            self._item()
        elif tag == "table":
            self._line()
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"} and self._rows:
            self._marks.append(len(self._out))
        elif tag in {"img", "audio", "video", "source", "object"}:
            self._medium(tag, attributes)

    def end(self, tag: str) -> None:
        if self._dropped:
            self._dropped -= tag not in _VOID
            return
        if tag in {"b", "strong"} or tag in _HEADS:
            text = self._since()
            inner = text.strip()
            plain = inner and "\n" not in inner and "*" not in inner and "![" not in inner
            self._out.append(text.replace(inner, f"**{inner}**", 1) if plain else text)
        elif tag in {"sub", "sup"}:
            self._raise(tag, self._since())
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
            self._line()
        elif tag in {"td", "th"} and self._rows:
            self._rows[-1].append(" ".join(self._since().split()).replace("|", "｜"))
        elif tag == "table" and self._rows is not None:
            self._table()
        if tag in _BLOCKS or tag in _HEADS:
            self._line()

    def text(self, data: str) -> None:
        if not self._dropped:
            self._out.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    def raw(self, data: str) -> None:
        """Our own markup."""
        if not self._dropped:
            self._out.append(data)

    def math(self, element: Element) -> None:
        if self._dropped:
            return
        formula = mathml.latex(element)
        if formula is None:
            formula_text = " ".join("".join(element.itertext()).split())
            self._note("有一个公式只保留了文字，请核对")
            self._out.append(formula_text)
        elif formula:
            self._out.append(f"${formula}$")

    def done(self) -> str:
        if self._rows:
            self._table()
        text = _MATH.sub(lambda found: f"${next(one for one in found.groups() if one).strip()}$", "".join(self._out))
        text = re.sub(r"[ \t\u00a0]+", " ", text)
        return re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", text)).strip()

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _line(self) -> None:
        if self._rows is None:
            last = next((one for one in reversed(self._out) if one.strip(" ")), "\n")
            if not last.endswith("\n") and not _MARK.fullmatch(last):
                self._out.append("\n")
        elif self._out:
            self._out.append(" ")

    def _since(self) -> str:
        begin = self._marks.pop() if self._marks else len(self._out)
        text = "".join(self._out[begin:])
        del self._out[begin:]
        return text

    def _raise(self, tag: str, text: str) -> None:
        table = _SUPER if tag == "sup" else _SUB
        inner = text.strip()
        if inner and all(ord(mark) in table for mark in inner):
            self._out.append(inner.translate(table))
        elif inner and inner.isascii() and inner.isalnum():
            self._out.append(f"${{}}{'^' if tag == 'sup' else '_'}{{{inner}}}$")
        else:
            self._out.append(text)

    def _item(self) -> None:
        self._line()
        if not self._lists:
            self._lists.append(["ul", 0])
        last = self._lists[-1]
        last[1] = int(str(last[1])) + 1
        self._out.append(f"{last[1]}. " if last[0] == "ol" else "- ")

    def _table(self) -> None:
        rows, self._rows = [row for row in self._rows or [] if any(row)], None
        self._line()
        for row in rows[:200]:
            self._out.append(f"| {' | '.join(row)} |\n")

    def _medium(self, tag: str, attributes: dict[str, str]) -> None:
        address = attributes.get("data" if tag == "object" else "src", "").strip()
        if not address:
            return  # <audio><source src=…></audio>
        words = re.sub(r"[\[\]\n]", " ", attributes.get("alt", "")).strip()[:100]
        try:
            self._out.append(f"![{words}]({self._resolve(address)})")
        except Unusable as error:
            self._problem(str(error))

    def _problem(self, words: str) -> None:
        if words not in self.problems:
            self.problems.append(words)


class _Parser(HTMLParser):
    def __init__(self, markup: Markup) -> None:
        super().__init__(convert_charrefs=True)
        self._markup = markup
        self._open: list[str] = []
        self._math: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._math is not None:
            self._math.append(tag)
            return
        if tag == "math":
            self._math = []
        self._markup.start(tag, {name: value or "" for name, value in attrs})
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._math is not None:
            if tag == "math":
                self._math = None
                self._markup._note("有一个公式只保留了文字，请核对")
            return
        if tag in self._open:
            while self._open:
                last = self._open.pop()
                self._markup.end(last)
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        self._markup.text(data)

    def finish(self) -> None:
        self.close()
        while self._open:
            self._markup.end(self._open.pop())


def _whole(text: str) -> str:
    """The text without comments and declarations, and without signs that begin nothing: the parser would look to the
    end of the text for the end of each of them."""
    pieces, at = [], 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        pieces.append(text[at:begin])
        at = end + 3
    kept = "".join([*pieces, text[at:]])
    return _TAG.sub(lambda found: "&lt;" if found[2] else "" if found[1] else found[0], kept)


def from_html(text: str, resolve: Resolve) -> Markup:
    """A fragment of HTML; ``done()`` of the answer is its markup."""
    markup = Markup(resolve)
    parser = _Parser(markup)
    parser.feed(_whole(text[:MAX_HTML]))
    parser.finish()
    return markup
