"""An issuer, an environment that names it, and a login that pastes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from brex_accounting.cli import main
from brex_accounting.emulator import TenantPlan, World, serve_in_thread
from tests.cli.auth.person import Person
from tests.cli.auth.served import SECRET, WEB_SERVER, Paste, Served, free_port


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    port = free_port()
    uris = [f"http://{host}:{port}{path}" for host in ("127.0.0.1", "localhost") for path in ("/callback", "")]
    world = World(TenantPlan(records=0, seed=7), client_secret=SECRET, redirect_uris=[*uris, WEB_SERVER])
    with serve_in_thread(world) as server:
        yield Served(server, port)
    assert [] == world.bugs


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "acme.json"


@pytest.fixture
def environment(served: Served, token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands find in the environment, in this process."""
    for name in [name for name in os.environ if name.startswith("BREX_")]:
        monkeypatch.delenv(name)
    for name, value in served.environment(token_file).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail("a browser opens"))


@pytest.fixture
def paste(environment: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Paste:
    """Logs in with --paste, by a browser that consents."""

    def done(*arguments: str, person: io.StringIO | None = None) -> int:
        monkeypatch.setattr("sys.stdin", person or Person(capsys))
        return main(["auth", "login", "--redirect-uri", WEB_SERVER, "--paste", "--no-browser", *arguments])

    return done
