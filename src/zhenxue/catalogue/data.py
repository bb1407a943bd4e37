"""Words and shapes of the catalogue; standard library only."""

from dataclasses import dataclass

from zhenxue.kernel.data import Labelled


class StandardKind(Labelled):
    NATIONAL = "national", "国家职业标准"
    SPECIALISED = "specialised", "专项职业能力考核规范"
    POST = "post", "企业岗位规范"


class PointKind(Labelled):
    KNOWLEDGE = "knowledge", "知识点"
    SKILL = "skill", "技能点"


class Domain(Labelled):
    """B2."""

    GENERAL = "general", "通用素质类"
    SKILL = "skill", "职业技能类"
    ABILITY = "ability", "专项职业能力类"
    STARTUP = "startup", "创新创业类"


class VersionState(Labelled):
    DRAFT = "draft", "草稿"
    IN_REVIEW = "in_review", "审校中"
    RETURNED = "returned", "退回修改"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已下架"


VERSION_TRANSITIONS: dict[VersionState, frozenset[VersionState]] = {
    VersionState.DRAFT: frozenset({VersionState.IN_REVIEW}),
    VersionState.IN_REVIEW: frozenset({VersionState.PUBLISHED, VersionState.RETURNED}),
    VersionState.RETURNED: frozenset({VersionState.IN_REVIEW}),
    VersionState.PUBLISHED: frozenset({VersionState.WITHDRAWN}),
    VersionState.WITHDRAWN: frozenset(),
}


class UnitKind(Labelled):
    VIDEO = "video", "视频"
    DOCUMENT = "document", "文档"
    TEXT = "text", "图文"
    SELF_TEST = "self_test", "自测"


#: Kinds that are read: they earn time by the page, and are finished by a self-test.
READING_KINDS = frozenset({UnitKind.DOCUMENT, UnitKind.TEXT})
#: Kinds that may have questions: a self-test unit, and reading units with a test of their own below the reading.
TESTED_KINDS = READING_KINDS | {UnitKind.SELF_TEST}


class MaterialKind(Labelled):
    VIDEO = "video", "视频"
    DOCUMENT = "document", "文档"
    IMAGE = "image", "图片"


#: What a worker processes before it can be used.
PROCESSED_KINDS = frozenset({MaterialKind.VIDEO, MaterialKind.DOCUMENT})


class MaterialState(Labelled):
    UPLOADED = "uploaded", "等待处理"
    PROCESSING = "processing", "处理中"
    READY = "ready", "可用"
    FAILED = "failed", "处理失败"


MATERIAL_TRANSITIONS: dict[MaterialState, frozenset[MaterialState]] = {
    MaterialState.UPLOADED: frozenset({MaterialState.PROCESSING, MaterialState.READY, MaterialState.FAILED}),
    # Back to the queue: a worker died in the middle.
    MaterialState.PROCESSING: frozenset({MaterialState.READY, MaterialState.FAILED, MaterialState.UPLOADED}),
    MaterialState.READY: frozenset(),
    MaterialState.FAILED: frozenset({MaterialState.UPLOADED}),
}


class QuestionKind(Labelled):
    SINGLE = "single", "单选题"
    MULTIPLE = "multiple", "多选题"
    TRUE_FALSE = "true_false", "判断题"


class TargetGroup(Labelled):
    """B1: the audience of a resource (the six groups of N1 are versioned configuration)."""

    STUDENT = "student", "在校生"
    EMPLOYEE = "employee", "企业职工"
    VETERAN = "veteran", "退役军人"
    GRADUATE = "graduate", "高校毕业生"
    RURAL = "rural", "农村转移劳动力"
    UNEMPLOYED = "unemployed", "失业人员"
    OTHER = "other", "其他"


#: States in which the author may change a version's contents.
EDITABLE = frozenset({VersionState.DRAFT, VersionState.RETURNED})


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """What every digital resource must say of itself (B1-B4), as one version states it."""

    title: str
    domain: str
    occupation_code: str | None = None
    standard_id: int | None = None
    target_groups: tuple[str, ...] = ()
    prerequisites: str = ""
    introduction: str = ""
    features: str = ""
    organisation_form: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a version cannot be submitted: words that say how to mend it, and where.

    With ``in_questions`` it is mended on the page of the unit's questions, else on the unit's own.
    """

    message: str
    unit_id: int | None = None
    in_questions: bool = False


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row of an imported sheet."""

    number: int
    label: str
    problems: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnitDraft:
    """What an author states about a unit; ``minutes`` is ignored for a video (its duration counts)."""

    kind: str
    title: str
    minutes: int | None = None
    material_id: int | None = None
    body: str = ""
    pass_percent: int = 60
    point_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PointDraft:
    """One knowledge or skill point as a sheet or a form states it."""

    kind: str
    code: str
    title: str
    chapter: str = ""
