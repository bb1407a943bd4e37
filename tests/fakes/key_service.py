"""SANDBOX, not for use: a key service (HSM, KMS) as ``kernel.keys.services`` speaks to one, over HTTP and as a program.

The contract is in docs/how-to/keys.md. ``python -m tests.fakes.key_service SEED verb`` is the program; wrapping is
AES-GCM under the seed.
"""

import base64
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "sandbox-token"


@dataclass
class Sandbox:
    """One key. ``broken`` replaces the answer to a verb; ``asked`` remembers what was asked."""

    seed: bytes
    broken: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, verb: str, content: bytes) -> bytes:
        self.asked.append(verb)
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        if verb == "public":
            return key.public_key().public_bytes_raw()
        if verb == "sign":
            return key.sign(content)
        if verb == "wrap":
            nonce = os.urandom(12)
            return nonce + AESGCM(self.seed).encrypt(nonce, content, b"sandbox")
        return AESGCM(self.seed).decrypt(content[:12], content[12:], b"sandbox")


FIELDS = {"sign": ("message", "signature"), "wrap": ("plain", "wrapped"), "unwrap": ("wrapped", "plain")}


@contextmanager
def serve(sandbox: Sandbox) -> Iterator[str]:
    """The address of a key service on this machine that answers for the sandbox."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say("public", {"algorithm": "Ed25519"}, "public", b"")

        def do_POST(self) -> None:
            verb = self.path.rsplit("/", 1)[-1]
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked, told = FIELDS[verb]
            self.say(verb, {}, told, base64.b64decode(content[asked]))

        def say(self, verb: str, extra: dict[str, str], told: str, content: bytes) -> None:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.send_error(401)
                return
            raw = sandbox.broken.get(verb)
            if raw is None:
                packed = base64.b64encode(sandbox.answer(verb, content)).decode()
                raw = json.dumps({**extra, told: packed}).encode()
            elif raw == b"redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/keys/log"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_program(folder: Path, seed: bytes, before: str = "") -> str:
    """A reference ``command:…`` to a program that is this sandbox; ``before`` is shell run first."""
    program = folder / "sandbox-hsm"
    house = Path(__file__).parents[2]
    program.write_text(
        f"#!/bin/sh\n{before}\ncd {house} && exec {sys.executable} -m tests.fakes.key_service {seed.hex()} $1\n"
    )
    program.chmod(0o700)
    return f"command:{program}"


if __name__ == "__main__":
    told = Sandbox(bytes.fromhex(sys.argv[1])).answer(sys.argv[2], base64.b64decode(sys.stdin.buffer.read()))
    print(base64.b64encode(told).decode())
