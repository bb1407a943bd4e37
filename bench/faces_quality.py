"""How often the face engine takes two people for one, or one for two, against the thresholds in use.

``python bench/faces_quality.py [--quick]``

The pictures are those that packages of the registry carry (``tests/support/faces.py``): five of one person on different
days, one each of eight others. Each is varied as a learner's evening varies it: light, dark, back light, blur, noise,
strong compression, tilted, nearer and farther, mirrored, head turned, mouth covered. Every pair of pictures whose
variants pass the quality gates is compared, own against own (other day or other variant) and everybody against
everybody else; a pair is *gated* where a gate refuses one of the two, which costs the learner a retry and nobody an
hour. So few people prove no rate: the figures say that nothing is broken, and how the thresholds stand among the
scores. The rates to plan with are those of LFW's 6,000 official pairs, measured before with the same weights and
preparation (docs/explanation/faces.md). Bursts are judged too: how many living ones pass, how many made ones do.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np

from bench.support.ground import report
from tests.support import faces
from zhenxue.integrity.data import FaceReason, Turn
from zhenxue.integrity.faces import judging, quality
from zhenxue.integrity.faces.engine import Vector, average, cosine
from zhenxue.integrity.faces.images import Pixels

THRESHOLDS = (0.40, 0.45, 0.55)
TURNED = {FaceReason.TURNED, FaceReason.TWO_FACES}  # what a comparison bears, and what the group picture has


def back_light(picture: Pixels) -> Pixels:
    """A bright window at one side."""
    ramp = np.linspace(0.45, 1.5, faces.WIDTH, dtype=np.float32)[None, :, None]
    return np.asarray(np.clip(picture * ramp, 0, 255), np.uint8)


def noisy(picture: Pixels) -> Pixels:
    grain = np.random.default_rng(5).normal(0, 14, picture.shape)
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def squeezed(picture: Pixels) -> Pixels:
    found = cv2.imdecode(np.frombuffer(faces.jpeg(picture, 18), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(found, np.uint8)


def farther(picture: Pixels) -> Pixels:
    matrix = cv2.getRotationMatrix2D((faces.WIDTH / 2, faces.HEIGHT / 2), 0, 0.5)
    found = cv2.warpAffine(picture, matrix, (faces.WIDTH, faces.HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)


def masked(picture: Pixels) -> Pixels:
    """Nose and mouth covered."""
    found = picture.copy()
    for face in faces.engine().find(picture)[:1]:
        top, bottom = int(face.points[2][1]), int(face.top + face.height)
        found[top:bottom, int(face.left) : int(face.left + face.width)] = (190, 170, 150)
    return found


def bent(picture: Pixels, degrees: float) -> Pixels:
    found = faces.engine().find(picture, side=960)
    return faces.bend(picture, found[0], degrees) if found else picture


VARIANTS: dict[str, Callable[[Pixels], Pixels]] = {
    "plain": lambda one: one,
    "light": lambda one: faces.bright(one, 1.5),
    "dim": lambda one: faces.dark(one, 0.55),
    "dark": lambda one: faces.dark(one, 0.22),
    "back_light": back_light,
    "soft": lambda one: faces.blurred(one, 2.0),
    "blurred": lambda one: faces.blurred(one, 5.0),
    "noisy": noisy,
    "squeezed": squeezed,
    "tilted": lambda one: faces.tilted(one, 15),
    "far": farther,
    "mirrored": lambda one: np.asarray(cv2.flip(one, 1), np.uint8),
    "turned": lambda one: bent(one, 18),
    "masked": masked,
}


def look(picture: Pixels) -> tuple[Vector | None, bool]:
    """The vector of the face in the middle (None where there is none), and whether a gate refuses the picture."""
    found = faces.engine().find(picture)
    near = [one for one in found if abs(one.left + one.width / 2 - faces.WIDTH / 2) < 0.2 * faces.WIDTH]
    if not near:
        return None, True
    judged = quality.look(picture, [near[0]])
    return faces.engine().embed(picture, near[0]), bool(set(judged.reasons) - TURNED)


def main() -> None:
    """Measure, print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three people, five variants")
    quick = parser.parse_args().quick
    people = "abc" if quick else faces.PEOPLE.replace("h", "")  # h looks aside in the only picture
    variants = dict(list(VARIANTS.items())[:5]) if quick else VARIANTS
    stills = [(person, number) for person in people for number in range(len(faces.labels_of(person)))]
    seen: dict[tuple[str, int, str], tuple[Vector | None, bool]] = {}
    for person, number in stills:
        for name, change in variants.items():
            seen[person, number, name] = look(change(faces.still(person, number)))
    pairs(seen)
    by_variant(seen, variants)
    averaged(seen, people)
    bursts(rounds=4 if quick else 20)


def pairs(seen: dict[tuple[str, int, str], tuple[Vector | None, bool]]) -> None:
    """Own and other pairs at each threshold."""
    own, other, gated = [], [], 0
    for one, two in combinations(seen, 2):
        (first, bad), (second, worse) = seen[one], seen[two]
        if bad or worse or first is None or second is None:
            gated += 1
        else:
            (own if one[0] == two[0] else other).append(cosine(first, second))
    report("pictures", len(seen), "")
    report("own_pairs", len(own), "")
    report("other_pairs", len(other), "")
    report("gated_pairs", gated, "")
    report("own_lowest", round(min(own), 3), "")
    report("other_highest", round(max(other), 3), "")
    for threshold in THRESHOLDS:
        wrong = sum(score >= threshold for score in other)
        lost = sum(score < threshold for score in own)
        report(f"false_accepts_at_{threshold:.2f}", round(100 * wrong / len(other), 3), f"% ({wrong} of {len(other)})")
        report(f"false_rejects_at_{threshold:.2f}", round(100 * lost / len(own), 2), f"% ({lost} of {len(own)})")


