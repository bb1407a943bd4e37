"""Registering people and correcting what is on file."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import batched

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import validators
from zhenxue.identity.data import Actor, CitizenNumber
from zhenxue.identity.errors import NameDiffers
from zhenxue.identity.models import Account, Person
from zhenxue.identity.operations.evidence import record_batch
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
#: People written (and recorded) at a time by ``register_people``.
BATCH = 500
#: How often a batch is tried when others register the same people at the same moment.
TRIES = 3


@dataclass(slots=True)
class _Draft:
    """Checked fields of one person."""

    name: str
    number: CitizenNumber
    phone: str
    card: str

    @property
    def index(self) -> str:
        return queries.citizen_index(self.number.number)


@dataclass(slots=True)
class _Entered:
    """What ``_enter`` did: everybody by citizen number, who is new, and what was filled in for whom."""

    people: dict[str, Person] = field(default_factory=dict)
    fresh: list[Person] = field(default_factory=list)
    filled: list[tuple[Person, list[str]]] = field(default_factory=list)


def register_person(
    *, actor: Actor, name: str, citizen_number: str, phone: str, social_card_number: str = "", now: dt.datetime
) -> Person:
    """Enter a natural person, or give back the one already known by this citizen number and name.

    Missing phone or card number of a known person are filled in; given ones are never overwritten. ``phone`` may be
    empty. Raises ``Invalid`` for malformed input, ``NameDiffers`` when the number belongs to another name,
    ``Refused``.
    """
    check_can_register_person(actor)
    fields = PersonFields(name, citizen_number, phone, social_card_number)
    draft = _check(fields, clock.civil_day(now))
    with transaction.atomic():
        entered = _enter([draft], now)
        for person in entered.fresh:
            _record("identity.person_registered", actor, person, now, citizen_number=_masked(person))
        for person, filled in entered.filled:
            _record("identity.person_completed", actor, person, now, filled=filled)
    return entered.people[draft.number.number]


def register_people(*, actor: Actor, drafts: Iterable[PersonFields], now: dt.datetime) -> dict[str, Person]:
    """``register_person`` for many: the same checks and the same outcome, by citizen number in its standard form.

    Works in batches of ``BATCH``, each whole or not at all, with one evidence entry a batch that is about every person
    in it; hand in no more at once than is to be held in memory. Doing it again changes nothing. Wrap it in a
    transaction where all batches must stand or fall together. Raises what ``register_person`` raises, with the name of
    whom it is about; earlier batches stay then.
    """
    check_can_register_person(actor)
    people: dict[str, Person] = {}
    for batch in batched(drafts, BATCH):
        checked = _merge([_check_of_many(fields, clock.civil_day(now)) for fields in batch])
        with transaction.atomic():
            entered = _enter(checked, now)
            record_batch("identity.people_registered", actor, entered.fresh, now)
            completed = [person for person, _ in entered.filled]
            fields_of = {str(person.pk): filled for person, filled in entered.filled}
            record_batch("identity.people_completed", actor, completed, now, filled=fields_of)
        people.update(entered.people)
    return people


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


def _check(fields: PersonFields, today: dt.date) -> _Draft:
    """The fields in their standard form; raises ``Invalid``."""
    return _Draft(
        name=validators.check_name(fields.name),
        number=validators.check_citizen_number(fields.citizen_number, today=today),
        phone=validators.check_phone(fields.phone) if fields.phone.strip() else "",
        card=validators.check_social_card_number(fields.social_card_number),
    )


def _check_of_many(fields: PersonFields, today: dt.date) -> _Draft:
    try:
        return _check(fields, today)
    except Invalid as error:
        raise Invalid(error.code, f"{fields.name}：{error.message}", fields=error.fields) from error


def _merge(drafts: Sequence[_Draft]) -> list[_Draft]:
    """One draft a person: the first, with what it lacks from the later ones; raises ``NameDiffers``."""
    merged: dict[str, _Draft] = {}
    for draft in drafts:
        first = merged.setdefault(draft.number.number, draft)
        if first.name != draft.name:
            raise _name_differs(draft.name)
        first.phone, first.card = first.phone or draft.phone, first.card or draft.card
    return list(merged.values())


def _enter(drafts: Sequence[_Draft], now: dt.datetime) -> _Entered:
    """Find or create a person for each draft (all of different numbers), in three statements however many there are.

    Rows are locked and written in the order of their index, so that two imports of the same people wait for each other
    instead of locking up. A number that somebody else enters meanwhile fails the insert; then everything is looked up
    again.
    """
    drafts = sorted(drafts, key=lambda draft: draft.index)
    for left in range(TRIES, 0, -1):
        known = _locked(drafts)
        missing = [draft for draft in drafts if draft.index not in known]
        try:
            with transaction.atomic():
                fresh = Person.objects.bulk_create([_person(draft, now) for draft in missing])
        except IntegrityError:
            if left == 1:
                raise
        else:
            break
    entered = _Entered(fresh=fresh)
    pairs = [(known[draft.index], draft) for draft in drafts if draft.index in known]
    for person, draft in pairs:
        if person.name != draft.name:
            raise _name_differs(draft.name if len(drafts) > 1 else "")
    entered.filled = _complete(pairs)
    everybody = known | {person.citizen_index: person for person in fresh}
    entered.people = {draft.number.number: everybody[draft.index] for draft in drafts}
    return entered


def _person(draft: _Draft, now: dt.datetime) -> Person:
    return Person(
        name=draft.name,
        citizen_number=draft.number.number,
        citizen_index=draft.index,
        birth_date=draft.number.birth_date,
        gender=draft.number.gender,
        phone=draft.phone,
        phone_index=queries.phone_index(draft.phone),
        social_card_number=draft.card,
        social_card_index=queries.social_card_index(draft.card),
        created_at=now,
    )


def _locked(drafts: Sequence[_Draft]) -> dict[str, Person]:
    """Those known, by the index of their draft; their own may still lie under an older key."""
    meant = {index: draft.index for draft in drafts for index in queries.citizen_indexes(draft.number.number)}
    rows = Person.objects.select_for_update().filter(citizen_index__in=list(meant)).order_by("citizen_index")
    return {meant[person.citizen_index]: person for person in rows}


def _complete(pairs: Sequence[tuple[Person, _Draft]]) -> list[tuple[Person, list[str]]]:
    """Fill in what known people lack; gives who got what."""
    changed = []
    for person, draft in pairs:
        filled = []
        if draft.phone and not person.phone:
            person.phone, person.phone_index = draft.phone, queries.phone_index(draft.phone)
            filled.append("phone")
        if draft.card and not person.social_card_number:
            person.social_card_number, person.social_card_index = draft.card, queries.social_card_index(draft.card)
            filled.append("social_card_number")
        if filled:
            changed.append((person, filled))
    columns = ["phone", "phone_index", "social_card_number", "social_card_index"]
    Person.objects.bulk_update([person for person, _ in changed], columns)
    return changed


def _name_differs(name: str) -> NameDiffers:
    """For one of many the ``name`` says who."""
    message = "该公民身份号码已用另一个姓名登记。请核对姓名和号码；如登记有误，请联系平台管理员更正。"
    return NameDiffers("identity.name_differs", f"{name}：{message}" if name else message, fields={"name": message})


def _masked(person: Person) -> str:
    return masking.citizen_number(person.citizen_number)


def _record(kind: str, actor: Actor, person: Person, now: dt.datetime, **body: object) -> None:
    about = [f"organisation:{actor.organisation_id}"] if actor.organisation_id else []
    evidence.record(kind=kind, actor=actor, subject=f"person:{person.pk}", about=about, body=body, now=now)
