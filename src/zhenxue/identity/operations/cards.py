"""The identity card of a person: photographs sent in, read by the machine, confirmed by the person (A6)."""

import datetime as dt
import json
import logging
from dataclasses import asdict, replace

from django.db import transaction
from django.dispatch import receiver

from zhenxue.evidence import api as evidence
from zhenxue.identity import signals, validators
from zhenxue.identity.cards.pictures import PictureBroken, clean
from zhenxue.identity.cards.reading import ReaderFailed, Reading, read_card
from zhenxue.identity.data import (
    CARD_TRANSITIONS,
    LONG_TERM,
    SYSTEM,
    Actor,
    CardFacts,
    CardField,
    CardState,
    ConsentPurpose,
)
from zhenxue.identity.models import IdentityCard, Person
from zhenxue.identity.operations import photos
from zhenxue.identity.policies import check_can_store_photo, check_is_oneself
from zhenxue.identity.queries.cards import differences_of, reading_of
from zhenxue.identity.queries.consents import has_consent
from zhenxue.kernel import clock, masking, storage
from zhenxue.kernel.errors import Conflict, Invalid, TooMany

log = logging.getLogger(__name__)
#: As a phone takes it; what is kept is far smaller (``cards.pictures``).
LARGEST_BYTES = 12 * 1024 * 1024
#: A second set of photographs waits so long for the first to be read; and how many sets a person may send in all.
ONE_READING = dt.timedelta(seconds=20)
MOST_ATTEMPTS = 30
SIDES = {"front": "id_photo_front", "back": "id_photo_back"}


def send_card(*, actor: Actor, person_id: int, front: bytes, back: bytes, now: dt.datetime) -> IdentityCard:
    """The person sends both sides; they are cleaned, sealed and wait to be read (``signals.card_waiting``).

    Raises ``Conflict`` without consent, ``Invalid`` at the field, ``TooMany``, ``Refused`` once real-name verification
    is done.
    """
    check_is_oneself(actor, person_id)
    if not has_consent(person_id, ConsentPurpose.DOCUMENTS):
        raise Conflict("identity.no_consent", "请先阅读并同意身份证件信息处理同意书。")
    contents = {"front": front, "back": back}
    cleaned = {side: _cleaned(side, content) for side, content in contents.items()}
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        check_can_store_photo(actor, person)
        for side, content in cleaned.items():
            photos.keep_photo(actor=actor, person_id=person_id, what=SIDES[side], content=content, now=now)
        card = IdentityCard.objects.filter(person_id=person_id).first() or IdentityCard(person_id=person_id, attempt=0)
        _check_rate(card, now)
        card.attempt += 1
        card.state, card.sent_at, card.differences = CardState.WAITING, now, []
        card.reading = card.confirmed = card.problem = card.engine = ""
        card.read_at = card.confirmed_at = card.valid_until = None
        card.save()
        signals.card_waiting.send(IdentityCard, card_id=card.pk, attempt=card.attempt)
    return card


def read_waiting_card(*, card_id: int, attempt: int, now: dt.datetime) -> str:
    """Read a card that waits (a few seconds; for a task); the state reached, empty when there is nothing to do.

    The portrait is kept only when the number on the card is the registered one: then it is this person's card.
    """
    card = IdentityCard.objects.select_related("person").filter(pk=card_id, attempt=attempt).first()
    if card is None or card.state != CardState.WAITING:
        return ""
    try:
        reading = read_card(*(photos.open_photo(card.person, what) for what in SIDES.values()))
    except ReaderFailed as error:
        log.warning("card %s was not read: %s", card_id, error)
        reading = Reading("", {}, "识别程序没有完成", b"")
    return _take_reading(card, reading, now)


def confirm_card(*, actor: Actor, person_id: int, facts: CardFacts, now: dt.datetime) -> IdentityCard:
    """The person says, field by field, what stands on the card; where it differs from what is registered is kept by
    name. Raises ``Invalid`` (each field), ``Conflict`` when there are no photographs."""
    check_is_oneself(actor, person_id)
    with transaction.atomic():
        card = IdentityCard.objects.select_for_update().filter(person_id=person_id).first()
        if card is None:
            raise Conflict("identity.no_card", "请先拍摄身份证的两面。")
        if card.state == CardState.CONFIRMED:
            return card
        facts = _checked(facts, clock.civil_day(now))
        _move(card, CardState.CONFIRMED)
        card.confirmed = json.dumps(asdict(facts), ensure_ascii=False)
        card.valid_until = None if facts.valid_until == LONG_TERM else dt.date.fromisoformat(facts.valid_until)
        person = card.person
        found = differences_of(person, facts, clock.civil_day(now))
        if read := reading_of(card):
            unlike = bool(read.citizen_number) and read.citizen_number != facts.citizen_number
            found = sorted({*found, *([CardField.NUMBER.value] if unlike else [])})
        card.differences = found
        card.confirmed_at = now
        card.save()
        body = {"citizen_number": masking.citizen_number(facts.citizen_number), "differences": _labels(found)}
        _record("identity.card_confirmed", actor, person, now, **body)
    return card


