"""Many people and accounts at once: the same rules as one by one, in few statements, with one entry a batch."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Role
from zhenxue.identity.errors import NameDiffers
from zhenxue.identity.models import Account, Membership, Person
from zhenxue.identity.operations import learners, people
from zhenxue.identity.queries import people as queries
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db


def draft(number: str = "", name: str = "王小明", phone: str = "", card: str = "") -> identity.PersonFields:
    return identity.PersonFields(name, number or make.citizen_number(), phone, card)


def register(*drafts: identity.PersonFields) -> dict[str, Person]:
    return identity.register_people(actor=SYSTEM, drafts=drafts, now=make.NOW)


def kinds(ref: str) -> list[str]:
    return sorted(entry.kind.removeprefix("identity.") for entry in evidence.list_entries(refs=[ref]))


@contextmanager
def refused(error: type[Exception], match: str = "。") -> Iterator[None]:
    """The act raises and leaves nobody behind that was not there."""
    before = (Person.objects.count(), Account.objects.count())
    with pytest.raises(error, match=match):
        yield
    assert (Person.objects.count(), Account.objects.count()) == before


def test_many_are_registered_as_one_by_one() -> None:
    drafts = [draft(phone=make.phone(), card="A12345678"), draft(name=" 阿依古丽.买买提 "), draft(name="李 小花")]
    together = register(*drafts)
    assert list(together) == [one.citizen_number for one in sorted(drafts, key=_index)]
    for one in drafts:
        alone = identity.register_person(
            actor=SYSTEM, name=one.name, citizen_number=one.citizen_number, phone="", now=make.NOW
        )
        stored = together[one.citizen_number]
        assert alone == stored
        assert (alone.name, alone.phone, alone.gender, alone.birth_date) == (
            stored.name,
            stored.phone,
            stored.gender,
            stored.birth_date,
        )
    assert identity.find_people([*together, "123", " " + drafts[0].citizen_number.lower()]) == {
        **together,
        " " + drafts[0].citizen_number.lower(): together[drafts[0].citizen_number],
    }


def _index(one: identity.PersonFields) -> str:
    return people.queries.citizen_index(one.citizen_number)


def test_known_people_are_completed_and_never_overwritten_and_again_changes_nothing() -> None:
    known = identity.register_person(
        actor=SYSTEM, name="王小明", citizen_number=make.citizen_number(), phone="13812345678", now=make.NOW
    )
    drafts = [draft(known.citizen_number, phone="13900000000", card="A12345678"), draft()]
    first, again = register(*drafts), register(*drafts)
    assert first == again
    person = Person.objects.get(pk=known.pk)
    assert (person.phone, person.social_card_number) == ("13812345678", "A12345678")
    assert kinds(f"person:{known.pk}") == ["people_completed", "person_registered"]
    other = first[drafts[1].citizen_number]
    assert kinds(f"person:{other.pk}") == ["people_registered"]


@pytest.mark.usefixtures("bare_ground")
def test_the_same_person_twice_in_one_batch_is_one_person() -> None:
    number = make.citizen_number()
    assert len(register(draft(number, phone="13812345678"), draft(number.lower(), card="A12345678"))) == 1
    person = Person.objects.get()
    assert (person.phone, person.social_card_number) == ("13812345678", "A12345678")
    other = make.citizen_number()
    with refused(NameDiffers, "李小花：.*另一个姓名"):
        register(draft(other), draft(other, name="李小花"))


def test_one_wrong_person_refuses_the_batch_and_is_named() -> None:
    known = make.make_person(name="赵子文")
    with refused(NameDiffers, "钱另名：.*另一个姓名"):
        register(draft(), draft(known.citizen_number, name="钱另名"))
    with refused(Invalid, "李小花：.*手机号码"):
        register(draft(), draft(name="李小花", phone="123"))
    with refused(Invalid, "李小花：.*18位"):
        register(draft(), draft("123", name="李小花"))
    teacher = make.make_teacher()
    with refused(Refused):
        identity.register_people(actor=teacher, drafts=[draft()], now=make.NOW)


def test_batches_are_written_in_few_statements_with_one_entry_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "BATCH", 20)
    monkeypatch.setattr(learners, "BATCH", 20)
    manager = make.make_provider()
    drafts = [draft() for _ in range(40)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        made = identity.register_people(actor=manager, drafts=iter(drafts), now=make.NOW)
        accounts = identity.ensure_learner_accounts(actor=manager, people=made.values(), now=make.NOW)
    assert len(queries) <= 60, "two batches of people, two of accounts"
    assert len({account.person_id for account in accounts.values()}) == 40
    entries = evidence.list_entries(refs=[f"organisation:{manager.organisation_id}"])
    found = [entry for entry in entries if entry.kind in {"identity.people_registered", "identity.accounts_opened"}]
    assert [dict(entry.lines)["人数"] for entry in found if "人数" in dict(entry.lines)] == ["20", "20"]
    assert [dict(entry.lines)["账号数"] for entry in found if "账号数" in dict(entry.lines)] == ["20", "20"]
    for person_id, account in accounts.items():
        assert kinds(f"person:{person_id}") == ["accounts_opened", "people_registered"]
        assert kinds(f"account:{account.pk}") == ["accounts_opened"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT envelope, private FROM evidence_entry")
        stored = " ".join(str(row) for row in cursor.fetchall())
    assert not [one for one in drafts if one.citizen_number in stored]


def test_accounts_are_opened_where_missing_without_a_password() -> None:
    person, teacher, former = make.make_person(), make.make_teacher(), make.make_learner()
    Membership.objects.filter(account_id=former.account_id).update(is_active=False)
    everybody = list(Person.objects.filter(pk__in=[person.pk, teacher.person_id, former.person_id]))

    def ensure() -> dict[int, Account]:
        return identity.ensure_learner_accounts(actor=SYSTEM, people=[*everybody, *everybody], now=make.NOW)

    accounts = ensure()
    assert accounts == ensure()
    assert accounts[person.pk].username == f"xs{person.pk:08d}"
    assert not accounts[person.pk].has_usable_password()
    assert accounts[person.pk].must_change_password
    for account in accounts.values():
        assert Role.LEARNER in {one.role for one in identity.list_memberships(account.pk)}
    alone, password = identity.ensure_learner_account(actor=SYSTEM, person=person, now=make.NOW)
    assert (alone, password) == (accounts[person.pk], "")
    assert kinds(f"account:{accounts[person.pk].pk}") == ["accounts_opened"]
    assert kinds(f"account:{teacher.account_id}") == ["account_opened", "roles_granted"]
    assert kinds(f"account:{former.account_id}") == ["account_opened", "roles_granted"]
    with refused(Refused):
        identity.ensure_learner_accounts(actor=teacher, people=everybody, now=make.NOW)


def test_nobody_can_type_the_login_name_that_a_roster_will_give() -> None:
    person, coming = make.make_person(), make.make_person()

    def open_with(username: str) -> Account:
        account, _ = identity.open_account(
            actor=SYSTEM,
            person=person,
            username=username,
            role=Role.LEARNER,
            organisation=None,
            now=make.NOW,
            password="",
        )
        return account

    for typed in (f"xs{coming.pk:08d}", f" XS{coming.pk:08d}", "xs123456789"):
        with refused(Invalid, "自动生成"):
            open_with(typed)
    assert open_with("xs1234567").username == "xs1234567", "seven digits are never made"
    accounts = identity.ensure_learner_accounts(actor=SYSTEM, people=[person, coming], now=make.NOW)
    assert accounts[coming.pk].username == f"xs{coming.pk:08d}"


def test_a_taken_login_name_refuses_the_batch_and_is_named() -> None:
    person, other = make.make_person(), make.make_person()
    name = f"xs{other.pk:08d}"
    Account.objects.filter(pk=make.make_teacher().account_id).update(username=name)  # from before names were reserved
    with refused(Conflict, name):
        identity.ensure_learner_accounts(actor=SYSTEM, people=[person, other], now=make.NOW)


@pytest.mark.usefixtures("bare_ground")
def test_somebody_faster_with_the_same_people_makes_the_batch_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other's rows come between our look and our write, as on PostgreSQL they can."""
    numbers = [make.citizen_number() for _ in range(3)]
    looked = people._locked
    late = iter([True])

    def look(indexes: list[str]) -> dict[str, Person]:
        found = looked(indexes)
        if next(late, False):
            identity.register_person(
                actor=SYSTEM, name="王小明", citizen_number=numbers[1], phone="13812345678", now=make.NOW
            )
        return found

    monkeypatch.setattr(people, "_locked", look)
    made = register(*[draft(number) for number in numbers])
    assert Person.objects.count() == len(made) == 3
    assert kinds(f"person:{made[numbers[1]].pk}") == ["person_registered"]

    seen = learners._locked
    late_account = iter([True])

    def look_again(rows: list[Person]) -> dict[int, Account]:
        found = seen(rows)
        if next(late_account, False):
            identity.ensure_learner_account(actor=SYSTEM, person=rows[0], now=make.NOW, password="")
        return found

    monkeypatch.setattr(learners, "_locked", look_again)
    accounts = identity.ensure_learner_accounts(actor=SYSTEM, people=made.values(), now=make.NOW)
    assert Account.objects.count() == len(accounts) == 3

    def always(indexes: list[str]) -> dict[str, Person]:
        return {}

    monkeypatch.setattr(people, "_locked", always)
    with pytest.raises(IntegrityError), transaction.atomic():
        register(draft(numbers[0]))


