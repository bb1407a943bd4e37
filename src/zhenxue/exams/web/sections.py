"""The questions of a running attempt as its page shows them: each is made once and kept while nothing in it changes."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.defaultfilters import floatformat
from django.template.loader import get_template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from zhenxue.exams.data import Kind
from zhenxue.exams.queries import ShownLine
from zhenxue.exams.web.forms import civil
from zhenxue.kernel.remembering import Remembered

#: Questions as a page shows them that a process remembers (some 2 kB each).
KEPT = 10_000
_encode = msgspec.json.Encoder().encode
ANSWERED = SafeString(" data-answered")


class Section(NamedTuple):
    """One question of the page; the names are those of the pattern in ``exams/attempt.html``."""

    position: int
    action: str
    token: str
    answered: SafeString
    about: str
    question: SafeString
    saved: str


def sections_of(request: HttpRequest, attempt_id: int, sheet: Sequence[ShownLine]) -> list[Section]:
    """Every question with its form, in the order of the sheet."""
    token, action = get_token(request), reverse("exams:answer", args=[attempt_id, 0]).removesuffix("0/")
    shown = _shown(sheet)
    return [
        Section(
            line.position,
            f"{action}{line.position}/",
            token,
            ANSWERED if line.given else SafeString(),
            _about(line.kind, line.score),
            question,
            f"已保存 第 {line.sequence} 号 · {civil(line.saved_at):%H:%M:%S}" if line.saved_at else "",
        )
        for line, question in zip(sheet, shown, strict=True)
    ]


@lru_cache(maxsize=512)
def _about(kind: str, score: Decimal) -> str:
    """What stands beside a question's number."""
    return f"{Kind(kind).label}，{floatformat(score)} 分{'，可选多个' if kind == Kind.MULTIPLE else ''}"


_remembered: Remembered[bytes, SafeString] = Remembered(KEPT)


def _shown(sheet: Sequence[ShownLine]) -> list[SafeString]:
    keys = [_key(line) for line in sheet]
    lines = dict(zip(keys, sheet, strict=True))
    found = _remembered.many(keys, lambda missing: {key: _render(lines[key]) for key in missing})
    return [found[key] for key in keys]


def _key(line: ShownLine) -> bytes:
    """All that the markup of a question depends on: its version, what was drawn, its place, what was answered."""
    return _encode((line.question_id, line.position, line.order, line.values, line.given))


def _render(line: ShownLine) -> SafeString:
    template = get_template("exams/questions/_question.html")
    return format_html("{}", template.render({"q": line, "uid": f"a{line.position}"}))
