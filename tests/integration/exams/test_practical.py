"""Practical examinations: two examiners apart, a chief between them, paper sheets, pictures of the work."""

import datetime as dt
import io
from decimal import Decimal

import pytest
from PIL import Image

from tests.factories.exams import CLOSES, OPENS, SITTING
from tests.factories.exams_marking import AFTER, make_practical, score
from tests.factories.identity import make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams.errors import CannotStart
from zhenxue.exams.models import Attempt, QuestionStatistics, ScoreEvidence, ScoreSheet
from zhenxue.exams.operations import statistics
from zhenxue.exams.operations.marking_desk import name_markers
from zhenxue.exams.operations.practical import open_sheet, save_sheet, submit_sheet
from zhenxue.exams.operations.score_evidence import add_evidence, drop_evidence, open_evidence
from zhenxue.exams.operations.score_import import import_scores, template
from zhenxue.exams.operations.unscored import WAITS
from zhenxue.exams.queries.practical import candidates, find_examiner
from zhenxue.exams.queries.verification import check_scores
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(out, "PNG")
    return out.getvalue()


def test_two_examiners_score_apart_and_the_mean_is_the_result() -> None:
    made = make_practical()
    one, two = made.teachers
    enrolment = made.running.enrolments[0]
    score(made, one, 0, "12", "8", deductions=[0])
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.score) == ("submitted", None)
    assert exams.close_due_attempts(now=AFTER) == 0
    seen = candidates(made.exam, [enrolment], find_examiner(two, made.exam))[0]
    assert (seen.own, seen.sheets) == (None, 1)
    sheet = score(made, two, 0, "8", "7.5")
    done = Attempt.objects.get()
    assert ScoreSheet.objects.order_by("pk").values_list("points", flat=True)[0] == Decimal(16)
    assert (done.state, done.score, done.passed) == ("marked", Decimal("15.7"), True)
    assert not list(check_scores())
    assert submit_sheet(actor=two, sheet_id=sheet.pk, now=SITTING).submitted_at == SITTING
    with pytest.raises(Conflict):
        save_sheet(actor=two, sheet_id=sheet.pk, given=[], now=SITTING)
    with pytest.raises(Refused):
        open_sheet(actor=made.manager, exam=made.exam, enrolment_id=enrolment.pk, now=SITTING)


def test_examiners_who_differ_too_much_need_the_chief() -> None:
    made = make_practical(difference_percent=10)
    one, two = made.teachers
    enrolment = made.running.enrolments[0]
    with pytest.raises(Refused, match="组长"):
        open_sheet(actor=made.manager, exam=made.exam, enrolment_id=enrolment.pk, now=SITTING)
    score(made, one, 0, "12", "8")
    with pytest.raises(Refused, match="组长"):
        open_sheet(actor=made.manager, exam=made.exam, enrolment_id=enrolment.pk, now=SITTING)
    score(made, two, 0, "8", "4")
    assert Attempt.objects.get().state == "submitted"
    assert candidates(made.exam, [enrolment], None)[0].waits_for_chief
    titles = dict(Notice.objects.filter(kind="exams.scoring").values_list("account__person", "title"))
    assert titles[made.manager.person_id] == "有两人评分相差太大，请评定"
    assert titles[one.person_id] == "你是“第一阶段实操”的考评员"
    score(made, made.manager, 0, "9", "6")
    done = Attempt.objects.get()
    assert (done.score, done.passed) == (Decimal(15), True)


def test_only_named_examiners_score_in_time_and_nobody_a_third_time() -> None:
    made = make_practical(attempts_allowed=1)
    people = [one.person_id or 0 for one in made.teachers]
    with pytest.raises(Invalid, match="两名考评员"):
        name_markers(actor=made.manager, exam=made.exam, people=people[:1], chiefs=people[1:], now=SITTING)
    opened = {"exam": made.exam, "enrolment_id": made.running.enrolments[0].pk}
    for who, at in (
        (make_teacher(), SITTING),
        (made.running.teacher, SITTING),
        (made.teachers[0], OPENS.replace(year=2025)),
        (made.teachers[0], CLOSES),
    ):
        with pytest.raises(Refused):
            open_sheet(actor=who, now=at, **opened)  # type: ignore[arg-type]  # passed through
    with pytest.raises(NotFound):
        open_sheet(actor=made.teachers[0], exam=made.exam, enrolment_id=0, now=SITTING)
    with pytest.raises(CannotStart):
        exams.start_attempt(actor=made.learners[0], exam=made.exam, device="d" * 64, now=SITTING)
    score(made, made.teachers[0], 0, "0", "0")
    score(made, made.teachers[1], 0, "0", "0")
    assert Attempt.objects.get().passed is False
    again = open_sheet(actor=made.teachers[0], now=SITTING, **opened)  # type: ignore[arg-type]  # as above
    assert again.submitted_at is not None
    with pytest.raises(Conflict, match="已经开始评分"):
        name_markers(
            actor=made.manager,
            exam=made.exam,
            people=[made.running.teacher.person_id or 0, people[1]],
            chiefs=[made.manager.person_id or 0],
            now=SITTING,
        )


