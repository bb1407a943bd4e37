"""Cheats with files: scripts in every format of questions, bombs, entities, names that climb, evidence that runs."""

import io
import os
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.adversary import exam_files as files
from tests.adversary.bots import Browser
from tests.adversary.exam_pages import Page, bank_of, listener, peak, said_of, upload
from tests.adversary.exams import begin, go_to, send
from tests.adversary.reporting import Report
from tests.adversary.world import World
from tests.factories.exams import CLOSES, OPENS, SITTING
from tests.factories.exams_kinds import picture
from tests.factories.exams_marking import make_practical, short_answer
from tests.factories.identity import NOW
from tests.factories.training import Running
from zhenxue.exams import api as exams
from zhenxue.exams.models import QuestionAsset, ScoreEvidence
from zhenxue.exams.operations.banks import add_question

#: What reading a small file may take beyond what the process has.
MOST_MIB = 250
_classes: list[Running] = []


@pytest.fixture
def running(world: World) -> Running:
    """One class for all tests here."""
    if not _classes:
        _classes.append(world.running(2))
    return _classes[0]


@pytest.fixture
def manager(world: World, running: Running) -> Browser:
    return Browser(world, world.staff(running.manager)).sign_in(bind=False)


def test_no_file_makes_the_site_read_a_file_or_an_address(
    world: World, report: Report, running: Running, manager: Browser
) -> None:
    bank, seen = bank_of(running, "外部实体"), set()
    with listener() as (address, asked):
        for target in ("file:///etc/passwd", address):
            bad = files.outside(target)
            picture_there = f"<![CDATA[<img src='{target}'>看？]]>"
            linked = (
                "word/_rels/document.xml.rels",
                f'<r><Relationship Id="a" Target="{target}" TargetMode="External"/></r>',
            )
            for name, data in (
                ("题.xml", files.quiz("&a;", bad)),
                ("题.xml", files.quiz("看？", f'<!DOCTYPE quiz SYSTEM "{target}">')),
                ("题.xml", files.quiz(picture_there)),
                ("题.zip", files.item("<p>&a;</p>", bad)),
                ("题.zip", files.item(f'<p>看？</p><img src="{target}"/><object data="{target}"/>')),
                ("题.zip", files.item(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{target}"/>')),
                ("题.docx", files.document("<w:p><w:r><w:t>&a;</w:t></w:r></w:p>", bad)),
                ("题.docx", files.package([linked, ("word/document.xml", "<x/>")])),
                (
                    "题.xlsx",
                    files.workbook(
                        files.sheet("<row r='3'><c t='inlineStr'><is><t>&a;</t></is></c></row>", before=bad)
                    ),
                ),
                ("题.xlsx", files.workbook("", ("xl/sharedStrings.xml", f"<!--{'x' * 9_000}-->{bad}<sst/>"))),
                ("题.xlsx", files.workbook("", ("xl/workbook.xml", f"{bad}<workbook>&a;</workbook>"))),
                ("题.svg", f"{bad}<svg>&a;</svg>".encode()),
            ):
                reply = upload(manager, f"/banks/{bank.pk}/import/", "file", name, data)
                seen.add(reply.status)
                if reply.status == 302:
                    reply = manager.get(reply.headers["location"])
                assert "root:" not in reply.text
        time.sleep(0)
        assert asked == []
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2].strip("/")))) as line:
            line.sendall(b"here")
    assert asked == [b"here"]
    assert seen == {302, 422}
    report.bad_input(
        "External entities and addresses in files of questions",
        sent="entities, parameter entities, DTDs, includes, pictures and relations that name /etc/passwd or an address "
        "of this machine, in Moodle XML, QTI, docx and xlsx",
        did="no request arrives at the address, nothing of the file is shown",
        answered="422 that says what to take out, or a question refused with its reason",
    )


