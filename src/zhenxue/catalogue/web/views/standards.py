"""Standards and their points."""

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhenxue.catalogue.data import PointDraft, RowAnswer, StandardKind
from zhenxue.catalogue.operations import standards as acts
from zhenxue.catalogue.policies import STAFF, can_create_standard, can_edit_standard, check_can_edit_standard
from zhenxue.catalogue.queries.standards import get_standard, list_points, visible_standards
from zhenxue.catalogue.web.forms import SheetForm, StandardForm
from zhenxue.identity.api import ActorRequest, Role, roles
from zhenxue.kernel import clock, sheets
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import xlsx
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

MAKERS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER, Role.OPERATOR_ADMIN})
SALT = "catalogue.points"


@roles(*STAFF)
def standards(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        visible_standards(request.actor),
        search=("name", "code", "occupation__name"),
        filters=(Filter("kind", "类别", StandardKind.choices()),),
        sorts={"code": "编号", "name": "名称", "created_at": "登记时间"},
        default_sort="-created_at",
        search_label="标准名称、编号或职业",
    )
    context = {"listing": listing, "can_add": can_create_standard(request.actor)}
    return render(request, "catalogue/standards.html", context)


@roles(*MAKERS)
@creates
def new_standard(request: ActorRequest) -> HttpResponse:
    form = StandardForm(request.POST or None)
    made = attempt(request, form, lambda values: acts.create_standard(actor=request.actor, now=clock.now(), **values))
    if made:
        messages.success(request, "标准已登记，接着导入知识点与技能点。")
        return redirect("catalogue:import_points", made.pk)
    return render(request, "catalogue/new_standard.html", {"form": form}, status=422 if form.errors else 200)


@roles(*STAFF)
def standard(request: ActorRequest, standard_id: int) -> HttpResponse:
    found = get_standard(request.actor, standard_id)
    context = {
        "standard": found,
        "points": list_points(found.pk),
        "can_edit": can_edit_standard(request.actor, found),
    }
    return render(request, "catalogue/standard.html", context)


@roles(*MAKERS)
def import_points(request: ActorRequest, standard_id: int) -> HttpResponse:
    """Upload a sheet; the answer per row is shown before anything is saved."""
    found = get_standard(request.actor, standard_id)
    check_can_edit_standard(request.actor, found)
    form = SheetForm(request.POST or None, request.FILES or None)
    rows = attempt(request, form, lambda values: _read(values["file"]))
    context = {"standard": found, "form": form, "rows": rows}
    if rows:
        drafts = [draft for draft, _ in rows if draft]
        context["faulty"] = len(rows) - len(drafts)
        context["payload"] = "" if context["faulty"] else _seal(drafts)
    return render(request, "catalogue/import_points.html", context, status=422 if form.errors else 200)


@roles(*MAKERS)
@require_POST
def save_points(request: ActorRequest, standard_id: int) -> HttpResponse:
    """Save exactly what the preview showed."""
    drafts = _unseal(request.POST.get("payload", ""))
    fresh = acts.import_points(actor=request.actor, standard_id=standard_id, drafts=drafts, now=clock.now())
    messages.success(request, f"已导入 {len(drafts)} 行：新增 {fresh} 个，更新 {len(drafts) - fresh} 个。")
    return redirect("catalogue:standard", standard_id)


@roles(*MAKERS)
@require_GET
def point_template(request: ActorRequest) -> HttpResponse:
    header = [column.titles[0] for column in acts.POINT_COLUMNS]
    notes = ("类别填：知识点、技能点。", "编号在同一标准内不能重复；已有的编号会更新内容，表里没有的点会保留。")
    content = sheets.write_xlsx("知识点与技能点", header, acts.POINT_TEMPLATE_ROWS, notes, as_text=True)
    return xlsx(content, "知识点与技能点模板.xlsx")


def _read(file: object) -> list[tuple[PointDraft | None, RowAnswer]]:
    sheet = sheets.read_sheet(file, getattr(file, "name", ""), max_rows=acts.MOST_POINTS)  # type: ignore[arg-type]  # an uploaded file reads like a stream
    return acts.read_point_table(sheets.table(sheet, acts.POINT_COLUMNS))


def _seal(drafts: list[PointDraft]) -> str:
    rows = [[draft.kind, draft.code, draft.title, draft.chapter] for draft in drafts]
    return signing.dumps(rows, salt=SALT, compress=True)


def _unseal(payload: str) -> list[PointDraft]:
    try:
        rows = signing.loads(payload, salt=SALT, max_age=24 * 3600)
    except signing.BadSignature as error:
        raise Invalid("catalogue.preview_expired", "预览已失效，请重新选择表格文件。") from error
    return [PointDraft(*row) for row in rows]
