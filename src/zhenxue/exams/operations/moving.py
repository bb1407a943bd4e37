"""One device at a time (design.md): a second one is refused. It may go on when the invigilator lets it, or when the
learner shows presence there before the paper opens again.
"""

import datetime as dt

from django.db import transaction

from zhenxue.exams.data import AttemptState, ConductKind
from zhenxue.exams.errors import AttemptEnded, NotReleased
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.operations.conduct import note_conduct
from zhenxue.exams.operations.presence import ask_again, asks_presence, close_the_door
from zhenxue.exams.policies import check_can_invigilate, check_sits
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid

#: ``Attempt.device`` of an attempt that the next device of its learner may take.
RELEASED = ""


def may_move_alone(attempt: Attempt, fingerprint: str) -> bool:
    """Whether the learner may go on here without the invigilator: the same device (by its key) after signing in anew,
    a device that was let in, or presence can be shown first."""
    same = bool(fingerprint) and fingerprint == attempt.device_fingerprint
    return same or attempt.device == RELEASED or asks_presence(attempt.exam)


def move_attempt(*, actor: Actor, attempt_id: int, device: str, fingerprint: str = "", now: dt.datetime) -> Attempt:
    """Goes on with an open attempt on this device; the other one is refused from now on. It leaves evidence.

    Without the invigilator's release the paper stays closed here until presence is shown; where the class has no
    presence checks, ``NotReleased``.
    """
    with transaction.atomic():
        attempt = lock_attempt(attempt_id)
        check_sits(actor, attempt)
        if attempt.device == device:
            return attempt
        if not may_move_alone(attempt, fingerprint):
            raise NotReleased
        released = attempt.device == RELEASED
        same = bool(fingerprint) and fingerprint == attempt.device_fingerprint
        attempt.device, attempt.device_fingerprint = device, fingerprint
        attempt.moves += 1
        attempt.save(update_fields=["device", "device_fingerprint", "moves"])
        if released or same:
            ask_again(attempt, now=now)
        else:
            close_the_door(attempt, now=now)
        how = "released" if released else "same" if same else "proof"
        note_conduct(attempt.pk, ConductKind.MOVED, now=now, how=how)
        body = {"moves": attempt.moves, "answers": attempt.sequence, "how": how}
        record(actor, attempt, "exams.attempt_moved", body, now)
    return attempt


def release_device(*, actor: Actor, attempt: Attempt, reason: str, now: dt.datetime) -> Attempt:
    """Lets the learner go on with another device: the old one is refused from now on, their next one goes on."""
    check_can_invigilate(actor, attempt.exam)
    if not reason.strip():
        raise Invalid("exams.reason", "请写明原因。", fields={"reason": "请写明原因。"})
    with transaction.atomic():
        attempt = lock_attempt(attempt.pk)
        if attempt.state != AttemptState.OPEN:
            raise AttemptEnded
        if attempt.device == RELEASED:
            return attempt
        attempt.device = attempt.device_fingerprint = RELEASED
        attempt.save(update_fields=["device", "device_fingerprint"])
        note_conduct(attempt.pk, ConductKind.RELEASED, now=now, reason=reason.strip())
        record(actor, attempt, "exams.device_released", {"reason": reason.strip()}, now)
    return attempt
