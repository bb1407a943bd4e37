"""The markup of questions: words, pictures and sounds, formulas, tables. Pure.

    **重点**   ![说明](asset:12)   $\\frac{a}{b}$   | 名称 | 数值 |   ____   \\$ 是普通的美元符号

Everything is escaped before anything is added to it, so no text can bring a tag of its own. Formulas are LaTeX, turned
into MathML by a library whose answer is taken apart and put together again from a list of allowed elements: it lets
``\\text{<script>}`` and ``\\href{javascript:}`` through.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree

LONGEST_FORMULA = 300
DEEPEST_FORMULA = 30
MOST_FORMULAS = 60
MOST_COLUMNS = 12

MATHML = "http://www.w3.org/1998/Math/MathML"
_ELEMENTS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd"
    " mstyle mpadded mphantom menclose".split()
)
_ATTRIBUTES = {
    name: re.compile(pattern)
    for name, pattern in {
        "display": "inline|block",
        "displaystyle|stretchy|fence|separator|accent|accentunder|movablelimits|largeop|symmetric": "true|false",
        "form": "prefix|infix|postfix",
        "mathvariant": "[a-z-]{1,25}",
        "columnalign|rowalign": "[a-z ]{1,60}",
        "scriptlevel": r"[+-]?\d",
        "linethickness|rowspacing|columnspacing|lspace|rspace|minsize|maxsize|width": (
            r"-?\d{0,2}(\.\d{1,4})?(em|ex|px|pt)?"
        ),
        "linebreak": "newline",
        "notation": "[a-z ]{1,40}",
    }.items()
    for name in name.split("|")
}
_IMAGE = r"!\[(?P<words>[^\]\n]{0,200})\]\(asset:(?P<asset>\d{1,12})\)"
_FORMULA = rf"(?<![\\$])\$(?P<formula>[^$\n]{{1,{LONGEST_FORMULA}}})\$(?!\$)"
_PIECE = re.compile(f"{_IMAGE}|{_FORMULA}")
_ALONE = re.compile(_IMAGE)
_TOO_LONG = re.compile(rf"(?<![\\$])\$[^$\n]{{{LONGEST_FORMULA + 1},2000}}\$(?!\$)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_RULE = re.compile(r"\|(\s*:?-{2,}:?\s*\|)+")
_UNKNOWN = re.compile(r"\\[A-Za-z]+")


class FormulaError(ValueError):
    """What is wrong with a formula, in words for its author."""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, sound or film as a page shows it; ``kind`` is a ``data.AssetKind``."""

    kind: str
    url: str
    width: int | None = None
    height: int | None = None


type FindMedia = Callable[[int], Media | None]


class Dressed(str):
    """A text that brings its own media, or the address of a picture: of a file that is in no bank yet."""

    media: FindMedia

    def __new__(cls, text: str, media: FindMedia = lambda _: None) -> "Dressed":
        made = super().__new__(cls, text)
        made.media = media
        return made


def asset_ids(*texts: str) -> list[int]:
    """The assets that texts show, each once, in order."""
    return list(dict.fromkeys(int(found["asset"]) for text in texts for found in _ALONE.finditer(text)))


def problems(text: str) -> list[str]:
    """What an author has to mend in a text: formulas that cannot be read. Each sentence names the formula."""
    wrong = [f"公式太长（最多 {LONGEST_FORMULA} 个字符），请拆开写。" for _ in _TOO_LONG.finditer(text)][:1]
    formulas = [found["formula"] for found in _PIECE.finditer(text) if found["formula"]]
    if len(formulas) > MOST_FORMULAS:
        return [f"公式最多 {MOST_FORMULAS} 个，现在有 {len(formulas)} 个。"]
    for formula in formulas:
        try:
            mathml(formula)
        except FormulaError as error:
            wrong.append(f"公式 ${formula[:40]}$ {error}")
    return wrong


def render(text: str, *, media: FindMedia) -> str:
    """Safe HTML of blocks: paragraphs, tables, pictures on a line of their own."""
    return "".join(_blocks(text, media))


def render_inline(text: str, *, media: FindMedia) -> str:
    """Safe HTML of one line, for options and items."""
    return "<br>".join(_inline(line, media) for line in text.strip().splitlines())


def plain(text: str) -> str:
    """The words without marks, for lists and searches: pictures by their words, formulas as typed."""

    def word(found: re.Match[str]) -> str:
        return str(found["formula"]) if found["formula"] else f"［{found['words'] or '图'}］"

    lines = (line.strip() for line in text.splitlines())
    rows = (
        line.strip("|").replace("|", "　") if line.startswith("|") else line
        for line in lines
        if not _RULE.fullmatch(line)
    )
    return _BOLD.sub(r"\1", _PIECE.sub(word, "\n".join(rows))).replace("\\$", "$")


