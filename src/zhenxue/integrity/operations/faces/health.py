"""What the engine's processes say of themselves."""

import datetime as dt
from collections.abc import Sequence

from zhenxue.integrity.faces.naming import ENGINE
from zhenxue.integrity.models import EngineState

FORGOTTEN = dt.timedelta(days=1)


def say(
    *,
    name: str,
    started_at: dt.datetime,
    jobs: int,
    failures: int,
    times: Sequence[int],
    memory_mb: int,
    templates: int,
    now: dt.datetime,
) -> None:
    """Write down how a process fares; rows of processes that fell silent a day ago go."""
    EngineState.objects.update_or_create(
        name=name,
        defaults={
            "engine": ENGINE,
            "started_at": started_at,
            "seen_at": now,
            "jobs": jobs,
            "failures": failures,
            "mean_ms": round(sum(times) / len(times)) if times else 0,
            "slowest_ms": max(times, default=0),
            "memory_mb": memory_mb,
            "templates": templates,
        },
    )
    EngineState.objects.filter(seen_at__lt=now - FORGOTTEN).delete()


def forget(name: str) -> None:
    """A process that ends of itself leaves no row."""
    EngineState.objects.filter(name=name).delete()
