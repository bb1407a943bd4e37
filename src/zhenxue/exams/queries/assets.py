"""Pictures, sounds and films of questions: what they are, and who may open one."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from zhenxue.exams.data import AssetKind, AttemptState, Kind, PracticeMode
from zhenxue.exams.markup import asset_ids
from zhenxue.exams.models import Attempt, PracticeRound, Question, QuestionAsset, QuestionBank
from zhenxue.exams.queries.practice import may_show
from zhenxue.exams.queries.scope import visible_attempts, visible_banks
from zhenxue.identity.data import Actor
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.remembering import Remembered

NOT_FOUND = "没有这个文件，或您无权查看。"


class AssetFacts(NamedTuple):
    """What never changes of an asset."""

    kind: str
    width: int | None
    height: int | None


_facts: Remembered[int, AssetFacts | None] = Remembered(5_000)


def find_asset(asset_id: int) -> AssetFacts | None:
    """What an asset is, remembered by this process."""
    return _facts.many([asset_id], _read)[asset_id] if asset_id < 2**62 else None


def _read(asset_ids: list[int]) -> Mapping[int, AssetFacts | None]:
    rows = QuestionAsset.objects.filter(pk__in=asset_ids).values_list("pk", "kind", "width", "height")
    return {pk: AssetFacts(kind, width, height) for pk, kind, width, height in rows}


def assets_of(bank: QuestionBank) -> QuerySet[QuestionAsset]:
    """The assets of a bank, newest first."""
    return QuestionAsset.objects.filter(bank=bank).order_by("-pk")


def pictures_of(bank: QuestionBank) -> list[tuple[int, str]]:
    """Number and name of each picture of a bank, for a choice."""
    return list(assets_of(bank).filter(kind=AssetKind.IMAGE).values_list("pk", "name"))


def digests_in(bank: QuestionBank, asset_ids: Iterable[int] | None = None) -> dict[str, str]:
    """SHA-256 of a bank's files (or of these) by what its questions call them: ``asset:12``."""
    wanted = None if asset_ids is None else list(asset_ids)
    if wanted == []:
        return {}
    rows = bank.assets.all() if wanted is None else bank.assets.filter(pk__in=wanted)
    return {f"asset:{pk}": sha256 for pk, sha256 in rows.values_list("pk", "sha256")}


def asset_path(asset: QuestionAsset) -> Path:
    """Where the file lies."""
    return storage.full_path(asset.path)


def get_asset(actor: Actor, asset_id: int, *, is_solved: Callable[[Attempt], bool]) -> QuestionAsset:
    """An asset that the actor may open, or ``NotFound``; ``is_solved`` says whether an attempt's solutions are shown.

    Staff: of the banks they see. Learners: what stands in a question of one of their own attempts past the door (not
    during a break) or of what they may practise now; what only stands in an explanation, once that is shown.
    """
    asset = QuestionAsset.objects.filter(pk=asset_id).select_related("bank").first()
    if asset is None or not (_learner_may(actor, asset, is_solved) if actor.is_learner else _staff_may(actor, asset)):
        raise NotFound("exams.no_such_asset", NOT_FOUND)
    return asset


def _staff_may(actor: Actor, asset: QuestionAsset) -> bool:
    return visible_banks(actor).filter(pk=asset.bank_id).exists()


def _learner_may(actor: Actor, asset: QuestionAsset, is_solved: Callable[[Attempt], bool]) -> bool:
    if actor.person_id is None:
        return False
    shown: set[int] = set()
    solved: set[int] = set()
    inside = Q(presence_asked_at__isnull=True) | Q(proven_at__isnull=False)
    resting = Q(state=AttemptState.OPEN, paused_at__isnull=False)
    for attempt in visible_attempts(actor).filter(inside).exclude(resting):
        held = {row[0] for row in attempt.sheet}
        shown |= held
        if is_solved(attempt):
            solved |= held
    if _shows(asset, shown, solved):
        return True
    practised, judged = _practised(actor)
    may = may_show(asset.bank.organisation_id, practised) if practised else set()
    return _shows(asset, practised & may, judged & may)


def _practised(actor: Actor) -> tuple[set[int], set[int]]:
    """The questions of a learner's rounds of practice, and those whose solution was shown there."""
    practised: set[int] = set()
    judged: set[int] = set()
    rounds = PracticeRound.objects.filter(enrolment__person_id=actor.person_id or 0)
    for sheet, answers, mode, ended_at in rounds.values_list("sheet", "answers", "mode", "ended_at"):
        is_mock = mode == PracticeMode.MOCK
        for position, row in enumerate(sheet, start=1):
            practised.add(row[0])
            if ended_at is not None if is_mock else str(position) in answers:
                judged.add(row[0])
    return practised, judged


def _shows(asset: QuestionAsset, shown: set[int], solved: set[int]) -> bool:
    """Whether one of the questions shows the asset, or the explanation of one that is solved."""
    questions = Question.objects.filter(bank=asset.bank_id, pk__in=shown)
    for pk, stem, body, explanation in questions.values_list("pk", "stem", "body", "explanation"):
        if asset.pk in named_assets(stem, body) or (pk in solved and asset.pk in asset_ids(explanation)):
            return True
    return False


def named_assets(stem: str, body: Mapping[str, Any], *more: str) -> set[int]:
    """The assets that a question shows, in whichever of its texts, with the picture of a hotspot."""
    found = set(asset_ids(stem, *more, json.dumps(body, ensure_ascii=False)))
    return found | {int(one) for one in _pictures(body) if str(one).isdecimal()}


def _pictures(body: Mapping[str, Any]) -> Iterable[Any]:
    if "asset" in body:
        yield body["asset"]
    for part in body.get("parts", ()):
        if part.get("kind") == Kind.HOTSPOT:
            yield part["body"].get("asset")


def claims() -> Iterator[storage.Claim]:
    """The files that must be in the store."""
    for asset in QuestionAsset.objects.order_by("pk").iterator():
        yield storage.Claim(asset.path, f"题目文件 {asset.pk}", asset.size, asset.sha256)
