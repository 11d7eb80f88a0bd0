"""Where records and expenses are kept: what a query finds is what a plain filter finds, before and after any change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.stored import FILE_HOST, SIGNATURE, StoredExpense, StoredRecord
from brex_accounting.emulator.stores import ExpenseQuery, RecordQuery, Store

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
STAGES = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "EXPORTED")
SOURCES = ("CARD", "REIMBURSEMENT", "BILL")


def record(position: int = 0, **members: Any) -> StoredRecord:
    known = {
        "id": f"accr_{position}",
        "position": position,
        "type": "CARD_EXPENSE_POST",
        "source_type": "CARD",
        "review_status": "REVIEW",
        "updated_at": START,
        "version": 1,
        "amount": Decimal("12.50"),
        "currency": "USD",
        "expense_id": None,
        "facts": b'"type":"CARD_EXPENSE_POST","amount":{"amount":12.50,"currency":"USD"}',
        "lines": b'{"id":"a"}',
        "counter_lines": b'{"id":"b"},{"id":"c"}',
    }
    return StoredRecord(**{**known, **members})


def expense(position: int = 0, **members: Any) -> StoredExpense:
    known = {
        "id": f"expense_{position}",
        "position": position,
        "expense_type": "CARD",
        "status": "APPROVED",
        "payment_status": "CLEARED",
        "user_id": "user_1",
        "budget_id": "budget_1",
        "spending_entity_id": "entity_1",
        "parent_expense_id": None,
        "purchased_at": START,
        "updated_at": START,
        "payment_posted_at": None,
        "text": b"{}",
    }
    return StoredExpense(**{**known, **members})


MOMENTS = st.integers(0, 6).map(lambda days: START + timedelta(days=days))
MAYBE_MOMENTS = st.none() | MOMENTS
FEW = ("a", "b", "c")


@st.composite
def records(draw: st.DrawFn) -> list[StoredRecord]:
    """Records at any positions, in any order."""
    positions = draw(st.lists(st.integers(0, 1000), unique=True, max_size=12))
    return [
        record(
            position,
            review_status=draw(st.sampled_from(STAGES)),
            source_type=draw(st.sampled_from(SOURCES)),
            updated_at=draw(MOMENTS),
        )
        for position in positions
    ]


@st.composite
def expenses(draw: st.DrawFn) -> list[StoredExpense]:
    """Expenses at any positions, in any order, with nulls wherever there may be any."""
    positions = draw(st.lists(st.integers(0, 1000), unique=True, max_size=8))
    maybe = st.none() | st.sampled_from(FEW)
    return [
        expense(
            position,
            **{name: draw(maybe) for name in LISTS},
            purchased_at=draw(MAYBE_MOMENTS),
            updated_at=draw(MOMENTS),
            payment_posted_at=draw(MAYBE_MOMENTS),
        )
        for position in positions
    ]


LISTS = (
    "user_id",
    "parent_expense_id",
    "budget_id",
    "spending_entity_id",
    "expense_type",
    "status",
    "payment_status",
)
RANGES = ("purchased_at", "updated_at", "payment_posted_at")


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly None, so that queries find something."""
    return st.sampled_from([None, None, strategy]).flatmap(lambda found: st.none() if found is None else found)


RECORD_QUERIES = st.builds(
    RecordQuery,
    review_status=optional(st.sampled_from(STAGES)),
    source_type=optional(st.sampled_from(SOURCES)),
    gt=optional(MOMENTS),
    gte=optional(MOMENTS),
    lt=optional(MOMENTS),
    lte=optional(MOMENTS),
    bills_by_status=st.booleans(),
)
EXPENSE_QUERIES = st.builds(
    ExpenseQuery,
    **{name: st.just(()) | st.lists(st.sampled_from(FEW), max_size=2).map(tuple) for name in LISTS},
    **{f"{name}_{side}": optional(MOMENTS) for name in RANGES for side in ("start", "end")},
)


def expected_record(found: StoredRecord, query: RecordQuery) -> bool:
    """The filter of the document, bound by bound."""
    bill_is_left_out = query.review_status is not None and found.source_type == "BILL" and not query.bills_by_status
    return not (
        bill_is_left_out
        or (query.review_status is not None and query.review_status != found.review_status)
        or (query.source_type is not None and query.source_type != found.source_type)
        or (query.gt is not None and not found.updated_at > query.gt)
        or (query.gte is not None and not found.updated_at >= query.gte)
        or (query.lt is not None and not found.updated_at < query.lt)
        or (query.lte is not None and not found.updated_at <= query.lte)
    )


def expected_expense(found: StoredExpense, query: ExpenseQuery) -> bool:
    """The filter of the document: any of each list, and within each range, whose ends belong to it."""
    for name in LISTS:
        wanted = getattr(query, name)
        if wanted and getattr(found, name) not in wanted:
            return False
    for name in RANGES:
        at, start, end = getattr(found, name), getattr(query, f"{name}_start"), getattr(query, f"{name}_end")
        if (start or end) and at is None:
            return False
        if (start and at < start) or (end and at > end):
            return False
    return True


