"""A PDF becomes one picture a page, with the page's text beside it; drawn by ``draw`` in a process of its own."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhenxue.catalogue.media import child
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.pack import settle

logger = logging.getLogger(__name__)

#: No page takes so long; the child says every page it has drawn.
SILENCE_SECONDS = 60
BROKEN = "这个 PDF 处理到中途失败，可能有损坏或过大的图片。请用阅读软件打开确认，重新导出后上传。"


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """One page: its picture ``0001.webp`` … has so many pixels; ``text`` is what is written on it, or empty."""

    number: int
    width: int
    height: int
    text: str


def draw_pages(source: Path, folder: Path, *, progress: Callable[[float], None]) -> list[DrawnPage]:
    """Fill the (empty, existing) folder with a picture of each page, in order; raises ``MediaError``."""
    drawn: list[DrawnPage] = []
    said: dict[str, Any] = {}

    def heard(line: str) -> None:
        words = json.loads(line)
        if "number" in words:
            drawn.append(DrawnPage(words["number"], words["width"], words["height"], words["text"]))
            progress(len(drawn) / said["pages"])
        else:
            said.update(words)

    command = [sys.executable, "-I", "-m", "zhenxue.catalogue.media.draw", str(source), str(folder)]
    try:
        ended = child.run(command, silence_seconds=SILENCE_SECONDS, heard=heard)
    except (ValueError, KeyError) as error:
        raise MediaError(BROKEN) from error
    if ended.hung:
        raise MediaError("这个 PDF 的某一页太复杂，处理没有进展，已停止。请把复杂的图转成图片，重新导出后上传。")
    if "failed" in said:
        raise MediaError(said["failed"])
    if ended.code != 0 or len(drawn) != said.get("pages"):
        logger.warning("drawing stopped with %s: %s", ended.code, " | ".join(line.strip() for line in ended.tail))
        raise MediaError(BROKEN)
    settle(folder)
    return drawn
