"""Actors and rules as plain shapes."""

import datetime as dt

from zhenxue.identity.data import ANONYMOUS, SYSTEM, TRANSITIONS, Actor, OrganisationState, Role, Rule, Rules


def test_a_bureau_covers_its_region_and_no_other() -> None:
    city = Actor(role=Role.BUREAU_OFFICER, region_code="3715")
    county = Actor(role=Role.BUREAU_OFFICER, region_code="371502")
    assert city.covers("371502")
    assert city.covers("3715")
    assert city.is_city_bureau
    assert county.covers("371502")
    assert county.is_county_bureau
    assert not county.covers("371503")
    assert not county.covers("3715")
    assert not Actor(role=Role.BUREAU_OFFICER).covers("371502"), "a bureau without region covers nothing"
    assert not Actor(role=Role.OPERATOR_ADMIN, region_code="3715").covers("371502")


def test_the_anonymous_are_nobody_and_the_system_is_no_person() -> None:
    assert ANONYMOUS.is_anonymous
    assert ANONYMOUS.label == "访客"
    assert SYSTEM.account_id is None
    assert SYSTEM.label == "系统"
    assert not SYSTEM.is_anonymous


def test_every_state_of_an_organisation_has_a_way_on() -> None:
    assert set(TRANSITIONS) == set(OrganisationState)
    assert all(ends for ends in TRANSITIONS.values())


def test_rules_give_numbers_sources_and_what_to_freeze() -> None:
    rules = Rules(
        "3715",
        "聊城市",
        "2025-1",
        dt.date(2025, 3, 13),
        None,
        "通知",
        {"pass_percent": Rule("pass_percent", 60, "%", "默认")},
    )
    assert rules["pass_percent"] == 60
    assert rules.sources == {"pass_percent": "默认"}
    assert rules.frozen() == {"pass_percent": 60}