def in_order(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda item: item.position)


class TestMatching:
    @given(records(), RECORD_QUERIES)
    def test_records(self, kept: list[StoredRecord], query: RecordQuery) -> None:
        """A query finds the records that the filter lets through, by position, and so it does again."""
        expected = [found for found in in_order(kept) if expected_record(found, query)]
        store = Store(kept)
        assert expected == list(store.matching(query, query.fits))
        assert expected == list(store.matching(query, query.fits))

    @given(expenses(), EXPENSE_QUERIES)
    def test_expenses(self, kept: list[StoredExpense], query: ExpenseQuery) -> None:
        """So it does with expenses, some of which say nothing of what is asked for."""
        expected = [found for found in in_order(kept) if expected_expense(found, query)]
        assert expected == list(Store(kept).matching(query, query.fits))

    @pytest.mark.parametrize("name", LISTS)
    def test_each_list(self, name: str) -> None:
        """Each list of an expense query looks at the member of its own name."""
        query = ExpenseQuery(**{name: ("x",)})
        assert (True, False) == (query.fits(expense(**{name: "x"})), query.fits(expense(**{name: "y"})))
        assert not query.fits(expense(**{name: None}))

    @pytest.mark.parametrize("name", RANGES)
    def test_each_range(self, name: str) -> None:
        """Each range of an expense query looks at the moment of its own name; both ends belong to it."""
        day = timedelta(days=1)
        query = ExpenseQuery(**{f"{name}_start": START, f"{name}_end": START + day})
        found = [query.fits(expense(**{name: START + days * day})) for days in (-1, 0, 1, 2)]
        assert [False, True, True, False] == found

    @given(records(), st.lists(st.tuples(RECORD_QUERIES, st.integers(0, 3), MOMENTS), max_size=15))
    def test_changes(self, kept: list[StoredRecord], steps: list[tuple[RecordQuery, int, datetime]]) -> None:
        """After any changes a query finds what there is now: nothing that was found before is left over."""
        model = {found.id: found for found in kept}
        store = Store(kept)
        for number, (query, stage, moment) in enumerate(steps):
            expected = [found for found in in_order(model.values()) if expected_record(found, query)]
            assert expected == list(store.matching(query, query.fits))
            if model and number % 3:
                old = list(model.values())[stage % len(model)]
                new = attrs.evolve(old, review_status=STAGES[stage], updated_at=moment, version=old.version + 1)
            else:
                new = record(2000 + number, review_status=STAGES[stage], updated_at=moment)
            model[new.id] = new
            store.put(new)
            assert len(model) == len(store)
            assert in_order(model.values()) == list(store.all())
            assert new is store.get(new.id)

    def test_a_query_is_searched_once(self) -> None:
        """A query that comes again is not searched again until something changes."""
        store, looked = Store([record(1), record(2)]), []

        def fits(found: StoredRecord) -> bool:
            looked.append(found.id)
            return True

        for _ in range(3):
            store.matching("all", fits)
        assert ["accr_1", "accr_2"] == looked
        store.put(record(2, version=2))
        assert [1, 2] == [found.version for found in store.matching("all", fits)]
        assert ["accr_1", "accr_2"] * 2 == looked

    def test_many_queries(self) -> None:
        """However many queries come, each is answered rightly, and only so many are remembered."""
        store = Store(record(position) for position in range(100))
        for _ in range(2):
            for wanted in range(100):
                found = store.matching(wanted, lambda item, wanted=wanted: item.position == wanted)
                assert [f"accr_{wanted}"] == [item.id for item in found]
        looked: list[str] = []

        def fits(found: StoredRecord) -> bool:
            looked.append(found.id)
            return False

        assert ["accr_99"] == [item.id for item in store.matching(99, fits)]
        assert [] == looked
        assert [] == store.matching(0, fits)
        assert 100 == len(looked)

    def test_what_was_found_stays_as_it_was(self) -> None:
        """A result that somebody holds does not change under them."""
        store = Store([record(1)])
        before = store.matching("all", lambda _: True)
        store.put(record(2))
        assert ["accr_1"] == [item.id for item in before]


class TestQueries:
    @given(st.lists(st.text(max_size=8), max_size=40))
    def test_equal_queries_read_alike(self, ids: list[str]) -> None:
        """The same ids in another order make an equal query of the same text: cursors depend on it."""
        one, other = (RecordQuery(ids=frozenset(some)) for some in (ids, reversed(ids)))
        assert (one, hash(one), repr(one)) == (other, hash(other), repr(other))

    def test_order_that_a_set_remembers(self) -> None:
        """So they do where the sets themselves are not in one order."""
        ids = [f"accr_{number}" for number in range(500)]
        one, other = frozenset(ids), frozenset(reversed(ids))
        assert repr(RecordQuery(ids=one)) == repr(RecordQuery(ids=other))

    @given(RECORD_QUERIES, RECORD_QUERIES)
    def test_other_queries_read_otherwise(self, one: RecordQuery, other: RecordQuery) -> None:
        """Queries that ask for something else read otherwise; how the tenant plays is no part of the question."""
        one, other, played = (attrs.evolve(query, bills_by_status=False) for query in (one, other, one))
        assert (one == other) is (repr(one) == repr(other))
        assert repr(played) == repr(attrs.evolve(played, bills_by_status=True))

    def test_no_ids_are_not_no_filter(self) -> None:
        """A query for no ids at all is another one than a query without ids."""
        texts = {repr(RecordQuery()), repr(RecordQuery(ids=frozenset())), repr(RecordQuery(ids=frozenset({""})))}
        assert 3 == len(texts)


