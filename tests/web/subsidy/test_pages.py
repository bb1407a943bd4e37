"""The pages of ``subsidy``: the provider's preview, the two queues, payment, print and export, policies."""

import datetime as dt
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.factories.identity import client_for, make_bureau, make_provider, make_teacher
from tests.factories.subsidy import (
    CLAIMING,
    Claiming,
    make_approved_claim,
    make_draft_claim,
    make_paid_claim,
    make_passed_cohort,
    make_policy,
    make_reviewed_claim,
    make_submitted_claim,
)
from tests.factories.training import make_running_cohort
from zhenxue.exams.models import Attempt
from zhenxue.kernel import clock
from zhenxue.subsidy import api as subsidy
from zhenxue.subsidy.models import Claim, Policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def claiming_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: CLAIMING + dt.timedelta(hours=1))


def page_of(made: Claiming) -> str:
    return f"/claims/{made.claim.pk}/"


def test_a_provider_sees_what_and_why_before_submitting() -> None:
    make_policy()
    sitting = make_passed_cohort(learners=3, passing=2)
    client = client_for(sitting.manager)
    cohort = sitting.running.cohort
    assert "核算这个阶段" in client.get("/claims/new/").content.decode()
    assert client.post("/claims/new/", {"stage": "x"}).status_code == 422
    assert client.post("/claims/new/", {"stage": f"{cohort.pk}-9"}).status_code == 422
    page = client.post("/claims/new/", {"stage": f"{cohort.pk}-1"}).headers["Location"]
    assert client.post("/claims/new/", {"stage": f"{cohort.pk}-1"}).headers["Location"] == page
    text = client.get(page).content.decode()
    for words in ("1,152.00", "定额", "本阶段考核未通过", "1,600.00 × 20% × 60%", "2,304.00"):
        assert words in text, words
    done = client.post(f"{page}submit/", {"note": "请审核"}, follow=True).content.decode()
    assert "已提交县级审核" in done
    assert "请审核" in done
    assert client.post(f"{page}submit/").status_code == 409
    assert "继续申报" not in client.get("/claims/new/").content.decode()


def test_without_a_policy_the_page_says_so() -> None:
    sitting = make_passed_cohort(learners=1, passing=1)
    answer = client_for(sitting.manager).post("/claims/new/", {"stage": f"{sitting.running.cohort.pk}-1"})
    assert answer.status_code == 422
    assert "没有适用的补贴政策" in answer.content.decode()


def test_county_and_city_find_their_work_and_finish_it() -> None:
    made = make_submitted_claim()
    county, city, page = client_for(made.county), client_for(made.city), page_of(made)
    assert made.claim.cohort.title in county.get("/claims/home/").content.decode()
    assert made.claim.cohort.title not in city.get("/claims/home/").content.decode()
    assert "审核同意" in county.get(page).content.decode()
    assert "审批同意" not in city.get(page).content.decode()
    assert county.post(f"{page}agree/", {"note": "属实"}).status_code == 302
    assert county.post(f"{page}agree/").status_code == 409
    assert made.claim.cohort.title in city.get("/claims/home/").content.decode()
    assert "属实" in city.get(page).content.decode()
    assert city.post(f"{page}approve/").status_code == 302
    assert "登记拨付" in city.get(page).content.decode()
    wrong = city.post(f"{page}pay/", {"voucher_number": "", "paid_on": "2026-03-10"})
    assert wrong.status_code == 422
    late = city.post(f"{page}pay/", {"voucher_number": "PZ-7", "paid_on": "2030-01-01"})
    assert "拨付日期不能晚于今天" in late.content.decode()
    assert "PZ-7" in late.content.decode()
    done = city.post(f"{page}pay/", {"voucher_number": "PZ-7", "paid_on": "2026-03-10"}, follow=True)
    assert "已登记拨付" in done.content.decode()
    assert "PZ-7" in client_for(made.manager).get(page).content.decode()


def test_a_return_shows_its_reason_and_the_way_to_submit_again() -> None:
    made = make_submitted_claim()
    county, page = client_for(made.county), page_of(made)
    assert county.post(f"{page}return/", {"note": ""}).status_code == 422
    too_long = county.post(f"{page}return/", {"note": "名单有误" * 126})
    assert "意见最多写 500 个字" in too_long.content.decode()
    assert county.post(f"{page}return/", {"note": "名单有误"}).status_code == 302
    manager = client_for(made.manager)
    text = manager.get(page).content.decode()
    assert "名单有误" in text
    assert "提交县级审核" in text
    assert made.claim.cohort.title in manager.get("/claims/home/").content.decode()
    assert manager.post(f"{page}submit/").status_code == 302


def test_changed_facts_are_named_on_the_refusal_page() -> None:
    made = make_reviewed_claim()
    enrolment = made.sitting.enrolments[0]
    Attempt.objects.filter(enrolment=enrolment).update(passed=False)
    refused = client_for(made.city).post(f"{page_of(made)}approve/")
    assert refused.status_code == 409
    assert enrolment.person.name in refused.content.decode()


def test_strangers_find_nothing_and_may_do_nothing() -> None:
    made = make_submitted_claim()
    page = page_of(made)
    for actor, status in (
        (make_bureau("371521"), 404),
        (make_provider(), 404),
        (make_teacher(made.manager.organisation_id), 403),
        (made.sitting.learners[0], 403),
    ):
        client = client_for(actor)
        assert client.get(page).status_code == status, actor.label
        assert client.get(f"{page}claim.xlsx").status_code == status, actor.label
        assert client.post(f"{page}agree/").status_code in {403, 404}, actor.label
    assert client_for(made.manager).post(f"{page}approve/").status_code == 403
    assert Claim.objects.get().state == "submitted"


