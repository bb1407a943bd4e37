"""The small markup of text units: headings, paragraphs, bold, lists and images; everything else is plain text. Pure.

    # 标题   ## 小标题   - 项目   1. 项目   **重点**   ![说明](12)

Text is escaped before anything is added to it, so no input can bring a tag of its own. An image names a material id.
"""

import html
import re
from collections.abc import Callable, Iterator

type ImageUrl = Callable[[int], str | None]

_IMAGE = re.compile(r"!\[([^\]\n]{0,200})\]\((\d{1,18})\)")
_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_BULLET = re.compile(r"[-*•·]\s+(.+)")
_NUMBER = re.compile(r"\d{1,3}[.、．)）]\s*(.+)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")


def image_ids(text: str) -> list[int]:
    """The material ids that a text shows, each once, in order."""
    return list(dict.fromkeys(int(found[2]) for found in _IMAGE.finditer(text)))


def render(text: str, *, image_url: ImageUrl) -> str:
    """Safe HTML. ``image_url(material_id)`` gives an address, or ``None`` for an image that may not be shown here.

    Headings start at ``h2`` (the page has ``h1``) and never skip a level, whatever marks were typed.
    """
    return "\n".join(_blocks(text, image_url))


def plain(text: str) -> str:
    """The words without marks, for search and summaries."""
    lines = (_strip(line.strip()) for line in text.splitlines())
    return " ".join(line for line in lines if line)


def _strip(line: str) -> str:
    for pattern in (_HEADING, _BULLET, _NUMBER):
        if found := pattern.fullmatch(line):
            line = found[found.lastindex or 1]
    return _BOLD.sub(r"\1", _IMAGE.sub(r"\1", line))


def _blocks(text: str, image_url: ImageUrl) -> Iterator[str]:
    paragraph: list[str] = []
    items: list[str] = []
    kind = ""
    level = 1

    def flush() -> Iterator[str]:
        nonlocal kind
        if paragraph:
            yield f"<p>{'<br>'.join(paragraph)}</p>"
        if items:
            yield f"<{kind}>{''.join(f'<li>{item}</li>' for item in items)}</{kind}>"
        paragraph.clear()
        items.clear()
        kind = ""

    for line in (raw.strip() for raw in text.replace("\r", "\n").split("\n")):
        heading, bullet, number = _HEADING.fullmatch(line), _BULLET.fullmatch(line), _NUMBER.fullmatch(line)
        image = _IMAGE.fullmatch(line)
        if not line:
            yield from flush()
        elif heading:
            yield from flush()
            level = min(len(heading[1]) + 1, level + 1)
            yield f"<h{level}>{_inline(heading[2], image_url)}</h{level}>"
        elif image:
            yield from flush()
            yield _figure(image[1], int(image[2]), image_url)
        elif bullet or number:
            wanted = "ul" if bullet else "ol"
            if paragraph or kind != wanted:
                yield from flush()
            kind = wanted
            items.append(_inline((bullet or number)[1], image_url))  # type: ignore[index]  # one of both matched
        else:
            if items:
                yield from flush()
            paragraph.append(_inline(line, image_url))
    yield from flush()


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
