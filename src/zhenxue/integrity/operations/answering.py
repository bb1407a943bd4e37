"""Frames of a camera go to the face engine; what it says comes back through ``operations.checks.apply_verdict``."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from zhenxue.identity.data import Actor
from zhenxue.integrity import protocol
from zhenxue.integrity.data import MOST_FRAMES, CheckKind, JobKind, JobState
from zhenxue.integrity.models import Check, FaceJob
from zhenxue.integrity.operations import faces
from zhenxue.integrity.operations.checks.recording import lock_check
from zhenxue.integrity.policies.checks import check_can_answer
from zhenxue.integrity.queries.checks import known_cameras
from zhenxue.kernel.errors import Conflict, Invalid


def answer_face(
    *,
    actor: Actor,
    check_id: int,
    frames: Sequence[bytes],
    nonce: str,
    claims: Mapping[str, Any],
    device: str,
    now: dt.datetime,
) -> FaceJob:
    """Hands a burst to the face engine: one frame straight ahead, then one for each turn that was asked.

    ``claims`` is what the browser says of its camera; it is kept, and decides nothing. Raises what
    ``check_can_answer`` raises, ``Conflict`` while an earlier burst is looked at or where no face can be checked,
    ``Invalid`` for another number of frames.
    """
    with transaction.atomic():
        check = lock_check(check_id)
        check_can_answer(actor, check, nonce=nonce, device=device, now=now)
        if CheckKind.FACE not in check.offered:
            raise Conflict("integrity.kind_not_offered", "这次不能用人脸核验，请按页面显示的方式完成。")
        if check.jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING], deadline_at__gt=now).exists():
            raise Conflict("integrity.job_waits", "上一组照片正在比对，请等几秒。")
        check_frames(check, frames)
        check.kind = CheckKind.FACE
        _keep_claims(check, claims)
        check.save()
        return faces.submit_job(
            kind=JobKind.CHECK,
            person_id=check.person_id,
            frames=list(frames),
            nonce=nonce,
            check=check,
            now=now,
        )


def check_frames(check: Check, frames: Sequence[bytes]) -> None:
    """One look straight ahead and one frame for each turn, or one more; raises ``Invalid``."""
    least = 1 + len(check.task["turns"])
    if not least <= len(frames) <= min(MOST_FRAMES, least + 1):
        raise Invalid("integrity.frames", "照片没有拍全，请按提示重新拍一次。")


def _keep_claims(check: Check, claims: Mapping[str, Any]) -> None:
    check.claims = protocol.camera_claims(claims)
    found = protocol.found_words(check.verdict)
    found |= protocol.camera_words(check.claims, known_cameras(check.person_id, check.device))
    if found:
        check.verdict = {**check.verdict, "found": sorted(found)}
