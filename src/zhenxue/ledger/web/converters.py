"""Path converters of ``ledger``."""

from datetime import date


class DayConverter:
    """A civil day as ``2026-03-02``; anything else, and years before 2000, is no address."""

    regex = r"2\d{3}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()
