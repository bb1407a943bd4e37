"""A teacher's page: who waits for a word, and giving it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.operations import checks as acts
from zhenxue.integrity.queries import checks as queries
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError

#: How a teacher can know; one press each.
NOTES = ("在教室看到本人", "视频通话见到本人", "电话确认是本人")


@roles(Role.TEACHER)
@require_GET
def waiting(request: ActorRequest) -> HttpResponse:
    """Who waits now; the list asks again by itself."""
    context = {"checks": queries.waiting_for_word(request.actor, clock.now()), "notes": NOTES}
    return render(request, "integrity/_waiting.html" if request.htmx else "integrity/waiting.html", context)


@roles(Role.TEACHER)
@require_GET
def waiting_block(request: ActorRequest) -> HttpResponse:
    """Home: how many wait for a word."""
    checks = queries.waiting_for_word(request.actor, clock.now())
    return render(request, "integrity/_waiting_block.html", {"checks": checks})


@roles(Role.TEACHER)
@require_POST
def give_word(request: ActorRequest, check_id: int) -> HttpResponse:
    """Confirms one learner; a refusal is said on the page, which shows who waits now."""
    try:
        check = acts.word(actor=request.actor, check_id=check_id, note=request.POST.get("note", ""), now=clock.now())
    except ZhenxueError as error:
        if error.status not in {409, 422}:
            raise
        messages.warning(request, error.message)
    else:
        messages.success(request, f"已确认{check.person.name}在学。")
    return redirect("integrity:waiting")
