"""One family of errors: what went wrong, in words for the person, with a code for machines."""

from collections.abc import Mapping


class ZhenxueError(Exception):
    """A refusal that a person can understand; ``kernel.middleware`` turns it into a page, a fragment or JSON.

    ``code`` is a stable dotted name (``training.cohort_full``), ``message`` is Simplified Chinese and says what to do
    next, ``fields`` maps a form field to its own message.
    """

    status = 400

    def __init__(self, code: str, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = dict(fields or {})


class Invalid(ZhenxueError):
    """The input does not fit; nothing was changed."""

    status = 422


class Refused(ZhenxueError):
    """A rule or a missing right says no."""

    status = 403


class NotFound(ZhenxueError):
    """Not there, or not visible to this actor; the two are never told apart."""

    status = 404


class Conflict(ZhenxueError):
    """The thing has moved on (a second click, a stale page, a state that does not allow the act)."""

    status = 409


class TooMany(ZhenxueError):
    """A rate limit was reached."""

    status = 429
