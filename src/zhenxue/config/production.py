"""What a production installation must have before it starts; ``.env.example`` explains each variable."""

import re
from pathlib import Path

from django.conf import settings

from zhenxue.config import env
from zhenxue.kernel.keys import is_reference
from zhenxue.kernel.outside import check_service

SECRETS = ("SECRET_KEY", "FIELD_KEYS", "BLIND_INDEX_KEY", "LOG_KEY")
OPTIONAL_SECRETS = ("LOG_KEY_NEXT", "BACKUP_KEY")
SHORTEST_SECRET = 32


def problems() -> list[str]:
    """Every reason not to start, one sentence each with the variable to change; empty when all is well."""
    found = []
    if env.flag("DEBUG"):
        found.append("ZHENXUE_DEBUG is on; remove it.")
    for name in SECRETS:
        found += _secret_problems(name, str(getattr(settings, name)))
    for name in OPTIONAL_SECRETS:
        found += _secret_problems(name, str(getattr(settings, name))) if getattr(settings, name) else []
    given = [getattr(settings, name) for name in (*SECRETS, *OPTIONAL_SECRETS) if getattr(settings, name)]
    if len(set(given)) < len(given):
        found.append("Two of the secrets are the same; give each its own.")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append("ZHENXUE_ALLOWED_HOSTS must name the hosts this site answers to.")
    if settings.SANDBOX:
        found.append("ZHENXUE_SANDBOX is on; production speaks to real services.")
    for key, service in settings.OUTSIDE_SERVICES.items():
        if service and (fault := check_service(service)):
            found.append(f"ZHENXUE_{key.upper()}_URL, _APP_ID and _SECRET: {fault}.")
    if not settings.PUBLIC_URL.startswith("https://"):
        found.append("ZHENXUE_PUBLIC_URL must be the https address people use.")
    if settings.LOG_ORIGIN.split("/")[0].endswith(".example"):
        found.append("ZHENXUE_LOG_ORIGIN must be the log's own name; it can never be changed later.")
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine.endswith("sqlite3") and not env.flag("ALLOW_SQLITE"):
        found.append(
            "ZHENXUE_DATABASE_URL is SQLite; use PostgreSQL, or say ZHENXUE_ALLOW_SQLITE=1 for one small machine."
        )
    if (settings.DATA_FOLDER / "demo-accounts.txt").exists():
        found.append(f"{settings.DATA_FOLDER} holds the demo with known passwords; use a fresh ZHENXUE_DATA_FOLDER.")
    return found


def _secret_problems(name: str, value: str) -> list[str]:
    if is_reference(value):
        return []  # it stays in its service
    kept = Path(settings.DATA_FOLDER) / "secrets" / name.lower()
    if kept.exists() and kept.read_text().strip() == value:
        return [f"ZHENXUE_{name} is the demo's own secret; make a new one."]
    bare = re.sub(r"[^,:]*:", "", value) if name == "FIELD_KEYS" else value
    if any(len(part) < SHORTEST_SECRET or len(set(part)) < 8 for part in bare.split(",")):
        return [f"ZHENXUE_{name} is too short or too plain; make one with: openssl rand -hex 32"]
    return []
