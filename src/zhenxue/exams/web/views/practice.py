"""Practice for learners: what is open, rounds question by question, the book of errors. Works without script."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams.data import PracticeMode
from zhenxue.exams.kinds import JUDGED
from zhenxue.exams.models import PracticeRound
from zhenxue.exams.operations import practice as operations
from zhenxue.exams.queries import practice as queries
from zhenxue.exams.web.forms.answers import read_given
from zhenxue.exams.web.forms.practice import StartForm
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.listing import Filter, Listing

SHOWN_ROUNDS = 20
CHART_ROUNDS = 200


@roles(Role.LEARNER)
@require_GET
def practice_home(request: ActorRequest) -> HttpResponse:
    now = clock.now()
    operations.settle(actor=request.actor, now=now)
    context = {"due": queries.due_cards(request.actor, now).count(), "narrow": True}
    return render(request, "exams/practice/home.html", context | _home(request))


def _home(request: ActorRequest) -> dict[str, object]:
    """What is open, where the learner is weak, and what was practised."""
    enrolments = queries.own_enrolments(request.actor)
    rounds = list(queries.visible_rounds(request.actor)[:CHART_ROUNDS])
    openings = list(queries.open_to(one.pk for one in enrolments))
    points = queries.points_to_practise(one.bank_id for one in openings if one.bank_id)
    weak = queries.open_cards(request.actor)
    return {
        "openings": [(one, StartForm().choose(points.get(one.bank_id or 0, []))) for one in openings],
        "points": queries.points_of(weak)[:5],
        "running": [one for one in rounds if one.ended_at is None][:3],
        "rounds": [one for one in rounds if one.ended_at is not None][:SHOWN_ROUNDS],
        "days": queries.practice_days(rounds, clock.civil_day),
    }


@roles(Role.LEARNER)
@require_GET
def practice_block(request: ActorRequest) -> HttpResponse:
    """Inside the home page a link, which asks for nothing; the browser then fetches how many are due."""
    due = queries.due_cards(request.actor, clock.now()).count() if request.htmx else None
    return render(request, "exams/practice/_home.html", {"due": due})


@roles(Role.LEARNER)
@require_POST
def practice_start(request: ActorRequest, opening_id: int) -> HttpResponse:
    if "mock" in request.POST:
        begun = operations.start_mock(actor=request.actor, opening_id=opening_id, now=clock.now())
        return redirect("exams:practice_round", begun.pk)
    form = StartForm(request.POST).choose(_points_of(request, opening_id))
    if not form.is_valid():
        raise Invalid("exams.practice_start", "请选题型、考核点和题数，再开始练习。")
    begun = operations.start_bank(actor=request.actor, opening_id=opening_id, now=clock.now(), **form.wanted())
    return redirect("exams:practice_round", begun.pk)


def _points_of(request: ActorRequest, opening_id: int) -> list[tuple[int, str]]:
    enrolments = queries.own_enrolments(request.actor)
    banks = queries.open_to(one.pk for one in enrolments).filter(pk=opening_id).values_list("bank_id", flat=True)
    return next(iter(queries.points_to_practise(one for one in banks if one).values()), [])


@roles(Role.LEARNER)
@require_GET
def errors(request: ActorRequest) -> HttpResponse:
    points = queries.points_of(queries.visible_cards(request.actor))
    context = {"listing": _book(request, points), "points": points, "narrow": True}
    context["due"] = queries.due_cards(request.actor, clock.now()).count()
    return render(request, "exams/practice/errors.html", context)


def _book(request: ActorRequest, points: list[queries.PointFigures]) -> Listing:
    choices = [(str(one.point_id), one.name) for one in points if one.point_id]
    return Listing(
        request,
        queries.visible_cards(request.actor),
        search=("question__stem",),
        filters=(
            Filter("known", "掌握", [("no", "还没掌握"), ("yes", "已掌握")], apply=_known),
            Filter("point", "考核点", choices, "question__point"),
            Filter("kind", "题型", [(kind.value, kind.label) for kind in JUDGED], "question__kind"),
        ),
        sorts={"due_at": "下次练习", "wrong": "答错次数"},
        default_sort="due_at",
        search_label="搜索题干",
    )


def _known(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(mastered_at__isnull=value == "no")


@roles(Role.LEARNER)
@require_POST
def errors_start(request: ActorRequest) -> HttpResponse:
    point = request.POST.get("point", "")
    wanted = int(point) if point.isascii() and point.isdecimal() and len(point) < 10 else None
    begun = operations.start_errors(actor=request.actor, point_id=wanted, now=clock.now())
    return redirect("exams:practice_round", begun.pk)


@roles(Role.LEARNER)
@never_cache
@require_GET
def practice_round(request: ActorRequest, round_id: int) -> HttpResponse:
    operations.settle(actor=request.actor, now=clock.now())
    one, at = queries.get_round(request.actor, round_id), request.GET.get("at", "")
    asked = int(at) if at.isascii() and at.isdecimal() and len(at) < 4 else 0
    if not asked and (one.ended_at is not None or one.answered == len(one.sheet)):
        lines = queries.shown_lines(one, clock.now())
        return render(request, "exams/practice/result.html", {"round": one, "lines": lines, "narrow": True})
    return _question(request, one, min(asked or _next(one), len(one.sheet)))


def _next(one: PracticeRound) -> int:
    """The first question without an answer."""
    return next((at for at in range(1, len(one.sheet) + 1) if str(at) not in one.answers), 1)


def _question(request: ActorRequest, one: PracticeRound, at: int, refused: str = "") -> HttpResponse:
    line = queries.shown_line(one, at, clock.now())
    context = {
        "round": one,
        "line": line,
        "at": at,
        "total": len(one.sheet),
        "percent": one.answered * 100 // len(one.sheet),
        "is_mock": one.mode == PracticeMode.MOCK,
        "judged": line is not None and line.key is not None,
        "refused": refused,
        "narrow": True,
        "now_ms": clock.milliseconds(clock.now()),
    }
    page = "exams/practice/_question.html" if request.htmx else "exams/practice/round.html"
    return render(request, page, context, status=422 if refused else 200)


@roles(Role.LEARNER)
@require_POST
def practice_answer(request: ActorRequest, round_id: int, position: int) -> HttpResponse:
    given = read_given(request.POST)
    try:
        operations.answer(actor=request.actor, round_id=round_id, position=position, given=given, now=clock.now())
    except Invalid as error:
        return _question(request, queries.get_round(request.actor, round_id), position, error.message)
    one = queries.get_round(request.actor, round_id)
    if one.mode == PracticeMode.MOCK and position < len(one.sheet):
        position += 1
    if request.htmx:
        return _question(request, one, position)
    back = redirect("exams:practice_round", round_id)
    back["Location"] += f"?at={position}"
    return back


@roles(Role.LEARNER)
@require_POST
def practice_end(request: ActorRequest, round_id: int) -> HttpResponse:
    operations.end_round(actor=request.actor, round_id=round_id, now=clock.now())
    return redirect("exams:practice_round", round_id)
