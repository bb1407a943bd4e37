"""Presence checks for tests: a learner of a running cohort who is asked, and the ways to answer."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.factories.study import BEGIN, make_studying
from tests.factories.training import Running
from tests.support.laid import laid
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.integrity import signals
from zhenxue.integrity.models import Check
from zhenxue.training import api as training
from zhenxue.training.models import Enrolment

#: Long enough to have read what is asked.
READ = dt.timedelta(seconds=5)
PHONE = "a1" * 32


@dataclass
class Class:
    """A running cohort and the unit that its learners study."""

    made: Running
    unit_id: int

    @property
    def learner(self) -> Actor:
        return self.made.learners[0]

    @property
    def enrolment(self) -> Enrolment:
        return self.made.enrolments[0]

    def ask(self, *, context: str = "room:1", now: dt.datetime = BEGIN, number: int = 0, **changes: Any) -> Check:
        """A check of the learner while they study the unit; a question, since nobody has enrolled a face."""
        enrolment = self.made.enrolments[number]
        values: dict[str, Any] = {
            "person_id": enrolment.person_id,
            "enrolment_id": enrolment.pk,
            "context": context,
            "cause": "hourly",
            "facts": {"unit": self.unit_id, "position_ms": 120_000},
            "proof_at": now - dt.timedelta(minutes=20),
            "device": PHONE,
            "now": now,
        }
        return integrity.ask(**{**values, **changes})


@laid
def make_class(*, learners: int = 1, now: dt.datetime | None = None) -> Class:
    """A cohort whose units have a self-test question each."""
    made = make_studying(learners=learners) if now is None else make_studying(learners=learners, now=now)
    return Class(made, training.plan_units(made.cohort.pk)[0].unit.pk)


def right(check: Check) -> list[str]:
    """What answers the task that stands there."""
    task = check.task
    return list(task["question"]["answer"]) if check.kind == "question" else [str(task["puzzle"]["place"])]


def wrong(check: Check) -> list[str]:
    """An answer that is given and wrong."""
    every = ["A", "B"] if check.kind == "question" else ["1", "2"]
    return [one for one in every if [one] != right(check)][:1]


def answer(actor: Actor, check: Check, given: list[str], *, now: dt.datetime | None = None, **changes: Any) -> Any:
    """Answers what stands there, a few seconds after it was asked, from the right phone."""
    values: dict[str, Any] = {
        "actor": actor,
        "check_id": check.pk,
        "kind": check.kind,
        "given": given,
        "nonce": check.nonce,
        "device": PHONE,
        "now": now or check.asked_at + READ,
    }
    return integrity.answer_task(**{**values, **changes})


@dataclass
class Heard:
    """What was announced, by the signal's name."""

    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name for name, _ in self.said]


@contextmanager
def listening() -> Iterator[Heard]:
    """Hears every announcement about checks."""
    heard = Heard()
    receivers = []
    for name in ("check_asked", "check_passed", "check_missed", "check_made_up"):

        def receive(sender: object, signal: object, *, _name: str = name, **values: Any) -> None:
            heard.said.append((_name, values))

        receivers.append((getattr(signals, name), receive))
        getattr(signals, name).connect(receive, weak=False)
    try:
        yield heard
    finally:
        for signal, receive in receivers:
            signal.disconnect(receive)
