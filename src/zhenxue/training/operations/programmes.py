"""Writes on programmes: make, edit, order lines, settle, copy, retire (N1, N11)."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import TargetGroup, VersionState
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, OrganisationKind
from zhenxue.kernel.clock import civil_day
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.training import policies
from zhenxue.training.data import LineMode, ProgrammeKind, ProgrammeState, SkillLevel
from zhenxue.training.models import Programme, ProgrammeLine
from zhenxue.training.queries.plan import programme_share
from zhenxue.training.queries.scope import get_programme, visible_programmes

MAX_STAGES = 12
MAX_LINE_MINUTES = 60_000


def create_programme(
    *,
    actor: Actor,
    kind: ProgrammeKind | str,
    title: str,
    occupation_code: str,
    level: SkillLevel | str,
    target_groups: Sequence[str],
    now: dt.datetime,
    pass_percent: int | None = None,
) -> Programme:
    """A draft of the actor's organisation. The pass mark is the region's rule unless given.

    Raises ``Invalid`` with a message per field: enterprises run only upskilling of their own new hires and other
    subsidised training; the occupation must be in the national classification.
    """
    organisation_id = actor.organisation_id or 0
    policies.check_can_manage(actor, organisation_id)
    with transaction.atomic():
        fields = _checked(actor, kind=kind, title=title, level=level, target_groups=target_groups)
        occupation = _occupation(occupation_code)
        if pass_percent is None:
            organisation = identity.get_organisation(organisation_id)
            place, day = organisation.region_id, civil_day(now)
            pass_percent = identity.get_rules(region_code=place, on=day, programme_kind=kind)["pass_percent"]
        programme = Programme.objects.create(
            organisation_id=organisation_id,
            occupation_id=occupation.pk,
            pass_percent=_percent(pass_percent),
            created_at=now,
            **fields,
        )
        _record("training.programme_created", actor, programme, now)
    return programme


def change_programme(
    *,
    actor: Actor,
    programme_id: int,
    kind: ProgrammeKind | str,
    title: str,
    occupation_code: str,
    level: SkillLevel | str,
    target_groups: Sequence[str],
    pass_percent: int,
    now: dt.datetime,
) -> Programme:
    """Rewrite the head of a draft; raises ``Conflict`` once it is settled."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        fields = _checked(actor, kind=kind, title=title, level=level, target_groups=target_groups)
        for name, value in fields.items():
            setattr(programme, name, value)
        programme.occupation_id = _occupation(occupation_code).pk
        programme.pass_percent = _percent(pass_percent)
        programme.save()
        _record("training.programme_changed", actor, programme, now)
    return programme


def add_online_line(
    *, actor: Actor, programme_id: int, course_version_id: int, now: dt.datetime, stage: int = 1
) -> ProgrammeLine:
    """Add a published course version of the own organisation; its minutes are its seconds, rounded up."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        published = {version.pk: version for version in catalogue.list_published_versions(programme.organisation_id)}
        version = published.get(course_version_id)
        if version is None or version.state != VersionState.PUBLISHED:
            raise _field("course_version", "请选择本机构已发布的课程。", code="version_not_published")
        if programme.lines.filter(course_version_id=course_version_id).exists():
            raise _field("course_version", "这门课程已经在项目里，同一门课程只计一次学时。", code="version_twice")
        minutes = -(-catalogue.version_seconds(course_version_id) // 60)
        if minutes < 1:
            raise _field("course_version", "这门课程没有计学时的内容，不能加入项目。", code="version_empty")
        line = ProgrammeLine.objects.create(
            programme=programme,
            position=_next_position(programme),
            stage=_stage(stage),
            mode=LineMode.ONLINE,
            title=version.course.title[:120],
            course_version_id=course_version_id,
            minutes=minutes,
        )
        _record("training.programme_changed", actor, programme, now)
    return line


def add_offline_line(
    *, actor: Actor, programme_id: int, title: str, minutes: int, now: dt.datetime, stage: int = 1
) -> ProgrammeLine:
    """Add a topic taught face to face for so many minutes."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        line = ProgrammeLine.objects.create(
            programme=programme,
            position=_next_position(programme),
            stage=_stage(stage),
            mode=LineMode.OFFLINE,
            title=_title(title, "内容"),
            minutes=_minutes(minutes),
        )
        _record("training.programme_changed", actor, programme, now)
    return line


