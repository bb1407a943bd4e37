"""The ingest of beats. ``application`` is an ASGI app (HTTP and lifespan); ``config.asgi`` routes ``/study/beats/`` to
it.

It runs in the same process as the pages (embedded) or alone: ``uvicorn zhenxue.study.ingest:application``.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    django.setup()

from django.conf import settings
from django.db import connections

from zhenxue.kernel.ingest.limits import Limits
from zhenxue.study import protocol
from zhenxue.study.ingest.app import Ingest
from zhenxue.study.ingest.settler import Settler
from zhenxue.study.ingest.stores import open_store
from zhenxue.study.ingest.writer import Writer


def make_writer() -> Writer:
    """A writer on the site's database with its settler; both end together."""
    settler = Settler()
    settler.start()
    return Writer(
        open_store=lambda: open_store(connections["default"].settings_dict),
        key=protocol.ticket_key(settings.SECRET_KEY),
        on_settle=settler.ask,
        on_elsewhere=settler.look,
        on_stop=settler.stop,
        lines=2 if connections["default"].vendor == "postgresql" else 1,  # SQLite lets one transaction write at a time
    )


def make_limits() -> Limits:
    """What one client may send, and how much room the disk must have, from the settings."""
    return Limits(
        per_sign_in=settings.BEATS_PER_SIGN_IN,
        per_address=settings.BEATS_PER_ADDRESS,
        folder=settings.DATA_FOLDER,
        min_free=settings.BEATS_MIN_FREE_MB * 1024 * 1024,
    )


application = Ingest(make_writer=make_writer, cookie_name=lambda: settings.SESSION_COOKIE_NAME, make_limits=make_limits)

__all__ = ["application", "make_limits", "make_writer"]
