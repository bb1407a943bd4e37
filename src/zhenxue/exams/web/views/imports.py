"""Files of questions: upload, look at every item, choose, confirm; and banks as files."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhenxue.exams import policies, queries, tasks
from zhenxue.exams.data import DoubleChoice, ImportState, Kind, Verdict
from zhenxue.exams.formats import Item, exporting, template
from zhenxue.exams.models import ImportItem, QuestionBank, QuestionImport
from zhenxue.exams.operations import importing as operations
from zhenxue.exams.operations.mending import mend_item
from zhenxue.exams.queries import banks as shelves
from zhenxue.exams.queries import imports
from zhenxue.exams.web.forms import MendForm, UploadForm
from zhenxue.exams.web.mending import Shown
from zhenxue.exams.web.support import AUTHORS, status_of
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel import clock, storage
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.downloads import as_download, xlsx
from zhenxue.kernel.web.files import serve_file
from zhenxue.kernel.web.forms import try_form

MOST_NAMED = 20
KEPT_SECONDS = 600
_ZIP = "application/zip"
_TYPES = {".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zip": _ZIP}


@roles(*AUTHORS)
@require_GET
def import_template(request: ActorRequest) -> HttpResponse:
    return xlsx(template.empty_template(), "题目导入模板.xlsx")


@roles(*AUTHORS)
def import_new(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    form = UploadForm(request.POST or None, request.FILES or None)
    preview = try_form(form, lambda: _upload(request, bank, form))
    if preview is not None:
        return redirect("exams:preview", bank.pk, preview.pk)
    return render(request, "exams/import.html", {"bank": bank, "form": form}, status=status_of(form))


def _upload(request: ActorRequest, bank: QuestionBank, form: UploadForm) -> QuestionImport:
    file = form.cleaned_data["file"]
    made = operations.preview_import(actor=request.actor, bank=bank, source=file, file_name=file.name, now=clock.now())
    _enqueue(request, made)
    return made


def _enqueue(request: ActorRequest, made: QuestionImport) -> None:
    if made.state == ImportState.READING:
        tasks.read_import.enqueue(made.pk)
    elif made.state == ImportState.SAVING:
        assert request.actor.account_id is not None
        tasks.save_import.enqueue(made.pk, request.actor.account_id, str(request.actor.role))


@roles(*AUTHORS)
@never_cache
@require_GET
def import_page(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    page = "exams/_import.html" if request.htmx else "exams/preview.html"
    return render(request, page, _context(request, bank, preview))


@roles(*AUTHORS)
@never_cache
def import_item(request: ActorRequest, bank_id: int, import_id: int, position: int) -> HttpResponse:
    """The preview with one item open to be mended; posted, that item alone is checked again."""
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    if request.method == "POST":
        return _mend(request, bank, preview, position)
    if preview.state != ImportState.CHECKED:
        return redirect("exams:preview", bank.pk, preview.pk)
    item = imports.get_item(preview, position)
    opened = item, MendForm.of(imports.said_in(item), item.problems)
    return render(request, "exams/preview.html", _context(request, bank, preview, opened))


def _mend(request: ActorRequest, bank: QuestionBank, preview: QuestionImport, position: int) -> HttpResponse:
    form = MendForm(request.POST, request.FILES)
    asks = request.POST.get("act", "save") == "save"
    answer = try_form(form, lambda: _check_again(request, preview, position, form)) if asks else None
    if answer is not None and answer.draft is not None:
        messages.success(request, f"{answer.where} 已改好，放到了可以导入的题里。确认导入后才写入题库。")
        return _to_next(request, bank, preview, position)
    if answer is not None:
        form.refuse(answer.problems)
    item = imports.get_item(preview, position)
    preview.refresh_from_db()
    context = _context(request, bank, preview, (item, form))
    return render(request, "exams/preview.html", context, status=422 if asks else 200)


def _check_again(request: ActorRequest, preview: QuestionImport, position: int, form: MendForm) -> Item:
    files = [(one.name or "", one) for one in form.cleaned_data["uploads"]]
    return mend_item(
        actor=request.actor, preview=preview, position=position, written=form.written(), files=files, now=clock.now()
    )


def _to_next(request: ActorRequest, bank: QuestionBank, preview: QuestionImport, position: int) -> HttpResponse:
    """On to the next item that has to be mended, or back to the whole."""
    following = imports.next_refused(preview, position)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    if following is None:
        return redirect(f"{reverse('exams:preview', args=[bank.pk, preview.pk])}{query}#import")
    there = reverse("exams:import_item", args=[bank.pk, preview.pk, following])
    return redirect(f"{there}{query}#item-{following}")


@roles(*AUTHORS)
@require_GET
def import_file(request: ActorRequest, bank_id: int, import_id: int, index: int) -> HttpResponseBase:
    """A picture, sound or film of a file that is not saved yet."""
    preview = queries.get_import(request.actor, queries.get_bank(request.actor, bank_id), import_id)
    one = imports.get_medium(preview, index)
    path = storage.full_path(one["path"])
    return serve_file(request, path, content_type=one["mime"], name=one["name"], max_age=KEPT_SECONDS)


def _context(
    request: ActorRequest,
    bank: QuestionBank,
    preview: QuestionImport,
    opened: tuple[ImportItem, MendForm] | None = None,
) -> dict[str, object]:
    busy = imports.is_busy(preview)
    listing = Listing(
        request,
        imports.items_of(preview),
        search=("stem", "where"),
        filters=(Filter("verdict", "结果", Verdict.choices()), Filter("kind", "题型", Kind.choices())),
        sorts={"position": "序号"},
        default_sort="position",
        search_label="搜索题干或位置",
    )
    if not busy:
        shown = Shown(preview)
        for item in listing.rows:
            item.chosen = imports.choice_of(preview, shown.put_on(item))
        opened = opened or _first_refused(preview, listing.rows)
    return {
        "opened": opened,
        "apart": opened is not None and all(one.pk != opened[0].pk for one in listing.rows),
        "here": f"?{request.GET.urlencode()}" if request.GET else "",
        "points": shelves.points_of(bank) if opened else (),
        "bank": bank,
        "preview": preview,
        "busy": busy,
        "stale": operations.is_stale(preview, clock.now()),
        "percent": imports.percent_done(preview),
        "counts": imports.count_items(preview),
        "format": imports.FORMATS.get(preview.format, ""),
        "listing": listing,
        "choices": DoubleChoice.choices(),
    }


def _first_refused(preview: QuestionImport, rows: list[ImportItem]) -> tuple[ImportItem, MendForm] | None:
    """The first item of the page that waits to be mended stands open."""
    waits = preview.state == ImportState.CHECKED
    item = next((one for one in rows if waits and one.verdict == Verdict.REFUSED), None)
    return (item, MendForm.of(imports.said_in(item), item.problems)) if item else None


@roles(*AUTHORS)
@require_POST
def import_choose(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    one = request.POST.get("position", "")
    position = int(one) if one.isascii() and one.isdecimal() and len(one) < 9 else None
    operations.choose_doubles(
        actor=request.actor, preview=preview, choice=request.POST.get("choice", ""), position=position
    )
    messages.success(request, "已记下重复的题怎么处理。")
    back = redirect("exams:preview", bank.pk, preview.pk)
    back["Location"] += "?verdict=same" if request.POST.get("verdict") == "same" else ""
    return back


@roles(*AUTHORS)
@require_POST
def import_save(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    if "discard" in request.POST:
        operations.discard_import(actor=request.actor, preview=preview)
        messages.success(request, "已放弃这次导入，题库没有变化。")
        return redirect("exams:import", bank.pk)
    only_good = "only_good" in request.POST
    done = operations.confirm_import(actor=request.actor, preview=preview, only_good=only_good, now=clock.now())
    _enqueue(request, done)
    if done.state == ImportState.SAVED:
        messages.success(request, f"已导入 {done.saved} 道题。")
    return redirect("exams:preview", bank.pk, preview.pk)


@roles(*AUTHORS)
@require_POST
def import_resume(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    preview = queries.get_import(request.actor, bank, import_id)
    _enqueue(request, operations.resume_import(actor=request.actor, preview=preview, now=clock.now()))
    return redirect("exams:preview", bank.pk, preview.pk)


@roles(*AUTHORS)
@require_GET
def import_refused(request: ActorRequest, bank_id: int, import_id: int) -> HttpResponse:
    preview = queries.get_import(request.actor, queries.get_bank(request.actor, bank_id), import_id)
    return xlsx(imports.refused_sheet(preview), "待修改的题目.xlsx")


@roles(*AUTHORS)
@require_GET
def bank_export(request: ActorRequest, bank_id: int, form: str) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    policies.check_can_write(request.actor, bank.organisation_id)
    write = {"xlsx": exporting.xlsx, "gift": exporting.gift, "qti": exporting.qti}.get(form)
    if write is None:
        raise NotFound("exams.export_format", "没有这种导出格式，请选 Excel、GIFT 或 QTI。")
    data, name, _ = write(imports.drafts_of(bank))
    kind = _TYPES.get(name[name.rfind(".") :], "text/plain; charset=utf-8")
    return as_download(HttpResponse(data, content_type=kind), f"{bank.title}-{name}")


@roles(*AUTHORS)
@require_GET
def exports(request: ActorRequest, bank_id: int) -> HttpResponse:
    bank = queries.get_bank(request.actor, bank_id)
    policies.check_can_write(request.actor, bank.organisation_id)
    drafts = imports.drafts_of(bank)
    left_out = {"gift": exporting.gift(drafts)[2], "qti": exporting.qti(drafts)[2]}
    shown = {name: (len(lines), lines[:MOST_NAMED]) for name, lines in left_out.items()}
    context = {"bank": bank, "total": len(drafts), "left_out": shown}
    return render(request, "exams/export.html", context)
