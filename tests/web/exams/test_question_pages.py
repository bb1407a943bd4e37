"""The pages of questions: editors of every kind without script, files, lists with changes to many, doubles."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.exams import DEVICE, SITTING, make_bank, make_exam, questions_of, start
from tests.factories.exams_kinds import facts_of_kinds, make_kinds_bank, make_kinds_paper, make_picture, picture
from tests.factories.identity import client_for, make_bureau, make_provider
from tests.factories.training import make_running_cohort
from zhenxue.exams import api as exams
from zhenxue.exams.models import Question, QuestionAsset, QuestionBank
from zhenxue.exams.operations.banks import add_question
from zhenxue.exams.web.forms import EDITORS
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db


def fields_of(client: Client, address: str) -> dict[str, str]:
    """What the editor's form holds, as a browser would send it."""
    form = client.get(address).context["form"]
    sent = {}
    for field in form:
        value = field.value()
        if value not in (None, False, []) and field.name != "uploads":
            sent[field.html_name] = "on" if value is True else str(value)
    return sent | {f"rows-{group.part}": str(len(group.rows)) for group in form.shown_groups}


def test_every_kind_is_shown_and_its_editor_gives_back_what_it_was_filled_with() -> None:
    manager = make_provider()
    client = client_for(manager)
    for question in make_kinds_bank(manager):
        page = client.get(f"/banks/questions/{question.pk}/")
        assert page.status_code == 200, question.kind
        assert "<math" in page.content.decode() or question.kind != "true_false"
        sent = fields_of(client, f"/banks/questions/{question.pk}/edit/")
        preview = client.post(f"/banks/{question.bank_id}/questions/preview/", sent | {"act": "preview"})
        assert "还差" not in preview.content.decode(), (question.kind, preview.content.decode())
        same = client.post(f"/banks/questions/{question.pk}/edit/", sent)
        assert same.status_code == 302, (question.kind, same.content.decode())
        if question.kind in {"matching", "ordering"}:  # what is shown may stand in another order now
            continue
        assert Question.objects.filter(bank=question.bank_id, number=question.number).count() == 1, question.kind
        again = client.post(f"/banks/questions/{question.pk}/edit/", sent | {"stem": f"新：{question.stem}"})
        new = Question.objects.get(bank=question.bank_id, number=question.number, state="active")
        assert again.headers["Location"] == f"/banks/questions/{new.pk}/"
        assert (new.version, new.body, new.key) == (2, question.body, question.key)
        assert "历次版本" in client.get(f"/banks/questions/{new.pk}/").content.decode()


@pytest.mark.parametrize("kind", sorted(EDITORS))
def test_an_empty_editor_says_at_its_fields_what_is_missing_and_keeps_what_was_typed(kind: str) -> None:
    manager = make_provider()
    bank = exams.create_bank(actor=manager, title="空", now=clock.now())
    client = client_for(manager)
    address = f"/banks/{bank.pk}/questions/new/"
    assert client.get(f"{address}?kind={kind}").status_code == 200
    refused = client.post(address, {"kind": kind, "stem": "还没写完的题", "score": "2"})
    assert refused.status_code == 422
    assert "还没写完的题" in refused.content.decode()
    assert not Question.objects.exists()


def test_rows_are_added_without_script_and_empty_ones_are_left_out() -> None:
    manager = make_provider()
    bank = exams.create_bank(actor=manager, title="行", now=clock.now())
    client, address = client_for(manager), f"/banks/{bank.pk}/questions/new/"
    typed = {"kind": "matching", "stem": "配对", "score": "2", "rows-pair": "4", "left-0": "甲", "right-0": "一"}
    more = client.post(address, typed | {"left-2": "乙", "right-2": "二", "act": "more-pair"})
    text = more.content.decode()
    assert more.status_code == 200
    assert more.context["form"].counts == {"pair": 4}
    assert [one.context["form"]["left-1"].value() for one in [more]] == ["乙"]
    assert "配对" in text
    full = typed | {f"left-{at}": f"左{at}" for at in range(4)} | {f"right-{at}": f"右{at}" for at in range(4)}
    assert client.post(address, full | {"act": "more-pair"}).context["form"].counts == {"pair": 5}
    wrong = client.post(address, full | {"right-3": "", "left-1": "左0"})
    assert wrong.status_code == 422
    assert "右边" in wrong.content.decode()
    assert client.post(address, full | {"rows-pair": "5", "right-4": "干扰项"}).status_code == 302
    question = Question.objects.get()
    pairs = [question.body["right"][pair] for pair in question.key["pairs"]]
    assert (question.body["left"], pairs) == (["左0", "左1", "左2", "左3"], ["右0", "右1", "右2", "右3"])
    assert question.key["pairs"] != [0, 1, 2, 3]
    assert "干扰项" in question.body["right"]


