"""The roster of a cohort: read a file, answer each row, import all valid rows or nothing; add one; leave."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import batched

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, ZhenxueError
from zhenxue.training import policies, signals
from zhenxue.training.data import (
    IMPORT_TRANSITIONS,
    PASSWORDS_AT_ONCE,
    ROSTER_BACKGROUND_ROWS,
    STALE_MINUTES,
    CohortState,
    EnrolmentState,
    ImportState,
    InitialAccount,
    PasswordsState,
    RosterRow,
)
from zhenxue.training.models import Cohort, Enrolment, RosterImport
from zhenxue.training.operations.common import account_of, locked_cohort, required_reason
from zhenxue.training.operations.initial_passwords import make_passwords, start_passwords
from zhenxue.training.queries import roster as sheets
from zhenxue.training.queries.scope import get_cohort, visible_enrolments, visible_imports

#: People and enrolments written at a time.
CHUNK = 500


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
    rows = sheets.answer_rows(found.cohort, sheets.load_rows(found.rows), now, lambda done: _report(mine, done))
    found.rows, found.valid, found.done = sheets.dump_rows(rows), sum(row.is_valid for row in rows), len(rows)
    with transaction.atomic():
        current = RosterImport.objects.select_for_update().get(pk=import_id)
        if current.state == ImportState.CHECKING:
            found.state = ImportState.CHECKED
            found.save(update_fields=["rows", "valid", "done", "state"])


def confirm_import(*, actor: Actor, import_id: int, skip_invalid: bool, now: dt.datetime) -> RosterImport:
    """Say yes to a checked file. ``skip_invalid`` must be said when some rows cannot be imported.

    Small files are imported here, in one transaction; larger ones become ``IMPORTING`` and wait for ``run_import``.
    Then first passwords are made for a small file: here for up to ``PASSWORDS_AT_ONCE`` people; for more its
    ``passwords_state`` is ``MAKING`` and waits for ``make_passwords``.
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
        found.skip_invalid, found.state, found.done, found.progress_at = skip_invalid, ImportState.IMPORTING, 0, now
        found.save(update_fields=["skip_invalid", "state", "done", "progress_at"])
        if found.total <= ROSTER_BACKGROUND_ROWS:
            _import_small(actor, found, cohort, now)
            found = start_passwords(actor=actor, import_id=import_id, again=False, now=now)
    if found.passwords_state == PasswordsState.MAKING and found.imported <= PASSWORDS_AT_ONCE:
        make_passwords(actor=actor, import_id=import_id, now=now)
        found.refresh_from_db()
    return found