def by_variant(
    seen: dict[tuple[str, int, str], tuple[Vector | None, bool]], variants: dict[str, Callable[[Pixels], Pixels]]
) -> None:
    """Each variant against the plain pictures of the same person: gated, and rejected at 0.40."""
    for name in variants:
        scores, gated = [], 0
        highest = -1.0
        for (person, _, variant), (vector, bad) in seen.items():
            if variant != name:
                continue
            gated += bad
            for (second, _, plain), (reference, _) in seen.items():
                if plain != "plain" or vector is None or reference is None:
                    continue
                score = cosine(vector, reference)
                if person == second:
                    scores.append(score)
                else:
                    highest = max(highest, score)
        lost = sum(score < THRESHOLDS[0] for score in scores)
        middle = round(float(np.mean(scores)), 3) if scores else 0
        report(
            f"variant_{name}",
            middle,
            f"mean own score; {lost} of {len(scores)} below 0.40; others ≤ {highest:.2f}; {gated} gated",
        )


def averaged(seen: dict[tuple[str, int, str], tuple[Vector | None, bool]], people: str) -> None:
    """A template of three plain days against every other picture, as enrolment makes it."""
    own = [seen["a", number, "plain"][0] for number in range(3)]
    template = average([one for one in own if one is not None])
    scores: dict[bool, list[float]] = defaultdict(list)
    for (person, number, _), (vector, bad) in seen.items():
        if vector is not None and not bad and not (person == "a" and number < 3):
            scores[person == "a"].append(cosine(template, vector))
    report("template_own_lowest", round(min(scores[True]), 3), f"({len(scores[True])} pictures)")
    others = f"({len(scores[False])} pictures of {len(people) - 1} people)"
    report("template_other_highest", round(max(scores[False]), 3), others)


def bursts(rounds: int) -> None:
    """Living bursts that pass, made ones that do."""
    engine = faces.engine()
    both = [Turn.LEFT, Turn.RIGHT]
    verdict, reference = judging.judge_enrolment(engine, faces.enrolment_of("a", both), turns=both, threshold=0.4)
    if reference is None:
        raise SystemExit(f"the enrolment does not pass: {verdict.plain()}")

    def passes(frames: list[Pixels], turns: list[Turn]) -> bool:
        contents = [faces.jpeg(one) for one in frames]
        return judging.judge_check(engine, contents, reference=reference, threshold=0.4, turns=turns).passed

    seeds = range(1, rounds + 1)
    still = faces.still("a")
    kinds: dict[str, Callable[[int], bool]] = {
        "living": lambda seed: passes(faces.burst("a", both, seed=seed), both),
        "wrong_order": lambda seed: passes(faces.burst("a", both[::-1], seed=seed), both),
        "still_picture": lambda seed: passes([faces.moved(still, 4 * at, at, seed=seed + at) for at in range(3)], both),
        "picture_tilted_before_the_camera": lambda seed: passes(flat(still, seed), both),
        "other_person": lambda seed: passes(faces.burst("b", both[:1], seed=seed), both[:1]),
        "taken_over_in_the_turn": lambda seed: passes(
            [*faces.burst("a", both[:1], seed=seed)[:2], faces.burst("b", both[:1], seed=seed)[2]], both[:1]
        ),
        "bent_picture_injected": lambda seed: passes(injected(still, seed), both),
    }
    for name, act in kinds.items():
        done = sum(act(seed) for seed in seeds)
        report(f"burst_{name}", round(100 * done / rounds, 1), f"% pass ({done} of {rounds})")


def flat(picture: Pixels, seed: int) -> list[Pixels]:
    """A printed picture turned before a camera: everything narrows and leans, nothing moves against anything."""
    frames = []
    for at, lean in enumerate((0.0, 0.16, -0.16)):
        width, height = faces.WIDTH, faces.HEIGHT
        source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        shift, rise = abs(lean) * width * 0.6, lean * height * 0.5
        target = np.array(
            [
                [shift, max(rise, 0)],
                [width - shift, max(-rise, 0)],
                [width - shift, height - max(-rise, 0)],
                [shift, height - max(rise, 0)],
            ],
            np.float32,
        )
        bent_flat = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(source, target), (width, height))
        frames.append(faces.moved(np.asarray(bent_flat, np.uint8), 3 * at, at, seed=seed + at))
    return frames


def injected(picture: Pixels, seed: int) -> list[Pixels]:
    """What the checks do not stop: a picture bent by a program as a head would turn, fed in as a camera."""
    face = faces.engine().find(picture, side=960)[0]
    frames = [picture, faces.bend(picture, face, 40), faces.bend(picture, face, -40)]
    return [faces.moved(one, 4 * at, at, seed=seed + at) for at, one in enumerate(frames)]


if __name__ == "__main__":
    main()
