"""Pages of corrections: ask, propose, the list, one correction with its decision, and the acts on it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.ledger import operations, policies, queries
from zhenxue.ledger.data import CorrectionKind, CorrectionState
from zhenxue.ledger.models import Correction
from zhenxue.ledger.web.forms import AdoptForm, MakeUpForm, WithdrawForm
from zhenxue.ledger.web.rights import DECIDERS, MANAGERS, ticking
from zhenxue.ledger.web.views import STAFF
from zhenxue.training import api as training

WAITING = (("mine", "等我处理"),)


@roles(Role.LEARNER, *STAFF)
@require_GET
def corrections(request: ActorRequest) -> HttpResponse:
    """Every correction in sight, a batch as one line unless one searches; ``for=mine`` keeps what waits for them."""
    listing = _listing(request)
    learner = request.actor.is_learner
    folded = not learner and not listing.q
    if folded:
        listing.queryset = queries.one_line_a_batch(listing.queryset)
    lines = _lines(listing.rows, folded=folded)
    context = {
        "listing": listing,
        "lines": lines,
        "read_only": request.actor.role not in DECIDERS and not learner,
        "attendance": training.visible_attendance_corrections(request.actor).order_by("-pk")[:50] if learner else (),
        **ticking(request.actor, [one for one, sums in lines if sums is None]),
    }
    return render(request, "ledger/corrections.html", context)


@roles(*DECIDERS)
@require_GET
def corrections_block(request: ActorRequest) -> HttpResponse:
    """Home: what waits for this manager or officer."""
    waiting = queries.one_line_a_batch(queries.waiting_for(request.actor))[:6]
    return render(request, "ledger/_corrections_block.html", {"lines": _lines(waiting, folded=True)})


@roles(Role.LEARNER, *MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def ask_make_up(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """The learner asks, the manager proposes, that refused time be made good."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    _check_may_ask(request.actor, enrolment)
    form = MakeUpForm(request.POST or None, initial=_initial(request), units=_units(enrolment))
    acting: dict[str, Any] = {"actor": request.actor, "enrolment_id": enrolment_id, "now": clock.now()}
    if request.actor.is_learner:
        made = attempt(request, form, lambda _: operations.request_make_up(**acting, **form.wanted()))
    else:
        kind = CorrectionKind.MAKE_UP
        made = attempt(request, form, lambda _: operations.propose_correction(**acting, kind=kind, **form.wanted()))
    if made:
        who = "培训机构核实后报人社部门复核" if request.actor.is_learner else "等人社部门复核"
        messages.success(request, f"补计申请已提交，{who}。复核通过才计入。")
        return redirect("ledger:correction", made.pk)
    return _form_page(request, enrolment, form, CorrectionKind.MAKE_UP)


