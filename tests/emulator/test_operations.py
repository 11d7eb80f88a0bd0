"""Every operation of the emulator: what Brex documents of it, rule by rule, with the bodies of its refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from brex_accounting.emulator import TenantPlan, move, recode
from brex_accounting.emulator.clock import timestamp
from brex_accounting.emulator.issuer import API_SCOPES
from brex_accounting.emulator.published import operations
from brex_accounting.emulator.seeder import SEED_UNTIL
from brex_accounting.emulator.stored import StoredExpense, StoredRecord
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

STAGES = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "EXPORTED")
SOURCES = ("CARD", "REIMBURSEMENT", "BILL")
ERP = {"vendor": "ERP_A", "vendor_account_id": "42"}
HOOK = {"url": "https://erp.example.com/hook", "event_types": ["ACCOUNTING_RECORD_READY_FOR_EXPORT"]}
SECOND = timedelta(seconds=1)
INVALID = {"error_code": "INVALID_REQUEST"}
NOT_FOUND = {"error_code": "NOT_FOUND"}
CLASSIC_INVALID = {"type": "INVALID_REQUEST"}
CLASSIC_NOT_FOUND = {"type": "NOT_FOUND"}


@pytest.fixture
def brex() -> Iterator[Emulator]:
    made = Emulator()
    yield made
    made.check()


@pytest.fixture
def large() -> Iterator[Emulator]:
    """One with records of all kinds and stages, more than a page holds by default."""
    made = Emulator(records=320)
    yield made
    made.check()


@pytest.fixture
def huge() -> Iterator[Emulator]:
    """One with more records than any page may hold."""
    made = Emulator(records=1100)
    yield made
    made.check()


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def stored(brex: Emulator, fits: Callable[[StoredRecord], bool] = lambda _: True) -> list[str]:
    """Ids of the records that fit, by position."""
    return [record.id for record in brex.tenant.records.all() if fits(record)]


def one(brex: Emulator, review_status: str = "READY_FOR_EXPORT", source_type: str = "CARD", nth: int = 0) -> str:
    """The id of a record of a kind."""
    return stored(brex, lambda record: (record.review_status, record.source_type) == (review_status, source_type))[nth]


def served(brex: Emulator, record_id: str) -> dict[str, Any]:
    return brex.get(f"{RECORDS}/{record_id}").json


def state(brex: Emulator, record_id: str) -> tuple[str, int, str]:
    record = served(brex, record_id)
    return record["review_status"], record["version"], record["updated_at"]


def expenses(brex: Emulator, fits: Callable[[StoredExpense], bool] = lambda _: True) -> list[str]:
    return [expense.id for expense in brex.tenant.expenses.all() if fits(expense)]


def other_token(brex: Emulator) -> str:
    """The token of a second tenant with other data."""
    brex.world.add("globex", TenantPlan(records=30, seed=2, start=START))
    return brex.world.issuer.user_token("globex")


def connected(brex: Emulator) -> str:
    return brex.post(INTEGRATION, ERP).json["integration_id"]


class TestCreateIntegration:
    def test_new(self, brex: Emulator) -> None:
        """Without an active integration there is a new one, active since now."""
        brex.advance(1.5)
        reply = brex.post(INTEGRATION, ERP)
        created = reply.json
        assert (200, True) == (reply.status, brex.last.committed)
        assert {**ERP, "status": "ACTIVE", "created_at": "2026-07-01T09:00:01.500000Z"} == {
            name: value for name, value in created.items() if name != "integration_id"
        }

    def test_get_or_create(self, brex: Emulator) -> None:
        """The same vendor and vendor account get the active one again, and nothing changes."""
        created = brex.post(INTEGRATION, ERP).json
        brex.advance(60)
        again = brex.post(INTEGRATION, ERP)
        assert (200, created, False) == (again.status, again.json, brex.last.committed)
        assert 1 == len(brex.tenant.integrations)

    def test_new_after_disconnecting(self, brex: Emulator) -> None:
        """A disabled integration is not got again: there is a new one."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        new = connected(brex)
        assert old != new
        assert ["DISABLED", "ACTIVE"] == [brex.tenant.integrations[name].status for name in (old, new)]

    def test_new_after_restoring(self, brex: Emulator) -> None:
        """Ids that were given before a snapshot are not given again after it is restored."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        brex.tenant.restore(brex.tenant.snapshot())
        new = connected(brex)
        assert [old, new] == list(brex.tenant.integrations)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"vendor_account_id": "43"}, "VENDOR_ACCOUNT_ID_MISMATCH"),
            ({"vendor": "ERP_B"}, "ACTIVE_INTEGRATION_EXISTS"),
            ({"vendor": "ERP_B", "vendor_account_id": "43"}, "ACTIVE_INTEGRATION_EXISTS"),
            ({"vendor": "erp_a"}, "ACTIVE_INTEGRATION_EXISTS"),
        ],
    )
    def test_conflict(self, brex: Emulator, change: dict[str, str], code: str) -> None:
        """Another vendor or vendor account is a conflict that names both sides."""
        existing = connected(brex)
        reply = brex.post(INTEGRATION, {**ERP, **change})
        details = {
            "existing_integration_id": existing,
            "existing_vendor": "ERP_A",
            "requested_vendor": change.get("vendor", "ERP_A"),
        }
        assert (409, {"error_code": code, "details": details}) == (reply.status, reply.error)
        assert [existing] == list(brex.tenant.integrations)

    @pytest.mark.parametrize(
        "body", [{}, {"vendor": "A"}, {"vendor_account_id": "1"}, {**ERP, "vendor": None}, {**ERP, "vendor": 1}, [ERP]]
    )
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """A body that the document does not allow is refused with 400."""
        reply = brex.post(INTEGRATION, body)
        assert (400, INVALID) == (reply.status, reply.error)
        assert not brex.tenant.integrations

    def test_unknown_members(self, brex: Emulator) -> None:
        """Members that no document lists are passed over, and never come back."""
        created = brex.post(INTEGRATION, {**ERP, "status": "DISABLED", "integration_id": "mine"}).json
        assert "ACTIVE" == created["status"]
        assert "mine" != created["integration_id"]


class TestDisconnectIntegration:
    def test_active(self, brex: Emulator) -> None:
        """An active integration becomes a disabled one, otherwise unchanged."""
        created = brex.post(INTEGRATION, ERP).json
        brex.advance(5)
        reply = brex.post(f"{INTEGRATION}/{created['integration_id']}/disconnect")
        assert (200, {**created, "status": "DISABLED"}) == (reply.status, reply.json)

    def test_disabled(self, brex: Emulator) -> None:
        """What is not active cannot be disconnected; the details name its status."""
        name = connected(brex)
        brex.post(f"{INTEGRATION}/{name}/disconnect")
        reply = brex.post(f"{INTEGRATION}/{name}/disconnect")
        details = {"integration_id": name, "current_status": "DISABLED"}
        assert (409, {"error_code": "INTEGRATION_NOT_ACTIVE", "details": details}) == (reply.status, reply.error)

    @pytest.mark.parametrize("action", ["disconnect", "reactivate"])
    def test_unknown(self, brex: Emulator, action: str) -> None:
        """An unknown id is 404 with the id, whatever is active."""
        connected(brex)
        reply = brex.post(f"{INTEGRATION}/int_unknown/{action}")
        expected = {**NOT_FOUND, "details": {"integration_id": "int_unknown"}}
        assert (404, expected) == (reply.status, reply.error)

    @pytest.mark.parametrize("action", ["disconnect", "reactivate"])
    def test_of_another_account(self, brex: Emulator, action: str) -> None:
        """The integration of another account is unknown."""
        token = other_token(brex)
        name = brex.post(INTEGRATION, ERP, token=token).json["integration_id"]
        assert 404 == brex.post(f"{INTEGRATION}/{name}/{action}").status
        assert "ACTIVE" == brex.world.tenant("globex").integrations[name].status


class TestReactivateIntegration:
    def test_disabled(self, brex: Emulator) -> None:
        """A disabled integration becomes active again, otherwise unchanged."""
        created = brex.post(INTEGRATION, ERP).json
        brex.post(f"{INTEGRATION}/{created['integration_id']}/disconnect")
        reply = brex.post(f"{INTEGRATION}/{created['integration_id']}/reactivate")
        assert (200, created) == (reply.status, reply.json)

    def test_active_already(self, brex: Emulator) -> None:
        """One that is active conflicts with itself."""
        name = connected(brex)
        reply = brex.post(f"{INTEGRATION}/{name}/reactivate")
        details = {
            "existing_integration_id": name,
            "existing_vendor": "ERP_A",
            "requested_vendor": "ERP_A",
            "integration_id": name,
            "current_status": "ACTIVE",
        }
        assert (409, {"error_code": "ACTIVE_INTEGRATION_EXISTS", "details": details}) == (reply.status, reply.error)

    def test_another_is_active(self, brex: Emulator) -> None:
        """While another one is active a disabled one stays so; the details name both."""
        old = connected(brex)
        brex.post(f"{INTEGRATION}/{old}/disconnect")
        active = brex.post(INTEGRATION, {"vendor": "ERP_B", "vendor_account_id": "1"}).json["integration_id"]
        reply = brex.post(f"{INTEGRATION}/{old}/reactivate")
        details = {
            "existing_integration_id": active,
            "existing_vendor": "ERP_B",
            "requested_vendor": "ERP_A",
            "integration_id": old,
            "current_status": "DISABLED",
        }
        assert (409, {"error_code": "ACTIVE_INTEGRATION_EXISTS", "details": details}) == (reply.status, reply.error)
        assert "DISABLED" == brex.tenant.integrations[old].status


class TestGetRecord:
    def test_known(self, brex: Emulator) -> None:
        """A record comes as the list shows it."""
        listed = brex.items(RECORDS)
        assert listed == [served(brex, record["id"]) for record in listed]

    def test_unknown(self, brex: Emulator) -> None:
        """An unknown id is 404."""
        reply = brex.get(f"{RECORDS}/accr_unknown")
        assert (404, NOT_FOUND) == (reply.status, reply.error)

    def test_of_another_account(self, brex: Emulator) -> None:
        """The record of another account is unknown."""
        record_id = brex.get(RECORDS, token=other_token(brex)).json["items"][0]["id"]
        assert 404 == brex.get(f"{RECORDS}/{record_id}").status

    def test_state(self, brex: Emulator) -> None:
        """A move shows in stage, version and updated_at, and in nothing else."""
        record_id = one(brex, "PREPARE")
        before = served(brex, record_id)
        brex.advance(61)
        move(brex.tenant, record_id, "REVIEW")
        now = timestamp(START + 61 * SECOND)
        after = {**before, "review_status": "REVIEW", "version": before["version"] + 1, "updated_at": now}
        assert without_receipts(after) == without_receipts(served(brex, record_id))

    def test_recoded(self, brex: Emulator) -> None:
        """A recoding shows on the lines it is about, to the digit of every amount, and raises the version."""
        for record_id in stored(brex):
            before = served(brex, record_id)
            line_id = before["line_items"][0]["id"]
            recode(brex.tenant, record_id, brex_field_id="ef_new", brex_field_value_id="efo_1", line_item_id=line_id)
            after = served(brex, record_id)
            value = {
                "brex_field_id": "ef_new",
                "remote_field_id": None,
                "brex_field_value_id": "efo_1",
                "remote_field_value_id": None,
            }
            before["line_items"][0]["accounting_field_values"].append(value)
            expected = {**before, "version": before["version"] + 1, "updated_at": timestamp(START)}
            assert expected == after
            assert str(expected["line_items"]) == str(after["line_items"])

    @pytest.mark.parametrize("path", [RECORDS, "{record}"])
    @pytest.mark.parametrize("value", ["yes", "TRUE", "1", ""])
    def test_single_entry_is_a_boolean(self, brex: Emulator, path: str, value: str) -> None:
        """single_entry is true or false, in small letters."""
        reply = brex.get(path.format(record=f"{RECORDS}/{one(brex)}"), [("single_entry", value)])
        assert (400, INVALID) == (reply.status, reply.error)


def without_receipts(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what differs between two instants: the signatures of its receipts."""
    return {name: value for name, value in record.items() if name != "receipts"}


