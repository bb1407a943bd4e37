"""The public check page: a dossier file is checked in the visitor's browser; nothing is uploaded."""

import hashlib
from functools import lru_cache

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, public

VERIFIER = "evidence/zhenxue_verify.txt"


@public
@require_safe
def check(request: ActorRequest) -> HttpResponse:
    """Where a file is dropped, with the independent tool and its digest to load down."""
    context = {"tool": VERIFIER, "tool_sha256": _digest(), "keys": evidence.published_keys()}
    return render(request, "portal/check.html", context)


@lru_cache(maxsize=1)
def _digest() -> str:
    """SHA-256 of the tool as it is served; empty where it is not packaged."""
    path = finders.find(VERIFIER)
    if not isinstance(path, str):
        return ""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
