"""A check as the presence island takes it, wherever it stands: on its own page, in the player, in the exam room."""

import datetime as dt
from typing import Any

from django.urls import reverse

from zhenxue.integrity.models import Check
from zhenxue.integrity.queries import checks as queries

VIEWS = {"state": "check_state", "face": "check_face", "answer": "answer", "other": "other", "page": "check"}


def for_page(check: Check, now: dt.datetime) -> dict[str, Any]:
    """What a page may know of the check, with the addresses it posts to."""
    urls = {name: reverse(f"integrity:{view}", args=[check.pk]) for name, view in VIEWS.items()}
    return {**queries.island(check, now), "urls": urls}
