"""Files of questions: read, answer every item, choose what happens to doubles, save as a whole or drop.

A small file is read and saved at once; a large one by the worker (``tasks``), with progress. Nothing enters the bank
before it is confirmed, and then all at once.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import astuple
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from zhenxue.exams import formats
from zhenxue.exams.data import IMPORT_TRANSITIONS, DoubleChoice, ImportState, QuestionState, Verdict
from zhenxue.exams.formats.draft import Draft, DraftAsset, Item
from zhenxue.exams.formats.safety import MAX_FILE_BYTES, MIB
from zhenxue.exams.models import ImportItem, Question, QuestionBank, QuestionImport
from zhenxue.exams.operations import doubles
from zhenxue.exams.operations.filling import Filling
from zhenxue.exams.policies import check_can_change_bank
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets, storage
from zhenxue.kernel.errors import Conflict, Invalid, ZhenxueError

#: A file up to so many bytes is read while the page waits; so many items are saved while it waits.
AT_ONCE_BYTES = 400_000
AT_ONCE_ITEMS = 500
CHUNK = 500
MAX_ITEMS = 30_000
#: Work without progress for so long has died with its server and may be started again.
STALE_MINUTES = 5
FOLDER = "imports"
OPEN = (ImportState.READING, ImportState.CHECKED, ImportState.FAILED)
DONE = "这份文件已经处理过了，没有重复导入。请回到题库查看。"


def preview_import(
    *,
    actor: Actor,
    bank: QuestionBank,
    source: bytes | sheets.Readable,
    file_name: str,
    now: dt.datetime,
    at_once: bool = False,
) -> QuestionImport:
    """Takes a file. A small one (or with ``at_once``) is read here; a large one waits (``READING``) for
    ``read_import``. An earlier one of the bank that was not confirmed is dropped.

    Raises ``Invalid`` when nothing can be read at all; then nothing is kept.
    """
    check_can_change_bank(actor, bank)
    data = source if isinstance(source, bytes) else source.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        message = f"文件超过 {MAX_FILE_BYTES // MIB} MB，请拆成几个文件再导入。"
        raise Invalid("exams.file_too_large", message, fields={"file": message})
    reading = formats.read(data, file_name) if at_once or len(data) <= AT_ONCE_BYTES else None
    with transaction.atomic():
        for other in QuestionImport.objects.filter(bank=bank, state__in=OPEN):
            _drop(other)
        found = QuestionImport.objects.create(
            bank=bank,
            file_name=file_name[-200:],
            sha256=hashlib.sha256(data).hexdigest(),
            created_by_id=actor.account_id,
            created_at=now,
            progress_at=now,
        )
        if reading is None:
            found.path = storage.store_stream(f"{FOLDER}/{found.pk}", storage.new_name(), iter([data])).path
            found.save(update_fields=["path"])
        else:
            _keep_items(found, reading)
    return found


def read_import(*, import_id: int) -> None:
    """Reads a large file, with progress; the worker calls it. Dropped meanwhile: nothing happens.

    May die anywhere and be run again.
    """
    found = QuestionImport.objects.filter(pk=import_id, state=ImportState.READING).select_related("bank").first()
    if found is None:
        return
    try:
        data = storage.full_path(found.path).read_bytes()
        reading = formats.read(data, found.file_name)
        del data
        _keep_items(found, reading)
    except (ZhenxueError, OSError) as error:
        message = error.message if isinstance(error, ZhenxueError) else "文件没有保存完整，请重新上传。"
        QuestionImport.objects.filter(pk=import_id, state=ImportState.READING).update(
            state=ImportState.FAILED, failure=message[:300]
        )


def _keep_items(found: QuestionImport, reading: formats.Reading) -> None:
    """Every item with its answer; the whole is checked when all are there."""
    if len(reading.items) > MAX_ITEMS:
        message = f"文件里有 {len(reading.items):,} 道题，一次最多 {MAX_ITEMS:,} 道，请拆成几个文件。"
        raise Invalid("exams.file_too_many", message, fields={"file": message})
    mine = QuestionImport.objects.filter(pk=found.pk, state=ImportState.READING)
    media = _keep_media(found, reading.items)
    known = doubles.Known(found.bank, media)
    ImportItem.objects.filter(batch=found).delete()
    mine.update(total=len(reading.items), progress_at=Now())
    done = 0
    for chunk in batched(enumerate(reading.items, start=1), CHUNK):
        rows = [_row(found, position, item, known) for position, item in chunk]
        ImportItem.objects.bulk_create(rows)
        done += len(rows)
        if not mine.update(done=done, progress_at=Now()):
            return  # dropped meanwhile
    fields: dict[str, Any] = {"format": reading.format, "notes": list(reading.notes)[:50], "media": media}
    mine.update(state=ImportState.CHECKED, **fields)
    found.refresh_from_db()


def _keep_media(found: QuestionImport, items: list[Item]) -> list[dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for one in (asset for item in items for asset in (item.draft.assets if item.draft else item.assets)):
        if one.name not in kept:
            kept[one.name] = keep_medium(found, one)
    return list(kept.values())


def keep_medium(found: QuestionImport, one: DraftAsset) -> dict[str, Any]:
    """Puts the bytes away; what ``QuestionImport.media`` holds of it."""
    stored = storage.store_stream(f"{FOLDER}/{found.pk}", storage.new_name(), iter([one.data]))
    facts = {name: getattr(one, name) for name in ("name", "mime", "kind", "width", "height")}
    return facts | {"path": stored.path, "sha256": stored.sha256, "size": stored.size_bytes}


def _row(found: QuestionImport, position: int, item: Item, known: doubles.Known) -> ImportItem:
    row = ImportItem(batch=found, position=position, where=item.where[:160])
    if item.draft is None:
        put_refused(row, item)
    else:
        put_draft(row, item.draft, item.notes)
        put_match(row, known.match(position, item.draft))
    return row


def put_refused(row: ImportItem, item: Item) -> None:
    """What is wrong with an item, and what there is of it to mend."""
    row.verdict, row.problems, row.notes = Verdict.REFUSED, list(item.problems), list(item.notes)
    row.stem, row.written = item.written.stem[:2000], list(astuple(item.written))


def put_draft(row: ImportItem, draft: Draft, notes: Sequence[str]) -> None:
    """A question that can be saved."""
    row.kind, row.stem, row.draft, row.notes = str(draft.kind), draft.stem, dump(draft), list(notes)
    row.problems, row.written = [], []


def put_match(row: ImportItem, match: doubles.Match) -> None:
    """What the item repeats."""
    row.verdict, row.digest = match.verdict, match.digest
    row.double_of_id, row.double_at = match.question_id, match.position


def dump(draft: Draft) -> dict[str, Any]:
    """A draft as JSON; its media are named."""
    values = {name: getattr(draft, name) for name in ("stem", "body", "key", "explanation", "point", "source")}
    score = str(draft.score) if draft.score is not None else None
    names = [one.name for one in draft.assets]
    return {"kind": str(draft.kind), "score": score, "difficulty": draft.difficulty, "assets": names, **values}


def choose_doubles(*, actor: Actor, preview: QuestionImport, choice: str, position: int | None = None) -> None:
    """What happens to one item that is there already, or to all of them (which forgets what was said of single ones).

    Raises ``Invalid`` for a word that is no choice, ``Conflict`` when the file was dealt with.
    """
    check_can_change_bank(actor, preview.bank)
    if choice not in {one.value for one in DoubleChoice}:
        raise Invalid("exams.import_choice", "请选择重复的题怎么处理：跳过、作为新版本或两道都留。")
    with transaction.atomic():
        found = checked(preview)
        items = found.items.filter(verdict__in=(Verdict.SAME, Verdict.SIMILAR))
        if position is None:
            items.exclude(choice="").update(choice="")
            QuestionImport.objects.filter(pk=found.pk).update(doubles=choice)
        else:
            items.filter(position=position).update(choice=choice)


def confirm_import(*, actor: Actor, preview: QuestionImport, only_good: bool, now: dt.datetime) -> QuestionImport:
    """Says yes to a file that was read. A small one is saved here; a large one becomes ``SAVING`` and waits for
    ``run_save``. With a refused item nothing is saved, unless ``only_good`` leaves those out. A second click raises
    ``Conflict``.
    """
    check_can_change_bank(actor, preview.bank)
    with transaction.atomic():
        found = _locked(preview)
        if ImportState.SAVING not in IMPORT_TRANSITIONS[ImportState(found.state)]:
            raise Conflict("exams.import_done", DONE)
        refused = list(found.items.filter(verdict=Verdict.REFUSED).order_by("position").values_list("where", flat=True))
        if refused and not only_good:
            raise Invalid(
                "exams.import_refused",
                f"{'、'.join(refused[:10])} 有问题，一道题也没有导入。请在这里改好，或只导入没有问题的题。",
            )
        if not found.items.exclude(verdict=Verdict.REFUSED).exists():
            raise Invalid("exams.import_nothing", "没有一道题可以导入，请按每道题的提示改好。")
        found.state, found.only_good, found.done, found.progress_at = ImportState.SAVING, only_good, 0, now
        found.save(update_fields=["state", "only_good", "done", "progress_at"])
        if found.total <= AT_ONCE_ITEMS:
            _save(actor, found, now)
    return found


def run_save(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Saves a confirmed file in one transaction; the worker calls it with the actor who confirmed.

    Refused by a rule, the file waits to be confirmed again, says why, and the bank is unchanged.
    """
    try:
        with transaction.atomic():
            found = QuestionImport.objects.select_for_update().select_related("bank").filter(pk=import_id).first()
            if found is not None and found.state == ImportState.SAVING:
                check_can_change_bank(actor, found.bank)
                _save(actor, found, now)
    except ZhenxueError as error:
        QuestionImport.objects.filter(pk=import_id, state=ImportState.SAVING).update(
            state=ImportState.CHECKED, failure=f"没有导入。{error.message}"[:300]
        )


