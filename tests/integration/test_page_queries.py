"""The most used pages ask the database a constant number of questions, however many rows they show.

One town is made with 2 and one with 5 of everything (units, lessons, learners, cohorts, exams, questions, claims,
incidents). Each page is asked for once to fill what a process remembers, and counted the second time; the learner's own
two pages also when the process remembers nothing.
"""

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import incidents
from tests.factories.catalogue import make_published_version
from tests.factories.exams import SITTING, make_bank, make_draft_exam, make_paper, sit, study_all
from tests.factories.identity import NOW, client_for, make_bureau, make_provider
from tests.factories.subsidy import CLAIMING, make_policy
from tests.factories.training import Running, attend_all, make_draft_programme, make_running_cohort
from zhenxue.catalogue.data import UnitDraft
from zhenxue.exams import api as exams
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.kernel.remembering import forget_all
from zhenxue.subsidy import api as subsidy
from zhenxue.training import api as training

MOST = 12
FEW, MANY = 2, 5
REASON = "线上内容为主，经人社部门同意"


@dataclass
class Town:
    """One large cohort, and more cohorts with a claim each."""

    running: Running
    manager: Actor
    exam_id: int

    @property
    def enrolment_id(self) -> int:
        return self.running.enrolments[0].pk

    @property
    def unit_id(self) -> int:
        return training.plan_units(self.running.cohort.pk)[0].unit.pk


def make_town(size: int) -> Town:
    """``size`` of everything."""
    manager = make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    units = [UnitDraft("text", f"第 {n} 课", minutes=2, body="先看，再做。") for n in range(size)]
    version = make_published_version(organisation, units=units)
    lessons = [(f"实操 {n}", 45, min(n, 1) + 1) for n in range(min(size, 28))]  # a lesson a day, in four weeks
    programme = make_draft_programme(manager, online_minutes=0, offline=lessons)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=NOW)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=NOW)
    running = make_running_cohort(manager, programme=programme, learners=size)
    for enrolment in running.enrolments[:2]:
        study_all(running, enrolment)
    attend_all(running, running.lessons[0])
    paper = make_paper(manager, bank=make_bank(manager, questions=size))
    for number in range(size):
        sitting = make_draft_exam(running, paper=paper, title=f"第 {number} 次考核", attempts=1)
        sitting.exam = exams.schedule_exam(actor=manager, exam=sitting.exam, now=NOW)
    sit(sitting, running.learners[1], answers=())
    for number in range(1, size):
        incidents.note(running, learner=number)
    small = make_draft_programme(manager, title="短班", offline=[("话术练习", 90, 1)])
    small = training.make_ready(actor=manager, programme_id=small.pk, share_exception_reason=REASON, now=NOW)
    for number in range(size - 1):
        more = make_running_cohort(manager, programme=small, learners=1, title=f"短班 {number}")
        subsidy.create_claim(actor=manager, cohort=more.cohort, stage_number=1, now=CLAIMING)
    return Town(running, manager, sitting.exam.pk)


def pages_of(town: Town) -> list[tuple[str, Actor, str]]:
    """Name, who asks, address."""
    learner, cohort = town.running.learners[0], town.running.cohort.pk
    county = town.running.bureau
    return [
        ("learner home", learner, "/home/"),
        ("course", learner, f"/study/{town.enrolment_id}/"),
        ("player", learner, f"/study/{town.enrolment_id}/units/{town.unit_id}/"),
        ("progress", learner, f"/progress/{town.enrolment_id}/"),
        ("exam list", learner, "/exams/"),
        ("schedule", learner, "/schedule/"),
        ("cohorts", town.manager, "/cohorts/"),
        ("roster", town.manager, f"/cohorts/{cohort}/roster/"),
        ("hours of a cohort", town.manager, f"/progress/cohorts/{cohort}/"),
        ("bureau home", county, "/home/"),
        ("bureau figures", county, "/supervision/home/"),
        ("bureau filings", county, "/home/training/bureau/"),
        ("supervision cohorts", county, "/supervision/cohorts/"),
        ("supervision learners", county, f"/supervision/cohorts/{cohort}/learners/"),
        ("claims", town.manager, "/claims/"),
        ("incidents", county, "/incidents/"),
        ("incidents that wait", county, "/incidents/block/"),
        ("own incidents", town.running.learners[1], "/incidents/mine/"),
        ("own checks", learner, "/presence/checks/"),
        ("notices", town.manager, "/notices/"),
        ("reviews of names", town.manager, "/verify/reviews/"),
    ]


def counted(client: Client, address: str) -> int:
    """Queries of the second request."""
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200
    return len(captured)


def counted_at_first(client: Client, address: str) -> int:
    """Queries of the first request to a process that has just begun."""
    forget_all()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200
    return len(captured)


def queries_of(town: Town) -> dict[str, int]:
    """By the name of the page; the exam page belongs to an attempt that is started for it."""
    clients: dict[int | None, Client] = {}
    found = {}
    for name, actor, address in pages_of(town):
        if actor.account_id not in clients:
            clients[actor.account_id] = client_for(actor)
        found[name] = counted(clients[actor.account_id], address)
        if name in {"learner home", "course"}:
            found[f"{name}, first"] = counted_at_first(clients[actor.account_id], address)
    learner = clients[town.running.learners[0].account_id]
    begun = learner.post(f"/exams/{town.exam_id}/start/")
    found["exam"] = counted(learner, begun.headers["Location"])
    return found


@pytest.mark.django_db
def test_pages_take_twelve_queries_at_most_and_no_more_for_more_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SITTING)
    make_policy(make_bureau("3715"))
    few = queries_of(make_town(FEW))
    many = queries_of(make_town(MANY))
    assert few == many
    assert {name: count for name, count in many.items() if count > MOST} == {}
