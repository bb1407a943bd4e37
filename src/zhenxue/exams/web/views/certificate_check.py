"""Anybody checks a certificate by its number and code, or by the QR code on it. No sign-in."""

import zlib

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zhenxue.exams.queries import certificates as queries
from zhenxue.exams.web.forms.certificates import CertificateCheckForm
from zhenxue.identity.api import ActorRequest, client_ip, public
from zhenxue.kernel.web.pace import check_pace

#: Looks within a minute from one address; a school may be many people behind one.
MOST = 30
TOO_OFTEN = "查得太快了，请过一分钟再试。"


@public
@never_cache
@require_safe
def certificate_check(request: ActorRequest) -> HttpResponse:
    asked = {name: request.GET[name] for name in ("number", "code") if name in request.GET}
    form = CertificateCheckForm(asked or None)
    if not form.is_valid():
        return _answer(request, form, 422 if asked else 200)
    return _checked(request, form, form.cleaned_data["number"], form.cleaned_data["code"])


@public
@never_cache
@require_safe
def certificate_checked(request: ActorRequest, number: str, code: str) -> HttpResponse:
    return _checked(request, CertificateCheckForm(initial={"number": number, "code": code}), number, code)


def _checked(request: ActorRequest, form: CertificateCheckForm, number: str, code: str) -> HttpResponse:
    address = zlib.crc32((client_ip(request) or "").encode())
    check_pace("exams.certificate_pace", address, most=MOST, words=TOO_OFTEN)
    found = queries.find_public(number, code)
    return _answer(request, form, 200 if found else 404, found=found, asked=True)


def _answer(request: ActorRequest, form: CertificateCheckForm, status: int, **more: object) -> HttpResponse:
    response = render(request, "exams/certificate/check.html", {"form": form, "narrow": True, **more}, status=status)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
