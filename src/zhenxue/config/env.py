"""Reads settings from the environment (twelve-factor); every name starts with ``ZHENXUE_``."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from zhenxue.kernel import keys

TRUE_WORDS = {"1", "true", "yes", "on"}
#: A connection to PostgreSQL keeps the plan of a statement that it has sent so many times.
PLANS_KEPT_AFTER = 5


def text(name: str, default: str = "") -> str:
    """The text of ``ZHENXUE_<name>``, or the default when it is unset or empty."""
    return os.environ.get(f"ZHENXUE_{name}", "") or default


def flag(name: str, default: bool = False) -> bool:
    """Whether ``ZHENXUE_<name>`` says yes (1, true, yes, on)."""
    value = os.environ.get(f"ZHENXUE_{name}", "")
    return default if not value else value.lower() in TRUE_WORDS


def number(name: str, default: int) -> int:
    """The whole number in ``ZHENXUE_<name>``."""
    return int(text(name, str(default)))


def words(name: str, default: str = "") -> list[str]:
    """The comma-separated words of ``ZHENXUE_<name>``."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(
    name: str,
    data_folder: Path,
    *,
    production: bool,
    optional: bool = False,
    many: bool = False,
    signs: bool = False,
    service: keys.KeyService | None = None,
) -> str:
    """A secret from the environment, or one made at first use and kept (mode 0400) in the data folder.

    The environment may name where it lies instead (``kernel.keys``): ``file:/path``, ``wrapped:…``. ``many``: a list
    with commas; ``signs``: a key that may stay in its service, then the reference itself is the answer; ``optional``:
    empty when it is not given. Production never invents a secret: ``RuntimeError`` names the variable that is missing,
    or that cannot be read and why.
    """
    given = text(name)
    if given:
        if signs and given.startswith(keys.SERVICES):
            return given
        try:
            return keys.read_list(given, service) if many else keys.read_one(given, service)
        except keys.KeyRefused as error:
            raise RuntimeError(f"ZHENXUE_{name}: {error}") from error
    if optional:
        return ""
    if production:
        raise RuntimeError(f"ZHENXUE_{name} must be set in production (see .env.example)")
    folder = data_folder / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name.lower()
    if not file.exists():  # of processes that start at once one makes it, and the others never see half of it
        fresh = folder / f".{name.lower()}.{secrets.token_hex(8)}"
        keys.write_secret(fresh, secrets.token_hex(32))
        with suppress(FileExistsError):
            file.hardlink_to(fresh)
        fresh.unlink()
    return file.read_text().strip()


def key_service(reference: str, token: str) -> keys.KeyService | None:
    """The service that opens ``wrapped:`` keys, if there is one (``ZHENXUE_KEY_SERVICE``)."""
    if not reference:
        return None
    try:
        return keys.open_service(reference, token=token)
    except keys.KeyRefused as error:
        raise RuntimeError(f"ZHENXUE_KEY_SERVICE: {error}") from error


def database(url: str) -> dict[str, Any]:
    """Django's database settings for ``sqlite:///path`` or ``postgres://user:password@host:port/name?option=value``.

    ``keep_plans=no`` among the options: behind a pooler that hands a connection on after each transaction.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]) if parts.path.startswith("//") else unquote(parts.path),
            "CONN_MAX_AGE": 600,  # opening costs more than a page's queries: the journal, the empty cache
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "zhenxue.kernel.postgres",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": _kept_plans(dict(parse_qsl(parts.query))),
        }
    raise RuntimeError(f"ZHENXUE_DATABASE_URL has an unknown scheme: {parts.scheme!r}")


def _kept_plans(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a connection to PostgreSQL, with those of ``kernel.postgres`` unless they are refused."""
    kept = options.pop("keep_plans", "yes").lower() in TRUE_WORDS
    return {**options, "server_side_binding": True, "prepare_threshold": PLANS_KEPT_AFTER if kept else None}
