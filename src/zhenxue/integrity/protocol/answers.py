"""What a device signs when it answers a check: which check, which try of it, and the digest of all that is sent."""

import hashlib
from collections.abc import Iterable


def answer_text(check_id: int, nonce: str, parts: Iterable[str | bytes]) -> bytes:
    """The text under the signature (ECDSA-SHA256 by the device key that the sign-in is bound to).

    ``parts`` are the things sent, in their order, what they are first: ``face``, the camera's claims, the frames;
    ``answer``, kind, variant, what was given; ``other``, kind, reason. Each is hashed by itself, so that none runs
    over into the next.
    """
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part if isinstance(part, bytes) else part.encode()).digest())
    return f"zhenxue presence answer v1\n{check_id}\n{nonce}\n{whole.hexdigest()}".encode()
