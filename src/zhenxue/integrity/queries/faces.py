"""What is known of faces without showing one: whether somebody is enrolled, what a job says, how the engine fares."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from zhenxue.identity.data import SYSTEM, Actor, Role
from zhenxue.integrity.data import FaceReason, JobState, PendingState
from zhenxue.integrity.models import Capture, EngineState, FaceJob, FaceTemplate, PendingFace
from zhenxue.kernel.errors import NotFound
from zhenxue.training import api as training
from zhenxue.training.data import LATER_RULES, CohortState, EnrolmentState

OPEN_COHORTS = (CohortState.DRAFT, CohortState.FILED, CohortState.RETURNED, CohortState.APPROVED, CohortState.RUNNING)
ALIVE = dt.timedelta(seconds=30)
HOUR, BUSY = dt.timedelta(hours=1), dt.timedelta(minutes=5)
#: A burst that waits longer than this is noticed by whoever sits before the camera.
LATE = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How the face engine fares: its processes, what waits, for how long, and the times of the last hundred jobs."""

    processes: tuple[EngineState, ...]
    waiting: int
    oldest_seconds: float
    running: int
    expired_last_hour: int
    done_last_hour: int
    done_last_minutes: int

    @property
    def is_up(self) -> bool:
        return bool(self.processes)

    @property
    def is_late(self) -> bool:
        """Whether pictures wait so long that a learner notices."""
        return self.oldest_seconds > LATE.total_seconds()

    @property
    def per_second(self) -> float:
        """Jobs a second over the last minutes."""
        return self.done_last_minutes / BUSY.total_seconds()

    @property
    def can_per_second(self) -> float:
        """Jobs a second that the living processes can do, by the times of their last hundred."""
        return sum(1000 / one.mean_ms for one in self.processes if one.mean_ms)

    @property
    def tone(self) -> str:
        """The tone of the tag that shows how it fares."""
        return "bad" if not self.is_up else "wait" if self.is_late or self.expired_last_hour else "ok"

    @property
    def words(self) -> str:
        """The same in a word."""
        if not self.is_up:
            return "没有运行"
        if self.is_late:
            return "排队偏长"
        return "有超时" if self.expired_last_hour else "运行正常"

    @property
    def mean_ms(self) -> int:
        times = [one.mean_ms for one in self.processes if one.mean_ms]
        return round(sum(times) / len(times)) if times else 0


@dataclass(frozen=True, slots=True)
class OwnFace:
    """What is kept about a learner's own face, in dates and numbers."""

    template: FaceTemplate | None
    pending: PendingFace | None
    pictures: int
    pictures_until: dt.date | None


def has_template(person_id: int) -> bool:
    """Whether a living template is there."""
    return FaceTemplate.objects.filter(person_id=person_id, ended_at__isnull=True).exists()


def job_answer(actor: Actor, job_id: int) -> dict[str, object]:
    """State and, once it is over, words of one's own job: ``{"state", "passed", "words", "pending"}``."""
    job = FaceJob.objects.filter(pk=job_id, person_id=actor.person_id or 0).first()
    if job is None:
        raise NotFound("integrity.no_job", "没有找到这次比对。")
    over = job.state in {JobState.DONE, JobState.EXPIRED}
    reasons = [FaceReason(one) for one in job.verdict.get("reasons", ())] if over else []
    return {
        "state": job.state,
        "passed": job.passed if over else None,
        "words": [reason.label for reason in reasons],
        "pending": bool(job.verdict.get("pending")),
    }


def own_face(person_id: int) -> OwnFace:
    """For the page on which a learner sees what is kept. Three queries."""
    template = FaceTemplate.objects.filter(person_id=person_id, ended_at__isnull=True).first()
    pending = PendingFace.objects.filter(person_id=person_id, state=PendingState.WAITING).first()
    days = list(Capture.objects.filter(person_id=person_id).exclude(path="").values_list("keep_until", flat=True))
    return OwnFace(template, pending, len(days), max(days, default=None))


def engine_health(*, now: dt.datetime) -> EngineHealth:
    """The living processes and the queue. Five queries."""
    hour, minutes = Q(done_at__gte=now - HOUR), Q(done_at__gte=now - BUSY)
    over = FaceJob.objects.filter(hour, done_at__lte=now).aggregate(
        expired=Count("pk", filter=Q(state=JobState.EXPIRED)),
        done=Count("pk", filter=Q(state=JobState.DONE)),
        lately=Count("pk", filter=Q(state=JobState.DONE) & minutes),
    )
    queued = FaceJob.objects.filter(state=JobState.QUEUED).order_by("queued_at")
    oldest = queued.values_list("queued_at", flat=True).first()
    return EngineHealth(
        processes=tuple(EngineState.objects.filter(seen_at__gte=now - ALIVE).order_by("name")),
        waiting=queued.count(),
        oldest_seconds=(now - oldest).total_seconds() if oldest else 0.0,
        running=FaceJob.objects.filter(state=JobState.RUNNING).count(),
        expired_last_hour=over["expired"],
        done_last_hour=over["done"],
        done_last_minutes=over["lately"],
    )


def visible_pending(actor: Actor) -> QuerySet[PendingFace]:
    """Enrolments that wait for (or were decided by) a provider: managers their learners', the learner the own."""
    rows = PendingFace.objects.select_related("person")
    if actor.role is Role.PROVIDER_MANAGER:
        return rows.filter(person_id__in=training.visible_enrolments(actor).values("person_id"))
    if actor.is_learner:
        return rows.filter(person_id=actor.person_id or 0)
    return rows.none()


def threshold_percent(person_id: int, context: str, enrolment: training.Enrolment | None) -> int:
    """The likeness that is asked, by the frozen rules of the cohort; outside of one the default."""
    rule = "face_exam_percent" if context.startswith("exam:") else "face_check_percent"
    enrolment = enrolment or newest_enrolment(person_id)
    return training.rules_of(enrolment.cohort)[rule] if enrolment else LATER_RULES[rule]


def duplicate_percent(person_id: int) -> int:
    """From what likeness on two people's faces are taken for one."""
    enrolment = newest_enrolment(person_id)
    name = "face_duplicate_percent"
    return training.rules_of(enrolment.cohort)[name] if enrolment else LATER_RULES[name]


def keep_pictures_until(person_id: int, today: dt.date) -> dt.date:
    """The last day on which a picture of today is kept: some days after the class is over, when it can still be
    disputed; without a class, so many days from today."""
    enrolment = newest_enrolment(person_id)
    if enrolment is None:
        return today + dt.timedelta(days=LATER_RULES["face_keep_days"])
    return max(today, enrolment.cohort.ends_on) + dt.timedelta(days=keep_days_in(enrolment.cohort))


def keep_days_in(cohort: training.Cohort) -> int:
    """How many days face data is kept after this cohort has closed."""
    return training.rules_of(cohort)["face_keep_days"]


def newest_enrolment(person_id: int) -> training.Enrolment | None:
    """The one whose rules count outside of a class."""
    rows = training.visible_enrolments(SYSTEM).filter(person_id=person_id)
    return rows.order_by("-pk").first()


def has_open_enrolment(person_id: int) -> bool:
    """Whether the person still learns somewhere."""
    rows = training.visible_enrolments(SYSTEM).filter(person_id=person_id, cohort__state__in=OPEN_COHORTS)
    return rows.filter(~Q(state=EnrolmentState.LEFT)).exists()
