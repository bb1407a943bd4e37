"""The lean handlers, without Django's middleware: beats of study sessions, answers and states of exam rooms."""

from typing import Any

from zhenxue.exams import ingest as exams
from zhenxue.kernel.ingest.app import LeanApp
from zhenxue.kernel.ingest.lane import ShortProtocol, short_ways
from zhenxue.study.ingest import application as beats

__all__ = ["APPS", "beats", "find", "protocol"]

BEATS = "/study/beats/"
APPS: tuple[LeanApp[Any], ...] = (beats, exams.answers, exams.states)


def find(scope: Any) -> Any:
    """The handler that takes a request, or none."""
    return beats if scope["path"].startswith(BEATS) else exams.find(scope)


def protocol() -> type[ShortProtocol]:
    """What uvicorn speaks where these handlers are served."""
    return short_ways(*APPS)
