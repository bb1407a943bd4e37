"""The witness's private key: one file that only its owner reads, made once."""

import os
import secrets
import stat
from pathlib import Path

from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import COSIGNATURE, WitnessKey
from zhenxue.tlog.errors import NoteBroken
from zhenxue.witness.errors import KeyRefused

FILE = "witness.key"
START = "PRIVATE+KEY"
SEED_BYTES = 32


def make_key(folder: Path, name: str) -> notes.Signer:
    """Makes the key file (mode 0600) in the folder; raises ``KeyRefused`` when one is there or the name is none."""
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        signer = notes.Signer(name, seed)
    except NoteBroken as error:
        raise KeyRefused(
            f"“{name}”不能作见证名称：不能为空，不能含空格或加号。例如 witness.example.gov.cn/liaocheng"
        ) from error
    try:
        handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyRefused(f"{folder / FILE} 已经存在；一个见证只用一把密钥，不会覆盖。") from error
    with os.fdopen(handle, "w") as file:
        file.write(f"{START}+{name}+{WitnessKey.of(signer).key_id.hex()}+{notes.encode(COSIGNATURE + seed)}\n")
        file.flush()
        os.fsync(file.fileno())
    return signer


def load_key(folder: Path) -> notes.Signer:
    """The key of the folder; raises ``KeyRefused`` when it is missing, broken, or readable by others."""
    path = folder / FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"读不到密钥文件 {path}；第一次使用请先运行 zhenxue witness init。") from error
    if mode & 0o077:
        raise KeyRefused(f"密钥文件 {path} 的权限是 {mode:o}，别人也能读。请运行 chmod 600 {path}，并考虑更换密钥。")
    name, key_id, packed = [*text.removeprefix(f"{START}+").split("+", 2), "", ""][:3]
    try:
        raw = notes.decode(packed)
        if not text.startswith(START) or raw[:1] != COSIGNATURE or len(raw) != 1 + SEED_BYTES:
            raise NoteBroken("not a key of a witness")
        signer = notes.Signer(name, raw[1:])
    except NoteBroken as error:
        raise KeyRefused(f"密钥文件 {path} 不是见证密钥，或已损坏。") from error
    if WitnessKey.of(signer).key_id.hex() != key_id:
        raise KeyRefused(f"密钥文件 {path} 的名称、编号与密钥不符，可能被改动过。")
    return signer
