"""What is refused before anything happens: in which order, and how many requests are too many."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator import TenantPlan
from tests.emulator.asking import COMPANY, INTEGRATION, RECORDS, RESULTS, TOKEN, Emulator, report, success
from tests.emulator.exchange.tenant import ERP, ready, stage

BUSY = {"error_code": "TOO_MANY_REQUESTS"}


class TestOrder:
    def test_refusals(self) -> None:
        """Of all that is wrong with a request the token comes first, then scopes, limit, body, and then its key."""
        brex = Emulator(rate_limit=2)
        record_id, other = ready(brex, 2)
        first = brex.post(RESULTS, report(success(record_id)), key="k")
        assert 200 == first.status
        brex.get(RECORDS)
        narrow = brex.world.issuer.user_token("main", ["companies.readonly"])
        for token, status in (("wrong", 401), (narrow, 403), (brex.token, 429)):
            assert status == brex.post(RESULTS, {"results": []}, key="k", token=token).status
        brex.advance(60)
        assert 422 == brex.post(RESULTS, {"results": []}, key="k").status
        repeated = brex.post(RESULTS, report(success("accr_x"), success("accr_x")), key="k")
        assert (200, first.body) == (repeated.status, repeated.body)
        assert "READY_FOR_EXPORT" == stage(brex, other)
        brex.check()

    def test_what_counts(self) -> None:
        """What is let in counts, whatever becomes of it; refusals of token, scope, path and limit do not."""
        brex = Emulator(rate_limit=5)
        narrow = brex.world.issuer.user_token("main", [])
        for _ in range(10):
            brex.get(RECORDS, token="wrong")
            brex.get(RECORDS, token=narrow)
            brex.get("/unknown")
            brex.put(RECORDS)
        let_in = [
            brex.get(RECORDS),
            brex.get(RECORDS, [("limit", "x")]),
            brex.get(f"{RECORDS}/accr_x"),
            brex.post(INTEGRATION, ERP, key="k"),
            brex.post(INTEGRATION, ERP, key="k"),
        ]
        assert [200, 400, 404, 200, 200] == [reply.status for reply in let_in]
        assert [429] * 3 == [brex.get(RECORDS).status for _ in range(3)]
        brex.check()


class TestLimit:
    def test_thousand(self) -> None:
        """A thousand requests fit into 60 s of the virtual clock; the next one is told how long to wait."""
        brex = Emulator(rate_limit=TenantPlan().rate_limit)
        assert [200] * 1000 == [brex.get(COMPANY).status for _ in range(1000)]
        refused = brex.get(RECORDS)
        assert (429, BUSY, "60") == (refused.status, refused.error, refused.header("retry-after"))
        assert not brex.last.committed
        brex.advance(59.5)
        refused = brex.get(COMPANY)
        assert (429, {"type": "TOO_MANY_REQUESTS"}, "1") == (
            refused.status,
            refused.error,
            refused.header("retry-after"),
        )
        brex.advance(0.5)
        assert 200 == brex.get(COMPANY).status
        brex.check()

    def test_sliding(self) -> None:
        """The window slides: a request is forgotten 60 s after it."""
        brex = Emulator(rate_limit=3)
        statuses = []
        for seconds in (0, 20, 20, 19.999_999, 0.000_001, 0, 20, 0, 20, 0):
            brex.advance(seconds)
            statuses.append(brex.get(COMPANY).status)
        assert [200, 200, 200, 429, 200, 429, 200, 429, 200, 429] == statuses
        brex.check()

    @given(st.lists(st.tuples(st.sampled_from([0, 0, 0.000_001, 0.5, 7, 29.25, 60, 61]), st.booleans()), max_size=40))
    def test_model(self, steps: list[tuple[float, bool]]) -> None:
        """Requests and pauses in any order: as a list of instants would have it, and Retry-After is long enough."""
        brex = Emulator(rate_limit=4, records=1)
        taken: list[timedelta] = []
        now = timedelta()
        for seconds, asks in steps:
            brex.advance(seconds)
            now += timedelta(seconds=seconds)
            if not asks:
                continue
            in_window = [instant for instant in taken if now - instant < timedelta(seconds=60)]
            reply = brex.get(COMPANY)
            if len(in_window) < 4:
                assert 200 == reply.status
                taken.append(now)
                continue
            wait = timedelta(seconds=60) - (now - in_window[0])
            assert (429, str(math.ceil(wait.total_seconds()))) == (reply.status, reply.header("retry-after"))
        brex.check()

    def test_without_retry_after(self) -> None:
        """It may not be told."""
        brex = Emulator(rate_limit=1, variants={"retry_after": "absent"})
        assert [200, 429] == [brex.get(COMPANY).status for _ in range(2)]
        assert brex.get(COMPANY).header("retry-after") is None
        brex.check()

    def test_off(self, brex: Emulator) -> None:
        """It can be off."""
        assert {200} == {brex.get(COMPANY).status for _ in range(1500)}

    def test_of_each_client(self) -> None:
        """Each client id has a window of its own on each account; all grants of one client share it."""
        brex = Emulator(rate_limit=2)
        brex.world.add("globex")
        issuer = brex.world.issuer
        first, second = (issuer.grant("main").access_token for _ in "ab")
        assert [200, 200, 429, 429] == [brex.get(COMPANY, token=token).status for token in (first, second) * 2]
        for token in (brex.token, issuer.user_token("globex"), issuer.grant("globex").access_token):
            assert [200, 200, 429] == [brex.get(COMPANY, token=token).status for _ in range(3)]
        brex.check()

    def test_what_is_not_limited(self) -> None:
        """The issuer and the file host do not count, and are not refused."""
        brex = Emulator(rate_limit=2)
        grant = brex.world.issuer.grant("main")
        page = brex.get(RECORDS).json
        address = next(it for it in page["items"] if it.get("receipts"))["receipts"][0]["download_uris"][0]
        for _ in range(3):
            assert 200 == brex.fetch(address).status
            assert 200 == brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token).status
        assert [200, 429] == [brex.get(COMPANY).status for _ in range(2)]
        assert 200 == brex.fetch(address).status
        assert 200 == brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token).status
        brex.check()

    def test_way_back(self) -> None:
        """Restore and reset empty the window; a clock that was set back does not close it."""
        brex = Emulator(rate_limit=2)
        snapshot = brex.tenant.snapshot()
        brex.advance(1e6)
        for way_back in (lambda: brex.tenant.restore(snapshot), brex.tenant.reset):
            assert [200, 200, 429] == [brex.get(COMPANY).status for _ in range(3)]
            way_back()
        assert 200 == brex.get(COMPANY).status
        brex.check()

    def test_changed(self) -> None:
        """Reset goes back to the limit of the plan, restore to that of the snapshot."""
        brex = Emulator(rate_limit=2)
        brex.tenant.limit.requests = 3
        snapshot = brex.tenant.snapshot()
        for way_back, requests in ((brex.tenant.reset, 2), (lambda: brex.tenant.restore(snapshot), 3)):
            brex.tenant.limit.requests = None
            way_back()
            assert requests == brex.tenant.limit.requests
