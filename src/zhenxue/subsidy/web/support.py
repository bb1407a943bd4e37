"""What the views of ``subsidy`` share: roles, a form that answers each field, the stepped state."""

from collections.abc import Callable

from django import forms
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from zhenxue.identity.data import Role
from zhenxue.kernel.errors import Invalid
from zhenxue.subsidy.data import ClaimState
from zhenxue.subsidy.models import Claim

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
STAFF = (*MANAGERS, Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ORDER = [ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.COUNTY_REVIEWED, ClaimState.APPROVED, ClaimState.PAID]
STEPS = ["机构申报", "县级审核", "市级审批", "拨付"]


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


def steps_of(claim: Claim) -> list[tuple[str, str]]:
    """The stepped line of a claim: done, now, to do; a returned one is bad at the step that returned it."""
    returned = claim.state == ClaimState.RETURNED
    at = (2 if claim.reviewed_by_id else 1) if returned else ORDER.index(ClaimState(claim.state))
    here = "bad" if returned else "now"
    return [(label, "done" if index < at else here if index == at else "todo") for index, label in enumerate(STEPS)]


def tone_of(state: str) -> str:
    """The tone of a state's tag."""
    tones = {ClaimState.PAID: "ok", ClaimState.APPROVED: "ok", ClaimState.RETURNED: "bad", ClaimState.DRAFT: "idle"}
    return tones.get(ClaimState(state), "wait")


def download(data: bytes, name: str) -> HttpResponse:
    """A spreadsheet to save."""
    disposition = content_disposition_header(as_attachment=True, filename=name) or ""
    return HttpResponse(data, content_type=XLSX, headers={"Content-Disposition": disposition})
