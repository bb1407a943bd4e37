"""Rosters: rows, workbooks, and imports at each step."""

from tests.factories.identity import NOW, citizen_number, person_name, phone
from tests.factories.training import Running
from zhenxue.kernel import sheets
from zhenxue.training.data import ROSTER_TITLES, ImportState
from zhenxue.training.models import RosterImport
from zhenxue.training.operations import roster as operations
from zhenxue.training.queries import roster as queries

Row = tuple[str, str, str, str, str]


def row(name: str = "", number: str = "", tel: str = "", group: str = "农村转移劳动力") -> Row:
    return (name or person_name(), number or citizen_number(), tel or phone(), "", group)


def workbook(*rows: Row) -> bytes:
    return sheets.write_xlsx("学员名册", list(ROSTER_TITLES), rows, as_text=True)


def upload(made: Running, data: bytes, name: str = "名册.xlsx") -> RosterImport:
    return operations.upload_roster(actor=made.manager, cohort_id=made.cohort.pk, data=data, file_name=name, now=NOW)


def confirm(made: Running, found: RosterImport, *, skip: bool = False) -> RosterImport:
    return operations.confirm_import(actor=made.manager, import_id=found.pk, skip_invalid=skip, now=NOW)


def make_large(made: Running, count: int = 12) -> RosterImport:
    """An import that waits for the worker, checked and confirmed (the limit is lowered by the test)."""
    found = upload(made, workbook(*[row() for _ in range(count)]))
    assert found.state == ImportState.CHECKING
    operations.check_import(import_id=found.pk, now=NOW)
    return confirm(made, found)


def run(made: Running, found: RosterImport) -> RosterImport:
    operations.run_import(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    return found


def answers(found: RosterImport) -> dict[int, str]:
    return {one.number: "；".join(one.problems) for one in queries.load_rows(found.rows)}
