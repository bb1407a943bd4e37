"""Classes that have completed their course, and their certificates."""

from tests.factories.exams import CLOSES, Sitting, make_exam, sit
from tests.support.laid import laid
from zhenxue.exams.models import Certificate, CertificateBatch
from zhenxue.exams.operations.certificates import ask_certificates, issue_batch
from zhenxue.training import api as training

AFTER = CLOSES


@laid
def make_completed(*, learners: int = 2, passing: int | None = None) -> Sitting:
    """A running class whose first ``passing`` learners (all of them) passed the assessment of every stage."""
    sitting = make_exam(learners=learners)
    later = [stage.number for stage in training.list_stages(sitting.running.cohort.pk) if stage.number != 1]
    exams = [sitting] + [
        make_exam(sitting.running, ready=False, title=f"第 {one} 阶段理论考核", stage=one) for one in later
    ]
    for exam in exams:
        for learner in sitting.learners[:passing]:
            sit(exam, learner)
    return sitting


@laid
def issue_all(sitting: Sitting) -> CertificateBatch:
    """Asks for the certificates of the class and makes them."""
    batch = ask_certificates(actor=sitting.manager, cohort=sitting.running.cohort, now=AFTER)
    made = issue_batch(actor=sitting.manager, batch_id=batch.pk, now=AFTER)
    assert made is not None
    return made


@laid
def make_certificate() -> tuple[Sitting, Certificate]:
    """One learner with a certificate."""
    sitting = make_completed(learners=1)
    issue_all(sitting)
    return sitting, Certificate.objects.get(enrolment=sitting.enrolments[0])
