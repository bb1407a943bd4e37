"""Checks a dossier of Zhenxue (真学) offline, or a whole log by its address, and says in Chinese what that proves.

One file, Python 3.10 or newer, needs ``cryptography`` for Ed25519 and nothing else; it imports nothing of the platform
and shares no code with it. The format is docs/reference/dossier.md. Exit status: 0 everything holds, under a key that
was given; 1 something does not fit; 2 wrong usage or an unreadable file; 3 nothing contradicts, but no key was given to
judge by.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import datetime as dt
import hashlib
import json
import operator
import os
import re
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib
from binascii import hexlify, unhexlify
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # there in every Python, but not in its stubs
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VERSION = "1.0.0"
FORMAT = "zhenxue-dossier"
FORMAT_VERSION = 1

MANIFEST, SUMMARY, ENTRIES, SEAL = "manifest.json", "summary.html", "entries.jsonl", "seal.json"
PROOF, CHECKPOINT, KEYS = "proof.bin", "checkpoint.txt", "keys.json"
#: Every file of a dossier in the order in which they lie in the zip, and how large each may be.
FILES = {
    MANIFEST: 1 << 20,
    SUMMARY: 1 << 26,
    ENTRIES: 1 << 30,
    SEAL: 1 << 20,
    PROOF: 1 << 28,
    CHECKPOINT: 1 << 20,
    KEYS: 1 << 20,
}
LISTED = tuple(name for name in FILES if name != MANIFEST)
MOST_RATIO = 200
RATIO_FROM = 1 << 20
LONGEST_LINE = 1 << 20
#: Bytes of lines handed to a process at once, and from how many lines on it is worth having several.
AT_ONCE = 1 << 19
MANY = 20_000
MOST_FAULTS = 20
LATE_SECONDS = 300
SEALED = "evidence.dossier_sealed"
LARGEST_INTEGER = 2**53 - 1
HASH = 32
HEX64 = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
REF = re.compile(r"[a-z][a-z_]*(:[0-9A-Za-z._-]+)?")

#: Every sentence that names a fault, proves something or limits it; the check page in the browser says the same ones.
WORDS = {
    "zip.none": "这不是档案包：文件不是 zip，或者结尾被截断。",
    "zip.layout": "zip 的结构与档案包格式不符（{where}）。请使用平台下载的原文件，不要解压后重新压缩。",
    "zip.path": "zip 中的文件名带有路径或特殊字符：{name}。",
    "zip.unknown": "zip 中有档案包不该有的文件：{name}。",
    "zip.double": "zip 中有重名文件：{name}。",
    "zip.missing": "档案包缺少文件：{name}。",
    "zip.link": "zip 中的 {name} 不是普通文件（链接或目录）。",
    "zip.locked": "zip 中的 {name} 被加密，无法核验。",
    "zip.large": "{name} 太大（{size} 字节，上限 {limit} 字节），按恶意文件拒绝。",
    "zip.bomb": "{name} 的压缩比超过 {ratio} 倍，按恶意文件拒绝。",
    "zip.inflate": "{name} 的压缩数据损坏，无法读取。",
    "zip.crc": "{name} 的校验值不符，文件被改动或损坏。",
    "manifest.form": "manifest.json 不是规范格式（{why}）。",
    "manifest.format": "这不是真学档案包，或是这个工具不认识的格式版本（{version}）。请换用新版核验工具。",
    "manifest.root": "manifest.json 登记的树大小或树根与检查点不符。",
    "file.digest": "{name} 与 manifest.json 登记的大小或摘要不符，被改动过。",
    "keys.form": "keys.json 不是规范格式（{why}）。",
    "note.form": "checkpoint.txt 不是规范的签名检查点（{why}）。",
    "note.origin": "检查点属于另一个存证链：{origin}。",
    "note.unsigned": "检查点没有用给定的日志公钥签名；上面的签名来自 {names}。"
    "如果平台更换过公钥，请从人社部门或公示文件取得这一把，再来核对。",
    "note.signature": "检查点上 {name} 的签名不对。",
    "witness.missing": "检查点没有给定的见证方 {name} 的签名。",
    "witness.signature": "见证方 {name} 的签名不对。",
    "witness.future": "见证方 {name} 签名的时间 {at} 晚于现在。请先核对这台机器的时钟。",
    "witness.expired": "见证方 {name} 签名的时间 {at} 不在它的公钥有效期内。",
    "key.expired": "日志公钥 {name} 在树大小为 {size} 时已经停用或尚未启用。",
    "entry.form": "{place}不是规范格式（{why}）。",
    "entry.digest": "第 {number} 号存证的正文或盐与摘要不符，被改动过。",
    "entry.private": "第 {number} 号存证的字段“{name}”与登记的摘要不符，被改动过。",
    "entry.order": "第 {number} 号存证重复，或次序被打乱。",
    "entry.beyond": "第 {number} 号存证的编号超出检查点的树大小 {size}。",
    "entry.foreign": "第 {number} 号存证与 {ref} 无关，不该在这个档案包里。",
    "entry.future": "第 {number} 号存证的时间 {at} 晚于现在。请先核对这台机器的时钟。",
    "entry.count": "存证有 {found} 条，登记的是 {listed} 条。",
    "seal.kind": "seal.json 不是这个档案包的封存存证。",
    "seal.entries": "entries.jsonl 与封存时写入存证链的摘要不符：有存证被增加、删除或改动过。",
    "seal.summary": "summary.html 与封存时写入存证链的摘要不符：摘要页被改动过。",
    "seal.facts": "manifest.json 的对象、标题、条数或姓名方式与封存时写入存证链的不符。",
    "proof.form": "proof.bin 的长度不对。",
    "proof.short": "包含证明缺少节点。",
    "proof.long": "包含证明多出节点。",
    "proof.root": "由这些存证算不出检查点的树根：存证、编号或证明被改动过。",
    "made.future": "档案包的制作时间 {at} 晚于现在。请先核对这台机器的时钟。",
    "fault.more": "还有更多不符之处，未一一列出。",
    "fault.internal": "档案包的内容无法按格式读取（{why}）。",
    "ok.entries": "{count} 条存证（{ref}，{since} 至 {until}）逐条算过：正文、盐与摘要相符。",
    "ok.proof": "这些存证都在存证链 {origin} 里，第 {first} 号到第 {last} 号；树大小 {size}，树根 {root}。",
    "ok.seal": "摘要页和全部存证与平台封存时写入存证链的（第 {number} 号，{at}）一致，之后没有增减或改动。",
    "ok.signature": "检查点由日志公钥 {name} 签名。",
    "ok.witness": "见证方 {name} 在 {at} 为这个检查点签名，那时存证链已经是这个样子。",
    "no.key": "没有给定日志公钥，不能确认是谁签的名。所附公钥：{vkey}。请从人社部门或公示文件取得公钥，再来核对。",
    "no.witness": "没有核对见证方：单凭日志公钥，不能排除平台给不同的人看不同的存证链。",
    "no.unknown": "检查点上有 {count} 个签名来自没有给定公钥的一方（{names}），没有核对，不作数。",
    "no.complete": "不证明没有别的存证：封存之后发生的事、没有登记到这个对象名下的事，不在包内。",
    "no.truth": "不证明写入时所说的事实本身；证明的是写入之后没有人改过。",
    "no.hidden": "{count} 个个人信息字段没有随包提供（只有摘要），{gone} 个已按规定删除；它们的内容这里看不到。",
    "log.fetch": "无法读取 {url}（{why}）。",
    "log.key": "存证链公布的公钥不是规范格式（{why}）。",
    "log.tile": "数据块 {path} 的长度不对。",
    "log.bundle": "存证数据块 {path} 与默克尔树不符，从第 {number} 号起。",
    "log.root": "由全部数据块算出的树根与签名检查点不符：存证链被改动过。",
    "log.shrunk": "存证链比您保存的检查点短：从 {old} 条变成 {new} 条，被回滚过。",
    "log.forked": "存证链在第 {old} 条处与您保存的检查点不同：历史被改写过。",
    "log.kept": "您保存的检查点无法使用（{why}）。",
    "ok.log": "存证链 {origin} 的全部 {size} 条摘要逐条算过，树根与签名检查点相符。",
    "ok.extends": "存证链是您保存的检查点（{old} 条）的延续，历史没有被改写。",
    "no.kept": "没有以前保存的检查点可比：不能排除存证链整个被换过。用 --keep 保存这一次的检查点，下次再核对。",
    "no.bodies": "公开的存证链只有摘要，不含正文；正文要凭档案包核对。",
}


class Broken(Exception):
    """One thing that does not fit: a key of ``WORDS`` and its values."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        return say(self.code, **self.values)


