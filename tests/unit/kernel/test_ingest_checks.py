"""Django's checks before lean handlers: what passed is remembered, within bounds, and never what did not."""

import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost

from zhenxue.kernel.ingest import django_checks
from zhenxue.kernel.ingest.app import Origin
from zhenxue.kernel.web.errors import SessionChanged

TOKEN = "a" * 32
HERE = Origin("127.0.0.1", "http", "localhost", 80)
type Sent = list[tuple[bytes, bytes]]


def headers(*, token: str = TOKEN, host: str = "localhost", more: str = "") -> Sent:
    cookies = f"{settings.SESSION_COOKIE_NAME}=key; {settings.CSRF_COOKIE_NAME}={TOKEN}{more}"
    return [(b"host", host.encode()), (b"cookie", cookies.encode()), (b"x-csrftoken", token.encode())]


def test_a_browser_passes_with_its_token_under_a_name_of_ours_alone() -> None:
    assert django_checks.session_in(headers()) == "key"
    assert django_checks.session_in([]) == ""
    django_checks.check_is_from_here(headers(), HERE)
    assert django_checks.host_is_ours(headers(), HERE)
    for _ in range(2):
        with pytest.raises(SessionChanged):
            django_checks.check_is_from_here(headers(token="b" * 32), HERE)
        with pytest.raises(DisallowedHost):
            django_checks.check_is_from_here(headers(host="elsewhere.example"), HERE)
        assert not django_checks.host_is_ours(headers(host="elsewhere.example"), HERE)


def test_long_headers_are_judged_alike_and_fill_no_memory() -> None:
    long = headers(more=f"; other={'x' * django_checks.LONGEST}")
    named = [*headers(), (b"x-forwarded-host", b"y" * (django_checks.LONGEST + 1))]
    kept = [one.cache_info().currsize for one in (django_checks._session, django_checks._check, django_checks._host)]
    assert django_checks.session_in(long) == "key"
    django_checks.check_is_from_here(long, HERE)
    assert django_checks.host_is_ours(named, HERE)
    with pytest.raises(SessionChanged):
        django_checks.check_is_from_here([*long, (b"x-csrftoken", b"b")], HERE)
    now = [one.cache_info().currsize for one in (django_checks._session, django_checks._check, django_checks._host)]
    assert now == kept
