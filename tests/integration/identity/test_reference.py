"""Regions: carried data, replace-by-import."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories import identity as make
from zhenxue.identity import api as identity
from zhenxue.identity.data import RegionLevel
from zhenxue.identity.management.commands import load_regions as regions_command
from zhenxue.identity.models import Region
from zhenxue.kernel.errors import Invalid

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


def test_the_commands_say_what_is_wrong() -> None:
    with pytest.raises(CommandError):
        call_command("load_rules", str(regions_command.OWN_FILE))
    with pytest.raises(CommandError):
        call_command("load_regions", "/nowhere.csv")
