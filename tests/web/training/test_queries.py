"""Pages ask a constant number of questions, however many rows they show."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.identity import client_for, make_provider
from tests.factories.training import (
    add_learner,
    attend_all,
    make_draft_cohort,
    make_filed_cohort,
    make_programme,
    make_running_cohort,
)

pytestmark = pytest.mark.django_db
MOST = 16  # with sign-in, session, actor and access log


def count(client: Client, name: str, *args: object) -> int:
    address = reverse(f"training:{name}", args=args)
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured)


def test_lists_do_not_ask_more_for_more_rows() -> None:
    manager = make_provider()
    programme = make_programme(manager)
    first = make_filed_cohort(manager, programme=programme)
    mine, bureau = client_for(manager), client_for(first.bureau)
    before = [count(mine, "cohorts"), count(mine, "programmes"), count(bureau, "filings"), count(mine, "lessons")]
    for number in range(3):
        make_filed_cohort(manager, programme=programme, title=f"直播销售员第{number}班")
        make_programme(manager, title=f"另一个项目{number}")
    after = [count(mine, "cohorts"), count(mine, "programmes"), count(bureau, "filings"), count(mine, "lessons")]
    assert after == before
    assert max(after) <= MOST, after


def test_a_roster_and_its_attendance_do_not_ask_more_for_more_learners() -> None:
    small, large = make_running_cohort(learners=1), make_running_cohort(learners=8)
    for made in (small, large):
        for line in made.lessons:
            attend_all(made, line)
    client = client_for(small.manager)
    for name in ("roster", "attendance", "cohort", "plan"):
        assert count(client, name, small.cohort.pk) == count(client, name, large.cohort.pk), name
    assert count(client, "lesson_attendance", large.lessons[0].pk) <= MOST + 2


def test_the_checks_do_not_ask_more_for_more_learners() -> None:
    made = make_draft_cohort(learners=1)
    client = client_for(made.manager)
    before = count(client, "check_cohort", made.cohort.pk)
    for _ in range(5):
        add_learner(made)
    assert count(client, "check_cohort", made.cohort.pk) == before
