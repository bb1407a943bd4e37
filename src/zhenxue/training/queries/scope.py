"""Who sees which programme, cohort and enrolment: one ``visible_…`` per table (design.md "Scope")."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.prepared import Prepared
from zhenxue.training.data import APPROVED_STATES, EnrolmentState, LineMode
from zhenxue.training.models import Amendment, Cohort, Enrolment, PlanLine, Programme, RosterImport

#: Of an enrolment all; of its cohort what it is called, whether it runs, and which plan and rules it froze.
OWN_COLUMNS = (
    *(field.attname for field in Enrolment._meta.concrete_fields),
    "cohort__title",
    "cohort__state",
    "cohort__starts_on",
    "cohort__ends_on",
    "cohort__rules",
    "cohort__plan_digest",
    "cohort__plan_open",
)


def visible_programmes(actor: Actor) -> QuerySet[Programme]:
    """Managers: their organisation's; bureaus: of organisations in their region; operators: all; others: none."""
    rows = Programme.objects.select_related("organisation", "occupation")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_manager:
        return rows.filter(organisation_id=actor.organisation_id or 0)
    if actor.is_bureau and actor.region_code:
        return rows.filter(organisation__region__code__startswith=actor.region_code)
    return rows.none()


def visible_cohorts(actor: Actor) -> QuerySet[Cohort]:
    """Learners: approved ones they are (or were) enrolled in; teachers: of their organisation, where they teach or
    lead; managers: their organisation's; bureaus: filed ones of their region; operators: all."""
    rows = Cohort.objects.select_related("organisation", "region", "programme", "head_teacher")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_manager:
        return rows.filter(organisation_id=actor.organisation_id or 0)
    if actor.is_bureau and actor.region_code:
        return rows.filter(region__code__startswith=actor.region_code, filed_at__isnull=False)
    if actor.role is Role.TEACHER and actor.person_id:
        lessons = PlanLine.objects.filter(cohort=OuterRef("pk"), teacher_id=actor.person_id)
        mine = Q(head_teacher_id=actor.person_id) | Exists(lessons)
        return rows.filter(mine, organisation_id=actor.organisation_id or 0)
    if actor.is_learner and actor.person_id:
        enrolled = Enrolment.objects.filter(cohort=OuterRef("pk"), person_id=actor.person_id)
        return rows.filter(Exists(enrolled), state__in=APPROVED_STATES)
    return rows.none()


def visible_enrolments(actor: Actor) -> QuerySet[Enrolment]:
    """Enrolments in the visible cohorts; a learner sees only their own."""
    rows = Enrolment.objects.select_related("cohort", "person", "cohort__organisation")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_learner:
        return (
            rows.filter(person_id=actor.person_id, cohort__state__in=APPROVED_STATES)
            if actor.person_id
            else rows.none()
        )
    return rows.filter(cohort__in=visible_cohorts(actor).select_related(None).values("pk"))


def visible_lessons(actor: Actor) -> QuerySet[PlanLine]:
    """Offline lines of the visible cohorts; a teacher sees their own and, as head teacher, all of the cohort."""
    rows = PlanLine.objects.filter(mode=LineMode.OFFLINE).select_related(
        "cohort", "stage", "teacher", "cohort__organisation"
    )
    if actor.role is Role.TEACHER:
        if not actor.person_id:
            return rows.none()
        return rows.filter(
            Q(teacher_id=actor.person_id) | Q(cohort__head_teacher_id=actor.person_id),
            cohort__organisation_id=actor.organisation_id or 0,
        )
    if actor.is_learner:
        if not actor.person_id:
            return rows.none()
        mine = Enrolment.objects.filter(
            cohort=OuterRef("cohort"), person_id=actor.person_id, state=EnrolmentState.ACTIVE
        )
        return rows.filter(Exists(mine), cohort__state__in=APPROVED_STATES)
    return rows.filter(cohort__in=visible_cohorts(actor).select_related(None).values("pk"))


def visible_amendments(actor: Actor) -> QuerySet[Amendment]:
    """Amendments of the visible cohorts; learners and teachers see none."""
    rows = Amendment.objects.select_related(
        "cohort", "cohort__organisation", "line", "filed_by__person", "decided_by__person"
    )
    if actor.is_learner or actor.role is Role.TEACHER:
        return rows.none()
    return rows.filter(cohort__in=visible_cohorts(actor).select_related(None).values("pk"))


def visible_imports(actor: Actor) -> QuerySet[RosterImport]:
    """Roster files: of the manager's own organisation only (they hold personal data in clear)."""
    rows = RosterImport.objects.select_related("cohort")
    if actor.role is Role.SYSTEM:
        return rows
    return rows.filter(cohort__organisation_id=actor.organisation_id or 0) if actor.is_manager else rows.none()


type Scope = tuple[Role | None, int | None, str, int | None]


