"""Builtin tags and filters of every template: icons, the front-end build, table heads, masks, hours, money, times."""

import datetime as dt
import itertools
from collections.abc import Hashable
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, NodeList, Parser, Token, VariableNode
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from zhenxue.kernel import clock, hours, masking, once, rows
from zhenxue.kernel.built import manifest, with_imports
from zhenxue.kernel.listing import Listing
from zhenxue.kernel.web.confirm import Ask

register = template.Library()
_numbers = itertools.count(1)
ANY_NUMBER = 987_654_321


@register.simple_tag(takes_context=True)
def vite(context: template.Context, entry: str) -> SafeString:
    """The script of a built entry (``main.ts``, ``islands/player/main.ts``) with its styles and preloads."""
    built = manifest()
    if entry not in built:
        return mark_safe("")  # a constant
    known, pieces = _linked.get(entry, (None, []))
    if known is not built:
        pieces = _links(built, entry).split(ANY_NONCE)
        _linked[entry] = built, pieces
    return mark_safe(escape(context.get("csp_nonce", "")).join(pieces))  # made by format_html


#: The links of an entry in pieces, between which the page's nonce stands, with the manifest they were made of.
_linked: dict[str, tuple[dict[str, dict[str, Any]], list[str]]] = {}
ANY_NONCE = "987654321987654321"


def _links(built: dict[str, dict[str, Any]], entry: str) -> str:
    chunks = with_imports(built, entry)
    styles = dict.fromkeys(name for chunk in chunks for name in chunk.get("css", ()))
    parts = [format_html('<link rel="stylesheet" href="{}" nonce="{}">', _address(name), ANY_NONCE) for name in styles]
    parts += [format_html('<link rel="modulepreload" href="{}">', _address(chunk["file"])) for chunk in chunks[1:]]
    parts.append(
        format_html('<script type="module" src="{}" nonce="{}"></script>', _address(built[entry]["file"]), ANY_NONCE)
    )
    return "\n".join(parts)


def _address(name: str) -> str:
    return _static(f"built/{name}")


@register.simple_tag
def static_file(name: str) -> str:
    """The address of a static file (``static`` without loading a library)."""
    return _static(name)


@lru_cache(maxsize=256)
def _static(name: str) -> str:
    return static(name)


@register.simple_tag
def row_link(name: str, *numbers: int) -> str:
    """The address of a thing by its numbers, as ``url`` gives it; worked out once per name, for the rows of lists."""
    first, *others = _pieces(name, len(numbers))
    return first + "".join(f"{int(number)}{piece}" for number, piece in zip(numbers, others, strict=True))


@register.simple_tag
def row_address(name: str, field: str = "id") -> SafeString:
    """``row_link`` in the pattern of ``table_rows``: the address with ``{id}`` (the line's ``field``) as its number."""
    return mark_safe(f"{{{field}}}".join(_pieces(name, 1)))  # our own address and a constant


class TableRows(template.Node):
    """``{% table_rows lines %}``: the rows of a long table."""

    def __init__(self, lines: FilterExpression, nodelist: NodeList) -> None:
        self.lines = lines
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        return rows.fill(self.nodelist.render(context), self.lines.resolve(context))


