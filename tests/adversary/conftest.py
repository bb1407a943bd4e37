"""The site that bots attack, and the report that their tests write."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from tests.adversary.bots import Browser, close_all_lines
from tests.adversary.presence import SOON
from tests.adversary.reporting import PAGE, Book, Report, is_whole, reporting_tests
from tests.adversary.world import Learner, World
from zhenxue.study.operations import presence

BOOK = pytest.StashKey[Book]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-report", action="store_true", help="write docs/reference/cheating.md")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    book = session.config.stash.get(BOOK, None)
    if book is not None and book.write and exitstatus == 0 and is_whole(session):
        PAGE.write_text(book.page(reporting_tests(session.items)))


@pytest.fixture(scope="session")
def book(pytestconfig: pytest.Config) -> Book:
    """The rows of this run."""
    book = pytestconfig.stash[BOOK] = Book(write=bool(pytestconfig.getoption("--write-report", default=False)))
    return book


@pytest.fixture
def report(book: Book, request: pytest.FixtureRequest) -> Iterator[Report]:
    """Where a test says what its attack earned or what its trouble lost; it must."""
    report = Report(book, request.node.name)
    yield report
    assert report.rows < 2, "one row a test"


@pytest.fixture(scope="session")
def test_database(request: pytest.FixtureRequest) -> None:
    """The session's test database. pytest-django makes it only when a collected test is marked, and the bots' are not:
    their site commits for good, on a copy.
    """
    first, mark = request.session.items[0], pytest.mark.django_db
    first.add_marker(mark)
    request.getfixturevalue("django_db_setup")
    first.own_markers.remove(mark.mark)


@pytest.fixture(scope="session")
def the_world(test_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The site, once a session."""
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture
def own_files_folder(the_world: World, settings: Settings) -> Path:
    """Instead of an empty folder for each test: the site's own, where the videos of its course lie."""
    settings.FILES_FOLDER = the_world.files
    return the_world.files


@pytest.fixture
def world(
    the_world: World,
    own_files_folder: Path,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The running site at the beginning of its day."""
    with the_world.entered(django_db_blocker, monkeypatch):
        yield the_world
        close_all_lines()


@pytest.fixture
def learner(world: World) -> Learner:
    """Somebody of a class that asks for no presence; tests about presence have their own."""
    return world.learner()


@pytest.fixture
def browser(world: World, learner: Learner) -> Browser:
    """The learner's, signed in."""
    return Browser(world, learner).sign_in()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks come ``SOON`` seconds after one another."""
    monkeypatch.setattr(presence, "draw", lambda every_ms: SOON * 1_000)