class TestLines:
    def test_double_entry(self, large: Emulator) -> None:
        """Debit and credit of each record are equal in every currency, to the last digit."""
        for record in large.items(RECORDS, [("limit", 1000)]):
            sums: Counter[tuple[str, str]] = Counter()
            for line in record["line_items"]:
                for amount in filter(None, (line["amount"], line.get("original_amount"))):
                    assert amount["amount"] >= 0
                sums[line["type"], line["amount"]["currency"]] += line["amount"]["amount"]
            currency = record["amount"]["currency"]
            assert {("DEBIT", currency), ("CREDIT", currency)} == set(sums)
            assert sums["DEBIT", currency] == sums["CREDIT", currency] == abs(record["amount"]["amount"])

    def test_single_entry(self, large: Emulator) -> None:
        """The single-entry view holds one side only: the first lines of the other view, whose sum is the amount."""
        query = [("limit", 1000)]
        double, single = large.items(RECORDS, query), large.items(RECORDS, [*query, ("single_entry", True)])
        assert double == large.items(RECORDS, [*query, ("single_entry", False)])
        for whole, half in zip(double, single, strict=True):
            lines = half["line_items"]
            assert {**whole, "line_items": whole["line_items"][: len(lines)]} == half
            assert 0 < len(lines) < len(whole["line_items"])
            assert 1 == len({line["type"] for line in lines})
            assert abs(whole["amount"]["amount"]) == sum(line["amount"]["amount"] for line in lines)
            assert half == large.get(f"{RECORDS}/{half['id']}", [("single_entry", True)]).json


class TestQueryRecords:
    def test_all(self, huge: Emulator) -> None:
        """Without filters all records come by position, a hundred on a page, each page with their number."""
        pages = list(huge.pages(RECORDS))
        assert stored(huge) == [record["id"] for page in pages for record in page["items"]]
        assert [100] * 11 == [len(page["items"]) for page in pages]
        assert {1100} == {page["total_count"] for page in pages}
        assert [True] * 10 + [False] == [page["has_next_page"] for page in pages]
        assert {"items", "total_count", "next_cursor", "has_next_page"} == set(pages[0]) == set(pages[-1])

    @pytest.mark.parametrize("source_type", [None, *SOURCES])
    @pytest.mark.parametrize("review_status", [None, *STAGES])
    def test_stage_and_source(self, large: Emulator, review_status: str | None, source_type: str | None) -> None:
        """Stage and source narrow the list, together too; a stage finds no bills, and cannot be asked of them."""
        query = [("review_status", review_status)] if review_status else []
        query += [("source_type", source_type)] if source_type else []
        if review_status and source_type == "BILL":
            reply = large.get(RECORDS, query)
            assert (400, INVALID) == (reply.status, reply.error)
            return
        found = large.items(RECORDS, [*query, ("limit", 1000)])
        assert ids(found) == stored(
            large,
            lambda record: (
                review_status in (None, record.review_status)
                and source_type in (None, record.source_type)
                and not (review_status and record.source_type == "BILL")
            ),
        )
        assert found
        assert all(review_status in (None, record["review_status"]) for record in found)
        assert all(source_type in (None, record["source_type"]) for record in found)

    def test_ready_bills(self) -> None:
        """Where bills reach READY_FOR_EXPORT a stage finds them, and still cannot be asked together with BILL."""
        brex = Emulator(records=400, variants={"bill_ready": "reaches"})
        found = brex.items(RECORDS, [("review_status", "READY_FOR_EXPORT")])
        assert ids(found) == stored(brex, lambda record: record.review_status == "READY_FOR_EXPORT")
        assert "BILL" in {record["source_type"] for record in found}
        reply = brex.get(RECORDS, [("review_status", "READY_FOR_EXPORT"), ("source_type", "BILL")])
        assert (400, INVALID) == (reply.status, reply.error)
        brex.check()

    def test_no_bill_is_ready_by_default(self, large: Emulator) -> None:
        """Bills wait in REVIEW instead."""
        stages = Counter(record["review_status"] for record in large.items(RECORDS, [("source_type", "BILL")]))
        assert 0 == stages["READY_FOR_EXPORT"] < stages["REVIEW"]

    def test_moved_bill(self, brex: Emulator) -> None:
        """A bill that finance has moved to READY_FOR_EXPORT is not found by that stage either."""
        bill = one(brex, "REVIEW", "BILL")
        move(brex.tenant, bill, "READY_FOR_EXPORT")
        query = [("review_status", "READY_FOR_EXPORT")]
        assert bill not in ids(brex.items(RECORDS, query))
        brex.choose(bill_ready="reaches")
        assert bill in ids(brex.items(RECORDS, query))

    @pytest.mark.parametrize(
        "query",
        [
            [("review_status", "DONE")],
            [("review_status", "ready_for_export")],
            [("review_status", "")],
            [("review_status", "PREPARE"), ("review_status", "REVIEW")],
            [("source_type", "EXPENSE")],
            [("updated_at", "2026-01-01")],
            [("updated_at[eq]", "2026-01-01")],
            [("updated_at[gt]", "2026-01-01"), ("updated_at[gt]", "2026-01-02")],
            [("updated_at[gt]", "yesterday")],
            [("updated_at[gt]", "2026-13-01")],
            [("updated_at[gt]", "2026-02-30T00:00:00Z")],
            [("updated_at[gt]", "")],
            [("updated_at[gt]", "1767225600")],
            [("limit", "ten")],
            [("limit", "1.5")],
            [("limit", "NaN")],
            [("limit", "1e400")],
            [("limit", "")],
            [("limit", "5"), ("limit", "6")],
            [("cursor", "")],
            [("cursor", "null")],
            [("cursor", "nonsense")],
            [("cursor", "größe")],
            [("cursor", "A" * 5000)],
        ],
    )
    def test_unreadable(self, brex: Emulator, query: list[tuple[str, str]]) -> None:
        """A value that the document does not allow, or one that is given twice, is refused with 400."""
        reply = brex.get(RECORDS, query)
        assert (400, INVALID) == (reply.status, reply.error)

    def test_unlisted_parameters(self, brex: Emulator) -> None:
        """Parameters that the document does not list are passed over."""
        assert brex.get(RECORDS).body == brex.get(RECORDS, [("order", "desc"), ("expand[]", "user")]).body


class TestIds:
    def test_order(self, brex: Emulator) -> None:
        """Ids find their records once each, by position; unknown ones find nothing."""
        all_ids = stored(brex)
        asked = [all_ids[7], all_ids[2], "accr_unknown", all_ids[7], all_ids[30]]
        page = brex.get(RECORDS, [("ids", record_id) for record_id in asked]).json
        assert [all_ids[2], all_ids[7], all_ids[30]] == ids(page["items"])
        assert (3, False) == (page["total_count"], page["has_next_page"])

    def test_with_filters(self, large: Emulator) -> None:
        """Other filters narrow them further."""
        asked = stored(large)[:200]
        query = [("ids", record_id) for record_id in asked]
        found = large.items(RECORDS, [*query, ("review_status", "READY_FOR_EXPORT"), ("source_type", "CARD")])
        ready = stored(large, lambda it: (it.review_status, it.source_type) == ("READY_FOR_EXPORT", "CARD"))
        assert [record_id for record_id in ready if record_id in asked] == ids(found)

    @pytest.mark.parametrize("known", [True, False])
    def test_most(self, huge: Emulator, known: bool) -> None:
        """500 ids are taken, 501 are refused, known or not."""
        asked = stored(huge)[:501] if known else [f"accr_{number}" for number in range(501)]
        query = [("ids", record_id) for record_id in asked]
        assert (asked[:500] if known else []) == ids(huge.items(RECORDS, [*query[:500], ("limit", 77)]))
        reply = huge.get(RECORDS, query)
        assert (400, INVALID) == (reply.status, reply.error)

    def test_order_may_change_on_the_way(self, large: Emulator) -> None:
        """A cursor belongs to the ids, not to the order in which they are given."""
        asked = stored(large)[:400]
        first = large.get(RECORDS, [("ids", record_id) for record_id in asked]).json
        rest = [("ids", record_id) for record_id in (*reversed(asked), asked[0])]
        second = large.get(RECORDS, [*rest, ("cursor", first["next_cursor"])])
        assert (200, asked[100:200]) == (second.status, ids(second.json["items"]))

    def test_of_another_account(self, brex: Emulator) -> None:
        """Ids of another account find nothing."""
        token = other_token(brex)
        query = [("ids", record["id"]) for record in brex.get(RECORDS, token=token).json["items"]]
        assert 30 == len(query) == len(brex.get(RECORDS, query, token=token).json["items"])
        assert [] == brex.get(RECORDS, query).json["items"]


