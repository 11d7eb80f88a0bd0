"""``brex.expenses``: what goes over the wire, and what comes out of pages."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import pytest

from brex_accounting import Brex, InvalidArgument, NotFound, RetryPolicy, Runtime, UnreadableRecords
from brex_accounting_client.models import ExpenseStatus, ExpenseType
from tests import wire
from tests.transport.scripted import Answer, Raise, Script, play

PATH = "/v1/expenses"
UTC = datetime.timezone.utc


def expense(number: int, **changes: Any) -> dict[str, Any]:
    money = {"amount": 700, "currency": "USD"}
    return {
        "id": f"expense_{number}",
        "updated_at": "2025-01-02T03:04:05Z",
        "original_amount": money,
        "dashboard_url": "https://dashboard.example.com/1",
        "memo": None,
        **changes,
    }


BAD = expense(9, original_amount={"amount": "a lot", "currency": "USD"})


def page(*numbers: int, cursor: str | None = None) -> Answer:
    """A page of the older API: it has no has_next_page, and its last cursor is null or missing."""
    return Answer(200, {"items": [expense(n) for n in numbers], "next_cursor": cursor})


def pairs(script: Script) -> list[list[tuple[str, str]]]:
    return [list(sent.url.params.multi_items()) for sent in script.sent]


class TestGet:
    def test_request(self) -> None:
        """The id is in the path, expand is repeated, flags are sent as said."""
        script = Script(lambda _: Answer(200, expense(1)))

        async def ask(brex: Brex) -> Any:
            await brex.expenses.get("expense_1", expand=["merchant", "user"], load_custom_fields=True)
            return await brex.expenses.get("a/b")

        found = play(script, ask)
        assert (700, "USD") == (found.original_amount.amount, found.original_amount.currency)
        assert [b"/v1/expenses/expense_1", b"/v1/expenses/a%2Fb"] == [
            sent.url.raw_path.partition(b"?")[0] for sent in script.sent
        ]
        assert [("expand[]", "merchant"), ("expand[]", "user"), ("load_custom_fields", "true")] == pairs(script)[0]
        assert [] == pairs(script)[1]

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("expense_id", {"expense_id": ""}),
            ("expand", {"expense_id": "e", "expand": "merchant"}),
            ("expand", {"expense_id": "e", "expand": []}),
            ("load_custom_fields", {"expense_id": "e", "load_custom_fields": "yes"}),
        ],
    )
    def test_refused(self, name: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused by name."""
        with pytest.raises(InvalidArgument, match=f"^{name}: "):
            play(Script(), lambda brex: brex.expenses.get(**arguments))

    def test_unknown(self) -> None:
        """An unknown expense is NotFound, with the older API's code."""
        with pytest.raises(NotFound) as caught:
            play(Script(Answer(404, {"type": "NOT_FOUND", "message": "x"})), lambda b: b.expenses.get("expense_1"))
        assert ("NOT_FOUND", "GET /v1/expenses/{id}") == (caught.value.error_code, caught.value.operation)


class TestUpdate:
    def test_request(self) -> None:
        """The memo is put under one key; None removes it, which is not the same as leaving it out."""
        script = Script(lambda _: Answer(200, expense(1)))

        async def ask(brex: Brex) -> None:
            await brex.expenses.update("expense_1", memo="Toner", idempotency_key="key-1")
            await brex.expenses.update("expense_1", memo=None)
            await brex.expenses.update("expense_1", memo="")

        play(script, ask)
        assert [{"memo": "Toner"}, {"memo": None}, {"memo": ""}] == [wire.loads(sent.content) for sent in script.sent]
        assert [("PUT", "/v1/expenses/card/expense_1")] * 3 == [(sent.method, sent.url.path) for sent in script.sent]
        assert "key-1" == script.sent[0].key
        assert 3 == len({sent.key for sent in script.sent} - {None})

    def test_lost_answer(self) -> None:
        """After a lost answer the same memo is put under the same key."""
        script = Script(Raise(httpx.ReadError("reset")), Answer(200, expense(1)))
        play(
            script,
            lambda brex: brex.expenses.update("expense_1", memo="Toner"),
            retry=RetryPolicy(attempts=2, backoff=0.01),
        )
        first, second = script.sent
        assert (first.key, first.content) == (second.key, second.content)

    def test_404_after_a_lost_answer(self) -> None:
        """A refusal after a lost answer says that the memo may have been set."""
        script = Script(Raise(httpx.ReadError("reset")), Answer(404, {"type": "NOT_FOUND", "message": "x"}))
        with pytest.raises(NotFound) as caught:
            play(script, lambda brex: brex.expenses.update("expense_1", memo="Toner"))
        assert caught.value.maybe_applied is True

    @pytest.mark.parametrize("memo", [7, ["Toner"], b"Toner", True])
    def test_bad_memo(self, memo: Any) -> None:
        """A memo is text or None."""
        with pytest.raises(InvalidArgument, match=r"^memo: expected a string, or None"):
            play(Script(), lambda brex: brex.expenses.update("expense_1", memo=memo))