@register.tag
def table_rows(parser: Parser, token: Token) -> TableRows:
    """``{% table_rows lines %}<tr><td>{code}</td></tr>{% endtable_rows %}``: the row's markup once per line.

    What differs from row to row stands in single braces and is a field of the line, a named tuple (``kernel.rows``).
    Tags in the pattern (``if``, ``row_address``) are worked out once for all rows; variables are refused there, for a
    brace in somebody's text would be taken for a field.
    """
    try:
        _, lines = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("table_rows takes the lines and nothing else") from None
    nodelist = parser.parse(("endtable_rows",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(VariableNode):
        raise template.TemplateSyntaxError("in table_rows what differs by row stands in single braces: {name}")
    return TableRows(parser.compile_filter(lines), nodelist)


@register.simple_tag
def cells(*values: object, css: str = "") -> SafeString:
    """Table cells one after another, each with the class ``css``, for the rows of long lists."""
    return format_html((f'<td class="{css}">{{}}</td>' if css else "<td>{}</td>") * len(values), *values)


@register.simple_tag
def ask_link(name: str, number: int, ask: Ask, uid: str, subject: str) -> SafeString:
    """A row's act that asks first: a link to its address, which opens the page's dialog ``uid`` (``ui/ask.html``)."""
    first, then, last = _ask_link(name, ask, uid)
    return mark_safe(f"{first}{int(number)}{then}{escape(subject)}{last}")  # made by format_html


@lru_cache(maxsize=64)
def _ask_link(name: str, ask: Ask, uid: str) -> list[str]:
    """All of the link but the number and whom it is about."""
    gap = mark_safe("\x1f")  # a constant
    address = mark_safe(gap.join(_pieces(name, 1)))  # our own address
    fixed = '<a class="btn btn-{} btn-small" href="{}" data-ask="{}">{}<span class="sr-only">{}</span></a>'
    return format_html(fixed, ask.tone, address, uid, ask.label, gap).split(gap)


@lru_cache(maxsize=256)
def _pieces(name: str, numbers: int) -> list[str]:
    return reverse(name, args=[ANY_NUMBER] * numbers).split(str(ANY_NUMBER))


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the built sprite (Tabler's names); silent for screen readers unless it has a ``label``."""
    return _icon(manifest().get("icons", {}).get("file", "sprite.svg"), name, label, css)


@lru_cache(maxsize=1024)
def _icon(sprite: str, name: str, label: str, css: str) -> SafeString:
    href = f"{_address(sprite)}#{name}"
    silent = mark_safe('aria-hidden="true"')  # a constant
    role: str = format_html('role="img" aria-label="{}"', label) if label else silent
    return format_html('<svg class="icon {}" {} focusable="false"><use href="{}"></use></svg>', css, role, href)


TONE_ICONS = {
    "ok": "circle-check",
    "wait": "clock",
    "bad": "circle-x",
    "proof": "rosette-discount-check",
    "idle": "circle-dashed",
}


@register.simple_tag
def state_tag(text: object, tone: str = "idle") -> SafeString:
    """A state in a word with its sign; the same as ``ui/tag.html``, for the rows of long lists.

    ``tone``: ok, wait, bad, proof or idle.
    """
    tone = tone or "idle"
    return _state(icon(TONE_ICONS.get(tone, TONE_ICONS["idle"])), str(text), tone)


@lru_cache(maxsize=1024)
def _state(sign: SafeString, text: str, tone: str) -> SafeString:
    return format_html('<span class="tag tag-{}">{}{}</span>', tone, sign, text)


@register.simple_tag
def progress_line(percent: Any, label: str = "", text: str = "", tone: str = "") -> SafeString:
    """A progress line; the same as ``ui/progress.html``, for the rows of long lists.

    ``percent`` (0 to 100); ``label``: what it measures; ``text``: shown at the right, else the per cent; ``tone``: ok,
    wait, bad, idle or nothing.
    """
    return _progress_line(percent, label, text, tone)


@lru_cache(maxsize=1024, typed=True)
def _progress_line(percent: Any, label: str, text: str, tone: str) -> SafeString:
    return format_html(
        '<div class="progress{}"><div class="progress-words"><span>{}</span><span class="num">{}</span></div>'
        '<progress max="100" value="{}" aria-label="{}"></progress></div>',
        f" progress-{tone}" if tone else "",
        label,
        text or f"{'' if percent is None else percent}%",
        percent or 0,
        label or "进度",
    )


@register.simple_tag
def sort_header(listing: Listing, key: str, label: str) -> SafeString:
    """The link inside a ``<th>`` that sorts a listing by ``key``; a second click turns the order."""
    ascending, descending = listing.sort == key, listing.sort == f"-{key}"
    target = f"-{key}" if ascending else key
    order = "ascending" if ascending else "descending" if descending else "none"
    sign = icon("chevron-up" if ascending else "chevron-down" if descending else "selector")
    spoken = "，当前升序" if ascending else "，当前降序" if descending else "，点击排序"
    return format_html(
        '<a class="sort" data-order="{}" href="{}">{}{}<span class="sr-only">{}</span></a>',
        order,
        listing.with_(sort=target),
        label,
        sign,
        spoken,
    )


@register.simple_tag(takes_context=True)
def form_token(context: template.Context) -> SafeString:
    """The hidden token by which ``kernel.web.once.creates`` knows a form again; a refused form keeps its own."""
    request = context.get("request")
    posted = request.POST.get(once.FIELD, "") if request is not None else ""
    token = posted if once.is_token(posted) else once.new_token()
    return format_html('<input type="hidden" name="{}" value="{}">', once.FIELD, token)


@register.simple_tag
def places(template_name: str, entries: tuple[Hashable, ...]) -> SafeString:
    """The navigation drawn by a template of its own, from ``entries`` alone; kept, for most pages have the same."""
    return _places(template_name, entries, manifest().get("icons", {}).get("file", ""))


@lru_cache(maxsize=512)
def _places(template_name: str, entries: tuple[Hashable, ...], sprite: str) -> SafeString:
    return render_to_string(template_name, {"entries": entries})


@register.simple_tag
def unique_id(prefix: str = "ui") -> str:
    """An id that no other element of this process's pages has, for labels and dialogs inside includes."""
    return f"{prefix}-{next(_numbers) % 10_000_000:x}"


@register.filter
def field_with_aria(field: BoundField) -> SafeString:
    """A form field's control with its class, hint and error tied to it for screen readers."""
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}_hint")
    attrs: dict[str, Any] = {}
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.filter
def field_kind(field: BoundField) -> str:
    """``check`` for one tick box, ``choices`` for a group of them, ``file`` for uploads, else ``text``."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    if kind == "checkbox" and not getattr(widget, "allow_multiple_selected", False):
        return "check"
    if kind in {"checkbox", "radio"}:
        return "choices"
    return "file" if kind == "file" else "text"


@register.filter
def masked_citizen(value: object) -> str:
    """``371502********1234``."""
    return masking.citizen_number(str(value or ""))


@register.filter
def masked_phone(value: object) -> str:
    """``138****5678``."""
    return masking.phone(str(value or ""))


@register.filter
def masked_card(value: object) -> str:
    """Only the last four characters of a card number."""
    return masking.card_number(str(value or ""))


@register.filter
def masked_name(value: object) -> str:
    """``王*明``, for pages that strangers see."""
    return masking.name(str(value or ""))


@register.filter(name="hours")
def hours_filter(seconds: Any, minutes_per_hour: int = 45) -> str:
    """Seconds as class hours cut to one tenth: ``5400|hours:45`` is ``2``, ``5500|hours:45`` is ``2.0``→``2``."""
    if seconds in (None, ""):
        return "—"
    return _plain(hours.class_hours(float(seconds), minutes_per_hour=minutes_per_hour))


@register.filter
def minutes(seconds: Any) -> str:
    """Seconds as whole minutes (cut): ``75 分钟``, ``2 小时 5 分``; what is there but short is ``不到 1 分钟``."""
    if seconds in (None, ""):
        return "—"
    if 0 < int(seconds) < 60:
        return "不到 1 分钟"
    whole = int(seconds) // 60
    return f"{whole // 60} 小时 {whole % 60} 分" if whole >= 120 else f"{whole} 分钟"


@register.filter
def duration(seconds: Any) -> str:
    """A length of time in words, to the second: ``24 秒``, ``90 分钟``, ``1 分 30 秒`` (``kernel.hours.in_words``)."""
    return "—" if seconds in (None, "") else hours.in_words(int(seconds))


@register.filter
def clock_time(seconds: Any) -> str:
    """Seconds as a player's time: ``12:34``, ``1:02:03``."""
    whole = int(seconds or 0)
    minute, second = divmod(whole, 60)
    return f"{minute // 60}:{minute % 60:02}:{second:02}" if minute >= 60 else f"{minute:02}:{second:02}"


@register.filter
def yuan(value: Any) -> str:
    """Money: whole numbers are fen, decimals are yuan: ``123456`` → ``¥1,234.56``."""
    if value in (None, ""):
        return "—"
    amount = Decimal(value) / 100 if isinstance(value, int) else Decimal(value)
    return f"¥{amount.quantize(Decimal('0.01'), rounding=ROUND_DOWN):,}"


@register.filter
def day(value: Any) -> str:
    """A date, or the civil day of a moment, as ``2026-03-01``."""
    if not value:
        return "—"
    return (clock.civil_day(value) if isinstance(value, dt.datetime) else value).isoformat()


@register.filter
def moment(value: dt.datetime | None) -> str:
    """A moment in China's civil time to the minute: ``2026-03-01 14:05``."""
    return value.astimezone(clock.CIVIL_ZONE).strftime("%Y-%m-%d %H:%M") if value else "—"


@register.filter
def moment_exact(value: dt.datetime | None) -> str:
    """A moment in China's civil time to the second, for records."""
    return value.astimezone(clock.CIVIL_ZONE).strftime("%Y-%m-%d %H:%M:%S") if value else "—"


@register.filter
def size(value: Any) -> str:
    """Bytes in people's units: ``1.5 MB``."""
    amount, unit = float(value or 0), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@register.filter
def percent_of(part: Any, whole: Any) -> int:
    """``part`` of ``whole`` in whole per cent, cut, between 0 and 100."""
    total = float(whole or 0)
    return max(0, min(100, int(float(part or 0) * 100 / total))) if total else 0


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
