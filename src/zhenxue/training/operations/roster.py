"""The roster of a cohort: read a file, answer each row, import all valid rows or nothing; add one; leave."""

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, ZhenxueError
from zhenxue.training import policies, signals
from zhenxue.training.data import (
    IMPORT_TRANSITIONS,
    ROSTER_BACKGROUND_ROWS,
    CohortState,
    EnrolmentState,
    ImportState,
    InitialAccount,
    RosterRow,
)
from zhenxue.training.models import Cohort, Enrolment, RosterImport
from zhenxue.training.operations.common import account_of, locked_cohort, record_cohort, required_reason
from zhenxue.training.queries import roster as sheets
from zhenxue.training.queries.scope import get_cohort, visible_enrolments, visible_imports

CHUNK = 200


def upload_roster(*, actor: Actor, cohort_id: int, data: bytes, file_name: str, now: dt.datetime) -> RosterImport:
    """Take a roster file. Small ones are checked at once; larger ones wait (``CHECKING``) for ``check_import``.

    Raises ``Invalid`` when the file as a whole cannot be read; then nothing is kept.
    """
    cohort = get_cohort(actor, cohort_id)
    policies.check_can_edit_cohort(actor, cohort)
    rows = sheets.read_roster(data, file_name)
    if len(rows) <= ROSTER_BACKGROUND_ROWS:
        rows = sheets.answer_rows(cohort, rows, now)
        state = ImportState.CHECKED
    else:
        state = ImportState.CHECKING
    with transaction.atomic():
        _discard_open(cohort)
        return RosterImport.objects.create(
            cohort=cohort,
            file_name=file_name[:200],
            state=state,
            rows=sheets.dump_rows(rows),
            total=len(rows),
            valid=sum(row.is_valid for row in rows) if state is ImportState.CHECKED else 0,
            done=len(rows) if state is ImportState.CHECKED else 0,
            created_by_id=account_of(actor),
            created_at=now,
        )


def check_import(*, import_id: int, now: dt.datetime) -> None:
    """Answer the rows of a large file, with progress; the worker calls it. Discarded meanwhile: nothing happens."""
    found = RosterImport.objects.select_related("cohort__programme").filter(pk=import_id).first()
    if found is None or found.state != ImportState.CHECKING:
        return
    mine = RosterImport.objects.filter(pk=import_id, state=ImportState.CHECKING)
    rows = sheets.answer_rows(
        found.cohort, sheets.load_rows(found.rows), now, progress=lambda done: _report(mine, done)
    )
    found.rows, found.valid, found.done = sheets.dump_rows(rows), sum(row.is_valid for row in rows), len(rows)
    with transaction.atomic():
        current = RosterImport.objects.select_for_update().get(pk=import_id)
        if current.state == ImportState.CHECKING:
            found.state = ImportState.CHECKED
            found.save(update_fields=["rows", "valid", "done", "state"])


