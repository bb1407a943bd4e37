"""Blueprints: rules from which each attempt draws its own paper; finish, copy, retire."""

import datetime as dt
from dataclasses import asdict
from decimal import Decimal

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import PAPER_TRANSITIONS, Kind, MultipleRule, PaperState, RuleFacts
from zhenxue.exams.models import Blueprint, BlueprintRule, Question, QuestionBank
from zhenxue.exams.operations.marking import digest_of, is_score, points
from zhenxue.exams.operations.planning import MOST_RULES, Plan, plan_of
from zhenxue.exams.policies import check_can_change_blueprint, check_can_write
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid

LONGEST_PART = 30


def create_blueprint(
    *,
    actor: Actor,
    title: str,
    now: dt.datetime,
    multiple_rule: str = MultipleRule.ALL,
    tolerance: Decimal = Decimal("0.20"),
    difficulty: Decimal | None = None,
    rules: tuple[RuleFacts, ...] = (),
) -> Blueprint:
    """A draft of the actor's organisation. Without a target ``difficulty`` it is what the questions come to."""
    organisation = actor.organisation_id
    check_can_write(actor, organisation)
    assert organisation is not None
    values = _checked(title, multiple_rule, tolerance, difficulty)
    try:
        with transaction.atomic():
            blueprint = Blueprint.objects.create(organisation_id=organisation, created_at=now, **values)
            for facts in rules:
                put_rule(actor=actor, blueprint=blueprint, facts=facts)
    except IntegrityError as error:
        raise _title_taken() from error
    return blueprint


def change_blueprint(
    *,
    actor: Actor,
    blueprint: Blueprint,
    title: str,
    multiple_rule: str,
    tolerance: Decimal,
    difficulty: Decimal | None,
) -> Blueprint:
    """Changes the settings of a draft; raises ``Invalid`` by field."""
    values = _checked(title, multiple_rule, tolerance, difficulty)
    try:
        with transaction.atomic():
            blueprint = _locked(actor, blueprint)
            for name, value in values.items():
                setattr(blueprint, name, value)
            blueprint.save(update_fields=list(values))
    except IntegrityError as error:
        raise _title_taken() from error
    return blueprint


def put_rule(*, actor: Actor, blueprint: Blueprint, facts: RuleFacts, position: int | None = None) -> BlueprintRule:
    """Adds a rule at the end, or changes the one at a ``position``; raises ``Invalid`` by field."""
    with transaction.atomic():
        blueprint = _locked(actor, blueprint)
        _check_rule(blueprint, facts)
        values = {**asdict(facts), "part": facts.part.strip()}
        if position is None:
            position = blueprint.rules.count() + 1
            if position > MOST_RULES:
                raise Invalid("exams.rules_full", f"一个方案最多 {MOST_RULES} 条规则。")
        elif not blueprint.rules.filter(position=position).exists():
            raise Conflict("exams.rule_gone", "这条规则已经不在了，请刷新页面。")
        rule, _ = BlueprintRule.objects.update_or_create(blueprint=blueprint, position=position, defaults=values)
        _count(blueprint)
    return rule


def remove_rule(*, actor: Actor, blueprint: Blueprint, position: int) -> None:
    """Takes a rule out and closes the gap; one that is not there changes nothing."""
    with transaction.atomic():
        blueprint = _locked(actor, blueprint)
        blueprint.rules.filter(position=position).delete()
        for rule in blueprint.rules.filter(position__gt=position).order_by("position"):
            BlueprintRule.objects.filter(pk=rule.pk).update(position=rule.position - 1)
        _count(blueprint)


def shift_rule(*, actor: Actor, blueprint: Blueprint, position: int, step: int) -> None:
    """Moves a rule up (-1) or down (1) by one; at the ends nothing changes."""
    with transaction.atomic():
        blueprint = _locked(actor, blueprint)
        rows = {rule.position: rule.pk for rule in blueprint.rules.all()}
        if position not in rows or position + step not in rows:
            return
        moving, other = rows[position], rows[position + step]
        BlueprintRule.objects.filter(pk=moving).update(position=0)  # each position is unique at every moment
        BlueprintRule.objects.filter(pk=other).update(position=position)
        BlueprintRule.objects.filter(pk=moving).update(position=position + step)


def finish_blueprint(*, actor: Actor, blueprint: Blueprint, now: dt.datetime) -> Blueprint:
    """Makes a blueprint final: the questions it may draw are frozen, and their digest is in the log.

    Raises ``Invalid`` with the words when its rules cannot be met. A second click changes nothing.
    """
    check_can_write(actor, blueprint.organisation_id)
    with transaction.atomic():
        blueprint = Blueprint.objects.select_for_update().get(pk=blueprint.pk)
        if blueprint.state == PaperState.FINAL:
            return blueprint
        if PaperState.FINAL not in PAPER_TRANSITIONS[PaperState(blueprint.state)]:
            raise Conflict("exams.blueprint_state", "这个组卷方案已停用，不能定稿。")
        plan = plan_of(blueprint)
        if plan.problems:
            raise Invalid("exams.blueprint_short", "还不能定稿：" + "".join(plan.problems))
        _freeze(blueprint, plan, now)
        evidence.record(
            kind="exams.blueprint_made",
            actor=actor,
            subject=f"blueprint:{blueprint.pk}",
            about=[f"organisation:{blueprint.organisation_id}"],
            body={
                "questions": blueprint.questions,
                "total": points(blueprint.total),
                "pool": len(blueprint.pool_ids),
                "difficulty": str(blueprint.difficulty),
                "tolerance": str(blueprint.tolerance),
                "content_sha256": blueprint.digest,
            },
            now=now,
        )
    return blueprint


