"""What a check asks: kinds by policy, turns, place, question and puzzle by chance."""

from collections.abc import Iterator
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.identity import api as identity
from zhenxue.integrity import protocol
from zhenxue.integrity.data import CHECK_STRENGTH, SHOWN_MS, CheckKind, PresencePlan
from zhenxue.integrity.models import Check, FaceTemplate
from zhenxue.kernel.errors import NotFound

PLACES = 9
#: Orders of head turns after the look straight ahead; a burst has one frame for each step.
TURNS = (("left", "right"), ("right", "left"), ("left", "right", "left"), ("right", "left", "right"))
LATEST = 30

type Task = dict[str, Any]


def kinds_for(
    plan: PresencePlan, *, face: bool, question: bool, teacher: bool, least: int = 0, face_first: bool | None = None
) -> list[CheckKind]:
    """The kinds that are offered, in order: what is asked first, then what it may be changed for.

    Nothing weaker than ``least`` is. ``face_first`` stands in for what the rules say of it.
    """
    asked = CheckKind.QUESTION if question else CheckKind.PUZZLE
    first = plan.face_first if face_first is None else face_first
    kinds = [CheckKind.FACE, asked] if first else [asked, CheckKind.FACE]
    if not face:
        kinds.remove(CheckKind.FACE)
    if teacher:
        kinds.append(CheckKind.WORD)
    return [kind for kind in kinds if CHECK_STRENGTH[kind] >= least]


def has_face(person_id: int) -> bool:
    """Whether a living template and the person's consent are there."""
    living = FaceTemplate.objects.filter(person_id=person_id, ended_at__isnull=True)
    return living.exists() and identity.has_consent(person_id, "face")


def draw_round(task: Task, number: int, *, person_id: int, unit_id: int | None) -> None:
    """Draws all that one try needs; every draw follows from the seed and the number of the try."""
    chance = protocol.Chance(task["seed"])
    task["round"] = number
    task["place"] = chance.below(PLACES, f"place|{number}")
    task["turns"] = list(chance.pick(TURNS, f"turns|{number}"))
    task["puzzle"] = protocol.make_puzzle(chance, f"puzzle|{number}")
    task["question"] = _question(chance, f"question|{number}", task, person_id, unit_id) if unit_id else None
    if task["question"]:
        task["used"].append([task["question"]["source"], task["question"]["id"]])


def _question(chance: protocol.Chance, label: str, task: Task, person_id: int, unit_id: int) -> Task | None:
    """A question on what was just shown: the author's, else one of the unit's self-test; one that is new, if any."""
    used = {tuple(one) for one in task["used"]} | _asked_before(person_id, unit_id)
    found = list(_candidates(unit_id, task["position_ms"]))
    for fresh in (True, False):
        for source in ("prompt", "self_test"):
            choice = [one for one in found if one[0] == source and ((source, one[1].pk) not in used) is fresh]
            while choice:
                picked = chance.pick(choice, f"{label}|{source}|{fresh}|{len(choice)}")
                choice.remove(picked)
                made = _made(chance, label, *picked)
                if made:
                    return made
    return None


def _candidates(
    unit_id: int, position_ms: int | None
) -> Iterator[tuple[str, catalogue.UnitPrompt | catalogue.SelfTestQuestion]]:
    if position_ms is not None:
        for prompt in catalogue.prompts_shown(unit_id, from_ms=position_ms - SHOWN_MS, to_ms=position_ms):
            yield "prompt", prompt
    try:
        unit = catalogue.get_unit(unit_id)
    except NotFound:
        return
    test = catalogue.self_test_of(unit)
    for question in catalogue.list_questions(test.pk if test else unit.pk):
        yield "self_test", question


def _made(
    chance: protocol.Chance, label: str, source: str, row: catalogue.UnitPrompt | catalogue.SelfTestQuestion
) -> Task | None:
    try:
        return protocol.make_question(
            chance,
            label,
            source=source,
            number=row.pk,
            kind=row.kind,
            stem=row.stem,
            options=row.options,
            answer=row.answer,
        )
    except protocol.TaskError:
        return None


def _asked_before(person_id: int, unit_id: int) -> set[tuple[str, int]]:
    """What the person's latest checks of this unit asked."""
    rows = Check.objects.filter(person_id=person_id, unit_id=unit_id).order_by("-asked_at")[:LATEST]
    return {(source, number) for row in rows for source, number in row.task.get("used", ())}
