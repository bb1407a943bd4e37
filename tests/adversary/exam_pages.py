"""What bots that upload need: a form with a file, a reader of pages that a browser would run, and figures."""

import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.adversary.bots import Browser, Reply
from tests.factories.identity import NOW
from tests.factories.training import Running
from zhenxue.exams import api as exams
from zhenxue.exams.models import QuestionBank, QuestionImport
from zhenxue.exams.operations import importing


def upload(browser: Browser, path: str, field: str, name: str, data: bytes) -> Reply:
    """A file of a form."""
    mark = secrets.token_hex(16)
    head = f'--{mark}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
    head += f"{browser.cookies.get('csrftoken', '')}\r\n--{mark}\r\n"
    head += f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
    return browser.request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={mark}"})


class Page(HTMLParser):
    """What of a page a browser would run or fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._script = tag if tag in {"script", "style"} else ""
        if (
            tag == "script"
            and not known.get("src", "").startswith("/static/")
            and known.get("type") != "application/json"
        ):
            self.found.append(f"<{tag}> {known}")
        if tag in {"iframe", "object", "embed", "base", "frame", "template"} or "http-equiv" in known:
            self.found.append(f"<{tag}>")
        for name, value in known.items():
            address = "".join(value.split()).lower()
            if name.startswith(("on", "hx-on", "srcdoc", "style")) or address.startswith(
                ("javascript:", "data:text", "vbscript:")
            ):
                self.found.append(f"{name}={value[:60]}")
            if name in {"src", "href", "action", "formaction"} and address.startswith(("http", "//")):
                self.found.append(f"{name}={value[:60]}")

    def handle_data(self, data: str) -> None:
        if self._script and "alert(1)" in data:
            self.found.append(data[:60])


def open_pages(browser: Browser, paths: list[str]) -> int:
    """Opens every address; how many pages showed something of the hostile texts, none of which may run."""
    shown = 0
    for path in paths:
        reply = browser.get(path)
        assert reply.status < 500, path
        if "html" in reply.headers.get("content-type", "") and reply.status in {200, 409}:
            assert Page(reply.text).found == [], path
            shown += "alert(1)" in reply.text
        assert "script-src" in reply.headers.get("content-security-policy", "script-src"), path
    return shown


def bank_of(running: Running, title: str) -> QuestionBank:
    return exams.create_bank(actor=running.manager, title=title, now=NOW)


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """An address of this machine and what was asked of it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    line, _ = server.accept()
                    with line:
                        asked.append(line.recv(200))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", asked
        ended.set()
        thread.join(5)


def peak(do: Any) -> tuple[Any, int]:
    """What it gives, and by how many MiB the process grew at most meanwhile."""
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    found = do()
    return found, max(_status("VmHWM") - before, 0)


def _status(name: str) -> int:
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(f"{name}:")]
    return int(line.split()[1]) // 1024


def said_of(manager: Browser, reply: Reply) -> str:
    """What the person reads: the refusal of the form, or of the items, or of the work behind it."""
    if reply.status != 302:
        assert reply.status == 422, reply.text[:500]
        return reply.text
    made = QuestionImport.objects.get(pk=int(reply.headers["location"].strip("/").rpartition("/")[2]))
    if made.state == "reading":
        importing.read_import(import_id=made.pk)
    return manager.get(reply.headers["location"]).text
