"""One tenant's life: apart from all others, and begun anew without a trace of what was before."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from brex_accounting import Brex, ClientStateError, ExportSuccess
from brex_accounting.emulator import EmulatorServer, Fault, TenantPlan, World, move

from . import serving
from .asking import START, Emulator, report, success

RECORDS = "/v3/accounting/records"
RESULTS = f"{RECORDS}/export-results"
INTEGRATION = "/v3/accounting/integration"
TOKEN = "/oauth2/default/v1/token"


def ready(brex: Emulator, **request: str) -> list[str]:
    return [item["id"] for item in brex.items(RECORDS, [("review_status", "READY_FOR_EXPORT")], **request)]


def receipt(brex: Emulator) -> str:
    for item in brex.items(RECORDS):
        for found in item.get("receipts") or ():
            for uri in found.get("download_uris") or ():
                return str(uri)
    message = "no record has a receipt"
    raise AssertionError(message)


def broken(brex: Emulator) -> list[str]:
    return [violation.invariant for violation in brex.world.violations(brex.tenant)]


class TestApart:
    def test_ids(self, brex: Emulator) -> None:
        """The same plan gives another tenant the same data under other ids: the wrong token finds nothing."""
        other = brex.world.add("globex")
        mine, theirs = brex.tenant.records.all(), other.records.all()
        assert [(record.type, record.amount) for record in mine] == [(record.type, record.amount) for record in theirs]
        assert set() == {record.id for record in mine} & {record.id for record in theirs}
        token = brex.world.issuer.user_token("globex")
        assert 404 == brex.post(RESULTS, report(success(ready(brex)[0])), token=token).status

    def test_cursors(self, brex: Emulator) -> None:
        """A cursor leads nowhere with the token of another tenant."""
        brex.world.add("globex")
        cursor = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        token = brex.world.issuer.user_token("globex")
        assert 400 == brex.get(RECORDS, [("limit", 10), ("cursor", cursor)], token=token).status

    def test_limits_of_clients(self, brex: Emulator) -> None:
        """Each client id has a limit of its own on an account, as Brex documents."""
        brex.tenant.limit.requests = 2
        granted = brex.world.issuer.grant("main").access_token
        assert [200, 200, 429] == [brex.get(RECORDS).status for _ in range(3)]
        assert [200, 200, 429] == [brex.get(RECORDS, token=granted).status for _ in range(3)]


class TestBegunAnew:
    def test_keys_and_cursors(self, brex: Emulator) -> None:
        """New data knows no idempotency key and no cursor of the old."""
        brex.choose(cursor="snapshot")
        first = ready(brex)[0]
        cursor = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        assert 200 == brex.post(RESULTS, report(success(first)), key="batch-1").status
        brex.tenant.seed(60, 1)
        assert 400 == brex.get(RECORDS, [("limit", 10), ("cursor", cursor)]).status
        assert 200 == brex.post(RESULTS, report(success(first)), key="batch-1").status
        assert "EXPORTED" == brex.get(f"{RECORDS}/{first}").json["review_status"]

    def test_requests_under_way(self) -> None:
        """A request that came in before a reset changes nothing after it."""

        async def main() -> None:
            world = World(TenantPlan(records=60, seed=7))
            tenant = world.tenant()
            first = next(record.id for record in tenant.records.all() if record.review_status == "READY_FOR_EXPORT")
            tenant.add_fault(Fault(effect="latency", operation="reportAccountingExportResults", delay=5.0, times=1))

            async with (
                EmulatorServer(world) as server,
                Brex(world.issuer.user_token("main"), base_url=server.base_url, timeout=1.0, retry=None) as brex,
            ):
                with pytest.raises(TimeoutError):
                    await brex.records.report([ExportSuccess(first)])
                tenant.reset()
                await serving.until_idle(tenant, seconds=10)
            record = tenant.records.get(first)
            assert record is not None
            assert "READY_FOR_EXPORT" == record.review_status
            assert [] == world.violations(tenant)

        serving.run(main())

    def test_addresses(self, brex: Emulator) -> None:
        """A receipt's address ends with the data that it belongs to."""
        address = receipt(brex)
        assert 200 == brex.fetch(address).status
        brex.tenant.reset()
        assert 403 == brex.fetch(address).status

    def test_tokens_do_not_live_longer(self, brex: Emulator) -> None:
        """A reset that sets the clock back gives no token another hour, and no used one another grace."""
        granted = brex.world.issuer.grant("main")
        brex.advance(7200)
        answer = brex.form(TOKEN, grant_type="refresh_token", refresh_token=granted.refresh_token).json
        brex.tenant.reset()
        assert START == brex.tenant.now()
        brex.advance(3599)
        assert 200 == brex.get(RECORDS, token=answer["access_token"]).status
        brex.advance(1)
        assert 401 == brex.get(RECORDS, token=answer["access_token"]).status
        replayed = brex.form(TOKEN, grant_type="refresh_token", refresh_token=granted.refresh_token)
        assert (400, "invalid_grant") == (replayed.status, replayed.json["error"])

    def test_breaches_before_a_reset(self, brex: Emulator) -> None:
        """What was broken before a reset is forgotten, although the clock went back."""
        granted = brex.world.issuer.grant("main")
        for seconds in (0, 31):
            brex.advance(seconds)
            brex.form(TOKEN, grant_type="refresh_token", refresh_token=granted.refresh_token)
        assert ["token_replayed"] == broken(brex)
        brex.tenant.reset()
        assert [] == broken(brex)

    def test_a_snapshot_is_a_state_that_was(self, brex: Emulator) -> None:
        """After a restore, keys are honoured, cursors lead on, and what was fetched and reported is known."""
        brex.choose(cursor="snapshot")
        first, second, *_ = ready(brex)
        cursor = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        body = report(success(first))
        brex.post(RESULTS, body, key="k1")
        brex.tenant.limit.requests = 500
        brex.tenant.clock.run(10)
        brex.tenant.clock.freeze()
        taken = brex.tenant.snapshot()
        brex.tenant.limit.requests = 3
        brex.tenant.restore(taken)
        assert (200, 200) == (
            brex.post(RESULTS, body, key="k1").status,
            brex.get(RECORDS, [("limit", 10), ("cursor", cursor)]).status,
        )
        assert 200 == brex.post(RESULTS, report(success(second)), key="k2").status
        assert [] == broken(brex)
        assert 422 == brex.post(RESULTS, body, key="k3").status
        assert ["reported_twice"] == broken(brex)
        brex.tenant.clock.unfreeze()
        assert (500, 10.0) == (brex.tenant.limit.requests, brex.tenant.clock.scale)

    def test_a_clock_that_begins_before_the_data(self) -> None:
        """Data ends where the clock begins, so that a change is always newer than what was there."""
        early = Emulator(start=START - timedelta(days=400))
        newest = max(record.updated_at for record in early.tenant.records.all())
        assert newest <= early.tenant.now()
        first = next(iter(early.tenant.records.all()))
        assert move(early.tenant, first.id, "PREPARE").updated_at >= newest

    def test_one_server_for_each_world(self) -> None:
        """A world that is served cannot be served twice: its addresses are one server's."""

        async def main() -> None:
            world = World(TenantPlan(records=1))
            async with EmulatorServer(world) as server:
                for other in (server, EmulatorServer(world)):
                    with pytest.raises(ClientStateError, match="served already"):
                        await other.__aenter__()
            async with EmulatorServer(world):
                pass

        serving.run(main())