def test_a_sheet_is_kept_message_by_message_and_handed_in_whole() -> None:
    made = make_practical(evidence="photo")
    examiner = made.teachers[0]
    sheet = open_sheet(actor=examiner, exam=made.exam, enrolment_id=made.running.enrolments[0].pk, now=SITTING)
    same = open_sheet(actor=examiner, exam=made.exam, enrolment_id=made.running.enrolments[0].pk, now=SITTING)
    assert same.pk == sheet.pk
    keep = {"actor": examiner, "sheet_id": sheet.pk, "now": SITTING}
    first = save_sheet(given=[{"points": "", "deductions": [0, 7]}], client_sequence=2, **keep)  # type: ignore[arg-type]  # passed through
    assert (first.sequence, first.done, first.points) == (2, 1, Decimal(8))
    late = save_sheet(given=[{"points": "1"}], client_sequence=1, **keep)  # type: ignore[arg-type]  # as above
    assert (late.sequence, late.points) == (2, Decimal(8))
    with pytest.raises(Invalid) as caught:
        save_sheet(given=[{"points": "13"}], client_sequence=3, **keep)  # type: ignore[arg-type]  # as above
    assert set(caught.value.fields) == {"step-0"}
    with pytest.raises(Invalid, match="第 2 步"):
        submit_sheet(actor=examiner, sheet_id=sheet.pk, now=SITTING)
    save_sheet(given=[{"points": "12"}, {"points": "8"}], client_sequence=4, **keep)  # type: ignore[arg-type]  # as above
    with pytest.raises(NotFound):
        save_sheet(actor=made.teachers[1], sheet_id=sheet.pk, given=[], now=SITTING)
    with pytest.raises(Invalid, match="照片"):
        submit_sheet(actor=examiner, sheet_id=sheet.pk, now=SITTING)
    add = {"actor": examiner, "sheet_id": sheet.pk, "now": SITTING}
    for bad in (b"<svg onload=alert(1)>", b"<html>", b""):
        with pytest.raises(Invalid):
            add_evidence(content=bad, **add)  # type: ignore[arg-type]  # as above
    dropped = add_evidence(content=b"\0\0\0\x18ftypmp42" + b"x" * 100, **add)  # type: ignore[arg-type]  # as above
    drop_evidence(actor=examiner, evidence_id=dropped.pk)
    kept = add_evidence(content=photo(), **add)  # type: ignore[arg-type]  # as above
    assert open_evidence(examiner, kept.pk)[1] == "image/jpeg"
    for who in (made.teachers[1], made.learners[0], made.manager):
        with pytest.raises(NotFound):
            open_evidence(who, kept.pk)
    submit_sheet(actor=examiner, sheet_id=sheet.pk, now=SITTING)
    with pytest.raises(Conflict):
        drop_evidence(actor=examiner, evidence_id=kept.pk)
    assert ScoreEvidence.objects.count() == 1


def test_paper_sheets_are_taken_over_row_by_row_or_not_at_all() -> None:
    made = make_practical(learners=3)
    one = made.teachers[0]
    table = sheets.read_sheet(template(made.exam), "评分表.xlsx")
    header = table.rows[0].cells
    people = [row.cells[:2] for row in table.rows[1:]]
    rows = [[*people[0], "12", "8", "好"], [*people[1], "13", "", ""], ["999999", "无名", "1", "1", ""]]
    bad = import_scores(
        actor=one, exam=made.exam, source=sheets.write_xlsx("表", header, rows), file_name="x.xlsx", now=AFTER
    )
    assert (bad.saved, bad.refused) == (0, 2)
    assert "第 2 步没有得分" in "".join(bad.rows[1].problems)
    assert not Attempt.objects.exists()
    good = [[*people[0], "12", "8", "好"], [*people[1], "6", "4", ""], [*people[2], "", "", ""]]
    file = sheets.write_xlsx("表", header, good)
    done = import_scores(actor=one, exam=made.exam, source=file, file_name="x.xlsx", now=AFTER)
    assert (done.saved, done.refused) == (2, 0)
    again = import_scores(actor=one, exam=made.exam, source=file, file_name="x.xlsx", now=AFTER)
    assert (again.saved, again.refused) == (0, 2)
    import_scores(actor=made.teachers[1], exam=made.exam, source=file, file_name="x.xlsx", now=AFTER)
    scores = Attempt.objects.order_by("enrolment_id").values_list("score", flat=True)
    assert list(scores) == [Decimal(20), Decimal(10)]
    with pytest.raises(Invalid):
        import_scores(actor=one, exam=made.exam, source=b"nonsense", file_name="x.xlsx", now=AFTER)


def test_an_exam_waits_for_those_without_a_result_and_its_people_hear_of_it_once() -> None:
    made = make_practical(learners=2)
    one, two = made.teachers
    score(made, one, 0, "12", "8")
    over = made.exam.closes_at
    assert (exams.close_due_exams(now=over), exams.close_due_exams(now=AFTER)) == (0, 0)
    [missing] = Entry.objects.filter(kind="exams.scores_missing")
    assert '"left":2' in missing.envelope
    told = Notice.objects.filter(title__contains="还有 2 名学员没有成绩")
    heard = set(told.values_list("account__person_id", flat=True))
    assert heard >= {made.manager.person_id, one.person_id, two.person_id}
    assert told.count() == len(heard)
    with pytest.raises(Refused, match="已结束"):
        score(made, one, 1, "12", "8", at=AFTER)  # what was not begun comes on paper
    score(made, two, 0, "12", "8", at=AFTER)  # what was begun is scored to the end
    assert Attempt.objects.get().state == "marked"
    assert exams.close_due_exams(now=over + WAITS - dt.timedelta(seconds=1)) == 0
    assert exams.close_due_exams(now=over + WAITS) == 1
    assert '"passed":1,"sat":1,"unscored":1' in Entry.objects.get(kind="exams.exam_closed").envelope
    statistics.count_questions(organisation_id=made.exam.cohort.organisation_id, now=AFTER)
    figures = QuestionStatistics.objects.get()
    assert (figures.shown, figures.answered, figures.facility) == (1, 1, 1)
