"""Opening on a device: only the one that the sign-in is bound to, one session on it, a few people a day."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories.study import Page, make_studying, page_of, sign_in
from tests.factories.training import Running
from zhenxue.evidence import api as evidence
from zhenxue.kernel.errors import Invalid, Refused
from zhenxue.ledger.models import Coverage, Span
from zhenxue.study import operations, protocol
from zhenxue.study.data import DeviceProof, EndReason
from zhenxue.study.errors import ProveDevice, StudyingElsewhere
from zhenxue.study.models import StudySession
from zhenxue.study.operations.opening import open_session
from zhenxue.study.pageside import Opening, SoftDevice

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    return make_studying(learners=7)


def asking(page: Page, **changes: Any) -> Callable[[DeviceProof | None], Any]:
    """The bare opening of a page: brings the proof that it is given."""
    if page.sign_in_id is None:
        page.sign_in_id, page.device = sign_in(page.actor, page.device, now=page.now)
    values: dict[str, Any] = {
        "actor": page.actor,
        "enrolment_id": page.enrolment_id,
        "unit_id": page.unit_id,
        "sign_in_digest": protocol.sign_in_digest(page.cookie),
        "sign_in_id": page.sign_in_id,
        "tab": page.tab,
        "now": page.now,
    }
    return lambda proof: open_session(**{**values, **changes, "proof": proof})


def challenge_of(page: Page) -> str:
    with pytest.raises(ProveDevice) as asked:
        asking(page)(None)
    return asked.value.challenge


def signed(page: Page, device: SoftDevice, challenge: str) -> DeviceProof:
    opening = Opening(device, challenge=challenge, enrolment_id=page.enrolment_id, unit_id=page.unit_id, tab=page.tab)
    return DeviceProof(challenge, opening.ephemeral, opening.signature)


def test_a_sign_in_without_a_device_key_cannot_study(running: Running) -> None:
    page = page_of(running)
    with pytest.raises(Refused, match="还没有绑定设备"):
        asking(page, sign_in_id=None)(None)
    assert not StudySession.objects.exists()
    page.open()
    assert StudySession.objects.get().device_fingerprint == (page.device or SoftDevice()).fingerprint


def test_only_the_bound_device_opens(running: Running) -> None:
    page = page_of(running)
    challenge = challenge_of(page)
    with pytest.raises(Refused) as refusal:
        asking(page)(signed(page, SoftDevice(), challenge))
    assert refusal.value.code == "study.wrong_device"
    assert page.device is not None
    assert asking(page)(signed(page, page.device, challenge)).session_id


def test_a_challenge_is_for_this_unit_and_for_two_minutes(running: Running) -> None:
    page, other = page_of(running), page_of(running, unit=1)
    challenge = challenge_of(page)
    assert page.device is not None
    proof = signed(page, page.device, challenge)
    with pytest.raises(ProveDevice):
        asking(other)(signed(other, page.device, challenge))
    with pytest.raises(ProveDevice) as again:
        asking(page, now=page.now + dt.timedelta(seconds=121))(proof)
    assert again.value.challenge != challenge
    assert again.value.status == 428
    with pytest.raises(ProveDevice):
        asking(page, sign_in_digest="b" * 64)(proof)


def test_a_key_that_is_no_point_is_refused_and_nothing_is_left(running: Running) -> None:
    page = page_of(running)
    challenge = challenge_of(page)
    assert page.device is not None
    text = protocol.opening_text(
        challenge=challenge, enrolment_id=page.enrolment_id, unit_id=page.unit_id, tab="", ephemeral="A" * 87
    )
    with pytest.raises(Invalid):
        asking(page)(DeviceProof(challenge, "A" * 87, page.device.sign(text)))
    assert not StudySession.objects.exists()


def test_the_next_person_on_a_device_ends_the_session_before(running: Running) -> None:
    first = page_of(running).open().study(20)
    second = page_of(running, learner=1, device=first.device, now=first.now).open()
    late = first.beat(10)
    assert (late["status"], late["reason"], late["ended_because"]) == (409, "ended", "device_taken")
    assert "换了别人" in late["text"]
    former = StudySession.objects.get(pk=first.session_id)
    assert (former.end_reason, former.beat_key) == (EndReason.DEVICE_TAKEN, "")
    second.study(20).settle()
    assert sorted(row.seconds for row in Coverage.objects.all()) == [20, 20]
    with pytest.raises(IntegrityError), transaction.atomic():
        StudySession.objects.filter(pk=first.session_id).update(state="open", end_reason="", ended_at=None)


def test_one_device_serves_five_people_a_day(running: Running) -> None:
    device = SoftDevice()
    pages = [page_of(running, learner=number, device=device) for number in range(6)]
    for page in pages[:5]:
        page.open()
    with pytest.raises(Refused) as refusal:
        pages[5].open()
    assert refusal.value.code == "study.device_full"
    page_of(running, learner=0, device=device, now=pages[0].now + dt.timedelta(minutes=1)).open()
    page_of(running, learner=5, device=device, now=pages[5].now + dt.timedelta(days=1)).open()


def test_beats_without_proof_are_booked_as_refused_and_written_into_the_log(running: Running) -> None:
    page = page_of(running).open().study(20)
    page.wait(10)
    forged = page.claim(10)
    for _ in range(3):
        assert page.post(forged, beat_key=b"k" * 32)[1]["reason"] == "device"
    assert page.post(forged, beat_key=b"")[1]["reason"] == "no_proof"
    page.beat(0, played=10)
    page.close()
    [closed] = evidence.iterate_bodies(kinds=["study.closed"])
    assert closed.body["refusals"] == {"device": 3, "no_proof": 1}
    [entry] = evidence.list_entries(refs=[f"enrolment:{page.enrolment_id}"], kinds=["study.closed"])
    assert ("凭证不对的上报", "上报不是由打开学习的那台设备发出的 3 次，这次上报没有带学习凭证 1 次") in entry.lines
    refused = {span.reason: span.claimed_seconds for span in Span.objects.filter(state="refused")}
    assert refused == {"device": 30, "no_proof": 10}
    assert sum(row.seconds for row in Coverage.objects.all()) == 30


def test_a_hand_over_to_the_phone_leaves_the_old_page_without_a_key(running: Running) -> None:
    desk = page_of(running).open().study(30)
    phone = page_of(running, now=desk.now, device=SoftDevice(), tab="phone")
    with pytest.raises(StudyingElsewhere):
        page_of(running, unit=1, now=desk.now, tab="b").open()
    phone.open(take_over=True)
    assert StudySession.objects.get(pk=desk.session_id).beat_key == ""
    assert desk.beat(10)["reason"] == "ended"
    phone.study(30).settle()
    assert sum(row.seconds for row in Coverage.objects.all()) == 60
    operations.hand_over(actor=phone.actor, now=phone.now)
