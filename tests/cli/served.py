"""An emulator on a real socket for commands that run in this process, and what it is made to do."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting.cli import main
from brex_accounting.emulator import EmulatorServer, TenantPlan, World, serve_in_thread


@attrs.frozen
class Served:
    """An emulator, and how commands reach it."""

    server: EmulatorServer

    @property
    def token(self) -> str:
        return self.server.world.issuer.user_token("main")

    @property
    def environment(self) -> dict[str, str]:
        return {"BREX_BASE_URL": self.server.base_url, "BREX_ACCESS_TOKEN": self.token}

    @property
    def requests(self) -> int:
        return len(self.server.world.tenant().journal)

    def reset(self) -> None:
        """Take away faults, and whatever was changed."""
        self._control("POST", "/reset")

    def fault(self, effect: str, operation: str, **options: Any) -> None:
        self._control("POST", "/faults", {"effect": effect, "operation": operation, **options})

    def _control(self, method: str, path: str, body: Any = None) -> None:
        url = f"{self.server.control_url}{path}"
        answer = httpx.request(method, url, json=body, trust_env=False)
        assert answer.is_success, answer.text


@contextlib.contextmanager
def serve(plan: TenantPlan, **options: Any) -> Iterator[Served]:
    """Serve a world, every answer held against its document whole; afterwards it has no bugs.

    Args:
        plan: What its tenant starts with.
        **options: For ``World``.
    """
    world = World(plan, **options)
    with serve_in_thread(world, whole=True) as server:
        yield Served(server)
    assert [] == world.bugs


def enter(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands of this process find this emulator, and nothing else, in their environment."""
    for name in [name for name in os.environ if name.startswith("BREX_")]:
        monkeypatch.delenv(name)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)


@attrs.frozen
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def texts(self) -> list[str]:
        """Its lines; ``splitlines`` would also part a memo at what Unicode calls a line separator."""
        assert self.out == "" or self.out.endswith("\n")
        return self.out.split("\n")[:-1]

    @property
    def lines(self) -> list[Any]:
        return [json.loads(text) for text in self.texts]

    def assert_error(self, status: int, *texts: str) -> None:
        """It ended with one line that says so."""
        assert status == self.status
        assert self.err.startswith("error: ")
        assert self.err.endswith("\n")
        assert 1 == self.err.count("\n")
        assert [] == [text for text in texts if text not in self.err]


@attrs.frozen
class Command:
    """Runs commands in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        self.capsys.readouterr()
        status = main(arguments)
        return Ran(status, *self.capsys.readouterr())
