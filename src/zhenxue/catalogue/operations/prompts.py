"""Prompts of a unit: an author attaches a question to a moment; a presence check may ask it shortly after."""

from django.db import transaction

from zhenxue.catalogue.models import Unit, UnitPrompt
from zhenxue.catalogue.operations.courses import lock_editable
from zhenxue.catalogue.queries.prompts import get_prompt
from zhenxue.catalogue.questions import QuestionDraft
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.hours import in_words

MOST_PROMPTS = 100


def save_prompt(
    *, actor: Actor, unit_id: int, at_seconds: int, draft: QuestionDraft, prompt_id: int | None = None
) -> UnitPrompt:
    """Add a prompt, or change one. Raises ``Invalid`` at ``at_seconds`` for a moment outside the unit or taken."""
    with transaction.atomic():
        unit = _unit(actor, unit_id)
        if prompt_id is None and unit.prompts.count() >= MOST_PROMPTS:
            raise Invalid("catalogue.too_many_prompts", f"一个单元最多 {MOST_PROMPTS} 道随堂问题。")
        prompt = UnitPrompt(unit=unit) if prompt_id is None else get_prompt(unit.pk, prompt_id)
        _check_moment(unit, at_seconds, prompt.pk)
        prompt.at_ms = at_seconds * 1000
        prompt.kind, prompt.stem = draft.kind, draft.stem
        prompt.options, prompt.answer = list(draft.options), list(draft.answer)
        prompt.save()
        return prompt


def delete_prompt(*, actor: Actor, unit_id: int, prompt_id: int) -> None:
    with transaction.atomic():
        get_prompt(_unit(actor, unit_id).pk, prompt_id).delete()


def _check_moment(unit: Unit, at_seconds: int, own: int | None) -> None:
    words = ""
    if not 1 <= at_seconds <= max(1, unit.seconds):
        words = f"时间点要在 1 秒到 {in_words(unit.seconds)}之间。"
    elif unit.prompts.filter(at_ms=at_seconds * 1000).exclude(pk=own or 0).exists():
        words = "这一秒已经有一道随堂问题，请换一个时间点。"
    if words:
        raise Invalid("catalogue.prompt_moment", words, fields={"at": words})


def _unit(actor: Actor, unit_id: int) -> Unit:
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise NotFound("catalogue.unit_not_found", "没有找到这个单元，可能已被删除，请刷新页面。")
    unit.version = lock_editable(actor, unit.version_id)
    return unit
