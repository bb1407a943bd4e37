"""Signed calls as the contract writes them (docs/reference/contracts.md, "Signed calls"), from the service's side."""

import hashlib
import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass

APP_ID, SECRET = "sandbox", "sandbox-secret-for-show-only"
METHODS = {"hmac-sha256": "sha256", "hmac-sm3": "sm3"}
WINDOW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """A request whose signature was good."""

    nonce: str
    method: str


class Doorkeeper:
    """Lets a request in once: known app, fresh time, unused nonce, good signature."""

    def __init__(self, secret: str = SECRET) -> None:
        self._secret = secret.encode()
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def admit(self, path: str, headers: Mapping[str, str], body: bytes, now: float) -> Caller | None:
        """Who calls, or None."""
        method, nonce = headers.get("X-Signature-Method", ""), headers.get("X-Nonce", "")
        moment = headers.get("X-Timestamp", "")
        known = method in METHODS and headers.get("X-App-Id") == APP_ID and 16 <= len(nonce) <= 64
        if not known or not moment.isdecimal() or abs(int(moment) - now) > WINDOW_SECONDS:
            return None
        wanted = self._sign(method, "POST", path, moment, nonce, self._digest(method, body))
        if not hmac.compare_digest(wanted, headers.get("X-Signature", "")):
            return None
        with self._lock:
            self._seen = {one: at for one, at in self._seen.items() if now - at < 2 * WINDOW_SECONDS}
            if nonce in self._seen:
                return None
            self._seen[nonce] = now
        return Caller(nonce, method)

    def sign_answer(self, caller: Caller, status: int, body: bytes) -> str:
        """What stands in ``X-Signature`` of the answer."""
        return self._sign(caller.method, "ANSWER", caller.nonce, str(status), self._digest(caller.method, body))

    def _sign(self, method: str, *parts: str) -> str:
        return hmac.new(self._secret, "\n".join(parts).encode(), METHODS[method]).hexdigest()

    @staticmethod
    def _digest(method: str, body: bytes) -> str:
        return hashlib.new(METHODS[method], body).hexdigest()
