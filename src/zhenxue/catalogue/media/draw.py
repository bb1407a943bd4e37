"""The child process that draws a PDF: ``python -m zhenxue.catalogue.media.draw <pdf> <folder>``.

An uploaded file is parsed by a C library here (PDFium), so this runs apart from the worker, with its memory and its
processor time bounded. One JSON object a line on standard output: ``{"pages": n}`` first, then one of each page written
as ``0001.webp`` …; or ``{"failed": …}`` with the sentence for the author. Knows nothing of Django.
"""

import io
import json
import re
import resource
import sys
from pathlib import Path

import pypdfium2
from PIL import Image

WIDTH = 1240  # pixels; A4 at 150 dpi, three for each of a phone's 360 points and more
MOST_HEIGHT = 6000
SMALLEST_SIDE = 160
#: Of a page in PDF units (1/72 inch); Acrobat's own limit is 14,400.
LONGEST_PAGE = 20_000
MOST_BYTES = 150_000
#: Share of the full size and WebP quality, tried in turn until the page is small enough (a noisy scan); the last is
#: taken whatever comes of it.
STEPS = ((1.0, 84), (1.0, 74), (1.0, 62), (0.85, 62), (0.7, 56), (0.7, 40))
MOST_PAGES = 1_000
MOST_TEXT = 8_000
MEMORY_BYTES = 2 * 1024**3
PROCESSOR_SECONDS = 1_800
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff\ufeff\u200b]")


class _DrawError(Exception):
    """The file cannot be drawn; ``str()`` is the sentence for its author."""


def main(source: Path, folder: Path) -> None:
    """Draw every page into the folder, saying each on standard output."""
    try:
        with pypdfium2.PdfDocument(source) as pdf:
            pages = len(pdf)
            if not 1 <= pages <= MOST_PAGES:
                raise _DrawError(f"这个 PDF 有 {pages} 页，应在 1 到 {MOST_PAGES} 页之间。")
            _say(pages=pages)
            if pdf.get_formtype():
                pdf.init_forms()
            for number in range(1, pages + 1):
                _draw(pdf, number, folder / f"{number:04}.webp")
    except _DrawError as error:
        _say(failed=str(error))
    except MemoryError:
        _say(failed="这个 PDF 里的图片太大，画不出来。请压缩图片后重新导出，再上传。")
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        _say(
            failed="这个 PDF 设了打开密码，学员看不了。请去掉密码后再上传。"
            if locked
            else "这个 PDF 已损坏，打不开。请用阅读软件打开确认，重新导出后上传。"
        )


def _draw(pdf: pypdfium2.PdfDocument, number: int, target: Path) -> None:
    try:
        page = pdf[number - 1]
    except pypdfium2.PdfiumError as error:
        raise _DrawError(f"第 {number} 页已损坏，打不开。请用阅读软件打开确认，重新导出后上传。") from error
    try:
        width, height = page.get_size()
        if not (0 < width <= LONGEST_PAGE and 0 < height <= LONGEST_PAGE):
            raise _DrawError(f"第 {number} 页的纸张大小不正常。请改成 A4 等常用纸张，重新导出后上传。")
        scale = min(WIDTH / width, MOST_HEIGHT / height)
        if min(width, height) * scale < SMALLEST_SIDE:
            raise _DrawError(f"第 {number} 页太长太窄，手机上看不清。请分成几页，重新导出后上传。")
        image = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
        image, data = _compress(image)
        target.write_bytes(data)
        words = _text(page)
        _say(number=number, width=image.width, height=image.height, size_bytes=len(data), text=words)
    finally:
        page.close()


def _compress(image: Image.Image) -> tuple[Image.Image, bytes]:
    """The page as WebP in the best quality that stays within ``MOST_BYTES``, and the picture at its size there."""
    for share, quality in STEPS:
        size = (round(image.width * share), round(image.height * share))
        smaller = image if share == 1.0 else image.resize(size, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        smaller.save(buffer, "WEBP", quality=quality, method=4)
        if buffer.tell() <= MOST_BYTES:
            break
    return smaller, buffer.getvalue()


def _text(page: pypdfium2.PdfPage) -> str:
    """What is written on the page, one line of the page a line; empty where nothing can be read (a scanned page)."""
    try:
        found = page.get_textpage().get_text_range()
    except pypdfium2.PdfiumError:
        return ""
    lines = (" ".join(_UNSEEN.sub(" ", line).split()) for line in found.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line)[:MOST_TEXT]


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(Path(sys.argv[1]), Path(sys.argv[2]))
