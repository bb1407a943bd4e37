"""The sandbox says what it is, keeps to the machine it runs on, and is started by the demo only."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from pytest_django.fixtures import Settings

from tests.support.sandbox import no_services, sandbox, services_of
from zhenxue.config.management.commands.serve import demo_sandbox
from zhenxue.sandbox.api import APP_ID, words_to_serve


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())


def test_every_page_says_that_it_is_a_sandbox() -> None:
    asked = {
        "response_type": "code",
        "client_id": APP_ID,
        "redirect_uri": "http://127.0.0.1:1/back/",
        "state": "s" * 24,
        "nonce": "n" * 24,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    with sandbox() as server:
        query = urllib.parse.urlencode(asked)
        for path in ("/", f"/social-card/authorize?{query}"):
            assert "沙箱：这里只是演示" in get(server.address + path)
        for wrong in ("/nothing", "/social-card/authorize", f"/social-card/authorize?{query}&client_id=x"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                get(server.address + wrong)
            with caught.value as answer:
                assert "沙箱" in answer.read().decode()
        assert json.loads(get(f"{server.address}/messages.json")) == []


def test_what_it_shows_is_escaped() -> None:
    with sandbox() as server:
        town = server.town
        town.answer("sms", "/v1/messages", {"ref": "1", "phone": "13900001111", "text": "<script>alert(1)</script>"})
        page = get(server.address)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unsigned_call_is_let_in_nowhere() -> None:
    with sandbox() as server:
        for path in ("/sms/v1/messages", "/carrier/v1/checks", "/police/v1/comparisons", "/social-card/token"):
            request = urllib.request.Request(server.address + path, data=b"{}", method="POST")
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=30)
            with caught.value as answer:
                assert answer.code == 401


def test_the_program_runs_alone_on_a_socket_handed_down() -> None:
    """Without Django and without the platform's settings; it ends when it is asked to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        words = [sys.executable, "-m", "zhenxue.sandbox", *words_to_serve(listener.fileno())[1:]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZHENXUE", "DJANGO"))}
        running = subprocess.Popen(words, pass_fds=(listener.fileno(),), env=environment, stdout=subprocess.DEVNULL)
        try:
            assert "沙箱" in get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        finally:
            running.terminate()
            assert running.wait(60) == 0


def test_the_demo_starts_it_only_where_no_real_service_stands(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    settings.OUTSIDE_SERVICES = no_services()
    with contextlib.ExitStack() as stack:
        (part,) = demo_sandbox(stack)
        assert part.name == "sandbox"
        assert os.environ["ZHENXUE_SANDBOX"] == "1"
        assert os.environ["ZHENXUE_SOCIAL_CARD_URL"].startswith("http://127.0.0.1:")
    with sandbox() as server, contextlib.ExitStack() as stack:
        settings.OUTSIDE_SERVICES = services_of(server)
        assert demo_sandbox(stack) == []
