"""Items of an import as pages show them: as learners will see them, with the media that came along."""

import re
from typing import Any

from django.urls import reverse

from zhenxue.exams.data import QuestionFacts
from zhenxue.exams.formats import Draft
from zhenxue.exams.markup import MOST_FORMULAS, Dressed, Media
from zhenxue.exams.models import ImportItem, QuestionImport
from zhenxue.exams.queries import imports
from zhenxue.exams.web.editing import Sample, sample_of

#: The media of a file that is not saved have no numbers yet: counted from here, where none of a bank is.
NOT_SAVED = 900_000_000_000
_FILE = re.compile(r"\]\(file:([^)\n]+)\)")


class Shown:
    """Turns ``file:NAME`` in the texts of one import into what a page can show."""

    def __init__(self, preview: QuestionImport) -> None:
        self._places = {one["name"]: at for at, one in enumerate(preview.media)}
        self._media = preview.media
        self._preview = preview

    def put_on(self, item: ImportItem) -> ImportItem:
        """The item with ``sample`` (of a good one) or ``said`` (what was read of a refused one)."""
        draft = imports.draft_of(item)
        said = imports.written_of(item.written, item.stem) if draft is None else None
        item.sample = self.sample(draft) if draft else None  # type: ignore[attr-defined]  # for the page alone
        if said is not None:
            stem = self.dress(item.stem) if item.stem.count("$") <= 2 * MOST_FORMULAS else ""
            item.said = {"stem": stem, "options": [self.dress(one) for one in said.options], "answer": said.answer}  # type: ignore[attr-defined]  # for the page alone
        return item

    def sample(self, draft: Draft) -> Sample:
        """A draft as its author sees it."""
        one = sample_of(QuestionFacts(str(draft.kind), draft.stem, draft.body, draft.key, draft.explanation))
        return Sample(
            one.kind,
            self.dress(one.stem),
            self.dress(one.view),
            [self.dress(text) for text in one.solution],
            self.dress(one.explanation),
            one.values,
        )

    def dress(self, value: Any, name: str = "") -> Any:
        """A text, or all that are in a value, with the media of the file."""
        if isinstance(value, str):
            if name == "asset":
                return Dressed(self._address(value.removeprefix("file:")))
            value = _FILE.sub(self._number, value)
            return Dressed(value, self._find) if "(asset:" in value else value
        if isinstance(value, dict):
            return {key: self.dress(one, key) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.dress(one) for one in value)
        return value

    def _number(self, found: re.Match[str]) -> str:
        """What markup calls a file of the import; one that did not come along stays as it is written."""
        at = self._places.get(found[1])
        return found[0] if at is None else f"](asset:{NOT_SAVED + at})"

    def _address(self, name: str) -> str:
        at = self._places.get(name)
        return "" if at is None else self._url(at)

    def _url(self, at: int) -> str:
        return reverse("exams:import_file", args=[self._preview.bank_id, self._preview.pk, at])

    def _find(self, number: int) -> Media | None:
        at = number - NOT_SAVED
        if not 0 <= at < len(self._media):
            return None
        one = self._media[at]
        return Media(one["kind"], self._url(at), one["width"], one["height"])
