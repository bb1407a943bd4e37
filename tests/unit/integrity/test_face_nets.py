"""The nets by themselves: found as OpenCV's own class finds, compared in whole numbers as the full net compares."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import faces
from zhenxue.integrity.data import FaceReason, Turn
from zhenxue.integrity.faces import engine, graphs, judging, naming


def test_faces_are_found_where_opencvs_own_class_finds_them() -> None:
    for person, side in (("a", 192), ("f", 320), (faces.GROUP, 640)):
        picture = faces.source(person) if person == faces.GROUP else faces.still(person)
        small = engine._smaller(picture, side)
        size = (small.shape[1], small.shape[0])
        own = cv2.FaceDetectorYN.create(str(engine.weights()[naming.DETECTOR]), "", size, 0.6, 0.3, 50)
        rows = np.asarray(own.detect(small)[1], np.float32)
        found = faces.engine()._detector.detect(small, 0.6)
        assert found.shape == rows.shape
        assert np.abs(found[np.argsort(found[:, 0])] - rows[np.argsort(rows[:, 0])]).max() < 1e-3
    nothing = np.zeros((150, 190, 3), np.uint8)
    assert faces.engine()._detector.detect(nothing, 0.6).shape == (0, 15)


def test_a_glance_is_near_to_the_full_vector_for_everybody_and_tells_people_apart() -> None:
    eye, pairs = faces.engine(), []
    for person in "abcdef":
        for number in range(len(faces.labels_of(person))):
            still = faces.still(person, number)
            face = min(eye.find(still), key=lambda one: abs(one.left + one.width / 2 - faces.WIDTH / 2))
            pairs.append((person, eye.embed(still, face), eye.glance(still, face)))
    assert min(engine.cosine(full, glance) for _, full, glance in pairs) > 0.95
    off = [
        engine.cosine(full, glance) - engine.cosine(full, exact) for _, full, _ in pairs for _, exact, glance in pairs
    ]
    assert max(abs(one) for one in off) < judging.CLOSE
    assert max(engine.cosine(a, b) for one, a, _ in pairs for other, _, b in pairs if one != other) < judging.SAME_FACE


class Off(engine.Engine):
    """An engine whose glance says always the same of the likeness to the frontal face; counts who looked."""

    def __init__(self, front: engine.Vector, says: float) -> None:
        super().__init__()
        other = engine.unit(np.roll(front, 1) - front * engine.cosine(np.roll(front, 1), front))
        self.said = engine.unit(front * says + other * np.sqrt(1 - says * says))
        self.full = 0

    def embed(self, picture: engine.Pixels, face: engine.Face) -> engine.Vector:
        self.full += 1
        return super().embed(picture, face)

    def glance(self, picture: engine.Pixels, face: engine.Face) -> engine.Vector:
        return self.said


@pytest.mark.parametrize(("says", "looks", "passed"), [(0.80, 1, True), (0.44, 3, True), (0.20, 1, False)])
def test_a_close_glance_does_not_decide(says: float, looks: int, passed: bool) -> None:
    frames, turns = faces.faces_of("a", ("left", "right"), seed=3)[1:], [Turn.LEFT, Turn.RIGHT]
    burst = judging.look(faces.engine(), frames)
    front = burst.pictures[0]
    assert front.face is not None
    vector = faces.engine().embed(front.pixels, front.face)
    eye = Off(vector, says)
    verdict = judging.judge_check(eye, frames, reference=vector, threshold=0.4, turns=turns, burst=burst)
    assert (eye.full, verdict.passed) == (looks, passed)
    assert (FaceReason.CHANGED_FACE in verdict.reasons) is not passed


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    settings = {"axis": 1, "low": -2, "epsilon": 0.5, "pads": [1, -1, 300]}
    nodes = [graphs.Node("Conv", ("in", "w"), ("out",), settings)]
    constants = {"w": np.arange(-6, 6, dtype=np.int8).reshape(3, 4), "unused": np.zeros(2, np.float32)}
    content = graphs.write(graphs.Graph(nodes, constants, {"in": (graphs.BYTE, (1, None))}, ("out",)), opset=15)
    (tmp_path / "net").write_bytes(content)
    again = graphs.read(tmp_path / "net")
    assert (again.nodes, again.outputs, list(again.constants)) == (nodes, ("out",), ["w"])
    assert (again.constants["w"] == constants["w"]).all()


def test_every_decision_says_which_nets_which_libraries_and_which_way() -> None:
    for part in ("YuNet-", "SFace-", "OpenCV-", "onnxruntime-", f"way-{naming.WAY}"):
        assert part in naming.ENGINE
    assert len(naming.ENGINE) <= 80
