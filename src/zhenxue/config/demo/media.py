"""Makes the demo's lesson videos and its handbook: drawn by ffmpeg and typst at set-up, so nothing binary is committed.

The picture changes every second (a running clock and a moving dot), chapter titles are Chinese, and each chapter has
its own tone, so that two seconds of a video never look or sound the same.
"""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import noto_cjk_sans_otc
import typst

CONTENT = Path(__file__).parent / "content"
FONT = Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc"
INK = "22302C"
LINE_HEIGHT = 84


def make_lesson(name: str, target: Path, *, seconds_each: int | None = None) -> Path:
    """Draw ``content/<name>.toml`` as an MP4 (H.264, AAC, 1280×720, a keyframe every two seconds).

    ``seconds_each`` overrides how long each part lasts, for short videos in tests. Raises ``RuntimeError`` with
    ffmpeg's last words when it fails.
    """
    lesson = tomllib.loads((CONTENT / f"{name}.toml").read_text())
    each = seconds_each or int(lesson["seconds_each"])
    parts = lesson["parts"]
    total = each * len(parts)
    texts = target.parent / f"{target.stem}-text"
    texts.mkdir(parents=True, exist_ok=True)
    filters = [f"drawbox=x=0:y=0:w=iw:h=16:color=0x{lesson['accent']}:t=fill", *_words(lesson, parts, each, texts)]
    filters.append(_text(texts, "dot", "●", size=36, x=f"(w-tw)*t/{total}", y="660", colour=lesson["accent"]))
    tones = "+".join(
        f"0.16*sin(2*PI*t*{220 + 55 * index})*between(t,{index * each},{(index + 1) * each})"
        for index in range(len(parts))
    )
    picture = f"color=c=0x{lesson['colour']}:s=1280x720:r=15:d={total}"
    sound = f"aevalsrc='({tones})*(0.6+0.4*sin(2*PI*t*2))':s=44100:d={total}"
    video = "-c:v libx264 -preset veryfast -crf 27 -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0"
    rest = "-c:a aac -b:a 64k -shortest -movflags +faststart"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    _run([*inputs, "-vf", ",".join(filters), *video.split(), *rest.split(), str(target)])
    return target


def make_handbook(target: Path) -> Path:
    """Set ``content/guide.typ`` as a PDF with the Chinese font that the package carries."""
    typst.compile(str(CONTENT / "guide.typ"), output=str(target), font_paths=[str(FONT.parent)])
    return target


def _words(lesson: dict[str, Any], parts: list[dict[str, Any]], each: int, texts: Path) -> list[str]:
    drawn = [_text(texts, "title", lesson["title"], size=34, x="80", y="56", colour=lesson["accent"])]
    accent = lesson["accent"]
    for index, part in enumerate(parts):
        begin, end = index * each, (index + 1) * each - 0.05
        span = f"between(t,{begin},{end})"
        drawn.append(_text(texts, f"{index}-head", part["title"], size=60, x="80", y="150", colour=accent, when=span))
        for row, line in enumerate(part["lines"]):
            span, y = f"between(t,{begin + row * each / 6:.2f},{end})", str(280 + row * LINE_HEIGHT)
            drawn.append(_text(texts, f"{index}-{row}", line, size=44, x="80", y=y, colour=INK, when=span))
    font = f"fontfile={FONT}"
    drawn.append(f"drawtext={font}:text='%{{pts\\:hms}}':fontsize=40:fontcolor=0x{INK}:x=w-tw-80:y=600")
    return drawn


def _text(texts: Path, name: str, words: str, *, size: int, x: str, y: str, colour: str, when: str = "") -> str:
    file = texts / f"{name}.txt"
    file.write_text(words)
    shown = f":enable='{when}'" if when else ""
    return f"drawtext=fontfile={FONT}:textfile={file}:fontsize={size}:fontcolor=0x{colour}:x={x}:y={y}{shown}"


def _run(arguments: list[str]) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ffmpeg failed: {done.stderr.strip()[-500:]}")
