"""Expenses: listed, expanded, and changed where they are of a card."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from brex_accounting.emulator.clock import timestamp
from tests.emulator.asking import CARD, EXPENSES, START, Emulator
from tests.emulator.operations.tenant import CLASSIC_INVALID, CLASSIC_NOT_FOUND, SECOND, expenses, ids, other_token


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
