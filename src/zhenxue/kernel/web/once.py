"""``@creates``: a view whose form creates something answers the second post of the same form with the first result."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from zhenxue.kernel import clock, once

TOLD = "这张表已经提交过，没有重复建立。这是第一次提交的结果。"


def creates[V: Callable[..., HttpResponse]](view: V) -> V:
    """For views that create and then redirect; stands below the access decorator. Their forms hold
    ``{% form_token %}``.

    The same form is the same token with the same content: who goes back and changes something means something else.
    The view runs in the transaction that takes the token. An answer that is no redirect (the form was refused) undoes
    it, so that the form can be posted again. A post without a token runs as it always did.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = request.POST.get(once.FIELD, "") if request.method == "POST" else ""
        account_id: int | None = getattr(getattr(request, "actor", None), "account_id", None)
        if account_id is None or not once.is_token(token):
            return view(request, *args, **kwargs)
        token = _as_filled_in(request)
        with transaction.atomic():
            earlier = once.use(account_id=account_id, token=token, now=clock.now())
            if earlier:
                messages.info(request, TOLD)
                return HttpResponseRedirect(earlier)
            answer = view(request, *args, **kwargs)
            if 300 <= answer.status_code < 400:
                once.settle(account_id=account_id, token=token, location=answer.headers["Location"])
            else:
                transaction.set_rollback(True)
            return answer

    return guarded  # type: ignore[return-value]  # wraps() keeps the view's own type; mypy cannot follow it


def _as_filled_in(request: HttpRequest) -> str:
    """The address, the token and all that was typed, in 64 characters."""
    filled = [(name, request.POST.getlist(name)) for name in sorted(request.POST) if name != "csrfmiddlewaretoken"]
    return hashlib.sha256(repr((request.path, filled)).encode()).hexdigest()
