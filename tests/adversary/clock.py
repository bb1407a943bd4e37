"""The site's time in these tests: only ``Clock.wait`` moves it."""

import datetime as dt
import threading
import time
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from tests.factories.study import BEGIN
from zhenxue.exams import ingest as exams_ingest
from zhenxue.kernel import clock as kernel_clock
from zhenxue.kernel.ingest.limits import Limits
from zhenxue.study import ingest
from zhenxue.study.ingest import settler as settlers
from zhenxue.study.ingest.settler import Settler
from zhenxue.study.ingest.writer import Writer


class Clock:
    """The site's time. ``wait`` is the only thing that moves it."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._passed = 0.0

    def begin(self) -> None:
        """Every test begins at the same moment."""
        self._now = BEGIN

    def now(self) -> dt.datetime:
        return self._now

    def now_ms(self) -> int:
        return round(self._now.timestamp() * 1000)

    def monotonic(self) -> float:
        """Real time and what was waited: for rate limits, which a burst in real time must still meet."""
        return time.monotonic() + self._passed

    def wait(self, seconds: float) -> None:
        self._now += dt.timedelta(seconds=seconds)
        self._passed += seconds

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Whoever asks for the time asks this clock."""
        patch.setattr(kernel_clock, "now", self.now)
        patch.setattr(timezone, "now", self.now)  # Django's sessions, django-axes
        patch.setattr(ingest, "Writer", partial(Writer, now_ms=self.now_ms))
        patch.setattr(ingest, "Limits", partial(Limits, clock=self.monotonic))
        patch.setattr(exams_ingest, "Limits", partial(Limits, clock=self.monotonic))
        patch.setattr(ingest, "Settler", Settles)
        patch.setattr(settlers, "TIDY_SECONDS", 86_400.0)  # ``World.tidy`` does it at its own hour


class Settles(Settler):
    """The settler, which can be waited for."""

    newest: "Settles | None" = None

    def __init__(self) -> None:
        super().__init__(tidy=lambda: None)
        self._reached = threading.Event()
        Settles.newest = self

    def drain(self) -> None:
        """Returns when everything that was asked for before is settled."""
        self._reached.clear()
        self.ask(-1, False)
        assert self._reached.wait(60), "the settler stands still"

    def _guard(self, work: Any) -> None:
        if isinstance(work, partial) and work.args[0] == -1:
            self._reached.set()
        else:
            super()._guard(work)
