"""Every address says who may come in, and the anonymous only pass where a list says so."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

#: What anybody may open. Everything else sends the anonymous to sign in (or refuses with 401, 403 or 404).
PUBLIC = {
    "portal:check",
    "portal:landing",
    "portal:help",
    "portal:help_page",
    "portal:large_type",
    "portal:gallery",
    "identity:sign_in",
    "exams:certificate_check",
    "exams:certificate_checked",
    "identity:sign_out",
    "identity:hand_over",
    "identity:cancel_hand_over",
    "identity:rules",
    "evidence:checkpoint",
    "evidence:key",
    "evidence:entries",
    "evidence:tile",
}
#: Values tried for the parts of an address, until one fits the part's converter.
SAMPLES = ("1", "x", "2026-03-01", "371502", "x/y", "00000000-0000-4000-8000-000000000000")


def walk(patterns: list[URLPattern | URLResolver], names: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, (*names, pattern.namespace) if pattern.namespace else names)
        else:
            yield ":".join((*names, pattern.name or str(pattern.pattern))), pattern


def addresses() -> list[tuple[str, URLPattern]]:
    return list(walk(get_resolver().url_patterns))


def prefixes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[URLPattern, str]]:
    """Each address with what is included before it, as a path."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from prefixes(pattern.url_patterns, before + sample(pattern))
        else:
            yield pattern, before


def sample_path(pattern: URLPattern, before: str) -> str:
    return f"/{before}{sample(pattern)}"


def sample(pattern: URLPattern | URLResolver) -> str:
    route = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        value = next(value for value in SAMPLES if fits(converter, value))
        route = re.sub(rf"<(\w+:)?{name}>", value, route)
    return route


def fits(converter: Any, value: str) -> bool:
    try:
        return re.fullmatch(converter.regex, value) is not None and converter.to_python(value) is not None
    except ValueError:
        return False


def test_every_view_says_who_may_come_in() -> None:
    faults = [name for name, pattern in addresses() if not getattr(pattern.callback, "access", None)]
    assert not faults, f"views without an access decorator: {faults}"


def test_every_address_has_a_name_of_its_own() -> None:
    names = [name for name, _ in addresses()]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    assert all(pattern.name for _, pattern in addresses())


def test_every_address_is_found_where_it_stands() -> None:
    """A room lets by only what begins with its own first words, and no room takes another's."""
    before = dict(prefixes(get_resolver().url_patterns))
    found = {name: resolve(sample_path(pattern, before[pattern])).view_name for name, pattern in addresses()}
    assert {name: other for name, other in found.items() if name != other} == {}
    for nowhere in ("/nowhere/", "/exam/", "/examsx/", "/Exams/", "//exams/"):
        with pytest.raises(Resolver404):
            resolve(nowhere)


def test_public_views_stand_on_the_list() -> None:
    public = {name for name, pattern in addresses() if getattr(pattern.callback, "access", None) == "public"}
    assert public == PUBLIC


@pytest.mark.django_db
def test_the_anonymous_pass_nowhere_else(client: Client) -> None:
    faults, before = [], dict(prefixes(get_resolver().url_patterns))
    for name, pattern in addresses():
        if name in PUBLIC:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(sample_path(pattern, before[pattern]))
            to_sign_in = answer.status_code == 302 and "/sign-in/" in answer.headers["Location"]
            if not to_sign_in and answer.status_code not in {401, 403, 405}:
                faults.append(f"{method} {name} answered {answer.status_code}")
    assert not faults, "\n".join(faults)
