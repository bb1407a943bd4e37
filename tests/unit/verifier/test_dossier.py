"""The independent tool: what holds is said to hold, and every lie is named in Chinese; the browser says the same."""

import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zhenxue_verify as tool
from tests.support import dossiers as make
from tests.support.dossiers import LOG, MADE, ORDER, OTHER_LOG, OTHER_WITNESS, WITNESS, Draft, Part, make_draft, pack
from zhenxue.tlog import canonical
from zhenxue.tlog.cosignatures import WitnessKey

LOG_KEY, WITNESS_KEY = str(LOG.verifier), str(WitnessKey.of(WITNESS))


def check(
    content: bytes, *, log: tuple[str, ...] = (LOG_KEY,), witnesses: tuple[str, ...] = (WITNESS_KEY,)
) -> tool.Report:
    return tool.check_dossier(
        io.BytesIO(content),
        log_keys=[tool.read_key(text, tool.LOG_KEY) for text in log],
        witness_keys=[tool.read_key(text, tool.WITNESS_KEY) for text in witnesses],
        now=make.NOW,
    )


def with_row(change: Callable[[list[dict[str, Any]]], None]) -> Draft:
    """A dossier whose entries were changed after it was sealed, with everything that can follow let to follow."""
    draft = make_draft()
    rows = draft.rows()
    change(rows)
    return draft.lines(rows).manifest(count=len(rows)).relist()


def edited(row: dict[str, Any], **changes: Any) -> None:
    """Rewrites a row's text, and the digest beside it."""
    envelope = {**json.loads(row["envelope"]), **changes}
    row["envelope"] = canonical.dumps(envelope).decode()
    row["digest"] = make.digest(bytes.fromhex(row["salt"]) + row["envelope"].encode())


def with_file(name: str, data: bytes) -> Draft:
    draft = make_draft()
    draft.files[name] = data
    return draft.relist() if name != "manifest.json" else draft


def parts(*, change: dict[str, dict[str, Any]] | None = None, order: tuple[str, ...] = ORDER) -> list[Part]:
    draft = make_draft()
    return [Part(name, draft.files[name], **(change or {}).get(name, {})) for name in order]


def bomb() -> bytes:
    return pack(parts(change={"summary.html": {"packed": make.deflate(b"0" * 30_000_000), "size": 30_000_000}}))


def hidden_bomb() -> bytes:
    return pack(parts(change={"summary.html": {"packed": make.deflate(b"0" * 30_000_000), "size": 1_000}}))


def long_text() -> str:
    """Two megabytes that do not pack well."""
    return "".join(make.digest(b"%d" % number) for number in range(1 << 15))


def deep(depth: int = 100_000) -> bytes:
    return b"[" * depth + b"]" * depth


