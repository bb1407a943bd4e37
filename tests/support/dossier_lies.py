"""Lies about dossiers: what is done to one, and what must be said of it (``tests/unit/verifier/test_dossier.py``)."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

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
