"""Recording: with the change or not at all, nothing unknown, nothing personal in what stays for ever."""

import datetime as dt
import hashlib
import json

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories.evidence import HAPPENED, NOW, Person, make_entry
from zhenxue.evidence import api as evidence
from zhenxue.evidence.errors import BadBody, NotInTransaction, UnknownKind
from zhenxue.evidence.models import Entry, EntryRef
from zhenxue.tlog import canonical

BODY = {"n": 1, "done": True, "list": [1, "二", None], "nested": {"a": 1}}


@pytest.mark.django_db
def test_an_entry_holds_what_happened_and_its_digest_can_be_recomputed() -> None:
    entry = make_entry(4, subject="cohort:9", about=["person:3", "enrolment:5", "person:3"])
    entry.refresh_from_db()
    envelope = canonical.loads(entry.envelope.encode())
    assert envelope == {
        "about": ["cohort:9", "enrolment:5", "person:3"],
        "account": 7,
        "at": "2026-03-02T01:00:00.000000Z",
        "body": {"n": 4},
        "kind": "tests.happened",
        "private": {name: part["digest"] for name, part in json.loads(entry.private).items()},
        "subject": "cohort:9",
        "v": 1,
    }
    assert bytes(entry.digest) == hashlib.sha256(bytes(entry.salt) + entry.envelope.encode()).digest()
    assert sorted(EntryRef.objects.values_list("ref", flat=True)) == envelope["about"]
    assert entry.number is None


@pytest.mark.django_db
def test_names_and_free_text_are_logged_only_as_salted_digests() -> None:
    first, second = make_entry(note="很秘密"), make_entry(note="很秘密")
    for entry in (first, second):
        assert "很秘密" not in entry.envelope
        assert "王小明" not in entry.envelope
        part = json.loads(entry.private)["note"]
        salted = bytes.fromhex(part["salt"]) + canonical.dumps({"note": "很秘密"})
        assert part["digest"] == hashlib.sha256(salted).hexdigest()
    assert json.loads(first.private)["note"]["digest"] != json.loads(second.private)["note"]["digest"]
    assert bytes(first.salt) != bytes(second.salt)


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused_and_one_inside_is_rolled_back_with_it() -> None:
    with pytest.raises(NotInTransaction):
        evidence.record(kind=HAPPENED.name, actor=Person(), subject="cohort:1", body={"n": 1}, now=NOW)
    with transaction.atomic():
        make_entry()
        transaction.set_rollback(True)
    assert not Entry.objects.exists()
    make_entry()
    assert Entry.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "tests.unheard_of"}, UnknownKind),
        ({"body": {"hours": 1.5}}, BadBody),
        ({"body": {"note": 0.5}}, BadBody),
        ({"body": {"at": NOW}}, BadBody),
        ({"body": {"big": 2**60}}, BadBody),
        ({"body": {1: "a"}}, BadBody),
        ({"subject": "张三"}, BadBody),
        ({"subject": ""}, BadBody),
        ({"about": ["person 3"]}, BadBody),
        ({"about": ["person:" + "3" * 90]}, BadBody),
        ({"now": dt.datetime(2026, 1, 1)}, BadBody),  # noqa: DTZ001 - a time without a zone is the point
    ],
)
def test_what_cannot_be_logged_is_refused_and_leaves_nothing(change: dict[str, object], error: type[Exception]) -> None:
    right = {"kind": HAPPENED.name, "actor": Person(), "subject": "log", "about": [], "body": BODY, "now": NOW}
    evidence.record(**right)  # type: ignore[arg-type]  # a dict of mixed values, for the table above
    with pytest.raises(error):
        evidence.record(**right | change)  # type: ignore[arg-type]  # wrong on purpose
    assert Entry.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("unguarded")
def test_the_database_itself_refuses_a_number_given_twice_or_below_one() -> None:
    first, second = make_entry(1), make_entry(2)
    evidence.integrate(NOW)
    for number in (1, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            Entry.objects.filter(id=second.id).update(number=number)
    first.refresh_from_db()
    assert first.number == 1


def test_a_kind_means_one_thing() -> None:
    assert evidence.register(HAPPENED) is HAPPENED
    with pytest.raises(ValueError, match="twice"):
        evidence.register(evidence.Kind(HAPPENED.name, "另一件事"))
    with pytest.raises(ValueError, match="actor"):
        evidence.register(evidence.Kind("tests.bad", "坏", erasable=("actor",)))
    assert evidence.find_kind("tests.bad") is None
    assert HAPPENED in evidence.list_kinds()


@pytest.mark.django_db
def test_recording_costs_two_statements_and_one_on_postgresql(django_assert_num_queries: object) -> None:
    count = 1 if connection.vendor == "postgresql" else 2
    with transaction.atomic(), django_assert_num_queries(count):  # type: ignore[operator]  # a fixture without a public type
        evidence.record(kind=HAPPENED.name, actor=Person(), subject="log", about=["a:1", "b:2"], body=BODY, now=NOW)


@pytest.mark.django_db
def test_an_entry_may_be_about_thousands() -> None:
    everybody = [f"person:{number}" for number in range(2_500)]
    entry = make_entry(subject="cohort:9", about=everybody)
    assert sorted(EntryRef.objects.filter(entry=entry).values_list("ref", flat=True)) == sorted(
        [*everybody, "cohort:9"]
    )
    evidence.integrate(NOW)
    assert evidence.verify_log().is_clean


@pytest.mark.django_db(transaction=True)
def test_many_at_once_stand_in_the_log_as_one_by_one_and_in_their_order() -> None:
    person = Person()
    texts = ["第 1 件", 'said "no" \\ {NULL}', ""]
    drafts = [
        evidence.Draft(HAPPENED.name, person, f"cohort:{at}", {"n": at, "note": text}, [f"person:{at}", "cohort:9"])
        for at, text in enumerate(texts)
    ]
    with pytest.raises(NotInTransaction):
        evidence.record_many(drafts, now=NOW)
    with transaction.atomic():
        evidence.record_many([], now=NOW)
        evidence.record_many(drafts, now=NOW)
    entries = list(Entry.objects.order_by("pk"))
    assert [one.subject for one in entries] == ["cohort:0", "cohort:1", "cohort:2"]
    for at, one in enumerate(entries):
        assert (one.kind, one.account_id, one.at) == (HAPPENED.name, person.account_id, NOW)
        assert bytes(one.digest) == hashlib.sha256(bytes(one.salt) + one.envelope.encode()).digest()
        assert json.loads(one.private)["note"]["value"] == texts[at]
        refs = sorted(EntryRef.objects.filter(entry=one).values_list("ref", flat=True))
        assert (
            refs
            == canonical.loads(one.envelope.encode())["about"]
            == sorted({f"cohort:{at}", "cohort:9", f"person:{at}"})
        )
