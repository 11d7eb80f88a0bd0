"""The books of an ERP as one of the sides of a reconciliation: all that it lists, or what the journal names."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Any, Final, cast

from ..errors import BrexError, ErpFailed
from .erp import Erp, LedgerEntry, ListsEntries
from .guards import GuardedErp
from .journal import Entry, Journal
from .posting import is_hash
from .sides import LedgerSays, Sides

_ROWS: Final = 1000

_DIGITS: Final = 100
"""The most digits on each side of the point, as for postings; any number of such amounts has an exact sum."""

_LISTING: Final = "list the entries of the ERP"
_ADVICE: Final = "Nothing was written; see that the adapter passes ErpContract."


class ListedBooks:
    """The books, as far as the ERP shows them.

    Args:
        erp: The caller's adapter.
        account: The account label, for errors.
    """

    def __init__(self, erp: Erp, account: str | None) -> None:
        self._guarded = GuardedErp(erp, account)
        self._erp = erp
        self._account = account

    @property
    def are_listed(self) -> bool:
        """Whether the ERP lists its entries."""
        return isinstance(self._erp, ListsEntries)

    async def read(self, journal: Journal, sides: Sides) -> None:
        """Read them; without a list, only what the journal names."""
        if not isinstance(self._erp, ListsEntries):
            async for rows in walk(journal):
                found = await self._guarded.find([row.key for row in rows])
                sides.add(
                    LedgerSays(
                        record_id=row.record_id,
                        key=row.key,
                        generation=row.generation,
                        reference=found[row.key].reference,
                        content_hash=found[row.key].content_hash,
                    )
                    for row in rows
                    if row.key in found
                )
            return
        some: list[LedgerSays] = []
        async with aclosing(self._entries(self._erp)) as entries:
            async for entry in entries:
                some.append(self._said(entry, sides))
                if len(some) >= _ROWS:
                    sides.add(some)
                    some = []
                    await asyncio.sleep(0)
        sides.add(some)

    async def _entries(self, erp: ListsEntries) -> AsyncGenerator[Any]:
        try:
            async for entry in erp.list_entries():
                yield entry
        except BrexError:
            raise
        except Exception as error:
            summary = f"the adapter raised {type(error).__name__}"
            raise self._failure(summary) from error

    def _said(self, entry: Any, sides: Sides) -> LedgerSays:
        if not isinstance(entry, LedgerEntry):
            summary = f"erp.list_entries: expected LedgerEntry, got {type(entry).__name__}"
            raise self._failure(summary)
        record_id, generation = sides.owner_of(self._text(entry.key, "key"))
        return LedgerSays(
            record_id=record_id,
            key=entry.key,
            generation=generation,
            reference=self._text(entry.reference, "reference"),
            date=self._day(entry.date),
            debits=self._sums(entry.debits),
            content_hash=self._hash(entry.content_hash),
            is_edited=self._is_edited(entry.is_edited),
        )

    def _text(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or not value or value.encode(errors="ignore").decode() != value:
            summary = f"erp.list_entries: LedgerEntry.{name} is no text"
            raise self._failure(summary)
        return value

    def _day(self, value: Any) -> datetime.date:
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            summary = "erp.list_entries: LedgerEntry.date is no date"
            raise self._failure(summary)
        return value

    def _sums(self, value: Any) -> dict[str, Decimal]:
        sums: dict[Any, Any] = dict(cast("Any", value)) if isinstance(value, Mapping) else {None: None}
        for currency, amount in sums.items():
            if not isinstance(currency, str) or not isinstance(amount, Decimal) or not is_money(amount):
                summary = "erp.list_entries: LedgerEntry.debits are no exact amounts by currency"
                raise self._failure(summary)
        return sums

    def _hash(self, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            summary = "erp.list_entries: LedgerEntry.content_hash is no text"
            raise self._failure(summary)
        return value if value is not None and is_hash(value) else None

    def _is_edited(self, value: Any) -> bool | None:
        if value is not None and not isinstance(value, bool):
            summary = "erp.list_entries: LedgerEntry.is_edited is neither True, False nor None"
            raise self._failure(summary)
        return value

    def _failure(self, summary: str) -> ErpFailed:
        return ErpFailed(summary, operation=_LISTING, account=self._account, advice=_ADVICE)


async def walk(journal: Journal) -> AsyncGenerator[Sequence[Entry]]:
    """All rows of a journal, by record id, some at a time.

    Args:
        journal: The journal.
    """
    after = ""
    while rows := await journal.entries(after=after, limit=_ROWS):
        yield rows
        after = rows[-1].record_id


def is_money(amount: Decimal) -> bool:
    """Whether any number of such amounts can be added exactly.

    Args:
        amount: The amount.
    """
    return amount.is_finite() and amount.adjusted() < _DIGITS and int(amount.as_tuple().exponent) >= -_DIGITS


__all__ = ["ListedBooks", "is_money", "walk"]
