"""Answers through both doors, Django's view and the ingest: the same rules, the same words, nothing lost or doubled."""

import datetime as dt
import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories.exams import RIGHT, SITTING, Sitting, make_exam
from tests.factories.identity import client_for
from tests.support.answers import (
    Answer,
    Door,
    Lean,
    LeanRooms,
    Message,
    Pages,
    ask_pages,
    cookies_of,
    new_answers,
    path_of,
)
from tests.support.loops import serving
from zhenxue.exams.models import Answer as Stored
from zhenxue.exams.models import Attempt, RoomMessage
from zhenxue.exams.operations.attempts import close_due_attempts
from zhenxue.identity.models import AccessLogEntry, Account, LoginSession
from zhenxue.kernel import clock
from zhenxue.kernel.ingest import lane
from zhenxue.kernel.ingest.app import Place, lifespan
from zhenxue.kernel.ingest.http import respond

pytestmark = pytest.mark.django_db(transaction=True)

type Send = Callable[..., Answer]


class Room:
    """A learner who sits an exam in a browser of the own."""

    def __init__(self, sitting: Sitting, learner: int = 0) -> None:
        self.client = client_for(sitting.learners[learner])
        self.client.get(f"/exams/{sitting.exam.pk}/entry/")
        begun = self.client.post(f"/exams/{sitting.exam.pk}/start/")
        self.attempt_id = int(begun.headers["Location"].strip("/").rpartition("/")[2])

    def message(self, position: int, *given: Any, number: int = 0, **more: Any) -> Message:
        body = more.pop("body", {"given": list(given), "client_sequence": number})
        return Message(more.pop("attempt_id", self.attempt_id), position, body, more.pop("client", self.client), **more)

    @property
    def attempt(self) -> Attempt:
        return Attempt.objects.get(pk=self.attempt_id)


@pytest.fixture(autouse=True)
def at_the_sitting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SITTING)


@pytest.fixture
def room(transactional_db: None) -> Room:
    return Room(make_exam())


@pytest.fixture(params=["pages", "lean"])
def door(request: pytest.FixtureRequest) -> Door:
    return Pages() if request.param == "pages" else Lean()


def test_numbers_repeats_and_conflicts_are_the_servers_matter(door: Door, room: Room) -> None:
    (first,) = door.send(room.message(1, "A", number=1))
    assert first == (200, {"position": 1, "sequence": 1, "at": "10:00:00", "server_now": clock.milliseconds(SITTING)})
    second, again, changed = (
        door.send(message)[0]
        for message in (
            room.message(3, "C", "A", number=2),
            room.message(1, "A", number=1),
            room.message(1, "B", number=3),
        )
    )
    assert [found["sequence"] for _, found in (second, again, changed)] == [2, 1, 3]
    assert "instead" not in again[1]
    (late,) = door.send(room.message(1, "C", number=2))
    assert (late[0], late[1]["sequence"], late[1]["instead"], late[1]["client_sequence"]) == (200, 3, ["B"], 3)
    (same,) = door.send(room.message(1, "B", number=9))
    (older,) = door.send(room.message(1, "A", number=8))
    assert (same[1]["sequence"], older[1]["instead"], older[1]["client_sequence"]) == (3, ["B"], 9)
    (taken_back,) = door.send(room.message(3, number=10))
    assert taken_back[1]["sequence"] == 4
    kept = {row.question.number: row.given for row in Stored.objects.select_related("question")}
    assert (kept, room.attempt.sequence) == ({1: ["B"], 3: []}, 4)
    lines = AccessLogEntry.objects.filter(path__contains="/answers/").values_list("status", "role", "ip")
    assert set(lines) == {(200, "learner", "127.0.0.1")}
    assert len(lines) == 8


