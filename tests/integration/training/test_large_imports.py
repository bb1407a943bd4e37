"""Large rosters: imported by the worker, whole or not at all, and gone on with when the worker died."""

import datetime as dt

import pytest

from tests.factories.identity import NOW, make_provider
from tests.factories.rosters import answers, confirm, make_large, row, run, upload, workbook
from tests.factories.training import (
    add_learner,
    make_draft_cohort,
)
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.training.data import ImportState, PasswordsState
from zhenxue.training.models import Enrolment, RosterImport
from zhenxue.training.operations import roster as operations
from zhenxue.training.queries import roster as queries

pytestmark = pytest.mark.django_db


def test_a_large_roster_waits_for_the_worker_and_is_then_whole() -> None:
    made = make_draft_cohort(learners=0, capacity=700)
    rows = [
        row(f"学员{name}") for name in ("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"[n % 20] + "文" for n in range(520))
    ]
    found = upload(made, workbook(*rows))
    assert (found.state, found.done) == (ImportState.CHECKING, 0)
    operations.check_import(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.done, found.total) == (ImportState.CHECKED, 520, 520)
    confirmed = confirm(made, found, skip=found.valid < found.total)
    assert confirmed.state == ImportState.IMPORTING
    operations.run_import(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.imported) == (ImportState.DONE, found.valid), found.failure
    assert Enrolment.objects.filter(cohort=made.cohort).count() == found.valid


@pytest.mark.usefixtures("small_limits")
def test_a_large_import_is_recorded_for_each_person_in_few_entries() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made))
    assert (found.state, found.imported, found.done) == (ImportState.DONE, 12, 12)
    assert found.passwords_state == PasswordsState.NONE
    enrolment = Enrolment.objects.filter(cohort=made.cohort).latest("pk")
    for ref in (f"person:{enrolment.person_id}", f"enrolment:{enrolment.pk}"):
        kinds = {entry.kind for entry in evidence.list_entries(refs=[ref])}
        assert "training.learners_enrolled" in kinds
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"person:{enrolment.person_id}"])}
    assert {"identity.people_registered", "identity.accounts_opened"} <= kinds
    entries = evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"], kinds=["training.learners_enrolled"])
    assert len(entries) == 3
    account = identity.find_account_of(enrolment.person_id)
    assert account is not None
    assert not account.has_usable_password()


@pytest.mark.usefixtures("small_limits")
def test_a_large_import_that_is_refused_at_the_end_enrols_nobody_and_says_so() -> None:
    made = make_draft_cohort(learners=0, capacity=12)
    found = make_large(made)
    late = answers(found)
    add_learner(
        made, number=queries.load_rows(found.rows)[0].citizen_number, name=queries.load_rows(found.rows)[0].name
    )
    found = run(made, found)
    assert (found.state, found.imported, len(late)) == (ImportState.FAILED, 0, 12)
    assert "没有学员被加入名册" in found.failure
    assert "重新上传" in found.failure
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 1


@pytest.mark.usefixtures("small_limits")
def test_an_import_whose_worker_died_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_draft_cohort(learners=0)
    found = make_large(made)
    with pytest.raises(Conflict, match="刷新"):
        operations.resume_import(actor=made.manager, import_id=found.pk, now=NOW)

    def die(*args: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(operations, "_finish", die)
        with pytest.raises(SystemExit):
            run(made, found)
    assert not Enrolment.objects.filter(cohort=made.cohort).exists()
    RosterImport.objects.filter(pk=found.pk).update(progress_at=NOW)
    later = NOW + dt.timedelta(minutes=11)
    with pytest.raises(NotFound):
        operations.resume_import(actor=make_provider(), import_id=found.pk, now=later)
    operations.resume_import(actor=made.manager, import_id=found.pk, now=later)
    found = run(made, found)
    assert (found.state, found.imported) == (ImportState.DONE, 12)
    run(made, found)
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 12
