"""Faults of an exchange: before its effect and after it, and what of it remains."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from brex_accounting.emulator import EFFECTS, Disconnected
from brex_accounting.emulator.wire import EXTENSION
from tests import virtual
from tests.emulator.asking import CARD, COMPANY, RECORDS, RESULTS, TOKEN, Emulator, Reply, failure, report, success
from tests.emulator.exchange.tenant import NETWORK, REPORT, Wire, breaches, everything, fault, ready, stage, version

TIMED = ("hang", "latency", "slow_body")
INSTANT = sorted(set(EFFECTS) - set(TIMED))
STRIKES = [
    (effect, phase)
    for effect in INSTANT
    for phase in ("before", "after")
    if phase == "after" or not EFFECTS[effect].disfigures
]


class TestFaults:
    @pytest.mark.parametrize(("effect", "phase"), STRIKES)
    def test_state(self, brex: Emulator, effect: str, phase: str) -> None:
        """A fault before leaves everything as it was, one after lets it happen; the journal says which, and how."""
        record_id = ready(brex)[0]
        before = everything(brex)
        rule_id = fault(brex, effect, operation=REPORT, phase=phase, times=1)
        reply = None
        try:
            reply = brex.post(RESULTS, report(success(record_id)))
        except Disconnected:
            assert effect in NETWORK
        assert ("EXPORTED" if phase == "after" else "READY_FOR_EXPORT") == stage(brex, record_id)
        assert (phase == "before") == (before == everything(brex))
        entry = brex.last
        assert [{"id": rule_id, "effect": effect}] == entry.faults
        assert (phase == "after") == entry.committed
        assert ("dropped" if effect in NETWORK else "answered") == entry.ended
        assert (None if reply is None else reply.status) == entry.status
        assert (reply is None) == (effect in NETWORK)
        if reply is not None:
            assert len(reply.body) == entry.answer_size

    def test_statuses(self, brex: Emulator) -> None:
        """What the caller gets: the effect's own status, or that of the request."""
        statuses = {}
        for effect in set(INSTANT) - set(NETWORK):
            fault(brex, effect, times=1)
            statuses[effect] = brex.get(RECORDS, token=brex.world.issuer.grant("main").access_token).status
        expected = dict.fromkeys(statuses, 200)
        assert expected | {"status": 503, "html": 503, "expired_token": 401} == statuses

    @pytest.mark.parametrize("phase", ["before", "after"])
    def test_expired_token(self, brex: Emulator, phase: str) -> None:
        """The access token has expired indeed; its grant lives on, and a user token is only told so."""
        grant = brex.world.issuer.grant("main")
        fault(brex, "expired_token", phase=phase, times=1)
        record_id = ready(brex)[0]
        body = report(failure(record_id))
        start = version(brex, record_id)
        assert [401, 401] == [brex.post(RESULTS, body, token=grant.access_token).status for _ in range(2)]
        assert start + (phase == "after") == version(brex, record_id)
        tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token).json
        assert 200 == brex.post(RESULTS, body, token=tokens["access_token"]).status
        fault(brex, "expired_token", phase=phase, times=1)
        assert [401, 200] == [brex.get(COMPANY).status for _ in range(2)]

    @pytest.mark.parametrize("phase", ["before", "after"])
    def test_lost_refresh(self, brex: Emulator, phase: str) -> None:
        """A refresh whose answer is lost has rotated the token or not; within the grace window it can be repeated."""
        grant = brex.world.issuer.grant("main")
        fault(brex, "drop", operation="token", phase=phase, times=1)
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        with pytest.raises(Disconnected):
            brex.form(TOKEN, **form)
        assert (phase == "after") == brex.last.committed
        again = brex.form(TOKEN, **form)
        assert (200, phase == "before") == (again.status, brex.last.committed)
        assert [] == breaches(brex)

    def test_file_host(self, brex: Emulator) -> None:
        """Faults strike the file host too: what was put before the connection ended is there."""
        upload = brex.post(f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}).json
        for phase, files in (("before", {}), ("after", {upload["id"]: ("application/octet-stream", b"file")})):
            fault(brex, "drop", operation="uploadReceipt", phase=phase, times=1)
            with pytest.raises(Disconnected):
                brex.fetch(upload["uri"], "PUT", body=b"file")
            assert files == brex.tenant.files
        fault(brex, "status", operation="downloadReceipt", status=500, times=1)
        assert 500 == brex.fetch(upload["uri"].replace("uploads", "receipts").replace("?", "/r.pdf?")).status

    def test_nowhere(self, brex: Emulator) -> None:
        """No fault strikes an unknown path, another method, another tenant or what belongs to nobody."""
        brex.world.add("globex")
        fault(brex, "status")
        assert 404 == brex.get("/unknown").status
        assert 405 == brex.put(RECORDS).status
        assert 200 == brex.get(RECORDS, token=brex.world.issuer.user_token("globex")).status
        assert 401 == brex.get(RECORDS, token=None).status
        assert 503 == brex.get(RECORDS).status

    def test_latency(self, brex: Emulator) -> None:
        """Latency only delays; the exchange is under way as long, before it took effect or after."""
        record_id = ready(brex)[0]
        fault(brex, "latency", delay=5, phase="before")
        fault(brex, "latency", delay=7, phase="after")
        seen: list[tuple[float, str, bool, str]] = []

        def look() -> None:
            now = asyncio.get_running_loop().time()
            seen.append((now, brex.last.ended, brex.last.committed, stage(brex, record_id)))

        async def main() -> Reply:
            task = asyncio.ensure_future(brex.send("POST", RESULTS, value=report(success(record_id))))
            for pause in (4, 4, 3):
                await asyncio.sleep(pause)
                look()
            reply = await task
            look()
            return reply

        assert 200 == virtual.run(main()).status
        assert [
            (4, "under way", False, "READY_FOR_EXPORT"),
            (8, "under way", True, "EXPORTED"),
            (11, "under way", True, "EXPORTED"),
            (12, "answered", True, "EXPORTED"),
        ] == seen

    @pytest.mark.parametrize("phase", ["before", "after"])
    def test_hang(self, brex: Emulator, phase: str) -> None:
        """What hangs ends when the emulator stops; until then it is under way."""
        record_id = ready(brex)[0]
        fault(brex, "hang", phase=phase)

        async def main() -> None:
            task = asyncio.ensure_future(brex.send("POST", RESULTS, value=report(success(record_id))))
            await asyncio.sleep(1000)
            assert ("under way", phase == "after") == (brex.last.ended, brex.last.committed)
            brex.apps.closing.set()
            with pytest.raises(Disconnected):
                await task

        virtual.run(main())
        assert ("dropped", None, phase == "after") == (brex.last.ended, brex.last.status, brex.last.committed)

    def test_slow_body(self, brex: Emulator) -> None:
        """A slow body arrives whole, later."""
        whole = brex.get(RECORDS).body
        fault(brex, "slow_body", delay=2, pieces=4)

        async def main() -> tuple[Reply, float]:
            reply = await brex.send("GET", RECORDS)
            return reply, asyncio.get_running_loop().time()

        reply, seconds = virtual.run(main())
        assert (200, whole, 6.0) == (reply.status, reply.body, seconds)
        assert ("answered", len(whole)) == (brex.last.ended, brex.last.answer_size)

    @pytest.mark.parametrize(
        ("effect", "ends", "ended", "status"),
        [
            ("drop", ["closed"], "dropped", None),
            ("reset", ["reset"], "dropped", None),
            ("cut_body", ["closed"], "cut off", 200),
        ],
    )
    def test_with_a_connection(
        self, brex: Emulator, effect: str, ends: list[str], ended: str, status: int | None
    ) -> None:
        """Where there is a connection it is ended, and nothing is raised."""
        wire = Wire()
        fault(brex, effect, phase="after")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await brex.apps.api({**scope, "extensions": {EXTENSION: wire}}, receive, send)
            if not wire.ends or effect != "cut_body":
                raise Disconnected(None)  # type: ignore[arg-type]

        async def main() -> None:
            record_id = ready(brex)[0]
            if effect == "cut_body":
                reply = await brex.send("POST", RESULTS, value=report(success(record_id)), app=app)
                assert brex.last.answer_size > len(reply.body)
            else:
                with pytest.raises(Disconnected):
                    await brex.send("POST", RESULTS, value=report(success(record_id)), app=app)

        virtual.run(main())
        assert ends == wire.ends
        assert (ended, status, True) == (brex.last.ended, brex.last.status, brex.last.committed)

    @pytest.mark.parametrize("way", ["reset", "restore", "seed"])
    def test_of_the_past(self, brex: Emulator, way: str) -> None:
        """A request that was under way when its tenant began anew changes nothing of what is there now."""
        record_id = ready(brex)[0]
        snapshot = brex.tenant.snapshot()
        fault(brex, "latency", delay=5, times=1)

        async def main() -> Reply:
            task = asyncio.ensure_future(brex.send("POST", RESULTS, value=report(success(record_id)), key="k"))
            await asyncio.sleep(1)
            match way:
                case "reset":
                    brex.tenant.reset()
                case "restore":
                    brex.tenant.restore(snapshot)
                case _:
                    brex.tenant.seed(60, 1)
            return await task

        reply = virtual.run(main())
        assert (503, {"error_code": "INTERNAL_ERROR"}) == (reply.status, reply.error)
        assert "READY_FOR_EXPORT" == stage(brex, record_id)
        assert 200 == brex.post(RESULTS, report(success(record_id)), key="k").status

    def test_cancelled(self, brex: Emulator) -> None:
        """An exchange that is cancelled is dropped, and under way no more."""
        fault(brex, "latency", delay=100)

        async def main() -> None:
            task = asyncio.ensure_future(brex.send("GET", RECORDS))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        virtual.run(main())
        assert ("dropped", False) == (brex.last.ended, brex.last.committed)
        brex.tenant.faults.clear()
        brex.get(RECORDS, agent="another")
        assert [] == breaches(brex)
