"""The list of first passwords of an import: made in the background, kept sealed, handed out once or forgotten."""

import datetime as dt
from itertools import batched

from django.db import transaction
from django.db.models.functions import Now

from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel.errors import Conflict, NotFound, ZhenxueError
from zhenxue.training import policies
from zhenxue.training.data import (
    PASSWORDS_HOURS,
    PASSWORDS_TRANSITIONS,
    STALE_MINUTES,
    ImportState,
    InitialAccount,
    PasswordsState,
)
from zhenxue.training.models import RosterImport
from zhenxue.training.operations.common import record_cohort
from zhenxue.training.queries import roster as sheets
from zhenxue.training.queries.scope import visible_imports

#: Passwords hashed, issued and added to the list at a time: about two seconds of work.
BATCH = 100
WHY_NO_LIST = {
    PasswordsState.NONE: "还没有生成初始密码，请先点“生成初始密码”。",
    PasswordsState.MAKING: "正在生成初始密码，请稍候再下载。",
    PasswordsState.READY: "初始密码清单是空的，请重新生成。",
    PasswordsState.TAKEN: "初始密码清单已经下载过，不再保留。请重新生成；个别学员忘记密码的，请在“账号”里为其重置。",
    PasswordsState.EXPIRED: f"初始密码清单超过 {PASSWORDS_HOURS} 小时没有下载，已经销毁，请重新生成。",
}
NOBODY = "没有需要生成初始密码的学员：都已经登录过，或者已经领过初始密码。"


def start_passwords(*, actor: Actor, import_id: int, again: bool, now: dt.datetime) -> RosterImport:
    """Begin to make first passwords for the learners of a finished import who never signed in.

    ``again``: also for those who got a first password before and never used it (the old one stops working). The caller
    has ``make_passwords`` run. Work that stands still for ``STALE_MINUTES`` may be started again and goes on where it
    was. Raises ``Conflict`` while a list is being made or waits to be taken.
    """
    with transaction.atomic():
        found = _locked(actor, import_id)
        policies.check_can_manage(actor, found.cohort.organisation_id)
        if found.state != ImportState.DONE:
            raise Conflict("training.import_not_done", "名册还没有导入完，导入后才能生成初始密码。")
        forget_when_due(found, now)
        state = PasswordsState(found.passwords_state)
        if state is PasswordsState.READY:
            raise Conflict("training.passwords_ready", "初始密码清单已经生成，请先下载。")
        if not (state is PasswordsState.MAKING and passwords_stale(found, now)):
            policies.check_transition(PASSWORDS_TRANSITIONS, state, PasswordsState.MAKING, what="初始密码清单")
            found.passwords_done, found.passwords_again, found.accounts = 0, again, ""
        found.passwords_state, found.passwords_note, found.progress_at = PasswordsState.MAKING, "", now
        found.save()
    return found