def test_a_file_comes_with_the_question_and_only_those_who_may_see_it_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SITTING)
    running = make_running_cohort(learners=2)
    manager = running.manager
    bank = exams.create_bank(actor=manager, title="图", now=clock.now())
    client, address = client_for(manager), f"/banks/{bank.pk}/questions/new/"
    typed = {"kind": "true_false", "stem": "看图判断", "answer": "对", "score": "2"}
    shown = client.post(
        address, typed | {"act": "show", "uploads": SimpleUploadedFile("图.png", picture(), "text/html")}
    )
    asset = QuestionAsset.objects.get()
    assert f"![图](asset:{asset.pk})" in shown.content.decode()
    bad = SimpleUploadedFile("x.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/png")
    refused = client.post(address, typed | {"uploads": bad})
    assert refused.status_code == 422
    assert "SVG" in refused.content.decode()
    for data in (b"<html><script>", b"GIF89a", b""):
        assert (
            client.post(f"/banks/{bank.pk}/files/", {"uploads": SimpleUploadedFile("a.jpg", data)}).status_code == 422
        )
    assert (
        client.post(f"/banks/{bank.pk}/files/", {"uploads": SimpleUploadedFile("b.png", picture())}).status_code == 302
    )
    assert QuestionAsset.objects.count() == 1
    assert "图.png" in client.get(f"/banks/{bank.pk}/files/?kind=image").content.decode()
    answer = client.get(f"/banks/files/{asset.pk}/")
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        200,
        "image/png",
        "nosniff",
    )
    assert client_for(make_provider()).get(f"/banks/files/{asset.pk}/").status_code == 404
    assert client_for(make_bureau("371521")).get(f"/banks/files/{asset.pk}/").status_code == 404

    sitting = make_exam(running, paper=make_kinds_paper(manager, without=("practical", "hotspot")))
    learner, other = (client_for(one) for one in sitting.learners)
    held = QuestionAsset.objects.exclude(pk=asset.pk).get()
    assert learner.get(f"/banks/files/{held.pk}/").status_code == 404
    start(sitting, sitting.learners[0], device=DEVICE)
    assert learner.get(f"/banks/files/{held.pk}/").status_code == 200
    assert learner.get(f"/banks/files/{asset.pk}/").status_code == 404
    assert other.get(f"/banks/files/{held.pk}/").status_code == 404


def test_the_list_is_narrowed_and_many_questions_are_changed_at_once() -> None:
    manager = make_provider()
    bank = make_bank(manager)
    client, change = client_for(manager), f"/banks/{bank.pk}/change/"
    ids = [question.pk for question in questions_of(bank)]
    assert client.post(change, {"act": "retire"}).status_code == 422
    assert client.post(change, {"act": "explode", "question": ids[:1]}).status_code == 422
    client.post(change, {"act": "difficulty", "difficulty": "5", "question": ids[:2]})
    client.post(change, {"act": "score", "score": "4.5", "question": ids[:2]})
    assert client.post(change, {"act": "score", "score": "0", "question": ids[:2]}).status_code == 422
    assert client.post(change, {"act": "point", "point": "没有这一点", "question": ids[:2]}).status_code == 422
    assert [(one.difficulty, str(one.score), one.version) for one in questions_of(bank)[:3]] == [
        (5, "4.5", 1),
        (5, "4.5", 1),
        (3, "3.0", 1),
    ]
    assert client.get(f"/banks/{bank.pk}/?difficulty=5&used=no").context["listing"].total == 2
    client.post(change, {"act": "retire", "question": ids})
    assert client.get(f"/banks/{bank.pk}/?state=active").context["listing"].total == 0
    client.post(change, {"act": "restore", "question": ids})
    assert len(questions_of(bank)) == len(ids)
    client.post(f"/banks/questions/{ids[0]}/retire/")
    assert client.post(f"/banks/questions/{ids[0]}/restore/").status_code == 302
    stranger = client_for(make_provider())
    assert stranger.post(change, {"act": "retire", "question": ids}).status_code == 404
    other = questions_of(make_bank(manager, title="别的题库", questions=3))[0]
    assert "没有改动" in client.post(change, {"act": "retire", "question": [other.pk]}, follow=True).content.decode()


def test_doubles_are_found_by_their_stems_and_merged_or_kept() -> None:
    manager = make_provider()
    bank = make_bank(manager, questions=0)
    client, page = client_for(manager), f"/banks/{bank.pk}/doubles/"
    assert "没有重复的题" in client.get(page).content.decode()
    first, second = _twins(manager, bank)
    assert "选项不同" in client.get(page).content.decode()
    assert client.post(page, {"question": [first.pk, second.pk]}).status_code == 422
    client.post(page, {"act": "keep", "question": [first.pk, second.pk]})
    assert "没有重复的题" in client.get(page).content.decode()
    Question.objects.update(kept_double=False)
    client.post(page, {"act": "merge", "kept": second.pk, "question": [first.pk, second.pk]})
    assert questions_of(bank) == [second]
    assert client.post(f"/banks/questions/{first.pk}/restore/").status_code == 302
    Question.objects.filter(pk=first.pk).update(state="retired", digest=second.digest)
    assert client.post(f"/banks/questions/{first.pk}/restore/").status_code == 409


def _twins(manager: Actor, bank: QuestionBank) -> tuple[Question, Question]:
    facts = facts_of_kinds(make_picture(manager, bank).pk)[0]
    one = add_question(actor=manager, bank=bank, facts=facts, now=clock.now())
    twin = replace(facts, stem="先做　什么", body={"options": ["开灯", "睡觉"]})
    return one, add_question(actor=manager, bank=bank, facts=twin, now=clock.now())