def _save(actor: Actor, found: QuestionImport, now: dt.datetime) -> None:
    filling = Filling(actor, found, _media(found), now)
    items = found.items.exclude(verdict=Verdict.REFUSED).select_related("double_of").order_by("position")
    for item in items.iterator(chunk_size=CHUNK):
        filling.take(item)
    refused = found.items.filter(verdict=Verdict.REFUSED).count()
    mended = found.items.filter(mended_at__isnull=False).exclude(verdict=Verdict.REFUSED).count()
    saved, skipped = filling.finish({"file_sha256": found.sha256, "refused": refused, "mended": mended})
    found.state, found.saved, found.skipped, found.failure = ImportState.SAVED, saved, skipped, ""
    found.done = found.total
    _clear(found)
    found.media = []
    found.save(update_fields=["state", "saved", "skipped", "failure", "done", "media"])
    found.items.exclude(verdict=Verdict.REFUSED).delete()  # the refused ones can still be fetched and mended


def _media(found: QuestionImport) -> dict[str, DraftAsset]:
    return {
        one["name"]: DraftAsset(
            one["name"],
            storage.full_path(one["path"]).read_bytes(),
            one["mime"],
            one["kind"],
            one["width"],
            one["height"],
        )
        for one in found.media
    }


def discard_import(*, actor: Actor, preview: QuestionImport) -> None:
    """Drops a file that was not confirmed; one that was saved stays saved."""
    check_can_change_bank(actor, preview.bank)
    with transaction.atomic():
        found = _locked(preview)
        if found.state in OPEN:
            _drop(found)


