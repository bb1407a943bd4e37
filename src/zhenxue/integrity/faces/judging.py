"""One verdict of an enrolment or of a check, as plain data: scores, threshold, engine, reasons. No vector leaves here
but the one that is to be enrolled, and that apart from the verdict."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zhenxue.integrity.data import FEWEST_FRAMES, MOST_FRAMES, FaceReason, Turn
from zhenxue.integrity.faces import images, liveness, quality
from zhenxue.integrity.faces.engine import Engine, Face, Vector, average, cosine
from zhenxue.integrity.faces.limits import BadPicture
from zhenxue.integrity.faces.naming import ENGINE

#: The face during a turn against the one from the front: 35 degrees cost about 0.2 of likeness.
SAME_FACE = 0.45
#: A glance (``Engine.glance``) this near to it does not decide; the full net looks again.
CLOSE = 0.06
#: Frames of one enrolment against each other, from the front.
SAME_ENROLMENT = 0.55
SECONDS_FRAMES = 2  # frames with a second face that make it a second person
FEWEST_FRONTAL = 2  # of an enrolment

#: Reasons against a single frame that do not keep it from being compared, only from being enrolled.
_BEARABLE = frozenset({FaceReason.TURNED, FaceReason.TWO_FACES, FaceReason.OFF_CENTRE})


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame after it was looked at; ``points`` are relative to the longer side of the picture."""

    pixels: images.Pixels
    face: Face | None
    quality: quality.Quality
    small: npt.NDArray[np.float32]
    digest: str

    @property
    def points(self) -> list[float]:
        if self.face is None:
            return []
        return [round(float(value), 5) for value in (self.face.points / max(self.pixels.shape[:2])).ravel()]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine found. ``score`` is the likeness to the enrolled face (or, in an enrolment, to the portrait)."""

    passed: bool
    reasons: tuple[FaceReason, ...]
    engine: str = ENGINE
    score: float | None = None
    threshold: float | None = None
    same: float | None = None  # least likeness among the frames of the burst
    asked: tuple[Turn, ...] = ()
    seen: tuple[Turn, ...] = ()
    frames: tuple[dict[str, Any], ...] = ()
    milliseconds: int = 0

    def plain(self) -> dict[str, Any]:
        """For a JSON column."""
        return {
            "passed": self.passed,
            "reasons": [one.value for one in self.reasons],
            "engine": self.engine,
            "score": _short(self.score),
            "threshold": _short(self.threshold),
            "same": _short(self.same),
            "asked": [one.value for one in self.asked],
            "seen": [one.value for one in self.seen],
            "frames": list(self.frames),
            "ms": self.milliseconds,
        }


@dataclass(slots=True)
class Burst:
    """The frames of one job on their way to a verdict."""

    pictures: list[Picture]
    reasons: list[FaceReason] = field(default_factory=list)
    seen: list[tuple[Turn, int]] = field(default_factory=list)
    front: int | None = None
    bad: int = 0  # files that are no pictures

    @property
    def frames(self) -> list[liveness.Frame]:
        return [liveness.Frame(one.face, one.small) for one in self.pictures]


def look(engine: Engine, contents: Sequence[bytes]) -> Burst:
    """Decode every frame, find the faces, judge light and place; turns and vectors are for later."""
    burst = Burst([])
    for content in contents:
        try:
            pixels = images.decode(content)
        except BadPicture:
            burst.bad += 1
            continue
        faces = engine.find(pixels)
        small = images.thumb(pixels)
        found = quality.look(pixels, faces)
        burst.pictures.append(Picture(pixels, found.face, found, small, images.picture_hash(small)))
    return burst


def judge_check(
    engine: Engine,
    contents: Sequence[bytes],
    *,
    reference: Vector,
    threshold: float,
    turns: Sequence[Turn],
    burst: Burst | None = None,
) -> Verdict:
    """Is it the enrolled person, there and moving as asked? ``burst`` saves looking twice."""
    began = time.perf_counter()
    burst = burst or look(engine, contents)
    _judge_burst(burst, turns)
    score = same = None
    if burst.front is not None:
        front = burst.pictures[burst.front]
        vector = _embed(engine, front)
        score = cosine(vector, reference)
        same = _judge_same(engine, burst, vector)
        if score < threshold:
            burst.reasons.append(FaceReason.OTHER_FACE)
    return _verdict(burst, turns, began, score=score, threshold=threshold, same=same)


def judge_enrolment(
    engine: Engine,
    contents: Sequence[bytes],
    *,
    turns: Sequence[Turn],
    threshold: float,
    portrait: bytes | None = None,
    burst: Burst | None = None,
) -> tuple[Verdict, Vector | None]:
    """The verdict, and the averaged vector where every reason but ``UNLIKE_PORTRAIT`` is absent."""
    began = time.perf_counter()
    burst = burst or look(engine, contents)
    _judge_burst(burst, turns)
    good = [
        number
        for number in liveness.frontal(burst.frames, quality.TURNED)
        if not set(burst.pictures[number].quality.reasons) - {FaceReason.TURNED}
    ]
    if burst.front is not None and len(good) < FEWEST_FRONTAL:
        burst.reasons.extend(_usual(burst) or [FaceReason.TOO_FEW])
    vector = score = same = None
    if burst.front is not None and not burst.reasons:
        vectors = [_embed(engine, burst.pictures[number]) for number in good]
        turned = [_embed(engine, burst.pictures[number]) for _, number in burst.seen]
        middle = average(vectors)
        same = min([*(cosine(one, middle) for one in vectors), *(cosine(one, middle) for one in turned)])
        if min(cosine(one, middle) for one in vectors) < SAME_ENROLMENT:
            burst.reasons.append(FaceReason.UNLIKE_EACH_OTHER)
        elif turned and min(cosine(one, middle) for one in turned) < SAME_FACE:
            burst.reasons.append(FaceReason.CHANGED_FACE)
        else:
            vector = average([*vectors, *turned])
    if vector is not None and portrait is not None:
        other = embed_portrait(engine, portrait)
        if other is not None:
            score = cosine(vector, other)
            if score < threshold:
                burst.reasons.append(FaceReason.UNLIKE_PORTRAIT)
    return _verdict(burst, turns, began, score=score, threshold=threshold, same=same), vector


def embed_portrait(engine: Engine, content: bytes) -> Vector | None:
    """The vector of the largest face on a card or a portrait; None where none is found."""
    try:
        pixels = images.decode(content, photo=True)
    except BadPicture:
        return None
    faces = engine.find(pixels, side=images.LARGEST_WORKED)
    return engine.embed(pixels, faces[0]) if faces else None


def refused(*reasons: FaceReason) -> Verdict:
    """A verdict without looking."""
    return Verdict(False, reasons)


def _judge_burst(burst: Burst, turns: Sequence[Turn]) -> None:
    """What needs no vector: number, light and place, second people, motion, turns."""
    if burst.bad:
        burst.reasons.append(FaceReason.BAD_PICTURE)
    if not max(FEWEST_FRAMES, 1 + len(turns)) <= len(burst.pictures) <= MOST_FRAMES:
        burst.reasons.append(FaceReason.TOO_FEW)
        return
    if sum(one.quality.second for one in burst.pictures) >= SECONDS_FRAMES:
        burst.reasons.append(FaceReason.TWO_FACES)
    fit = [
        number
        for number in liveness.frontal(burst.frames, quality.TURNED)
        if not set(burst.pictures[number].quality.reasons) - _BEARABLE
    ]
    if not fit:
        burst.reasons.extend(_usual(burst))
        return
    burst.front = min(fit, key=lambda number: abs(_turn(burst.pictures[number])))
    motion = liveness.judge_motion(burst.frames)
    if motion is not None:
        burst.reasons.append(motion)
    burst.seen = liveness.turns_seen(burst.frames, _turn(burst.pictures[burst.front]))
    turning = liveness.judge_turns(turns, burst.seen)
    if turning is not None:
        burst.reasons.append(turning)


def _judge_same(engine: Engine, burst: Burst, front: Vector) -> float | None:
    """The face of every turn must be the one from the front."""
    same = [_likeness(engine, burst.pictures[number], front) for _, number in burst.seen]
    if same and min(same) < SAME_FACE:
        burst.reasons.append(FaceReason.CHANGED_FACE)
    return min(same) if same else None


def _likeness(engine: Engine, picture: Picture, front: Vector) -> float:
    """A turned face against the one from the front: at a glance, and with the full net where that is close."""
    if picture.face is None:
        raise ValueError("a picture without a face")
    glance = cosine(engine.glance(picture.pixels, picture.face), front)
    return cosine(_embed(engine, picture), front) if abs(glance - SAME_FACE) < CLOSE else glance


def _usual(burst: Burst) -> list[FaceReason]:
    """What stands against most frames, the most frequent first; at most two."""
    counts = Counter(reason for one in burst.pictures for reason in one.quality.reasons)
    return [reason for reason, _ in counts.most_common(2)]


def _turn(picture: Picture) -> float:
    return picture.face.turn if picture.face is not None else 0.0


def _embed(engine: Engine, picture: Picture) -> Vector:
    if picture.face is None:
        raise ValueError("a picture without a face")
    return engine.embed(picture.pixels, picture.face)


def _verdict(
    burst: Burst,
    turns: Sequence[Turn],
    began: float,
    *,
    score: float | None,
    threshold: float,
    same: float | None,
) -> Verdict:
    frames = tuple(
        {
            "turn": _short(one.face.turn) if one.face is not None else None,
            "light": round(one.quality.light),
            "sharp": round(one.quality.sharpness),
            "reasons": [reason.value for reason in one.quality.reasons],
        }
        for one in burst.pictures
    )
    reasons = tuple(dict.fromkeys(burst.reasons))
    return Verdict(
        passed=not reasons,
        reasons=reasons,
        score=score,
        threshold=threshold,
        same=same,
        asked=tuple(turns),
        seen=tuple(turn for turn, _ in burst.seen),
        frames=frames,
        milliseconds=round((time.perf_counter() - began) * 1000),
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