def test_the_export_explains_each_amount_and_masks_numbers() -> None:
    made = make_paid_claim()
    data = client_for(made.city).get(f"{page_of(made)}claim.xlsx").content
    book = load_workbook(io.BytesIO(data))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 5
    assert rows[-1][1] == "合计"
    assert rows[-1][5] == "2304.00"
    assert "********" in str(rows[1][2])
    assert "本阶段合计 1,152.00 元" in str(rows[1][6])
    assert made.claim.digest in str([row[0].value for row in book.worksheets[1].iter_rows()])


def test_the_list_filters_by_state_and_the_print_has_places_for_seals() -> None:
    made = make_approved_claim()
    client = client_for(made.city)
    assert made.claim.cohort.code in client.get("/claims/?state=approved").content.decode()
    assert made.claim.cohort.code not in client.get("/claims/?state=paid").content.decode()
    assert "申报机构（盖章）" in client.get(page_of(made)).content.decode()


POLICY = {
    "title": "职业技能培训补贴标准",
    "level": "5",
    "standard": "1,600.50",
    "online_percent": "20",
    "online_mode": "flat",
    "offline_basis": "full",
    "stage_shares": "100\n50，50\n",
    "source": "聊人社字〔2025〕3号",
    "valid_from": "2026-01-01",
}


def test_the_city_registers_a_policy_version_and_everybody_reads_it() -> None:
    make_policy(level="4")
    city = client_for(make_bureau("3715"))
    page = city.post("/policies/new/", POLICY).headers["Location"]
    policy = Policy.objects.get(level="5")
    assert (policy.standard_cents, policy.stage_shares) == (160_050, {"1": [100], "2": [50, 50]})
    assert city.post("/policies/new/", {**POLICY, "valid_from": "2026-07-01", "standard": "1800"}).status_code == 302
    text = client_for(make_provider()).get(page).content.decode()
    assert "1,600.50" in text
    assert "1,800.00" in text
    assert "两种理解" in text
    assert city.get("/policies/?level=5").content.decode().count("职业技能培训补贴标准") >= 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"standard": "abc"}, "最多两位小数"),
        ({"stage_shares": "50,x"}, "百分比"),
        ({"stage_shares": "100\n100"}, "写了两次"),
        ({"stage_shares": "50,40"}, "合计 100"),
        ({"valid_from": "不知道"}, "起效日"),
    ],
)
def test_a_wrong_policy_keeps_what_was_typed(changes: dict[str, str], words: str) -> None:
    city = client_for(make_bureau("3715"))
    answer = city.post("/policies/new/", {**POLICY, **changes})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text
    assert next(iter(changes.values())).splitlines()[0] in text
    assert not Policy.objects.exists()


def test_only_the_city_bureau_registers_policies() -> None:
    assert client_for(make_bureau("371502")).get("/policies/new/").status_code == 403
    assert client_for(make_provider()).get("/policies/new/").status_code == 403


def test_pages_ask_the_database_the_same_number_of_times_however_many_rows_they_have() -> None:
    made = make_submitted_claim(learners=2, passing=1)
    second = make_passed_cohort(learners=5, passing=5)
    county, city = client_for(made.county), client_for(made.city)
    pages = [(county, "/claims/"), (city, "/claims/"), (city, "/policies/"), (county, "/claims/home/")]
    before = [queries_of(client, place) for client, place in pages]
    small = queries_of(county, page_of(made))
    claim = subsidy.create_claim(actor=second.manager, cohort=second.running.cohort, stage_number=1, now=CLAIMING)
    subsidy.submit_claim(actor=second.manager, claim=claim, now=CLAIMING)
    make_policy(level="4")
    after = [queries_of(client, place) for client, place in pages]
    big = queries_of(county, f"/claims/{claim.pk}/")
    assert after == before
    assert big == small
    assert max([*after, big]) <= 12


def test_the_choice_of_a_stage_costs_the_same_for_more_cohorts_and_can_be_searched() -> None:
    made = make_draft_claim(learners=1, passing=1)
    client, cohort = client_for(made.manager), made.claim.cohort
    before = queries_of(client, "/claims/new/")
    other = make_running_cohort(made.manager, learners=1)
    assert queries_of(client, "/claims/new/") == before <= 12
    page = client.get("/claims/new/", {"q": cohort.code}).content.decode()
    assert cohort.title in page
    assert "继续申报" in page
    assert f'value="{other.cohort.pk}-1"' not in page
    assert "没有符合条件的班期" in client.get("/claims/new/", {"q": "不存在的班"}).content.decode()


def test_a_draft_page_and_its_problem_are_both_shown() -> None:
    made = make_draft_claim(learners=1, passing=0)
    client = client_for(made.manager)
    assert "还没有符合条件" in client.get(page_of(made)).content.decode()
    Claim.objects.filter(pk=made.claim.pk).update(stage_number=7)
    assert "没有这个阶段" in client.get(page_of(made)).content.decode()


def queries_of(client: Client, place: str) -> int:
    client.get(place)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(place).status_code == 200
    return len(caught)
