"""Blocks of the home page: fetched by htmx for staff, put in place by the server for learners."""

import logging
import secrets
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, resolve
from django.utils.safestring import SafeString, mark_safe

from zhenxue.identity.api import ActorRequest
from zhenxue.kernel import navigation
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.middleware import Fault
from zhenxue.portal.navigation import find_address

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the home page; ``content`` is empty where the browser fetches it from ``url``."""

    url: str
    wide: bool
    lines: int
    content: SafeString


def blocks_of(request: ActorRequest) -> list[Block]:
    """The blocks of the person's role. A learner's are in the page itself: one request, readable without script."""
    found = []
    for block in navigation.blocks_for(request.actor.role):
        if url := find_address(block.url_name):
            content = _fetch(request, url) if request.actor.is_learner else mark_safe("")  # a constant
            found.append(Block(url, block.wide, block.lines, content))
    return found


@lru_cache(maxsize=64)
def _view_of(url: str) -> ResolverMatch:
    """The view behind a block's address, which never changes while the process lives."""
    return resolve(url)


def _fetch(request: ActorRequest, url: str) -> SafeString:
    """What the block's own view answers; a block that fails says so and leaves the others alone."""
    match = _view_of(url)
    try:
        response = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        if response.status_code == 200 and isinstance(response, HttpResponse):
            return mark_safe(response.content.decode())  # the view's own rendered template
        raise RuntimeError(f"block {url} answered {response.status_code}")
    except ZhenxueError as refusal:
        return _refusal(request, refusal)
    except Exception:
        fault = Fault(secrets.token_hex(4).upper())
        log.exception("fault %s in home block %s", fault.reference, url)
        return _refusal(request, fault)


def _refusal(request: ActorRequest, error: ZhenxueError) -> SafeString:
    context = {"error": error, "error_title": "这一块没有打开", "reference": getattr(error, "reference", "")}
    return mark_safe(render_to_string("ui/refusal.html", context, request))  # our own template
