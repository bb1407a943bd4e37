"""Pictures: decoded with care, and told apart by a perceptual hash."""

import cv2
import numpy as np
import numpy.typing as npt

from zhenxue.integrity.faces import limits
from zhenxue.integrity.faces.limits import BadPicture

type Pixels = npt.NDArray[np.uint8]  # height × width × 3, blue green red; or height × width, grey

LARGEST_WORKED = 960  # a longer side is made smaller first
#: Between small grey pictures (``thumb``), in steps of 0…255: what a copy, saved again as JPEG, differs by at most.
SAME_PICTURE = 0.9
#: Bits of 64 that the hash of a copy may differ by.
NEAR_BITS = 4
_THUMB = (64, 48)


def decode(content: bytes, *, photo: bool = False) -> Pixels:
    """The pixels, upright as the camera wrote them, without any of the file's other words (EXIF is not read).

    The header is held against the limits before a pixel is decoded, and the decoded size against the header. Raises
    ``BadPicture``.
    """
    shape = limits.look(content, photo=photo)
    try:
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise BadPicture("broken") from error
    if found is None or found.shape != (shape.height, shape.width, 3):
        raise BadPicture("broken")
    return shrink(np.asarray(found, np.uint8), LARGEST_WORKED)


def shrink(picture: Pixels, side: int) -> Pixels:
    """No side longer than ``side`` pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def thumb(picture: Pixels) -> npt.NDArray[np.float32]:
    """A small grey picture of 64×48, for telling whether two frames are one."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, _THUMB, interpolation=cv2.INTER_AREA), np.float32)


def difference(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Mean absolute difference of two small grey pictures, brightness evened out."""
    return float(np.mean(np.abs((one - one.mean()) - (other - other.mean()))))


def picture_hash(small: npt.NDArray[np.float32]) -> str:
    """64-bit perceptual hash in hex, of a small grey picture: signs of the lowest 8×8 waves of its cosine transform
    against their median. Survives being saved again, made smaller, and changes of brightness."""
    square = cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)
    waves = np.asarray(cv2.dct(square), np.float32)[:8, :8].ravel()
    bits = waves > np.median(waves[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def bits_apart(one: str, other: str) -> int:
    """In how many of 64 bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
