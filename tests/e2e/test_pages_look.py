"""Every page that somebody can reach, in every role, on a phone and on a desk screen.

Each opens, speaks no word into the console, breaks no rule of the content security policy, fits a window of 360 px, and
axe finds nothing serious on it. Where ``ZHENXUE_TEST_SCREENSHOTS`` names a folder (``scripts.screenshots`` does), a
picture of each is left there, at 360 and 1280 px, to be looked at.
"""

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from playwright.sync_api import Error as PlaywrightError

from scripts.access_matrix import Address, addresses
from tests.e2e.conftest import City
from tests.support import axe, town
from tests.support.browser import DESK, PHONE
from tests.support.pages import sign_in
from tests.web.test_access_matrix import FILL

SCREENSHOTS = os.environ.get("ZHENXUE_TEST_SCREENSHOTS", "")
PHONE_SIZE: ViewportSize = {"width": 360, "height": 740}
DESK_SIZE: ViewportSize = {"width": 1280, "height": 800}
#: Who walks: words of the account, the role, and the group that shares the pages with parameters.
WALKERS = (
    ("学员：学到一半", "learner", "learner"),
    ("学员：已考核", "learner", "learner"),
    ("学员：线上学完", "learner", "learner"),
    ("机构管理员 东昌", "provider_manager", "organisation"),
    ("人社监管人员 聊城市", "bureau_officer", "bureau"),
    ("教师 东昌", "teacher", "organisation"),
    ("机构管理员 茌平", "provider_manager", "organisation"),
    ("企业管理员", "enterprise_manager", "organisation"),
    ("人社监管人员 东昌府区", "bureau_officer", "bureau"),
    ("审核员", "operator_reviewer", "operator"),
    ("管理员 真学平台", "operator_admin", "operator"),
)
#: Addresses that are no pages: parts of pages, files, the public log, what only takes posts.
NO_PAGES = ("home_block", "_block", "template", "export", "options", "occupations")
NO_PAGE_APPS = {"evidence", "kernel"}
NO_PAGE_NAMES = {
    "catalogue:preview_markup",
    "exams:asset",
    "exams:attempt_state",
    "exams:bank_statistics_sheet",
    "exams:certificate_file",
    "exams:import_file",
    "exams:import_refused",
    "exams:practice_home",  # the part of the learner's home that says what is due
    "exams:rule_count",  # the part of a blueprint's rule that counts what fits
    "exams:score_file",
    "identity:sign_out",
    "identity:hand_over",
    "identity:cancel_hand_over",
    "portal:large_type",
    "portal:dossier_state",  # the part of the page of dossiers that fetches itself
    "portal:take_dossier",
    "portal:entry_proof",  # the proof as JSON, for the check in the browser
    "identity:large_type",
    "identity:home_verify",
    "identity:home_reviews",
    "identity:verify_card_state",  # the part of a page that asks again while a card is read
    "identity:document_file",
    "training:take_accounts",
    "training:import_result",
    "catalogue:material_file",
    "catalogue:media_key",
    "catalogue:master_playlist",
    "catalogue:rung_playlist",
    "catalogue:segment",
    "catalogue:poster",
    "catalogue:material_state",
    "catalogue:document_page",
    "ledger:day_json",  # the day's facts as JSON, for programs
    "ledger:export_cohort",
    "integrity:blurred_capture",
    "integrity:check_state",
    "integrity:enrol_state",
    "integrity:export_incidents",
    "integrity:job",
    "integrity:statement_picture",
    "study:archive_check",
    "study:image",
    "study:poster",
    "study:master",
    "study:rung",
    "study:key",
    "study:segment",
    "study:self_test",  # the part of the unit's page that its form posts to
    "study:document",
    "study:document_page",
}
#: Pages that the role may open but not in this office: policies, rules and legal holds are the city's.
NOT_THEIRS = {(name, "county371502") for name in ("subsidy:policy_new", "identity:new_rules", "ledger:new_hold")}
#: Pages that look different in every role; the others are pictured once for learners, once for staff.
OWN_LOOK = {"portal:home"}
#: Addresses of a visitor: what is public, and what a page says to somebody who must sign in first.
VISITOR = ("/", "/check/", "/help/", "/help/learner/", "/rules/", "/sign-in/", "/me/")
#: Refusals as (words of the account, role, status, address); "" is nobody.
REFUSALS = (
    ("", "visitor", 404, "/nothing-here/"),
    ("学员：学到一半", "learner", 403, "/cohorts/"),
    ("学员：学到一半", "learner", 404, "/nothing-here/"),
    ("机构管理员 东昌", "provider_manager", 404, "/cohorts/999999/"),
    ("教师 东昌", "teacher", 403, "/claims/"),
)
#: Parts that load by themselves have come.
SETTLED = "() => !document.querySelector('.htmx-request, [hx-trigger~=load] .skeleton')"
#: Paths of this site that the page links to, downloads left out; an ``a`` inside SVG has no string in ``href``.
LINKS = """() => [...document.querySelectorAll('a[href]:not([download])')]
    .map(one => new URL(one.getAttribute('href'), location.href))
    .filter(one => /^https?:$/.test(one.protocol) && one.origin === location.origin)
    .map(one => one.pathname)"""

