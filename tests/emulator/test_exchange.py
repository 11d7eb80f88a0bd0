"""The order of an exchange: token, scopes, limit, idempotency, effect, faults, journal, invariants."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator import EFFECTS, Disconnected, Fault, TenantPlan, move, recode
from brex_accounting.emulator.api import Api
from brex_accounting.emulator.clock import timestamp
from brex_accounting.emulator.exchange import Exchanges, Received
from brex_accounting.emulator.issuer import DEFAULT_REDIRECT_URI
from brex_accounting.emulator.journal import Exchange
from brex_accounting.emulator.published import operations
from brex_accounting.emulator.wire import EXTENSION
from brex_accounting.emulator.world import ISSUER_PATH
from tests import virtual
from tests.emulator.asking import (
    CARD,
    COMPANY,
    EXPENSES,
    INTEGRATION,
    RECORDS,
    RESULTS,
    START,
    TOKEN,
    WEBHOOKS,
    Emulator,
    Reply,
    failure,
    report,
    success,
)

ERP = {"vendor": "ERP_A", "vendor_account_id": "42"}
HOOK = {"url": "https://erp.example.com/hook", "event_types": ["USER_UPDATED"]}
BUSY = {"error_code": "TOO_MANY_REQUESTS"}
REPORT = "reportAccountingExportResults"
NETWORK = sorted(name for name, effect in EFFECTS.items() if effect.network)
"""What ends a connection; in a process it is raised."""
TIMED = ("hang", "latency", "slow_body")
INSTANT = sorted(set(EFFECTS) - set(TIMED))
STRIKES = [
    (effect, phase)
    for effect in INSTANT
    for phase in ("before", "after")
    if phase == "after" or not EFFECTS[effect].disfigures
]


@pytest.fixture
def brex() -> Iterator[Emulator]:
    made = Emulator()
    yield made
    made.check()


def ready(brex: Emulator, count: int = 1) -> list[str]:
    """Ids of some records that are ready for export, without asking for them."""
    found = [record.id for record in brex.tenant.records.all() if record.review_status == "READY_FOR_EXPORT"]
    return found[:count]


def stage(brex: Emulator, record_id: str) -> str:
    record = brex.tenant.records.get(record_id)
    assert record is not None
    return record.review_status


def version(brex: Emulator, record_id: str) -> int:
    record = brex.tenant.records.get(record_id)
    assert record is not None
    return record.version


def fault(brex: Emulator, effect: str, **fields: Any) -> str:
    return brex.tenant.add_fault(Fault(effect=effect, **fields))


def breaches(brex: Emulator) -> list[str]:
    return [violation.invariant for violation in brex.world.violations(brex.tenant)]


def together(*requests: Coroutine[Any, Any, Reply]) -> list[Reply]:
    """Send requests at the same time."""

    async def main() -> list[Reply]:
        return await asyncio.gather(*requests)

    return virtual.run(main())


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


class TestIdempotency:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", INTEGRATION, ERP),
            ("POST", f"{INTEGRATION}/{{integration}}/disconnect", None),
            ("POST", RESULTS, "{report}"),
            ("PUT", f"{CARD}/{{expense}}", {"memo": "Toner"}),
            ("POST", f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}),
            ("POST", f"{CARD}/{{expense}}/receipt_upload", {"receipt_name": "r.pdf"}),
            ("POST", WEBHOOKS, HOOK),
            ("PUT", f"{WEBHOOKS}/{{hook}}", {**HOOK, "status": "INACTIVE"}),
        ],
    )
    def test_same_answer(self, brex: Emulator, method: str, path: str, body: Any) -> None:
        """A key that comes again gets the first answer again, and nothing happens; only the trace id is new."""
        expense = next(it.id for it in brex.tenant.expenses.all() if it.expense_type == "CARD")
        path = path.format(
            integration=brex.post(INTEGRATION, ERP).json["integration_id"] if "{integration}" in path else "",
            expense=expense,
            hook=brex.post(WEBHOOKS, HOOK, key="hook").json["id"] if "{hook}" in path else "",
        )
        value = report(success(ready(brex)[0])) if body == "{report}" else body
        first = brex.ask(method, path, value=value, key="k")
        assert (200, True) == (first.status, brex.last.committed)
        brex.advance(60)
        before = everything(brex)
        second = brex.ask(method, path, value=value, key="k")
        assert (200, first.body, before) == (second.status, second.body, everything(brex))
        assert ("k", False) == (brex.last.idempotency_key, brex.last.committed)

    def test_other_body(self, brex: Emulator) -> None:
        """The key alone tells requests apart: another body changes nothing, and breaks an invariant."""
        brex.get(RECORDS)
        first, second = ready(brex, 2)
        answer = brex.post(RESULTS, report(success(first)), key="k").body
        assert answer == brex.post(RESULTS, report(success(first)), key="k").body
        assert [] == breaches(brex)
        brex.advance(1)
        assert answer == brex.post(RESULTS, report(success(second)), key="k").body
        assert ["EXPORTED", "READY_FOR_EXPORT"] == [stage(brex, name) for name in (first, second)]
        [violation] = brex.world.violations(brex.tenant)
        assert ("key_reused", brex.tenant.now()) == (violation.invariant, violation.at)
        assert REPORT == violation.what["operation"]

    def test_other_path(self, brex: Emulator) -> None:
        """Another path of the same operation neither."""
        expenses = [it.id for it in brex.tenant.expenses.all() if it.expense_type == "CARD"][:2]
        answers = [brex.put(f"{CARD}/{name}", {"memo": "Toner"}, key="k").body for name in expenses]
        assert answers[0] == answers[1]
        assert ["key_reused"] == breaches(brex)

    def test_other_operation(self, brex: Emulator) -> None:
        """The same key means nothing to another operation, and nothing at all to GET and DELETE."""
        record_id = ready(brex)[0]
        assert 200 == brex.post(INTEGRATION, ERP, key="k").status
        assert 200 == brex.get(f"{RECORDS}/{record_id}", key="k").status
        hook = brex.post(WEBHOOKS, HOOK, key="k").json["id"]
        assert [record_id] == brex.post(RESULTS, report(success(record_id)), key="k").json[
            "updated_accounting_record_ids"
        ]
        assert "EXPORTED" == brex.get(f"{RECORDS}/{record_id}", key="k").json["review_status"]
        assert [200, 400] == [brex.ask("DELETE", f"{WEBHOOKS}/{hook}", key="k").status for _ in range(2)]

    def test_other_key(self, brex: Emulator) -> None:
        """Another key is another request, and so is one without a key."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for key in ("a", "A", "b", None, None):
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key=key).status
        assert start + 5 == version(brex, record_id)

    def test_other_account(self, brex: Emulator) -> None:
        """Keys of accounts have nothing to do with each other; those of all tokens of one account have."""
        brex.world.add("globex")
        mine, granted = brex.token, brex.world.issuer.grant("main").access_token
        foreign = brex.world.issuer.user_token("globex")
        ids = [brex.post(INTEGRATION, ERP, key="k", token=token).json for token in (mine, granted, foreign)]
        assert ids[0] == ids[1] != ids[2]

    def test_expiry(self, brex: Emulator) -> None:
        """A key is forgotten after 24 h of the tenant's clock; then it begins anew."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for seconds, effects in ((0, 1), (86399.999, 1), (0.001, 2), (86399, 2), (1, 3)):
            brex.advance(seconds)
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key="k").status
            assert start + effects == version(brex, record_id)

    def test_ignored(self, brex: Emulator) -> None:
        """Where keys mean nothing a repeated request takes effect again; what was remembered before stays so."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for value, key, effects in (
            ("honoured", "a", 1),
            ("ignored", "a", 2),
            ("ignored", "b", 3),
            ("honoured", "b", 4),
            ("honoured", "a", 4),
        ):
            brex.choose(idempotency=value)
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key=key).status
            assert start + effects == version(brex, record_id)

    def test_refusals_are_not_remembered(self, brex: Emulator) -> None:
        """A request that was refused may come again with its key, and take effect then."""
        record_id = ready(brex)[0]
        move(brex.tenant, record_id, "REVIEW")
        assert 422 == brex.post(RESULTS, report(success(record_id)), key="k").status
        move(brex.tenant, record_id, "READY_FOR_EXPORT")
        assert [200, 200] == [brex.post(RESULTS, report(success(record_id)), key="k").status for _ in range(2)]

    def test_what_changed_nothing_is_not_remembered(self, brex: Emulator) -> None:
        """A request that changed nothing begins anew."""
        first = brex.post(INTEGRATION, ERP).json["integration_id"]
        assert first == brex.post(INTEGRATION, ERP, key="k").json["integration_id"]
        brex.post(f"{INTEGRATION}/{first}/disconnect")
        assert first != brex.post(INTEGRATION, ERP, key="k").json["integration_id"]

    def test_partial_refusals_are(self, brex: Emulator) -> None:
        """A refusal that took effect in part is remembered: nothing happens a second time."""
        brex.choose(report_422="partial")
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        body = report(failure(record_id), success("accr_x"))
        first, second = (brex.post(RESULTS, body, key="k") for _ in range(2))
        assert (404, first.body) == (second.status, second.body)
        assert start + 1 == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    def test_way_back(self, brex: Emulator) -> None:
        """Reset and new data forget keys; restore knows those of the snapshot."""
        first, second = ready(brex, 2)
        before = brex.post(RESULTS, report(success(first)), key="before").body
        snapshot = brex.tenant.snapshot()
        for _ in range(2):
            assert 200 == brex.post(RESULTS, report(success(second)), key="after").status
            assert (True, "EXPORTED") == (brex.last.committed, stage(brex, second))
            brex.tenant.restore(snapshot)
            assert before == brex.post(RESULTS, report(success(first)), key="before").body
            assert not brex.last.committed
        brex.tenant.reset()
        assert 200 == brex.post(RESULTS, report(success(first)), key="before").status
        assert (True, "EXPORTED") == (brex.last.committed, stage(brex, first))

    def test_at_once(self, brex: Emulator) -> None:
        """Two requests at once with one key: one takes effect, both get its answer."""
        fault(brex, "latency", delay=2, phase="before", skip=1)
        fault(brex, "latency", delay=2, phase="after", times=1)
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        first, second = together(*(brex.send("POST", RESULTS, value=report(failure(record_id)), key="k") for _ in "ab"))
        assert (200, first.body) == (second.status, second.body)
        assert start + 1 == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    @pytest.mark.parametrize("effect", ["drop", "reset", "cut_body", "bad_json", "empty", "status"])
    def test_lost_answer(self, brex: Emulator, effect: str) -> None:
        """What was lost after it took effect is got again with the key, and nothing happens twice."""
        fault(brex, effect, phase="after", times=1)
        record_id = ready(brex)[0]
        body = report(success(record_id))
        try:
            brex.post(RESULTS, body, key="k")
        except Disconnected:
            assert effect in NETWORK
        after = version(brex, record_id)
        reply = brex.post(RESULTS, body, key="k")
        assert (200, [record_id]) == (reply.status, reply.json["updated_accounting_record_ids"])
        assert after == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    def test_lost_request(self, brex: Emulator) -> None:
        """What was lost before it took effect is not remembered."""
        fault(brex, "drop", times=1)
        record_id = ready(brex)[0]
        with pytest.raises(Disconnected):
            brex.post(RESULTS, report(success(record_id)), key="k")
        assert "READY_FOR_EXPORT" == stage(brex, record_id)
        assert 200 == brex.post(RESULTS, report(success(record_id)), key="k").status
        assert "EXPORTED" == stage(brex, record_id)