class TestUpdatedAt:
    @pytest.mark.parametrize(
        ("bound", "fits"),
        [
            ("gt", lambda at, bound: at > bound),
            ("gte", lambda at, bound: at >= bound),
            ("lt", lambda at, bound: at < bound),
            ("lte", lambda at, bound: at <= bound),
        ],
    )
    def test_exact(self, large: Emulator, bound: str, fits: Callable[[datetime, datetime], bool]) -> None:
        """A bound that is an instant of records takes them or leaves them, to the microsecond."""
        moments = Counter(record.updated_at for record in large.tenant.records.all())
        shared = moments.most_common(1)[0][0]
        odd = next(moment for moment in moments if moment.microsecond)
        for moment in (shared, shared + timedelta(microseconds=1), shared - timedelta(microseconds=1), odd):
            found = large.items(RECORDS, [(f"updated_at[{bound}]", timestamp(moment)), ("limit", 1000)])
            assert stored(large, lambda record, at=moment: fits(record.updated_at, at)) == ids(found)

    def test_together(self, large: Emulator) -> None:
        """Bounds narrow each other, and other filters too."""
        since, until = SEED_UNTIL - timedelta(days=60), SEED_UNTIL - timedelta(days=30)
        query = [("updated_at[gte]", timestamp(since)), ("updated_at[lt]", timestamp(until)), ("limit", 1000)]
        found = ids(large.items(RECORDS, query))
        assert stored(large, lambda record: since <= record.updated_at < until) == found
        assert 0 < len(found) < 320
        bills = ids(large.items(RECORDS, [*query, ("source_type", "BILL")]))
        assert bills == stored(large, lambda it: it.source_type == "BILL" and it.id in found)
        assert [] == large.items(RECORDS, [("updated_at[gt]", timestamp(until)), ("updated_at[lt]", timestamp(since))])
        closed = [("updated_at[gt]", timestamp(since)), ("updated_at[gte]", timestamp(until)), ("limit", 1000)]
        assert stored(large, lambda record: record.updated_at >= until) == ids(large.items(RECORDS, closed))

    @pytest.mark.parametrize(
        "text",
        [
            "2026-05-01",
            "2026-05-01T00:00:00",
            "2026-05-01T00:00:00Z",
            "2026-05-01t00:00:00z",
            "2026-05-01 00:00:00.000Z",
            "2026-05-01T00:00:00.0000000000Z",
            "2026-05-01T02:00:00+02:00",
            "2026-04-30T18:30:00-05:30",
        ],
    )
    def test_spellings(self, large: Emulator, text: str) -> None:
        """A date is its first instant in UTC; an instant may have any offset, and is in UTC without one."""
        first = datetime(2026, 5, 1, tzinfo=timezone.utc)
        move_to(large, first)
        for bound, expected in (("gte", True), ("gt", False), ("lte", True), ("lt", False)):
            found = ids(large.items(RECORDS, [(f"updated_at[{bound}]", text), ("limit", 1000)]))
            assert expected == (stored(large)[0] in found)


def move_to(brex: Emulator, moment: datetime) -> None:
    """Let the first record have changed at a moment."""
    brex.tenant.clock.freeze(moment)
    move(brex.tenant, stored(brex)[0], "REVIEW")


