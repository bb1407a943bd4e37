"""What the views of ``exams`` share: roles, the device, small answers."""

from django import forms
from django.http import HttpRequest
from django.urls import reverse

from zhenxue.exams.operations.saving import Message, read_message
from zhenxue.exams.queries.room import device_digest
from zhenxue.exams.web.forms import AnswerForm, read_given
from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest
from zhenxue.identity.data import Role

AUTHORS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER)
MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
STAFF = (*AUTHORS, Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)


def device_of(request: HttpRequest) -> str:
    """A digest of this sign-in: one attempt is answered from one of them at a time."""
    return device_digest(request.session.session_key or "")


def fingerprint_of(request: ActorRequest) -> str:
    """The fingerprint of the device key that this sign-in is bound to; empty where it is bound to none."""
    signed_in = request.login_session
    found = identity.device_key_of(signed_in.pk) if signed_in and signed_in.device_key_id else None
    return found.fingerprint if found else ""


def message_of(request: HttpRequest) -> Message:
    """An answer as the exam room sends it (JSON), or as its plain form does."""
    if request.content_type == "application/json":
        return read_message(request.body)
    return Message(read_given(request.POST), AnswerForm(request.POST).number)


def wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def status_of(form: forms.Form) -> int:
    """422 for a form that was sent and refused, else 200."""
    return 422 if form.is_bound else 200


def read_only(request: ActorRequest) -> bool:
    """Whether the page carries the bureau's banner."""
    return request.actor.is_bureau


def to_question(attempt_id: int, position: int) -> str:
    """The attempt's page at one question."""
    return f"{reverse('exams:attempt', args=[attempt_id])}#q{position}"