LISTS = {
    "user_id": ["u1", "u2"],
    "parent_expense_id": ["p1"],
    "budget_id": ["b1"],
    "spending_entity_id": ["s1"],
    "expense_type": ["CARD", ExpenseType.REIMBURSEMENT],
    "status": ["APPROVED", ExpenseStatus.SETTLED, "NEW_STATUS"],
    "payment_status": ["CLEARED"],
    "expand": ["merchant"],
}
MOMENTS = [f"{what}_{end}" for what in ("purchased_at", "updated_at", "payment_posted_at") for end in ("start", "end")]


class TestQuery:
    @pytest.mark.parametrize("name", LISTS)
    def test_lists(self, name: str) -> None:
        """A filter of several values repeats its name, with brackets."""
        script = Script(page(1))
        play(script, lambda brex: brex.expenses.query(**{name: LISTS[name]}))
        assert [[(f"{name}[]", str(value)) for value in LISTS[name]]] == pairs(script)

    @pytest.mark.parametrize("name", MOMENTS)
    @pytest.mark.parametrize(
        "value",
        ["2025-01-31", datetime.date(2025, 1, 31), "2025-01-31T00:00:00Z", datetime.datetime(2025, 1, 31, tzinfo=UTC)],
        ids=["text", "date", "timestamp", "datetime"],
    )
    def test_moments(self, name: str, value: Any) -> None:
        """A moment is a date-time on the wire; a date is its first instant in UTC."""
        script = Script(page(1))
        play(script, lambda brex: brex.expenses.query(**{name: value}))
        assert [[(name, "2025-01-31T00:00:00Z")]] == pairs(script)

    def test_rest(self) -> None:
        """Limit, cursor and flags are sent as said, and nothing that was not said."""
        script = Script(page(1), page(1))

        async def ask(brex: Brex) -> None:
            await brex.expenses.query(limit=100, cursor="c1", load_custom_fields=False)
            await brex.expenses.query()

        play(script, ask)
        assert [[("load_custom_fields", "false"), ("cursor", "c1"), ("limit", "100")], []] == pairs(script)

    @pytest.mark.parametrize(
        ("message", "arguments"),
        [
            (r"^limit: expected a whole number from 1 to 100, got 101", {"limit": 101}),
            (r"^limit: expected", {"limit": 0}),
            (r"^cursor: expected", {"cursor": ""}),
            (r"^on_bad_record: expected", {"on_bad_record": None}),
            (r"^updated_at_start: a datetime without", {"updated_at_start": datetime.datetime(2025, 1, 1)}),
            *[(rf"^{name}: expected a list of strings", {name: "one"}) for name in LISTS],
            *[(rf"^{name}: an empty list", {name: []}) for name in LISTS],
            *[(rf"^{name}: expected a date", {name: "soon"}) for name in MOMENTS],
        ],
    )
    def test_refused(self, message: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused by name before anything is sent."""
        script = Script()
        with pytest.raises(InvalidArgument, match=message):
            play(script, lambda brex: brex.expenses.query(**arguments))
        assert [] == script.sent

    def test_bad_records(self) -> None:
        """A bad expense raises, or is collected where the caller says so."""
        body = {"items": [expense(1), BAD], "next_cursor": None}
        with pytest.raises(UnreadableRecords, match="expense_9"):
            play(Script(Answer(200, body)), lambda brex: brex.expenses.query())
        found = play(Script(Answer(200, body)), lambda brex: brex.expenses.query(on_bad_record="collect"))
        assert (["expense_1"], ["expense_9"]) == (
            [item.id for item in found.items],
            [bad.id for bad in found.bad_records],
        )


class TestIterAndPages:
    def test_filters_on_every_page(self) -> None:
        """All filters are carried on every page."""
        script = Script(page(1, cursor="c1"), page(cursor="c2"), page(2))
        moments = dict.fromkeys(MOMENTS, "2025-01-31")

        async def ask(brex: Brex) -> list[str]:
            stream = brex.expenses.iter(**LISTS, **moments, load_custom_fields=True, page_size=100)
            return [each.id async for each in stream]

        assert ["expense_1", "expense_2"] == play(script, ask)
        first, second, third = (sorted(each) for each in pairs(script))
        assert sorted([*first, ("cursor", "c1")]) == second
        assert sorted([*first, ("cursor", "c2")]) == third
        assert sum(map(len, LISTS.values())) + len(MOMENTS) + 2 == len(first)

    def test_with_raw(self) -> None:
        """with_raw=True gives each expense with its bytes."""

        async def ask(brex: Brex) -> list[tuple[str, bytes]]:
            return [(each.id, raw) async for each, raw in brex.expenses.iter(with_raw=True)]

        assert [("expense_1", wire.dumps(expense(1)))] == play(Script(page(1)), ask)

    def test_pages(self) -> None:
        """pages() gives empty pages too."""

        async def ask(brex: Brex) -> list[int]:
            return [len(each.items) async for each in brex.expenses.pages()]

        assert [1, 0, 2] == play(Script(page(1, cursor="c1"), page(cursor="c2"), page(2, 3)), ask)

    def test_resume(self) -> None:
        """A checkpoint goes on at the expense that was in hand, and is refused with other filters."""
        script = Script(page(1, 2, cursor="c1"), page(1, 2, cursor="c1"), page(3))

        async def ask(brex: Brex) -> list[str]:
            async with brex.expenses.iter(status=["APPROVED"], prefetch=0) as stream:
                await anext(stream)
                await anext(stream)
                mark = stream.checkpoint
            with pytest.raises(InvalidArgument, match="another list"):
                brex.expenses.iter(status=["SETTLED"], resume=mark)
            return [each.id async for each in brex.expenses.iter(status=["APPROVED"], resume=mark)]

        assert ["expense_2", "expense_3"] == play(script, ask)

    @pytest.mark.parametrize("method", ["iter", "pages"])
    @pytest.mark.parametrize(
        ("message", "arguments"),
        [
            (r"^page_size: expected a whole number from 1 to 100", {"page_size": 1000}),
            (r"^prefetch: expected", {"prefetch": -1}),
            (r"^status: expected a list", {"status": "APPROVED"}),
            (r"^resume: ", {"resume": "nonsense"}),
            (r"^on_bad_record: expected", {"on_bad_record": "skip"}),
        ],
    )
    def test_refused(self, method: str, message: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused where the stream is made."""
        brex = Brex("bxt_token", runtime=Runtime())
        with pytest.raises(InvalidArgument, match=message):
            getattr(brex.expenses, method)(**arguments)

    def test_collected(self) -> None:
        """Bad expenses of a walk are aside on the stream."""
        body = {"items": [BAD, expense(1)], "next_cursor": None}

        async def ask(brex: Brex) -> tuple[list[str], list[str | None]]:
            stream = brex.expenses.iter(on_bad_record="collect")
            return [each.id async for each in stream], [bad.id for bad in stream.bad_records]

        assert (["expense_1"], ["expense_9"]) == play(Script(Answer(200, body)), ask)
