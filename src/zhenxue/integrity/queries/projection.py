"""Checks against the log: what a row says of its end must be what was logged."""

from collections.abc import Iterator

from zhenxue.evidence import api as evidence
from zhenxue.integrity.data import CheckState
from zhenxue.integrity.models import Check, Command

ENDS = {
    "integrity.check_passed": CheckState.PASSED,
    "integrity.check_failed": CheckState.FAILED,
    "integrity.check_missed": CheckState.MISSED,
    "integrity.check_cancelled": CheckState.CANCELLED,
}

type Ended = tuple[str, str, int, int]


def verify_checks() -> Iterator[evidence.Finding]:
    """Every check must have ended as the log says, by the same kind and strength, and be made up only where it says."""
    ended: dict[int, tuple[Ended, int | None]] = {}
    asked: dict[int, int | None] = {}
    made_up: dict[int, int | None] = {}
    for entry in evidence.iterate_bodies(kinds=(*ENDS, "integrity.check_asked", "integrity.check_made_up")):
        number, body = int(entry.body["check"]), entry.body
        if entry.kind == "integrity.check_asked":
            asked[number] = entry.number
        elif entry.kind == "integrity.check_made_up":
            made_up[number] = entry.number
        else:
            ended[number] = ((ENDS[entry.kind], body["kind"], body["strength"], body["tries"]), entry.number)
    for check in Check.objects.order_by("pk").iterator():
        yield from _differences(check, asked, ended.pop(check.pk, None), made_up)
        asked.pop(check.pk, None)
        made_up.pop(check.pk, None)
    for number, at in asked.items():
        yield _finding(f"integrity_check：第 {number} 次核验的记录缺失，存证里有", at)


def verify_commands() -> Iterator[evidence.Finding]:
    """Every command must stand in the log, with its cohort and its officer."""
    logged = {}
    for entry in evidence.iterate_bodies(kinds=("integrity.commanded",)):
        logged[int(entry.body["command"])] = (entry.body["enrolment"], entry.number)
    for command in Command.objects.order_by("pk").iterator():
        proven = logged.pop(command.pk, None)
        if proven is None or proven[0] != command.enrolment_id:
            yield _finding(f"integrity_command：第 {command.pk} 次抽查与存证不一致", proven[1] if proven else None)
    for number, (_, at) in logged.items():
        yield _finding(f"integrity_command：第 {number} 次抽查的记录缺失，存证里有", at)


def _differences(
    check: Check,
    asked: dict[int, int | None],
    proven: tuple[Ended, int | None] | None,
    made_up: dict[int, int | None],
) -> Iterator[evidence.Finding]:
    where = f"integrity_check：第 {check.pk} 次核验"
    if check.pk not in asked:
        yield _finding(f"{where}没有提出的存证", None)
    stands: Ended = (check.state, check.kind, check.strength, check.tries)
    if check.state == CheckState.OPEN:
        if proven is not None:
            yield _finding(f"{where}记为等待完成，存证是已结束", proven[1])
    elif proven is None or proven[0] != stands:
        says = CheckState(proven[0][0]).label if proven else "没有结束"
        yield _finding(
            f"{where}记为{CheckState(check.state).label}，与存证（{says}）不一致", proven[1] if proven else None
        )
    if (check.made_up_at is not None) != (check.pk in made_up):
        yield _finding(f"{where}的补做与存证不一致", made_up.get(check.pk))


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
