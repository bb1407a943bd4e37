"""The clients of the services outside keep to the written contracts: against the sandbox, and against bad answers."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.sandbox import HOLDER, answering, sandbox, services_of, sign_in_at_the_card
from zhenxue.identity.data import Match
from zhenxue.identity.services import carrier, police, social_card
from zhenxue.kernel.outside import Caller, OutsideDown, OutsideRefused, Service, check_service
from zhenxue.sandbox.server import Server

PERSON = {"name": "样本甲", "citizen_number": "371502199003070019", "phone": "13900001111"}
PICTURE = b"\xff\xd8\xff" + b"0" * 600
SECRET = "s" * 32


@pytest.fixture
def town() -> Iterator[Server]:
    with sandbox() as server:
        yield server


def callers(server: Server, digest: str = "hmac-sha256") -> dict[str, Caller]:
    return {key: Caller(one, wait=lambda _: None) for key, one in services_of(server, digest=digest).items()}


@pytest.mark.parametrize("digest", ["hmac-sha256", "hmac-sm3"])
def test_every_register_says_same_different_or_unknown(town: Server, digest: str) -> None:
    ways = callers(town, digest)
    for mood, match in (("normal", Match.SAME), ("different", Match.DIFFERENT), ("unknown", Match.UNKNOWN)):
        town.town.moods |= {"carrier": mood, "police": mood}
        found = carrier.check_three(ways["carrier"], **PERSON, ref=f"c-{mood}")
        other = police.compare(
            ways["police"],
            name=PERSON["name"],
            citizen_number=PERSON["citizen_number"],
            portrait=PICTURE,
            ref=f"p-{mood}",
        )
        assert (found.match, other.match) == (match, match)
        assert found.reference
        assert bool(found.words) == (match is not Match.SAME)


def test_a_repeated_ref_is_one_question(town: Server) -> None:
    way = callers(town)["carrier"]
    first = carrier.check_three(way, **PERSON, ref="same-ref")
    assert carrier.check_three(way, **PERSON, ref="same-ref").reference == first.reference
    assert len(town.town.notes) == 1


@pytest.mark.parametrize(
    ("mood", "error"),
    [("refused", OutsideRefused), ("down", OutsideDown), ("garbage", OutsideDown), ("unsigned", OutsideDown)],
)
def test_what_is_not_a_good_answer_is_refused_in_chinese(
    town: Server, mood: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    town.town.moods["carrier"] = mood
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as caught:
        carrier.check_three(callers(town)["carrier"], **PERSON, ref="x")
    assert "请" in caught.value.words  # type: ignore[attr-defined]  # both errors have words for the person
    said = str(caught.value) + caplog.text
    assert not any(value in said for value in PERSON.values()), "nothing personal is logged"


def test_a_service_that_stays_down_is_not_asked_for_a_while(town: Server) -> None:
    way = callers(town)["carrier"]
    town.town.moods["carrier"] = "down"
    for number in range(2):
        with pytest.raises(OutsideDown):
            carrier.check_three(way, **PERSON, ref=f"down-{number}")
    town.town.moods["carrier"] = "normal"
    with pytest.raises(OutsideDown, match="closed"):
        carrier.check_three(way, **PERSON, ref="again")


def test_the_sandbox_lets_nobody_in_without_a_good_signature(town: Server) -> None:
    service = services_of(town)["carrier"]
    wrong = Caller(Service(service.name, service.url, service.app_id, "another secret"), wait=lambda _: None)
    with pytest.raises(OutsideDown):
        carrier.check_three(wrong, **PERSON, ref="x")
    assert not town.town.notes


def signed(request: BaseHTTPRequestHandler, content: bytes, status: int = 200, nonce: str = "") -> None:
    """An answer whose signature is good (for the nonce of the request, unless another is given)."""
    text = "\n".join(("ANSWER", nonce or request.headers["X-Nonce"], str(status), hashlib.sha256(content).hexdigest()))
    request.send_response(status)
    request.send_header("X-Signature", hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest())
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


RECORDED = {
    "an empty object": b"{}",
    "no JSON": b"<html>maintenance</html>",
    "a list": b'["same"]',
    "a match of another word": b'{"match": "yes", "reference": "1"}',
    "a match without its reference": b'{"match": "same"}',
    "a number for a word": b'{"match": 1, "reference": "1"}',
    "far too much": b" " * (300 * 1024),
}


@pytest.mark.parametrize("name", list(RECORDED))
def test_recorded_garbage_is_taken_for_a_service_that_is_down(name: str) -> None:
    with answering(lambda request, body: signed(request, RECORDED[name])) as base:
        way = Caller(Service("运营商", base, "app", SECRET), wait=lambda _: None)
        with pytest.raises(OutsideDown):
            carrier.check_three(way, **PERSON, ref="x")


def test_a_score_that_is_none_is_refused_and_a_low_one_is_no_match() -> None:
    for score, match in (("93", None), (True, None), (120, None), (40, Match.DIFFERENT), (93, Match.SAME)):
        content = json.dumps({"match": "same", "reference": "1", "score": score}).encode()
        with answering(lambda request, body, content=content: signed(request, content)) as base:  # type: ignore[misc]  # bound now
            way = Caller(Service("公安", base, "app", SECRET), wait=lambda _: None)
            ask = {"name": "样本", "citizen_number": "1", "portrait": PICTURE, "ref": "x"}
            if match is None:
                with pytest.raises(OutsideDown):
                    police.compare(way, **ask)  # type: ignore[arg-type]  # one mapping for five calls
            else:
                assert police.compare(way, **ask).match is match  # type: ignore[arg-type]  # as above


def test_an_answer_of_another_call_is_refused() -> None:
    content = b'{"match": "same", "reference": "1"}'
    with answering(lambda request, body: signed(request, content, nonce="0" * 32)) as base:
        way = Caller(Service("运营商", base, "app", SECRET), wait=lambda _: None)
        with pytest.raises(OutsideDown):
            carrier.check_three(way, **PERSON, ref="replayed")


def test_a_redirect_is_not_followed() -> None:
    def redirect(request: BaseHTTPRequestHandler, body: bytes) -> None:
        request.send_response(302)
        request.send_header("Location", "https://192.0.2.1/")
        request.end_headers()

    with answering(redirect) as base, pytest.raises(OutsideDown):
        carrier.check_three(Caller(Service("运营商", base, "app", SECRET), wait=lambda _: None), **PERSON, ref="x")


def test_a_service_is_reached_by_tls_or_on_this_machine_only() -> None:
    assert not check_service(Service("x", "https://sms.example.cn/api", "a", "b"))
    for wrong in ("http://sms.example.cn", "ftp://x", "https://u:p@sms.example.cn", "https://sms.example.cn/?a=b"):
        assert check_service(Service("x", wrong, "a", "b"))
    assert check_service(Service("x", "https://sms.example.cn", "a", ""))
    assert check_service(Service("x", "https://sms.example.cn", "a", "b", "md5"))


def test_the_social_card_brings_back_who_signed_in_once(town: Server) -> None:
    way = callers(town)["social_card"]
    errand = social_card.new_errand("http://127.0.0.1:1/back/")
    back = sign_in_at_the_card(social_card.address_of(way, errand))
    assert back["state"] == errand.state
    holder = social_card.redeem(way, errand, back["code"])
    assert (holder.name, holder.citizen_number) == (HOLDER["name"], HOLDER["citizen_number"])
    with pytest.raises(OutsideRefused) as caught:
        social_card.redeem(way, errand, back["code"])
    assert caught.value.code == "invalid_grant", "a code is good once"
    assert sign_in_at_the_card(social_card.address_of(way, errand), "no")["error"] == "access_denied"


def test_a_stolen_code_is_worth_nothing_without_its_verifier(town: Server) -> None:
    way = callers(town)["social_card"]
    errand, other = (social_card.new_errand("http://127.0.0.1:1/back/") for _ in range(2))
    back = sign_in_at_the_card(social_card.address_of(way, errand))
    with pytest.raises(OutsideRefused) as caught:
        social_card.redeem(way, other, back["code"])
    assert caught.value.code == "invalid_verifier"


def test_a_holder_with_another_nonce_is_refused() -> None:
    errand = social_card.new_errand("http://127.0.0.1:1/back/")
    content = json.dumps({"reference": "1", "nonce": "other", **HOLDER}).encode()
    with answering(lambda request, body: signed(request, content)) as base, pytest.raises(OutsideDown):
        social_card.redeem(Caller(Service("社保卡", base, "app", SECRET), wait=lambda _: None), errand, "code")


def test_the_challenge_is_the_digest_of_the_verifier(town: Server) -> None:
    errand = social_card.new_errand("http://127.0.0.1:1/back/")
    query = dict(parse_qsl(urlsplit(social_card.address_of(callers(town)["social_card"], errand)).query))
    digest = hashlib.sha256(errand.verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert errand.verifier not in urlencode(query)
