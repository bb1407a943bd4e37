"""What identity announces, told to whom it concerns."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.urls import reverse

from zhenxue.identity import api as identity
from zhenxue.identity import signals
from zhenxue.identity.data import METHOD_LABELS
from zhenxue.notices.data import NoticeKind
from zhenxue.notices.operations.notifying import notify, notify_many


@receiver(signals.verification_decided)
def tell_result(
    sender: object, *, person_id: int, method: str, passed: bool, strength: int, reason: str, now: dt.datetime, **_: Any
) -> None:
    """The person learns what came of it, with the reason."""
    label = METHOD_LABELS.get(method, method)
    if passed:
        title, text = "实名认证通过", f"“{label}”已通过，实名强度 {strength} 级。"
    else:
        title, text = "实名认证没有通过", f"“{label}”没有通过：{reason or '请换一种方式。'}"
    notify(
        person_id=person_id,
        kind=NoticeKind.VERIFICATION,
        title=title,
        text=text,
        link=reverse("identity:verify"),
        sms=method in {"review", "word", "in_person"},
        now=now,
    )


@receiver(signals.document_reviewed)
def tell_document(
    sender: object, *, organisation_id: int, accepted: bool, title: str, note: str, now: dt.datetime, **_: Any
) -> None:
    """The organisation's managers learn what the operator said of a paper."""
    words = "已通过审核。" if accepted else f"被退回：{note}"
    notify_many(
        person_ids=identity.managers_of(organisation_id),
        kind=NoticeKind.DOCUMENT,
        title="资质材料已审核" if accepted else "资质材料被退回",
        text=f"“{title}”{words}",
        link=reverse("identity:documents", args=[organisation_id]),
        now=now,
    )


@receiver(signals.document_expiring)
def tell_expiry(
    sender: object,
    *,
    organisation_id: int,
    title: str,
    valid_until: dt.date,
    days_left: int,
    now: dt.datetime,
    **_: Any,
) -> None:
    """The organisation's managers are reminded before and after the last day."""
    over = days_left < 0
    notify_many(
        person_ids=identity.managers_of(organisation_id),
        kind=NoticeKind.DOCUMENT,
        title="资质材料已过期" if over else "资质材料快到期",
        text=f"“{title}”有效期到 {valid_until.isoformat()}，"
        + ("已经过期，请尽快上传新的。" if over else f"还有 {days_left} 天，请准备换新的。"),
        link=reverse("identity:documents", args=[organisation_id]),
        now=now,
    )
