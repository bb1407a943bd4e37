"""One live sign-in per account, passwords, and what the tables allow."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Device, Role, SessionEnd
from zhenxue.identity.errors import AlreadySignedIn
from zhenxue.identity.models import LoginSession
from zhenxue.identity.operations import sessions
from zhenxue.identity.queries import accounts as queries
from zhenxue.kernel.errors import Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db
PHONE = Device("安卓手机 · 微信", "agent", "10.0.0.2")
MINUTE = dt.timedelta(minutes=1)


def learner() -> identity.Account:
    return identity.get_account(make.make_learner().account_id or 0)


def test_a_second_sign_in_needs_the_hand_over_and_ends_the_first() -> None:
    account = learner()
    first, first_key = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    later = make.NOW + 5 * MINUTE
    with pytest.raises(AlreadySignedIn):
        sessions.open_session(account=account, device=PHONE, now=later)
    second, _ = sessions.open_session(account=account, device=PHONE, now=later, take_over=True)
    ended = queries.find_session(first_key)
    assert ended is not None
    assert (ended.end_reason, ended.ended_at) == (SessionEnd.HANDED_OVER, later)
    assert second.ended_at is None
    assert second.membership_id == first.membership_id
    entries = evidence.list_entries(refs=[f"account:{account.pk}"], kinds=["identity.signed_in_by_hand_over"])
    assert len(entries) == 1
    assert ("新设备", PHONE.name) in entries[0].lines


def test_a_double_click_or_the_same_browser_is_no_other_device() -> None:
    account = learner()
    first, _ = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    moment = make.NOW + dt.timedelta(seconds=3)
    second, _ = sessions.open_session(account=account, device=make.DEVICE, now=moment)
    with pytest.raises(AlreadySignedIn):
        sessions.open_session(account=account, device=PHONE, now=moment)
    with pytest.raises(AlreadySignedIn):
        sessions.open_session(account=account, device=make.DEVICE, now=moment + MINUTE)
    sessions.open_session(account=account, device=make.DEVICE, now=moment + MINUTE, replaces=second.pk)
    ended = LoginSession.objects.filter(pk__in=[first.pk, second.pk])
    assert {one.end_reason for one in ended} == {SessionEnd.REPLACED}
    assert not evidence.list_entries(refs=[f"account:{account.pk}"], kinds=["identity.signed_in_by_hand_over"])


def test_a_sign_in_unused_for_half_an_hour_gives_way_silently() -> None:
    account = learner()
    _, key = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(AlreadySignedIn):
        sessions.open_session(account=account, device=PHONE, now=make.NOW + 29 * MINUTE)
    sessions.open_session(account=account, device=PHONE, now=make.NOW + 31 * MINUTE)
    ended = queries.find_session(key)
    assert ended is not None
    assert ended.end_reason == SessionEnd.EXPIRED
    assert not evidence.list_entries(refs=[f"account:{account.pk}"], kinds=["identity.signed_in_by_hand_over"])


def test_use_keeps_a_sign_in_fresh_with_one_write_a_minute() -> None:
    account = learner()
    session, key = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    sessions.touch_session(session=session, now=make.NOW + dt.timedelta(seconds=59))
    assert LoginSession.objects.get(pk=session.pk).seen_at == make.NOW
    sessions.touch_session(session=session, now=make.NOW + 20 * MINUTE)
    with pytest.raises(AlreadySignedIn):
        sessions.open_session(account=account, device=PHONE, now=make.NOW + 45 * MINUTE)
    assert key not in LoginSession.objects.get(pk=session.pk).key_digest


def test_the_table_itself_allows_one_live_sign_in() -> None:
    account = learner()
    session, _ = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        LoginSession.objects.create(
            account=account, key_digest="x" * 64, device="y", opened_at=make.NOW, seen_at=make.NOW
        )
    sessions.end_session(session_id=session.pk, reason=SessionEnd.SIGNED_OUT, now=make.NOW)
    sessions.end_session(session_id=session.pk, reason=SessionEnd.EXPIRED, now=make.NOW + MINUTE)
    assert LoginSession.objects.get(pk=session.pk).end_reason == SessionEnd.SIGNED_OUT


def test_an_account_without_a_role_is_refused() -> None:
    actor = make.make_teacher()
    account = identity.get_account(actor.account_id or 0)
    membership = identity.list_memberships(account.pk)[0]
    identity.revoke_role(actor=make.make_operator(), membership_id=membership.pk, now=make.NOW)
    with pytest.raises(Refused, match="可用的角色"):
        sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)


def test_the_role_used_last_is_offered_again_and_only_ones_own_can_be_chosen() -> None:
    manager = make.make_provider()
    account = identity.get_account(manager.account_id or 0)
    operator = make.make_operator()
    teacher = identity.grant_role(
        actor=operator, account=account, organisation=make.make_organisation(), role=Role.TEACHER, now=make.NOW
    )
    session, _ = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    assert session.membership_id != teacher.pk
    sessions.choose_role(session_id=session.pk, actor=manager, membership_id=teacher.pk)
    foreign = identity.list_memberships(operator.account_id or 0)[0]
    with pytest.raises(NotFound):
        sessions.choose_role(session_id=session.pk, actor=manager, membership_id=foreign.pk)
    again, _ = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW + 60 * MINUTE)
    assert again.membership_id == teacher.pk


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("abc-12", "至少 10 位"),
        ("1234567890123", "全是数字"),
        ("password123", "太常见"),
        ("abcdefghijkl", "两种字符"),
        ("王小明xx12345", "姓名或手机号码"),
        ("x-13812345678", "姓名或手机号码"),
        (make.PASSWORD, "不能与当前密码相同"),
    ],
)
def test_a_weak_password_is_refused_in_words(new: str, words: str) -> None:
    person = identity.register_person(
        actor=identity.SYSTEM, name="王小明", citizen_number=make.citizen_number(), phone="13812345678", now=make.NOW
    )
    account = make.make_account(Role.LEARNER, person=person, password=make.PASSWORD)
    with pytest.raises(Invalid) as refusal:
        sessions.change_password(account=account, session_id=None, old=make.PASSWORD, new=new, now=make.NOW)
    assert words in refusal.value.fields["new"]


def test_a_changed_password_ends_the_other_sign_ins() -> None:
    account = make.make_account(Role.LEARNER, password=make.PASSWORD)
    session, key = sessions.open_session(account=account, device=make.DEVICE, now=make.NOW)
    with pytest.raises(Invalid, match="当前密码不正确"):
        sessions.change_password(account=account, session_id=session.pk, old="x", new="Xin-mima-2026", now=make.NOW)
    sessions.change_password(
        account=account, session_id=session.pk, old=make.PASSWORD, new="Xin-mima-2026", now=make.NOW
    )
    kept = queries.find_session(key)
    assert kept is not None
    assert kept.ended_at is None
    sessions.change_password(account=account, session_id=None, old="Xin-mima-2026", new="Zai-huan-2026", now=make.NOW)
    ended = queries.find_session(key)
    assert ended is not None
    assert ended.end_reason == SessionEnd.PASSWORD_CHANGED


def test_an_account_is_found_by_name_phone_or_number_unless_the_phone_is_shared() -> None:
    account = learner()
    person = account.person
    for text in (account.username, f" {person.phone} ", person.citizen_number.lower()):
        found = queries.find_account_by_identifier(text)
        assert found is not None
        assert found.pk == account.pk
    assert queries.find_account_by_identifier("nobody") is None
    twin = identity.register_person(
        actor=identity.SYSTEM, name="王小明", citizen_number=make.citizen_number(), phone=person.phone, now=make.NOW
    )
    make.make_account(Role.LEARNER, person=twin)
    assert queries.find_account_by_identifier(person.phone) is None
    assert queries.find_account_by_identifier(account.username) is not None


def test_sign_ins_and_access_log_are_scoped() -> None:
    near, far = make.make_provider(region="371502"), make.make_provider(region="371503")
    for actor in (near, far):
        sessions.open_session(account=identity.get_account(actor.account_id or 0), device=make.DEVICE, now=make.NOW)
        sessions.log_access(actor=actor, method="GET", path="/people/", status=200, ip="10.0.0.1", now=make.NOW)
    sessions.log_access(actor=identity.ANONYMOUS, method="POST", path="/sign-in/", status=422, ip=None, now=make.NOW)
    county = make.make_bureau("371502")
    for actor, sign_ins, lines in (
        (near, {near.account_id}, {near.account_id}),
        (county, {near.account_id}, {near.account_id}),
        (make.make_operator(), {near.account_id, far.account_id}, {near.account_id, far.account_id, None}),
        (make.make_learner(), set(), set()),
        (identity.ANONYMOUS, set(), set()),
    ):
        assert set(queries.visible_sessions(actor).values_list("account_id", flat=True)) == sign_ins
        assert set(queries.visible_access_log(actor).values_list("account_id", flat=True)) == lines
