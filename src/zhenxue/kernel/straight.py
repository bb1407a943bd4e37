"""How we open addresses of others: no proxy, no redirect, TLS with the authorities that this machine trusts."""

import ssl
import urllib.request
from functools import cache
from typing import Any


@cache
def trusted() -> ssl.SSLContext:
    """Certificates and host names are checked; read once a process, which takes 20 ms and more."""
    return ssl.create_default_context()


def straight_opener() -> urllib.request.OpenerDirector:
    """Whom one asks answers itself or not at all: a redirect is an ``HTTPError``."""
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted()), _NoRedirects()
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        """None: the redirect becomes an error."""
