"""Accessibility of a real page: axe-core in the browser, all its rules, nothing serious allowed."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
#: Moving parts are judged at rest.
SETTLE = "document.getAnimations().forEach(animation => { try { animation.finish() } catch { animation.cancel() } })"


@lru_cache(maxsize=1)
def _script() -> str:
    return SCRIPT.read_text()


def find_violations(page: Page, *, within: str = "") -> list[dict[str, Any]]:
    """What axe finds on the page as it stands; ``within`` is a selector. The page's CSP is not loosened for it."""
    if not page.evaluate("'axe' in window"):
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": _script()})
        session.detach()
    page.evaluate(SETTLE)
    found: list[dict[str, Any]] = page.evaluate(
        "where => axe.run(where || document, {resultTypes: ['violations']}).then(result => result.violations)", within
    )
    return found


def check(page: Page, *, within: str = "") -> None:
    """Raises ``AssertionError`` that names each rule broken and the elements."""
    faults = [
        f"{found['id']} ({found['impact']}): {found['help']}\n  "
        + "\n  ".join(str(node["target"]) + " " + node["html"][:160] for node in found["nodes"][:5])
        for found in find_violations(page, within=within)
    ]
    assert not faults, f"axe on {page.url}:\n" + "\n".join(faults)


def resize(page: Page, size: ViewportSize) -> None:
    """Another window for the page that stands there, and the moment that it takes to see it."""
    if size != page.viewport_size:
        page.set_viewport_size(size)
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def check_width(page: Page) -> None:
    """Raises ``AssertionError`` when the page scrolls sideways."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{page.url} is {over} px wider than the window"
