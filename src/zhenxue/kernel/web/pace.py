"""How often somebody may do what is dear: a small count in this process's cache, so that nobody does it in a loop."""

from django.core.cache import cache

from zhenxue.kernel.errors import TooMany

SECONDS = 60


def check_pace(what: str, who: int, *, most: int, words: str) -> None:
    """Raises ``TooMany`` (code ``what``, message ``words``) for more than ``most`` of ``what`` by ``who`` within a
    minute."""
    key = f"pace:{what}:{who}"
    cache.add(key, 0, SECONDS)
    try:
        tries = cache.incr(key)
    except ValueError:  # it ran out between the two lines
        tries = 1
    if tries > most:
        raise TooMany(what, words)
