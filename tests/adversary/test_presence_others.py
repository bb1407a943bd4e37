"""Cheats with presence checks that somebody else answers: a friend, another phone, a teacher who is none."""

import pytest

from tests.adversary import presence as page
from tests.adversary.bots import PHONE, Browser, Refusal
from tests.adversary.presence import READING, SOON
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, Learner, World
from tests.factories.identity import make_teacher
from zhenxue.integrity import protocol
from zhenxue.integrity.data import CheckState
from zhenxue.integrity.models import Incident, Signal
from zhenxue.study.pageside import SoftDevice

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def learner(world: World) -> Learner:
    return world.checked()


def test_a_check_is_answered_by_nobody_else(world: World, report: Report, browser: Browser, learner: Learner) -> None:
    friend = Browser(world, world.checked(), agent=PHONE).sign_in()
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.ask(tab)
    world.wait(READING)
    urls = shown["urls"]
    replies = [
        page.give(friend, shown, page.right(shown)),
        page.sends(friend, shown, [b"x"]),
        page.choose(friend, shown, "word"),
        friend.post(tab.opened["urls"]["presence"]),
        friend.get(urls["page"]),
        friend.get(urls["state"]),
    ]
    stranger = Browser(world, learner).get(urls["state"])
    page.let_pass(world)
    assert [one.status for one in replies] == [404, 404, 404, 403, 404, 404]
    assert stranger.status in {302, 401}
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Answering for somebody else",
        tried="another learner answers, sends frames, changes the kind, asks for and reads the check of a friend",
        earned="0 s of 120 s",
        reason="404 `integrity.check_not_found`, 403 for the session; `unproven`, in the ledger",
    )


def test_a_check_relayed_to_another_phone_is_not_answered_there(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Somebody studies on a computer; the learner answers the check from a phone, by a sign-in of its own."""
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.ask(tab)
    phone = Browser(world, learner, agent=PHONE, device=SoftDevice()).sign_in()
    world.wait(READING)
    answered = page.give(phone, shown, page.right(shown))
    framed = page.sends(phone, shown, [b"x"])
    changed = page.choose(phone, shown, "word")
    assert [one.status for one in (answered, framed, changed)] == [403, 403, 403]
    assert {one.json["code"] for one in (answered, framed, changed)} == {"integrity.other_device"}
    page.let_pass(world)
    assert world.ledger(learner).seconds == 0
    report.attack(
        "Relaying the check to another phone, signed in there",
        tried="somebody studies 120 s; the check is answered from another sign-in, with a device key of its own",
        earned="0 s of 120 s; the second sign-in ends the first",
        reason="403 `integrity.other_device`; `unproven`, in the ledger",
    )


def test_a_check_relayed_with_a_copied_cookie_is_not_answered_there(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """The cookie goes to a phone elsewhere; the key of the device does not."""
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.ask(tab)
    phone = Browser(world, learner, agent=PHONE)
    phone.cookies = dict(browser.cookies)
    world.wait(READING)
    given = page.right(shown)
    foreign = [page.give(phone, shown, given), page.sends(phone, shown, [b"x"]), page.choose(phone, shown, "word")]
    unsigned = page.give(phone, shown, given, signature="")
    another = ["answer", shown["kind"], "", *page.wrong(shown)]
    captured = browser.device.sign(protocol.answer_text(shown["check"], shown["nonce"], another))
    other = page.give(phone, shown, given, signature=captured)
    codes = [one.json["code"] for one in (*foreign, unsigned, other)]
    assert codes == ["integrity.wrong_signature"] * 3 + ["integrity.not_signed", "integrity.wrong_signature"]
    assert page.state(browser, shown)["tries_left"] == shown["tries_left"], "it cost the learner no try"
    assert page.give(browser, shown, given).json["passed"], "the right device passes"
    tab.study(SOON)
    page.let_pass(world)
    assert world.ledger(learner).seconds == SOON
    report.attack(
        "Relaying the check to another phone, with the copied cookie",
        tried="120 s on one device; its cookie is copied to a phone elsewhere, which answers with its own key, with "
        "none, and with a signature over another answer; 120 s more until a check that only the phone could answer",
        earned="120 s of 240 s: what the right device answered for",
        reason="403 `integrity.wrong_signature`, `integrity.not_signed`; `unproven`, in the ledger",
    )


def test_a_teachers_word_comes_from_a_teacher_of_the_class_only(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    tab = page.study_to_check(page.enter(browser, LONG_VIDEO))
    shown = page.other(browser, page.ask(tab), "word")
    address = f"/presence/checks/{shown['check']}/word/"
    note = {"note": "在教室看到本人"}
    assert world.checked_class is not None
    tries = [browser.post(address, note)]
    for stranger in (make_teacher(), world.checked_class.manager):
        tries.append(Browser(world, world.staff(stranger)).sign_in().post(address, note))
    assert [one.status for one in tries] == [403, 404, 403]
    assert page.state(browser, shown)["state"] == CheckState.OPEN
    own = Browser(world, world.staff(world.checked_class.teacher)).sign_in()
    assert own.post(address, {"note": ""}).status == 302
    assert page.state(browser, shown)["state"] == CheckState.OPEN
    page.let_pass(world, 301)
    assert own.post(address, note).status == 302
    assert page.state(browser, shown)["state"] == CheckState.MISSED
    assert world.ledger(learner).seconds == 0
    report.attack(
        "A teacher's word that is none",
        tried="by the learner, a teacher of another class, the manager; by the own teacher without a note, and late",
        earned="0 s of 120 s",
        reason="403; 404 out of sight; a note is required; `unproven`, in the ledger",
    )


def test_learners_one_after_another_on_one_device_become_an_incident_and_lose_nothing_by_it(
    world: World, report: Report
) -> None:
    """As many as the rules let on one device in a day, each studying real time."""
    device, learners = SoftDevice(), [world.checked() for _ in range(5)]
    for learner in learners:
        tab = page.enter(Browser(world, learner, device=device).sign_in(), LONG_VIDEO)
        tab.study(60)
        tab.close()
        world.wait(30)
    with pytest.raises(Refusal) as sixth:
        Browser(world, world.checked(), device=device).sign_in().open(LONG_VIDEO)
    assert sixth.value.code == "study.device_full"
    found = {kind for learner in learners for kind in page.signals(world, learner)}
    assert "device_shared" in found
    incident = Incident.objects.get(cohort=learners[0].enrolment.cohort, kind="device_sharing")
    people = set(Signal.objects.filter(incident=incident).values_list("person_id", flat=True))
    assert people >= {learner.enrolment.person_id for learner in learners}
    assert [world.ledger(learner).seconds for learner in learners] == [60] * 5
    report.attack(
        "One device, learner after learner",
        tried="five learners of a class on one device key one after another, 60 s each (a sixth is refused that day)",
        earned="300 s of 300 s, real time; an incident of the class, for a person to rule",
        reason="403 `study.device_full`; `device_shared` about each, incident `device_sharing`; no hour moves by it",
    )
