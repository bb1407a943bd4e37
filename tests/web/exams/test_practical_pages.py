"""An examiner's phone: the list, one sheet by form and by island, pictures, paper sheets, print."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.factories.exams import SITTING
from tests.factories.exams_marking import make_practical, score
from tests.factories.identity import client_for, make_bureau, make_teacher
from zhenxue.exams.models import Attempt, ScoreEvidence, ScoreSheet
from zhenxue.kernel import clock, sheets

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def at_the_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SITTING)


def test_an_examiner_scores_a_learner_on_the_phone() -> None:
    made = make_practical()
    examiner, name = client_for(made.teachers[0]), made.running.enrolments[0].person.name
    room = f"/exams/{made.exam.pk}/practical/"
    shown = examiner.get(f"{room}?state=todo&q={name}").content.decode()
    assert name in shown
    assert made.running.enrolments[1].person.name not in shown
    page = examiner.post(f"{room}{made.running.enrolments[0].pk}/open/").headers["Location"]
    form = examiner.get(page).content.decode()
    assert "没有断电操作" in form
    assert "还没有评分" in form
    saved = examiner.post(page, {"points-0": "", "deduction-0": ["0"], "client_sequence": "5"}, headers=JSON).json()
    assert (saved["sequence"], saved["done"], saved["points"]) == (5, 1, "8")
    wrong = examiner.post(page, {"points-0": "99", "client_sequence": "6"}, headers=JSON)
    assert wrong.status_code == 422
    assert examiner.post(page, {"points-0": "99"}).status_code == 422
    missing = examiner.post(f"{page}submit/")
    assert missing.status_code == 422
    assert "第 2 步" in missing.content.decode()
    assert examiner.post(page, {"points-0": "12", "points-1": "7.5", "comment": "稳"}).status_code == 302
    picture = io.BytesIO()
    Image.effect_noise((300, 300), 50).save(picture, "PNG")
    add = f"{page}files/"
    assert examiner.post(add, {"file": SimpleUploadedFile("a.png", b"<svg/>")}).status_code == 422
    assert examiner.post(add, {"file": SimpleUploadedFile("a.png", picture.getvalue())}).status_code == 302
    file = f"/exams/practical/files/{ScoreEvidence.objects.get().pk}/"
    taken = examiner.get(file)
    assert (taken.status_code, taken.headers["X-Content-Type-Options"]) == (200, "nosniff")
    other = client_for(made.teachers[1])
    assert {other.get(page).status_code, other.get(file).status_code} == {404}
    assert examiner.post(f"{page}submit/").headers["Location"] == room
    assert examiner.post(page, {"points-0": "1"}, headers=JSON).status_code == 409
    assert "19.5" in examiner.get(page).content.decode()
    score(made, made.teachers[1], 0, "12", "8")
    attempt = Attempt.objects.get()
    result = client_for(made.learners[0]).get(f"/exams/attempts/{attempt.pk}/result/").content.decode()
    assert "考评员1的评分" in result
    assert made.teachers[0].name not in result
    assert client_for(made.learners[0]).get(file).status_code == 200


def test_others_do_not_score_and_the_bureau_reads() -> None:
    made = make_practical()
    room = f"/exams/{made.exam.pk}/practical/"
    open_first = f"{room}{made.running.enrolments[0].pk}/open/"
    assert client_for(make_teacher()).get(room).status_code == 404
    assert client_for(made.running.teacher).post(open_first).status_code == 403
    officer = client_for(make_bureau())
    assert "监管视图" in officer.get(room).content.decode()
    assert officer.post(open_first).status_code == 403
    assert client_for(made.manager).post(open_first).status_code == 403
    assert not ScoreSheet.objects.exists()
    people = f"/exams/{made.exam.pk}/scoring/people/"
    refused = client_for(made.manager).post(people, {"people": [made.teachers[0].person_id]})
    assert "至少要两名考评员" in refused.content.decode()


def test_paper_sheets_are_printed_filled_in_and_imported() -> None:
    made = make_practical()
    client, base = client_for(made.teachers[0]), f"/exams/{made.exam.pk}/practical/"
    printed = client.get(f"{base}print/").content.decode()
    assert all(one.person.name in printed for one in made.running.enrolments)
    table = sheets.read_sheet(client.get(f"{base}template.xlsx").content, "x.xlsx")
    header, rows = table.rows[0].cells, [row.cells[:2] for row in table.rows[1:]]
    bad = sheets.write_xlsx("表", header, [[*rows[0], "12", "9", ""]])
    answer = client.post(f"{base}import/", {"file": SimpleUploadedFile("x.xlsx", bad)})
    assert answer.status_code == 422
    assert "第 2 步应在 0 到 8 之间" in answer.content.decode()
    good = sheets.write_xlsx("表", header, [[*row, "12", "8", ""] for row in rows])
    done = client.post(f"{base}import/", {"file": SimpleUploadedFile("x.xlsx", good)}, follow=True)
    assert "已导入并提交 2 张评分表" in done.content.decode()
    assert client.post(f"{base}import/", {"file": SimpleUploadedFile("x.xlsx", b"no")}).status_code == 422
