"""Timelines and single entries: newest first, only what was asked for, in words, with the state of the proof."""

import hashlib
import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template.loader import render_to_string

from tests.factories.evidence import NOW, Person, make_entry, make_log
from zhenxue.evidence import api as evidence
from zhenxue.evidence import data
from zhenxue.evidence.models import Checkpoint, Entry, Tile
from zhenxue.evidence.queries import log_verifier
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.proofs import check_inclusion


@pytest.mark.django_db
def test_a_timeline_shows_what_happened_by_whom_with_its_proof() -> None:
    make_entry(1)
    evidence.integrate(NOW)
    make_entry(2, note=None)
    newest, oldest = evidence.list_entries(refs=["enrolment:5"])
    assert (newest.proof.label, newest.proof.tone, newest.number) == ("未入链", "wait", None)
    assert (oldest.proof.label, oldest.proof.tone, oldest.number) == ("已存证 第 1 号", "proof", 1)
    assert (oldest.label, oldest.who, oldest.at, oldest.subject) == ("发生了一件事", "王小明（学员）", NOW, "cohort:1")
    assert oldest.lines == (("序号", "1"), ("备注", "自述"))
    assert newest.lines == (("序号", "2"),)
    assert oldest.refs == ("cohort:1", "enrolment:5", "person:3")


@pytest.mark.django_db
def test_a_timeline_holds_only_what_was_asked_for() -> None:
    for number in range(1, 6):
        make_entry(number, subject=f"cohort:{number}", about=["organisation:1"])
    assert [entry.subject for entry in evidence.list_entries(refs=["cohort:2", "cohort:4"])] == ["cohort:4", "cohort:2"]
    assert evidence.list_entries(refs=[]) == []
    assert evidence.list_entries(refs=["cohort:9"]) == []
    assert evidence.list_entries(kinds=["tests.other"]) == []
    assert len(evidence.list_entries(kinds=["tests.happened"])) == 5
    assert evidence.count_entries(refs=["organisation:1", "cohort:1"]) == 5
    first = evidence.list_entries(refs=["organisation:1"], limit=2)
    rest = evidence.list_entries(refs=["organisation:1"], before=first[-1].id)
    assert [entry.subject for entry in (*first, *rest)] == [f"cohort:{number}" for number in (5, 4, 3, 2, 1)]


@pytest.mark.django_db
def test_a_timeline_of_many_rows_takes_one_query(django_assert_num_queries: Any) -> None:
    make_log(30)
    with django_assert_num_queries(1):
        assert len(evidence.list_entries(refs=["enrolment:5", "cohort:1"])) == 30


@pytest.mark.django_db
def test_an_entry_of_a_kind_nobody_knows_any_more_and_without_a_name_still_shows(monkeypatch: Any) -> None:
    entry = make_entry(1)
    evidence.erase(entry_id=entry.id, fields=["actor"], reason="申请", actor=Person(), now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(data, "_kinds", {})
        shown = evidence.list_entries(refs=["enrolment:5"])[-1]
    assert (shown.label, shown.who, shown.lines) == ("tests.happened", "（姓名已删除，账号 7）", ())


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 2, 128, 257, 300])
def test_one_entry_comes_with_a_proof_that_holds(number: int) -> None:
    make_log(300)
    detail = evidence.get_entry(number)
    digest = hashlib.sha256(bytes.fromhex(detail.salt) + detail.envelope.encode()).digest()
    assert digest.hex() == detail.digest
    assert leaf_hash(digest).hex() == detail.leaf_hash
    check_inclusion(
        leaf=leaf_hash(digest),
        index=number - 1,
        size=detail.tree_size,
        proof=[bytes.fromhex(node) for node in detail.path],
        root=bytes.fromhex(detail.root),
    )
    assert detail.fault == ""
    assert detail.body == {"n": number, "note": "自述"}
    assert detail.checkpoint.splitlines()[1] == "300"


