"""Legal holds through the pages: set for a cohort or one learner, listed, released; others are kept out."""

import pytest
from django.urls import reverse

from tests.factories.identity import client_for, make_bureau, make_operator
from tests.factories.study import make_studying
from zhenxue.ledger.models import LegalHold

pytestmark = pytest.mark.django_db
LIST, NEW = "/progress/holds/", "/progress/holds/new/"


def test_a_city_bureau_keeps_a_learner_and_lets_go() -> None:
    running = make_studying(learners=2)
    city, county, operator = (client_for(who) for who in (make_bureau("3715"), running.bureau, make_operator()))
    empty = city.get(LIST).content.decode()
    assert "没有法律保全" in empty
    assert NEW in empty
    enrolment = running.enrolments[0]
    typed = {"code": running.cohort.code, "learner": enrolment.person.name, "reason": "投诉第 12 号核查"}
    for changes, words in (
        ({"code": "没有这个班"}, "没有这个编号的班期"),
        ({"learner": "无此人"}, "没有这名学员"),
        ({"reason": "查"}, "请写明理由"),
    ):
        page = city.post(NEW, typed | changes)
        assert page.status_code == 422
        assert words in page.content.decode()
    assert not LegalHold.objects.exists()
    page = city.post(NEW, typed, follow=True).content.decode()
    one = LegalHold.objects.get()
    assert (one.enrolment_id, one.in_force) == (enrolment.pk, True)
    assert "执行中" in page
    assert f"学籍 {enrolment.pk}" in page
    assert "已有同样的法律保全" in city.post(NEW, typed).content.decode()
    whole = {"code": running.cohort.code, "learner": "", "reason": "审计抽查整个班"}
    assert "整个班期" in operator.post(NEW, whole, follow=True).content.decode()
    seen = county.get(LIST).content.decode()
    assert "投诉第 12 号核查" in seen
    assert NEW not in seen
    release = reverse("ledger:release_hold", args=[one.pk])
    assert county.get(NEW).status_code == county.post(release, {"reason": "县里要解除"}).status_code == 403
    assert "解除后" in city.get(release).content.decode()
    page = city.post(release, {"reason": "核查已经结束"}, follow=True).content.decode()
    assert "已解除" in page
    assert "核查已经结束" in page
    assert city.post(release, {"reason": "核查已经结束"}).status_code == 409
    off = city.get(LIST, {"standing": "off"}).content.decode()
    assert "投诉第 12 号核查" in off
    assert "审计抽查整个班" not in off


def test_a_namesake_is_told_apart_by_the_number_of_the_enrolment() -> None:
    running = make_studying(learners=2)
    name = running.enrolments[0].person.name
    for enrolment in running.enrolments:
        enrolment.person.name = name
        enrolment.person.save(update_fields=["name"])
    operator = client_for(make_operator())
    typed = {"code": running.cohort.code, "learner": name, "reason": "投诉第 12 号核查"}
    page = operator.post(NEW, typed).content.decode()
    assert f"请改填学籍号：{running.enrolments[0].pk}、{running.enrolments[1].pk}" in page
    operator.post(NEW, typed | {"learner": str(running.enrolments[1].pk)})
    assert LegalHold.objects.get().enrolment_id == running.enrolments[1].pk
