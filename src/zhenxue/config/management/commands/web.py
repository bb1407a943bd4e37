"""``zhenxue web``: the web server alone."""

import os
import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from zhenxue.config import lean
from zhenxue.config.management.commands.serve import listen, settle

APPLICATIONS = {
    "all": "zhenxue.config.asgi:application",
    "pages": "zhenxue.config.asgi:pages",
    "beats": "zhenxue.config.asgi_ingest:application",
}
STOP_SECONDS = 10


class Command(BaseCommand):
    help = "Serve pages and beats from one process, or one of them alone (the scaled layout)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fd", type=int, help="a socket that already listens (from zhenxue serve)")
        parser.add_argument("--only", choices=APPLICATIONS, default="all", help="what this process answers")

    def handle(self, *args: Any, host: str, port: int, fd: int | None, only: str, **options: Any) -> None:
        listener = listen(host, port) if fd is None else socket.socket(fileno=os.dup(fd))
        config = uvicorn.Config(
            APPLICATIONS[only],
            http="auto" if only == "pages" else lean.protocol(),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off" if only == "pages" else "on",
            proxy_headers=settings.BEHIND_PROXY,
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        config.load()
        settle(pages=only != "beats")
        uvicorn.Server(config).run(sockets=[listener])
