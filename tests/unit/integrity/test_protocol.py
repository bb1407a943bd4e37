"""Chance, puzzles, questions and claims of presence checks."""

import datetime as dt
from collections import Counter
from urllib.parse import unquote

import pytest

from zhenxue.integrity import protocol
from zhenxue.integrity.protocol import puzzles
from zhenxue.kernel import workdays


def test_draws_are_even_and_follow_from_the_seed_alone() -> None:
    seed = protocol.new_seed()
    assert protocol.Chance(seed).below(9, "place|0") == protocol.Chance(seed).below(9, "place|0")
    places = Counter(protocol.Chance(protocol.new_seed()).below(9, "place|0") for _ in range(4500))
    assert set(places) == set(range(9))
    assert min(places.values()) > 350
    assert sorted(protocol.Chance(seed).order(range(20), "x")) == list(range(20))
    assert protocol.commitment(seed) != protocol.commitment(protocol.new_seed())
    assert len(protocol.new_nonce()) == 22


def test_a_puzzle_has_one_right_place_in_each_variant() -> None:
    for _ in range(50):
        puzzle = protocol.make_puzzle(protocol.Chance(protocol.new_seed()), "puzzle|0")
        assert len(set(puzzle["cells"])) == 6
        assert puzzle["cells"][puzzle["place"] - 1] == puzzle["wanted"]
        assert protocol.judge_puzzle(puzzle, "", [str(puzzle["place"])])
        assert protocol.judge_puzzle(puzzle, "words", [str(puzzle["odd"])])
        assert not protocol.judge_puzzle(puzzle, "", [])
        assert not protocol.judge_puzzle(puzzle, "", [str(place) for place in range(1, 7)])
        groups = [next(name for name, words in puzzles.GROUPS.items() if word in words) for word in puzzle["words"]]
        assert Counter(groups)[groups[puzzle["odd"] - 1]] == 1
    shape = unquote(protocol.picture([1, 2, 3, 4, 5, 6]))
    assert "<text" not in shape
    assert shape.count("<rect") == 6


def test_a_question_keeps_its_answer_when_its_options_move() -> None:
    for _ in range(30):
        made = protocol.make_question(
            protocol.Chance(protocol.new_seed()),
            "question|0",
            source="prompt",
            number=1,
            kind="multiple",
            stem="哪些要检查？",
            options=["灯光", "网络", "零食"],
            answer=["A", "B"],
        )
        assert {made["options"][ord(letter) - 65] for letter in made["answer"]} == {"灯光", "网络"}
    with pytest.raises(protocol.TaskError):
        protocol.make_question(
            protocol.Chance(protocol.new_seed()),
            "question|0",
            source="prompt",
            number=1,
            kind="single",
            stem="?",
            options=["一", "二"],
            answer=["D"],
        )


def test_claims_keep_their_shapes() -> None:
    said = {"label": "x" * 200, "width": 640.4, "height": True, "frame_rate": -1, "device": 7, "own": "words"}
    assert protocol.camera_claims(said) == {"label": "x" * 80, "width": 640}
    assert protocol.looks_virtual({"label": "OBS Virtual Camera"})
    assert not protocol.looks_virtual({"label": "FaceTime 高清相机"})
    assert protocol.for_log({"score": 0.5, "list": [1, 0.25]}) == {"score": "0.5000", "list": [1, "0.2500"]}


def test_working_days_know_the_holidays() -> None:
    after = workdays.after_working_days
    assert after(dt.date(2026, 3, 2), 3) == dt.date(2026, 3, 5)
    assert after(dt.date(2026, 3, 5), 3) == dt.date(2026, 3, 10), "over a weekend"
    assert after(dt.date(2026, 2, 13), 3) == dt.date(2026, 2, 25), "over the Spring Festival, with a worked Saturday"
    assert after(dt.date(2026, 3, 2), 0) == dt.date(2026, 3, 2)
    later = dt.date(workdays.LAST_YEAR + 2, 1, 3)
    assert workdays.is_working_day(later) is (later.weekday() < 5), "a year whose holidays nobody has set yet"
