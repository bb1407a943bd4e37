"""The web never loads the face engine: OpenCV, onnxruntime and numpy belong to their own processes."""

import subprocess
import sys

HEAVY = ("cv2", "numpy", "onnxruntime", "rapidocr", "zhenxue.integrity.faces.engine")
PROGRAM = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "zhenxue.config.settings"
import zhenxue.config.wsgi
from django.urls import get_resolver
get_resolver().reverse_dict
print(",".join(name for name in {heavy!r} if name in sys.modules))
"""


def test_neither_pages_nor_addresses_load_the_face_engine() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(heavy=HEAVY)], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip().splitlines()[-1:] in ([], [""]), found.stdout


def test_the_engines_process_does_load_it() -> None:
    program = "import zhenxue.integrity.faces.engine, sys; print('cv2' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    assert found.stdout.strip() == "True"