def say(code: str, **values: object) -> str:
    """The sentence with its values; control characters of strangers never reach a terminal."""
    return WORDS[code].format(**{name: shown(value) for name, value in values.items()})


def shown(value: object) -> str:
    """A value as it may be printed: no control characters, not longer than a line or two."""
    text = "".join(one if one.isprintable() else "?" for one in str(value))
    return text if len(text) <= 200 else text[:200] + "…"


@dataclass
class Report:
    """What was found: what contradicts, what is proven, what is not."""

    faults: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    is_trusted: bool = False

    def fault(self, code: str, **values: object) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(say(code, **values))
        elif len(self.faults) == MOST_FAULTS:
            self.faults.append(say("fault.more"))

    @property
    def status(self) -> int:
        return 1 if self.faults else 0 if self.is_trusted else 3


# The zip: no general reader, but one that accepts exactly what the platform writes


@dataclass(frozen=True)
class Member:
    """A file of the zip: where its packed bytes lie, how many they are, and what they must become."""

    name: str
    start: int
    packed: int
    size: int
    crc: int
    is_deflated: bool


CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
END = struct.Struct("<4s4H2LH")
FIXED_DATE = 0x0021  # 1980-01-01, so that a dossier's bytes follow from its content
REGULAR_FILE = 0o100644 << 16


def read_directory(stream: BinaryIO) -> dict[str, Member]:
    """The files of a dossier; raises ``Broken`` for anything that the platform would not write."""
    total = stream.seek(0, 2)
    if total < END.size:
        raise Broken("zip.none")
    stream.seek(total - END.size)
    sign, disk, first_disk, here, count, size, offset, comment = END.unpack(stream.read(END.size))
    if sign != b"PK\x05\x06":
        raise Broken("zip.none")
    if disk or first_disk or comment or here != count or count > 64 or offset + size != total - END.size:
        raise Broken("zip.layout", where="结尾目录")
    stream.seek(offset)
    directory = stream.read(size)
    members: dict[str, Member] = {}
    at = place = 0
    for _ in range(count):
        if at + CENTRAL.size > len(directory):
            raise Broken("zip.layout", where="目录")
        head = CENTRAL.unpack_from(directory, at)
        raw = directory[at + CENTRAL.size : at + CENTRAL.size + head[10]]
        name = checked_name(raw)
        if name in members:
            raise Broken("zip.double", name=name)
        if name not in FILES:
            raise Broken("zip.unknown", name=name)
        members[name] = read_member(stream, name, head, place)
        at += CENTRAL.size + len(raw)
        place = members[name].start + members[name].packed
    if at != len(directory) or place != offset:
        raise Broken("zip.layout", where="文件之间有多余的内容")
    for name in FILES:
        if name not in members:
            raise Broken("zip.missing", name=name)
    if tuple(members) != tuple(FILES):
        raise Broken("zip.layout", where="文件次序")
    return members


def checked_name(raw: bytes) -> str:
    """A file name; raises ``Broken`` for one that could lead anywhere."""
    name = raw.decode("ascii", "backslashreplace")
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
        raise Broken("zip.path", name=name)
    return name


def read_member(stream: BinaryIO, name: str, head: tuple[Any, ...], place: int) -> Member:
    """One file by its entry in the directory, which must say the same as the header before its bytes."""
    (sign, made_by, needs, flags, method, clock, date, crc, packed, size) = head[:10]
    (length, extra, comment, disk, inner, outer, offset) = head[10:]
    if flags & 1:
        raise Broken("zip.locked", name=name)
    if outer != REGULAR_FILE:
        raise Broken("zip.link", name=name)
    if size > FILES[name]:
        raise Broken("zip.large", name=name, size=size, limit=FILES[name])
    if size > RATIO_FROM and size > packed * MOST_RATIO:
        raise Broken("zip.bomb", name=name, ratio=MOST_RATIO)
    fixed = (sign, made_by, needs, flags, clock, date, extra, comment, disk, inner)
    if fixed != (b"PK\x01\x02", 0x0314, 20, 0, 0, FIXED_DATE, 0, 0, 0, 0) or method not in (0, 8) or offset != place:
        raise Broken("zip.layout", where=name)
    stream.seek(offset)
    local = stream.read(LOCAL.size + length)
    expected = LOCAL.pack(b"PK\x03\x04", needs, flags, method, clock, date, crc, packed, size, length, 0)
    if local != expected + name.encode():
        raise Broken("zip.layout", where=name)
    if method == 0 and packed != size:
        raise Broken("zip.layout", where=name)
    return Member(name, offset + len(local), packed, size, crc, method == 8)


