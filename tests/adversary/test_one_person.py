"""Cheats with tickets, tabs, browsers, devices and accounts: one person, one device, one second at a time."""

import pytest

from tests.adversary.bots import COMPUTER, PHONE, Browser, Refusal, Tab
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, SHORT_VIDEO, Learner, World
from zhenxue.identity.models import LoginSession
from zhenxue.study.models import Beat, StudySession
from zhenxue.study.pageside import SoftDevice


@pytest.fixture
def bot(world: World, learner: Learner) -> Tab:
    """A learner's open video page."""
    return Browser(world, learner).sign_in().open(SHORT_VIDEO)


def test_a_replayed_ticket_earns_nothing(world: World, report: Report, bot: Tab) -> None:
    recorded = bot.claim(10)
    bot.study(20)
    for _ in range(20):
        world.wait(10)
        reply = bot.post(recorded)
        assert (reply.status, reply.json["reason"]) == (409, "replayed")
    found = world.ledger(bot.learner)
    assert (found.seconds, world.refusals(bot.learner)) == (20, {"replayed": 20})
    assert Beat.objects.filter(session_id=bot.session_id, accepted=False, reason="replayed").count() == 20
    day = bot.browser.get(f"/study/{bot.learner.enrolment.pk}/days/2026-03-02/")
    assert "这张学习凭证已经用过" in day.text
    report.attack(
        "Replay of a ticket",
        tried="20 s studied; the first beat sent 20 times more during 200 s",
        earned="20 s of 220 s",
        reason="`replayed`, every beat kept with the session, in the ledger",
    )


def test_reordered_foreign_and_forged_tickets_earn_nothing(world: World, report: Report, bot: Tab) -> None:
    other = Browser(world, world.learner()).sign_in().open(SHORT_VIDEO)
    bot.load(10_000)
    world.wait(10)
    tried = [
        (bot.claim(10, number=2), "out_of_order"),
        (bot.claim(10, number=3, ticket=other.ticket), "out_of_order"),
        (bot.claim(10, ticket=other.ticket), "foreign"),
        (bot.claim(10, ticket=bot.ticket[:-1]), "foreign"),
        (bot.claim(10, ticket=bot.ticket.swapcase()), "foreign"),
        (bot.claim(10, number=0), "no_proof"),
        (bot.claim(10, ticket=""), "no_proof"),
    ]
    for claim, reason in tried:
        reply = bot.post(claim)
        assert (reply.status, reply.json["reason"]) == (409, reason)
        assert reply.json["text"]
    assert world.refusals(bot.learner) == {"out_of_order": 2, "foreign": 3, "no_proof": 2}
    assert world.ledger(bot.learner).seconds == 0
    assert bot.send(bot.claim(10))["gained_ms"] == 10_000
    report.attack(
        "Reordered, foreign, forged and empty tickets",
        tried="seven beats of 10 s whose number or ticket is not the session's next",
        earned="0 s of 70 s; the honest beat after them counts its 10 s",
        reason="`out_of_order`, `foreign`, `no_proof`, kept with the session",
    )


def test_two_units_in_parallel_tabs_are_one(world: World, report: Report, bot: Tab, learner: Learner) -> None:
    with pytest.raises(Refusal) as elsewhere:
        bot.browser.open(LONG_VIDEO)
    assert (elsewhere.value.status, elsewhere.value.code) == (409, "study.elsewhere")
    second = bot.browser.open(LONG_VIDEO, take_over=True)
    for _ in range(6):
        second.beat(10)
        bot.send(bot.claim(10))
    assert bot.heard == ["ended"]
    assert "别处" in bot.replies[0].json["text"]
    assert world.ledger(learner).seconds == 60
    report.attack(
        "Parallel units in parallel tabs",
        tried="two units played side by side for 60 s, after the hand-over page",
        earned="60 s of 120 s claimed",
        reason="409 `study.elsewhere`, then `ended` on the first page",
    )


def test_tabs_that_open_the_same_unit_alternate_without_gain(
    world: World, report: Report, bot: Tab, learner: Learner
) -> None:
    tabs = [bot, bot.browser.tab(SHORT_VIDEO)]
    for turn in range(10):
        tab = tabs[turn % 2]
        if turn:
            tab.open(take_over=True)
        tab.beat(1)
    assert world.ledger(learner).seconds == 10
    assert StudySession.objects.filter(enrolment=learner.enrolment, state="open").count() == 1
    report.attack(
        "Parallel tabs of one unit, second by second",
        tried="two tabs that take the session from each other every second for 10 s",
        earned="10 s of 10 s, real time",
        reason="each hand-over is in the evidence log",
    )


