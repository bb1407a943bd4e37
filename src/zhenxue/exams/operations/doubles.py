"""Questions that are there already: in the bank, or above in the same file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhenxue.exams.data import QuestionState, Verdict
from zhenxue.exams.formats.draft import Draft
from zhenxue.exams.models import QuestionBank
from zhenxue.exams.operations.marking import question_digest

_MEDIUM = re.compile(r"!\[[^\]\n]*\]\((file|asset):([^)\n]+)\)")


@dataclass(frozen=True, slots=True)
class Match:
    """What an item repeats, if anything: a question of the bank, or an earlier position of the file."""

    verdict: Verdict
    digest: str
    question_id: int | None = None
    position: int | None = None


class Known:
    """All active questions of a bank by what they say, and the items seen so far.

    Blanks, width, case, punctuation at the ends and the order of options do not matter; pictures are told by their
    bytes.
    """

    def __init__(self, bank: QuestionBank, media: Iterable[Mapping[str, Any]]) -> None:
        self._media = {f"file:{one['name']}": str(one["sha256"]) for one in media}
        self._media |= {f"asset:{pk}": sha256 for pk, sha256 in bank.assets.values_list("pk", "sha256")}
        self._same: dict[str, int] = {}
        self._similar: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._seen_stems: dict[str, int] = {}
        rows = bank.questions.filter(state=QuestionState.ACTIVE).order_by("-number")
        for pk, kind, stem, body in rows.values_list("pk", "kind", "stem", "body").iterator(chunk_size=1000):
            self._same[self.digest(stem, body)] = pk
            self._similar[self._stem(kind, stem)] = pk

    def match(self, position: int, draft: Draft) -> Match:
        """What a draft repeats; it is known from now on."""
        digest, stem = self.digest(draft.stem, draft.body), self._stem(draft.kind, draft.stem)
        found = Match(Verdict.GOOD, digest)
        if digest in self._same:
            found = Match(Verdict.SAME, digest, question_id=self._same[digest])
        elif digest in self._seen:
            found = Match(Verdict.SAME, digest, position=self._seen[digest])
        elif stem in self._similar:
            found = Match(Verdict.SIMILAR, digest, question_id=self._similar[stem])
        elif stem in self._seen_stems:
            found = Match(Verdict.SIMILAR, digest, position=self._seen_stems[stem])
        self.see(position, draft.kind, draft.stem, digest)
        return found

    def see(self, position: int, kind: str, stem: str, digest: str) -> None:
        """An item of the file that was matched before; of two that say the same the one seen first counts."""
        self._seen.setdefault(digest, position)
        self._seen_stems.setdefault(self._stem(kind, stem), position)

    def digest(self, stem: str, body: Mapping[str, Any]) -> str:
        """A digest over a stem and its body with pictures by their bytes."""
        return question_digest(self._told(stem), {name: self._inner(value) for name, value in body.items()})

    def _stem(self, kind: str, stem: str) -> str:
        return question_digest(self._told(stem), {"kind": str(kind)})

    def _told(self, text: str) -> str:
        if "](" not in text:
            return text
        return _MEDIUM.sub(lambda found: self._media.get(f"{found[1]}:{found[2]}", found[0])[:16], text)

    def _inner(self, value: Any, name: str = "") -> Any:
        if isinstance(value, str):
            return self._media.get(value, self._told(value))
        if isinstance(value, dict):
            return {key: self._inner(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self._inner(one) for one in value]
        return self._media.get(f"asset:{value}", "") if name == "asset" else ""
