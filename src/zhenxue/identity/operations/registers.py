"""Asking the registers outside who a person is: carrier, police, electronic social-security card."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict

from django.db import transaction

from zhenxue.identity.data import CARRIER, POLICE, SOCIAL_CARD, Actor, Match, Outcome, VerificationState
from zhenxue.identity.models import Person, Verification
from zhenxue.identity.operations.photos import open_photo
from zhenxue.identity.operations.verifying import begin_attempt, drop_attempt, finish_attempt
from zhenxue.identity.queries import people as queries
from zhenxue.identity.services import carrier, police, social_card
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.kernel.outside import Caller, OutsideDown, OutsideError, find_caller

NO_ERRAND = "这次登录已经失效，请回到实名认证页面重新开始。"
OTHER_HOLDER = "登录电子社保卡的人与登记的姓名或号码不一致。请用本人的电子社保卡；名册有误的请联系所在机构。"
DECLINED = "您没有同意登录，电子社保卡没有告诉平台任何信息。可以重新开始，或换一种方式。"


def ask_register(*, actor: Actor, person_id: int, method: str, now: dt.datetime) -> Verification:
    """Ask the carrier or the police now. Raises ``Conflict`` in the service's stead when it does not answer; what it
    answers is in the row that is given back."""
    if method not in {CARRIER, POLICE}:
        raise NotFound("identity.no_method", "没有这种核验方式，请从列表里选择。")
    row = begin_attempt(actor=actor, person_id=person_id, method=method, now=now)
    person = Person.objects.get(pk=person_id)
    try:
        outcome = _ask(method, person, f"verification-{row.pk}-{now.timestamp():.0f}")
    except OutsideError as error:
        drop_attempt(verification_id=row.pk, reason=error.words, now=now)
        raise Conflict("identity.register_down", error.words) from error
    facts = {"reference": outcome.reference, "match": outcome.match.value, **outcome.facts}
    return finish_attempt(
        actor=actor,
        verification_id=row.pk,
        passed=outcome.match is Match.SAME,
        reason=outcome.words,
        facts=facts,
        now=now,
    )


def start_social_card(*, actor: Actor, person_id: int, redirect_uri: str, now: dt.datetime) -> str:
    """The address at the social-security card's service to send the person to."""
    caller = _caller(SOCIAL_CARD)
    row = begin_attempt(actor=actor, person_id=person_id, method=SOCIAL_CARD, now=now)
    errand = social_card.new_errand(redirect_uri)
    Verification.objects.filter(pk=row.pk).update(
        secret=json.dumps(asdict(errand)), state_digest=hashlib.sha256(errand.state.encode()).hexdigest()
    )
    return social_card.address_of(caller, errand)


def finish_social_card(*, actor: Actor, state: str, code: str, error: str, now: dt.datetime) -> Verification:
    """The person came back. Raises ``Conflict`` when the errand is unknown, another person's, used, too old, or the
    service does not answer; what it answers is in the row that is given back."""
    digest = hashlib.sha256(state.encode()).hexdigest()
    with transaction.atomic():
        row = Verification.objects.select_for_update().filter(state_digest=digest).first() if state else None
        fits = row is not None and row.state == VerificationState.STARTED and row.person_id == actor.person_id
        if row is None or not fits or row.expires_at is None or row.expires_at <= now:
            raise Conflict("identity.no_errand", NO_ERRAND)
        errand = social_card.Errand(**json.loads(row.secret))
        row.secret = row.state_digest = ""  # used: a second return finds nothing
        row.save(update_fields=["secret", "state_digest"])
    if error or not code:
        drop_attempt(verification_id=row.pk, reason="本人没有同意", now=now)
        raise Conflict("identity.card_declined", DECLINED)
    try:
        holder = social_card.redeem(_caller(SOCIAL_CARD), errand, code)
    except OutsideError as failed:
        drop_attempt(verification_id=row.pk, reason=failed.words, now=now)
        raise Conflict("identity.register_down", failed.words) from failed
    person = Person.objects.get(pk=row.person_id)
    same = (holder.name, holder.citizen_number.upper()) == (person.name, person.citizen_number)
    match = Match.SAME if same else Match.DIFFERENT
    facts = {"reference": holder.reference, "match": match.value}
    with transaction.atomic():
        done = finish_attempt(
            actor=actor,
            verification_id=row.pk,
            passed=same,
            reason="" if same else OTHER_HOLDER,
            facts=facts,
            now=now,
        )
        if same:
            _fill_card_number(person.pk, holder.card_number)
    return done


def _ask(method: str, person: Person, ref: str) -> Outcome:
    caller = _caller(method)
    data = {"name": person.name, "citizen_number": person.citizen_number}
    if method == CARRIER:
        return carrier.check_three(caller, **data, phone=person.phone, ref=ref)
    return police.compare(caller, **data, portrait=open_photo(person, "portrait"), ref=ref)


def _caller(method: str) -> Caller:
    caller = find_caller(method)
    if caller is None:
        raise OutsideDown(method, "这种方式现在没有开通，请换一种方式。", "not set up")
    return caller


def _fill_card_number(person_id: int, number: str) -> None:
    """The card's number, where none was registered (A6)."""
    person = Person.objects.select_for_update().get(pk=person_id)
    if not person.social_card_number and number.isalnum() and number.isascii() and 8 <= len(number) <= 20:
        person.social_card_number, person.social_card_index = number, queries.social_card_index(number)
        person.save(update_fields=["social_card_number", "social_card_index"])
