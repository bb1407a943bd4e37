"""A second look: once, in time, by somebody else; and no score changes by one person alone."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.factories.exams_marking import AFTER, Marked, hand_in, make_written, mark_next
from tests.factories.identity import make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Attempt, ScoreAppeal
from zhenxue.exams.operations.appeals import approve_change, make_appeal, propose_change, reject_change, uphold
from zhenxue.exams.queries.appeals import appeal_until, visible_appeals, visible_changes
from zhenxue.exams.queries.verification import check_scores
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db

WORDS = "第二题我写了原因，请再看一下。"
REPLY = "评分点里没有写到的不给分。"


def marked() -> tuple[Marked, Attempt]:
    """The first learner's attempt with 2 + 5 + 4 = 11 of 20: not passed. The cohort's teacher marked it."""
    made = make_written()
    attempt = hand_in(made, made.learners[0])
    mark_next(made, made.running.teacher, 1, "5", "0")
    mark_next(made, made.running.teacher, 2, "4")
    return made, Attempt.objects.get(pk=attempt.pk)


def test_a_learner_asks_once_and_somebody_who_did_not_mark_answers() -> None:
    made, attempt = marked()
    learner, other = made.learners
    until = appeal_until(attempt)
    assert until is not None
    asked = {"attempt_id": attempt.pk, "text": WORDS, "positions": [2, 99]}
    with pytest.raises(Refused):
        make_appeal(actor=other, **asked, now=AFTER)  # type: ignore[arg-type]  # passed through
    with pytest.raises(Invalid):
        make_appeal(actor=learner, attempt_id=attempt.pk, text="不服", now=AFTER)
    with pytest.raises(Refused, match="期限"):
        make_appeal(actor=learner, **asked, now=AFTER + dt.timedelta(days=30))  # type: ignore[arg-type]  # as above
    appeal = make_appeal(actor=learner, **asked, now=AFTER)  # type: ignore[arg-type]  # as above
    assert (appeal.positions, appeal.before) == ([2], Decimal(11))
    with pytest.raises(Conflict):
        make_appeal(actor=learner, **asked, now=AFTER)  # type: ignore[arg-type]  # as above
    assert Notice.objects.filter(title="有学员申请复核成绩").exists()
    with pytest.raises(Refused, match="评过"):
        uphold(actor=made.running.teacher, appeal_id=appeal.pk, reply=REPLY, now=AFTER)
    with pytest.raises(NotFound):
        uphold(actor=make_teacher(), appeal_id=appeal.pk, reply=REPLY, now=AFTER)
    uphold(actor=made.manager, appeal_id=appeal.pk, reply=REPLY, now=AFTER)
    with pytest.raises(Conflict):
        uphold(actor=made.manager, appeal_id=appeal.pk, reply=REPLY, now=AFTER)
    assert ScoreAppeal.objects.get().after == Decimal(11)
    assert visible_appeals(learner).count() == 1
    assert not visible_appeals(other)


def test_a_changed_score_needs_two_people_and_stands_in_the_log_with_what_it_was() -> None:
    made, attempt = marked()
    appeal = make_appeal(actor=made.learners[0], attempt_id=attempt.pk, text=WORDS, now=AFTER)
    wanted = {"attempt_id": attempt.pk, "reason": "第二个评分点写到了。", "appeal_id": appeal.pk, "now": AFTER}
    for bad in ({2: "9"}, {2: "x"}, {}, {2: "5"}):
        with pytest.raises(Invalid):
            propose_change(actor=made.manager, wanted=bad, **wanted)  # type: ignore[arg-type]  # passed through
    with pytest.raises(Conflict, match="复核申请"):
        propose_change(actor=made.manager, attempt_id=attempt.pk, wanted={2: "8"}, reason=REPLY, now=AFTER)
    change = propose_change(actor=made.manager, wanted={2: "8"}, **wanted)  # type: ignore[arg-type]  # as above
    assert (change.before, change.after) == (Decimal(11), Decimal(14))
    with pytest.raises(Refused, match="提出人以外"):
        approve_change(actor=made.manager, change_id=change.pk, now=AFTER)
    with pytest.raises(Conflict, match="第二个人"):
        uphold(actor=made.manager, appeal_id=appeal.pk, reply=REPLY, now=AFTER)
    assert Attempt.objects.get(pk=attempt.pk).score == Decimal(11)
    approve_change(actor=made.running.teacher, change_id=change.pk, now=AFTER)
    done = Attempt.objects.get(pk=attempt.pk)
    assert (done.score, done.passed) == (Decimal(14), True)
    assert ScoreAppeal.objects.get().state == "changed"
    entry = Entry.objects.get(kind="exams.attempt_remarked")
    assert '"before":{"passed":false,"score":"11"' in entry.envelope
    assert not list(check_scores())
    with pytest.raises(Conflict):
        approve_change(actor=made.running.teacher, change_id=change.pk, now=AFTER)
    assert Notice.objects.filter(title="成绩有更正").count() == 1
    assert not visible_changes(made.learners[0])


def test_a_question_that_was_not_answered_can_be_given_points_all_the_same() -> None:
    made = make_written()
    attempt = hand_in(made, made.learners[0], given=(["B"], [], []))
    assert (attempt.score, attempt.answers.count()) == (0, 1)
    reason = "第 2 题题面有误，按规定全部给分。"
    change = propose_change(actor=made.manager, attempt_id=attempt.pk, wanted={2: "8"}, reason=reason, now=AFTER)
    assert (change.points, change.after) == ({"2": ["0", "8"]}, 8)
    approve_change(actor=made.running.teacher, change_id=change.pk, now=AFTER)
    given = attempt.answers.get(question=made.questions[1].pk)
    assert (given.given, given.awarded, given.correct, given.sequence) == ([], Decimal(8), True, attempt.sequence + 1)
    assert Attempt.objects.get(pk=attempt.pk).score == Decimal(8)
    assert not list(check_scores())


def test_a_manager_mends_a_wrong_mark_unless_the_second_person_says_no() -> None:
    made, attempt = marked()
    wanted = {"attempt_id": attempt.pk, "wanted": {3: "10"}, "reason": "漏看了答案的后半段。", "now": AFTER}
    with pytest.raises(Refused):
        propose_change(actor=made.running.teacher, **wanted)  # type: ignore[arg-type]  # passed through
    change = propose_change(actor=made.manager, **wanted)  # type: ignore[arg-type]  # as above
    with pytest.raises(Conflict):
        propose_change(actor=made.manager, **wanted)  # type: ignore[arg-type]  # as above
    with pytest.raises(Invalid):
        reject_change(actor=made.running.teacher, change_id=change.pk, note="", now=AFTER)
    reject_change(actor=made.running.teacher, change_id=change.pk, note="后半段与题目无关。", now=AFTER)
    assert Attempt.objects.get(pk=attempt.pk).score == Decimal(11)
    again = propose_change(actor=made.manager, **wanted)  # type: ignore[arg-type]  # as above
    approve_change(actor=made.running.teacher, change_id=again.pk, now=AFTER)
    assert Attempt.objects.get(pk=attempt.pk).score == Decimal(17)
    assert not list(check_scores())
