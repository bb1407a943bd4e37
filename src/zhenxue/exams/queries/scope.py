"""Who sees which bank, paper, exam and attempt: one ``visible_…`` per table (design.md "Scope")."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet

from zhenxue.exams.data import ExamState
from zhenxue.exams.models import Attempt, Blueprint, Exam, Paper, Question, QuestionBank, QuestionImport
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.prepared import Prepared
from zhenxue.training import api as training

AUTHORS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER})


def visible_banks(actor: Actor) -> QuerySet[QuestionBank]:
    """Managers and teachers: their organisation's; bureaus: of organisations in their region; operators: all."""
    return _of_organisation(QuestionBank.objects.select_related("organisation"), actor, "organisation")


def visible_questions(actor: Actor) -> QuerySet[Question]:
    """Questions of the visible banks, all versions."""
    return _of_organisation(Question.objects.select_related("bank"), actor, "bank__organisation")


def visible_papers(actor: Actor) -> QuerySet[Paper]:
    """As banks."""
    return _of_organisation(Paper.objects.select_related("organisation"), actor, "organisation")


def visible_blueprints(actor: Actor) -> QuerySet[Blueprint]:
    """As banks."""
    return _of_organisation(Blueprint.objects.select_related("organisation"), actor, "organisation")


def visible_exams(actor: Actor) -> QuerySet[Exam]:
    """Exams of the visible cohorts; learners do not see drafts."""
    rows = Exam.objects.select_related("cohort__organisation", "paper", "blueprint", "original")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    rows = rows.filter(cohort__in=training.visible_cohorts(actor).select_related(None).values("pk"))
    return rows.exclude(state=ExamState.DRAFT) if actor.is_learner else rows


def exams_of_enrolments(enrolments: Iterable[training.Enrolment], *, papers: bool = False) -> list[Exam]:
    """What ``visible_exams`` gives the learner whose enrolments (``training.own_enrolments``) these are all, in the
    order in which they open; with their ``papers`` if wanted."""
    return _exams_of_cohorts([one.cohort_id for one in enrolments], papers)


_exams_of_cohorts = Prepared(
    lambda cohorts, papers: (
        Exam.objects.filter(cohort__in=cohorts)
        .exclude(state=ExamState.DRAFT)
        .select_related(*(["paper", "blueprint"] if papers else [None]))
        .order_by("opens_at")
    )
)


def visible_attempts(actor: Actor) -> QuerySet[Attempt]:
    """Learners: their own; others: those of the visible cohorts."""
    rows = Attempt.objects.select_related("exam__paper", "exam__blueprint", "exam__cohort", "enrolment__person")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_learner:
        return rows.filter(enrolment__person_id=actor.person_id) if actor.person_id else rows.none()
    return rows.filter(exam__cohort__in=training.visible_cohorts(actor).select_related(None).values("pk"))


def get_bank(actor: Actor, bank_id: int) -> QuestionBank:
    """The bank, or ``NotFound``."""
    return _get(visible_banks(actor), bank_id, "题库")


def get_question(actor: Actor, question_id: int) -> Question:
    """The question version, or ``NotFound``."""
    return _get(visible_questions(actor), question_id, "题目")


def get_paper(actor: Actor, paper_id: int) -> Paper:
    """The paper, or ``NotFound``."""
    return _get(visible_papers(actor), paper_id, "试卷")


def get_blueprint(actor: Actor, blueprint_id: int) -> Blueprint:
    """The blueprint, or ``NotFound``."""
    return _get(visible_blueprints(actor), blueprint_id, "组卷方案")


def get_exam(actor: Actor, exam_id: int) -> Exam:
    """The exam, or ``NotFound``."""
    if actor.is_learner and actor.person_id:
        own = _own_exam(actor.person_id, exam_id)
        return own[0] if own else _get(Exam.objects.none(), exam_id, "考试")
    return _get(visible_exams(actor), exam_id, "考试")


#: A learner's own exam: a whole room opens it at one moment.
_own_exam = Prepared(
    lambda person_id, exam_id: visible_exams(Actor(role=Role.LEARNER, person_id=person_id)).filter(pk=exam_id)
)


def get_attempt(actor: Actor, attempt_id: int) -> Attempt:
    """The attempt, or ``NotFound``."""
    if actor.is_learner and actor.person_id:
        own = _own_attempt(actor.person_id, attempt_id)
        if not own:
            raise attempt_not_found()
        return own[0]
    return _get(visible_attempts(actor), attempt_id, "答卷")


def get_sitting(actor: Actor, attempt_id: int) -> Attempt:
    """A learner's own attempt with what its room shows, its exam and no more; raises as ``get_attempt``."""
    found = _own_sitting(actor.person_id, attempt_id) if actor.is_learner and actor.person_id else []
    if not found:
        raise attempt_not_found()
    return found[0]


_own_sitting = Prepared(
    lambda person_id, attempt_id: (
        visible_attempts(Actor(role=Role.LEARNER, person_id=person_id))
        .select_related(None)
        .select_related("exam", "enrolment")
        .filter(pk=attempt_id)
    )
)


def attempt_not_found() -> NotFound:
    """No such attempt, or another's."""
    return _not_found("答卷")


#: A learner's own attempt: its page and the room's questions how it stands are asked for all the time.
_own_attempt = Prepared(
    lambda person_id, attempt_id: visible_attempts(Actor(role=Role.LEARNER, person_id=person_id)).filter(pk=attempt_id)
)


def find_attempt(actor: Actor, attempt_id: int) -> Attempt | None:
    """The attempt, if it is there and visible."""
    return visible_attempts(actor).filter(pk=attempt_id).first()


def get_import(actor: Actor, bank: QuestionBank, import_id: int) -> QuestionImport:
    """A file that was imported into a bank the actor sees, whatever its state; raises ``NotFound``."""
    return _get(QuestionImport.objects.filter(bank=bank).select_related("bank"), import_id, "导入记录")


def _get[M: Model](rows: QuerySet[M], pk: int, what: str) -> M:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise _not_found(what)
    return found


def _not_found(what: str) -> NotFound:
    return NotFound("exams.not_found", f"没有找到这份{what}，或您无权查看。")


def _of_organisation[T: QuerySet[Any]](rows: T, actor: Actor, field: str) -> T:
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.role in AUTHORS and actor.organisation_id:
        return rows.filter(**{f"{field}_id": actor.organisation_id})
    if actor.is_bureau and actor.region_code:
        return rows.filter(**{f"{field}__region__code__startswith": actor.region_code})
    return rows.none()
