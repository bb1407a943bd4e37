"""What the log says of faces, in words. Scores are thousandths; there is never a vector and never a picture."""

from collections.abc import Mapping
from typing import Any

from zhenxue.evidence.data import Kind
from zhenxue.integrity.data import FaceReason, PendingCause, PendingState, TemplateEnd

Body = Mapping[str, Any]
Lines = list[tuple[str, str]]


def _score(value: int | None) -> str:
    return "无" if value is None else f"{value / 1000:.3f}"


def _made(body: Body) -> Lines:
    lines = [("引擎", str(body["engine"])), ("照片", f"{body['frames']} 张")]
    if body.get("portrait_score") is not None:
        lines.append(("与证件照相似度", f"{_score(body['portrait_score'])}（阈值 {_score(body['threshold'])}）"))
    if body.get("former_score") is not None:
        lines.append(("与原登记相似度", _score(body["former_score"])))
    return lines


def _asked(body: Body) -> Lines:
    return [("原因", PendingCause(body["cause"]).label), *_made(body)]


def _decided(body: Body) -> Lines:
    lines = [("原因", PendingCause(body["cause"]).label), ("结果", PendingState(body["state"]).label)]
    return [*lines, ("说明", str(body["note"]))] if body.get("note") else lines


def _ended(body: Body) -> Lines:
    return [("原因", TemplateEnd(body["reason"]).label), ("处理", "人脸特征已删除")]


def _compared(body: Body) -> Lines:
    lines = [("结果", "通过" if body["passed"] else "未通过"), ("引擎", str(body["engine"]))]
    if body.get("score") is not None:
        lines.append(("相似度", f"{_score(body['score'])}（阈值 {_score(body['threshold'])}）"))
    reasons = "、".join(FaceReason(one).label for one in body["reasons"])
    return [*lines, ("原因", reasons)] if reasons else lines


def _deleted(body: Body) -> Lines:
    return [("组数", str(body["count"])), ("原因", "保存期满")]


KINDS = (
    Kind("integrity.face_enrolled", "人脸登记", ("digest",), _made),
    Kind("integrity.face_asked", "人脸登记待机构确认", describe=_asked),
    Kind("integrity.face_decided", "机构办理人脸登记", ("note",), _decided),
    Kind("integrity.face_ended", "人脸登记停用", describe=_ended),
    Kind("integrity.face_compared", "人脸比对", describe=_compared),
    Kind("integrity.pictures_deleted", "核验照片到期删除", describe=_deleted),
)
