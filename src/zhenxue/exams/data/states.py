"""Kinds and state machines of ``exams``; standard library only."""

from zhenxue.kernel.data import Labelled


class Kind(Labelled):
    """What a question asks for. The shapes of its body, key and answers: ``exams/kinds``."""

    SINGLE = "single", "单选题"
    MULTIPLE = "multiple", "多选题"
    TRUE_FALSE = "true_false", "判断题"
    FILL_IN = "fill_in", "填空题"
    SHORT_ANSWER = "short_answer", "简答题"
    CALCULATION = "calculation", "计算题"
    MATCHING = "matching", "连线题"
    ORDERING = "ordering", "排序题"
    CASE = "case", "案例题"
    HOTSPOT = "hotspot", "识图题"
    PRACTICAL = "practical", "实操题"


class AssetKind(Labelled):
    IMAGE = "image", "图片"
    AUDIO = "audio", "音频"
    VIDEO = "video", "视频"


class QuestionState(Labelled):
    ACTIVE = "active", "在用"
    REPLACED = "replaced", "有新版本"
    RETIRED = "retired", "已停用"


QUESTION_TRANSITIONS: dict[QuestionState, frozenset[QuestionState]] = {
    QuestionState.ACTIVE: frozenset({QuestionState.REPLACED, QuestionState.RETIRED}),
    QuestionState.REPLACED: frozenset(),
    QuestionState.RETIRED: frozenset({QuestionState.ACTIVE}),
}


class ImportState(Labelled):
    READING = "reading", "正在读取"
    CHECKED = "checked", "等待确认"
    SAVING = "saving", "正在导入"
    SAVED = "saved", "已导入"
    FAILED = "failed", "读不出来"
    DISCARDED = "discarded", "已放弃"


#: Saving that is refused (somebody took a number meanwhile) goes back to be confirmed again; nothing is half done.
IMPORT_TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.READING: frozenset({ImportState.CHECKED, ImportState.FAILED, ImportState.DISCARDED}),
    ImportState.CHECKED: frozenset({ImportState.SAVING, ImportState.DISCARDED}),
    ImportState.SAVING: frozenset({ImportState.SAVED, ImportState.CHECKED}),
    ImportState.SAVED: frozenset(),
    ImportState.FAILED: frozenset({ImportState.DISCARDED}),
    ImportState.DISCARDED: frozenset(),
}


class Verdict(Labelled):
    """What the reading of a file says about one of its items."""

    GOOD = "good", "可以导入"
    SAME = "same", "与已有的题相同"
    SIMILAR = "similar", "题干相同，内容不同"
    REFUSED = "refused", "有问题"


class DoubleChoice(Labelled):
    """What is done with an item that the bank (or the file, above it) has already."""

    SKIP = "skip", "跳过"
    VERSION = "version", "作为新版本"
    KEEP = "keep", "两道都留"


class PaperState(Labelled):
    DRAFT = "draft", "组卷中"
    FINAL = "final", "已定稿"
    RETIRED = "retired", "已停用"


#: A final paper never changes again; a copy of it starts as a draft.
PAPER_TRANSITIONS: dict[PaperState, frozenset[PaperState]] = {
    PaperState.DRAFT: frozenset({PaperState.FINAL}),
    PaperState.FINAL: frozenset({PaperState.RETIRED}),
    PaperState.RETIRED: frozenset(),
}


class MultipleRule(Labelled):
    """How a multiple-choice question scores."""

    ALL = "all", "全部选对得分，漏选、错选不得分"
    HALF = "half", "漏选得一半分，错选不得分"


class ExamKind(Labelled):
    """Why a cohort sits it. Only a stage's assessment, its make-up and its practical part count for the stage (N14)."""

    CHAPTER = "chapter", "章节测验"
    STAGE = "stage", "阶段考核"
    FINAL = "final", "结业考试"
    MAKE_UP = "make_up", "补考"
    PRACTICAL = "practical", "实操考核"


class ExamState(Labelled):
    DRAFT = "draft", "未发布"
    SCHEDULED = "scheduled", "已安排"
    CLOSED = "closed", "已结束"
    CANCELLED = "cancelled", "已取消"