class TestPages:
    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    @pytest.mark.parametrize("limit", [1, 7, 30, 59, 60, 61, 1000])
    def test_sizes(self, brex: Emulator, limit: int, cursor: str) -> None:
        """Pages of any size hold every record once, and the last of them is not empty."""
        brex.choose(cursor=cursor)
        pages = list(brex.pages(RECORDS, [("limit", limit)]))
        assert stored(brex) == [record["id"] for page in pages for record in page["items"]]
        assert -(-60 // limit) == len(pages)

    @pytest.mark.parametrize(("path", "most"), [(RECORDS, 1000), (EXPENSES, 100)])
    def test_limit(self, huge: Emulator, path: str, most: int) -> None:
        """A limit outside of 1 to the most is taken for the nearest that is allowed, or refused."""
        wrong = [0, -1, most + 1, 2_000_000_000]
        assert [1, 1, most, most] == [len(huge.get(path, [("limit", limit)]).json["items"]) for limit in wrong]
        huge.choose(limit="refused")
        assert [400] * 4 == [huge.get(path, [("limit", limit)]).status for limit in wrong]
        assert [1, most] == [len(huge.get(path, [("limit", limit)]).json["items"]) for limit in (1, most)]
        assert 100 == len(huge.get(path).json["items"])

    def test_whole_numbers(self, brex: Emulator) -> None:
        """A number is whole however it is written, where the document says number; not where it says integer."""
        for limit in ("5.0", "5e0", "50e-1"):
            assert 5 == len(brex.get(RECORDS, [("limit", limit)]).json["items"])
            assert 400 == brex.get(EXPENSES, [("limit", limit)]).status
        assert 400 == brex.get(EXPENSES, [("limit", str(2**31))]).status

    def test_size_may_change_on_the_way(self, brex: Emulator) -> None:
        """A cursor belongs to the filters, not to limit and view."""
        first = brex.get(RECORDS, [("limit", 10)]).json
        rest = brex.get(RECORDS, [("limit", 25), ("single_entry", True), ("cursor", first["next_cursor"])]).json
        assert stored(brex)[10:35] == ids(rest["items"])

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_foreign_cursor(self, brex: Emulator, cursor: str) -> None:
        """A cursor of another query, list or account, or one that was tampered with, is refused."""
        brex.choose(cursor=cursor)
        token = other_token(brex)
        given = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        expected = (400, INVALID)
        for query in ([("source_type", "CARD")], [("ids", stored(brex)[0])], [("updated_at[gt]", "2020-01-01")]):
            reply = brex.get(RECORDS, [*query, ("cursor", given)])
            assert expected == (reply.status, reply.error)
        for changed in (given[:-1], given + "A", given[1:], ("B" if given[0] == "A" else "A") + given[1:], given + "="):
            reply = brex.get(RECORDS, [("cursor", changed)])
            assert expected == (reply.status, reply.error)
        reply = brex.get(EXPENSES, [("cursor", given)])
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        if cursor == "snapshot":
            assert 400 == brex.get(RECORDS, [("cursor", given)], token=token).status

    def test_lifetime(self, brex: Emulator) -> None:
        """A cursor works for good, or for ten minutes from its page on."""
        brex.advance(0.25)
        first = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        brex.choose(cursor_lifetime="600s")
        brex.advance(600)
        second = brex.get(RECORDS, [("limit", 10), ("cursor", first)])
        assert 200 == second.status
        brex.advance(0.000_001)
        expired = brex.get(RECORDS, [("limit", 10), ("cursor", first)])
        assert (400, INVALID) == (expired.status, expired.error)
        assert 200 == brex.get(RECORDS, [("limit", 10), ("cursor", second.json["next_cursor"])]).status
        brex.choose(cursor_lifetime="forever")
        brex.advance(1e9)
        assert ids(second.json["items"]) == ids(brex.get(RECORDS, [("limit", 10), ("cursor", first)]).json["items"])

    @pytest.mark.parametrize(
        ("cursor", "rest"),
        [
            ("offset", slice(15, None)),  # five have left: the next five are skipped
            ("key", slice(10, None)),
            ("snapshot", slice(10, None)),
        ],
    )
    def test_leaving(self, brex: Emulator, cursor: str, rest: slice) -> None:
        """Records of a page leave the filter: by offset the walk skips others, by key and snapshot it does not."""
        brex.choose(cursor=cursor)
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        all_ids = ids(brex.items(RECORDS, query))
        first = brex.get(RECORDS, query).json
        brex.post(RESULTS, report(*[success(record_id) for record_id in all_ids[:5]]))
        found = brex.items(RECORDS, [*query[:1], ("limit", 1000), ("cursor", first["next_cursor"])])
        assert all_ids[rest] == ids(found)

    def test_leaving_later(self, brex: Emulator) -> None:
        """A snapshot shows records that have left the filter since, as they are now; other cursors do not."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        all_ids = ids(brex.items(RECORDS, query))
        cursors = {}
        for cursor in ("offset", "key", "snapshot"):
            brex.choose(cursor=cursor)
            cursors[cursor] = brex.get(RECORDS, query).json["next_cursor"]
        left = all_ids[12]
        brex.post(RESULTS, report(success(left)))
        found = {name: brex.get(RECORDS, [*query, ("cursor", cursor)]).json for name, cursor in cursors.items()}
        assert left not in ids(found["offset"]["items"]) + ids(found["key"]["items"])
        assert all_ids[10:20] == ids(found["snapshot"]["items"])
        assert "EXPORTED" == found["snapshot"]["items"][2]["review_status"]

    def test_joining(self, brex: Emulator) -> None:
        """Records that join behind the cursor are met by offset and key, and not in a snapshot."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 10)]
        for cursor, met in (("offset", True), ("key", True), ("snapshot", False)):
            brex.choose(cursor=cursor)
            first = brex.get(RECORDS, query).json
            joining = stored(brex, lambda it: it.review_status != "READY_FOR_EXPORT" and it.source_type == "CARD")[-1]
            move(brex.tenant, joining, "READY_FOR_EXPORT")
            rest = brex.items(RECORDS, [*query[:1], ("limit", 1000), ("cursor", first["next_cursor"])])
            assert met == (joining in ids(rest))
            move(brex.tenant, joining, "PREPARE")

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_way_back(self, brex: Emulator, cursor: str) -> None:
        """A cursor of before a snapshot leads on after it is restored; a list that was kept is gone after a reset."""
        brex.choose(cursor=cursor)
        given = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        snapshot = brex.tenant.snapshot()
        move(brex.tenant, stored(brex)[0], "EXPORTED")
        for _ in range(2):
            brex.tenant.restore(snapshot)
            assert stored(brex)[10:] == ids(brex.items(RECORDS, [("limit", 50), ("cursor", given)]))
        brex.tenant.reset()
        assert (400 if cursor == "snapshot" else 200) == brex.get(RECORDS, [("cursor", given)]).status

    def test_last_cursor(self, brex: Emulator) -> None:
        """The last page has null, nothing, or the string null in place of a cursor."""
        for path in (RECORDS, EXPENSES, WEBHOOKS):
            for value, expected in (("null", [None]), ("absent", []), ("string", ["null"])):
                brex.choose(last_cursor=value)
                page = brex.get(path).json
                assert expected == [page[name] for name in ("next_cursor",) if name in page]

    def test_empty_page(self, brex: Emulator) -> None:
        """The second page is empty and has a cursor; the third goes on where the first ended."""
        brex.choose(empty_page="second")
        for cursor in ("offset", "key", "snapshot"):
            brex.choose(cursor=cursor)
            pages = list(brex.pages(RECORDS, [("limit", 25)]))
            assert [25, 0, 25, 10] == [len(page["items"]) for page in pages]
            assert [True, True, True, False] == [page["has_next_page"] for page in pages]
            assert stored(brex) == [record["id"] for page in pages for record in page["items"]]

    def test_repeated_cursor(self, brex: Emulator) -> None:
        """The second page gives its own cursor again."""
        brex.choose(repeated_cursor="second")
        first = brex.get(RECORDS, [("limit", 10)]).json["next_cursor"]
        second = brex.get(RECORDS, [("limit", 10), ("cursor", first)]).json
        assert (first, stored(brex)[10:20]) == (second["next_cursor"], ids(second["items"]))

    def test_has_next_page(self, brex: Emulator) -> None:
        """has_next_page may say what next_cursor does not."""
        for value, expected in (("truthful", [True, False]), ("true", [True, True]), ("false", [False, False])):
            brex.choose(has_next_page=value)
            pages = list(brex.pages(RECORDS, [("limit", 30)]))
            assert expected == [page["has_next_page"] for page in pages]
            assert [True, False] == [page["next_cursor"] is not None for page in pages]

    def test_total_count(self, brex: Emulator) -> None:
        """total_count counts what fits now, or is null."""
        query = [("review_status", "READY_FOR_EXPORT"), ("limit", 1)]
        count = brex.get(RECORDS, query).json["total_count"]
        assert len(brex.items(RECORDS, query)) == count
        brex.post(RESULTS, report(success(one(brex))))
        assert count - 1 == brex.get(RECORDS, query).json["total_count"]
        brex.choose(total_count="null")
        assert brex.get(RECORDS, query).json["total_count"] is None


class TestReport:
    def test_success(self, brex: Emulator) -> None:
        """A success exports the record, and raises version and updated_at."""
        record_id = one(brex)
        before = state(brex, record_id)
        brex.advance(3600)
        reply = brex.post(RESULTS, report(success(record_id)))
        assert (200, {"updated_accounting_record_ids": [record_id]}) == (reply.status, reply.json)
        assert brex.last.committed
        assert ("EXPORTED", before[1] + 1, "2026-07-01T10:00:00Z") == state(brex, record_id)

    def test_success_without_details(self, brex: Emulator) -> None:
        """All that a success tells may be left out, and the reference may be null."""
        results = [
            {"accounting_record_id": one(brex), "success": {}},
            {"accounting_record_id": one(brex, nth=1), "success": {"reference_id": None}},
        ]
        assert 200 == brex.post(RESULTS, report(*results)).status

    def test_failure(self, brex: Emulator) -> None:
        """A failure leaves the record where it is, or takes it back to PREPARE; version and updated_at move."""
        for value, stage in (("stays", "READY_FOR_EXPORT"), ("moves", "PREPARE")):
            record_id = one(brex)
            brex.choose(failure_result=value)
            before = state(brex, record_id)
            brex.advance(1)
            reply = brex.post(RESULTS, report(failure(record_id)))
            assert (200, {"updated_accounting_record_ids": [record_id]}) == (reply.status, reply.json)
            assert (stage, before[1] + 1, brex.tenant.timestamp()) == state(brex, record_id)

    def test_failure_without_message(self, brex: Emulator) -> None:
        """A failure says why."""
        for details in ({}, {"error_message": None}, {"error_message": 7}, "Nein"):
            reply = brex.post(RESULTS, report({"accounting_record_id": one(brex), "failure": details}))
            assert (422, INVALID) == (reply.status, reply.error)

    def test_moves_nothing(self, brex: Emulator) -> None:
        """Where reports do not move version and updated_at, only the stage changes."""
        brex.choose(report_moves="nothing")
        first, second = one(brex), one(brex, nth=1)
        before = [state(brex, record_id) for record_id in (first, second)]
        brex.advance(60)
        assert 200 == brex.post(RESULTS, report(success(first), failure(second))).status
        assert [("EXPORTED", *before[0][1:]), before[1]] == [state(brex, first), state(brex, second)]

    def test_many(self, brex: Emulator) -> None:
        """The answer names the records in the order of the request, successes and failures alike."""
        ready = stored(brex, lambda record: record.review_status == "READY_FOR_EXPORT")[::-1]
        results = [success(name) if index % 2 else failure(name) for index, name in enumerate(ready)]
        assert ready == brex.post(RESULTS, report(*results)).json["updated_accounting_record_ids"]
        stages = [state(brex, name)[0] for name in ready]
        assert [("EXPORTED" if index % 2 else "READY_FOR_EXPORT") for index in range(len(ready))] == stages

    def test_subset(self, brex: Emulator) -> None:
        """A 200 may leave out every third record, although it took effect."""
        brex.choose(report_200="subset")
        ready = stored(brex, lambda record: record.review_status == "READY_FOR_EXPORT")[:7]
        named = brex.post(RESULTS, report(*map(success, ready))).json["updated_accounting_record_ids"]
        assert [ready[index] for index in (0, 1, 3, 4, 6)] == named
        assert ["EXPORTED"] * 7 == [state(brex, name)[0] for name in ready]

    @pytest.mark.parametrize("stage", ["PREPARE", "REVIEW", "EXPORTED"])
    @pytest.mark.parametrize("source", ["CARD", "REIMBURSEMENT"])
    def test_not_ready(self, large: Emulator, source: str, stage: str) -> None:
        """What is in another stage than READY_FOR_EXPORT is refused, success or failure."""
        unready, ready = one(large, stage, source), one(large, "READY_FOR_EXPORT", source)
        before = [state(large, name) for name in (unready, ready)]
        details = {"not_ready_for_export_accounting_record_ids": [unready]}
        for result in (success, failure):
            reply = large.post(RESULTS, report(result(ready), result(unready)))
            expected = {"error_code": "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", "details": details}
            assert (422, expected, False) == (reply.status, reply.error, large.last.committed)
        assert before == [state(large, name) for name in (unready, ready)]

    def test_bills(self, large: Emulator) -> None:
        """A bill is reported from REVIEW; where bills reach READY_FOR_EXPORT, from there only."""
        bill, another = one(large, "REVIEW", "BILL"), one(large, "REVIEW", "BILL", nth=1)
        assert 200 == large.post(RESULTS, report(success(bill))).status
        assert "EXPORTED" == state(large, bill)[0]
        for stage in ("PREPARE", "EXPORTED"):
            assert 422 == large.post(RESULTS, report(success(one(large, stage, "BILL")))).status
        large.choose(bill_ready="reaches")
        refused = large.post(RESULTS, report(success(another)))
        details = {"not_ready_for_export_accounting_record_ids": [another]}
        assert details == refused.error["details"]
        move(large.tenant, another, "READY_FOR_EXPORT")
        assert 200 == large.post(RESULTS, report(success(another))).status

    def test_duplicates(self, brex: Emulator) -> None:
        """Ids that occur twice are named once each, in the order of the request."""
        first, second, third = (one(brex, nth=nth) for nth in range(3))
        results = [success(second), success(first), failure(second), success(third), success(first), success(second)]
        reply = brex.post(RESULTS, report(*results))
        details = {"duplicate_accounting_record_ids": [second, first]}
        expected = {"error_code": "DUPLICATE_ACCOUNTING_RECORD_IDS", "details": details}
        assert (422, expected) == (reply.status, reply.error)
        assert "READY_FOR_EXPORT" == state(brex, third)[0]

    def test_unknown(self, brex: Emulator) -> None:
        """Unknown ids are 404 and named, in the order of the request; another account's are unknown."""
        foreign = brex.get(RECORDS, token=other_token(brex)).json["items"][0]["id"]
        reply = brex.post(RESULTS, report(success("accr_x"), success(one(brex)), failure(foreign)))
        details = {"not_found_export_entry_source_ids": ["accr_x", foreign]}
        assert (404, {**NOT_FOUND, "details": details}) == (reply.status, reply.error)
        assert "READY_FOR_EXPORT" == state(brex, one(brex))[0]

    @pytest.mark.parametrize(
        ("names", "status", "details"),
        [
            ("uu xx pp rr", 422, {"duplicate_accounting_record_ids": ["x", "p", "r"]}),
            ("x p r r", 422, {"duplicate_accounting_record_ids": ["r"]}),
            ("x x p r", 422, {"duplicate_accounting_record_ids": ["x"]}),
            ("x p r", 404, {"not_found_export_entry_source_ids": ["x"]}),
            ("p r", 422, {"not_ready_for_export_accounting_record_ids": ["p"]}),
        ],
    )
    def test_precedence(self, brex: Emulator, names: str, status: int, details: dict[str, list[str]]) -> None:
        """Duplicates come before unknown ids, and those before what is not ready; only one list is filled."""
        named = {"x": "accr_x", "p": one(brex, "PREPARE"), "r": one(brex)}
        chosen = [named[name] for name in names.replace(" ", "") if name in named]
        reply = brex.post(RESULTS, report(*map(success, chosen)))
        expected = {key: [named[name] for name in values] for key, values in details.items()}
        assert (status, expected) == (reply.status, reply.error["details"])

    @pytest.mark.parametrize(
        ("bad", "status"), [(["x"], 404), (["p"], 422), (["r", "r"], 422), (["x", "p", "r", "r"], 422)]
    )
    def test_partial(self, brex: Emulator, bad: list[str], status: int) -> None:
        """Where a refusal is partial, the results that no rule refuses take effect, and no other."""
        brex.choose(report_422="partial", failure_result="moves")
        named = {"x": "accr_x", "p": one(brex, "PREPARE"), "r": one(brex)}
        good, failed = one(brex, nth=1), one(brex, nth=2)
        before = {name: state(brex, name) for name in (named["p"], named["r"], good, failed)}
        brex.advance(9)
        reply = brex.post(RESULTS, report(success(good), *[success(named[name]) for name in bad], failure(failed)))
        assert (status, True) == (reply.status, brex.last.committed)
        now = brex.tenant.timestamp()
        assert before | {
            good: ("EXPORTED", before[good][1] + 1, now),
            failed: ("PREPARE", before[failed][1] + 1, now),
        } == {name: state(brex, name) for name in before}

    def test_partial_without_good_ones(self, brex: Emulator) -> None:
        """A refusal of all results commits nothing, partial or not."""
        brex.choose(report_422="partial")
        assert 404 == brex.post(RESULTS, report(success("accr_x"))).status
        assert not brex.last.committed

    def test_inactive_integration(self, brex: Emulator) -> None:
        """A report needs an active integration where it does; the refusal comes first and has no details."""
        brex.choose(inactive_integration="refuses")
        expected = (422, {"error_code": "INTEGRATION_NOT_ACTIVE"})
        for results in ([success(one(brex))], [success("accr_x"), success("accr_x")]):
            reply = brex.post(RESULTS, report(*results))
            assert expected == (reply.status, reply.error)
        name = connected(brex)
        assert 200 == brex.post(RESULTS, report(failure(one(brex)))).status
        brex.post(f"{INTEGRATION}/{name}/disconnect")
        assert 422 == brex.post(RESULTS, report(failure(one(brex)))).status
        brex.choose(inactive_integration="ignored")
        assert 200 == brex.post(RESULTS, report(failure(one(brex)))).status

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"results": []},
            {"results": None},
            {"results": [{}]},
            {"results": [{"accounting_record_id": "accr_1"}]},
            {"results": [{"accounting_record_id": "accr_1", "success": None}]},
            {"results": [{"accounting_record_id": 1, "success": {}}]},
            {"results": [{"success": {}}]},
            {"results": [{"accounting_record_id": "a", "success": {}, "failure": {"error_message": "x"}}]},
            {"results": [{"accounting_record_id": "a", "success": {"deep_link_url": None}}]},
            [],
        ],
    )
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """What the document does not allow is 422, since it lists no 400: no result, both outcomes, or neither."""
        reply = brex.post(RESULTS, body)
        assert (422, INVALID) == (reply.status, reply.error)

    def test_expense(self, brex: Emulator) -> None:
        """The expense of an exported record says when; a failure says nothing."""
        record = next(
            it
            for it in brex.tenant.records.all()
            if it.review_status == "READY_FOR_EXPORT" and it.expense_id and it.source_type == "CARD"
        )
        before = brex.get(f"{EXPENSES}/{record.expense_id}").json
        brex.advance(1)
        brex.post(RESULTS, report(failure(record.id)))
        assert before == brex.get(f"{EXPENSES}/{record.expense_id}").json
        brex.post(RESULTS, report(success(record.id)))
        now = brex.tenant.timestamp()
        after = brex.get(f"{EXPENSES}/{record.expense_id}").json
        assert {**before, "exported_at": now, "updated_at": now} == after


