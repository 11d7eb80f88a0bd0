"""Where a tenant's records and expenses are kept, and found by what their queries ask."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from .stored import StoredExpense, StoredRecord

_KEPT_QUERIES = 32

T = TypeVar("T", StoredRecord, StoredExpense)


class Store(Generic[T]):
    """Items by id and in the order of their positions; a query that comes again is not searched again.

    Args:
        items: What is in it at first.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items: dict[str, T] = {item.id: item for item in sorted(items, key=lambda item: item.position)}
        self._found: dict[Hashable, Sequence[T]] = {}
        self._checked: dict[str, T] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, item_id: str) -> T | None:
        """The item with an id, or None."""
        return self._items.get(item_id)

    def all(self) -> Collection[T]:
        """Every item, by position."""
        return self._items.values()

    def put(self, item: T) -> None:
        """Take in a new state of an item, or a new item with a position behind all others."""
        self._items[item.id] = item
        self._found.clear()

    def matching(self, query: Hashable, fits: Callable[[T], bool]) -> Sequence[T]:
        """Every item that fits, by position.

        Args:
            query: Names the question; equal ones have equal answers.
            fits: Whether an item is one of them.
        """
        found = self._found.get(query)
        if found is None:
            found = [item for item in self._items.values() if fits(item)]
            if len(self._found) >= _KEPT_QUERIES:
                del self._found[next(iter(self._found))]
            self._found[query] = found
        return found

    def by_ids(self, ids: Iterable[str], fits: Callable[[T], bool]) -> Sequence[T]:
        """Those of some items that are there and fit, by position, each once."""
        found: list[T] = []
        for item_id in set(ids):
            item = self._items.get(item_id)
            if item is not None and fits(item):
                insort(found, item, key=lambda item: item.position)
        return found

    def unchecked(self, item: T) -> bool:
        """Whether this state of an item has yet to be held against its schema."""
        return self._checked.get(item.id) is not item

    def check_off(self, item: T) -> None:
        """Take note that this state of an item keeps its schema."""
        self._checked[item.id] = item

    def snapshot(self) -> Mapping[str, T]:
        """Everything as it is now; items never change, so that this is cheap."""
        return dict(self._items)

    @classmethod
    def restored(cls, snapshot: Mapping[str, T]) -> Store[T]:
        """A store as it was."""
        return cls(snapshot.values())


def _in_order(ids: frozenset[str] | None) -> str:
    """Equal queries read alike: cursors depend on it, and equal sets need not have one order."""
    return repr(ids and sorted(ids))


@attrs.frozen
class RecordQuery:
    """What a list of records is asked for.

    Args:
        ids: Only these, or None for all.
        review_status: Only in this stage.
        source_type: Only of this source.
        gt: Changed after this.
        gte: Changed at or after this.
        lt: Changed before this.
        lte: Changed at or before this.
        bills_by_status: Whether a stage may find bills.
    """

    ids: frozenset[str] | None = attrs.field(default=None, repr=_in_order)
    review_status: str | None = None
    source_type: str | None = None
    gt: datetime | None = None
    gte: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None
    bills_by_status: bool = attrs.field(default=False, repr=False)  # no part of what the caller asks

    def fits(self, record: StoredRecord) -> bool:
        """Whether a record is one of those, its id aside."""
        if self.review_status is not None:
            if record.review_status != self.review_status:
                return False
            if record.source_type == "BILL" and not self.bills_by_status:
                return False
        at = record.updated_at
        return (
            (self.source_type is None or record.source_type == self.source_type)
            and (self.gt is None or at > self.gt)
            and (self.gte is None or at >= self.gte)
            and (self.lt is None or at < self.lt)
            and (self.lte is None or at <= self.lte)
        )


@attrs.frozen
class ExpenseQuery:
    """What a list of expenses is asked for; an empty tuple asks for nothing of its kind."""

    user_id: tuple[str, ...] = ()
    parent_expense_id: tuple[str, ...] = ()
    budget_id: tuple[str, ...] = ()
    spending_entity_id: tuple[str, ...] = ()
    expense_type: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    payment_status: tuple[str, ...] = ()
    purchased_at_start: datetime | None = None
    purchased_at_end: datetime | None = None
    updated_at_start: datetime | None = None
    updated_at_end: datetime | None = None
    payment_posted_at_start: datetime | None = None
    payment_posted_at_end: datetime | None = None

    def fits(self, expense: StoredExpense) -> bool:
        """Whether an expense is one of those."""
        return (
            _among(expense.user_id, self.user_id)
            and _among(expense.parent_expense_id, self.parent_expense_id)
            and _among(expense.budget_id, self.budget_id)
            and _among(expense.spending_entity_id, self.spending_entity_id)
            and _among(expense.expense_type, self.expense_type)
            and _among(expense.status, self.status)
            and _among(expense.payment_status, self.payment_status)
            and _between(expense.purchased_at, self.purchased_at_start, self.purchased_at_end)
            and _between(expense.updated_at, self.updated_at_start, self.updated_at_end)
            and _between(expense.payment_posted_at, self.payment_posted_at_start, self.payment_posted_at_end)
        )


def _among(value: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or value in wanted


def _between(value: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    if start is None and end is None:
        return True
    return value is not None and (start is None or value >= start) and (end is None or value <= end)


__all__ = ["ExpenseQuery", "RecordQuery", "Store"]
