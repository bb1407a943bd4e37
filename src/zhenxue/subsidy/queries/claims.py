"""Claims: who sees them, and what a claim would be if it were submitted now."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from django.db.models import QuerySet

from zhenxue.exams import api as exams
from zhenxue.identity.data import SYSTEM, Actor, Role
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.kernel.listing import Filled, Shelf
from zhenxue.ledger import api as ledger
from zhenxue.subsidy.data import (
    OPEN_STATES,
    ClaimState,
    Facts,
    Ineligible,
    Line,
    LineDraft,
    PlanHours,
    Preview,
    claim_digest,
    compute,
    judge,
)
from zhenxue.subsidy.models import Claim, ClaimLine, Policy
from zhenxue.subsidy.queries.policies import policy_of, terms_of
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState

CLAIMABLE = frozenset({CohortState.RUNNING, CohortState.CLOSED})


def visible_claims(actor: Actor) -> QuerySet[Claim]:
    """Managers: their organisation's; bureaus: submitted ones of their region; operators: all; others: none."""
    rows = Claim.objects.select_related("cohort__organisation", "cohort__region", "cohort__programme", "policy")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_manager:
        return rows.filter(cohort__organisation=actor.organisation_id)
    if actor.is_bureau and actor.region_code:
        return rows.filter(cohort__region__code__startswith=actor.region_code, submitted_at__isnull=False)
    return rows.none()


def claim_shelf(actor: Actor) -> Filled:
    """The claims in sight, as narrow as their list shows them: id, cohort's code and title, organisation, stage, who
    qualifies of how many, amount, state, when submitted."""
    return _claims(*training.scope_of(actor))


_claims = Shelf(
    lambda role, organisation, region, person: visible_claims(
        training.actor_within(role, organisation, region, person)
    ).values_list(
        *("pk", "cohort__code", "cohort__title", "cohort__organisation__name", "stage_number"),
        *("eligible", "learners", "total_cents", "state", "submitted_at"),
    )
)


def get_claim(actor: Actor, claim_id: int) -> Claim:
    """The claim, or ``NotFound``."""
    people = ("submitted_by__person", "reviewed_by__person", "approved_by__person", "paid_by__person")
    found = visible_claims(actor).select_related(*people).filter(pk=claim_id).first()
    if found is None:
        raise NotFound("subsidy.claim_not_found", "没有找到这份补贴申报，或您无权查看。")
    return found


def open_claim(cohort_id: int, stage_number: int) -> Claim | None:
    """The claim for a stage that is not paid yet, if there is one."""
    return Claim.objects.filter(cohort=cohort_id, stage_number=stage_number).exclude(state=ClaimState.PAID).first()


def claim_lines(claim: Claim) -> QuerySet[ClaimLine]:
    """The frozen lines with the learner."""
    return ClaimLine.objects.filter(claim=claim).select_related("enrolment__person")


def cohorts_to_claim(actor: Actor) -> QuerySet[training.Cohort]:
    """The actor's cohorts for which a stage may be claimed, with their stages."""
    return training.visible_cohorts(actor).filter(state__in=CLAIMABLE).prefetch_related("stages")


def stages_to_claim(
    cohorts: Sequence[training.Cohort],
) -> list[tuple[training.Cohort, list[tuple[training.Stage, Claim | None]]]]:
    """Each cohort with its stages in order, each with its claim that is not paid yet. One query beside the stages'."""
    claims = {
        (one.cohort_id, one.stage_number): one
        for one in Claim.objects.filter(cohort__in=cohorts).exclude(state=ClaimState.PAID)
    }
    return [
        (
            cohort,
            [
                (stage, claims.get((cohort.pk, stage.number)))
                for stage in sorted(cohort.stages.all(), key=lambda stage: stage.number)
            ],
        )
        for cohort in cohorts
    ]


def preview(*, cohort: training.Cohort, stage_number: int, claim: Claim | None = None) -> tuple[Policy, Preview]:
    """What would be claimed now: every learner of the roster, qualified or with the reason why not.

    ``claim`` is the claim under work: its own lines do not count as "claimed before", and once submitted its policy
    stays. The number of queries does not grow with the roster. Raises ``NoPolicy`` and ``Invalid``.
    """
    if cohort.state not in CLAIMABLE:
        raise Invalid("subsidy.cohort_state", "只有培训中或已结班的班期可以申报补贴。")
    stages = training.list_stages(cohort.pk)
    if stage_number not in {stage.number for stage in stages}:
        raise Invalid("subsidy.no_stage", "备案的方案里没有这个阶段。")
    policy = claim.policy if claim is not None and claim.policy is not None and claim.digest else policy_of(cohort)
    terms = terms_of(policy, len(stages))
    online, offline = training.required_seconds(cohort.pk)
    hours = PlanHours(online, offline, training.rules_of(cohort)["minutes_per_class_hour"])
    if not hours.total_seconds:
        raise Invalid("subsidy.no_hours", "备案方案没有学时，不能计算补贴。")
    order = sorted(stage.number for stage in stages)
    computation = compute(terms, hours, order.index(stage_number) + 1)
    if not computation.amount_cents:
        raise Invalid("subsidy.nothing", "按现行政策计算，本阶段补贴为零，不需要申报。")
    lines = _lines(cohort, stage_number, computation.amount_cents, computation.lines, claim)
    return policy, Preview(terms, hours, stage_number, computation, tuple(lines))


