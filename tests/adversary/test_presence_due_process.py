"""Cheats with incidents, rulings and appeals."""

import datetime as dt

import pytest

from tests.adversary import presence as page
from tests.adversary.bots import Browser
from tests.adversary.reporting import Report
from tests.adversary.world import LONG_VIDEO, Learner, World
from tests.factories.identity import make_operator
from zhenxue.identity.data import Role
from zhenxue.integrity.models import Incident, Ruling, Statement
from zhenxue.integrity.operations import incidents as operations
from zhenxue.integrity.operations.signals import note_signal

REASON = "照片里的人与登记的人脸不同，机构说明不足以解释。"
WORDS = "当天是我本人在学，请再核对一次照片。"


pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def learner(world: World) -> Learner:
    return world.checked()


def opened(world: World, learner: Learner) -> Incident:
    """An incident by one heavy signal."""
    note_signal(
        person_id=learner.enrolment.person_id,
        enrolment_id=learner.enrolment.pk,
        kind="other_face",
        context="",
        facts={"check": 1},
        once_key=f"adversary:{learner.enrolment.pk}",
        now=world.clock.now(),
    )
    [incident] = page.incidents(learner)
    return incident


def test_the_heaviest_signals_alone_withdraw_nothing(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    """Somebody who wants to harm a learner, or a rule that errs: signals in a heap."""
    page.enter(browser, LONG_VIDEO).study(60)
    incident = opened(world, learner)
    for number in range(20):
        for kind in ("other_face", "duplicate_face", "reused_picture", "identical_timelines"):
            note_signal(
                person_id=learner.enrolment.person_id,
                enrolment_id=learner.enrolment.pk,
                kind=kind,
                facts={"check": number},
                once_key=f"heap:{learner.enrolment.pk}:{number}",
                now=world.clock.now(),
            )
    world.wait(40 * 86_400)
    operations.remind(now=world.clock.now())
    operations.close_finished(now=world.clock.now())
    incident.refresh_from_db()
    assert (incident.state, Ruling.objects.filter(incident=incident).count()) == ("open", 0)
    assert world.ledger(learner).seconds == 60
    report.attack(
        "Signals in a heap, to have somebody's hours withdrawn",
        tried="81 of the heaviest signals about one learner, and 40 days in which nobody rules",
        earned="nothing is withdrawn: 60 s of 60 s stay; the incident waits, overdue, for a person",
        reason="only a ruling with a reason by somebody signed in moves an hour",
    )


def test_an_appeal_is_once_and_never_decided_by_who_ruled(
    world: World, report: Report, browser: Browser, learner: Learner
) -> None:
    page.enter(browser, LONG_VIDEO).study(60)
    assert world.ledger(learner).seconds == 60
    incident, now = opened(world, learner), world.clock.now()
    assert world.checked_class is not None
    first = make_operator(Role.OPERATOR_REVIEWER)
    own = [
        browser.post(f"/incidents/{incident.pk}/{what}/", {"kind": "dismiss", "reason": REASON})
        for what in ("rule", "decide")
    ]
    manager = Browser(world, world.staff(world.checked_class.manager)).sign_in()
    unheard = Browser(world, world.staff(first)).sign_in()
    day = now.date()
    ruling = {
        "kind": "withdraw",
        "reason": REASON,
        "since": f"{day} 00:00",
        "until": f"{day + dt.timedelta(days=1)} 00:00",
    }
    early = unheard.post(f"/incidents/{incident.pk}/rule/", ruling)
    by_manager = manager.post(f"/incidents/{incident.pk}/rule/", ruling)
    assert world.ledger(learner).seconds == 60
    operations.explain(
        actor=world.checked_class.manager, incident_id=incident.pk, text="机房统一开机，请核对。", now=now
    )
    since, until = incident.period
    operations.rule(
        actor=first, incident_id=incident.pk, kind="withdraw", reason=REASON, since=since, until=until, now=now
    )
    assert world.ledger(learner).seconds == 0
    appeal = f"/incidents/mine/{incident.pk}/appeal/"
    friend = Browser(world, world.checked()).sign_in().post(appeal, {"text": WORDS})
    appeals = [browser.post(appeal, {"text": WORDS}) for _ in range(2)]
    decision = {"kind": "dismiss", "reason": "原裁定依据不足，予以撤销。"}
    decided = [one.post(f"/incidents/{incident.pk}/decide/", decision) for one in (unheard, manager, browser)]
    assert [one.status for one in own] == [403, 403]
    assert [early.status, by_manager.status] == [422, 403]
    assert "还没有说明" in early.text
    assert friend.status == 404
    assert [one.status for one in appeals] == [302, 409]
    assert [one.status for one in decided] == [403, 403, 403]
    assert Statement.objects.filter(incident=incident, role="appeal").count() == 1
    assert world.ledger(learner).seconds == 0
    second = Browser(world, world.staff(world.checked_class.bureau)).sign_in()
    assert second.post(f"/incidents/{incident.pk}/decide/", decision).status == 302
    assert world.ledger(learner).seconds == 60
    again = browser.post(appeal, {"text": WORDS})
    assert again.status == 409
    report.attack(
        "Appealing twice, ruling one's own case, deciding an appeal against oneself",
        tried="rulings by the learner, the provider, and before the provider was heard; two appeals, one by a friend; "
        "decisions by learner, provider and whoever ruled; an appeal once more after the decision",
        earned="nothing: one appeal, decided by a second person, whose decision put 60 s of 60 s back",
        reason="403, 404, 409 and 422; the database holds that two accounts ruled",
    )
