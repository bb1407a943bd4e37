"""Accessibility of a real page: axe-core in the browser, all its rules, nothing serious allowed."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
#: Runs axe, moving parts at rest. ``known`` are marks of what stands beside ``main`` and was judged already: such parts
#: are left out. ``light`` are the impacts whose rules (each has one) need not be asked. Gives also the marks met here.
ASK = """async ({within, known, light}) => {
    if (!('axe' in window)) bringAxe();
    document.getAnimations().forEach(animation => { try { animation.finish() } catch { animation.cancel() } });
    const mark = part => {
        const html = part.outerHTML.replace(/(name="csrfmiddlewaretoken" value=)"[^"]*"/g, '$1');
        let sum = 0;
        for (let at = 0; at < html.length; at++) sum = Math.imul(sum, 31) + html.charCodeAt(at) | 0;
        return [innerWidth, document.body.className, html.length, sum].join(' ');
    };
    const parts = within ? [] : [...document.querySelectorAll('body > :not(main, script)')];
    const marks = parts.map(mark);
    const exclude = parts.filter((part, place) => known.includes(marks[place]));
    const needless = axe._audit.rules.filter(rule => light.includes(rule.impact));
    const rules = Object.fromEntries(needless.map(rule => [rule.id, {enabled: false}]));
    const found = await axe.run(within || {include: [document], exclude}, {resultTypes: ['violations'], rules});
    return [found.violations, marks];
}"""


@lru_cache(maxsize=1)
def _script() -> str:
    return SCRIPT.read_text()


def bring(page: Page) -> None:
    """For a page that is asked at many addresses: axe comes with every document it opens from now on, is read when it
    is asked for the first time there, and crosses from process to process only once."""
    page.add_init_script(f"window.bringAxe = () => {{\n{_script()}\n}}")


def _ask(page: Page, within: str, known: set[str], light: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """What ``ASK`` answers. The page's CSP is not loosened for it."""
    if not page.evaluate("'axe' in window || 'bringAxe' in window"):
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": _script()})
        session.detach()
    found, marks = page.evaluate(ASK, {"within": within, "known": sorted(known), "light": light})
    return found, marks


def find_violations(page: Page, *, within: str = "") -> list[dict[str, Any]]:
    """What axe finds on the page as it stands; ``within`` is a selector."""
    return _ask(page, within, set(), [])[0]


def find_grave(page: Page, known: set[str]) -> list[dict[str, Any]]:
    """What is serious or critical on the page; what stands beside its ``main`` is judged once, as ``known`` keeps."""
    found, marks = _ask(page, "", known, ["minor", "moderate"])
    known.update(marks)
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
