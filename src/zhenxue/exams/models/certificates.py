"""Certificates of completion."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import BatchState, CertificateState, ChangeState


class CertificateNumber(models.Model):
    """The last running number given to a certificate of one organisation in one year."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "year"], name="exams_certificate_number_once"),
        ]


class CertificateBatch(models.Model):
    """Certificates of a cohort, made in the background; the page shows how far it is."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    state = models.CharField("状态", max_length=8, choices=BatchState.choices(), default=BatchState.WAITING)
    total = models.PositiveIntegerField("人数", default=0)
    done = models.PositiveIntegerField("已完成", default=0)
    failure = models.CharField("没有完成的原因", max_length=200, blank=True)
    asked_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    asked_role = models.CharField(max_length=30)  # in which office; it must still be held when the work is done
    asked_at = models.DateTimeField("提交时间")
    progress_at = models.DateTimeField("最近进展")
    ended_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cohort"],
                condition=Q(state__in=[BatchState.WAITING, BatchState.RUNNING]),
                name="exams_certificate_batch_one",
            ),
        ]


class Certificate(models.Model):
    """A certificate of completion. Anybody who has its number and code can check it; what is said there is masked."""

    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    batch = models.ForeignKey(CertificateBatch, models.PROTECT, null=True, blank=True, related_name="certificates")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    number = models.CharField("证书编号", max_length=24, unique=True)
    code = models.CharField("校验码", max_length=16)  # random; with the number it opens the public page
    facts = models.JSONField()  # what is printed, except name and citizen number
    facts_sha256 = models.CharField(max_length=64)
    state = models.CharField("状态", max_length=8, choices=CertificateState.choices(), default=CertificateState.VALID)
    path = models.CharField(max_length=200)  # of the sealed PDF
    file_sha256 = models.CharField("文件摘要", max_length=64)  # of the PDF itself
    issued_at = models.DateTimeField("发证时间")
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)
    reason = models.CharField("撤销原因", max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["enrolment", "issued_at"], name="exams_certificate_of")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(state=CertificateState.VALID), name="exams_certificate_one_valid"
            ),
            models.CheckConstraint(
                condition=Q(state=CertificateState.VALID, revoked_at__isnull=True)
                | (Q(state=CertificateState.REVOKED, revoked_at__isnull=False) & ~Q(reason="")),
                name="exams_certificate_revoked",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CertificateChange(models.Model):
    """Taking a certificate back, proposed by one person with the reason and put in force by another; with a new one in
    its place where ``reissues``."""

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="changes")
    reissues = models.BooleanField("换发", default=False)
    reason = models.CharField("理由", max_length=200)
    state = models.CharField("状态", max_length=8, choices=ChangeState.choices(), default=ChangeState.OPEN)
    proposed_by = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = models.ForeignKey("identity.Person", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)
    note = models.CharField("确认意见", max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["certificate"], condition=Q(state=ChangeState.OPEN), name="exams_certchange_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.OPEN, decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state=ChangeState.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="exams_certchange_decided",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=models.F("proposed_by")) | Q(decided_by__isnull=True),
                name="exams_certchange_two_people",
            ),
        ]
