"""Who may open a log entry: those who may see what it is about. And who looks after the log."""

from collections.abc import Iterable
from typing import Any

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import Refused
from zhenxue.training import api as training


def may_open_evidence(actor: Any, refs: Iterable[str]) -> bool:
    """Operators: all; others: entries about an enrolment, or about no single learner of a cohort, that they may see.

    An entry that names enrolments is opened only through one of them, so a learner never opens another's by way of the
    cohort they share.
    """
    if not isinstance(actor, Actor) or actor.is_anonymous:
        return False
    if actor.is_operator:
        return True
    named = _ids(refs)
    if named.get("enrolment"):
        return training.visible_enrolments(actor).filter(pk__in=named["enrolment"]).exists()
    if named.get("witness"):
        return actor.is_bureau
    if actor.is_learner:
        return actor.person_id in named.get("person", set())
    if named.get("cohort"):
        return training.visible_cohorts(actor).filter(pk__in=named["cohort"]).exists()
    return actor.is_manager and actor.organisation_id in named.get("organisation", set())


def check_can_keep_witnesses(actor: Actor) -> None:
    """Witnesses are registered and ended by the operator's administrator; the bureau holds the key."""
    if actor.role is not Role.OPERATOR_ADMIN:
        raise Refused("supervision.not_witness_keeper", "见证由平台管理员登记和停用。")


def check_can_ask_verification(actor: Actor) -> None:
    """The operator's administrator and every bureau may have the whole log recomputed."""
    if actor.role is not Role.OPERATOR_ADMIN and not actor.is_bureau:
        raise Refused("supervision.not_verifier", "全链核对由平台管理员或人社部门发起。")


def _ids(refs: Iterable[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for ref in refs:
        kind, _, number = ref.partition(":")
        if number.isdecimal():
            found.setdefault(kind, set()).add(int(number))
    return found
