"""The life of a version after the draft: submitted, returned or published, withdrawn, frozen."""

import datetime as dt
import hashlib
from typing import Any

from django.db import transaction

from zhenxue.catalogue import markup, signals
from zhenxue.catalogue.data import (
    READING_KINDS,
    TESTED_KINDS,
    VERSION_TRANSITIONS,
    MaterialState,
    Problem,
    UnitKind,
    VersionState,
)
from zhenxue.catalogue.models import CourseVersion, Material, Point, Standard, Unit, UnitPrompt
from zhenxue.catalogue.operations.courses import apply_facts, lock_editable, record
from zhenxue.catalogue.policies import check_can_review, check_can_withdraw
from zhenxue.catalogue.queries.courses import facts_of, get_version, get_visible_version, list_chapters, list_questions
from zhenxue.catalogue.queries.prompts import prompts_of_version
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.tlog import canonical


def submit_version(*, actor: Actor, version_id: int, now: dt.datetime) -> CourseVersion:
    """Hand a draft to the reviewers; raises ``Invalid`` with everything that is missing."""
    with transaction.atomic():
        version = lock_editable(actor, version_id)
        _check_complete(version)
        _move(version, VersionState.IN_REVIEW, submitted_at=now, submitted_by_id=actor.account_id)
        record("catalogue.version_submitted", actor, version, {"digest": digest_of(version)}, now)
    return version


def return_version(*, actor: Actor, version_id: int, reason: str, now: dt.datetime) -> CourseVersion:
    """Give it back with reasons (required); the author can write in it again."""
    reason = reason.strip()
    if not reason:
        message = "请写明退回的理由，让作者知道怎么改。"
        raise Invalid("catalogue.return_reason", message, fields={"reason": message})
    with transaction.atomic():
        version = _in_review(actor, version_id)
        _move(version, VersionState.RETURNED, review_note=reason, reviewed_at=now, reviewed_by_id=actor.account_id)
        record("catalogue.version_returned", actor, version, {"reason": reason}, now)
    return version


def publish_version(*, actor: Actor, version_id: int, note: str = "", now: dt.datetime) -> CourseVersion:
    """Publish what was reviewed; from now on its contents never change. The course shows this version's words."""
    with transaction.atomic():
        version = _in_review(actor, version_id)
        _check_complete(version)
        digest = digest_of(version)
        _move(
            version,
            VersionState.PUBLISHED,
            review_note=note.strip(),
            reviewed_at=now,
            reviewed_by_id=actor.account_id,
            published_at=now,
            digest=digest,
        )
        apply_facts(version.course, facts_of(version))
        record("catalogue.version_published", actor, version, {"digest": digest, "reason": note.strip()}, now)
        signals.version_published.send(sender=CourseVersion, version_id=version.pk)
    return version


def withdraw_version(*, actor: Actor, version_id: int, reason: str, now: dt.datetime) -> CourseVersion:
    """Take a published version off the shelf: no new programme may use it; cohorts that have it filed go on."""
    reason = reason.strip()
    if not reason:
        message = "请写明下架的理由。"
        raise Invalid("catalogue.withdraw_reason", message, fields={"reason": message})
    with transaction.atomic():
        CourseVersion.objects.select_for_update().filter(pk=version_id).first()
        version = get_visible_version(actor, version_id)
        check_can_withdraw(actor, version)
        _move(version, VersionState.WITHDRAWN)
        record("catalogue.version_withdrawn", actor, version, {"reason": reason}, now)
    return version


def freeze_version(*, actor: Actor, version_id: int, now: dt.datetime) -> str:
    """Freeze a published version, since a filed cohort uses it; gives the digest of its content. Idempotent.

    Raises ``Conflict`` for a version that is not published, and when the content no longer fits the digest it was
    published with.
    """
    with transaction.atomic():
        CourseVersion.objects.select_for_update().filter(pk=version_id).first()
        version = get_version(version_id)
        if version.frozen_at is None and version.state != VersionState.PUBLISHED:
            raise Conflict("catalogue.freeze_unpublished", f"课程《{version.course.title}》还没有发布，不能用于备案。")
        digest = digest_of(version)
        if version.digest and digest != version.digest:
            raise Conflict(
                "catalogue.content_changed",
                f"课程《{version.course.title}》的内容与发布时不一致，不能用于备案。请联系平台运营机构核查。",
            )
        if version.frozen_at is None:
            version.frozen_at, version.digest = now, digest
            version.save(update_fields=["frozen_at", "digest"])
            record("catalogue.version_frozen", actor, version, {"digest": digest}, now)
    return digest


def find_problems(version: CourseVersion) -> list[Problem]:
    """Everything that must be mended before a version can be submitted, each with its place."""
    facts = facts_of(version)
    problems = [
        Problem(f"课程信息还没有填写“{label}”")
        for label, value in (
            ("适用对象", facts.target_groups),
            ("前置要求（没有要求请写“无”）", facts.prerequisites),
            ("主要学习内容", facts.introduction),
            ("项目特点", facts.features),
            ("培训方式及组织形式", facts.organisation_form),
        )
        if not value
    ]
    chapters = list_chapters(version.pk)
    units: list[Unit] = [unit for chapter in chapters for unit in chapter.unit_list]  # type: ignore[attr-defined]  # set by the query
    if not units:
        problems.append(Problem("课程还没有单元，请至少添加一个"))
    problems += [
        Problem(f"第 {number} 章“{chapter.title}”没有单元，请添加单元或删除这一章")
        for number, chapter in enumerate(chapters, start=1)
        if units and not chapter.unit_list  # type: ignore[attr-defined]  # set by the query
    ]
    for unit in units:
        problems += _unit_problems(unit, facts.standard_id)
    for chapter in chapters:
        problems += _untested(chapter.unit_list)  # type: ignore[attr-defined]  # set by the query
    return problems


