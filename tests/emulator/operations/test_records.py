"""Records: one by its id, the lines of both views, and what a query finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from brex_accounting.emulator import move, recode
from brex_accounting.emulator.clock import timestamp
from brex_accounting.emulator.seeder import SEED_UNTIL
from tests.emulator.asking import RECORDS, START, Emulator
from tests.emulator.operations.tenant import INVALID, NOT_FOUND, SECOND, ids, one, other_token, served, stored

STAGES = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "EXPORTED")
SOURCES = ("CARD", "REIMBURSEMENT", "BILL")


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


def test_amounts_are_exact(large: Emulator) -> None:
    """What is served is what is stored, digit by digit."""
    for record in large.items(RECORDS, [("limit", 1000)]):
        kept = large.tenant.records.get(record["id"])
        assert kept is not None
        assert str(kept.amount) == str(Decimal(record["amount"]["amount"]))
