"""Pages of the documentation that a script writes: written, or with ``--check`` compared."""

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(page: Path, fresh: str, arguments: Sequence[str], *, command: str) -> int:
    """Writes the page; with ``--check`` only looks, and 1 says that ``command`` has to be run."""
    if "--check" in arguments:
        if page.exists() and page.read_text(encoding="utf-8") == fresh:
            return 0
        sys.stderr.write(f"{page.relative_to(ROOT)} is stale: run `{command}`\n")
        return 1
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(fresh, encoding="utf-8")
    return 0
