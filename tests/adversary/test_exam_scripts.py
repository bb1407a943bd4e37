"""Scripts in questions of every format, on every page that shows them."""

import io

from openpyxl import load_workbook

from tests.adversary import exam_files as files
from tests.adversary.bots import Browser
from tests.adversary.exam_pages import Page, bank_of, open_pages, upload
from tests.adversary.exams import addresses, begin, go_to
from tests.adversary.reporting import Report
from tests.adversary.world import World
from tests.factories.exams import CLOSES, OPENS
from tests.factories.exams_marking import short_answer
from tests.factories.identity import NOW
from zhenxue.exams import api as exams
from zhenxue.exams.operations import marking_desk
from zhenxue.exams.operations.banks import add_question
from zhenxue.exams.operations.practice import open_practice


def test_scripts_of_every_format_are_words_on_every_page(world: World, report: Report) -> None:
    running = world.running(1)
    manager = Browser(world, world.staff(running.manager)).sign_in(bind=False)
    bank = bank_of(running, f"题库{files.SCRIPT}"[:120])
    for name, (file, data) in files.scripts().items():
        taken = upload(manager, f"/banks/{bank.pk}/import/", "file", file, data)
        assert taken.status == 302, (name, taken.text[:300])
        preview = taken.headers["location"]
        shown = manager.get(preview)
        assert (shown.status, Page(shown.text).found) == (200, []), name
        before = bank.questions.count()
        assert manager.post(f"{preview}save/").status == 302, name
        assert bank.questions.count() > before, (name, shown.text[-3000:])
    written = add_question(actor=running.manager, bank=bank, facts=short_answer("为什么？", score=2), now=NOW)
    lines = [(one.pk, None) for one in bank.questions.order_by("number")]
    paper = exams.create_paper(actor=running.manager, title=f"卷{files.SCRIPT}"[:80], lines=lines, now=NOW)
    paper = exams.finish_paper(actor=running.manager, paper=paper, now=NOW)
    opening = open_practice(actor=running.manager, cohort=running.cohort, bank=bank, now=NOW)
    [learner] = world.learners_of(running)
    pupil = Browser(world, learner).sign_in()
    practised = pupil.post(f"/practice/openings/{opening.pk}/start/", {"kind": "single", "count": "10"}).headers[
        "location"
    ]
    for at in range(1, 10):
        pupil.post(f"{practised}{at}/", {"given": "B"})
    practice = [practised, *(f"{practised}?at={at}" for at in range(1, 10)), "/practice/", "/practice/errors/"]
    shown_to_learner = open_pages(pupil, practice)
    facts = exams.ExamFacts(
        title=f"考{files.SCRIPT}"[:80],
        opens_at=OPENS,
        closes_at=CLOSES,
        duration_minutes=60,
        kind="chapter",
        paper_id=paper.pk,
    )
    exam = exams.create_exam(actor=running.manager, cohort=running.cohort, facts=facts, now=NOW)
    exam = exams.schedule_exam(actor=running.manager, exam=exam, now=NOW)
    seat = begin(world, learner, exam)
    for position in range(1, len(lines) + 1):
        seat.save(position, [files.SCRIPT] if position == len(lines) else ["B"])
    room = {"exam_id": exam.pk, "attempt_id": seat.attempt.pk, "cohort_id": running.cohort.pk}
    shown_to_learner += open_pages(seat.browser, [seat.room, f"{seat.room}submit/"])
    seat.browser.post(f"{seat.room}submit/")
    go_to(world, CLOSES)
    now = world.clock.now()
    marker = running.teacher
    claimed = marking_desk.claim_next(actor=marker, exam=exam, question_id=written.pk, now=now)
    assert claimed is not None
    teacher = Browser(world, world.staff(marker)).sign_in(bind=False)
    assert (
        open_pages(teacher, [f"/exams/scoring/marks/{claimed.pk}/", "/exams/scoring/", f"/exams/{exam.pk}/scoring/"])
        == 3
    )
    marking_desk.give_points(actor=marker, mark_id=claimed.pk, given=["1"], comment=files.SCRIPT[:200], now=now)
    exams.close_due_exams(now=now)
    manager, pupil = (Browser(world, one).sign_in(bind=False) for one in (world.staff(running.manager), learner))
    question = bank.questions.order_by("number").first()
    assert question is not None
    ids = {**room, "bank_id": bank.pk, "paper_id": paper.pk, "question_id": question.pk}
    staff = addresses(**ids) + [f"/banks/questions/{one}/{end}" for one, _ in lines for end in ("", "edit/")]
    shown_to_staff = open_pages(manager, staff)
    assert "解析" in pupil.get(f"{seat.room}result/").text
    shown_to_learner += open_pages(pupil, [path for path in addresses(**ids) if "exams/" in path or "practice" in path])
    assert shown_to_staff > 30
    assert shown_to_learner > 12
    exported = manager.get(f"/banks/{bank.pk}/export/xlsx/")
    cells = [cell for row in load_workbook(io.BytesIO(exported.body)).worksheets[0].iter_rows() for cell in row]
    assert files.FORMULA in [cell.value for cell in cells]
    assert "f" not in {cell.data_type for cell in cells}
    again = bank_of(running, "再导入")
    assert upload(manager, f"/banks/{again.pk}/import/", "file", "题.xlsx", exported.body).status == 302
    report.attack(
        "Scripts in questions of every format",
        tried="script, event handlers, frames, javascript addresses, template and formula signs in stems, options, "
        "explanations, feedback, sources and titles of xlsx, csv, docx, GIFT, Moodle XML, QTI 2.1, 2.2 and 3.0; in an "
        "answer and a marker's comment; every page of staff and learner that shows them, and the export back",
        earned="words on more than forty pages: no element, handler or address of theirs; cells of text in the export",
        reason="markup escapes first; HTML is rebuilt from a list; the policy of the pages allows no inline script",
    )