@pytest.mark.django_db
def test_a_projection_reads_every_body_of_its_kinds_oldest_first() -> None:
    make_log(2)
    entry = make_entry(3)
    evidence.erase(entry_id=entry.id, fields=["note"], reason="申请", actor=Person(), now=NOW)
    read = list(evidence.iterate_bodies(kinds=["tests.happened"]))
    assert [(one.number, one.body) for one in read] == [
        (1, {"n": 1, "note": "自述"}),
        (2, {"n": 2, "note": "自述"}),
        (None, {"n": 3}),
    ]
    assert (read[0].kind, read[0].subject, read[0].at, read[0].account_id) == ("tests.happened", "cohort:1", NOW, 7)
    assert list(evidence.iterate_bodies(kinds=[])) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("unguarded")
def test_an_entry_whose_proof_does_not_hold_is_never_shown_as_proven() -> None:
    make_log(5)
    tile = bytes(Tile.objects.get().hashes)
    note = Checkpoint.objects.get().note
    assert "全部相符" in render_to_string("evidence/_entry.html", {"detail": evidence.get_entry(2)})
    Tile.objects.update(hashes=b"\x00" * 32 + tile[32:])
    assert "存证链被改动过" in evidence.get_entry(2).fault
    Tile.objects.update(hashes=tile)
    Checkpoint.objects.update(note=note.replace("\n5\n", "\n6\n"))
    assert "存证链被改动过" in evidence.get_entry(2).fault
    Checkpoint.objects.update(note=note)
    Entry.objects.filter(number=2).update(salt=b"\x00" * 32)
    assert "这条存证被改动过" in evidence.get_entry(2).fault
    page = render_to_string("evidence/_entry.html", {"detail": evidence.get_entry(2)})
    assert "这条存证不能证明" in page
    assert "全部相符" not in page
    assert evidence.get_entry(3).fault == ""


@pytest.mark.django_db
def test_an_entry_that_is_not_in_the_log_is_not_found() -> None:
    with pytest.raises(NotFound):
        evidence.get_entry(1)
    make_log(2)
    make_entry(3)
    for number in (-1, 0, 3, 10**30):
        with pytest.raises(NotFound):
            evidence.get_entry(number)


def test_nobody_may_open_an_entry_until_a_rule_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_viewers", [])
    with pytest.raises(NotFound):
        evidence.check_can_view("bureau", ["cohort:1"])
    evidence.register_viewer(lambda actor, refs: actor == "bureau" and "cohort:1" in refs)
    evidence.check_can_view("bureau", ["person:1", "cohort:1"])
    assert evidence.can_view("bureau", ["cohort:1"])
    assert not evidence.can_view("bureau", ["cohort:2"])
    with pytest.raises(NotFound):
        evidence.check_can_view("learner", ["cohort:1"])


@pytest.mark.django_db
def test_the_fragments_show_entries_in_chinese_and_escape_what_people_wrote() -> None:
    make_entry(1, note="<b>自述</b>")
    evidence.integrate(NOW)
    make_entry(2)
    page = render_to_string("evidence/_timeline.html", {"entries": evidence.list_entries(refs=["enrolment:5"])})
    assert page.count("<li") == 2
    for words in ("发生了一件事", "已存证 第 1 号", "未入链", "2026-03-02 09:00", "王小明（学员）", "&lt;b&gt;自述"):
        assert words in page
    assert "<b>" not in page
    assert "还没有存证" in render_to_string("evidence/_timeline.html", {"entries": []})
    detail = evidence.get_entry(1)
    page = render_to_string("evidence/_entry.html", {"detail": detail})
    for words in (detail.digest, detail.root, detail.salt, "只有一条存证", "第 1 号，共 1 条", "log.zhenxue.example"):
        assert words in page


@pytest.mark.parametrize(("name", "value"), [("LOG_KEY", "33"), ("LOG_KEY", "not hex"), ("LOG_ORIGIN", "two words")])
def test_a_wrong_key_or_origin_is_refused_by_its_name(settings: Any, name: str, value: str) -> None:
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=f"ZHENXUE_{name}"):
        log_verifier()


@pytest.mark.django_db
def test_the_state_of_the_log_is_told_in_figures() -> None:
    assert evidence.describe_log().signed_at is None
    make_log(3)
    make_entry(4)
    state = evidence.describe_log()
    assert (state.size, state.waiting, state.signed_at) == (3, 1, NOW)
    assert state.key.startswith(f"{state.origin}+")
    assert json.loads(Entry.objects.get(number=1).envelope)["v"] == 1
