"""Regions and rules: carried data, replace-by-import, the numbers in force."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from tests.factories import identity as make
from zhenxue.identity import api as identity
from zhenxue.identity.data import RegionLevel
from zhenxue.identity.management.commands import load_regions as regions_command
from zhenxue.identity.management.commands import load_rules as rules_command
from zhenxue.identity.models import Region, RuleSet
from zhenxue.kernel.errors import Invalid, NotFound

pytestmark = pytest.mark.django_db
HEAD = "code,name,type,parent\n"
CITY = "37,山东省,省,\n3715,聊城市,地级市,37\n371502,东昌府区,市辖区,3715\n371503,茌平区,市辖区,3715\n"


def outcomes(text: str) -> dict[str, str]:
    return {answer.key: answer.outcome for answer in identity.load_regions(text=text)}


def test_the_carried_regions_load_and_load_again_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_regions")
    assert Region.objects.count() == 3212
    assert Region.objects.get(pk="371502").parent_id == "3715"
    assert Region.objects.get(pk="71").name == "台湾省"
    assert Region.objects.filter(pk__startswith="3715", level=RegionLevel.COUNTY).count() == 8
    call_command("load_regions")
    assert "未变 3212" in capsys.readouterr().out
    assert identity.region_path("371502") == "山东省聊城市东昌府区"


def test_an_import_replaces_but_never_deletes_what_is_in_use() -> None:
    outcomes(HEAD + CITY)
    make.make_organisation(region="371503")
    answers = outcomes(
        HEAD + CITY.replace("371503,茌平区,市辖区,3715\n", "371581,临清市,县级市,3715\n").replace("东昌府区", "东昌府")
    )
    assert answers == {
        "37": "unchanged",
        "3715": "unchanged",
        "371502": "updated",
        "371581": "created",
        "371503": "kept",
        **{code: "deleted" for code in answers if answers[code] == "deleted"},
    }
    assert Region.objects.filter(pk="371503").exists()
    identity.load_regions(text=HEAD + CITY + "371581,临清市,县级市,3715\n")
    assert outcomes(HEAD + CITY)["371581"] == "deleted"
    assert not Region.objects.filter(pk="371581").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n", "缺少表头"),
        (HEAD + "37150,东昌府区,,37\n", "第2行"),
        (HEAD + "37,山东省,,\n37,山东省,,\n", "第3行：代码 37 重复"),
        (HEAD + "37,山东省,,\n3715,聊城市,,36\n", "不是 3715 的前缀"),
        (HEAD + "3715,聊城市,,37\n", "上级 37 不在文件里"),
    ],
)
def test_a_broken_file_names_the_row_and_changes_nothing(text: str, words: str) -> None:
    before = list(Region.objects.order_by("code").values())
    with pytest.raises(Invalid) as refusal:
        identity.load_regions(text=text)
    assert words in refusal.value.message
    assert list(Region.objects.order_by("code").values()) == before


def test_the_carried_rules_are_those_of_the_notice() -> None:
    make.make_regions()
    call_command("load_rules")
    rules = identity.get_rules(region_code="371502", on=dt.date(2026, 1, 1))
    assert rules.frozen() == {
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
    assert "聊人社字〔2025〕3号" in rules.sources["online_share_percent"]
    assert rules.sources["beat_seconds"] == "平台默认值（各地可调整）"
    assert all(rule.label and rule.unit for rule in rules.rules.values())
    with pytest.raises(NotFound):
        identity.get_rules(region_code="371502", on=dt.date(2025, 3, 12))
    with pytest.raises(NotFound):
        identity.get_rules(region_code="370102", on=dt.date(2026, 1, 1))


def test_the_nearest_region_and_the_newest_version_win() -> None:
    make.make_rules()
    own = rules_command.OWN_FILE.read_text()
    county = own.replace('region = "3715"', 'region = "371502"').replace(
        'value = 60, unit = "%"', 'value = 70, unit = "%"'
    )
    later = own.replace('"2025-1"', '"2026-1"').replace("2025-03-13", "2026-06-01", 1)
    later = later.replace("value = 8,", "value = 6,")
    assert "valid_from = 2026-06-01" in later
    for text in (county, later):
        answers = identity.load_rules(text=text, now=make.NOW)
        assert [answer.outcome for answer in answers] == ["created"]
        assert [answer.outcome for answer in identity.load_rules(text=text, now=make.NOW)] == ["unchanged"]
    day, after = dt.date(2026, 5, 31), dt.date(2026, 6, 1)
    assert identity.get_rules(region_code="371502", on=day)["pass_percent"] == 70
    assert identity.get_rules(region_code="371503", on=day)["pass_percent"] == 60
    assert identity.get_rules(region_code="371503", on=day)["daily_cap_class_hours"] == 8
    assert identity.get_rules(region_code="371503", on=after)["daily_cap_class_hours"] == 6
    assert identity.get_rules(region_code="3715", on=after).version == "2026-1"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('region = "3715"', 'region = "99"', "不存在"),
        ("pass_percent =", "pass_marks =", "缺少 pass_percent"),
        ("value = 45", 'value = "45"', "minutes_per_class_hour"),
        ("\n[[rule_set]]", "\n[[rule_set", "TOML"),
        ("version =", "name =", "version"),
    ],
)
def test_broken_rules_are_refused_whole(old: str, new: str, words: str) -> None:
    make.make_regions()
    text = rules_command.OWN_FILE.read_text().replace(old, new, 1)
    text = text.replace("# Numbers", "# N")
    with pytest.raises(Invalid) as refusal:
        identity.load_rules(text=text, now=make.NOW)
    assert words in refusal.value.message
    assert not RuleSet.objects.exists()


def test_the_commands_say_what_is_wrong() -> None:
    with pytest.raises(CommandError):
        call_command("load_rules", str(regions_command.OWN_FILE))
    with pytest.raises(CommandError):
        call_command("load_regions", "/nowhere.csv")
