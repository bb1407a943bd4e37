"""How many checks of faces one core does, what a process weighs, and how long the search over everybody takes.

``python bench/faces.py [--quick]``

A full check is what the engine does for one presence check: three frames of 640×480 as JPEG are decoded, faces found
and looked at from near, light and place judged, the burst held against freezing and loops, two turns of the head read
in their order, the frontal face embedded and compared with the template, and each turned one with it in whole numbers
(``glance``; docs/decisions/0012-face-nets.md). Its baseline, in the same run, is the bare embedding of an
aligned face by OpenCV: the part that no code of ours can make faster. The search compares one template with 100,000
others; its baseline is the bare product of a matrix that size with a vector. Times are processor time of one thread
(``time.process_time``), memory the peak of the process (``ru_maxrss``). The pictures are fetched from packages of the
registry into a cache outside the repository (``tests/support/faces.py``).
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.ground import report

ENGINE = """
import json, resource, statistics, sys, time
began = time.process_time()
from zhenxue.integrity.data import Turn
from zhenxue.integrity.faces import engine, images, judging
eye = engine.Engine()
started = time.process_time() - began
folder, rounds = sys.argv[1], int(sys.argv[2])
frames = [open(f"{folder}/f{number}.jpg", "rb").read() for number in range(3)]
turns = [Turn.LEFT, Turn.RIGHT]
pixels = images.decode(frames[0])
face = eye.find(pixels)[0]
reference = eye.embed(pixels, face)

def timed(act):
    act(); act()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        times.append((time.process_time() - began) * 1000)
    return round(statistics.median(times), 2)

def check():
    verdict = judging.judge_check(eye, frames, reference=reference, threshold=0.4, turns=turns)
    if not verdict.passed:
        raise SystemExit(f"the burst does not pass: {verdict.plain()}")

print(json.dumps({
    "start": round(started * 1000),
    "check": timed(check),
    "decode": timed(lambda: images.decode(frames[0])),
    "find": timed(lambda: eye.find(pixels)),
    "embed": timed(lambda: eye.embed(pixels, face)),
    "glance": timed(lambda: eye.glance(pixels, face)),
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
"""
SEARCH = """
import json, resource, statistics, sys, time
import numpy as np
from zhenxue.integrity.faces.engine import VECTOR_LENGTH
from zhenxue.integrity.faces.search import Gallery
count, rounds = int(sys.argv[1]), int(sys.argv[2])
chance = np.random.default_rng(1)
gallery = Gallery(count)
for start in range(0, count, 10_000):
    rows = chance.normal(size=(10_000, VECTOR_LENGTH)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for number, row in enumerate(rows):
        gallery.add(start + number, row)
wanted = rows[5_000]
bare = np.ascontiguousarray(gallery._rows[:count])

def timed(act):
    act(); act()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        times.append((time.process_time() - began) * 1000)
    return round(statistics.median(times), 2)

found = gallery.nearest(wanted, threshold=0.55)
if found[0][0] != count - 5_000:
    raise SystemExit(f"not found: {found}")
began = time.process_time()
pairs = sum(1 for _ in gallery.pairs(threshold=0.55))
print(json.dumps({
    "nearest": timed(lambda: gallery.nearest(wanted, threshold=0.55)),
    "bare": timed(lambda: bare @ wanted),
    "pairs": round(time.process_time() - began, 1),
    "found": pairs,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
"""


def main() -> None:
    """Measure, print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 10,000 templates")
    quick = parser.parse_args().quick
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        run_in(folder, rounds=10 if quick else 40, templates=10_000 if quick else 100_000)


def run_in(folder: str, *, rounds: int, templates: int) -> None:
    """The frames are made by a process of their own, so that its memory is not counted."""
    make = (
        "import sys; from pathlib import Path; from tests.support import faces\n"
        "for number, frame in enumerate(faces.faces_of('a', ('left', 'right'), seed=3)[1:]):\n"
        "    Path(sys.argv[1], f'f{number}.jpg').write_bytes(frame)"
    )
    program(make, folder)
    found = json.loads(program(ENGINE, folder, str(rounds)))
    report("face_start", found["start"], "ms")
    for name in ("decode", "find", "embed", "glance"):
        report(f"face_{name}", found[name], "ms")
    report("face_check", found["check"], "ms")
    report("face_checks_per_core", round(1000 / found["check"], 1), "1/s")
    report("face_check_to_bare_embedding", round(found["check"] / found["embed"], 2), "×")
    report("face_process_memory", found["memory"], "MB")
    search = json.loads(program(SEARCH, str(templates), str(rounds)))
    report("face_templates", templates, "")
    report("face_search", search["nearest"], "ms")
    report("face_search_bare_product", search["bare"], "ms")
    report("face_all_pairs", search["pairs"], "s")
    report("face_search_memory", search["memory"], "MB")


def program(code: str, *words: str) -> str:
    """Run Python code in a process of its own, from the root of the repository; what it printed last."""
    import subprocess

    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=root, capture_output=True, text=True, env=os.environ | PATHS
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


PATHS = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}

if __name__ == "__main__":
    main()