@roles(*DECIDERS)
@require_http_methods(["GET", "POST"])
@creates
def ask_withdraw(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """A manager or the county bureau proposes that credited time be taken back."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    policies.check_can_propose(request.actor, enrolment, CorrectionKind.WITHDRAW)
    form = WithdrawForm(request.POST or None, initial=_initial(request), units=_units(enrolment))
    acting: dict[str, Any] = {"actor": request.actor, "enrolment_id": enrolment_id, "now": clock.now()}
    kind = CorrectionKind.WITHDRAW
    made = attempt(request, form, lambda _: operations.propose_correction(**acting, kind=kind, **form.stretch()))
    if made:
        messages.success(request, "撤销已提出，须由另一个人复核，复核通过才生效。")
        return redirect("ledger:correction", made.pk)
    return _form_page(request, enrolment, form, kind)


@roles(Role.LEARNER, *STAFF)
@require_GET
def correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """One correction: what, why, who, and the next act."""
    found = queries.get_correction(request.actor, correction_id)
    return render(request, "ledger/correction.html", _context(request, found))


@roles(*MANAGERS)
@require_POST
def adopt_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """The provider takes up a learner's request."""
    found = queries.get_correction(request.actor, correction_id)
    form = AdoptForm(request.POST)
    acting: dict[str, Any] = {"actor": request.actor, "correction_id": correction_id, "now": clock.now()}
    if attempt(request, form, lambda _: operations.adopt_correction(**acting, **form.wanted())):
        messages.success(request, "已受理并报人社部门复核。")
        return redirect("ledger:correction", correction_id)
    return render(request, "ledger/correction.html", _context(request, found, form), status=422)


@roles(*DECIDERS)
@require_POST
def approve_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Put it in force."""
    note = request.POST.get("note", "")
    done = operations.approve_correction(actor=request.actor, correction_id=correction_id, note=note, now=clock.now())
    words = "撤销" if done.kind == CorrectionKind.WITHDRAW else "补计"
    messages.success(request, f"已同意，{words}已记入学时账本并存证。")
    return redirect("ledger:correction", correction_id)


@roles(*DECIDERS)
@require_POST
def reject_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Say no, with the reason."""
    reason = request.POST.get("reason", "")
    operations.reject_correction(actor=request.actor, correction_id=correction_id, reason=reason, now=clock.now())
    messages.success(request, "已写明理由退回，学时没有变化。")
    return redirect("ledger:correction", correction_id)


@roles(Role.LEARNER, *DECIDERS)
@require_POST
def cancel_correction(request: ActorRequest, correction_id: int) -> HttpResponse:
    """Take back what one asked for."""
    operations.cancel_correction(actor=request.actor, correction_id=correction_id, now=clock.now())
    messages.success(request, "已撤回，学时没有变化。")
    return redirect("ledger:correction", correction_id)


def day_rights(actor: Actor, enrolment: training.Enrolment) -> dict[str, bool]:
    """Which ways to a correction a day's page shows."""
    proposes = allows(policies.check_can_propose, actor, enrolment, CorrectionKind.MAKE_UP)
    return {
        "may_make_up": proposes or allows(policies.check_can_ask, actor, enrolment),
        "may_withdraw": allows(policies.check_can_propose, actor, enrolment, CorrectionKind.WITHDRAW),
    }


def _listing(request: ActorRequest) -> Listing:
    return Listing(
        request,
        queries.visible_corrections(request.actor),
        search=("enrolment__person__name", "enrolment__cohort__title", "enrolment__cohort__code", "unit__title"),
        filters=_filters(request.actor),
        sorts={"changed_at": "最近变化", "day": "学习日期", "enrolment__person__name": "姓名", "state": "状态"},
        default_sort="-changed_at",
        search_label="搜索姓名、班期、单元",
    )


def _lines(rows: Iterable[Correction], *, folded: bool) -> list[tuple[Correction, queries.BatchSums | None]]:
    """The rows, each with the numbers of the batch that it stands for; one query where there are batches."""
    known = list(rows)
    batches = {one.batch_id for one in known if one.batch_id is not None} if folded else set()
    sums = queries.sums_of_batches(batches) if batches else {}
    return [(one, sums.get(one.batch_id) if one.batch_id is not None else None) for one in known]


def _filters(actor: Actor) -> list[Filter]:
    """State and kind; for those who decide also what waits for them."""
    found = [Filter("state", "状态", CorrectionState.choices()), Filter("kind", "类别", CorrectionKind.choices())]
    if actor.role in DECIDERS:
        mine = queries.waiting_for(actor).values("pk")
        found.append(Filter("for", "待办", WAITING, apply=lambda rows, _: rows.filter(pk__in=mine)))
    return found


def _check_may_ask(actor: Actor, enrolment: training.Enrolment) -> None:
    if actor.is_learner:
        policies.check_can_ask(actor, enrolment)
    else:
        policies.check_can_propose(actor, enrolment, CorrectionKind.MAKE_UP)


def _initial(request: ActorRequest) -> dict[str, Any]:
    """What a link from the day's page fills in: ``unit``, ``from`` and ``until`` (ISO 8601), ``seconds``."""
    found: dict[str, Any] = {}
    if request.GET.get("unit", "").isdecimal():
        found["unit"] = int(request.GET["unit"])
    for name, key in (("since", "from"), ("until", "until")):
        moment = _moment(request.GET.get(key, ""))
        if moment is not None:
            local = moment.astimezone(clock.CIVIL_ZONE)
            found |= {name: local.replace(microsecond=0).time()}
            found.setdefault("day", local.date())
    if request.GET.get("seconds", "").isdecimal():
        found["minutes"], found["seconds"] = divmod(int(request.GET["seconds"][:6]), 60)
    return found


def _moment(text: str) -> dt.datetime | None:
    """A moment of the address; a broken one is as good as none."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _units(enrolment: training.Enrolment) -> list[tuple[int, str]]:
    planned = training.plan_units_of(enrolment.cohort)
    return [(one.unit.pk, f"{one.line.title} · {one.unit.title}") for one in planned]


def _form_page(
    request: ActorRequest, enrolment: training.Enrolment, form: MakeUpForm | WithdrawForm, kind: CorrectionKind
) -> HttpResponse:
    context = {"enrolment": enrolment, "form": form, "kind": kind, "is_make_up": kind is CorrectionKind.MAKE_UP}
    return render(request, "ledger/correction_form.html", context, status=422 if form.errors else 200)


def _context(request: ActorRequest, found: Correction, form: AdoptForm | None = None) -> dict[str, Any]:
    minutes, seconds = divmod(found.seconds, 60)
    return {
        "correction": found,
        "steps": _steps(found),
        "entries": queries.history_of(found),
        "form": form or AdoptForm(initial={"minutes": minutes, "seconds": seconds}),
        "may_adopt": allows(policies.check_can_adopt, request.actor, found),
        "may_approve": allows(policies.check_can_approve, request.actor, found),
        "may_reject": allows(policies.check_can_reject, request.actor, found),
        "may_cancel": allows(policies.check_can_cancel, request.actor, found),
    }


def _steps(found: Correction) -> list[tuple[str, str]]:
    """The stepped line of a correction's life."""
    state = CorrectionState(found.state)
    asked = [("学员申请", "now" if state is CorrectionState.REQUESTED else "done")] if found.requested_by_id else []
    proposed = "now" if state is CorrectionState.PROPOSED else "done" if found.proposed_at else "todo"
    if state in {CorrectionState.REJECTED, CorrectionState.CANCELLED}:
        last = (state.label, "bad" if state is CorrectionState.REJECTED else "done")
        return [*asked, *([("等待复核", "done")] if found.proposed_at else []), last]
    return [*asked, ("等待复核", proposed), ("已生效", "done" if state is CorrectionState.APPROVED else "todo")]
