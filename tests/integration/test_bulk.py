"""Many rows changed by one statement come out as Django writes them one by one, whatever stands in them."""

import datetime as dt
from decimal import Decimal

import pytest

from tests.factories.exams import SITTING, make_exam, sit, start
from zhenxue.exams.models import Answer, Attempt
from zhenxue.kernel.bulk import update_rows

pytestmark = pytest.mark.django_db


def test_every_kind_of_column_comes_out_as_it_went_in() -> None:
    sitting = make_exam(learners=2)
    one, other = (start(sitting, learner) for learner in sitting.learners)
    moment = SITTING + dt.timedelta(microseconds=123456)
    columns = ("ends_reason", "sequence", "parts", "proven_at", "total")
    parts = {'理论 "甲"': ["3", "4"], "a\\b": []}
    rows = [
        (one.pk, 'said "no", {not} \\ NULL', 7, parts, moment, Decimal("12.5")),
        (other.pk, "", 0, {}, None, Decimal(3)),
    ]
    update_rows(Attempt, columns, rows)
    found = Attempt.objects.order_by("pk").values_list("pk", *columns)
    assert list(found) == sorted(rows)
    update_rows(Attempt, columns, [])
    assert list(found.all()) == sorted(rows)


def test_rows_that_are_not_named_stay() -> None:
    sitting = make_exam(learners=1)
    attempt = sit(sitting, sitting.learners[0])
    first, *others = attempt.answers.order_by("pk")
    update_rows(Answer, ("correct", "awarded"), [(first.pk, None, None)])
    now = {one.pk: (one.correct, one.awarded) for one in attempt.answers.all()}
    assert now == {first.pk: (None, None), **{one.pk: (one.correct, one.awarded) for one in others}}
