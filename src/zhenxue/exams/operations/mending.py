"""Items of a file mended on the page, before anything of it is saved: checked anew by the rules of the file."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from zhenxue.exams.data import Verdict
from zhenxue.exams.formats import DraftAsset, Item, Written
from zhenxue.exams.formats.build import rebuild
from zhenxue.exams.formats.draft import files_of
from zhenxue.exams.formats.safety import MAX_UNPACKED_BYTES, Assets
from zhenxue.exams.models import ImportItem, QuestionImport
from zhenxue.exams.operations.assets import read_asset, refused_asset
from zhenxue.exams.operations.doubles import Known
from zhenxue.exams.operations.importing import checked, keep_medium, put_draft, put_match, put_refused
from zhenxue.exams.policies import check_can_change_bank
from zhenxue.exams.queries.imports import draft_of, get_item
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets

type Upload = tuple[str, bytes | sheets.Readable]


def mend_item(
    *,
    actor: Actor,
    preview: QuestionImport,
    position: int,
    written: Written,
    files: Iterable[Upload] = (),
    now: dt.datetime,
) -> Item:
    """Checks one item again as somebody wrote it. A good one takes the place of what was read (and what repeated it is
    matched anew); of a wrong one the answer says why. A refused item keeps what was typed, wrong or not; one that was
    good stays as it was.

    ``files`` (name, bytes) are pictures and the like that it shows: where no text names them, they stand after the
    stem. Raises ``Conflict`` when the file was dealt with, ``Invalid`` (field ``uploads``) for media of no use.
    """
    check_can_change_bank(actor, preview.bank)
    with transaction.atomic():
        found = checked(preview)
        row = get_item(found, position)
        written = _with_files(found, written, files)
        item = rebuild(row.where, written, assets=Assets(_known(found)))
        if item.draft is not None:
            put_draft(row, item.draft, item.notes)
            row.choice, row.mended_at = "", now
            _match(found, row)
        elif row.verdict == Verdict.REFUSED:
            put_refused(row, item)
            row.save()
    return item


def _match(found: QuestionImport, row: ImportItem) -> None:
    """Says what a mended item repeats, wherever in the file; items that repeated it are matched after it."""
    others = found.items.exclude(Q(verdict=Verdict.REFUSED) | Q(pk=row.pk))
    followers = others.filter(double_at=row.position).order_by("position")
    known = Known(found.bank, found.media)
    seen = others.exclude(double_at=row.position).order_by("position")
    for position, kind, stem, digest in seen.values_list("position", "kind", "stem", "digest").iterator():
        known.see(position, kind, stem, digest)
    for one in (row, *followers):
        draft = draft_of(one)
        if draft is not None:
            put_match(one, known.match(one.position, draft))
            one.save()


def _known(found: QuestionImport) -> list[DraftAsset]:
    """The media of a file without their bytes, which no rule asks for."""
    return [DraftAsset(one["name"], b"", one["mime"], one["kind"], one["width"], one["height"]) for one in found.media]


def _with_files(found: QuestionImport, written: Written, files: Iterable[Upload]) -> Written:
    """Keeps media beside those of the file; texts that name them by the name they were sent under find them."""
    media: list[dict[str, Any]] = list(found.media)
    for name, source in files:
        one = read_asset(source, name)
        kept = _kept(found, media, one)
        if name in files_of(written):
            written = _renamed(written, name, kept)
        elif kept not in files_of(written):
            words = kept.rpartition(".")[0][:40]
            written = replace(written, stem=f"{written.stem.rstrip()}\n![{words}](file:{kept})")
    if len(media) > len(found.media):
        if sum(one["size"] for one in media) > MAX_UNPACKED_BYTES:
            raise refused_asset("这次导入带的图片和音视频太多，请分几个文件导入。")
        found.media = media
        found.save(update_fields=["media"])
    return written


def _kept(found: QuestionImport, media: list[dict[str, Any]], one: DraftAsset) -> str:
    """The name under which a medium lies; another one of that name keeps it."""
    digest = hashlib.sha256(one.data).hexdigest()
    names = {medium["name"]: medium["sha256"] for medium in media}
    name, count = one.name, 2
    while names.get(name, digest) != digest:
        name, count = f"{count}_{one.name}", count + 1
    if name not in names:
        media.append(keep_medium(found, replace(one, name=name)))
    return name


def _renamed(written: Written, name: str, kept: str) -> Written:
    """An item with its parts that calls a file by another name, wherever ``files_of`` finds one."""
    called = re.compile(rf"file:{re.escape(name)}(?=\s*(?:[);；\n]|$))")
    texts = ("stem", "answer", "explanation", "rubric", "settings")
    turned = {one: called.sub(lambda _: f"file:{kept}", getattr(written, one)) for one in texts}
    options = tuple(called.sub(lambda _: f"file:{kept}", one) for one in written.options)
    return replace(written, **turned, options=options, parts=tuple(_renamed(one, name, kept) for one in written.parts))
