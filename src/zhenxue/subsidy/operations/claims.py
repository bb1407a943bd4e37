"""A claim's way: provider submits, county reviews, city approves, payment is noted. Each step leaves evidence."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams import api as exams
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock, money
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.subsidy.data import ClaimState, Ineligible, LineDraft
from zhenxue.subsidy.errors import FactsChanged
from zhenxue.subsidy.models import Claim, ClaimLine
from zhenxue.subsidy.policies import (
    check_can_approve,
    check_can_claim,
    check_can_review,
    check_move,
)
from zhenxue.subsidy.queries import frozen_digest, open_claim, preview
from zhenxue.subsidy.queries.claims import explanation_json
from zhenxue.training import api as training


def create_claim(*, actor: Actor, cohort: training.Cohort, stage_number: int, now: dt.datetime) -> Claim:
    """The draft of a claim for a stage, or the one that is open already (a second click makes no second claim)."""
    check_can_claim(actor, cohort.organisation_id)
    preview(cohort=cohort, stage_number=stage_number)  # raises when the stage cannot be claimed at all
    try:
        with transaction.atomic():
            found = open_claim(cohort.pk, stage_number)
            return found or Claim.objects.create(cohort=cohort, stage_number=stage_number, created_at=now)
    except IntegrityError:  # two clicks at once: the other one made it
        found = open_claim(cohort.pk, stage_number)
        assert found is not None
        return found


def submit_claim(*, actor: Actor, claim: Claim, now: dt.datetime, note: str = "") -> Claim:
    """Freezes who qualifies, how much, and why, under one digest, and hands the claim to the county bureau.

    Attempts whose time is over are closed first, so that no result is missing. Raises ``Invalid`` when nobody
    qualifies, ``Conflict`` when it was submitted already.
    """
    check_can_claim(actor, claim.cohort.organisation_id)
    exams.close_due_attempts(now=now, cohort_id=claim.cohort_id)
    with transaction.atomic():
        claim = _locked(claim)
        check_move(claim, ClaimState.SUBMITTED)
        claim.digest = ""
        policy, shown = preview(cohort=claim.cohort, stage_number=claim.stage_number, claim=claim)
        if not shown.eligible:
            raise Invalid("subsidy.nobody", "本阶段还没有符合条件的学员：学完课程并通过考核后才能申报。")
        claim.state, claim.policy, claim.note = ClaimState.SUBMITTED, policy, note.strip()
        claim.terms, claim.hours, claim.digest = shown.terms.frozen(), asdict(shown.hours), shown.digest
        claim.learners, claim.eligible, claim.total_cents = len(shown.lines), shown.eligible, shown.total_cents
        claim.submitted_by_id, claim.submitted_at = actor.account_id, now
        claim.reviewed_by_id = claim.reviewed_at = None
        claim.review_note = claim.return_reason = ""
        claim.returned_at = None
        claim.lines.all().delete()
        claim.save()
        ClaimLine.objects.bulk_create((_frozen(claim, line) for line in shown.lines), batch_size=500)
        body: dict[str, Any] = {"policy": policy.pk, "learners": claim.learners, "eligible": claim.eligible}
        amounts = [[line.enrolment_id, line.amount_cents] for line in shown.lines]
        body |= {"total_cents": claim.total_cents, "amounts": amounts}
        _record(actor, claim, "subsidy.claim_submitted", body, now)
    return claim


def review_claim(*, actor: Actor, claim: Claim, now: dt.datetime, agree: bool = True, note: str = "") -> Claim:
    """The county's word: agree (recomputed first), or return with a reason."""
    if not agree:
        return return_claim(actor=actor, claim=claim, reason=note, now=now)
    with transaction.atomic():
        claim = _locked(claim)
        check_can_review(actor, claim)
        check_move(claim, ClaimState.COUNTY_REVIEWED)
        check_unchanged(claim)
        claim.state, claim.review_note = ClaimState.COUNTY_REVIEWED, note.strip()
        claim.reviewed_by_id, claim.reviewed_at = actor.account_id, now
        claim.save()
        _record(actor, claim, "subsidy.claim_reviewed", {"note": note.strip()}, now)
    return claim


def approve_claim(*, actor: Actor, claim: Claim, now: dt.datetime, note: str = "") -> Claim:
    """The city's word, after recomputing everything; refused to the account that reviewed (four eyes).

    Raises ``FactsChanged`` with the differences when hours, results or the roster differ from what was submitted.
    """
    with transaction.atomic():
        claim = _locked(claim)
        check_can_approve(actor, claim)
        check_move(claim, ClaimState.APPROVED)
        check_unchanged(claim)
        claim.state, claim.approval_note = ClaimState.APPROVED, note.strip()
        claim.approved_by_id, claim.approved_at = actor.account_id, now
        claim.save()
        body = {"note": note.strip(), "total_cents": claim.total_cents, "eligible": claim.eligible}
        _record(actor, claim, "subsidy.claim_approved", body, now)
    return claim


