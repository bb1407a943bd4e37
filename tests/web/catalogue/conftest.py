"""A provider, its author, and the browser of the author."""

import pytest
from django.test import Client

from tests.factories.catalogue import author_of
from tests.factories.identity import client_for, make_organisation, make_rules
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation


@pytest.fixture
def provider() -> Organisation:
    make_rules()
    return make_organisation()


@pytest.fixture
def author(provider: Organisation) -> Actor:
    return author_of(provider)


@pytest.fixture
def page(author: Actor) -> Client:
    return client_for(author)
