"""Certificates: the learner's own, a class's with who gets one and why not, and taking one back."""

import tempfile
from functools import partial

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, tasks
from zhenxue.exams.data import CertificateState, ChangeState
from zhenxue.exams.formats.certificate import qr_svg, together
from zhenxue.exams.models import Certificate, CertificateBatch
from zhenxue.exams.operations import certificate_changes as changing
from zhenxue.exams.operations import certificate_files as files
from zhenxue.exams.operations import certificates as operations
from zhenxue.exams.queries import certificates as queries
from zhenxue.exams.queries.completion import cohorts_to_certify, completion_rows
from zhenxue.exams.web.forms.certificates import TakeBackForm
from zhenxue.exams.web.support import MANAGERS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.downloads import as_download
from zhenxue.kernel.web.forms import attempt as attempt_form
from zhenxue.training import api as training

PDF = "application/pdf"
ASKED = "给已经完成、还没有证书的学员发证。发出后马上有效，通知学员并写入存证；要收回须两个人办理。确定发证？"


@roles(Role.LEARNER, *STAFF)
@require_GET
def certificate_list(request: ActorRequest) -> HttpResponse:
    rows = queries.visible_certificates(request.actor)
    if request.actor.is_learner:
        own = list(rows.order_by("-issued_at"))
        return render(request, "exams/certificate/my.html", {"certificates": own, "narrow": True})
    cohorts = cohorts_to_certify(request.actor)
    listing = _listing(request, rows, [(str(one.pk), f"{one.code} {one.title}") for one in cohorts])
    waiting = queries.open_changes(request.actor)[:50]
    context = {"listing": listing, "cohorts": cohorts, "waiting": waiting, "read_only": read_only(request)}
    return render(request, "exams/certificate/list.html", context)


def _listing(request: ActorRequest, rows: QuerySet[Certificate], cohorts: list[tuple[str, str]]) -> Listing:
    return Listing(
        request,
        rows,
        search=("number", "enrolment__person__name", "enrolment__cohort__code", "enrolment__cohort__title"),
        filters=(
            Filter("state", "状态", CertificateState.choices()),
            Filter("cohort", "班期", cohorts, "enrolment__cohort"),
        ),
        sorts={"number": "证书编号", "enrolment__cohort__code": "班期", "issued_at": "发证时间"},
        default_sort="-issued_at",
        search_label="搜索编号、学员或班期",
    )


@roles(*STAFF)
@never_cache
@require_GET
def certificate_cohort(request: ActorRequest, cohort_id: int) -> HttpResponse:
    cohort = training.get_cohort(request.actor, cohort_id)
    batch = queries.last_batch(cohort.pk)
    may = {"cohort": cohort, "may_issue": policies.can_schedule(request.actor, cohort.organisation_id)}
    if request.htmx and batch is not None:
        return render(request, "exams/certificate/_batch.html", _batch(batch) | may)
    context = completion_rows(request.actor, cohort, request.GET) | _batch(batch) | may | {"question": ASKED}
    return render(request, "exams/certificate/cohort.html", context | {"read_only": read_only(request)})


def _batch(batch: CertificateBatch | None) -> dict[str, object]:
    if batch is None:
        return {"batch": None}
    percent = batch.done * 100 // batch.total if batch.total else 0
    stale = operations.is_stale(batch, clock.now())
    return {"batch": batch, "busy": queries.is_busy(batch), "stale": stale, "percent": percent}


@roles(*MANAGERS)
@require_POST
def certificates_issue(request: ActorRequest, cohort_id: int) -> HttpResponse:
    cohort, now = training.get_cohort(request.actor, cohort_id), clock.now()
    last = queries.last_batch(cohort.pk)
    if "again" in request.POST and last is not None:
        batch = operations.ask_again(actor=request.actor, batch=last, now=now)
    else:
        batch = operations.ask_certificates(actor=request.actor, cohort=cohort, now=now)
    assert request.actor.account_id is not None
    tasks.issue_certificates.enqueue(batch.pk, request.actor.account_id, str(request.actor.role))
    return redirect("exams:certificate_cohort", cohort.pk)


