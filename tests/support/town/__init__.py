"""What end-to-end sites are filled with: organisations and accounts, a short real video, a paper, or the whole demo.

A quarter of the town is a module; its functions ``lay_…`` run inside a ``zhenxue`` process on the site's own data (see
``lay``), through the operations of the apps; they give plain JSON.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from tests.support.site import Site

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "Denglu-2026-ceshi"
OCCUPATION = "4-10-01-05"
RIGHT_ANSWERS = ("B", "ACD", "对")
QUESTIONS = """题型,题干,选项A,选项B,选项C,选项D,答案,解析,分值
单选题,给卧床老人喂饭时用哪种体位？,平卧，头后仰,半卧位，头稍前倾,俯卧位,头低脚高位,B,半卧或坐位可以减少呛咳。,2
多选题,下列哪些时候要洗手？,接触老人之前,走过走廊时,接触分泌物之后,离开老人周围环境之后,ACD,五个洗手时刻。,2
判断题,老人呛咳时应当马上停止喂食。,,,,,对,先停下，再观察。,2
"""


def lay(site: Site, what: str, **values: Any) -> Any:
    """Run a function of a quarter (``city.lay_demo``) inside the site's data; gives what it returned."""
    quarter, _, name = what.partition(".")
    code = (
        f"import json, sys; sys.path.insert(0, {str(ROOT)!r}); from tests.support.town.{quarter} import {name}; "
        f"print('LAID ' + json.dumps({name}(**json.loads({json.dumps(values)!r}))))"
    )
    printed = site.python(code)
    line = next(line for line in reversed(printed.splitlines()) if line.startswith("LAID "))
    return json.loads(line.removeprefix("LAID "))


def make_video(target: Path, *, seconds: int) -> Path:
    """A small MP4 whose picture changes with every frame, with a tone; a few hundred kilobytes."""
    picture = f"-f lavfi -i testsrc2=s=640x360:r=15:d={seconds} -f lavfi -i sine=frequency=440:duration={seconds}"
    shape = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -c:a aac -b:a 64k -shortest -movflags +faststart"
    words = f"-hide_banner -loglevel error -y {picture} {shape}".split()
    made = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *words, str(target)], capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(made.stderr)
    return target
