"""Tables of ``notices``."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.kernel.fields import SealedTextField
from zhenxue.notices.data import Channel, DeliveryState, NoticeKind


class Notice(models.Model):
    """A line in somebody's inbox."""

    account = models.ForeignKey("identity.Account", models.PROTECT, related_name="+")
    kind = models.CharField("种类", max_length=20, choices=NoticeKind.choices())
    title = models.CharField("标题", max_length=80)
    text = models.CharField("内容", max_length=400)
    link = models.CharField("链接", max_length=200, blank=True)  # an address of this site
    at = models.DateTimeField("时间")
    read_at = models.DateTimeField("已读时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "-at"], name="notices_of_account"),
            models.Index(fields=["account"], condition=Q(read_at__isnull=True), name="notices_unread"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(link="") | Q(link__startswith="/"), name="notices_link_of_this_site"),
        ]


class Delivery(models.Model):
    """Words on their way to somebody outside the platform; number and words are sealed, the words gone once sent."""

    notice = models.ForeignKey(Notice, models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    channel = models.CharField("渠道", max_length=10, choices=Channel.choices())
    kind = models.CharField("种类", max_length=20)
    phone = SealedTextField("号码")
    text = SealedTextField("内容", blank=True)
    ref = models.CharField(max_length=60, unique=True)
    state = models.CharField("状态", max_length=10, choices=DeliveryState.choices(), default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField("次数", default=0)
    error = models.CharField("错误", max_length=200, blank=True)
    reference = models.CharField("对方编号", max_length=80, blank=True)
    queued_at = models.DateTimeField("提交时间")
    next_at = models.DateTimeField("下次发送", null=True, blank=True)
    done_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-queued_at"], name="notices_delivery_person"),
            models.Index(fields=["next_at"], condition=Q(state=DeliveryState.WAITING), name="notices_delivery_waiting"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in DeliveryState.choices()]), name="notices_delivery_state"
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.WAITING) | Q(done_at__isnull=False), name="notices_delivery_done"
            ),
        ]
