"""Pictures of statements: decoded, written anew without what cameras add (place, device), sealed on the disk."""

import base64
import io
from collections.abc import Iterator, Sequence

from PIL import Image, ImageOps, UnidentifiedImageError

from zhenxue.integrity.faces import limits
from zhenxue.integrity.models import Statement
from zhenxue.kernel import crypto, resealing, storage
from zhenxue.kernel.errors import Invalid, NotFound

FOLDER = "incidents"
CONTEXT = "integrity_statement.picture"
MOST = 6
LONGEST_SIDE = 2000
WRONG = {"size": "大小要在 2KB 到 4MB 之间", "pixels": "尺寸太大或太小"}


def store_pictures(contents: Sequence[bytes]) -> list[str]:
    """Keeps up to six pictures (JPEG or PNG, 4 MB each); their paths. Raises ``Invalid`` at ``pictures``; then none is
    kept."""
    if len(contents) > MOST:
        raise _wrong(f"最多上传 {MOST} 张照片，现在有 {len(contents)} 张，请去掉几张。")
    cleaned = [_clean(content, number) for number, content in enumerate(contents, 1)]
    paths: list[str] = []
    try:
        for content in cleaned:
            sealed = crypto.seal(base64.b64encode(content).decode(), context=CONTEXT)
            paths.append(storage.store_stream(FOLDER, storage.new_name(".sealed"), [sealed.encode()]).path)
    except BaseException:
        drop_pictures(paths)
        raise
    return paths


def drop_pictures(paths: Sequence[str]) -> None:
    """Takes back what was kept for a statement that was not made."""
    for path in paths:
        storage.delete(path)


def open_picture(statement: Statement, number: int) -> bytes:
    """The JPEG of one picture, counted from 1; raises ``NotFound``."""
    if not 1 <= number <= len(statement.pictures):
        raise NotFound("integrity.no_picture", "没有这张照片。")
    with storage.open_file(statement.pictures[number - 1]) as stream:
        return base64.b64decode(crypto.unseal(stream.read().decode(), context=CONTEXT))


def reseal_pictures() -> int:
    """Seals again what lies under an older key; how many there were."""
    count = 0
    for row in Statement.objects.exclude(pictures=[]).order_by("pk"):
        fresh, old = [], []
        for path in row.pictures:
            with storage.open_file(path) as stream:
                sealed = stream.read().decode()
            if not crypto.needs_resealing(sealed):
                fresh.append(path)
                continue
            again = crypto.seal(crypto.unseal(sealed, context=CONTEXT), context=CONTEXT)
            fresh.append(storage.store_stream(FOLDER, storage.new_name(".sealed"), [again.encode()]).path)
            old.append(path)
        if old and Statement.objects.filter(pk=row.pk, pictures=row.pictures).update(pictures=fresh):
            drop_pictures(old)
            count += len(old)
        elif old:
            drop_pictures([path for path in fresh if path not in row.pictures])
    return count


def give_up_pictures(key_id: str) -> int:
    """Throws away pictures under a lost key; how many there were. Their number stays in the log."""
    count = 0
    for row in Statement.objects.exclude(pictures=[]).order_by("pk"):
        lost = [path for path in row.pictures if crypto.key_id_of(_head(path)) == key_id]
        if lost:
            row.pictures = [path for path in row.pictures if path not in lost]
            row.save(update_fields=["pictures"])
            drop_pictures(lost)
            count += len(lost)
    return count


def picture_heads() -> Iterator[str]:
    """How each picture's file begins: what key it lies under."""
    for paths in Statement.objects.exclude(pictures=[]).values_list("pictures", flat=True).iterator():
        yield from map(_head, paths)


def picture_claims() -> Iterator[storage.Claim]:
    """Every picture that is on file."""
    for key, paths in Statement.objects.exclude(pictures=[]).order_by("pk").values_list("pk", "pictures"):
        for path in paths:
            yield storage.Claim(path, f"statement:{key}")


def _head(path: str) -> str:
    with storage.open_file(path) as stream:
        return stream.read(resealing.HEAD).decode()


def _clean(content: bytes, number: int) -> bytes:
    try:
        limits.look(content, photo=True)
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (limits.BadPicture, UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        words = {"size": "大小要在 2KB 到 4MB 之间", "pixels": "尺寸太大或太小"}.get(
            str(error), "打不开，或不是 JPG、PNG"
        )
        raise _wrong(f"第 {number} 张照片{words}，请换一张。") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.info.clear()  # a comment would be written again
    upright.save(out, "JPEG", quality=85)
    return out.getvalue()


def _wrong(message: str) -> Invalid:
    return Invalid("integrity.pictures", message, fields={"pictures": message})
