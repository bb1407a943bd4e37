"""Pages of practice: phone first, every step a plain form."""

import pytest

from tests.factories.exams import make_bank
from tests.factories.identity import client_for, make_bureau, make_learner
from tests.factories.training import make_running_cohort
from zhenxue.exams.models import ErrorCard, PracticeOpening, PracticeRound, Question

pytestmark = pytest.mark.django_db


def test_a_teacher_opens_a_bank_and_a_learner_practises_it_to_the_end() -> None:
    running = make_running_cohort(learners=1)
    bank = make_bank(running.manager, questions=3)
    staff, page = client_for(running.teacher), f"/practice/cohorts/{running.cohort.pk}/"
    assert running.cohort.code in staff.get("/practice/cohorts/").content.decode()
    assert staff.post(page, {"what": "", "minutes": "60"}).status_code == 422
    assert staff.post(page, {"what": f"bank:{bank.pk}", "minutes": ""}).status_code == 302
    opening = PracticeOpening.objects.get()
    assert bank.title in client_for(running.bureau).get(page).content.decode()
    assert client_for(make_bureau("371521")).get(page).status_code == 404

    learner = client_for(running.learners[0])
    assert bank.title in learner.get("/practice/").content.decode()
    assert learner.post(f"/practice/openings/{opening.pk}/start/", {"kind": "xx", "count": "10"}).status_code == 422
    wrong_point = {"kind": "", "count": "10", "point": "1"}  # the bank has no points
    assert learner.post(f"/practice/openings/{opening.pk}/start/", wrong_point).status_code == 422
    begun = learner.post(f"/practice/openings/{opening.pk}/start/", {"kind": "", "count": "10"})
    one = PracticeRound.objects.get()
    address = f"/practice/rounds/{one.pk}/"
    assert begun.headers["Location"] == address
    first = learner.get(address).content.decode()
    assert "提交，看对错" in first
    assert "正确答案" not in first
    assert learner.post(f"{address}1/", {}).status_code == 422
    assert client_for(make_learner()).get(address).status_code == 404
    for position, row in enumerate(one.sheet, start=1):
        question = Question.objects.get(pk=row[0])
        given = question.key["right"] if position > 1 else ["错"] if question.kind == "true_false" else ["B", "A"][:1]
        if position == 1 and given == question.key["right"]:
            given = ["A"]
        answered = learner.post(f"{address}{position}/", {"given": given})
        assert answered.headers["Location"] == f"{address}?at={position}"
    judged = learner.get(f"{address}?at=1").content.decode()
    assert "答错了" in judged
    assert "正确答案" in judged
    fragment = learner.get(f"{address}?at=2", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    result = learner.get(address).content.decode()
    assert "再练一次" in result
    assert ErrorCard.objects.count() == 1
    assert "答错 1 次" in learner.get("/practice/errors/").content.decode()
    assert "去练习" in learner.get("/practice/home/").content.decode()
    counted = learner.get("/practice/home/", headers={"HX-Request": "true"}).content.decode()
    assert "今天没有要练的错题" in counted
    assert "练习记录" in learner.get("/practice/").content.decode()
    shown = staff.get(page).content.decode()
    assert "错的人最多的题" in shown
    assert staff.post(f"/practice/openings/{opening.pk}/close/").status_code == 302
    assert bank.title not in learner.get("/practice/").content.decode().split("练习记录")[0]
