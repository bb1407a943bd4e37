"""Beats and answers alone, for the scaled layout: nginx sends them here (deploy/nginx.conf)."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
django.setup()

from zhenxue.config import lean  # noqa: E402 - Django is set up first
from zhenxue.kernel.ingest.app import lifespan  # noqa: E402 - as above


async def application(scope: Any, receive: Any, send: Any) -> None:
    """What no lean handler takes is answered by that of beats: not found."""
    if scope["type"] == "lifespan":
        await lifespan(lean.APPS, receive, send)
    else:
        await (lean.find(scope) or lean.beats)(scope, receive, send)
