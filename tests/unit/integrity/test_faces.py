"""The engine by itself: pictures, points, turns, search. No database."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.support import faces
from zhenxue.integrity.data import FaceReason, Turn
from zhenxue.integrity.faces import engine, images, judging, limits, liveness, quality
from zhenxue.integrity.faces.search import Gallery


def picture(width: int = 320, height: int = 240, kind: str = "JPEG") -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind)
    return out.getvalue()


def test_sizes_are_read_from_headers_alone() -> None:
    assert limits.look(picture()) == limits.Shape("jpeg", 320, 240)
    assert limits.look(picture(kind="PNG")) == limits.Shape("png", 320, 240)
    progressive = io.BytesIO()
    Image.new("RGB", (400, 300), "grey").save(progressive, "JPEG", progressive=True, quality=95, exif=b"Exif\0\0" * 400)
    assert limits.look(progressive.getvalue()) == limits.Shape("jpeg", 400, 300)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 3_000_000)
    return limits.PNG + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bomb(50_000, 50_000), "pixels"),
        (bomb(2_000, 60_000), "pixels"),
        (b"\x00" * 9_000, "type"),
        (b"GIF89a" + b"\x00" * 9_000, "type"),
        (b"<svg>" + b" " * 9_000, "type"),
        (picture()[:-2], "broken"),
        (b"\xff\xd8\xff" + b"\xff" * 9_000 + b"\xff\xd9", "broken"),
        (b"\xff\xd8\xff\xe0\x00\x00" + b"\x00" * 9_000 + b"\xff\xd9", "broken"),
        (b"\xff\xd8\xff\xd9", "size"),
        (picture(1600, 1200, "PNG"), "size"),
        (picture(160, 120), "pixels"),
    ],
)
def test_what_is_no_frame_of_a_camera_is_not_decoded(content: bytes, why: str) -> None:
    with pytest.raises(limits.BadPicture, match=why):
        images.decode(content)


def test_a_header_that_lies_about_its_pixels_is_found() -> None:
    content = bytearray(picture(kind="PNG"))
    content[16:24] = struct.pack(">II", 300, 300)
    with pytest.raises(limits.BadPicture):
        images.decode(bytes(content))


def test_random_bytes_never_do_more_than_be_refused() -> None:
    chance = np.random.default_rng(7)
    good = picture()
    for _ in range(200):
        broken = bytearray(good)
        for at in chance.integers(0, len(broken), 20):
            broken[at] = int(chance.integers(0, 256))
        try:
            images.decode(bytes(broken))
        except limits.BadPicture:
            continue


def test_exif_does_not_turn_a_picture_and_does_not_come_through() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (320, 240), "grey").save(out, "JPEG", exif=exif, quality=100, comment=b"x" * 3_000)
    assert images.decode(out.getvalue()).shape == (240, 320, 3)


def test_a_copy_has_nearly_the_same_hash_and_another_picture_has_not() -> None:
    one, other = faces.still("a"), faces.still("c")
    digest = images.picture_hash(images.thumb(one))
    copy = images.picture_hash(images.thumb(images.decode(faces.jpeg(one, 50))))
    assert images.bits_apart(digest, copy) <= images.NEAR_BITS
    assert images.bits_apart(digest, images.picture_hash(images.thumb(other))) > 12


def test_the_weights_are_those_that_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(engine.weights()) == set(engine.DIGESTS)
    monkeypatch.setitem(engine.DIGESTS, engine.DETECTOR, "0" * 64)
    engine.weights.cache_clear()
    with pytest.raises(engine.WrongWeights):
        engine.weights()
    monkeypatch.undo()
    engine.weights.cache_clear()


def test_one_person_is_alike_on_different_days_and_two_people_are_not() -> None:
    found = {}
    for person, number in (("a", 0), ("a", 2), ("a", 3), ("a", 4), ("b", 0), ("c", 0), ("d", 0), ("e", 0)):
        still = faces.still(person, number)
        face = min(faces.engine().find(still), key=lambda one: abs(one.left + one.width / 2 - faces.WIDTH / 2))
        found[person, number] = faces.engine().embed(still, face)
    own = [engine.cosine(found["a", 0], found["a", number]) for number in (2, 3, 4)]
    others = [engine.cosine(one, other) for (p, _), one in found.items() for (q, _), other in found.items() if p < q]
    assert min(own) > 0.6
    assert max(others) < 0.4
    assert all(abs(float(np.linalg.norm(one)) - 1) < 1e-4 for one in found.values())


def test_a_turned_head_is_told_left_from_right() -> None:
    turns = [faces.engine().find(faces.turning("a", turn)[1])[0].turn for turn in ("left", "right")]
    assert turns[0] > liveness.TURN_CHANGE
    assert turns[1] < -liveness.TURN_CHANGE
    assert abs(faces.engine().find(faces.still("a"))[0].turn) < 0.08


@pytest.mark.parametrize(
    ("asked", "seen", "reason"),
    [
        ("LR", "LR", None),
        ("LR", "RL", FaceReason.WRONG_TURN),
        ("LR", "L", FaceReason.NO_TURN),
        ("L", "", FaceReason.NO_TURN),
        ("L", "R", FaceReason.WRONG_TURN),
        ("LR", "LRL", FaceReason.WRONG_TURN),
        ("LRL", "LRL", None),
        ("", "LR", None),
    ],
)
def test_exactly_the_turns_that_were_asked_count(asked: str, seen: str, reason: FaceReason | None) -> None:
    names = {"L": Turn.LEFT, "R": Turn.RIGHT}
    found = [(names[one], number) for number, one in enumerate(seen, 1)]
    assert liveness.judge_turns([names[one] for one in asked], found) == reason


def frame(turn: float) -> liveness.Frame:
    points = np.array([[100, 100], [140, 100], [120 + 40 * turn, 125], [105, 150], [135, 150]], np.float32)
    return liveness.Frame(engine.Face(80, 80, 80, 90, points, 0.9), np.zeros((48, 64), np.float32))


def test_turns_are_read_in_their_order_with_the_farthest_frame_of_each() -> None:
    frames = [frame(0.02), frame(0.2), frame(0.3), frame(0.05), frame(-0.25), liveness.Frame(None, np.zeros((48, 64)))]
    assert liveness.turns_seen(frames, 0.02) == [(Turn.LEFT, 2), (Turn.RIGHT, 4)]
    assert liveness.turns_seen([frame(0.02), frame(0.1)], 0.0) == []


def test_light_place_and_number_of_faces_are_judged() -> None:
    still, find = faces.still("a"), faces.engine().find
    cases = {
        FaceReason.TOO_DARK: faces.dark(still),
        FaceReason.BLURRED: faces.blurred(still),
        FaceReason.TWO_FACES: faces.beside("a", "b"),
        FaceReason.TOO_FAR: faces.still("a", width=48),
        FaceReason.OFF_CENTRE: faces.moved(still, 250),
        FaceReason.NO_FACE: np.full((480, 640, 3), 127, np.uint8),
    }
    assert quality.look(still, find(still)).reasons == ()
    for reason, shown in cases.items():
        assert reason in quality.look(shown, find(shown)).reasons, reason
    aside = frame(0.4).face
    assert aside is not None
    assert FaceReason.TURNED in quality.look(still, [aside]).reasons
    aside.points[1, 1] -= 40
    assert FaceReason.TILTED in quality.look(still, [aside]).reasons


def test_a_verdict_is_plain_and_holds_no_vector() -> None:
    frames = faces.faces_of("a", ("left",))
    verdict, vector = judging.judge_enrolment(faces.engine(), frames, turns=[Turn.LEFT], threshold=0.4)
    assert vector is not None
    checked = judging.judge_check(
        faces.engine(), faces.faces_of("a", ("left",), seed=3), reference=vector, threshold=0.4, turns=[Turn.LEFT]
    )
    plain = checked.plain()
    assert (plain["passed"], plain["asked"], plain["seen"]) == (True, ["left"], ["left"])
    assert "SFace" in plain["engine"]
    assert len(repr(plain)) < 2_000
    portrait = faces.jpeg(faces.still("b"), 90)
    other, _ = judging.judge_enrolment(faces.engine(), frames, turns=[Turn.LEFT], threshold=0.4, portrait=portrait)
    assert other.reasons == (FaceReason.UNLIKE_PORTRAIT,)
    same, _ = judging.judge_enrolment(
        faces.engine(), frames, turns=[Turn.LEFT], threshold=0.4, portrait=faces.jpeg(faces.still("a", 2), 90)
    )
    assert same.passed
    assert verdict.score is None


def test_a_gallery_finds_forgets_and_pairs() -> None:
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(3_000, engine.VECTOR_LENGTH)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    gallery = Gallery()
    for number, row in enumerate(rows):
        gallery.add(number + 10, row)
    twin = engine.unit(rows[7] + 0.03 * rows[8])
    gallery.add(9_999, twin)
    assert len(gallery) == 3_001
    assert [key for key, _ in gallery.nearest(rows[7], threshold=0.9)] == [17, 9_999]
    assert [(one, other) for one, other, _ in gallery.pairs(threshold=0.9)] == [(17, 9_999)]
    gallery.remove([17, 123_456])
    assert [key for key, _ in gallery.nearest(rows[7], threshold=0.9)] == [9_999]
    assert gallery.nearest(rows[2_999], threshold=0.9)[0][0] == 3_009
    assert not list(gallery.pairs(threshold=0.9))
