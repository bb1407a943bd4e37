"""Whether a burst shows a living head that did what it was asked, as far as five points and pixels can tell.

Honestly basic: it stops a picture held before the camera, a frozen camera, a short loop and a replayed burst with
another order of turns. It does not stop a video that is made to measure and fed in as a camera (docs/explanation/
faces.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zhenxue.integrity.data import FaceReason, Turn
from zhenxue.integrity.faces.engine import Face
from zhenxue.integrity.faces.images import SAME_PICTURE, difference

#: How far the nose must move off its place in the frontal frame, in eye distances.
TURN_CHANGE = 0.16
#: Two frames whose five points all lie within this (of the eye distance) show a head that did not move at all.
SAME_POINTS = 0.012


@dataclass(frozen=True, slots=True)
class Frame:
    """What liveness knows of one frame: the face (or none) and a small grey picture."""

    face: Face | None
    small: npt.NDArray[np.float32]


def frontal(frames: Sequence[Frame], most: float) -> list[int]:
    """Numbers of the frames with a face that looks ahead, by at most ``most``."""
    return [number for number, one in enumerate(frames) if one.face is not None and abs(one.face.turn) <= most]


def turns_seen(frames: Sequence[Frame], baseline: float) -> list[tuple[Turn, int]]:
    """The turns in their order, each with the number of the frame in which it goes farthest.

    Frames that look ahead, and those without a face, part nothing: left, ahead, left is one turn to the left.
    """
    found: list[tuple[Turn, int]] = []
    farthest = 0.0
    for number, one in enumerate(frames):
        if one.face is None:
            continue
        change = one.face.turn - baseline
        if abs(change) < TURN_CHANGE:
            continue
        turn = Turn.LEFT if change > 0 else Turn.RIGHT
        if not found or found[-1][0] is not turn:
            found.append((turn, number))
            farthest = abs(change)
        elif abs(change) > farthest:
            found[-1] = (turn, number)
            farthest = abs(change)
    return found


def judge_turns(asked: Sequence[Turn], seen: Sequence[tuple[Turn, int]]) -> FaceReason | None:
    """Exactly what was asked, in that order and nothing besides: a burst with every turn would fit every question."""
    if not asked or [turn for turn, _ in seen] == list(asked):
        return None
    return FaceReason.NO_TURN if len(seen) < len(asked) else FaceReason.WRONG_TURN


def judge_motion(frames: Sequence[Frame]) -> FaceReason | None:
    """``FROZEN`` when two frames in a row are one picture, ``LOOPED`` when a picture comes back after another."""
    for first in range(len(frames)):
        for second in range(first + 1, len(frames)):
            if _same(frames[first], frames[second]):
                return FaceReason.FROZEN if second == first + 1 else FaceReason.LOOPED
    return None


def same_points(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], within: float = SAME_POINTS) -> bool:
    """Whether two sets of five points (any scale, same scale for both) lie on each other."""
    eyes = max(float(np.linalg.norm(one[1] - one[0])), 1e-6)
    return float(np.abs(one - other).max()) <= within * eyes


def _same(one: Frame, other: Frame) -> bool:
    if difference(one.small, other.small) > SAME_PICTURE:
        return False
    if one.face is None or other.face is None:
        return one.face is other.face
    return same_points(one.face.points, other.face.points)
