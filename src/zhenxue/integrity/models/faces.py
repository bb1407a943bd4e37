"""Face templates, what a camera gave, and the work of the face engine."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.integrity.data import JobKind, JobState, PendingCause, PendingState, TemplateEnd
from zhenxue.kernel.fields import SealedTextField


class FaceTemplate(models.Model):
    """The averaged embedding of one person's face; at most one lives. Ended, its vector is erased, its dates stay."""

    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    vector = SealedTextField(blank=True)  # base64 of float32 ×128, length 1; blank once ended
    engine = models.CharField("引擎", max_length=80)  # engine, model and their digests
    frames = models.PositiveSmallIntegerField()  # how many pictures it is made of
    portrait_score = models.FloatField("与证件照相似度", null=True)  # cosine; none where there was no card portrait
    threshold = models.FloatField()  # that the score was held against
    enrolled_at = models.DateTimeField("登记时间")
    keep_until = models.DateField("保存到", null=True)
    ended_at = models.DateTimeField("停用时间", null=True)
    end_reason = models.CharField("停用原因", max_length=20, choices=TemplateEnd.choices(), blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="integrity_one_living_template"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") & ~Q(vector="")
                | Q(ended_at__isnull=False, vector="") & ~Q(end_reason=""),
                name="integrity_template_end",
            ),
        ]


class FaceJob(models.Model):
    """One piece of work for the face engine, in the order of deadlines; the verdict is plain words and numbers."""

    kind = models.CharField(max_length=10, choices=JobKind.choices())
    person = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")  # none: everybody
    presence = models.ForeignKey("integrity.Check", models.PROTECT, null=True, related_name="jobs")
    nonce = models.CharField(max_length=32, blank=True)
    device = models.CharField(max_length=64, blank=True)  # fingerprint of the device key that signed an enrolment
    claims = models.JSONField(default=dict)  # what the browser says of the camera of an enrolment: claims, never facts
    asked = models.JSONField(default=dict)  # turns; threshold in percent
    state = models.CharField(max_length=8, choices=JobState.choices(), default=JobState.QUEUED)
    worker = models.CharField(max_length=60, blank=True)  # the process that has it
    lease_until = models.DateTimeField(null=True)  # when that process is taken for dead
    starts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    passed = models.BooleanField(null=True)
    verdict = models.JSONField(default=dict)  # scores, thresholds, engine, reasons

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(deadline_at__gt=F("queued_at")), name="integrity_job_deadline"),
            models.CheckConstraint(
                condition=~Q(state=JobState.DONE) | Q(done_at__isnull=False, passed__isnull=False),
                name="integrity_job_done",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | Q(lease_until__isnull=False) & ~Q(worker=""),
                name="integrity_job_running",
            ),
            models.CheckConstraint(
                condition=Q(kind=JobKind.DUPLICATES) | Q(person__isnull=False), name="integrity_job_person"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["deadline_at"],
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="integrity_job_waiting",
            ),
            models.Index(fields=["person", "-queued_at"], name="integrity_job_of_person"),
        ]


class Capture(models.Model):
    """One picture that a camera gave, sealed on the disk; its digests stay when the picture is deleted.

    The pictures of a job lie in one file: ``path`` is the same for all of them, ``number`` tells which.
    """

    job = models.ForeignKey(FaceJob, models.PROTECT, related_name="captures")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()  # in the burst, from 0
    path = models.CharField(max_length=200, blank=True)  # in the file store; blank once deleted
    sha256 = models.CharField(max_length=64)
    picture_hash = models.CharField(max_length=16, blank=True)  # 64-bit perceptual hash, hex
    points = models.JSONField(default=list)  # five points of the face, relative to the longer side; empty once deleted
    taken_at = models.DateTimeField()  # by the server's clock
    keep_until = models.DateField("保存到")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "number"], name="integrity_capture_number")]
        indexes: ClassVar = [
            models.Index(fields=["sha256"], name="integrity_capture_bytes"),
            models.Index(fields=["picture_hash"], condition=~Q(picture_hash=""), name="integrity_capture_hash"),
            models.Index(fields=["keep_until"], condition=~Q(path=""), name="integrity_capture_keep"),
            models.Index(fields=["person", "-taken_at"], name="integrity_capture_person"),
        ]


class PendingFace(models.Model):
    """An enrolment that the training provider has to confirm with the person before them; decided, its vector is
    erased (or became a template)."""

    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    cause = models.CharField("原因", max_length=10, choices=PendingCause.choices())
    state = models.CharField("状态", max_length=10, choices=PendingState.choices(), default=PendingState.WAITING)
    vector = SealedTextField(blank=True)
    engine = models.CharField("引擎", max_length=80)
    frames = models.PositiveSmallIntegerField()
    portrait_score = models.FloatField("与证件照相似度", null=True)
    former_score = models.FloatField("与原登记相似度", null=True)
    threshold = models.FloatField()
    job = models.ForeignKey(FaceJob, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("提出时间")
    lapses_on = models.DateField("失效日期")
    decided_at = models.DateTimeField("办理时间", null=True)
    decided_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state=PendingState.WAITING), name="integrity_one_pending_face"
            ),
            models.CheckConstraint(
                condition=Q(state=PendingState.WAITING, decided_at__isnull=True) & ~Q(vector="")
                | ~Q(state=PendingState.WAITING) & Q(decided_at__isnull=False, vector=""),
                name="integrity_pending_decided",
            ),
        ]


class EngineState(models.Model):
    """One process of the face engine, as it last said of itself."""

    name = models.CharField("进程", max_length=60, unique=True)
    engine = models.CharField("引擎", max_length=80)
    started_at = models.DateTimeField("启动时间")
    seen_at = models.DateTimeField("最近报告")
    jobs = models.PositiveIntegerField("已处理", default=0)
    failures = models.PositiveIntegerField("出错", default=0)
    mean_ms = models.PositiveIntegerField("平均用时（毫秒）", default=0)  # of the last hundred
    slowest_ms = models.PositiveIntegerField("最长用时（毫秒）", default=0)  # of the last hundred
    memory_mb = models.PositiveIntegerField("内存（MB）", default=0)
    templates = models.PositiveIntegerField("比对库人数", default=0)
