"""What becomes of an answer that arrives: the one place of its rules, for the page's forms and for ``exams.ingest``.

Nothing here reads or writes the database; the caller holds the attempt's row.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from zhenxue.exams import kinds
from zhenxue.exams.data import Saved
from zhenxue.exams.errors import DeadlinePassed, ProvePresence
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations.presence import is_at_the_door
from zhenxue.exams.policies import check_can_answer
from zhenxue.exams.queries.content import Content
from zhenxue.identity.data import Actor
from zhenxue.kernel.clock import CIVIL_ZONE, milliseconds
from zhenxue.kernel.errors import Invalid, NotFound

#: Characters of one answer as JSON: some pages of text.
LONGEST = 40_000
LARGEST_SEQUENCE = 2**53


class Message(msgspec.Struct, frozen=True, gc=False):
    """An answer as the exam room sends it: JSON instead of a form."""

    given: list[Any]
    client_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer that stands for one question of an attempt."""

    given: list[Any]
    sequence: int
    client_sequence: int
    saved_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is acknowledged, and what stands from now on if that is not what stood before."""

    saved: Saved
    stands: Standing | None = None

    @property
    def is_new(self) -> bool:
        """Whether the attempt's next number was used."""
        return not self.saved.repeated


def read_message(body: bytes) -> Message:
    """The message of an exam room; raises ``Invalid`` for anything else."""
    try:
        message = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        message = None
    if message is None or not 0 <= message.client_sequence <= LARGEST_SEQUENCE:
        raise Invalid("exams.malformed", "作答的格式不对，没有保存。请刷新页面后重试。")
    return message


def check_may_save(actor: Actor, attempt: Attempt, device: str, now: dt.datetime) -> None:
    """Raises when this device may not answer now: ``check_can_answer``, ``ProvePresence``, ``DeadlinePassed``."""
    check_can_answer(actor, attempt, device)
    if is_at_the_door(attempt):
        raise ProvePresence
    if now >= attempt.deadline_at:
        raise DeadlinePassed


def question_at(questions: Sequence[int], position: int) -> int:
    """The question at a place of the sheet; raises ``NotFound``."""
    if not 1 <= position <= len(questions):
        raise NotFound("exams.no_such_question", "试卷里没有这道题，请刷新页面。")
    return questions[position - 1]


def judge_answer(
    question: Content,
    given: Sequence[Any],
    client_sequence: int,
    *,
    position: int,
    standing: Standing | None,
    sequence: int,
    now: dt.datetime,
) -> Verdict:
    """What the server does with an answer, where ``sequence`` is the attempt's last number. Its rule for conflicts:

    a message with a number that was taken before, or older, changes nothing, whatever it says; the acknowledgement then
    says what stands. The same answer again changes nothing either. Anything else takes the next number. Raises
    ``Invalid`` for what does not belong to the question.
    """
    chosen = _cleaned(question, given)
    if standing is None or (not 0 < client_sequence <= standing.client_sequence and standing.given != chosen):
        newest = max(client_sequence, standing.client_sequence if standing else 0)
        stands = Standing(chosen, sequence + 1, newest, now)
        return Verdict(Saved(position, stands.sequence, now), stands)
    saved = Saved(
        position,
        standing.sequence,
        standing.saved_at,
        repeated=True,
        instead=None if standing.given == chosen else tuple(standing.given),
        client_sequence=max(client_sequence, standing.client_sequence),
    )
    if client_sequence <= standing.client_sequence:
        return Verdict(saved)
    return Verdict(saved, Standing(chosen, standing.sequence, client_sequence, standing.saved_at))


def acknowledgement(saved: Saved, now: dt.datetime) -> dict[str, Any]:
    """What the exam room shows and uses: number and time of the stored answer, and the server's clock. Where the
    server kept another answer, ``instead`` is that one, and ``client_sequence`` the number that has to be passed."""
    found: dict[str, Any] = {
        "position": saved.position,
        "sequence": saved.sequence,
        "at": f"{saved.saved_at.astimezone(CIVIL_ZONE):%H:%M:%S}",
        "server_now": milliseconds(now),
    }
    if saved.instead is not None:
        found |= {"instead": list(saved.instead), "client_sequence": saved.client_sequence}
    return found


def _cleaned(question: Content, given: Sequence[Any]) -> list[Any]:
    text = msgspec.json.encode(given).decode()
    if len(text) > LONGEST:
        raise Invalid("exams.too_long", "这道题的作答太长，没有保存，请缩短后再试。")
    has_nought = "\\u0000" in text.replace("\\\\", "")  # no database keeps it in JSON
    chosen = None if has_nought else kinds.of(question.kind).clean_given(question.body, list(given))
    if chosen is None:
        raise Invalid("exams.no_such_option", "这道题没有这个选项，请重新选择。")
    return chosen


_decode = msgspec.json.Decoder(Message).decode
