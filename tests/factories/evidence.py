"""Entries made as the apps make them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tests.support.laid import laid
from zhenxue.evidence import api as evidence

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)

HAPPENED = evidence.register(
    evidence.Kind(
        "tests.happened",
        "发生了一件事",
        erasable=("note",),
        describe=lambda body: [("序号", str(body["n"])), *([("备注", body["note"])] if "note" in body else [])],
    )
)


@dataclass(frozen=True)
class Person:
    """Enough of an actor."""

    account_id: int | None = 7
    label: str = "王小明（学员）"


def make_entry(
    number: int = 1,
    *,
    subject: str = "cohort:1",
    about: Iterable[str] = ("enrolment:5", "person:3"),
    body: Mapping[str, Any] | None = None,
    note: str | None = "自述",
    now: dt.datetime = NOW,
) -> evidence.Entry:
    """One recorded entry."""
    content: dict[str, Any] = {"n": number} if body is None else dict(body)
    if note is not None:
        content["note"] = note
    with transaction.atomic():
        return evidence.record(kind=HAPPENED.name, actor=Person(), subject=subject, about=about, body=content, now=now)


@laid
def make_log(count: int, *, step: int = 100) -> None:
    """A log of so many entries with a checkpoint every ``step`` of them."""
    for number in range(1, count + 1):
        make_entry(number)
        if number % step == 0:
            evidence.integrate(NOW)
    evidence.integrate(NOW)