class TestAddresses:
    def test_bound_to_their_path(self, brex: Emulator) -> None:
        """The signature of one receipt opens no other one, and takes no upload."""
        address = urlsplit(receipt(brex))
        upload = brex.post("/v1/expenses/card/receipt_match", {"receipt_name": "a b.jpg"}).json["uri"]
        base = f"{brex.world.file_url}/main"
        assert 403 == brex.fetch(f"{base}/receipts/rcpt_nonexistent/x.pdf?{address.query}").status
        assert 403 == brex.fetch(f"{upload.partition('?')[0]}?{address.query}", "PUT", body=b"x").status
        assert 200 == brex.fetch(upload, "PUT", body=b"x").status


class TestKeys:
    def test_another_request(self, brex: Emulator) -> None:
        """A key that comes back with another body gets the first answer, and that is a breach."""
        first, second, *_ = ready(brex)
        answers = [brex.post(RESULTS, report(success(record)), key="k").json for record in (first, second)]
        assert answers[0] == answers[1]
        assert ["key_reused"] == broken(brex)

    def test_what_changed_nothing(self, brex: Emulator) -> None:
        """A request that changed nothing is not remembered: the same key may mean something later."""
        body = {"vendor": "ERP_A", "vendor_account_id": "42"}
        made = brex.post(INTEGRATION, body).json
        brex.post(INTEGRATION, body, key="again")
        brex.post(f"{INTEGRATION}/{made['integration_id']}/disconnect")
        assert "ACTIVE" == brex.post(INTEGRATION, body, key="again").json["status"]
        assert 2 == len(brex.tenant.integrations)


