"""Every rule with a true case and the honest one that looks like it; the registry and its page."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scripts import signal_rules
from zhenxue.integrity import rules
from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules import (
    AnswerFact,
    AttemptFacts,
    BeatFact,
    CheckFacts,
    FaceFacts,
    NoteFacts,
    Owner,
    PairFacts,
    SessionFacts,
    SignInFacts,
)
from zhenxue.integrity.rules.together import device_shared, same_answers

AT = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
MINUTE, SOON = 60_000, AT + dt.timedelta(minutes=5)
ME, YOU, HER = Owner(1, 11, 5), Owner(2, 12, 5), Owner(3, 13, 5)


def check(**facts: Any) -> CheckFacts:
    values = {"context": "study:1", "owner": ME, "check_id": 7, "asked_at": AT, "state": "missed", "kind": "face"}
    return CheckFacts(**{**values, **facts})


def session(number: int = 1, owner: Owner = ME, minute: float = 0, lasted: float = 5, **facts: Any) -> SessionFacts:
    began = AT + dt.timedelta(minutes=minute)
    values = {
        "context": f"study:{number}",
        "owner": owner,
        "unit_id": 3,
        "began_at": began,
        "ended_at": began + dt.timedelta(minutes=lasted),
    }
    return SessionFacts(**{**values, **facts})


type Numbered = Callable[[int], int]


def nothing(_: int) -> int:
    return 0


def beats(count: int, *, late: Numbered = nothing, off: Numbered = nothing, idle: Numbered = lambda _: 4000) -> Any:
    """A video played through, a beat every ten seconds: so ``late`` at the server, so far ``off`` in the content."""
    return tuple(
        BeatFact(10_000 * n + late(n), "tick", 10_000 * (n - 1) + off(n - 1), 10_000 * n + off(n), idle(n))
        for n in range(1, count + 1)
    )


def attempt(number: int, owner: Owner, answers: Sequence[tuple[str, bool | None]], *, pace: float = 60) -> AttemptFacts:
    return AttemptFacts(
        context=f"exam:{number}",
        owner=owner,
        exam_id=1,
        began_at=AT,
        ended_at=AT + dt.timedelta(hours=1),
        questions=len(answers),
        answers=tuple(
            AnswerFact(place, (given,), place, round(place * pace * 1000), right)
            for place, (given, right) in enumerate(answers, 1)
        ),
    )


def test_an_answer_that_nobody_marked_yet_is_not_wrong() -> None:
    course = [("A", False), ("B", False), ("C", False), ("D", True)]
    mine, theirs = attempt(1, ME, course), attempt(2, YOU, course)
    assert len(same_answers([mine, theirs])) == 2
    waits = [attempt(number, owner, [(given, None) for given, _ in course]) for number, owner in ((1, ME), (2, YOU))]
    assert not same_answers(waits)


def watched(**told: int) -> AttemptFacts:
    """An hour's attempt with what its page told."""
    return dataclasses.replace(attempt(1, ME, [("A", True)]), **told)


def sign_in(place: tuple[float, float] | None, hour: float, key: str) -> SignInFacts:
    began = AT + dt.timedelta(hours=hour)
    return SignInFacts(ME, began, began + dt.timedelta(minutes=20), "203.0.113.9", place, key)


LIAOCHENG, GUANGZHOU, JINAN = (36.46, 115.99), (23.13, 113.26), (36.65, 117.12)
WRONG = [("A", True), ("B", False), ("C", False), ("D", False), ("A", True)]
RIGHT = [(letter, True) for letter in "ABCDA"]
THREE = [session(n, owner, n * 6, device="d" * 64) for n, owner in enumerate((ME, YOU, HER))]


def steady(n: int) -> int:
    """Idle milliseconds of a page that a script touches every minute, to the millisecond."""
    return (n % 6) * 10_000


def human(n: int) -> int:
    """Of a hand: now and then, never evenly."""
    return (n * n * 7919 + n * 104_729) % 45_000


#: The page stood open and nothing played.
STANDING = tuple(BeatFact(10_000 * n, "tick", 5_000, 5_000) for n in range(1, 60))