FUTURE = make.NOW + dt.timedelta(days=2)
#: What is done to a dossier → what must be said.
LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing at all": (lambda: b"", "这不是档案包"),
    "no zip": (lambda: b"PK\x03\x04" + b"x" * 100, "这不是档案包"),
    "cut off": (lambda: make_draft().zip()[:-30], "这不是档案包"),
    "cut in the middle": (lambda: make_draft().zip()[:700] + make_draft().zip()[-22:], "结构与档案包格式不符"),
    "something before": (lambda: b"MZ" + make_draft().zip(), "结构与档案包格式不符"),
    "something after": (lambda: make_draft().zip() + b"x", "这不是档案包"),
    "a comment": (lambda: pack(parts(), comment=b"hello"), "这不是档案包"),
    "a gap": (lambda: pack(parts(change={"seal.json": {"gap": b"hidden"}})), "结构与档案包格式不符（seal.json）"),
    "a wrong count": (lambda: pack(parts(), count=6), "结构与档案包格式不符（文件之间有多余的内容）"),
    "a huge offset": (lambda: pack(parts(), offset=2**31), "结构与档案包格式不符"),
    "a path up": (
        lambda: pack([*parts(), Part("../../etc/passwd", b"x")]),
        "文件名带有路径或特殊字符：../../etc/passwd",
    ),
    "an absolute path": (lambda: pack([*parts(), Part("/etc/passwd", b"x")]), "文件名带有路径"),
    "a backslash": (lambda: pack([*parts(), Part("a\\b", b"x")]), "文件名带有路径"),
    "a name that is no text": (lambda: pack([*parts(), Part("x", b"x", raw_name=b"\xff\x1b[31m")]), "文件名带有路径"),
    "one file more": (lambda: pack([*parts(), Part("virus.exe", b"x")]), "不该有的文件：virus.exe"),
    "one file less": (lambda: pack(parts(order=ORDER[:-1])), "档案包缺少文件：keys.json"),
    "one name twice": (lambda: pack([*parts(), Part("seal.json", b"x")]), "重名文件：seal.json"),
    "another order": (lambda: pack(parts(order=ORDER[::-1])), "文件次序"),
    "a symbolic link": (
        lambda: pack(parts(change={"seal.json": {"attributes": 0o120777 << 16}})),
        "seal.json 不是普通文件",
    ),
    "a folder": (lambda: pack(parts(change={"seal.json": {"attributes": 0o040755 << 16}})), "seal.json 不是普通文件"),
    "a password": (lambda: pack(parts(change={"seal.json": {"flags": 1}})), "seal.json 被加密"),
    "another method": (lambda: pack(parts(change={"seal.json": {"method": 12}})), "结构与档案包格式不符（seal.json）"),
    "a time": (lambda: pack(parts(change={"seal.json": {"date": 0x5A21}})), "结构与档案包格式不符（seal.json）"),
    "a file too large": (lambda: pack(parts(change={"keys.json": {"size": 2**31}})), "keys.json 太大"),
    "a bomb": (bomb, "summary.html 的压缩比超过 200 倍"),
    "a hidden bomb": (hidden_bomb, "summary.html 太大（>1000 字节"),
    "no deflate": (
        lambda: pack(parts(change={"summary.html": {"packed": b"\xff" * 50}})),
        "summary.html 的压缩数据损坏",
    ),
    "deflate cut off": (
        lambda: pack(
            parts(change={"entries.jsonl": {"packed": make.deflate(make_draft().files["entries.jsonl"])[:-9]}})
        ),
        "entries.jsonl 的压缩数据损坏",
    ),
    "deflate and more": (
        lambda: pack(parts(change={"keys.json": {"packed": make.deflate(make_draft().files["keys.json"]) + b"more"}})),
        "keys.json 的压缩数据损坏",
    ),
    "a wrong sum": (lambda: pack(parts(change={"proof.bin": {"crc": 1}})), "proof.bin 的校验值不符"),
    "a manifest that is no JSON": (
        lambda: with_file("manifest.json", b"{").zip(),
        "manifest.json 不是规范格式（不是 JSON）",
    ),
    "a manifest too deep": (lambda: with_file("manifest.json", deep()).zip(), "manifest.json 不是规范格式（嵌套太深）"),
    "wrong UTF-8": (lambda: with_file("manifest.json", b'{"a":"\xff"}').zip(), "不是合法的 UTF-8 文字"),
    "a blank in the manifest": (
        lambda: with_file("manifest.json", make_draft().files["manifest.json"].replace(b",", b", ", 1)).zip(),
        "不是规范写法",
    ),
    "one key twice": (
        lambda: with_file("manifest.json", make_draft().files["manifest.json"].replace(b'"v":1', b'"v":1,"v":1')).zip(),
        "不是规范写法",
    ),
    "a huge number": (lambda: make_draft().manifest(count=2**53 - 1).zip(), "登记的是 9007199254740991 条"),
    "a later version": (lambda: make_draft().manifest(v=2).zip(), "不认识的格式版本（zhenxue-dossier 2）"),
    "another size": (lambda: make_draft().manifest(size=99).zip(), "登记的树大小或树根与检查点不符"),
    "another title": (lambda: make_draft().manifest(title="别的班").zip(), "与封存时写入存证链的不符"),
    "another cohort": (lambda: make_draft().manifest(ref="cohort:2").zip(), "与 cohort:2 无关"),
    "made tomorrow": (lambda: make_draft(made=FUTURE).zip(), "档案包的制作时间"),
    "another summary": (
        lambda: with_file("summary.html", b"<p>100</p>").zip(),
        "summary.html 与封存时写入存证链的摘要不符",
    ),
    "a summary not listed": (
        lambda: (lambda draft: draft.files.update({"summary.html": b"x"}) or draft)(make_draft()).zip(),
        "summary.html 与 manifest.json 登记的大小或摘要不符",
    ),
    "an edited entry": (
        lambda: with_row(lambda rows: rows[1].update(envelope=rows[1]["envelope"].replace('"n":5', '"n":6'))).zip(),
        "第 5 号存证的正文或盐与摘要不符",
    ),
    "an edited entry with its digest": (
        lambda: with_row(lambda rows: edited(rows[1], body={"n": 6})).zip(),
        "entries.jsonl 与封存时写入存证链的摘要不符",
    ),
    "an edited name": (
        lambda: with_row(lambda rows: rows[2]["private"]["actor"].update(value="李四")).zip(),
        "第 9 号存证的字段“actor”与登记的摘要不符",
    ),
    "another salt": (
        lambda: with_row(lambda rows: rows[0].update(salt="00" * 32)).zip(),
        "第 1 号存证的正文或盐与摘要不符",
    ),
    "an entry left out": (lambda: with_row(lambda rows: rows.pop(2)).zip(), "有存证被增加、删除或改动过"),
    "an entry twice": (lambda: with_row(lambda rows: rows.insert(1, rows[0])).zip(), "第 1 号存证重复，或次序被打乱"),
    "two entries exchanged": (lambda: with_row(lambda rows: rows.reverse()).zip(), "次序被打乱"),
    "another number": (lambda: with_row(lambda rows: rows[4].update(number=18)).zip(), "entries.jsonl 与封存时"),
    "a number beyond": (lambda: with_row(lambda rows: rows[4].update(number=10**6)).zip(), "超出检查点的树大小"),
    "an entry of others": (
        lambda: with_row(lambda rows: edited(rows[0], about=["cohort:2"], subject="cohort:2")).zip(),
        "第 1 号存证与 cohort:1 无关",
    ),
    "an entry from the future": (
        lambda: with_row(lambda rows: edited(rows[0], at=make.moment(FUTURE))).zip(),
        "第 1 号存证的时间",
    ),
    "an entry with a field more": (
        lambda: with_row(lambda rows: rows[0].update(extra=1)).zip(),
        "第 1 行存证不是规范格式",
    ),
    "an entry too deep": (
        lambda: with_row(lambda rows: rows[0].update(envelope="[" * 50_000 + "]" * 50_000)).zip(),
        "第 1 行存证不是规范格式（嵌套太深）",
    ),
    "a line too long": (
        lambda: with_row(lambda rows: rows[0].update(envelope=long_text())).zip(),
        "有一行存证不是规范格式（太长）",
    ),
    "a last line not finished": (
        lambda: with_file("entries.jsonl", make_draft().files["entries.jsonl"][:-1]).zip(),
        "最后一行存证不是规范格式（没有写完）",
    ),
    "a seal of something else": (
        lambda: with_file("seal.json", canonical.dumps(make.entry_row(22)) + b"\n").zip(),
        "seal.json 不是这个档案包的封存存证",
    ),
    "a proof too short": (
        lambda: with_file("proof.bin", make_draft().files["proof.bin"][:-32]).zip(),
        "包含证明缺少节点",
    ),
    "a proof too long": (
        lambda: with_file("proof.bin", make_draft().files["proof.bin"] + bytes(32)).zip(),
        "包含证明多出节点",
    ),
    "half a node": (lambda: with_file("proof.bin", make_draft().files["proof.bin"][:-1]).zip(), "proof.bin 的长度不对"),
    "another proof": (
        lambda: with_file("proof.bin", bytes(32) + make_draft().files["proof.bin"][32:]).zip(),
        "由这些存证算不出检查点的树根",
    ),
    "a key of somebody else": (lambda: make_draft(signers=[OTHER_LOG]).zip(), "检查点没有用给定的日志公钥签名"),
    "a checkpoint edited": (
        lambda: with_file("checkpoint.txt", make_draft().files["checkpoint.txt"].replace(b"\n24\n", b"\n25\n")).zip(),
        "的签名不对",
    ),
    "a checkpoint that is none": (
        lambda: with_file("checkpoint.txt", b"x\n").zip(),
        "checkpoint.txt 不是规范的签名检查点",
    ),
    "a witness that did not sign": (
        lambda: make_draft(cosigners=[(OTHER_WITNESS, MADE)]).zip(),
        "没有给定的见证方 witness",
    ),
    "a witness in the future": (lambda: make_draft(cosigners=[(WITNESS, FUTURE)]).zip(), "签名的时间 2026-04-04"),
    "a witness retired": (
        lambda: make_draft(witnesses=[(WITNESS, make.BEGUN, MADE - dt.timedelta(days=1))]).zip(),
        "不在它的公钥有效期内",
    ),
    "a witness not yet known": (
        lambda: make_draft(witnesses=[(WITNESS, make.NOW, None)]).zip(),
        "不在它的公钥有效期内",
    ),
    "a log key retired": (
        lambda: with_file(
            "keys.json", canonical.dumps({"log": [{"end": 3, "first": 0, "vkey": LOG_KEY}], "witnesses": []})
        ).zip(),
        "已经停用或尚未启用",
    ),
    "keys that are none": (
        lambda: with_file("keys.json", b'{"log":[],"witnesses":[]}').zip(),
        "keys.json 不是规范格式",
    ),
}
#: How deep Python and a browser read JSON differs by itself; both refuse it.
ONE_WORD_LESS = {"a manifest too deep", "an entry too deep"}


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


