"""The report page is what the suite says: each row is checked where it is written, here that none is missing or old."""

import pytest

from tests.adversary.reporting import HOW, PAGE, Book, is_whole, names_on_page, reporting_tests


def test_the_page_names_the_tests_of_this_suite_and_no_other(request: pytest.FixtureRequest, book: Book) -> None:
    here = [item for item in request.session.items if item.path.parent == request.path.parent]
    collected, told = set(reporting_tests(here)), names_on_page()
    if book.write:
        return
    missing = sorted(collected - told)
    assert not missing, f"{PAGE.name} has no row of {missing}\n{HOW}"
    old = sorted(told - collected) if is_whole(request.session) else []
    assert not old, f"{PAGE.name} has rows of tests that are gone: {old}\n{HOW}"