EXAM_TRANSITIONS: dict[ExamState, frozenset[ExamState]] = {
    ExamState.DRAFT: frozenset({ExamState.SCHEDULED, ExamState.CANCELLED}),
    ExamState.SCHEDULED: frozenset({ExamState.CLOSED, ExamState.CANCELLED}),
    ExamState.CLOSED: frozenset(),
    ExamState.CANCELLED: frozenset(),
}


class AttemptState(Labelled):
    OPEN = "open", "作答中"
    SUBMITTED = "submitted", "已交卷"
    MARKED = "marked", "已评分"
    VOIDED = "voided", "已作废"


#: A ruling makes a marked attempt void; an appeal that overturns it brings its marks back.
ATTEMPT_TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.OPEN: frozenset({AttemptState.SUBMITTED}),
    AttemptState.SUBMITTED: frozenset({AttemptState.MARKED}),
    AttemptState.MARKED: frozenset({AttemptState.VOIDED}),
    AttemptState.VOIDED: frozenset({AttemptState.MARKED}),
}


class AttemptEnd(Labelled):
    LEARNER = "learner", "本人交卷"
    DEADLINE = "deadline", "到时自动交卷"
    INVIGILATOR = "staff", "监考员收卷"


class ConductKind(Labelled):
    """What happened around an attempt (A20); words for people who look."""

    LEFT = "left", "离开页面"
    PASTE = "paste", "粘贴"
    COPY = "copy", "复制"
    RESIZE = "resize", "改变窗口大小"
    FULLSCREEN = "fullscreen", "退出全屏"
    SECOND = "second", "另一台设备打开"
    MOVED = "moved", "更换设备"
    OFFLINE = "offline", "断网"
    CAPTURE = "capture", "抽拍"
    SILENT = "silent", "没有行为记录"  # the page said nothing at all: a fact of its own
    BREAK = "break", "休息"
    OPENED = "opened", "打开试卷"
    RELEASED = "released", "放行换设备"
    EXTENDED = "extended", "延长时间"


class MarkRound(Labelled):
    FIRST = "first", "一评"
    SECOND = "second", "二评"
    DECIDING = "deciding", "终评"
    REVIEW = "review", "复核"


class AppealState(Labelled):
    OPEN = "open", "待复核"
    CHANGED = "changed", "已改分"
    UPHELD = "upheld", "维持原分"


APPEAL_TRANSITIONS: dict[AppealState, frozenset[AppealState]] = {
    AppealState.OPEN: frozenset({AppealState.CHANGED, AppealState.UPHELD}),
    AppealState.CHANGED: frozenset(),
    AppealState.UPHELD: frozenset(),
}


class ChangeState(Labelled):
    """Of a change of a score: nobody changes one alone."""

    OPEN = "open", "等待第二人确认"
    APPROVED = "approved", "已生效"
    REJECTED = "rejected", "未同意"


CHANGE_TRANSITIONS: dict[ChangeState, frozenset[ChangeState]] = {
    ChangeState.OPEN: frozenset({ChangeState.APPROVED, ChangeState.REJECTED}),
    ChangeState.APPROVED: frozenset(),
    ChangeState.REJECTED: frozenset(),
}


class PracticeMode(Labelled):
    BANK = "bank", "题库练习"
    ERRORS = "errors", "错题练习"
    MOCK = "mock", "模拟考试"


class CertificateState(Labelled):
    VALID = "valid", "有效"
    REVOKED = "revoked", "已撤销"


CERTIFICATE_TRANSITIONS: dict[CertificateState, frozenset[CertificateState]] = {
    CertificateState.VALID: frozenset({CertificateState.REVOKED}),
    CertificateState.REVOKED: frozenset(),
}


class BatchState(Labelled):
    WAITING = "waiting", "等待处理"
    RUNNING = "running", "制作中"
    DONE = "done", "已完成"
    FAILED = "failed", "没有完成"


BATCH_TRANSITIONS: dict[BatchState, frozenset[BatchState]] = {
    BatchState.WAITING: frozenset({BatchState.RUNNING}),
    BatchState.RUNNING: frozenset({BatchState.DONE, BatchState.FAILED, BatchState.WAITING}),  # it died with its server
    BatchState.DONE: frozenset(),
    BatchState.FAILED: frozenset({BatchState.WAITING}),
}
