"""What can go wrong in ``evidence``: mistakes of a programmer or a broken store, never of a person at a page."""


class EvidenceError(Exception):
    """Base of this room's errors."""


class UnknownKind(EvidenceError, KeyError):
    """``record`` was called with a kind that no app registered."""


class NotInTransaction(EvidenceError, RuntimeError):
    """``record`` was called outside a transaction: the change and its evidence must commit together."""


class BadBody(EvidenceError, ValueError):
    """A body, subject or reference that cannot be logged."""


class LogBroken(EvidenceError, RuntimeError):
    """The stored tree contradicts itself; nothing more is signed until a person has looked (``zhenxue verify``)."""


class KeyChangeRefused(EvidenceError, RuntimeError):
    """A change of the log's key that must not be made now; the text says why."""


class AlreadyRunning(EvidenceError, RuntimeError):
    """Another sequencer holds the lock of this log."""
