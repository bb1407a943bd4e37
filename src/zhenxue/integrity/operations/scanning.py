"""Looks through what is closed or has changed, a piece at a time, and notes what the rules find.

The facts are brought by who knows them (``register_facts``); a mark in the database says how far each source has been
looked through. Looking again is harmless: every finding has its key.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from zhenxue.integrity import rules
from zhenxue.integrity.models import ScanMark
from zhenxue.integrity.operations.places import locate
from zhenxue.integrity.operations.signals import note_signal
from zhenxue.integrity.rules import Finding, Looks, Rule, SignInFacts
from zhenxue.kernel import clock

log = logging.getLogger(__name__)

#: A transaction that is under way may still write into the last moments; they are left for the next look.
LAG = dt.timedelta(seconds=60)
#: The first look of a new source goes back so far; what lies before is not judged by rules that came later.
FIRST_LOOK = dt.timedelta(hours=1)
#: One look covers at most so much time, so that a platform that stood still catches up in pieces.
LONGEST_LOOK = dt.timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Source:
    """Who brings facts of one sort.

    ``bring(since, until)`` gives those that were closed or changed in between; ``around(facts)`` what has to be seen
    beside them by rules that compare (the same day, the same class), themselves included.
    """

    name: str
    looks: Looks
    bring: Callable[[dt.datetime, dt.datetime], Sequence[Any]]
    around: Callable[[Sequence[Any]], Sequence[Any]] | None = None


_sources: dict[str, Source] = {}
#: What the facts of a source are shown to, one by one and beside each other.
_TOGETHER = {Looks.SESSION: (Looks.DAY, Looks.SESSIONS), Looks.ATTEMPT: (Looks.ATTEMPTS,)}


def register_facts(source: Source) -> None:
    """Announce in ``apps.ready()`` where facts come from; the same name a second time replaces the first."""
    _sources[source.name] = source


def scan(*, now: dt.datetime) -> int:
    """One look at every source; how many findings were noted or known already. A source that fails is logged and looked
    at again the next time."""
    found = 0
    for source in _sources.values():
        try:
            found += scan_source(source, now=now)
        except Exception:
            log.exception("facts of %s could not be looked through", source.name)
    return found


def scan_source(source: Source, *, now: dt.datetime) -> int:
    """One look at one source. Reading and judging hold no lock (the ingest writes beside it); only what was found is
    written, in one transaction with the mark."""
    mark, _ = ScanMark.objects.get_or_create(source=source.name, defaults={"until": now - FIRST_LOOK})
    until = min(now - LAG, mark.until + LONGEST_LOOK)
    if until <= mark.until:
        return 0
    findings = list(look_at(source, list(source.bring(mark.until, until))))
    with transaction.atomic():
        for rule, finding in findings:
            note(rule, finding, now=now)
        ScanMark.objects.filter(pk=mark.pk, until=mark.until).update(until=until)
    return len(findings)


def look_at(source: Source, facts: Sequence[Any]) -> Iterable[tuple[Rule, Finding]]:
    """What the rules find in these facts; pure but for the neighbours that the source brings."""
    if not facts:
        return
    if source.looks is Looks.SIGN_INS:
        yield from _sign_ins(facts)
        return
    for rule in rules.rules_on(source.looks):
        for one in facts:
            yield from ((rule, finding) for finding in rule.find(one))
    if source.around is None:
        return
    beside = list(source.around(facts))
    fresh = {one.context for one in facts}
    for looks in _TOGETHER.get(source.looks, ()):
        groups = list(_by_day(beside).values()) if looks is Looks.DAY else [beside]
        for rule in rules.rules_on(looks):
            for group in groups:
                if any(one.context in fresh for one in group):
                    yield from ((rule, finding) for finding in rule.find(group))


def note(rule: Rule, finding: Finding, *, now: dt.datetime) -> None:
    """Writes one finding down as a signal."""
    note_signal(
        person_id=finding.owner.person_id,
        enrolment_id=finding.owner.enrolment_id,
        kind=rule.key,
        context=finding.context,
        facts=finding.facts,
        once_key=finding.once,
        happened_at=finding.at,
        now=now,
    )


def _sign_ins(facts: Sequence[SignInFacts]) -> Iterable[tuple[Rule, Finding]]:
    by_person: dict[int, list[SignInFacts]] = defaultdict(list)
    for one in facts:
        by_person[one.owner.person_id].append(replace(one, place=one.place or locate(one.address)))
    for rule in rules.rules_on(Looks.SIGN_INS):
        for group in by_person.values():
            yield from ((rule, finding) for finding in rule.find(group))


def _by_day(facts: Sequence[Any]) -> dict[tuple[int, dt.date], list[Any]]:
    grouped: dict[tuple[int, dt.date], list[Any]] = defaultdict(list)
    for one in facts:
        grouped[one.owner.enrolment_id, clock.civil_day(one.began_at)].append(one)
    return grouped
