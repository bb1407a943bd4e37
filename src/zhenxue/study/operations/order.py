"""The order of units, where the rules fix it."""

from zhenxue.study import queries
from zhenxue.study.errors import NotInOrder
from zhenxue.training import api as training


def check_in_order(enrolment: training.Enrolment, unit_id: int) -> None:
    """Raises ``NotInOrder`` where ``units_in_order`` is 1 and an earlier unit of the same course is not finished."""
    if training.rules_of(enrolment.cohort)["units_in_order"]:
        first = queries.get_line(queries.course_blocks(enrolment), unit_id).first
        if first is not None:
            raise NotInOrder(first.pk, first.title)
