"""Prompts: what a presence check may ask about what was just shown."""

from zhenxue.catalogue.models import UnitPrompt
from zhenxue.kernel.errors import NotFound


def list_prompts(unit_id: int) -> list[UnitPrompt]:
    """A unit's prompts in the order of their moments."""
    return list(UnitPrompt.objects.filter(unit_id=unit_id).order_by("at_ms"))


def prompts_of_version(version_id: int) -> dict[int, list[UnitPrompt]]:
    """The prompts of a version's units, by unit, in order. One query."""
    found: dict[int, list[UnitPrompt]] = {}
    for prompt in UnitPrompt.objects.filter(unit__version_id=version_id).order_by("unit_id", "at_ms"):
        found.setdefault(prompt.unit_id, []).append(prompt)
    return found


def prompts_shown(unit_id: int, *, from_ms: int, to_ms: int) -> list[UnitPrompt]:
    """The prompts of the stretch after ``from_ms`` up to and with ``to_ms``, in order."""
    return list(UnitPrompt.objects.filter(unit_id=unit_id, at_ms__gt=from_ms, at_ms__lte=to_ms).order_by("at_ms"))


def get_prompt(unit_id: int, prompt_id: int) -> UnitPrompt:
    """A prompt of a unit, or ``NotFound``."""
    found = UnitPrompt.objects.filter(pk=prompt_id, unit_id=unit_id).first()
    if found is None:
        raise NotFound("catalogue.prompt_not_found", "没有找到这道随堂问题，可能已被删除，请刷新页面。")
    return found
