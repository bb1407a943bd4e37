"""The ingest of answers: what the exam room sends while somebody sits an exam, without Django's middleware.

``answers`` and ``states`` are ASGI apps; ``find(scope)`` says which takes a request, and the rest of ``/exams/`` goes
to the pages (docs/decisions/0011-answers-ingest.md). They have the rules of ``exams.operations.saving`` and of pages.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    django.setup()

from django.conf import settings
from django.db import connection

from zhenxue.exams.ingest.app import Answers, States, is_json
from zhenxue.exams.ingest.states import StateReader
from zhenxue.exams.ingest.stores import SiteStore
from zhenxue.exams.ingest.writer import AnswerWriter
from zhenxue.kernel.ingest.app import Place
from zhenxue.kernel.ingest.http import Scope
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


def make_reader() -> StateReader:
    """A reader on the site's database."""
    return StateReader(open_store=SiteStore)


answers = Answers(make_writer=make_writer, make_limits=make_limits)
states = States(make_writer=make_reader, make_limits=make_limits)


def find(scope: Scope) -> Answers | States | None:
    """The handler that takes a request; forms are Django's."""
    method, path = scope["method"], scope["path"]
    if isinstance(answers.find(method, path), Place) and is_json(scope["headers"]):
        return answers
    return states if isinstance(states.find(method, path), Place) else None


__all__ = ["answers", "find", "make_limits", "make_reader", "make_writer", "states"]
