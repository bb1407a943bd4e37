"""Real-name verification through its operations: codes, cards, registers, people's judgement, strength."""

import datetime as dt
import functools
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.factories.identity import NOW, actor_for, make_account, make_learner, make_organisation, make_provider
from tests.support import cards as drawn
from tests.support.sandbox import HOLDER, last_code, no_services, sandbox, services_of, sign_in_at_the_card
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, CardFacts, CardState, ConsentPurpose, OrganisationKind, Role, VerificationState
from zhenxue.identity.models import IdentityCard, Person, PhoneCode, Verification
from zhenxue.identity.operations import cards, codes, consents, registers, verifying
from zhenxue.identity.operations.photos import open_photo, store_photo
from zhenxue.identity.operations.tidying import tidy
from zhenxue.identity.queries import verifying as queries
from zhenxue.kernel import outside
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused, TooMany
from zhenxue.sandbox.server import Server

pytestmark = pytest.mark.django_db


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


@pytest.fixture
def town(settings: Settings) -> Iterator[Server]:
    outside._caller.cache_clear()
    with sandbox() as server:
        settings.OUTSIDE_SERVICES = services_of(server)
        yield server


def me(actor: Actor) -> int:
    return actor.person_id or 0


def strength(actor: Actor) -> int:
    return identity.strength_of(me(actor))


def prove_phone(town: Server, learner: Actor, now: dt.datetime = NOW) -> None:
    codes.send_code(actor=learner, person_id=me(learner), now=now)
    codes.check_code(actor=learner, person_id=me(learner), code=last_code(town), now=now)


def agree(learner: Actor) -> None:
    version = identity.consent_text(ConsentPurpose.DOCUMENTS).version
    consents.give_consent(
        actor=learner, person_id=me(learner), purpose=ConsentPurpose.DOCUMENTS, version=version, now=NOW
    )


def facts_of(person: Person, **changes: str) -> CardFacts:
    fields = {
        "name": person.name,
        "citizen_number": person.citizen_number,
        "address": "山东省聊城市样本路1号",
        "issuer": "聊城市公安局样本分局",
        "valid_from": "2020-01-15",
        "valid_until": "2040-01-15",
    }
    return CardFacts(**(fields | changes))


def send_card(learner: Actor, person: Person) -> IdentityCard:
    agree(learner)
    front = drawn.front(person.name, person.citizen_number)
    return cards.send_card(actor=learner, person_id=person.pk, front=front, back=drawn.back(), now=NOW)


def test_a_code_proves_the_phone_once_and_is_kept_nowhere(town: Server) -> None:
    learner = make_learner()
    row = codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    code = last_code(town)
    assert len(code) == 6
    assert code not in f"{row.digest}{row.salt}"
    with pytest.raises(Invalid, match="不对"):
        codes.check_code(actor=learner, person_id=me(learner), code="x" * 6, now=NOW)
    with pytest.raises(Refused):
        codes.check_code(actor=make_learner(), person_id=me(learner), code=code, now=NOW)
    codes.check_code(actor=learner, person_id=me(learner), code=code, now=NOW)
    with pytest.raises(Invalid, match="重新获取"):
        codes.check_code(actor=learner, person_id=me(learner), code=code, now=NOW)


def test_a_code_dies_after_five_minutes_and_five_tries(town: Server) -> None:
    learner = make_learner()
    codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    code = last_code(town)
    with pytest.raises(Invalid, match="过期"):
        codes.check_code(actor=learner, person_id=me(learner), code=code, now=later(301))
    codes.send_code(actor=learner, person_id=me(learner), now=later(302))
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(Invalid) as caught:
            codes.check_code(actor=learner, person_id=me(learner), code="wrong!", now=later(303))
        assert (str(left) in caught.value.message) == (left > 0)
    with pytest.raises(Invalid, match="作废"):
        codes.check_code(actor=learner, person_id=me(learner), code=last_code(town), now=later(304))


def test_codes_are_bounded_a_minute_and_a_day(town: Server) -> None:
    learner = make_learner()
    codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    with pytest.raises(TooMany, match="秒"):
        codes.send_code(actor=learner, person_id=me(learner), now=later(59))
    for number in range(1, 10):
        codes.send_code(actor=learner, person_id=me(learner), now=later(61 * number))
    with pytest.raises(TooMany, match="今天"):
        codes.send_code(actor=learner, person_id=me(learner), now=later(3600))
    codes.send_code(actor=learner, person_id=me(learner), now=later(24 * 3600))