def everything(brex: Emulator) -> tuple[Any, ...]:
    """The state of the tenant; stored items never change, so that those that are the same have not changed."""
    tenant = brex.tenant
    return (
        [*map(id, tenant.records.all())],
        [*map(id, tenant.expenses.all())],
        dict(tenant.integrations),
        dict(tenant.subscriptions),
        dict(tenant.uploads),
        dict(tenant.files),
        tenant.given_ids,
    )


@attrs.define
class Wire:
    """A connection that notes how it ends."""

    lost: bool = False
    ends: list[str] = attrs.field(factory=list[str])

    async def close(self) -> None:
        self.ends.append("closed")
        self.lost = True

    async def reset(self) -> None:
        self.ends.append("reset")
        self.lost = True


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


class TestJournal:
    def test_entry(self, brex: Emulator) -> None:
        """An entry holds request and answer as they were, who asked, and whether anything changed."""
        brex.advance(1.5)
        reply = brex.post(INTEGRATION, ERP, key="k1", agent="acme-erp/2.1")
        (entry,) = brex.tenant.journal
        [label, agent] = entry.client.split(", ")
        assert label.startswith("user token ")
        expected = Exchange(
            number=1,
            at=START + timedelta(seconds=1.5),
            operation="createIntegration",
            method="POST",
            path=INTEGRATION,
            client=entry.client,
            idempotency_key="k1",
            request='{"vendor":"ERP_A","vendor_account_id":"42"}',
            trace_id=reply.header("x-brex-trace-id") or "",
            faults=[],
            committed=True,
            ended="answered",
        )
        expected.answered(200, reply.body)
        assert expected == entry
        assert (reply.body.decode(), len(reply.body)) == (entry.answer, entry.answer_size)
        assert "acme-erp/2.1" == agent
        assert {"at": "2026-07-01T09:00:01.500000Z", "number": 1}.items() <= json.loads(
            json.dumps(entry.to_json())
        ).items()

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (("GET", RECORDS, [("limit", 1)]), ("queryAccountingRecords", f"{RECORDS}?limit=1", 200, False)),
            (("GET", f"{RECORDS}/accr_x"), ("getAccountingRecord", f"{RECORDS}/accr_x", 404, False)),
            (("GET", EXPENSES, [("limit", "x")]), ("listExpenses", f"{EXPENSES}?limit=x", 400, False)),
            (("DELETE", RECORDS), (None, RECORDS, 405, False)),
            (("POST", INTEGRATION), ("createIntegration", INTEGRATION, 400, False)),
        ],
    )
    def test_refused(self, brex: Emulator, request_: Any, expected: tuple[Any, ...]) -> None:
        """What is refused is noted too."""
        brex.ask(*request_)
        entry = brex.last
        assert expected == (entry.operation, entry.path, entry.status, entry.committed)
        assert "answered" == entry.ended

    def test_numbers(self, brex: Emulator) -> None:
        """Numbers count on, also after the journal was cleared or the tenant reset."""
        for clear in (lambda: None, brex.tenant.journal.clear, brex.tenant.reset):
            brex.get(COMPANY)
            brex.get(COMPANY)
            clear()
        brex.get(COMPANY)
        assert [7] == [entry.number for entry in brex.tenant.journal]

    def test_cut(self, brex: Emulator) -> None:
        """Of long bodies the beginning is kept, and the size of the answer."""
        reply = brex.get(EXPENSES)
        assert len(reply.body) > 4096 == len(brex.last.answer.encode())
        assert (True, len(reply.body)) == (reply.body.decode().startswith(brex.last.answer), brex.last.answer_size)
        brex.ask("POST", INTEGRATION, body=b"x" * 5000)
        assert "x" * 4096 == brex.last.request

    def test_strays(self, brex: Emulator) -> None:
        """What belongs to no tenant is noted apart; an expired token still has a tenant."""
        expired = brex.world.issuer.grant("main").access_token
        brex.advance(3600)
        brex.get(RECORDS, token=None)
        brex.get(RECORDS, token="unknown")
        brex.get("/unknown")
        brex.fetch(f"{brex.world.file_url}/nobody/receipts/a/b")
        brex.get(RECORDS, token=expired)
        assert [401, 401, 404, 404] == [entry.status for entry in brex.world.strays]
        assert [401] == [entry.status for entry in brex.tenant.journal]

    def test_of_each_tenant(self, brex: Emulator) -> None:
        """Each tenant has a journal of its own, the issuer's and the file host's exchanges among them."""
        brex.world.add("globex")
        token = brex.world.issuer.user_token("globex")
        page = brex.get(RECORDS, token=token).json
        brex.fetch(next(it for it in page["items"] if it.get("receipts"))["receipts"][0]["download_uris"][0])
        refresh = brex.world.issuer.grant("globex").refresh_token
        brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh)
        journal = brex.world.tenant("globex").journal
        assert ["queryAccountingRecords", "downloadReceipt", "token"] == [entry.operation for entry in journal]
        assert 0 == len(brex.tenant.journal) == len(brex.world.strays)

    def test_issuer_on_its_own(self, brex: Emulator) -> None:
        """What the issuer is asked about nobody is noted with the default tenant."""
        brex.form(TOKEN, grant_type="refresh_token", refresh_token="unknown")
        brex.get(f"{ISSUER_PATH}/.well-known/openid-configuration", token=None)
        noted = [(entry.operation, entry.status) for entry in brex.tenant.journal]
        assert [("token", 400), ("discovery", 200)] == noted

    def test_size(self) -> None:
        """The latest ten thousand are kept."""
        brex = Emulator(records=0)
        brex.get(COMPANY)
        for _ in range(10_000):
            brex.tenant.journal.open(
                at=START,
                operation=None,
                method="GET",
                path="/",
                client="",
                idempotency_key=None,
                request=b"",
                trace_id="",
            )
        assert [2, 10_001] == [list(brex.tenant.journal)[index].number for index in (0, -1)]


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