BODY = {
    "day": "2026-03-02",
    "few": [],
    "list": [["a", 1], [None], 2],
    "n": -5,
    "of": {"a": True, "b": "课"},
    "text": "第",
}
#: What may stand where a value should stand, before its quotation marks are escaped for the line.
CANONICAL = (
    r'0 -1 999999999999999 9007199254740991 null "" "人\"\\" "\n" [] [0,[1,"2",null],[]]'
    r' [[[1]]] [{"a":1}] {"a":{"b":1}}'
)
FORGED = (
    r'-0 00 01 -01 +1 1.0 1e3 9007199254740992 99999999999999999999 NaN -Infinity True [1,] [,1] [1 1} "\u0041" "\/"'
    r' "\x" "a"b" 1,"n":1 1,"a":1 1},"x":{ {"b":1,"a":1} {"a":1,"a":1} {"a":1,}'
)
VALUES = dict.fromkeys([*CANONICAL.split(" "), '"\x7f: 1 /"'], True) | dict.fromkeys(
    [*FORGED.split(" "), "", " 1", "1 ", "[1, 2]", '"\t"', "'1'"], False
)
PLACES = {
    "n": b"-5",
    "list": b'[[\\"a\\",1],[null],2]',
    "list in a list": b"[null]",
    "of": b"true",
    "text": '\\"第\\"'.encode(),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_pattern_takes_what_is_canonical_and_nothing_else(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = make.entry_row(3, body=BODY)
    line = canonical.dumps(row)
    for value, is_canonical in VALUES.items():
        monkeypatch.setattr(tool, "SHAPES", tool.Shapes(often=1))
        assert_same_by_pattern(line)
        assert tool.SHAPES.match(line)
        put = value.replace("\\", "\\\\").replace('"', '\\"').encode()
        forged = let_digest_follow(line.replace(PLACES[where], put, 1), row["salt"])
        assert assert_same_by_pattern(forged) == is_canonical, value


BITS = st.sampled_from(
    [b"", b" ", b'"', b'\\"', b"\\", b"0", b"[", b"]", b"{", b"}", b",", b":", b"\n", b"\xff", b"\xed\xa0\x80"]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 12), BITS | st.binary(max_size=3), st.booleans(), st.booleans())
def test_a_pattern_and_the_long_way_find_the_same(
    place: int, cut: int, bit: bytes, is_open: bool, follows: bool
) -> None:
    row = make.entry_row(3, body=BODY)
    if not is_open:
        row["private"]["actor"] = "withheld"
    line = canonical.dumps(row)
    start, end = (89, line.index(b'","number":')) if follows else (0, len(line))
    place = start + place % (end - start)
    forged = line[:place] + bit + line[min(place + cut, end) :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "SHAPES", tool.Shapes(often=1))
        assert assert_same_by_pattern(line)
        assert_same_by_pattern(let_digest_follow(forged, row["salt"]) if follows else forged)


def let_digest_follow(line: bytes, salt: str) -> bytes:
    """The line with the digest of its text, read as JSON where it can be, else by taking the backslashes out."""
    text = line[88 : line.rindex(b',"number":')]
    try:
        plain = json.loads(text).encode()
    except ValueError:
        plain = text[1:-1].translate(None, b"\\")
    return line[:11] + make.digest(bytes.fromhex(salt) + plain).encode() + line[75:]


def assert_same_by_pattern(line: bytes) -> bool:
    """Patterns and the long way find the same: whether they took the line."""
    frame = tool.Frame("cohort:1", 9, make.NOW.timestamp())
    quick = tool.take_batch(line, [line], frame)
    (slow,) = tool.take_rows(1, [line], frame.ref)
    is_good = not slow.faults and slow.is_about and slow.number <= frame.size and slow.at <= frame.latest
    assert (quick is not None) == is_good
    if quick is not None:
        assert (quick.numbers, quick.leaves) == ([slow.number], slow.leaf)
        assert (quick.since, quick.until) == (slow.at, slow.at)
        assert (quick.withheld, quick.erased) == (slow.withheld, slow.erased)
    return is_good


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
