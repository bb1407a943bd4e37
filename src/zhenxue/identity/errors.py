"""Exceptions of ``identity`` that callers tell apart."""

from zhenxue.kernel.errors import Conflict, Invalid, ZhenxueError


class NameDiffers(Invalid):
    """The citizen number is already known under another name."""


class RulesInForce(Invalid):
    """A file says other numbers for a version of the rules that has begun."""


class AlreadySignedIn(Conflict):
    """The account has a live sign-in elsewhere; the hand-over page must decide."""


class SignInNeeded(ZhenxueError):
    """Nobody is signed in, or the sign-in is over."""

    status = 401

    def __init__(self, code: str = "identity.sign_in", message: str = "请先登录。") -> None:
        super().__init__(code, message)
