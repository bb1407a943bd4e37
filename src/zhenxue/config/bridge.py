"""From uvicorn's event loop to Django's threads and back, with one hand-over an answer."""

import asyncio
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import WSGIResponder

#: What an answer may hold before it is sent on: long files go out in pieces of this size.
PIECE_BYTES = 256 * 1024


class PageMiddleware(WSGIMiddleware):
    """``a2wsgi.WSGIMiddleware`` whose threads do not wait for the event loop at the head, each chunk and the end."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await PageResponder(self.app, self.executor, self.send_queue_size)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class PageResponder(WSGIResponder):
    """Gathers head and body and hands them over when the thread is done; long bodies in pieces, with back pressure."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._kept: list[Any] = []
        self._size = 0

    def send(self, message: Any) -> None:
        self._kept.append(message)
        self._size += len(message.get("body", b""))
        if self._size >= PIECE_BYTES:
            asyncio.run_coroutine_threadsafe(self._pass_on(self._take()), loop=self.loop).result()

    async def sender(self, send: Any) -> None:
        """What the thread passed on, then what it left at its end."""
        while (message := await self.send_queue.get()) is not None:
            await send(message)
        for message in self._take():
            await send(message)

    def _take(self) -> list[Any]:
        """The messages that wait, those of one body joined."""
        found: list[Any] = []
        for message in self._kept:
            if found and message["type"] == found[-1]["type"] == "http.response.body":
                found[-1] = {**message, "body": found[-1]["body"] + message["body"]}
            else:
                found.append(message)
        self._kept, self._size = [], 0
        return found

    async def _pass_on(self, messages: list[Any]) -> None:
        for message in messages:
            await self.send_queue.put(message)
