"""``zhenxue sandbox serve``: plays the services outside, on this machine only unless told otherwise."""

import argparse
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from zhenxue.sandbox.server import make_server
from zhenxue.sandbox.signing import APP_ID, SECRET

DEFAULT_PORT = 8030


def main(words: Sequence[str]) -> int:
    """Run until SIGTERM or Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="zhenxue sandbox", description="沙箱：按书面约定扮演短信网关、运营商、公安、电子社保卡，不发出任何东西"
    )
    commands = parser.add_subparsers(required=True, metavar="命令")
    serve = commands.add_parser("serve", help="启动沙箱")
    serve.add_argument("--host", default="127.0.0.1", help="监听地址（默认只限本机）")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"端口（默认 {DEFAULT_PORT}；0 为任意）")
    serve.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    listener = None if chosen.fd is None else socket.socket(fileno=chosen.fd)
    server = make_server(chosen.host, chosen.port, listener=listener)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(
        f"沙箱：{server.address}/ （看“发出”的内容）\n"
        f"app id {APP_ID}，secret {SECRET}；地址 {server.address}/sms、/carrier、/police、/social-card\n"
    )
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0
