"""What the log says of incidents, in words; reasons and statements may be erased."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zhenxue.evidence.data import Kind
from zhenxue.integrity.data import IncidentKind, IncidentState, RulingKind
from zhenxue.kernel.clock import CIVIL_ZONE

Body = Mapping[str, Any]
Lines = list[tuple[str, str]]


def _about(body: Body) -> Lines:
    lines = [("核查", f"第 {body['incident']} 号 {IncidentKind(body['kind']).label}")]
    return [*lines, ("状态", IncidentState(body["state"]).label)]


def _gathered(body: Body) -> Lines:
    return [
        *_about(body),
        ("分值", f"{body['score']} 分，{body['signal_count']} 条线索"),
        ("说明期限", body["reply_by"]),
        ("裁定期限", body["rule_by"]),
    ]


def _stated(body: Body) -> Lines:
    lines = [*_about(body), ("照片", f"{body['pictures']} 张")]
    return [*lines, ("内容", str(body["text"]))] if body.get("text") else lines


def _ruled(body: Body) -> Lines:
    lines = [*_about(body), ("裁定", RulingKind(body["ruling"]).label)]
    if body.get("since"):
        lines.append(("撤销时间", f"{_local(body['since'])} 至 {_local(body['until'])}"))
    return [*lines, ("理由", str(body["reason"]))] if body.get("reason") else lines


def _local(text: str) -> str:
    """A moment of the log by the clock in China."""
    return f"{datetime.fromisoformat(text).astimezone(CIVIL_ZONE):%Y-%m-%d %H:%M}"


def _unmasked(body: Body) -> Lines:
    lines = [("核查", f"第 {body['incident']} 号"), ("照片", f"第 {body['capture']} 张")]
    return [*lines, ("理由", str(body["reason"]))] if body.get("reason") else lines


def _exported(body: Body) -> Lines:
    return [("件数", str(body["count"]))]


KINDS = (
    Kind("integrity.incident_opened", "核查立案", describe=_gathered),
    Kind("integrity.incident_joined", "核查增加线索", describe=_gathered),
    Kind("integrity.incident_explained", "机构提交说明", erasable=("text",), describe=_stated),
    Kind("integrity.incident_ruled", "核查裁定", erasable=("reason",), describe=_ruled),
    Kind("integrity.incident_appealed", "学员申诉", erasable=("text",), describe=_stated),
    Kind("integrity.appeal_decided", "申诉复核决定", erasable=("reason",), describe=_ruled),
    Kind("integrity.incident_closed", "核查办结", describe=_about),
    Kind("integrity.capture_unmasked", "查看核验照片原图", erasable=("reason",), describe=_unmasked),
    Kind("integrity.incidents_exported", "下载核查清单", describe=_exported),
)
