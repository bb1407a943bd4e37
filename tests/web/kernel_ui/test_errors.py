"""Refusals and faults as page, fragment and JSON."""

import logging
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.kernel.middleware import ErrorMiddleware, respond

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def request_of(rf: RequestFactory) -> Callable[..., HttpRequest]:
    def make(method: str = "get", path: str = "/cohorts/", **headers: str) -> HttpRequest:
        request: HttpRequest = getattr(rf, method)(path, headers=headers)
        return request

    return make


def answer(request: HttpRequest, error: Exception) -> HttpResponse:
    response = respond(request, error)
    assert response is not None
    return response


def test_a_refusal_is_a_page_with_words_and_code(request_of: Callable[..., HttpRequest]) -> None:
    response = answer(request_of(), Conflict("training.filed_before", "这份备案已经提交过，请刷新查看。"))
    text = response.content.decode()
    assert response.status_code == 409
    assert "这份备案已经提交过，请刷新查看。" in text
    assert "training.filed_before" in text
    assert "<html" in text


def test_htmx_gets_a_fragment_and_an_act_shows_it_as_a_toast(request_of: Callable[..., HttpRequest]) -> None:
    error = Conflict("a.b", "已经处理过了。")
    read = answer(request_of("get", **HTMX), error)
    act = answer(request_of("post", **HTMX), error)
    assert "<html" not in read.content.decode()
    assert "HX-Retarget" not in read.headers
    assert act.headers["HX-Retarget"] == "#toasts"
    assert "已经处理过了。" in act.content.decode()


@pytest.mark.parametrize(("path", "headers"), [("/api/x", {}), ("/study/", {"Accept": "application/json"})])
def test_machines_get_json(request_of: Callable[..., HttpRequest], path: str, headers: dict[str, str]) -> None:
    response = answer(request_of("post", path, **headers), Invalid("a.b", "证件号不对。", fields={"number": "少一位"}))
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/json"
    assert response.content.decode() == '{"code": "a.b", "message": "证件号不对。", "fields": {"number": "少一位"}}'


@pytest.mark.parametrize(
    ("error", "status"), [(Http404(), 404), (PermissionDenied(), 403), (SuspiciousOperation(), 422)]
)
def test_djangos_own_refusals_speak_chinese(
    request_of: Callable[..., HttpRequest], error: Exception, status: int
) -> None:
    response = answer(request_of(), error)
    assert response.status_code == status
    assert "请" in response.content.decode()


def test_a_fault_is_logged_under_the_reference_the_person_reads(
    request_of: Callable[..., HttpRequest], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="zhenxue.errors"):
        response = answer(request_of(), ValueError("card 6222 secret"))
    reference = caplog.records[-1].args[0]  # type: ignore[index]  # the log call passes three
    text = response.content.decode()
    assert response.status_code == 500
    assert str(reference) in text
    assert "secret" not in text
    assert caplog.records[-1].exc_info


def test_the_debugger_keeps_faults_to_itself(request_of: Callable[..., HttpRequest], settings: Settings) -> None:
    settings.DEBUG = True
    assert respond(request_of(), ValueError("x")) is None
    assert answer(request_of(), Conflict("a.b", "不行。")).status_code == 409


def test_a_way_back_never_leaves_the_site(request_of: Callable[..., HttpRequest]) -> None:
    error = Conflict("a.b", "不行。")
    own = answer(request_of(Referer="http://testserver/cohorts/7/", Host="testserver"), error)
    other = answer(request_of(Referer="http://evil.example/cohorts/7/", Host="testserver"), error)
    assert 'href="/cohorts/7/"' in own.content.decode()
    assert "返回上一页" not in other.content.decode()


def test_an_unknown_address_is_a_chinese_page_and_json_for_machines(client: Client) -> None:
    page = client.get("/no-such-page/")
    assert page.status_code == 404
    assert "没有找到这个页面" in page.content.decode()
    data = client.get("/api/no-such-thing/")
    assert data.status_code == 404
    assert data.json()["code"] == "kernel.not_found"


def test_a_form_with_a_stale_token_explains_itself() -> None:
    response = Client(enforce_csrf_checks=True).post("/large-type/", {"on": "1"})
    assert response.status_code == 403
    assert "这次提交没有保存" in response.content.decode()
    assert "data-restore-hint" in response.content.decode()


def test_no_sign_in_page_lands_inside_a_fragment(request_of: Callable[..., HttpRequest]) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": "/sign-in/?next=/x/"})

    moved = ErrorMiddleware(view)(request_of(**HTMX))
    plain = ErrorMiddleware(view)(request_of())
    assert moved.status_code == 200
    assert moved.headers["HX-Redirect"] == "/sign-in/?next=/x/"
    assert plain.status_code == 302


def test_a_page_that_cannot_be_made_still_says_the_words(
    request_of: Callable[..., HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> HttpResponse:
        raise RuntimeError("no template")

    monkeypatch.setattr("zhenxue.kernel.middleware.render", broken)
    response = answer(request_of(), Conflict("a.b", "已经处理过了。"))
    assert response.status_code == 409
    assert response.content.decode() == "已经处理过了。"


def test_a_character_that_no_text_of_postgresql_holds_is_no_fault_of_ours(
    request_of: Callable[..., HttpRequest], settings: Settings
) -> None:
    settings.DEBUG = False
    error = DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    if connection.vendor == "postgresql":
        with pytest.raises(DataError) as met, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s", ["\0"])
        error = met.value
    told = answer(request_of("post"), error)
    assert told.status_code == 422
    assert "删去复制进来的特殊符号" in told.content.decode()
    assert answer(request_of("post"), DataError("numeric field overflow")).status_code == 500
