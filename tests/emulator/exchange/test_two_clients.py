"""Two clients of one account: when they are at work at once, and when they are not."""

from __future__ import annotations

import asyncio
from typing import Any

from brex_accounting.emulator.wire import EXTENSION
from tests import virtual
from tests.emulator.asking import COMPANY, RECORDS, RESULTS, Emulator, report, success
from tests.emulator.exchange.tenant import Wire, breaches, fault, ready, together


class TestTwoClients:
    def test_two_grants(self, brex: Emulator) -> None:
        """Two credentials whose requests overlap break it, once for each pair."""
        first, second = (brex.world.issuer.grant("main").access_token for _ in "ab")
        fault(brex, "latency", delay=1)

        async def main() -> None:
            for tokens in ((first, second), (second, first)):
                await asyncio.gather(*(brex.send("GET", RECORDS, token=token) for token in tokens))
            [violation] = brex.world.violations(brex.tenant)
            assert "two_clients" == violation.invariant
            assert 2 == len(violation.what["clients"])
            assert ["queryAccountingRecords"] == violation.what["operations"]
            await asyncio.gather(*(brex.send("GET", RECORDS, token=token) for token in (first, brex.token)))
            assert ["two_clients"] * 2 == breaches(brex)

        virtual.run(main())

    def test_two_programs(self, brex: Emulator) -> None:
        """So do two programs with one credential."""
        fault(brex, "latency", delay=1)
        together(*(brex.send("GET", path, agent=agent) for path, agent in ((RECORDS, "a/1"), (COMPANY, "b/1"))))
        assert ["two_clients"] == breaches(brex)

    def test_taking_turns(self, brex: Emulator) -> None:
        """Two clients that take turns within a minute are at work at once, though no requests overlap."""
        first, second = (brex.world.issuer.grant("main").access_token for _ in "ab")
        for token in (first, second):
            brex.get(RECORDS, token=token)
        assert [] == breaches(brex)
        brex.advance(59.999)
        brex.get(RECORDS, token=first)
        assert ["two_clients"] == breaches(brex)

    def test_one_after_the_other(self, brex: Emulator) -> None:
        """One that takes over from another, or comes back after a minute, is not at work at once."""
        first, second = (brex.world.issuer.grant("main").access_token for _ in "ab")
        for token in (first, first, second, second):
            brex.get(RECORDS, token=token)
        for token in (first, second):
            brex.advance(60)
            brex.get(RECORDS, token=token)
        assert [] == breaches(brex)

    def test_reading_at_once(self, brex: Emulator) -> None:
        """One client may read several pages at once."""
        fault(brex, "latency", delay=1)
        together(*(brex.send("GET", RECORDS, [("limit", limit)]) for limit in (1, 2, 3)))
        assert [] == breaches(brex)

    def test_reporting_at_once(self, brex: Emulator) -> None:
        """And report several batches at once, or one again that it gave up waiting for."""
        brex.get(RECORDS)
        fault(brex, "latency", delay=1)
        reports = zip(ready(brex, 4), ("a", "b", None, None), strict=True)
        together(*(brex.send("POST", RESULTS, value=report(success(name)), key=key) for name, key in reports))
        assert [] == breaches(brex)

    def test_gone(self, brex: Emulator) -> None:
        """Whose connection is gone is at work no more, though the request is still under way."""
        wire = Wire()

        async def wired(scope: Any, receive: Any, send: Any) -> None:
            await brex.apps.api({**scope, "extensions": {EXTENSION: wire}}, receive, send)

        async def main() -> None:
            first = asyncio.ensure_future(brex.send("GET", RECORDS, agent="a/1", app=wired))
            await asyncio.sleep(1)
            wire.lost = True
            await brex.send("GET", RECORDS, agent="b/1")
            assert [] == breaches(brex)
            wire.lost = False
            await brex.send("GET", RECORDS, agent="c/1")
            assert ["two_clients"] == breaches(brex)
            await first

        fault(brex, "latency", delay=10, times=1)
        virtual.run(main())

    def test_two_accounts(self, brex: Emulator) -> None:
        """Two accounts have nothing to do with each other."""
        brex.world.add("globex")
        fault(brex, "latency", delay=1)
        tokens = (brex.token, brex.world.issuer.user_token("globex"))
        together(*(brex.send("GET", RECORDS, token=token) for token in tokens))
        assert [] == breaches(brex)

    def test_strangers(self, brex: Emulator) -> None:
        """Who cannot prove who they are are at work on nothing."""
        expired = [brex.world.issuer.grant("main").access_token for _ in "ab"]
        brex.advance(3600)
        fault(brex, "latency", delay=1)
        together(*(brex.send("GET", RECORDS, token=token) for token in (*expired, brex.token)))
        assert [] == breaches(brex)
