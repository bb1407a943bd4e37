"""The first administrator of an installation."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.factories import identity as make
from zhenxue.identity.data import OrganisationKind, Role
from zhenxue.identity.models import Account, Membership, Organisation, Person

pytestmark = pytest.mark.django_db


def answers() -> list[str]:
    """What is typed, in the order of the questions."""
    organisation = ["聊城真学运营中心", make.credit_code(), "东昌西路1号", "王立", "李联", "主任", make.phone()]
    return ["3715", *organisation, "赵管理", make.citizen_number(), make.phone(), "root.admin"]


def type_in(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    waiting: Iterator[str] = iter(lines)

    def typed(_: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)


@pytest.mark.usefixtures("bare_ground")
def test_the_first_administrator_signs_in_and_must_change_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, client: Client
) -> None:
    make.make_regions("3715")
    type_in(monkeypatch, answers())
    call_command("first_admin")
    password = capsys.readouterr().out.strip().rsplit("：", 1)[1]
    membership = Membership.objects.select_related("organisation").get()
    assert membership.role == Role.OPERATOR_ADMIN
    assert membership.organisation is not None
    assert (membership.organisation.kind, membership.organisation.state) == (OrganisationKind.OPERATOR, "verified")
    signed_in = client.post("/sign-in/", {"username": "root.admin", "password": password}, follow=True)
    assert signed_in.redirect_chain[-1][0].startswith("/password/")
    type_in(monkeypatch, answers())
    with pytest.raises(CommandError, match="已有平台管理员"):
        call_command("first_admin")


@pytest.mark.usefixtures("bare_ground")
def test_a_wrong_answer_or_an_early_end_registers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make.make_regions("3715")
    wrong = answers()
    wrong[9] = "370000199001010000"
    type_in(monkeypatch, wrong)
    with pytest.raises(CommandError, match="公民身份号码：校验位"):
        call_command("first_admin")
    type_in(monkeypatch, answers()[:5])
    with pytest.raises(CommandError, match="什么都没有登记"):
        call_command("first_admin")
    assert [model.objects.count() for model in (Organisation, Person, Account)] == [0, 0, 0]
