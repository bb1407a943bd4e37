"""Prompts of a unit: an author attaches questions to moments; they are frozen with the version."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tests.factories.catalogue import make_draft_version
from tests.factories.courses import TEXT, publish
from tests.factories.identity import NOW, client_for, make_provider
from tests.support.catalogue import at, text_of
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.models import UnitPrompt
from zhenxue.identity.data import Actor
from zhenxue.identity.models import Organisation
from zhenxue.kernel.errors import Conflict

pytestmark = pytest.mark.django_db
QUESTION = {"at": "1:20", "kind": "single", "stem": "先开什么？", "options": "灯\n窗", "answer": "A"}


def test_an_author_attaches_a_prompt_to_a_moment_and_mends_it(
    page: Client, provider: Organisation, author: Actor
) -> None:
    version = make_draft_version(provider, units=[TEXT], actor=author)
    unit = version.units.get()
    assert at("prompts", unit.pk) in text_of(page.get(at("edit_unit", unit.pk)))
    for wrong, words in (
        ({"at": "soon"}, "分:秒"),
        ({"at": "59:00"}, "时间点要在"),
        ({"answer": "C"}, "没有对应的选项"),
    ):
        refused = page.post(at("prompts", unit.pk), QUESTION | wrong)
        assert refused.status_code == 422
        assert words in text_of(refused)
    page.post(at("prompts", unit.pk), QUESTION)
    again = page.post(at("prompts", unit.pk), QUESTION)
    assert "已经有一道" in text_of(again)
    prompt = UnitPrompt.objects.get()
    assert (prompt.at_ms, prompt.answer) == (80_000, ["A"])
    page.post(at("edit_prompt", unit.pk, prompt.pk), QUESTION | {"at": "2:00"})
    assert [one.pk for one in catalogue.prompts_shown(unit.pk, from_ms=0, to_ms=120_000)] == [prompt.pk]
    assert not catalogue.prompts_shown(unit.pk, from_ms=120_000, to_ms=240_000)
    assert "先开什么" in text_of(page.get(at("unit", unit.pk)))
    stranger = client_for(make_provider())
    assert stranger.get(at("prompts", unit.pk)).status_code == 404
    assert "确定删除" in text_of(page.get(at("delete_prompt", unit.pk, prompt.pk)))
    page.post(at("delete_prompt", unit.pk, prompt.pk))
    assert not UnitPrompt.objects.exists()


def test_prompts_are_frozen_and_copied_with_the_version(provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, units=[TEXT], actor=author)
    unit = version.units.get()
    draft, _ = catalogue.make_draft(kind="true_false", stem="先开灯", options=[], answer="对")
    assert draft
    before = catalogue.digest_of(version)
    prompt = catalogue.save_prompt(actor=author, unit_id=unit.pk, at_seconds=30, draft=draft)
    assert catalogue.digest_of(version) != before
    publish(author, version)
    with pytest.raises(Conflict):
        catalogue.save_prompt(actor=author, unit_id=unit.pk, at_seconds=40, draft=draft)
    with pytest.raises(IntegrityError), transaction.atomic():
        UnitPrompt.objects.filter(pk=prompt.pk).update(stem="别的")
    fresh = catalogue.begin_version(actor=author, course_id=version.course_id, now=NOW)
    assert [one.at_ms for one in catalogue.list_prompts(fresh.units.get().pk)] == [30_000]
