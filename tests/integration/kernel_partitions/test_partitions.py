"""Month partitions of beats and spans: PostgreSQL has them, SQLite has plain tables, and no row notices."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories.study import make_studying, page_of
from zhenxue.kernel import partitions
from zhenxue.ledger.models import Span
from zhenxue.study.models import Beat

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SPANS = partitions.Monthly("ledger_span", "day")
BEATS = partitions.Monthly(
    "study_beat",
    "received_ms",
    milliseconds=True,
    once=(partitions.Once("study_beat_number_once", "session_id, number", "accepted"),),
    drop_empty=True,
)


def on_postgres() -> bool:
    return connection.vendor == "postgresql"


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def homes(table: str) -> set[str]:
    """The partitions in which the rows of a table lie."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {table}")
        return {row[0] for row in cursor.fetchall()}


def settle_constraints() -> None:
    if on_postgres():
        run("SET CONSTRAINTS ALL IMMEDIATE")


def snapshot() -> list[list[object]]:
    return [list(Beat.objects.order_by("pk").values()), list(Span.objects.order_by("pk").values())]


def study() -> None:
    """A minute of March, before any partition of this installation."""
    page_of(make_studying()).open().study(60).close()


def test_civil_months_begin_at_midnight_in_china() -> None:
    assert partitions.month_at(partitions.first_ms(dt.date(2026, 3, 1))) == dt.date(2026, 3, 1)
    assert partitions.month_at(partitions.first_ms(dt.date(2026, 3, 1)) - 1) == dt.date(2026, 2, 1)
    assert partitions.next_month(dt.date(2026, 12, 1)) == dt.date(2027, 1, 1)
    assert [f"{month:%Y-%m}" for month in partitions.coming_months(NOW)] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert BEATS.bounds(dt.date(2026, 3, 1)) == ("1772294400000", "1774972800000")
    assert SPANS.bounds(dt.date(2026, 3, 1)) == ("'2026-03-01'", "'2026-04-01'")


def test_a_row_without_a_month_is_kept_and_moved_when_the_month_is_made() -> None:
    study()
    before = snapshot()
    assert all(before)
    if on_postgres():
        assert homes("study_beat") == {"study_beat_default"}
    settle_constraints()
    made = partitions.ensure(now=NOW)
    assert snapshot() == before
    assert partitions.ensure(now=NOW) == []
    if on_postgres():
        assert {"study_beat_2026_03", "ledger_span_2026_03"} <= set(made)
        assert (homes("study_beat"), homes("ledger_span")) == ({"study_beat_2026_03"}, {"ledger_span_2026_03"})
    else:
        assert made == []


def test_an_accepted_number_is_given_once_in_a_session() -> None:
    study()
    settle_constraints()
    partitions.ensure(now=NOW)
    beat = Beat.objects.filter(accepted=True).first()
    assert beat is not None
    beat.pk = None
    with pytest.raises(IntegrityError, match="study_beat"), transaction.atomic():
        beat.save(force_insert=True)
    beat.accepted, beat.credit_ms = False, 0
    beat.save(force_insert=True)


def test_a_day_reads_one_month_and_an_open_session_no_old_ones() -> None:
    study()
    settle_constraints()
    partitions.ensure(now=NOW)
    of_day = Span.objects.filter(enrolment_id=1, day=dt.date(2026, 3, 2)).explain()
    of_session = Beat.objects.filter(session_id=1, received_ms__gte=int(NOW.timestamp()) * 1000).explain()
    if on_postgres():
        assert "ledger_span_2026_03" in of_day
        assert "2026_11" not in of_day
        assert "default" not in of_day
        assert "study_beat_2026_11" in of_session
        assert "2026_03" not in of_session
    else:
        assert "ledger_span_enrolment_day" in of_day
        assert "INDEX" in of_session


def test_the_way_there_and_back_keeps_rows_rules_and_the_next_id() -> None:
    study()
    settle_constraints()
    before, rules = snapshot(), constraints()
    for one in (BEATS, SPANS):
        partitions.remove(one)
    assert snapshot() == before
    for one in (BEATS, SPANS):
        partitions.install(one, now=NOW)
    assert (snapshot(), constraints()) == (before, rules)
    span = Span.objects.order_by("pk").last()
    assert span is not None
    last, span.pk = span.pk, None
    span.save(force_insert=True)
    assert span.pk > last
    if on_postgres():
        with pytest.raises(IntegrityError, match="are kept"), transaction.atomic():
            run("TRUNCATE ledger_span_2026_03")


def constraints() -> dict[str, set[str]]:
    """Names of checks, foreign keys and indexes, less those of single partitions."""
    with connection.cursor() as cursor:
        return {
            table: {name for name in connection.introspection.get_constraints(cursor, table) if "_pkey" not in name}
            for table in ("study_beat", "ledger_span")
        }
