"""What stands in a draft: chapters, units, self-test questions."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from django.db import transaction
from django.db.models import Max

from zhenxue.catalogue import markup
from zhenxue.catalogue.data import TESTED_KINDS, MaterialKind, MaterialState, UnitDraft, UnitKind
from zhenxue.catalogue.models import Chapter, CourseVersion, Material, Point, SelfTestQuestion, Unit
from zhenxue.catalogue.operations.courses import lock_editable
from zhenxue.catalogue.questions import QuestionDraft
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound

MOST_MINUTES = 240
MOST_BODY = 60_000
MOST_UNITS = 500
MOST_QUESTIONS = 200

type Direction = Literal["up", "down"]


def add_chapter(*, actor: Actor, version_id: int, title: str) -> Chapter:
    """A new chapter at the end."""
    with transaction.atomic():
        version = lock_editable(actor, version_id)
        last = version.chapters.aggregate(last=Max("position"))["last"] or 0
        return Chapter.objects.create(version=version, position=last + 1, title=_title(title))


def rename_chapter(*, actor: Actor, chapter_id: int, title: str) -> Chapter:
    with transaction.atomic():
        chapter = _chapter(actor, chapter_id)
        chapter.title = _title(title)
        chapter.save(update_fields=["title"])
        return chapter


def move_chapter(*, actor: Actor, chapter_id: int, direction: Direction) -> Chapter:
    """Change places with the neighbour; at the edge nothing happens."""
    with transaction.atomic():
        chapter = _chapter(actor, chapter_id)
        siblings = list(Chapter.objects.filter(version_id=chapter.version_id).order_by("position"))
        _swap(siblings, chapter, direction)
        return chapter


def delete_chapter(*, actor: Actor, chapter_id: int) -> None:
    """Only an empty chapter can go."""
    with transaction.atomic():
        chapter = _chapter(actor, chapter_id)
        if chapter.units.exists():
            raise Conflict("catalogue.chapter_not_empty", "这一章里还有单元，请先移走或删除单元。")
        chapter.delete()


def add_unit(*, actor: Actor, chapter_id: int, draft: UnitDraft, now: dt.datetime) -> Unit:
    """A new unit at the end of a chapter. Raises ``Invalid`` naming each field that does not fit."""
    with transaction.atomic():
        chapter = _chapter(actor, chapter_id)
        if chapter.version.units.count() >= MOST_UNITS:
            raise Invalid("catalogue.too_many_units", f"一个版本最多 {MOST_UNITS} 个单元。")
        unit = Unit(version=chapter.version, chapter=chapter, kind=draft.kind)
        points = _fill(unit, draft)
        unit.position = (chapter.units.aggregate(last=Max("position"))["last"] or 0) + 1
        unit.save()
        unit.points.set(points)
        return unit


def edit_unit(*, actor: Actor, unit_id: int, draft: UnitDraft, now: dt.datetime) -> Unit:
    """Change a unit; its kind stays what it was."""
    with transaction.atomic():
        unit = _unit(actor, unit_id)
        points = _fill(unit, draft)
        unit.save()
        unit.points.set(points)
        return unit


def move_unit(*, actor: Actor, unit_id: int, direction: Direction) -> Unit:
    """Change places with the neighbour; at a chapter's edge go over into the next chapter."""
    with transaction.atomic():
        unit = _unit(actor, unit_id)
        siblings = list(Unit.objects.filter(chapter_id=unit.chapter_id).order_by("position"))
        if _swap(siblings, unit, direction):
            return unit
        chapters = list(Chapter.objects.filter(version_id=unit.version_id).order_by("position"))
        at = next(index for index, one in enumerate(chapters) if one.pk == unit.chapter_id)
        to = at + (1 if direction == "down" else -1)
        if 0 <= to < len(chapters):
            _enter(unit, chapters[to], first=direction == "down")
        return unit


def delete_unit(*, actor: Actor, unit_id: int) -> None:
    with transaction.atomic():
        _unit(actor, unit_id).delete()


