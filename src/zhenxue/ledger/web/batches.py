"""Pages of corrections for many: pick a class's refused time and propose it, the batch, and one decision for many."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import why_not
from zhenxue.kernel.web.forms import attempt, write_refusal
from zhenxue.kernel.web.once import creates
from zhenxue.ledger import operations, policies, queries
from zhenxue.ledger.data import (
    MOST_AT_ONCE,
    WAITING_STATES,
    CorrectionState,
    Decided,
    Decision,
    RowKey,
    Window,
)
from zhenxue.ledger.models import Correction, CorrectionBatch
from zhenxue.ledger.web.forms import BatchForm, NoteForm, WindowForm
from zhenxue.ledger.web.rights import CHECKS, DECIDERS, MANAGERS, allowed, ticking
from zhenxue.ledger.web.views import STAFF
from zhenxue.training import api as training

QUESTIONS = {
    Decision.ADOPT: "按学员申请的时长受理，报人社部门复核。",
    Decision.APPROVE: "同意后马上记入学时账本并逐条存证，不能再撤回；改正要另提更正。",
    Decision.REJECT: "请写明理由（不少于 5 个字），学时保持不变。",
    Decision.CANCEL: "撤回后不再办理，学时没有变化；需要时可以重新提出。",
}


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def make_up_many(request: ActorRequest, cohort_id: int) -> HttpResponse:
    """Pick unit, days and learners of a cohort; propose the make-ups in one act."""
    cohort = training.get_cohort(request.actor, cohort_id)
    policies.check_can_make_up_many(request.actor, cohort)
    picking = _Picking(request, cohort)
    made = picking.propose()
    if made is None:
        status = 422 if picking.refused else 200
        return render(request, "ledger/make_up_many.html", picking.context(), status=status)
    sums = queries.sums_of_batches([made.pk])[made.pk]
    left = f"，{len(made.left_out)} 条没有列入，原因在下面" if made.left_out else ""
    messages.success(request, f"第 {made.pk} 批已提出：{sums.learners} 人 {sums.total} 条{left}。等人社部门复核。")
    return redirect("ledger:batch", made.pk)


@roles(*STAFF)
@require_GET
def batch(request: ActorRequest, batch_id: int) -> HttpResponse:
    """One batch: what, why, who, its learners with the acts on them, and who was left out."""
    found = queries.get_batch(request.actor, batch_id)
    rows = queries.visible_corrections(request.actor).filter(batch_id=batch_id)
    listing = _learners(request, rows)
    context = {
        "batch": found,
        "listing": listing,
        "sums": queries.sums_of_batches([batch_id])[batch_id],
        "left_out": _left_out(request.actor, found),
        "whole": allowed(request.actor, rows.filter(state__in=WAITING_STATES)[:1]),
        "read_only": request.actor.role not in DECIDERS,
        **ticking(request.actor, listing.rows),
    }
    return render(request, "ledger/batch.html", context)


@roles(*DECIDERS)
@require_POST
def decide_corrections(request: ActorRequest) -> HttpResponse:
    """One decision for the ticked rows: first a page that names them and asks, then the answer of each."""
    decision, numbers = _picked(request)
    confirmed = request.POST if "confirmed" in request.POST else None
    form = NoteForm(confirmed, needed=decision in operations.REASONED)
    acting: dict[str, Any] = {"actor": request.actor, "correction_ids": numbers, "decision": decision}
    answers = attempt(
        request, form, lambda typed: operations.decide_many(**acting, note=typed["note"], now=clock.now())
    )
    if answers is not None:
        return _answered(request, decision, answers, _back(request))
    return _asking(request, decision, numbers, form)


@roles(*DECIDERS)
@require_POST
def approve_batch(request: ActorRequest, batch_id: int) -> HttpResponse:
    """Put everything of a batch that is still open in force."""
    return _decide_batch(request, batch_id, Decision.APPROVE)


@roles(*DECIDERS)
@require_POST
def reject_batch(request: ActorRequest, batch_id: int) -> HttpResponse:
    """Say no to everything of a batch that is still open, with the reason."""
    return _decide_batch(request, batch_id, Decision.REJECT)


@roles(*MANAGERS)
@require_POST
def cancel_batch(request: ActorRequest, batch_id: int) -> HttpResponse:
    """The proposer takes back what is still open."""
    return _decide_batch(request, batch_id, Decision.CANCEL)


def _learners(request: ActorRequest, rows: QuerySet[Correction]) -> Listing:
    return Listing(
        request,
        rows,
        search=("enrolment__person__name",),
        filters=[Filter("state", "状态", CorrectionState.choices())],
        sorts={"enrolment__person__name": "姓名", "day": "学习日期", "seconds": "时长", "state": "状态"},
        default_sort="enrolment__person__name",
        size=100,
        search_label="搜索姓名",
    )


class _Picking:
    """The page on which a class's refused time is picked: what is asked for, the rows found, and the answers."""

    def __init__(self, request: ActorRequest, cohort: training.Cohort) -> None:
        self.request, self.cohort, self.now = request, cohort, clock.now()
        self.posted = request.method == "POST"
        given = request.POST if self.posted else request.GET
        first = min(max(clock.civil_day(self.now), cohort.starts_on), cohort.ends_on)
        self.where = WindowForm(
            given if "unit" in given else None, initial={"first_day": first}, units=queries.units_to_make_up(cohort)
        )
        self.form = BatchForm(request.POST if self.posted else None)
        self.answers: Mapping[str, str] = {}
        self.window = self._window()
        self.found = self._find()

    @property
    def refused(self) -> bool:
        return bool(self.where.errors or self.form.errors)

    def propose(self) -> CorrectionBatch | None:
        """The batch, or None where nothing was posted or it was refused; then the page says why."""
        if not self.posted or self.window is None or not self.form.is_valid():
            return None
        try:
            return operations.propose_batch(
                actor=self.request.actor,
                cohort_id=self.cohort.pk,
                window=self.window,
                chosen=[_key(text) for text in self.request.POST.getlist("row")],
                now=self.now,
                **self.form.cleaned_data,
            )
        except Invalid as error:
            write_refusal(self.form, error)
            self.answers = error.fields
            return None

    def context(self) -> dict[str, Any]:
        ticked = set(self.request.POST.getlist("row"))
        rows = [
            (one, one.text_key in ticked if self.posted else one.suggested, self.answers.get(one.text_key, ""))
            for one in self.found.rows
        ]
        return {
            "cohort": self.cohort,
            "where": self.where,
            "form": self.form,
            "window": self.window,
            "rows": rows[:MOST_AT_ONCE],
            "cut": len(rows) > MOST_AT_ONCE,
            "most": MOST_AT_ONCE,
            "tickable": any(ticked or not one.why_not for one, ticked, _ in rows),
            "claimed": sum(one.claimed_seconds for one, _, _ in rows),
            "offered": sum(one.seconds for one, _, _ in rows),
            "silent": self.found.silent[:MOST_AT_ONCE],
            "silent_total": len(self.found.silent),
            "single": _single(self.window) if self.window else "",
            "wide": True,
        }

    def _window(self) -> Window | None:
        if not self.where.is_bound or not self.where.is_valid():
            return None
        window = self.where.window()
        try:
            operations.check_window(self.cohort, window, self.now)
        except Invalid as error:
            write_refusal(self.where, error)
            return None
        return window

    def _find(self) -> queries.Choices:
        if self.window is None:
            return queries.Choices([], [])
        q = self.where.cleaned_data.get("q", "")
        return queries.list_choices(actor=self.request.actor, cohort=self.cohort, window=self.window, q=q)


