"""An emulator whose issuer sends browsers back to this machine, and what the commands print of it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from brex_accounting.emulator import EmulatorServer, World

SECRET = "canary-client-secret"
WEB_SERVER = "https://erp.example.com/brex/callback"
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@attrs.frozen
class Served:
    """An emulator with the redirect URIs that the tests need."""

    server: EmulatorServer
    port: int

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    def answers(self, operation: str) -> int:
        journal = self.world.tenant().journal
        return sum(entry.operation == operation for entry in journal)

    def environment(self, token_file: Path) -> dict[str, str]:
        return {
            "BREX_CLIENT_ID": self.world.issuer.client_id,
            "BREX_CLIENT_SECRET": SECRET,
            "BREX_ISSUER": self.world.issuer_url,
            "BREX_TOKEN_FILE": str(token_file),
        }


Paste = Callable[..., int]


def assert_one_line(capsys: pytest.CaptureFixture[str], *texts: str) -> None:
    out, err = capsys.readouterr()
    assert "" == out
    assert_line(err, *texts)


def assert_line(err: str, *texts: str) -> None:
    assert err.startswith("error: ")
    assert 1 == err.count("\n")
    assert err.endswith("\n")
    for text in texts:
        assert text in err