class TestListExpenses:
    def test_all(self, large: Emulator) -> None:
        """All expenses come by position, a hundred on a page."""
        pages = list(large.pages(EXPENSES))
        assert expenses(large) == [expense["id"] for page in pages for expense in page["items"]]
        assert {100} == {len(page["items"]) for page in pages[:-1]}
        assert {"items", "next_cursor"} == set(pages[0])

    @pytest.mark.parametrize(
        ("name", "constants"),
        [
            ("user_id", 0),
            ("parent_expense_id", 0),
            ("budget_id", 0),
            ("spending_entity_id", 0),
            ("expense_type", 5),
            ("status", 8),
            ("payment_status", 11),
        ],
    )
    def test_lists(self, large: Emulator, name: str, constants: int) -> None:
        """A list takes the expenses that have one of its values; none matches what has no value."""
        values = list(dict.fromkeys(getattr(it, name) for it in large.tenant.expenses.all() if getattr(it, name)))
        for wanted in ([values[0]], values[:2], [values[-1], values[-1]]):
            found = large.items(EXPENSES, [(f"{name}[]", value) for value in wanted])
            assert expenses(large, lambda it, wanted=wanted: getattr(it, name) in wanted) == ids(found)
            assert found
            assert name == "parent_expense_id" or {expense[name] for expense in found} == set(wanted)
        unknown = large.get(EXPENSES, [(f"{name}[]", "unknown")])
        if constants:
            assert (400, CLASSIC_INVALID) == (unknown.status, unknown.error)
        else:
            assert [] == unknown.json["items"]

    def test_parts(self, large: Emulator) -> None:
        """parent_expense_id finds the parts that an expense lists as its items."""
        whole = next(it for it in large.items(EXPENSES) if it.get("expense_line_items"))
        parts = large.items(EXPENSES, [("parent_expense_id[]", whole["id"])])
        assert ids(whole["expense_line_items"]) == ids(parts) != []

    @pytest.mark.parametrize("name", ["purchased_at", "updated_at", "payment_posted_at"])
    def test_ranges(self, large: Emulator, name: str) -> None:
        """Start and end belong to the range; what has no such moment is in none."""
        moments = sorted(at for it in large.tenant.expenses.all() if (at := getattr(it, name)) is not None)
        start, end = moments[len(moments) // 3], moments[len(moments) // 2]
        cases = [
            ({"start": start}, lambda at: at >= start),
            ({"end": end}, lambda at: at <= end),
            ({"start": start, "end": end}, lambda at: start <= at <= end),
            ({"start": end, "end": end}, lambda at: at == end),
            ({"start": end + SECOND, "end": start}, lambda _: False),
        ]
        for bounds, fits in cases:
            found = large.items(EXPENSES, [(f"{name}_{side}", timestamp(at)) for side, at in bounds.items()])
            expected = expenses(large, lambda it, fits=fits: getattr(it, name) is not None and fits(getattr(it, name)))
            assert expected == ids(found)

    def test_without_zone(self, large: Emulator) -> None:
        """A moment without a zone, as in Brex's own example, is in UTC."""
        exact = large.items(EXPENSES, [("purchased_at_start", "2026-03-01T23:59:59.999Z")])
        assert exact == large.items(EXPENSES, [("purchased_at_start", "2026-03-01T23:59:59.999")])
        assert 0 < len(exact) < len(expenses(large))

    def test_together(self, large: Emulator) -> None:
        """Filters narrow each other."""
        query = [("expense_type[]", "CARD"), ("status[]", "SETTLED"), ("payment_status[]", "CLEARED")]
        found = large.items(EXPENSES, [*query, ("purchased_at_start", "2026-03-01")])
        march = datetime(2026, 3, 1, tzinfo=timezone.utc)
        assert ids(found) == expenses(
            large,
            lambda it: (
                (it.expense_type, it.status, it.payment_status) == ("CARD", "SETTLED", "CLEARED")
                and it.purchased_at is not None
                and it.purchased_at >= march
            ),
        )
        assert found

    @pytest.mark.parametrize(
        "query",
        [
            [("limit", "ten")],
            [("limit", "1.5")],
            [("cursor", "nonsense")],
            [("cursor", "")],
            [("purchased_at_start", "yesterday")],
            [("updated_at_end", "2026-02-30")],
            [("load_custom_fields", "perhaps")],
            [("updated_at_end", "2026-02-03"), ("updated_at_end", "2026-02-03")],
        ],
    )
    def test_unreadable(self, brex: Emulator, query: list[tuple[str, str]]) -> None:
        """A value that the document does not allow is refused with 400, in the words of the older APIs."""
        reply = brex.get(EXPENSES, query)
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)


EXPANDABLE = ("location", "department", "merchant", "user", "budget", "payment")


class TestExpand:
    def whole(self, brex: Emulator) -> dict[str, Any]:
        """An expense that has every nested object, a receipt and custom fields."""
        query = [("expand[]", name) for name in (*EXPANDABLE, "receipts.download_uris")]
        for expense in brex.items(EXPENSES, [*query, ("load_custom_fields", True)]):
            if all(expense.get(name) for name in (*EXPANDABLE, "receipts", "custom_fields")):
                return expense
        raise AssertionError

    def test_nothing(self, large: Emulator) -> None:
        """Without expand[] there are ids only; of receipts too."""
        whole = self.whole(large)
        bare = {name: value for name, value in whole.items() if name not in (*EXPANDABLE, "custom_fields")}
        bare["receipts"] = [{"id": receipt["id"]} for receipt in whole["receipts"]]
        assert bare == large.get(f"{EXPENSES}/{whole['id']}").json
        assert bare == next(it for it in large.items(EXPENSES) if it["id"] == whole["id"])

    @pytest.mark.parametrize("name", EXPANDABLE)
    def test_object(self, large: Emulator, name: str) -> None:
        """Each object comes where it is asked for, alone."""
        whole = self.whole(large)
        bare = large.get(f"{EXPENSES}/{whole['id']}").json
        query = [("expand[]", name)]
        assert {**bare, name: whole[name]} == large.get(f"{EXPENSES}/{whole['id']}", query).json
        assert {**bare, name: whole[name]} == next(it for it in large.items(EXPENSES, query) if it["id"] == whole["id"])

    def test_receipts(self, large: Emulator) -> None:
        """receipts.download_uris fills in where the files are."""
        whole = self.whole(large)
        bare = large.get(f"{EXPENSES}/{whole['id']}").json
        expanded = large.get(f"{EXPENSES}/{whole['id']}", [("expand[]", "receipts.download_uris")]).json
        assert {**bare, "receipts": whole["receipts"]} == expanded
        assert 200 == large.fetch(expanded["receipts"][0]["download_uris"][0]).status

    def test_custom_fields(self, large: Emulator) -> None:
        """Custom fields come where they are asked for."""
        whole = self.whole(large)
        path = f"{EXPENSES}/{whole['id']}"
        bare = large.get(path).json
        assert {**bare, "custom_fields": whole["custom_fields"]} == large.get(path, [("load_custom_fields", True)]).json
        assert bare == large.get(path, [("load_custom_fields", False)]).json

    def test_unknown(self, large: Emulator) -> None:
        """What cannot be expanded is passed over."""
        expense_id = expenses(large)[0]
        bare = large.get(f"{EXPENSES}/{expense_id}").json
        assert bare == large.get(f"{EXPENSES}/{expense_id}", [("expand[]", "policy"), ("expand[]", "")]).json

    def test_unknown_expense(self, brex: Emulator) -> None:
        """An unknown id is 404, and so is another account's."""
        foreign = brex.get(EXPENSES, token=other_token(brex)).json["items"][0]["id"]
        for expense_id in ("expense_x", foreign):
            reply = brex.get(f"{EXPENSES}/{expense_id}")
            assert (404, CLASSIC_NOT_FOUND) == (reply.status, reply.error)


class TestUpdateExpense:
    def card(self, brex: Emulator, nth: int = 0) -> str:
        return expenses(brex, lambda it: it.expense_type == "CARD")[nth]

    @pytest.mark.parametrize("memo", ["Toner", "", None, "領収書 №7 \U0001f9fe", "x" * 10_000])
    def test_memo(self, brex: Emulator, memo: str | None) -> None:
        """The memo is set, or taken away by null; updated_at moves, and nothing else does."""
        path = f"{EXPENSES}/{self.card(brex)}"
        before = brex.get(path).json
        brex.advance(2)
        reply = brex.put(f"{CARD}/{self.card(brex)}", {"memo": memo})
        assert (200, True) == (reply.status, brex.last.committed)
        after = brex.get(path).json
        assert {**before, "memo": memo, "updated_at": "2026-07-01T09:00:02Z"} == after
        assert reply.json == {name: after[name] for name in reply.json}
        assert "memo" in reply.json

    def test_without_memo(self, brex: Emulator) -> None:
        """Without a memo nothing changes."""
        path = f"{EXPENSES}/{self.card(brex)}"
        before = brex.get(path).json
        brex.advance(2)
        reply = brex.put(f"{CARD}/{self.card(brex)}", {})
        assert (200, False) == (reply.status, brex.last.committed)
        assert before == brex.get(path).json

    @pytest.mark.parametrize(
        "extra", [{"id": "mine"}, {"expense_id": "mine"}, {"status": "VOID"}, {"self": 1}, {"updated_at": "now"}]
    )
    def test_unknown_members(self, brex: Emulator, extra: dict[str, Any]) -> None:
        """Members that the document does not list are passed over."""
        path = f"{EXPENSES}/{self.card(brex)}"
        before = brex.get(path).json
        assert 200 == brex.put(f"{CARD}/{self.card(brex)}", {"memo": "Toner", **extra}).status
        assert {**before, "memo": "Toner", "updated_at": timestamp(START)} == brex.get(path).json

    @pytest.mark.parametrize("body", [{"memo": 7}, {"memo": ["Toner"]}, [], "Toner"])
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """A memo is text."""
        reply = brex.put(f"{CARD}/{self.card(brex)}", body)
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)

    def test_other_expenses(self, large: Emulator) -> None:
        """Only card expenses can be changed: any other, and an unknown one, is 404."""
        bill, reimbursement = (
            expenses(large, lambda it, kind=kind: it.expense_type == kind)[0] for kind in ("BILLPAY", "REIMBURSEMENT")
        )
        for expense_id in (bill, reimbursement, "expense_x"):
            reply = large.put(f"{CARD}/{expense_id}", {"memo": "Toner"})
            assert (404, CLASSIC_NOT_FOUND) == (reply.status, reply.error)


