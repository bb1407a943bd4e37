"""Pages of study: my cohorts, the course page, the unit with its player, the hand-over page, self-tests."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.ledger import api as ledger
from zhenxue.study import operations, policies, protocol, queries
from zhenxue.study.errors import StudyingElsewhere
from zhenxue.study.web.forms import SelfTestForm
from zhenxue.training import api as training

TAB_LENGTH = 40


@roles(Role.LEARNER)
@require_GET
def home(request: ActorRequest) -> HttpResponse:
    """My cohorts, each with one clear next step."""
    return render(request, "study/home.html", {"cards": _cards(request)})


@roles(Role.LEARNER)
@require_GET
def home_block(request: ActorRequest) -> HttpResponse:
    """The block "what to do now" of the learner's home page."""
    cards = _cards(request)
    return render(request, "study/home_block.html", {"card": cards[0] if cards else None, "others": cards[1:]})


@roles(Role.LEARNER)
@require_GET
def course(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """Chapters and units with their state, hours done and needed."""
    enrolment = training.get_own_enrolment(request.actor, enrolment_id)
    progress, units = ledger.standing_of([enrolment])[enrolment_id]
    blocks = queries.course_blocks(enrolment, units)
    context = {
        "enrolment": enrolment,
        "blocks": blocks,
        "progress": progress,
        "next": queries.next_line(blocks),
        "why_not": policies.why_not_study(enrolment, clock.now()),
    }
    return render(request, "study/course.html", context)


@roles(Role.LEARNER)
@require_GET
def unit(request: ActorRequest, enrolment_id: int, unit_id: int) -> HttpResponse:
    """The player page; the session itself opens from the page's script."""
    enrolment = training.get_own_enrolment(request.actor, enrolment_id)
    blocks = queries.course_blocks(enrolment)
    line = queries.get_line(blocks, unit_id)
    elsewhere = queries.find_open_session(enrolment.person_id) if "elsewhere" in request.GET else None
    if elsewhere is not None:
        context = {"enrolment": enrolment, "line": line, "elsewhere": queries.describe_open(elsewhere)}
        return render(request, "study/hand_over.html", context)
    context = queries.unit_page(enrolment, blocks, line, clock.now())
    if line.unit.kind == UnitKind.SELF_TEST:
        context["form"] = SelfTestForm(questions=catalogue.list_questions(unit_id))
    if line.unit.kind == UnitKind.TEXT:
        context["text"] = catalogue.render_markup(
            line.unit.body, image_url=lambda number: reverse("study:image", args=[enrolment_id, unit_id, number])
        )
    return render(request, "study/unit.html", context)


@roles(Role.LEARNER)
@require_POST
def open_session(request: ActorRequest, enrolment_id: int, unit_id: int) -> JsonResponse:
    """Opens the study session (JSON); 409 names the address of the hand-over page."""
    try:
        opened = operations.open_session(
            actor=request.actor, enrolment_id=enrolment_id, unit_id=unit_id, now=clock.now(), **_page_of(request)
        )
    except StudyingElsewhere as elsewhere:
        page = reverse("study:unit", args=[enrolment_id, unit_id]) + "?elsewhere=1"
        return JsonResponse({"code": elsewhere.code, "message": elsewhere.message, "hand_over": page}, status=409)
    server_ms = int(clock.now().timestamp() * 1000)
    return JsonResponse({**asdict(opened), "server_ms": server_ms, "urls": _addresses(opened.session_id)})


@roles(Role.LEARNER)
@require_POST
def close_session(request: ActorRequest, session_id: int) -> HttpResponse:
    """Ends the page's own session before it goes on to the next unit."""
    operations.close_session(
        actor=request.actor, session_id=session_id, sign_in_digest=sign_in_digest(request), now=clock.now()
    )
    return HttpResponse(status=204)


@roles(Role.LEARNER)
@require_POST
def hand_over(request: ActorRequest) -> HttpResponseBase:
    """The confirmed hand-over: ends the former session, then goes on to the unit that was asked for."""
    form = request.POST
    if not (form.get("enrolment", "").isdecimal() and form.get("unit", "").isdecimal()):
        raise Invalid("study.no_unit", "没有说明要学哪个单元，请从课程页重新进入。")
    enrolment = training.get_enrolment(request.actor, int(form["enrolment"]))
    operations.hand_over(
        actor=request.actor, device=request.login_session.device if request.login_session else "", now=clock.now()
    )
    return redirect("study:unit", enrolment.pk, int(form["unit"]))


@roles(Role.LEARNER)
@require_POST
def self_test(request: ActorRequest, enrolment_id: int, unit_id: int) -> HttpResponse:
    """Judges a self-test; what was ticked stays, each question says what is wrong."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    blocks = queries.course_blocks(enrolment)
    line = queries.get_line(blocks, unit_id)
    form = SelfTestForm(request.POST, questions=catalogue.list_questions(unit_id))
    context = queries.unit_page(enrolment, blocks, line, clock.now()) | {"form": form}
    if form.is_valid():
        result = operations.submit_self_test(
            actor=request.actor, enrolment_id=enrolment_id, unit_id=unit_id, answers=form.answers(), now=clock.now()
        )
        context |= {"result": result, "form": SelfTestForm(questions=catalogue.list_questions(unit_id))}
    template = "study/unit.html#self_test" if request.htmx else "study/unit.html"
    return render(request, template, context, status=200 if form.is_valid() else 422)


def _cards(request: ActorRequest) -> list[queries.CohortCard]:
    return queries.list_cards(training.own_enrolments(request), ledger.own_units(request), clock.now())


def sign_in_digest(request: ActorRequest) -> str:
    """The digest of the very cookie that beats will come with."""
    return protocol.sign_in_digest(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))


def _page_of(request: ActorRequest) -> dict[str, Any]:
    """The page that opens a session: its mark, its sign-in, its device."""
    sign_in = request.login_session
    return {
        "tab": request.POST.get("tab", "")[:TAB_LENGTH],
        "sign_in_digest": sign_in_digest(request),
        "sign_in_id": sign_in.pk if sign_in else None,
        "device": sign_in.device if sign_in else "",
        "ip": sign_in.ip if sign_in else None,
    }


def _addresses(session_id: int) -> dict[str, str]:
    """Where the player sends beats and finds the media of a session."""
    return {
        "beats": f"/study/beats/{session_id}",
        "close": reverse("study:close", args=[session_id]),
        "stream": reverse("study:master", args=[session_id]),
        "document": reverse("study:document", args=[session_id]),
        "pages": reverse("study:document_page", args=[session_id, 0]).removesuffix("0.webp"),
    }