def test_bombs_cost_little_and_are_named(world: World, report: Report, running: Running, manager: Browser) -> None:
    """The site runs in this process: its memory and processor time are measured here."""
    bank = bank_of(running, "炸弹")
    good = upload(manager, f"/banks/{bank.pk}/import/", "file", "题.xlsx", files.workbook())
    assert "可以导入" in manager.get(good.headers["location"]).text
    cases = files.bombs() | files.many_rows()
    for name, (file, data, words) in cases.items():
        began = time.process_time()

        def send_it(file: str = file, data: bytes = data) -> str:
            return said_of(manager, upload(manager, f"/banks/{bank.pk}/import/", "file", file, data))

        said, grown = peak(send_it)
        assert words in said, (name, said[:3000])
        assert grown < MOST_MIB, f"{name}: {grown} MiB"
        assert time.process_time() - began < 8, name
    report.bad_input(
        "Bombs in files of questions",
        sent="zips that unpack to 210 MB, nested and lying ones, millions of elements and rows, far rows, merges over "
        "each other, laughing, long and deep XML, tags that never end, a picture of 900 million pixels",
        did=f"each takes less than {MOST_MIB} MB and a few seconds; nothing enters the bank",
        answered="422, or the item or the file refused with words that say what to do",
    )


def test_names_that_climb_and_links_stay_inside(
    world: World, report: Report, running: Running, manager: Browser
) -> None:
    bank, inside = bank_of(running, "路径"), world.files.parent
    before = {one for one in inside.rglob("*") if one.is_file()}
    asked = (
        '<choiceInteraction responseIdentifier="R"><simpleChoice identifier="A">甲</simpleChoice></choiceInteraction>'
    )

    def showing(name: str) -> str:
        return files.bare(f'<p>看？</p><img src="{name}"/>{asked}')

    for name in (
        "../../../tmp/zx-evil.png",
        "/tmp/zx-evil.png",
        "..\\..\\zx-evil.png",
        "C:\\zx-evil.png",
        "a/../../zx-evil.png",
    ):
        data = files.package([("a.xml", showing(name)), (name, picture()), (f"../{name}.xml", showing(name))])
        reply = upload(manager, f"/banks/{bank.pk}/import/", "file", f"../{name}.zip", data)
        said = said_of(manager, reply)
        assert "压缩包里没有" in said or "网上的文件" in said, name
    link = files.package([("a.xml", showing("p.png")), files.symlink("p.png", "/etc/passwd")])
    said = said_of(manager, upload(manager, f"/banks/{bank.pk}/import/", "file", "题.zip", link))
    assert "不是能用的图片" in said
    assert "root:" not in said
    assert not bank.questions.exists()
    after = {one for one in inside.rglob("*") if one.is_file()}
    assert {one.relative_to(inside).parts[0] for one in after - before} <= {
        "files",
        "site.sqlite3-wal",
        "site.sqlite3-shm",
    }
    assert not [one for one in (Path("/tmp"), Path.cwd(), inside) if list(one.glob("zx-evil*"))]
    report.bad_input(
        "Names that climb, and links, in packages",
        sent="QTI packages and file names with `..`, `/`, backslashes and drives; a symbolic link to /etc/passwd as a "
        "picture",
        did="nothing is written outside the store; the link is its own few bytes",
        answered="the question is refused: the file is not in the package, or is no picture",
    )


HOSTILE = {
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "a.html": b"<!doctype html><script>alert(1)</script>",
    "a.png": b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>",
    "b.jpg": b"GIF89a/*<script>*/=alert(1)//</script>",
    "c.png": files.huge_png(),
    "d.pdf": b"%PDF-1.7 <script>",
    "e.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "f.jpg": b"",
}
#: Taken for what their first bytes say, and never served as anything else.
POLYGLOT = {
    "g.html": b"ID3\x04\0\0<script>alert(1)</script>",
    "h.svg": b"\0\0\0\x18ftypmp42<html><script>alert(1)</script>",
}


