"""The lean handlers, without Django's middleware: beats of study sessions and answers of exam rooms."""

from typing import Any

from zhenxue.exams.ingest import application as answers
from zhenxue.exams.ingest import takes as takes_answer
from zhenxue.study.ingest import application as beats

__all__ = ["answers", "beats", "find", "lifespan"]

BEATS = "/study/beats/"


def find(scope: Any) -> Any:
    """The handler that takes a request, or none."""
    if scope["path"].startswith(BEATS):
        return beats
    return answers if takes_answer(scope) else None


async def lifespan(receive: Any, send: Any) -> None:
    """Starts both with the server, and lets both write what waits at its end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            beats.start()
            answers.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await answers.stop()
            await beats.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
