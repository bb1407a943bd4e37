"""A keep-alive load generator for pages, and a small browserless visitor that signs in."""

import asyncio
import http.client
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Target:
    """One address as one signed-in person asks for it."""

    path: str
    cookies: str = ""


@dataclass(slots=True)
class Result:
    """What a load run saw; ``waits`` in seconds, ``seconds`` the length of the run."""

    seconds: float
    waits: list[float] = field(repr=False)
    bytes: int

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many per cent of the requests took at most."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


def press(port: int, targets: Sequence[Target], *, connections: int, seconds: float) -> Result:
    """So many keep-alive connections for so long, each asking for its target again and again, as fast as it answers.

    Ends the bench at any answer but 200: a redirect or a refusal is quick and would flatter the figure.
    """
    return asyncio.run(_press(port, [targets[one % len(targets)] for one in range(connections)], seconds))


async def _press(port: int, targets: Sequence[Target], seconds: float) -> Result:
    waits: list[float] = []
    began = time.perf_counter()
    sizes = await asyncio.gather(*(_visit(port, target, began + seconds, waits) for target in targets))
    return Result(time.perf_counter() - began, waits, sum(sizes))


async def _visit(port: int, target: Target, end: float, waits: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"GET {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {target.cookies}\r\n"
        "User-Agent: zhenxue-bench\r\nAccept: text/html\r\nAccept-Encoding: identity\r\n\r\n"
    ).encode()
    size = 0
    while time.perf_counter() < end:
        sent = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await _body(reader, head)
        waits.append(time.perf_counter() - sent)
        size += len(head) + len(body)
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{target.path}: {head.decode()} {body.decode(errors='replace')[:300]}")
    writer.close()
    return size


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    lower = head.lower()
    if b"content-length:" in lower:
        place = lower.index(b"content-length:") + 15
        return await reader.readexactly(int(lower[place : lower.index(b"\r", place)]))
    parts = []
    while length := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(length))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


class Visitor:
    """A person with cookies who speaks to the server as a browser does, one request after another."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.jar: dict[str, str] = {}

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.jar.items())

    def ask(self, path: str, *, form: dict[str, str] | None = None, encoding: str = "identity") -> "Answer":
        """One GET, or a POST of ``form`` with its token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookies, "Accept-Encoding": encoding, "User-Agent": "zhenxue-bench"}
        body = None
        if form is not None:
            body = urlencode({**form, "csrfmiddlewaretoken": self.jar.get("csrftoken", "")})
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 19
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar[name] = value
        connection.close()
        return Answer(answer.status, answer.headers.get("Location", ""), raw, head + len(raw))

    def sign_in(self, username: str, password: str) -> "Visitor":
        """Through the sign-in page."""
        self.ask("/sign-in/")
        answer = self.ask("/sign-in/", form={"username": username, "password": password})
        if answer.location.startswith("/hand-over/"):
            answer = self.ask("/hand-over/", form={})
        if answer.status != 302 or "sign-in" in answer.location:
            raise SystemExit(f"{username} could not sign in: {answer.status} {answer.location}")
        return self

    def target(self, path: str) -> Target:
        """The address with this person's cookies."""
        return Target(path, self.cookies)


@dataclass(frozen=True, slots=True)
class Answer:
    """``wire`` counts the bytes of head and body as they came over the wire."""

    status: int
    location: str
    body: bytes
    wire: int


LINKED = re.compile(r'<(?:link[^>]+href|script[^>]+src|use href|img[^>]+src)="(/[^"#]+)')


def cold_visit(visitor: Visitor, path: str, *, encoding: str = "br, gzip") -> tuple[int, int]:
    """A browser's first visit without a cache: bytes over the wire and requests, for the page and all it links."""
    page = visitor.ask(path)
    html = page.body.decode()
    compressed = visitor.ask(path, encoding=encoding)
    wire, found = compressed.wire, dict.fromkeys(LINKED.findall(html))
    for address in found:
        answer = visitor.ask(address, encoding=encoding)
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}")
        wire += answer.wire
    return wire, 1 + len(found)
