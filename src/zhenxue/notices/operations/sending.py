"""Bringing words to phones through the SMS gateway (contract ``sms/1``)."""

import datetime as dt
import hashlib

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import masking
from zhenxue.kernel.outside import Caller, OutsideDown, OutsideError, OutsideRefused, find_caller
from zhenxue.notices.data import AGAIN_AFTER, DELIVERY_TRANSITIONS, Channel, DeliveryState
from zhenxue.notices.models import Delivery
from zhenxue.notices.operations.notifying import SIGNATURE

CODE = "code"
#: While one sender works on a row, another leaves it alone for so long.
HOLD = dt.timedelta(minutes=2)


class Codes:
    """``identity.CodeSender``: codes go out at once, for the person waits; nothing of the code is kept."""

    def is_ready(self) -> bool:
        return find_caller("sms") is not None

    def send(self, *, phone: str, code: str, person_id: int, ref: str, now: dt.datetime) -> None:
        """Raises ``OutsideError``; the row that stays says whether it went out."""
        caller = find_caller("sms")
        if caller is None:
            raise OutsideDown("短信网关", "平台没有开通短信，请换一种方式。", "not set up")
        row = Delivery.objects.create(
            person_id=person_id,
            channel=Channel.SMS,
            kind=CODE,
            phone=phone,
            ref=ref,
            queued_at=now,
            tries=1,
        )
        text = f"{SIGNATURE}验证码 {code}，5分钟内有效。用于实名认证，请勿告诉任何人。"
        try:
            reference = _hand_over(caller, row, text)
        except OutsideError as error:
            _finish(row, DeliveryState.FAILED, now, error=error.detail)
            raise
        _finish(row, DeliveryState.SENT, now, reference=reference)


def send_delivery(*, delivery_id: int, now: dt.datetime) -> str:
    """Send what waits and is due (for a task); the state reached, empty when there is nothing to do."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update().filter(pk=delivery_id, state=DeliveryState.WAITING).first()
        if row is None or row.next_at is None or row.next_at > now:
            return ""
        row.tries += 1
        row.next_at = now + HOLD
        row.save(update_fields=["tries", "next_at"])
    caller = find_caller("sms")
    try:
        if caller is None:
            raise OutsideRefused("短信网关", "平台没有开通短信。", "not_set_up")
        reference = _hand_over(caller, row, row.text)
    except OutsideError as error:
        last = isinstance(error, OutsideRefused) or row.tries > len(AGAIN_AFTER)
        if last:
            _finish(row, DeliveryState.FAILED, now, error=error.detail)
        else:
            wait = dt.timedelta(minutes=AGAIN_AFTER[row.tries - 1])
            Delivery.objects.filter(pk=row.pk).update(next_at=now + wait, error=error.detail[:200])
    else:
        _finish(row, DeliveryState.SENT, now, reference=reference)
    return str(Delivery.objects.values_list("state", flat=True).get(pk=row.pk))


def _hand_over(caller: Caller, row: Delivery, text: str) -> str:
    """The gateway's own number of the message; a repeated ``ref`` is one message, so it is safe to try again."""
    body = {"ref": row.ref, "kind": row.kind, "phone": row.phone, "text": text}
    answer = caller.post("/v1/messages", body, tries=2)
    reference = answer.get("reference")
    if answer.get("accepted") is not True or not isinstance(reference, str):
        raise OutsideDown(caller.service.name, "短信网关的回答不完整，请稍后再试。", "not accepted")
    return reference[:80]


def _finish(row: Delivery, state: DeliveryState, now: dt.datetime, *, error: str = "", reference: str = "") -> None:
    with transaction.atomic():
        held = Delivery.objects.select_for_update().get(pk=row.pk)
        if state not in DELIVERY_TRANSITIONS[DeliveryState(held.state)]:
            return
        text = held.text
        held.state, held.error, held.reference = state, error[:200], reference
        held.done_at, held.next_at, held.text = now, None, ""
        held.save()
        body = {"channel": held.channel, "what": held.kind, "phone": masking.phone(held.phone)}
        if state == DeliveryState.SENT:
            body["reference"] = reference
            if text:  # a code has none: six digits could be guessed from their digest
                body["digest"] = hashlib.sha256(text.encode()).hexdigest()
        kind = "notices.sent" if state == DeliveryState.SENT else "notices.not_sent"
        evidence.record(kind=kind, actor=SYSTEM, subject=f"person:{held.person_id}", about=[], body=body, now=now)
