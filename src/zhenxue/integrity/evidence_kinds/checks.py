"""Presence checks in the log, with the lines a timeline shows."""

from collections.abc import Mapping
from typing import Any

from zhenxue.evidence.api import Kind
from zhenxue.integrity.data import CheckCause, CheckKind, OtherReason

type Body = Mapping[str, Any]
type Lines = list[tuple[str, str]]

STRENGTHS = ("有人在操作", "有人在听讲", "老师确认是本人", "人脸与登记一致")


def _asked(body: Body) -> Lines:
    offered = "、".join(CheckKind(kind).label for kind in body["offered"])
    least = body.get("least", 0)
    limit = [("最低强度", f"{least}（{STRENGTHS[least]}）")] if least else []
    return [
        ("缘由", CheckCause(body["cause"]).label),
        ("方式", CheckKind(body["kind"]).label),
        ("可选方式", offered),
        *limit,
        ("时限", f"{body['seconds']} 秒"),
        ("随机数承诺", str(body["commitment"])),
    ]


def _ended(body: Body) -> Lines:
    lines = [("缘由", CheckCause(body["cause"]).label), ("方式", CheckKind(body["kind"]).label)]
    lines += [("改用原因", OtherReason(one["reason"]).label) for one in body["others"]]
    if body["tries"]:
        lines.append(("没做对", f"{body['tries']} 次"))
    if body.get("note"):
        lines.append(("老师说明", str(body["note"])))
    if body.get("make_up_by"):
        lines.append(("可补做到", str(body["make_up_by"])))
    return [*lines, ("随机数", str(body["seed"]))]


def _passed(body: Body) -> Lines:
    return [*_ended(body), ("证明强度", f"{body['strength']}（{STRENGTHS[body['strength']]}）")]


def _made_up(body: Body) -> Lines:
    return [
        ("补做", f"第 {body['made_up_by']} 次核验"),
        ("方式", CheckKind(body["kind"]).label),
        ("证明强度", f"{body['strength']}（{STRENGTHS[body['strength']]}）"),
    ]


def _commanded(body: Body) -> Lines:
    lines = [("范围", "一名学员" if body["enrolment"] else "全班"), ("当时在学", f"{body['running']} 人")]
    return [*lines, ("理由", str(body["reason"]))] if body.get("reason") else lines


KINDS = (
    Kind("integrity.check_asked", "提出在学核验", describe=_asked),
    Kind("integrity.check_passed", "在学核验通过", ("note",), describe=_passed),
    Kind("integrity.check_failed", "在学核验未通过", describe=_ended),
    Kind("integrity.check_missed", "在学核验超时", describe=_ended),
    Kind("integrity.check_cancelled", "在学核验取消", describe=_ended),
    Kind("integrity.check_made_up", "在学核验补做通过", describe=_made_up),
    Kind("integrity.commanded", "人社部门下达抽查", ("reason",), describe=_commanded),
)