@roles(*STAFF)
@require_POST
def certificates_take(request: ActorRequest, cohort_id: int, form: str) -> HttpResponseBase:
    cohort = training.get_cohort(request.actor, cohort_id)
    rows = queries.in_force(request.actor, cohort)
    operations.note_taken(actor=request.actor, cohort=cohort, count=len(rows), form=form, now=clock.now())
    name = f"{cohort.code}-证书"
    if form == "print":
        whole = together([files.open_file(one) for one in rows])
        return as_download(HttpResponse(whole, content_type=PDF), f"{name}.pdf")
    target = tempfile.TemporaryFile()  # noqa: SIM115  # FileResponse closes it
    files.write_zip(target, rows)
    target.seek(0)
    return as_download(FileResponse(target, content_type="application/zip"), f"{name}.zip")


@roles(Role.LEARNER, *STAFF)
@require_GET
def certificate(request: ActorRequest, certificate_id: int) -> HttpResponse:
    found = queries.get_certificate(request.actor, certificate_id)
    return render(request, "exams/certificate/page.html", _context(request, found, TakeBackForm()))


def _context(request: ActorRequest, found: Certificate, form: TakeBackForm) -> dict[str, object]:
    address = queries.address_of(found.number, found.code)
    changes = list(queries.visible_changes(request.actor).filter(certificate=found))
    waiting = next((one for one in changes if one.state == ChangeState.OPEN), None)
    may = allows(policies.check_can_schedule, request.actor, found.enrolment.cohort.organisation_id)
    return {
        "certificate": found,
        "address": address,
        "qr": mark_safe(qr_svg(address)),  # drawn by segno from our own address
        "changes": changes,
        "waiting": waiting,
        "may_propose": may and waiting is None and found.state == CertificateState.VALID,
        "may_decide": may and waiting is not None and waiting.proposed_by_id != request.actor.person_id,
        "newer": queries.replacement_of(found),
        "form": form,
        "narrow": request.actor.is_learner,
        "read_only": read_only(request),
    }


@roles(Role.LEARNER, *STAFF)
@require_GET
def certificate_file(request: ActorRequest, certificate_id: int) -> HttpResponse:
    found = queries.get_certificate(request.actor, certificate_id)
    return as_download(HttpResponse(files.open_file(found), content_type=PDF), f"证书-{found.number}.pdf")


@roles(*MANAGERS)
@require_POST
def certificate_take_back(request: ActorRequest, certificate_id: int) -> HttpResponse:
    found, form = queries.get_certificate(request.actor, certificate_id), TakeBackForm(request.POST)
    propose = partial(changing.propose_change, actor=request.actor, certificate=found, now=clock.now())
    if attempt_form(request, form, lambda data: propose(reason=data["reason"], reissues=data["reissues"])):
        messages.success(request, "已提出，要由另一位管理员确认后才生效。证书在那之前仍然有效。")
        return redirect("exams:certificate", found.pk)
    return render(request, "exams/certificate/page.html", _context(request, found, form), status=status_of(form))


@roles(*MANAGERS)
@require_POST
def certificate_decide(request: ActorRequest, change_id: int, verdict: str) -> HttpResponse:
    decide = changing.approve_change if verdict == "approve" else changing.reject_change
    note = request.POST.get("note", "")
    change = decide(actor=request.actor, change_id=change_id, note=note, now=clock.now())
    done = change.state == ChangeState.APPROVED
    messages.success(request, "已生效，并写入存证。" if done else "已记录：不同意，证书仍然有效。")
    newer = queries.replacement_of(change.certificate)
    return redirect("exams:certificate", newer.pk if newer else change.certificate_id)