def _single(window: Window) -> str:
    """The query of the page of a single make-up (``corrections.ask_make_up``) that fills this window in."""
    since, until = queries.window_of(window, window.first_day)
    asked = {"unit": window.unit_id, "from": since.isoformat()}
    return urlencode(asked | ({"until": until.isoformat()} if window.until else {}))


def _decide_batch(request: ActorRequest, batch_id: int, decision: Decision) -> HttpResponse:
    answers = operations.decide_batch(
        actor=request.actor,
        batch_id=batch_id,
        decision=decision,
        note=request.POST.get("note", ""),
        now=clock.now(),
    )
    return _answered(request, decision, answers, reverse("ledger:batch", args=[batch_id]))


def _asking(request: ActorRequest, decision: Decision, numbers: Sequence[int], form: NoteForm) -> HttpResponse:
    """The page that names the ticked rows, says which of them cannot be done, and asks for the note."""
    found = queries.visible_corrections(request.actor).filter(pk__in=numbers).order_by("pk")
    rows = [(one, why_not(CHECKS[decision], request.actor, one)) for one in found]
    if not rows:
        raise NotFound("ledger.correction_not_found", "没有找到这些更正，或您无权查看。")
    context = {
        "decision": decision,
        "question": QUESTIONS[decision],
        "rows": rows,
        "any": any(not words for _, words in rows),
        "form": form,
        "back": _back(request),
        "batch_id": request.POST.get("batch", ""),
        "query": request.POST.get("query", ""),
    }
    return render(request, "ledger/decide.html", context, status=422 if form.errors else 200)


