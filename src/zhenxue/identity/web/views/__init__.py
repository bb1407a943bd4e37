"""Pages of ``identity``, one file per concern."""

from zhenxue.identity.web.views.entry import locked_out

__all__ = ["locked_out"]