def secrets_of_a_run(brex: Emulator) -> set[str]:
    """Use every kind of secret, rightly and wrongly; tell which there were."""
    issuer = brex.world.issuer
    verifier = "v" * 43
    query = {
        "client_id": issuer.client_id,
        "redirect_uri": DEFAULT_REDIRECT_URI,
        "response_type": "code",
        "scope": "accounting.record.read offline_access",
        "state": "state-12345",
        "code_challenge": verifier,
        "code_challenge_method": "plain",
    }
    authorized = brex.get(f"{ISSUER_PATH}/v1/authorize", query.items(), token=None)
    code = parse_qs(urlsplit(authorized.header("location") or "").query)["code"][0]
    form = {"code": code, "redirect_uri": DEFAULT_REDIRECT_URI, "code_verifier": verifier}
    tokens = brex.form(TOKEN, grant_type="authorization_code", **form).json
    secrets = {code, issuer.client_secret, brex.token, tokens["access_token"], tokens["refresh_token"]}
    for effect in ("wrong_schema", "lone_surrogate", "unknown_field", "slow_body"):
        fault(brex, effect, operation="token", times=1, **({"delay": 0} if effect == "slow_body" else {}))
        refresh = tokens["refresh_token"]
        body = {"client_id": issuer.client_id, "client_secret": issuer.client_secret, "refresh_token": refresh}
        sent = urlencode(body | {"grant_type": "refresh_token"}).encode()
        kind = [("content-type", "application/x-www-form-urlencoded")]
        [reply] = together(brex.send("POST", TOKEN, body=sent, headers=kind, token=None))
        assert 200 == reply.status
    tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=refresh).json
    secrets |= {tokens["access_token"], tokens["refresh_token"]}
    basic = base64.b64encode(f"{issuer.client_id}:{issuer.client_secret}".encode()).decode()
    kind = [("content-type", "application/x-www-form-urlencoded"), ("authorization", f"Basic {basic}")]
    body = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).encode()
    assert 200 == brex.ask("POST", TOKEN, body=body, headers=kind, token=None).status
    secrets.add(basic)
    everything_at_once = {**query, **form, **tokens, "client_secret": issuer.client_secret, "token": brex.token}
    pairs = [(name, str(value)) for name, value in everything_at_once.items()]
    for path in (TOKEN, f"{ISSUER_PATH}/v1/authorize", f"{ISSUER_PATH}/v1/revoke"):
        brex.get(path, [pair for pair in pairs if pair[0] != "access_token"], token=None)
        brex.ask("POST", path, body=urlencode(pairs).encode(), headers=kind[:1], token=None)
    brex.ask("POST", TOKEN, value=everything_at_once, token=None)
    brex.form(f"{ISSUER_PATH}/v1/revoke", token=tokens["access_token"])
    for token in (*secrets, "s3cret-unknown"):
        brex.get(RECORDS, token=token)
        brex.post(RESULTS, report(failure(ready(brex)[0])), token=token)
    secrets |= {item["secret"] for item in brex.get(f"{WEBHOOKS}/secrets").json}
    return secrets | {"s3cret-unknown", verifier}


