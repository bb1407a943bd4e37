"""The roster's rows share one dialog; without script the same question is a page."""

import re

import pytest
from django.urls import reverse

from tests.factories.identity import client_for, make_provider
from tests.factories.training import make_draft_cohort, make_filed_cohort, make_running_cohort
from tests.web.training.conftest import Clock
from zhenxue.kernel import clock
from zhenxue.training.models import Enrolment
from zhenxue.training.web.views import filings

pytestmark = pytest.mark.django_db


def test_learners_are_removed_by_one_dialog_or_by_a_page() -> None:
    made = make_draft_cohort(learners=3)
    client, one = client_for(made.manager), made.enrolments[0]
    html = client.get(reverse("training:roster", args=[made.cohort.pk])).content.decode()
    assert html.count("<dialog") == 1
    act = reverse("training:remove_learner", args=[one.pk])
    assert re.search(f'<a [^>]*href="{act}" data-ask="ask">移出<span class="sr-only">{one.person.name}', html)
    page = client.get(act).content.decode()
    assert one.person.name in page
    assert "把这名学员移出名册？" in page
    assert client.post(act).status_code == 302
    assert not Enrolment.objects.filter(pk=one.pk).exists()
    assert client.get(act).status_code == 404
    assert (
        client_for(make_provider()).get(reverse("training:remove_learner", args=[made.enrolments[1].pk])).status_code
        == 404
    )


def test_a_learner_leaves_by_the_page_with_a_reason(at: Clock) -> None:
    made = make_running_cohort(learners=2)
    at(clock.start_of_day(made.cohort.starts_on))
    client, one = client_for(made.manager), made.enrolments[0]
    html = client.get(reverse("training:roster", args=[made.cohort.pk])).content.decode()
    assert (html.count("<dialog"), html.count('data-ask="ask"')) == (1, 2)
    act = reverse("training:leave", args=[one.pk])
    assert 'name="reason"' in client.get(act).content.decode()
    assert client.post(act, {"reason": ""}).status_code == 422
    assert client.post(act, {"reason": "已在外地找到工作"}).status_code == 302
    assert client.get(act).status_code == 409
    html = client.get(reverse("training:roster", args=[made.cohort.pk])).content.decode()
    assert "已在外地找到工作" in html
    assert html.count('data-ask="ask"') == 1
    assert client_for(made.bureau).get(act).status_code == 403


def test_numbers_on_the_roster_are_masked() -> None:
    made = make_draft_cohort(learners=1)
    person = made.enrolments[0].person
    html = client_for(made.manager).get(reverse("training:roster", args=[made.cohort.pk])).content.decode()
    assert person.citizen_number not in html
    assert f"{person.citizen_number[:6]}********{person.citizen_number[-4:]}" in html
    assert person.phone not in html


def test_a_filing_says_when_it_lists_only_part_of_the_roster(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_filed_cohort(learners=3)
    client, address = client_for(made.bureau), reverse("training:filing", args=[made.cohort.pk])
    whole = reverse("training:roster", args=[made.cohort.pk])
    assert "这里只列前" not in client.get(address).content.decode()
    monkeypatch.setattr(filings, "SHOWN", 2)
    html = client.get(address).content.decode()
    assert f'这里只列前 2 人。<a href="{whole}">' in html
    assert html.count("********") == 2
