"""Turns refusals and faults into a page, a fragment or JSON, whichever the request can show."""

import logging
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from zhenxue.kernel.errors import Invalid, NotFound, Refused, ZhenxueError

log = logging.getLogger("zhenxue.errors")

#: How psycopg names the one character that no text of PostgreSQL holds; whoever sends it reads that it cannot be kept.
NUL = "NUL (0x00)"
TITLES = {
    400: "这个请求无法处理",
    401: "请先登录",
    403: "您不能打开或执行这一项",
    404: "没有找到这个页面",
    409: "这一项刚刚有了变化",
    413: "内容太大",
    422: "填写的内容需要修改",
    429: "操作太频繁",
    500: "系统出了问题",
    503: "服务暂时不可用",
}


class Fault(ZhenxueError):
    """A bug: the person gets a reference to quote; the details are in the log under the same reference."""

    status = 500

    def __init__(self, reference: str) -> None:
        super().__init__(
            "kernel.fault",
            f"这不是您的操作造成的，问题已经记录。请稍后再试；如果一直这样，请把编号 {reference} 告诉管理员。",
        )
        self.reference = reference


class ErrorMiddleware:
    """Answers ``ZhenxueError`` and Django's own refusals in words; logs all else and answers 500 with a reference.

    JSON goes to addresses under ``/api/`` and to ``Accept: application/json``; a fragment to htmx; a page to others.
    A redirect to sign-in becomes ``HX-Redirect`` for htmx, so that no sign-in page lands inside a fragment.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_htmx(request) and response.status_code in {301, 302, 303} and _leads_to_sign_in(response["Location"]):
            moved = HttpResponse(status=200)
            moved["HX-Redirect"] = response["Location"]
            return moved
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return respond(request, exception)


def respond(request: HttpRequest, exception: BaseException) -> HttpResponse | None:
    """The answer to an exception; ``None`` leaves an unknown one to the debugger where ``DEBUG`` is on."""
    error = _as_error(exception)
    if error is None:
        if settings.DEBUG:
            return None
        error = Fault(secrets.token_hex(4).upper())
        log.error("fault %s at %s %s", error.reference, request.method, request.path, exc_info=exception)
    return answer(request, error)


def answer(request: HttpRequest, error: ZhenxueError) -> HttpResponse:
    """An error in the form that the request can show; never raises for a half-built request."""
    if wants_json(request):
        body = {"code": error.code, "message": error.message, "fields": error.fields}
        return JsonResponse(body, status=error.status, json_dumps_params={"ensure_ascii": False})
    context = {
        "error": error,
        "error_title": TITLES.get(error.status, "这一步没有完成"),
        "reference": getattr(error, "reference", ""),
        "back": _same_site_referer(request),
    }
    if is_htmx(request):
        response = _render(request, "ui/refusal.html", context, error)
        if request.method != "GET":
            response["HX-Retarget"] = "#toasts"
            response["HX-Reswap"] = "beforeend"
        return response
    return _render(request, "errors/error.html", context, error)


def _render(request: HttpRequest, template: str, context: dict[str, Any], error: ZhenxueError) -> HttpResponse:
    """The page of an error; bare words when the page itself cannot be made (a broken database, a broken template)."""
    try:
        return render(request, template, context, status=error.status)
    except Exception:
        log.exception("the page of error %s could not be made", error.code)
        return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")


def wants_json(request: HttpRequest) -> bool:
    """Whether a machine asks: an address under ``/api/``, or a client that accepts JSON and not HTML."""
    accepted = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("application/json" in accepted and "text/html" not in accepted)


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page (a boosted link asks for a whole one)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _as_error(exception: BaseException) -> ZhenxueError | None:
    if isinstance(exception, ZhenxueError):
        return exception
    if isinstance(exception, Http404):
        return NotFound("kernel.not_found", "它可能已被移走，或者您所在的机构、地区看不到它。请检查网址，或回到首页。")
    if isinstance(exception, PermissionDenied):
        return Refused("kernel.refused", "您现在的角色没有这项权限。如果需要，请联系本机构管理员，或切换角色后再试。")
    if isinstance(exception, SuspiciousOperation):
        return Invalid("kernel.bad_request", "提交的内容不完整或被改动过，没有保存。请返回上一页，刷新后再试。")
    if isinstance(exception, DataError) and NUL in str(exception):
        words = "提交的内容里有不能保存的特殊字符，没有保存。请返回上一页，删去复制进来的特殊符号后再试。"
        return Invalid("kernel.bad_text", words)
    return None


def _leads_to_sign_in(location: str) -> bool:
    return urlsplit(location).path == str(settings.LOGIN_URL)


def _same_site_referer(request: HttpRequest) -> str:
    referer = urlsplit(request.headers.get("Referer", ""))
    path = referer.path + (f"?{referer.query}" if referer.query else "")
    return path if referer.netloc == request.headers.get("Host") and path != request.get_full_path() else ""
