"""``python -m zhenxue.identity.cards.reader``: reads the two sides of a card and answers JSON; one call a process.

Standard input: for each side its length in four bytes (big endian), then the JPEG. Nothing is written to the disk. The
models (PP-OCRv6, inside the wheel of ``rapidocr``) take some hundred megabytes, which are free again when this ends.
"""

import base64
import io
import json
import logging
import resource
import struct
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from PIL import Image, ImageStat

from zhenxue.identity.cards.cutting import find_window
from zhenxue.identity.cards.parsing import Line, find_label, parse_back, parse_front, side_of

CPU_SECONDS = 120
LONGEST_SIDE = 1280
TURNS = (0, 90, 270, 180)
PORTRAIT_WIDTH = 480
#: A window of one colour is no portrait.
LEAST_SPREAD = 8.0

type Read = Callable[[Any], list[Line]]


def main() -> int:
    """Read, answer, end."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    logging.disable(logging.CRITICAL)
    sides = [_take(), _take()]
    read = make_reader()
    answer: dict[str, Any] = {"engine": f"rapidocr {version('rapidocr')} PP-OCRv6"}
    answer["front"] = look(read, sides[0], "front")
    answer["back"] = look(read, sides[1], "back")
    sys.stdout.write(json.dumps(answer, ensure_ascii=False))
    return 0


def look(read: Read, content: bytes, wanted: str) -> dict[str, Any]:
    """What one side says: its ``fields`` (none when it cannot be read), which ``side`` it seems to be, the
    ``portrait`` of a front in base64."""
    seen = ""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as opened:
        upright = opened.convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    for turn in TURNS:
        picture = upright.rotate(turn, expand=True) if turn else upright
        lines = read(picture)
        seen = side_of(lines) or seen
        fields = parse_front(lines) if wanted == "front" else parse_back(lines)
        if fields is not None:
            portrait = cut(picture, lines) if wanted == "front" else ""
            names = fields.__slots__
            return {"side": wanted, "fields": {name: getattr(fields, name) for name in names}, "portrait": portrait}
        if is_upright(lines, wanted) or (seen and seen != wanted):
            break  # another turn shows no more
    return {"side": seen, "fields": None, "portrait": ""}


def is_upright(lines: list[Line], side: str) -> bool:
    """Whether two labels of the side stand in their order."""
    upper, lower = ("姓名", "公民身份号码") if side == "front" else ("签发机关", "有效期限")
    above, below = find_label(lines, upper), find_label(lines, lower)
    return above is not None and below is not None and above.middle < below.middle


def cut(picture: Image.Image, lines: list[Line]) -> str:
    """The portrait as JPEG in base64, empty where there is none."""
    window = find_window(lines)
    if window is None:
        return ""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = window
    width, height = abs(x4 - x1) + abs(y4 - y1), abs(y2 - y1) + abs(x2 - x1)
    size = (PORTRAIT_WIDTH, max(1, round(PORTRAIT_WIDTH * height / max(width, 1))))
    corners = (x1, y1, x2, y2, x3, y3, x4, y4)
    portrait = picture.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    if ImageStat.Stat(portrait.convert("L")).stddev[0] < LEAST_SPREAD:
        return ""
    written = io.BytesIO()
    portrait.save(written, "JPEG", quality=92)
    return base64.b64encode(written.getvalue()).decode()


def make_reader() -> Read:
    """The engine, loaded now: a function from a picture to its lines."""
    import numpy as np
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def read(picture: Image.Image) -> list[Line]:
        found: Any = engine(np.asarray(picture)[:, :, ::-1])
        if found.txts is None:
            return []
        return [
            Line(text, tuple((float(x), float(y)) for x, y in box))
            for text, box in zip(found.txts, found.boxes, strict=True)
        ]

    return read


def _take() -> bytes:
    (length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(length)


if __name__ == "__main__":
    sys.exit(main())
