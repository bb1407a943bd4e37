"""What Django's middleware checks of a request before its view, for handlers without middleware.

Django's own code judges, on a bare request of the headers that it looks at. A browser sends the same ones with every
message of a page, and the judgement depends on nothing else: what passed once is remembered.
"""

from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.middleware.csrf import CsrfViewMiddleware

from zhenxue.kernel.ingest.app import Headers, Origin
from zhenxue.kernel.web.errors import SessionChanged

#: Browsers of which a process remembers that they passed (a kB each), and how long headers may be for that.
REMEMBERED: Final = 10_000
LONGEST: Final = 4_096  # bytes
LOOKED_AT: Final = frozenset(
    {
        *(b"cookie", b"host", b"origin", b"referer", b"x-csrftoken"),
        *(b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto"),
    }
)
OF_HOSTS: Final = frozenset({b"host", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto"})

type Looked = tuple[tuple[bytes, bytes], ...]


def session_in(headers: Headers) -> str:
    """The key of the session that the cookies name; empty if they name none."""
    cookies = b"; ".join(value for name, value in headers if name == b"cookie")
    return _session(cookies) if len(cookies) <= LONGEST else _session.__wrapped__(cookies)


def check_is_from_here(headers: Headers, origin: Origin) -> None:
    """Raises ``SessionChanged`` without the token that belongs to this browser's cookie, or from a foreign site, and
    ``DisallowedHost`` under a name that is not ours."""
    looked = _looked(headers, LOOKED_AT)
    check = _check if _is_short(looked) else _check.__wrapped__
    check(looked, origin.scheme, origin.host, origin.port)


def host_is_ours(headers: Headers, origin: Origin) -> bool:
    """Whether the request names a host that we serve."""
    looked = _looked(headers, OF_HOSTS)
    check = _host if _is_short(looked) else _host.__wrapped__
    try:
        check(looked, origin.scheme, origin.host, origin.port)
    except DisallowedHost:
        return False
    return True


def _looked(headers: Headers, names: frozenset[bytes]) -> Looked:
    return tuple([one for one in headers if one[0] in names])


def _is_short(looked: Looked) -> bool:
    return sum(len(value) for _, value in looked) <= LONGEST


class BareRequest(HttpRequest):
    """As much of a request as Django's checks need."""

    def __init__(self, headers: Looked, scheme: str, host: str, port: int) -> None:
        super().__init__()
        self.method = "POST"
        self._bare_scheme = scheme
        self.META: dict[str, Any] = {"SERVER_NAME": host, "SERVER_PORT": str(port)}
        for name, value in headers:
            key = f"HTTP_{name.decode('latin1').upper().replace('-', '_')}"
            text, between = value.decode("latin1"), "; " if name == b"cookie" else ","
            self.META[key] = f"{self.META[key]}{between}{text}" if key in self.META else text
        self.COOKIES = parse_cookie(self.META.get("HTTP_COOKIE", ""))

    def _get_scheme(self) -> str:
        return self._bare_scheme


class _Csrf(CsrfViewMiddleware):
    """Django's check; what it refuses is said by the caller."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


_csrf = _Csrf(_view)


@lru_cache(maxsize=REMEMBERED)
def _session(cookies: bytes) -> str:
    return str(parse_cookie(cookies.decode("latin1")).get(settings.SESSION_COOKIE_NAME, ""))


@lru_cache(maxsize=REMEMBERED)
def _check(headers: Looked, scheme: str, host: str, port: int) -> None:
    request = BareRequest(headers, scheme, host, port)
    request.get_host()
    _csrf.process_request(request)
    if _csrf.process_view(request, _view, (), {}) is not None:
        raise SessionChanged


@lru_cache(maxsize=REMEMBERED)
def _host(headers: Looked, scheme: str, host: str, port: int) -> None:
    BareRequest(headers, scheme, host, port).get_host()
