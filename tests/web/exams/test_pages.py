"""The pages of ``exams``: a teacher's way from a sheet to a paper, a learner's from the list to the result."""

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.factories.exams import (
    CLOSES,
    OPENS,
    RIGHT,
    Sitting,
    make_bank,
    make_draft_paper,
    make_exam,
    make_paper,
    question_rows,
    questions_of,
    sit,
)
from tests.factories.identity import client_for, make_bureau, make_provider
from tests.factories.training import make_running_cohort
from tests.support.clocks import Time
from zhenxue.exams.models import Answer, Attempt, Exam, Paper, Question
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


def begun(sitting: Sitting, time: Time) -> tuple[Client, str]:
    """A learner's browser with an open attempt, and the attempt's address."""
    client = client_for(sitting.learners[0])
    answer = client.post(f"/exams/{sitting.exam.pk}/start/")
    assert answer.status_code == 302
    return client, answer.headers["Location"]


def test_a_question_is_written_edited_and_retired_by_hand(time: Time) -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client = client_for(manager)
    form = {
        "kind": "single",
        "stem": "先做什么？",
        "options": "关灯\n开灯",
        "answer": "b",
        "score": "2",
        "explanation": "",
    }
    wrong = client.post(f"/banks/{bank.pk}/questions/new/", {**form, "answer": "E"})
    assert wrong.status_code == 422
    assert "先做什么？" in wrong.content.decode()
    assert client.post(f"/banks/{bank.pk}/questions/new/", form).status_code == 302
    question = Question.objects.get()
    assert question.key == {"right": ["B"]}
    assert "先做什么？" in client.get(f"/banks/questions/{question.pk}/").content.decode()
    client.post(f"/banks/questions/{question.pk}/", {**form, "stem": "最先做什么？"})
    new = Question.objects.get(state="active")
    assert (new.version, new.stem) == (2, "最先做什么？")
    client.post(f"/banks/questions/{new.pk}/retire/")
    assert not questions_of(bank)
    assert client.get(f"/banks/questions/{new.pk}/").status_code == 200


def test_a_paper_is_built_on_one_page(time: Time) -> None:
    manager = make_provider()
    bank = make_bank(manager)
    client = client_for(manager)
    made = client.post("/banks/papers/new/", {"title": "新卷", "multiple_rule": "all"})
    page = made.headers["Location"]
    assert client.post(f"{page}add/", {}).status_code == 422
    ids = [question.pk for question in questions_of(bank)]
    client.post(f"{page}add/", {"question": ids[:3]})
    client.post(f"{page}lines/{ids[2]}/up/", {f"score-{ids[0]}": "5"})
    client.post(f"{page}lines/{ids[0]}/remove/")
    assert client.post(f"{page}lines/{ids[0]}/explode/").status_code == 404
    assert client.post(f"{page}scores/", {f"score-{ids[1]}": "abc"}).status_code == 422
    client.post(f"{page}scores/", {f"score-{ids[1]}": "4.5"})
    text = client.get(f"{page}?kind=single").content.decode()
    assert "保存分值" in text
    assert client.post(f"{page}finish/").status_code == 302
    paper = Paper.objects.get()
    assert (paper.state, paper.questions, str(paper.total)) == ("final", 2, "7.5")
    assert client.post(f"{page}scores/", {f"score-{ids[1]}": "1"}).status_code == 409
    assert client.post(f"{page}copy/").status_code == 302
    client.post(f"{page}retire/")
    assert Paper.objects.get(pk=paper.pk).state == "retired"


def test_a_manager_arranges_publishes_and_cancels(time: Time) -> None:
    running = make_running_cohort(learners=1)
    paper = make_paper(running.manager)
    client = client_for(running.manager)
    form = {
        "cohort": running.cohort.pk,
        "stage_number": 1,
        "paper": paper.pk,
        "title": "阶段考核",
        "opens_at": f"{clock.CIVIL_ZONE.fromutc(OPENS.replace(tzinfo=clock.CIVIL_ZONE)):%Y-%m-%dT%H:%M}",
        "closes_at": f"{clock.CIVIL_ZONE.fromutc(CLOSES.replace(tzinfo=clock.CIVIL_ZONE)):%Y-%m-%dT%H:%M}",
        "duration_minutes": 45,
        "attempts_allowed": 1,
    }
    wrong = client.post("/exams/new/", {**form, "stage_number": 7})
    assert wrong.status_code == 422
    assert "没有这个阶段" in wrong.content.decode()
    assert "阶段考核" in wrong.content.decode()
    page = client.post("/exams/new/", form).headers["Location"]
    exam = Exam.objects.get()
    assert exam.opens_at == OPENS
    assert "阶段考核" in client.get(f"{page}edit/").content.decode()
    assert client.post(f"{page}edit/", {**form, "duration_minutes": 0}).status_code == 422
    assert client.post(f"{page}edit/", {**form, "duration_minutes": 50}).status_code == 302
    assert Exam.objects.get().duration_minutes == 50
    assert "发布考试" in client.get(page).content.decode()
    client.post(f"{page}schedule/")
    assert client.post(f"{page}edit/", form).status_code == 409
    assert client.post(f"{page}cancel/", {"reason": ""}).status_code == 422
    assert "最多写 300 个字" in client.post(f"{page}cancel/", {"reason": "改期" * 151}).content.decode()
    client.post(f"{page}cancel/", {"reason": "改期"})
    assert Exam.objects.get().state == "cancelled"
    assert client.post("/exams/new/", form).status_code == 302


