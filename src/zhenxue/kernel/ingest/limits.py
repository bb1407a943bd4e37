"""What one client may send, in bounded memory, and the guard of the disk: both say no before a message is accepted."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

#: Clients that are remembered at most; a forgotten one begins with a full burst again.
REMEMBERED = 100_000
#: Messages that may come at once after a silence (a page that was off line sends what it kept).
BURST = 40
#: The free room is looked up so often.
LOOK_SECONDS = 2.0


class Bucket:
    """At most ``rate`` a second of each key with a burst, by one number a key (generic cell rate, ITU-T I.371)."""

    def __init__(self, rate: float, burst: float) -> None:
        self._step = 1 / rate
        self._slack = (burst - 0.5) / rate  # half a step of room for rounding
        self._due: dict[str, float] = {}

    def allow(self, key: str, now: float) -> bool:
        """Whether one more of this key may pass now."""
        due = self._due.get(key, now)
        if due - now > self._slack:
            return False
        self._due[key] = (due if due > now else now) + self._step
        if len(self._due) > REMEMBERED:
            self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        busy = {key: due for key, due in self._due.items() if due > now}
        while len(busy) > REMEMBERED // 2:
            busy.pop(next(iter(busy)))
        self._due = busy

    def __len__(self) -> int:
        return len(self._due)


class Limits:
    """Messages a second of one sign-in and one address (0: no bound); free bytes that the folder's disk must have."""

    def __init__(
        self,
        *,
        per_sign_in: int = 5,
        per_address: int = 0,
        burst: int = BURST,
        folder: Path | None = None,
        min_free: int = 0,
        clock: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._sign_ins = Bucket(per_sign_in, burst) if per_sign_in else None
        self._addresses = Bucket(per_address, per_address * 5) if per_address else None
        self._folder, self._min_free = folder, min_free
        self._clock, self._free_bytes = clock, free_bytes
        self._look_at, self._full = 0.0, False

    def allow(self, sign_in: str, address: str) -> bool:
        """Whether one more message of this sign-in from this address may pass."""
        now = self._clock()
        if self._sign_ins is not None and not self._sign_ins.allow(sign_in[:16], now):
            return False  # before its address is charged: one that floods must not shut out its neighbours
        return self._addresses is None or self._addresses.allow(address, now)

    def disk_is_full(self) -> bool:
        """Whether there is too little room to accept a message; looked up every two seconds."""
        if not self._min_free or self._folder is None:
            return False
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            try:
                self._full = self._free_bytes(self._folder) < self._min_free
            except OSError:
                self._full = True
        return self._full
