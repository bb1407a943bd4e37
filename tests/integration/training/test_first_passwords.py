"""First passwords of imported learners: made once asked, taken once, destroyed when nobody takes them."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from tests.factories.identity import DEVICE, NOW, citizen_number, make_provider
from tests.factories.rosters import confirm, make_large, row, run, upload, workbook
from tests.factories.training import (
    Running,
    add_learner,
    make_draft_cohort,
)
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.training.data import InitialAccount, PasswordsState
from zhenxue.training.models import RosterImport
from zhenxue.training.operations import initial_passwords as passwords

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("small_limits")
def test_first_passwords_of_a_large_import_are_made_once_asked_and_taken_once() -> None:
    made = make_draft_cohort(learners=0)
    found = make_large(made)
    with pytest.raises(Conflict, match="还没有导入完"):
        start(made, found)
    found = run(made, found)
    with pytest.raises(Conflict, match="还没有生成"):
        take(made, found)
    with pytest.raises(NotFound):
        passwords.start_passwords(actor=make_provider(), import_id=found.pk, again=False, now=NOW)
    start(made, found)
    with pytest.raises(Conflict, match="正在生成"):
        start(made, found)
    make(made, found)
    assert (found.passwords_state, found.passwords_done) == (PasswordsState.READY, 12)
    with pytest.raises(Conflict, match="请先下载"):
        start(made, found)
    stored = stored_accounts(found)
    accounts = take(made, found)
    assert len({one.password for one in accounts}) == 12
    assert not [one for one in accounts if one.password in stored or one.name in stored]
    for one in accounts:
        account = identity.visible_accounts(SYSTEM).get(username=one.username)
        assert account.check_password(one.password)
        assert account.must_change_password
    with pytest.raises(Conflict, match="已经下载过"):
        take(made, found)
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"])}
    assert {"training.initial_passwords_made", "training.initial_passwords_taken"} <= kinds


@pytest.mark.usefixtures("small_limits")
def test_only_who_never_signed_in_gets_another_first_password() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made, 6))
    start(made, found)
    make(made, found)
    first = take(made, found)
    account = identity.visible_accounts(SYSTEM).get(username=first[0].username)
    identity.open_session(account=account, device=DEVICE, now=NOW)
    start(made, found)
    make(made, found)
    assert found.passwords_state == PasswordsState.NONE
    assert "都已经登录过" in found.passwords_note
    start(made, found, again=True)
    make(made, found)
    second = take(made, found)
    assert {one.username for one in second} == {one.username for one in first} - {account.username}
    assert not {one.password for one in second} & {one.password for one in first}


@pytest.mark.usefixtures("small_limits")
def test_a_list_that_nobody_takes_is_destroyed_after_a_day() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made, 6))
    start(made, found)
    make(made, found)
    passwords.drop_due_passwords(now=NOW + dt.timedelta(hours=23))
    found.refresh_from_db()
    assert found.accounts
    with pytest.raises(Conflict, match="已经销毁"):
        take(made, found, now=NOW + dt.timedelta(hours=24))
    found.refresh_from_db()
    assert (found.accounts, found.passwords_state) == ("", PasswordsState.EXPIRED)
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"])}
    assert "training.initial_passwords_expired" in kinds
    start(made, found, again=True)
    make(made, found)
    passwords.drop_due_passwords(now=NOW + dt.timedelta(hours=24))
    found.refresh_from_db()
    assert (found.accounts, found.passwords_state) == ("", PasswordsState.EXPIRED)


@pytest.mark.usefixtures("small_limits")
def test_the_making_of_passwords_that_died_goes_on_with_an_exact_list(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made))
    start(made, found)
    done = passwords._make

    def die_at_four(*args: Any) -> bool:
        if args[1].passwords_done == 4:
            raise SystemExit
        return done(*args)

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "_make", die_at_four)
        with pytest.raises(SystemExit):
            make(made, found)
    RosterImport.objects.filter(pk=found.pk).update(progress_at=NOW)
    passwords.start_passwords(actor=made.manager, import_id=found.pk, again=False, now=NOW + dt.timedelta(minutes=11))
    make(made, found)
    accounts = take(made, found)
    assert len(accounts) == len({one.username for one in accounts}) == 12
    for one in accounts:
        assert identity.visible_accounts(SYSTEM).get(username=one.username).check_password(one.password)


def test_a_small_import_leaves_alone_a_first_password_from_elsewhere() -> None:
    other = make_draft_cohort(learners=0)
    number = citizen_number()
    add_learner(other, name="王小明", number=number)
    person = identity.find_person_by_citizen_number(number)
    assert person is not None
    before = identity.find_account_of(person.pk)
    made = make_draft_cohort(learners=0)
    found = confirm(made, upload(made, workbook(row("王小明", number), row("李小花"))))
    assert [one.name for one in passwords.take_accounts(actor=made.manager, import_id=found.pk, now=NOW)] == ["李小花"]
    after = identity.find_account_of(person.pk)
    assert before is not None
    assert after is not None
    assert before.password == after.password


def start(made: Running, found: RosterImport, *, again: bool = False) -> None:
    passwords.start_passwords(actor=made.manager, import_id=found.pk, again=again, now=NOW)


def make(made: Running, found: RosterImport) -> None:
    passwords.make_passwords(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()


def take(made: Running, found: RosterImport, *, now: dt.datetime = NOW) -> list[InitialAccount]:
    return passwords.take_accounts(actor=made.manager, import_id=found.pk, now=now)


def stored_accounts(found: RosterImport) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts FROM training_rosterimport WHERE id = %s", [found.pk])
        return str(cursor.fetchone()[0])