def _lines(
    cohort: training.Cohort, stage_number: int, amount: int, explanation: tuple[Line, ...], claim: Claim | None
) -> list[LineDraft]:
    enrolments = training.visible_enrolments(SYSTEM).filter(cohort=cohort).order_by("person__name", "pk")
    done, passed = ledger.complete_stages(cohort.pk), exams.passed(cohort.pk)
    here, elsewhere = _claimed(cohort, stage_number, claim)
    lines = []
    for enrolment in enrolments:
        reason = judge(
            Facts(
                active=enrolment.state == EnrolmentState.ACTIVE,
                hours_done=stage_number in done.get(enrolment.pk, set()),
                passed=stage_number in passed.get(enrolment.pk, set()),
                claimed_before=enrolment.pk in here,
                claimed_elsewhere=enrolment.person_id in elsewhere,
            )
        )
        good = reason is Ineligible.NONE
        lines.append(
            LineDraft(
                enrolment_id=enrolment.pk,
                person_id=enrolment.person_id,
                name=enrolment.person.name,
                eligible=good,
                reason=reason,
                amount_cents=amount if good else 0,
                explanation=explanation if good else (),
            )
        )
    return lines


def _claimed(cohort: training.Cohort, stage_number: int, claim: Claim | None) -> tuple[set[int], set[int]]:
    """Enrolments whose stage was claimed before here, and persons who had it in another cohort of the same level."""
    rows = ClaimLine.objects.filter(eligible=True, stage_number=stage_number)
    rows = rows.exclude(claim=claim.pk if claim else 0).exclude(claim__state=ClaimState.RETURNED)
    here = set(rows.filter(cohort=cohort).values_list("enrolment_id", flat=True))
    programme = cohort.programme
    same = rows.exclude(cohort=cohort).filter(
        cohort__programme__occupation=programme.occupation_id, cohort__programme__level=programme.level
    )
    people = training.visible_enrolments(SYSTEM).filter(cohort=cohort).select_related(None).values("person")
    return here, set(same.filter(enrolment__person__in=people).values_list("enrolment__person", flat=True))


def frozen_digest(claim: Claim) -> str:
    """The digest recomputed from the rows as they stand; it differs when somebody changed them behind our back."""
    rows = claim.lines.values_list("enrolment_id", "enrolment__person_id", "eligible", "reason", "amount_cents")
    return claim_digest(claim.terms, claim.stage_number, [list(row) for row in rows])


def explanation_json(lines: tuple[Line, ...]) -> list[dict[str, str]]:
    """An explanation as the table keeps it."""
    return [asdict(line) for line in lines]


def waiting_for(actor: Actor) -> QuerySet[Claim]:
    """What waits for this person: drafts and returned ones for a manager, the county's or the city's queue."""
    rows = visible_claims(actor)
    if actor.is_manager:
        return rows.filter(state__in=OPEN_STATES).order_by("-returned_at", "-created_at")
    if actor.is_county_bureau:
        return rows.filter(state=ClaimState.SUBMITTED).order_by("submitted_at")
    if actor.is_city_bureau:
        own = rows.filter(state__in=[ClaimState.COUNTY_REVIEWED, ClaimState.APPROVED])
        return own.order_by("state", "submitted_at")
    return rows.none()


def chosen_stage(actor: Actor, data: Mapping[str, str]) -> tuple[training.Cohort, int]:
    """Cohort and stage from a form (``stage`` is ``cohort-number``); raises ``Invalid`` or ``NotFound``."""
    cohort, _, stage = data.get("stage", "").partition("-")
    if not (cohort.isdecimal() and stage.isdecimal() and len(cohort) < 19 and len(stage) < 5):
        raise Invalid("subsidy.no_stage", "请选择要申报的班期和阶段。")
    return training.get_cohort(actor, int(cohort)), int(stage)


def as_open(claim: Claim) -> Claim:
    """A returned claim is computed anew: its frozen policy and digest no longer bind."""
    if claim.state in OPEN_STATES:
        claim.digest = ""
    return claim


def explanation_of(claim: Claim) -> list[dict[str, str]]:
    """How a qualified learner's amount came about; the same for all of one claim."""
    line = claim.lines.filter(eligible=True).first()
    return list(line.explanation) if line is not None else []
