"""Pages of incidents for those who work on them: the list, one incident, explaining, ruling, deciding an appeal."""

import base64
import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity import api as identity
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Actor, Role
from zhenxue.integrity import rules
from zhenxue.integrity.data import IncidentKind, IncidentState
from zhenxue.integrity.models import Incident, Ruling
from zhenxue.integrity.operations import captures as pictures
from zhenxue.integrity.operations import incidents as operations
from zhenxue.integrity.operations.pictures import open_picture
from zhenxue.integrity.policies import incidents as policies
from zhenxue.integrity.queries import incidents as queries
from zhenxue.integrity.queries.exporting import HEADER, export_rows
from zhenxue.integrity.web.incident_forms import DecisionForm, RulingForm, StatementForm
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows, why_not
from zhenxue.kernel.sheets import CellValue, write_xlsx
from zhenxue.kernel.web.downloads import XLSX, as_download
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
JUDGES = (Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
STAFF = (*MANAGERS, *JUDGES)
#: A workbook holds no more; a CSV any number.
XLSX_ROWS = 20_000
EXPLAIN = {"label": "情况说明", "hint": "写清当时的情况和依据，例如场所、设备、值班老师。10 至 2000 个字。"}


@roles(*STAFF)
@require_GET
def incidents(request: ActorRequest) -> HttpResponse:
    """Every incident in sight."""
    listing, today = _listing(request), clock.civil_day(clock.now())
    lines = [(one, one.due, one.is_overdue(today)) for one in listing.rows]
    context = {"listing": listing, "lines": lines, "today": today, "wide": True}
    return render(request, "integrity/incidents.html", context | {"read_only": False})


@roles(*STAFF)
@require_GET
def export_incidents(request: ActorRequest, form: str) -> HttpResponse:
    """The list as it is narrowed, as CSV or XLSX; the download goes into the evidence."""
    if form not in {"csv", "xlsx"}:
        raise NotFound("integrity.export_form", "只能下载 xlsx 或 csv。")
    listing, now = _listing(request), clock.now()
    if form == "xlsx" and listing.total > XLSX_ROWS:
        words = f"核查超过 {XLSX_ROWS:,} 件，请先筛选，或改用 CSV 下载（不限件数）。"
        raise Invalid("integrity.export_too_long", words)
    content = list(export_rows(listing.queryset))
    operations.record_export(actor=request.actor, count=len(content), now=now)
    if form == "xlsx":
        answer = HttpResponse(write_xlsx("核查清单", HEADER, content), content_type=XLSX)
    else:
        answer = HttpResponse(b"".join(_csv(content)), content_type="text/csv; charset=utf-8")
    return as_download(answer, f"核查清单-{clock.civil_day(now)}.{form}")


@roles(*STAFF)
@require_GET
def incidents_block(request: ActorRequest) -> HttpResponse:
    """Home: what waits for whoever asks, with its deadlines."""
    today = clock.civil_day(clock.now())
    waiting = queries.waiting_for(request.actor, today)
    lines = [(one, one.due, one.is_overdue(today)) for one in waiting[:6]]
    return render(request, "integrity/_incidents_block.html", {"lines": lines, "count": waiting.count()})


@roles(*STAFF)
@require_GET
def incident(request: ActorRequest, incident_id: int) -> HttpResponse:
    """One incident: its signals and what speaks against them, pictures, timeline, acts."""
    found = queries.get_incident(request.actor, incident_id)
    return render(request, "integrity/incident.html", _context(request, found))


@roles(*MANAGERS)
@require_http_methods(["GET", "POST"])
@creates
def explain(request: ActorRequest, incident_id: int) -> HttpResponse:
    """The provider explains."""
    found = queries.get_incident(request.actor, incident_id)
    policies.check_can_explain(request.actor, found)
    form = StatementForm(request.POST or None, request.FILES or None, **EXPLAIN)
    acting: dict[str, Any] = {"actor": request.actor, "incident_id": incident_id, "now": clock.now()}
    if attempt(request, form, lambda values: operations.explain(**acting, **values)):
        messages.success(request, "说明已提交并存证，等待裁定。")
        return redirect("integrity:incident", incident_id)
    context = {"incident": found, "form": form, "signals": queries.signals_of(found)}
    return render(request, "integrity/explain.html", context, status=422 if form.errors else 200)


@roles(*JUDGES)
@require_http_methods(["GET", "POST"])
def rule(request: ActorRequest, incident_id: int) -> HttpResponse:
    """The operator or the bureau rules."""
    found, now = queries.get_incident(request.actor, incident_id), clock.now()
    policies.check_can_rule(request.actor, found, None, now)
    form = RulingForm(request.POST or None, incident=found)
    acting: dict[str, Any] = {"actor": request.actor, "incident_id": incident_id, "now": now}
    if attempt(request, form, lambda _: operations.rule(**acting, **form.ruling())):
        messages.success(request, "裁定已作出并存证，学员可以在“我的核查”里看到。")
        return redirect("integrity:incident", incident_id)
    context = {"form": form, "period": found.period, "days": _days(found), **_context(request, found)}
    return render(request, "integrity/rule.html", context, status=422 if form.errors else 200)


@roles(*JUDGES)
@require_http_methods(["GET", "POST"])
def decide(request: ActorRequest, incident_id: int) -> HttpResponse:
    """A second person decides the appeal."""
    found = queries.get_incident(request.actor, incident_id)
    first = _appealed(request.actor, found)
    form = DecisionForm(request.POST or None, first=first)
    acting: dict[str, Any] = {"actor": request.actor, "incident_id": incident_id, "now": clock.now()}
    if attempt(request, form, lambda values: operations.decide_appeal(**acting, **values)):
        messages.success(request, "复核决定已作出并存证，已告知学员。")
        return redirect("integrity:incident", incident_id)
    context = {"form": form, **_context(request, found)}
    return render(request, "integrity/decide.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_GET
def blurred(request: ActorRequest, incident_id: int, capture_id: int) -> HttpResponse:
    """A picture of a camera, blurred by the server."""
    content = pictures.blurred_capture(actor=request.actor, incident_id=incident_id, capture_id=capture_id)
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})


