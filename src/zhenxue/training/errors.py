"""Exceptions of ``training`` that other rooms tell apart."""

from zhenxue.kernel.errors import Refused


class CannotStudy(Refused):
    """This enrolment earns nothing now; the message says why and what to do."""
