"""Sites that several stories share."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.factories.exams import SITTING
from tests.support import town
from tests.support.site import Site
from zhenxue.kernel import clock


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


@pytest.fixture
def sitting_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a live server runs on from the time of the factories' sitting."""
    began = time.monotonic()
    monkeypatch.setattr(clock, "now", lambda: SITTING + dt.timedelta(seconds=time.monotonic() - began))
