"""The operator's page of archives: what lies where, and a verification that runs behind the page."""

import os

import pytest
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from tests.factories.archives import LATER, MARCH, make_closed
from tests.factories.identity import client_for, make_bureau, make_operator
from zhenxue.kernel import storage
from zhenxue.study import tasks
from zhenxue.study.models import BeatArchive
from zhenxue.study.operations import archives

pytestmark = pytest.mark.django_db


def test_the_operator_sees_archives_and_has_one_verified() -> None:
    operator, other = client_for(make_operator()), client_for(make_bureau("3715"))
    address = reverse("study:archives")
    assert "还没有归档" in operator.get(address).content.decode()
    assert other.get(address).status_code == 403
    make_closed(learners=1)
    [one] = archives.archive_month(month=MARCH, now=LATER).archives
    page = operator.get(address).content.decode()
    assert one.sha256 in page
    assert "相符" in page
    verify, check = (reverse(f"study:{name}", args=[one.pk]) for name in ("verify_archive", "archive_check"))
    for _ in range(2):
        assert "正在核对" in operator.post(verify, follow=True).content.decode()
    assert DBTaskResult.objects.filter(task_path__endswith="verify_archive").count() == 1
    assert "hx-get" in operator.get(check).content.decode()
    path = storage.full_path(one.path)
    os.chmod(path, 0o644)
    path.write_bytes(path.read_bytes()[:-1])
    tasks.verify_archive.func(one.pk)
    answer = operator.get(check).content.decode()
    assert "不相符" in answer
    assert "hx-get" not in answer
    assert "文件大小" in operator.get(address, {"check": "bad"}).content.decode()
    assert other.post(verify).status_code == 403
    assert operator.post(reverse("study:verify_archive", args=[one.pk + 1])).status_code == 404
    assert BeatArchive.objects.get().checking_since is None
