"""What the demo adds to the parts."""

import contextlib
import dataclasses
import os

import pytest
from pytest_django.fixtures import Settings

from zhenxue.config.management.commands.serve import demo_sandbox
from zhenxue.sandbox.api import APP_ID, SECRET


def test_copies_find_the_sandbox_in_their_settings_and_programs_in_their_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SANDBOX = False
    settings.OUTSIDE_SERVICES = {
        key: dataclasses.replace(one, url="") for key, one in settings.OUTSIDE_SERVICES.items()
    }
    monkeypatch.setenv("ZHENXUE_SANDBOX", "")
    for name in ("SMS", "CARRIER", "POLICE", "SOCIAL_CARD"):
        for what in ("URL", "APP_ID", "SECRET"):
            monkeypatch.setenv(f"ZHENXUE_{name}_{what}", "")
    with contextlib.ExitStack() as stack:
        [part] = demo_sandbox(stack)
        assert demo_sandbox(stack) == [], "not where the services are known"
    base = capsys.readouterr().out.partition("| ")[2].partition("/ shows")[0]
    assert base.startswith("http://127.0.0.1:")
    assert part.main is None, "a program of its own, as it would be elsewhere"
    assert settings.SANDBOX
    assert os.environ["ZHENXUE_SANDBOX"] == "1"
    for key, service in settings.OUTSIDE_SERVICES.items():
        assert (service.url, service.app_id, service.secret) == (f"{base}/{key.replace('_', '-')}", APP_ID, SECRET)
        assert os.environ[f"ZHENXUE_{key.upper()}_URL"] == service.url
        assert os.environ[f"ZHENXUE_{key.upper()}_APP_ID"] == APP_ID
        assert os.environ[f"ZHENXUE_{key.upper()}_SECRET"] == SECRET
