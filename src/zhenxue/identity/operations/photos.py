"""Photographs of a person: both sides of the identity card and a portrait (A6), sealed on the disk."""

import base64
import datetime as dt
from collections.abc import Iterator, Mapping

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.identity.models import Person
from zhenxue.identity.operations.people import check_reason
from zhenxue.identity.queries import people as queries
from zhenxue.kernel import crypto, resealing, storage
from zhenxue.kernel.errors import Invalid, NotFound

#: Field of the person and the word for it.
PHOTOS = {"id_photo_front": "身份证人像面", "id_photo_back": "身份证国徽面", "portrait": "本人头像照片"}
LARGEST_BYTES = 4 * 1024 * 1024
SMALLEST_BYTES = 512
CONTEXT = "identity_person.photo"


def store_photo(*, actor: Actor, person_id: int, what: str, content: bytes, now: dt.datetime) -> Person:
    """Keep a photograph of a person in sight, in place of an older one. JPEG or PNG up to 4 MB.

    The file is encrypted and named at random. Raises ``Invalid`` at the field, ``Refused``, ``NotFound``.
    """
    person = queries.get_visible_person(actor, person_id)
    policies.check_can_store_photo(actor, person)
    if what == "portrait":
        policies.check_can_store_portrait(actor)
    check_photo(what, content)
    return keep_photo(actor=actor, person_id=person_id, what=what, content=content, now=now)


def keep_portrait(*, person_id: int, content: bytes, now: dt.datetime) -> Person:
    """The portrait that was cut out of the person's own card; what faces are compared with."""
    return keep_photo(actor=SYSTEM, person_id=person_id, what="portrait", content=content, now=now)


def open_photo(person: Person, what: str) -> bytes:
    """The bytes of a photograph, for the platform's own work; who shows it to somebody uses ``unmask_photo``."""
    with storage.open_file(getattr(person, what)) as stream:
        return base64.b64decode(crypto.unseal(stream.read().decode(), context=f"{CONTEXT}.{what}"))


def keep_photo(*, actor: Actor, person_id: int, what: str, content: bytes, now: dt.datetime) -> Person:
    """Seal a photograph that was checked, in place of an older one; the caller has checked the right."""
    sealed = crypto.seal(base64.b64encode(content).decode(), context=f"{CONTEXT}.{what}")
    stored = storage.store_stream("people", storage.new_name(".sealed"), [sealed.encode()])
    try:
        with transaction.atomic():
            person = Person.objects.select_for_update().get(pk=person_id)
            before = str(getattr(person, what))
            setattr(person, what, stored.path)
            person.save(update_fields=[what])
            _record("identity.photo_stored", actor, person, now, what=PHOTOS[what], replaced=bool(before))
            if before:
                transaction.on_commit(lambda: storage.delete(before))
    except BaseException:
        storage.delete(stored.path)
        raise
    return person


def store_photos(actor: Actor, person_id: int, contents: Mapping[str, bytes], now: dt.datetime) -> int:
    """Keep several photographs at once, all or none; how many there were. Raises ``Invalid`` when there is none."""
    given = {what: content for what, content in contents.items() if what in PHOTOS and content}
    if not given:
        raise Invalid("identity.photo", "请至少选择一张照片。")
    for what, content in given.items():
        check_photo(what, content)
    with transaction.atomic():
        for what, content in given.items():
            store_photo(actor=actor, person_id=person_id, what=what, content=content, now=now)
    return len(given)


def unmask_photo(*, actor: Actor, person_id: int, what: str, reason: str, now: dt.datetime) -> tuple[str, bytes]:
    """Media type and bytes of a photograph of a person in sight; the reason and the act go into the evidence."""
    policies.check_can_unmask(actor)
    person = queries.get_visible_person(actor, person_id)
    if what not in PHOTOS or not getattr(person, what):
        raise NotFound("identity.no_photo", "还没有这张照片。")
    reason = check_reason(reason)
    content = open_photo(person, what)
    with transaction.atomic():
        _record("identity.unmasked", actor, person, now, what=PHOTOS[what], reason=reason)
    return media_type(content), content


def reseal_photos() -> int:
    """Seal photographs again that lie under an older key (key rotation); how many there were."""
    count = 0
    for what in PHOTOS:
        for key, path in list(Person.objects.exclude(**{what: ""}).values_list("pk", what)):
            with storage.open_file(path) as stream:
                sealed = stream.read().decode()
            if not crypto.needs_resealing(sealed):
                continue
            context = f"{CONTEXT}.{what}"
            again = crypto.seal(crypto.unseal(sealed, context=context), context=context)
            stored = storage.store_stream("people", storage.new_name(".sealed"), [again.encode()])
            won = Person.objects.filter(pk=key, **{what: path}).update(**{what: stored.path})
            storage.delete(path if won else stored.path)
            count += won
    return count


def give_up_photos(key_id: str) -> int:
    """Take away photographs that lie under a lost key; how many there were."""
    count = 0
    for what in PHOTOS:
        for key, path in list(Person.objects.exclude(**{what: ""}).values_list("pk", what)):
            with storage.open_file(path) as stream:
                lost = crypto.key_id_of(stream.read(resealing.HEAD).decode()) == key_id
            if lost and Person.objects.filter(pk=key, **{what: path}).update(**{what: ""}):
                storage.delete(path)
                count += 1
    return count


def photo_heads() -> Iterator[str]:
    """How each photograph's file begins: what key it lies under."""
    for what in PHOTOS:
        for path in Person.objects.exclude(**{what: ""}).values_list(what, flat=True).iterator():
            with storage.open_file(path) as stream:
                yield stream.read(resealing.HEAD).decode()


def photo_claims() -> Iterator[storage.Claim]:
    """Every photograph that is on file."""
    for what in PHOTOS:
        for key, path in Person.objects.exclude(**{what: ""}).order_by("pk").values_list("pk", what):
            yield storage.Claim(path, f"person:{key} {what}")


def check_photo(what: str, content: bytes) -> None:
    """Raises ``Invalid`` at the field unless the bytes look like a whole JPEG or PNG of a sensible size."""
    if what not in PHOTOS:
        raise Invalid("identity.photo", "请选择要上传的照片种类。")
    if len(content) > LARGEST_BYTES:
        raise _wrong(what, "照片超过4MB，请用手机重新拍摄或压缩后再上传。")
    if not media_type(content):
        raise _wrong(what, "这个文件不是 JPG 或 PNG 照片，请重新选择。")
    whole = content.rstrip(b"\0")[-2:] == b"\xff\xd9" if content[:1] == b"\xff" else b"IEND" in content[-16:]
    if len(content) < SMALLEST_BYTES or not whole:
        raise _wrong(what, "照片文件不完整，可能上传中断了，请重新选择。")


def media_type(content: bytes) -> str:
    """By the first bytes: ``image/jpeg``, ``image/png``, or nothing for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if content.startswith(b"\x89PNG\r\n\x1a\n") else ""


def _wrong(what: str, message: str) -> Invalid:
    return Invalid("identity.photo", message, fields={what: message})


def _record(event: str, actor: Actor, person: Person, now: dt.datetime, **body: object) -> None:
    about = [f"organisation:{actor.organisation_id}"] if actor.organisation_id else []
    evidence.record(kind=event, actor=actor, subject=f"person:{person.pk}", about=about, body=body, now=now)
