"""The pages of presence checks: a learner's own, a teacher's, an officer's."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.checks import Class, make_class, right, wrong
from tests.factories.identity import client_for, make_bureau
from tests.support.devices import register
from zhenxue.identity.data import Actor
from zhenxue.identity.models import LoginSession
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import RunningContext
from zhenxue.integrity.models import Check
from zhenxue.integrity.protocol import answer_text
from zhenxue.integrity.queries import plans
from zhenxue.kernel import clock
from zhenxue.study.pageside import SoftDevice

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


class Now:
    """The clock that views read."""

    def __init__(self) -> None:
        self.value = clock.now()

    def __call__(self) -> dt.datetime:
        return self.value

    def wait(self, seconds: float) -> dt.datetime:
        self.value += dt.timedelta(seconds=seconds)
        return self.value


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    moment = Now()
    monkeypatch.setattr(clock, "now", moment)
    return moment


@pytest.fixture
def room(now: Now) -> Class:
    return make_class(learners=2, now=now())


@pytest.fixture
def running(room: Class, now: Now, monkeypatch: pytest.MonkeyPatch) -> list[RunningContext]:
    """Both learners study."""
    monkeypatch.setattr(plans, "_runners", [])
    contexts = [
        RunningContext(one.person_id, one.pk, f"room:{one.pk}", facts={"unit": room.unit_id, "position_ms": 60_000})
        for one in room.made.enrolments
    ]
    integrity.register_running(lambda cohort_id, now: contexts if cohort_id == room.made.cohort.pk else [])
    return contexts


def ask(room: Class, now: Now, **changes: object) -> Check:
    return room.ask(now=now(), **{"device": "", **changes})


def post(who: Client, name: str, check: Check, values: dict[str, object], **more: object) -> object:
    return who.post(reverse(f"integrity:{name}", args=[check.pk]), values, **more)


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]  # a response of the test client


def test_a_question_is_answered_by_a_plain_form(room: Class, now: Now) -> None:
    check = ask(room, now)
    page = client_for(room.learner)
    shown = text(page.get(reverse("integrity:check", args=[check.pk])))
    assert "先做什么？" in shown
    assert check.task["seed"] not in shown
    assert 'data-presence="presence-check"' in shown
    now.wait(5)
    values = {"kind": check.kind, "nonce": check.nonce, "given": wrong(check)}
    again = page.post(reverse("integrity:answer", args=[check.pk]), values, follow=True)
    assert "没有答对，再试一次" in text(again)
    now.wait(5)
    replayed = page.post(reverse("integrity:answer", args=[check.pk]), values, follow=True)
    assert "已经换过了" in text(replayed)
    check.refresh_from_db()
    values = {"kind": check.kind, "nonce": check.nonce, "given": right(check)}
    done = page.post(reverse("integrity:answer", args=[check.pk]), values, follow=True)
    assert "核验通过" in text(done)
    assert "先做什么" not in text(done)


def test_the_island_speaks_json(room: Class, now: Now) -> None:
    check = ask(room, now)
    page = client_for(room.learner)
    state = page.get(reverse("integrity:check_state", args=[check.pk])).json()
    assert (state["kind"], state["kinds"], state["left_ms"]) == ("question", ["question", "word"], 60_000)
    assert set(state["task"]["options"][0]) == {"value", "text"}
    values = {"kind": "question", "nonce": check.nonce, "given": right(check)}
    fast = post(page, "answer", check, values, headers=JSON)
    assert fast.status_code == 403  # type: ignore[attr-defined]  # a response of the test client
    assert fast.json()["code"] == "integrity.too_fast"  # type: ignore[attr-defined]  # see above
    now.wait(3)
    done = post(page, "answer", check, values, headers=JSON).json()  # type: ignore[attr-defined]  # see above
    assert (done["passed"], done["check"]["state"], done["check"]["task"]) == (True, "passed", {})
    late = ask(room, now, context="room:2")
    now.wait(61)
    over = post(page, "answer", late, {**values, "nonce": late.nonce}, headers=JSON)
    assert (over.status_code, over.json()["code"]) == (409, "integrity.too_late")  # type: ignore[attr-defined]  # see above


def test_a_sign_in_with_a_device_key_answers_with_its_signature_alone(room: Class, now: Now) -> None:
    page, device = client_for(room.learner), SoftDevice()
    sign_in = LoginSession.objects.get(account_id=room.learner.account_id, ended_at__isnull=True)
    register(room.learner, sign_in, device.public_key, now=now())
    check = ask(room, now, device=device.fingerprint)
    now.wait(5)
    given = right(check)
    values: dict[str, object] = {"kind": check.kind, "nonce": check.nonce, "given": given}

    def signed(by: SoftDevice, *parts: str) -> dict[str, object]:
        return {**values, "signature": by.sign(answer_text(check.pk, check.nonce, parts))}

    whole = ("answer", str(check.kind), "", *given)
    for form, code in (
        (values, "integrity.not_signed"),
        (signed(SoftDevice(), *whole), "integrity.wrong_signature"),
        (signed(device, *whole[:-1]), "integrity.wrong_signature"),
        ({**signed(device, *whole), "nonce": "n" * 22}, "integrity.wrong_signature"),
    ):
        refused = post(page, "answer", check, form, headers=JSON)
        assert (refused.status_code, refused.json()["code"]) == (403, code)  # type: ignore[attr-defined]  # see above
    plain = page.post(reverse("integrity:answer", args=[check.pk]), values, follow=True)
    assert "没有带本机的签名" in text(plain)
    assert post(page, "answer", check, signed(device, *whole), headers=JSON).json()["passed"]  # type: ignore[attr-defined]  # see above


def test_nobody_else_meets_a_check(room: Class, now: Now, client: Client) -> None:
    check = ask(room, now)
    other = client_for(room.made.learners[1])
    for name in ("check", "check_state"):
        assert other.get(reverse(f"integrity:{name}", args=[check.pk])).status_code == 404
    for name in ("answer", "other", "make_up"):
        values = {"kind": "question", "nonce": check.nonce, "given": "A", "reason": "cannot"}
        assert post(other, name, check, values).status_code == 404, name  # type: ignore[attr-defined]  # see above
        assert post(client_for(room.made.teacher), name, check, values).status_code == 403  # type: ignore[attr-defined]  # see above
        assert post(client, name, check, values).status_code == 302  # type: ignore[attr-defined]  # see above
    check.refresh_from_db()
    assert (check.state, check.tries) == ("open", 0)


def test_a_puzzle_has_a_picture_and_words(room: Class, now: Now) -> None:
    check = ask(room, now, context="hall:1", facts={})
    page = client_for(room.learner)
    address = reverse("integrity:check", args=[check.pk])
    assert "data:image/svg+xml" in text(page.get(address))
    words = text(page.get(address + "?variant=words"))
    assert "不是一类" in words
    assert "presence-picture" not in words
    now.wait(4)
    values = {"kind": "puzzle", "nonce": check.nonce, "variant": "words", "given": str(check.task["puzzle"]["odd"])}
    assert "核验通过" in text(page.post(reverse("integrity:answer", args=[check.pk]), values, follow=True))


def test_a_missed_check_is_made_up_from_the_home_page(room: Class, now: Now) -> None:
    check = ask(room, now)
    integrity.sweep(now.wait(61))
    page = client_for(room.learner)
    block = text(page.get(reverse("integrity:checks_block")))
    assert "补到" in block
    assert reverse("integrity:make_up", args=[check.pk]) in block
    assert "现在补做" in text(page.get(reverse("integrity:check", args=[check.pk])))
    begun = page.post(reverse("integrity:make_up", args=[check.pk]), follow=True)
    made = Check.objects.get(makes_up=check)
    assert "补做之前漏做的核验" in text(begun)
    now.wait(4)
    values = {"kind": made.kind, "nonce": made.nonce, "given": right(made)}
    assert "补做通过" in text(page.post(reverse("integrity:answer", args=[made.pk]), values, follow=True))
    assert "没有需要补做的核验" in text(page.get(reverse("integrity:checks_block")))
    assert "已补做" in text(page.get(reverse("integrity:checks")))
    assert text(page.post(reverse("integrity:make_up", args=[check.pk]))).count("已经补做过") == 1


def test_a_teacher_confirms_who_waits(room: Class, now: Now) -> None:
    check = ask(room, now)
    teacher = client_for(room.made.teacher)
    assert "现在没有学员等您确认" in text(teacher.get(reverse("integrity:waiting")))
    page = client_for(room.learner)
    taken = page.post(reverse("integrity:other", args=[check.pk]), {"kind": "word", "reason": "cannot"}, follow=True)
    assert "正在等本班老师确认" in text(taken)
    part = teacher.get(reverse("integrity:waiting"), headers={"HX-Request": "true"})
    assert "在教室看到本人" in text(part)
    assert "<html" not in text(part)
    assert "请您确认在学" in text(teacher.get(reverse("integrity:waiting_block")))
    done = teacher.post(reverse("integrity:give_word", args=[check.pk]), {"note": "视频通话见到本人"}, follow=True)
    assert "已确认" in text(done)
    again = teacher.post(reverse("integrity:give_word", args=[check.pk]), {"note": "视频通话见到本人"}, follow=True)
    assert "已经结束" in text(again)
    assert "核验通过" in text(page.get(reverse("integrity:check", args=[check.pk])))
    assert client_for(room.made.manager).get(reverse("integrity:waiting")).status_code == 403


def officer_page(room: Class) -> Client:
    return client_for(room.made.bureau)


@pytest.mark.usefixtures("running")
def test_an_officer_commands_and_sees_results_come(room: Class, now: Now) -> None:
    desk = officer_page(room)
    new = reverse("integrity:new_command")
    assert room.made.cohort.title in text(desk.get(new))
    address = f"{new}?cohort={room.made.cohort.pk}"
    assert "此刻有 2 人" in text(desk.get(address))
    assert desk.post(address, {"enrolment": "", "reason": ""}).status_code == 422
    sent = desk.post(address, {"enrolment": "", "reason": "例行抽查"}, follow=True)
    assert "正在等学员完成" in text(sent)
    assert "刚刚已经" in text(desk.post(address, {"enrolment": "", "reason": "再来一次"}))
    check = Check.objects.get(enrolment=room.enrolment)
    page = client_for(room.learner)
    assert "人社部门正在抽查" in text(page.get(reverse("integrity:check", args=[check.pk])))
    now.wait(4)
    page.post(
        reverse("integrity:answer", args=[check.pk]),
        {"kind": check.kind, "nonce": check.nonce, "given": right(check)},
    )
    where = sent.request["PATH_INFO"]
    part = text(desk.get(where, headers={"HX-Request": "true"}))
    assert "已通过" in part
    assert "every 3s" in part
    integrity.sweep(now.wait(61))
    part = text(desk.get(where, headers={"HX-Request": "true"}))
    assert "全部有了结果" in part
    assert "every 3s" not in part
    assert "例行抽查" in text(desk.get(reverse("integrity:commands")))
    stranger = client_for(make_bureau("371581"))
    assert stranger.get(where).status_code == 404
    assert room.made.cohort.title not in text(stranger.get(new))
    assert client_for(room.made.manager).get(new).status_code == 403


def test_answers_are_not_sent_in_a_loop(room: Class, now: Now) -> None:
    check = ask(room, now)
    page = client_for(room.learner)
    codes = [
        page.post(reverse("integrity:answer", args=[check.pk]), {"nonce": "x"}, headers=JSON).status_code
        for _ in range(31)
    ]
    assert codes[-1] == 429
    assert set(codes[:-1]) == {409}


def test_the_list_takes_the_same_queries_for_many(room: Class, now: Now, django_assert_max_num_queries: object) -> None:
    for number in range(3):
        ask(room, now, context=f"room:{number}")
    integrity.sweep(now.wait(61))
    learner: Actor = room.learner
    page = client_for(learner)
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # a fixture of pytest-django
        assert text(page.get(reverse("integrity:checks"))).count("超时未完成") >= 3
