"""What a browser says of its camera: claims, kept short, never facts."""

from collections.abc import Iterable, Mapping
from typing import Any

from zhenxue.integrity.data import CAMERA_CHANGED

#: Words in the labels of programs that play files or screens as a camera.
VIRTUAL_WORDS = (
    "obs",
    "manycam",
    "virtual",
    "snap camera",
    "xsplit",
    "splitcam",
    "droidcam",
    "iriun",
    "vcam",
    "e2esoft",
    "fake",
    "虚拟",
)
MOST_TEXT = 80
TEXTS = ("label", "device", "facing")
NUMBERS = ("width", "height", "frame_rate", "cameras", "burst_ms")


def camera_claims(said: Mapping[str, Any]) -> dict[str, Any]:
    """The known claims in their known shapes; anything else is left out."""
    claims: dict[str, Any] = {}
    for name in TEXTS:
        if isinstance(said.get(name), str) and said[name]:
            claims[name] = said[name][:MOST_TEXT]
    for name in NUMBERS:
        value = said.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1_000_000:
            claims[name] = round(value)
    return claims


def looks_virtual(claims: Mapping[str, Any]) -> bool:
    """Whether the camera's own label has a word of a virtual camera; a label can be changed, so this only hints."""
    label = str(claims.get("label", "")).casefold()
    return any(word in label for word in VIRTUAL_WORDS)


def camera_words(claims: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> set[str]:
    """What the claims of a burst's camera say beside others that were used on the same device: words of rules."""
    hints = {"virtual_camera": looks_virtual(claims), CAMERA_CHANGED: is_another(claims, known)}
    return {word for word, is_so in hints.items() if is_so}


def is_another(claims: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a camera is none of those that were used before: neither its id (as a digest) nor its label is known.

    Browsers change ids, updates change labels; both at once is another camera. Without claims, or with none to compare
    with, nothing is said.
    """
    mine = _names(claims)
    before = [names for names in map(_names, known) if names]
    return bool(mine and before) and not any(mine & names for names in before)


def _names(claims: Mapping[str, Any]) -> set[str]:
    return {f"{name}:{claims[name]}" for name in ("device", "label") if claims.get(name)}
