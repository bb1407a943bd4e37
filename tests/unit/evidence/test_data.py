"""The plain shapes of evidence."""

import datetime as dt

import pytest

from zhenxue.evidence import data
from zhenxue.evidence.data import Fault, Finding, Kind, Proof, ProofState, describe_erasure, moment_text


def test_a_moment_is_written_in_utc_with_microseconds_and_needs_a_zone() -> None:
    china = dt.timezone(dt.timedelta(hours=8))
    assert moment_text(dt.datetime(2026, 3, 2, 9, 0, tzinfo=china)) == "2026-03-02T01:00:00.000000Z"
    assert moment_text(dt.datetime(2026, 3, 2, 1, 0, 0, 7, tzinfo=dt.UTC)) == "2026-03-02T01:00:00.000007Z"
    with pytest.raises(ValueError, match="zone"):
        moment_text(dt.datetime(2026, 3, 2))  # noqa: DTZ001 - a time without a zone is the point


def test_the_state_of_a_proof_is_told_in_words() -> None:
    assert Proof(ProofState.PENDING).label == "未入链"
    assert Proof(ProofState.LOGGED, 12).label == "已存证 第 12 号"
    assert Proof(ProofState.WITNESSED, 12).label == "已存证 · 已见证 第 12 号"


def test_a_finding_names_its_entry_and_fault() -> None:
    assert str(Finding(Fault.MISSING, "没有这条", 3)) == "第 3 号：存证缺失——没有这条"
    assert str(Finding(Fault.SIGNATURE, "签名不符")) == "检查点签名不符——签名不符"
    assert len({fault.label for fault in Fault}) == len(Fault)


def test_an_erasure_is_described_with_and_without_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_kinds", {})
    data.register(Kind("tests.kind", "一件事"))
    body = {"digest": "ab" * 32, "fields": ["actor", "note"], "kind": "tests.kind", "reason": "申请"}
    assert describe_erasure(body) == [
        ("原存证", "一件事（摘要 abababababababab…）"),
        ("删除的字段", "操作人姓名、note"),
        ("理由", "申请"),
    ]
    del body["reason"]
    assert describe_erasure({**body, "kind": "tests.gone"})[0] == ("原存证", "tests.gone（摘要 abababababababab…）")
    assert len(describe_erasure(body)) == 2


def test_a_kind_shows_its_labelled_fields_in_plain_words() -> None:
    kind = Kind("tests.kind", "一件事", labels={"hours": "学时（分钟）", "late": "迟到", "days": "日期", "note": "备"})
    body = {"late": False, "hours": 45, "days": ["3月1日", "3月2日"], "inner": 1, "note": None}
    assert kind.lines(body) == [("学时（分钟）", "45"), ("迟到", "否"), ("日期", "3月1日、3月2日")]
    assert Kind("tests.bare", "一件事").lines(body) == []
    assert Kind("tests.own", "一件事", describe=lambda body: [("甲", f"{body['hours']}")]).lines(body) == [("甲", "45")]