type Open = Callable[..., BrowserContext]


@dataclass
class Walk:
    """What was seen, and what was wrong with it."""

    routes: list[Address]
    #: Addresses of unfinished work, by role.
    examples: dict[str, list[str]]
    seen: set[tuple[str, str]] = field(default_factory=set)
    judged: set[tuple[str, str]] = field(default_factory=set)
    #: What stands beside the pages' own part, as ``axe.find_grave`` marks it.
    frames: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    visits: int = 0

    def names(self) -> set[str]:
        return {name for _, name in self.seen}


def is_page(name: str, view: Callable[..., HttpResponseBase]) -> bool:
    """Whether an address of this name is a page to look at."""
    app, _, own = name.partition(":")
    return app not in NO_PAGE_APPS and name not in NO_PAGE_NAMES and not own.endswith(NO_PAGES) and shows(view)


def shows(view: Callable[..., HttpResponseBase] | None) -> bool:
    """Whether a view answers a look, not only posts: what ``require_POST`` and its like wrapped around it say."""
    while view is not None:
        cells = zip(view.__code__.co_freevars, view.__closure__ or (), strict=True)
        methods = next((cell.cell_contents for name, cell in cells if name == "request_method_list"), None)
        if methods is not None:
            return "GET" in methods
        view = getattr(view, "__wrapped__", None)
    return True


def pages_with_parameters(routes: list[Address]) -> set[str]:
    """The names of all pages whose addresses have parts to fill in."""
    found = set()
    for one in routes:
        filled = re.sub(r"<(?:(\w+):)?\w+>", lambda part: FILL.get(part[1] or "str", "1"), one.route)
        if one.parameters and is_page(one.name, resolve(filled).func):
            found.add(one.name)
    return found


