"""tenants.md is true: several accounts are exported in one loop, and one that has withdrawn consent harms no other."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from brex_accounting import AuthorizationRequest, ReauthorizationNeeded, TokensRefreshed
from brex_accounting.emulator import TenantPlan, World, serve_in_thread
from brex_accounting.export import BeancountLedger, ExportPaused, ExportResumed, Outcome, Posting
from tests.docs.consent import consent
from tests.docs.fences import ROOT
from tests.docs.test_blocks import environment, executed

PAGE = ROOT / "docs" / "tenants.md"
CUSTOMERS = ("acme", "globex", "initech")


async def granted(names: dict[str, Any], customer: str) -> None:
    """Let a customer consent, into the store that the page keeps for it."""
    app, grant_folder = names["app"], names["folder"]
    redirect, scopes = "http://127.0.0.1:8765/callback", ["accounting.record.write", "offline_access"]

    async def connect(session: dict[str, Any]) -> str:
        await app.discover()
        request = app.authorization_request(redirect_uri=redirect, scopes=scopes)
        session["brex"] = request.to_session()
        return str(request.url)

    async def callback(session: dict[str, Any], url: str, name: str) -> None:
        store = names["FileTokenStore"](grant_folder(name) / "tokens.json")
        await app.exchange(url, AuthorizationRequest.from_session(session["brex"]), store=store)

    await consent(connect, callback, customer, tenant=customer)


@pytest.fixture
def world() -> World:
    world = World(TenantPlan(records=0))
    for number, customer in enumerate(CUSTOMERS):
        world.add(customer, TenantPlan(records=20, seed=number + 1))
    return world


def exported(world: World, customer: str) -> int:
    """How many entries Brex was told of."""
    return sum(r.review_status == "EXPORTED" for r in world.tenant(customer).records.all())


class TestPage:
    def test_every_account_once(self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each account is exported into books of its own; the one whose consent has ended pauses."""
        monkeypatch.chdir(tmp_path)
        before = {customer: exported(world, customer) for customer in CUSTOMERS}

        async def play(names: dict[str, Any]) -> dict[str, str]:
            for customer in CUSTOMERS:
                await granted(names, customer)
            world.issuer.revoke_tenant("globex")
            return dict(await names["export_all"](CUSTOMERS, at_once=2))

        with serve_in_thread(world):
            for name, value in environment(world, PAGE).items():
                monkeypatch.setenv(name, value)
            results = asyncio.run(play(executed(PAGE)))
        assert {"acme": "complete", "globex": "paused", "initech": "complete"} == {
            customer: result.partition(":")[0] for customer, result in results.items()
        }
        gained = {customer: exported(world, customer) - before[customer] for customer in CUSTOMERS}
        assert gained["acme"] > 0
        assert gained["initech"] > 0
        assert 0 == gained["globex"]
        assert all(not world.violations(world.tenant(customer)) for customer in CUSTOMERS)

    def test_every_account_for_ever(self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Loops export what there is and go on waiting, until the task is cancelled."""
        monkeypatch.chdir(tmp_path)

        async def play(names: dict[str, Any]) -> None:
            posted = asyncio.Event()
            left = set(CUSTOMERS)

            class Told(BeancountLedger):
                async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
                    outcomes = await super().post(postings)
                    left.discard(self.path.parent.name)
                    if not left:
                        posted.set()
                    return outcomes

            names["BeancountLedger"] = Told
            for customer in CUSTOMERS:
                await granted(names, customer)
            serving = asyncio.create_task(names["serve"](CUSTOMERS))
            async with asyncio.timeout(20):
                await posted.wait()
            assert not serving.done()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving

        with serve_in_thread(world):
            for name, value in environment(world, PAGE).items():
                monkeypatch.setenv(name, value)
            asyncio.run(play(executed(PAGE)))

    def test_what_is_watched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        """The page's two hooks print what somebody should know about, and nothing of what goes well."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BREX_CLIENT_ID", "client")
        monkeypatch.setenv("BREX_CLIENT_SECRET", "secret")
        names = executed(PAGE)
        at = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
        names["on_event"](ReauthorizationNeeded(operation="refresh", account="acme", cause="revoked or expired"))
        names["on_event"](
            TokensRefreshed(operation="refresh", account="acme", seconds=3600, rotated=True, recovered=False)
        )
        names["on_export_event"](ExportPaused(account="globex", cause="consent", next_try=at))
        names["on_export_event"](ExportResumed(account="globex", since=at))
        assert [
            "ask for consent: acme",
            "pauses: globex consent 2026-03-02 09:00:00+00:00",
            "goes on: globex",
        ] == capsys.readouterr().out.splitlines()
