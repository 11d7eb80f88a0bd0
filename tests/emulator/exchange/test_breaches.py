"""Breaches of what an honest worker keeps to: each one found, and nothing else taken for one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from brex_accounting.emulator import Disconnected, move, recode
from brex_accounting.emulator.clock import timestamp
from tests import virtual
from tests.emulator.asking import RECORDS, RESULTS, START, TOKEN, Emulator, Reply, failure, report, success
from tests.emulator.exchange.tenant import NETWORK, REPORT, breaches, fault, ready, together


class TestHonestWorker:
    @pytest.mark.parametrize("idempotency", ["honoured", "ignored"])
    @pytest.mark.parametrize("failure_result", ["stays", "moves"])
    def test_export(self, brex: Emulator, idempotency: str, failure_result: str) -> None:
        """Who fetches, reports each success once, refreshes in time and works alone breaks nothing."""
        brex.choose(idempotency=idempotency, failure_result=failure_result)
        grant = brex.world.issuer.grant("main")
        access, refresh = grant.access_token, grant.refresh_token
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 7)]
        done = set()
        for number in range(8):
            items = brex.get(RECORDS, query, token=access).json["items"]
            batch = [item["id"] for item in items if item["id"] not in done]
            done.update(batch[1:])
            if batch:
                results = [failure(batch[0]), *map(success, batch[1:])]
                reply = brex.post(RESULTS, report(*results), token=access, key=f"batch-{number}")
                assert 200 == reply.status
            brex.advance(1800)
            tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh).json
            access, refresh = tokens["access_token"], tokens["refresh_token"]
        assert len(done) > 10
        assert [] == breaches(brex)

    def test_repeats_with_key(self, brex: Emulator) -> None:
        """A report that is repeated with its key, because its answer was lost, is no second report."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}").json["id"]
        fault(brex, "drop", operation=REPORT, phase="after", times=2)
        for _ in range(2):
            with pytest.raises(Disconnected):
                brex.post(RESULTS, report(success(record_id)), key="k")
        assert 200 == brex.post(RESULTS, report(success(record_id)), key="k").status
        assert [] == breaches(brex)

    def test_gives_up_waiting(self, brex: Emulator) -> None:
        """A report that is repeated with its key, while the first one is still under way, is one worker's."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}").json["id"]
        fault(brex, "latency", delay=30, times=1)
        together(*(brex.send("POST", RESULTS, value=report(success(record_id)), key="k") for _ in "ab"))
        assert [] == breaches(brex)

    def test_several_requests_at_once(self, brex: Emulator) -> None:
        """Reading ahead while it reports, refreshes and loads receipts, also across a refresh, is one worker's work."""
        issuer = brex.world.issuer
        grant = issuer.grant("main")
        item = next(it for it in brex.get(RECORDS, token=grant.access_token).json["items"] if it.get("receipts"))
        address = item["receipts"][0]["download_uris"][0]
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        client = {"client_id": issuer.client_id, "client_secret": issuer.client_secret}
        kind = [("content-type", "application/x-www-form-urlencoded")]
        results = report(success(item["id"]))
        fault(brex, "latency", delay=3)

        async def main() -> None:
            def send(*request: Any, **more: Any) -> asyncio.Future[Reply]:
                return asyncio.ensure_future(brex.send(*request, **{"agent": "acme-erp/2.1", **more}))

            requests = [
                send("GET", RECORDS, token=grant.access_token),
                send("GET", RECORDS, [("limit", 2)], token=grant.access_token),
                send("POST", RESULTS, value=results, token=grant.access_token, key="k"),
                send("GET", urlsplit(address).path, parse_pairs(address), token=None, app=brex.apps.files),
                send("POST", TOKEN, body=urlencode(client | form).encode(), headers=kind, token=None),
            ]
            await asyncio.sleep(1)
            brex.advance(3600)
            requests.append(send("GET", RECORDS, token=grant.access_token))
            await asyncio.sleep(2.5)
            tokens = (await requests[4]).json
            requests.append(send("GET", RECORDS, token=tokens["access_token"]))
            statuses = [(await request).status for request in requests]
            # What was under way when the hour was over is refused: it takes effect after its latency.
            assert [401, 401, 401, 403, 200, 401, 200] == statuses

        virtual.run(main())
        assert [] == breaches(brex)


def parse_pairs(address: str) -> list[tuple[str, str]]:
    return [(name, values[0]) for name, values in parse_qs(urlsplit(address).query).items()]


