"""A second look at a score: the learner's request, its answer, and changes that two people make."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries
from zhenxue.exams.data import AppealState, ChangeState, SheetLine
from zhenxue.exams.models import Attempt, ScoreAppeal
from zhenxue.exams.operations import appeals as operations
from zhenxue.exams.queries import appeals
from zhenxue.exams.web.forms.marking import AppealForm, ChangeForm, ReplyForm
from zhenxue.exams.web.support import AUTHORS, MANAGERS, STAFF, read_only, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt as attempt_form


@roles(Role.LEARNER)
def appeal_new(request: ActorRequest, attempt_id: int) -> HttpResponse:
    attempt, now = queries.get_attempt(request.actor, attempt_id), clock.now()
    until = appeals.appeal_until(attempt)
    policies.check_can_appeal(request.actor, attempt, until, now)
    form = AppealForm(request.POST or None).choose(len(attempt.sheet))
    ask = partial(operations.make_appeal, actor=request.actor, attempt_id=attempt_id, now=now)
    if made := attempt_form(request, form, lambda data: ask(text=data["text"], positions=data["positions"])):
        messages.success(request, "申请已提交，由没有评过这份答卷的老师复核，有答复会通知你。")
        return redirect("exams:appeal", made.pk)
    context = {"attempt": attempt, "form": form, "until": until, "narrow": True}
    return render(request, "exams/appeal/new.html", context, status=status_of(form))


@roles(Role.LEARNER, *STAFF)
@require_GET
def appeal_list(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        appeals.visible_appeals(request.actor),
        search=("attempt__enrolment__person__name", "attempt__exam__title"),
        filters=(Filter("state", "状态", AppealState.choices()),),
        sorts={"made_at": "提出时间", "attempt__exam__title": "考试"},
        default_sort="-made_at",
        search_label="搜索学员或考试",
    )
    waiting = appeals.visible_changes(request.actor).filter(state=ChangeState.OPEN).order_by("proposed_at")[:50]
    context = {"listing": listing, "waiting": waiting, "narrow": request.actor.is_learner}
    return render(request, "exams/appeal/list.html", context | {"read_only": read_only(request)})


@roles(Role.LEARNER, *STAFF)
@require_GET
def appeal_page(request: ActorRequest, appeal_id: int) -> HttpResponse:
    return render(request, "exams/appeal/page.html", _context(request, appeals.get_appeal(request.actor, appeal_id)))


@roles(*AUTHORS)
@require_POST
def appeal_uphold(request: ActorRequest, appeal_id: int) -> HttpResponse:
    appeal, form = appeals.get_appeal(request.actor, appeal_id), ReplyForm(request.POST)
    keep = partial(operations.uphold, actor=request.actor, appeal_id=appeal_id, now=clock.now())
    if attempt_form(request, form, lambda data: keep(reply=data["reply"])):
        messages.success(request, "已答复学员：维持原分。")
        return redirect("exams:appeal", appeal_id)
    context = _context(request, appeal) | {"reply_form": form}
    return render(request, "exams/appeal/page.html", context, status=422)


@roles(*AUTHORS)
def appeal_change(request: ActorRequest, appeal_id: int) -> HttpResponse:
    appeal = appeals.get_appeal(request.actor, appeal_id)
    policies.check_can_review(request.actor, appeal.attempt, appeals.markers_of(appeal.attempt))
    return _change(request, appeal.attempt, appeal)


@roles(*MANAGERS)
def change_new(request: ActorRequest, attempt_id: int) -> HttpResponse:
    return _change(request, queries.get_attempt(request.actor, attempt_id), None)


@roles(*STAFF)
@require_GET
def change_page(request: ActorRequest, change_id: int) -> HttpResponse:
    change = appeals.get_change(request.actor, change_id)
    is_open = change.state == ChangeState.OPEN and change.proposed_by_id != request.actor.person_id
    may = is_open and allows(policies.check_is_staff_of, request.actor, change.attempt)
    rows = [(int(position), *both) for position, both in sorted(change.points.items(), key=lambda one: int(one[0]))]
    context = {"change": change, "rows": rows, "may_decide": may, "read_only": read_only(request)}
    return render(request, "exams/appeal/change.html", context)


@roles(*AUTHORS)
@require_POST
def change_approve(request: ActorRequest, change_id: int) -> HttpResponse:
    note = request.POST.get("note", "")
    operations.approve_change(actor=request.actor, change_id=change_id, note=note, now=clock.now())
    messages.success(request, "改分已生效，并写入存证；成绩已公布的会通知学员。")
    return redirect("exams:change", change_id)


@roles(*AUTHORS)
@require_POST
def change_reject(request: ActorRequest, change_id: int) -> HttpResponse:
    note = request.POST.get("note", "")
    operations.reject_change(actor=request.actor, change_id=change_id, note=note, now=clock.now())
    messages.success(request, "已记录：不同意改分，分数不变。")
    return redirect("exams:change", change_id)


def _change(request: ActorRequest, attempt: Attempt, appeal: ScoreAppeal | None) -> HttpResponse:
    lines = [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
    form = ChangeForm(request.POST or None, lines=lines)
    acting = {"actor": request.actor, "attempt_id": attempt.pk, "now": clock.now()}
    propose = partial(operations.propose_change, **acting, appeal_id=appeal.pk if appeal else None)  # type: ignore[arg-type]  # passed through
    if made := attempt_form(request, form, lambda data: propose(wanted=form.wanted(), reason=data["reason"])):
        messages.success(request, "改分已提出，要由另一位同事确认后才生效。")
        return redirect("exams:change", made.pk)
    sheet = queries.paper_sheet(attempt, with_solutions=True)
    context = {"attempt": attempt, "appeal": appeal, "form": form, "sheet": sheet}
    return render(request, "exams/appeal/propose.html", context, status=status_of(form))


def _context(request: ActorRequest, appeal: ScoreAppeal) -> dict[str, object]:
    """What the page of an appeal shows: the answers it is about, and the next act."""
    actor, attempt = request.actor, appeal.attempt
    review = partial(allows, policies.check_can_review, actor, attempt)
    changing = attempt.changes.filter(state=ChangeState.OPEN).first()
    may = appeal.state == AppealState.OPEN and changing is None and not actor.is_learner
    sheet = [] if actor.is_learner else queries.paper_sheet(attempt, with_solutions=True)
    return {
        "appeal": appeal,
        "attempt": attempt,
        "sheet": [line for line in sheet if not appeal.positions or line.position in appeal.positions],
        "changing": None if actor.is_learner else changing,
        "may_review": may and review(appeals.markers_of(attempt)),
        "reply_form": ReplyForm(),
        "narrow": actor.is_learner,
        "read_only": read_only(request),
    }
