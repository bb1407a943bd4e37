"""The demo's subsidy policy, and claims on their way."""

import datetime as dt

from zhenxue.config.demo.city import City
from zhenxue.config.demo.courses import OCCUPATION
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.subsidy import api as subsidy
from zhenxue.training import api as training

STANDARD_CENTS = 120_000


def build_policy(bureau: Actor, valid_from: dt.date, now: dt.datetime) -> None:
    """A standard for the demo's occupation and level; the amount is made up and says so."""
    subsidy.register_policy(
        actor=bureau,
        region_code=bureau.region_code,
        title="养老护理员（五级）补贴标准（演示）",
        standard_cents=STANDARD_CENTS,
        stage_shares={1: [100], 2: [50, 50]},
        source="金额为演示数据；办法依据聊人社字〔2025〕3号",
        valid_from=valid_from,
        occupation_code=OCCUPATION,
        level="5",
        now=now,
    )


def claim_stage(manager: Actor, cohort: training.Cohort, stage: int, now: dt.datetime) -> subsidy.Claim:
    """A submitted claim for a stage."""
    found = training.get_cohort(manager, cohort.pk)
    claim = subsidy.create_claim(actor=manager, cohort=found, stage_number=stage, now=now)
    return subsidy.submit_claim(actor=manager, claim=claim, note="材料齐全，请审核。", now=now)


def pay_claim(city: City, county: Actor, claim: subsidy.Claim, now: dt.datetime, *, voucher: str) -> None:
    """The county reviews, the city approves and pays."""
    hour = dt.timedelta(hours=1)
    claim = subsidy.review_claim(actor=county, claim=claim, note="抽查学时与考勤，属实。", now=now)
    claim = subsidy.approve_claim(actor=city.city_bureau, claim=claim, note="同意拨付。", now=now + hour)
    paid_at = now + 24 * hour
    subsidy.mark_paid(
        actor=city.city_bureau, claim=claim, voucher_number=voucher, paid_on=clock.civil_day(paid_at), now=paid_at
    )