def test_parallel_browsers_are_one_sign_in(world: World, report: Report, bot: Tab, learner: Learner) -> None:
    bot.study(20)
    world.wait(1)
    second = Browser(world, learner, agent=PHONE).sign_in()
    assert second.handed_over
    tab = second.open(SHORT_VIDEO)
    for _ in range(6):
        tab.beat(10)
        bot.send(bot.claim(10))
    assert bot.replies[-1].json["reason"] == "ended"
    assert "退出" in bot.replies[-1].json["text"]
    assert bot.browser.get("/study/").status in {302, 401}
    found = world.ledger(learner)
    assert found.seconds == 80
    report.attack(
        "Parallel browsers",
        tried="20 s in one, then both for 60 s",
        earned="80 s of 140 s claimed",
        reason="`ended` on the first: one sign-in per account, by the hand-over page",
    )


def test_a_first_browser_that_goes_on_after_the_hand_over_of_the_sign_in_is_ended(
    world: World, report: Report, bot: Tab, learner: Learner
) -> None:
    """The second browser signs in and does not study; the first still holds cookie, ticket and keys."""
    bot.study(20)
    world.wait(1)
    Browser(world, learner, agent=PHONE).sign_in()
    kept = dict(bot.browser.cookies)
    keys = bot.ask_key(3)
    bot.browser.cookies = kept  # the page was told to forget its cookie; a cheat does not
    for _ in range(12):
        world.wait(10)
        bot.send(bot.claim(10))
        world.drain()
    assert keys.status in {302, 401, 403}
    assert bot.heard[-1] == "ended"
    assert {reply.json["reason"] for reply in bot.replies[-12:]} == {"ended"}
    assert world.session(bot.session_id).end_reason == "signed_out"
    assert world.ledger(learner).seconds == 20
    report.attack(
        "A browser that studies on after its sign-in was taken over",
        tried="20 s, then 120 s of beats under the sign-in that has ended",
        earned="20 s of 141 s: nothing from the moment of the hand-over",
        reason="`ended` and no keys at once",
    )


def test_two_devices_alternating_second_by_second_gain_nothing(world: World, report: Report, learner: Learner) -> None:
    devices = [Browser(world, learner, agent=PHONE), Browser(world, learner, agent=COMPUTER)]
    tabs: list[Tab] = []
    for turn in range(8):
        browser = devices[turn % 2].sign_in()
        tabs.append(browser.open(SHORT_VIDEO))
        tabs[-1].beat(1)
        if turn:
            assert tabs[-2].post(tabs[-2].claim(1)).json["reason"] == "ended"
    assert world.ledger(learner).seconds == 8
    sessions = StudySession.objects.filter(enrolment=learner.enrolment)
    assert len(set(sessions.values_list("device_fingerprint", flat=True))) == 2
    report.attack(
        "Two devices alternating second by second",
        tried="phone and computer, each signing in and taking over every second, 8 s",
        earned="8 s of 8 s, real time",
        reason="`ended` on the other; each hand-over and both device keys are recorded",
    )


def test_two_people_alternating_on_one_account_share_one_clock(world: World, report: Report, learner: Learner) -> None:
    at_home, at_work = Browser(world, learner, agent=PHONE), Browser(world, learner, agent=COMPUTER)
    tabs = []
    for browser in (at_home, at_work, at_home):
        tab = browser.sign_in().open(SHORT_VIDEO)
        tab.study(60)
        tabs.append(tab)
        world.wait(1)
    last = at_work.sign_in()
    assert last.handed_over
    found = world.ledger(learner)
    assert found.seconds == 180
    signed_in = LoginSession.objects.filter(account__username=learner.username)
    assert signed_in.filter(end_reason="handed_over").count() == 3
    assert {session.device for session in StudySession.objects.filter(enrolment=learner.enrolment)} == {
        "安卓手机 · Chrome 浏览器",
        "Windows 电脑 · Chrome 浏览器",
    }
    report.attack(
        "Two people alternating on one account",
        tried="three turns of 60 s on two devices in two places",
        earned="180 s of 183 s, real time of one person",
        reason="three hand-overs, both devices and addresses recorded; who sits there is for presence checks",
    )


