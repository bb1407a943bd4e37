"""The honest player second by second, as frontend/islands/player behaves on a bad line.

One beat under way at a time; what was played meanwhile waits and grows into the next; a beat without an answer is tried
again under the same number and ticket; playing stops when the server has been silent for almost the longest gap.
"""

import random
from dataclasses import dataclass

from tests.adversary.bots import Reply, Tab
from tests.adversary.world import KEY_SECONDS

BEAT, PATIENCE, FIRST_RETRY, LAST_RETRY = 10, 20, 1, 8
#: How much earlier than the longest gap the player stops to play.
MARGIN = 5


@dataclass
class _Flight:
    claim: dict[str, object]
    sent: int
    arrives: bool
    returns: bool
    reply: Reply | None = None


class Player:
    """``run`` it for so many seconds; ``watched`` is what its learner has seen, ``stopped`` how the server ended it."""

    def __init__(self, tab: Tab, *, round_trip: int = 0, loss: float = 0.0, seed: int = 0) -> None:
        self.tab = tab
        self.watched = 0
        self.waited = 0
        self.answers: list[int] = []
        self.stopped = ""
        self._round_trip, self.loss = round_trip, loss
        self._chance = random.Random(seed)
        self._now = self._heard = self._cut = self._next = 0
        self._retry = FIRST_RETRY
        self._played_ms = tab.position_ms
        self._flight: _Flight | None = None
        self._buffer()

    def run(self, seconds: int, *, plays: bool = True) -> "Player":
        for _ in range(seconds):
            self.tab.world.wait(1)
            self._now += 1
            if plays and not self.stopped:
                self._play()
            if not self.stopped:
                self._talk(flush=not plays)
        return self

    def finish(self) -> "Player":
        """Pauses and waits until everything is saved, a few minutes at most."""
        for _ in range(300):
            if self._played_ms <= self.tab.position_ms or self.stopped:
                break
            self.run(1, plays=False)
        return self

    def _play(self) -> None:
        quiet = self._now - self._heard > self.tab.opened["max_gap_seconds"] - MARGIN
        if quiet or self._played_ms // (KEY_SECONDS * 1000) not in self.tab.loaded:
            self.waited += 1
            return
        self._played_ms += 1_000
        self.watched += 1

    def _buffer(self) -> None:
        self.tab.load(max(self._played_ms, self.tab.position_ms) + self.tab.opened["key_lead_seconds"] * 1000)

    def _talk(self, *, flush: bool) -> None:
        if self._flight is None:
            unsaved = self._played_ms - self.tab.position_ms
            if unsaved <= 0 or self._now < self._next or (self._now - self._cut < BEAT and not flush):
                return
            arrives, returns = (self._chance.random() >= self.loss for _ in range(2))
            self._flight = _Flight(self.tab.claim(unsaved / 1000), self._now, arrives, returns)
            self._cut = self._now
        self._fly(self._flight)

    def _fly(self, flight: _Flight) -> None:
        if flight.reply is None and flight.arrives and self._now >= flight.sent + self._round_trip // 2:
            flight.reply = self.tab.post(flight.claim)
        if flight.reply is not None and flight.returns and self._now >= flight.sent + self._round_trip:
            self._hear(flight.reply)
        elif self._now >= flight.sent + PATIENCE:
            self._again(self._retry)

    def _hear(self, reply: Reply) -> None:
        self.answers.append(reply.status)
        if reply.status in {429, 503}:
            self._again(max(self._retry, int(reply.headers["retry-after"])))
            return
        self._flight, self._retry, self._heard = None, FIRST_RETRY, self._now
        answer = self.tab.hear(reply)
        if reply.status != 200:
            self.stopped = str(answer.get("ended_because") or answer.get("code"))
        else:
            self._buffer()

    def _again(self, pause: int) -> None:
        self._flight, self._next = None, self._now + pause
        self._retry = min(LAST_RETRY, self._retry * 2)
