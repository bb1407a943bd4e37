"""The sandbox of services outside, running inside a test; and services that answer what a test tells them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from zhenxue.kernel.outside import Service
from zhenxue.sandbox.api import APP_ID, SECRET, make_server
from zhenxue.sandbox.server import Server

NAMES = {"sms": "短信网关", "carrier": "运营商核验服务", "police": "公安身份比对服务", "social_card": "电子社保卡服务"}


@contextmanager
def sandbox() -> Iterator[Server]:
    """A sandbox on a free port of this machine."""
    server = make_server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def services_of(server: Server, *, digest: str = "hmac-sha256", seconds: float = 5.0) -> dict[str, Service]:
    """What ``settings.OUTSIDE_SERVICES`` holds where this sandbox stands for everything outside."""
    return {
        key: Service(name, f"{server.address}/{key.replace('_', '-')}", APP_ID, SECRET, digest, seconds)
        for key, name in NAMES.items()
    }


def no_services() -> dict[str, Service]:
    return {key: Service(name) for key, name in NAMES.items()}


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """A server whose every POST is answered by the function; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
