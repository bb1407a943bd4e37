"""Clients of key services (HSM, KMS): a program that is run, or an HTTPS endpoint. The contract: docs/how-to/keys.md.

Both do four things: name the public key, sign, wrap and unwrap. Whatever is not exactly the right answer is refused.
"""

import base64
import binascii
import json
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from zhenxue.kernel.keys.errors import KeyRefused
from zhenxue.kernel.keys.files import check_private_program
from zhenxue.kernel.straight import straight_opener

SECONDS = 20.0
LARGEST_ANSWER = 64 * 1024
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class KeyService(Protocol):
    """One key behind a door. All raise ``KeyRefused``."""

    @property
    def name(self) -> str:
        """For messages; holds no secret."""
        ...

    def public(self) -> bytes:
        """The 32 bytes of the Ed25519 public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes, Ed25519 over the message itself."""
        ...

    def wrap(self, plain: bytes) -> bytes:
        """Encrypted so that only this service opens it."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """What was wrapped."""
        ...


class CommandService:
    """``program words… public|sign|wrap|unwrap``: base64 on standard input and output, 0 for success."""

    def __init__(self, command: str, *, seconds: float = SECONDS) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise KeyRefused(f"the command of the key service cannot be read: {error}") from error
        if not self._words or not self._words[0].startswith("/"):
            raise KeyRefused("command: needs the whole path of a program, beginning with /")
        self.name = self._words[0]
        self._seconds = seconds

    def public(self) -> bytes:
        return _of_length(self.name, self._ask("public", b""), PUBLIC_BYTES)

    def sign(self, message: bytes) -> bytes:
        return _of_length(self.name, self._ask("sign", message), SIGNATURE_BYTES)

    def wrap(self, plain: bytes) -> bytes:
        return _of_length(self.name, self._ask("wrap", plain), None)

    def unwrap(self, wrapped: bytes) -> bytes:
        return _of_length(self.name, self._ask("unwrap", wrapped), None)

    def _ask(self, verb: str, content: bytes) -> bytes:
        check_private_program(Path(self.name))
        try:
            done = subprocess.run(
                [*self._words, verb], input=base64.b64encode(content), capture_output=True, timeout=self._seconds
            )
        except subprocess.TimeoutExpired as error:
            raise KeyRefused(f"{self.name} {verb}: no answer within {self._seconds:g} s") from error
        except OSError as error:
            raise KeyRefused(f"{self.name} {verb}: cannot be run ({error.strerror})") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            told = f" ({said[-1][:200]})" if said else ""
            raise KeyRefused(f"{self.name} {verb}: ended with {done.returncode}{told}")
        return _decode(self.name, done.stdout)


class HttpService:
    """``GET base``, ``POST base/sign``, ``…/wrap``, ``…/unwrap`` with JSON; TLS except on this machine itself.

    Redirects and proxies are not followed: a key service answers itself or not at all. ``token`` is sent as a bearer
    token.
    """

    def __init__(self, base: str, *, token: str = "", seconds: float = SECONDS) -> None:
        parts = urlsplit(base)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username or parts.query:
            raise KeyRefused("the address of the key service must look like https://host/path")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise KeyRefused(f"the key service {parts.hostname} must be reached by https")
        self.name = base.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._opener = straight_opener()

    def public(self) -> bytes:
        answer = self._ask("", None)
        if answer.get("algorithm") != "Ed25519":
            raise KeyRefused(f"{self.name}: this is no Ed25519 key")
        return _of_length(self.name, self._bytes(answer, "public"), PUBLIC_BYTES)

    def sign(self, message: bytes) -> bytes:
        answer = self._ask("/sign", {"message": base64.b64encode(message).decode()})
        return _of_length(self.name, self._bytes(answer, "signature"), SIGNATURE_BYTES)

    def wrap(self, plain: bytes) -> bytes:
        answer = self._ask("/wrap", {"plain": base64.b64encode(plain).decode()})
        return _of_length(self.name, self._bytes(answer, "wrapped"), None)

    def unwrap(self, wrapped: bytes) -> bytes:
        answer = self._ask("/unwrap", {"wrapped": base64.b64encode(wrapped).decode()})
        return _of_length(self.name, self._bytes(answer, "plain"), None)

    def _ask(self, path: str, content: Mapping[str, str] | None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.name + path,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Accept": "application/json", "Content-Type": "application/json"},
        )
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                raw = response.read(LARGEST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise KeyRefused(f"{self.name}{path}: answered {error.code}") from error
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise KeyRefused(f"{self.name}{path}: does not answer ({getattr(error, 'reason', error)})") from error
        if len(raw) > LARGEST_ANSWER:
            raise KeyRefused(f"{self.name}{path}: answered too much")
        try:
            answer = json.loads(raw)
        except ValueError as error:
            raise KeyRefused(f"{self.name}{path}: the answer is no JSON") from error
        if not isinstance(answer, dict):
            raise KeyRefused(f"{self.name}{path}: the answer is no JSON object")
        return answer

    def _bytes(self, answer: Mapping[str, Any], field: str) -> bytes:
        value = answer.get(field)
        if not isinstance(value, str):
            raise KeyRefused(f"{self.name}: the answer has no {field!r}")
        return _decode(self.name, value.encode())


def open_service(reference: str, *, token: str = "") -> KeyService:
    """The client for ``command:/path …`` or ``https://…``; raises ``KeyRefused`` for anything else."""
    if reference.startswith("command:"):
        return CommandService(reference.removeprefix("command:"))
    if reference.startswith(("https://", "http://")):
        return HttpService(reference, token=token)
    raise KeyRefused("a key service is given as command:/path/of/program or https://host/path")


def _of_length(name: str, answer: bytes, length: int | None) -> bytes:
    if not answer or (length is not None and len(answer) != length):
        raise KeyRefused(f"{name}: answered {len(answer)} bytes{f', not {length}' if length else ''}")
    return answer


def _decode(name: str, text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRefused(f"{name}: the answer is no base64") from error