def drop_card(*, person_id: int, now: dt.datetime) -> None:
    """Delete photographs, portrait and what was read; harmless where there is nothing."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        IdentityCard.objects.filter(person=person).delete()
        gone = [path for path in (str(getattr(person, what)) for what in photos.PHOTOS) if path]
        if not gone:
            return
        for what in photos.PHOTOS:
            setattr(person, what, "")
        person.save(update_fields=list(photos.PHOTOS))
        _record("identity.photos_deleted", SYSTEM, person, now, count=len(gone))
        transaction.on_commit(lambda: _delete(gone))


@receiver(signals.consent_withdrawn)
def drop_without_consent(
    sender: object, *, person_id: int, purpose: ConsentPurpose, now: dt.datetime, **more: object
) -> None:
    """Nothing of the card stays once its consent is withdrawn."""
    if purpose is ConsentPurpose.DOCUMENTS:
        drop_card(person_id=person_id, now=now)


def _check_rate(card: IdentityCard, now: dt.datetime) -> None:
    """Reading costs seconds of a processor: one at a time, and not without end."""
    if card.pk and card.state == CardState.WAITING and now - card.sent_at < ONE_READING:
        raise TooMany("identity.card_again", "刚上传的照片还在识别，请等几秒再重拍。")
    if card.attempt >= MOST_ATTEMPTS:
        raise TooMany("identity.card_attempts", "上传次数太多，请带身份证到承训机构当面核验。")


def _take_reading(card: IdentityCard, reading: Reading, now: dt.datetime) -> str:
    with transaction.atomic():
        row = IdentityCard.objects.select_for_update().filter(pk=card.pk, attempt=card.attempt).first()
        if row is None or row.state != CardState.WAITING:
            return ""  # newer photographs came meanwhile, or the person typed it all
        facts = replace(CardFacts(), **reading.fields)
        _move(row, CardState.UNREADABLE if reading.problem else CardState.READ)
        row.reading = json.dumps(asdict(facts), ensure_ascii=False)
        row.problem, row.engine, row.read_at = reading.problem, reading.engine, now
        row.save()
        person = row.person
        own = facts.citizen_number == person.citizen_number
        if own and reading.portrait:
            photos.keep_portrait(person_id=person.pk, content=reading.portrait, now=now)
        _record(
            "identity.card_read",
            SYSTEM,
            person,
            now,
            engine=reading.engine,
            problem=reading.problem,
            portrait=bool(own and reading.portrait),
            number_fits=own,
        )
    return str(row.state)


def _checked(facts: CardFacts, today: dt.date) -> CardFacts:
    problems: dict[str, str] = {}
    values = {key: str(value).strip() for key, value in asdict(facts).items()}
    try:
        values["name"] = validators.check_name(values["name"])
    except Invalid as error:
        problems["name"] = error.message
    try:
        number = validators.check_citizen_number(values["citizen_number"], today=today)
        values["citizen_number"] = number.number
    except Invalid as error:
        problems["citizen_number"] = error.message
    if not 4 <= len(values["address"]) <= 120:
        problems["address"] = "请照证件填写住址。"
    if not 4 <= len(values["issuer"]) <= 60:
        problems["issuer"] = "请照证件国徽面填写签发机关。"
    begins, ends = _day(values["valid_from"]), _day(values["valid_until"])
    if begins is None:
        problems["valid_from"] = "请照证件国徽面填写有效期的起始日，例如 2020-01-15。"
    if values["valid_until"] != LONG_TERM and (ends is None or (begins is not None and ends <= begins)):
        problems["valid_until"] = f"请照证件填写截止日，例如 2040-01-15；写着“{LONG_TERM}”的填{LONG_TERM}。"
    if problems:
        raise Invalid("identity.card_fields", "有几项需要改正。", fields=problems)
    return CardFacts(**values)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _cleaned(side: str, content: bytes) -> bytes:
    words = "照片太大（超过12MB），请用手机相机的普通模式重拍。" if len(content) > LARGEST_BYTES else ""
    if not words:
        try:
            return clean(content)
        except PictureBroken as error:
            words = error.words
    raise Invalid("identity.photo", words, fields={side: words})


def _move(card: IdentityCard, state: CardState) -> None:
    if state not in CARD_TRANSITIONS[CardState(card.state)]:
        raise Conflict("identity.card_state", "证件信息刚刚更新，请刷新页面再看。")
    card.state = state


def _delete(paths: list[str]) -> None:
    for path in paths:
        storage.delete(path)


def _labels(fields: list[str]) -> str:
    return "、".join(CardField(field).label for field in fields)


def _record(kind: str, actor: Actor, person: Person, now: dt.datetime, **body: object) -> None:
    evidence.record(kind=kind, actor=actor, subject=f"person:{person.pk}", about=[], body=body, now=now)