#: Rule: facts that are strange, and honest ones that look like them.
CASES: dict[str, tuple[Any, list[Any]]] = {
    "check_missed": (
        check(),
        [check(state="passed"), check(made_up=True), check(can_be_made_up=True), check(state="failed")],
    ),
    "check_failed": (
        check(state="failed"),
        [check(), check(state="failed", made_up=True), check(state="failed", can_be_made_up=True)],
    ),
    "second_face": (
        check(state="passed", found=frozenset({"two_faces"})),
        [check(state="passed"), check(found=frozenset({"too_dark"}))],
    ),
    "other_face": (
        check(state="failed", found=frozenset({"other_face"})),
        [check(state="passed", found=frozenset({"other_face"})), check(state="failed", found=frozenset({"blurred"}))],
    ),
    "reused_picture": (check(found=frozenset({"reused"})), [check(found=frozenset({"bad_picture"}))]),
    "frozen_picture": (check(found=frozenset({"looped"})), [check(found=frozenset({"no_turn"}))]),
    "virtual_camera": (check(found=frozenset({"virtual_camera"})), [check(found=frozenset({"too_bright"}))]),
    "camera_changed": (check(found=frozenset({"camera_changed"})), [check(found=frozenset({"too_dark"}))]),
    "two_addresses": (
        [session(n, minute=n * 8, address=("203.0.113.5", "198.51.100.7")[n % 2]) for n in range(5)],
        [
            [session(1, address="203.0.113.5"), session(2, minute=8, address="198.51.100.7")],
            [session(n, minute=n * 8, address=f"203.0.113.{n}") for n in range(6)],
            [session(n, minute=n * 120, address=("203.0.113.5", "198.51.100.7")[n % 2]) for n in range(5)],
            [session(n, minute=n * 8, address=f"10.0.{n}.1") for n in range(4)],
        ],
    ),
    "impossible_travel": (
        [sign_in(LIAOCHENG, 0, "1"), sign_in(GUANGZHOU, 1, "2")],
        [
            [sign_in(LIAOCHENG, 0, "1"), sign_in(GUANGZHOU, 5, "2")],
            [sign_in(LIAOCHENG, 0, "1"), sign_in(JINAN, 0.4, "2")],
            [sign_in(LIAOCHENG, 0, "1"), sign_in(None, 0.5, "2")],
        ],
    ),
    "hidden_share": (
        session(hidden_ms=30 * 60_000, reported_ms=40 * 60_000),
        [
            session(hidden_ms=10 * 60_000, reported_ms=12 * 60_000),
            session(hidden_ms=25 * 60_000, reported_ms=60 * 60_000),
        ],
    ),
    "machine_input": (
        session(beats=beats(150, idle=steady)),
        [
            session(beats=beats(150, idle=human)),
            session(beats=beats(60, idle=steady)),
            session(beats=beats(150, idle=lambda _: 100)),
            session(beats=beats(150, idle=lambda n: n * 10_000)),
        ],
    ),
    "keys_ahead": (session(keys_ahead=6), [session(keys_ahead=2)]),
    "ticket_refusals": (
        session(refusals={"device": 3}),
        [session(refusals={"replayed": 4, "ended": 9}), session(refusals={"foreign": 1, "no_proof": 2})],
    ),
    "device_shared": (
        THREE,
        [
            THREE[:2],
            [session(n, owner, n * 60, device="d" * 64) for n, owner in enumerate((ME, YOU, HER))],
            [session(n, owner, n * 6) for n, owner in enumerate((ME, YOU, HER))],
        ],
    ),
    "identical_timelines": (
        [session(1, ME, beats=beats(40)), session(2, YOU, 90, beats=beats(40, late=lambda n: n * 37 % 400))],
        [
            [session(1, ME, beats=beats(40)), session(2, YOU, beats=beats(40, off=lambda n: 1 + n * 5 % 12))],
            [session(1, ME, beats=STANDING), session(2, YOU, beats=STANDING)],
            [session(1, ME, beats=beats(40)), session(2, ME, 90, beats=beats(40))],
            [session(1, ME, beats=beats(10)), session(2, YOU, beats=beats(10))],
            [session(1, ME, beats=beats(40)), session(2, YOU, unit_id=4, beats=beats(40))],
        ],
    ),
    "same_answers": (
        [attempt(1, ME, WRONG), attempt(2, YOU, WRONG)],
        [
            [attempt(1, ME, RIGHT), attempt(2, YOU, RIGHT)],
            [attempt(1, ME, WRONG), attempt(2, YOU, WRONG, pace=95)],
            [attempt(1, ME, WRONG), attempt(2, YOU, [*WRONG[:-1], ("B", False)])],
            [attempt(1, ME, WRONG), attempt(2, ME, WRONG)],
        ],
    ),
    "away_from_exam": (
        watched(away_ms=15 * MINUTE, leaves=4),
        [watched(away_ms=10 * MINUTE, leaves=9), dataclasses.replace(watched(away_ms=2 * MINUTE), ended_at=SOON)],
    ),
    "long_paste": (watched(longest_paste=40), [watched(longest_paste=39), watched()]),
    "silent_page": (watched(silent_answers=5), [watched(silent_answers=4), watched()]),
    "answers_alike": (
        PairFacts("exam:1", ME, "exam:2", AT, 9, 40, 2_000_000),
        [PairFacts("exam:1", ME, "exam:2", AT, 2, 40, 20)],
    ),
    "room_note": (NoteFacts("exam:1", ME, AT, 3, "把手机拿给旁边的人看", 9), [NoteFacts("exam:1", ME, AT, 3, " ", 9)]),
    "duplicate_face": (FaceFacts(ME, 2, 61, 55, AT), [FaceFacts(ME, 2, 54, 55, AT)]),
}


