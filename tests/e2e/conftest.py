"""Sites that several stories share."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.factories.exams import SITTING
from tests.support import town
from tests.support.sandbox import HOLDER, sandbox
from tests.support.site import Site
from zhenxue.kernel import clock
from zhenxue.sandbox.api import APP_ID, SECRET
from zhenxue.sandbox.server import Server

BEAT = {"beat_seconds": 5, "max_gap_seconds": 60}
#: What the cohorts of the school ask for; the rest of their rules asks for nothing.
SCHOOL_RULES = {
    "calm": BEAT | {"page_share_percent": 100, "finish_percent": 80},
    "asking": BEAT | {"check_min_seconds": 8, "check_max_seconds": 8},
    "shared": BEAT | {"persons_per_device_day": 1, "reading_idle_seconds": 15},
    "present": BEAT | {"presence_per_class_hour": 1, "presence_at_entry": 1},
}
#: Learners of the school who have to prove who they are: name, citizen number, phone.
UNVERIFIED = [
    ["样本乙", "371502199003070027", "13900002222"],
    [HOLDER["name"], HOLDER["citizen_number"], "13900003333"],
]


@dataclass(frozen=True)
class City:
    """A running site with the whole demo in it; everybody's password is ``town.PASSWORD``."""

    site: Site
    #: Who is shown, by what they are for, as the demo prints it.
    accounts: dict[str, str]

    def account(self, words: str) -> str:
        """The username of the account whose description holds these words."""
        return next(name for what, name in self.accounts.items() if words in what)


@pytest.fixture(scope="session")
def city(make_lasting_site: Callable[..., Site]) -> City:
    """The demo city with short videos, one for the whole run."""
    site = make_lasting_site(start=False)
    accounts = town.lay(site, "city.lay_demo")
    site.start()
    return City(site, accounts)


@pytest.fixture(scope="session")
def common_site(make_lasting_site: Callable[..., Site]) -> Site:
    """A running site with the demo's organisations and accounts, and what earlier stories left there."""
    site = make_lasting_site(start=False)
    town.lay(site, "city.lay_city")
    site.start()
    return site


@dataclass(frozen=True)
class School:
    """A running site whose services outside are the sandbox, with cohorts of two learners who study, and learners who
    are not verified yet."""

    site: Site
    outside: Server
    #: As (username, enrolment), by ``SCHOOL_RULES``; the password is the factories'.
    learners: dict[str, list[tuple[str, int]]]
    video: int
    document: int
    #: The usernames of ``UNVERIFIED`` by name; their password, and that of ``admin``, is ``town.PASSWORD``.
    unverified: dict[str, str]

    def credited(self, enrolment: int, unit: int) -> int:
        """Seconds of a unit that stand in the ledger."""
        rows = self.site.rows(
            "SELECT credited_ms FROM ledger_coverage WHERE enrolment_id = %s AND unit_id = %s", enrolment, unit
        )
        return int(rows[0][0]) // 1000 if rows else 0


@pytest.fixture(scope="session")
def school(make_lasting_site: Callable[..., Site]) -> Iterator[School]:
    """One school for the whole run."""
    with sandbox() as outside:
        site = make_lasting_site(start=False)
        site.environment["ZHENXUE_SANDBOX"] = "1"
        for name in ("SMS", "CARRIER", "POLICE", "SOCIAL_CARD"):
            site.environment[f"ZHENXUE_{name}_URL"] = f"{outside.address}/{name.lower().replace('_', '-')}"
            site.environment[f"ZHENXUE_{name}_APP_ID"] = APP_ID
            site.environment[f"ZHENXUE_{name}_SECRET"] = SECRET
        laid = town.lay(
            site, "city.lay_school", video_seconds=60, rules=list(SCHOOL_RULES.values()), unverified=UNVERIFIED
        )
        site.start()
        learners = dict(zip(SCHOOL_RULES, laid["learners"], strict=True))
        yield School(site, outside, learners, *laid["units"], laid["unverified"])


@pytest.fixture
def sitting_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a live server runs on from the time of the factories' sitting."""
    began = time.monotonic()
    monkeypatch.setattr(clock, "now", lambda: SITTING + dt.timedelta(seconds=time.monotonic() - began))
