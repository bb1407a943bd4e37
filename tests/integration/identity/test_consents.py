"""Consents: given alone, versioned, withdrawn at any time."""

import datetime as dt
from typing import Any

import pytest

from tests.factories.identity import NOW, make_learner
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity import signals
from zhenxue.identity.data import ConsentPurpose
from zhenxue.identity.models import Consent
from zhenxue.kernel.errors import Conflict, Refused

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


def test_consent_is_given_for_one_purpose_and_withdrawn_at_any_time() -> None:
    learner, other = make_learner(), make_learner()
    person_id = learner.person_id or 0
    text = identity.consent_text(ConsentPurpose.FACE)
    heard: list[tuple[int, str]] = []

    def hear(sender: Any, *, person_id: int, purpose: ConsentPurpose, **more: Any) -> None:
        heard.append((person_id, purpose.value))

    with pytest.raises(Refused):
        identity.give_consent(
            actor=other, person_id=person_id, purpose=ConsentPurpose.FACE, version=text.version, now=NOW
        )
    with pytest.raises(Conflict):
        identity.give_consent(actor=learner, person_id=person_id, purpose=ConsentPurpose.FACE, version="0", now=NOW)
    assert not identity.has_consent(person_id, "face")
    for _ in range(2):
        identity.give_consent(
            actor=learner, person_id=person_id, purpose=ConsentPurpose.FACE, version=text.version, now=NOW
        )
    assert identity.has_consent(person_id, ConsentPurpose.FACE)
    assert not identity.has_consent(person_id, ConsentPurpose.DOCUMENTS), "each purpose is apart"
    assert Consent.objects.filter(person_id=person_id).count() == 1

    signals.consent_withdrawn.connect(hear)
    try:
        identity.withdraw_consent(actor=learner, person_id=person_id, purpose="face", now=LATER)
        identity.withdraw_consent(actor=learner, person_id=person_id, purpose="face", now=LATER)
    finally:
        signals.consent_withdrawn.disconnect(hear)
    assert heard == [(person_id, "face")]
    assert not identity.has_consent(person_id, "face")
    entries = evidence.list_entries(refs=[f"person:{person_id}"], limit=10)
    assert [one.kind for one in entries][:2] == ["identity.consent_withdrawn", "identity.consent_given"]


def test_a_newer_text_asks_anew() -> None:
    learner = make_learner()
    person_id = learner.person_id or 0
    text = identity.consent_text(ConsentPurpose.DOCUMENTS)
    Consent.objects.create(
        person_id=person_id,
        purpose=ConsentPurpose.DOCUMENTS,
        text_version="0",
        text_digest="0" * 64,
        given_at=NOW,
    )
    assert not identity.has_consent(person_id, ConsentPurpose.DOCUMENTS)
    identity.give_consent(
        actor=learner, person_id=person_id, purpose=ConsentPurpose.DOCUMENTS, version=text.version, now=LATER
    )
    assert identity.has_consent(person_id, ConsentPurpose.DOCUMENTS)
    assert Consent.objects.filter(person_id=person_id, withdrawn_at__isnull=True).count() == 1


def test_every_text_says_what_the_law_asks() -> None:
    for purpose in ConsentPurpose:
        text = identity.consent_text(purpose)
        whole = "".join(text.paragraphs)
        assert text.title
        assert len(text.digest) == 64
        for word in ("谁在处理", "处理什么", "为了什么", "保存多久", "对您的影响", "您的权利", "撤回"):
            assert word in whole, f"{purpose.label} lacks {word}"