def test_what_does_not_belong_is_refused_alone(door: Door, room: Room) -> None:
    messages = {
        "no such choice": room.message(1, "Z"),
        "two of one": room.message(1, "A", "B"),
        "no such question": room.message(99, "A"),
        "position nought": room.message(0, "A"),
        "no such attempt": room.message(1, "A", attempt_id=10**9),
        "what no database keeps": room.message(1, "A\0"),
        "other shapes": room.message(1, {"a": [1]}),
        "too long": room.message(1, "A" * 50_000),
        "no list": room.message(1, body={"given": "A"}),
        "no number": room.message(1, body={"given": ["A"], "client_sequence": "1"}),
        "below nought": room.message(1, "A", number=-1),
        "too large": room.message(1, "A", number=2**60),
        "no json": room.message(1, body=b"given=A"),
        "half a letter": room.message(1, body=b'{"given": ["\\ud800"]}'),
        "deep": room.message(1, body=b'{"given": ' + b"[" * 5_000),
    }
    answers = dict(zip(messages, door.send(*messages.values()), strict=True))
    codes = {name: (status, found["code"]) for name, (status, found) in answers.items()}
    choice, malformed = (422, "exams.no_such_option"), (422, "exams.malformed")
    assert codes == {
        "no such choice": choice,
        "two of one": choice,
        "no such question": (404, "exams.no_such_question"),
        "position nought": (404, "exams.no_such_question"),
        "no such attempt": (404, "exams.not_found"),
        "what no database keeps": choice,
        "other shapes": choice,
        "too long": (422, "exams.too_long"),
        "no list": malformed,
        "no number": malformed,
        "below nought": malformed,
        "too large": malformed,
        "no json": malformed,
        "half a letter": malformed,
        "deep": malformed,
    }
    assert all(found["message"].endswith("。") for _, found in answers.values())
    assert not Stored.objects.exists()
    good, bad = door.send(room.message(2, "B", number=1), room.message(1, "Z", number=2))
    assert (good[0], bad[0], room.attempt.sequence) == (200, 422, 1)


def test_who_may_not_is_told_the_same_at_both_doors(door: Door) -> None:
    sitting = make_exam()
    room, other, manager = Room(sitting), Room(sitting, 1), client_for(sitting.manager)
    manager.get("/exams/")
    stranger = Client()
    stranger.get("/sign-in/")
    elsewhere = client_for(sitting.learners[0])
    elsewhere.get("/exams/")
    messages = {
        "another's attempt": room.message(1, "B", client=other.client),
        "not a learner": room.message(1, "B", client=manager),
        "not signed in": room.message(1, "B", client=stranger),
        "signed in again since": room.message(1, "B"),
        "another device": room.message(1, "B", client=elsewhere),
        "without the token": room.message(1, "B", client=elsewhere, token=""),
        "with a foreign token": room.message(1, "B", client=elsewhere, token="x" * 64),
        "from a foreign site": room.message(1, "B", client=elsewhere, origin="https://elsewhere.example"),
        "under a foreign name": room.message(1, "B", client=elsewhere, host="elsewhere.example"),
    }
    answers = dict(zip(messages, door.send(*messages.values()), strict=True))
    assert {name: (status, found["code"]) for name, (status, found) in answers.items()} == {
        "another's attempt": (403, "exams.not_your_attempt"),
        "not a learner": (403, "identity.role"),
        "not signed in": (401, "identity.sign_in"),
        "signed in again since": (401, "identity.session_replaced"),
        "another device": (409, "exams.other_device"),
        "without the token": (403, "kernel.session_changed"),
        "with a foreign token": (403, "kernel.session_changed"),
        "from a foreign site": (403, "kernel.session_changed"),
        "under a foreign name": (422, "kernel.bad_request"),
    }
    assert not Stored.objects.exists()


