"""Fingerprints: what two people read aloud to be sure that they mean the same key; they tell nothing of the key."""

import hashlib

GROUPS = 6
GROUP = 4


def fingerprint(kind: str, secret: str) -> str:
    """Of a secret of one kind (``field``, ``index`` …): 24 hex digits in groups of four.

    The secret must itself be random (32 bytes); of a short password this would be a hint.
    """
    return name_of_bytes(f"zhenxue key fingerprint v1\0{kind}\0{secret}".encode())


def name_of_bytes(public: bytes) -> str:
    """Of anything public, such as a verifier key's text."""
    digest = hashlib.sha256(public).hexdigest()
    return " ".join(digest[place : place + GROUP] for place in range(0, GROUPS * GROUP, GROUP))