def test_a_learner_goes_from_the_list_to_the_result_without_script(time: Time) -> None:
    sitting = make_exam()
    client = client_for(sitting.learners[0])
    assert "进入考试" in client.get("/exams/").content.decode()
    assert "开始考试" in client.get(f"/exams/{sitting.exam.pk}/entry/").content.decode()
    page = client.post(f"/exams/{sitting.exam.pk}/start/").headers["Location"]
    assert client.post(f"/exams/{sitting.exam.pk}/start/").headers["Location"] == page
    text = client.get(page).content.decode()
    assert text.count("data-question=") == 6
    for position, given in enumerate(RIGHT, start=1):
        time.now += dt.timedelta(minutes=1)
        answer = client.post(f"{page}answers/{position}/", {"given": given}, follow=True)
        assert f"第 {position} 号" in answer.content.decode()
    assert "全部题目都已作答" in client.get(f"{page}submit/").content.decode()
    result = client.post(f"{page}submit/", follow=True)
    assert "恭喜通过" in result.content.decode()
    assert client.post(f"{page}submit/", follow=True).status_code == 200
    assert client.get(page).headers["Location"] == f"{page}result/"
    assert "已通过" in client.get("/exams/").content.decode()
    listed = client_for(sitting.manager).get("/exams/").content.decode()
    assert '<td class="num">1</td><td class="num">1</td></tr>' in listed  # sat and passed


def test_the_script_gets_numbers_and_the_servers_clock(time: Time) -> None:
    sitting = make_exam(duration=30)
    client, page = begun(sitting, time)
    body = {"given": ["B"], "client_sequence": "1"}
    first = client.post(f"{page}answers/1/", body, headers=JSON).json()
    assert (first["sequence"], first["position"]) == (1, 1)
    assert first["server_now"] == int(time.now.timestamp() * 1000)
    assert client.post(f"{page}answers/1/", body, headers=JSON).json()["sequence"] == 1
    state = client.get(f"{page}state/", headers=JSON).json()
    assert (state["state"], state["sequence"], state["here"]) == ("open", 1, True)
    wrong = client.post(f"{page}answers/1/", {"given": ["Q"]}, headers=JSON)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "exams.no_such_option")
    time.now += dt.timedelta(minutes=31)
    late = client.post(f"{page}answers/2/", {"given": ["B"], "client_sequence": "2"}, headers=JSON)
    assert (late.status_code, late.json()["code"]) == (409, "exams.deadline_passed")
    assert client.get(f"{page}state/", headers=JSON).json()["state"] == "marked"
    assert client.post(f"{page}answers/2/", {"given": ["B"]}).headers["Location"] == f"{page}result/"
    assert Answer.objects.count() == 1


def test_right_answers_do_not_leave_the_server_before_the_exam_is_over(time: Time) -> None:
    sitting = make_exam()
    Question.objects.filter(explanation="先开灯。").update(explanation="秘密解析甲")
    client, page = begun(sitting, time)
    assert "秘密解析甲" not in client.get(page).content.decode()
    client.post(f"{page}answers/1/", {"given": ["A"]})
    result = client.post(f"{page}submit/", follow=True).content.decode()
    assert "秘密解析甲" not in result
    assert "正确答案" not in result
    time.now = CLOSES
    result = client.get(f"{page}result/").content.decode()
    assert "秘密解析甲" in result
    assert "正确答案" in result


def test_another_learner_staff_and_the_other_county_cannot_enter_an_attempt(time: Time) -> None:
    sitting = make_exam()
    _, page = begun(sitting, time)
    other = client_for(sitting.learners[1])
    for address in (page, f"{page}state/", f"{page}submit/", f"{page}result/"):
        assert other.get(address).status_code == 404
    assert other.post(f"{page}answers/1/", {"given": ["B"]}).status_code == 403
    assert other.post(f"{page}submit/").status_code == 403
    assert other.post(f"{page}move/").status_code == 403
    staff = client_for(sitting.manager)
    assert staff.get(page).status_code == 403
    assert staff.get(f"{page}result/").status_code == 200
    assert client_for(make_bureau("371521")).get(f"{page}result/").status_code == 404
    assert client_for(sitting.running.bureau).get(f"{page}result/").status_code == 200


