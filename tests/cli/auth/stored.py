"""Grants in token files: made, written and read."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from brex_accounting import FileTokenStore
from brex_accounting.auth.grant_state import GrantState, from_bytes, to_bytes
from tests import virtual
from tests.cli.auth.served import Served


def state_in(token_file: Path) -> GrantState:
    stored = virtual.run(FileTokenStore(token_file).load())
    assert stored is not None
    return from_bytes(stored.content)


def put(token_file: Path, state: GrantState) -> None:
    async def store() -> None:
        file = FileTokenStore(token_file)
        async with file.lock(lease=30.0, wait=1.0) as fence:
            stored = await file.load()
            assert await file.compare_and_swap(stored and stored.version, to_bytes(state), fence=fence)

    virtual.run(store())


def state_of(served: Served, *, days: float = 0.0, **changes: Any) -> GrantState:
    """A grant whose customer consented some days ago and whose access token is new; its tokens open nothing."""
    now = datetime.datetime.now(datetime.UTC)
    begun = now - datetime.timedelta(days=days)
    usual = {
        "issuer": served.world.issuer_url,
        "client_id": served.world.issuer.client_id,
        "access_token": "canary-access-token",
        "refresh_token": "canary-refresh-token",
        "scopes": ("accounting.record.read", "offline_access"),
        "granted_at": begun,
        "refresh_token_at": begun,
        "refreshed_at": now,
        "expires_at": now + datetime.timedelta(hours=1),
    }
    return GrantState(**{**usual, **changes})
