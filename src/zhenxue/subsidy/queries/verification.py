"""Living tables against the log: what was claimed, decided and paid must still be what the entries say."""

from collections.abc import Iterator, Mapping
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.kernel import money
from zhenxue.subsidy.data import ClaimState
from zhenxue.subsidy.models import Claim, ClaimLine, Policy
from zhenxue.subsidy.queries.claims import frozen_digest

#: What a claim is after an entry of its life.
STEPS = {
    "subsidy.claim_submitted": ClaimState.SUBMITTED,
    "subsidy.claim_reviewed": ClaimState.COUNTY_REVIEWED,
    "subsidy.claim_returned": ClaimState.RETURNED,
    "subsidy.claim_approved": ClaimState.APPROVED,
    "subsidy.claim_paid": ClaimState.PAID,
}
REGISTERED = "subsidy.policy_registered"


def policy_body(row: Policy) -> dict[str, Any]:
    """What the log says about a version of a policy: all that decides an amount."""
    return {
        "region": row.region_id,
        "occupation": row.occupation_id,
        "level": row.level,
        "version": row.version,
        "title": row.title,
        "standard_cents": row.standard_cents,
        "online_percent": row.online_percent,
        "online_mode": str(row.online_mode),
        "offline_basis": str(row.offline_basis),
        "stage_shares": row.stage_shares,
        "source": row.source,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }


def check_policies() -> Iterator[evidence.Finding]:
    """Every version of a policy must be what was registered. One loaded without an entry is left."""
    logged = {entry.subject: entry for entry in evidence.iterate_bodies(kinds=(REGISTERED,))}
    for row in Policy.objects.order_by("pk"):
        entry = logged.pop(f"policy:{row.pk}", None)
        if entry is None:
            continue
        now = {name: value for name, value in policy_body(row).items() if name in entry.body}
        wrong = [
            f"{name} 记为 {value}，存证是 {entry.body[name]}"
            for name, value in now.items()
            if value != entry.body[name]
        ]
        if wrong:
            yield _finding(f"subsidy_policy：第 {row.pk} 号政策（{'；'.join(wrong)}）", entry.number)
    for subject, entry in logged.items():
        yield _finding(f"subsidy_policy：{subject} 缺失，存证里有版本 {entry.body['version']}", entry.number)


def check_claims() -> Iterator[evidence.Finding]:
    """State, sums, voucher and digest of every claim, and each learner's amount, against the entries of its life."""
    newest: dict[str, evidence.LoggedBody] = {}
    submitted: dict[str, evidence.LoggedBody] = {}
    for entry in evidence.iterate_bodies(kinds=tuple(STEPS)):
        newest[entry.subject] = entry
        if entry.kind == "subsidy.claim_submitted":
            submitted[entry.subject] = entry
    for claim in Claim.objects.order_by("pk").iterator():
        last, frozen = newest.pop(f"claim:{claim.pk}", None), submitted.get(f"claim:{claim.pk}")
        if last is None or frozen is None:
            if claim.state != ClaimState.DRAFT:
                state = ClaimState(claim.state).label
                yield _finding(f"subsidy_claim：第 {claim.pk} 号申报记为{state}，没有存证", None)
            continue
        yield from _compare_claim(claim, last, frozen)
    for subject, entry in newest.items():
        yield _finding(f"subsidy_claim：{subject} 缺失，存证是{STEPS[entry.kind].label}", entry.number)


def _compare_claim(claim: Claim, last: evidence.LoggedBody, frozen: evidence.LoggedBody) -> Iterator[evidence.Finding]:
    if claim.state != STEPS[last.kind]:
        row, log = ClaimState(claim.state).label, STEPS[last.kind].label
        yield _finding(f"subsidy_claim：第 {claim.pk} 号申报记为{row}，存证是{log}", last.number)
    facts: dict[str, Any] = {
        "digest": claim.digest,
        "learners": claim.learners,
        "eligible": claim.eligible,
        "total_cents": claim.total_cents,
    }
    paid = {"voucher_number": claim.voucher_number, "paid_on": claim.paid_on.isoformat() if claim.paid_on else ""}
    for entry, told in ((frozen, facts), (last, paid)):
        for name, value in told.items():
            if name in entry.body and entry.body[name] != value:
                yield _finding(
                    f"subsidy_claim：第 {claim.pk} 号申报的 {name} 记为 {value}，存证是 {entry.body[name]}",
                    entry.number,
                )
    lines = {
        enrolment: (eligible, cents)
        for enrolment, eligible, cents in ClaimLine.objects.filter(claim=claim).values_list(
            "enrolment_id", "eligible", "amount_cents"
        )
    }
    wrong = list(_compare_lines(claim, lines, frozen))
    yield from wrong
    if not wrong and frozen_digest(claim) != frozen.body["digest"]:
        yield _finding(f"subsidy_claim：第 {claim.pk} 号申报的明细与申报时的摘要值不一致", frozen.number)


def _compare_lines(
    claim: Claim, lines: Mapping[int, tuple[bool, int]], frozen: evidence.LoggedBody
) -> Iterator[evidence.Finding]:
    """Amount by amount, where the entry tells them."""
    if "amounts" not in frozen.body:
        return
    logged = dict(frozen.body["amounts"])
    for enrolment, (eligible, cents) in lines.items():
        proven = logged.pop(enrolment, None)
        if proven is None:
            yield _finding(f"subsidy_claimline：第 {claim.pk} 号申报多出学籍 {enrolment}，存证里没有", frozen.number)
        elif cents != proven or eligible != bool(proven):
            yield _finding(
                f"subsidy_claimline：第 {claim.pk} 号申报学籍 {enrolment} 记为 {money.format_yuan(cents)} 元，"
                f"存证是 {money.format_yuan(proven)} 元",
                frozen.number,
            )
    for enrolment, proven in logged.items():
        was = money.format_yuan(proven)
        text = f"subsidy_claimline：第 {claim.pk} 号申报学籍 {enrolment} 的明细缺失，存证是 {was} 元"
        yield _finding(text, frozen.number)


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
