"""Real faces for tests, none of them committed: pictures out of packages of the registry, fetched once and cached.

The cache lies outside the repository (``ZHENXUE_TEST_FACES`` or ``~/.cache/zhenxue-faces``). People have letters; who
they are does not matter. What a camera would give is made from these pictures: the face in the middle of 640×480, dark,
blurred, with the head turned. Turned heads are real where there is a real one (``a``), else the picture is bent over an
ellipsoid as a turning head would bend it: the engine takes them for the same person turned, which is all that tests
need (and shows what such checks cannot stop).
"""

import fcntl
import hashlib
import os
import shutil
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.support.registry import download
from zhenxue.integrity.faces.engine import COARSE_SIDE, Engine, Face, Vector

type Pixels = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 640, 480
FACE_WIDTH = 170
#: Packages that carry pictures: the file, its SHA-256. A wheel is opened on any machine, not only on its own.
PACKAGES = {
    "face_recognition-1.3.0.tar.gz": "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    "scikit_image-0.26.0-cp313-cp313-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl": (
        "b36ab5e778bf50af5ff386c3ac508027dc3aaeccf2161bdf96bde6848f44d21b"
    ),
    "insightface-2.1-py3-none-any.whl": "dcd58ee79d99d689572477315f3149353afd65a36dc575f597cbb217a7bde399",
}
#: Which picture is which: first digits of its SHA-256, the label.
PICTURES = {
    "0930e3aa8cae5920": "a0",
    "a7efcc9073752747": "a1",
    "76ac6bf97c36dc2d": "a2",
    "c2d1f09e7ef30423": "a3",
    "9a812347f9763354": "a4",
    "3c17508bb91554c6": "b0",
    "88431cd9653ccd53": "c0",
    "47f682e945b659f9": "group",
}
#: Which faces of which picture, from the left; -1 is the only one.
GROUP = "group"
PEOPLE = "abcdefghi"


def folder() -> Path:
    """Where the pictures are cached."""
    own = os.environ.get("ZHENXUE_TEST_FACES")
    found = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "zhenxue-faces"
    found.mkdir(parents=True, exist_ok=True)
    return found