def read_pieces(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    """The bytes of a file, piece by piece; never more than the directory says, and exactly those or ``Broken``."""
    stream.seek(member.start)
    left, crc, given = member.packed, 0, 0
    unpacker = zlib.decompressobj(-15) if member.is_deflated else None
    waiting = b""
    while True:
        if not waiting and left:
            waiting = stream.read(min(left, 1 << 16))
            if not waiting:
                raise Broken("zip.none")
            left -= len(waiting)
        if unpacker is None:
            piece, waiting = waiting, b""
        else:
            try:
                piece = unpacker.decompress(waiting, 1 << 18)
            except zlib.error:
                raise Broken("zip.inflate", name=member.name) from None
            waiting = unpacker.unconsumed_tail
        given += len(piece)
        if given > member.size:
            raise Broken("zip.large", name=member.name, size=f">{member.size}", limit=member.size)
        crc = zlib.crc32(piece, crc)
        if piece:
            yield piece
        elif not waiting and not left:
            break
        elif unpacker is not None and unpacker.eof:
            raise Broken("zip.inflate", name=member.name)
    if given != member.size or (unpacker is not None and (not unpacker.eof or unpacker.unused_data)):
        raise Broken("zip.inflate", name=member.name)
    if crc != member.crc:
        raise Broken("zip.crc", name=member.name)


# Canonical JSON (RFC 8785, integers only)


def refuse_number(text: str) -> object:
    raise ValueError("数字不是整数")


def small(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError("数字太大")
    return int(text)


#: Made once: a dossier has a hundred thousand small texts.
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
DECODER = json.JSONDecoder(parse_float=refuse_number, parse_constant=refuse_number, parse_int=small)


def dumps(value: object) -> bytes:
    """The canonical text of a value read by ``loads``."""
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def ordered(value: object) -> object:
    """The same value with the keys of every object in the order of their UTF-16 code units."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    if isinstance(value, list):
        return [ordered(one) for one in value]
    return value


def loads(text: bytes) -> Any:
    """Reads canonical JSON; ``ValueError`` in Chinese for all else, floats and numbers beyond 2^53 - 1 included."""
    try:
        return parse(text.decode())
    except UnicodeError:
        raise ValueError("不是合法的 UTF-8 文字") from None


def parse(text: str) -> Any:
    """As ``loads``, from a text."""
    try:
        value = DECODER.decode(text)
        if ENCODER.encode(value) != text and dumps(value) != text.encode():
            raise ValueError("不是规范写法")
    except UnicodeError:
        raise ValueError("不是合法的 UTF-8 文字") from None
    except json.JSONDecodeError:
        raise ValueError("不是 JSON") from None
    except RecursionError:
        raise ValueError("嵌套太深") from None
    return value


# Signed notes (c2sp.org/signed-note), checkpoints (tlog-checkpoint), cosignatures (tlog-cosignature)

LOG_KEY, WITNESS_KEY = b"\x01", b"\x04"


@dataclass(frozen=True)
class Key:
    """A public key by name: of a log (type 1) or of a witness (type 4)."""

    name: str
    kind: bytes
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(text: str, kind: bytes) -> Key:
    """A key as ``name+key id+base64``; ``ValueError`` in Chinese."""
    name, _, rest = text.strip().partition("+")
    key_id, _, packed = rest.partition("+")
    raw = unpack(packed)
    if not good_name(name) or len(raw) != 33 or raw[:1] not in (LOG_KEY, WITNESS_KEY):
        raise ValueError("不是“名称+编号+公钥”的形式")
    if raw[:1] != kind:
        raise ValueError("这是见证方的公钥，不是日志的" if kind == LOG_KEY else "这是日志的公钥，不是见证方的")
    key = Key(name, kind, raw[1:])
    if key.key_id.hex() != key_id:
        raise ValueError("公钥与它的编号不符，抄录有误")
    return key


def good_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() or one < " " for one in name)


def unpack(packed: str) -> bytes:
    """Strict base64; ``ValueError`` in Chinese."""
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("不是 base64") from None
    if base64.b64encode(raw).decode() != packed:
        raise ValueError("不是规范的 base64")
    return raw


@dataclass(frozen=True)
class Head:
    """A checkpoint: what it says, its signed text, and the lines under it as (name, key id, signature)."""

    origin: str
    size: int
    root: bytes
    text: str
    lines: tuple[tuple[str, bytes, bytes], ...]

    def by(self, key: Key) -> list[bytes]:
        return [signature for name, key_id, signature in self.lines if (name, key_id) == (key.name, key.key_id)]


def read_head(note: bytes) -> Head:
    """A checkpoint with its signature lines, nothing checked but the form; ``ValueError`` in Chinese."""
    try:
        whole = note.decode()
    except UnicodeError:
        raise ValueError("不是合法的 UTF-8 文字") from None
    body, gap, tail = whole.rpartition("\n\n")
    if any(one < " " and one != "\n" for one in whole) or not gap or not tail.endswith("\n"):
        raise ValueError("没有签名，或含有控制字符")
    rows = body.split("\n")
    if len(rows) < 3 or not all(rows) or not re.fullmatch(r"0|[1-9][0-9]{0,15}", rows[1], re.ASCII):
        raise ValueError("名称、大小、树根三行不全")
    root = unpack(rows[2])
    if len(root) != HASH or int(rows[1]) > LARGEST_INTEGER:
        raise ValueError("树根或大小不对")
    lines: list[tuple[str, bytes, bytes]] = []
    for row in tail[:-1].split("\n"):
        name, _, packed = row[2:].partition(" ")
        raw = unpack(packed)
        if not row.startswith("— ") or not good_name(name) or len(raw) <= 4 or len(lines) >= 100:
            raise ValueError("签名行不对")
        lines.append((name, raw[:4], raw[4:]))
    return Head(rows[0], int(rows[1]), root, body + "\n", tuple(lines))


def check_log_signature(head: Head, keys: Sequence[Key], report: Report) -> list[Key]:
    """Which of the log's keys signed; a wrong signature under a known name and id is a fault."""
    signed = []
    for key in keys:
        for signature in head.by(key):
            if key.has_signed(head.text.encode(), signature):
                signed.append(key)
            else:
                report.fault("note.signature", name=key.name)
    return signed


def check_cosignatures(
    head: Head, given: Sequence[Key], listed: Sequence[Spell], now: dt.datetime, report: Report
) -> None:
    """Every given witness must have signed, rightly, not in the future, and while its key was in use."""
    for key in given:
        times = []
        for signature in head.by(key):
            at = int.from_bytes(signature[:8], "big")
            message = f"cosignature/v1\ntime {at}\n{head.text}".encode()
            if len(signature) != 72 or not key.has_signed(message, signature[8:]):
                report.fault("witness.signature", name=key.name)
                continue
            times.append(at)
            if at > now.timestamp() + LATE_SECONDS:
                report.fault("witness.future", name=key.name, at=civil(at))
            elif not all(spell.holds(at) for spell in listed if spell.key == key):
                report.fault("witness.expired", name=key.name, at=civil(at))
            else:
                report.proven.append(say("ok.witness", name=key.name, at=civil(at)))
        if not head.by(key):
            report.fault("witness.missing", name=key.name)


def note_strangers(head: Head, known: Sequence[Key], report: Report) -> None:
    """Says which lines under a checkpoint were not checked."""
    ids = {(key.name, key.key_id) for key in known}
    strangers = [name for name, key_id, _ in head.lines if (name, key_id) not in ids]
    if strangers:
        report.limits.append(say("no.unknown", count=len(strangers), names="、".join(sorted(set(strangers)))))


def civil(seconds: int) -> str:
    """POSIX seconds in China's civil time."""
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.timezone(dt.timedelta(hours=8)))
    except (OverflowError, OSError, ValueError):
        return f"第 {seconds} 秒"
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def seconds_of(moment: object) -> int:
    """POSIX seconds of ``2026-03-02T01:00:00.000000Z``; ``ValueError`` in Chinese."""
    if not isinstance(moment, str) or not MOMENT.fullmatch(moment):
        raise ValueError("时间不对")
    try:
        parsed = dt.datetime.fromisoformat(moment[:-1] + "+00:00")
    except ValueError:
        raise ValueError("时间不对") from None
    return int(parsed.timestamp())


# Merkle trees (RFC 6962 section 2.1)


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by_proof(indices: Sequence[int], leaves: bytes, size: int, proof: bytes) -> bytes:
    """The root that leaves (indices from 0, ascending; their hashes) and the proof's nodes give; raises ``Broken``."""
    sha256 = hashlib.sha256
    at = 0

    def walk(low: int, high: int, start: int, end: int) -> bytes:
        nonlocal at
        if low == high:
            at += HASH
            if at > len(proof):
                raise Broken("proof.short")
            return proof[at - HASH : at]
        if end - start == 1:
            return leaves[low * HASH : high * HASH]
        if end - start == 2:  # two of three nodes of a tree are leaves or above two: these without another step down
            if high - low == 2:
                return sha256(b"\x01" + leaves[low * HASH : high * HASH]).digest()
            at += HASH
            if at > len(proof):
                raise Broken("proof.short")
            mine, other = leaves[low * HASH : high * HASH], proof[at - HASH : at]
            return sha256(b"\x01" + mine + other if indices[low] == start else b"\x01" + other + mine).digest()
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        cut = bisect_left(indices, middle, low, high)
        return sha256(b"\x01" + walk(low, cut, start, middle) + walk(cut, high, middle, end)).digest()

    root = walk(0, len(indices), 0, size)
    if at != len(proof):
        raise Broken("proof.long")
    return root


class Tree:
    """A tree that only grows: roots of its perfect subtrees, left to right."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node


# The dossier


@dataclass(frozen=True)
class Spell:
    """A key of ``keys.json`` and when it is in use: a log's by tree sizes, a witness's by POSIX seconds."""

    key: Key
    first: int
    end: int | None

    def holds(self, at: int) -> bool:
        return self.first <= at and (self.end is None or at < self.end)


Fault = tuple[str, "dict[str, object]"]  # a key of WORDS and its values


@dataclass
class Line:
    """One entry, checked against itself."""

    number: int
    leaf: bytes
    envelope: dict[str, Any]
    at: int
    withheld: int = 0
    erased: int = 0


class Taken(NamedTuple):
    """What the check keeps of a line of ``entries.jsonl``; ``number`` 0: it could not be read."""

    faults: list[Fault]
    number: int = 0
    leaf: bytes = b""
    at: int = 0
    withheld: int = 0
    erased: int = 0
    is_about: bool = True


def take_rows(first: int, rows: Sequence[bytes], ref: str) -> list[Taken]:
    """Checks some lines against themselves; ``first`` is the place of the first one. Runs in several processes."""
    found = []
    for place, text in enumerate(rows, first):
        faults: list[Fault] = []
        try:
            line = read_line(text, faults)
        except ValueError as error:
            faults.append(("entry.form", {"place": f"第 {place} 行存证", "why": str(error)}))
            found.append(Taken(faults))
            continue
        about = ref in line.envelope["about"]
        found.append(Taken(faults, line.number, line.leaf, line.at, line.withheld, line.erased, about))
    return found


@dataclass(frozen=True)
class Frame:
    """What every entry has to fit: the ref, the size of the tree, and how late its moment may be."""

    ref: str
    size: int
    latest: float


@dataclass
class Batch:
    """What the check keeps of lines of which there is nothing to say; their numbers ascend."""

    numbers: list[int]
    leaves: bytes
    since: int
    until: int
    withheld: int
    erased: int


def take_text(first: int, text: bytes, frame: Frame) -> Batch | list[Taken]:
    """Checks some lines, together or, when there is anything to say, one by one. Runs in several processes."""
    rows = text.split(b"\n")
    return take_batch(text, rows, frame) or take_rows(first, rows, frame.ref)


def take_batch(text: bytes, rows: Sequence[bytes], frame: Frame) -> Batch | None:
    """The lines when each is right in itself, in order, about the ref, within the tree and not late; else ``None``."""
    try:
        text.decode()
    except UnicodeError:
        return None
    numbers: list[int] = []
    leaves: list[bytes] = []
    moments: list[bytes] = []
    times: list[int] = []
    hidden = {b"withheld": 0, b"erased": 0}
    mine = b'\\"%s\\"' % frame.ref.encode()
    sha256 = hashlib.sha256
    for row in rows:
        usual = SHAPES.match(row)
        if usual is None:
            line = take_unusual(row, frame.ref)
            if line is None:
                return None
            numbers.append(line.number)
            leaves.append(line.leaf)
            times.append(line.at)
            hidden[b"withheld"] += line.withheld
            hidden[b"erased"] += line.erased
            continue
        told, body, about, moment, logged, subject, number, word, name_salt, name, salt = usual.groups()
        digest = sha256(unhexlify(salt) + body.translate(None, b"\\")).digest()
        if hexlify(digest) != told or mine not in about or subject not in about or not is_day(moment[:10]):
            return None
        if word is not None:
            hidden[word] += 1
        elif sha256(unhexlify(name_salt) + b'{"actor":"' + name + b'"}').hexdigest().encode() != logged:
            return None
        numbers.append(int(number))
        leaves.append(sha256(b"\x00" + digest).digest())
        moments.append(moment)
    if moments:  # of fixed width: their order is that of time
        times += [seconds_of(min(moments).decode()), seconds_of(max(moments).decode())]
    if numbers[-1] > frame.size or max(times) > frame.latest or any(map(operator.ge, numbers, numbers[1:])):
        return None
    return Batch(numbers, b"".join(leaves), min(times), max(times), hidden[b"withheld"], hidden[b"erased"])


def take_unusual(row: bytes, ref: str) -> Line | None:
    """A line that has no shape yet, read the long way, which teaches its shape; ``None`` if it is not right."""
    faults: list[Fault] = []
    try:
        line = read_line(row, faults)
    except ValueError:
        return None
    if faults or ref not in line.envelope["about"]:
        return None
    SHAPES.learn(line.envelope)
    return line


@lru_cache(maxsize=1_000)
def is_day(text: bytes) -> bool:
    """Whether ``2026-03-02`` is in the calendar."""
    try:
        return bool(dt.date.fromisoformat(text.decode()))
    except ValueError:
        return False


def take_all(chunks: Iterator[tuple[int, bytes]], count: int, frame: Frame) -> Iterator[Batch | list[Taken]]:
    """``take_text`` over all chunks in their order, by several processes where there is much to do."""
    workers = min(os.cpu_count() or 1, 8)
    pool = None
    if count >= MANY and workers > 1:
        try:
            pool = ProcessPoolExecutor(workers)
            pool.submit(int).result()
        except (OSError, RuntimeError, ImportError):  # no processes here: one is enough
            pool = None
    if pool is None:
        for first, text in chunks:
            yield take_text(first, text, frame)
        return
    with pool:
        waiting: deque[Future[Batch | list[Taken]]] = deque()
        for first, text in chunks:
            waiting.append(pool.submit(take_text, first, text, frame))
            if len(waiting) > workers * 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# Usual lines: a pattern of bytes that only canonical lines of one kind match, so that nothing has to be parsed. A line
# that no pattern matches is read the long way, and judged by that alone.

IN_TEXT = rb'[^"\\\x00-\x1f]*'
SCALAR = rb'(?:\\"' + IN_TEXT + rb'\\"|0|-?[1-9][0-9]{0,14}|null|true|false)'
LIST = rb"\[(?:%b(?:,%b)*)?\]"
LISTS = LIST % ((rb"(?:%b|%b)" % (SCALAR, LIST % (SCALAR, SCALAR)),) * 2)
SAFE_NAME = re.compile(r"[0-9A-Za-z_.]{1,64}")
QUOTED_REF = rb'\\"[a-z][a-z_]*(?::[0-9A-Za-z._-]+)?\\"'
USUAL = (
    rb'\{"digest":"([0-9a-f]{64})","envelope":"'
    rb'(\{\\"about\\":\[((?:@REF@,)*@REF@)\],\\"account\\":(?:null|[1-9][0-9]{0,14}),'
    rb'\\"at\\":\\"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)\\",'
    rb'\\"body\\":@BODY@,\\"kind\\":\\"@KIND@\\",\\"private\\":\{\\"actor\\":\\"([0-9a-f]{64})\\"\},'
    rb'\\"subject\\":(@REF@),\\"v\\":1\})","number":([1-9][0-9]{0,14}),"private":\{"actor":'
    rb'(?:"(withheld|erased)"|\{"salt":"([0-9a-f]{64})","value":"(' + IN_TEXT + rb')"\})\},"salt":"([0-9a-f]{64})"\}'
).replace(b"@REF@", QUOTED_REF)
KIND_MARK = b'\\"kind\\":\\"'


class Shapes:
    """Patterns by the kind of the entry, learned from lines that were right, once ``often`` of a kind had none."""

    MOST_KINDS, MOST_OF_A_KIND = 100, 4

    def __init__(self, often: int = 20) -> None:
        self.often = often
        self.seen: dict[bytes, int] = {}
        self.known: dict[bytes, dict[bytes, re.Pattern[bytes]]] = {}

    def match(self, row: bytes) -> re.Match[bytes] | None:
        """The line by one of the patterns."""
        start = row.rfind(KIND_MARK) + len(KIND_MARK)
        for pattern in self.known.get(row[start : row.find(b"\\", start)], {}).values():
            found = pattern.fullmatch(row)
            if found is not None:
                return found
        return None

    def learn(self, envelope: dict[str, Any]) -> None:
        """Takes a right entry as an example: the names in its body are what others must have, in this order."""
        kind = envelope["kind"].encode()
        if not SAFE_NAME.fullmatch(envelope["kind"]) or (kind not in self.seen and len(self.seen) >= self.MOST_KINDS):
            return
        self.seen[kind] = self.seen.get(kind, 0) + 1
        known = self.known.setdefault(kind, {})
        if self.seen[kind] < self.often or len(known) >= self.MOST_OF_A_KIND or envelope["private"].keys() != {"actor"}:
            return
        body = body_pattern(envelope["body"])
        if body is not None and body not in known:
            self.seen[kind] = 0
            known[body] = re.compile(USUAL.replace(b"@KIND@", re.escape(kind)).replace(b"@BODY@", body), re.DOTALL)


def body_pattern(value: Any, depth: int = 0) -> bytes | None:
    """What a body with these names looks like; ``None`` when there is no simple pattern for it."""
    if not isinstance(value, dict):
        return LISTS if isinstance(value, list) else SCALAR
    if depth > 2 or len(value) > 30 or not all(SAFE_NAME.fullmatch(name) for name in value):
        return None
    pairs = []
    for name, one in value.items():
        part = body_pattern(one, depth + 1)
        if part is None or len(part) > 10_000:
            return None
        pairs.append(rb'\\"%b\\":%b' % (re.escape(name.encode()), part))
    return rb"\{%b\}" % b",".join(pairs)


SHAPES = Shapes()


def shape(condition: object, why: str) -> None:
    """``ValueError`` in Chinese unless the condition holds."""
    if not condition:
        raise ValueError(why)


def is_whole(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


LINE_START = '{"digest":"'
LINE_TAIL = re.compile(r',"number":([1-9][0-9]{0,14}),"private":(\{.*\}),"salt":"([0-9a-f]{64})"\}', re.DOTALL)
ONE_NAME = re.compile(r'\{"actor":\{"salt":"([0-9a-f]{64})","value":"([^"\\\x00-\x1f\ud800-\udfff]*)"\}\}')
ENVELOPE = frozenset(("about", "account", "at", "body", "kind", "private", "subject", "v"))


def split_line(text: str) -> tuple[str, str, int, str, str] | None:
    """Digest, envelope, number, private part and salt of a line in its usual form, read without building objects."""
    if not text.startswith(LINE_START) or text[75:88] != '","envelope":' or text[88:89] != '"':
        return None
    try:
        envelope, end = scanstring(text, 89)
    except ValueError:
        return None
    tail = LINE_TAIL.fullmatch(text, end)
    if tail is None or not HEX64.fullmatch(text, 11, 75) or ENCODER.encode(envelope) != text[88:end]:
        return None
    return text[11:75], envelope, int(tail[1]), tail[2], tail[3]


def read_row(text: bytes) -> tuple[str, str, int, dict[str, Any], str]:
    """Digest, envelope, number, private part and salt of any line; ``ValueError`` in Chinese for a wrong form."""
    row = loads(text)
    shape(isinstance(row, dict) and set(row) == {"digest", "envelope", "number", "private", "salt"}, "字段不对")
    shape(is_whole(row["number"], 1), "编号不对")
    for name in ("digest", "salt"):
        shape(isinstance(row[name], str) and HEX64.fullmatch(row[name]), f"{name} 不是 64 位十六进制")
    shape(isinstance(row["envelope"], str) and isinstance(row["private"], dict), "字段不对")
    return row["digest"], row["envelope"], row["number"], row["private"], row["salt"]


def read_line(text: bytes, told_of: list[Fault]) -> Line:
    """One entry of ``entries.jsonl`` or ``seal.json``; ``ValueError`` in Chinese for a wrong form, else faults."""
    try:
        quick = split_line(text.decode())
    except UnicodeError:
        quick = None
    name = ONE_NAME.fullmatch(quick[3]) if quick else None
    private: dict[str, Any] = {}
    if quick is None:
        told, body, number, private, salt = read_row(text)
    else:
        told, body, number, part, salt = quick
        private = {"actor": {"salt": name[1], "value": name[2]}} if name else parse(part)
    raw = body.encode()
    digest = hashlib.sha256(bytes.fromhex(salt) + raw).digest()
    if digest.hex() != told:
        told_of.append(("entry.digest", {"number": number}))
    envelope = parse(body)
    shape(isinstance(envelope, dict) and envelope.keys() == ENVELOPE and envelope["v"] == 1, "正文不是版本 1")
    shape(isinstance(envelope["body"], dict) and isinstance(envelope["kind"], str), "正文字段不对")
    about, logged = envelope["about"], envelope["private"]
    shape(isinstance(about, list) and all(isinstance(ref, str) and REF.fullmatch(ref) for ref in about), "关联对象不对")
    shape(isinstance(envelope["subject"], str) and envelope["subject"] in about, "关联对象不对")
    shape(envelope["account"] is None or is_whole(envelope["account"], 1), "账号不对")
    shape(isinstance(logged, dict) and logged.keys() == private.keys(), "可删除字段与正文不符")
    line = Line(number, leaf_hash(digest), envelope, seconds_of(envelope["at"]))
    for field_name, part in private.items():
        if part == "withheld":
            line.withheld += 1
        elif part == "erased":
            line.erased += 1
        elif opened(field_name, part) != logged[field_name]:
            told_of.append(("entry.private", {"number": number, "name": field_name}))
    return line


def opened(name: str, part: Any) -> str:
    """What a private value and its salt commit to; ``ValueError`` in Chinese for a wrong form."""
    if not isinstance(part, dict) or part.keys() != {"salt", "value"}:
        raise ValueError(f"字段 {shown(name)} 不对")
    if not isinstance(part["salt"], str) or not HEX64.fullmatch(part["salt"]):
        raise ValueError(f"字段 {shown(name)} 的盐不对")
    value = part["value"]
    text = (
        f"{{{ENCODER.encode(name)}:{ENCODER.encode(value)}}}".encode()
        if isinstance(value, str)
        else dumps({name: value})
    )
    return hashlib.sha256(bytes.fromhex(part["salt"]) + text).hexdigest()


@dataclass
class Manifest:
    """``manifest.json``: what the dossier says of itself."""

    ref: str
    title: str
    names: str
    made: int
    count: int
    size: int
    root: str
    files: dict[str, tuple[int, str]]


def read_manifest(text: bytes) -> Manifest:
    """Raises ``Broken``."""
    try:
        row = loads(text)
        shape(isinstance(row, dict), "不是对象")
        if row.get("format") != FORMAT or row.get("v") != FORMAT_VERSION:
            raise Broken("manifest.format", version=f"{row.get('format')} {row.get('v')}")
        shape(
            set(row) == {"count", "files", "format", "made", "names", "ref", "root", "size", "title", "v"}, "字段不对"
        )
        shape(isinstance(row["ref"], str) and REF.fullmatch(row["ref"]) and ":" in row["ref"], "对象不对")
        shape(isinstance(row["title"], str) and row["names"] in ("open", "masked"), "标题或姓名方式不对")
        shape(is_whole(row["count"]) and is_whole(row["size"], 1), "条数或大小不对")
        shape(isinstance(row["root"], str) and HEX64.fullmatch(row["root"]), "树根不对")
        files = row["files"]
        shape(isinstance(files, dict) and set(files) == set(LISTED), "文件清单不对")
        listed = {}
        for name, one in files.items():
            shape(isinstance(one, dict) and set(one) == {"bytes", "sha256"} and is_whole(one["bytes"]), "文件清单不对")
            shape(isinstance(one["sha256"], str) and HEX64.fullmatch(one["sha256"]), "文件清单不对")
            listed[name] = (one["bytes"], one["sha256"])
        made = seconds_of(row["made"])
    except ValueError as error:
        raise Broken("manifest.form", why=error) from None
    return Manifest(row["ref"], row["title"], row["names"], made, row["count"], row["size"], row["root"], listed)


def read_spells(text: bytes) -> tuple[list[Spell], list[Spell]]:
    """The log's and the witnesses' keys of ``keys.json``; raises ``Broken``."""
    try:
        row = loads(text)
        shape(isinstance(row, dict) and set(row) == {"log", "witnesses"}, "字段不对")
        shape(isinstance(row["log"], list) and isinstance(row["witnesses"], list), "字段不对")
        logs = [read_log_spell(one) for one in row["log"]]
        witnesses = [read_witness_spell(one) for one in row["witnesses"]]
        shape(logs, "没有日志公钥")
    except ValueError as error:
        raise Broken("keys.form", why=error) from None
    return logs, witnesses


def read_log_spell(one: Any) -> Spell:
    """A key of the log, good for heads of ``first`` ≤ size < ``end``; ``ValueError`` in Chinese."""
    shape(
        isinstance(one, dict) and set(one) == {"end", "first", "vkey"} and isinstance(one["vkey"], str), "公钥清单不对"
    )
    shape(is_whole(one["first"]) and (one["end"] is None or is_whole(one["end"])), "公钥清单不对")
    return Spell(read_key(one["vkey"], LOG_KEY), one["first"], one["end"])


def read_witness_spell(one: Any) -> Spell:
    """A key of a witness, in use from ``since`` until ``until``; ``ValueError`` in Chinese."""
    names = {"organisation", "since", "until", "vkey"}
    shape(isinstance(one, dict) and set(one) == names and isinstance(one["vkey"], str), "公钥清单不对")
    shape(isinstance(one["organisation"], str), "公钥清单不对")
    end = None if one["until"] is None else seconds_of(one["until"]) + 1
    return Spell(read_key(one["vkey"], WITNESS_KEY), seconds_of(one["since"]) - LATE_SECONDS, end)


class Checker:
    """Checks one dossier; ``report`` is what ``main`` prints."""

    def __init__(
        self, stream: BinaryIO, log_keys: Sequence[Key], witness_keys: Sequence[Key], now: dt.datetime
    ) -> None:
        self.stream = stream
        self.log_keys = log_keys
        self.witness_keys = witness_keys
        self.now = now
        self.report = Report()
        self.members: dict[str, Member] = {}
        self.digests: dict[str, str] = {}
        self.indices: list[int] = []
        self.leaves: list[bytes] = []

    def run(self) -> Report:
        """Never raises for what a file may hold; whatever cannot be read is a fault."""
        try:
            self.check()
        except Broken as broken:
            self.report.fault(broken.code, **broken.values)
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, struct.error) as error:
            self.report.fault("fault.internal", why=type(error).__name__)
        return self.report

    def check(self) -> None:
        report = self.report
        self.members = read_directory(self.stream)
        manifest = read_manifest(self.whole(MANIFEST))
        if manifest.made > self.now.timestamp() + LATE_SECONDS:
            report.fault("made.future", at=civil(manifest.made))
        for name in LISTED:
            if name != ENTRIES:
                self.check_digest(manifest, name, self.whole(name))
        spells, witnesses = read_spells(self.whole(KEYS))
        try:
            head = read_head(self.whole(CHECKPOINT))
        except ValueError as error:
            raise Broken("note.form", why=error) from None
        if (head.size, head.root.hex()) != (manifest.size, manifest.root):
            report.fault("manifest.root")
        self.check_signatures(head, spells, witnesses)
        sealed = self.read_entries(manifest, head)
        if sealed is not None:
            self.check_seal(manifest, sealed)
        if not report.faults:
            self.check_proof(sealed, head)
        if not report.faults:
            self.conclude(manifest, head, sealed)

    def whole(self, name: str) -> bytes:
        return b"".join(read_pieces(self.stream, self.members[name]))

    def check_digest(self, manifest: Manifest, name: str, content: bytes) -> None:
        self.digests[name] = hashlib.sha256(content).hexdigest()
        if (len(content), self.digests[name]) != manifest.files[name]:
            self.report.fault("file.digest", name=name)

    def check_signatures(self, head: Head, spells: list[Spell], witnesses: list[Spell]) -> None:
        report = self.report
        keys = self.log_keys or [spell.key for spell in spells]
        signed = check_log_signature(head, keys, report)
        if not signed and not report.faults:
            names = "、".join(dict.fromkeys(f"{name}（{key_id.hex()}）" for name, key_id, _ in head.lines))
            report.fault("note.unsigned", names=names)
        for key in signed:
            if head.origin != key.name:
                report.fault("note.origin", origin=head.origin)
            if not all(spell.holds(head.size) for spell in spells if spell.key == key):
                report.fault("key.expired", name=key.name, size=head.size)
        report.is_trusted = bool(self.log_keys)
        if self.log_keys:
            report.proven += [say("ok.signature", name=key) for key in signed]
        else:
            report.limits += [say("no.key", vkey=key) for key in signed]
        check_cosignatures(head, self.witness_keys, witnesses, self.now, report)
        if not self.witness_keys:
            report.limits.append(say("no.witness"))
        note_strangers(head, [*keys, *self.witness_keys], report)

    def read_entries(self, manifest: Manifest, head: Head) -> Line | None:
        """Checks every entry, keeps numbers and leaves; gives the entry that sealed the dossier."""
        self.since = self.until = self.withheld = self.erased = self.last = 0
        count = 0
        digest = hashlib.sha256()
        frame = Frame(manifest.ref, head.size, self.now.timestamp() + LATE_SECONDS)
        for some in take_all(self.chunks(digest), manifest.count, frame):
            if isinstance(some, Batch):
                count += len(some.numbers)
                self.take_batch(some)
                continue
            count += len(some)
            for taken in some:
                self.take(taken, manifest, head)
        self.digests[ENTRIES] = digest.hexdigest()
        if (self.entry_bytes, self.digests[ENTRIES]) != manifest.files[ENTRIES]:
            self.report.fault("file.digest", name=ENTRIES)
        if count != manifest.count:
            self.report.fault("entry.count", found=count, listed=manifest.count)
        return self.take_seal(head)

    def chunks(self, digest: hashlib._Hash) -> Iterator[tuple[int, bytes]]:
        """The lines of ``entries.jsonl`` without the last newline, some at a time, with the place of the first."""
        parts: list[bytes] = []
        held = length = 0  # bytes in ``parts``, and of them those of a line whose end has not come
        place = 1
        self.entry_bytes = 0
        for piece in read_pieces(self.stream, self.members[ENTRIES]):  # each far shorter than the longest line
            digest.update(piece)
            self.entry_bytes += len(piece)
            end = piece.rfind(b"\n")
            if length + (len(piece) if end < 0 else piece.find(b"\n")) > LONGEST_LINE:
                raise Broken("entry.form", place="有一行存证", why="太长")
            length = length + len(piece) if end < 0 else len(piece) - end - 1
            if end >= 0 and held + end >= AT_ONCE:
                text = b"".join([*parts, piece[:end]])
                yield place, text
                place += text.count(b"\n") + 1
                parts, held = [piece[end + 1 :]], length
            else:
                parts.append(piece)
                held += len(piece)
        if length:
            raise Broken("entry.form", place="最后一行存证", why="没有写完")
        if held:
            yield place, b"".join(parts)[:-1]

    def take_batch(self, batch: Batch) -> None:
        """Entries of which there is nothing to say but, perhaps, that they stand behind later ones."""
        for number in batch.numbers[: bisect_right(batch.numbers, self.last)]:
            self.report.fault("entry.order", number=number)
        self.last = max(self.last, batch.numbers[-1])
        self.since, self.until = min(self.since or batch.since, batch.since), max(self.until, batch.until)
        self.withheld += batch.withheld
        self.erased += batch.erased
        self.indices += [number - 1 for number in batch.numbers]
        self.leaves.append(batch.leaves)

    def take(self, taken: Taken, manifest: Manifest, head: Head) -> None:
        """One entry in the order of the file."""
        report = self.report
        for code, values in taken.faults:
            report.fault(code, **values)
        if not taken.number:
            return
        self.check_place(taken.number, taken.at, head)
        if taken.number <= self.last:
            report.fault("entry.order", number=taken.number)
        self.last = max(self.last, taken.number)
        if not taken.is_about:
            report.fault("entry.foreign", number=taken.number, ref=manifest.ref)
        self.since, self.until = min(self.since or taken.at, taken.at), max(self.until, taken.at)
        self.withheld += taken.withheld
        self.erased += taken.erased
        self.indices.append(taken.number - 1)
        self.leaves.append(taken.leaf)

    def check_place(self, number: int, at: int, head: Head) -> None:
        if number > head.size:
            self.report.fault("entry.beyond", number=number, size=head.size)
        if at > self.now.timestamp() + LATE_SECONDS:
            self.report.fault("entry.future", number=number, at=civil(at))

    def take_seal(self, head: Head) -> Line | None:
        """The entry that sealed the dossier."""
        faults: list[Fault] = []
        line = None
        try:
            line = read_line(self.whole(SEAL).removesuffix(b"\n"), faults)
        except ValueError as error:
            faults.append(("entry.form", {"place": "封存存证", "why": str(error)}))
        for code, values in faults:
            self.report.fault(code, **values)
        if line is not None:
            self.check_place(line.number, line.at, head)
            self.withheld += line.withheld
            self.erased += line.erased
        return line

    def check_seal(self, manifest: Manifest, sealed: Line) -> None:
        body, report = sealed.envelope["body"], self.report
        if sealed.envelope["kind"] != SEALED or sealed.envelope["subject"] != manifest.ref:
            report.fault("seal.kind")
            return
        if body.get("entries_sha256") != self.digests[ENTRIES]:
            report.fault("seal.entries")
        if body.get("summary_sha256") != self.digests[SUMMARY]:
            report.fault("seal.summary")
        title = hashlib.sha256(manifest.title.encode()).hexdigest()
        facts = (manifest.count, manifest.names, title)
        if (body.get("count"), body.get("names"), body.get("title_sha256")) != facts:
            report.fault("seal.facts")

    def check_proof(self, sealed: Line | None, head: Head) -> None:
        if sealed is None or (self.indices and sealed.number - 1 <= self.indices[-1]):
            raise Broken("seal.kind")
        proof = self.whole(PROOF)
        if len(proof) % HASH:
            raise Broken("proof.form")
        leaves = b"".join([*self.leaves, sealed.leaf])
        if root_by_proof([*self.indices, sealed.number - 1], leaves, head.size, proof) != head.root:
            raise Broken("proof.root")

    def conclude(self, manifest: Manifest, head: Head, sealed: Line | None) -> None:
        report = self.report
        if sealed is None:
            return
        span = (civil(self.since)[:10], civil(self.until)[:10]) if self.indices else ("—", "—")
        numbers = [self.indices[0] + 1, self.indices[-1] + 1] if self.indices else [sealed.number]
        report.proven[:0] = [
            say(
                "ok.entries",
                count=len(self.indices),
                ref=f"{manifest.title}，{manifest.ref}",
                since=span[0],
                until=span[1],
            ),
            say(
                "ok.proof",
                origin=head.origin,
                first=numbers[0],
                last=numbers[-1],
                size=head.size,
                root=head.root.hex(),
            ),
            say("ok.seal", number=sealed.number, at=civil(sealed.at)),
        ]
        if self.withheld or self.erased:
            report.limits.append(say("no.hidden", count=self.withheld, gone=self.erased))
        report.limits += [say("no.complete"), say("no.truth")]


def check_dossier(
    stream: BinaryIO, *, log_keys: Sequence[Key] = (), witness_keys: Sequence[Key] = (), now: dt.datetime
) -> Report:
    """Checks one dossier; never raises for what it holds."""
    return Checker(stream, log_keys, witness_keys, now).run()


# The whole log by its address (c2sp.org/tlog-tiles)

Fetch = Callable[[str, int], bytes]  # (path below the log's address, most bytes) → content


def fetcher(address: str) -> Fetch:
    """Reads below an ``http`` or ``https`` address; raises ``Broken``."""
    base = address.rstrip("/")

    def fetch(path: str, most: int) -> bytes:
        url = f"{base}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                content: bytes = answer.read(most + 1)
        except (OSError, ValueError, urllib.error.URLError) as error:
            raise Broken("log.fetch", url=url, why=error) from None
        if len(content) > most:
            raise Broken("log.fetch", url=url, why="太大")
        return content

    return fetch


def tile_path(level: str, index: int, width: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{number}" + ("" if width == 256 else f".p/{width}")


def check_log(
    fetch: Fetch,
    *,
    log_keys: Sequence[Key],
    witness_keys: Sequence[Key],
    kept: bytes | None,
    now: dt.datetime,
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> tuple[Report, bytes]:
    """Checks every leaf and every entry digest of a log against its signed head; gives the checkpoint to keep too."""
    report, note = Report(), b""
    try:
        note = fetch("checkpoint", 1 << 20)
        _check_log(fetch, note, log_keys, witness_keys, kept, now, progress, report)
    except Broken as broken:
        report.fault(broken.code, **broken.values)
    return report, note


def _check_log(
    fetch: Fetch,
    note: bytes,
    log_keys: Sequence[Key],
    witness_keys: Sequence[Key],
    kept: bytes | None,
    now: dt.datetime,
    progress: Callable[[int, int], None],
    report: Report,
) -> None:
    try:
        head = read_head(note)
    except ValueError as error:
        raise Broken("note.form", why=error) from None
    keys = list(log_keys)
    if not keys:
        try:
            keys = [read_key(fetch("key", 1 << 12).decode(errors="replace"), LOG_KEY)]
        except ValueError as error:
            raise Broken("log.key", why=error) from None
    signed = check_log_signature(head, keys, report)
    if not signed and not report.faults:
        report.fault("note.unsigned", names="、".join(dict.fromkeys(name for name, _, _ in head.lines)))
    if any(key.name != head.origin for key in signed):
        report.fault("note.origin", origin=head.origin)
    check_cosignatures(head, witness_keys, [], now, report)
    note_strangers(head, [*keys, *witness_keys], report)
    if report.faults:
        return
    old = read_kept(kept, head, keys)
    tree = Tree()
    for first in range(0, head.size, 256):
        width = min(256, head.size - first)
        add_tile(fetch, tree, first // 256, width, old)
        progress(tree.size, head.size)
    if tree.root() != head.root:
        raise Broken("log.root")
    report.is_trusted = bool(log_keys)
    report.proven[:0] = [say("ok.log", origin=head.origin, size=head.size)]
    if log_keys:
        report.proven += [say("ok.signature", name=key) for key in signed]
    else:
        report.limits += [say("no.key", vkey=key) for key in signed]
    if old is None:
        report.limits.append(say("no.kept"))
    else:
        report.proven.append(say("ok.extends", old=old.size))
    if not witness_keys:
        report.limits.append(say("no.witness"))
    report.limits += [say("no.bodies"), say("no.truth")]


def read_kept(kept: bytes | None, head: Head, keys: Sequence[Key]) -> Head | None:
    """The checkpoint kept from last time, which the same log must have signed; raises ``Broken``."""
    if kept is None:
        return None
    try:
        old = read_head(kept)
    except ValueError as error:
        raise Broken("log.kept", why=error) from None
    if old.origin != head.origin:
        raise Broken("log.kept", why=f"属于另一个存证链 {old.origin}")
    if not check_log_signature(old, keys, Report()):
        raise Broken("log.kept", why="不是用这把日志公钥签名的")
    if old.size > head.size:
        raise Broken("log.shrunk", old=old.size, new=head.size)
    if old.size == head.size and old.root != head.root:
        raise Broken("log.forked", old=old.size)
    return old


def add_tile(fetch: Fetch, tree: Tree, index: int, width: int, old: Head | None) -> None:
    """Adds the leaves of one tile, each compared with its entry; raises ``Broken`` where they or the old root differ"""
    path, bundle_path = tile_path("0", index, width), tile_path("entries", index, width)
    tile, bundle = fetch(path, 1 << 14), fetch(bundle_path, 1 << 24)
    if len(tile) != width * HASH:
        raise Broken("log.tile", path=path)
    at = 0
    for place in range(width):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entry = bundle[at + 2 : at + 2 + length]
        at += 2 + length
        leaf = tile[place * HASH : (place + 1) * HASH]
        if at > len(bundle) or leaf_hash(entry) != leaf:
            raise Broken("log.bundle", path=bundle_path, number=index * 256 + place + 1)
        tree.append(leaf)
        if old is not None and tree.size == old.size and tree.root() != old.root:
            raise Broken("log.forked", old=old.size)
    if at != len(bundle):
        raise Broken("log.tile", path=bundle_path)


# The command


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="zhenxue-verify",
        description="核验真学档案包（离线），或按地址核验整条存证链。"
        "退出码：0 核验通过；1 不通过；2 用法不对或文件读不了；3 没有发现矛盾，但没有给定公钥，不能下结论。",
    )
    parser.add_argument("dossier", nargs="?", help="档案包文件（zip）")
    parser.add_argument("--log", metavar="URL", help="核验整条存证链，例如 https://平台地址/log")
    parser.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="日志公钥（名称+编号+公钥），或存有它的文件；可多次给出",
    )
    parser.add_argument(
        "--witness-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="见证方公钥，或存有它的文件；给出的每一方都必须签名",
    )
    parser.add_argument(
        "--keep", metavar="FILE", help="与 --log 同用：与上次保存的检查点比对，通过后把这一次的存入此文件"
    )
    parser.add_argument("--version", action="version", version=f"zhenxue-verify {VERSION}")
    return parser.parse_args(arguments)


def given_keys(values: Sequence[str], kind: bytes) -> list[Key]:
    """Keys as text, or files that hold one key a line; ``ValueError`` in Chinese."""
    found = []
    for value in values:
        path = Path(value)
        try:
            is_file = "+" not in value and path.is_file()
            rows = path.read_text().split("\n") if is_file else [value]
        except (OSError, UnicodeError) as error:
            raise ValueError(f"读不了公钥文件 {shown(value)}：{error}") from None
        try:
            found += [read_key(row, kind) for row in rows if row.strip()]
        except ValueError as error:
            raise ValueError(f"公钥 {shown(value)}：{error}") from None
    return found


def print_report(report: Report, subject: str) -> None:
    verdicts = {
        0: "核验通过。",
        1: "核验不通过！不要采信这份文件，并请保留原件。",
        3: "没有发现矛盾，但还不能下结论：没有给定日志公钥。",
    }
    print(subject)
    print(f"结论：{verdicts[report.status]}")
    if report.faults:
        print("不符之处：")
        print("\n".join(f"  {number}. {text}" for number, text in enumerate(report.faults, 1)))
        return
    print("能证明：")
    print("\n".join(f"  · {text}" for text in report.proven))
    print("不能证明：")
    print("\n".join(f"  · {text}" for text in report.limits))


def verify_file(path: str, log_keys: list[Key], witness_keys: list[Key], now: dt.datetime) -> int:
    with Path(path).open("rb") as stream:
        digest = hashlib.sha256()
        while piece := stream.read(1 << 20):
            digest.update(piece)
        report = check_dossier(stream, log_keys=log_keys, witness_keys=witness_keys, now=now)
    print_report(report, f"档案包：{shown(path)}\nSHA-256：{digest.hexdigest()}")
    return report.status


def verify_log(options: argparse.Namespace, log_keys: list[Key], witness_keys: list[Key], now: dt.datetime) -> int:
    kept = None
    if options.keep and Path(options.keep).exists():
        kept = Path(options.keep).read_bytes()[: 1 << 20]
    began = time.monotonic()

    def progress(done: int, size: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done}/{size}", end="", file=sys.stderr)

    report, note = check_log(
        fetcher(options.log), log_keys=log_keys, witness_keys=witness_keys, kept=kept, now=now, progress=progress
    )
    print_report(report, f"存证链：{shown(options.log)}（用时 {time.monotonic() - began:.1f} 秒）")
    if options.keep and report.status != 1:
        Path(options.keep).write_bytes(note)
    return report.status


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``zhenxue-verify``."""
    for out in (sys.stdout, sys.stderr):  # Chinese on any console
        reconfigure = getattr(out, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    now = dt.datetime.now(dt.timezone.utc)
    try:
        log_keys, witness_keys = given_keys(options.log_key, LOG_KEY), given_keys(options.witness_key, WITNESS_KEY)
        if bool(options.dossier) == bool(options.log):
            raise ValueError("请给出一个档案包文件，或用 --log 给出存证链地址（只选一样）")
        if options.log and not options.log.startswith(("https://", "http://")):
            raise ValueError("--log 要以 https:// 或 http:// 开头")
        if options.log:
            return verify_log(options, log_keys, witness_keys, now)
        return verify_file(options.dossier, log_keys, witness_keys, now)
    except (ValueError, OSError) as error:
        print(f"无法核验：{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
