"""Units in order: locked with words where the rule says so, free where not."""

import pytest

from tests.factories.identity import NOW, client_for
from tests.factories.study import Page, make_studying, page_of, pass_self_test, units_of
from tests.factories.training import Running
from zhenxue.identity import api as identity
from zhenxue.identity.management.commands import load_rules
from zhenxue.ledger import api as ledger
from zhenxue.study import queries
from zhenxue.study.errors import NotInOrder
from zhenxue.training import api as training
from zhenxue.training.models import Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_ground")]


def studying(in_order: int) -> Running:
    """A running cohort of two texts that was approved under rules (the only ones) with such an order of units."""
    rule = f'units_in_order = {{ value = {in_order}, unit = "", label = "须按顺序学习单元", source = "文件" }}'
    text = load_rules.OWN_FILE.read_text().replace("finish_percent =", f"{rule}\nfinish_percent =", 1)
    identity.load_rules(text=text, now=NOW)
    running = make_studying(minutes=4)
    assert training.rules_of(running.cohort)["units_in_order"] == in_order
    return running


def enrolment_of(page: Page) -> Enrolment:
    return Enrolment.objects.select_related("cohort__organisation").get(pk=page.enrolment_id)


def test_a_later_unit_is_locked_until_the_earlier_one_is_finished() -> None:
    running = studying(in_order=1)
    first, second = units_of(running)
    page, later = page_of(running), page_of(running, unit=1)
    client, course = client_for(page.actor), f"/study/{page.enrolment_id}/"
    listed = client.get(course).content.decode()
    assert listed.count("未解锁") == 1
    assert f"请先学完：{first.title}" in listed
    locked = client.get(f"{course}units/{second.pk}/")
    assert locked.status_code == 403
    assert f'href="{course}units/{first.pk}/"' in locked.content.decode()
    assert client.get(f"{course}units/{second.pk}/self-test/").status_code == 403
    assert f'data-next="{course}units/{second.pk}/"' in client.get(f"{course}units/{first.pk}/").content.decode()
    with pytest.raises(NotInOrder, match=first.title):
        later.open()
    page.open().study(first.seconds)
    page.close()
    pass_self_test(running)
    assert ledger.unit_progress(page.enrolment_id)[first.pk].finished_at is not None
    following = queries.next_line(queries.course_blocks(enrolment_of(page)))
    assert following is not None
    assert (following.unit.pk, following.first) == (second.pk, None)
    later.open()


def test_the_order_is_free_where_the_rule_is_off() -> None:
    running = studying(in_order=0)
    page, later = page_of(running), page_of(running, unit=1)
    assert "未解锁" not in client_for(page.actor).get(f"/study/{page.enrolment_id}/").content.decode()
    assert later.open().session_id
