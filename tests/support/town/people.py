"""Who acts in the town: accounts of the demo, and learners that are not verified yet."""

from typing import Any

from tests.support.town import PASSWORD
from zhenxue.config.demo.city import build_city
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Role
from zhenxue.identity.models import Account
from zhenxue.kernel import clock
from zhenxue.training.models import Enrolment


def open_accounts(admin: Any) -> dict[str, str]:
    """Gives the last learner of the running cohort, who has not begun to study, a known password."""
    enrolment = Enrolment.objects.filter(cohort__title="养老护理员晨光三班").order_by("pk").last()
    account = identity.find_account_of(enrolment.person_id) if enrolment else None
    if account is None:
        raise RuntimeError("the demo has no such learner")
    now = clock.now()
    account, first = identity.reset_password(actor=admin, account_id=account.pk, now=now)
    identity.change_password(account=account, session_id=None, old=first, new=PASSWORD, now=now)
    return {"学员：还没开始": account.username}


def actor(username: str) -> Any:
    account = Account.objects.get(username=username)
    return identity.actor_of(identity.list_memberships(account.pk)[0])


def actor_of(enrolment: Any) -> Any:
    account = identity.find_account_of(enrolment.person_id)
    if account is None:
        raise RuntimeError("the learner has no account")
    return actor(account.username)


def lay_unverified(people: list[list[str]]) -> dict[str, str]:
    """Learners (name, citizen number, phone) with accounts, and an administrator ``admin``; usernames by name."""
    now = clock.now()
    build_city(PASSWORD, now)
    found = {}
    for number, (name, citizen_number, phone) in enumerate(people):
        person = identity.register_person(actor=SYSTEM, name=name, citizen_number=citizen_number, phone=phone, now=now)
        account, first = identity.open_account(
            actor=SYSTEM, person=person, username=f"xueyuan{number}", role=Role.LEARNER, organisation=None, now=now
        )
        identity.change_password(account=account, session_id=None, old=first, new=PASSWORD, now=now)
        found[name] = account.username
    return found
