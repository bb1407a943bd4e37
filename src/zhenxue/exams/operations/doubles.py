"""Questions that are there already: in the bank, or above in the same file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhenxue.exams.data import QuestionState, Verdict
from zhenxue.exams.formats.draft import Draft
from zhenxue.exams.models import QuestionBank
from zhenxue.exams.operations.marking import question_digest
from zhenxue.exams.queries.assets import digests_in


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
        self._media |= digests_in(bank)
        self._same: dict[str, int] = {}
        self._similar: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._seen_stems: dict[str, int] = {}
        rows = bank.questions.filter(state=QuestionState.ACTIVE).order_by("-number")
        for pk, kind, stem, digest in rows.values_list("pk", "kind", "stem", "digest").iterator(chunk_size=1000):
            self._same[digest] = pk
            self._similar[self._stem(kind, stem)] = pk

    def match(self, position: int, draft: Draft) -> Match:
        """What a draft repeats; it is known from now on."""
        digest = question_digest(draft.stem, draft.body, self._media)
        stem = self._stem(draft.kind, draft.stem)
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

    def _stem(self, kind: str, stem: str) -> str:
        return question_digest(stem, {"kind": str(kind)}, self._media)
