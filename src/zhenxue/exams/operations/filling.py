"""Items of a file into a bank: new questions, new versions, or left out because they are there already."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.exams.data import DoubleChoice, QuestionState, Verdict
from zhenxue.exams.formats.draft import PLAIN_SCORE, DraftAsset, named_files
from zhenxue.exams.models import ImportItem, Question, QuestionBank, QuestionImport
from zhenxue.exams.operations.assets import store_asset
from zhenxue.exams.operations.banks import lock_bank, next_number, record_questions
from zhenxue.exams.operations.marking import question_digest
from zhenxue.exams.queries.assets import digests_in
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid

_ASSET = re.compile(r"\]\(asset:(\d{1,12})\)")
_TEXTS = ("stem", "explanation")
#: What an author may see of a version: when all of it is the same there is nothing to save.
_CONTENT = ("kind", "stem", "body", "key", "explanation", "score", "difficulty", "point_id", "source")
PLAIN_DIFFICULTY = 3


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an item of the file went: under which number of the bank, 0 for nowhere."""

    number: int


class Filling:
    """Takes the items of one file in their order, within one transaction that holds the bank."""

    def __init__(self, actor: Actor, batch: QuestionImport, media: Mapping[str, DraftAsset], now: dt.datetime) -> None:
        lock_bank(batch.bank)
        self._actor = actor
        self._batch = batch
        self._bank: QuestionBank = batch.bank
        self._media = media
        self._now = now
        self._assets: dict[str, int] = {}
        self._told = digests_in(batch.bank)
        self._next = next_number(batch.bank)
        active = batch.bank.questions.filter(state=QuestionState.ACTIVE)
        self._digests = set(active.values_list("digest", flat=True))
        self._points = self._read_points()
        self._places: dict[int, _Place] = {}
        self._new: list[Question] = []
        self._made: dict[int, Question] = {}  # the newest of each number
        self._replaced: list[int] = []
        self._skipped = 0

    def take(self, item: ImportItem) -> None:
        """One item that can be saved. Raises ``Invalid`` when it shows a picture that is not this bank's."""
        fields = self._fields(item)
        choice = self._choice(item)
        if choice == DoubleChoice.SKIP or (choice != DoubleChoice.KEEP and choice and not self._version(item, fields)):
            self._skipped += 1
            self._places[item.position] = self._earlier(item) or _Place(0)
        elif not choice or choice == DoubleChoice.KEEP:
            double = fields["digest"] in self._digests
            if double and not choice:  # it came into the bank after the file was shown
                self._skipped += 1
                return
            self._add(item, Question(bank=self._bank, number=self._next, kept_double=double, **fields))
            self._next += 1

    def finish(self, facts: dict[str, Any]) -> tuple[int, int]:
        """Writes all of it with one log entry; how many were saved, and how many left out."""
        for ids in (self._replaced[at : at + 500] for at in range(0, len(self._replaced), 500)):
            Question.objects.filter(pk__in=ids).update(state=QuestionState.REPLACED)
        Question.objects.bulk_create(self._new, batch_size=500)
        body = {**facts, "skipped": self._skipped}
        record_questions(self._actor, self._bank, "exams.questions_imported", self._new, self._now, body)
        return len(self._new), self._skipped

    def _add(self, item: ImportItem, question: Question) -> None:
        question.created_at = self._now
        self._new.append(question)
        self._made[question.number] = question
        self._digests.add(question.digest)
        self._places[item.position] = _Place(question.number)

    def _choice(self, item: ImportItem) -> str:
        if item.verdict == Verdict.GOOD:
            return ""
        default = DoubleChoice.SKIP if item.verdict == Verdict.SAME else DoubleChoice.KEEP
        return item.choice or self._batch.doubles or default

    def _earlier(self, item: ImportItem) -> _Place | None:
        if item.double_of_id and item.double_of is not None:
            return _Place(item.double_of.number)
        return self._places.get(item.double_at or 0)

    def _version(self, item: ImportItem, fields: dict[str, Any]) -> bool:
        """A new version of what the item repeats; ``False`` when that says exactly the same."""
        place = self._earlier(item)
        if place is None or not place.number:
            self._add(item, Question(bank=self._bank, number=self._next, kept_double=False, **fields))
            self._next += 1
            return True
        made = self._made.get(place.number)
        current = made or item.double_of
        if current is None or (current is not made and current.state != QuestionState.ACTIVE):
            current = self._bank.questions.filter(number=place.number).order_by("-version").first()
        if current is None or all(getattr(current, name) == fields[name] for name in _CONTENT):
            return False
        if made is not None:
            made.state = QuestionState.REPLACED
        else:
            self._replaced.append(current.pk)
        double = fields["digest"] in self._digests - {current.digest}
        self._add(
            item,
            Question(bank=self._bank, number=current.number, version=current.version + 1, kept_double=double, **fields),
        )
        return True

    def _fields(self, item: ImportItem) -> dict[str, Any]:
        draft: dict[str, Any] = item.draft or {}  # those that are taken have one
        names = {name: self._asset(name) for name in draft["assets"]}
        body, key = self._turn(draft["body"], names), self._turn(draft["key"], names)
        texts = {name: self._turn(draft[name], names) for name in _TEXTS}
        self._check_own(item, [*texts.values(), str(body), str(key)], body)
        return {
            "kind": draft["kind"],
            **texts,
            "body": body,
            "key": key,
            "score": Decimal(draft["score"]) if draft["score"] else PLAIN_SCORE,
            "difficulty": draft["difficulty"] or PLAIN_DIFFICULTY,
            "point_id": self._points.get(draft["point"].strip()) if draft["point"] else None,
            "source": draft["source"],
            "digest": question_digest(texts["stem"], body, self._told),
        }

    def _asset(self, name: str) -> int:
        if name not in self._assets:
            made = store_asset(actor=self._actor, bank=self._bank, asset=self._media[name], now=self._now)
            self._assets[name] = made.pk
            self._told[f"asset:{made.pk}"] = made.sha256
        return self._assets[name]

    def _turn(self, value: Any, names: Mapping[str, int]) -> Any:
        """``file:NAME`` becomes ``asset:12``; the picture of a hotspot its number."""
        if isinstance(value, str):
            for name, pk in names.items():
                value = value.replace(f"](file:{name})", f"](asset:{pk})")
            return value
        if isinstance(value, list):
            return [self._turn(one, names) for one in value]
        if isinstance(value, dict):
            turned = {key: self._turn(one, names) for key, one in value.items()}
            place = turned.get("asset")
            if isinstance(place, str):
                turned["asset"] = names.get(place.removeprefix("file:"), place)
            return turned
        return value

    def _check_own(self, item: ImportItem, texts: list[str], body: dict[str, Any]) -> None:
        shown = {int(pk) for text in texts for pk in _ASSET.findall(text)}
        if isinstance(body.get("asset"), int):
            shown.add(body["asset"])
        foreign = [f"asset:{pk}" for pk in sorted(shown) if f"asset:{pk}" not in self._told]
        if foreign or named_files(*texts):
            missing = "、".join(foreign) or "图片"
            raise Invalid(
                "exams.import_picture",
                f"{item.where} 用到的 {missing} 不在这个题库里。请从原题库带图片导出（zip）后再导入。",
            )

    def _read_points(self) -> dict[str, int]:
        """Codes and titles of points, as far as the actor sees their standards; a word that means two is left out."""
        wanted = {text.strip() for text in self._batch.items.values_list("draft__point", flat=True).distinct() if text}
        if not wanted:
            return {}
        found: dict[str, int] = {}
        double: set[str] = set()
        rows = catalogue.visible_standards(self._actor).values_list("points__pk", "points__code", "points__title")
        for pk, code, title in rows.iterator(chunk_size=1000):
            for word in {code, title} & wanted:
                if found.setdefault(word, pk) != pk:
                    double.add(word)
        return {word: pk for word, pk in found.items() if word not in double}
