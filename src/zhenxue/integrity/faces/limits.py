"""What a picture may be before anybody decodes it; looked at by the web too, so: standard library only."""

import struct
from dataclasses import dataclass

LARGEST_BYTES = 512 * 1024  # a camera frame of 640×480 is 20–60 kB
SMALLEST_BYTES = 2 * 1024
LARGEST_SIDE = 2048
LARGEST_PIXELS = 2_000_000
SMALLEST_SIDE = 240
#: A photograph of a card or a portrait (``identity``) may be larger than a camera frame.
LARGEST_PHOTO_BYTES = 4 * 1024 * 1024
LARGEST_PHOTO_SIDE = 8192
LARGEST_PHOTO_PIXELS = 26_000_000

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
#: Start-of-frame markers that hold the size (ITU-T T.81, table B.1), less the arithmetic and lossless ones.
_FRAMES = {0xC0, 0xC1, 0xC2}
_ALONE = {0x01, *range(0xD0, 0xD9)}


class BadPicture(ValueError):
    """Not a picture that is looked at; ``args[0]`` says why in a word: ``type``, ``size``, ``pixels``, ``broken``."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a header says: ``jpeg`` or ``png``, pixels wide and high."""

    kind: str
    width: int
    height: int


def look(content: bytes, *, photo: bool = False) -> Shape:
    """Kind and size by the header alone, nothing is decoded. Raises ``BadPicture``."""
    most = LARGEST_PHOTO_BYTES if photo else LARGEST_BYTES
    if not SMALLEST_BYTES <= len(content) <= most:
        raise BadPicture("size")
    if content.startswith(PNG):
        shape = _png(content)
    elif content.startswith(JPEG):
        shape = _jpeg(content)
    else:
        raise BadPicture("type")
    side, pixels = (LARGEST_PHOTO_SIDE, LARGEST_PHOTO_PIXELS) if photo else (LARGEST_SIDE, LARGEST_PIXELS)
    small, large = sorted((shape.width, shape.height))
    if large > side or shape.width * shape.height > pixels or small < SMALLEST_SIDE:
        raise BadPicture("pixels")
    return shape


def _png(content: bytes) -> Shape:
    if content[12:16] != b"IHDR" or b"IEND" not in content[-16:]:
        raise BadPicture("broken")
    width, height = struct.unpack(">II", content[16:24])
    return Shape("png", width, height)


def _jpeg(content: bytes) -> Shape:
    if content.rstrip(b"\0")[-2:] != b"\xff\xd9":
        raise BadPicture("broken")
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            raise BadPicture("broken")
        marker = content[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return Shape("jpeg", width, height)
        if marker == 0xDA or length < 2:
            break
        at += 2 + length
    raise BadPicture("broken")
