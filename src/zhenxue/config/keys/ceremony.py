"""The key ceremony: makes the keys of an installation on a machine without network, with a sheet to sign.

Runs without Django, settings and database (``zhenxue keys ceremony``); the rules are in docs/how-to/keys.md.
"""

import argparse
import datetime as dt
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from zhenxue.kernel.keys import KeyRefused, SeedKey, fingerprint, name_of_bytes, write_secret
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.notes import Signer

BYTES = 32
LINE = "─" * 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """One key to be made: its file, what it is, the setting that names it, and what its loss means."""

    kind: str
    title: str
    setting: str
    loss: str


KEYS = (
    Wanted("log", "存证链签名密钥", "ZHENXUE_LOG_KEY", "遗失：须更换密钥并公告；不影响已签名的存证"),
    Wanted("field", "个人信息加密密钥", "ZHENXUE_FIELD_KEYS", "遗失：已加密的证件号、手机号、照片永远无法读取"),
    Wanted("index", "查找索引密钥", "ZHENXUE_BLIND_INDEX_KEY", "遗失：可用加密密钥重建索引"),
    Wanted("site", "网站密钥", "ZHENXUE_SECRET_KEY", "遗失：所有人须重新登录"),
    Wanted("backup", "备份加密密钥", "ZHENXUE_BACKUP_KEY", "遗失：用它加密的备份无法恢复"),
)
WITNESS = Wanted("witness", "主管部门见证密钥", "", "遗失：主管部门换用新的见证密钥并登记")

PLAN = f"""密钥生成仪式
{LINE}
参加人：主持人一名、操作人一名、见证人两名（其中一名来自主管部门）。全程不得使用手机拍摄屏幕。
准备：
  1. 一台从未联网、用只读系统启动的电脑；拔掉网线，关闭无线网络和蓝牙。
  2. 三个全新的优盘：甲（运行用）、乙（封存备份）、丙（封存备份，存放于另一地点）。
  3. 三个防拆封袋，编号写入下面的记录单。
  4. 本程序的安装包；见证人核对安装包的 SHA-256 与发布页一致。
步骤：
  1. 操作人运行：  zhenxue keys ceremony --make 文件夹 --origin 存证链名称
     主管部门的见证密钥在主管部门自己的电脑上单独生成：  zhenxue keys ceremony --make 文件夹 --witness 名称
  2. 操作人逐组念出屏幕上的指纹，见证人对照各自屏幕或纸面逐组复述；不一致就全部作废重做。
  3. 文件夹复制到甲、乙、丙；在每个优盘上运行：  zhenxue keys ceremony --check 文件夹
     再次念出指纹，与记录单一致后取下优盘。
  4. 乙、丙装入封袋，当场签名；甲交操作人安装（见 docs/how-to/keys.md）。
  5. 打印记录单，所有参加人签字；公钥（不是私钥）交主管部门留存。
  6. 彻底清除这台电脑的内存和磁盘（断电，销毁或覆写启动盘）。
"""


def main(words: list[str]) -> int:
    """Run with the words after ``keys ceremony``; 0 when all went well, 2 with a sentence when refused."""
    given = parser().parse_args(words)
    try:
        if given.make:
            print(make(given.make, origin=given.origin, witness=given.witness, at=dt.datetime.now(dt.UTC)))
        elif given.check:
            print(sheet_of(given.check))
        else:
            print(PLAN)
    except (KeyRefused, NoteBroken, OSError) as error:
        print(f"未完成：{error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Words of the command."""
    made = argparse.ArgumentParser(prog="zhenxue keys ceremony", description="密钥生成仪式（在离线电脑上运行）")
    made.add_argument("--make", type=Path, metavar="文件夹", help="生成密钥，写入一个新文件夹")
    made.add_argument("--check", type=Path, metavar="文件夹", help="重新读出一个文件夹中的密钥，显示指纹")
    made.add_argument("--origin", default="", help="存证链名称（ZHENXUE_LOG_ORIGIN），永不更改")
    made.add_argument("--witness", default="", help="只生成一把主管部门见证密钥，用这个名称")
    return made


def make(folder: Path, *, origin: str, witness: str, at: dt.datetime) -> str:
    """Makes the keys in a new folder (0700), each a file of mode 0400, with the protocol sheet; gives the sheet.

    Every key is read back before it is told. Raises ``KeyRefused`` for a folder that exists or a name that is none.
    """
    folder = folder.absolute()
    if bool(origin) == bool(witness):
        raise KeyRefused("请给出 --origin（平台的密钥）或 --witness（主管部门的见证密钥），二者选一")
    Signer(witness or origin, bytes(BYTES))  # the name can be one
    wanted = (WITNESS,) if witness else KEYS
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise KeyRefused(f"{folder} 已经存在；请用一个新文件夹") from error
    for one in wanted:
        secret = secrets.token_hex(BYTES)
        text = f"{at:%Y%m}:{secret}" if one.kind == "field" else secret
        write_secret(folder / f"{one.kind}.key", text)
    (folder / "name.txt").write_text(f"{witness or origin}\n")
    (folder / "made.txt").write_text(f"{at:%Y-%m-%d %H:%M} UTC\n")
    sheet = sheet_of(folder)
    (folder / "sheet.txt").write_text(sheet)
    os.sync()
    return sheet


def sheet_of(folder: Path) -> str:
    """The protocol sheet of a folder, its keys read anew; raises ``KeyRefused`` for one that cannot be right."""
    folder = folder.absolute()
    name = (folder / "name.txt").read_text().strip()
    found = [one for one in (*KEYS, WITNESS) if (folder / f"{one.kind}.key").exists()]
    if not found:
        raise KeyRefused(f"{folder} 中没有密钥文件")
    lines = [
        "密钥生成记录单",
        LINE,
        f"名称（origin）：{name}",
        f"生成时间：{(folder / 'made.txt').read_text().strip()}",
        "",
    ]
    for one in found:
        lines += _lines(one, name, (folder / f"{one.kind}.key").read_text().strip())
    lines += [
        LINE,
        "以上指纹已逐组念出并核对一致。私钥文件没有离开过离线电脑和以下介质：",
        "  甲（运行）编号 ____________    乙（封存）封袋号 ____________    丙（封存）封袋号 ____________",
        "",
        "主持人 ____________  操作人 ____________  见证人 ____________  见证人 ____________",
        "日期 ____________    地点 ____________________________",
        "",
    ]
    return "\n".join(lines)


def _lines(one: Wanted, name: str, text: str) -> list[str]:
    key_id, colon, secret = text.partition(":")
    secret = secret if colon else key_id
    try:
        seed = bytes.fromhex(secret)
    except ValueError as error:
        raise KeyRefused(f"{one.kind}.key 不是十六进制密钥，文件可能已损坏") from error
    if len(seed) != BYTES:
        raise KeyRefused(f"{one.kind}.key 应为 {BYTES} 字节，实为 {len(seed)} 字节，文件可能已损坏")
    lines = [f"{one.title}（{one.kind}.key{f'，编号 {key_id}' if colon else ''}）"]
    if one.kind in {"log", "witness"}:
        SeedKey(seed)
        signer = Signer(name, seed)
        vkey = str(signer.verifier if one.kind == "log" else WitnessKey.of(signer))
        lines += [f"  公钥  {vkey}", f"  指纹  {name_of_bytes(vkey.encode())}"]
    else:
        lines += [f"  指纹  {fingerprint(one.kind, secret)}"]
    if one.setting:
        lines += [f"  设置  {one.setting}"]
    return [*lines, f"  {one.loss}", ""]
