"""Tables of ``catalogue``: occupations, standards and points, courses, versions, units, materials."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.catalogue.data import (
    Domain,
    MaterialKind,
    MaterialState,
    PointKind,
    QuestionKind,
    StandardKind,
    UnitKind,
    VersionState,
)
from zhenxue.kernel.fields import SealedTextField


class Occupation(models.Model):
    """A node of the national classification of occupations, 2022 edition (A8)."""

    code = models.CharField("职业编码", max_length=12, primary_key=True)
    name = models.CharField("职业名称", max_length=120)
    level = models.CharField("层级", max_length=8)  # major, middle, minor, unit
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    agreement = models.CharField("来源一致性", max_length=8)  # both, one: how many public transcriptions carry it

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Standard(models.Model):
    """A standard whose points courses are arranged by (A9)."""

    kind = models.CharField("类别", max_length=12, choices=StandardKind.choices())
    code = models.CharField("编号", max_length=60)
    name = models.CharField("名称", max_length=160)
    occupation = models.ForeignKey(Occupation, models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField("来源", max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "code"], name="catalogue_standard_code"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(organisation__isnull=True), name="catalogue_public_standard_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.code}）"


class Point(models.Model):
    """A knowledge or skill point of a standard."""

    standard = models.ForeignKey(Standard, models.CASCADE, related_name="points")
    kind = models.CharField("类别", max_length=10, choices=PointKind.choices())
    code = models.CharField("编号", max_length=40)
    title = models.CharField("内容", max_length=300)
    chapter = models.CharField("职业功能/工作内容", max_length=160, blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["standard", "code"], name="catalogue_point_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Course(models.Model):
    """A course with what every digital resource must carry (B1–B4); its contents live in versions."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    title = models.CharField("课程名称", max_length=120)
    occupation = models.ForeignKey(Occupation, models.PROTECT, null=True, blank=True, related_name="+")
    standard = models.ForeignKey(Standard, models.PROTECT, null=True, blank=True, related_name="+")
    domain = models.CharField("资源分类", max_length=10, choices=Domain.choices())
    target_groups = models.JSONField("适用对象", default=list)
    prerequisites = models.TextField("前置要求", blank=True)
    introduction = models.TextField("主要学习内容", blank=True)
    features = models.TextField("项目特点", blank=True)
    organisation_form = models.TextField("培训方式及组织形式", blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class CourseVersion(models.Model):
    """One version of a course; published and then used by a filed cohort it is frozen and never changes."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField("版本")
    state = models.CharField("状态", max_length=10, choices=VersionState.choices(), default=VersionState.DRAFT)
    review_note = models.TextField("审校意见", blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    facts = models.JSONField("课程信息", default=dict)  # data.CourseFacts as this version states them (B1-B4)
    submitted_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "number"], name="catalogue_version_number"),
            models.CheckConstraint(
                condition=Q(frozen_at__isnull=True) | Q(state__in=[VersionState.PUBLISHED, VersionState.WITHDRAWN]),
                name="catalogue_version_frozen_is_published",
            ),
            models.UniqueConstraint(
                fields=["course"],
                condition=Q(state__in=[VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED]),
                name="catalogue_one_open_version",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "submitted_at"], name="catalogue_version_queue")]

    def __str__(self) -> str:
        return f"{self.course_id} v{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether it is still on its way to publication (a course has at most one such version)."""
        return self.state in {VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED}


class Material(models.Model):
    """An uploaded file of an organisation, with its licence note (B10)."""

    organisation = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+")
    kind = models.CharField("类别", max_length=10, choices=MaterialKind.choices())
    title = models.CharField("名称", max_length=120)
    file_name = models.CharField("文件名", max_length=200)
    path = models.CharField(max_length=200)  # inside the file store
    size_bytes = models.PositiveBigIntegerField("大小")
    sha256 = models.CharField(max_length=64)
    licence_note = models.CharField("授权说明", max_length=300)
    state = models.CharField("状态", max_length=10, choices=MaterialState.choices(), default=MaterialState.UPLOADED)
    progress = models.PositiveSmallIntegerField("进度", default=0)  # per cent
    failure = models.CharField("失败原因", max_length=300, blank=True)
    content_type = models.CharField("格式", max_length=60, blank=True)  # told by the bytes, never by the name
    pages = models.PositiveIntegerField("页数", default=0)  # documents
    width = models.PositiveIntegerField("宽", default=0)  # images
    height = models.PositiveIntegerField("高", default=0)  # images
    attempt = models.PositiveIntegerField(default=0)  # counts processings; a worker may write only while it is its own
    heartbeat_at = models.DateTimeField(null=True, blank=True)  # when its worker (or the queue) last spoke of it
    uploaded_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(progress__lte=100), name="catalogue_material_progress"),
            models.CheckConstraint(condition=~Q(licence_note=""), name="catalogue_material_licensed"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "kind", "state"], name="catalogue_material_shelf")]

    def __str__(self) -> str:
        return self.title


