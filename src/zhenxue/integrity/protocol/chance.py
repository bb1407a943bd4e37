"""The chance of a presence check.

Every draw of a check (order of head turns, place on the page, which question, order of its options, the puzzle) follows
from one secret seed of the operating system's generator. The entry that the check was asked carries only the seed's
commitment; the seed itself goes into the entry that it is over. So nobody can know the draws beforehand, and afterwards
anybody can work out that the server did not choose them to suit.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

SEED_BYTES = 16
NONCE_BYTES = 16
COMMITTED = b"zhenxue presence seed v1|"
DRAWN = "zhenxue presence draw v1|"


def new_seed() -> str:
    """A fresh seed, in hex."""
    return secrets.token_hex(SEED_BYTES)


def new_nonce() -> str:
    """What one try of a check is bound to; 22 characters that nobody can guess."""
    return secrets.token_urlsafe(NONCE_BYTES)


def commitment(seed: str) -> str:
    """SHA-256 (hex) that binds the server to a seed without showing it."""
    return hashlib.sha256(COMMITTED + bytes.fromhex(seed)).hexdigest()


class Chance:
    """Draws from one seed; the same label always draws the same."""

    def __init__(self, seed: str) -> None:
        self._key = bytes.fromhex(seed)

    def below(self, bound: int, label: str) -> int:
        """A number from 0 to ``bound`` - 1, evenly (the bias of 64 bits is out of sight)."""
        found = hmac.digest(self._key, f"{DRAWN}{label}".encode(), "sha256")
        return int.from_bytes(found[:8], "big") % bound

    def pick[T](self, items: Sequence[T], label: str) -> T:
        """One of the items; there must be one."""
        return items[self.below(len(items), label)]

    def order[T](self, items: Sequence[T], label: str) -> list[T]:
        """The items in an order of chance (Fisher and Yates)."""
        found = list(items)
        for last in range(len(found) - 1, 0, -1):
            other = self.below(last + 1, f"{label}|{last}")
            found[last], found[other] = found[other], found[last]
        return found
