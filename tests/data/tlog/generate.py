"""Writes the golden files beside it: ``python tests/data/tlog/generate.py``.

Written from RFC 6962 and the C2SP specifications alone (tlog-tiles, tlog-checkpoint, signed-note); it imports nothing
of the product, and its tree is the naive recursive one. A log of 600 entries, entry *i* being SHA-256 of the decimal
digits of *i*, signed by the Ed25519 seed of 32 bytes 0x33: checkpoints at some sizes, every tile and bundle at 600,
and roots of larger trees.
"""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
ORIGIN = "log.zhenxue.example/golden"
SEED = b"\x33" * 32
SIZE = 600
SIGNED = (0, 1, 2, 255, 256, 257, 600)
ROOTS = (0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 70_000)


def entry(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def leaf(number: int) -> bytes:
    return hashlib.sha256(b"\x00" + entry(number)).digest()


def root(first: int, end: int) -> bytes:
    """MTH(D[first:end]) of RFC 6962 section 2.1."""
    if end == first:
        return hashlib.sha256(b"").digest()
    if end - first == 1:
        return leaf(first)
    split = 1
    while split * 2 < end - first:
        split *= 2
    return hashlib.sha256(b"\x01" + root(first, first + split) + root(first + split, end)).digest()


def checkpoint(size: int) -> bytes:
    """A signed note: three lines, an empty one, the signature line."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    public = key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(root(0, size)).decode()}\n"
    signature = base64.b64encode(key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {ORIGIN} {signature}\n".encode()


def tiles() -> dict[str, bytes]:
    """Path → bytes of every tile and bundle of the tree."""
    found = {}
    level, width = 0, 1
    while SIZE // width:
        count = SIZE // width
        for index in range(-(-count // 256)):
            held = min(256, count - index * 256)
            name = f"tile/{level}/{index:03}" + ("" if held == 256 else f".p/{held}")
            nodes = range(index * 256, index * 256 + held)
            found[name] = b"".join(root(node * width, (node + 1) * width) for node in nodes)
            if level == 0:
                found[name.replace("tile/0", "tile/entries")] = b"".join(b"\x00\x20" + entry(node) for node in nodes)
        level, width = level + 1, width * 256
    return found


def main() -> None:
    for name, content in tiles().items():
        file = HERE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for size in SIGNED:
        (HERE / f"checkpoint.{size}").write_bytes(checkpoint(size))
    (HERE / "roots").write_text("".join(f"{size} {root(0, size).hex()}\n" for size in ROOTS))


if __name__ == "__main__":
    main()
