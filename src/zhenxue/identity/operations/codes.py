"""Codes sent to a person's phone: six digits, only a keyed digest kept, good once, for five minutes."""

import datetime as dt
import secrets
from typing import Protocol

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import CODE_POLICY, Actor
from zhenxue.identity.models import Person, PhoneCode
from zhenxue.identity.policies import check_is_oneself
from zhenxue.identity.queries import people as queries
from zhenxue.identity.queries.codes import latest_code
from zhenxue.kernel import clock, crypto, masking
from zhenxue.kernel.errors import Conflict, Invalid, TooMany
from zhenxue.kernel.outside import OutsideError

CONTEXT = "identity_phonecode.digest"


class CodeSender(Protocol):
    """What sends a code; ``notices`` registers it."""

    def is_ready(self) -> bool:
        """Whether there is a gateway to send by."""
        ...

    def send(self, *, phone: str, code: str, person_id: int, ref: str, now: dt.datetime) -> None:
        """Hand the code to the gateway now. Raises ``kernel.outside.OutsideError``."""
        ...


_senders: list[CodeSender] = []


def register_code_sender(sender: CodeSender) -> None:
    """Say how codes reach a phone; the last one registered is used."""
    _senders[:] = [sender]


def can_send_codes() -> bool:
    return bool(_senders) and _senders[0].is_ready()


def send_code(*, actor: Actor, person_id: int, now: dt.datetime) -> PhoneCode:
    """Send a new code to the person's registered phone; older ones are void.

    Raises ``TooMany`` (60 seconds between two, ten a day for a person and for a number), ``Conflict`` when there is no
    phone, no gateway, or the gateway did not take it.
    """
    check_is_oneself(actor, person_id)
    if not can_send_codes():
        raise Conflict("identity.no_codes", "平台现在不能发短信验证码，请换一种方式，或请机构当面核验。")
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        if not person.phone:
            raise Conflict("identity.no_phone", "还没有登记手机号码，请先到“我的 → 修改手机号码”填写。")
        _check_rate(person, now)
        code, salt = f"{secrets.randbelow(10**6):06d}", secrets.token_hex(8)
        row = PhoneCode.objects.create(
            person=person,
            phone=person.phone,
            phone_index=person.phone_index,
            salt=salt,
            digest=_digest(code, salt),
            asked_at=now,
            expires_at=now + CODE_POLICY.lives,
        )
    try:
        _senders[0].send(phone=person.phone, code=code, person_id=person_id, ref=f"code-{row.pk}-{salt}", now=now)
    except OutsideError as error:
        PhoneCode.objects.filter(pk=row.pk).update(failed=True, expires_at=now + dt.timedelta(microseconds=1))
        raise Conflict("identity.code_not_sent", f"短信没有发出：{error.words}") from error
    with transaction.atomic():
        _record("identity.code_sent", actor, row, now)
    return row


def check_code(*, actor: Actor, person_id: int, code: str, now: dt.datetime) -> None:
    """The person typed a code; right, it proves that the registered phone is in their hands.

    Raises ``Invalid`` at ``code``: wrong (and how many tries are left), too old, none asked for. A wrong try counts
    even though this raises.
    """
    check_is_oneself(actor, person_id)
    problem = ""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        row = latest_code(person)
        if row is None or row.failed or row.expires_at <= now:
            problem = "验证码已过期或还没有获取，请重新获取。"
        elif row.tries >= CODE_POLICY.tries:
            problem = "输错次数太多，这个验证码已作废，请重新获取。"
        elif not secrets.compare_digest(_digest(code.strip(), row.salt), row.digest):
            row.tries += 1
            row.save(update_fields=["tries"])
            left = CODE_POLICY.tries - row.tries
            problem = f"验证码不对，还可以试 {left} 次。" if left else "输错次数太多，这个验证码已作废，请重新获取。"
        else:
            row.used_at = now
            row.save(update_fields=["used_at"])
            _record("identity.phone_verified", actor, row, now)
    if problem:
        raise Invalid("identity.code", problem, fields={"code": problem})


def _check_rate(person: Person, now: dt.datetime) -> None:
    """Failed ones count too, for a day's bounds: they may have reached the gateway."""
    begins = clock.start_of_day(clock.civil_day(now))
    mine = PhoneCode.objects.filter(person=person, asked_at__gte=begins)
    last = mine.filter(failed=False).order_by("-pk").first()
    if last is not None and now - last.asked_at < CODE_POLICY.again_after:
        wait = int((CODE_POLICY.again_after - (now - last.asked_at)).total_seconds()) + 1
        raise TooMany("identity.code_again", f"验证码刚刚发出，请等 {wait} 秒再获取。")
    of_number = PhoneCode.objects.filter(phone_index__in=queries.phone_indexes(person.phone), asked_at__gte=begins)
    if mine.count() >= CODE_POLICY.a_day_person or of_number.count() >= CODE_POLICY.a_day_number:
        raise TooMany("identity.code_today", "今天获取验证码的次数已用完，请明天再试，或请机构当面核验。")


def _digest(code: str, salt: str) -> str:
    return crypto.blind_index(f"{salt}:{code}", context=CONTEXT)


def _record(kind: str, actor: Actor, row: PhoneCode, now: dt.datetime) -> None:
    body = {"phone": masking.phone(row.phone)}
    evidence.record(kind=kind, actor=actor, subject=f"person:{row.person_id}", about=[], body=body, now=now)