def test_a_gateway_that_is_down_is_told_and_spends_no_waiting_time(town: Server) -> None:
    learner = make_learner()
    town.town.moods["sms"] = "down"
    with pytest.raises(Conflict, match="短信没有发出"):
        codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    town.town.moods["sms"] = "normal"
    outside._caller.cache_clear()
    codes.send_code(actor=learner, person_id=me(learner), now=later(1))
    assert PhoneCode.objects.filter(person_id=me(learner), failed=True).count() == 1


def test_without_a_gateway_another_way_is_named(settings: Settings) -> None:
    settings.OUTSIDE_SERVICES = no_services()
    learner = make_learner()
    with pytest.raises(Conflict, match="当面核验"):
        codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    assert {one.key for one in queries.offered_methods()} >= {"review", "word"}
    assert not {"carrier", "police", "social_card"} & {one.key for one in queries.offered_methods()}


def test_a_teachers_word_after_the_code_is_strength_one(town: Server) -> None:
    learner = make_learner()
    organisation = make_organisation()
    manager = actor_for(make_account(Role.PROVIDER_MANAGER, organisation))
    with pytest.raises(Conflict, match="验手机"):
        verifying.ask_review(actor=learner, person_id=me(learner), method="word", note="", now=NOW)
    prove_phone(town, learner)
    row = verifying.ask_review(actor=learner, person_id=me(learner), method="word", note="", now=NOW)
    with pytest.raises(Conflict, match="已经提交"):
        verifying.ask_review(actor=learner, person_id=me(learner), method="word", note="", now=NOW)
    with pytest.raises(NotFound):
        verifying.decide_review(actor=manager, verification_id=row.pk, passed=True, reason="", now=NOW)
    with pytest.raises(Refused):
        verifying.decide_review(actor=learner, verification_id=row.pk, passed=True, reason="", now=NOW)
    admin = identity.actor_of(identity.list_memberships(make_account(Role.OPERATOR_ADMIN, make_operator_org()).pk)[0])
    verifying.decide_review(actor=admin, verification_id=row.pk, passed=True, reason="", now=later(5))
    assert strength(learner) == 1
    with pytest.raises(Conflict, match="已经有结果"):
        verifying.decide_review(actor=admin, verification_id=row.pk, passed=False, reason="看错了人", now=later(6))


def make_operator_org() -> identity.Organisation:
    return identity.list_organisations(kind=OrganisationKind.OPERATOR)[0]


def test_registers_say_who_one_is_and_a_no_names_its_reason(town: Server) -> None:
    learner = make_learner()
    with pytest.raises(Conflict, match="验手机"):
        registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)
    prove_phone(town, learner)
    town.town.moods["carrier"] = "different"
    row = registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)
    assert (row.state, strength(learner)) == (VerificationState.REFUSED, 0)
    assert "不一致" in row.reason
    town.town.moods["carrier"] = "down"
    with pytest.raises(Conflict, match="没有回应"):
        registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)
    assert Verification.objects.filter(person_id=me(learner), state=VerificationState.DROPPED).count() == 1
    town.town.moods["carrier"] = "normal"
    outside._caller.cache_clear()
    row = registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=later(2))
    assert (row.state, strength(learner)) == (VerificationState.PASSED, 2)
    person = Person.objects.get(pk=me(learner))
    assert (person.verified_by_method, person.verified_at) == ("carrier", later(2))
    assert not any(value in str(row.facts) for value in (person.name, person.citizen_number, person.phone))
    entries = evidence.list_entries(refs=[f"person:{person.pk}"], limit=20)
    assert {"identity.verified", "identity.verification_refused", "identity.phone_verified"} <= {
        one.kind for one in entries
    }


def test_tries_at_a_register_are_bounded_a_day(town: Server) -> None:
    learner = make_learner()
    prove_phone(town, learner)
    town.town.moods["carrier"] = "unknown"
    for _ in range(5):
        registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)
    with pytest.raises(TooMany):
        registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)


