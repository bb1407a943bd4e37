"""Whether a frame is good enough to be judged, and if not, what the learner can do about it."""

from dataclasses import dataclass

import cv2
import numpy as np

from zhenxue.integrity.data import FaceReason
from zhenxue.integrity.faces.engine import Face, align
from zhenxue.integrity.faces.images import Pixels

DARKEST, BRIGHTEST = 50.0, 215.0  # mean grey of the aligned face, 0…255
FLATTEST = 14.0  # spread of its grey: back light and fog
BLURRED = 20.0  # variance of the Laplacian of the aligned face
SMALLEST_FACE, LARGEST_FACE = 0.13, 0.80  # of the shorter side of the picture, across the face
CENTRE = 0.34  # how far the face's middle may be from the picture's, of its width and of its height
TURNED = 0.24  # nose off the middle of the eyes, in eye distances (``Face.turn``)
TILTED = 0.60  # slope of the line of the eyes: 31 degrees
SECOND_SCORE = 0.80
SECOND_SIZE = 0.40  # of the main face's width; smaller ones are pictures on a wall or people passing far behind


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of a frame and the reasons against it, the most useful first. ``face`` is None where there is none."""

    face: Face | None
    reasons: tuple[FaceReason, ...]
    light: float = 0.0
    sharpness: float = 0.0
    second: bool = False


def look(picture: Pixels, faces: list[Face]) -> Quality:
    """Judge a frame. A turned head is a reason here; whoever asked for a turn leaves that one out."""
    if not faces:
        return Quality(None, (_no_face(picture),))
    face = faces[0]
    second = any(one.score >= SECOND_SCORE and one.width >= SECOND_SIZE * face.width for one in faces[1:])
    grey = cv2.cvtColor(align(picture, face), cv2.COLOR_BGR2GRAY)[12:100, 16:96]
    light, spread = float(grey.mean()), float(grey.std())
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    height, width = picture.shape[:2]
    size = face.width / min(height, width)
    across = abs((face.left + face.width / 2) / width - 0.5)
    down = abs((face.top + face.height / 2) / height - 0.5)
    eyes = face.points[1] - face.points[0]
    checks = (
        (second, FaceReason.TWO_FACES),
        (light < DARKEST, FaceReason.TOO_DARK),
        (light > BRIGHTEST, FaceReason.TOO_BRIGHT),
        (spread < FLATTEST and light >= DARKEST, FaceReason.TOO_BRIGHT),
        (size < SMALLEST_FACE, FaceReason.TOO_FAR),
        (size > LARGEST_FACE, FaceReason.TOO_NEAR),
        (max(across, down) > CENTRE, FaceReason.OFF_CENTRE),
        (sharpness < BLURRED, FaceReason.BLURRED),
        (abs(float(eyes[1])) > TILTED * max(abs(float(eyes[0])), 1e-6), FaceReason.TILTED),
        (abs(face.turn) > TURNED, FaceReason.TURNED),
    )
    reasons = tuple(dict.fromkeys(reason for wrong, reason in checks if wrong))
    return Quality(face, reasons, light, sharpness, second)


def _no_face(picture: Pixels) -> FaceReason:
    """Nothing was found: say that it is dark when the whole picture is."""
    light = float(np.mean(picture))
    if light < DARKEST * 0.6:
        return FaceReason.TOO_DARK
    return FaceReason.TOO_BRIGHT if light > 240 else FaceReason.NO_FACE