def _untested(units: list[Unit]) -> list[Problem]:
    """The reading units of a chapter that no self-test would finish; to learners they would never be done."""
    found = []
    tested = False
    for unit in reversed(units):
        has_questions = bool(unit.question_count)  # type: ignore[attr-defined]  # annotated by the query
        if unit.kind == UnitKind.SELF_TEST:
            tested = tested or has_questions
        elif unit.kind in READING_KINDS and not tested and not has_questions:
            words = f"“{unit.title}”读完后没有小测：给它加几道题，或在本章把一个自测单元放到它后面"
            found.append(Problem(words, unit.pk, in_questions=True))
    return found[::-1]


def _unit_problems(unit: Unit, standard_id: int | None) -> list[Problem]:
    found = []
    if unit.material is not None and unit.material.state != MaterialState.READY:
        found.append(f"“{unit.title}”的素材{MaterialState(unit.material.state).label}")
    if unit.seconds <= 0:
        found.append(f"“{unit.title}”没有学习时长")
    if standard_id is not None and not unit.points.all():
        found.append(f"“{unit.title}”还没有勾选对应的知识点或技能点")
    problems = [Problem(message, unit.pk) for message in found]
    if unit.kind == UnitKind.SELF_TEST and not unit.question_count:  # type: ignore[attr-defined]  # annotated by the query
        problems.append(Problem(f"“{unit.title}”还没有题目", unit.pk, in_questions=True))
    return problems


def content_of(version: CourseVersion) -> dict[str, Any]:
    """The canonical content that the digest stands for; files are named by their SHA-256."""
    facts = facts_of(version)
    standard = Standard.objects.filter(pk=facts.standard_id).first() if facts.standard_id else None
    questions = {unit_id: _questions(unit_id) for unit_id in _tested_units(version)}
    prompts = prompts_of_version(version.pk)
    return {
        "course": version.course_id,
        "number": version.number,
        "facts": {**version.facts, "target_groups": list(facts.target_groups)},
        "standard": {"code": standard.code, "name": standard.name} if standard else None,
        "chapters": [
            {
                "title": chapter.title,
                "units": [
                    _unit_content(unit, questions.get(unit.pk, [])) | _prompts(prompts.get(unit.pk, []))
                    for unit in chapter.unit_list  # type: ignore[attr-defined]  # set by the query
                ],
            }
            for chapter in list_chapters(version.pk)
        ],
    }


def digest_of(version: CourseVersion) -> str:
    """SHA-256 (hex) over the canonical JSON (RFC 8785) of the content."""
    return hashlib.sha256(canonical.dumps(content_of(version))).hexdigest()


def _tested_units(version: CourseVersion) -> list[int]:
    return list(version.units.filter(kind__in=TESTED_KINDS).values_list("pk", flat=True))


def _questions(unit_id: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "stem": one.stem,
            "options": list(one.options),
            "answer": list(one.answer),
            "explanation": one.explanation,
        }
        for one in list_questions(unit_id)
    ]


def _prompts(prompts: list[UnitPrompt]) -> dict[str, Any]:
    """Nothing for a unit without prompts, so that the digests of versions from before there were any stay theirs."""
    rows = [
        {"at_ms": one.at_ms, "kind": one.kind, "stem": one.stem, "options": one.options, "answer": one.answer}
        for one in prompts
    ]
    return {"prompts": rows} if rows else {}


def _unit_content(unit: Unit, questions: list[dict[str, Any]]) -> dict[str, Any]:
    images = Material.objects.filter(pk__in=markup.image_ids(unit.body)).order_by("pk") if unit.body else ()
    points: list[Point] = sorted(unit.points.all(), key=lambda point: point.position)
    return {
        "kind": unit.kind,
        "title": unit.title,
        "seconds": unit.seconds,
        "material": unit.material.sha256 if unit.material else None,
        "body": unit.body,
        "images": [[image.pk, image.sha256] for image in images],
        "points": [point.code for point in points],
        "pass_percent": unit.pass_percent,
        "questions": questions,
    }


def _check_complete(version: CourseVersion) -> None:
    problems = find_problems(version)
    if problems:
        words = "；".join(problem.message for problem in problems[:5])
        more = f"等 {len(problems)} 处" if len(problems) > 5 else ""
        raise Invalid("catalogue.version_incomplete", f"还不能提交审校：{words}{more}。")


def _in_review(actor: Actor, version_id: int) -> CourseVersion:
    CourseVersion.objects.select_for_update().filter(pk=version_id).first()
    version = get_visible_version(actor, version_id)
    check_can_review(actor, version)
    return version


def _move(version: CourseVersion, to: VersionState, **changes: Any) -> None:
    """Change the state if the table of transitions and the row as it is now allow it; else ``Conflict``."""
    here = VersionState(version.state)
    if to not in VERSION_TRANSITIONS[here] or not CourseVersion.objects.filter(pk=version.pk, state=here).update(
        state=to, **changes
    ):
        raise Conflict("catalogue.version_moved_on", "这个版本的状态刚刚变化了，请刷新页面查看。")
    version.refresh_from_db()
