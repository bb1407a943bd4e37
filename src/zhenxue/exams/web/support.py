"""What the views of ``exams`` share: roles, the device, a form that answers each field."""

import hashlib
from collections.abc import Callable

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from zhenxue.identity.api import ActorRequest
from zhenxue.identity.data import Role
from zhenxue.kernel.errors import Invalid

AUTHORS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER)
MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
STAFF = (*AUTHORS, Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def device_of(request: HttpRequest) -> str:
    """A digest of this sign-in: one attempt is answered from one of them at a time."""
    return hashlib.sha256((request.session.session_key or "").encode()).hexdigest()


def wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def try_form[T](form: forms.Form, act: Callable[[], T]) -> T | None:
    """The answer of ``act`` when the form is valid; an ``Invalid`` goes to its fields or the summary (``None``)."""
    if not form.is_valid():
        return None
    try:
        return act()
    except Invalid as error:
        known = {name: text for name, text in error.fields.items() if name in form.fields}
        for name, text in known.items():
            form.add_error(name, text)
        if len(known) < max(len(error.fields), 1):
            form.add_error(None, error.message)
        return None


def status_of(form: forms.Form) -> int:
    """422 for a form that was sent and refused, else 200."""
    return 422 if form.is_bound else 200


def download(data: bytes, name: str) -> HttpResponse:
    """A spreadsheet to save."""
    disposition = content_disposition_header(as_attachment=True, filename=name) or ""
    return HttpResponse(data, content_type=XLSX, headers={"Content-Disposition": disposition})


def read_only(request: ActorRequest) -> bool:
    """Whether the page carries the bureau's banner."""
    return request.actor.is_bureau


def to_question(attempt_id: int, position: int) -> str:
    """The attempt's page at one question."""
    return f"{reverse('exams:attempt', args=[attempt_id])}#q{position}"
