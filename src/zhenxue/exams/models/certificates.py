"""Certificates of completion."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import BatchState, CertificateState


class CertificateBatch(models.Model):
    """Certificates of a cohort, made in the background; the page shows how far it is."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    state = models.CharField("状态", max_length=8, choices=BatchState.choices(), default=BatchState.WAITING)
    total = models.PositiveIntegerField("人数", default=0)
    done = models.PositiveIntegerField("已完成", default=0)
    problems = models.JSONField("未发原因", default=list)  # [enrolment id, words]
    asked_by = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField("提交时间")
    ended_at = models.DateTimeField("完成时间", null=True, blank=True)


class Certificate(models.Model):
    """A certificate of completion. Anybody who has its number and code can check it; what is said there is masked."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    batch = models.ForeignKey(CertificateBatch, models.PROTECT, null=True, blank=True, related_name="certificates")
    number = models.CharField("证书编号", max_length=24, unique=True)
    code = models.CharField("校验码", max_length=16)  # random; with the number it opens the public page
    facts = models.JSONField()  # what is printed, except name and citizen number
    facts_sha256 = models.CharField(max_length=64)
    state = models.CharField("状态", max_length=8, choices=CertificateState.choices(), default=CertificateState.VALID)
    path = models.CharField(max_length=200, blank=True)  # of the sealed PDF, once made
    issued_at = models.DateTimeField("发证时间")
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)
    reason = models.CharField("撤销原因", max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(state=CertificateState.VALID), name="exams_certificate_one_valid"
            ),
            models.CheckConstraint(
                condition=Q(state=CertificateState.VALID, revoked_at__isnull=True)
                | Q(state=CertificateState.REVOKED, revoked_at__isnull=False),
                name="exams_certificate_revoked",
            ),
        ]
