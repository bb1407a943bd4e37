"""The four services, played: what each answers to a request that was let in. Everything lies in memory."""

import base64
import hashlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

MOODS = ("normal", "different", "unknown", "refused", "down", "garbage", "unsigned")
SERVICES = {"sms": "短信网关", "carrier": "运营商核验", "police": "公安比对", "social-card": "电子社保卡"}
KEPT = 200
CODE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was "sent" or asked, as the sandbox's page shows it."""

    at: float
    service: str
    lines: tuple[tuple[str, str], ...]
    answer: str


@dataclass(slots=True)
class Grant:
    """A code handed out by the card's page, good once."""

    holder: Mapping[str, str]
    nonce: str
    challenge: str
    redirect_uri: str
    ends_at: float


class Refusal(Exception):
    """The service says no; ``code`` is its word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Town:
    """All services and what they remember."""

    moods: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVICES, "normal"))
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=KEPT))
    answered: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def answer(self, service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to ``POST /<service><path>``; raises ``Refusal``, ``KeyError`` for an unknown address."""
        act = {
            ("sms", "/v1/messages"): self._message,
            ("carrier", "/v1/checks"): self._check,
            ("police", "/v1/comparisons"): self._compare,
            ("social-card", "/token"): self._token,
        }[service, path]
        if self.moods[service] == "refused":
            raise Refusal("refused_for_show")
        ref = str(body.get("ref", ""))
        with self.lock:
            known = self.answered.get((service, ref)) if ref else None
            if known is None:
                self.count += 1
                known = act(body)
                if ref:
                    self.answered[service, ref] = known
        return known

    def _message(self, body: Mapping[str, Any]) -> dict[str, Any]:
        phone, text = _text(body, "phone"), _text(body, "text", 500)
        if phone.startswith("1990000"):
            self._note("sms", (("号码", phone),), "拒收")
            raise Refusal("number_refused")
        self._note("sms", (("号码", phone), ("内容", text)), "已发出")
        return {"reference": self._number("sms"), "accepted": True}

    def _check(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, number, phone = _text(body, "name"), _text(body, "citizen_number"), _text(body, "phone")
        match = self._match("carrier", name, unknown=phone.endswith("0000"))
        self._note("carrier", (("姓名", name), ("身份号码", number), ("手机", phone)), match)
        return {"reference": self._number("carrier"), "match": match}

    def _compare(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, number = _text(body, "name"), _text(body, "citizen_number")
        picture = _picture(body)
        match = self._match("police", name, unknown=False)
        self._note("police", (("姓名", name), ("身份号码", number), ("照片", f"{len(picture)} 字节")), match)
        return {"reference": self._number("police"), "match": match, "score": 93 if match == "same" else 0}

    def _token(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type")
        grant = self.grants.pop(_text(body, "code"), None)
        verifier = _text(body, "code_verifier")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if grant is None or grant.ends_at < time.time() or grant.redirect_uri != body.get("redirect_uri"):
            raise Refusal("invalid_grant")
        if not secrets.compare_digest(challenge, grant.challenge):
            raise Refusal("invalid_verifier")
        self._note("social-card", tuple(grant.holder.items()), "已换取身份")
        return {"reference": self._number("card"), "nonce": grant.nonce, **grant.holder}

    def grant(self, asked: Mapping[str, str], holder: Mapping[str, str]) -> str:
        """The person agreed on the card's page: the address to send them back to."""
        code = secrets.token_urlsafe(24)
        ends_at = time.time() + CODE_SECONDS
        self.grants[code] = Grant(dict(holder), asked["nonce"], asked["code_challenge"], asked["redirect_uri"], ends_at)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _match(self, service: str, name: str, *, unknown: bool) -> str:
        if self.moods[service] in {"different", "unknown"}:
            return self.moods[service]
        if "不符" in name:
            return "different"
        return "unknown" if unknown else "same"

    def _note(self, service: str, lines: tuple[tuple[str, str], ...], answer: str) -> None:
        self.notes.appendleft(Note(time.time(), service, lines, answer))

    def _number(self, prefix: str) -> str:
        return f"sandbox-{prefix}-{self.count:06d}"


def _text(body: Mapping[str, Any], name: str, longest: int = 200) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Refusal(f"bad_{name}")
    return value


def _picture(body: Mapping[str, Any]) -> bytes:
    try:
        picture = base64.b64decode(_text(body, "portrait", 2_000_000), validate=True)
    except ValueError as error:
        raise Refusal("bad_portrait") from error
    if not picture.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        raise Refusal("bad_portrait")
    return picture
