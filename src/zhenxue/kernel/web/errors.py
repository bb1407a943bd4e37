"""Django's error handlers, so that refusals outside any view look like all others."""

import sys

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.middleware import answer, respond


class SessionChanged(ZhenxueError):
    """A form without a valid CSRF token: almost always an expired session or a sign-in in another tab."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "kernel.session_changed",
            "页面打开得太久，或者您在别处重新登录过，为了安全这次提交没有保存。"
            "请返回上一页刷新后再提交；本机会尽量保留您刚才填写的内容。",
        )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler400``."""
    return respond(request, SuspiciousOperation(str(exception))) or HttpResponse(status=400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler403``."""
    return respond(request, PermissionDenied()) or HttpResponse(status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler404``."""
    return respond(request, Http404()) or HttpResponse(status=404)


def fault(request: HttpRequest) -> HttpResponse:
    """``handler500``: also answers a ``ZhenxueError`` raised by a middleware."""
    exception = sys.exc_info()[1] or RuntimeError("unknown fault")
    return respond(request, exception) or HttpResponse(status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``CSRF_FAILURE_VIEW``: explains that the session has changed and what to do."""
    return answer(request, SessionChanged())
