"""One face among many: a matrix in memory and a product. 100,000 templates are 51 MB and take a few milliseconds."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from zhenxue.integrity.faces.engine import VECTOR_LENGTH, Vector

BLOCK = 1024


class Gallery:
    """Vectors by key. Not safe for several threads at once: whoever shares one holds a lock."""

    def __init__(self, room: int = 1024) -> None:
        self._keys = np.zeros(room, np.int64)
        self._rows = np.zeros((room, VECTOR_LENGTH), np.float32)
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def keys(self) -> set[int]:
        """Every key that is in it."""
        return set(self._places)

    def add(self, key: int, vector: Vector) -> None:
        """Put a vector in, in place of an older one of that key."""
        place = self._places.get(key)
        if place is None:
            place = len(self._places)
            if place == len(self._keys):
                self._grow()
            self._places[key] = place
            self._keys[place] = key
        self._rows[place] = vector

    def remove(self, keys: Iterable[int]) -> None:
        """Take vectors out and wipe their rows; unknown keys do not matter."""
        for key in keys:
            place = self._places.pop(key, None)
            if place is None:
                continue
            last = len(self._places)
            if place != last:
                moved = int(self._keys[last])
                self._keys[place], self._rows[place] = moved, self._rows[last]
                self._places[moved] = place
            self._rows[last] = 0

    def nearest(self, vector: Vector, *, threshold: float, most: int = 10) -> list[tuple[int, float]]:
        """Keys at least that alike, the most alike first."""
        count = len(self._places)
        if not count:
            return []
        scores = self._rows[:count] @ vector
        found = np.flatnonzero(scores >= threshold)
        best = found[np.argsort(-scores[found])][:most]
        return [(int(self._keys[place]), float(scores[place])) for place in best]

    def pairs(self, *, threshold: float) -> Iterator[tuple[int, int, float]]:
        """Every two keys that are at least that alike, once each; a block of rows at a time."""
        count = len(self._places)
        for start in range(0, count, BLOCK):
            block = self._rows[start : min(start + BLOCK, count)]
            for other in range(start, count, 16 * BLOCK):
                scores = block @ self._rows[other : min(other + 16 * BLOCK, count)].T
                for one, two in zip(*np.nonzero(scores >= threshold), strict=True):
                    first, second = start + int(one), other + int(two)
                    if first < second:
                        yield int(self._keys[first]), int(self._keys[second]), float(scores[one, two])

    def _grow(self) -> None:
        room = max(1024, 2 * len(self._keys))
        self._keys = _longer(self._keys, room)
        self._rows = _longer(self._rows, room)


def _longer[T: np.generic](array: npt.NDArray[T], room: int) -> npt.NDArray[T]:
    longer = np.zeros((room, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
