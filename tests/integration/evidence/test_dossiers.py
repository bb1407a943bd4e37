"""Dossiers from asking to taking: built, sealed, checked by the independent tool, refused, removed."""

import io
import json
import zipfile

import pytest

import zhenxue_verify
from tests.factories.dossiers import LATER, file_of, make_dossier
from tests.factories.evidence import make_entry, make_log
from zhenxue.evidence.queries import log_verifier


def check(content: bytes, *, trusted: bool = True) -> zhenxue_verify.Report:
    keys = [zhenxue_verify.read_key(str(log_verifier()), zhenxue_verify.LOG_KEY)] if trusted else []
    return zhenxue_verify.check_dossier(io.BytesIO(content), log_keys=keys, now=LATER)


@pytest.mark.django_db
def test_a_dossier_holds_every_entry_of_its_subject_and_verifies_without_the_platform() -> None:
    make_log(30)
    for number in range(300):
        make_entry(number, subject="cohort:2", about=())
    make_entry(31)
    dossier = make_dossier()
    assert (dossier.state, dossier.failure, dossier.done, dossier.total) == ("ready", "", 32, 32)
    report = check(file_of(dossier).read_bytes())
    assert report.faults == []
    assert report.status == 0
    with zipfile.ZipFile(file_of(dossier)) as archive:
        rows = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
        summary = archive.read("summary.html").decode()
    assert [row["number"] for row in rows[:30]] == list(range(1, 31))
    assert len(rows) == 32
    assert rows[0]["private"]["note"]["value"] == "自述"
    assert "测试1班" in summary
    assert "王小明" in summary
    assert check(file_of(dossier).read_bytes(), trusted=False).status == 3
