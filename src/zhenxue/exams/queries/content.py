"""What questions say. A version of a question never changes, so a process asks for each once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhenxue.exams.models import Question
from zhenxue.kernel.remembering import Remembered

#: Versions that a process remembers (a few kB each).
KEPT_QUESTIONS = 5_000


@dataclass(frozen=True, slots=True)
class Content:
    """One version of a question: what never changes of it. ``pk`` as the question's."""

    pk: int
    kind: str
    stem: str
    body: Mapping[str, Any]
    key: Mapping[str, Any]
    explanation: str


_contents: Remembered[int, Content] = Remembered(KEPT_QUESTIONS)


def contents_of(question_ids: Iterable[int]) -> dict[int, Content]:
    """The contents of question versions by id; one query at most, none when all were asked for before."""
    return _contents.many(question_ids, _read)


def _read(question_ids: list[int]) -> dict[int, Content]:
    rows = Question.objects.filter(pk__in=question_ids)
    return {row[0]: Content(*row) for row in rows.values_list("pk", "kind", "stem", "body", "key", "explanation")}
