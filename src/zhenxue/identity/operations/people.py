"""Registering people and correcting what is on file."""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import validators
from zhenxue.identity.data import Actor
from zhenxue.identity.errors import NameDiffers
from zhenxue.identity.models import Account, Person
from zhenxue.identity.policies import check_can_register_person, check_can_unmask
from zhenxue.identity.queries import people as queries
from zhenxue.kernel import clock, masking
from zhenxue.kernel.errors import Invalid, Refused


@dataclass(frozen=True, slots=True)
class PersonFields:
    """The real-name fields of a person that are typed (A6)."""

    name: str
    citizen_number: str
    phone: str
    social_card_number: str = ""


#: What may be unmasked, with the word for it.
UNMASKABLE = {"citizen_number": "公民身份号码", "phone": "手机号码", "social_card_number": "电子社保卡号码"}
REASON_LEAST = 4


def register_person(
    *, actor: Actor, name: str, citizen_number: str, phone: str, social_card_number: str = "", now: dt.datetime
) -> Person:
    """Enter a natural person, or give back the one already known by this citizen number and name.

    Missing phone or card number of a known person are filled in; given ones are never overwritten. ``phone`` may be
    empty. Raises ``Invalid`` for malformed input, ``NameDiffers`` when the number belongs to another name,
    ``Refused``.
    """
    check_can_register_person(actor)
    name = validators.check_name(name)
    checked = validators.check_citizen_number(citizen_number, today=clock.civil_day(now))
    phone = validators.check_phone(phone) if phone.strip() else ""
    card = validators.check_social_card_number(social_card_number)
    with transaction.atomic():
        known = _locked(checked.number)
        if known is None:
            try:
                with transaction.atomic():
                    person = Person.objects.create(
                        name=name,
                        citizen_number=checked.number,
                        citizen_index=queries.citizen_index(checked.number),
                        birth_date=checked.birth_date,
                        gender=checked.gender,
                        phone=phone,
                        phone_index=queries.phone_index(phone),
                        social_card_number=card,
                        social_card_index=queries.social_card_index(card),
                        created_at=now,
                    )
            except IntegrityError:  # somebody else was faster with the same number
                known = _locked(checked.number)
                if known is None:
                    raise
            else:
                _record("identity.person_registered", actor, person, now, citizen_number=_masked(person))
                return person
        return _complete(actor, known, name, phone, card, now)


def change_phone(*, actor: Actor, account: Account, password: str, phone: str, now: dt.datetime) -> Person:
    """Let the owner of an account change the own phone, with the password again. Raises ``Invalid`` or ``Refused``."""
    if actor.account_id != account.pk:
        raise Refused("identity.change_phone", "只能修改自己的手机号码。")
    phone = validators.check_phone(phone)
    if not account.check_password(password):
        message = "当前密码不正确，请重新输入。"
        raise Invalid("identity.wrong_password", message, fields={"password": message})
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=account.person_id)
        if person.phone != phone:
            before = masking.phone(person.phone)
            person.phone, person.phone_index = phone, queries.phone_index(phone)
            person.save(update_fields=["phone", "phone_index"])
            _record("identity.phone_changed", actor, person, now, before=before, after=masking.phone(phone))
    return person


def unmask_person(*, actor: Actor, person_id: int, what: str, reason: str, now: dt.datetime) -> str:
    """The plain value of one masked number of a person in sight; the reason and the act go into the evidence."""
    check_can_unmask(actor)
    person = queries.get_visible_person(actor, person_id)
    if what not in UNMASKABLE:
        raise Invalid("identity.unmask_what", "请选择要查看的内容。")
    reason = check_reason(reason)
    with transaction.atomic():
        _record("identity.unmasked", actor, person, now, what=UNMASKABLE[what], reason=reason)
    return str(getattr(person, what))


def check_reason(text: str, field: str = "reason") -> str:
    """A reason somebody can later judge: at least four characters, at most 200."""
    text = text.strip()
    if not REASON_LEAST <= len(text) <= 200:
        message = f"请写明原因（{REASON_LEAST}至200个字），它会记入存证。"
        raise Invalid("identity.reason", message, fields={field: message})
    return text


def _locked(number: str) -> Person | None:
    return Person.objects.select_for_update().filter(citizen_index=queries.citizen_index(number)).first()


def _complete(actor: Actor, person: Person, name: str, phone: str, card: str, now: dt.datetime) -> Person:
    if person.name != name:
        message = "该公民身份号码已用另一个姓名登记。请核对姓名和号码；如登记有误，请联系平台管理员更正。"
        raise NameDiffers("identity.name_differs", message, fields={"name": message})
    filled = []
    if phone and not person.phone:
        person.phone, person.phone_index = phone, queries.phone_index(phone)
        filled += ["phone", "phone_index"]
    if card and not person.social_card_number:
        person.social_card_number, person.social_card_index = card, queries.social_card_index(card)
        filled += ["social_card_number", "social_card_index"]
    if filled:
        person.save(update_fields=filled)
        _record("identity.person_completed", actor, person, now, filled=[one for one in filled if one in UNMASKABLE])
    return person


def _masked(person: Person) -> str:
    return masking.citizen_number(person.citizen_number)


def _record(kind: str, actor: Actor, person: Person, now: dt.datetime, **body: object) -> None:
    about = [f"organisation:{actor.organisation_id}"] if actor.organisation_id else []
    evidence.record(kind=kind, actor=actor, subject=f"person:{person.pk}", about=about, body=body, now=now)
