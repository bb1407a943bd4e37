"""Files of questions that were read and shown, before they are in a bank."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.exams.data import DoubleChoice, ImportState, Kind, Verdict
from zhenxue.exams.models.banks import Question, QuestionBank


class QuestionImport(models.Model):
    """A file that was read and shown, and is saved (or dropped) as a whole.

    ``done`` of ``total`` items are read (``READING``) or saved (``SAVING``); its items go when it is saved or dropped.
    """

    bank = models.ForeignKey(QuestionBank, models.CASCADE, related_name="imports")
    file_name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200, blank=True)  # the file in kernel.storage while it waits to be read
    format = models.CharField("格式", max_length=12, blank=True)
    state = models.CharField("状态", max_length=10, choices=ImportState.choices(), default=ImportState.READING)
    total = models.PositiveIntegerField("题数", default=0)
    done = models.PositiveIntegerField("已处理", default=0)
    notes = models.JSONField("说明", default=list)
    media = models.JSONField(default=list)  # of its items: name, path, mime, kind, sha256, size, width, height
    doubles = models.CharField("重复的题", max_length=8, choices=DoubleChoice.choices(), blank=True)
    only_good = models.BooleanField("有问题的不导入", default=False)
    failure = models.CharField("原因", max_length=300, blank=True)
    saved = models.PositiveIntegerField("导入题数", default=0)
    skipped = models.PositiveIntegerField("跳过题数", default=0)
    created_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField("上传时间")
    progress_at = models.DateTimeField("最近进展", null=True, blank=True)


class ImportItem(models.Model):
    """One item of a file with its answer."""

    batch = models.ForeignKey(QuestionImport, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField("序号")
    where = models.CharField("位置", max_length=160)
    verdict = models.CharField("结果", max_length=8, choices=Verdict.choices())
    kind = models.CharField("题型", max_length=12, choices=Kind.choices(), blank=True)
    stem = models.TextField("题干", blank=True)
    draft = models.JSONField(null=True)  # formats.Draft, its media by name
    problems = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    written = models.JSONField(default=list)  # of a refused one: a row of the template to mend
    mended_at = models.DateTimeField("改好的时间", null=True)  # on the page, before anything was saved
    digest = models.CharField(max_length=64, blank=True)
    double_of = models.ForeignKey(Question, models.SET_NULL, null=True, related_name="+")  # in the bank
    double_at = models.PositiveIntegerField(null=True)  # the position of an earlier item of the same file
    choice = models.CharField("处理", max_length=8, choices=DoubleChoice.choices(), blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["batch", "verdict", "position"], name="exams_import_verdict")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "position"], name="exams_import_position"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.REFUSED, draft__isnull=True)
                | (~Q(verdict=Verdict.REFUSED) & Q(draft__isnull=False)),
                name="exams_import_draft",
            ),
        ]
