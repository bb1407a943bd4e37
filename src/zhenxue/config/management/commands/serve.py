"""``zhenxue serve``: web, workers, sequencer and collector of cosignatures under one supervisor."""

import contextlib
import dataclasses
import errno
import gc
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.urls import reverse

from zhenxue.config import cli
from zhenxue.config.supervisor import COPIES, Copy, Part, Supervisor, say
from zhenxue.kernel import clock

ANSWER_SECONDS = 60.0


class Command(BaseCommand):
    requires_system_checks = ()  # the web process checks
    help = "Start the whole platform (web, workers, sequencer), restart what dies, stop on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
        parser.add_argument("--prepare", action="store_true", help="first do what zhenxue prepare does")
        parser.add_argument("--demo", action="store_true", help="first do what zhenxue prepare --demo does")

    def handle(self, *args: Any, host: str, port: int, prepare: bool, demo: bool, **options: Any) -> None:
        listener = listen(host, port)
        if prepare or demo:
            apart(lambda: call_command("prepare", demo=demo, stdout=self.stdout))
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        handle = listener.fileno()
        with contextlib.ExitStack() as stack:
            others = []
            if not settings.PRODUCTION and (settings.DATA_FOLDER / "demo-accounts.txt").exists():
                others = [demo_witness(stack), *demo_sandbox(stack)]
            parts = [
                Part("web", ["web", "--fd", str(handle)], pass_fds=(handle,), main=cli.main),
                Part("worker", ["worker", "--queue", "default", "--timer", "--alone"], main=cli.main),
                Part("media", ["worker", "--queue", "media", "--alone"], main=cli.main),
                Part("faces", ["faces", "--alone"], main=cli.main),
                Part("sequencer", ["sequencer"], main=cli.main),
                Part("cosign", ["cosign"], main=cli.main),
                *others,
            ]
            if COPIES:
                settle(pages=True)
            Supervisor(parts, first_is_up=Greeting(listener, address).given).run()
        listener.close()
        say("serve", "stopped")


def apart(main: Callable[[], object]) -> None:
    """Do it in a copy of this process: what it opens, starts and loads is in no part's way. Ends where it fails."""
    if not COPIES:
        main()
        connections.close_all()
    elif code := Copy("prepare", main).wait():
        sys.exit(code)


def settle(*, pages: bool) -> None:
    """Loads what pages need and takes all that is loaded out of the garbage collector's rounds: it stays to the end."""
    if pages:
        reverse("portal:home")
    gc.collect()
    gc.freeze()


def demo_witness(stack: contextlib.ExitStack) -> Part:
    """The demo's witness as a part of its own, on the port it had before or any free one of this machine."""
    from zhenxue.config.demo.witness import last_port, settle_witness

    now = clock.now()
    try:
        listener = listen("127.0.0.1", last_port(now))
    except CommandError:
        listener = listen("127.0.0.1", 0)
    stack.callback(listener.close)
    words = settle_witness(settings.DATA_FOLDER / "demo-witness", listener, now)
    connections.close_all()
    return Part("witness", words, pass_fds=(listener.fileno(),))


def demo_sandbox(stack: contextlib.ExitStack) -> list[Part]:
    """The demo's services outside, played on this machine, where no real ones are set up; the other parts find them in
    their settings, or make those from their environment."""
    from zhenxue.sandbox.api import APP_ID, SECRET, words_to_serve

    if any(settings.OUTSIDE_SERVICES.values()):
        return []
    listener = listen("127.0.0.1", 0)
    stack.callback(listener.close)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    os.environ["ZHENXUE_SANDBOX"], settings.SANDBOX = "1", True
    for key, service in settings.OUTSIDE_SERVICES.items():
        url = f"{base}/{key.replace('_', '-')}"
        settings.OUTSIDE_SERVICES[key] = dataclasses.replace(service, url=url, app_id=APP_ID, secret=SECRET)
        for what, value in (("URL", url), ("APP_ID", APP_ID), ("SECRET", SECRET)):
            os.environ[f"ZHENXUE_{key.upper()}_{what}"] = value
    say("sandbox", f'{base}/ shows what is "sent" (短信、核验)')
    return [Part("sandbox", words_to_serve(listener.fileno()), pass_fds=(listener.fileno(),))]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``CommandError`` in plain words when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"{host}:{port} is already in use: stop the other server, or choose another port "
                "(zhenxue serve --port 8001, or make run PORT=8001)."
            ) from error
        raise CommandError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    listener.listen(2048)
    return listener


class Greeting:
    """Said once the web process answers, or has not for long: the address, and a demo's accounts."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self._place, self._address = listener.getsockname(), address
        self._end = time.monotonic() + ANSWER_SECONDS
        self._asking: socket.socket | None = None

    def given(self) -> bool:
        """Ask, look for an answer, and greet; never waits. What was asked stays with the listener until it is read."""
        if not self._answered() and time.monotonic() < self._end:
            return False
        self._let_go()
        accounts = settings.DATA_FOLDER / "demo-accounts.txt"
        told = f"\n{accounts.read_text().rstrip()}\n" if accounts.exists() else ""
        sys.stdout.write(f"\n真学 Zhenxue: {self._address}\n{told}\n")
        sys.stdout.flush()
        return True

    def _answered(self) -> bool:
        try:
            if self._asking is None:
                self._asking = socket.create_connection(self._place[:2], timeout=1)
                host = urlsplit(settings.PUBLIC_URL).netloc
                self._asking.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            readable, _, _ = select.select([self._asking], [], [], 0)
            if readable and not self._asking.recv(1):
                raise ConnectionResetError
        except OSError:  # the web process ended over it: the next is asked
            self._let_go()
            return False
        return bool(readable)

    def _let_go(self) -> None:
        if self._asking is not None:
            self._asking.close()
            self._asking = None
