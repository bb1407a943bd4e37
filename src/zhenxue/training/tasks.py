"""Background work of training: large rosters, first passwords, and cohorts that start by their date."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.training import signals
from zhenxue.training.operations import filing, initial_passwords, roster


@task
def check_roster(import_id: int) -> None:
    """Answers every row of a large roster file."""
    roster.check_import(import_id=import_id, now=clock.now())


@task
def import_roster(import_id: int, account_id: int, role: str) -> None:
    """Imports a confirmed large roster in the name of the manager who confirmed it, if still in office."""
    manager = _manager(account_id, role)
    if manager is not None:
        roster.run_import(actor=manager, import_id=import_id, now=clock.now())


@task
def make_passwords(import_id: int, account_id: int, role: str) -> None:
    """Makes the first passwords of an import in the name of the manager who asked, if still in office."""
    manager = _manager(account_id, role)
    if manager is not None:
        initial_passwords.make_passwords(actor=manager, import_id=import_id, now=clock.now())


def _manager(account_id: int, role: str) -> Actor | None:
    for membership in identity.list_memberships(account_id):
        if membership.role == role and Role(role) in {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}:
            return identity.actor_of(membership)
    return None


@task
def start_due_cohorts() -> None:
    """Starts every approved cohort whose first day has come."""
    filing.start_due_cohorts(now=clock.now())


@receiver(signals.cohort_approved)
def start_on_first_day(sender: object, *, starts_on: dt.date, **more: Any) -> None:
    """Plans the start in the transaction of the approval; ``zhenxue start_due_cohorts`` does it by hand or cron."""
    moment = clock.start_of_day(starts_on) + dt.timedelta(seconds=5)
    if start_due_cohorts.get_backend().supports_defer:
        start_due_cohorts.using(run_after=max(moment, clock.now())).enqueue()