def copy_blueprint(*, actor: Actor, blueprint: Blueprint, title: str, now: dt.datetime) -> Blueprint:
    """A new draft with the same settings and rules; what it may draw is looked up anew when that is finished."""
    check_can_write(actor, blueprint.organisation_id)
    rules = tuple(
        RuleFacts(one.bank_id, one.kind, one.count, one.score, one.part, one.point_id, one.lowest, one.highest)
        for one in blueprint.rules.order_by("position")
    )
    return create_blueprint(
        actor=actor,
        title=title,
        multiple_rule=blueprint.multiple_rule,
        tolerance=blueprint.tolerance,
        difficulty=blueprint.difficulty,
        rules=rules,
        now=now,
    )


def retire_blueprint(*, actor: Actor, blueprint: Blueprint) -> None:
    """Hides a final blueprint from new exams; those arranged go on. A second click changes nothing."""
    check_can_write(actor, blueprint.organisation_id)
    Blueprint.objects.filter(pk=blueprint.pk, state=PaperState.FINAL).update(state=PaperState.RETIRED)


def blueprint_digest(blueprint: Blueprint) -> str:
    """SHA-256 over rules, settings, and the whole content of every question that may be drawn."""
    rules = [
        [one.position, one.part, one.kind, one.count, points(one.score)] for one in blueprint.rules.order_by("position")
    ]
    questions = Question.objects.filter(pk__in=blueprint.pool_ids).order_by("pk")
    columns = ("pk", "number", "version", "kind", "stem", "body", "key", "difficulty")
    content = [list(row) for row in questions.values_list(*columns)]
    settings = [blueprint.multiple_rule, str(blueprint.difficulty), str(blueprint.tolerance)]
    return digest_of([settings, rules, blueprint.pool, content])


def _freeze(blueprint: Blueprint, plan: Plan, now: dt.datetime) -> None:
    blueprint.total, blueprint.questions = plan.total, plan.questions
    blueprint.difficulty = plan.target
    blueprint.pool = [[[level, list(ids)] for level, ids in rule.pool.items()] for rule in plan.rules]
    blueprint.digest = blueprint_digest(blueprint)
    blueprint.state, blueprint.finished_at = PaperState.FINAL, now
    blueprint.save()


def _check_rule(blueprint: Blueprint, facts: RuleFacts) -> None:
    wrong: dict[str, str] = {}
    if facts.kind not in {one.value for one in Kind}:
        wrong["kind"] = "请选择题型。"
    if not QuestionBank.objects.filter(pk=facts.bank_id, organisation=blueprint.organisation_id).exists():
        wrong["bank"] = "请选择本机构的题库。"
    if not 1 <= facts.count <= 200:
        wrong["count"] = "题数应在 1 到 200 之间。"
    if not is_score(facts.score):
        wrong["score"] = "每题分值应大于 0、不超过 100，最多一位小数。"
    if not 1 <= facts.lowest <= facts.highest <= 5:
        wrong["highest"] = "难度从 1（易）到 5（难），最高难度不能低于最低难度。"
    if len(facts.part.strip()) > LONGEST_PART:
        wrong["part"] = f"部分的名称最多 {LONGEST_PART} 个字。"
    if facts.point_id and not Question.objects.filter(bank_id=facts.bank_id, point_id=facts.point_id).exists():
        wrong["point"] = "这个题库里没有属于该考核点的题。"
    if wrong:
        raise Invalid("exams.rule", "规则还不完整：" + "".join(wrong.values()), fields=wrong)


def _checked(title: str, multiple_rule: str, tolerance: Decimal, difficulty: Decimal | None) -> dict[str, object]:
    wrong: dict[str, str] = {}
    if not title.strip():
        wrong["title"] = "请填写组卷方案名称。"
    if not 0 <= tolerance <= 2:
        wrong["tolerance"] = "难度允差应在 0 到 2 之间。"
    if difficulty is not None and not 1 <= difficulty <= 5:
        wrong["difficulty"] = "目标难度应在 1（易）到 5（难）之间，也可以不填。"
    if wrong:
        raise Invalid("exams.blueprint", "".join(wrong.values()), fields=wrong)
    return {
        "title": title.strip(),
        "multiple_rule": multiple_rule,
        "tolerance": tolerance,
        "difficulty": difficulty,
    }


def _title_taken() -> Invalid:
    message = "本机构已有同名组卷方案，请换一个名称。"
    return Invalid("exams.blueprint_taken", message, fields={"title": message})


def _locked(actor: Actor, blueprint: Blueprint) -> Blueprint:
    fresh = Blueprint.objects.select_for_update().get(pk=blueprint.pk)
    check_can_change_blueprint(actor, fresh)
    return fresh


def _count(blueprint: Blueprint) -> None:
    rules = list(blueprint.rules.values_list("count", "score"))
    total = sum((count * score for count, score in rules), Decimal(0))
    Blueprint.objects.filter(pk=blueprint.pk).update(total=total, questions=sum(count for count, _ in rules))