def test_door_break_deadline_and_hand_in_close_the_paper(
    door: Door, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Attempt.objects.filter(pk=room.attempt_id)

    def code(**columns: Any) -> tuple[int, str]:
        rows.update(**columns)
        ((status, found),) = door.send(room.message(1, "B", number=1))
        return status, found.get("code", "")

    assert code(presence_asked_at=SITTING) == (403, "exams.prove_presence")
    assert code(presence_asked_at=None, paused_at=SITTING)[0] in {403, 409}
    assert code(paused_at=None) == (200, "")
    deadline = room.attempt.deadline_at
    monkeypatch.setattr(clock, "now", lambda: deadline)
    assert code() == (409, "exams.deadline_passed")
    close_due_attempts(now=deadline)
    assert room.attempt.state != "open"
    assert code() == (409, "exams.attempt_ended")
    assert room.attempt.sequence == 1


def test_an_initial_password_an_ended_role_and_a_last_use(door: Door, room: Room) -> None:
    person = Attempt.objects.values_list("enrolment__person_id", flat=True).get(pk=room.attempt_id)
    account, sign_ins = Account.objects.filter(person=person), LoginSession.objects.filter(account__person=person)
    account.update(must_change_password=True)
    ((status, found),) = door.send(room.message(1, "B"))
    assert (status, found["code"]) == (403, "identity.must_change_password")
    account.update(must_change_password=False)
    sign_ins.update(seen_at=SITTING - dt.timedelta(minutes=5))
    assert door.send(room.message(1, "B"))[0][0] == 200
    assert sign_ins.get(ended_at=None).seen_at == SITTING
    account.update(is_active=False)
    ((status, found),) = door.send(room.message(1, "B"))
    assert (status, found["code"]) == (401, "identity.session_deactivated")


def test_a_crowd_in_one_group_gets_its_numbers_in_order() -> None:
    sitting = make_exam()
    rooms = [Room(sitting, 0), Room(sitting, 1)]
    messages = [room.message(1 + n % 6, *RIGHT[n % 6], number=n + 1) for n in range(12) for room in rooms]
    answers = Lean().send(*messages, rooms[0].message(99, "A"))
    assert [status for status, _ in answers] == [200] * 24 + [404]
    for at, room in enumerate(rooms):
        numbers = [found["sequence"] for _, found in answers[at:24:2]]
        assert numbers == [1, 2, 3, 4, 5, 6] * 2  # the second round repeats what stands
        assert room.attempt.sequence == 6
        assert sorted(Stored.objects.filter(attempt=room.attempt_id).values_list("sequence", flat=True)) == numbers[:6]
    assert AccessLogEntry.objects.filter(path__contains="/answers/").count() == 25


def test_a_room_is_told_how_it_stands_alike_by_both_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = make_exam()
    room, other, manager = Room(sitting), Room(sitting, 1), client_for(sitting.manager)
    elsewhere, stranger = client_for(sitting.learners[0]), Client()
    RoomMessage.objects.create(exam=sitting.exam, text="请保持安静", sent_at=SITTING)
    RoomMessage.objects.create(exam=sitting.exam, attempt=other.attempt, text="只对一个人", sent_at=SITTING)
    RoomMessage.objects.create(exam=sitting.exam, text="开考之前", sent_at=SITTING - dt.timedelta(hours=1))
    asked = [(other.client, other.attempt_id), (other.client, room.attempt_id), (manager, room.attempt_id)]
    asked += [(elsewhere, room.attempt_id), (stranger, room.attempt_id), (elsewhere, 10**9)]
    asked += [(room.client, room.attempt_id)]  # its sign-in was ended by the other one; that page is asked last
    AccessLogEntry.objects.all().delete()

    def told(door: Any) -> tuple[list[Answer], list[Any]]:
        found = [door(client, f"/exams/attempts/{attempt_id}/state/") for client, attempt_id in asked]
        log = AccessLogEntry.objects.order_by("pk").values_list("account_id", "role", "method", "path", "status", "ip")
        lines = list(log)
        AccessLogEntry.objects.all().delete()
        return found, lines

    lean = told(LeanRooms().ask)
    assert lean == told(ask_pages)
    states, lines = lean
    assert [status for status, _ in states] == [200, 404, 403, 200, 401, 404, 401]
    assert [one["text"] for one in states[0][1]["messages"]] == ["请保持安静", "只对一个人"]
    assert [states[0][1][name] for name in ("here", "state", "presence", "paused")] == [True, "open", False, False]
    assert (states[3][1]["here"], [one["text"] for one in states[3][1]["messages"]]) == (False, ["请保持安静"])
    assert [line[-2] for line in lines] == [403, 401, 401]
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: other.attempt.deadline_at)
        close_due_attempts(now=other.attempt.deadline_at)
        ((_, over),) = [LeanRooms().ask(other.client, f"/exams/attempts/{other.attempt_id}/state/")]
    assert over["state"] != "open"


