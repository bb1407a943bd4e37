"""What claims earn, before anything is written: new coverage within clock, unit and day; the rest is refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from zhenxue.kernel import clock
from zhenxue.ledger import coverage as arithmetic
from zhenxue.ledger.data import Claim, Reason, SpanState


@dataclass(slots=True)
class Draft:
    """A span in the making: neighbours of one state, reason and day grow together."""

    state: SpanState
    reason: Reason
    day: date
    began_at: datetime
    ended_at: datetime
    from_ms: int
    to_ms: int
    credit_ms: int
    claimed_ms: int

    def joins(self, other: "Draft") -> bool:
        """Whether the next stretch may be written as part of this one (at most two seconds lie between)."""
        return (
            (self.state, self.reason, self.day) == (other.state, other.reason, other.day)
            and other.began_at - self.ended_at <= timedelta(seconds=2)
            and abs(other.from_ms - self.to_ms) <= 2000
        )

    def grow(self, other: "Draft") -> None:
        self.ended_at = max(self.ended_at, other.ended_at)
        self.to_ms = max(self.to_ms, other.to_ms)
        self.credit_ms += other.credit_ms
        self.claimed_ms += other.claimed_ms


@dataclass(slots=True)
class Book:
    """The open page of one enrolment and unit while claims are entered."""

    covered: list[tuple[int, int]]
    credited_ms: int
    unit_ms: int
    axis_ms: int
    used_until: datetime | None
    cap_ms: int
    day_used_ms: dict[date, int]
    drafts: list[Draft] = field(default_factory=list)

    def enter(self, claim: Claim, day: date) -> None:
        """Books one stretch that lies inside one civil day."""
        began = max(claim.began_at, self.used_until) if self.used_until else claim.began_at
        claimed_ms = _milliseconds(claim.ended_at - claim.began_at)
        time_ms = max(0, _milliseconds(claim.ended_at - began))
        end = min(claim.to_ms, self.axis_ms)
        fresh = arithmetic.new_parts(self.covered, claim.from_ms, end)
        fresh_ms = arithmetic.length(fresh)
        ceiling_ms = max(0, self.unit_ms - self.credited_ms)
        cap_left_ms = max(0, self.cap_ms - self.day_used_ms.get(day, 0))
        allowed_ms = min(time_ms, ceiling_ms, cap_left_ms)
        taken = arithmetic.take(fresh, allowed_ms * max(100, claim.rate_percent) // 100)
        credit_ms = min(arithmetic.length(taken), allowed_ms)
        if credit_ms:
            for start, stop in taken:
                self.covered = arithmetic.add(self.covered, start, stop)
            self.credited_ms += credit_ms
            self.day_used_ms[day] = self.day_used_ms.get(day, 0) + credit_ms
            used_to = min(claim.ended_at, began + timedelta(milliseconds=credit_ms))
            self.used_until = max(self.used_until or used_to, used_to)
            self._put(
                Draft(
                    SpanState.CREDITED,
                    Reason.NONE,
                    day,
                    began,
                    max(used_to, began),
                    taken[0][0],
                    taken[-1][1],
                    credit_ms,
                    credit_ms,
                )
            )
        rest_ms = claimed_ms - credit_ms
        if rest_ms > 0 and not (credit_ms and arithmetic.length(taken) == claim.to_ms - claim.from_ms):
            reason = self._why_rest(fresh_ms, claim, time_ms, ceiling_ms, cap_left_ms, claimed_ms)
            ended = claim.ended_at
            start_ms = min(taken[-1][1] if taken else claim.from_ms, claim.to_ms)
            self._put(
                Draft(
                    SpanState.REFUSED,
                    reason,
                    day,
                    ended - timedelta(milliseconds=rest_ms),
                    ended,
                    start_ms,
                    claim.to_ms,
                    0,
                    rest_ms,
                )
            )

    def refuse(self, claim: Claim, reason: Reason, day: date) -> None:
        """Writes down a stretch that does not count."""
        claimed_ms = max(_milliseconds(claim.ended_at - claim.began_at), claim.claimed_ms)
        self._put(
            Draft(
                SpanState.REFUSED,
                reason,
                day,
                claim.began_at,
                claim.ended_at,
                claim.from_ms,
                max(claim.from_ms, claim.to_ms),
                0,
                claimed_ms,
            )
        )

    def _why_rest(
        self, fresh_ms: int, claim: Claim, time_ms: int, ceiling_ms: int, cap_left_ms: int, claimed_ms: int
    ) -> Reason:
        if cap_left_ms <= min(time_ms, ceiling_ms, fresh_ms) and cap_left_ms < fresh_ms:
            return Reason.DAILY_CAP
        if time_ms < claimed_ms and time_ms < fresh_ms:
            return Reason.OVERLAP
        if ceiling_ms < min(time_ms, fresh_ms) or (fresh_ms == 0 and ceiling_ms == 0):
            return Reason.UNIT_FULL
        if fresh_ms < claim.to_ms - claim.from_ms:
            return Reason.UNIT_FULL if claim.to_ms > self.axis_ms else Reason.ALREADY_COUNTED
        return Reason.CLOCK

    def _put(self, draft: Draft) -> None:
        for earlier in reversed(self.drafts):
            if earlier.state == draft.state:
                if earlier.joins(draft):
                    earlier.grow(draft)
                    return
                break
        self.drafts.append(draft)


def split_at_midnight(claim: Claim) -> Iterator[tuple[Claim, date]]:
    """The claim cut where the civil day changes; content is cut in the same proportion as time."""
    began, total_ms = claim.began_at, _milliseconds(claim.ended_at - claim.began_at)
    position = claim.from_ms
    while True:
        day = clock.civil_day(began)
        midnight = clock.start_of_day(day + timedelta(days=1))
        if claim.ended_at <= midnight:
            rest = Claim(
                position, claim.to_ms, began, claim.ended_at, claim.reason, claim.rate_percent, claim.claimed_ms
            )
            yield rest, day
            return
        until = _milliseconds(midnight - claim.began_at)
        cut = claim.from_ms + (claim.to_ms - claim.from_ms) * until // total_ms
        yield Claim(position, cut, began, midnight, claim.reason, claim.rate_percent), day
        began, position = midnight, cut


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
