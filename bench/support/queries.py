"""Counts queries with Django's test client: ``{name: [path, cookies]}`` in, ``{name: [first, then]}`` out."""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402 - Django is set up first
from django.test import Client  # noqa: E402 - see above
from django.test.utils import CaptureQueriesContext  # noqa: E402 - see above


def count(path: str, cookies: str) -> list[int]:
    """The queries of the first request, which fills what the process remembers (plans of cohorts), and of the next."""
    client = Client(headers={"user-agent": "zhenxue-bench"}, raise_request_exception=True)
    for cookie in cookies.split("; "):
        name, _, value = cookie.partition("=")
        client.cookies[name] = value
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, headers={"host": "127.0.0.1"})
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.content.decode()[:2000]}")
        counts.append(sum(not _is_frame(one["sql"]) for one in captured))
        if "-v" in sys.argv:
            for one in captured:
                sys.stderr.write(f"{path} {one['time']} {one['sql'][:300]}\n")
    return counts


def _is_frame(sql: str) -> bool:
    return sql.split(" ", 1)[0] in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps({name: count(*page) for name, page in asked.items()}))
