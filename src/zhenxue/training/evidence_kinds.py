"""Kinds of evidence that ``training`` records, with the lines a timeline shows."""

from collections.abc import Callable, Mapping
from typing import Any

from zhenxue.evidence.api import Kind

type Body = Mapping[str, Any]
type Lines = list[tuple[str, str]]

FIELDS = {
    "code": "班期编号",
    "title": "名称",
    "starts_on": "开班日期",
    "ends_on": "结班日期",
    "capacity": "计划人数",
    "learners": "名册人数",
    "online_minutes": "线上分钟",
    "offline_minutes": "线下分钟",
    "online_share_limit": "线上占比上限（%）",
    "share_exception_reason": "线上占比超限理由",
    "plan_digest": "方案摘要值",
    "digest_before": "变更前摘要值",
    "digest_after": "变更后摘要值",
    "rules_version": "规则版本",
    "kind": "类别",
    "state": "出勤",
    "minutes": "计入分钟",
    "from": "更正前",
    "from_minutes": "更正前分钟",
    "correction": "更正原因",
    "to": "更正为",
    "days_late": "课后几天补登",
    "reason": "原因",
    "note": "意见",
    "file": "文件",
    "accounts": "账号数",
    "imported": "导入人数",
}


def _describe(*names: str) -> Callable[[Body], Lines]:
    def lines(body: Body) -> Lines:
        return [(FIELDS[name], str(body[name])) for name in names if body.get(name) not in (None, "", 0)]

    return lines


def _enrolled(body: Body) -> Lines:
    lines = [("班期编号", str(body.get("code", ""))), ("人数", str(len(body.get("learners", []))))]
    return [*lines, ("文件", str(body["file"]))] if body.get("file") else lines


PROGRAMME = _describe("title", "online_minutes", "offline_minutes", "online_share_limit", "share_exception_reason")
COHORT = _describe("code", "title", "starts_on", "ends_on", "capacity")
FILING = _describe(
    "code", "starts_on", "ends_on", "learners", "online_minutes", "offline_minutes", "share_exception_reason",
    "rules_version", "note", "plan_digest",
)  # fmt: skip
AMENDED = _describe("kind", "reason", "note", "digest_before", "digest_after")
ATTENDED = _describe("title", "state", "minutes", "reason", "from", "from_minutes", "correction", "note", "days_late")
CORRECTING = _describe("title", "from", "to", "correction", "note", "days_late")
REASON = _describe("code", "reason", "plan_digest")

KINDS = (
    Kind("training.programme_created", "新建培训项目", describe=PROGRAMME),
    Kind("training.programme_changed", "修改培训项目", describe=PROGRAMME),
    Kind("training.programme_ready", "培训项目定稿", erasable=("share_exception_reason",), describe=PROGRAMME),
    Kind("training.programme_retired", "停用培训项目", describe=PROGRAMME),
    Kind("training.cohort_created", "新建班期", describe=COHORT),
    Kind("training.cohort_changed", "修改班期", describe=COHORT),
    Kind("training.plan_changed", "修改教学计划", describe=_describe("code")),
    Kind("training.cohort_filed", "提交开班备案", erasable=("share_exception_reason",), describe=FILING),
    Kind("training.cohort_approved", "开班备案获批", erasable=("note", "share_exception_reason"), describe=FILING),
    Kind("training.cohort_returned", "开班备案退回", erasable=("reason",), describe=REASON),
    Kind("training.cohort_cancelled", "取消班期", erasable=("reason",), describe=REASON),
    Kind("training.cohort_started", "开班", describe=_describe("code", "plan_digest")),
    Kind("training.cohort_closed", "结班", erasable=("reason",), describe=REASON),
    Kind("training.learners_enrolled", "学员加入名册", erasable=("file",), describe=_enrolled),
    Kind("training.learner_removed", "学员移出名册", describe=_describe()),
    Kind("training.learner_left", "学员退出", erasable=("reason",), describe=_describe("reason")),
    Kind("training.initial_passwords_made", "生成初始密码", describe=_describe("code", "accounts")),
    Kind("training.initial_passwords_expired", "初始密码清单过期销毁", describe=_describe("code", "accounts")),
    Kind("training.initial_passwords_taken", "下载初始密码清单", describe=_describe("code", "accounts")),
    Kind("training.attendance_recorded", "登记考勤", erasable=("reason",), describe=ATTENDED),
    Kind("training.attendance_corrected", "更正考勤", erasable=("reason", "correction", "note"), describe=ATTENDED),
    Kind(
        "training.attendance_correction_proposed", "提出考勤更正", erasable=("correction", "note"), describe=CORRECTING
    ),
    Kind(
        "training.attendance_correction_rejected",
        "考勤更正不予同意",
        erasable=("correction", "note"),
        describe=CORRECTING,
    ),
    Kind(
        "training.attendance_correction_cancelled", "撤回考勤更正", erasable=("correction", "note"), describe=CORRECTING
    ),
    Kind("training.amendment_filed", "提交变更申请", erasable=("reason",), describe=AMENDED),
    Kind("training.amendment_approved", "变更获批", erasable=("note",), describe=AMENDED),
    Kind("training.amendment_returned", "变更不予批准", erasable=("reason",), describe=AMENDED),
)
