"""Acts on the rows of a list that ask before they post: one dialog a page, and the same question as a page.

The row has a link (``{% ask_link %}``) to the act's own address. With script it opens the page's one dialog
(``ui/ask.html``, filled by ``frontend/controllers/dialog.ts``); without, or in a new tab, ``GET`` of the address shows
the question as a page. Both post to the address.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, slots=True)
class Ask:
    """What an act asks: the word on the button, one sentence that says what will happen, and perhaps a reason."""

    label: str
    question: str
    tone: str = "quiet"  # quiet or danger
    reason: str = ""  # name of the reason field; empty where none is asked
    reason_label: str = "理由"


def confirm_page(request: HttpRequest, ask: Ask, *, subject: str, back: str) -> HttpResponse:
    """The question as a page; ``subject`` is whom or what it is about, ``back`` where 取消 leads."""
    return render(request, "ui/ask_page.html", {"ask": ask, "subject": subject, "back": back})
