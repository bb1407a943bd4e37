"""What a log can refuse."""


class LogError(ValueError):
    """Base of this room's errors; the message says what does not fit."""


class ProofBroken(LogError):
    """An inclusion or consistency proof does not prove what it claims."""


class NoteBroken(LogError):
    """A signed note or checkpoint is malformed, or no trusted key signed it."""


class TileBroken(LogError):
    """A tile, an entry bundle or a path of one is malformed."""


class RequestBroken(LogError):
    """What was sent to a witness, or what it answered, has not the form of C2SP tlog-witness."""