class Walker:
    """One person who opens every page of the navigation and every kind of page linked from there."""

    def __init__(self, walk: Walk, page: Page, username: str, role: str, group: str) -> None:
        self.walk, self.page, self.username, self.role, self.group = walk, page, username, role, group
        self.said: list[str] = []
        axe.bring(page)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(f"script error: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(f"{message.type}: {message.text}")

    def go(self) -> None:
        """Everything of the role without parameters, the unfinished work, and what is linked from there."""
        queue = [one.route for one in self.walk.routes if one.allows(self.role) and not one.parameters]
        queue.extend(self.walk.examples.pop(self.role, []))
        self.visit(queue)

    def visit(self, queue: list[str]) -> None:
        """These addresses, and one of each further kind of page that links lead to."""
        met: set[str] = set()
        for address in queue:
            found = self._resolve(address)
            if found is None or found[1] in met:
                continue
            key, name = found
            met.add(name)
            if key in self.walk.seen:
                queue.extend(self._read_links(address))
            else:
                self.walk.seen.add(key)
                self.name = name
                queue.extend(self._look(address))

    def _resolve(self, address: str) -> tuple[tuple[str, str], str] | None:
        """What makes two visits the same, and the name of the address; None when it is no page."""
        try:
            found = resolve(urlsplit(address).path)
        except Resolver404:
            self.walk.faults.append(f"{self.role}: a link leads nowhere: {address}")
            return None
        name = f"{found.namespace}:{found.url_name}"
        key = (self.group if found.kwargs else self.role, name)
        return (key, name) if is_page(name, found.func) else None

    def _read_links(self, address: str) -> list[str]:
        """The links of a page that was judged already, without showing it; downloads are no pages."""
        html = self.page.request.get(address).text()
        links = (tag for tag in re.findall(r"<a [^>]*>", html) if not re.search(r"\sdownload\b", tag))
        found = (re.search(r'\shref="(/[^"#?]*)', tag) for tag in links)
        return list(dict.fromkeys(link[1] for link in found if link))

    def refused(self, address: str, status: int) -> None:
        """Judge the page that refuses this address."""
        self.name = f"refusal:{status}"
        self._look(address, status)

    def answer_to(self, address: str, status: int) -> None:
        """Judge the page that answers a form sent to this address: one that comes too late, from another tab."""
        self.page.goto("/home/")
        self.page.locator("form[method=post]").first.evaluate(
            "(form, address) => { form.action = address; form.submit(); }", address
        )
        self.page.wait_for_url(f"**{address}")
        expect(self.page.locator(".refusal")).to_be_visible()
        self.name = f"refusal:{status}"
        self.said.clear()
        self._judge(f"{address} (form, {self.username})")

    def _look(self, address: str, status: int = 200) -> list[str]:
        """Judge one page; gives the addresses it links to."""
        self.said.clear()
        page, where = self.page, f"{address} ({self.name}, {self.username})"
        try:
            answer = page.goto(address, wait_until="load")
        except PlaywrightError as error:  # a download or a broken page: say which
            self.walk.faults.append(f"{where}: {error.message.splitlines()[0]}")
            return []
        found = answer.status if answer else 0
        if found != status:
            if (self.name, self.username) not in NOT_THEIRS:
                self.walk.faults.append(f"{where}: status {found}")
            return []
        self.said = [words for words in self.said if status == 200 or f"status of {status}" not in words]
        self._judge(where)
        links: list[str] = page.evaluate(LINKS)
        return list(dict.fromkeys(links))

    def _judge(self, where: str) -> None:
        """What the open page says into the console, how it fits a phone, and (once a look) axe and the pictures."""
        page = self.page
        self.walk.visits += 1
        settled, frame = page.evaluate(f"() => [({SETTLED})(), document.body.className]")
        if not settled:
            page.wait_for_function(SETTLED)
        look = self.role if self.name in OWN_LOOK else frame
        is_new = (look, self.name) not in self.walk.judged
        self.walk.judged.add((look, self.name))
        for_phones = self.role == "learner" or self.name.startswith("portal:")
        sizes = [PHONE_SIZE] if for_phones or not is_new else [PHONE_SIZE, DESK_SIZE]
        if is_new and SCREENSHOTS:
            sizes = [PHONE_SIZE, DESK_SIZE]
        # The window that stands there comes first: each other costs a layout.
        for size in sorted(sizes, key=lambda size: size != page.viewport_size):
            axe.resize(page, size)
            if size == PHONE_SIZE:
                self._measure(where)
            if is_new and size == (PHONE_SIZE if for_phones else DESK_SIZE):
                self._ask_axe(where)
            if is_new and SCREENSHOTS:
                self._picture(size["width"])
        self.walk.faults.extend(f"{where}: {words}" for words in self.said)

    def _measure(self, where: str) -> None:
        over = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if over > 0:
            self.walk.faults.append(f"{where}: {over} px wider than 360: {self._widest()}")

    def _ask_axe(self, where: str) -> None:
        for fault in axe.find_grave(self.page, self.walk.frames):
            nodes = "; ".join(node["html"][:140] for node in fault["nodes"][:3])
            self.walk.faults.append(f"{where}: axe {fault['id']} ({fault['impact']}): {fault['help']}: {nodes}")

    def _picture(self, width: int) -> None:
        file = Path(SCREENSHOTS) / f"{self.name.replace(':', '-')}-{self.role}-{width}.jpg"
        self.page.evaluate("scrollTo(0, 0)")  # what sticks to the window is pictured where it stands at first
        self.page.screenshot(path=file, full_page=True, type="jpeg", quality=60, animations="disabled", scale="css")

    def _widest(self) -> str:
        found: str = self.page.evaluate(
            "[...document.querySelectorAll('main *, header *, nav *, footer *')]"
            ".filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.table-wrap'))"
            ".slice(0, 3).map(one => one.outerHTML.slice(0, 120)).join(' | ')"
        )
        return found


@pytest.fixture(scope="module")
def walk(city: City) -> Walk:
    """One walk for the whole module, its pictures in an empty folder."""
    if SCREENSHOTS:
        shutil.rmtree(SCREENSHOTS, ignore_errors=True)
        Path(SCREENSHOTS).mkdir()
    return Walk(addresses(), town.lay(city.site, "examples.lay_examples"))


@pytest.mark.parametrize(("who", "role", "group"), WALKERS, ids=[who for who, _, _ in WALKERS])
def test_every_page_in_reach_looks_right(
    walk: Walk, city: City, open_context: Open, who: str, role: str, group: str
) -> None:
    began = time.monotonic()
    page = open_context(DESK, base_url=city.site.url).new_page()
    username = city.account(who)
    sign_in(page, username, town.PASSWORD)
    Walker(walk, page, username, role, group).go()
    print(f"{who}: {walk.visits} pages so far, {time.monotonic() - began:.0f} s")
    faults, walk.faults = walk.faults, []
    assert not faults, "\n".join(faults)


def test_the_pages_of_a_visitor_look_right(walk: Walk, city: City, open_context: Open) -> None:
    page = open_context(PHONE, base_url=city.site.url).new_page()
    walker = Walker(walk, page, "visitor", "visitor", "visitor")
    walker.visit(list(VISITOR))
    faults, walk.faults = walk.faults, []
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("who", "role", "status", "address"), REFUSALS, ids=[f"{one[1]}-{one[2]}" for one in REFUSALS])
def test_refusals_look_right(
    walk: Walk, city: City, open_context: Open, who: str, role: str, status: int, address: str
) -> None:
    page = open_context(PHONE, base_url=city.site.url).new_page()
    username = city.account(who) if who else "visitor"
    if who:
        sign_in(page, username, town.PASSWORD)
    Walker(walk, page, username, role, role).refused(address, status)
    faults, walk.faults = walk.faults, []
    assert not faults, "\n".join(faults)


