"""Exam rooms with somebody in them, and closed exams whose attempts are worth comparing."""

import datetime as dt
from collections.abc import Sequence

from tests.factories.exams import CLOSES, DEVICE, SITTING, Sitting, make_bank, make_exam, make_paper, start
from tests.factories.identity import NOW
from tests.factories.training import make_running_cohort
from tests.support.laid import laid
from zhenxue.exams import api as exams
from zhenxue.exams.data import ConductClaim
from zhenxue.exams.models import Attempt, Exam
from zhenxue.exams.operations import conduct
from zhenxue.identity.data import Actor

WHY = "停电十分钟"


def tell(
    attempt: Attempt,
    learner: Actor,
    *claims: ConductClaim,
    at: dt.datetime = SITTING,
    device: str = DEVICE,
    seen: int = 0,
) -> int:
    """A batch of the attempt's page."""
    return conduct.take_conduct(actor=learner, attempt_id=attempt.pk, device=device, claims=claims, seen=seen, now=at)


@laid
def make_long_exam(learners: int, questions: int) -> Sitting:
    """A published exam of single choices, without the lessons before it (chapter tests ask for none)."""
    running = make_running_cohort(learners=learners)
    bank = make_bank(running.manager, title="长卷题库", questions=0)
    rows = ["题型,题干,选项A,选项B,选项C,选项D,答案,解析,分值"]
    rows += [
        f"单选,第{number}道长卷题先做什么？,关灯,开灯,离开,睡觉,B,先开灯。,2" for number in range(1, questions + 1)
    ]
    data = "\n".join(rows).encode()
    exams.import_questions(actor=running.manager, bank=bank, source=data, file_name="题目.csv", now=NOW)
    paper = make_paper(running.manager, bank=bank, title="长卷")
    sitting = make_exam(running, ready=False, paper=paper, title="长卷考核", attempts=1)
    Exam.objects.filter(pk=sitting.exam.pk).update(stage_number=None, kind="chapter")
    sitting.exam.refresh_from_db()
    return sitting


@laid
def answer_all(sitting: Sitting, learner: int, answers: Sequence[str], seconds: Sequence[int]) -> Attempt:
    """One learner answers every question after so many seconds each, and hands in."""
    actor, at = sitting.learners[learner], SITTING
    attempt = start(sitting, actor)
    for position, (given, lasted) in enumerate(zip(answers, seconds, strict=True), start=1):
        at += dt.timedelta(seconds=lasted)
        exams.save_answer(actor=actor, attempt_id=attempt.pk, position=position, given=[given], device=DEVICE, now=at)
    return exams.submit_attempt(actor=actor, attempt_id=attempt.pk, device=DEVICE, now=at)


def close(sitting: Sitting) -> Exam:
    """The time of the exam is over."""
    exams.close_due_attempts(now=CLOSES)
    exams.close_due_exams(now=CLOSES)
    sitting.exam.refresh_from_db()
    return sitting.exam
