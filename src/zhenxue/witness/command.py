"""``zhenxue witness``: what a bureau runs. Needs no database server, no Django and none of the platform's settings."""

import argparse
import contextlib
import datetime as dt
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.errors import LogError
from zhenxue.tlog.notes import Verifier
from zhenxue.witness.app import Application, Witness
from zhenxue.witness.errors import StoreRefused, WitnessError
from zhenxue.witness.judging import Reason
from zhenxue.witness.keys import load_key, make_key
from zhenxue.witness.store import Log, Refusal, Store, describe

DEFAULT_PORT = 8020
FOLDER_OPTION = "--folder"
ALARM = 3  # exit code of ``status`` when a log must be asked questions


def main(words: Sequence[str]) -> int:
    """Run a subcommand; the exit code."""
    parser = _parser()
    chosen = parser.parse_args(words)
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        return run(chosen)
    except (WitnessError, LogError, OSError) as error:
        sys.stderr.write(f"错误：{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zhenxue witness", description="人社部门的见证程序（C2SP tlog-witness）")
    parser.add_argument(
        FOLDER_OPTION,
        type=Path,
        default=Path(os.environ.get("ZHENXUE_WITNESS_FOLDER", "witness")),
        help="密钥和存储所在的文件夹（环境变量 ZHENXUE_WITNESS_FOLDER；默认 ./witness）",
    )
    commands = parser.add_subparsers(required=True, metavar="命令")

    init = commands.add_parser("init", help="建立密钥和存储，打印公钥")
    init.add_argument("--name", required=True, help="见证名称，例如 witness.example.gov.cn/liaocheng")
    init.set_defaults(run=_init)

    serve = commands.add_parser("serve", help="启动见证服务")
    serve.add_argument("--host", default="127.0.0.1", help="监听地址（默认只限本机）")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"端口（默认 {DEFAULT_PORT}）")
    serve.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    serve.add_argument("--tls-certificate", type=Path, help="TLS 证书（不经反向代理时）")
    serve.add_argument("--tls-key", type=Path, help="TLS 私钥")
    serve.set_defaults(run=_serve)

    add = commands.add_parser("add-log", help="开始见证一条存证链")
    add.add_argument("key", help="平台公布的存证链公钥（平台地址/log/key），请另行核对")
    add.add_argument("--label", default="", help="备注，例如平台名称")
    add.add_argument("--also", action="store_true", help="这条链已有公钥，再信任一把（对方更换密钥时）")
    add.set_defaults(run=_add_log)

    drop = commands.add_parser("drop-key", help="不再信任一条存证链的某把公钥")
    drop.add_argument("key")
    drop.set_defaults(run=_drop_key)

    logs = commands.add_parser("logs", help="列出见证的存证链和公钥")
    logs.set_defaults(run=_logs)

    status = commands.add_parser("status", help=f"见证到哪里、拒绝过什么；有严重拒绝时返回 {ALARM}")
    status.add_argument("--refusals", action="store_true", help="打印每次拒绝留下的两个检查点")
    status.set_defaults(run=_status)
    return parser


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


@contextlib.contextmanager
def _open(folder: Path) -> Iterator[tuple[Store, WitnessKey]]:
    key = WitnessKey.of(load_key(folder))
    with contextlib.closing(Store.open(folder, str(key))) as store:
        yield store, key


