"""The sandbox of services outside, running inside a test; and services that answer what a test tells them."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit

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


def last_code(server: Server) -> str:
    """The digits of the code in the newest message."""
    text = next(dict(note.lines)["内容"] for note in server.town.notes if note.service == "sms")
    return "".join(character for character in text.split("，")[0] if character.isdigit())


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


HOLDER = {"name": "样本甲", "citizen_number": "371502199003070019", "card_number": "SANDBOX00001"}


def sign_in_at_the_card(address: str, answer: str = "yes") -> dict[str, str]:
    """Fill in the card's page as a person does; what comes back in the address."""
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query))
    with urllib.request.urlopen(address, timeout=30) as page:
        assert "沙箱" in page.read().decode()
    form = urlencode({**asked, **HOLDER, "answer": answer}).encode()
    opened = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/social-card/authorize", data=form)
    try:
        urllib.request.build_opener(Stay()).open(opened, timeout=30).close()
    except HTTPError as answer:
        with answer:
            return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    raise AssertionError("the card's page did not send back")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **named: object) -> None:
        """None: the redirect becomes an error with its headers."""
