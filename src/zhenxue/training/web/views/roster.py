"""The roster: file, preview, confirm, one learner, leave."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import attempt
from zhenxue.training import policies, tasks
from zhenxue.training.data import OPEN_STATES, CohortState, EnrolmentState, ImportState, PasswordsState
from zhenxue.training.models import Cohort, Enrolment, RosterImport
from zhenxue.training.operations import initial_passwords as passwords
from zhenxue.training.operations import roster as operations
from zhenxue.training.queries import cohorts as queries
from zhenxue.training.queries import roster as sheets
from zhenxue.training.queries.scope import get_cohort, get_enrolment, get_import
from zhenxue.training.web.forms.roster import ConfirmImportForm, LearnerForm, PasswordsForm, RosterFileForm
from zhenxue.training.web.lines import roster_lines
from zhenxue.training.web.views.common import MANAGERS, STAFF, frame, wizard_steps

SHOWN = 300
REMOVE = Ask("移出", "把这名学员移出名册？备案前可以再次添加。")
LEAVE = Ask("登记退出", "退出后不再计入学时，记录保留，不能恢复。请写明原因。", tone="danger", reason="reason")
HANDED_OUT = {PasswordsState.TAKEN, PasswordsState.EXPIRED}


@roles(*STAFF)
@require_GET
def roster(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Everybody on the roster; while it is open also the ways to fill it (step 3)."""
    return render(request, "training/roster.html", _roster(request, get_cohort(request.actor, cohort_id)))


@roles(*MANAGERS)
@require_GET
def roster_template(request: ActorRequest) -> HttpResponse:
    """The empty sheet."""
    return xlsx(sheets.template(), "学员名册模板.xlsx")


