"""Every address × every role: what the decorators say, what the page of rights says, and what the server does."""

import logging
import re
from collections.abc import Callable

import pytest
from django.http import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import resolve

from scripts import access_matrix
from tests.factories import identity as make
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import Refused

ROLES = [role for role in Role if role is not Role.SYSTEM]
ADDRESSES = access_matrix.addresses()
#: An id that no test object has; letters where a route asks for text.
FILL = {
    "int": "987654321",
    "ledger_day": "2026-03-02",
    "slug": "xx",
    "str": "xx",
    "path": "xx",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
#: Refusals, and what is not there, are asked for as JSON: the same answer, without the cost of a thousand error pages.
JSON = {"accept": "application/json"}
#: Answers of a page to somebody it lets in, when nothing is asked for: shown, sent on, or only for posting.
OPENED = {200, 204, 302, 405}
#: Public files of the log that are not there before the first entry is folded in.
NOT_YET = {"evidence:checkpoint"}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of refusals are no news."""
    caplog.set_level(logging.ERROR, logger="django.request")


def filled(route: str) -> str:
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: FILL.get(found[1] or "str", "1"), route)


def test_the_page_of_rights_is_fresh() -> None:
    assert access_matrix.PAGE.read_text(encoding="utf-8") == access_matrix.page(), "run scripts/access_matrix.py"


def test_every_view_carries_one_of_the_three_marks() -> None:
    known = {role.value for role in ROLES}
    for one in ADDRESSES:
        marked = one.access in {"public", "signed_in"} or (
            isinstance(one.access, tuple) and set() < set(one.access) <= known
        )
        assert marked, f"{one.name} has access {one.access!r}"


def somebody(role: Role) -> Actor:
    """Of the bureaus the city's: some pages are its alone, which the acts behind them say, not the decorator."""
    return make.make_bureau("3715") if role is Role.BUREAU_OFFICER else make.make_actor(role)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_it_may_and_nothing_else(role: Role) -> None:
    make.make_rules()
    client = make.client_for(somebody(role))
    faults = []
    for one in ADDRESSES:
        if one.name in {"identity:sign_out", "identity:cancel_hand_over"}:
            continue
        status = client.get(
            filled(one.route), headers=JSON if one.parameters or not one.allows(role) else {}
        ).status_code
        if one.allows(role) and not one.parameters and status not in OPENED and one.name not in NOT_YET:
            faults.append(f"{one.route} ({one.name}) refuses {role.label}: {status}")
        if one.allows(role) and one.parameters and status >= 500:
            faults.append(f"{one.route} ({one.name}) breaks for {role.label}: {status}")
        if not one.allows(role) and status not in {403, 405}:
            faults.append(f"{one.route} ({one.name}) lets {role.label} in: {status}")
    assert not faults, "\n".join(faults)


@pytest.mark.django_db
def test_the_anonymous_are_sent_to_sign_in_with_the_way_back(client: Client) -> None:
    faults = []
    for one in ADDRESSES:
        answer = client.get(filled(one.route))
        if one.access == "public":
            if not one.parameters and answer.status_code not in OPENED and one.name not in NOT_YET:
                faults.append(f"{one.route} ({one.name}) refuses visitors: {answer.status_code}")
        elif answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/"):
            continue
        elif answer.status_code not in {401, 403, 405}:
            faults.append(f"{one.route} ({one.name}) lets the anonymous in: {answer.status_code}")
    assert not faults, "\n".join(faults)


def posted(route: str, actor: Actor) -> int:
    """What the view itself answers: what stands around it is the same at every address, and was asked above."""
    request = RequestFactory().post(filled(route), headers=JSON)
    request.actor = actor  # type: ignore[attr-defined]  # as the middleware does
    match = resolve(request.path)
    view: Callable[..., HttpResponseBase] = match.func
    try:
        return view(request, *match.args, **match.kwargs).status_code
    except Refused as refusal:
        return refusal.status


@pytest.mark.parametrize("role", ROLES)
def test_a_role_posts_nothing_where_it_may_not_enter(role: Role) -> None:
    """And it is refused before anything is asked of the database, which this test has not."""
    actor = Actor(account_id=1, person_id=1, organisation_id=1, role=role)
    for one in ADDRESSES:
        if not one.allows(role):
            status = posted(one.route, actor)
            assert status in {403, 405}, f"{one.route} ({one.name}) takes a post of {role.label}: {status}"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_post_about_something_that_is_not_there_is_answered_in_words(role: Role) -> None:
    """A stale page or a made-up number never ends in a fault."""
    make.make_rules()
    client = make.client_for(somebody(role))
    faults = []
    for one in ADDRESSES:
        if one.allows(role) and one.parameters and one.access != "public":
            answer = client.post(filled(one.route), headers=JSON)
            if answer.status_code >= 500:
                faults.append(f"{one.route} ({one.name}) breaks for {role.label}: {answer.status_code}")
    assert not faults, "\n".join(faults)
