"""Pages of marking by hand, of results, appeals and publication."""

import datetime as dt

import pytest
from django.test import Client

from tests.factories.exams import CLOSES, SITTING
from tests.factories.exams_marking import AFTER, Marked, hand_in, make_written, mark_next
from tests.factories.identity import client_for, make_bureau
from tests.support.clocks import Time, stand_at
from zhenxue.exams.models import Attempt, Exam, Examiner, Mark, ScoreAppeal, ScoreChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return stand_at(AFTER, monkeypatch)


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def test_a_teacher_marks_blind_from_one_answer_to_the_next(time: Time) -> None:
    made = make_written()
    for learner in made.learners:
        hand_in(made, learner)
    names = [one.person.name for one in made.running.enrolments]
    client = client_for(made.teachers[0])
    assert "4 份答案" in text_of(client, "/exams/scoring/")
    desk = f"/exams/{made.exam.pk}/scoring/"
    assert "已评 0 / 2" in text_of(client, desk)
    first = client.post(f"{desk}{made.questions[1].pk}/next/")
    page = first.headers["Location"]
    shown = text_of(client, page)
    assert "说出先开灯（0–5 分）" in shown
    assert "先开灯，再开播。" in shown
    assert not any(name in shown for name in names)
    wrong = client.post(page, {"item-0": "6", "item-1": "3", "comment": "理由"})
    assert wrong.status_code == 422
    assert "请填 0 到 5 的分数" in wrong.content.decode()
    assert "理由" in wrong.content.decode()
    second = client.post(page, {"item-0": "4", "item-1": "3", "comment": "写得清楚"})
    assert second.headers["Location"] != page
    held = f'href="{second.headers["Location"]}">接着评手上的一份'
    assert held in text_of(client, desk)
    assert held not in text_of(client_for(made.teachers[1]), desk)
    back = client.post(f"{second.headers['Location']}back/")
    assert back.headers["Location"] == desk
    assert "接着评" not in text_of(client, desk)
    again = client.post(f"{desk}{made.questions[1].pk}/next/").headers["Location"]
    last = client.post(again, {"quick": "full", "comment": ""})
    assert last.headers["Location"] == desk
    assert sorted(Mark.objects.values_list("points", flat=True)) == [7, 8]
    assert "7 / 8" in text_of(client, page).replace("7.0", "7") or "评下一份" in text_of(client, page)
    assert client.post(page, {"quick": "zero"}).status_code in {409, 422}
    other = client_for(made.teachers[1])
    assert other.get(page).status_code == 404
    assert "没有指定" in text_of(other, desk)


def test_the_manager_names_markers_and_publishes_and_the_bureau_only_reads(time: Time) -> None:
    made = make_written(publish_at=CLOSES + dt.timedelta(days=2))
    hand_in(made, made.learners[0], given=(["A"], [], []))
    client = client_for(made.manager)
    people = f"/exams/{made.exam.pk}/scoring/people/"
    assert made.teachers[0].name in text_of(client, people)
    assert client.post(people, {"people": [made.teachers[0].person_id]}).status_code == 302
    assert Examiner.objects.get().person_id == made.teachers[0].person_id
    assert client.post(people, {"people": ["0"]}).status_code == 422
    assert "提前公布成绩" in text_of(client, f"/exams/{made.exam.pk}/")
    officer = client_for(make_bureau())
    assert "领取一份来评" not in text_of(officer, f"/exams/{made.exam.pk}/scoring/")
    assert officer.post(f"/exams/{made.exam.pk}/publish/").status_code == 403
    assert client.post(f"/exams/{made.exam.pk}/publish/").status_code == 302
    assert Exam.objects.get().published_at == AFTER
    assert "没有标注考核点" in text_of(officer, f"/exams/{made.exam.pk}/wrong-answers/")
    assert officer.get(f"/exams/{made.exam.pk}/wrong-answers.xlsx").status_code == 200


