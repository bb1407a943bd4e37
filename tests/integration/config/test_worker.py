"""``zhenxue worker`` is told to stop while it looks for work."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django_tasks_db.models import DBTaskResult

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What stops a worker stops the tests again afterwards."""
    before = {stop: signal.getsignal(stop) for stop in STOPS}
    yield
    for stop, handler in before.items():
        signal.signal(stop, handler)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_stopped_while_it_looks_ends_its_look_first(own_signals: None) -> None:
    looks: list[str] = []

    def stop_in_the_look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if DBTaskResult._meta.db_table in sql and sql.startswith("SELECT"):
            looks.append(sql)
            assert connection.in_atomic_block
            os.kill(os.getpid(), signal.SIGTERM)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stop_in_the_look):
        call_command("worker", queue=["default"])
    assert len(looks) == 1, "it looked to the end, and not again"
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_told_twice_stops_at_once(own_signals: None) -> None:
    def stop_twice(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if DBTaskResult._meta.db_table in sql:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stop_twice), pytest.raises(SystemExit):
        call_command("worker", queue=["default"])
