"""Tests of the log begin with an empty one."""

import pytest


@pytest.fixture(autouse=True)
def empty_log(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("bare_ground")
