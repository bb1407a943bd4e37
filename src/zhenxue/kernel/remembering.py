"""What need not be asked twice: within one request (``once``), and of things that never change (``Remembered``)."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any
from weakref import WeakSet

from django.http import HttpRequest


def once[T](request: HttpRequest, name: str, make: Callable[[], T]) -> T:
    """What ``make`` gave the first time in this request; nothing outlives the request.

    Parts of one page that belong to different apps share a read in this way.
    """
    kept: dict[str, Any] = request.__dict__.setdefault("remembered", {})
    if name not in kept:
        kept[name] = make()
    found: T = kept[name]
    return found


class Remembered[K: Hashable, V]:
    """Values that never change for their key, kept by this process: those asked for last, ``size`` of them.

    Only for what is the same to everybody for ever, such as a plan under the digest of its contents.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()
        _all.add(self)

    def many(self, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of all keys; ``read`` is called once at most, with those that are not here yet."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {key: self._kept[key] for key in wanted if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = [key for key in wanted if key not in found]
        if missing:
            fresh = read(missing)
            found |= fresh
            with self._lock:
                self._kept.update(fresh)
                while len(self._kept) > self.size:
                    self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        """Everything is read anew."""
        with self._lock:
            self._kept.clear()


def forget_all() -> None:
    """Makes this process one that has just begun: whatever is ``Remembered`` is read anew."""
    for one in list(_all):
        one.forget()


_all: WeakSet[Remembered[Any, Any]] = WeakSet()
