"""A store for the ingest that stands inside a test's transaction."""

from collections.abc import Sequence

from zhenxue.study.ingest.stores import BEAT_COLUMNS, MOVED_COLUMNS, RARE_COLUMNS, SESSION_COLUMNS, Held, Row
from zhenxue.study.models import Beat, StudySession


class DjangoStore:
    """The ingest's store on Django's own connection: what it writes lives and dies with the test's transaction."""

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        rows = StudySession.objects.filter(pk__in=session_ids).values_list(*SESSION_COLUMNS)
        return {row[0]: Held.from_row(row) for row in rows}

    def commit(self, moved: Sequence[Row], rare: Sequence[Row], beats: Sequence[Row]) -> None:
        for columns, rows in ((MOVED_COLUMNS, moved), (RARE_COLUMNS, rare)):
            for row in rows:
                StudySession.objects.filter(pk=row[-1]).update(**dict(zip(columns, row, strict=False)))
        Beat.objects.bulk_create([Beat(**dict(zip(BEAT_COLUMNS, row, strict=True))) for row in beats])

    def close(self) -> None:
        """Nothing of its own to give back."""
