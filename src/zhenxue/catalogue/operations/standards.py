"""Occupations and standards: load, register, fill with points."""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from zhenxue.catalogue.data import PointDraft, PointKind, RowAnswer, StandardKind
from zhenxue.catalogue.models import Occupation, Point, Standard
from zhenxue.catalogue.policies import check_can_create_standard, check_can_edit_standard
from zhenxue.catalogue.queries.standards import find_occupation, get_standard
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.kernel.sheets import Column, Table

POINT_COLUMNS = (
    Column("kind", ("类别", "类型", "点类别"), required=True),
    Column("code", ("编号", "代码", "编码"), required=True),
    Column("chapter", ("职业功能", "工作内容", "职业功能/工作内容", "章节")),
    Column("title", ("内容", "知识点", "技能点", "名称", "要求"), required=True),
)
POINT_TEMPLATE_ROWS = (
    ("知识点", "1.1", "安全生产", "安全操作规程"),
    ("技能点", "1.2", "安全生产", "能正确佩戴个人防护用品"),
)
KIND_WORDS = {
    "知识点": PointKind.KNOWLEDGE,
    "知识": PointKind.KNOWLEDGE,
    "相关知识": PointKind.KNOWLEDGE,
    "相关知识要求": PointKind.KNOWLEDGE,
    "技能点": PointKind.SKILL,
    "技能": PointKind.SKILL,
    "技能要求": PointKind.SKILL,
}
MOST_POINTS = 2_000
OCCUPATION_FIELDS = ("code", "name", "level", "parent_id", "agreement")
LEVELS = ("major", "middle", "minor", "unit")
_OCCUPATION_CODE = re.compile(r"\d(-\d{2}){0,3}", re.ASCII)


def load_occupations(*, text: str) -> list[RowAnswer]:
    """Bring the classification up to a csv (code,name,level,parent,agreement); running it again changes nothing.

    All or nothing: with any faulty row nothing is written, and the answers of those rows say why. Occupations that the
    file no longer has stay, since programmes may stand on them. Rows that are there already are not written.
    """
    rows, answers = _read_occupations(text)
    if any(answer.problems for answer in answers):
        return answers
    with transaction.atomic():
        known = {row["code"]: row for row in Occupation.objects.values(*OCCUPATION_FIELDS)}
        news = [row for row in rows if known.get(row["code"]) != row]
        for level in LEVELS:  # parents first
            Occupation.objects.bulk_create(
                [Occupation(**row) for row in news if row["level"] == level],
                update_conflicts=True,
                unique_fields=["code"],
                update_fields=["name", "level", "parent", "agreement"],
                batch_size=400,
            )
    return [
        RowAnswer(
            answer.number,
            answer.label,
            note="新增" if row["code"] not in known else "更新" if known[row["code"]] != row else "未变",
        )
        for answer, row in zip(answers, rows, strict=True)
    ]


def _read_occupations(text: str) -> tuple[list[dict[str, Any]], list[RowAnswer]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = {"code", "name", "level", "parent"} - set(reader.fieldnames or ())
    if missing:
        raise Invalid("catalogue.occupation_columns", f"职业目录缺少这些列：{'、'.join(sorted(missing))}。")
    rows: list[dict[str, Any]] = []
    answers: list[RowAnswer] = []
    raw = list(reader)
    codes = {(row["code"] or "").strip() for row in raw} | set(Occupation.objects.values_list("code", flat=True))
    seen: set[str] = set()
    for number, row in enumerate(raw, start=2):
        code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
        level, parent = (row["level"] or "").strip(), (row["parent"] or "").strip()
        problems = []
        if not _OCCUPATION_CODE.fullmatch(code):
            problems.append("职业编码格式不对，应像 6-31-01-01")
        elif level not in LEVELS or LEVELS.index(level) != code.count("-"):
            problems.append(f"层级“{level}”与编码不符")
        elif parent != code.rpartition("-")[0]:
            problems.append(f"上级“{parent}”与编码不符")
        elif parent and parent not in codes:
            problems.append(f"找不到上级 {parent}")
        if not name or len(name) > 120:
            problems.append("名称为空或超过 120 字")
        if code in seen:
            problems.append("编码重复")
        seen.add(code)
        answers.append(RowAnswer(number, f"{code} {name}", tuple(problems)))
        agreement = (row.get("agreement") or "").strip()[:8]
        rows.append({"code": code, "name": name, "level": level, "parent_id": parent or None, "agreement": agreement})
    return rows, answers


def create_standard(
    *, actor: Actor, kind: str, code: str, name: str, occupation_code: str | None, source: str, now: dt.datetime
) -> Standard:
    """Register a standard: public by the operator, an organisation's own by its people."""
    check_can_create_standard(actor)
    fields = _standard_gaps(kind, code, name, occupation_code, source)
    if fields:
        raise Invalid("catalogue.standard_fields", "请补全标出的内容。", fields=fields)
    organisation_id = None if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM} else actor.organisation_id
    with transaction.atomic():
        same = Standard.objects.filter(code=code.strip())
        mine = same.filter(organisation_id=organisation_id) if organisation_id else same.filter(organisation=None)
        if mine.exists():
            message = f"编号 {code.strip()} 已登记过，请直接打开该标准。"
            raise Conflict("catalogue.standard_exists", message, fields={"code": message})
        standard = Standard.objects.create(
            kind=kind,
            code=code.strip(),
            name=name.strip(),
            occupation_id=occupation_code or None,
            organisation_id=organisation_id,
            source=source.strip(),
            created_at=now,
        )
        body = {"kind": kind, "code": standard.code, "name": standard.name, "source": standard.source}
        _record("catalogue.standard_created", actor, standard, body, now)
    return standard


