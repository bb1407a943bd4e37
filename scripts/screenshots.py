"""Pictures of every page, and sheets of them to look through.

``python -m scripts.screenshots`` runs ``tests/e2e/test_pages_look.py``, which leaves one picture a page and width in
``screenshots/`` (not committed), then puts them together on sheets in ``screenshots/sheets/``. ``--sheets [WORD]`` only
does the latter, of the pictures whose names hold the words. Needs Debian's Chromium, like the tests.
"""

import html
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "screenshots"
SHEETS = PICTURES / "sheets"
#: Width of the window in a picture: (pictures in a row, rows, width and height of one on the sheet).
LAYOUTS = {"360": (6, 1, 300, 1180), "1280": (3, 2, 640, 560)}
STYLE = """body {{ margin: 0; font: 13px monospace; background: #777 }}
main {{ display: grid; grid-template-columns: repeat({columns}, {width}px); gap: 10px; padding: 10px }}
figure {{ margin: 0; background: #fff }} figcaption {{ padding: 3px; background: #ff9; overflow: hidden }}
div {{ height: {height}px; overflow: hidden }} img {{ width: 100% }}"""


def main(arguments: Sequence[str]) -> int:
    """Walk and make sheets; gives the exit code of the walk."""
    code = 0
    if "--sheets" not in arguments:
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/test_pages_look.py"]
        code = subprocess.run(
            pytest, cwd=ROOT, env={**os.environ, "ZHENXUE_TEST_SCREENSHOTS": str(PICTURES)}
        ).returncode
    names = sys.argv[sys.argv.index("--sheets") + 1 :] if "--sheets" in arguments else []
    made = make_sheets(names)
    sys.stdout.write(f"{made} sheets in {SHEETS}\n")
    return code


def make_sheets(only: Sequence[str] = ()) -> int:
    """Put the pictures (whose names hold the words) on sheets by width; gives how many sheets."""
    shutil.rmtree(SHEETS, ignore_errors=True)
    SHEETS.mkdir(parents=True)
    made = 0
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--headless=new"])
        page = browser.new_page()
        for window, (columns, rows, width, height) in LAYOUTS.items():
            found = [
                file
                for file in sorted(PICTURES.glob(f"*-{window}.jpg"))
                if not only or any(word in file.name for word in only)
            ]
            page.set_viewport_size({"width": columns * (width + 10) + 10, "height": 400})
            for number, group in enumerate(_groups(found, columns * rows), 1):
                sheet = SHEETS / f"{window}-{number:02}.html"
                sheet.write_text(_sheet(group, columns, width, height))
                page.goto(sheet.as_uri())
                page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
                sheet.unlink()
                made += 1
        browser.close()
    return made


def _groups(files: list[Path], size: int) -> Iterator[list[Path]]:
    for start in range(0, len(files), size):
        yield files[start : start + size]


def _sheet(files: list[Path], columns: int, width: int, height: int) -> str:
    figures = "".join(
        f"<figure><figcaption>{html.escape(file.stem)}</figcaption><div><img src='{file.as_uri()}'></div></figure>"
        for file in files
    )
    style = STYLE.format(columns=columns, width=width, height=height)
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><main>{figures}</main>"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
