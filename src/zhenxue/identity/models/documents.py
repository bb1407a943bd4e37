"""Papers of organisations."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.identity.data import DocumentKind, DocumentState
from zhenxue.identity.models.accounts import Account
from zhenxue.identity.models.people import Organisation


class OrganisationDocument(models.Model):
    """A licence or qualification with its picture, reviewed by the operator; an older one stays when it is replaced."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    kind = models.CharField("种类", max_length=12, choices=DocumentKind.choices())
    title = models.CharField("名称", max_length=80, blank=True)
    number = models.CharField("编号", max_length=60)
    path = models.CharField("文件", max_length=200)
    file_name = models.CharField("文件名", max_length=120)
    sha256 = models.CharField("文件摘要", max_length=64)
    valid_from = models.DateField("有效期起", null=True, blank=True)
    valid_until = models.DateField("有效期止", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=DocumentState.choices(), default=DocumentState.WAITING)
    note = models.CharField("审核意见", max_length=200, blank=True)
    reminded = models.SmallIntegerField("最近提醒", null=True, blank=True)  # one of REMIND_DAYS
    uploaded_at = models.DateTimeField("上传时间")
    uploaded_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "kind"], name="identity_document_owner"),
            models.Index(fields=["valid_until"], name="identity_document_expiry"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in DocumentState.choices()]), name="identity_document_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[value for value, _ in DocumentKind.choices()]), name="identity_document_kind"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_from__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="identity_document_period",
            ),
        ]
