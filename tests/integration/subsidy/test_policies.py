"""Policies: versions with periods and sources, and which of them holds."""

import datetime as dt

import pytest

from tests.factories.catalogue import OCCUPATION, make_occupations
from tests.factories.identity import make_bureau, make_operator, make_provider
from tests.factories.subsidy import make_policy
from zhenxue.evidence.models import Entry
from zhenxue.kernel.errors import Invalid, Refused
from zhenxue.subsidy import api as subsidy
from zhenxue.subsidy.errors import NoPolicy
from zhenxue.subsidy.models import Policy
from zhenxue.subsidy.queries import terms_of

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 3, 2)


def found(on: dt.date = DAY, level: str = "5", occupation: str = OCCUPATION, region: str = "371502") -> Policy | None:
    return subsidy.find_policy(region_code=region, occupation_code=occupation, level=level, on=on)


def test_a_new_version_ends_the_one_before_and_both_stay() -> None:
    first = make_policy()
    second = make_policy(valid_from=dt.date(2026, 6, 1), standard_cents=180_000, title="新标准")
    first.refresh_from_db()
    assert (first.version, second.version) == (1, 2)
    assert first.valid_until == second.valid_from
    assert found() == first
    assert found(on=dt.date(2026, 6, 1)) == second
    assert found(on=dt.date(2025, 12, 31)) is None
    assert Entry.objects.filter(kind="subsidy.policy_registered").count() == 2
    with pytest.raises(Invalid, match="同一起效日"):
        make_policy(valid_from=dt.date(2026, 6, 1))


def test_the_exacter_policy_holds() -> None:
    make_occupations()
    general = make_policy()
    by_level = make_policy(level="5", title="五级")
    exact = make_policy(occupation_code=OCCUPATION, level="5", title="这个职业五级")
    assert found() == exact
    assert found(level="4") == general
    assert found(occupation="4-01-01-01") == by_level
    assert found(region="110101") is None


def test_the_percentage_comes_from_the_rules_of_the_region() -> None:
    assert make_policy().online_percent == 20
    assert make_policy(online_percent=30, level="4").online_percent == 30


def test_only_a_city_bureau_registers_and_only_for_its_region() -> None:
    for actor in (make_bureau("371502"), make_provider(), make_operator()):
        with pytest.raises(Refused):
            make_policy(actor)
    with pytest.raises(Refused):
        make_policy(region_code="37")
    assert make_policy(region_code="371502").region_id == "371502"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"source": " "}, "source"),
        ({"standard_cents": 0}, "standard"),
        ({"online_percent": 101}, "online_percent"),
        ({"valid_until": dt.date(2026, 1, 1)}, "valid_until"),
        ({"occupation_code": "9-99-99-99"}, "occupation"),
        ({"level": "9"}, "level"),
        ({"stage_shares": {}}, "stage_shares"),
        ({"stage_shares": {2: [60, 41]}}, "stage_shares"),
        ({"stage_shares": {2: [100, 0]}}, "stage_shares"),
        ({"stage_shares": {3: [50, 50]}}, "stage_shares"),
    ],
)
def test_a_wrong_policy_is_answered_by_field(changes: dict[str, object], field: str) -> None:
    make_occupations()
    with pytest.raises(Invalid) as caught:
        make_policy(**changes)
    assert field in caught.value.fields
    assert not Policy.objects.exists()


def test_shares_must_exist_for_the_number_of_stages() -> None:
    policy = make_policy()
    assert terms_of(policy, 2).shares == (60, 40)
    with pytest.raises(NoPolicy, match="3 个阶段"):
        terms_of(policy, 3)
