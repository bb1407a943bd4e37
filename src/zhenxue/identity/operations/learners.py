"""Learner accounts, one or thousands at a time, and their first passwords."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import batched

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from zhenxue.identity import policies
from zhenxue.identity.data import Actor, FirstPassword, IssuedPassword, Role
from zhenxue.identity.models import Account, Membership, Person
from zhenxue.identity.operations.accounts import learner_username, new_account, open_account
from zhenxue.identity.operations.evidence import record_batch
from zhenxue.identity.passwords import initial_password
from zhenxue.identity.queries import accounts as queries
from zhenxue.kernel.errors import Conflict

#: Accounts written (and recorded) at a time.
BATCH = 500
#: How often a batch is tried when others open the same accounts at the same moment.
TRIES = 3


def ensure_learner_account(
    *, actor: Actor, person: Person, now: dt.datetime, password: str | None = None, must_change: bool = True
) -> tuple[Account, str]:
    """The person's account with the learner's role, opened if missing; the second value is the initial password or "".

    The login name is ``xs`` and eight digits; a learner may as well sign in by phone or citizen number. For many people
    use ``ensure_learner_accounts``.
    """
    return open_account(
        actor=actor,
        person=person,
        username=learner_username(person),
        role=Role.LEARNER,
        organisation=None,
        now=now,
        password=password,
        must_change=must_change,
    )


def ensure_learner_accounts(*, actor: Actor, people: Iterable[Person], now: dt.datetime) -> dict[int, Account]:
    """``ensure_learner_account`` for many, by person id; new accounts cannot sign in until a password is issued.

    No password is hashed: ``issue_first_passwords`` does that in the background. Works in batches of ``BATCH``, each
    whole or not at all, with one evidence entry a batch for accounts opened and one for roles given to accounts that
    were there. Doing it again changes nothing. Raises ``Refused``, or ``Conflict`` when a login name is taken.
    """
    policies.check_can_grant(actor, None, Role.LEARNER)
    accounts: dict[int, Account] = {}
    for batch in batched({person.pk: person for person in people}.values(), BATCH):
        with transaction.atomic():
            accounts.update(_ensure(actor, sorted(batch, key=lambda person: person.pk), now))
    return accounts


def make_first_passwords(count: int) -> list[FirstPassword]:
    """So many random first passwords with their Argon2 hashes. Slow (some 50 a second on one core); no database.

    Made before the transaction in which they are issued, so that hashing holds up nobody.
    """
    plain = [initial_password() for _ in range(count)]
    return [FirstPassword(one, make_password(one)) for one in plain]


def issue_first_passwords(
    *,
    actor: Actor,
    person_ids: Iterable[int],
    made: Sequence[FirstPassword],
    now: dt.datetime,
    without_password: bool = False,
) -> list[IssuedPassword]:
    """Give first passwords to the accounts of these people that never signed in; as many as were ``made``.

    Left out: accounts out of the actor's sight or reach, deactivated ones, those that signed in or changed their
    password meanwhile, and with ``without_password`` those that got a first password before (else it stops working).
    The new ones must be changed at the first sign-in. One evidence entry, without the passwords.
    """
    with transaction.atomic():
        waiting = queries.never_signed_in(actor, person_ids, without_password=without_password).values("pk")
        rows = Account.objects.select_for_update(of=("self",)).filter(pk__in=waiting, must_change_password=True)
        accounts = list(rows.select_related("person").order_by("pk"))
        roles = queries.roles_by_account(account.pk for account in accounts)
        reached = [one for one in accounts if policies.can_manage_account(actor, one, roles[one.pk])]
        pairs = list(zip(reached, made, strict=False))
        for account, password in pairs:
            account.password = password.hashed
        given = [account for account, _ in pairs]
        Account.objects.bulk_update(given, ["password"])
        record_batch("identity.first_passwords_issued", actor, given, now)
    return [
        IssuedPassword(account.person_id, account.person.name, account.username, password.plain)
        for account, password in pairs
    ]


def _ensure(actor: Actor, people: Sequence[Person], now: dt.datetime) -> dict[int, Account]:
    for left in range(TRIES, 0, -1):
        known = _locked(people)
        missing = [person for person in people if person.pk not in known]
        try:
            with transaction.atomic():
                opened = Account.objects.bulk_create(
                    [new_account(person, learner_username(person), now) for person in missing]
                )
        except IntegrityError:
            if left == 1:
                raise _taken(missing) from None
        else:
            break
    granted = _grant([*known.values(), *opened], now)
    record_batch("identity.accounts_opened", actor, opened, now, role=Role.LEARNER.label)
    earlier = [account for account in known.values() if account.pk in granted]
    record_batch("identity.roles_granted", actor, earlier, now, role=Role.LEARNER.label)
    return known | {account.person_id: account for account in opened}


def _locked(people: Sequence[Person]) -> dict[int, Account]:
    ids = [person.pk for person in people]
    rows = Account.objects.select_for_update().filter(person_id__in=ids).order_by("person_id")
    return {account.person_id: account for account in rows}


def _grant(accounts: Sequence[Account], now: dt.datetime) -> set[int]:
    """Give the learner's role (for the first time, or again) to those of the locked accounts without; who got it."""
    rows = Membership.objects.filter(account__in=accounts, role=Role.LEARNER, organisation=None)
    held = {row.account_id: row for row in rows}
    revoked = [row for row in held.values() if not row.is_active]
    Membership.objects.filter(pk__in=[row.pk for row in revoked]).update(is_active=True)
    fresh = [account for account in accounts if account.pk not in held]
    Membership.objects.bulk_create([Membership(account=one, role=Role.LEARNER, created_at=now) for one in fresh])
    return {row.account_id for row in revoked} | {account.pk for account in fresh}


def _taken(people: Sequence[Person]) -> Conflict:
    names = Account.objects.filter(username__in=[learner_username(person) for person in people])
    taken = "、".join(names.order_by("username").values_list("username", flat=True)[:5])
    return Conflict("identity.username_taken", f"学员登录名 {taken} 已被别的账号占用，请联系平台管理员改掉后重试。")