def scope_of(actor: Actor) -> Scope:
    """All that the ``visible_…`` of cohorts and enrolments look at, for prepared queries."""
    return actor.role, actor.organisation_id, actor.region_code, actor.person_id


def actor_within(role: Role | None, organisation_id: int | None, region_code: str, person_id: int | None) -> Actor:
    """Somebody who sees just what a ``scope_of`` says."""
    return Actor(role=role, organisation_id=organisation_id, region_code=region_code, person_id=person_id)


_cohort = Prepared(
    lambda role, organisation, region, person, pk: visible_cohorts(
        actor_within(role, organisation, region, person)
    ).filter(pk=pk)
)
_own_enrolment = Prepared(
    lambda role, organisation, region, person, pk: (
        visible_enrolments(actor_within(role, organisation, region, person))
        .select_related(None)
        .select_related("cohort__organisation")
        .only(*OWN_COLUMNS, "cohort__organisation__name")
        .filter(pk=pk)
    )
)
_enrolments_of_person = Prepared(
    lambda person_id: (
        Enrolment.objects.filter(person_id=person_id, cohort__state__in=APPROVED_STATES)
        .select_related("cohort")
        .only(*OWN_COLUMNS)
        .order_by("-cohort__starts_on", "-pk")
    )
)


def get_programme(actor: Actor, programme_id: int) -> Programme:
    """The programme, or ``NotFound`` when it is not there or not visible."""
    try:
        return visible_programmes(actor).get(pk=programme_id)
    except Programme.DoesNotExist:
        raise NotFound("training.programme_not_found", "没有找到这个培训项目，或您无权查看。") from None


def get_cohort(actor: Actor, cohort_id: int) -> Cohort:
    """The cohort, or ``NotFound`` when it is not there or not visible."""
    for found in _cohort(*scope_of(actor), cohort_id):
        return found
    raise NotFound("training.cohort_not_found", "没有找到这个班期，或您无权查看。")


def get_enrolment(actor: Actor, enrolment_id: int) -> Enrolment:
    """The enrolment with its cohort and person, or ``NotFound``."""
    try:
        return visible_enrolments(actor).get(pk=enrolment_id)
    except Enrolment.DoesNotExist:
        raise NotFound("training.enrolment_not_found", "没有找到这条学籍，或您无权查看。") from None


def get_own_enrolment(actor: Actor, enrolment_id: int) -> Enrolment:
    """As ``get_enrolment`` for the learner: of the cohort what its cards need, of its organisation the name."""
    for found in _own_enrolment(*scope_of(actor), enrolment_id):
        return found
    raise NotFound("training.enrolment_not_found", "没有找到这条学籍，或您无权查看。")


def get_lesson(actor: Actor, line_id: int) -> PlanLine:
    """The offline lesson, or ``NotFound``."""
    try:
        return visible_lessons(actor).get(pk=line_id)
    except PlanLine.DoesNotExist:
        raise NotFound("training.lesson_not_found", "没有找到这节线下课，或您无权查看。") from None


def get_amendment(actor: Actor, amendment_id: int) -> Amendment:
    """The amendment, or ``NotFound``."""
    try:
        return visible_amendments(actor).get(pk=amendment_id)
    except Amendment.DoesNotExist:
        raise NotFound("training.amendment_not_found", "没有找到这条变更，或您无权查看。") from None


def get_import(actor: Actor, import_id: int) -> RosterImport:
    """The roster import, or ``NotFound``."""
    try:
        return visible_imports(actor).get(pk=import_id)
    except RosterImport.DoesNotExist:
        raise NotFound("training.import_not_found", "没有找到这次名册导入，请重新上传。") from None


def list_enrolments_of_person(person_id: int) -> list[Enrolment]:
    """All enrolments of a person in approved cohorts, newest start first; of the cohorts what their cards need."""
    return _enrolments_of_person(person_id)


def people_of_cohorts(actor: Actor) -> QuerySet[Enrolment, object]:
    """Ids of the people enrolled in cohorts that staff sees (registered with identity as a reach)."""
    return visible_enrolments(actor).select_related(None).values("person_id")


def may_view_entry(actor: Actor, refs: tuple[str, ...]) -> bool:
    """Whether evidence about these refs may be opened: a visible enrolment, or for staff a visible cohort.

    An entry about enrolments is open to a learner only when every enrolment in it is theirs.
    """
    enrolments = {int(ref.partition(":")[2]) for ref in refs if ref.startswith("enrolment:")}
    if enrolments:
        if visible_enrolments(actor).filter(pk__in=enrolments).count() == len(enrolments):
            return True
        if actor.is_learner:
            return False
    cohorts = [int(ref.partition(":")[2]) for ref in refs if ref.startswith("cohort:")]
    if not cohorts or actor.is_learner:
        return False
    return visible_cohorts(actor).filter(pk__in=cohorts).exists()
