"""The site's secret changes and nobody has to sign in again; without the old one as a fallback everybody has to."""

import pytest
from django.urls import reverse
from pytest_django import Settings

from tests.factories import identity as make

pytestmark = pytest.mark.django_db
OLD, NEW = "old-" + "q8w7e6r5t4y3" * 5, "new-" + "z1x2c3v4b5n6" * 5


def test_sign_ins_outlive_a_change_of_the_sites_secret_while_the_old_one_is_a_fallback(settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    early, late = make.client_for(make.make_operator()), make.client_for(make.make_operator())
    page = reverse("identity:organisations")
    assert early.get(page).status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert early.get(page).status_code == 200
    assert early.get(page).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert late.get(page).status_code == 302
