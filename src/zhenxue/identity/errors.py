"""Exceptions of ``identity`` that callers tell apart."""

from zhenxue.kernel.errors import Conflict, Invalid


class NameDiffers(Invalid):
    """The citizen number is already known under another name."""


class RulesInForce(Invalid):
    """A file says other numbers for a version of the rules that has begun."""


class AlreadySignedIn(Conflict):
    """The account has a live sign-in elsewhere; the hand-over page must decide."""
