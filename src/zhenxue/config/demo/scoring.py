"""Exams of the demo that people score: a written test half marked, with an appeal and a change of a score, and a
practical examination by two examiners."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zhenxue.config.demo.cohorts import Group
from zhenxue.config.demo.exams import plan_exam, settle_paper, sit
from zhenxue.exams import api as exams
from zhenxue.exams.data import ExamKind
from zhenxue.identity.data import Actor

WRITTEN = ("fill_in", "case", "short_answer", "essay")
#: What the three learners of the class write, in the order of the paper.
SHEETS: tuple[tuple[list[Any], ...], ...] = (
    (
        ["2", "30"],
        [["A"], ["A", "C", "D"]],
        ["先看能不能说话，一边呼救；站到身后抱住，拳头放在肚脐上方，向里向上冲击，吐出来为止，再报告护士。"],
        ["不和他争，顺着他说“我陪你走走”，边走边聊他的家，等他平静了再回来，记下时间告诉同事。"],
    ),
    (["2", "90"], [["B"], ["A"]], ["马上喂水，拍背，叫人来。"], ["告诉他这里就是家，把门锁好。"]),
    (
        ["两", "30"],
        [["A"], ["A", "C"]],
        ["先呼救，再用腹部冲击法，直到吐出来；没有意识就做心肺复苏。"],
        ["拉着他的手陪他坐一会儿，给家里打个电话，换个话题。"],
    ),
)
#: What the teacher gives the first two of them, item by item; the third waits.
SHORT_ANSWERS = ((("3", "4", "2"), "忘了说没有意识时怎么办"), (("1", "0", "0"), "喂水会更危险"))
ESSAYS = ((("8",), "陪伴的办法好"), (("3",), "锁门不是陪伴"))
APPEALED = "第 3 题我写了吐出来以后报告护士，最后一条应当有分，请老师再看一遍。"
CHANGED = "第 4 题写到了安抚的意思，原来只按锁门扣分，建议加 2 分。"
#: Points by step, of both examiners: for the first learner, and for the second (too far apart).
STEPS = ((("4", "4", "7", "4"), ("4", "4", "8", "3")), (("4", "4", "6", "3"), ("2", "0", "4", "2")))
BEGUN = ("4", "4", "", "")

type At = Callable[[int, int], dt.datetime]


def build_written(group: Group, known: Mapping[str, exams.Question], at: At) -> None:
    """A chapter's test with two questions that a person marks: two learners have results, the third waits; one asks for
    a second look, of the other the manager proposes more points. ``at`` gives a moment by days from today and hour."""
    paper = settle_paper(group.manager, "第 2 章测验卷", [known[name] for name in WRITTEN], at(-6, 16))
    facts = {"kind": ExamKind.CHAPTER, "stage_number": None, "duration_minutes": 40, "attempts_allowed": 1}
    exam = plan_exam(
        group.manager, group.cohort, "第 2 章测验", paper, opens=at(-5, 9), made=at(-6, 16), days=1, **facts
    )
    attempts = []
    for index, given in enumerate(SHEETS):
        learner, begins = group.learner(group.enrolments[index]), at(-5, 19) + dt.timedelta(minutes=index)
        attempts.append(sit(learner, exam, list(enumerate(given, 1)), begins, teacher=group.teacher, seconds=150))
    now = at(-4, 10)
    for name, marks in (("short_answer", SHORT_ANSWERS), ("essay", ESSAYS)):
        for points, comment in marks:
            claimed = exams.claim_next(actor=group.teacher, exam=exam, question_id=known[name].pk, now=now)
            assert claimed is not None
            now += dt.timedelta(minutes=3)
            exams.give_points(actor=group.teacher, mark_id=claimed.pk, given=points, comment=comment, now=now)
    first, second, _ = attempts
    learner = group.learner(group.enrolments[0])
    exams.make_appeal(actor=learner, attempt_id=first.pk, text=APPEALED, positions=[3], now=at(-3, 20))
    exams.propose_change(actor=group.manager, attempt_id=second.pk, wanted={4: "5"}, reason=CHANGED, now=at(-2, 9))


def build_practical(group: Group, examiner: Actor, question: exams.Question, at: At) -> None:
    """A practical examination under way: one learner has a result of two examiners, over another they differ too much,
    the sheet of a third is begun; the manager decides where they differ."""
    paper = settle_paper(group.manager, "翻身实操评分卷", [question], at(-3, 9))
    facts = {"kind": ExamKind.PRACTICAL, "stage_number": 1, "duration_minutes": 10, "attempts_allowed": 1}
    exam = plan_exam(
        group.manager, group.cohort, "第 1 阶段实操考核", paper, opens=at(-1, 8), made=at(-3, 10), days=7, **facts
    )
    pair = (group.teacher, examiner)
    people, chiefs = [one.person_id or 0 for one in pair], [group.manager.person_id or 0]
    exams.name_markers(actor=group.manager, exam=exam, people=people, chiefs=chiefs, now=at(-2, 10))
    for place, (enrolment, both) in enumerate(zip(group.enrolments, STEPS, strict=False)):
        for one, steps in zip(pair, both, strict=True):
            sheet = _score(one, exam, enrolment.pk, steps, at(-1, 14 + place))
            exams.submit_sheet(actor=one, sheet_id=sheet.pk, now=at(-1, 14 + place) + dt.timedelta(minutes=10))
    _score(group.teacher, exam, group.enrolments[2].pk, BEGUN, at(-1, 16))


def _score(
    examiner: Actor, exam: exams.Exam, enrolment_id: int, steps: Sequence[str], now: dt.datetime
) -> exams.ScoreSheet:
    sheet = exams.open_sheet(actor=examiner, exam=exam, enrolment_id=enrolment_id, now=now)
    given = [{"points": points, "deductions": []} for points in steps]
    exams.save_sheet(actor=examiner, sheet_id=sheet.pk, given=given, now=now + dt.timedelta(minutes=8))
    return sheet
