"""Programmes through the operations."""

import pytest

from tests.factories.catalogue import OCCUPATION, make_occupations
from tests.factories.identity import NOW, make_bureau, make_enterprise, make_provider, make_rules, make_teacher
from tests.factories.training import make_course, make_draft_programme, make_programme
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.data import ProgrammeState
from zhenxue.training.operations import programmes as operations
from zhenxue.training.queries.plan import programme_share

pytestmark = pytest.mark.django_db
HEAD = {"title": "茶艺师培训", "occupation_code": OCCUPATION, "level": "5", "target_groups": ["rural"], "now": NOW}


def test_a_manager_makes_a_programme_with_the_regions_pass_mark_and_nobody_else_can() -> None:
    make_rules()
    make_occupations()
    manager = make_provider()
    made = training.create_programme(actor=manager, kind="skill", **HEAD)
    assert (made.pass_percent, made.state, made.organisation_id) == (60, "draft", manager.organisation_id)
    for other in (make_teacher(manager.organisation_id), make_bureau()):
        with pytest.raises(Refused):
            training.create_programme(actor=other, kind="skill", **HEAD)
    with pytest.raises(NotFound):
        operations.add_offline_line(actor=make_provider(), programme_id=made.pk, title="课", minutes=45, now=NOW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "茶"}, "title"),
        ({"occupation_code": "9-99-99-99"}, "occupation"),
        ({"target_groups": []}, "target_groups"),
        ({"pass_percent": 0}, "pass_percent"),
    ],
)
def test_a_programme_with_a_wrong_field_is_refused_by_name(change: dict[str, object], field: str) -> None:
    make_rules()
    make_occupations()
    with pytest.raises(Invalid) as refused:
        training.create_programme(actor=make_provider(), kind="skill", **{**HEAD, **change})  # type: ignore[arg-type]  # wrong on purpose
    assert field in refused.value.fields


def test_an_enterprise_trains_only_its_own_new_hires() -> None:
    make_rules()
    make_occupations()
    manager = make_enterprise()
    assert training.create_programme(actor=manager, kind="upskill", **HEAD).kind == "upskill"
    with pytest.raises(Invalid):
        training.create_programme(actor=manager, kind="skill", **HEAD)


def test_an_online_share_above_the_limit_needs_a_reason() -> None:
    manager = make_provider()
    draft = make_draft_programme(manager, online_minutes=60, offline=(("实操", 45, 1),))
    assert str(programme_share(draft).percent) == "57.1"
    with pytest.raises(Invalid, match="45 分钟线下课"):
        training.make_ready(actor=manager, programme_id=draft.pk, now=NOW)
    ready = training.make_ready(
        actor=manager, programme_id=draft.pk, share_exception_reason="偏远山区学员集中困难", now=NOW
    )
    assert (ready.state, ready.share_exception_reason) == (ProgrammeState.READY, "偏远山区学员集中困难")
    with pytest.raises(Conflict):
        training.make_ready(actor=manager, programme_id=draft.pk, now=NOW)


def test_a_reason_that_is_not_needed_is_not_kept() -> None:
    assert make_programme(reason="不需要的理由写了").share_exception_reason == ""


def test_an_empty_programme_and_one_with_a_gap_in_its_stages_are_refused() -> None:
    manager = make_provider()
    empty = make_draft_programme(manager, online_minutes=0, offline=())
    with pytest.raises(Invalid, match="还没有内容"):
        training.make_ready(actor=manager, programme_id=empty.pk, now=NOW)
    gap = make_draft_programme(
        manager, title="有缺口的项目", online_minutes=0, offline=(("课一", 45, 1), ("课三", 45, 3))
    )
    with pytest.raises(Invalid, match="缺第 2 阶段"):
        training.make_ready(actor=manager, programme_id=gap.pk, now=NOW)


def test_a_course_comes_once_and_only_published_from_the_own_organisation() -> None:
    manager, other = make_provider(), make_provider()
    draft = make_draft_programme(manager)
    foreign = make_course(other)
    used = draft.lines.get(mode="online").course_version_id
    for version_id in (foreign, used, 999_999):
        with pytest.raises(Invalid):
            training.add_online_line(actor=manager, programme_id=draft.pk, course_version_id=version_id or 0, now=NOW)


def test_lines_move_change_and_go_until_the_programme_is_settled() -> None:
    manager = make_provider()
    draft = make_draft_programme(manager, online_minutes=0, offline=(("课一", 45, 1), ("课二", 45, 1), ("课三", 45, 2)))
    first, second, third = draft.lines.order_by("stage", "position")
    operations.move_line(actor=manager, programme_id=draft.pk, line_id=second.pk, up=True, now=NOW)
    assert [line.title for line in draft.lines.order_by("stage", "position")] == ["课二", "课一", "课三"]
    operations.move_line(actor=manager, programme_id=draft.pk, line_id=third.pk, up=True, now=NOW)
    assert [(line.title, line.stage) for line in draft.lines.order_by("stage", "position")] == [
        ("课二", 1),
        ("课一", 1),
        ("课三", 1),
    ]
    operations.change_line(
        actor=manager, programme_id=draft.pk, line_id=first.pk, stage=2, title="改名", minutes=90, now=NOW
    )
    operations.delete_line(actor=manager, programme_id=draft.pk, line_id=third.pk, now=NOW)
    with pytest.raises(NotFound):
        operations.delete_line(actor=manager, programme_id=draft.pk, line_id=third.pk, now=NOW)
    assert sum(draft.lines.values_list("minutes", flat=True)) == 135
    training.make_ready(actor=manager, programme_id=draft.pk, now=NOW)
    with pytest.raises(Conflict, match="复制项目"):
        operations.delete_line(actor=manager, programme_id=draft.pk, line_id=first.pk, now=NOW)


def test_a_copy_can_be_changed_and_a_retired_programme_opens_no_cohort() -> None:
    manager = make_provider()
    programme = make_programme(manager)
    copy = training.copy_programme(actor=manager, programme_id=programme.pk, now=NOW)
    assert (copy.state, copy.lines.count()) == ("draft", programme.lines.count())
    training.retire_programme(actor=manager, programme_id=programme.pk, now=NOW)
    with pytest.raises(Conflict):
        training.retire_programme(actor=manager, programme_id=programme.pk, now=NOW)
