"""Notices and their deliveries: written with what they tell, sent after it, tried again, bounded."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from tests.factories.identity import NOW, client_for, make_learner, make_person
from tests.support.sandbox import no_services, sandbox, services_of
from zhenxue.evidence import api as evidence
from zhenxue.identity.models import Account, Person
from zhenxue.kernel import outside
from zhenxue.kernel.errors import NotFound
from zhenxue.notices import api as notices
from zhenxue.notices.data import DeliveryState
from zhenxue.notices.models import Delivery, Notice
from zhenxue.notices.operations import notifying, sending
from zhenxue.notices.queries import due_deliveries
from zhenxue.sandbox.server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(settings: Settings) -> Iterator[Server]:
    outside._caller.cache_clear()
    with sandbox() as server:
        settings.OUTSIDE_SERVICES = services_of(server)
        yield server


def later(minutes: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def tell(person_id: int, *, sms: bool = False, now: dt.datetime = NOW) -> Notice | None:
    return notices.notify(
        person_id=person_id, kind="training", title="开班", text="明天八点半开课。", link="/home/", sms=sms, now=now
    )


def test_a_notice_counts_as_unread_until_its_owner_opens_it() -> None:
    learner, other = make_learner(), make_learner()
    first, second = (tell(learner.person_id or 0) for _ in range(2))
    assert first is not None
    assert second is not None
    assert Account.objects.get(pk=learner.account_id).unread == 2
    with pytest.raises(NotFound):
        notifying.mark_read(actor=other, notice_id=first.pk, now=NOW)
    for _ in range(2):
        notifying.mark_read(actor=learner, notice_id=first.pk, now=NOW)
    assert Account.objects.get(pk=learner.account_id).unread == 1
    assert notifying.mark_all_read(actor=learner, now=NOW) == 1
    assert Account.objects.get(pk=learner.account_id).unread == 0
    assert tell(make_person().pk) is None, "nobody without an account"


def test_a_notice_goes_back_with_what_it_tells() -> None:
    learner = make_learner()
    with transaction.atomic():
        tell(learner.person_id or 0, sms=True)
        transaction.set_rollback(True)
    assert not Notice.objects.filter(account_id=learner.account_id).exists()
    assert not Delivery.objects.filter(person_id=learner.person_id).exists()


def test_a_message_is_sent_once_with_evidence_and_its_words_are_dropped(town: Server) -> None:
    learner = make_learner()
    tell(learner.person_id or 0, sms=True)
    row = Delivery.objects.get(person_id=learner.person_id)
    for _ in range(2):
        sending.send_delivery(delivery_id=row.pk, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.tries, row.text) == (DeliveryState.SENT, 1, "")
    (note,) = town.town.notes
    assert dict(note.lines)["内容"] == "【真学】开班：明天八点半开课。"
    entry = evidence.list_entries(refs=[f"person:{learner.person_id}"], kinds=("notices.sent",), limit=1)
    assert len(entry) == 1
    person = Person.objects.get(pk=learner.person_id)
    assert dict(note.lines)["号码"] == person.phone


def test_a_gateway_that_is_down_is_asked_again_and_then_given_up(town: Server) -> None:
    learner = make_learner()
    tell(learner.person_id or 0, sms=True)
    row = Delivery.objects.get(person_id=learner.person_id)
    town.town.moods["sms"] = "down"
    minutes, tries = 0.0, 0
    while row.state == DeliveryState.WAITING:
        outside._caller.cache_clear()
        sending.send_delivery(delivery_id=row.pk, now=later(minutes))
        tries += 1
        row.refresh_from_db()
        assert tries < 10
        if row.next_at:
            assert row.pk not in due_deliveries(later(minutes))
            minutes = (row.next_at - NOW).total_seconds() / 60
            assert row.pk in due_deliveries(later(minutes))
    assert (row.state, tries, minutes) == (DeliveryState.FAILED, 4, 36)
    assert "500" in row.error


def test_a_number_the_gateway_refuses_is_not_tried_again(town: Server) -> None:
    learner = make_learner()
    Person.objects.filter(pk=learner.person_id).update(phone="19900001234")
    tell(learner.person_id or 0, sms=True)
    row = Delivery.objects.get(person_id=learner.person_id)
    assert sending.send_delivery(delivery_id=row.pk, now=NOW) == DeliveryState.FAILED
    row.refresh_from_db()
    assert "number_refused" in row.error


def test_messages_to_a_person_are_bounded_a_day(settings: Settings) -> None:
    settings.OUTSIDE_SERVICES = no_services()
    learner = make_learner()
    for _ in range(8):
        tell(learner.person_id or 0, sms=True)
    assert Delivery.objects.filter(person_id=learner.person_id).count() == 5
    assert Notice.objects.filter(account_id=learner.account_id).count() == 8
    tell(learner.person_id or 0, sms=True, now=later(24 * 60))
    assert Delivery.objects.filter(person_id=learner.person_id).count() == 6


def test_the_inbox_is_ones_own() -> None:
    learner, other = make_learner(), make_learner()
    tell(learner.person_id or 0)
    page = client_for(learner).get("/notices/").content.decode()
    assert "明天八点半开课" in page
    assert "1 条未读" in page
    assert "明天八点半开课" not in client_for(other).get("/notices/").content.decode()
