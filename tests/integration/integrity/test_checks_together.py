"""Checks when several want the same at once."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from tests.factories.checks import Class, answer, make_class, right
from tests.factories.study import BEGIN
from zhenxue.integrity import api as integrity
from zhenxue.integrity.models import Check
from zhenxue.kernel.errors import Conflict

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act: Callable[[int], object], times: int = 4) -> list[object]:
    """The same act in so many threads that start together; what each gave, or raised."""
    gate, told = threading.Barrier(times), []

    def run(number: int) -> None:
        gate.wait()
        try:
            told.append(act(number))
        except Exception as error:  # noqa: BLE001 - whatever it was is looked at by the test
            told.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.fixture
def room() -> Class:
    return make_class(learners=1)


def test_four_pages_that_ask_at_once_get_one_check(room: Class) -> None:
    told = at_once(lambda number: room.ask())
    assert len({check.pk for check in told if isinstance(check, Check)}) == 1, told
    assert all(isinstance(check, Check) for check in told), told
    assert Check.objects.count() == 1


def test_a_right_answer_sent_four_times_passes_once(room: Class) -> None:
    check, learner = room.ask(), room.learner
    given = right(check)
    told = at_once(lambda number: answer(learner, check, given))
    assert sum(getattr(one, "passed", False) for one in told) == 1, told
    assert sum(isinstance(one, Conflict) for one in told) == 3, told


def test_four_sweeps_miss_a_check_once(room: Class) -> None:
    room.ask()
    late = BEGIN.replace(hour=BEGIN.hour + 1)
    assert sorted(at_once(lambda number: integrity.sweep(late))) == [0, 0, 0, 1]  # type: ignore[type-var]  # they are numbers
