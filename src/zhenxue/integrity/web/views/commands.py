"""An officer's commands: the list, a new one, and its results as they come."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.operations import checks as acts
from zhenxue.integrity.queries import checks as queries
from zhenxue.integrity.queries.plans import count_running
from zhenxue.integrity.web.forms import CommandForm
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

WATCHERS = (Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER)


@roles(*WATCHERS)
@require_GET
def commands(request: ActorRequest) -> HttpResponse:
    """Commands of the region, the newest first."""
    listing = Listing(
        request,
        queries.command_list(request.actor),
        search=("cohort__title", "cohort__code", "reason"),
        sorts={"given_at": "下达时间"},
        default_sort="-given_at",
        search_label="班期或理由",
    )
    return render(request, "integrity/commands.html", {"listing": listing})


@roles(Role.BUREAU_OFFICER)
@require_http_methods(["GET", "POST"])
@creates
def new_command(request: ActorRequest) -> HttpResponse:
    """One learner, or everybody of a running cohort who studies now."""
    cohorts = queries.commandable_cohorts(request.actor)
    chosen = next((one for one in cohorts if str(one.pk) == request.GET.get("cohort", "")), None)
    if chosen is None:
        return render(request, "integrity/new_command.html", {"cohorts": cohorts})
    form = CommandForm(request.POST or None, enrolments=queries.commandable_people(request.actor, chosen))
    acting: dict[str, Any] = {"actor": request.actor, "cohort_id": chosen.pk, "now": clock.now()}
    made = attempt(
        request,
        form,
        lambda values: acts.command(**acting, enrolment_id=values["enrolment"], reason=values["reason"]),
    )
    if made:
        messages.success(request, "抽查已下达，结果会在本页自动更新。")
        return redirect("integrity:command", made.pk)
    context = {"form": form, "chosen": chosen, "running": count_running(chosen.pk, clock.now())}
    return render(request, "integrity/new_command.html", context, status=422 if form.errors else 200)


@roles(*WATCHERS)
@require_GET
def command(request: ActorRequest, command_id: int) -> HttpResponse:
    """A command with its results; the part with the results asks again every few seconds until all have answered."""
    found = queries.get_command(request.actor, command_id)
    context = {"command": found, "results": queries.command_results(found)}
    return render(request, "integrity/_results.html" if request.htmx else "integrity/command.html", context)
