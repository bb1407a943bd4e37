"""Dossiers as people ask for them, about cohorts of entries made by ``factories.evidence``."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from django.db import transaction

from tests.factories.evidence import NOW, Person
from zhenxue.evidence import api as evidence
from zhenxue.evidence.operations import dossiers
from zhenxue.evidence.queries import covers
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound

LATER = NOW + dt.timedelta(hours=1)
READER = Person(7, "王小明（学员）")
STRANGER = Person(8, "李四（教师）")


@dataclass(frozen=True)
class Rule:
    """A kind of dossier for tests: only the reader may have it, and only of small numbers."""

    def find(self, actor: Person, number: int, with_names: bool) -> evidence.DossierSubject:
        if actor.account_id != READER.account_id or number > 100:
            raise NotFound("tests.not_found", "没有找到。")
        return evidence.DossierSubject(f"测试{number}班", ("organisation:9",), f"/cohorts/{number}/")

    def cover(self, number: int, with_names: bool) -> evidence.Cover:
        rows = (("王小明" if with_names else "王*明", "40"),)
        return evidence.Cover((("机构", "测试机构"),), (evidence.Table("学员", ("姓名", "学时"), rows),))


@contextmanager
def known_kind(*, asks_reason: bool = False) -> Iterator[None]:
    """Dossiers about ``cohort:N`` follow ``Rule`` as long as this lasts."""
    rule = Rule()
    kind = evidence.DossierKind("cohort", "班期", rule.find, lambda actor: asks_reason, rule.cover)
    with patch.dict(covers._kinds, {"cohort": kind}):
        yield


def make_dossier(ref: str = "cohort:1", *, with_names: bool = True, now: dt.datetime = LATER) -> evidence.Dossier:
    """A finished dossier; what the worker would do is done at once."""
    with known_kind():
        with transaction.atomic():
            dossier, _ = evidence.request_dossier(actor=READER, ref=ref, with_names=with_names, reason="", now=now)
        dossiers.build_dossier(dossier_id=dossier.pk, clock=lambda: now)
        dossiers.finish_dossier(dossier_id=dossier.pk, now=now, patient=False)
    dossier.refresh_from_db()
    return dossier


def file_of(dossier: evidence.Dossier) -> Path:
    """Its zip."""
    return storage.full_path(dossier.path)
