"""Writing notices, and marking them read."""

import datetime as dt
import secrets
from collections.abc import Iterable

from django.db import transaction

from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.notices import signals
from zhenxue.notices.data import SMS_A_DAY, Channel
from zhenxue.notices.models import Delivery, Notice

#: How an SMS begins; gateways ask for the sender's name.
SIGNATURE = "【真学】"


def notify(
    *, person_id: int, kind: str, title: str, text: str, now: dt.datetime, link: str = "", sms: bool = False
) -> Notice | None:
    """Tell a person, in the transaction of what happened; None for somebody without an account.

    ``link`` is an address of this site. ``sms`` also sends the words to the registered phone, within the day's bound.
    """
    account = identity.find_account_of(person_id)
    if account is None:
        return None
    with transaction.atomic():
        notice = Notice.objects.create(
            account=account, kind=kind, title=title[:80], text=text[:400], link=link[:200], at=now
        )
        _count(account.pk)
        if sms:
            _queue_sms(notice, account.person_id, now)
    return notice


def notify_many(
    *, person_ids: Iterable[int], kind: str, title: str, text: str, now: dt.datetime, link: str = ""
) -> int:
    """The same to several people, once each; how many were told."""
    told = [
        notify(person_id=person_id, kind=kind, title=title, text=text, link=link, now=now)
        for person_id in sorted(set(person_ids))
    ]
    return sum(1 for one in told if one is not None)


def mark_read(*, actor: Actor, notice_id: int, now: dt.datetime) -> Notice:
    """The owner has seen a notice; gives it with its link. Raises ``NotFound`` for anybody else's."""
    with transaction.atomic():
        notice = Notice.objects.select_for_update().filter(pk=notice_id, account_id=actor.account_id or 0).first()
        if notice is None:
            raise NotFound("notices.not_found", "没有找到这条通知。")
        if notice.read_at is None:
            notice.read_at = now
            notice.save(update_fields=["read_at"])
            _count(notice.account_id)
    return notice


def mark_all_read(*, actor: Actor, now: dt.datetime) -> int:
    """The owner has seen everything; how many were unread."""
    with transaction.atomic():
        rows = Notice.objects.filter(account_id=actor.account_id or 0, read_at__isnull=True)
        count = rows.update(read_at=now)
        _count(actor.account_id or 0)
    return count


def _count(account_id: int) -> None:
    unread = Notice.objects.filter(account_id=account_id, read_at__isnull=True).count()
    identity.set_unread(account_id=account_id, count=unread)


def _queue_sms(notice: Notice, person_id: int, now: dt.datetime) -> None:
    person = identity.get_person(person_id)
    begins = clock.start_of_day(clock.civil_day(now))
    today = Delivery.objects.filter(person_id=person_id, queued_at__gte=begins).exclude(kind="code").count()
    if not person.phone or today >= SMS_A_DAY:
        return
    row = Delivery.objects.create(
        notice=notice,
        person_id=person_id,
        channel=Channel.SMS,
        kind=notice.kind,
        phone=person.phone,
        text=f"{SIGNATURE}{notice.title}：{notice.text}"[:300],
        ref=f"notice-{notice.pk}-{secrets.token_hex(8)}",
        queued_at=now,
        next_at=now,
    )
    signals.delivery_waiting.send(Delivery, delivery_id=row.pk)