class TestReportedTwice:
    def test_again(self, brex: Emulator) -> None:
        """A success for what a report has exported breaks it, though it is refused; both clients are named."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}", agent="one").json["id"]
        brex.post(RESULTS, report(success(record_id)), agent="one")
        brex.advance(5)
        assert 422 == brex.post(RESULTS, report(success(record_id)), agent="two").status
        [violation] = brex.world.violations(brex.tenant)
        assert ("reported_twice", brex.tenant.now()) == (violation.invariant, violation.at)
        assert record_id == violation.what["record"]
        assert [", two", ", one"] == [violation.what[name][-5:] for name in ("client", "first_client")]
        brex.post(RESULTS, report(success(record_id)), agent="two")
        assert ["reported_twice"] * 2 == breaches(brex)

    def test_in_a_batch(self, brex: Emulator) -> None:
        """Each record of a batch counts, those of a refused batch too."""
        ids = [item["id"] for item in brex.get(RECORDS, [("review_status", "READY_FOR_EXPORT")]).json["items"][:3]]
        brex.post(RESULTS, report(*map(success, ids[:2])))
        brex.post(RESULTS, report(*map(success, ids)))
        twice = [violation.what["record"] for violation in brex.world.violations(brex.tenant)]
        assert ids[:2] == twice

    @pytest.mark.parametrize(
        ("keys", "agents", "broken"),
        [(("k", "k"), "aa", False), (("k", "j"), "aa", True), ((None, None), "aa", True), (("k", "k"), "ab", True)],
    )
    def test_key_ignored(self, brex: Emulator, keys: tuple[str, str], agents: str, broken: bool) -> None:
        """Where keys mean nothing a client that repeats its own still reports once; another key or client does not."""
        brex.choose(idempotency="ignored")
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}", agent="a").json["id"]
        for key, agent in zip(keys, agents, strict=True):
            brex.post(RESULTS, report(success(record_id)), key=key, agent=agent)
        assert (["reported_twice"] if broken else []) == breaches(brex)

    def test_failures(self, brex: Emulator) -> None:
        """Failures may come again, and a success after them; a failure after a success is none."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}").json["id"]
        for result in (failure, failure, success, failure):
            brex.post(RESULTS, report(result(record_id)))
        assert [] == breaches(brex)

    def test_moved_back(self, brex: Emulator) -> None:
        """What finance has moved back is reported anew."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}").json["id"]
        brex.post(RESULTS, report(success(record_id)))
        move(brex.tenant, record_id, "READY_FOR_EXPORT")
        assert 200 == brex.post(RESULTS, report(success(record_id))).status
        assert [] == breaches(brex)
        recode(brex.tenant, record_id, brex_field_id="ef_1", brex_field_value_id="efo_1")
        brex.post(RESULTS, report(success(record_id)))
        assert ["reported_twice"] == breaches(brex)

    def test_seeded(self, brex: Emulator) -> None:
        """A success for what was exported before anybody reported is refused, and not a second one."""
        exported = next(it.id for it in brex.tenant.records.all() if it.review_status == "EXPORTED")
        brex.get(f"{RECORDS}/{exported}")
        assert 422 == brex.post(RESULTS, report(success(exported))).status
        assert [] == breaches(brex)


class TestNeverFetched:
    def test_unseen(self, brex: Emulator) -> None:
        """An outcome for a record that no answer held breaks it, success or failure, accepted or refused."""
        first, second = ready(brex, 2)
        brex.post(RESULTS, report(success(first), failure(second)))
        brex.post(RESULTS, report(success(first), success("accr_x")))
        found = [(it.invariant, it.what["record"]) for it in brex.world.violations(brex.tenant)]
        assert [("never_fetched", first), ("never_fetched", second)] == found[:2]
        assert {("never_fetched", first), ("reported_twice", first)} == set(found[2:])

    @pytest.mark.parametrize("way", ["get", "page", "ids", "single_entry"])
    def test_seen(self, brex: Emulator, way: str) -> None:
        """Any answer that held it will do."""
        record_id = ready(brex)[0]
        match way:
            case "get":
                brex.get(f"{RECORDS}/{record_id}")
            case "page":
                brex.get(RECORDS)
            case "ids":
                brex.get(RECORDS, [("ids", record_id)])
            case _:
                brex.get(RECORDS, [("single_entry", True)])
        brex.post(RESULTS, report(success(record_id)))
        assert [] == breaches(brex)

    def test_other_pages(self, brex: Emulator) -> None:
        """A page that did not hold it will not do, and neither will another account's."""
        brex.world.add("globex")
        record_id = ready(brex, 9)[-1]
        brex.get(RECORDS, [("limit", 1)])
        brex.get(RECORDS, token=brex.world.issuer.user_token("globex"))
        brex.post(RESULTS, report(failure(record_id)))
        assert ["never_fetched"] == breaches(brex)

    @pytest.mark.parametrize("phase", ["before", "after"])
    @pytest.mark.parametrize("effect", ["status", "drop", "cut_body", "html", "bad_json", "empty"])
    def test_lost_answers(self, brex: Emulator, effect: str, phase: str) -> None:
        """An answer that a fault has lost or replaced held nothing."""
        record_id = ready(brex)[0]
        fault(brex, effect, phase=phase, times=1)
        try:
            brex.get(f"{RECORDS}/{record_id}")
        except Disconnected:
            assert effect in NETWORK
        brex.post(RESULTS, report(failure(record_id)))
        assert ["never_fetched"] == breaches(brex)


