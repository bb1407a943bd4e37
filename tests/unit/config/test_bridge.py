"""The bridge between the event loop and the pages' threads gives whole answers, short and long."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.support.loops import run_apart
from zhenxue.config.bridge import PIECE_BYTES, PageMiddleware

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "root_path": "",
    "headers": [],
    "scheme": "http",
    "server": ("127.0.0.1", 80),
    "client": ("127.0.0.1", 1),
}


def answers_of(chunks: Callable[[], Iterable[bytes]]) -> list[dict[str, Any]]:
    def page(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("content-type", "text/plain")])
        return chunks()

    async def ask() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        bridge: Any = PageMiddleware(page, workers=1)
        await bridge(SCOPE, receive, send)
        return sent

    return run_apart(ask())


def test_a_short_page_comes_as_one_head_and_one_body() -> None:
    head, body = answers_of(lambda: [b"a", b"", b"bc"])
    assert (head["status"], body["body"], body.get("more_body", False)) == (200, b"abc", False)


def test_a_long_file_comes_in_pieces_and_whole() -> None:
    head, *bodies = answers_of(lambda: (bytes([n]) * 100_000 for n in range(30)))
    assert head["status"] == 200
    assert b"".join(one["body"] for one in bodies) == b"".join(bytes([n]) * 100_000 for n in range(30))
    assert [one.get("more_body", False) for one in bodies] == [True] * (len(bodies) - 1) + [False]
    assert max(len(one["body"]) for one in bodies) < PIECE_BYTES + 100_000


def test_a_page_that_breaks_raises_and_sends_no_half_answer() -> None:
    def broken() -> Iterable[bytes]:
        yield b"half"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        answers_of(broken)
