"""What the rules ask for, and who runs right now."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from zhenxue.integrity.data import PresencePlan, RunningContext
from zhenxue.training.data import LATER_RULES

type Runners = Callable[[int, datetime], Iterable[RunningContext]]

_runners: list[Runners] = []


def plan_of(rules: Mapping[str, int]) -> PresencePlan:
    """The numbers of presence checks among the frozen rules of a cohort (``training.rules_of``)."""
    known = {**LATER_RULES, **rules}
    return PresencePlan(
        per_class_hour=known["presence_per_class_hour"],
        at_entry=bool(known["presence_at_entry"]),
        answer_seconds=known["presence_answer_seconds"],
        make_up_days=known["presence_make_up_days"],
        misses_fail=known["presence_misses_fail"],
        face_first=bool(known["presence_face_first"]),
        tries=known["presence_tries"],
        strength_study=known["presence_strength_study"],
        weak_in_row=known["presence_weak_in_row"],
        strength_exam=known["presence_strength_exam"],
        return_makes_up=bool(known["presence_return_makes_up"]),
    )


def register_running(runners: Runners) -> None:
    """Announce in ``apps.ready()`` who runs: ``runners(cohort_id, now)`` gives a ``RunningContext`` for each."""
    if runners not in _runners:
        _runners.append(runners)


def list_running(cohort_id: int, now: datetime) -> list[RunningContext]:
    """Everybody of a cohort who studies or sits an exam right now, as their owners tell it."""
    return [context for runners in _runners for context in runners(cohort_id, now)]


def count_running(cohort_id: int, now: datetime) -> int:
    """How many learners of a cohort run right now."""
    return len({one.enrolment_id for one in list_running(cohort_id, now)})