def change_line(
    *,
    actor: Actor,
    programme_id: int,
    line_id: int,
    stage: int,
    now: dt.datetime,
    title: str | None = None,
    minutes: int | None = None,
) -> ProgrammeLine:
    """Change the stage of a line, and title and minutes of an offline one."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        line = _line(programme, line_id)
        line.stage = _stage(stage)
        if line.mode == LineMode.OFFLINE:
            line.title = _title(title, "内容") if title is not None else line.title
            line.minutes = _minutes(minutes) if minutes is not None else line.minutes
        line.save()
        _record("training.programme_changed", actor, programme, now)
    return line


def delete_line(*, actor: Actor, programme_id: int, line_id: int, now: dt.datetime) -> None:
    """Take a line out of a draft; a second click finds it gone (``NotFound``)."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        _line(programme, line_id).delete()
        _record("training.programme_changed", actor, programme, now)


def move_line(*, actor: Actor, programme_id: int, line_id: int, up: bool, now: dt.datetime) -> None:
    """Swap a line with its neighbour, or move it into the neighbour's stage; at either end nothing happens."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_edit_programme(actor, programme)
        lines = list(programme.lines.order_by("stage", "position"))
        index = next((index for index, line in enumerate(lines) if line.pk == line_id), None)
        if index is None:
            raise NotFound("training.line_not_found", "这一行已被删除，请刷新页面。")
        other = index - 1 if up else index + 1
        if 0 <= other < len(lines):
            if lines[index].stage == lines[other].stage:
                lines[index], lines[other] = lines[other], lines[index]
            else:
                lines[index].stage = lines[other].stage  # over the border of a stage: it joins the neighbour's
            _renumber(lines)
        _record("training.programme_changed", actor, programme, now)


def make_ready(*, actor: Actor, programme_id: int, now: dt.datetime, share_exception_reason: str = "") -> Programme:
    """Settle a draft so that cohorts can be opened. Afterwards it never changes.

    Raises ``Invalid`` when it has no lines, when stages leave a gap, or when the online share is above the region's
    ``online_share_percent`` and no reason is given (N11: "in principle" 40 %; the county decides on the exception when
    the cohort is filed).
    """
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_make_ready(actor, programme)
        lines = list(programme.lines.order_by("stage", "position"))
        if not lines:
            raise Invalid("training.programme_empty", "项目还没有内容，请先添加线上课程或线下课。")
        stages = sorted({line.stage for line in lines})
        if stages != list(range(1, len(stages) + 1)):
            missing = next(number for number in range(1, MAX_STAGES + 1) if number not in stages)
            raise Invalid("training.stage_gap", f"阶段要从 1 开始连续编号，现在缺第 {missing} 阶段，请调整后再定稿。")
        place, day = programme.organisation.region_id, civil_day(now)
        rules = identity.get_rules(region_code=place, on=day, programme_kind=programme.kind)
        share, limit = programme_share(programme), rules["online_share_percent"]
        reason = share_exception_reason.strip()
        if share.exceeds(limit) and len(reason) < 5:
            raise Invalid(
                "training.share_exceeded",
                f"线上占比 {share.percent}%，超过规定的 {limit}%。"
                f"请再增加 {share.offline_minutes_missing(limit)} 分钟线下课，"
                "或写明超过的理由（备案时由人社部门审批）。",
                fields={"share_exception_reason": "请写明线上占比超过规定的理由（不少于 5 个字）。"},
            )
        programme.share_exception_reason = reason if share.exceeds(limit) else ""
        programme.state = ProgrammeState.READY
        programme.save()
        _renumber(lines)
        _record("training.programme_ready", actor, programme, now, limit=limit)
    return programme


def retire_programme(*, actor: Actor, programme_id: int, now: dt.datetime) -> Programme:
    """No new cohorts from now on; running ones go on."""
    with transaction.atomic():
        programme = _locked(actor, programme_id)
        policies.check_can_retire(actor, programme)
        programme.state = ProgrammeState.RETIRED
        programme.save(update_fields=["state"])
        _record("training.programme_retired", actor, programme, now)
    return programme


def copy_programme(*, actor: Actor, programme_id: int, now: dt.datetime, title: str = "") -> Programme:
    """A new draft with the same head and lines (withdrawn courses are left out)."""
    with transaction.atomic():
        source = get_programme(actor, programme_id)
        policies.check_can_manage(actor, source.organisation_id)
        copy = Programme.objects.create(
            organisation_id=source.organisation_id,
            kind=source.kind,
            title=_title(title or f"{source.title[:112]}（副本）", "项目名称"),
            occupation_id=source.occupation_id,
            level=source.level,
            target_groups=source.target_groups,
            pass_percent=source.pass_percent,
            created_at=now,
        )
        lines = source.lines.select_related("course_version").order_by("stage", "position")
        usable = [
            line for line in lines if line.course_version is None or line.course_version.state == VersionState.PUBLISHED
        ]
        ProgrammeLine.objects.bulk_create(
            ProgrammeLine(
                programme=copy,
                position=index,
                stage=line.stage,
                mode=line.mode,
                title=line.title,
                course_version_id=line.course_version_id,
                minutes=line.minutes,
            )
            for index, line in enumerate(usable, start=1)
        )
        _record("training.programme_created", actor, copy, now)
    return copy


def _locked(actor: Actor, programme_id: int) -> Programme:
    found = visible_programmes(actor).select_for_update(of=("self",)).filter(pk=programme_id).first()
    if found is None:
        raise NotFound("training.programme_not_found", "没有找到这个培训项目，或您无权查看。")
    return found


def _line(programme: Programme, line_id: int) -> ProgrammeLine:
    line = programme.lines.filter(pk=line_id).first()
    if line is None:
        raise NotFound("training.line_not_found", "这一行已被删除，请刷新页面。")
    return line


def _next_position(programme: Programme) -> int:
    last: int | None = programme.lines.aggregate(last=Max("position"))["last"]
    return (last or 0) + 1


def _renumber(lines: Sequence[ProgrammeLine]) -> None:
    """Positions 1, 2, 3 … in the given order, without meeting the unique constraint on the way."""
    offset = max((line.position for line in lines), default=0) + len(lines)
    for shift in (offset, 0):
        for index, line in enumerate(lines, start=1):
            line.position = shift + index
        ProgrammeLine.objects.bulk_update(lines, ["position", "stage"])


def _checked(
    actor: Actor, *, kind: ProgrammeKind | str, title: str, level: SkillLevel | str, target_groups: Sequence[str]
) -> dict[str, object]:
    try:
        kind, level = ProgrammeKind(kind), SkillLevel(level)
        groups = [TargetGroup(group).value for group in target_groups]
    except ValueError:
        raise Invalid("training.programme_words", "项目类别、等级或培训对象不在可选范围内，请重新选择。") from None
    enterprise = actor.organisation_kind is OrganisationKind.ENTERPRISE
    if enterprise and kind not in {ProgrammeKind.UPSKILL, ProgrammeKind.OTHER}:
        raise _field("kind", "企业只能开展新招用人员岗位技能提升培训或其他补贴性培训。", code="kind_not_allowed")
    if not groups:
        raise _field("target_groups", "请至少选择一类培训对象。", code="no_target_group")
    return {"kind": kind, "level": level, "title": _title(title, "项目名称"), "target_groups": groups}


def _occupation(code: str) -> catalogue.Occupation:
    found = catalogue.find_occupation(code.strip())
    if found is None:
        raise _field("occupation", "没有找到这个职业，请在下拉列表中选择。", code="occupation_unknown")
    return found


def _title(text: str, what: str) -> str:
    title = " ".join(text.split())
    if not 2 <= len(title) <= 120:
        raise _field("title", f"{what}请填写 2 至 120 个字。", code="title_length")
    return title


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= MAX_LINE_MINUTES:
        raise _field("minutes", f"时长请填写 1 至 {MAX_LINE_MINUTES} 分钟。", code="minutes_range")
    return minutes


def _stage(stage: int) -> int:
    if not 1 <= stage <= MAX_STAGES:
        raise _field("stage", f"阶段请填写 1 至 {MAX_STAGES}。", code="stage_range")
    return stage


def _percent(value: int) -> int:
    if not 1 <= value <= 100:
        raise _field("pass_percent", "合格线请填写 1 至 100。", code="pass_range")
    return value


def _field(name: str, message: str, *, code: str) -> Invalid:
    return Invalid(f"training.{code}", message, fields={name: message})


def _record(kind: str, actor: Actor, programme: Programme, now: dt.datetime, *, limit: int | None = None) -> None:
    share = programme_share(programme)
    body = {
        "title": programme.title,
        "kind": programme.kind,
        "occupation": programme.occupation_id,
        "level": programme.level,
        "pass_percent": programme.pass_percent,
        "online_minutes": share.online_minutes,
        "offline_minutes": share.offline_minutes,
        "lines": programme.lines.count(),
    }
    if limit is not None:
        body["online_share_limit"] = limit
        body["share_exception_reason"] = programme.share_exception_reason
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"programme:{programme.pk}",
        about=[f"organisation:{programme.organisation_id}"],
        body=body,
        now=now,
    )
