"""Every address, by room."""

from importlib import import_module
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

ROOMS = (
    "exams",  # first: a hall in an exam asks most
    "portal",
    "kernel",
    "identity",
    "notices",
    "evidence",
    "catalogue",
    "training",
    "ledger",
    "integrity",
    "study",
    "subsidy",
    "supervision",
)


class FirstWords(RoutePattern):
    """Stands before the addresses of a room and lets by what begins with the first word of one of them.

    A page that is asked for is so looked for in one or two rooms instead of in all their four hundred addresses.
    """

    def __init__(self, patterns: list[URLPattern | URLResolver]) -> None:
        super().__init__("")
        self.words = {str(one.pattern).partition("/")[0] for one in patterns}
        #: An address that begins with a value may be anything.
        self.any = any("<" in word for word in self.words)

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        if self.any or path.partition("/")[0] in self.words:
            return path, (), {}
        return None


def room(name: str) -> URLResolver:
    """The addresses of a room, as ``include`` would give them, behind their first words."""
    found = import_module(f"zhenxue.{name}.web.urls")
    return URLResolver(FirstWords(found.urlpatterns), found, None, app_name=found.app_name, namespace=found.app_name)


urlpatterns: list[URLPattern | URLResolver] = [room(name) for name in ROOMS]

handler400 = "zhenxue.kernel.web.errors.bad_request"
handler403 = "zhenxue.kernel.web.errors.refused"
handler404 = "zhenxue.kernel.web.errors.not_found"
handler500 = "zhenxue.kernel.web.errors.fault"
