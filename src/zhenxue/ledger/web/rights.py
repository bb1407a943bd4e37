"""Who may do what to the rows of a page of corrections; asked of rows at hand, without queries."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.policies import allows
from zhenxue.ledger import policies
from zhenxue.ledger.data import Decision
from zhenxue.ledger.models import Correction

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
DECIDERS = (*MANAGERS, Role.BUREAU_OFFICER)
CHECKS: dict[Decision, Callable[[Actor, Correction], None]] = {
    Decision.ADOPT: policies.check_can_adopt,
    Decision.APPROVE: policies.check_can_approve,
    Decision.REJECT: policies.check_can_reject,
    Decision.CANCEL: policies.check_can_cancel,
}


def ticking(actor: Actor, rows: Sequence[Correction]) -> dict[str, Any]:
    """For a list with tick boxes: which rows may be ticked, and what may be done to them. No queries."""
    by_row = {one.pk: allowed(actor, [one]) for one in rows} if actor.role in DECIDERS else {}
    return {
        "tickable": {number for number, acts in by_row.items() if acts},
        "decisions": [one for one in Decision if any(one in acts for acts in by_row.values())],
    }


def allowed(actor: Actor, rows: Iterable[Correction]) -> list[Decision]:
    """What the actor may do to one of these rows at least."""
    known = list(rows)
    return [one for one, check in CHECKS.items() if any(allows(check, actor, row) for row in known)]
