"""Pictures that people send in, made safe: decoded within bounds, upright, without anything a camera wrote beside."""

import io
import warnings

from PIL import Image, ImageOps

#: More pixels than any phone takes are not decoded (a small file may hold a huge picture).
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 1800
SHORTEST_SIDE = 400
QUALITY = 88


class PictureBroken(Exception):
    """The bytes are no picture that can be used; ``words`` say why, in Chinese."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def clean(content: bytes) -> bytes:
    """The picture as JPEG, upright, at most ``LONGEST_SIDE`` long, without metadata. Raises ``PictureBroken``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise PictureBroken("照片的像素太大，请用手机相机的普通模式重拍。")
                opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureBroken("照片打不开，可能没有传完整，请重新拍摄。") from error
    if min(picture.size) < SHORTEST_SIDE:
        raise PictureBroken("照片太小，看不清文字，请靠近一些重新拍摄。")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