@roles(*STAFF)
@never_cache
@require_POST
def clear(request: ActorRequest, incident_id: int, capture_id: int) -> HttpResponse:
    """Shows one picture clearly, once, inside the answer itself: it has no address of its own."""
    reason, now = request.POST.get("reason", ""), clock.now()
    content = pictures.clear_capture(
        actor=request.actor, incident_id=incident_id, capture_id=capture_id, reason=reason, now=now
    )
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return render(request, "integrity/capture.html", {"incident_id": incident_id, "source": source})


@roles(Role.LEARNER, *STAFF)
@never_cache
@require_GET
def picture(request: ActorRequest, incident_id: int, statement_id: int, number: int) -> HttpResponse:
    """A picture of an explanation or an appeal."""
    statement = queries.get_statement(request.actor, incident_id, statement_id)
    return HttpResponse(open_picture(statement, number), content_type="image/jpeg")


def steps_of(found: Incident) -> list[tuple[str, str]]:
    """The stepped line of an incident's life; an appeal is shown where there is one."""
    state = IncidentState(found.state)
    heard = state is not IncidentState.OPEN
    ruled = state in {IncidentState.RULED, IncidentState.APPEALED, IncidentState.CLOSED}
    steps = [("立案", "done"), ("机构说明", "done" if heard else "now")]
    steps.append(("裁定", "done" if ruled else "now" if heard else "todo"))
    if found.decide_by is not None:
        steps.append(("申诉复核", "done" if state is IncidentState.CLOSED else "now"))
    return [*steps, ("办结", "done" if state is IncidentState.CLOSED else "todo")]


def _listing(request: ActorRequest) -> Listing:
    today = clock.civil_day(clock.now())
    todo = (("mine", "等我处理"), ("late", "已逾期"))
    waiting = queries.waiting_for(request.actor, today).values("pk")
    filters = [
        Filter("kind", "类型", IncidentKind.choices()),
        Filter("state", "状态", IncidentState.choices()),
        Filter(
            "todo",
            "待办",
            todo,
            apply=lambda rows, value: rows.filter(pk__in=waiting) if value == "mine" else queries.overdue(rows, today),
        ),
        *_scope_filters(request.actor),
    ]
    return Listing(
        request,
        queries.visible_incidents(request.actor),
        search=("person__name", "cohort__title", "cohort__code", "organisation__name"),
        filters=filters,
        sorts={"opened_at": "立案时间", "score": "分值", "rule_by": "裁定期限", "state": "状态", "kind": "类型"},
        default_sort="-opened_at",
        search_label="搜索学员、班期、机构",
    )


def _scope_filters(actor: Actor) -> Iterable[Filter]:
    """Counties and providers, for those who see more than one of them."""
    if actor.is_manager:
        return ()
    regions = [(one.code, one.name) for one in identity.list_regions(within=actor.region_code)]
    known = queries.providers_of(actor)
    within = Filter("region", "地区", regions, apply=lambda rows, code: rows.filter(region_id__startswith=code))
    return (within, Filter("provider", "机构", known, field="organisation_id"))


def _context(request: ActorRequest, found: Incident) -> dict[str, Any]:
    now, first = clock.now(), queries.ruling_of(found)
    today = clock.civil_day(now)
    return {
        "incident": found,
        "steps": steps_of(found),
        "due": found.due,
        "late": found.is_overdue(today),
        "gathering": rules.GATHERING[IncidentKind(found.kind)],
        "signals": queries.signals_of(found),
        "captures": queries.captures_of(found),
        "may_see_faces": policies.may_see_faces(request.actor),
        "story": queries.story_of(found),
        "people": queries.people_in(found) if found.person_id is None else [],
        "parts": queries.parts_of(found),
        "timeline": queries.timeline_of(found),
        "entries": queries.history_of(found),
        "may_explain": allows(policies.check_can_explain, request.actor, found),
        "may_rule": allows(policies.check_can_rule, request.actor, found, None, now),
        "may_decide": allows(policies.check_can_decide, request.actor, found, first),
        "why_not_decide": why_not(policies.check_can_decide, request.actor, found, first)
        if found.state == IncidentState.APPEALED and policies.is_judge_of(request.actor, found)
        else "",
        "wide": True,
    }


def _appealed(actor: Actor, found: Incident) -> Ruling:
    first = queries.ruling_of(found)
    policies.check_can_decide(actor, found, first)
    if first is None:
        raise NotFound("integrity.not_ruled", "这件核查还没有裁定。")
    return first


def _days(found: Incident) -> list[dt.date]:
    """The civil days of the signals of one learner, for a look at what counted on each; a fortnight at most."""
    if found.enrolment_id is None:
        return []
    moments = found.signals.values_list("happened_at", flat=True)
    return sorted({clock.civil_day(one) for one in moments})[:14]


def _csv(rows: Iterable[list[CellValue]]) -> Iterator[bytes]:
    """With the mark that spreadsheet programs need for Chinese; no cell is a formula."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([_text(value) for value in row])
    yield buffer.getvalue().encode()


def _text(value: CellValue) -> str:
    """A cell as text: moments in China's time, and nothing that a spreadsheet would take for a formula."""
    if value is None:
        return ""
    text = f"{value.astimezone(clock.CIVIL_ZONE):%Y-%m-%d %H:%M:%S}" if isinstance(value, dt.datetime) else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
