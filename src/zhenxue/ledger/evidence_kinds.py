"""Kinds of evidence that the ledger records, with the lines a timeline shows."""

from collections.abc import Mapping
from typing import Any

from zhenxue.evidence.api import Kind
from zhenxue.kernel.hours import in_words
from zhenxue.ledger.data import CorrectionKind, Reason

type Body = Mapping[str, Any]
type Lines = list[tuple[str, str]]


def _credited(body: Body) -> Lines:
    return [("单元", _title(body, "unit")), ("日期", body["day"]), ("计入", in_words(body["seconds"]))]


def _refused(body: Body) -> Lines:
    reasons = dict.fromkeys(Reason(span[1]).label for span in body["spans"] if span[1])
    return [("单元", _title(body, "unit")), ("日期", body["day"]), ("未计入原因", "、".join(reasons))]


def _finished(body: Body) -> Lines:
    return [("单元", _title(body, "unit")), ("累计计入", in_words(body["seconds"]))]


def _booked(body: Body) -> Lines:
    lines = [("课次", _title(body, "line")), ("日期", body["day"]), ("计入", in_words(body["seconds"]))]
    return [*lines, ("补登", f"课后 {body['days_late']} 天")] if body.get("days_late") else lines


def _rebooked(body: Body) -> Lines:
    lines = [("单元", _title(body, "unit")), ("日期", body["day"]), ("计入", in_words(body["seconds"]))]
    if body.get("reason"):
        lines.append(("原因", Reason(body["reason"]).label))
    return [*lines, ("依据", _source(body))]


def _corrected(body: Body) -> Lines:
    lines = [
        ("更正", f"第 {body['correction']} 号 · {CorrectionKind(body['kind']).label}"),
        ("单元", _title(body, "unit")),
        ("日期", body["day"]),
        ("时长", in_words(abs(body["booked_seconds"]) or body["asked_seconds"])),
    ]
    texts = (("学员申请", "request"), ("更正理由", "reason"), ("复核意见", "note"))
    return [*lines, *((label, str(body[name])) for label, name in texts if body.get(name))]


def _batch(body: Body) -> Lines:
    days = str(body["first_day"])
    if body["last_day"] != days:
        days += f" 至 {body['last_day']}"
    lines = [
        ("批次", f"第 {body['batch']} 批，{body['corrections']} 条"),
        ("单元", _title(body, "unit")),
        ("日期", days),
    ]
    if body["left_out"]:
        lines.append(("未列入", f"{len(body['left_out'])} 条"))
    lines.append(("合计申请", in_words(body["asked_seconds"])))
    return [*lines, ("更正理由", str(body["reason"]))] if body.get("reason") else lines


def _source(body: Body) -> str:
    name, _, number = str(body.get("source", "")).partition(":")
    return SOURCES[name].format(number) if name in SOURCES else str(body.get("source", ""))


def _title(body: Body, what: str) -> str:
    """The title as it was then; entries of before titles were written have the number alone."""
    return str(body.get("title") or f"第 {body[what]} 号")


def _held(body: Body) -> Lines:
    whom = f"学籍 {body['enrolment']}" if body["enrolment"] else "整个班期"
    lines = [("保全", f"第 {body['hold']} 号"), ("范围", whom)]
    return [*lines, ("理由", str(body["reason"]))] if body.get("reason") else lines


#: What a change of credited time was made for, by the first word of its source.
SOURCES = {"correction": "更正第 {} 号", "check": "第 {} 次在学核验", "incident": "第 {} 号核查"}
SOURCES |= {"restored_check": "补做第 {} 次在学核验", "restored_incident": "第 {} 号核查申诉成立"}
TEXTS = ("request", "reason", "note")
KINDS = (
    Kind("ledger.credited", "计入线上学时", describe=_credited),
    Kind("ledger.refused", "未计入学时", describe=_refused),
    Kind("ledger.unit_finished", "学完单元", describe=_finished),
    Kind("ledger.attendance_booked", "计入线下学时", describe=_booked),
    Kind("ledger.withdrawn", "撤销学时", describe=_booked),
    Kind("ledger.unit_withdrawn", "撤销线上学时", describe=_rebooked),
    Kind("ledger.made_up", "补计线上学时", describe=_rebooked),
    Kind("ledger.unit_reopened", "单元重新变为未学完", describe=_finished),
    Kind("ledger.correction_requested", "学员申请补计学时", erasable=TEXTS, describe=_corrected),
    Kind("ledger.correction_proposed", "提出学时更正", erasable=TEXTS, describe=_corrected),
    Kind("ledger.correction_approved", "学时更正生效", erasable=TEXTS, describe=_corrected),
    Kind("ledger.correction_rejected", "学时更正不予同意", erasable=TEXTS, describe=_corrected),
    Kind("ledger.correction_cancelled", "撤回学时更正", erasable=TEXTS, describe=_corrected),
    Kind("ledger.batch_proposed", "批量提出补计学时", erasable=("reason",), describe=_batch),
    Kind("ledger.hold_set", "设立法律保全", erasable=("reason",), describe=_held),
    Kind("ledger.hold_released", "解除法律保全", erasable=("reason",), describe=_held),
)
