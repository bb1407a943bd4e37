"""The two doors through which answers reach the server: Django's view, and the ingest as an ASGI application."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.test import Client

from tests.support.loops import run_apart
from zhenxue.exams.ingest import make_limits, make_reader, make_writer
from zhenxue.exams.ingest.app import Answers, States
from zhenxue.kernel.ingest.app import LeanApp

ADDRESS = "127.0.0.1"

type Answer = tuple[int, dict[str, Any]]


def path_of(attempt_id: int, position: int) -> str:
    return f"/exams/attempts/{attempt_id}/answers/{position}/"


@dataclass(frozen=True)
class Message:
    """One answer as a browser sends it; ``token`` and ``cookies`` as in its jar unless something else is said."""

    attempt_id: int
    position: int
    body: Any
    client: Client
    token: str | None = None
    origin: str = ""
    host: str = "testserver"

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def headers(self) -> dict[str, str]:
        token = self.client.cookies["csrftoken"].value if self.token is None else self.token
        found = {"Host": self.host, "Accept": "application/json", "X-CSRFToken": token}
        return found | ({"Origin": self.origin} if self.origin else {})


class Door(Protocol):
    def send(self, *messages: Message) -> list[Answer]: ...


class Pages:
    """Through Django, with its middleware."""

    def send(self, *messages: Message) -> list[Answer]:
        answers = []
        for one in messages:
            browser = Client(enforce_csrf_checks=True)
            browser.cookies = one.client.cookies
            path = path_of(one.attempt_id, one.position)
            found = browser.post(path, one.raw, content_type="application/json", headers=one.headers())
            answers.append((found.status_code, json.loads(found.content)))
        return answers


class Lean:
    """Through the ingest; what is sent together arrives together, from one address."""

    def __init__(self, address: str = ADDRESS) -> None:
        self._address = address

    def send(self, *messages: Message) -> list[Answer]:
        return run_apart(self._send(messages))

    async def _send(self, messages: tuple[Message, ...]) -> list[Answer]:
        app = new_answers()
        app.start()
        try:
            return list(await asyncio.gather(*(ask(app, one, self._address) for one in messages)))
        finally:
            await app.stop()


def new_answers() -> Answers:
    return Answers(make_writer=make_writer, make_limits=make_limits)


class LeanRooms:
    """Asks how attempts stand, through the lean handler."""

    def __init__(self) -> None:
        self.app = States(make_writer=make_reader, make_limits=make_limits)

    def ask(self, client: Client, path: str) -> Answer:
        return self.ask_often(client, path, 1)[0]

    def ask_often(self, client: Client, path: str, times: int) -> list[Answer]:
        """So many times at once."""
        return run_apart(self._ask(client, path, times))

    async def _ask(self, client: Client, path: str, times: int) -> list[Answer]:
        headers = {"Host": "testserver", "Cookie": cookies_of(client)}
        self.app.start()
        try:
            return list(await asyncio.gather(*(call(self.app, "GET", path, headers) for _ in range(times))))
        finally:
            await self.app.stop()


def ask_pages(client: Client, path: str) -> Answer:
    """Asks how an attempt stands, through Django."""
    browser = Client()
    browser.cookies = client.cookies
    found = browser.get(path, headers={"Accept": "application/json"})
    return found.status_code, json.loads(found.content)


async def ask(app: Answers, message: Message, address: str = ADDRESS) -> Answer:
    """One answer to the application, as a server would hand it over."""
    headers = {**message.headers(), "Content-Type": "application/json", "Cookie": cookies_of(message.client)}
    return await call(app, "POST", path_of(message.attempt_id, message.position), headers, message.raw, address)


def cookies_of(client: Client) -> str:
    return "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())


async def call(
    app: LeanApp[Any], method: str, path: str, headers: dict[str, str], body: bytes = b"", address: str = ADDRESS
) -> Answer:
    """One request to a lean handler."""
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (address, 4711),
        "server": ("testserver", 80),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(part: Any) -> None:
        sent.append(part)

    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def session_name() -> str:
    return str(settings.SESSION_COOKIE_NAME)