def test_evidence_and_media_never_run(world: World, report: Report, running: Running, manager: Browser) -> None:
    bank = bank_of(running, "素材")
    shelf = f"/banks/{bank.pk}/files/"
    for name, data in HOSTILE.items():
        refused, grown = peak(lambda name=name, data=data: upload(manager, shelf, "uploads", name, data))
        assert (refused.status, grown < MOST_MIB) == (422, True), name
    made = make_practical(running=running, title="作弊实操")
    examiner = Browser(world, world.staff(made.teachers[0])).sign_in(bind=False)
    go_to(world, SITTING)
    examiner = Browser(world, examiner.who).sign_in(bind=False)
    opened = examiner.post(f"/exams/{made.exam.pk}/practical/{running.enrolments[0].pk}/open/")
    sheet = opened.headers["location"]
    for name, data in HOSTILE.items():
        assert upload(examiner, f"{sheet}files/", "file", name, data).status == 422, name
    assert not ScoreEvidence.objects.filter(sheet__attempt__exam=made.exam).exists()
    whole = io.BytesIO()
    Image.new("L", (7_700, 7_700)).save(whole, "PNG")
    speaking = io.BytesIO()
    with Image.new("RGB", (40, 40), "teal") as photo:
        exif = photo.getexif()
        exif[0x010E] = "<script>alert(1)</script>"
        photo.save(speaking, "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    for name, data in {
        "i.png": whole.getvalue(),
        "j.jpg": speaking.getvalue() + b"<script>alert(1)</script>",
        **POLYGLOT,
    }.items():
        taken, grown = peak(lambda name=name, data=data: upload(examiner, f"{sheet}files/", "file", name, data))
        if name != "g.html":
            assert (taken.status, grown < MOST_MIB) == (302, True), (name, grown)
    for name, data in POLYGLOT.items():
        manager = Browser(world, manager.who).sign_in(bind=False)
        assert upload(manager, shelf, "uploads", name, data).status == 302, name
    served = [manager.get(f"/banks/files/{one.pk}/") for one in QuestionAsset.objects.filter(bank=bank)]
    kept = ScoreEvidence.objects.filter(sheet__attempt__exam=made.exam).order_by("pk")
    shown = [examiner.get(f"/exams/practical/files/{one.pk}/") for one in kept]
    kinds = [one.headers["content-type"] for one in (*served, *shown)]
    assert kinds == ["audio/mpeg", "video/mp4", "image/jpeg", "image/jpeg", "video/mp4"]
    for one in (*served, *shown):
        assert one.headers["x-content-type-options"] == "nosniff"
        assert "script-src" in one.headers["content-security-policy"]
    assert b"alert" not in shown[1].body
    assert Page(examiner.get(sheet).text).found == []
    report.bad_input(
        "Evidence and media that would run",
        sent="SVG, HTML, PDF and XML as photographs, films and pictures of questions, by every name; pictures with "
        "scripts in them; 59 and 900 million pixels; sounds and films that are HTML behind their first bytes",
        did="only pictures, sounds and films are kept, photographs drawn anew; each is served as that alone",
        answered="422 with the kinds that are taken; `nosniff`, a policy without scripts",
    )


def test_answers_that_are_deep_or_long_break_nothing(world: World, report: Report, running: Running) -> None:
    bank = bank_of(running, "深")
    one = add_question(actor=running.manager, bank=bank, facts=short_answer("为什么？", score=2), now=NOW)
    paper = exams.create_paper(actor=running.manager, title="深", lines=[(one.pk, None)], now=NOW)
    paper = exams.finish_paper(actor=running.manager, paper=paper, now=NOW)
    facts = exams.ExamFacts(
        title="深", opens_at=OPENS, closes_at=CLOSES, duration_minutes=60, kind="chapter", paper_id=paper.pk
    )
    exam = exams.create_exam(actor=running.manager, cohort=running.cohort, facts=facts, now=NOW)
    seat = begin(world, world.learners_of(running)[1], exams.schedule_exam(actor=running.manager, exam=exam, now=NOW))
    answers, conduct = f"{seat.room}answers/1/", f"{seat.room}conduct/"
    deep, long = b"[" * 120_000, b'{"given":["' + b"x" * 300_000 + b'"]}'
    inner = b'{"given":' + b"[" * 60_000 + b"]" * 60_000 + b',"client_sequence":1}'
    statuses = [
        send(seat.browser, path, body).status
        for path in (answers, conduct)
        for body in (deep, long, inner, b"", b"\xff", b"[]")
    ]
    huge = send(seat.browser, answers, b'{"given":["a"],"client_sequence":' + b"9" * 5_000 + b"}")
    assert {*statuses, huge.status} <= {413, 422}, statuses
    assert upload(seat.browser, answers, "given", "a.html", os.urandom(100)).status in {302, 422}
    assert seat.given() in ({}, {1: []})
    assert seat.save(1, ["因为安全"]).status == 200
    report.bad_input(
        "Deep, long and broken answers",
        sent="JSON 120,000 deep, 300 kB, numbers of 5,000 digits, no JSON, a file for an answer; to the answers and to "
        "the record of conduct",
        did="nothing is kept; the next answer is",
        answered="422 `exams.malformed`, `exams.conduct_batch`; 413",
    )