class TestReceiptUpload:
    def announced(self, brex: Emulator, name: str = "Quittung 7.png", expense_id: str | None = None) -> dict[str, str]:
        path = f"{CARD}/receipt_match" if expense_id is None else f"{CARD}/{expense_id}/receipt_upload"
        reply = brex.post(path, {"receipt_name": name})
        assert 200 == reply.status
        assert {"id", "uri"} == set(reply.json)
        return reply.json

    def read(self, brex: Emulator, expense_id: str) -> list[dict[str, Any]]:
        return brex.get(f"{EXPENSES}/{expense_id}", [("expand[]", "receipts.download_uris")]).json.get("receipts") or []

    @pytest.mark.parametrize(
        "name",
        ["receipt.pdf", "Quittung 7.png", "a/b.pdf", "../up.pdf", "50%.jpg", "?x=1#y.pdf", "領収書.pdf", "", " ", "."],
    )
    def test_to_an_expense(self, brex: Emulator, name: str) -> None:
        """What is put to the address becomes a receipt of the expense, and can be read, whatever its name."""
        expense_id = expenses(brex, lambda it: it.expense_type == "CARD")[0]
        before = self.read(brex, expense_id)
        upload = self.announced(brex, name, expense_id)
        assert before == self.read(brex, expense_id)
        brex.advance(5)
        put = brex.fetch(upload["uri"], "PUT", body=b"\x00\xff file", headers=[("content-type", "image/png")])
        assert (200, b"") == (put.status, put.body)
        [*kept, receipt] = self.read(brex, expense_id)
        assert ids(before) == ids(kept)
        assert upload["id"] == receipt["id"]
        got = brex.fetch(receipt["download_uris"][0])
        assert (200, b"\x00\xff file", "image/png") == (got.status, got.body, got.header("content-type"))
        assert timestamp(START + 5 * SECOND) == brex.get(f"{EXPENSES}/{expense_id}").json["updated_at"]

    def test_twice(self, brex: Emulator) -> None:
        """A file that is put again replaces the first one; there is one receipt."""
        expense_id = expenses(brex)[0]
        upload = self.announced(brex, "r.pdf", expense_id)
        count = len(self.read(brex, expense_id))
        for content in (b"first", b"second"):
            brex.fetch(upload["uri"], "PUT", body=content)
        receipts = self.read(brex, expense_id)
        assert count + 1 == len(receipts)
        assert b"second" == brex.fetch(receipts[-1]["download_uris"][0]).body

    def test_two_files(self, brex: Emulator) -> None:
        """Each announcement is a receipt of its own."""
        expense_id = expenses(brex)[0]
        uploads = [self.announced(brex, "r.pdf", expense_id) for _ in range(2)]
        for upload in reversed(uploads):
            brex.fetch(upload["uri"], "PUT", body=upload["id"].encode())
        receipts = self.read(brex, expense_id)[-2:]
        assert [uploads[1]["id"], uploads[0]["id"]] == ids(receipts)
        assert [it["id"].encode() for it in receipts] == [brex.fetch(it["download_uris"][0]).body for it in receipts]

    def test_for_matching(self, brex: Emulator) -> None:
        """A receipt for matching is taken in, and belongs to no expense."""
        before = brex.items(EXPENSES)
        upload = self.announced(brex)
        assert 200 == brex.fetch(upload["uri"], "PUT", body=b"file").status
        assert before == brex.items(EXPENSES)

    def test_address(self, brex: Emulator) -> None:
        """The address to put to is signed, expires after 15 minutes, and takes no token."""
        uri = self.announced(brex)["uri"]
        assert 400 == brex.fetch(uri, "PUT", body=b"file", token=brex.token).status
        assert 403 == brex.fetch(uri.replace("signature=", "signature=0"), "PUT", body=b"file").status
        assert 405 == brex.fetch(uri, "POST", body=b"file").status
        brex.advance(900)
        assert 403 == brex.fetch(uri, "PUT", body=b"file").status
        assert {} == brex.tenant.files

    def test_what_was_not_announced(self, brex: Emulator) -> None:
        """Nothing can be put where nothing was announced, signed or not."""
        upload = self.announced(brex)
        elsewhere = upload["uri"].replace(upload["id"], "receipt_x")
        assert 403 == brex.fetch(elsewhere, "PUT", body=b"file").status
        signed = brex.tenant.signer.query("/uploads/receipt_x", brex.tenant.now())
        assert 404 == brex.fetch(f"{elsewhere.partition('?')[0]}?{signed}", "PUT", body=b"file").status
        assert {} == brex.tenant.files

    @pytest.mark.parametrize("body", [{}, {"receipt_name": None}, {"receipt_name": 7}, []])
    def test_malformed(self, brex: Emulator, body: Any) -> None:
        """A name is needed."""
        for path in (f"{CARD}/receipt_match", f"{CARD}/{expenses(brex)[0]}/receipt_upload"):
            reply = brex.post(path, body)
            assert (400, CLASSIC_INVALID) == (reply.status, reply.error)

    def test_unknown_expense(self, brex: Emulator) -> None:
        """There is nothing to upload to for an expense that is unknown."""
        reply = brex.post(f"{CARD}/expense_x/receipt_upload", {"receipt_name": "r.pdf"})
        assert (404, CLASSIC_NOT_FOUND) == (reply.status, reply.error)

    def test_snapshot(self, brex: Emulator) -> None:
        """A receipt that was uploaded before a snapshot is there with its content after it is restored."""
        expense_id = expenses(brex)[0]
        upload = self.announced(brex, "r.pdf", expense_id)
        brex.fetch(upload["uri"], "PUT", body=b"kept")
        snapshot = brex.tenant.snapshot()
        brex.fetch(upload["uri"], "PUT", body=b"replaced")
        later = self.announced(brex, "later.pdf", expense_id)
        brex.fetch(later["uri"], "PUT", body=b"later")
        brex.tenant.restore(snapshot)
        receipts = self.read(brex, expense_id)
        assert upload["id"] == receipts[-1]["id"]
        assert b"kept" == brex.fetch(receipts[-1]["download_uris"][0]).body
        again = self.announced(brex, "again.pdf", expense_id)
        assert 200 == brex.fetch(again["uri"], "PUT", body=b"again").status
        assert b"again" == brex.fetch(self.read(brex, expense_id)[-1]["download_uris"][0]).body

    @pytest.mark.parametrize("way", ["restore", "reset", "seed"])
    def test_address_of_the_past(self, brex: Emulator, way: str) -> None:
        """An address is good for the data that it was given for, and no longer."""
        snapshot = brex.tenant.snapshot()
        uri = self.announced(brex)["uri"]
        match way:
            case "restore":
                brex.tenant.restore(snapshot)
            case "reset":
                brex.tenant.reset()
            case _:
                brex.tenant.seed(10, 3)
        assert 403 == brex.fetch(uri, "PUT", body=b"file").status


class TestReceiptDownload:
    def address(self, brex: Emulator, nth: int = 0, **request: Any) -> str:
        found = [it for it in brex.items(RECORDS, **request) if it.get("receipts")]
        return found[nth]["receipts"][0]["download_uris"][0]

    def test_without_token(self, brex: Emulator) -> None:
        """The address of a receipt works without a token, as often as one likes, and gives the same file."""
        address = self.address(brex)
        first, second = brex.fetch(address), brex.fetch(address)
        assert (200, first.body) == (first.status, second.body)
        assert first.body
        assert first.header("content-type") in ("application/pdf", "image/png", "image/jpeg")
        head = brex.fetch(address, "HEAD")
        assert (200, b"", first.header("etag")) == (head.status, head.body, head.header("etag"))

    def test_content(self, large: Emulator) -> None:
        """The file is of the kind that its name says, and names its receipt."""
        starts = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff"}
        seen = set()
        for record in large.items(RECORDS):
            for receipt in record.get("receipts") or ():
                for address in receipt.get("download_uris") or ():
                    extension = address.partition("?")[0].rpartition(".")[2]
                    body = large.fetch(address).body
                    assert body.startswith(starts[extension])
                    assert receipt["id"].encode() in body
                    seen.add(extension)
        assert len(seen) > 1

    def test_expiry(self, brex: Emulator) -> None:
        """It works for 15 minutes of the tenant's clock, not a second longer."""
        address = self.address(brex)
        brex.advance(899)
        assert 200 == brex.fetch(address).status
        brex.advance(1)
        reply = brex.fetch(address)
        assert (403, "application/xml") == (reply.status, reply.header("content-type"))
        assert b"<Code>ExpiredToken</Code>" in reply.body
        assert 200 == brex.fetch(self.address(brex)).status

    def test_with_token(self, brex: Emulator) -> None:
        """A request that brings an Authorization header is refused, as S3 does."""
        reply = brex.fetch(self.address(brex), token=brex.token)
        assert 400 == reply.status
        assert b"<Code>InvalidArgument</Code>" in reply.body
        assert 400 == brex.fetch(self.address(brex), headers=[("authorization", "")]).status

    def test_tampered(self, brex: Emulator) -> None:
        """An address with another expiry or signature, or without one, is refused."""
        address = self.address(brex)
        path, _, query = address.partition("?")
        expires, signature = (part.partition("=")[2] for part in query.split("&"))
        later = str(int(expires) + 1)
        for changed in (
            f"expires={later}&signature={signature}",
            f"expires={expires}&signature={signature[::-1]}",
            f"expires={expires}&signature={signature}0",
            f"expires={expires}&signature=ü",
            f"expires=&signature={signature}",
            f"expires=-1&signature={signature}",
            f"expires=1e9&signature={signature}",
            f"expires={'9' * 40}&signature={signature}",
            f"expires={expires}",
            f"signature={signature}",
            "",
        ):
            assert 403 == brex.fetch(f"{path}?{changed}").status, changed

    def test_other_file(self, large: Emulator) -> None:
        """A signature is good for its own file only, and not for putting one."""
        first, second = (self.address(large, nth) for nth in (0, -1))
        path, _, query = first.partition("?")
        assert path != second.partition("?")[0]
        assert 403 == large.fetch(f"{second.partition('?')[0]}?{query}").status
        assert 403 == large.fetch(f"{path}x?{query}").status
        upload = large.post(f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}).json["uri"]
        assert 403 == large.fetch(f"{upload.partition('?')[0]}?{query}", "PUT", body=b"file").status
        assert 200 == large.fetch(first).status

    def test_other_tenant(self, brex: Emulator) -> None:
        """A signature is good for its own tenant only; there may be no such tenant at all."""
        token = other_token(brex)
        mine, foreign = self.address(brex), self.address(brex, token=token)
        assert 200 == brex.fetch(foreign).status
        assert 403 == brex.fetch(mine.replace("/main/", "/globex/")).status
        assert 404 == brex.fetch(mine.replace("/main/", "/nobody/")).status
        brex.advance(900)
        assert [403, 200] == [brex.fetch(address).status for address in (mine, foreign)]

    def test_methods_and_paths(self, brex: Emulator) -> None:
        """Other methods are 405 with Allow, other paths 404."""
        address = self.address(brex)
        for method in ("POST", "PUT", "DELETE"):
            reply = brex.fetch(address, method)
            assert (405, "GET") == (reply.status, reply.header("allow"))
        assert 404 == brex.fetch(address.replace("/receipts/", "/nothing/")).status


