"""Who may open a log entry: those who may see what it is about."""

from collections.abc import Iterable
from typing import Any

from zhenxue.identity.data import Actor
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
    if actor.is_learner:
        return actor.person_id in named.get("person", set())
    if named.get("cohort"):
        return training.visible_cohorts(actor).filter(pk__in=named["cohort"]).exists()
    return actor.is_manager and actor.organisation_id in named.get("organisation", set())


def _ids(refs: Iterable[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for ref in refs:
        kind, _, number = ref.partition(":")
        if number.isdecimal():
            found.setdefault(kind, set()).add(int(number))
    return found
