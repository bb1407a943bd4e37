"""Cheats with presence while an exam is sat."""

import pytest

from tests.adversary import presence as page
from tests.adversary.bots import PHONE, Browser
from tests.adversary.presence import READING
from tests.adversary.reporting import Report
from tests.adversary.world import World
from tests.factories.exams import SITTING
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations import presence
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import CheckState
from zhenxue.integrity.models import Check


def test_a_stand_in_who_takes_over_an_exam_is_asked_and_leaves_a_trace(
    world: World, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The learner passes at the door; the attempt is moved to a phone whose holder does not show presence."""
    [learner], exam = world.examined()
    world.wait((SITTING - world.clock.now()).total_seconds())
    browser = Browser(world, learner).sign_in()
    start = browser.post(f"/exams/{exam.pk}/start/")
    assert start.status == 302, start.text[:500]
    room = start.headers["location"]
    attempt = Attempt.objects.get(exam=exam, enrolment=learner.enrolment)
    early = browser.post(f"{room}answers/1/", {"given": ["B"], "client_sequence": 1})
    door = browser.get(room)
    shown = browser.post(f"{room}presence/").json
    world.wait(READING)
    puzzled = page.give(browser, shown, page.right(shown), kind="puzzle")
    assert (puzzled.status, shown["kinds"]) == (409, ["word"]), "no puzzle opens an exam"
    page.word(world, learner, shown)
    assert early.status in {403, 409}
    assert "直播第1步" not in door.text
    assert "直播第1步" in browser.get(room).text
    phone = Browser(world, learner, agent=PHONE).sign_in()
    assert phone.post(f"{room}move/").status == 302
    assert "直播第1步" not in phone.get(room).text
    asked = phone.post(f"{room}presence/")
    assert asked.status == 200, asked.text[:300]
    for position in (1, 2, 3):
        world.wait(60)
        saved = phone.post(f"{room}answers/{position}/", {"given": ["B"], "client_sequence": position})
        assert saved.status == 403, saved.text[:300]
        presence.ask_due(now=world.clock.now())
    world.wait(300)
    integrity.sweep(now=world.clock.now())
    missed = Check.objects.get(context=f"exam:{attempt.pk}", state=CheckState.MISSED)
    assert (missed.cause, missed.make_up_by) == ("device", None)
    assert phone.post(f"/presence/checks/{missed.pk}/make-up/").status == 409
    attempt.refresh_from_db()
    assert (attempt.presence_missed, attempt.state, attempt.sequence) == (1, "open", 0)
    assert page.signals(world, learner) >= {"check_missed"}
    report.attack(
        "A stand-in takes over an exam",
        tried="answers before the check at the door; a puzzle instead of a face or a teacher; the attempt is moved to "
        "a phone that answers without its check; the missed one made up at home",
        earned="no question before the door, and none on the phone: the paper stays closed there until presence is "
        "shown",
        reason="403 `exams.prove_presence`; `check_missed` (in an exam: `proxy_exam`) and the move; "
        "409 for the make-up",
    )
