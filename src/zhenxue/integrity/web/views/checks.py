"""A learner's own checks: the page of one, its state, answers, another kind, making up."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.integrity.data import CheckKind, CheckState, OtherReason
from zhenxue.integrity.operations import checks as acts
from zhenxue.integrity.queries import checks as queries
from zhenxue.integrity.queries import own
from zhenxue.integrity.queries.earning import weak_rows_of
from zhenxue.integrity.web.devices import fingerprint, proven_fingerprint
from zhenxue.integrity.web.island import for_page
from zhenxue.integrity.web.own import waits
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, ZhenxueError
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.middleware import wants_json
from zhenxue.kernel.web.pace import check_pace

#: So many answers, bursts or changes of kind a learner may send within a minute.
MOST_ACTS = 30
TOO_OFTEN = "操作太频繁，请等一分钟再试。"
STATES = [(state.value, state.label) for state in CheckState]


@roles(Role.LEARNER)
@require_GET
def checks(request: ActorRequest) -> HttpResponse:
    """My checks, and what can still be made up."""
    listing = Listing(
        request,
        queries.visible_checks(request.actor),
        filters=(Filter("state", "结果", STATES),),
        sorts={"asked_at": "时间"},
        default_sort="-asked_at",
    )
    person = request.actor.person_id or 0
    missing, rows = queries.to_make_up(person, clock.now()), weak_rows_of(person)
    return render(request, "integrity/checks.html", {"listing": listing, "missing": missing, "weak_rows": rows})


@roles(Role.LEARNER)
@require_GET
def checks_block(request: ActorRequest) -> HttpResponse:
    """Home: what can still be made up, and until when."""
    found = waits(request, own.CHECKS)
    missing = queries.to_make_up(request.actor.person_id or 0, clock.now()) if found else []
    return render(request, "integrity/_checks_block.html", {"missing": missing})


@roles(Role.LEARNER)
@require_GET
def check(request: ActorRequest, check_id: int) -> HttpResponse:
    """One check as a page of its own: works as plain forms, and with the camera island where there is script."""
    found = queries.get_own_check(request.actor, check_id)
    now = clock.now()
    context = {
        "check": found,
        "shown": queries.island(found, now),
        "island": for_page(found, clock.now()),
        "words_variant": request.GET.get("variant") == "words",
        "others": [CheckKind(kind) for kind in found.offered if kind != found.kind],
        "can_make_up": queries.still_missing(found),
        "is_open": found.state == CheckState.OPEN and found.due_at > now,
    }
    return render(request, "integrity/check.html", context)


@roles(Role.LEARNER)
@require_GET
def check_state(request: ActorRequest, check_id: int) -> JsonResponse:
    """Where a check stands, for the island and for pages that wait."""
    return JsonResponse(for_page(queries.get_own_check(request.actor, check_id), clock.now()))


@roles(Role.LEARNER)
@require_POST
def answer(request: ActorRequest, check_id: int) -> HttpResponse:
    """The answer to a question or puzzle; a plain form goes back to the page."""
    _pace(request)
    kind, variant, given = request.POST.get("kind", ""), request.POST.get("variant", ""), request.POST.getlist("given")
    try:
        answered = acts.answer_task(
            actor=request.actor,
            check_id=check_id,
            kind=kind,
            given=given,
            nonce=request.POST.get("nonce", ""),
            variant=variant,
            device=proven_fingerprint(request, check_id, "answer", kind, variant, *given),
            now=clock.now(),
        )
    except ZhenxueError as error:
        return _refused(request, check_id, error)
    return _answered(request, check_id, answered.words, passed=answered.passed)


@roles(Role.LEARNER)
@require_POST
def other(request: ActorRequest, check_id: int) -> HttpResponse:
    """Another kind: no camera, will not, cannot."""
    _pace(request)
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    if reason not in set(OtherReason):
        raise Invalid("integrity.other_reason", "请说明为什么换一种方式。")
    try:
        acts.take_other(
            actor=request.actor,
            check_id=check_id,
            kind=kind,
            reason=reason,
            device=proven_fingerprint(request, check_id, "other", kind, reason),
            now=clock.now(),
        )
    except ZhenxueError as error:
        return _refused(request, check_id, error)
    return _answered(request, check_id, "", passed=True)


@roles(Role.LEARNER)
@require_POST
def make_up(request: ActorRequest, check_id: int) -> HttpResponse:
    """Begins to make up a missed check."""
    _pace(request)
    begun = acts.begin_make_up(actor=request.actor, check_id=check_id, device=fingerprint(request), now=clock.now())
    return redirect("integrity:check", begun.pk)


def _answered(request: ActorRequest, check_id: int, words: str, *, passed: bool) -> HttpResponse:
    if wants_json(request):
        found = queries.get_own_check(request.actor, check_id)
        return JsonResponse({"passed": passed, "words": words, "check": for_page(found, clock.now())})
    if words:
        (messages.success if passed else messages.warning)(request, words)
    return redirect("integrity:check", check_id)


def _refused(request: ActorRequest, check_id: int, error: ZhenxueError) -> HttpResponse:
    """A refused plain form goes back to the page, which shows what stands there now."""
    if wants_json(request) or error.status not in {403, 409, 422}:
        raise error
    queries.get_own_check(request.actor, check_id)
    messages.warning(request, error.message)
    return redirect("integrity:check", check_id)


def _pace(request: ActorRequest) -> None:
    check_pace("integrity.checks", request.actor.account_id or 0, most=MOST_ACTS, words=TOO_OFTEN)
