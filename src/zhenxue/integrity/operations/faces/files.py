"""Pictures of cameras on the disk: the frames of a job in one sealed file under ``faces/``."""

import base64
import json
from collections.abc import Iterator, Sequence

from zhenxue.integrity.models import Capture, FaceJob
from zhenxue.kernel import crypto, resealing, storage
from zhenxue.kernel.errors import NotFound

FOLDER = "faces"
CONTEXT = "integrity_capture.picture"


def seal_frames(frames: Sequence[bytes]) -> str:
    """Write the frames sealed; the path. One file and one flush for the burst."""
    packed = json.dumps([base64.b64encode(frame).decode() for frame in frames])
    sealed = crypto.seal(packed, context=CONTEXT)
    return storage.store_stream(FOLDER, storage.new_name(".sealed"), [sealed.encode()]).path


def open_frames(job: FaceJob) -> list[bytes]:
    """The frames of a job in their order; empty once they were deleted."""
    path = job.captures.exclude(path="").values_list("path", flat=True).first()
    return _unpack(path) if path else []


def open_capture(capture: Capture) -> bytes:
    """One picture (JPEG or PNG) for a page that has checked the right and leaves evidence. Raises ``NotFound``."""
    if not capture.path:
        raise NotFound("integrity.no_capture", "没有这张照片，或保存期已满。")
    return _unpack(capture.path)[capture.number]


def _unpack(path: str) -> list[bytes]:
    with storage.open_file(path) as stream:
        packed = crypto.unseal(stream.read().decode(), context=CONTEXT)
    return [base64.b64decode(frame) for frame in json.loads(packed)]


def _paths() -> Iterator[tuple[int, str]]:
    """Job and path of every file there is."""
    rows = Capture.objects.exclude(path="").order_by("job_id").values_list("job_id", "path").distinct()
    yield from list(rows)


def claims() -> Iterator[storage.Claim]:
    """Every file that is there."""
    for job_id, path in _paths():
        yield storage.Claim(path, f"face job:{job_id}")


def heads() -> Iterator[str]:
    """How each file begins: what key it lies under."""
    for _, path in _paths():
        with storage.open_file(path) as stream:
            yield stream.read(resealing.HEAD).decode()


def reseal() -> int:
    """Seal again what lies under an older key; how many files there were."""
    count = 0
    for job_id, path in _paths():
        with storage.open_file(path) as stream:
            sealed = stream.read().decode()
        if not crypto.needs_resealing(sealed):
            continue
        again = crypto.seal(crypto.unseal(sealed, context=CONTEXT), context=CONTEXT)
        stored = storage.store_stream(FOLDER, storage.new_name(".sealed"), [again.encode()])
        won = Capture.objects.filter(job_id=job_id, path=path).update(path=stored.path)
        storage.delete(path if won else stored.path)
        count += bool(won)
    return count


def give_up(key_id: str) -> int:
    """Take away files that lie under a lost key; how many there were."""
    count = 0
    for job_id, path in _paths():
        with storage.open_file(path) as stream:
            lost = crypto.key_id_of(stream.read(resealing.HEAD).decode()) == key_id
        if lost and Capture.objects.filter(job_id=job_id, path=path).update(path="", points=[]):
            storage.delete(path)
            count += 1
    return count
