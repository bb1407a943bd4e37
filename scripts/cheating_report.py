"""Writes docs/reference/cheating.md: runs the cheating suite, which fills in what each attack earned.

``python -m scripts.cheating_report`` writes; every ordinary run of ``tests/adversary`` holds the page against its rows.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """The exit code of the run; the page is written only when every test passed."""
    words = ["-m", "pytest", "-q", "--no-header", "tests/adversary", "--write-report", *sys.argv[1:]]
    return subprocess.run([sys.executable, *words], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
