"""Calls to services outside: signed JSON over TLS, short waits, retries where they are safe, every odd answer refused.

The form of a call is written down in docs/reference/contracts.md ("Signed calls"): the request carries the app's id,
the time, a nonce and an HMAC (SHA-256 or SM3) over method, path, time, nonce and the digest of the body; the answer
carries an HMAC over the request's nonce, its status and the digest of its body, so that nothing between the two can put
words into a service's mouth. Nothing personal is ever logged or put into an error.
"""

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from zhenxue.kernel.straight import straight_opener

log = logging.getLogger(__name__)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
LARGEST_ANSWER = 256 * 1024
DIGESTS = {"hmac-sha256": "sha256", "hmac-sm3": "sm3"}
#: So many failures in a row close the door for a while: a service that is down must not hold every page.
FAILURES, PAUSE_SECONDS = 3, 20.0
BETWEEN_TRIES = 0.3


class OutsideError(Exception):
    """A service outside could not be used; ``words`` are for the person, in Chinese, and say what to do."""

    def __init__(self, service: str, words: str, detail: str) -> None:
        super().__init__(f"{service}: {detail}")
        self.service = service
        self.words = words
        self.detail = detail


class OutsideDown(OutsideError):
    """No answer, a fault of the service, or an answer that cannot be trusted: later may go well."""


class OutsideRefused(OutsideError):
    """The service understood and said no; ``code`` is its own word for why."""

    def __init__(self, service: str, words: str, code: str) -> None:
        super().__init__(service, words, f"refused ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service stands and how calls to it are signed; ``url`` empty: there is none."""

    name: str  # for people: 短信网关
    url: str = ""
    app_id: str = ""
    secret: str = field(default="", repr=False)
    digest: str = "hmac-sha256"
    seconds: float = 5.0

    def __bool__(self) -> bool:
        return bool(self.url)


def check_service(service: Service) -> str:
    """What is wrong with the settings of a service, in English for whoever runs the platform; empty when it fits."""
    parts = urlsplit(service.url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        return "the address must look like https://host/path"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return f"{parts.hostname} must be reached by https"
    if not service.app_id or not service.secret:
        return "app id and secret are needed"
    return "" if service.digest in DIGESTS else f"the digest must be one of {', '.join(DIGESTS)}"


class Caller:
    """The client of one service; may be shared by threads."""

    def __init__(self, service: Service, *, wait: Callable[[float], None] = time.sleep) -> None:
        fault = check_service(service)
        if fault:
            raise ValueError(f"{service.name}: {fault}")
        self.service = service
        self._wait = wait
        self._path = urlsplit(service.url).path.rstrip("/")
        self._opener = straight_opener()
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0

    def post(self, path: str, body: Mapping[str, object], *, tries: int = 1) -> dict[str, Any]:
        """The answer's JSON object. ``tries`` above 1 only where the service takes a repeated ``ref`` for one call.

        Raises ``OutsideDown`` and ``OutsideRefused``.
        """
        if time.monotonic() < self._closed_until:
            raise self._down("closed after repeated failures")
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        for left in range(tries - 1, -1, -1):
            try:
                answer = self._call(path, raw)
            except OutsideDown as error:
                self._note(failed=True)
                log.warning("%s%s: %s", self.service.name, path, error.detail)
                if not left:
                    raise
                self._wait(BETWEEN_TRIES)
            except OutsideRefused:
                self._note(failed=False)
                raise
            else:
                self._note(failed=False)
                return answer
        raise self._down("not tried")

    def _call(self, path: str, raw: bytes) -> dict[str, Any]:
        moment, nonce = str(int(time.time())), secrets.token_hex(16)
        head = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "X-App-Id": self.service.app_id,
            "X-Timestamp": moment,
            "X-Nonce": nonce,
            "X-Signature-Method": self.service.digest,
            "X-Signature": self._sign("POST", self._path + path, moment, nonce, self._digest(raw)),
        }
        request = urllib.request.Request(self.service.url.rstrip("/") + path, data=raw, headers=head, method="POST")
        try:
            with self._opener.open(request, timeout=self.service.seconds) as response:
                status, content, signature = response.status, response.read(LARGEST_ANSWER + 1), response.headers
        except urllib.error.HTTPError as error:
            with error:
                status, content, signature = error.code, error.read(LARGEST_ANSWER + 1), error.headers
        except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException) as error:
            raise self._down(f"does not answer ({type(error).__name__})") from error
        return self._read(status, content, str(signature.get("X-Signature", "")), nonce)

    def _read(self, status: int, content: bytes, signature: str, nonce: str) -> dict[str, Any]:
        if len(content) > LARGEST_ANSWER:
            raise self._down("answered too much")
        if status >= 500:
            raise self._down(f"answered {status}")
        if not hmac.compare_digest(self._sign("ANSWER", nonce, str(status), self._digest(content)), signature):
            raise self._down(f"answered {status} without a good signature")
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise self._down("the answer is no JSON") from error
        if not isinstance(answer, dict):
            raise self._down("the answer is no JSON object")
        if status >= 400:
            code = answer.get("code")
            code = code if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) < 40 else str(status)
            raise OutsideRefused(self.service.name, f"{self.service.name}没有受理，请检查后再试，或换一种方式。", code)
        return answer

    def _sign(self, *parts: str) -> str:
        key = self.service.secret.encode()
        return hmac.new(key, "\n".join(parts).encode(), DIGESTS[self.service.digest]).hexdigest()

    def _digest(self, content: bytes) -> str:
        return hashlib.new(DIGESTS[self.service.digest], content).hexdigest()

    def _note(self, *, failed: bool) -> None:
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= FAILURES:
                self._closed_until, self._failures = time.monotonic() + PAUSE_SECONDS, 0

    def _down(self, detail: str) -> OutsideDown:
        return OutsideDown(
            self.service.name, f"{self.service.name}现在没有回应，请过几分钟再试，或换一种方式。", detail
        )


def find_caller(key: str) -> Caller | None:
    """The client of a service of ``settings.OUTSIDE_SERVICES`` (sms, carrier, police, social_card); None where it is
    not set up."""
    service: Service = settings.OUTSIDE_SERVICES[key]
    return _caller(service) if service else None


@lru_cache(maxsize=16)
def _caller(service: Service) -> Caller:
    return Caller(service)