def test_before_publication_no_page_of_the_learner_tells_anything(time: Time) -> None:
    made = make_written(publish_at=CLOSES + dt.timedelta(days=2))
    time.now = SITTING
    attempt = hand_in(made, made.learners[0], given=(["A"], ["   "], []))
    assert Attempt.objects.get().score == 2
    client, enrolment = client_for(made.learners[0]), made.running.enrolments[0]
    result = f"/exams/attempts/{attempt.pk}/result/"
    time.now = SITTING + dt.timedelta(hours=1)
    addresses = [result, "/exams/", "/exams/home/", f"/exams/{made.exam.pk}/entry/", f"/archives/{enrolment.pk}/"]
    addresses.append(f"/evidence/learners/{enrolment.pk}/")
    pages = {address: text_of(client, address) for address in addresses}
    assert "公布" in pages[result]
    for address, page in pages.items():
        assert "不合格" not in page, address
        assert "2 / 20" not in page, address
    assert client.get(f"/exams/attempts/{attempt.pk}/appeal/").status_code == 403
    seen = text_of(client_for(made.manager), result)
    assert "不合格" in seen
    Exam.objects.update(published_at=AFTER)
    time.now = AFTER
    assert "不合格" in text_of(client, result)


def appealed(made: Marked) -> tuple[Attempt, Client]:
    attempt = hand_in(made, made.learners[0])
    mark_next(made, made.teachers[0], 1, "5", "0", comment="没有写原因")
    mark_next(made, made.teachers[0], 2, "4")
    return attempt, client_for(made.learners[0])


def test_a_learner_reads_the_comments_asks_again_and_two_people_change_the_score(time: Time) -> None:
    made = make_written()
    attempt, learner = appealed(made)
    result = f"/exams/attempts/{attempt.pk}/result/"
    shown = text_of(learner, result)
    assert "没有写原因" in shown
    assert made.teachers[0].name not in shown
    ask = f"/exams/attempts/{attempt.pk}/appeal/"
    assert learner.post(ask, {"text": "短"}).status_code == 422
    page = learner.post(ask, {"text": "第二题我写了原因。", "positions": ["2"]}).headers["Location"]
    assert learner.get(ask).status_code == 409
    assert "正在复核" in text_of(learner, page)
    assert "待复核" in text_of(learner, "/exams/appeals/")
    manager = client_for(made.manager)
    assert "第二题我写了原因。" in text_of(manager, page)
    assert manager.post(f"{page}uphold/", {"reply": ""}).status_code == 422
    change = manager.post(f"{page}change/", {"reason": "原因写在最后一行。", "points-2": "8"}).headers["Location"]
    assert "要由提出人以外的同事确认" in text_of(manager, change)
    assert manager.post(f"{change}approve/").status_code == 403
    teacher = client_for(made.running.teacher)
    assert "等第二个人确认" in text_of(teacher, "/exams/appeals/")
    assert teacher.post(f"{change}approve/", {"note": ""}).status_code == 302
    assert Attempt.objects.get().score == 14
    assert "已改分" in text_of(learner, page)
    assert learner.get(change).status_code == 403
    assert "原因写在最后一行。" in text_of(learner, page)
    assert ScoreAppeal.objects.get().state == "changed"


def test_a_manager_proposes_and_a_teacher_declines_a_change(time: Time) -> None:
    made = make_written()
    attempt, _ = appealed(made)
    manager, teacher = client_for(made.manager), client_for(made.running.teacher)
    ask = f"/exams/attempts/{attempt.pk}/change/"
    assert "改分" in text_of(manager, f"/exams/attempts/{attempt.pk}/result/")
    assert teacher.get(ask).status_code == 403
    assert manager.post(ask, {"reason": "漏看了后半段。", "points-3": "11"}).status_code == 422
    change = manager.post(ask, {"reason": "漏看了后半段。", "points-3": "9"}).headers["Location"]
    assert teacher.post(f"{change}reject/", {"note": ""}).status_code == 422
    assert teacher.post(f"{change}reject/", {"note": "后半段与题目无关。"}).status_code == 302
    assert ScoreChange.objects.get().state == "rejected"
    assert Attempt.objects.get().score == 11