def test_every_rule_has_a_true_and_a_false_case() -> None:
    assert set(CASES) == {rule.key for rule in rules.all_rules()}
    assert all(honest for _, honest in CASES.values())


@pytest.mark.parametrize("key", CASES)
def test_a_rule_finds_what_is_strange_and_leaves_the_honest_alone(key: str) -> None:
    rule = rules.find_rule(key)
    assert rule is not None
    strange, honest = CASES[key]
    found = rule.find(strange)
    assert found, "the strange case is found"
    assert all(one.owner in {ME, YOU, HER} and one.at for one in found)
    assert all(not isinstance(value, float) for one in found for value in one.facts.values()), "the log knows no floats"
    for case in honest:
        assert not rule.find(case), case


def test_what_is_found_again_has_the_same_key() -> None:
    for key, (strange, _) in CASES.items():
        rule = rules.find_rule(key)
        assert rule is not None
        assert [one.once for one in rule.find(strange)] == [one.once for one in rule.find(strange)]


def test_a_class_wide_rule_speaks_of_each_learner_once() -> None:
    for key, people in (("device_shared", 3), ("identical_timelines", 2), ("same_answers", 2)):
        rule = rules.find_rule(key)
        assert rule is not None
        found = rule.find(CASES[key][0])
        assert len({one.owner for one in found}) == len(found) == people
        assert len({one.once for one in found}) == people


def test_thirty_learners_on_one_device_are_named_each_and_together() -> None:
    owners = [Owner(number, 100 + number, 5) for number in range(30)]
    found = device_shared([session(n, one, n * 6, device="d" * 64) for n, one in enumerate(owners)])
    assert {one.owner for one in found} == set(owners)
    assert {one.facts["people"] for one in found} == {30}


def test_one_learner_may_open_an_incident_only_by_strong_or_many_signals() -> None:
    alone = {rule.key for rule in rules.all_rules() if rule.weight >= rules.GATHERING[rule.points_to].threshold}
    assert alone == {
        *("other_face", "reused_picture", "identical_timelines", "same_answers", "duplicate_face"),
        *("answers_alike", "room_note"),
    }
    assert rules.score_of([("check_missed", 10)] * 9) == 40
    assert rules.score_of([("check_missed", 10)] * 9 + [("machine_input", 30)]) == 70


def test_the_heaviest_signals_name_the_incident() -> None:
    rows = [
        (IncidentKind.IDLING, "check_missed", 10),
        (IncidentKind.IDLING, "check_missed", 10),
        (IncidentKind.BRUSHING, "machine_input", 30),
    ]
    assert rules.heaviest_kind(rows) is IncidentKind.BRUSHING
    rule = rules.find_rule("other_face")
    assert rule is not None
    assert rule.kind_for("exam:7") is IncidentKind.PROXY_EXAM
    assert rule.kind_for("study:7") is IncidentKind.PROXY_STUDY


def test_a_rule_is_registered_once_and_says_what_speaks_against_it() -> None:
    rule = rules.all_rules()[0]
    assert rules.register_rule(rule) is rule
    with pytest.raises(ValueError, match="registered already"):
        rules.register_rule(dataclasses.replace(rule, weight=11))
    for poor in ({"against": ""}, {"weight": 0}, {"weight": 101}, {"why": ""}, {"most": 0}):
        with pytest.raises(ValueError, match="has to say"):
            rules.register_rule(dataclasses.replace(rule, key="another", **poor))
    assert rules.find_rule("another") is None


def test_the_page_of_signals_is_fresh() -> None:
    assert signal_rules.PAGE.read_text(encoding="utf-8") == signal_rules.page(), "run `make diagrams`"
