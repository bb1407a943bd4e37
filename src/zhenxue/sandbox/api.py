"""What the platform may call of the sandbox: start it beside the demo, or inside a test."""

from zhenxue.sandbox.command import main
from zhenxue.sandbox.server import make_server
from zhenxue.sandbox.signing import APP_ID, SECRET

__all__ = ["APP_ID", "SECRET", "main", "make_server", "words_to_serve"]


def words_to_serve(handle: int) -> list[str]:
    """The words after ``zhenxue`` that serve on a listening socket handed down."""
    return ["sandbox", "serve", "--fd", str(handle)]
