"""One process for all: beats and answers go to the lean handlers, all else to Django's pages in a pool of threads.

``docs/decisions/0004-server-layout.md`` says why these do not pass through Django.
"""

from typing import Any, cast

from zhenxue.config import env, lean
from zhenxue.config.bridge import PageMiddleware
from zhenxue.config.wsgi import application as django_pages
from zhenxue.kernel.ingest.app import lifespan

PAGE_THREADS = env.number("PAGE_THREADS", 8)

_pages: Any = PageMiddleware(cast(Any, django_pages), workers=PAGE_THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Beats, answers, and the start and stop of the server to ``lean``; the rest to the pages."""
    if scope["type"] == "lifespan":
        await lifespan(lean.APPS, receive, send)
    else:
        await (lean.find(scope) or _pages)(scope, receive, send)


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Pages alone, for the scaled layout; a beat that comes here by mistake is not found."""
    await _pages(scope, receive, send)