def _answered(request: ActorRequest, decision: Decision, answers: Sequence[Decided], back: str) -> HttpResponse:
    """Back with one sentence when every row was done; else a page that answers each row."""
    done = [one for one in answers if one.done]
    if len(done) == len(answers):
        messages.success(request, f"{decision.label}：{len(done)} 条全部办好，逐条记入存证。")
        return redirect(back)
    rows = queries.visible_corrections(request.actor).in_bulk([one.correction_id for one in answers])
    context = {
        "decision": decision,
        "answers": [(one, rows.get(one.correction_id)) for one in sorted(answers, key=lambda one: one.done)],
        "done": len(done),
        "undone": len(answers) - len(done),
        "back": back,
    }
    return render(request, "ledger/decided.html", context, status=200 if done else 409)


def _picked(request: ActorRequest) -> tuple[Decision, list[int]]:
    """The decision and the ticked numbers, or ``Invalid``."""
    asked = request.POST.get("decision", "")
    numbers = [int(text[:18]) for text in request.POST.getlist("correction") if text.isdecimal()]
    if asked not in {str(one) for one in Decision}:
        raise Invalid("ledger.no_decision", "请选择怎样办理这些更正。")
    if not numbers:
        raise Invalid("ledger.nothing_chosen", "请先勾选要办理的更正，再点按钮。")
    return Decision(asked), numbers


def _back(request: ActorRequest) -> str:
    """The batch or the list as it was narrowed."""
    batch_id, query = request.POST.get("batch", ""), request.POST.get("query", "")
    if batch_id.isdecimal():
        return reverse("ledger:batch", args=[int(batch_id[:18])])
    return reverse("ledger:corrections") + (query if query.startswith("?") else "")


def _left_out(actor: Actor, found: CorrectionBatch) -> list[dict[str, Any]]:
    """Who was left out, with names; one query where anybody was."""
    if not found.left_out:
        return []
    numbers = {one["enrolment"] for one in found.left_out}
    learners = training.visible_enrolments(actor).in_bulk(numbers)
    rows = [(learners.get(one["enrolment"]), one) for one in found.left_out]
    return [
        {"name": who.person.name, "day": dt.date.fromisoformat(one["day"]), "words": one["words"], "enrolment": who.pk}
        for who, one in rows
        if who is not None
    ]


def _key(text: str) -> RowKey:
    """A posted row; a broken one is nobody's."""
    number, _, day = text.partition(":")
    try:
        found = parse_date(day)
    except ValueError:
        found = None
    return (int(number[:18]), found) if number.isdecimal() and found else (0, dt.date.min)
