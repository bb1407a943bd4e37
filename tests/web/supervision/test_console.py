"""The bureau's console: what it shows, and to whom it stays shut."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.identity import client_for, make_bureau, make_operator, make_provider
from tests.factories.training import Running, attend_all, make_filed_cohort, make_running_cohort
from zhenxue.evidence import api as evidence

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def running() -> Running:
    """A running cohort of three in 东昌府区, its first lesson attended, everything in the log."""
    made = make_running_cohort()
    attend_all(made, made.lessons[0])
    while evidence.integrate(made.lessons[0].ends_at or made.cohort.created_at):
        pass
    return made


def pages_of(made: Running) -> list[str]:
    """Every page of the console that shows the cohort."""
    cohort, enrolment = made.cohort.pk, made.enrolments[0].pk
    base = f"/supervision/cohorts/{cohort}/"
    return [
        base,
        f"{base}learners/",
        f"{base}evidence/",
        f"/supervision/learners/{enrolment}/",
        f"/archives/{enrolment}/",
    ]


def test_county_and_city_open_every_page_and_another_county_none(running: Running) -> None:
    county, city, other = client_for(running.bureau), client_for(make_bureau("3715")), client_for(make_bureau("371581"))
    for page in pages_of(running):
        assert county.get(page).status_code == 200, page
        assert city.get(page).status_code == 200, page
        assert other.get(page).status_code == 404, page


def test_the_console_is_for_bureaus_and_the_operator_only(running: Running) -> None:
    manager, learner = client_for(running.manager), client_for(running.learners[0])
    for page in pages_of(running)[:4]:
        assert manager.get(page).status_code == 403, page
        assert learner.get(page).status_code == 403, page
        assert client_for(make_operator()).get(page).status_code == 200, page


def test_an_archive_opens_for_its_learner_and_their_provider_and_for_nobody_else(running: Running) -> None:
    page = pages_of(running)[4]
    assert client_for(running.learners[0]).get(page).status_code == 200
    assert client_for(running.manager).get(page).status_code == 200
    assert client_for(running.learners[1]).get(page).status_code == 404
    assert client_for(make_provider()).get(page).status_code == 404


def test_an_archive_names_the_target_group_in_words(running: Running) -> None:
    text = client_for(running.bureau).get(pages_of(running)[4]).content.decode()
    assert "农村转移劳动力" in text
    assert "rural" not in text


def test_pages_mask_numbers_and_show_hours_attendance_and_proofs(running: Running) -> None:
    person = running.enrolments[0].person
    text = client_for(running.bureau).get(pages_of(running)[3]).content.decode()
    assert person.name in text
    assert person.citizen_number not in text
    assert f"{person.citizen_number[:6]}********" in text
    assert running.lessons[0].title in text
    assert "登记考勤" in text
    assert "已存证 第" in text


def test_the_list_finds_by_name_and_filters_by_state_and_county(running: Running) -> None:
    waiting = make_filed_cohort(title="焊工备案班")
    client = client_for(make_bureau("3715"))

    def titles(query: str) -> list[str]:
        return [row.title for row in client.get(f"/supervision/cohorts/?{query}").context["rows"]]

    assert set(titles("")) == {running.cohort.title, waiting.cohort.title}
    assert titles("q=焊工") == ["焊工备案班"]
    assert titles("state=running") == [running.cohort.title]
    assert titles("region=371581") == []


def test_a_county_without_cohorts_stands_in_the_citys_table_with_zero(running: Running) -> None:
    rows = client_for(make_bureau("3715")).get("/supervision/home/").context["rows"]
    figures = {row.code: row for row in rows}
    assert len(figures) == 8
    assert (figures["371502"].running, figures["371502"].learners) == (1, 3)
    assert (figures["371581"].cohorts, figures["371581"].learners) == (0, 0)


def test_a_timeline_can_be_filtered_by_kind(running: Running) -> None:
    client, page = client_for(running.bureau), pages_of(running)[3]
    everything = client.get(page).context["entries"]
    some = client.get(f"{page}?kind=training.attendance_recorded").context["entries"]
    assert 0 < len(some) < len(everything)
    assert {entry.kind for entry in some} == {"training.attendance_recorded"}


def test_an_entry_opens_for_those_who_see_its_learner(running: Running) -> None:
    mine = next(
        entry
        for entry in evidence.list_entries(refs=[f"enrolment:{running.enrolments[0].pk}"])
        if f"enrolment:{running.enrolments[1].pk}" not in entry.refs
    )
    page = f"/evidence/{mine.number}/"
    assert client_for(running.bureau).get(page).status_code == 200
    assert client_for(running.learners[0]).get(page).status_code == 200
    assert client_for(running.learners[1]).get(page).status_code == 404
    assert client_for(make_bureau("371581")).get(page).status_code == 404


def test_the_lists_ask_as_often_for_many_rows_as_for_few() -> None:
    def queries(learners: int) -> int:
        made = make_running_cohort(learners=learners)
        client = client_for(made.bureau)
        page = f"/supervision/cohorts/{made.cohort.pk}/learners/"
        client.get(page)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(page).status_code == 200
        return len(caught)

    few, many = queries(2), queries(12)
    assert many <= few <= 12