@roles(*MANAGERS)
@require_POST
def upload_roster(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Read a file and go to its preview."""
    cohort = get_cohort(request.actor, cohort_id)
    form = RosterFileForm(request.POST, request.FILES)
    made = attempt(request, form, lambda values: _upload(request, cohort, values["file"]))
    if made is None:
        return render(request, "training/roster.html", _roster(request, cohort, file_form=form), status=422)
    _enqueue(request, made)
    return redirect("training:roster_import", made.pk)


@roles(*MANAGERS)
@never_cache
@require_GET
def roster_import(request: ActorRequest, import_id: int) -> HttpResponse:
    """The preview with each row's answer; later the result."""
    found = get_import(request.actor, import_id)
    template = "training/_import.html" if request.htmx else "training/roster_import.html"
    return render(request, template, _import(found))


@roles(*MANAGERS)
@require_POST
def confirm_import(request: ActorRequest, import_id: int) -> HttpResponse:
    """Import all valid rows, or nothing."""
    form = ConfirmImportForm(request.POST)
    made = attempt(
        request,
        form,
        lambda values: operations.confirm_import(actor=request.actor, import_id=import_id, now=clock.now(), **values),
    )
    if made is None:
        context = {**_import(get_import(request.actor, import_id)), "form": form}
        return render(request, "training/roster_import.html", context, status=422)
    _enqueue(request, made)
    return redirect("training:roster_import", import_id)


@roles(*MANAGERS)
@require_POST
def discard_import(request: ActorRequest, import_id: int) -> HttpResponse:
    """Give an uploaded file up."""
    found = get_import(request.actor, import_id)
    operations.discard_import(actor=request.actor, import_id=import_id, now=clock.now())
    messages.success(request, "已放弃这份名册，没有导入任何学员。")
    return redirect("training:roster", found.cohort_id)


@roles(*MANAGERS)
@require_GET
def import_result(request: ActorRequest, import_id: int) -> HttpResponse:
    """The file back, with an answer column."""
    found = get_import(request.actor, import_id)
    done = found.state == ImportState.DONE
    return xlsx(sheets.answer_sheet(sheets.load_rows(found.rows), imported=done), f"名册结果-{found.cohort.code}.xlsx")


@roles(*MANAGERS)
@require_POST
def resume_import(request: ActorRequest, import_id: int) -> HttpResponse:
    """Go on with work whose worker died."""
    _enqueue(request, operations.resume_import(actor=request.actor, import_id=import_id, now=clock.now()))
    return redirect("training:roster_import", import_id)


@roles(*MANAGERS)
@require_POST
def start_passwords(request: ActorRequest, import_id: int) -> HttpResponse:
    """Have first passwords made for those who never signed in."""
    again = "again" in request.POST
    made = passwords.start_passwords(actor=request.actor, import_id=import_id, again=again, now=clock.now())
    _enqueue(request, made)
    return redirect("training:roster_import", import_id)


@roles(*MANAGERS)
@require_POST
def take_accounts(request: ActorRequest, import_id: int) -> HttpResponse:
    """The initial passwords, once."""
    accounts = passwords.take_accounts(actor=request.actor, import_id=import_id, now=clock.now())
    return xlsx(sheets.account_sheet(accounts), "学员初始密码.xlsx")


@roles(*MANAGERS)
@never_cache
@require_http_methods(["GET", "POST"])
def add_learner(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """One learner by hand; the initial password is shown once."""
    cohort = get_cohort(request.actor, cohort_id)
    policies.check_can_edit_cohort(request.actor, cohort)
    form = LearnerForm(request.POST or None, groups=cohort.programme.target_groups)
    made = attempt(
        request,
        form,
        lambda values: operations.add_learner(actor=request.actor, cohort_id=cohort_id, now=clock.now(), **values),
    )
    if made and made[1] is None:
        messages.success(request, f"{made[0].person.name}已加入名册（原有账号，密码不变）。")
        return redirect("training:roster", cohort_id)
    context = {"form": form, "cohort": cohort, "account": made[1] if made else None}
    return render(request, "training/add_learner.html", context, status=422 if form.errors else 200)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def remove_learner(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """Off the roster of a draft."""
    enrolment = get_enrolment(request.actor, enrolment_id)
    if request.method == "GET":
        policies.check_can_edit_cohort(request.actor, enrolment.cohort)
        return _confirm(request, enrolment, REMOVE)
    operations.remove_learner(actor=request.actor, enrolment_id=enrolment_id, now=clock.now())
    messages.success(request, f"已把{enrolment.person.name}移出名册。")
    return redirect("training:roster", enrolment.cohort_id)


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
def leave(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """A learner leaves, with the reason."""
    if request.method == "GET":
        enrolment = get_enrolment(request.actor, enrolment_id)
        policies.check_can_leave(request.actor, enrolment)
        return _confirm(request, enrolment, LEAVE)
    reason = request.POST.get("reason", "")
    enrolment = operations.leave(actor=request.actor, enrolment_id=enrolment_id, reason=reason, now=clock.now())
    messages.success(request, f"已登记{enrolment.person.name}退出，记录保留。")
    return redirect("training:roster", enrolment.cohort_id)


def _confirm(request: ActorRequest, enrolment: Enrolment, ask: Ask) -> HttpResponse:
    back = reverse("training:roster", args=[enrolment.cohort_id])
    return confirm_page(request, ask, subject=enrolment.person.name, back=back)


def _enqueue(request: ActorRequest, made: RosterImport) -> None:
    """Hand the worker what an import waits for."""
    who = (request.actor.account_id or 0, str(request.actor.role))
    if made.state == ImportState.CHECKING:
        tasks.check_roster.enqueue(made.pk)
    if made.state == ImportState.IMPORTING:
        tasks.import_roster.enqueue(made.pk, *who)
    if made.passwords_state == PasswordsState.MAKING:
        tasks.make_passwords.enqueue(made.pk, *who)


def _upload(request: ActorRequest, cohort: Cohort, file: Any) -> RosterImport:
    return operations.upload_roster(
        actor=request.actor, cohort_id=cohort.pk, data=file.read(), file_name=file.name, now=clock.now()
    )


def _roster(request: ActorRequest, cohort: Cohort, **forms: Any) -> dict[str, Any]:
    listing = _listing(request, cohort)
    around = frame(request, cohort, "roster")
    act = _act(around, cohort)
    return {
        **around,
        "listing": listing,
        "rows": roster_lines(listing.rows, act),
        "ask": act[1] if act else None,
        "file_form": forms.get("file_form") or RosterFileForm(),
        "imports": queries.list_imports(cohort.pk) if around["own"] else [],
        "steps": wizard_steps("roster") if around["may_edit"] else None,
    }


def _act(around: dict[str, Any], cohort: Cohort) -> tuple[str, Ask] | None:
    """What may be done with one learner: off the roster while it is open, left once it is approved."""
    if around["may_edit"]:
        return "training:remove_learner", REMOVE
    if around["own"] and around["approved"] and cohort.state != CohortState.CLOSED:
        return "training:leave", LEAVE
    return None


def _listing(request: ActorRequest, cohort: Cohort) -> Listing:
    return Listing(
        request,
        queries.roster_shelf(cohort.pk),
        search=("person__name",),
        filters=(Filter("state", "状态", EnrolmentState.choices()),),
        sorts={"person__name": "姓名", "enrolled_at": "报名时间", "target_group": "人员类别"},
        default_sort="person__name",
        search_label="搜索姓名",
    )


def _import(found: RosterImport) -> dict[str, Any]:
    busy = found.state in {ImportState.CHECKING, ImportState.IMPORTING}
    making, now = found.passwords_state == PasswordsState.MAKING, clock.now()
    rows = [] if busy or making else sheets.load_rows(found.rows)
    bad = [row for row in rows if not row.is_valid]
    return {
        "roster_import": found,
        "cohort": found.cohort,
        "state": ImportState(found.state),
        "state_label": ImportState(found.state).label,
        "busy": busy,
        "percent": found.done * 100 // max(found.total, 1),
        "bad": bad[:SHOWN],
        "good": [(row, sheets.group_label(row.target_group)) for row in rows if row.is_valid][:SHOWN],
        "invalid": found.total - found.valid,
        "more": max(len(bad) - SHOWN, 0),
        "open": found.cohort.state in OPEN_STATES,
        "form": ConfirmImportForm(),
        "making": making,
        "making_percent": found.passwords_done * 100 // max(found.imported, 1),
        "stale": operations.is_stale(found, now) or passwords.passwords_stale(found, now),
        "has_accounts": found.passwords_state == PasswordsState.READY and now < (found.passwords_until or now),
        "passwords_form": PasswordsForm(initial={"again": found.passwords_state in HANDED_OUT}),
    }