def confirm_import(*, actor: Actor, import_id: int, skip_invalid: bool, now: dt.datetime) -> RosterImport:
    """Say yes to a checked file. ``skip_invalid`` must be said when some rows cannot be imported.

    Small files are imported here, in one transaction; larger ones become ``IMPORTING`` and wait for ``run_import``.
    Raises ``Invalid`` when rows have problems and were not waived, ``Conflict`` at a second click.
    """
    with transaction.atomic():
        found = _locked_import(actor, import_id)
        cohort = locked_cohort(actor, found.cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        policies.check_transition(IMPORT_TRANSITIONS, ImportState(found.state), ImportState.IMPORTING, what="名册导入")
        if not found.valid:
            raise Invalid("training.nothing_to_import", "没有一行可以导入，请按每行的提示改好后重新上传。")
        if found.valid < found.total and not skip_invalid:
            raise Invalid(
                "training.rows_invalid",
                f"有 {found.total - found.valid} 行有问题。请改好后重新上传；"
                f"或勾选“有问题的行不导入”，只导入其余 {found.valid} 行。",
                fields={"skip_invalid": "请勾选“有问题的行不导入”，或改好后重新上传。"},
            )
        found.skip_invalid, found.state, found.done = skip_invalid, ImportState.IMPORTING, 0
        found.save(update_fields=["skip_invalid", "state", "done"])
        if found.total <= ROSTER_BACKGROUND_ROWS:
            _import_small(actor, found, cohort, now)
    return found


def run_import(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Import a large file; the worker calls it with the actor who confirmed.

    People are entered in small transactions (so that nobody else waits), then all enrolments in one. When that fails
    the roster is unchanged and the import says so.
    """
    found = (
        RosterImport.objects.select_related("cohort__programme", "cohort__organisation").filter(pk=import_id).first()
    )
    if found is None or found.state != ImportState.IMPORTING:
        return
    mine = RosterImport.objects.filter(pk=import_id)
    rows = sheets.load_rows(found.rows)
    try:
        people = _register_in_chunks(actor, rows, now, lambda done: _report(mine, done))
        with transaction.atomic():
            cohort = locked_cohort(actor, found.cohort_id)
            policies.check_can_edit_cohort(actor, cohort)
            rows = _still_valid(cohort, rows, now, skip_invalid=found.skip_invalid)
            valid = [(row, people[row.citizen_number]) for row in rows if row.is_valid]
            _enrol(actor, cohort, valid, now, file_name=found.file_name)
            found.rows, found.imported, found.done = sheets.dump_rows(rows), len(valid), found.total
            found.state, found.finished_at = ImportState.DONE, now
            found.save(update_fields=["rows", "imported", "done", "state", "finished_at"])
    except ZhenxueError as error:
        found.state, found.finished_at = ImportState.FAILED, now
        found.failure = f"没有学员被加入名册。{error.message}"[:300]
        found.save(update_fields=["state", "finished_at", "failure"])


def discard_import(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Forget an uploaded file that was not confirmed."""
    with transaction.atomic():
        found = _locked_import(actor, import_id)
        policies.check_transition(IMPORT_TRANSITIONS, ImportState(found.state), ImportState.DISCARDED, what="名册导入")
        found.state, found.rows, found.finished_at = ImportState.DISCARDED, "", now
        found.save(update_fields=["state", "rows", "finished_at"])


def take_accounts(*, actor: Actor, import_id: int, now: dt.datetime) -> list[InitialAccount]:
    """The initial passwords of an import, once: the list is emptied by reading it, and the reading is recorded."""
    with transaction.atomic():
        found = _locked_import(actor, import_id)
        policies.check_can_manage(actor, found.cohort.organisation_id)
        accounts = sheets.load_accounts(found.accounts)
        if not accounts:
            raise Conflict(
                "training.accounts_taken",
                "初始密码清单已经下载过，不再保留。学员忘记密码的，请在“账号”里为其重置。",
            )
        found.accounts = ""
        found.save(update_fields=["accounts"])
        record_cohort("initial_passwords_taken", actor, found.cohort, {"accounts": len(accounts)}, now)
    return accounts


def import_roster(
    *,
    actor: Actor,
    cohort_id: int,
    data: bytes,
    file_name: str,
    now: dt.datetime,
    skip_invalid: bool = False,
) -> RosterImport:
    """Upload, check and confirm in one go, whatever the size; raises ``Invalid`` when a row has a problem."""
    found = upload_roster(actor=actor, cohort_id=cohort_id, data=data, file_name=file_name, now=now)
    check_import(import_id=found.pk, now=now)
    found = confirm_import(actor=actor, import_id=found.pk, skip_invalid=skip_invalid, now=now)
    run_import(actor=actor, import_id=found.pk, now=now)
    found.refresh_from_db()
    return found


def add_learner(
    *,
    actor: Actor,
    cohort_id: int,
    name: str,
    citizen_number: str,
    phone: str,
    target_group: str,
    now: dt.datetime,
    social_card_number: str = "",
) -> tuple[Enrolment, InitialAccount | None]:
    """Add one learner to a draft's roster; raises ``Invalid`` with everything that speaks against it.

    The second value is the new account's initial password, to be shown once, or None when the person had an account.
    """
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        typed = RosterRow(1, name, citizen_number, phone, social_card_number, target_group)
        if not name.strip() or not citizen_number.strip():
            raise Invalid("training.learner_incomplete", "请填写姓名和公民身份号码。")
        row = sheets.answer_rows(cohort, [typed], now)[0]
        if not row.is_valid:
            raise Invalid("training.learner_invalid", "；".join(row.problems))
        person, account = _register(actor, row, now)
        enrolment = _enrol(actor, cohort, [(row, person)], now, file_name="")[0]
    return enrolment, account


def remove_learner(*, actor: Actor, enrolment_id: int, now: dt.datetime) -> None:
    """Take somebody off the roster of a draft (before filing nobody has studied yet); afterwards use ``leave``."""
    with transaction.atomic():
        enrolment = _locked_enrolment(actor, enrolment_id)
        cohort = locked_cohort(actor, enrolment.cohort_id)
        policies.check_can_edit_cohort(actor, cohort)
        _record_enrolment("learner_removed", actor, enrolment, {}, now)
        enrolment.delete()
        _count_learners(cohort)


def leave(*, actor: Actor, enrolment_id: int, reason: str, now: dt.datetime) -> Enrolment:
    """A learner leaves an approved or running cohort: the enrolment stays, with moment and reason."""
    with transaction.atomic():
        enrolment = _locked_enrolment(actor, enrolment_id)
        cohort = locked_cohort(actor, enrolment.cohort_id)
        policies.check_can_leave(actor, enrolment)
        if cohort.state in {CohortState.DRAFT, CohortState.RETURNED}:
            raise Conflict("training.not_filed", "班期还没有备案，可以直接从名册中移除。")
        enrolment.state, enrolment.left_at = EnrolmentState.LEFT, now
        enrolment.leave_reason = required_reason(reason, what="退出原因", longest=200)
        enrolment.save(update_fields=["state", "left_at", "leave_reason"])
        _count_learners(cohort)
        _record_enrolment("learner_left", actor, enrolment, {"reason": enrolment.leave_reason}, now)
        signals.enrolment_left.send(sender=Enrolment, enrolment_id=enrolment.pk, cohort_id=enrolment.cohort_id, now=now)
    return enrolment


def _import_small(actor: Actor, found: RosterImport, cohort: Cohort, now: dt.datetime) -> None:
    rows = _still_valid(cohort, sheets.load_rows(found.rows), now, skip_invalid=found.skip_invalid)
    pairs, accounts = [], []
    for row in rows:
        if row.is_valid:
            person, account = _register(actor, row, now)
            pairs.append((row, person))
            accounts += [account] if account is not None else []
    _enrol(actor, cohort, pairs, now, file_name=found.file_name)
    found.rows, found.accounts = sheets.dump_rows(rows), sheets.dump_accounts(accounts) if accounts else ""
    found.imported, found.done = len(pairs), found.total
    found.state, found.finished_at = ImportState.DONE, now
    found.save()


def _still_valid(cohort: Cohort, rows: Sequence[RosterRow], now: dt.datetime, *, skip_invalid: bool) -> list[RosterRow]:
    """The rows answered again inside the transaction: the world may have moved on since the preview."""
    fresh = {row.number: row for row in sheets.answer_rows(cohort, [row for row in rows if row.is_valid], now)}
    if any(not row.is_valid for row in fresh.values()) and not skip_invalid:
        raise Conflict("training.roster_moved_on", "检查之后情况有变（例如学员刚被别的班录入），请重新上传名册再检查。")
    return [fresh.get(row.number, row) for row in rows]


def _register(actor: Actor, row: RosterRow, now: dt.datetime) -> tuple[identity.Person, InitialAccount | None]:
    person = identity.register_person(
        actor=actor,
        name=row.name,
        citizen_number=row.citizen_number,
        phone=row.phone,
        social_card_number=row.social_card_number,
        now=now,
    )
    account, password = identity.ensure_learner_account(actor=actor, person=person, now=now)
    return person, InitialAccount(person.name, account.username, password) if password else None


def _register_in_chunks(
    actor: Actor, rows: Sequence[RosterRow], now: dt.datetime, progress: Callable[[int], None]
) -> dict[str, identity.Person]:
    """People by citizen number; accounts without a password yet (hashing thousands of them would take minutes)."""
    people: dict[str, identity.Person] = {}
    valid = [row for row in rows if row.is_valid]
    for start in range(0, len(valid), CHUNK):
        with transaction.atomic():
            for row in valid[start : start + CHUNK]:
                person = identity.register_person(
                    actor=actor,
                    name=row.name,
                    citizen_number=row.citizen_number,
                    phone=row.phone,
                    social_card_number=row.social_card_number,
                    now=now,
                )
                identity.ensure_learner_account(actor=actor, person=person, now=now, password="")
                people[row.citizen_number] = person
        progress(min(start + CHUNK, len(valid)))
    return people


def _enrol(
    actor: Actor,
    cohort: Cohort,
    pairs: Sequence[tuple[RosterRow, identity.Person]],
    now: dt.datetime,
    *,
    file_name: str,
) -> list[Enrolment]:
    try:
        with transaction.atomic():
            enrolments = Enrolment.objects.bulk_create(
                [
                    Enrolment(cohort=cohort, person=person, target_group=row.target_group, enrolled_at=now)
                    for row, person in pairs
                ],
                batch_size=CHUNK,
            )
    except IntegrityError as error:
        raise Conflict("training.enrolled_twice", "有学员刚刚已被加入名册，请刷新页面后重新上传。") from error
    _count_learners(cohort)
    for start in range(0, len(enrolments), CHUNK):
        part = enrolments[start : start + CHUNK]
        evidence.record(
            kind="training.learners_enrolled",
            actor=actor,
            subject=f"cohort:{cohort.pk}",
            about=[
                f"organisation:{cohort.organisation_id}",
                *(f"enrolment:{enrolment.pk}" for enrolment in part),
                *(f"person:{enrolment.person_id}" for enrolment in part),
            ],
            body={
                "code": cohort.code,
                "file": file_name,
                "learners": [[enrolment.pk, enrolment.person_id, enrolment.target_group] for enrolment in part],
            },
            now=now,
        )
    return enrolments


def _count_learners(cohort: Cohort) -> None:
    cohort.learner_count = Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).count()
    cohort.save(update_fields=["learner_count"])


def _record_enrolment(kind: str, actor: Actor, enrolment: Enrolment, body: dict[str, object], now: dt.datetime) -> None:
    evidence.record(
        kind=f"training.{kind}",
        actor=actor,
        subject=f"enrolment:{enrolment.pk}",
        about=[f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}"],
        body={"person": enrolment.person_id, **body},
        now=now,
    )


def _locked_enrolment(actor: Actor, enrolment_id: int) -> Enrolment:
    found = visible_enrolments(actor).select_for_update(of=("self",)).filter(pk=enrolment_id).first()
    if found is None:
        raise NotFound("training.enrolment_not_found", "名册里没有这名学员，可能已被移除，请刷新页面。")
    return found


def _locked_import(actor: Actor, import_id: int) -> RosterImport:
    found = visible_imports(actor).select_for_update(of=("self",)).filter(pk=import_id).first()
    if found is None:
        raise NotFound("training.import_not_found", "没有找到这次名册导入，请重新上传。")
    return found


def _discard_open(cohort: Cohort) -> None:
    """A new file takes the place of one that was not confirmed."""
    waiting = [ImportState.CHECKING, ImportState.CHECKED]
    RosterImport.objects.filter(cohort=cohort, state__in=waiting).update(state=ImportState.DISCARDED, rows="")


def _report(mine: QuerySet[RosterImport], done: int) -> None:
    mine.update(done=done)
