"""A provider, its author and the reviewer of the operator."""

import pytest

from tests.factories.catalogue import author_of
from tests.factories.identity import make_operator, make_organisation
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation


@pytest.fixture
def provider() -> Organisation:
    return make_organisation()


@pytest.fixture
def author(provider: Organisation) -> Actor:
    return author_of(provider)


@pytest.fixture
def reviewer() -> Actor:
    return make_operator(Role.OPERATOR_REVIEWER)
