"""The independent tool: what holds is said to hold, and every lie is named in Chinese; the browser says the same."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zhenxue_verify as tool
from tests.support import dossiers as make
from tests.support.dossier_lies import LIES, LOG_KEY, ONE_WORD_LESS, WITNESS_KEY, check
from tests.support.dossiers import LOG, MADE, ORDER, OTHER_LOG, OTHER_WITNESS, WITNESS, make_draft


def test_a_whole_dossier_verifies_and_says_what_it_proves_and_what_not() -> None:
    report = check(make_draft().zip())
    assert report.faults == []
    assert report.status == 0
    proven, limits = "\n".join(report.proven), "\n".join(report.limits)
    for words in (
        "5 条存证",
        "第 1 号到第 17 号",
        "封存时写入存证链的（第 21 号",
        LOG_KEY,
        "witness.example/city 在 2026-04-01",
    ):
        assert words in proven
    for words in ("不证明没有别的存证", "不证明写入时所说的事实本身"):
        assert words in limits


def test_without_a_key_nothing_is_concluded() -> None:
    report = check(make_draft().zip(), log=(), witnesses=())
    assert (report.faults, report.status) == ([], 3)
    assert f"所附公钥：{LOG_KEY}" in "\n".join(report.limits)
    assert "没有核对见证方" in "\n".join(report.limits)
    assert check(make_draft(signers=[OTHER_LOG]).zip(), log=(), witnesses=()).status == 3
    report = check(make_draft(cosigners=[(WITNESS, MADE), (OTHER_WITNESS, MADE)]).zip())
    assert report.status == 0
    assert "1 个签名来自没有给定公钥的一方（witness.example/county）" in "\n".join(report.limits)


def test_a_log_key_that_changed_leaves_old_dossiers_valid() -> None:
    both = make_draft(signers=[LOG, OTHER_LOG]).zip()
    for key in (LOG, OTHER_LOG):
        assert check(both, log=(str(key.verifier),)).status == 0
    assert check(make_draft().zip(), log=(str(OTHER_LOG.verifier), LOG_KEY)).status == 0


@pytest.mark.parametrize("name", LIES)
def test_every_lie_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_it, words = LIES[name]
    content = make_it()
    report = check(content)
    assert report.status == 1
    assert words in "\n".join(report.faults)
    assert report.faults == [fault for fault in report.faults if fault.isprintable()]
    monkeypatch.setattr(tool, "SHAPES", tool.Shapes(often=1))  # every line after the first by its pattern,
    monkeypatch.setattr(tool, "AT_ONCE", 1)  # and each piece of the file for itself
    assert check(content).faults == report.faults


def test_withheld_and_erased_fields_are_counted_and_an_empty_dossier_is_one() -> None:
    def hide(rows: list[dict[str, Any]]) -> None:
        rows[0]["private"]["actor"] = "withheld"
        rows[1]["private"]["actor"] = "erased"

    report = check(make_draft(change=hide).zip())
    assert report.status == 0
    assert "1 个个人信息字段没有随包提供（只有摘要），1 个已按规定删除" in "\n".join(report.limits)
    assert check(make_draft(0).zip()).status == 0


def test_the_browser_says_the_same_sentences(tmp_path: Path) -> None:
    honest = {"whole": make_draft().zip(), "empty": make_draft(0).zip(), "larger": make_draft(300, others=1).zip()}
    contents = honest | {name: make_it() for name, (make_it, _) in LIES.items()}
    files = []
    for number, content in enumerate(contents.values()):
        files.append(tmp_path / f"{number}.zip")
        files[-1].write_bytes(content)
    told = make.check_in_browser_code(files, log=[LOG_KEY], witnesses=[WITNESS_KEY])
    for (name, content), found in zip(contents.items(), told, strict=True):
        report = check(content)
        assert found["status"] == report.status, name
        if name not in ONE_WORD_LESS:
            assert found["faults"] == report.faults, name
        if report.status == 0:
            assert (found["proven"], found["limits"]) == (report.proven, report.limits), name


def test_a_large_dossier_is_checked_by_several_processes_as_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def exchange(rows: list[dict[str, Any]]) -> None:
        rows[700], rows[701] = rows[701], rows[700]

    honest = make_draft(1500, others=1).zip()
    lie = make_draft(1500, others=1, change=exchange).zip()
    alone = [check(honest), check(lie)]
    assert [report.status for report in alone] == [0, 1]
    assert alone[1].faults[0] == "第 1401 号存证重复，或次序被打乱。"
    monkeypatch.setattr(tool, "MANY", 1_000)
    assert [check(honest), check(lie)] == alone


WHOLE = make_draft(2, others=0).zip()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_one_altered_byte_is_never_called_valid(place: int, flip: int) -> None:
    altered = WHOLE[:place] + bytes([WHOLE[place] ^ flip]) + WHOLE[place + 1 :]
    report = check(altered)
    if report.status != 1:  # the bits after the end of a deflate stream mean nothing: every file is still the same
        assert unpacked(altered) == unpacked(WHOLE)


def unpacked(content: bytes) -> dict[str, bytes]:
    stream = io.BytesIO(content)
    members = tool.read_directory(stream)
    return {name: b"".join(tool.read_pieces(stream, member)) for name, member in members.items()}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(WHOLE)), st.integers(0, 200))
def test_hostile_bytes_are_refused_and_never_break_the_tool(noise: bytes, place: int, cut: int) -> None:
    content = WHOLE[:place] + noise + WHOLE[place + cut :]
    assert check(content).status == (1 if content != WHOLE else 0)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ORDER), st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_hostile_files_are_refused_and_never_break_the_tool(name: str, data: bytes) -> None:
    draft = make_draft(2)
    draft.files[name] = data
    if name != "manifest.json":
        draft.relist()
    assert check(draft.zip()).status == 1