class TestWebhooks:
    def test_create(self, brex: Emulator) -> None:
        """A subscription is active at once."""
        reply = brex.post(WEBHOOKS, HOOK, key="k1")
        created = reply.json
        assert (200, {**HOOK, "id": created["id"], "status": "ACTIVE", "group_id": None}) == (reply.status, created)
        assert created == brex.get(f"{WEBHOOKS}/{created['id']}").json
        assert [created] == brex.items(WEBHOOKS)

    def test_key_is_required(self, brex: Emulator) -> None:
        """Without Idempotency-Key it is refused with 400; a blank or endless one too."""
        for key in (None, "", "k" * 256):
            reply = brex.post(WEBHOOKS, HOOK, key=key)
            assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        assert [] == brex.items(WEBHOOKS)

    def test_same_key(self, brex: Emulator) -> None:
        """The same key makes no second subscription, another one does."""
        replies = [brex.post(WEBHOOKS, HOOK, key=key) for key in ("k1", "k1", "k2")]
        assert replies[0].json == replies[1].json != replies[2].json
        assert [replies[0].json, replies[2].json] == brex.items(WEBHOOKS)

    def test_update(self, brex: Emulator) -> None:
        """An update replaces address, events, status and group."""
        hook = brex.post(WEBHOOKS, {**HOOK, "group_id": "g1"}, key="k").json
        assert "g1" == hook["group_id"]
        body = {"url": "https://erp.example.com/2", "event_types": ["USER_UPDATED"], "status": "INACTIVE"}
        reply = brex.put(f"{WEBHOOKS}/{hook['id']}", body)
        assert (200, {**body, "id": hook["id"], "group_id": None}) == (reply.status, reply.json)
        assert [reply.json] == brex.items(WEBHOOKS)

    @pytest.mark.parametrize(
        "change",
        [{"status": "ERROR"}, {"status": None}, {"event_types": ["NOTHING"]}, {"event_types": None}, {"url": 7}],
    )
    def test_malformed(self, brex: Emulator, change: dict[str, Any]) -> None:
        """What the document does not allow is refused with 400; ERROR is a status that no caller may set."""
        hook = brex.post(WEBHOOKS, HOOK, key="k").json
        reply = brex.put(f"{WEBHOOKS}/{hook['id']}", {**HOOK, "status": "ACTIVE", **change})
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        assert [hook] == brex.items(WEBHOOKS)

    def test_delete(self, brex: Emulator) -> None:
        """A deleted subscription is unknown."""
        first, second = (brex.post(WEBHOOKS, HOOK, key=key).json for key in ("k1", "k2"))
        reply = brex.ask("DELETE", f"{WEBHOOKS}/{first['id']}")
        assert (200, b"", True) == (reply.status, reply.body, brex.last.committed)
        assert [second] == brex.items(WEBHOOKS)
        assert 400 == brex.ask("DELETE", f"{WEBHOOKS}/{first['id']}").status

    @pytest.mark.parametrize(
        ("value", "status", "kind"), [("refused", 400, "INVALID_REQUEST"), ("missing", 404, "NOT_FOUND")]
    )
    def test_unknown(self, brex: Emulator, value: str, status: int, kind: str) -> None:
        """An unknown subscription, and another account's, is 400 or 404."""
        foreign = brex.post(WEBHOOKS, HOOK, key="k", token=other_token(brex)).json["id"]
        brex.choose(unknown_subscription=value)
        body = {**HOOK, "status": "ACTIVE"}
        for name in ("wh_x", foreign):
            for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
                reply = brex.ask(method, f"{WEBHOOKS}/{name}", value=sent)
                assert (status, {"type": kind}) == (reply.status, reply.error)

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_pages(self, brex: Emulator, cursor: str) -> None:
        """Subscriptions come in the order they were made in, at most a hundred on a page."""
        brex.choose(cursor=cursor)
        made = [brex.post(WEBHOOKS, HOOK, key=f"k{number}").json for number in range(105)]
        assert [100, 5] == [len(page["items"]) for page in brex.pages(WEBHOOKS)]
        assert made == brex.items(WEBHOOKS, [("limit", 9)])

    def test_secrets(self, brex: Emulator) -> None:
        """Each account has an active secret of its own, always the same one."""
        token = other_token(brex)
        [secret] = brex.get(f"{WEBHOOKS}/secrets").json
        assert {"secret", "status"} == set(secret)
        assert "ACTIVE" == secret["status"]
        assert [secret] == brex.get(f"{WEBHOOKS}/secrets").json
        assert secret["secret"] != brex.get(f"{WEBHOOKS}/secrets", token=token).json[0]["secret"]


class TestCompany:
    def test_id(self, brex: Emulator) -> None:
        """The company's id tells accounts apart."""
        token = other_token(brex)
        company = brex.get(COMPANY).json
        assert {"id", "legal_name", "mailing_address", "accountType"} == set(company)
        assert company["id"] != brex.get(COMPANY, token=token).json["id"]


REQUESTS: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    "createIntegration": ("POST", INTEGRATION, ERP, ("accounting.integration.write",)),
    "disconnectIntegration": ("POST", f"{INTEGRATION}/{{active}}/disconnect", None, ("accounting.integration.write",)),
    "reactivateIntegration": ("POST", f"{INTEGRATION}/{{active}}/reactivate", None, ("accounting.integration.write",)),
    "getAccountingRecord": (
        "GET",
        f"{RECORDS}/{{record}}",
        None,
        ("accounting.record.read", "accounting.record.write"),
    ),
    "queryAccountingRecords": ("GET", RECORDS, None, ("accounting.record.read", "accounting.record.write")),
    "reportAccountingExportResults": ("POST", RESULTS, "{report}", ("accounting.record.write",)),
    "listExpenses": ("GET", EXPENSES, None, ("expenses.card.readonly", "expenses.card")),
    "getExpense": ("GET", f"{EXPENSES}/{{expense}}", None, ("expenses.card.readonly", "expenses.card")),
    "updateExpense": ("PUT", f"{CARD}/{{expense}}", {"memo": "Toner"}, ("expenses.card",)),
    "receiptMatch": ("POST", f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}, ()),
    "receiptUpload": ("POST", f"{CARD}/{{expense}}/receipt_upload", {"receipt_name": "r.pdf"}, ()),
    "listSubscription": ("GET", WEBHOOKS, None, ()),
    "createSubscription": ("POST", WEBHOOKS, HOOK, ()),
    "getSubscriptionById": ("GET", f"{WEBHOOKS}/{{hook}}", None, ()),
    "updateSubscription": ("PUT", f"{WEBHOOKS}/{{hook}}", {**HOOK, "status": "ACTIVE"}, ()),
    "deleteSubscription": ("DELETE", f"{WEBHOOKS}/{{hook}}", None, ()),
    "listSecrets": ("GET", f"{WEBHOOKS}/secrets", None, ()),
    "getCompany": ("GET", COMPANY, None, ("companies.readonly",)),
}
"""For each operation a request that succeeds (or, to reactivate, conflicts), and the scopes; any of them will do."""

SCOPED = [(name, scope) for name, request in REQUESTS.items() for scope in request[3]]


def call(brex: Emulator, name: str, token: str | None, **request: Any) -> Reply:
    """Send the request of an operation, with all that it needs in place."""
    method, path, value, _ = REQUESTS[name]
    needed = {
        "active": connected(brex),
        "record": one(brex),
        "expense": expenses(brex, lambda it: it.expense_type == "CARD")[0],
        "hook": brex.post(WEBHOOKS, HOOK, key="hook").json["id"],
    }
    if value == "{report}":
        value = report(failure(needed["record"]))
    return brex.ask(method, path.format(**needed), value=value, token=token, **{"key": "k1", **request})