def _init(chosen: argparse.Namespace) -> int:
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = WitnessKey.of(make_key(folder, chosen.name))
    Store.create(folder, str(key)).close()
    _say(
        f"已建立见证：{folder.resolve()}",
        "",
        "见证公钥（可以公开）：",
        f"  {key}",
        "",
        "请把下面两项交给平台运营机构，在“存证健康 → 添加见证”中登记，并当面或电话核对公钥的后 8 位：",
        "  1. 上面这一整行公钥",
        "  2. 见证服务的网址（平台能访问到的地址，例如 https://witness.example.gov.cn）",
        "",
        "请向平台索取存证链公钥，核对后运行：zhenxue witness add-log <公钥>",
        "私钥文件只有本机本用户可读，不要复制给任何人；整个文件夹请纳入备份。",
    )
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    import uvicorn

    signer = load_key(chosen.folder)
    vkey = str(WitnessKey.of(signer))
    store = Store.open(chosen.folder, vkey)
    if not store.logs():
        _say("提示：还没有要见证的存证链，请运行 zhenxue witness add-log <公钥>；不必重启。")
    _say(f"见证 {vkey}")
    server = uvicorn.Config(
        Application(lambda: Witness(signer, store, _now), store.close),
        host=chosen.host,
        port=chosen.port,
        ssl_certfile=chosen.tls_certificate,
        ssl_keyfile=chosen.tls_key,
        lifespan="on",
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=256,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        ws="none",
        log_level="warning",
    )
    uvicorn.Server(server).run(sockets=None if chosen.fd is None else [socket.socket(fileno=chosen.fd)])
    return 0


def _add_log(chosen: argparse.Namespace) -> int:
    key = Verifier.from_text(chosen.key)
    with _open(chosen.folder) as (store, _):
        store.add_log(key, label=chosen.label, now=_now(), also=chosen.also)
    _say(f"开始见证 {key.name}，信任公钥 {key}")
    return 0


def _drop_key(chosen: argparse.Namespace) -> int:
    key = Verifier.from_text(chosen.key)
    with _open(chosen.folder) as (store, _):
        store.drop_key(key, now=_now())
    _say(f"不再信任公钥 {key}；已见证的内容不变。")
    return 0


def _logs(chosen: argparse.Namespace) -> int:
    with _open(chosen.folder) as (store, _):
        for log in store.logs():
            _say(_title(log), *(f"  公钥 {key}" for key in log.keys))
    return 0


def _status(chosen: argparse.Namespace) -> int:
    with _open(chosen.folder) as (store, key):
        logs = store.logs()
        if not logs:
            raise StoreRefused("还没有要见证的存证链，请运行 zhenxue witness add-log <公钥>。")
        _say(f"见证 {key}")
        return ALARM if sum(_report(store, log, chosen.refusals) for log in logs) else 0


def _report(store: Store, log: Log, in_full: bool) -> int:
    """Say how one log stands; the number of serious refusals."""
    refusals = store.refusals(log.origin)
    serious = [one for one in refusals if is_serious(one, log)]
    _say("", _title(log), f"  {_standing(log, _now())}")
    _say(f"  拒绝过 {len(refusals)} 次，其中需要追问的 {len(serious)} 次")
    for one in serious:
        _say(f"  ！{_moment(one.at)} {one.reason.label}：对方出示 {describe(one.shown_note)}")
    if in_full:
        for one in refusals:
            _say("", *_refusal(one))
    return len(serious)


def _title(log: Log) -> str:
    return f"{log.origin}（{log.label}）" if log.label else log.origin


def is_serious(refusal: Refusal, log: Log) -> bool:
    """A fork always; anything else unless the log was cosigned again since: strangers can resend what is public."""
    return refusal.reason is Reason.FORKED or log.head is None or refusal.at > log.head.at


def _standing(log: Log, now: dt.datetime) -> str:
    if log.head is None:
        return "还没有见证过检查点"
    age = max(0, int(now.timestamp()) - log.head.at)
    return f"见证到 {describe(log.head.note)}；{_moment(log.head.at)}（{age // 60} 分 {age % 60} 秒前）"


def _refusal(refusal: Refusal) -> list[str]:
    return [
        f"  第 {refusal.number} 号拒绝 {_moment(refusal.at)} {refusal.reason.label}",
        "  对方出示：",
        *(f"    {line}" for line in refusal.shown_note.splitlines()),
        "  此前见证：",
        *(f"    {line}" for line in (refusal.known_note or "（无）").splitlines()),
    ]


def _moment(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
