"""What tokens of a grant cost: a call with a valid one, and a refresh that several processes want at once.

``python -m benchmarks.tokens PLAN`` is one of those processes.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from brex_accounting import Brex, FileTokenStore, OAuthApp
from brex_accounting.auth.grant_state import GrantState, to_bytes

from . import loopback
from .clock import medians_awaited
from .emulator import running
from .table import Row, milliseconds

CALLS = 50
CALL_ROUNDS = 80
PROCESSES = 8
REFRESH_ROUNDS = 11

_GOAL = 1.03
_ROOT = Path(__file__).parent.parent
_SCOPES = ("companies.readonly", "offline_access")


def rows() -> list[Row]:
    """Measure both."""
    with loopback.serving() as port:
        made = [asyncio.run(_call_row(port))]
    return [*made, *_refresh_rows()]


async def _call_row(port: int) -> Row:
    url = loopback.base_url(port)
    app = OAuthApp(client_id="client", client_secret="none", issuer=f"{url}/issuer")  # never asked
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grant.json"
        now = datetime.datetime.now(datetime.UTC)
        await _store(path, _state(app, "access_token", "refresh_token", refreshed_at=now))
        grant = app.grant(FileTokenStore(path))
        async with (
            Brex("access_token", base_url=url, rate_limit=None) as plain,
            Brex(grant, account="grant", base_url=url, rate_limit=None) as granted,
        ):
            contenders = {"static": partial(_calls, plain), "grant": partial(_calls, granted)}
            taken = await medians_awaited(contenders, CALL_ROUNDS)
    ratio = taken["grant"] / taken["static"]
    rates = {name: CALLS / seconds for name, seconds in taken.items()}
    return Row(
        f"records.get() with the valid token of a grant in a file, against a user token ({rates['static']:,.0f})",
        f"{rates['grant']:,.0f} a second",
        f"{ratio:.3f} ×",
        f"≤ {_GOAL} ×",
        ratio <= _GOAL,
        {**rates, "ratio": ratio},
    )


async def _calls(brex: Brex) -> None:
    for _ in range(CALLS):
        await brex.records.get("accr_1")


def _refresh_rows() -> list[Row]:
    alone, first, middle, last = (list[float]() for _ in range(4))
    with ExitStack() as stack:
        ready, _ = stack.enter_context(running(1))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = [stack.enter_context(_contending(ready)) for _ in range(PROCESSES)]
        app = OAuthApp(client_id=ready["client_id"], client_secret=ready["client_secret"], issuer=ready["issuer"])
        for number in range(REFRESH_ROUNDS + 1):
            seconds = _contend(processes[:1], _expired(app, ready, folder / f"alone_{number}.json"))
            taken = sorted(_contend(processes, _expired(app, ready, folder / f"all_{number}.json")))
            if number:  # in the first round everybody looks for the issuer's endpoints
                alone += seconds
                first.append(taken[0])
                middle.append(median(taken))
                last.append(taken[-1])
    figures = {"alone": median(alone), "first": median(first), "median": median(middle), "last": median(last)}
    what = f"a refresh that {PROCESSES} processes want at once, until half of them have its token"
    return [
        Row(
            f"{what} (one alone: {milliseconds(figures['alone'])})",
            milliseconds(figures["median"]),
            f"{figures['median'] / figures['alone']:.2f} ×",
            figures=figures,
        ),
        Row(
            f"… until the last of them has it (the worst of {REFRESH_ROUNDS} rounds: {milliseconds(max(last))})",
            milliseconds(figures["last"]),
            f"{figures['last'] / figures['alone']:.2f} ×",
            figures={**figures, "worst": max(last)},
        ),
    ]


@contextmanager
def _contending(ready: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    plan = {name: ready[name] for name in ("client_id", "client_secret", "issuer")}
    command = [sys.executable, "-m", "benchmarks.tokens", json.dumps(plan)]
    # bytecode is kept, as it is for users
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command, cwd=_ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _contend(processes: list[subprocess.Popen[str]], path: Path) -> list[float]:
    """Let processes want the token of one grant, and give the seconds for which each of them has waited."""
    for line in (str(path), "now"):
        for process in processes:
            process.stdin.write(f"{line}\n")  # type: ignore[union-attr]
        said = [json.loads(process.stdout.readline()) for process in processes]  # type: ignore[union-attr]
    tokens = {token for _, token in said}
    if len(tokens) != 1:
        message = f"{len(processes)} processes have {len(tokens)} tokens"
        raise RuntimeError(message)
    return [seconds for seconds, _ in said]


def _expired(app: OAuthApp, ready: dict[str, Any], path: Path) -> Path:
    """A grant of its own, whose access token has expired."""
    request = urllib.request.Request(
        f"{ready['base_url']}/_emulator/grants", b"{}", {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        tokens = json.load(answer)
    long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
    state = _state(app, tokens["access_token"], tokens["refresh_token"], refreshed_at=long_ago)
    asyncio.run(_store(path, state))
    return path


def _state(app: OAuthApp, access_token: str, refresh_token: str, *, refreshed_at: datetime.datetime) -> GrantState:
    return GrantState(
        issuer=app.issuer,
        client_id=app.client_id,
        access_token=access_token,
        refresh_token=refresh_token,
        scopes=_SCOPES,
        granted_at=refreshed_at,
        refresh_token_at=refreshed_at,
        refreshed_at=refreshed_at,
        expires_at=refreshed_at + datetime.timedelta(hours=1),
    )


async def _store(path: Path, state: GrantState) -> None:
    store = FileTokenStore(path)
    async with store.lock(lease=10, wait=10) as fence:
        await store.compare_and_swap(None, to_bytes(state), fence=fence)


async def _timed(ask: Callable[[], Awaitable[str]]) -> tuple[float, str]:
    started = time.perf_counter()
    token = await ask()
    return time.perf_counter() - started, token


async def _want(plan: dict[str, Any]) -> None:
    """Read the path of a grant, look at it, wait for the word, and say how long its token has taken; until the end."""
    app = OAuthApp(**plan, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    while path := (await asyncio.to_thread(sys.stdin.readline)).strip():
        grant = app.grant(FileTokenStore(path))
        await grant.status()
        print(json.dumps([0.0, None]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await _timed(grant.access_token)), flush=True)


if __name__ == "__main__":
    asyncio.run(_want(json.loads(sys.argv[1])))