def _standard_gaps(kind: str, code: str, name: str, occupation_code: str | None, source: str) -> dict[str, str]:
    fields = {}
    if kind not in set(StandardKind):
        fields["kind"] = "请选择类别。"
    if not 1 <= len(code.strip()) <= 60:
        fields["code"] = "请填写编号，不超过 60 字。"
    if not 1 <= len(name.strip()) <= 160:
        fields["name"] = "请填写名称，不超过 160 字。"
    if not 1 <= len(source.strip()) <= 200:
        fields["source"] = "请写明来源，例如发布机关和文号，不超过 200 字。"
    if occupation_code and find_occupation(occupation_code) is None:
        fields["occupation_code"] = "职业编码不在目录中，请从搜索结果里选择。"
    return fields


def read_point_table(table: Table) -> list[tuple[PointDraft | None, RowAnswer]]:
    """Answer every row of a sheet of points: the draft, or what is wrong."""
    found: list[tuple[PointDraft | None, RowAnswer]] = []
    seen: dict[str, int] = {}
    for record in table.records:
        values, problems = record.values, list(record.problems)
        kind = KIND_WORDS.get(re.sub(r"\s", "", values["kind"]))
        if kind is None and values["kind"]:
            problems.append(f"类别“{values['kind']}”不认识，请填：知识点、技能点")
        for key, title, most in (("code", "编号", 40), ("title", "内容", 300), ("chapter", "职业功能", 160)):
            if len(values[key]) > most:
                problems.append(f"“{title}”超过 {most} 字")
        earlier = seen.setdefault(values["code"], record.number)
        if earlier != record.number and values["code"]:
            problems.append(f"编号与第 {earlier} 行重复")
        draft = PointDraft(kind, values["code"], values["title"], values["chapter"]) if kind and not problems else None
        found.append((draft, RowAnswer(record.number, f"{values['code']} {values['title']}".strip(), tuple(problems))))
    return found


def import_points(*, actor: Actor, standard_id: int, drafts: Sequence[PointDraft], now: dt.datetime) -> int:
    """Add points and bring those with a known code up to date, all in one; gives how many are new.

    Points that the drafts do not name stay, since courses may be arranged by them.
    """
    with transaction.atomic():
        standard = get_standard(actor, standard_id)
        check_can_edit_standard(actor, standard)
        known = {point.code: point for point in Point.objects.filter(standard=standard)}
        if not drafts:
            raise Invalid("catalogue.no_points", "没有可导入的知识点或技能点。")
        fresh = [draft for draft in drafts if draft.code not in known]
        if len(known) + len(fresh) > MOST_POINTS:
            raise Invalid("catalogue.too_many_points", f"一个标准最多 {MOST_POINTS} 个点，请拆分标准后导入。")
        position = max((point.position for point in known.values()), default=0)
        changed = []
        for draft in drafts:
            if point := known.get(draft.code):
                point.kind, point.title, point.chapter = draft.kind, draft.title, draft.chapter
                changed.append(point)
        Point.objects.bulk_update(changed, ["kind", "title", "chapter"], batch_size=200)
        Point.objects.bulk_create(
            [
                Point(
                    standard=standard,
                    kind=draft.kind,
                    code=draft.code,
                    title=draft.title,
                    chapter=draft.chapter,
                    position=position + offset,
                )
                for offset, draft in enumerate(fresh, start=1)
            ],
            batch_size=200,
        )
        body = {"new": len(fresh), "updated": len(changed), "codes": [draft.code for draft in drafts]}
        _record("catalogue.points_imported", actor, standard, body, now)
    return len(fresh)


def _record(kind: str, actor: Actor, standard: Standard, body: Mapping[str, object], now: dt.datetime) -> None:
    about = [f"organisation:{standard.organisation_id}"] if standard.organisation_id else []
    evidence.record(kind=kind, actor=actor, subject=f"standard:{standard.pk}", about=about, body=body, now=now)