def test_a_session_that_ended_earns_nothing_more(world: World, report: Report, bot: Tab, learner: Learner) -> None:
    bot.study(20)
    assert bot.close().status == 204
    for _ in range(3):
        world.wait(10)
        assert bot.send(bot.claim(10))["reason"] == "ended"
    assert bot.ask_key(3).status == 403
    assert world.ledger(learner).seconds == 20
    report.attack(
        "Going on in a session that ended",
        tried="20 s, left the page, then 30 s of beats and a key under the old session",
        earned="20 s of 50 s",
        reason="`ended`, kept with the session; 403 for the key",
    )


def test_a_stolen_ticket_in_another_learners_browser_earns_nothing(
    world: World, report: Report, bot: Tab, learner: Learner
) -> None:
    thief = Browser(world, world.learner(), agent=PHONE).sign_in()
    bot.load(10_000)
    world.wait(10)
    claim = bot.claim(10)
    for key in (bot.beat_key, b"k" * 32, b""):
        reply = bot.post(claim, browser=thief, key=key)
        assert (reply.status, reply.json["code"]) == (403, "study.not_yours")
    assert bot.send(claim)["gained_ms"] == 10_000
    assert world.ledger(learner).seconds == 10
    assert world.ledger(thief.learner).seconds == 0
    report.attack(
        "Stolen ticket in another learner's browser",
        tried="the next beat of somebody else, with and without its key",
        earned="0 s; the owner's 10 s count",
        reason="403 `study.not_yours`",
    )


def test_a_stolen_cookie_without_the_device_key_earns_nothing(
    world: World, report: Report, bot: Tab, learner: Learner
) -> None:
    bot.study(20)
    thief = Browser(world, learner, agent=PHONE)
    thief.cookies = dict(bot.browser.cookies)
    with pytest.raises(Refusal) as wrong:
        thief.open(SHORT_VIDEO)
    bound = thief.bind()
    bot.load(bot.position_ms + 10_000)
    world.wait(10)
    without_key = bot.post(bot.claim(10), browser=thief, key=b"")
    own_key = bot.post(bot.claim(10), browser=thief, key=b"k" * 32)
    assert (wrong.value.status, wrong.value.code) == (403, "study.wrong_device")
    assert (bound.status, bound.json["code"]) == (409, "identity.device_bound")
    assert [without_key.json["reason"], own_key.json["reason"]] == ["no_proof", "device"]
    assert bot.send(bot.claim(10))["gained_ms"] == 10_000
    assert world.refusals(learner) == {"no_proof": 1, "device": 1}
    assert world.ledger(learner).seconds == 30
    report.attack(
        "Stolen cookie in another client",
        tried="opening, binding a key of its own, beats with the stolen ticket but no key, and with another key",
        earned="0 s; the owner's 30 s count",
        reason="403 `study.wrong_device`, 409 `identity.device_bound`; `no_proof`, `device` kept with the session",
    )


def test_a_stolen_cookie_of_a_fresh_sign_in_is_bound_to_its_owner(
    world: World, report: Report, learner: Learner
) -> None:
    """The cookie goes to the thief with the answer to the sign-in; the owner's browser has not opened a page yet."""
    owner = Browser(world, learner).sign_in()
    thief = Browser(world, learner, agent=PHONE)
    thief.cookies = dict(owner.cookies)
    bound = thief.bind()
    with pytest.raises(Refusal) as wrong:
        thief.open(SHORT_VIDEO)
    assert (bound.status, bound.json["code"]) == (409, "identity.device_bound")
    assert (wrong.value.status, wrong.value.code) == (403, "study.wrong_device")
    owner.open(SHORT_VIDEO).study(60)
    assert world.ledger(learner).seconds == 60
    report.attack(
        "Stolen cookie, own key bound first",
        tried="the thief has the cookie before the owner's first page, and binds and opens with its own key",
        earned="0 s; the owner's 60 s count: the sign-in form has brought the key",
        reason="409 `identity.device_bound`, 403 `study.wrong_device`",
    )