def fetch() -> Path:
    """The folder with every picture of ``PICTURES``, fetched where one is missing. Needs the registry only then."""
    target = folder()
    with (target / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((target / label).exists() for label in PICTURES.values()):
            archives = target / "archives"
            archives.mkdir(exist_ok=True)
            for name, sha256 in PACKAGES.items():
                for content in _pictures_in(download(name, sha256, archives)):
                    label = PICTURES.get(hashlib.sha256(content).hexdigest()[:16])
                    if label:
                        (target / label).write_bytes(content)
            shutil.rmtree(archives)
    missing = [label for label in PICTURES.values() if not (target / label).exists()]
    if missing:
        raise RuntimeError(f"the registry's packages do not hold {missing}")
    return target


def _pictures_in(archive: Path) -> Iterator[bytes]:
    suffixes = (".jpg", ".jpeg", ".png")
    if archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.name.lower().endswith(suffixes) else None
                if stream is not None:
                    yield stream.read()
        return
    with zipfile.ZipFile(archive) as wheel:
        for name in wheel.namelist():
            if name.lower().endswith(suffixes):
                yield wheel.read(name)


class Recalling(Engine):
    """Looks at each picture once: those of tests come again, and what it says of one is always the same."""

    def __init__(self) -> None:
        super().__init__()
        self._said: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def find(self, picture: Pixels, side: int = COARSE_SIDE) -> list[Face]:
        return list(self._recall(("find", side), picture, lambda: super(Recalling, self).find(picture, side)))

    def embed(self, picture: Pixels, face: Face) -> Vector:
        return self._about("embed", super().embed, picture, face)

    def glance(self, picture: Pixels, face: Face) -> Vector:
        return self._about("glance", super().glance, picture, face)

    def _about(self, what: str, look: Callable[[Pixels, Face], Vector], picture: Pixels, face: Face) -> Vector:
        found: Vector = self._recall((what, face.points.tobytes()), picture, lambda: look(picture, face))
        return found.copy()

    def _recall(self, question: tuple[object, ...], picture: Pixels, look: Callable[[], Any]) -> Any:
        key = (*question, picture.shape, hashlib.blake2b(np.ascontiguousarray(picture), digest_size=16).digest())
        if key not in self._said:
            self._said[key] = look()
            if len(self._said) > 2_000:
                self._said.popitem(last=False)
        return self._said[key]


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One engine for all tests of a process."""
    return Recalling()


@lru_cache(maxsize=32)
def source(label: str) -> Pixels:
    """A picture as it was fetched, at most 1600 pixels on a side."""
    found = cv2.imdecode(np.frombuffer((fetch() / label).read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    scale = min(1.0, 1600 / max(found.shape[:2]))
    return np.asarray(cv2.resize(found, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def labels_of(person: str) -> list[str]:
    """The pictures of a person; ``a`` has five of different days, the others one."""
    if person in "abc":
        return sorted(label for label in PICTURES.values() if label.startswith(person))
    return [GROUP]


@lru_cache(maxsize=64)
def still(person: str, number: int = 0, width: int = FACE_WIDTH) -> Pixels:
    """A person before the camera: 640×480, the face in the middle, so many pixels wide."""
    label = labels_of(person)[number]
    picture = source(label)
    faces = engine().find(picture, side=960)
    in_order = sorted(faces[:6], key=lambda one: one.left)
    face = in_order[PEOPLE.index(person) - 3] if label == GROUP else faces[0]
    scale = width / face.width
    middle = face.left + face.width / 2, face.top + face.height / 2
    matrix = np.array([[scale, 0, WIDTH / 2 - scale * middle[0]], [0, scale, HEIGHT / 2 - scale * middle[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    framed = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(framed, np.uint8)


@lru_cache(maxsize=64)
def turning(person: str, turn: str, number: int = 0) -> tuple[Pixels, Pixels]:
    """The same person from the front (as far as that goes), and with the head turned ``left`` or ``right``.

    ``a`` has a picture with a turned head, which is mirrored for the other side. One picture of anybody else bends by
    too little either way, so there "from the front" is bent a little to the other side first.
    """
    if person == "a":
        real = still("a", 1)
        farther = bend(real, engine().find(real, side=960)[0], -12)
        return still("a", number), farther if turn == "right" else np.asarray(cv2.flip(farther, 1), np.uint8)
    sign = 1 if turn == "left" else -1
    picture = still(person, number)
    face = min(engine().find(picture, side=960), key=lambda one: abs(one.left + one.width / 2 - WIDTH / 2))
    return bend(picture, face, -22 * sign), bend(picture, face, 33 * sign)


def bend(picture: Pixels, face: Face, degrees: float) -> Pixels:
    """The face as lying on an ellipsoid with a nose, turned about its upright axis; what is around it follows less."""
    height, width = picture.shape[:2]
    reach = 0.75 * face.width
    centre = face.left + face.width / 2, face.top + face.height / 2
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = (across - centre[0]) / reach, (down - centre[1]) / (1.25 * reach)
    nose = (face.points[2] - np.array(centre, np.float32)) / np.array([reach, 1.25 * reach], np.float32)
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    x = u.copy()
    for _ in range(12):
        inside = np.clip(1 - x * x - v * v, 0, 1)
        bump = 0.45 * np.exp(-((x - nose[0]) ** 2 + ((v - nose[1]) * 1.4) ** 2) / 0.05)
        depth = np.sqrt(inside) + bump * (inside > 0)
        edge = np.clip(inside * 4, 0, 1)
        x = u + edge * ((u - sine * (depth - 0.75)) / cosine - u)
    map_x = (x * reach + centre[0]).astype(np.float32)
    return np.asarray(cv2.remap(picture, map_x, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def moved(picture: Pixels, across: float, down: float = 0.0, *, seed: int = 0) -> Pixels:
    """The next moment of a living scene: shifted by some pixels, with a camera's noise."""
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    shifted = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    start = int(np.random.default_rng(seed).integers(len(grain()) - shifted.size))
    noise = grain()[start : start + shifted.size].reshape(shifted.shape)
    return np.asarray(cv2.add(shifted, noise, dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=1)
def grain() -> npt.NDArray[np.int16]:
    """A camera's noise for some pictures; cut from elsewhere it is as good as other noise."""
    return np.rint(np.random.default_rng(0).normal(0, 2.0, 4 * 3 * WIDTH * HEIGHT)).astype(np.int16)


def jpeg(picture: Pixels, quality: int = 80) -> bytes:
    """As the camera island sends it."""
    done, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return bytes(content)


def burst(person: str, turns: Sequence[str] = ("left",), *, seed: int = 1, number: int = 0) -> list[Pixels]:
    """A living burst: twice from the front, then every turn; every moment differs. ``seed`` tells the takes apart.

    Two turns only of ``a``.
    """
    if person != "a" and len(turns) > 1:
        raise ValueError("one picture bends to one side only")
    chance = np.random.default_rng(seed)
    seat = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), chance.uniform(-4, 4), chance.uniform(0.92, 1.06))
    seat[:, 2] += chance.uniform(-24, 24, 2)  # nobody sits down twice in the same place
    front = turning(person, turns[0], number)[0] if turns else still(person, number)
    poses = [front, front, *(turning(person, turn, number)[1] for turn in turns)]
    poses += [front] * (3 - len(poses))
    shifts = chance.uniform(3, 9, 8) * np.resize([1, -1], 8)
    return [
        moved(seated(pose, seat), float(shifts[at]), float(shifts[at + 1] / 2), seed=10 * seed + at)
        for at, pose in enumerate(poses)
    ]


