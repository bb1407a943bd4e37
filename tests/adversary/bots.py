"""Bots that speak our HTTP like a page does, every part of which a test can bend.

``Browser`` is one browser profile: cookies, a device key, a user agent. ``Tab`` is one open player page in it: it holds
ticket, number, position and the key of beats, loads content keys of what it plays, turns pages and answers checks. An
honest tab and a cheat differ only in what a test tells them.
"""

import http.client
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from django.conf import settings

from tests.adversary.world import KEY_SECONDS, Learner, Staff, World
from tests.factories.identity import PASSWORD
from zhenxue.study import pageside
from zhenxue.study.pageside import Opening, SoftDevice

PHONE = "Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile"
COMPUTER = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Reply:
    """What the site answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def text(self) -> str:
        return self.body.decode()


class Refusal(AssertionError):
    """The site said no where an honest page would have gone on."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.text[:500]}")
        self.status = reply.status
        self.code = str(reply.json.get("code", "")) if reply.body.startswith(b"{") else ""


class Browser:
    """One browser profile on one device."""

    def __init__(
        self, world: World, who: Learner | Staff, *, agent: str = COMPUTER, device: SoftDevice | None = None
    ) -> None:
        self.world = world
        self.who = who
        self.agent = agent
        self.device = device or SoftDevice()
        self.cookies: dict[str, str] = {}
        self.handed_over = False
        self.address = "127.0.0.1"  # from which it connects; any of 127/8 is this machine
        self._line: http.client.HTTPConnection | None = None
        _open_browsers.append(self)

    @property
    def learner(self) -> Learner:
        assert isinstance(self.who, Learner)
        return self.who

    # -- HTTP

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        """One request with this profile's cookies; keeps those that the answer sets."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"User-Agent": self.agent, **({"Cookie": jar} if jar else {}), **(headers or {})}
        try:
            answer = self._send(method, path, body, sent)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close_line()  # the server closed an idle connection: a browser opens another
            answer = self._send(method, path, body, sent)
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            if value in {"", '""'}:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return Reply(answer.status, dict(answer.headers), answer.read())

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self._line is None:
            self._line = http.client.HTTPConnection(
                "127.0.0.1", self.world.port, timeout=60, source_address=(self.address, 0)
            )
        self._line.request(method, path, body or None, headers)
        return self._line.getresponse()

    def close_line(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def move(self, address: str) -> None:
        """Goes on from another network address, as a phone does that leaves the house."""
        self.close_line()
        self.address = address

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, form: dict[str, Any] | None = None) -> Reply:
        """A form of our own pages, with its CSRF token; asks for JSON as the page's script does."""
        fields = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **(form or {})}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return self.request("POST", path, urlencode(fields, doseq=True).encode(), headers)

    # -- signing in

    def sign_in(self, *, bind: bool = True) -> Self:
        """The sign-in page with its form, which brings the device key (``bind``), and the hand-over page."""
        page = self.get("/sign-in/")
        token = TOKEN.search(page.text)
        assert token is not None, page.text[:500]
        form = {"username": self.who.username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        if bind:
            assert "data-sign-in-key" in page.text
            form["device_key"] = self.device.public_key
        reply = self.post("/sign-in/", form)
        if reply.headers.get("location", "").startswith("/hand-over/"):
            self.handed_over = True
            reply = self.post("/hand-over/")
        assert reply.status == 302, reply.text[:500]
        return self

    def bind(self, device: SoftDevice | None = None) -> Reply:
        """Registers a device key for this sign-in, as the first page after it does where the form brought none."""
        return self.post("/account/device-key/", {"public_key": (device or self.device).public_key})

    @property
    def cookie(self) -> str:
        return self.cookies.get(settings.SESSION_COOKIE_NAME, "")

    # -- studying

    def tab(self, unit: int, *, mark: str = "") -> "Tab":
        """A player page, not yet open."""
        return Tab(self, unit, mark or secrets.token_hex(8))

    def open(self, unit: int, *, take_over: bool = False, mark: str = "") -> "Tab":
        """An open player page; raises ``Refusal``."""
        return self.tab(unit, mark=mark).open(take_over=take_over)


@dataclass
class Tab:
    """One player page. Fields are what a cheat may overwrite."""

    browser: Browser
    unit: int
    mark: str
    opened: dict[str, Any] = field(default_factory=dict)
    beat_key: bytes = b""
    ticket: str = ""
    number: int = 0
    position_ms: int = 0
    check_nonce: str = ""
    loads_keys: bool = True
    answers_checks: bool = True
    page: int | None = None
    loaded: set[int] = field(default_factory=set)
    replies: list[Reply] = field(default_factory=list)
    rung: str = ""

    @property
    def world(self) -> World:
        return self.browser.world

    @property
    def learner(self) -> Learner:
        return self.browser.learner

    @property
    def session_id(self) -> int:
        return int(self.opened["session_id"])

    @property
    def address(self) -> str:
        return f"/study/{self.learner.enrolment.pk}/units/{self.learner.units[self.unit].pk}/open/"

    # -- opening

    def ask_to_open(self, form: dict[str, str] | None = None) -> Reply:
        return self.browser.post(self.address, {"tab": self.mark, **(form or {})})

    def prove(self, challenge: str, device: SoftDevice | None = None) -> Opening:
        """What the page signs."""
        return Opening(
            device or self.browser.device,
            challenge=challenge,
            enrolment_id=self.learner.enrolment.pk,
            unit_id=self.learner.units[self.unit].pk,
            tab=self.mark,
        )

    def open(self, *, take_over: bool = False, device: SoftDevice | None = None) -> Self:
        """Challenge, signature, session; with ``take_over`` the hand-over page is confirmed when it comes."""
        asked = self.ask_to_open()
        if asked.status != 428:
            raise Refusal(asked)
        opening = self.prove(asked.json["challenge"], device)
        reply = self.ask_to_open(opening.form)
        if reply.status == 409 and take_over:
            page = self.browser.get(reply.json["hand_over"])
            assert "study/hand-over" in page.text, page.text[:500]
            where = {"enrolment": self.learner.enrolment.pk, "unit": self.learner.units[self.unit].pk}
            assert self.browser.post("/study/hand-over/", where).status == 302
            return self.open(device=device)
        if reply.status != 200:
            raise Refusal(reply)
        self.begin(reply.json, opening)
        return self

    def begin(self, opened: dict[str, Any], opening: Opening) -> None:
        """Takes over what the opening gave."""
        self.opened, self.ticket, self.number = opened, opened["ticket"], opened["number"]
        self.position_ms = opened["position_ms"]
        self.beat_key = opening.beat_key(opened["server_ephemeral"], opened["session_id"])
        self.check_nonce, self.loaded = "", set()
        if opened["paced"]:
            unit = self.learner.units[self.unit].pk
            self.rung = self.world.rungs.get(unit) or self.world.rungs.setdefault(unit, self._read_playlists())

    def _read_playlists(self) -> str:
        """The first rung of a video; its playlists say the same to everybody, but for the session in the addresses."""
        master = self.browser.get(self.opened["urls"]["stream"])
        rungs = re.findall(r"/(\w+)\.m3u8", master.text)
        assert rungs, master.text
        reply = self.browser.get(f"/study/sessions/{self.session_id}/{rungs[0]}.m3u8")
        assert "#EXT-X-KEY" in reply.text
        return str(rungs[0])

    # -- content

    def ask_key(self, index: int, *, ticket: str | None = None, rung: str = "") -> Reply:
        """Asks for one content key."""
        headers = {"X-Ticket": self.ticket if ticket is None else ticket}
        path = f"/study/sessions/{self.session_id}/keys/{rung or self.rung}/{index}/"
        return self.browser.request("GET", path, headers={"Accept": "application/json", **headers})

    def load(self, until_ms: int) -> int:
        """Loads the keys of what is played until there, as a player does; how many were refused."""
        refused, first = 0, self.position_ms // (KEY_SECONDS * 1000)
        last = min(until_ms, self.opened["unit_ms"]) - 1
        for index in range(first, max(first, last // (KEY_SECONDS * 1000)) + 1):
            if index not in self.loaded:
                if self.ask_key(index).status == 200:
                    self.loaded.add(index)
                else:
                    refused += 1
        return refused

    # -- beats

    def claim(self, played: float, **changes: Any) -> dict[str, Any]:
        """An honest claim for so many seconds from the present position; ``changes`` make it another, None drops."""
        page = self.page
        if page is None and self.opened["slots"]:
            page = min(self.position_ms // self.opened["slot_ms"], self.opened["slots"] - 1)
        values: dict[str, Any] = {
            "number": self.number + 1,
            "ticket": self.ticket,
            "from_ms": self.position_ms,
            "to_ms": self.position_ms + round(played * 1000),
            "rate_percent": 100,
            "visible": True,
            "focused": True,
            "playing": True,
            "event": "tick",
            "idle_ms": 0,
            "page": page or 0,
            "answer": self.check_nonce if self.answers_checks else "",
        }
        return {name: value for name, value in {**values, **changes}.items() if value is not None}

    def post(
        self,
        claim: dict[str, Any] | bytes,
        *,
        browser: Browser | None = None,
        key: bytes | None = None,
        session_id: int | None = None,
        **headers: str,
    ) -> Reply:
        """A claim as it is, proven by the page's key unless told otherwise; nothing is learnt from the answer."""
        body = claim if isinstance(claim, bytes) else json.dumps(claim).encode()
        key = self.beat_key if key is None else key
        proof = {"X-Beat-Proof": pageside.proof(key, body)} if key else {}
        sent = {"Content-Type": "application/json", **proof}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/study/beats/{self.session_id if session_id is None else session_id}"
        return (browser or self.browser).request("POST", path, body, {k: v for k, v in sent.items() if v})

    def hear(self, reply: Reply) -> dict[str, Any]:
        """Goes on with what an answer says."""
        self.replies.append(reply)
        answer = reply.json
        if reply.status in {200, 409}:
            self.check_nonce = answer.get("check", {}).get("nonce", "")
        if reply.status == 200 and not answer["ended"]:
            self.ticket, self.number, self.position_ms = answer["ticket"], answer["number"], answer["position_ms"]
        return answer

    def send(self, claim: dict[str, Any], **how: Any) -> dict[str, Any]:
        return self.hear(self.post(claim, **how))

    def beat(self, seconds: float = 10, *, played: float | None = None, **changes: Any) -> dict[str, Any]:
        """Lets time pass, loads what it played, and claims to have played all that time (or ``played``)."""
        self.world.wait(seconds)
        claim = self.claim(seconds if played is None else played, **changes)
        if self.loads_keys and self.opened["paced"]:
            self.load(claim.get("to_ms", 0))
        return self.send(claim)

    def study(self, seconds: float, *, every: float = 10, **changes: Any) -> Self:
        """Beats for so long."""
        done = 0.0
        while done < seconds:
            step = min(every, seconds - done)
            self.beat(step, **changes)
            done += step
        return self

    @property
    def heard(self) -> list[str]:
        """The reasons of all answers so far, each once, in order."""
        return list(dict.fromkeys(reply.json.get("reason", reply.json.get("code", "")) for reply in self.replies))

    def close(self) -> Reply:
        """The page goes on to another unit."""
        return self.browser.post(self.opened["urls"]["close"])


_open_browsers: list[Browser] = []


def close_all_lines() -> None:
    """The end of a test."""
    for browser in _open_browsers:
        browser.close_line()
    _open_browsers.clear()
