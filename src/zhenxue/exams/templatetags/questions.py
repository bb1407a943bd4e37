"""``{% load questions %}``: the markup of questions in templates."""

import itertools
import re
from functools import lru_cache

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from zhenxue.exams import markup
from zhenxue.exams.kinds.written import BLANK
from zhenxue.exams.queries.assets import find_asset

register = template.Library()
_TAGS = re.compile(r"(<[^>]*>)")


def media_of(asset_id: int) -> markup.Media | None:
    """An asset as pages show it; whoever opens its address is asked again whether they may."""
    found = find_asset(asset_id)
    if found is None:
        return None
    return markup.Media(found.kind, reverse("exams:asset", args=[asset_id]), found.width, found.height)


def _media(text: str) -> markup.FindMedia:
    """Where the media of a text lie: its own before those of the banks."""
    if not isinstance(text, markup.Dressed):
        return media_of
    own = text.media
    return lambda number: own(number) or media_of(number)


@register.filter
def question_markup(text: str) -> SafeString:
    """A stem or an explanation as blocks."""
    if "(asset:" not in text:
        return _block(text)
    return mark_safe(markup.render(text, media=_media(text)))  # markup escapes first


@register.filter
def question_line(text: str) -> SafeString:
    """An option or an item as one line."""
    if "(asset:" not in text:
        return _line(text)
    return mark_safe(markup.render_inline(text, media=_media(text)))  # markup escapes first


@register.filter
def question_blanks(text: str) -> SafeString:
    """A stem whose blanks carry their numbers."""
    number = itertools.count(1)
    pieces = _TAGS.split(question_markup(text))  # words and tags in turn: an address may hold underscores too

    def blank(found: re.Match[str]) -> str:
        return f'<span class="question-blank">（{next(number)}）</span>'

    shown = "".join(piece if at % 2 else BLANK.sub(blank, piece) for at, piece in enumerate(pieces))
    return mark_safe(shown)  # made of what markup gave and constants


@register.filter
def question_plain(text: str) -> str:
    """The words of a text without marks."""
    return markup.plain(text)


@register.simple_tag
def asset_address(asset_id: int | str) -> str:
    """Where a picture of a hotspot lies."""
    if isinstance(asset_id, markup.Dressed):
        return str(asset_id)
    return reverse("exams:asset", args=[int(asset_id)]) if str(asset_id).isdecimal() else ""


@lru_cache(maxsize=8192)
def _block(text: str) -> SafeString:
    return mark_safe(markup.render(text, media=lambda _: None))  # markup escapes first


@lru_cache(maxsize=8192)
def _line(text: str) -> SafeString:
    return mark_safe(markup.render_inline(text, media=lambda _: None))  # markup escapes first
