"""How passwords are hashed, made and judged."""

import secrets
import threading
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

#: Hashes that may run at once in one process: each takes 19 MiB, so a rush of sign-ins queues instead of eating memory.
HASHES_AT_ONCE = 4
LETTERS = "abcdefghjkmnpqrstuvwxyz"
DIGITS = "23456789"

_gate = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's smaller set (t=2, m=19 MiB, p=1); waits its turn."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> Any:
        with _gate:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _gate:
            return bool(super().verify(password, encoded))


def initial_password() -> str:
    """A random first password that is easy to read out: three groups of four, no look-alikes, about 56 bits."""
    groups = [
        "".join(secrets.choice(LETTERS if index < 2 else DIGITS + LETTERS) for index in range(4)) for _ in range(3)
    ]
    return "-".join(groups)