class TestIssuer:
    def test_names_itself(self, brex: Emulator) -> None:
        """Discovery promises that an authorization names its issuer, and so it does (RFC 9207)."""
        discovered = brex.get(f"{ISSUER_PATH}/.well-known/openid-configuration", token=None).json
        query = {
            "client_id": brex.world.issuer.client_id,
            "redirect_uri": DEFAULT_REDIRECT_URI,
            "response_type": "code",
            "scope": "offline_access",
            "state": "state-12345",
        }
        for changes in ({}, {"scope": "nothing"}):
            reply = brex.get(f"{ISSUER_PATH}/v1/authorize", {**query, **changes}.items(), token=None)
            members = parse_qs(urlsplit(reply.header("location") or "").query)
            assert discovered["authorization_response_iss_parameter_supported"]
            assert [discovered["issuer"]] == members["iss"]


class TestSecrets:
    def test_journal(self, brex: Emulator) -> None:
        """No token, client secret, code, verifier or webhook secret gets into a journal or a breach."""
        secrets = secrets_of_a_run(brex)
        assert len(secrets) >= 9
        noted = [*brex.tenant.journal, *brex.world.strays]
        assert len(noted) > 30
        texts = [repr(entry) + json.dumps(entry.to_json()) for entry in noted]
        texts += [repr(violation) for violation in brex.world.violations(brex.tenant)]
        for secret in secrets:
            assert not [text for text in texts if secret in text]

    def test_signatures(self, brex: Emulator) -> None:
        """Nor the signature of an address."""
        page = brex.get(RECORDS).json
        address = next(it for it in page["items"] if it.get("receipts"))["receipts"][0]["download_uris"][0]
        assert 200 == brex.fetch(address).status
        upload = brex.post(f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}).json["uri"]
        assert 200 == brex.fetch(upload, "PUT", body=b"file").status
        signatures = [parse_qs(urlsplit(url).query)["signature"][0] for url in (address, upload)]
        noted = "".join(map(repr, brex.tenant.journal))
        assert 4 == len(brex.tenant.journal)
        assert not [signature for signature in signatures if signature in noted]

    def test_journal_says_the_rest(self, brex: Emulator) -> None:
        """What is no secret of a form or token answer is there to be read."""
        grant = brex.world.issuer.grant("main")
        brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token)
        assert "grant_type=refresh_token&refresh_token=…" in brex.last.request
        assert '"access_token":"…","token_type":"Bearer","expires_in":3600' in brex.last.answer
        brex.form(TOKEN, grant_type="nothing", refresh_token=grant.refresh_token)
        assert '"error":"unsupported_grant_type"' in brex.last.answer

    def test_reprs(self, brex: Emulator) -> None:
        """Nor into the repr of anything that holds one."""
        issuer = brex.world.issuer
        grant = issuer.grant("main")
        secrets = {brex.token, grant.access_token, grant.refresh_token, issuer.client_secret}
        exchanges = Exchanges(brex.world)
        held: list[Any] = [brex.world, brex.tenant, issuer, grant, issuer.credential(brex.token)]
        held += [issuer.credential(grant.access_token), exchanges]
        methods = {"GET": operations()["queryAccountingRecords"]}
        for secret in secrets:
            header, pair = ("authorization", f"Bearer {secret}"), ("token", secret)
            received = Received("GET", {}, "/", [pair], [header], f"/?token={secret}", b"")
            held += [received, Api(brex.world, exchanges)._subject(methods, received)]
        assert not [found for found in held for secret in secrets if secret in repr(found)]