class TestClients:
    def test_two_that_take_turns(self, brex: Emulator) -> None:
        """Two workers are seen although no request of one is ever under way when the other's comes in."""
        granted = brex.world.issuer.grant("main").access_token
        for _ in range(2):
            brex.get(RECORDS, agent="worker one")
            brex.get(RECORDS, token=granted, agent="worker two")
        assert ["two_clients"] == broken(brex)

    def test_one_that_hands_over(self, brex: Emulator) -> None:
        """A worker that takes over from one that has stopped is no second one; nor is one that comes back later."""
        for agent in ("one", "one", "two", "two"):
            brex.get(RECORDS, agent=agent)
        brex.advance(61)
        brex.get(RECORDS, agent="one")
        assert [] == broken(brex)

    def test_an_answer_that_never_came(self, brex: Emulator) -> None:
        """A record is fetched when an answer with it has arrived."""
        first = next(record.id for record in brex.tenant.records.all() if record.review_status == "READY_FOR_EXPORT")
        brex.tenant.add_fault(Fault(effect="status", operation="queryAccountingRecords", phase="after", times=1))
        assert 503 == brex.get(RECORDS).status
        brex.post(RESULTS, report(success(first)))
        assert ["never_fetched"] == broken(brex)


class TestFaultsOfNobody:
    def test_discovery(self, brex: Emulator) -> None:
        """What belongs to no tenant, such as discovery, fails by the default one's plan, in the issuer's words."""
        brex.tenant.add_fault(Fault(effect="status", operation="discovery", times=1))
        answers = [brex.get("/oauth2/default/.well-known/openid-configuration", token=None) for _ in range(2)]
        assert [503, 200] == [answer.status for answer in answers]
        assert "server_error" == answers[0].json["error"]

    def test_a_lost_refresh_is_no_breach(self, brex: Emulator) -> None:
        """The retry of a refresh whose answer was lost gets the same pair within its grace, and breaks nothing."""
        granted = brex.world.issuer.grant("main")
        answers = [
            brex.form(TOKEN, grant_type="refresh_token", refresh_token=granted.refresh_token).json for _ in range(2)
        ]
        assert answers[0]["refresh_token"] == answers[1]["refresh_token"]
        assert [] == broken(brex)


class TestNearMisses:
    @pytest.mark.parametrize("name", ["ids[]", "review_status[]", "limit[0]"])
    def test_spelling(self, name: str, brex: Emulator) -> None:
        """The other API's spelling of a filter is refused: passed over, it would find everything."""
        assert 400 == brex.get(RECORDS, [(name, "a")]).status

    def test_bills_in_the_middle_of_a_walk(self, brex: Emulator) -> None:
        """Switching a variant does not make a cursor another query's."""
        cursor = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        brex.choose(bill_ready="reaches")
        assert 200 == brex.get(RECORDS, [("limit", 10), ("cursor", cursor)]).status

    def test_pages_of_other_sites(self) -> None:
        """A page in somebody's browser cannot drive the control API."""
        headers = [("origin", "http://evil.example"), ("host", "127.0.0.1:8787")]
        assert 403 == Emulator().post("/_emulator/reset", token=None, headers=headers).status