def test_a_stolen_beat_key_shares_one_chain_and_dies_with_the_hand_over(
    world: World, report: Report, bot: Tab, learner: Learner
) -> None:
    """Everything stolen at once: cookie, ticket and the key of beats (a page that hands it out itself)."""
    thief = Browser(world, learner, agent=PHONE)
    thief.cookies = dict(bot.browser.cookies)
    for _ in range(3):
        world.wait(10)
        bot.load(bot.position_ms + 10_000)
        claim = bot.claim(10)
        twice = bot.claim(10, rate_percent=99)
        bot.hear(bot.post(claim, browser=thief))
        again = bot.post(twice)
        assert again.json["gained_ms"] in {0, 10_000}
    assert world.ledger(learner).seconds == 30
    stolen, number = bot.ticket, bot.number
    world.wait(1)
    bot.browser.open(SHORT_VIDEO, take_over=True).study(30)
    for _ in range(3):
        world.wait(10)
        reply = bot.post(bot.claim(10, ticket=stolen, number=number + 1), browser=thief)
        assert (reply.status, reply.json["reason"]) == (409, "ended")
    assert world.ledger(learner).seconds == 60
    assert world.session(bot.session_id).beat_key == ""
    report.attack(
        "Stolen beat key, together and after the hand-over",
        tried="owner and thief send every beat for 30 s; after a hand-over the thief sends 30 s more",
        earned="30 s of 60 s claimed, one chain; 0 s of 30 s after the hand-over",
        reason="the same beat again has the same answer; then `ended`, and the site has forgotten the key",
    )


def test_an_opening_signed_by_another_key_for_another_unit_or_late_is_refused(
    world: World, report: Report, learner: Learner
) -> None:
    browser = Browser(world, learner).sign_in()
    tab, other = browser.tab(SHORT_VIDEO), browser.tab(LONG_VIDEO)
    challenge = tab.ask_to_open().json["challenge"]
    by_another = tab.ask_to_open(tab.prove(challenge, SoftDevice()).form)
    of_another = other.ask_to_open(tab.prove(challenge).form)
    form = tab.prove(challenge).form
    bent = tab.ask_to_open({**form, "ephemeral": tab.prove(challenge).ephemeral})
    world.wait(121)
    late = tab.ask_to_open(form)
    forged = tab.ask_to_open(tab.prove("A" * 32).form)
    assert [reply.status for reply in (by_another, of_another, bent, late, forged)] == [403, 428, 403, 428, 428]
    assert not StudySession.objects.filter(enrolment=learner.enrolment).exists()
    report.attack(
        "Forged openings",
        tried="another key's signature; another unit's; an exchanged key; after two minutes; an invented challenge",
        earned="no session",
        reason="403 `study.wrong_device`, 428 `study.prove_device`",
    )


def test_one_operator_with_thirty_learners_on_one_device_gets_five_one_after_another(
    world: World, report: Report
) -> None:
    device, tabs, refused = SoftDevice(), [], []
    crowd = world.crowd()
    for learner in crowd:
        browser = Browser(world, learner, device=device).sign_in()
        try:
            tabs.append(browser.open(SHORT_VIDEO))
        except Refusal as refusal:
            refused.append(refusal.code)
            browser.close_line()
    for _ in range(6):
        world.wait(10)
        for tab in tabs:
            tab.load(tab.position_ms + 10_000)
            tab.send(tab.claim(10))
    earned = [world.ledger(learner).seconds for learner in crowd]
    assert (len(tabs), refused) == (5, ["study.device_full"] * 25)
    assert earned == [0, 0, 0, 0, 60] + [0] * 25
    assert world.session(tabs[0].session_id).end_reason == "device_taken"
    report.attack(
        "One operator, 30 learners, one device",
        tried="30 accounts with their passwords signed in on one device key; 60 s of beats of all who got in",
        earned="60 s of 1,800 s: five people may use a device in a day, and only one at a time",
        reason="403 `study.device_full` for 25; `ended` (`device_taken`) for four",
    )


def test_one_operator_with_thirty_profiles_earns_real_time_and_leaves_one_address(world: World, report: Report) -> None:
    crowd = world.crowd()
    world.wait(3_600)
    tabs = [Browser(world, learner).sign_in().open(LONG_VIDEO) for learner in crowd]
    for _ in range(3):
        world.wait(10)
        for tab in tabs:
            tab.load(tab.position_ms + 10_000)
            tab.send(tab.claim(10))
    assert [world.ledger(learner, LONG_VIDEO).seconds for learner in crowd] == [30] * 30
    sessions = StudySession.objects.filter(pk__in=[tab.session_id for tab in tabs])
    assert list(sessions.values_list("ip", flat=True)) == ["127.0.0.1"] * 30
    report.attack(
        "One operator, 30 browser profiles",
        tried="30 accounts with their passwords, each in a profile with its own key, 30 s of beats from one address",
        earned="900 s of 900 s: real time of each. Not stopped here",
        reason="one address in 30 study sessions, for the bureau; each is asked by the presence checks of its class",
    )