def test_answers_and_states_take_the_short_way_through_the_server(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Place] = []
    cycle = lane.ShortCycle.__init__

    def noted(self: Any, protocol: Any, app: Any, place: Place) -> None:
        seen.append(place)
        cycle(self, protocol, app, place)

    monkeypatch.setattr(lane.ShortCycle, "__init__", noted)
    answers, states = new_answers(), LeanRooms().app
    message, state = room.message(2, "B", number=1), f"/exams/attempts/{room.attempt_id}/state/"

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan([answers, states], receive, send)
        else:
            await respond(send, (404, b"{}"))

    with serving(lane.short_ways(answers, states), pages) as port:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {**message.headers(), "Cookie": cookies_of(room.client)}
        found = []
        for method, path, kind, body in (
            ("POST", path_of(room.attempt_id, 2), "application/json", message.raw),
            ("POST", path_of(room.attempt_id, 2), "application/json", message.raw),
            ("GET", state, "application/json", None),
            ("POST", path_of(room.attempt_id, 2), "application/x-www-form-urlencoded", b"given=A"),
            ("POST", state, "application/json", b"{}"),
            ("GET", f"{state}?x=1", "application/json", None),
            ("POST", path_of(room.attempt_id, 2), "application/json", b" " * 300_000),
        ):
            line.request(method, path, body, {**headers, "Content-Type": kind})
            answer = line.getresponse()
            found.append((answer.status, json.loads(answer.read()).get("sequence")))
        line.close()
    assert found == [(200, 1), (200, 1), (200, 1), (404, None), (404, None), (404, None), (413, None)]
    own = Place(room.attempt_id, 2)
    assert seen == [own, own, Place(room.attempt_id), own]


def test_what_no_column_takes_harms_nobody_beside_it(room: Room) -> None:
    stranger = Client()
    stranger.get("/sign-in/")
    for cookie in (r'"\000abcdefgh"', "x" * 2_000, "ſession"):
        stranger.cookies[settings.SESSION_COOKIE_NAME] = cookie
        broken, good = Lean().send(room.message(1, "A", client=stranger), room.message(1, "B"))
        assert (broken[0], good[0]) == (401, 200)
        assert LeanRooms().ask(stranger, f"/exams/attempts/{room.attempt_id}/state/")[0] == 401
    zero = {"cookie": rf'{settings.SESSION_COOKIE_NAME}="\000abcdefgh"'}  # some Pythons refuse to write such a one
    assert stranger.get("/me/", headers=zero).status_code == 302  # to the sign-in
    AccessLogEntry.objects.all().delete()
    for address in ("fe80::1%eth0", "nonsense"):
        assert Lean(address).send(room.message(1, "A"))[0][0] == 200
    assert list(AccessLogEntry.objects.order_by("pk").values_list("ip", flat=True)) == ["fe80::1", None]


def test_too_many_answers_of_one_sign_in_wait(room: Room) -> None:
    answers = Lean().send(*(room.message(1 + n % 6, *RIGHT[n % 6], number=n + 1) for n in range(260)))
    refused = [found["code"] for status, found in answers if status == 429]
    assert refused
    assert set(refused) == {"exams.too_many"}
    assert sum(status == 200 for status, _ in answers) >= 200


def test_too_many_looks_of_one_sign_in_wait(room: Room) -> None:
    looks = LeanRooms().ask_often(room.client, f"/exams/attempts/{room.attempt_id}/state/", 260)
    assert {found["code"] for status, found in looks if status != 200} == {"exams.too_many_looks"}
    assert sum(status == 200 for status, _ in looks) >= 200