class TestExportedUnreported:
    def test_moved(self, brex: Emulator) -> None:
        """A record that is moved to EXPORTED was not reported."""
        record_id = ready(brex)[0]
        brex.advance(3)
        move(brex.tenant, record_id, "EXPORTED")
        [violation] = brex.world.violations(brex.tenant)
        assert {
            "invariant": "exported_unreported",
            "at": timestamp(START + timedelta(seconds=3)),
            "record": record_id,
        } == violation.to_json()

    def test_other_moves(self, brex: Emulator) -> None:
        """Other moves, recodings and reports break nothing."""
        record_id = brex.get(f"{RECORDS}/{ready(brex)[0]}").json["id"]
        for review_status in ("PREPARE", "REVIEW", "READY_FOR_EXPORT"):
            move(brex.tenant, record_id, review_status)
        brex.post(RESULTS, report(success(record_id)))
        recode(brex.tenant, record_id, brex_field_id="ef_1", brex_field_value_id="efo_1")
        assert [] == breaches(brex)


class TestTokenReplayed:
    def refresh(self, brex: Emulator, token: str) -> Reply:
        return brex.form(TOKEN, grant_type="refresh_token", refresh_token=token)

    def test_replay(self, brex: Emulator) -> None:
        """A used refresh token that comes back after its grace breaks it; within, it is the retry of a lost answer."""
        grant = brex.world.issuer.grant("main")
        for seconds, status in ((0, 200), (29.999, 200), (0.001, 400)):
            assert [] == breaches(brex)
            brex.advance(seconds)
            assert status == self.refresh(brex, grant.refresh_token).status
        [violation] = brex.world.violations(brex.tenant)
        assert ("token_replayed", brex.tenant.now()) == (violation.invariant, violation.at)
        assert {"grant": grant.grant_id, "revoked_family": True} == violation.what

    def test_chain(self, brex: Emulator) -> None:
        """Always the newest token, or one that does not rotate, breaks nothing."""
        token = brex.world.issuer.grant("main").refresh_token
        for _ in range(5):
            token = self.refresh(brex, token).json["refresh_token"]
        brex.choose(rotation="off")
        for _ in range(3):
            assert token == self.refresh(brex, token).json["refresh_token"]
        assert [] == breaches(brex)


class TestHistory:
    def go(self, brex: Emulator, way: str, snapshot: str) -> None:
        match way:
            case "reset":
                brex.tenant.reset()
            case "restore":
                brex.tenant.restore(snapshot)
            case _:
                brex.tenant.seed(10, 3)

    @pytest.mark.parametrize("way", ["reset", "restore", "seed"])
    def test_anew(self, brex: Emulator, way: str) -> None:
        """Reset, restore and new data forget every breach."""
        snapshot = brex.tenant.snapshot()
        brex.advance(10)
        record_id = ready(brex)[0]
        for _ in range(2):
            brex.post(RESULTS, report(success(record_id)))
        move(brex.tenant, ready(brex)[0], "EXPORTED")
        assert {"never_fetched", "reported_twice", "exported_unreported"} == set(breaches(brex))
        self.go(brex, way, snapshot)
        assert [] == breaches(brex)

    def test_snapshot(self, brex: Emulator) -> None:
        """What was fetched and reported before a snapshot still was after it is restored; what came later was not."""
        first, second, third = ready(brex, 3)
        brex.get(RECORDS, [("ids", first), ("ids", second)])
        brex.post(RESULTS, report(success(first)))
        snapshot = brex.tenant.snapshot()
        brex.get(f"{RECORDS}/{third}")
        brex.post(RESULTS, report(success(second)))
        for _ in range(2):
            brex.tenant.restore(snapshot)
            assert 200 == brex.post(RESULTS, report(success(second))).status
            assert [] == breaches(brex)
            brex.post(RESULTS, report(success(first)))
            assert ["reported_twice"] == breaches(brex)
            brex.post(RESULTS, report(success(third)))
            assert ["reported_twice", "never_fetched"] == breaches(brex)

    @pytest.mark.parametrize("way", ["reset", "restore", "seed"])
    def test_replays(self, brex: Emulator, way: str) -> None:
        """So do they with replays of tokens, also where the clock goes back to before them."""
        snapshot = brex.tenant.snapshot()
        brex.advance(10)
        refresh = brex.world.issuer.grant("main").refresh_token
        for _ in range(2):
            brex.advance(31)
            brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh)
        assert ["token_replayed"] == breaches(brex)
        self.go(brex, way, snapshot)
        assert [] == breaches(brex)
        brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh)
        assert ["token_replayed"] == breaches(brex)

    def test_order(self, brex: Emulator) -> None:
        """Breaches are listed oldest first, whoever saw them."""
        refresh = brex.world.issuer.grant("main").refresh_token
        first, second = ready(brex, 2)
        move(brex.tenant, first, "EXPORTED")
        for _ in range(2):
            brex.advance(31)
            brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh)
        brex.advance(1)
        move(brex.tenant, second, "EXPORTED")
        assert ["exported_unreported", "token_replayed", "exported_unreported"] == breaches(brex)