def run_import(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Import a large file; the worker calls it with the actor who confirmed.

    People and accounts are entered in small transactions (so that nobody else waits), then all enrolments in one that
    also says so. It may die anywhere and be run again (``resume_import``), even twice at once: known people are found
    again, and whoever finishes first ends it. When it is refused the roster is unchanged and the import says why.
    """
    found = (
        RosterImport.objects.select_related("cohort__programme", "cohort__organisation").filter(pk=import_id).first()
    )
    if found is None or found.state != ImportState.IMPORTING:
        return
    mine = RosterImport.objects.filter(pk=import_id)
    rows, skip = sheets.load_rows(found.rows), found.skip_invalid
    try:
        people = _enter_people(actor, _still_valid(found.cohort, rows, skip_invalid=skip), now, mine)
        with transaction.atomic():
            found = RosterImport.objects.select_for_update().get(pk=import_id)
            cohort = locked_cohort(actor, found.cohort_id)
            if found.state == ImportState.IMPORTING:
                policies.check_can_edit_cohort(actor, cohort)
                _finish(actor, found, cohort, _still_valid(cohort, rows, skip_invalid=skip), people, now)
    except ZhenxueError as error:
        failure = f"没有学员被加入名册。{error.message}"[:300]
        mine.filter(state=ImportState.IMPORTING).update(state=ImportState.FAILED, finished_at=now, failure=failure)


def resume_import(*, actor: Actor, import_id: int, now: dt.datetime) -> RosterImport:
    """Start work again that has stood still for ``STALE_MINUTES`` (the server was stopped); the caller enqueues it.

    Raises ``Conflict`` while it makes progress or when there is nothing to go on with.
    """
    with transaction.atomic():
        found = _locked_import(actor, import_id)
        policies.check_can_manage(actor, found.cohort.organisation_id)
        if not is_stale(found, now):
            raise Conflict("training.not_stale", "名册正在处理，或已经处理完，不用重新开始，请刷新页面查看。")
        found.progress_at = now
        found.save(update_fields=["progress_at"])
    return found


def discard_import(*, actor: Actor, import_id: int, now: dt.datetime) -> None:
    """Forget an uploaded file that was not confirmed."""
    with transaction.atomic():
        found = _locked_import(actor, import_id)
        policies.check_transition(IMPORT_TRANSITIONS, ImportState(found.state), ImportState.DISCARDED, what="名册导入")
        found.state, found.rows, found.finished_at = ImportState.DISCARDED, "", now
        found.save(update_fields=["state", "rows", "finished_at"])


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
        enrolment = _enrol(actor, cohort, [(row, person.pk)], now, file_name="")[0]
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
    rows = sheets.load_rows(found.rows)
    rows = _still_valid(cohort, rows, skip_invalid=found.skip_invalid)
    _finish(actor, found, cohort, rows, _enter_people(actor, rows, now), now)


def _finish(
    actor: Actor,
    found: RosterImport,
    cohort: Cohort,
    rows: Sequence[RosterRow],
    people: Mapping[str, int],
    now: dt.datetime,
) -> None:
    """Enrol everybody and close the import; in the caller's transaction, import and cohort locked."""
    valid = [(row, people[row.citizen_number]) for row in rows if row.is_valid]
    _enrol(actor, cohort, valid, now, file_name=found.file_name)
    found.rows, found.imported, found.done = sheets.dump_rows(rows), len(valid), found.total
    found.state, found.finished_at = ImportState.DONE, now
    found.save(update_fields=["rows", "imported", "done", "state", "finished_at"])


def _still_valid(cohort: Cohort, rows: Sequence[RosterRow], *, skip_invalid: bool) -> list[RosterRow]:
    """The rows answered again: the world may have moved on since the preview."""
    fresh = {row.number: row for row in sheets.answer_again(cohort, [row for row in rows if row.is_valid])}
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


def _enter_people(
    actor: Actor, rows: Sequence[RosterRow], now: dt.datetime, mine: QuerySet[RosterImport] | None = None
) -> dict[str, int]:
    """Person ids by citizen number, everybody with an account (without a password yet); ``mine`` shows progress."""
    people: dict[str, int] = {}
    valid = [row for row in rows if row.is_valid]
    for chunk in batched(valid, CHUNK):
        drafts = [
            identity.PersonFields(one.name, one.citizen_number, one.phone, one.social_card_number) for one in chunk
        ]
        made = identity.register_people(actor=actor, drafts=drafts, now=now)
        identity.ensure_learner_accounts(actor=actor, people=made.values(), now=now)
        people.update({number: person.pk for number, person in made.items()})
        if mine is not None:
            _report(mine, len(people))
    return people


def _enrol(
    actor: Actor,
    cohort: Cohort,
    pairs: Sequence[tuple[RosterRow, int]],
    now: dt.datetime,
    *,
    file_name: str,
) -> list[Enrolment]:
    try:
        with transaction.atomic():
            enrolments = Enrolment.objects.bulk_create(
                [
                    Enrolment(cohort=cohort, person_id=person_id, target_group=row.target_group, enrolled_at=now)
                    for row, person_id in pairs
                ],
                batch_size=CHUNK,
            )
    except IntegrityError as error:
        raise Conflict("training.enrolled_twice", "有学员刚刚已被加入名册，请刷新页面后重新上传。") from error
    _count_learners(cohort)
    for part in batched(enrolments, CHUNK):
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


def is_stale(found: RosterImport, now: dt.datetime) -> bool:
    """Whether work on it has stood still for so long that its worker must have died."""
    busy = found.state in {ImportState.CHECKING, ImportState.IMPORTING}
    last = found.progress_at or found.created_at
    return busy and now - last > dt.timedelta(minutes=STALE_MINUTES)


def _report(mine: QuerySet[RosterImport], done: int) -> None:
    mine.update(done=done, progress_at=Now())
