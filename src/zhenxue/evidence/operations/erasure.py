"""Takes a person's data out of the log without breaking it."""

import datetime as dt
import json
from collections.abc import Iterable

from django.db import transaction

from zhenxue.evidence.data import ERASED, ActorLike
from zhenxue.evidence.errors import BadBody
from zhenxue.evidence.models import Entry
from zhenxue.evidence.operations.recording import record
from zhenxue.tlog import canonical


def erase(*, entry_id: int, fields: Iterable[str], reason: str, actor: ActorLike, now: dt.datetime) -> Entry:
    """Removes value and salt of private fields (``"actor"``: the name of who acted); digests and tree stay.

    The erasure is itself logged, with who, when and why; ``verify`` accepts a missing value only with that entry. The
    caller decides who may erase. Returns the entry that records it. Raises ``BadBody`` for a field that the entry does
    not hold as private or that is gone already.
    """
    with transaction.atomic():
        entry = Entry.objects.select_for_update().get(id=entry_id)
        private = json.loads(entry.private)
        names = sorted(set(fields))
        for name in names:
            if "salt" not in private.get(name, {}):
                raise BadBody(f"{name!r} of entry {entry_id} is no private field that still has a value")
            private[name] = {"digest": private[name]["digest"]}
        entry.private = canonical.dumps(private).decode()
        entry.erased_at = entry.erased_at or now
        entry.save(update_fields=["private", "erased_at"])
        return record(
            kind=ERASED,
            actor=actor,
            subject=entry.subject,
            about=json.loads(entry.envelope)["about"],
            body={"digest": bytes(entry.digest).hex(), "fields": names, "kind": entry.kind, "reason": reason},
            now=now,
        )