def test_the_social_card_comes_back_to_the_person_who_went(town: Server) -> None:
    learner = actor_for(
        make_account(
            Role.LEARNER,
            person=identity.register_person(
                actor=identity.SYSTEM,
                name=HOLDER["name"],
                citizen_number=HOLDER["citizen_number"],
                phone="13900001111",
                now=NOW,
            ),
        )
    )
    other = make_learner()
    address = registers.start_social_card(
        actor=learner, person_id=me(learner), redirect_uri="http://127.0.0.1:1/back/", now=NOW
    )
    back = sign_in_at_the_card(address)
    with pytest.raises(Conflict, match="失效"):
        registers.finish_social_card(actor=other, state=back["state"], code=back["code"], error="", now=NOW)
    with pytest.raises(Conflict, match="失效"):
        registers.finish_social_card(actor=learner, state="forged", code=back["code"], error="", now=NOW)
    row = registers.finish_social_card(actor=learner, state=back["state"], code=back["code"], error="", now=NOW)
    assert (row.state, strength(learner)) == (VerificationState.PASSED, 2)
    assert Person.objects.get(pk=me(learner)).social_card_number == HOLDER["card_number"]
    with pytest.raises(Conflict, match="失效"):
        registers.finish_social_card(actor=learner, state=back["state"], code=back["code"], error="", now=NOW)
    # somebody else's card
    address = registers.start_social_card(
        actor=other, person_id=me(other), redirect_uri="http://127.0.0.1:1/back/", now=NOW
    )
    back = sign_in_at_the_card(address)
    row = registers.finish_social_card(actor=other, state=back["state"], code=back["code"], error="", now=NOW)
    assert (row.state, strength(other)) == (VerificationState.REFUSED, 0)


def test_an_errand_ends_after_a_quarter_of_an_hour_and_on_a_no(town: Server) -> None:
    learner = make_learner()
    back = "http://127.0.0.1:1/back/"
    address = registers.start_social_card(actor=learner, person_id=me(learner), redirect_uri=back, now=NOW)
    state = address.split("state=")[1].split("&")[0]
    with pytest.raises(Conflict, match="失效"):
        registers.finish_social_card(actor=learner, state=state, code="x", error="", now=later(901))
    address = registers.start_social_card(actor=learner, person_id=me(learner), redirect_uri=back, now=later(1000))
    state = address.split("state=")[1].split("&")[0]
    with pytest.raises(Conflict, match="没有同意"):
        registers.finish_social_card(actor=learner, state=state, code="", error="access_denied", now=later(1001))
    assert strength(learner) == 0


def test_a_card_needs_consent_and_is_gone_with_it() -> None:
    learner = make_learner()
    person = Person.objects.get(pk=me(learner))
    with pytest.raises(Conflict, match="同意书"):
        cards.send_card(
            actor=learner,
            person_id=person.pk,
            front=drawn.front(person.name, person.citizen_number),
            back=drawn.back(),
            now=NOW,
        )
    card = send_card(learner, person)
    person.refresh_from_db()
    assert card.state == CardState.WAITING
    assert open_photo(person, "id_photo_front").startswith(b"\xff\xd8")
    consents.withdraw_consent(actor=learner, person_id=person.pk, purpose=ConsentPurpose.DOCUMENTS, now=later(1))
    person.refresh_from_db()
    assert not IdentityCard.objects.filter(person=person).exists()
    assert not person.id_photo_front
    assert not person.id_photo_back


def test_what_is_no_picture_is_refused_at_its_field() -> None:
    learner = make_learner()
    agree(learner)
    good = drawn.back()
    for bad in (b"\xff\xd8\xff" + b"0" * 5000, b"<html>", b"", drawn.back()[:2000]):
        with pytest.raises(Invalid) as caught:
            cards.send_card(actor=learner, person_id=me(learner), front=bad, back=good, now=NOW)
        assert "front" in caught.value.fields


def test_the_machine_reads_the_card_and_keeps_the_portrait_only_of_the_right_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = functools.lru_cache(cards.read_card)  # for some seconds of a processor, what was read before
    monkeypatch.setattr(cards, "read_card", read)
    learner, other = make_learner(name="样本甲"), make_learner(name="样本乙")
    person, wrong = Person.objects.get(pk=me(learner)), Person.objects.get(pk=me(other))
    card = send_card(learner, person)
    assert cards.read_waiting_card(card_id=card.pk, attempt=card.attempt, now=later(3)) == CardState.READ
    assert cards.read_waiting_card(card_id=card.pk, attempt=card.attempt, now=later(4)) == "", "once"
    card.refresh_from_db()
    person.refresh_from_db()
    assert person.citizen_number in card.reading
    assert "PP-OCRv6" in card.engine
    assert open_photo(person, "portrait").startswith(b"\xff\xd8")
    # somebody else's card on one's own account
    agree(other)
    card = cards.send_card(
        actor=other,
        person_id=wrong.pk,
        front=drawn.front(person.name, person.citizen_number),
        back=drawn.back(),
        now=NOW,
    )
    assert cards.read_waiting_card(card_id=card.pk, attempt=card.attempt, now=later(3)) == CardState.READ
    assert read.cache_info().hits == 1, "the same photographs"
    wrong.refresh_from_db()
    assert not wrong.portrait
    cards.confirm_card(actor=other, person_id=wrong.pk, facts=facts_of(wrong), now=later(5))
    card.refresh_from_db()
    assert card.differences == ["citizen_number"], "typing the right number does not hide what was read"


