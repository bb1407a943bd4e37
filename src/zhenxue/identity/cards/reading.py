"""Has a card read by a process of its own."""

import base64
import json
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

SECONDS = 150.0


class ReaderFailed(Exception):
    """The reader did not end well; the message is for the log and holds nothing of the card."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: fields by name (empty where a side could not be read), why not, and the portrait's JPEG."""

    engine: str
    fields: Mapping[str, str]
    problem: str
    portrait: bytes


PROBLEMS = {
    ("front", ""): "没有在人像面照片上认出文字",
    ("front", "back"): "人像面的位置上传成了国徽面",
    ("front", "front"): "人像面的号码没有认清",
    ("back", ""): "没有在国徽面照片上认出文字",
    ("back", "front"): "国徽面的位置上传成了人像面",
    ("back", "back"): "国徽面的有效期没有认清",
}


def read_card(front: bytes, back: bytes) -> Reading:
    """Both sides (JPEG). Raises ``ReaderFailed``."""
    sent = b"".join(struct.pack(">I", len(side)) + side for side in (front, back))
    words = [sys.executable, "-m", "zhenxue.identity.cards.reader"]
    try:
        done = subprocess.run(words, input=sent, capture_output=True, timeout=SECONDS, check=True)
        answer = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1][:200]
        raise ReaderFailed(f"the reader ended with {error.returncode}: {last}") from error
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise ReaderFailed(f"the reader failed ({type(error).__name__})") from error
    fields: dict[str, str] = {}
    problems = []
    for side in ("front", "back"):
        found = answer[side]
        if found["fields"] is None:
            problems.append(PROBLEMS[side, found["side"]])
        else:
            fields |= found["fields"]
    return Reading(answer["engine"], fields, "；".join(problems), base64.b64decode(answer["front"]["portrait"] or ""))
