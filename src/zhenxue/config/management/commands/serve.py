"""``zhenxue serve``: web, workers, sequencer and collector of cosignatures under one supervisor."""

import contextlib
import errno
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from zhenxue.config.supervisor import Part, Supervisor, say
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
            call_command("prepare", demo=demo, stdout=self.stdout)
            connections.close_all()
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        handle = listener.fileno()
        answered = threading.Event()
        parts = [
            Part("web", ["web", "--fd", str(handle)], pass_fds=(handle,)),
            Part("worker", ["worker", "--queue", "default", "--timer", "--alone"]),
            Part("media", ["worker", "--queue", "media", "--alone"]),
            Part("faces", ["faces", "--alone"]),
            Part("sequencer", ["sequencer"]),
            Part("cosign", ["cosign"]),
        ]
        with contextlib.ExitStack() as stack:
            if not settings.PRODUCTION and (settings.DATA_FOLDER / "demo-accounts.txt").exists():
                parts.append(demo_witness(stack))
                parts += demo_sandbox(stack)
            supervisor = Supervisor(parts, first_is_up=answered)
            threading.Thread(target=greet, args=(address, answered), daemon=True).start()
            supervisor.run()
        listener.close()
        say("serve", "stopped")


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
    """The demo's services outside, played on this machine, where no real ones are set up; the other parts are told
    through their environment."""
    from zhenxue.sandbox.api import APP_ID, SECRET, words_to_serve

    if any(settings.OUTSIDE_SERVICES.values()):
        return []
    listener = listen("127.0.0.1", 0)
    stack.callback(listener.close)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    os.environ["ZHENXUE_SANDBOX"] = "1"
    for name in ("SMS", "CARRIER", "POLICE", "SOCIAL_CARD"):
        os.environ[f"ZHENXUE_{name}_URL"] = f"{base}/{name.lower().replace('_', '-')}"
        os.environ[f"ZHENXUE_{name}_APP_ID"] = APP_ID
        os.environ[f"ZHENXUE_{name}_SECRET"] = SECRET
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


def greet(address: str, answered: threading.Event) -> None:
    """Once the first page answers: set ``answered``, say the address, and the demo's accounts where there is a demo."""
    end = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/", timeout=5).close()
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.2)
        else:
            break
    answered.set()
    accounts = settings.DATA_FOLDER / "demo-accounts.txt"
    told = f"\n{accounts.read_text().rstrip()}\n" if accounts.exists() else ""
    sys.stdout.write(f"\n真学 Zhenxue: {address}\n{told}\n")
    sys.stdout.flush()
