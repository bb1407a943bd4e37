"""Pages of study: my cohorts, the course page, the unit with its player, the hand-over page, self-tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.web.pace import check_pace
from zhenxue.ledger import api as ledger
from zhenxue.study import operations, policies, protocol, queries
from zhenxue.study.data import TestResult
from zhenxue.study.errors import NotInOrder
from zhenxue.study.web.forms import SelfTestForm
from zhenxue.training import api as training

TAB_LENGTH = 40
#: So many self-tests one learner may hand in within a minute: each is judged, kept and written into the log.
MOST_TESTS = 20
TOO_FAST = "提交得太频繁，请等一分钟，看看解析再做。"


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
    if line.first is not None:
        return render(request, "study/locked.html", {"enrolment": enrolment, "line": line}, status=403)
    elsewhere = queries.find_open_session(enrolment.person_id) if "elsewhere" in request.GET else None
    if elsewhere is not None:
        context = {"enrolment": enrolment, "line": line, "elsewhere": queries.describe_open(elsewhere)}
        return render(request, "study/hand_over.html", context)
    challenge = operations.challenge_for(
        sign_in_digest=sign_in_digest(request), enrolment_id=enrolment_id, unit_id=unit_id, now=clock.now()
    )
    return render(request, "study/unit.html", _unit_context(enrolment, blocks, line) | {"challenge": challenge})


def _unit_context(
    enrolment: training.Enrolment, blocks: list[queries.CourseBlock], line: queries.UnitLine
) -> dict[str, Any]:
    context, unit = queries.unit_page(enrolment, blocks, line, clock.now()), line.unit
    if context["test_open"]:
        context["form"] = SelfTestForm(questions=catalogue.list_questions(unit.pk))
    if unit.kind == UnitKind.TEXT:
        context["text"] = catalogue.render_markup(
            unit.body,
            image_url=lambda number: reverse("study:image", args=[enrolment.pk, unit.pk, number]),
            paged=True,
        )
    return context


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
@require_http_methods(["GET", "POST"])
def self_test(request: ActorRequest, enrolment_id: int, unit_id: int) -> HttpResponse:
    """The self-test as it stands, or judged; what was ticked stays, each question says what is wrong."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    more: dict[str, Any] = {}
    if request.method == "POST":
        form = SelfTestForm(request.POST, questions=catalogue.list_questions(unit_id))
        answers = form.answers() if form.is_valid() else None
        more = {"form": form} if answers is None else {"result": _judge(request, enrolment_id, unit_id, answers)}
    blocks = queries.course_blocks(enrolment)
    line = queries.get_line(blocks, unit_id)
    if line.first is not None:
        raise NotInOrder(line.first.pk, line.first.title)
    context = _unit_context(enrolment, blocks, line)
    if context["test_open"] or "result" in more:
        context |= more
    template = "study/unit.html#self_test" if request.htmx else "study/unit.html"
    return render(request, template, context, status=422 if "form" in more else 200)


def _judge(request: ActorRequest, enrolment_id: int, unit_id: int, answers: Mapping[int, Sequence[str]]) -> TestResult:
    check_pace("study.test_pace", request.actor.account_id or 0, most=MOST_TESTS, words=TOO_FAST)
    return operations.submit_self_test(
        actor=request.actor, enrolment_id=enrolment_id, unit_id=unit_id, answers=answers, now=clock.now()
    )


def _cards(request: ActorRequest) -> list[queries.CohortCard]:
    return queries.list_cards(training.own_enrolments(request), ledger.own_units(request), clock.now())


def sign_in_digest(request: ActorRequest) -> str:
    """The digest of the very cookie that beats will come with."""
    return protocol.sign_in_digest(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