def return_claim(*, actor: Actor, claim: Claim, reason: str, now: dt.datetime) -> Claim:
    """Back to the provider with a reason: by the county before its review, by the city after it."""
    with transaction.atomic():
        claim = _locked(claim)
        if claim.state == ClaimState.COUNTY_REVIEWED:
            check_can_approve(actor, claim)
        else:
            check_can_review(actor, claim)
        check_move(claim, ClaimState.RETURNED)
        if not reason.strip():
            raise Invalid("subsidy.return_reason", "请写明退回的原因。", fields={"note": "请写明退回的原因。"})
        step = "city" if claim.state == ClaimState.COUNTY_REVIEWED else "county"
        claim.state, claim.return_reason, claim.returned_at = ClaimState.RETURNED, reason.strip(), now
        claim.save()
        _record(actor, claim, "subsidy.claim_returned", {"step": step, "reason": reason.strip()}, now)
    return claim


def mark_paid(*, actor: Actor, claim: Claim, voucher_number: str, paid_on: dt.date, now: dt.datetime) -> Claim:
    """Notes the payment by its voucher; the money itself moves outside."""
    wrong: dict[str, str] = {}
    if not voucher_number.strip():
        wrong["voucher_number"] = "请填写拨付凭证号。"
    if paid_on > clock.civil_day(now):
        wrong["paid_on"] = "拨付日期不能晚于今天。"
    with transaction.atomic():
        claim = _locked(claim)
        if not actor.is_city_bureau or not actor.covers(claim.cohort.region_id):
            raise Refused("subsidy.approve_right", "审批和拨付由市级人社部门办理。")
        check_move(claim, ClaimState.PAID)
        if claim.approved_at is not None and paid_on < clock.civil_day(claim.approved_at):
            wrong.setdefault("paid_on", "拨付日期不能早于审批日期。")
        if wrong:
            raise Invalid("subsidy.payment", "".join(wrong.values()), fields=wrong)
        _check_rows(claim)
        claim.state, claim.voucher_number, claim.paid_on = ClaimState.PAID, voucher_number.strip(), paid_on
        claim.paid_by_id, claim.paid_at = actor.account_id, now
        claim.save()
        body = {"voucher_number": claim.voucher_number, "paid_on": paid_on.isoformat()}
        _record(actor, claim, "subsidy.claim_paid", {**body, "total_cents": claim.total_cents}, now)
    return claim


def check_unchanged(claim: Claim) -> None:
    """Raises ``Conflict`` when the frozen rows were touched, ``FactsChanged`` when the facts under them changed."""
    _check_rows(claim)
    _, shown = preview(cohort=claim.cohort, stage_number=claim.stage_number, claim=claim)
    if shown.digest == claim.digest:
        return
    before = {line.enrolment_id: line for line in claim.lines.select_related("enrolment__person")}
    differences = []
    for line in shown.lines:
        old = before.pop(line.enrolment_id, None)
        was = _outcome(old.eligible, old.reason, old.amount_cents) if old else "不在名单"
        now_is = _outcome(line.eligible, line.reason, line.amount_cents)
        if was != now_is:
            differences.append(f"{line.name}：申报时{was}，现在{now_is}")
    differences += [f"{old.enrolment.person.name}：申报时在名单，现在不在" for old in before.values()]
    raise FactsChanged(differences or ["政策条款或方案学时与申报时不同"])


def _check_rows(claim: Claim) -> None:
    if frozen_digest(claim) != claim.digest:
        raise Conflict("subsidy.rows_touched", "申报明细与存证的摘要值不一致，已停止办理。请联系平台管理员核查存证。")


def _outcome(eligible: bool, reason: str, amount_cents: int) -> str:
    return f"符合（{money.format_yuan(amount_cents)} 元）" if eligible else f"不符合（{Ineligible(reason).label}）"


def _frozen(claim: Claim, line: LineDraft) -> ClaimLine:
    return ClaimLine(
        claim=claim,
        cohort_id=claim.cohort_id,
        stage_number=claim.stage_number,
        enrolment_id=line.enrolment_id,
        eligible=line.eligible,
        reason=line.reason,
        amount_cents=line.amount_cents,
        explanation=explanation_json(line.explanation),
    )


def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",))
    return rows.select_related("cohort__programme", "cohort__region", "policy").get(pk=claim.pk)


def _record(actor: Actor, claim: Claim, kind: str, body: dict[str, Any], now: dt.datetime) -> None:
    """Every step names the digest it is about, the cohort, and each learner who gets money."""
    enrolments = claim.lines.filter(eligible=True).values_list("enrolment_id", flat=True)
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"claim:{claim.pk}",
        about=[
            f"cohort:{claim.cohort_id}",
            f"organisation:{claim.cohort.organisation_id}",
            *(f"enrolment:{pk}" for pk in enrolments),
        ],
        body={"stage": claim.stage_number, "digest": claim.digest, **body},
        now=now,
    )
