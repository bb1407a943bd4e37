"""On PostgreSQL statements keep their plans, and whole numbers arrive as they were sent (ADR 0014)."""

import pytest
from django.db import DataError, connection, transaction
from django.db.models import BigIntegerField, Case, F, IntegerField, SmallIntegerField, Value, When
from django.db.models.functions import Cast

from tests.factories.catalogue import make_draft_version
from tests.factories.identity import make_organisation, make_person
from zhenxue.catalogue.models import CourseVersion
from zhenxue.config.env import database
from zhenxue.identity.models import Person, Region

pytestmark = pytest.mark.django_db
NUMBERS = [0, -1, 2**15, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1_790_000_000_000, 2**62]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", [SmallIntegerField, IntegerField, BigIntegerField])
def test_a_number_in_an_expression_arrives_as_it_was_sent(number: int, field: type[IntegerField]) -> None:
    person = make_person()
    narrow = Cast(Value(0), IntegerField())
    asked = Person.objects.filter(pk=person.pk).annotate(
        plain=Value(number, output_field=field()),
        beside=Cast(F("pk") * 0 + narrow + Value(number), BigIntegerField()),
        chosen=Case(When(pk__gt=0, then=Value(number, output_field=field())), default=Value(1)),
    )
    assert asked.values_list("plain", "beside", "chosen").get() == (number, number, number)


def test_a_number_is_compared_whole() -> None:
    """A moment in milliseconds, cut off at 32 bits, would be less than nearly every other one."""
    version = make_draft_version(make_organisation())
    moment, same = 1_790_000_000_000, CourseVersion.objects.filter(pk=version.pk)
    assert same.filter(number__lt=moment - F("number")).exists()
    assert not same.filter(number__gt=moment - F("number")).exists()


@pytest.mark.parametrize("number", [2**31, 2**40, 2**63])
def test_a_number_that_a_column_cannot_hold_is_refused_not_cut_off(number: int) -> None:
    if connection.vendor == "sqlite":
        return  # its columns hold what they are given; the fields' own checks stand before
    version = make_draft_version(make_organisation())
    with pytest.raises(DataError), transaction.atomic():
        CourseVersion.objects.filter(pk=version.pk).update(number=number)
    assert CourseVersion.objects.values_list("number", flat=True).get(pk=version.pk) == version.number


def test_a_statement_keeps_its_plan_from_the_fifth_use_on() -> None:
    if connection.vendor == "sqlite":
        return
    kept, like = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", "%identity_region%4321%"
    counts = []
    for _ in range(7):
        assert list(Region.objects.extra(where=["4321 = 4321"]).filter(pk=-1)) == []
        with connection.cursor() as cursor:
            cursor.execute(kept, [like])
            counts.append(cursor.fetchone()[0])
    assert counts[0] == 0
    assert counts[-1] == 1


def test_behind_a_pooler_no_plan_is_kept() -> None:
    usual = database("postgres://u:p@127.0.0.1:5432/zhenxue?sslmode=require")
    pooled = database("postgres://u:p@127.0.0.1:6432/zhenxue?keep_plans=no")
    assert usual["ENGINE"] == pooled["ENGINE"] == "zhenxue.kernel.postgres"
    assert usual["OPTIONS"] == {"sslmode": "require", "server_side_binding": True, "prepare_threshold": 5}
    assert pooled["OPTIONS"] == {"server_side_binding": True, "prepare_threshold": None}