def save_question(
    *, actor: Actor, unit_id: int, draft: QuestionDraft, question_id: int | None = None
) -> SelfTestQuestion:
    """Add a question to a self-test or to the test of a reading unit, or change one of its own."""
    with transaction.atomic():
        unit = _tested_unit(actor, unit_id)
        if question_id is None:
            _check_room(unit, 1)
            question = SelfTestQuestion(unit=unit, position=_last_question(unit) + 1)
        else:
            question = _question(unit, question_id)
        question.kind, question.stem, question.options = draft.kind, draft.stem, list(draft.options)
        question.answer, question.explanation = list(draft.answer), draft.explanation
        question.save()
        return question


def import_questions(*, actor: Actor, unit_id: int, drafts: Sequence[QuestionDraft]) -> int:
    """Add many questions at the end, all or none; those that stand there already (same stem and options) are left out.

    Gives how many were added.
    """
    with transaction.atomic():
        unit = _tested_unit(actor, unit_id)
        known = {(one.stem, tuple(one.options)) for one in unit.questions.all()}
        fresh = [draft for draft in drafts if (draft.stem, draft.options) not in known]
        _check_room(unit, len(fresh))
        start = _last_question(unit) + 1
        SelfTestQuestion.objects.bulk_create(
            SelfTestQuestion(
                unit=unit,
                position=position,
                kind=draft.kind,
                stem=draft.stem,
                options=list(draft.options),
                answer=list(draft.answer),
                explanation=draft.explanation,
            )
            for position, draft in enumerate(fresh, start=start)
        )
        return len(fresh)


def delete_question(*, actor: Actor, unit_id: int, question_id: int) -> None:
    with transaction.atomic():
        _question(_tested_unit(actor, unit_id), question_id).delete()


def _fill(unit: Unit, draft: UnitDraft) -> list[Point]:
    """Put the draft into the unit; raises ``Invalid`` naming each field. Gives the points to set."""
    fields: dict[str, str] = {}
    title = draft.title.strip()
    if not 1 <= len(title) <= 120:
        fields["title"] = "请填写单元名称，不超过 120 字。"
    if unit.kind not in set(UnitKind):
        raise Invalid("catalogue.unit_kind", "请选择单元形式。", fields={"kind": "请选择单元形式。"})
    material = _material(unit, draft, fields)
    if unit.kind == UnitKind.VIDEO:
        unit.seconds = material.video.seconds if material else 0
    elif draft.minutes is None or not 1 <= draft.minutes <= MOST_MINUTES:
        fields["minutes"] = f"请填写学习时长，1 到 {MOST_MINUTES} 分钟。"
    else:
        unit.seconds = draft.minutes * 60
    if unit.kind == UnitKind.TEXT:
        _check_body(unit.version, draft.body, fields)
    if not 1 <= draft.pass_percent <= 100:
        fields["pass_percent"] = "合格线请填 1 到 100。"
    points = list(Point.objects.filter(pk__in=draft.point_ids, standard_id=unit.version.facts.get("standard_id")))
    if len(points) != len(set(draft.point_ids)):
        fields["points"] = "有知识点不属于本课程的标准，请刷新页面后重新勾选。"
    if fields:
        raise Invalid("catalogue.unit_fields", "请改正标出的内容。", fields=fields)
    unit.title, unit.material, unit.pass_percent = title, material, draft.pass_percent
    unit.body = draft.body.strip() if unit.kind == UnitKind.TEXT else ""
    return points


def _material(unit: Unit, draft: UnitDraft, fields: dict[str, str]) -> Material | None:
    wanted = {UnitKind.VIDEO: MaterialKind.VIDEO, UnitKind.DOCUMENT: MaterialKind.DOCUMENT}.get(UnitKind(unit.kind))
    if wanted is None:
        return None
    found = (
        Material.objects.select_related("video")
        .filter(pk=draft.material_id or 0, kind=wanted, organisation_id=unit.version.course.organisation_id)
        .first()
    )
    if found is None:
        fields["material"] = f"请选择一个{wanted.label}素材；还没有的话先到“素材”里上传。"
    elif found.state != MaterialState.READY:
        fields["material"] = f"素材“{found.title}”{MaterialState(found.state).label}，处理好之后才能使用。"
        found = None
    return found


