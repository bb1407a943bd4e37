"""The key of a browser in real Chromium: made once, kept, never extractable, one for each sign-in."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.identity import USER_AGENT, client_for, make_learner
from tests.support.browser import PHONE
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.identity.models import DeviceKey, LoginSession
from zhenxue.identity.validators import check_public_key

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., BrowserContext]
ASKS = "body[data-device-key]"
STORED = """
() => new Promise((resolve, reject) => {
  const request = indexedDB.open("zhenxue-device", 1);
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const get = request.result.transaction("keys").objectStore("keys").get("device");
    get.onsuccess = async () => {
      const { publicKey, privateKey } = get.result;
      const raw = String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
      const taken = await crypto.subtle.exportKey("pkcs8", privateKey).then(() => "taken", (error) => error.name);
      resolve({ raw: btoa(raw).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, ""), taken });
    };
  };
})
"""
FORGET = '() => new Promise((done) => { indexedDB.deleteDatabase("zhenxue-device").onsuccess = () => done(true); })'
#: What a page does whose sign-in is bound already: brings another key.
BRING = """
async ([address, key]) => {
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];
  const body = new URLSearchParams({ public_key: key });
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  const answer = await fetch(address, { method: "POST", body, headers });
  return [answer.status, (await answer.json()).code];
}
"""


def opened(context: BrowserContext, url: str, who: Actor) -> Page:
    """The first page after signing in, in this browser."""
    for name, morsel in client_for(who).cookies.items():
        context.add_cookies([{"name": name, "value": morsel.value, "url": url}])
    page = context.new_page()
    page.goto("/me/")
    return page


def test_the_key_survives_a_reload_and_cannot_be_taken(live_server: Any, open_context: Opener) -> None:
    learner, url = make_learner(), live_server.url
    browser = open_context(PHONE, base_url=url, user_agent=USER_AGENT)
    page = opened(browser, url, learner)
    expect(page.locator(ASKS)).to_have_count(0)
    first = page.evaluate(STORED)
    assert first["taken"] == "InvalidAccessError"
    assert len(check_public_key(first["raw"])) == 65
    page.reload()
    expect(page.locator("body")).to_be_visible()
    assert page.evaluate(STORED) == first
    bound = LoginSession.objects.get(account_id=learner.account_id, ended_at__isnull=True)
    key = identity.device_key_of(bound.pk)
    assert key is not None
    assert key.public_key == first["raw"]

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/me/devices/")
    expect(page.get_by_text("本机", exact=True)).to_be_visible()
    assert not [one for one in asked if "/account/device-key/" in one], "a bound sign-in costs no further request"

    page.evaluate(FORGET)
    other = opened(open_context(PHONE, base_url=url, user_agent=USER_AGENT), url, make_learner())
    expect(other.locator(ASKS)).to_have_count(0)
    status, code = page.evaluate(BRING, ["/account/device-key/", other.evaluate(STORED)["raw"]])
    assert (status, code) == (409, "identity.device_bound")


def test_two_people_in_one_browser_are_one_device(live_server: Any, open_context: Opener) -> None:
    url = live_server.url
    browser = open_context(PHONE, base_url=url, user_agent=USER_AGENT)
    for _ in range(2):
        page = opened(browser, url, make_learner())
        expect(page.locator(ASKS)).to_have_count(0)
        browser.clear_cookies()
    assert DeviceKey.objects.values("fingerprint").distinct().count() == 1
    assert DeviceKey.objects.count() == 2


def test_a_browser_without_keys_says_what_to_do(live_server: Any, open_context: Opener) -> None:
    url = live_server.url
    browser = open_context(PHONE, base_url=url, user_agent=USER_AGENT)
    browser.add_init_script('Object.defineProperty(window, "isSecureContext", { value: false });')
    page = opened(browser, url, make_learner())
    expect(page.get_by_text("暂时不能计学时")).to_be_visible()
    expect(page.get_by_text("请改用 https 开头的网址打开")).to_be_visible()
    assert not DeviceKey.objects.exists()
