"""YuNet: where faces are in a picture. The net by onnxruntime; what its numbers mean is worked out here.

Each cell of three grids (8, 16, 32 pixels apart) tells how sure it is of a face (two numbers, whose geometric mean
counts), where its box is, and where its five points are, all from the cell's place (Wu et al. 2023, YuNet). Asked by
OpenCV's ``FaceDetectorYN`` the same net gives the same faces and takes more than twice the time
(docs/decisions/0012-face-nets.md).
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from zhenxue.integrity.faces import graphs

STRIDES = (8, 16, 32)
OVERLAP = 0.3  # boxes that share more of their union show one face
MOST_FACES = 50
OPSET = 11

type Rows = npt.NDArray[np.float32]  # left, top, width, height, five points, score


class Detector:
    """The net, for one thread; pictures of any size."""

    def __init__(self, path: Path) -> None:
        graph = graphs.read(path)
        graph.inputs = {"input": (graphs.FLOAT, (1, 3, None, None))}
        self._outputs = list(graph.outputs)
        self._net = graphs.session(graph, opset=OPSET)

    def detect(self, picture: npt.NDArray[np.uint8], least_score: float) -> Rows:
        """A row of 15 numbers for each face, in pixels of the picture (blue green red), the surest first."""
        height, width = picture.shape[:2]
        padded = cv2.copyMakeBorder(picture, 0, -height % STRIDES[-1], 0, -width % STRIDES[-1], cv2.BORDER_CONSTANT)
        values = self._net.run(self._outputs, {"input": cv2.dnn.blobFromImage(padded)})
        answers = {name: np.asarray(value, np.float32)[0] for name, value in zip(self._outputs, values, strict=True)}
        found = np.concatenate([_faces(answers, stride, padded.shape[1], least_score) for stride in STRIDES])
        return _apart(found)


def _faces(answers: dict[str, npt.NDArray[np.float32]], stride: int, width: int, least_score: float) -> Rows:
    """What one grid says, above the least score."""
    sure = np.clip(answers[f"cls_{stride}"][:, 0], 0, 1) * np.clip(answers[f"obj_{stride}"][:, 0], 0, 1)
    cells = np.flatnonzero(sure >= least_score * least_score)
    down, across = np.divmod(cells, width // stride)
    place = np.stack([across, down], axis=1).astype(np.float32)
    box = answers[f"bbox_{stride}"][cells]
    middle, size = (box[:, :2] + place) * stride, np.exp(box[:, 2:]) * stride
    points = (answers[f"kps_{stride}"][cells].reshape(-1, 5, 2) + place[:, None]) * stride
    rows = [middle - size / 2, size, points.reshape(-1, 10), np.sqrt(sure[cells])[:, None]]
    return np.concatenate(rows, axis=1).astype(np.float32)


def _apart(rows: Rows) -> Rows:
    """The surest of every heap of boxes that lie on each other."""
    left = rows[np.argsort(-rows[:, 14], kind="stable")]
    kept: list[Rows] = []
    while len(left) and len(kept) < MOST_FACES:
        best, left = left[0], left[1:]
        kept.append(best)
        near = np.maximum(left[:, :2], best[:2])
        far = np.minimum(left[:, :2] + left[:, 2:4], best[:2] + best[2:4])
        shared = np.prod(np.clip(far - near, 0, None), axis=1)
        left = left[shared <= OVERLAP * (np.prod(left[:, 2:4], axis=1) + np.prod(best[2:4]) - shared)]
    return np.stack(kept) if kept else np.empty((0, 15), np.float32)
