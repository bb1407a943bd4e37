"""Giving and withdrawing consent; a person does it alone, never anybody in their name (PIPL arts. 14, 15, 29)."""

import datetime as dt

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import signals
from zhenxue.identity.data import Actor, ConsentPurpose
from zhenxue.identity.models import Consent
from zhenxue.identity.policies import check_is_oneself
from zhenxue.identity.queries.consents import consent_text, find_consent
from zhenxue.kernel.errors import Conflict


def give_consent(
    *, actor: Actor, person_id: int, purpose: ConsentPurpose | str, version: str, now: dt.datetime
) -> Consent:
    """The person agrees to the text in force, which they saw as ``version``; a second time changes nothing.

    Raises ``Refused`` for anybody else, ``Conflict`` when the text was changed meanwhile.
    """
    check_is_oneself(actor, person_id)
    purpose = ConsentPurpose(purpose)
    text = consent_text(purpose)
    if version != text.version:
        raise Conflict("identity.consent_text_changed", "同意书刚刚更新，请看过新的内容再决定。")
    with transaction.atomic():
        given = find_consent(person_id, purpose)
        if given is not None and given.text_version == text.version:
            return given
        if given is not None:  # the newer text takes the place of the older one; nothing that depends on it ends
            given.withdrawn_at = now
            given.save(update_fields=["withdrawn_at"])
        try:
            with transaction.atomic():
                given = Consent.objects.create(
                    person_id=person_id,
                    purpose=purpose,
                    text_version=text.version,
                    text_digest=text.digest,
                    given_at=now,
                )
        except IntegrityError:
            return Consent.objects.get(person_id=person_id, purpose=purpose, withdrawn_at__isnull=True)
        _record("identity.consent_given", actor, given, now)
    return given


def withdraw_consent(*, actor: Actor, person_id: int, purpose: ConsentPurpose | str, now: dt.datetime) -> None:
    """The person takes consent back; who keeps something by it deletes it in the same transaction
    (``signals.consent_withdrawn``). Nothing happens where there is none. Raises ``Refused`` for anybody else."""
    check_is_oneself(actor, person_id)
    purpose = ConsentPurpose(purpose)
    with transaction.atomic():
        given = Consent.objects.select_for_update().filter(
            person_id=person_id, purpose=purpose, withdrawn_at__isnull=True
        )
        for one in given:
            one.withdrawn_at = now
            one.save(update_fields=["withdrawn_at"])
            _record("identity.consent_withdrawn", actor, one, now)
            signals.consent_withdrawn.send(Consent, person_id=person_id, purpose=purpose, now=now)


def _record(kind: str, actor: Actor, given: Consent, now: dt.datetime) -> None:
    body = {
        "purpose": given.purpose,
        "what": ConsentPurpose(given.purpose).label,
        "version": given.text_version,
        "text": given.text_digest,
    }
    evidence.record(kind=kind, actor=actor, subject=f"person:{given.person_id}", about=[], body=body, now=now)
