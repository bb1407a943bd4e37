"""The arithmetic of the staged subsidy: both readings of the 20 %, every cent accounted for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.kernel import money
from zhenxue.kernel.errors import Invalid
from zhenxue.subsidy.data import (
    CLAIM_TRANSITIONS,
    ClaimState,
    Facts,
    Ineligible,
    OfflineBasis,
    OnlineMode,
    PlanHours,
    Terms,
    claim_digest,
    compute,
    judge,
)

TERMS = Terms(160_000, 20, OnlineMode.FLAT, OfflineBasis.FULL, (100,), "《标准》第 1 版", "文号")
#: 60 class hours, 24 of them online (40 %).
HOURS = PlanHours(24 * 45 * 60, 36 * 45 * 60, 45)


def test_flat_pays_twenty_per_cent_of_the_standard_beside_the_offline_part() -> None:
    found = compute(TERMS, HOURS, 1)
    assert (found.offline_cents, found.online_cents, found.amount_cents) == (160_000, 32_000, 192_000)
    few = PlanHours(45 * 60, 59 * 45 * 60, 45)
    assert compute(TERMS, few, 1).online_cents == 32_000


def test_pro_rata_weighs_the_online_part_by_hours_and_says_so() -> None:
    terms = replace(TERMS, online_mode=OnlineMode.PRO_RATA)
    found = compute(terms, HOURS, 1)
    assert (found.offline_cents, found.online_cents) == (160_000, 12_800)
    said = {line.label: line.formula for line in found.lines}
    assert "24/60" in said["线上部分"]
    assert "按学时" in said["线上部分"]
    assert "定额" in {line.label: line.formula for line in compute(TERMS, HOURS, 1).lines}["线上部分"]


def test_the_offline_part_may_be_weighed_by_hours_too() -> None:
    found = compute(replace(TERMS, offline_basis=OfflineBasis.BY_HOURS), HOURS, 1)
    assert (found.offline_cents, found.online_cents) == (96_000, 32_000)


def test_a_plan_without_online_lessons_has_no_online_part() -> None:
    found = compute(TERMS, replace(HOURS, online_seconds=0), 1)
    assert found.online_cents == 0
    assert "没有线上课程" in found.lines[4].formula


def test_stages_pay_their_shares_and_together_exactly_the_whole() -> None:
    terms = replace(TERMS, standard_cents=100_001, shares=(33, 33, 34))
    parts = [compute(terms, HOURS, number).amount_cents for number in (1, 2, 3)]
    whole = compute(replace(terms, shares=(100,)), HOURS, 1).amount_cents
    assert sum(parts) == whole
    assert max(parts) - min(parts) <= whole // 50
    for wrong in (0, 4):
        with pytest.raises(ValueError):
            compute(terms, HOURS, wrong)
    with pytest.raises(ValueError):
        compute(replace(terms, shares=(50, 49)), HOURS, 1)
    with pytest.raises(ValueError):
        compute(TERMS, PlanHours(0, 0, 45), 1)


@given(
    standard=st.integers(10_000, 10**9),
    percent=st.integers(0, 100),
    online=st.integers(0, 10**6),
    offline=st.integers(1, 10**6),
    shares=st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_no_cent_is_lost_or_made_over_the_stages(
    standard: int, percent: int, online: int, offline: int, shares: list[int]
) -> None:
    whole = [*shares[:-1]]
    rest = 100 - sum(whole)
    if rest < 1:
        return
    split = (*whole, rest)
    for mode in OnlineMode:
        for basis in OfflineBasis:
            terms = Terms(standard, percent, mode, basis, split, "", "")
            hours = PlanHours(online, offline, 45)
            amounts = [compute(terms, hours, number + 1) for number in range(len(split))]
            single = compute(replace(terms, shares=(100,)), hours, 1)
            assert sum(one.amount_cents for one in amounts) == single.amount_cents
            assert single.online_cents <= standard * percent // 100
            assert single.offline_cents <= standard


def test_the_explanation_ends_in_the_amount() -> None:
    found = compute(replace(TERMS, shares=(60, 40)), HOURS, 1)
    labels = [line.label for line in found.lines]
    assert labels == ["补贴标准（线下）", "备案方案学时", "本阶段比例", "线下部分", "线上部分", "本阶段合计"]
    assert found.lines[-1].value == "1,152.00 元"
    assert found.lines[1].value == "60 课时"


def test_each_reason_comes_before_the_next() -> None:
    good = Facts(active=True, hours_done=True, passed=True)
    assert judge(good) is Ineligible.NONE
    assert judge(replace(good, passed=False)) is Ineligible.EXAM
    assert judge(replace(good, passed=False, hours_done=False)) is Ineligible.HOURS
    assert judge(replace(good, claimed_elsewhere=True)) is Ineligible.PAID_ELSEWHERE
    assert judge(replace(good, claimed_before=True)) is Ineligible.CLAIMED
    assert judge(Facts(active=False, hours_done=True, passed=True, claimed_before=True)) is Ineligible.LEFT


def test_the_digest_changes_with_any_outcome_and_not_with_the_order() -> None:
    lines = [[2, 20, True, "", 5], [1, 10, False, "exam", 0]]
    digest = claim_digest(TERMS.frozen(), 1, lines)
    assert claim_digest(TERMS.frozen(), 1, lines[::-1]) == digest
    assert claim_digest(TERMS.frozen(), 2, lines) != digest
    assert claim_digest(TERMS.frozen(), 1, [[2, 20, True, "", 6], lines[1]]) != digest
    assert claim_digest({**TERMS.frozen(), "online_percent": 21}, 1, lines) != digest


def test_a_paid_claim_goes_nowhere() -> None:
    assert CLAIM_TRANSITIONS[ClaimState.PAID] == frozenset()
    assert set(CLAIM_TRANSITIONS) == set(ClaimState)


def test_money_is_read_written_and_split_in_whole_cents() -> None:
    assert money.format_yuan(123_456) == "1,234.56"
    assert money.format_yuan(-5) == "-0.05"
    assert [money.parse_yuan(text) for text in ("1,234.5", "¥1600", "0.07", " 12元 ")] == [123_450, 160_000, 7, 1_200]
    for wrong in ("", "abc", "1.234", "-1", "1,23", "1e5"):
        with pytest.raises(Invalid):
            money.parse_yuan(wrong)
    assert money.split(100, [1, 1, 1]) == [33, 33, 34]
    assert money.split(0, [1]) == [0]
    with pytest.raises(ValueError):
        money.split(100, [0])
    assert money.percent_of(999, 20) == 199