class Video(models.Model):
    """What the worker made of a video material: HLS rungs with AES-128 keys, and a poster."""

    material = models.OneToOneField(Material, models.CASCADE, related_name="video")
    duration_ms = models.PositiveIntegerField("时长")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    folder = models.CharField(
        max_length=200
    )  # inside the file store: master.m3u8, <rung>/index.m3u8, segments, poster.jpg
    rungs = models.JSONField(default=list)  # [{"name": "720p", "width": …, "height": …, "bandwidth": …, "codecs": …}]

    @property
    def seconds(self) -> int:
        """The duration in whole seconds, cut; what a unit of it may count at most."""
        return self.duration_ms // 1000


class MediaKey(models.Model):
    """One AES-128 content key: it opens the segments of one rung between two moments of the video."""

    video = models.ForeignKey(Video, models.CASCADE, related_name="keys")
    rung = models.CharField(max_length=10)
    index = models.PositiveIntegerField()
    key_hex = SealedTextField()
    from_ms = models.PositiveIntegerField()
    to_ms = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["video", "rung", "index"], name="catalogue_key_index"),
            models.CheckConstraint(condition=Q(to_ms__gt=models.F("from_ms")), name="catalogue_key_window"),
        ]


class Document(models.Model):
    """What the worker made of a PDF material: a picture of each page, ``0001.webp`` … in ``folder``."""

    material = models.OneToOneField(Material, models.CASCADE, related_name="document")
    folder = models.CharField(max_length=200)  # inside the file store


class DocumentPage(models.Model):
    """One page of a document: the size of its picture in pixels, and what is written on it (for screen readers)."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="drawn_pages")
    number = models.PositiveIntegerField()  # from 1
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    text = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "number"], name="catalogue_document_page_number"),
            models.CheckConstraint(
                condition=Q(number__gte=1, width__gte=1, height__gte=1), name="catalogue_document_page_size"
            ),
        ]


class Chapter(models.Model):
    """A heading under which units stand."""

    version = models.ForeignKey(CourseVersion, models.CASCADE, related_name="chapters")
    position = models.PositiveIntegerField()
    title = models.CharField("章节", max_length=120)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="catalogue_chapter_position")
        ]

    def __str__(self) -> str:
        return self.title


class Unit(models.Model):
    """The smallest thing one can study. ``minutes`` is the most that can be credited for it."""

    version = models.ForeignKey(CourseVersion, models.CASCADE, related_name="units")
    chapter = models.ForeignKey(Chapter, models.CASCADE, related_name="units")
    position = models.PositiveIntegerField()
    kind = models.CharField("形式", max_length=10, choices=UnitKind.choices())
    title = models.CharField("单元", max_length=120)
    seconds = models.PositiveIntegerField("计学时长")  # a video: its duration; others: what the author states
    material = models.ForeignKey(Material, models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField("正文", blank=True)  # text units: the small markup of catalogue/markup.py
    points = models.ManyToManyField(Point, related_name="+", blank=True)
    pass_percent = models.PositiveSmallIntegerField("自测合格线", default=60)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chapter", "position"], name="catalogue_unit_position"),
            models.CheckConstraint(condition=Q(pass_percent__lte=100), name="catalogue_unit_pass_percent"),
            models.CheckConstraint(
                condition=Q(kind__in=[UnitKind.VIDEO, UnitKind.DOCUMENT], material__isnull=False)
                | Q(kind__in=[UnitKind.TEXT, UnitKind.SELF_TEST], material__isnull=True),
                name="catalogue_unit_material",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SelfTestQuestion(models.Model):
    """A question of a self-test unit; the shapes are those of ``catalogue.questions``."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="questions")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=QuestionKind.choices())
    stem = models.TextField("题干")
    options = models.JSONField("选项", default=list)  # ["…", "…"]; empty for true/false
    answer = models.JSONField("答案")  # list of option letters ["A"], or ["对"] / ["错"]
    explanation = models.TextField("解析", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["unit", "position"], name="catalogue_self_test_position")
        ]


class UnitPrompt(models.Model):
    """A question that a presence check may ask of who has just seen ``at_ms`` of a unit; frozen with the version."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="prompts")
    at_ms = models.PositiveIntegerField("时间点")  # of a video its position; of what is read, its share of the time
    kind = models.CharField(max_length=12, choices=QuestionKind.choices())
    stem = models.TextField("题干")
    options = models.JSONField("选项", default=list)  # as SelfTestQuestion
    answer = models.JSONField("答案")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["unit", "at_ms"], name="catalogue_prompt_moment")]

    @property
    def at_seconds(self) -> int:
        """The moment in whole seconds."""
        return self.at_ms // 1000