def test_the_answer_to_a_form_that_comes_too_late_looks_right(walk: Walk, city: City, open_context: Open) -> None:
    page = open_context(DESK, base_url=city.site.url).new_page()
    username = city.account("机构管理员 东昌")
    sign_in(page, username, town.PASSWORD)
    page.goto("/cohorts/?state=running")
    running = page.locator("main table a[href^='/cohorts/']").first.get_attribute("href")
    Walker(walk, page, username, "provider_manager", "organisation").answer_to(f"{running}start/", 409)
    faults, walk.faults = walk.faults, []
    assert not faults, "\n".join(faults)


def test_the_pages_of_a_sitting_look_right(walk: Walk, city: City, open_context: Open) -> None:
    page = open_context(PHONE, base_url=city.site.url).new_page()
    username = city.account("学员：线上学完")
    sign_in(page, username, town.PASSWORD)
    walker = Walker(walk, page, username, "learner", "learner")
    page.goto("/exams/")
    page.get_by_role("link", name=re.compile("进入考试|继续考试")).first.click()
    page.locator("main form button[type=submit]").first.click()
    expect(page).to_have_url(re.compile(r"/exams/attempts/\d+/"))
    attempt = re.search(r"/exams/attempts/\d+/", page.url) or pytest.fail(f"no attempt began: {page.url}")
    walker.visit([attempt[0], f"{attempt[0]}submit/"])
    faults, walk.faults = walk.faults, []
    assert not faults, "\n".join(faults)


def test_the_walk_left_out_no_kind_of_page(walk: Walk) -> None:
    missed = sorted(pages_with_parameters(walk.routes) - walk.names())
    assert not missed, f"no link led to {missed}: add an example to tests/support/town"
