"""Background work of exams: large files of questions, comparing attempts, counting questions."""

from django.tasks import task

from zhenxue.exams.operations import certificates, importing, statistics
from zhenxue.identity import api as identity
from zhenxue.identity.data import Role
from zhenxue.kernel import clock


@task
def read_import(import_id: int) -> None:
    """Reads a large file of questions."""
    importing.read_import(import_id=import_id)


@task
def save_import(import_id: int, account_id: int, role: str) -> None:
    """Saves a confirmed large file in the name of whoever confirmed it, if still in office."""
    for membership in identity.list_memberships(account_id):
        if membership.role == role:
            actor = identity.actor_of(membership)
            if actor.role in {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER}:
                importing.run_save(actor=actor, import_id=import_id, now=clock.now())


@task
def compare_exam(exam_id: int) -> None:
    """Compares the attempts of a closed exam; one that is in hand already is left to whoever has it."""
    from zhenxue.exams.operations import comparing  # numpy is loaded by the worker alone

    comparing.compare_exam(exam_id=exam_id, now=clock.now())


@task
def count_questions(organisation_id: int) -> None:
    """Counts the questions of an organisation anew, unless it was done while this waited."""
    now = clock.now()
    if organisation_id in statistics.organisations_due(now):
        statistics.count_questions(organisation_id=organisation_id, now=now)


@task
def issue_certificates(batch_id: int, account_id: int, role: str) -> None:
    """Makes the certificates of a class in the name of whoever asked, if still in office."""
    for membership in identity.list_memberships(account_id):
        actor = identity.actor_of(membership)
        if membership.role == role and certificates.may_issue(actor, batch_id):
            certificates.issue_batch(actor=actor, batch_id=batch_id, now=clock.now())
            return
    certificates.drop_batch(batch_id=batch_id, words="提交的人已不在岗，请由现在的管理员重新提交。")