def seated(picture: Pixels, seat: npt.NDArray[np.float64]) -> Pixels:
    """The same person elsewhere before the camera."""
    found = cv2.warpAffine(picture, seat, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)


def faces_of(
    person: str = "a", turns: Sequence[str] = ("left", "right"), *, seed: int = 1, number: int = 0
) -> list[bytes]:
    """A burst of JPEG frames as a browser posts them; it passes as the person when the same ``turns`` are asked."""
    return list(_faces_of(person, tuple(turns), seed, number))


@lru_cache(maxsize=128)
def _faces_of(person: str, turns: tuple[str, ...], seed: int, number: int) -> tuple[bytes, ...]:
    return tuple(jpeg(one) for one in burst(person, turns, seed=seed, number=number))


def enrolment_of(person: str = "a", turns: Sequence[str] = ("left",), *, seed: int = 100) -> list[bytes]:
    """Frames that enrol a person."""
    return faces_of(person, turns, seed=seed)


def dark(picture: Pixels, light: float = 0.15) -> Pixels:
    return np.asarray(picture * light, np.uint8)


def bright(picture: Pixels, light: float = 2.6) -> Pixels:
    return np.asarray(np.clip(picture * light + 40, 0, 255), np.uint8)


def blurred(picture: Pixels, sigma: float = 7) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def tilted(picture: Pixels, degrees: float) -> Pixels:
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1)
    found = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)


def beside(one: str, other: str) -> Pixels:
    """Two people before one camera."""
    left, right = still(one, width=150), still(other, width=150)
    half = WIDTH // 2
    quarter = WIDTH // 4
    return np.concatenate([left[:, quarter : quarter + half], right[:, quarter : quarter + half]], axis=1)


def write_y4m(path: Path, frames: Sequence[Pixels], *, times: int = 30, rate: int = 10) -> Path:
    """A film for Chromium's fake camera (``--use-file-for-fake-video-capture``), each frame ``times`` over, repeated by
    Chromium without end. Written beside and moved into place: a running tab sees the new person."""
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            planes = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes()
            for _ in range(times):
                stream.write(b"FRAME\n")
                stream.write(planes)
    part.replace(path)
    return path