def make_passwords(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Make them, batch by batch; the worker calls it with the actor who asked.

    Each batch is hashed before its transaction, which then holds nobody up; accounts, list and position change in that
    one transaction, so that whatever happens the list has exactly the passwords that were issued.
    """
    found = RosterImport.objects.filter(pk=import_id, passwords_state=PasswordsState.MAKING).first()
    if found is None:
        return
    numbers = [row.citizen_number for row in sheets.load_rows(found.rows) if row.is_valid]
    note = NOBODY
    try:
        for batch in batched(numbers[found.passwords_done :], BATCH):
            if not _make(actor, found, [person.pk for person in identity.find_people(batch).values()], len(batch), now):
                return
    except ZhenxueError as error:
        note = f"初始密码没有全部生成。{error.message}"[:300]
    with transaction.atomic():
        found = RosterImport.objects.select_for_update().select_related("cohort").get(pk=import_id)
        if found.passwords_state != PasswordsState.MAKING:
            return
        made = len(sheets.load_accounts(found.accounts))
        found.passwords_state = PasswordsState.READY if made else PasswordsState.NONE
        found.passwords_note = "" if made and note == NOBODY else note
        found.passwords_until = now + dt.timedelta(hours=PASSWORDS_HOURS)
        found.save(update_fields=["passwords_state", "passwords_note", "passwords_until"])
        if made:
            record_cohort("initial_passwords_made", actor, found.cohort, {"accounts": made, "import": found.pk}, now)


def take_accounts(*, actor: Actor, import_id: int, now: dt.datetime) -> list[InitialAccount]:
    """The initial passwords of an import, once: the list is emptied by reading it, and the reading is recorded.

    Raises ``Conflict`` when there is none (yet), when it was taken before, or is older than ``PASSWORDS_HOURS``.
    """
    with transaction.atomic():
        found = _locked(actor, import_id)
        policies.check_can_manage(actor, found.cohort.organisation_id)
        forget_when_due(found, now)
        state = PasswordsState(found.passwords_state)
        accounts = sheets.load_accounts(found.accounts) if state is PasswordsState.READY else []
        if accounts:
            found.accounts, found.passwords_state = "", PasswordsState.TAKEN
            found.save(update_fields=["accounts", "passwords_state"])
            record_cohort("initial_passwords_taken", actor, found.cohort, {"accounts": len(accounts)}, now)
    if not accounts:
        raise Conflict("training.no_accounts", WHY_NO_LIST[state])
    return accounts


def drop_due_passwords(*, now: dt.datetime) -> None:
    """Destroy every list that nobody took in time; the worker does it every few minutes."""
    due = RosterImport.objects.filter(passwords_state=PasswordsState.READY, passwords_until__lte=now)
    for import_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            locked = RosterImport.objects.select_for_update(of=("self",)).select_related("cohort")
            forget_when_due(locked.get(pk=import_id), now)


def forget_when_due(found: RosterImport, now: dt.datetime) -> bool:
    """Empty the locked import's list if its time is up; whether that was so."""
    due = found.passwords_state == PasswordsState.READY and found.passwords_until and now >= found.passwords_until
    if due:
        lost = len(sheets.load_accounts(found.accounts))
        found.accounts, found.passwords_state = "", PasswordsState.EXPIRED
        found.save(update_fields=["accounts", "passwords_state"])
        record_cohort("initial_passwords_expired", SYSTEM, found.cohort, {"accounts": lost}, now)
    return bool(due)


def passwords_stale(found: RosterImport, now: dt.datetime) -> bool:
    """Whether the making has stood still for so long that its worker must have died."""
    last = found.progress_at or found.created_at
    making = found.passwords_state == PasswordsState.MAKING
    return making and now - last > dt.timedelta(minutes=STALE_MINUTES)


def _make(actor: Actor, found: RosterImport, people: list[int], rows: int, now: dt.datetime) -> bool:
    """One batch of ``rows`` imported rows; False when somebody else got to this batch first."""
    fresh_only = not found.passwords_again
    waiting = identity.never_signed_in(actor, people, without_password=fresh_only).count()
    passwords = identity.make_first_passwords(waiting)
    with transaction.atomic():
        current = RosterImport.objects.select_for_update().get(pk=found.pk)
        if (current.passwords_state, current.passwords_done) != (PasswordsState.MAKING, found.passwords_done):
            return False
        issued = identity.issue_first_passwords(
            actor=actor, person_ids=people, made=passwords, without_password=fresh_only, now=now
        )
        fresh = [InitialAccount(one.name, one.username, one.password) for one in issued]
        if fresh:
            current.accounts = sheets.dump_accounts([*sheets.load_accounts(current.accounts), *fresh])
        current.passwords_done += rows
        current.save(update_fields=["accounts", "passwords_done"])
        RosterImport.objects.filter(pk=found.pk).update(progress_at=Now())
    found.passwords_done = current.passwords_done
    return True


def _locked(actor: Actor, import_id: int) -> RosterImport:
    found = visible_imports(actor).select_for_update(of=("self",)).filter(pk=import_id).first()
    if found is None:
        raise NotFound("training.import_not_found", "没有找到这次名册导入，请重新上传。")
    return found