@lru_cache(maxsize=4096)
def mathml(formula: str) -> str:
    """MathML of a formula, made only of allowed elements. Raises ``FormulaError``."""
    from latex2mathml import converter  # a tenth of a second to load, for few pages

    if len(formula) > LONGEST_FORMULA or _depth(formula) > DEEPEST_FORMULA:
        raise FormulaError("太长或套得太深，请拆开写。")
    try:
        made = ElementTree.fromstring(converter.convert(formula.replace("<", r"\lt ").replace(">", r"\gt ")))
    except (ElementTree.ParseError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FormulaError("写法不对，请检查括号和命令。") from error
    except Exception as error:  # the library's own errors have no common ancestor
        raise FormulaError("写法不对，请检查括号和命令。") from error
    unknown = next((found[0] for text in made.itertext() if (found := _UNKNOWN.search(text))), None)
    if unknown:
        raise FormulaError(f"里的 {unknown} 不认识。")
    return f'<math display="inline">{"".join(_allowed(child) for child in made)}</math>'


def _depth(formula: str) -> int:
    depth = deepest = 0
    for mark in formula:
        depth += (mark == "{") - (mark == "}")
        deepest = max(deepest, depth)
    return deepest


def _allowed(element: ElementTree.Element) -> str:
    """An element and what is in it, written anew; raises ``FormulaError`` for one that is not on the list."""
    name = element.tag.removeprefix(f"{{{MATHML}}}")
    if name not in _ELEMENTS:
        raise FormulaError("里有不能显示的内容，文字里请不要写 < 和 &。")
    kept = "".join(
        f' {attribute}="{html.escape(value)}"'
        for attribute, value in element.attrib.items()
        if (pattern := _ATTRIBUTES.get(attribute)) and pattern.fullmatch(value)
    )
    inner = "".join(_allowed(child) + html.escape(child.tail or "") for child in element)
    return f"<{name}{kept}>{html.escape(element.text or '')}{inner}</{name}>"


def _blocks(text: str, media: FindMedia) -> Iterator[str]:
    lines: list[str] = []
    table: list[str] = []

    def flush() -> Iterator[str]:
        if lines:
            yield f"<p>{'<br>'.join(_inline(line, media) for line in lines)}</p>"
        if table:
            yield _table(table, media)
        lines.clear()
        table.clear()

    for line in (raw.strip() for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        image = _ALONE.fullmatch(line)
        is_row = line.startswith("|") and line.endswith("|") and line.count("|") > 1
        if not line or image or is_row is not bool(table):
            yield from flush()
        if image:
            yield _figure(image["words"], int(image["asset"]), media)
        elif is_row:
            table.append(line)
        elif line:
            lines.append(line)
    yield from flush()


def _table(rows: list[str], media: FindMedia) -> str:
    """Rows of ``| a | b |``; a second line of dashes makes the first row the head."""
    has_head = len(rows) > 1 and _RULE.fullmatch(rows[1]) is not None
    cells = [[cell.strip() for cell in row.strip("|").split("|")][:MOST_COLUMNS] for row in rows]
    if has_head:
        del cells[1]
    made = []
    for at, row in enumerate(cells):
        tag = 'th scope="col"' if has_head and at == 0 else "td"
        made.append("".join(f"<{tag}>{_inline(cell, media)}</{tag[:2]}>" for cell in row))
    head = f"<thead><tr>{made.pop(0)}</tr></thead>" if has_head else ""
    body = "".join(f"<tr>{row}</tr>" for row in made)
    return f'<div class="table-wrap"><table class="question-table">{head}<tbody>{body}</tbody></table></div>'


def _inline(text: str, media: FindMedia) -> str:
    pieces: list[str] = []
    at = 0
    for found in _PIECE.finditer(text):
        pieces.append(_words(text[at : found.start()]))
        formula = found["formula"]
        pieces.append(_formula(formula) if formula else _show(found["words"], int(found["asset"]), media))
        at = found.end()
    return "".join([*pieces, _words(text[at:])])


def _words(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", html.escape(text)).replace("\\$", "$")


def _formula(formula: str) -> str:
    try:
        return mathml(formula)
    except FormulaError:
        return f"<code>{html.escape(formula)}</code>"


def _figure(words: str, asset: int, media: FindMedia) -> str:
    shown = _show(words, asset, media)
    caption = f"<figcaption>{html.escape(words)}</figcaption>" if words else ""
    return f'<figure class="question-media">{shown}{caption}</figure>'


def _show(words: str, asset: int, media: FindMedia) -> str:
    found = media(asset)
    if found is None:
        return f'<span class="muted">（{html.escape(words) or "图片"}：文件 {asset} 不可用）</span>'
    address, label = html.escape(found.url), html.escape(words or "题目附件")
    if found.kind == "audio":
        return f'<audio controls preload="none" src="{address}" aria-label="{label}"></audio>'
    if found.kind == "video":
        return f'<video controls preload="metadata" playsinline src="{address}" aria-label="{label}"></video>'
    size = f' width="{found.width}" height="{found.height}"' if found.width and found.height else ""
    return f'<img src="{address}" alt="{label}"{size}>'