class TestTokens:
    def test_every_operation_is_asked(self) -> None:
        """The table holds every operation of the four documents, with its scopes."""
        found = {name: (it.method, frozenset(it.scopes)) for name, it in operations().items()}
        assert found == {name: (method, frozenset(scopes)) for name, (method, _, _, scopes) in REQUESTS.items()}

    @pytest.mark.parametrize("name", REQUESTS)
    def test_all_scopes(self, brex: Emulator, name: str) -> None:
        """A token with all scopes may call every operation."""
        expected = 409 if name == "reactivateIntegration" else 200
        assert expected == call(brex, name, brex.token).status

    @pytest.mark.parametrize(("name", "scope"), SCOPED)
    def test_needed_scope(self, brex: Emulator, name: str, scope: str) -> None:
        """One of the scopes that the document names is enough."""
        token = brex.world.issuer.user_token("main", [scope])
        assert call(brex, name, token).status in (200, 409)

    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request[3]])
    def test_missing_scope(self, brex: Emulator, name: str) -> None:
        """With every scope but those it is 403, in the words of the document, and nothing happens."""
        scopes = [scope for scope in API_SCOPES if scope not in REQUESTS[name][3]]
        accounting = operations()[name].document == "accounting_api"
        for token in (
            brex.world.issuer.user_token("main", scopes),
            brex.world.issuer.grant("main", scopes).access_token,
        ):
            reply = call(brex, name, token)
            expected = {"error_code": "FORBIDDEN"} if accounting else {"type": "FORBIDDEN"}
            assert (403, expected, None) == (reply.status, reply.error, reply.header("www-authenticate"))
            assert not brex.last.committed

    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if not request[3]])
    def test_no_scope_needed(self, brex: Emulator, name: str) -> None:
        """Operations for which the document names no scope take any token."""
        assert 200 == call(brex, name, brex.world.issuer.user_token("main", [])).status

    @pytest.mark.parametrize("name", REQUESTS)
    def test_unauthorized(self, brex: Emulator, name: str) -> None:
        """Without a good token it is 401 with a challenge, in the words of the document, and nothing happens."""
        issuer = brex.world.issuer
        grant = issuer.grant("main")
        expired = grant.access_token
        brex.advance(3600)
        accounting = operations()[name].document == "accounting_api"
        expected = {"error_code": "UNAUTHORIZED"} if accounting else {"type": "UNAUTHORIZED"}
        for token in ("unknown", expired, grant.refresh_token, "bxt_" + "A" * 43, brex.token + "x"):
            reply = call(brex, name, token)
            assert (401, expected) == (reply.status, reply.error), token
            assert 'Bearer error="invalid_token"' == reply.header("www-authenticate")
        for headers in (
            (),
            [("authorization", "")],
            [("authorization", "Bearer")],
            [("authorization", "Bearer  ")],
            [("authorization", brex.token)],
            [("authorization", f"Basic {brex.token}")],
            [("x-authorization", f"Bearer {brex.token}")],
        ):
            reply = call(brex, name, None, headers=headers)
            assert (401, expected, "Bearer") == (reply.status, reply.error, reply.header("www-authenticate")), headers

    def test_scheme_in_any_case(self, brex: Emulator) -> None:
        """The scheme may be written in any case (RFC 9110)."""
        assert 200 == brex.get(COMPANY, token=None, headers=[("authorization", f"bEARER {brex.token}")]).status

    def test_hour(self, brex: Emulator) -> None:
        """An access token is good for 3,600 s of the tenant's clock; a refresh gives another one."""
        grant = brex.world.issuer.grant("main")
        brex.advance(3599.999)
        assert 200 == brex.get(COMPANY, token=grant.access_token).status
        brex.advance(0.001)
        assert 401 == brex.get(COMPANY, token=grant.access_token).status
        tokens = brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh_token).json
        assert 3600 == tokens["expires_in"]
        assert 200 == brex.get(COMPANY, token=tokens["access_token"]).status
        assert 401 == brex.get(COMPANY, token=grant.access_token).status

    def test_withdrawn_consent(self, brex: Emulator) -> None:
        """A consent that was withdrawn takes its access token along; a user token needs none."""
        grant = brex.world.issuer.grant("main")
        brex.world.issuer.revoke_tenant("main")
        assert [401, 200] == [brex.get(COMPANY, token=token).status for token in (grant.access_token, brex.token)]

    def test_removed_tenant(self, brex: Emulator) -> None:
        """The tokens of a tenant that is gone are unknown."""
        token = other_token(brex)
        brex.world.remove("globex")
        assert 401 == brex.get(COMPANY, token=token).status


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/v3",
            "/v3/accounting",
            "/v3/accounting/records/",
            "/v3/accounting/records/a/b",
            "/v3/accounting/integrations",
            "/v2/expenses",
            "/v1/webhooks/a/b",
            "/oauth2/default",
            "/v3/accounting/records/a%2Fb",
        ],
    )
    def test_unknown_path(self, brex: Emulator, path: str) -> None:
        """An unknown path is 404, with a token or without."""
        for token in ("", None):
            for method in ("GET", "POST"):
                reply = brex.ask(method, path.replace("%2F", "/"), token=token)
                assert (404, NOT_FOUND) == (reply.status, reply.error)

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (INTEGRATION, {"POST"}),
            (f"{INTEGRATION}/int_1/disconnect", {"POST"}),
            (f"{INTEGRATION}/int_1/reactivate", {"POST"}),
            (RECORDS, {"GET"}),
            (f"{RECORDS}/accr_1", {"GET"}),
            (RESULTS, {"POST"}),
            (EXPENSES, {"GET"}),
            (f"{EXPENSES}/expense_1", {"GET"}),
            (f"{CARD}/expense_1", {"PUT"}),
            (f"{CARD}/receipt_match", {"POST"}),
            (f"{CARD}/expense_1/receipt_upload", {"POST"}),
            (WEBHOOKS, {"GET", "POST"}),
            (f"{WEBHOOKS}/secrets", {"GET"}),
            (f"{WEBHOOKS}/wh_1", {"GET", "PUT", "DELETE"}),
            (COMPANY, {"GET"}),
        ],
    )
    def test_method(self, brex: Emulator, path: str, allowed: set[str]) -> None:
        """Any other method is 405 with all those that the path has."""
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
            reply = brex.ask(method, path)
            assert 405 == reply.status, method
            assert allowed == set((reply.header("allow") or "").split(", "))
            assert {"message"} < set(json.loads(reply.body))

    @pytest.mark.parametrize(("path", "method"), [(TOKEN, "POST"), ("/oauth2/default/v1/authorize", "GET")])
    def test_issuer(self, brex: Emulator, path: str, method: str) -> None:
        """The issuer's endpoints too."""
        reply = brex.ask("DELETE", path)
        assert (405, method) == (reply.status, reply.header("allow"))


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"", "application/json"),
            (b"{", "application/json"),
            (b'{"vendor": "\xff"}', "application/json"),
            (b'{"vendor": "\\ud800", "vendor_account_id": "1"}', "application/json"),
            (b'{"vendor": NaN, "vendor_account_id": "1"}', "application/json"),
            (json.dumps(ERP).encode("utf-16"), "application/json"),
            (json.dumps(ERP).encode(), "text/plain"),
            (json.dumps(ERP).encode(), "application/x-www-form-urlencoded"),
            (json.dumps(ERP).encode(), None),
        ],
    )
    def test_unreadable(self, brex: Emulator, body: bytes, kind: str | None) -> None:
        """A body that is not JSON, or does not say so, is refused with 400, or 422 where that is what is listed."""
        headers = [] if kind is None else [("content-type", kind)]
        for path, expected in ((INTEGRATION, 400), (RESULTS, 422)):
            reply = brex.ask("POST", path, body=body, headers=headers)
            assert (expected, INVALID) == (reply.status, reply.error)
        reply = brex.ask("POST", f"{CARD}/receipt_match", body=body, headers=headers)
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)

    def test_content_type_with_parameters(self, brex: Emulator) -> None:
        """Parameters of the content type, and its case, do not matter."""
        headers = [("content-type", "Application/JSON; charset=utf-8")]
        assert 200 == brex.ask("POST", INTEGRATION, body=json.dumps(ERP).encode(), headers=headers).status

    def test_too_long(self, brex: Emulator) -> None:
        """Ten megabytes are read, more are 413 with a trace id."""
        reply = brex.ask("POST", INTEGRATION, body=b" " * (10 * 2**20 + 1))
        assert (413, b"") == (reply.status, reply.body)
        padded = json.dumps(ERP).encode().ljust(10 * 2**20)
        assert 200 == brex.ask("POST", INTEGRATION, body=padded, headers=[("content-type", "application/json")]).status

    @pytest.mark.parametrize("key", ["", "k" * 256])
    @pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request[0] in ("POST", "PUT")])
    def test_key_that_is_none(self, brex: Emulator, name: str, key: str) -> None:
        """A blank or endless Idempotency-Key is refused by every operation that takes one."""
        reply = call(brex, name, brex.token, key=key)
        assert reply.status in (400, 422)
        assert reply.error in (INVALID, CLASSIC_INVALID)
        assert 200 <= call(brex, name, brex.token, key="k" * 255).status < 500


class TestErrorBodies:
    def test_accounting(self, brex: Emulator) -> None:
        """The accounting API says error_code, message and, for some, details."""
        record = f"{RECORDS}/accr_x"
        bare = {"error_code", "message"}
        assert bare == set(brex.get(record).json)
        assert bare == set(brex.get(record, token=None).json)
        assert bare == set(brex.get(record, token=brex.world.issuer.user_token("main", [])).json)
        assert bare == set(brex.get(RECORDS, [("limit", "x")]).json)
        assert bare | {"details"} == set(brex.post(RESULTS, report(success("accr_x"))).json)

    @pytest.mark.parametrize("path", [EXPENSES, WEBHOOKS])
    def test_classic(self, brex: Emulator, path: str) -> None:
        """The older APIs say type and message."""
        for reply in (brex.get(path, token=None), brex.get(path, [("limit", "x")]), brex.put(path, {})):
            assert {"type", "message"} == set(reply.json)

    def test_no_values(self, brex: Emulator) -> None:
        """A refusal does not repeat what a caller sent as a value of the wrong kind."""
        for query in ([("limit", "s3cret")], [("cursor", "s3cret")], [("updated_at[gt]", "s3cret")]):
            assert b"s3cret" not in brex.get(RECORDS, query).body


class TestTraces:
    def test_every_answer(self, brex: Emulator) -> None:
        """Whatever the status, an answer has an id that no other has; the journal knows it."""
        replies = [
            brex.get(RECORDS),
            brex.get(RECORDS, token=None),
            brex.get(RECORDS, token=brex.world.issuer.user_token("main", [])),
            brex.get(RECORDS, [("limit", "x")]),
            brex.get(f"{RECORDS}/x"),
            brex.put(RECORDS),
            brex.get("/unknown"),
            brex.post(RESULTS, report(success("accr_x"), success("accr_x"))),
            brex.ask("POST", INTEGRATION, body=b" " * (10 * 2**20 + 1)),
            brex.form(TOKEN, grant_type="nothing"),
            brex.fetch(f"{brex.world.file_url}/main/receipts/a/b"),
            brex.fetch(f"{brex.world.file_url}/nothing"),
        ]
        assert [200, 401, 403, 400, 404, 405, 404, 422, 413, 400, 403, 404] == [reply.status for reply in replies]
        traces = [reply.header("x-brex-trace-id") for reply in replies]
        assert len(replies) == len(set(traces) - {None})
        noted = [entry.trace_id for entry in (*brex.tenant.journal, *brex.world.strays)]
        assert set(noted) <= set(traces)

    def test_repeats(self) -> None:
        """Two runs give the same ids."""
        runs = []
        for _ in range(2):
            brex = Emulator()
            runs.append([brex.get(RECORDS).header("x-brex-trace-id") for _ in range(3)])
        assert runs[0] == runs[1]


def test_amounts_are_exact(large: Emulator) -> None:
    """What is served is what is stored, digit by digit."""
    for record in large.items(RECORDS, [("limit", 1000)]):
        kept = large.tenant.records.get(record["id"])
        assert kept is not None
        assert str(kept.amount) == str(Decimal(record["amount"]["amount"]))
