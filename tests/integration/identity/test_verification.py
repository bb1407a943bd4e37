"""Whoever writes into the tables of rules and devices is found by ``verify``."""

import pytest

from tests.factories.identity import make_learner, make_rules, new_key
from tests.support.devices import register, sign_in
from zhenxue.identity import api as identity
from zhenxue.identity.models import DeviceKey, LoginSession, RuleSet
from zhenxue.identity.queries.verification import check_devices, check_rules

pytestmark = pytest.mark.django_db


def test_rules_that_were_rewritten_or_removed_are_found() -> None:
    make_rules()
    assert list(check_rules()) == []
    row = RuleSet.objects.get(version="2026-1")
    words = {**row.rules, "late_minutes": {**row.rules["late_minutes"], "label": "迟到"}}
    RuleSet.objects.filter(pk=row.pk).update(rules=words)
    assert list(check_rules()) == [], "wording binds nobody"
    numbers = {**row.rules, "late_minutes": {**row.rules["late_minutes"], "value": 99}}
    RuleSet.objects.filter(pk=row.pk).update(rules=numbers)
    (finding,) = check_rules()
    assert "2026-1" in finding.text
    assert "rules" in finding.text
    RuleSet.objects.filter(pk=row.pk).delete()
    (finding,) = check_rules()
    assert "缺失" in finding.text


def test_a_sign_in_moved_to_another_device_is_found() -> None:
    first, second = make_learner(), make_learner()
    mine, theirs = sign_in(first), sign_in(second)
    key = register(first, mine, new_key())
    other = register(second, theirs, new_key())
    assert list(check_devices()) == []
    LoginSession.objects.filter(pk=mine.pk).update(device_key=other)
    (finding,) = check_devices()
    assert f"绑定设备 {other.pk}" in finding.text
    LoginSession.objects.filter(pk=mine.pk).update(device_key=None)
    (finding,) = check_devices()
    assert f"存证是设备 {key.pk}" in finding.text
    LoginSession.objects.filter(pk=mine.pk).update(device_key=key)
    unlogged = sign_in(make_learner())
    LoginSession.objects.filter(pk=unlogged.pk).update(device_key=DeviceKey.objects.get(pk=key.pk))
    (finding,) = check_devices()
    assert "没有存证" in finding.text
    assert identity.device_key_of(unlogged.pk) == key
