"""Ways a learner finds things by."""

import pytest

from tests.factories.identity import client_for
from tests.factories.study import TODAY, make_studying

pytestmark = pytest.mark.django_db


def test_a_learner_finds_hours_and_archive_from_my_page() -> None:
    running = make_studying(now=TODAY)
    client = client_for(running.learners[0])
    hours = f"/progress/{running.enrolments[0].pk}/"
    assert 'href="/study/">我的学时和档案' in client.get("/me/").content.decode()
    assert f'href="{hours}">' in client.get("/study/").content.decode()
    assert f'href="/archives/{running.enrolments[0].pk}/"' in client.get(hours).content.decode()
    assert "我的学时和档案" not in client_for(running.manager).get("/me/").content.decode()
