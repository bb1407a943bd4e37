"""Pictures, sounds and films of questions: told by their bytes, kept once per bank, never changed."""

import datetime as dt
import hashlib

from django.conf import settings
from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AssetKind
from zhenxue.exams.formats.draft import DraftAsset
from zhenxue.exams.formats.safety import Unusable
from zhenxue.exams.formats.safety import asset as told_by_bytes
from zhenxue.exams.models import QuestionAsset, QuestionBank
from zhenxue.exams.policies import check_can_change_bank
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets, storage
from zhenxue.kernel.errors import Invalid

FOLDER = "questions"
MOST_ASSETS = 20_000
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "video/mp4": ".mp4",
}


def add_asset(
    *, actor: Actor, bank: QuestionBank, source: bytes | sheets.Readable, file_name: str, now: dt.datetime
) -> QuestionAsset:
    """Keeps a file for a bank's questions; the same bytes again give what is there. Raises ``Invalid`` (field
    ``uploads``) for anything but a picture, sound or film of the known formats, or one that is too large."""
    check_can_change_bank(actor, bank)
    found = read_asset(source, file_name)
    with transaction.atomic():
        QuestionBank.objects.select_for_update().get(pk=bank.pk)
        if bank.assets.count() >= MOST_ASSETS:
            raise refused_asset(f"一个题库最多 {MOST_ASSETS} 个文件，请另建题库。")
        return store_asset(actor=actor, bank=bank, asset=found, now=now)


def read_asset(source: bytes | sheets.Readable, file_name: str) -> DraftAsset:
    """An uploaded file told by its bytes. Raises ``Invalid`` (field ``uploads``) as ``add_asset`` says."""
    most = max(settings.EXAM_ASSET_BYTES.values())
    data = source if isinstance(source, bytes) else source.read(most + 1)
    if not data:
        raise refused_asset("文件是空的，请重新选择。")
    try:
        found = told_by_bytes(file_name, data)
    except Unusable as error:
        raise refused_asset(f"{error}。") from error
    if found.mime not in SUFFIXES:
        raise refused_asset("动图（GIF）不能放进题目，请另存为 PNG，或改用 MP4 视频。")
    limit = settings.EXAM_ASSET_BYTES[found.kind]
    if len(data) > limit:
        kind = AssetKind(found.kind).label
        raise refused_asset(f"{kind}不能超过 {limit // 1024 // 1024} MB，请压缩后再上传。")
    return found


def store_asset(*, actor: Actor, bank: QuestionBank, asset: DraftAsset, now: dt.datetime) -> QuestionAsset:
    """Keeps media whose bytes were told already, once per bank; the caller holds the bank and a transaction."""
    digest = hashlib.sha256(asset.data).hexdigest()
    kept = QuestionAsset.objects.filter(bank=bank, sha256=digest).first()
    if kept is not None:
        return kept
    stored = storage.store_stream(
        f"{FOLDER}/{bank.pk}", storage.new_name(SUFFIXES.get(asset.mime, "")), iter([asset.data])
    )
    made = QuestionAsset.objects.create(
        bank=bank,
        kind=asset.kind,
        mime=asset.mime,
        name=asset.name[:200],
        sha256=digest,
        size=stored.size_bytes,
        width=asset.width,
        height=asset.height,
        path=stored.path,
        created_at=now,
    )
    evidence.record(
        kind="exams.asset_added",
        actor=actor,
        subject=f"bank:{bank.pk}",
        about=[f"organisation:{bank.organisation_id}"],
        body={"file_sha256": digest, "size_bytes": stored.size_bytes, "mime": asset.mime},
        now=now,
    )
    return made


def refused_asset(message: str) -> Invalid:
    """What is wrong with an uploaded file, at its field."""
    return Invalid("exams.asset", message, fields={"uploads": message})
