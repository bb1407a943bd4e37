"""Device keys: bound once to a sign-in, removed by their owner."""

import base64
import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories.identity import DEVICE, NOW, actor_for, make_learner, make_teacher, new_key
from tests.support.devices import register, sign_in
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.operations import devices
from zhenxue.identity.queries.devices import list_own_devices
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused, TooMany

pytestmark = pytest.mark.django_db


def test_a_sign_in_is_bound_once_and_a_second_key_is_refused() -> None:
    learner, key = make_learner(), new_key()
    session = sign_in(learner)
    assert identity.device_key_of(session.pk) is None
    first = register(learner, session, key)
    assert register(learner, session, key) == first
    assert identity.device_key_of(session.pk) == first
    assert (first.label, len(first.fingerprint)) == (DEVICE.name, 64)
    with pytest.raises(Conflict) as caught:
        register(learner, session, new_key())
    assert caught.value.code == "identity.device_bound"
    assert identity.device_key_of(session.pk) == first
    kinds = [one.kind for one in evidence.list_entries(refs=[f"account:{learner.account_id}"])]
    assert kinds.count("identity.device_bound") == 1


def test_the_same_browser_is_one_device_over_many_sign_ins() -> None:
    learner, key = make_learner(), new_key()
    first = register(learner, sign_in(learner), key)
    later = NOW + dt.timedelta(days=3)
    again = register(learner, sign_in(learner, now=later), key, now=later)
    assert again == first
    assert (again.first_seen_at, again.last_seen_at) == (NOW, later)
    assert list_own_devices(learner) == [first]


@pytest.mark.parametrize(
    "fault", ["", "short", "off the curve", "compressed", "padded", "not base64", "standard letters"]
)
def test_what_is_no_point_of_the_curve_is_refused(fault: str) -> None:
    learner, key = make_learner(), new_key()
    raw = base64.urlsafe_b64decode(key + "=")
    bad = {
        "": "",
        "short": key[:40],
        "off the curve": base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).rstrip(b"=").decode(),
        "compressed": base64.urlsafe_b64encode(bytes([2 + raw[-1] % 2]) + raw[1:33]).rstrip(b"=").decode(),
        "padded": key + "=",
        "not base64": "密钥" * 40,
        "standard letters": "+/" + key[2:],
    }[fault]
    session = sign_in(learner)
    with pytest.raises(Invalid) as caught:
        register(learner, session, bad)
    assert "public_key" in caught.value.fields
    assert identity.device_key_of(session.pk) is None


def test_only_the_learner_binds_the_own_live_sign_in() -> None:
    learner, other, teacher = make_learner(), make_learner(), make_teacher()
    session = sign_in(learner)
    with pytest.raises(NotFound):
        register(other, session, new_key())
    with pytest.raises(Refused):
        register(teacher, sign_in(teacher), new_key())
    sign_in(learner, now=NOW + dt.timedelta(hours=1))
    with pytest.raises(NotFound):
        register(learner, session, new_key())


def test_a_script_that_makes_keys_is_stopped() -> None:
    learner = make_learner()
    for _ in range(devices.NEW_DEVICES_A_DAY):
        register(learner, sign_in(learner), new_key())
    session = sign_in(learner)
    with pytest.raises(TooMany):
        register(learner, session, new_key())
    tomorrow = NOW + dt.timedelta(days=1, minutes=1)
    assert register(learner, sign_in(learner, now=tomorrow), new_key(), now=tomorrow)


def test_a_removed_device_is_signed_out_and_comes_back_by_signing_in() -> None:
    learner, key = make_learner(), new_key()
    session = sign_in(learner)
    device = register(learner, session, key)
    with pytest.raises(NotFound):
        devices.remove_device(actor=make_learner(), device_key_id=device.pk, now=NOW)
    devices.remove_device(actor=learner, device_key_id=device.pk, now=NOW)
    session.refresh_from_db()
    assert (session.ended_at, session.end_reason) == (NOW, "device_removed")
    assert list_own_devices(learner) == []
    with pytest.raises(NotFound):
        devices.remove_device(actor=learner, device_key_id=device.pk, now=NOW)
    assert register(learner, sign_in(learner), key) == device
    assert list_own_devices(learner) == [device]


def test_the_database_knows_a_device_once_per_account() -> None:
    learner, key = make_learner(), new_key()
    device = register(learner, sign_in(learner), key)
    device.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        device.save(force_insert=True)
    assert actor_for(identity.get_account(learner.account_id or 0)) == learner
