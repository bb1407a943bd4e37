"""Rules: the carried numbers, which version applies where, new versions, and versions that never change."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import RULE_FIELD_OF, RULE_FIELDS, Actor, Role, RuleDraft, RuleGroup, rules_by_group
from zhenxue.identity.management.commands import load_rules as rules_command
from zhenxue.identity.models import RuleSet
from zhenxue.identity.operations.rules import RULE_KEYS
from zhenxue.identity.queries import rules as queries
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid, NotFound, Refused
from zhenxue.training.data import LATER_RULES, ProgrammeKind

pytestmark = pytest.mark.django_db
TODAY = clock.civil_day(make.NOW)
OWN = rules_command.OWN_FILE.read_text()
PLATFORM = "平台默认值（各地可调整）"


def draft(**changes: Any) -> RuleDraft:
    """A rule set that could be issued: the carried numbers with their sources, from tomorrow."""
    newest = queries.rules_of(RuleSet.objects.select_related("region").get(version="2026-1"))
    base = RuleDraft(
        region_code="3715",
        programme_kind="",
        version="2026-2",
        valid_from=TODAY + dt.timedelta(days=1),
        valid_until=None,
        source="聊人社字〔2026〕1号",
        values=newest.frozen(),
        sources=newest.sources,
    )
    return replace(base, **changes)


def issue(who: Actor, **changes: Any) -> RuleSet:
    return identity.issue_rules(actor=who, draft=draft(**changes), now=make.NOW)


def values(**changes: int) -> dict[str, int]:
    return {**draft().values, **changes}


def test_the_carried_rules_are_those_of_the_notice() -> None:
    make.make_regions()
    call_command("load_rules")
    first = identity.get_rules(region_code="371502", on=dt.date(2026, 1, 1))
    assert first.version == "2025-1"
    assert first.frozen() == {
        "minutes_per_class_hour": 45,
        "online_share_percent": 40,
        "daily_cap_class_hours": 8,
        "cohort_max_learners": 60,
        "pass_percent": 60,
        "beat_seconds": 10,
        "max_gap_seconds": 30,
        "idle_seconds": 600,
        "max_rate_percent": 100,
        "late_minutes": 15,
        "attendance_close_hours": 72,
        "finish_percent": 95,
        "subsidy_online_percent": 20,
    }
    assert set(first.rules) == set(RULE_KEYS)
    assert "聊人社字〔2025〕3号" in first.sources["online_share_percent"]
    assert first.sources["beat_seconds"] == PLATFORM
    later = identity.get_rules(region_code="371502", on=dt.date(2026, 11, 21))
    assert later.version == "2026-1"
    assert set(later.rules) == set(RULE_FIELD_OF)
    assert all(rule.label == RULE_FIELD_OF[rule.key].label for rule in later.rules.values())
    assert {key: later[key] for key in first.rules} == first.frozen()
    off = {key for key, value in LATER_RULES.items() if value == 0 and key != "units_in_order"}
    assert off == {
        "presence_per_class_hour",
        "presence_at_entry",
        "presence_strength_study",
        "presence_strength_exam",
        "presence_return_makes_up",
        "verify_strength_study",
        "verify_strength_exam",
    }
    assert all(later[key] > 0 for key in off)
    assert {key: LATER_RULES[key] for key in set(LATER_RULES) - off}.items() <= later.frozen().items()
    assert "不少于5年" in later.sources["retention_years"]
    with pytest.raises(NotFound):
        identity.get_rules(region_code="371502", on=dt.date(2025, 3, 12))
    with pytest.raises(NotFound):
        identity.get_rules(region_code="370102", on=dt.date(2026, 1, 1))


def test_every_number_has_its_place_on_the_page() -> None:
    make.make_rules()
    groups = draft_rules = rules_by_group(identity.get_rules(region_code="3715", on=dt.date(2026, 12, 1)).rules)
    assert [group for group, _ in groups] == [group for group in RuleGroup if group is not RuleGroup.OTHER]
    assert [rule.key for _, rules in draft_rules for rule in rules] == [one.key for one in RULE_FIELDS]


def test_the_nearest_region_then_the_kind_then_the_newest_win() -> None:
    make.make_rules()
    officer = make.make_bureau("3715")
    issue(officer, version="a", values=values(daily_cap_class_hours=6))
    issue(officer, version="a", programme_kind=ProgrammeKind.UPSKILL.value, values=values(daily_cap_class_hours=5))
    issue(officer, version="b", valid_from=TODAY + dt.timedelta(days=9), values=values(daily_cap_class_hours=4))
    issue(officer, version="a", region_code="371502", values=values(daily_cap_class_hours=3))

    def cap(region: str, days: int, kind: str = "") -> int:
        rules = identity.get_rules(region_code=region, on=TODAY + dt.timedelta(days=days), programme_kind=kind)
        return rules["daily_cap_class_hours"]

    assert [cap("371503", days) for days in (0, 1, 9)] == [8, 6, 4]
    assert cap("371503", 1, ProgrammeKind.UPSKILL) == 5
    assert cap("371503", 9, ProgrammeKind.UPSKILL) == 5, "the exact kind before the newest"
    assert cap("371503", 1, ProgrammeKind.SKILL) == 6
    assert cap("371502", 1, ProgrammeKind.UPSKILL) == 3, "the nearest region before the exact kind"
    assert cap("371502", 0, ProgrammeKind.UPSKILL) == 8


def test_a_new_version_leaves_evidence_and_shows_what_it_changes() -> None:
    make.make_rules()
    officer = make.make_bureau("3715")
    made = issue(officer, values=values(daily_cap_class_hours=6, late_minutes=10))
    after = queries.rules_of(made)
    before = queries.find_rules_before(made)
    assert before is not None
    assert before.version == "2025-1", "what applied when the new one begins"
    changed = {one.rule.key for one in queries.compare(after, before) if one.changed and one.before}
    assert changed == {"daily_cap_class_hours", "late_minutes"}
    (entry,) = evidence.list_entries(refs=[f"rules:{made.pk}"])
    assert entry.kind == "identity.rules_issued"
    second = issue(officer, version="2026-3", valid_from=made.valid_from, values=values(late_minutes=20))
    assert [one.version for one in [queries.find_rules_before(second)] if one] == ["2026-2"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": " "}, "version"),
        ({"valid_from": TODAY - dt.timedelta(days=1)}, "valid_from"),
        ({"valid_until": TODAY + dt.timedelta(days=1)}, "valid_until"),
        ({"source": ""}, "source"),
        ({"programme_kind": "dancing"}, "programme_kind"),
        ({"values": {"online_share_percent": 101}}, "value_online_share_percent"),
        ({"values": {"retention_years": 4}}, "value_retention_years"),
        ({"values": {"beat_seconds": 60, "max_gap_seconds": 30}}, "value_beat_seconds"),
        ({"values": {"check_min_seconds": 1201}}, "value_check_min_seconds"),
        ({"sources": {"late_minutes": " "}}, "source_late_minutes"),
        ({"sources": {"late_minutes": "长" * 201}}, "source_late_minutes"),
    ],
)
def test_a_version_that_makes_no_sense_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    make.make_rules()
    for name in ("values", "sources"):
        if name in changes:
            changes = {**changes, name: {**getattr(draft(), name), **changes[name]}}
    count = RuleSet.objects.count()
    with pytest.raises(Invalid) as refusal:
        issue(make.make_operator(), **changes)
    assert set(refusal.value.fields) == {field}
    assert RuleSet.objects.count() == count


def test_a_number_that_is_left_out_and_a_version_that_exists_are_refused() -> None:
    make.make_rules()
    admin = make.make_operator()
    few = {key: value for key, value in draft().values.items() if key != "idle_seconds"}
    with pytest.raises(Invalid) as refusal:
        issue(admin, values=few)
    assert set(refusal.value.fields) == {"value_idle_seconds"}
    issue(admin)
    with pytest.raises(Invalid) as refusal:
        issue(admin)
    assert set(refusal.value.fields) == {"version"}
    row = RuleSet.objects.get(version="2026-2")
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_only_the_city_and_the_operator_issue_rules() -> None:
    make.make_rules()
    issue(make.make_bureau("3715"), version="city", region_code="371502")
    for who in (
        make.make_bureau("371502"),
        make.make_provider(),
        make.make_operator(Role.OPERATOR_REVIEWER),
        make.make_learner(),
    ):
        with pytest.raises(Refused):
            issue(who, version="nobody", region_code="371502")
    with pytest.raises(Refused):
        issue(make.make_bureau("3715"), version="elsewhere", region_code="37")
    assert {one.region_id for one in queries.visible_rule_sets(make.make_bureau("371503"))} == {"3715"}
    assert {one.region_id for one in queries.visible_rule_sets(make.make_bureau("371502"))} == {"3715", "371502"}
    assert not queries.visible_rule_sets(make.make_provider()).exists()


@pytest.mark.usefixtures("bare_ground")
def test_numbers_of_its_own_are_carried_on() -> None:
    make.make_regions()
    own = OWN.replace("pass_percent =", 'tea_minutes = { value = 7, unit = "分钟", source = "约定" }\npass_percent =')
    identity.load_rules(text=own, now=make.NOW)
    made = queries.rules_of(issue(make.make_operator()))
    assert made["tea_minutes"] == 7
    assert made.rules["tea_minutes"].group is RuleGroup.OTHER


def test_a_file_adds_versions_and_never_changes_one_in_force() -> None:
    make.make_rules()
    assert [one.outcome for one in identity.load_rules(text=OWN, now=make.NOW)] == ["unchanged", "unchanged"]
    words = OWN.replace("每班人数上限", "一个班最多几人")
    assert [one.outcome for one in identity.load_rules(text=words, now=make.NOW)] == ["updated", "updated"]
    before = list(RuleSet.objects.order_by("pk").values())
    for old, new in (
        ("value = 45,", "value = 40,"),
        ("每课时45分钟", "每课时约45分钟"),
        ("2025-03-13", "2025-04-01"),
        ('late_minutes = { value = 15, unit = "分钟"', 'late_minutes = { value = 15, unit = "秒"'),
    ):
        with pytest.raises(Invalid) as refusal:
            identity.load_rules(text=words.replace(old, new, 1), now=make.NOW)
        assert refusal.value.code == "identity.rules_in_force"
        assert "另写一个 rule_set" in refusal.value.message
    assert list(RuleSet.objects.order_by("pk").values()) == before


@pytest.mark.usefixtures("bare_ground")
def test_an_installation_with_other_numbers_goes_on_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.make_regions()
    identity.load_rules(text=OWN.replace("value = 8,", "value = 7,"), now=make.NOW)
    call_command("load_rules")
    assert "仍按平台里已有的版本执行" in capsys.readouterr().err
    assert identity.get_rules(region_code="3715", on=TODAY)["daily_cap_class_hours"] == 7
    other = tmp_path / "rules.toml"
    other.write_text(OWN)
    with pytest.raises(CommandError, match="已经执行"):
        call_command("load_rules", str(other))


def test_a_version_that_has_not_begun_may_still_be_mended_by_file() -> None:
    make.make_rules()
    coming = OWN[OWN.rindex("[[rule_set]]") :].replace("value = 1200,", "value = 1500,")
    assert [one.outcome for one in identity.load_rules(text=coming, now=make.NOW)] == ["updated"]
    begun = dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC)
    with pytest.raises(Invalid):
        identity.load_rules(text=coming.replace("value = 1500,", "value = 1400,"), now=begun)
    last = "valid_from = 2026-11-21\nvalid_until = 2026-12-31"
    ended = coming.replace("valid_from = 2026-11-21", last)
    assert [one.outcome for one in identity.load_rules(text=ended, now=begun)] == ["updated"]


def test_a_file_may_give_rules_for_one_kind() -> None:
    make.make_rules()
    text = OWN[: OWN.rindex("[[rule_set]]")].replace('region = "3715"', 'region = "3715"\nprogramme_kind = "project"')
    answers = identity.load_rules(text=text.replace("value = 8,", "value = 10,"), now=make.NOW)
    assert [(one.key, one.outcome) for one in answers] == [("3715 project 2025-1", "created")]
    rules = identity.get_rules(region_code="371502", on=TODAY, programme_kind="project")
    assert (rules["daily_cap_class_hours"], rules.programme_kind) == (10, "project")
    with pytest.raises(Invalid):
        identity.load_rules(text=text.replace('"project"', '"dancing"'), now=make.NOW)


@pytest.mark.usefixtures("bare_ground")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('region = "3715"', 'region = "99"', "不存在"),
        ("pass_percent =", "pass_marks =", "缺少 pass_percent"),
        ("value = 45", 'value = "45"', "minutes_per_class_hour"),
        ("value = 40", "value = 140", "online_share_percent"),
        ("\n[[rule_set]]", "\n[[rule_set", "TOML"),
        ("version =", "name =", "version"),
    ],
)
def test_broken_rules_are_refused_whole(old: str, new: str, words: str) -> None:
    make.make_regions()
    text = OWN.replace(old, new, 1)
    text = text.replace("# Numbers", "# N")
    with pytest.raises(Invalid) as refusal:
        identity.load_rules(text=text, now=make.NOW)
    assert words in refusal.value.message
    assert not RuleSet.objects.exists()
