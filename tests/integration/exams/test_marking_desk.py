"""The marking desk: whose turn it is, blind, twice where asked, decided by a third; claims that lapse."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.factories.exams_marking import AFTER, Marked, hand_in, make_written, mark_next
from tests.factories.identity import make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Answer, Attempt, Mark
from zhenxue.exams.operations.marking_desk import claim_next, give_back, give_points, name_markers
from zhenxue.exams.queries.desk import CLAIM_LASTS, desk_lines, exams_to_score, marker_figures
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


def claim(made: Marked, who: Actor, question: int = 1, at: dt.datetime = AFTER) -> Mark | None:
    return claim_next(actor=who, exam=made.exam, question_id=made.questions[question].pk, now=at)


def test_an_answer_is_claimed_by_one_person_given_back_or_lost_after_a_while() -> None:
    made = make_written()
    one, other = made.teachers
    hand_in(made, made.learners[0])
    held = claim(made, one)
    assert held is not None
    assert claim(made, one) == held
    assert claim(made, other) is None
    with pytest.raises(NotFound):
        give_points(actor=other, mark_id=held.pk, given=["5", "3"], now=AFTER)
    give_back(actor=one, mark_id=held.pk)
    again = claim(made, other)
    assert again is not None
    late = AFTER + CLAIM_LASTS
    taken = claim(made, one, at=late)
    assert taken is not None
    with pytest.raises(NotFound, match="自动退回"):
        give_points(actor=other, mark_id=again.pk, given=["5", "3"], now=late)
    for wrong in (["6", "3"], ["", "3"], ["1.25", "0"], ["-1", "0"], ["x", "0"]):
        with pytest.raises(Invalid) as caught:
            give_points(actor=one, mark_id=taken.pk, given=wrong, now=late)
        assert set(caught.value.fields) == {"item-0"}
    done = give_points(actor=one, mark_id=taken.pk, given=["4.5", "3"], comment="理由不全", now=late)
    assert (done.points, done.rubric[0]) == (Decimal("7.5"), ["说出先开灯", "4.5", "5"])
    with pytest.raises(Conflict, match="已经评过"):
        give_points(actor=one, mark_id=taken.pk, given=["5", "3"], now=late)
    with pytest.raises(Conflict):
        give_back(actor=one, mark_id=taken.pk)
    entry = Entry.objects.get(kind="exams.answer_marked")
    assert f"person:{made.learners[0].person_id}" not in entry.refs.values_list("ref", flat=True)


def test_only_markers_mark_and_nobody_their_own_answer() -> None:
    made = make_written()
    hand_in(made, made.learners[0])
    stranger = make_teacher()
    for who in (stranger, made.manager, made.learners[0]):
        with pytest.raises(Refused):
            claim(made, who)
    with pytest.raises(Invalid, match="本机构"):
        name_markers(actor=made.manager, exam=made.exam, people=[stranger.person_id or 0], now=AFTER)
    with pytest.raises(Refused):
        name_markers(actor=made.teachers[0], exam=made.exam, people=[], now=AFTER)
    name_markers(actor=made.manager, exam=made.exam, people=[made.manager.person_id or 0], now=AFTER)
    with pytest.raises(Refused):
        claim(made, made.teachers[0])
    assert claim(made, made.manager) is not None
    name_markers(actor=made.manager, exam=made.exam, people=[], now=AFTER)
    own = replace(made.teachers[0], person_id=made.learners[0].person_id)  # the learner teaches here as well
    assert claim(made, own, 2) is None
    assert claim(made, made.teachers[1], 2) is not None


def test_two_people_mark_apart_and_a_third_decides_where_they_differ_too_much() -> None:
    made = make_written(double_marking=True, difference_percent=20, teachers=3)
    one, two, three = made.teachers
    attempt = hand_in(made, made.learners[0])
    assert mark_next(made, one, 1, "5", "3") is not None
    assert claim(made, one) is None
    assert mark_next(made, two, 1, "5", "1.5") is not None
    near = Answer.objects.get(attempt=attempt, question=made.questions[1])
    assert near.awarded == Decimal("7.2")
    mark_next(made, one, 2, "9")
    mark_next(made, two, 2, "6")
    far = Answer.objects.get(attempt=attempt, question=made.questions[2])
    assert far.awarded is None
    line = next(line for line in desk_lines(made.exam) if line.question_id == far.question_id)
    assert (line.total, line.done, line.apart) == (1, 0, 1)
    assert claim(made, one, 2) is None
    last = mark_next(made, three, 2, "8")
    assert last is not None
    assert last.round == "deciding"
    done = Attempt.objects.get(pk=attempt.pk)
    assert (done.state, done.score) == ("marked", Decimal("17.2"))
    figures = {row.person_id: row for row in marker_figures(made.exam)}
    assert (figures[one.person_id or 0].count, figures[three.person_id or 0].decided) == (2, 1)
    assert figures[two.person_id or 0].offset < 0


def test_where_a_chief_is_named_only_the_chief_decides() -> None:
    made = make_written(double_marking=True, difference_percent=1, teachers=4)
    people = [one.person_id or 0 for one in made.teachers]
    name_markers(actor=made.manager, exam=made.exam, people=people[:3], chiefs=people[3:], now=AFTER)
    hand_in(made, made.learners[0])
    mark_next(made, made.teachers[0], 2, "9")
    mark_next(made, made.teachers[1], 2, "8")
    assert claim(made, made.teachers[2], 2) is None
    decided = claim(made, made.teachers[3], 2)
    assert decided is not None
    assert decided.round == "deciding"


def test_the_desk_lists_what_waits_and_how_far_it_is() -> None:
    made = make_written()
    hand_in(made, made.learners[0])
    hand_in(made, made.learners[1])
    mark_next(made, made.teachers[0], 1, "5", "3")
    assert [(line.total, line.done, line.percent) for line in desk_lines(made.exam)] == [(2, 1, 50), (2, 0, 0)]
    assert [exam.waiting for exam in exams_to_score(made.teachers[1])] == [3]
    assert not exams_to_score(make_teacher())
