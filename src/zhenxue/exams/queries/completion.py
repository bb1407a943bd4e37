"""Who has completed a cohort, and what is missing for everybody else. One place for pages, issuing and tests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from zhenxue.exams.data import CertificateState, ExamKind
from zhenxue.exams.models import Attempt, Certificate, Exam
from zhenxue.exams.queries.stages import HELD, passed
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState

#: Cohorts whose learners may get a certificate.
TAUGHT = (CohortState.RUNNING, CohortState.CLOSED)
#: Examinations that count for the whole course: all finals, and practical ones of no single stage.
_WHOLE = Q(kind=ExamKind.FINAL) | Q(kind=ExamKind.PRACTICAL, stage_number__isnull=True)
_MAKES_UP = Q(original__kind=ExamKind.FINAL) | Q(original__kind=ExamKind.PRACTICAL, original__stage_number__isnull=True)


@dataclass(frozen=True, slots=True)
class Completion:
    """One learner: what is still missing (nothing: gets a certificate), and the certificate in force."""

    enrolment: training.Enrolment
    reasons: tuple[str, ...]
    certificate: Certificate | None = None

    @property
    def is_due(self) -> bool:
        """Everything is done and no certificate in force."""
        return not self.reasons and self.certificate is None


def completion_of(cohort: training.Cohort, enrolments: Iterable[training.Enrolment]) -> list[Completion]:
    """How these learners of a cohort stand; a constant number of queries.

    Complete is: in the class, every stage's class hours done and its assessment passed (``stages.passed``), every
    final (and practical examination of the whole course) that is held passed, or a make-up of it, with the results
    out, and no incident open against the learner.
    """
    rows = list(enrolments)
    stages = [stage.number for stage in training.list_stages(cohort.pk)]
    studied, won = ledger.complete_stages(cohort.pk), passed(cohort.pk)
    finals, winners = _finals(cohort.pk)
    suspect = {one.person_id for one in integrity.open_incidents_of(cohort_id=cohort.pk)}
    certificates = _in_force([one.pk for one in rows])
    found = []
    for row in rows:
        reasons = list(_of_class(cohort, row))
        reasons += _of_stages(stages, studied.get(row.pk, set()), won.get(row.pk, set()))
        reasons += [f"“{one.title}”还没有通过" for one in finals if row.pk not in winners[one.pk]]
        if row.person_id in suspect:
            reasons.append("有一起核查还没有结论")
        found.append(Completion(row, tuple(reasons), certificates.get(row.pk)))
    return found


def _of_class(cohort: training.Cohort, enrolment: training.Enrolment) -> Iterable[str]:
    if cohort.state not in TAUGHT:
        yield "班期还没有开班"
    if enrolment.state != EnrolmentState.ACTIVE:
        yield "已退出这个班"


def _of_stages(stages: Sequence[int], studied: set[int], won: set[int]) -> list[str]:
    hours = [number for number in stages if number not in studied]
    exams = [number for number in stages if number not in won]
    words = [f"第 {_list(hours)} 阶段的课程还没有学完"] if hours else []
    return words + ([f"第 {_list(exams)} 阶段的考核还没有通过"] if exams else [])


def _list(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))


def _finals(cohort_id: int) -> tuple[list[Exam], dict[int, set[int]]]:
    """The examinations of the whole course that are held, each with the enrolments that passed it or its make-up."""
    held = Exam.objects.filter(cohort=cohort_id, state__in=HELD).filter(_WHOLE | _MAKES_UP).select_related("original")
    family = {one.pk: one for one in held}
    winners: dict[int, set[int]] = defaultdict(set)
    attempts = Attempt.objects.filter(exam__in=list(family), passed=True).values_list("exam_id", "enrolment_id")
    for exam_id, enrolment_id in attempts:
        if family[exam_id].is_out:
            winners[family[exam_id].root_id].add(enrolment_id)
    roots = sorted((one for one in family.values() if one.kind != ExamKind.MAKE_UP), key=lambda one: one.opens_at)
    return roots, winners


def _in_force(enrolment_ids: Sequence[int]) -> dict[int, Certificate]:
    rows = Certificate.objects.filter(enrolment__in=enrolment_ids, state=CertificateState.VALID)
    return {one.enrolment_id: one for one in rows}


def cohorts_to_certify(actor: Actor) -> list[training.Cohort]:
    """Cohorts in sight that are being taught or over, newest first."""
    rows = training.visible_cohorts(actor).filter(state__in=TAUGHT)
    return list(rows.order_by("-starts_on", "-pk")[:500])


def completion_rows(actor: Actor, cohort: training.Cohort, asked: Mapping[str, str]) -> dict[str, object]:
    """A class for its page, narrowed to what the address asks for (``show``, ``q``), with the counts of all."""
    everybody = training.visible_enrolments(actor).filter(cohort_id=cohort.pk).order_by("pk")
    found = completion_of(cohort, everybody)
    groups = {
        "due": [one for one in found if one.is_due],
        "missing": [one for one in found if one.reasons and one.certificate is None],
        "issued": [one for one in found if one.certificate is not None],
    }
    show, wanted = asked.get("show", ""), asked.get("q", "").strip()
    rows = groups.get(show, found)
    if wanted:
        rows = [one for one in rows if wanted in one.enrolment.person.name]
    counts = {name: len(members) for name, members in groups.items()}
    return {"rows": rows, "counts": counts, "total": len(found), "show": show if show in groups else "", "q": wanted}
