"""What dossiers can be about: upper rooms register a kind of subject with who may have it and what its cover says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zhenxue.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the summary; every cell is text already fit for its reader (masked where it must be)."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The readable part of a dossier, as the platform states it on the day of sealing."""

    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class DossierSubject:
    """One thing a dossier may be about: its title, the other refs it concerns, and where its page is."""

    title: str
    about: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True)
class DossierKind:
    """``prefix`` of the refs (``cohort``), its word, who may have it, and the cover.

    ``find(actor, number, with_names)`` raises ``NotFound`` or ``Refused`` unless this actor may have the dossier;
    ``asks_reason(actor)`` says whether private values need a reason; ``cover(number, with_names)`` is called later by
    the worker, for a subject that was found.
    """

    prefix: str
    label: str
    find: Callable[[Any, int, bool], DossierSubject]
    asks_reason: Callable[[Any], bool]
    cover: Callable[[int, bool], Cover]


_kinds: dict[str, DossierKind] = {}


def register_dossiers(kind: DossierKind) -> None:
    """Adds a kind of dossier in ``apps.ready()``; the same prefix again replaces the first."""
    _kinds[kind.prefix] = kind


def dossier_kind(ref: str) -> tuple[DossierKind, int]:
    """The kind and the number of a ref; raises ``NotFound`` when nothing of that kind has dossiers."""
    prefix, _, number = ref.partition(":")
    kind = _kinds.get(prefix)
    if kind is None or not number.isdecimal() or len(number) > 18:
        raise NotFound("evidence.no_dossier", "没有这样的档案包，请从班期或学员页面进入。")
    return kind, int(number)


def dossier_subject(actor: Any, ref: str, *, with_names: bool = False) -> DossierSubject:
    """What the ref is, for an actor who may have its dossier; raises ``NotFound`` or ``Refused``."""
    kind, number = dossier_kind(ref)
    return kind.find(actor, number, with_names)