@pytest.mark.usefixtures("bare_ground")
@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_people_at_once_make_each_person_once() -> None:
    drafts = [draft() for _ in range(60)]
    start = threading.Barrier(2)

    def go(mine: list[identity.PersonFields]) -> int:
        try:
            start.wait()
            made = identity.register_people(actor=SYSTEM, drafts=mine, now=make.NOW)
            return len(identity.ensure_learner_accounts(actor=SYSTEM, people=made.values(), now=make.NOW))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(go, (drafts, drafts[::-1]))) == [60, 60]
    assert (Person.objects.count(), Account.objects.count(), Membership.objects.count()) == (60, 60, 60)


@pytest.mark.usefixtures("bare_ground")
def test_first_passwords_go_to_those_who_never_signed_in_and_only_within_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people_made = register(*[draft() for _ in range(4)])
    fresh, met, gone, staff = list(people_made.values())
    accounts = identity.ensure_learner_accounts(actor=SYSTEM, people=[fresh, met, gone], now=make.NOW)
    accounts[met.pk].set_password(make.PASSWORD)
    accounts[met.pk].save()
    identity.open_session(account=accounts[met.pk], device=make.DEVICE, now=make.NOW)
    identity.set_active(actor=SYSTEM, account_id=accounts[gone.pk].pk, active=False, now=make.NOW)
    bureau = make.make_organisation(identity.OrganisationKind.BUREAU)
    make.make_account(Role.BUREAU_OFFICER, bureau, person=staff, must_change=True)
    made = identity.make_first_passwords(4)
    assert len({one.plain for one in made}) == 4

    def issue(actor: identity.Actor) -> list[identity.IssuedPassword]:
        ids = [person.pk for person in people_made.values()]
        return identity.issue_first_passwords(actor=actor, person_ids=ids, made=made, now=make.NOW)

    assert issue(make.make_provider()) == [], "nobody of another's learners"
    manager = make.make_provider()
    everybody = Person.objects.filter(pk__in=[person.pk for person in people_made.values()]).values("pk")
    monkeypatch.setattr(queries, "_reaches", {"test": lambda actor: everybody})
    assert {one.person_id for one in issue(manager)} == {fresh.pk}, "seen, but an officer's account is out of reach"
    issued = issue(SYSTEM)
    assert {one.person_id for one in issued} == {fresh.pk, staff.pk}
    ids = [person.pk for person in people_made.values()]
    assert not identity.never_signed_in(SYSTEM, ids, without_password=True).exists()
    account = Account.objects.get(person=fresh)
    mine = next(one for one in issued if one.person_id == fresh.pk)
    assert (mine.name, mine.username) == (fresh.name, account.username)
    assert check_password(mine.password, account.password)
    assert account.must_change_password
    assert Account.objects.get(person=met).check_password(make.PASSWORD)
    assert "first_passwords_issued" in kinds(f"person:{fresh.pk}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT envelope, private FROM evidence_entry")
        stored = " ".join(str(row) for row in cursor.fetchall())
    assert not [one for one in issued if one.password in stored]