def resume_import(*, actor: Actor, preview: QuestionImport, now: dt.datetime) -> QuestionImport:
    """Starts work again that stood still for ``STALE_MINUTES`` (the server was stopped); the caller enqueues it.

    Raises ``Conflict`` while it makes progress or when there is nothing to go on with.
    """
    check_can_change_bank(actor, preview.bank)
    with transaction.atomic():
        found = _locked(preview)
        if not is_stale(found, now):
            raise Conflict("exams.import_busy", "文件正在处理，或已经处理完，不用重新开始，请刷新页面查看。")
        found.progress_at = now
        found.save(update_fields=["progress_at"])
    return found


def is_stale(found: QuestionImport, now: dt.datetime) -> bool:
    """Whether the work on a file has stood still for too long."""
    busy = found.state in {ImportState.READING, ImportState.SAVING}
    return busy and found.progress_at is not None and now - found.progress_at > dt.timedelta(minutes=STALE_MINUTES)


def import_questions(
    *, actor: Actor, bank: QuestionBank, source: bytes | sheets.Readable, file_name: str, now: dt.datetime
) -> list[Question]:
    """Read and save in one go, for callers without a page: every item must be good, else ``Invalid`` names them."""
    with transaction.atomic():
        preview = preview_import(actor=actor, bank=bank, source=source, file_name=file_name, now=now, at_once=True)
        before = bank.questions.order_by("-pk").values_list("pk", flat=True).first() or 0
        found = confirm_import(actor=actor, preview=preview, only_good=False, now=now)
        if found.state == ImportState.SAVING:
            _save(actor, found, now)
        return list(bank.questions.filter(pk__gt=before, state=QuestionState.ACTIVE).order_by("number"))


def checked(preview: QuestionImport) -> QuestionImport:
    """The import, held in a transaction, while nothing of it is saved. Raises ``Conflict`` once it was dealt with."""
    found = _locked(preview)
    if found.state != ImportState.CHECKED:
        raise Conflict("exams.import_done", DONE)
    return found


def _locked(preview: QuestionImport) -> QuestionImport:
    return QuestionImport.objects.select_for_update(of=("self",)).select_related("bank").get(pk=preview.pk)


def _drop(found: QuestionImport) -> None:
    found.items.all().delete()
    _clear(found)
    found.state, found.media, found.path = ImportState.DISCARDED, [], ""
    found.save(update_fields=["state", "media", "path"])


def _clear(found: QuestionImport) -> None:
    """The files of an import go when the transaction holds."""
    transaction.on_commit(lambda: storage.delete(f"{FOLDER}/{found.pk}"))
