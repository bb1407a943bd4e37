"""The ingest of answers: what the exam room sends while somebody sits an exam, without Django's middleware.

``application`` is an ASGI app for ``takes(scope)``; ``config.asgi`` sends it what it takes, and the rest of ``/exams/``
to the pages (docs/decisions/0011-answers-ingest.md). It has the rules of ``exams.operations.saving``.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    django.setup()

from django.conf import settings
from django.db import connection

from zhenxue.exams.ingest.app import Answers, takes
from zhenxue.exams.ingest.writer import AnswerWriter, SiteStore
from zhenxue.kernel.ingest.limits import Limits

#: Answers that may come at once after a silence: a whole paper that was answered off line.
BURST = 200


def make_writer() -> AnswerWriter:
    """A writer on the site's database."""
    lines = 2 if connection.vendor == "postgresql" else 1  # SQLite lets one transaction write at a time
    return AnswerWriter(open_store=SiteStore, lines=lines)


def make_limits() -> Limits:
    """What one client may send, and how much room the disk must have, from the settings."""
    return Limits(
        per_sign_in=settings.ANSWERS_PER_SIGN_IN,
        per_address=settings.BEATS_PER_ADDRESS,
        burst=BURST,
        folder=settings.DATA_FOLDER,
        min_free=settings.BEATS_MIN_FREE_MB * 1024 * 1024,
    )


application = Answers(make_writer=make_writer, make_limits=make_limits)

__all__ = ["application", "make_limits", "make_writer", "takes"]