def test_a_new_sign_in_goes_on_when_the_invigilator_lets_it(time: Time) -> None:
    sitting = make_exam()
    old, page = begun(sitting, time)
    new = client_for(sitting.learners[0])
    moved = new.get(page)
    assert moved.status_code == 409
    assert "在本机继续考试" in moved.content.decode()
    assert new.post(f"{page}answers/1/", {"given": ["B"]}).status_code == 409
    assert new.post(f"{page}move/").status_code == 409
    attempt = Attempt.objects.get()
    released = client_for(sitting.manager).post(f"/exams/attempts/{attempt.pk}/room/release/", {"reason": "手机没电"})
    assert released.status_code == 302
    assert new.post(f"{page}move/").headers["Location"] == page
    assert new.post(f"{page}answers/1/", {"given": ["B"]}).status_code == 302
    assert Attempt.objects.get().moves == 1
    assert old.post(f"{page}answers/2/", {"given": ["B"]}).status_code == 401
    assert Answer.objects.count() == 1


def test_results_are_listed_searched_and_exported_with_masked_numbers(time: Time) -> None:
    sitting = make_exam()
    for learner in sitting.learners:
        sit(sitting, learner)
    client = client_for(sitting.manager)
    person = sitting.enrolments[0].person
    text = client.get(f"/exams/{sitting.exam.pk}/?passed=True&q={person.name}").content.decode()
    assert person.name in text
    assert person.citizen_number not in text
    book = load_workbook(io.BytesIO(client.get(f"/exams/{sitting.exam.pk}/results.xlsx").content))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 3
    assert "********" in str(rows[1][1])
    assert "错得最多的题" in client.get(f"/exams/{sitting.exam.pk}/").content.decode()


def test_a_bureau_reads_banks_papers_and_exams_but_changes_nothing(time: Time) -> None:
    sitting = make_exam(ready=False)
    bank = questions_of(make_bank(sitting.manager, title="又一个"))[0].bank
    bureau = client_for(sitting.running.bureau)
    for address in ("/banks/", f"/banks/{bank.pk}/", "/banks/papers/", "/exams/", f"/exams/{sitting.exam.pk}/"):
        page = bureau.get(address)
        assert page.status_code == 200, address
        assert "监管视图" in page.content.decode(), address
    assert bureau.get(f"/banks/papers/{sitting.exam.paper_id}/").status_code == 200
    for address in ("/banks/new/", f"/banks/{bank.pk}/import/", "/exams/new/", "/banks/papers/new/"):
        assert bureau.get(address).status_code == 403, address
    assert bureau.post(f"/exams/{sitting.exam.pk}/cancel/", {"reason": "x"}).status_code == 403


def test_home_blocks_say_what_waits(time: Time) -> None:
    sitting = make_exam()
    assert sitting.exam.title in client_for(sitting.learners[0]).get("/exams/home/").content.decode()
    assert sitting.exam.title in client_for(sitting.manager).get("/exams/home/").content.decode()


def test_lists_ask_the_database_the_same_number_of_times_however_long_they_are(time: Time) -> None:
    sitting = make_exam(learners=2, duration=600)
    manager = client_for(sitting.manager)
    learner = client_for(sitting.learners[0])
    bank = make_bank(sitting.manager, title="长题库", questions=3)
    draft = make_draft_paper(sitting.manager, title="草稿卷")
    places = ["/banks/", f"/banks/{bank.pk}/", "/banks/papers/", f"/banks/papers/{draft.pk}/", "/exams/"]
    pages = [(manager, place) for place in [*places, f"/exams/{sitting.exam.pk}/"]] + [(learner, "/exams/")]
    sit(sitting, sitting.learners[0])
    before = [queries_of(client, place) for client, place in pages]
    sit(sitting, sitting.learners[1])
    rows = SimpleUploadedFile("题.csv", question_rows(30, mark="再").encode())
    shown = manager.post(f"/banks/{bank.pk}/import/", {"file": rows}, follow=True)
    manager.post(f"{shown.request['PATH_INFO']}save/", {"save": "1"})
    make_bank(sitting.manager, title="第三个", questions=3)
    make_draft_paper(sitting.manager, title="又一份")
    make_exam(sitting.running, ready=False, title="补考一")
    make_exam(sitting.running, ready=False, title="补考二")
    after = [queries_of(client, place) for client, place in pages]
    assert after == before
    assert max(after) <= 12, dict(zip([place for _, place in pages], after, strict=True))


def queries_of(client: Client, place: str) -> int:
    client.get(place)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(place).status_code == 200
    return len(caught)