class TestByIds:
    @given(records(), st.data())
    def test_some_of_them(self, kept: list[StoredRecord], data: st.DataObject) -> None:
        """Ids in any order, some twice, some unknown, give what is there and fits, each once, by position."""
        known = [found.id for found in kept]
        ids = data.draw(st.lists(st.sampled_from([*known, "accr_unknown", ""]), max_size=20))
        query = data.draw(RECORD_QUERIES)
        expected = [found for found in in_order(kept) if found.id in ids and expected_record(found, query)]
        assert expected == list(Store(kept).by_ids(ids, query.fits))

    def test_the_latest_state(self) -> None:
        """What is found by its id is its latest state."""
        store = Store([record(1)])
        store.put(record(1, version=2))
        assert [2] == [found.version for found in store.by_ids(["accr_1"], lambda _: True)]


class TestUnchecked:
    def test_once_for_each_state(self) -> None:
        """A state is to be checked once; a new state of the same record is to be checked again."""
        store = Store([record(1), record(2)])
        first, second = store.all()
        store.check_off(first)
        assert [False, True] == [store.unchecked(item) for item in (first, second)]
        changed = attrs.evolve(first, version=2)
        store.put(changed)
        assert [True, True] == [store.unchecked(changed), store.unchecked(changed)]

    def test_equal_is_not_the_same(self) -> None:
        """States are told apart by what they are, not by what they hold."""
        store = Store([record(1)])
        store.check_off(record(1))
        assert store.unchecked(record(1))


class TestSnapshots:
    @given(records(), st.lists(st.integers(0, 5), max_size=5))
    def test_back_to_what_was(self, kept: list[StoredRecord], later: list[int]) -> None:
        """A store that is restored holds just what it held, in order, whatever happened since."""
        store = Store(kept)
        snapshot = store.snapshot()
        for number in later:
            store.put(record(5000 + number))
            if kept:
                store.put(attrs.evolve(kept[number % len(kept)], version=9))
        restored = Store.restored(snapshot)
        assert in_order(kept) == list(restored.all())
        assert in_order(kept) == list(restored.matching("all", lambda _: True))
        for item in kept:
            assert item is restored.get(item.id)

    def test_empty(self) -> None:
        """An empty store has nothing, and says so."""
        empty: Store[StoredRecord] = Store()
        assert (0, None, [], []) == (
            len(empty),
            empty.get("x"),
            list(empty.all()),
            empty.matching("all", lambda _: True),
        )


class TestRecordText:
    def read(self, found: StoredRecord, *, single_entry: bool) -> Any:
        return json.loads(b"".join(found.pieces(found.facts, single_entry=single_entry)))

    def test_members(self) -> None:
        """The text is JSON with what rules read and with the rest, each member once."""
        expected = {
            "id": "accr_3",
            "review_status": "EXPORTED",
            "updated_at": "2026-11-01T00:00:00Z",
            "version": 12,
            "type": "CARD_EXPENSE_POST",
            "amount": {"amount": 12.5, "currency": "USD"},
            "line_items": [{"id": "a"}, {"id": "b"}, {"id": "c"}],
        }
        assert expected == self.read(record(3, review_status="EXPORTED", version=12), single_entry=False)

    def test_single_entry(self) -> None:
        """The single-entry view leaves out the lines that balance."""
        assert [{"id": "a"}] == self.read(record(), single_entry=True)["line_items"]

    def test_a_new_state(self) -> None:
        """A state that is made from another one shows what has changed, and the other one does not."""
        old = record()
        at = START + timedelta(hours=1, microseconds=5)
        new = attrs.evolve(old, review_status="EXPORTED", version=2, updated_at=at)
        shown = [
            (found["review_status"], found["version"], found["updated_at"])
            for found in (self.read(state, single_entry=True) for state in (old, new))
        ]
        assert [
            ("REVIEW", 1, "2026-11-01T00:00:00Z"),
            ("EXPORTED", 2, "2026-11-01T01:00:00.000005Z"),
        ] == shown

    def test_facts_that_are_filled_in(self) -> None:
        """What is passed as the facts stands in their place, as it is."""
        found = b"".join(record().pieces(b'"memo":"\xc3\xa9"', single_entry=True))
        assert ("é", False) == (json.loads(found)["memo"], "type" in json.loads(found))

    def test_stand_ins(self) -> None:
        """What stands for host and signature can never occur in JSON text, which has to escape it."""
        for mark in (FILE_HOST, SIGNATURE):
            assert mark not in json.dumps(mark.decode()).encode()
            with pytest.raises(json.JSONDecodeError):
                json.loads(b'"%b"' % mark)
