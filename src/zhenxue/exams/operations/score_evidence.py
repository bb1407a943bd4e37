"""Photographs and films of the work that was scored: told by their bytes, cleaned, sealed on the disk."""

import base64
import datetime as dt
import hashlib
import io
import warnings
from collections.abc import Iterator

from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import ScoreEvidence, ScoreSheet
from zhenxue.exams.operations.practical import own_sheet
from zhenxue.exams.queries.scope import visible_attempts
from zhenxue.identity.data import Actor
from zhenxue.kernel import crypto, resealing, storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound

FOLDER = "exams/scores"
CONTEXT = "exams_scoreevidence.file"
MOST = 12  # of one sheet
LARGEST_PHOTO_BYTES = 15 * 1024 * 1024
LARGEST_FILM_BYTES = 60 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
LONGEST_SIDE = 2000
PHOTO, FILM, WEB_FILM = "image/jpeg", "video/mp4", "video/webm"
ONLY = "只收照片（JPG、PNG、WebP）和视频（MP4、WebM），请换一个文件。"


def add_evidence(*, actor: Actor, sheet_id: int, content: bytes, step: str = "", now: dt.datetime) -> ScoreEvidence:
    """Keeps a photograph or film for the examiner's own sheet while it is not handed in. The same file twice is one.

    Raises ``Invalid`` at ``file``, ``Conflict`` after handing in, ``NotFound`` for another's sheet.
    """
    mime, kept = _clean(content)
    digest = hashlib.sha256(kept).hexdigest()
    path = ""
    try:
        with transaction.atomic():
            own_sheet(actor, sheet_id)
            sheet = ScoreSheet.objects.select_for_update(of=("self",)).get(pk=sheet_id)
            if sheet.submitted_at is not None:
                raise Conflict("exams.sheet_done", "评分表已经提交，不能再加照片。")
            known = sheet.evidence.filter(sha256=digest).first()
            if known is not None:
                return known
            if sheet.evidence.count() >= MOST:
                raise _wrong(f"一张评分表最多 {MOST} 个文件，请先删掉几个。")
            path = _store(kept)
            return ScoreEvidence.objects.create(
                sheet=sheet, step=step[:12], mime=mime, sha256=digest, path=path, size=len(kept), added_at=now
            )
    except BaseException:
        if path:
            storage.delete(path)
        raise


def drop_evidence(*, actor: Actor, evidence_id: int) -> ScoreSheet:
    """Takes a file back before the sheet is handed in."""
    with transaction.atomic():
        found = ScoreEvidence.objects.filter(pk=evidence_id, sheet__examiner__person=actor.person_id or 0).first()
        if found is None:
            raise NotFound("exams.no_file", "没有找到这个文件。")
        sheet = ScoreSheet.objects.select_for_update().get(pk=found.sheet_id)
        if sheet.submitted_at is not None:
            raise Conflict("exams.sheet_done", "评分表已经提交，照片和视频不能再删。")
        found.delete()
        transaction.on_commit(lambda: storage.delete(found.path))
    return sheet


def open_evidence(actor: Actor, evidence_id: int) -> tuple[bytes, str]:
    """Bytes and type: for its examiner; for staff and the learner's own once the attempt has its result.

    Raises ``NotFound`` for everybody else (also for the other examiner while both still score).
    """
    found = ScoreEvidence.objects.select_related("sheet__examiner", "sheet__attempt__exam").filter(pk=evidence_id)
    row = found.first()
    if row is None or not _may_open(actor, row):
        raise NotFound("exams.no_file", "没有找到这个文件，或您无权查看。")
    with storage.open_file(row.path) as stream:
        return base64.b64decode(crypto.unseal(stream.read().decode(), context=CONTEXT)), row.mime


def _may_open(actor: Actor, row: ScoreEvidence) -> bool:
    if actor.person_id and row.sheet.examiner.person_id == actor.person_id:
        return True
    attempt = row.sheet.attempt
    if attempt.state == AttemptState.SUBMITTED or (actor.is_learner and not attempt.exam.is_out):
        return False
    return visible_attempts(actor).filter(pk=attempt.pk).exists()


def reseal() -> int:
    """Seals again what lies under an older key; how many there were."""
    count = 0
    for row in ScoreEvidence.objects.order_by("pk").iterator():
        with storage.open_file(row.path) as stream:
            sealed = stream.read().decode()
        if not crypto.needs_resealing(sealed):
            continue
        old, row.path = row.path, _store(base64.b64decode(crypto.unseal(sealed, context=CONTEXT)))
        row.save(update_fields=["path"])
        storage.delete(old)
        count += 1
    return count


def heads() -> Iterator[str]:
    """How each file begins: what key it lies under."""
    for path in ScoreEvidence.objects.order_by("pk").values_list("path", flat=True).iterator():
        with storage.open_file(path) as stream:
            yield stream.read(resealing.HEAD).decode()


def give_up(key_id: str) -> int:
    """Throws away files under a lost key; how many there were. Their digests stay in the log."""
    count = 0
    for row in ScoreEvidence.objects.order_by("pk"):
        with storage.open_file(row.path) as stream:
            head = stream.read(resealing.HEAD).decode()
        if crypto.key_id_of(head) == key_id:
            row.delete()
            storage.delete(row.path)
            count += 1
    return count


def claims() -> Iterator[storage.Claim]:
    """Every file that is on record."""
    for pk, path in ScoreEvidence.objects.order_by("pk").values_list("pk", "path"):
        yield storage.Claim(path, f"score evidence:{pk}")


def _store(content: bytes) -> str:
    sealed = crypto.seal(base64.b64encode(content).decode(), context=CONTEXT)
    return storage.store_stream(FOLDER, storage.new_name(".sealed"), [sealed.encode()]).path


def _clean(content: bytes) -> tuple[str, bytes]:
    if content[4:8] == b"ftyp" or content.startswith(b"\x1aE\xdf\xa3"):
        if len(content) > LARGEST_FILM_BYTES:
            raise _wrong(f"视频不能超过 {LARGEST_FILM_BYTES // 1024**2} MB，请拍短一些或降低清晰度。")
        return (FILM if content[4:8] == b"ftyp" else WEB_FILM), content
    if len(content) > LARGEST_PHOTO_BYTES:
        raise _wrong(f"照片不能超过 {LARGEST_PHOTO_BYTES // 1024**2} MB，请压缩后再传。")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large picture is refused below
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
                if picture.width * picture.height > LARGEST_PIXELS:
                    raise _wrong("照片尺寸太大，请缩小后再传。")
                picture.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))  # a large JPEG is decoded at a fraction
                picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))  # before anything makes a copy of it
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _wrong(ONLY) from error
    upright.info.clear()  # a comment would be written again
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=85)
    return PHOTO, out.getvalue()


def _wrong(message: str) -> Invalid:
    return Invalid("exams.evidence", message, fields={"file": message})
