"""The built front end: what Vite wrote into ``static/built``, by its manifest."""

import json
import logging
import time
from pathlib import Path
from typing import Any

from django.conf import settings

log = logging.getLogger(__name__)
BUILT = Path(__file__).resolve().parent / "static" / "built"


class Manifest:
    """Vite's manifest of the built front end; looked at once a second, for a page asks for it with every icon."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: int | None = None
        self._looked_at = -1
        self._found: dict[str, dict[str, Any]] = {}

    def read(self) -> dict[str, dict[str, Any]]:
        """The entries by name; empty (and logged) where nothing was built yet."""
        second = int(time.monotonic())
        if second != self._looked_at:
            self._look()
            self._looked_at = second
        return self._found

    def _look(self) -> None:
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._found, self._stamp = json.loads(self.path.read_text()), stamp
        except FileNotFoundError:
            if settings.PRODUCTION:
                raise
            self._found, self._stamp = {}, None
            log.warning("front end is not built (npm run build); pages come without styles")


manifest = Manifest(BUILT / "manifest.json").read


def with_imports(built: dict[str, dict[str, Any]], entry: str) -> list[dict[str, Any]]:
    """The chunk of an entry and all that it imports, itself first."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [entry]
    while waiting:
        key = waiting.pop(0)
        if key not in found:
            found[key] = built[key]
            waiting += built[key].get("imports", ())
    return list(found.values())
