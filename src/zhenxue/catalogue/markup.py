"""The small markup of text units: headings, paragraphs, bold, lists and images; everything else is plain text. Pure.

    # 标题   ## 小标题   - 项目   1. 项目   **重点**   ![说明](12)

Text is escaped before anything is added to it, so no input can bring a tag of its own. An image names a material id.

A text is read in *pages*: it is cut before headings, but not into crumbs (see ``SHORT``), since a page stands for a
share of the reading time and has to be told from its neighbours on a screen.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

type ImageUrl = Callable[[int], str | None]

_IMAGE = re.compile(r"!\[([^\]\n]{0,200})\]\((\d{1,18})\)")
_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_BULLET = re.compile(r"[-*•·]\s+(.+)")
_NUMBER = re.compile(r"\d{1,3}[.、．)）]\s*(.+)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")

#: A page of a text has at least so many characters or a picture; shorter ones stand with what follows them.
SHORT = 80


def image_ids(text: str) -> list[int]:
    """The material ids that a text shows, each once, in order."""
    return list(dict.fromkeys(int(found[2]) for found in _IMAGE.finditer(text)))


def render(text: str, *, image_url: ImageUrl, paged: bool = False) -> str:
    """Safe HTML. ``image_url(material_id)`` gives an address, or ``None`` for an image that may not be shown here.

    Headings start at ``h2`` (the page has ``h1``) and never skip a level, whatever marks were typed. With ``paged``
    each of the ``count_pages`` pages stands in a ``<section data-page="0">`` of its own, numbered from 0.
    """
    blocks = list(_blocks(text, image_url))
    if not paged:
        return "\n".join(block.html for block in blocks)
    pages = ("\n".join(block.html for block in page) for page in _pages(blocks))
    return "\n".join(f'<section data-page="{number}">\n{page}\n</section>' for number, page in enumerate(pages))


def count_pages(text: str) -> int:
    """In how many pages a text is read; at least one."""
    return len(_pages(_blocks(text, lambda material_id: None)))


def plain(text: str) -> str:
    """The words without marks, for search and summaries."""
    lines = (_strip(line.strip()) for line in text.splitlines())
    return " ".join(line for line in lines if line)


def _strip(line: str) -> str:
    for pattern in (_HEADING, _BULLET, _NUMBER):
        if found := pattern.fullmatch(line):
            line = found[found.lastindex or 1]
    return _BOLD.sub(r"\1", _IMAGE.sub(r"\1", line))


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading, paragraph, list or figure; ``weight`` is its characters, a picture counting as a page."""

    html: str
    weight: int
    is_heading: bool = False


def _pages(blocks: Iterable[_Block]) -> list[list[_Block]]:
    """The blocks cut before headings; what is ``SHORT`` stands with the next page, at the end with the one before."""
    pages: list[list[_Block]] = [[]]
    for block in blocks:
        if block.is_heading and _weight(pages[-1]) >= SHORT:
            pages.append([])
        pages[-1].append(block)
    if len(pages) > 1 and _weight(pages[-1]) < SHORT:
        last = pages.pop()
        pages[-1] += last
    return pages


def _weight(page: list[_Block]) -> int:
    return sum(block.weight for block in page if not block.is_heading)


def _blocks(text: str, image_url: ImageUrl) -> Iterator[_Block]:
    paragraph: list[str] = []
    items: list[str] = []
    kind = ""
    level = 1
    weight = 0

    def flush() -> Iterator[_Block]:
        nonlocal kind, weight
        if paragraph:
            yield _Block(f"<p>{'<br>'.join(paragraph)}</p>", weight)
        if items:
            yield _Block(f"<{kind}>{''.join(f'<li>{item}</li>' for item in items)}</{kind}>", weight)
        paragraph.clear()
        items.clear()
        kind = ""
        weight = 0

    for line in (raw.strip() for raw in text.replace("\r", "\n").split("\n")):
        heading, bullet, number = _HEADING.fullmatch(line), _BULLET.fullmatch(line), _NUMBER.fullmatch(line)
        image = _IMAGE.fullmatch(line)
        if not line:
            yield from flush()
        elif heading:
            yield from flush()
            level = min(len(heading[1]) + 1, level + 1)
            yield _Block(f"<h{level}>{_inline(heading[2], image_url)}</h{level}>", 0, is_heading=True)
        elif image:
            yield from flush()
            yield _Block(_figure(image[1], int(image[2]), image_url), SHORT)
        elif bullet or number:
            wanted = "ul" if bullet else "ol"
            if paragraph or kind != wanted:
                yield from flush()
            kind = wanted
            weight += _weigh(line)
            items.append(_inline((bullet or number)[1], image_url))  # type: ignore[index]  # one of both matched
        else:
            if items:
                yield from flush()
            weight += _weigh(line)
            paragraph.append(_inline(line, image_url))
    yield from flush()


def _weigh(line: str) -> int:
    """Its characters, a picture counting as a page, whether it may be shown or not."""
    words, pictures = _IMAGE.subn("", line)
    return len(words) + SHORT * pictures


def _inline(text: str, image_url: ImageUrl) -> str:
    pieces: list[str] = []
    at = 0
    for found in _IMAGE.finditer(text):
        pieces += [_words(text[at : found.start()]), _picture(found[1], int(found[2]), image_url)]
        at = found.end()
    return "".join([*pieces, _words(text[at:])])


def _words(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", html.escape(text))


def _figure(words: str, material_id: int, image_url: ImageUrl) -> str:
    picture = _picture(words, material_id, image_url)
    caption = f"<figcaption>{html.escape(words)}</figcaption>" if words and picture.startswith("<img") else ""
    return f"<figure>{picture}{caption}</figure>"


def _picture(words: str, material_id: int, image_url: ImageUrl) -> str:
    address = image_url(material_id)
    if address is None:
        return f'<span class="muted">（图片 {material_id} 不可用）</span>'
    return f'<img src="{html.escape(address)}" alt="{html.escape(words)}" loading="lazy">'