def _check_body(version: CourseVersion, body: str, fields: dict[str, str]) -> None:
    if not body.strip():
        fields["body"] = "请填写正文。"
    elif len(body) > MOST_BODY:
        fields["body"] = f"正文超过 {MOST_BODY} 字，请分成几个单元。"
    wanted = markup.image_ids(body)
    known = set(
        Material.objects.filter(
            pk__in=wanted, kind=MaterialKind.IMAGE, organisation_id=version.course.organisation_id
        ).values_list("pk", flat=True)
    )
    missing = [str(image) for image in wanted if image not in known]
    if missing:
        fields["body"] = f"正文里的图片 {'、'.join(missing)} 不存在，请从图片列表里选择。"


def _swap[Placed: (Chapter, Unit)](siblings: list[Placed], one: Placed, direction: Direction) -> bool:
    at = next(index for index, other in enumerate(siblings) if other.pk == one.pk)
    to = at + (1 if direction == "down" else -1)
    if not 0 <= to < len(siblings):
        return False
    other = siblings[to]
    here, there = one.position, other.position
    _place(one, siblings[-1].position + 1)
    _place(other, here)
    _place(one, there)
    return True


def _place(one: Chapter | Unit, position: int) -> None:
    one.position = position
    one.save(update_fields=["position"])


def _enter(unit: Unit, chapter: Chapter, *, first: bool) -> None:
    """Put a unit into another chapter, as its first or its last."""
    there = list(Unit.objects.filter(chapter=chapter).order_by("-position"))
    if first:
        for other in there:  # from the last, so that no two ever share a place
            _place(other, other.position + 1)
    unit.chapter = chapter
    unit.position = (there[-1].position - 1 if first else there[0].position + 1) if there else 1
    unit.save(update_fields=["chapter", "position"])


def _title(title: str) -> str:
    title = title.strip()
    if not 1 <= len(title) <= 120:
        raise Invalid("catalogue.title", "请填写名称，不超过 120 字。", fields={"title": "请填写名称，不超过 120 字。"})
    return title


def _chapter(actor: Actor, chapter_id: int) -> Chapter:
    chapter = Chapter.objects.filter(pk=chapter_id).first()
    if chapter is None:
        raise NotFound("catalogue.chapter_not_found", "没有找到这一章，可能已被删除，请刷新页面。")
    chapter.version = lock_editable(actor, chapter.version_id)
    chapter.refresh_from_db(fields=["position", "title"])
    return chapter


def _unit(actor: Actor, unit_id: int) -> Unit:
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise NotFound("catalogue.unit_not_found", "没有找到这个单元，可能已被删除，请刷新页面。")
    unit.version = lock_editable(actor, unit.version_id)
    unit.refresh_from_db(fields=["position", "chapter"])
    return unit


def _tested_unit(actor: Actor, unit_id: int) -> Unit:
    unit = _unit(actor, unit_id)
    if unit.kind not in TESTED_KINDS:
        raise Invalid("catalogue.not_a_self_test", "只有自测、文档和图文单元可以添加题目。")
    return unit


def _question(unit: Unit, question_id: int) -> SelfTestQuestion:
    found = SelfTestQuestion.objects.filter(pk=question_id, unit=unit).first()
    if found is None:
        raise NotFound("catalogue.question_not_found", "没有找到这道题，可能已被删除，请刷新页面。")
    return found


def _last_question(unit: Unit) -> int:
    return unit.questions.aggregate(last=Max("position"))["last"] or 0


def _check_room(unit: Unit, more: int) -> None:
    if unit.questions.count() + more > MOST_QUESTIONS:
        raise Invalid("catalogue.too_many_questions", f"一个自测最多 {MOST_QUESTIONS} 道题。")
