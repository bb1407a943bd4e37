"""Plain facts that rules look at. Who knows them (study, exams, the checks) brings them; standard library only.

Moments are aware; milliseconds are whole. An address is text (IPv4 or IPv6).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose facts these are, and which class it is in."""

    person_id: int
    enrolment_id: int
    cohort_id: int


@dataclass(frozen=True, slots=True)
class BeatFact:
    """One accepted report of a player, as the server wrote it: when (since the opening), what, where in the content."""

    offset_ms: int
    event: str
    from_ms: int
    to_ms: int
    idle_ms: int = 0  # since the last input, as the page says


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One closed study session: ``context`` is ``study:12``."""

    context: str
    owner: Owner
    unit_id: int
    began_at: dt.datetime
    ended_at: dt.datetime
    device: str = ""  # fingerprint of the device key
    address: str = ""
    sign_in_address: str = ""
    hidden_ms: int = 0
    reported_ms: int = 0  # all that the page reported on, hidden or not
    keys_ahead: int = 0  # reports of content whose keys were not given out
    refusals: Mapping[str, int] = field(default_factory=dict)  # reports without proof, by reason
    beats: tuple[BeatFact, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerFact:
    """The answer that stands for one question: ``sequence`` is the order in which answers were given."""

    position: int
    given: tuple[str, ...]
    sequence: int
    offset_ms: int  # since the attempt began
    correct: bool | None  # None: nobody has marked it yet


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One attempt that was handed in: ``context`` is ``exam:7``."""

    context: str
    owner: Owner
    exam_id: int
    began_at: dt.datetime
    ended_at: dt.datetime
    questions: int
    device: str = ""
    moves: int = 0
    answers: tuple[AnswerFact, ...] = ()
    away_ms: int = 0  # the page was out of sight, as it says
    leaves: int = 0
    longest_paste: int = 0  # characters that were not copied from the page itself, as it says
    silent_answers: int = 0  # answers that came while the page told nothing


@dataclass(frozen=True, slots=True)
class PairFacts:
    """One side of two attempts that the comparison of an exam found alike: by chance one pair in so many would be."""

    context: str
    owner: Owner
    other: str  # the other attempt's context
    at: dt.datetime
    same_wrong: int
    common: int
    one_in: int


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """What an invigilator wrote down about an attempt; ``number`` tells one note from the next."""

    context: str
    owner: Owner
    at: dt.datetime
    number: int
    words: str
    by_person: int


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """One presence check that is over. ``found`` are words of the face engine and the pages (``CHECK_WORDS``)."""

    context: str
    owner: Owner
    check_id: int
    asked_at: dt.datetime
    state: str  # passed, failed, missed
    kind: str
    tries: int = 0
    made_up: bool = False
    can_be_made_up: bool = False  # its time for that is not over yet
    found: frozenset[str] = frozenset()


#: What of a check's verdict is a signal by itself, and the rule that it belongs to.
CHECK_WORDS: Mapping[str, str] = {
    "two_faces": "second_face",
    "second_face": "second_face",
    "other_face": "other_face",
    "changed_face": "other_face",
    "reused": "reused_picture",
    "reused_picture": "reused_picture",
    "frozen": "frozen_picture",
    "looped": "frozen_picture",
    "frozen_picture": "frozen_picture",
    "virtual_camera": "virtual_camera",
    "camera_changed": "camera_changed",
}


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """One sign-in of a person: from when to when, and where its address lies, if that is known."""

    owner: Owner
    began_at: dt.datetime
    ended_at: dt.datetime
    address: str = ""
    place: tuple[float, float] | None = None  # latitude, longitude in degrees
    key: str = ""  # of the sign-in, so that a finding about it is noted once


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """A face that is as near to another person's as ``percent`` says, against the threshold in use."""

    owner: Owner
    other_person_id: int
    percent: int
    threshold: int
    found_at: dt.datetime