def test_the_person_confirms_every_field_and_differences_are_named() -> None:
    learner = make_learner()
    person = Person.objects.get(pk=me(learner))
    card = send_card(learner, person)
    with pytest.raises(Invalid) as caught:
        cards.confirm_card(
            actor=learner,
            person_id=person.pk,
            facts=facts_of(person, citizen_number="123", valid_until="2010-01-01", issuer=""),
            now=NOW,
        )
    assert set(caught.value.fields) == {"citizen_number", "valid_until", "issuer"}
    facts = facts_of(person, name="另一个", valid_from="2010-01-01", valid_until="2020-01-01")
    card = cards.confirm_card(actor=learner, person_id=person.pk, facts=facts, now=NOW)
    assert card.differences == ["name", "valid_until"]
    card = send_card(learner, person)
    assert (card.state, card.differences) == (CardState.WAITING, [])
    card = cards.confirm_card(actor=learner, person_id=person.pk, facts=facts_of(person, valid_until="长期"), now=NOW)
    assert (card.state, card.differences, card.valid_until) == (CardState.CONFIRMED, [], None)


def test_the_portrait_is_never_the_persons_own_file() -> None:
    learner = make_learner()
    with pytest.raises(Refused, match="截取"):
        store_photo(actor=learner, person_id=me(learner), what="portrait", content=drawn.back(), now=NOW)


def test_strength_is_that_of_the_best_proof_that_holds(town: Server) -> None:
    learner, provider = make_learner(), make_provider()
    prove_phone(town, learner)
    registers.ask_register(actor=learner, person_id=me(learner), method="carrier", now=NOW)
    identity.record_verification(
        actor=learner, person_id=me(learner), method="face", facts={"score": 61, "threshold": 40}, now=later(10)
    )
    assert strength(learner) == 3
    with pytest.raises(NotFound):
        identity.verify_in_person(actor=provider, person_id=me(learner), reason="在教学点见到本人", now=later(11))
    identity.end_verification(actor=learner, person_id=me(learner), method="face", reason="本人撤回", now=later(20))
    assert strength(learner) == 2
    assert identity.strengths_of([me(learner)]) == {me(learner): 2}
    identity.end_verification(actor=learner, person_id=me(learner), method="carrier", reason="更正", now=later(30))
    person = Person.objects.get(pk=me(learner))
    assert (person.verified_strength, person.verified_at, person.verified_by_method) == (0, None, "")


def test_photographs_are_read_one_set_at_a_time_and_not_without_end() -> None:
    learner = make_learner()
    person = Person.objects.get(pk=me(learner))
    send_card(learner, person)
    with pytest.raises(TooMany, match="识别"):
        send_card(learner, person)
    IdentityCard.objects.filter(person=person).update(attempt=30, state=CardState.UNREADABLE)
    with pytest.raises(TooMany, match="当面"):
        send_card(learner, person)


def test_what_came_to_nothing_is_tidied_away(town: Server) -> None:
    learner = make_learner()
    codes.send_code(actor=learner, person_id=me(learner), now=NOW)
    registers.start_social_card(actor=learner, person_id=me(learner), redirect_uri="http://127.0.0.1:1/back/", now=NOW)
    assert tidy(now=later(600))["codes"] == 0
    assert tidy(now=NOW + dt.timedelta(days=31))["codes"] == 1
    row = Verification.objects.get(person_id=me(learner))
    assert (row.state, row.secret, row.state_digest) == (VerificationState.DROPPED, "", "")


def test_who_was_verified_otherwise_may_still_add_a_card_but_not_change_it() -> None:
    learner = make_learner()
    person = Person.objects.get(pk=me(learner))
    identity.record_verification(actor=learner, person_id=person.pk, method="in_person", now=NOW)
    card = send_card(learner, person)
    cards.confirm_card(actor=learner, person_id=person.pk, facts=facts_of(person), now=NOW)
    with pytest.raises(Refused, match="已完成"):
        send_card(learner, person)
    card.refresh_from_db()
    assert card.attempt == 1
