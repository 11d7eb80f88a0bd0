"""What Brex, the journal and the books say of each record, side by side in a temporary database on disk."""

from __future__ import annotations

import datetime
import heapq
import json
import re
import sqlite3
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from attrs import field, frozen

from ..errors import ExportError
from .states import State

_KEY: Final = re.compile(r"(.+)~([2-9]|[1-9][0-9]+)", re.DOTALL)
"""The key of a record that was posted once more; see ``Entry.key``."""

_ADVICE: Final = "See that the temporary folder has room and may be written to, or pass another one as folder."

_SCHEMA: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE brex (id TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE journal (id TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE ledger (
        id TEXT NOT NULL, number INTEGER NOT NULL, said TEXT NOT NULL, PRIMARY KEY (id, number)
    ) WITHOUT ROWID;
"""
_TABLES: Final = ("brex", "journal", "ledger")


@frozen(kw_only=True)
class BrexSays:
    """What Brex shows of a record.

    Attributes:
        record_id: The record.
        review_status: Its stage; None where the record cannot be read, and then nothing else is known either.
        record_type: Its type.
        date: The day that Brex wants it posted under.
        content_hash: Of what a ledger sees of it.
        amount: Its amount, with its sign.
        currency: The amount's currency.
        debits: The exact sum of its debit lines in each currency.
    """

    record_id: str
    review_status: str | None = None
    record_type: str | None = None
    date: datetime.date | None = None
    content_hash: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    debits: Mapping[str, Decimal] = field(factory=dict[str, Decimal])


@frozen(kw_only=True)
class JournalSays:
    """What the journal says of a record.

    Attributes:
        record_id: The record.
        state: Where it stands.
        generation: Raised when a person wants it posted once more.
        is_in_the_books: Whether the journal knows of an entry in the books.
        is_parked: Whether the report waits until Brex takes it.
        reference: The entry's id in the ERP.
        content_hash: Of the content that is in the books, or was last tried.
        amount: The record's amount, with its sign.
        currency: The amount's currency.
        date: The day that it was posted under.
    """

    record_id: str
    state: State
    generation: int
    is_in_the_books: bool
    is_parked: bool = False
    reference: str | None = None
    content_hash: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    date: datetime.date | None = None


@frozen(kw_only=True)
class LedgerSays:
    """An entry as the books hold it.

    Attributes:
        record_id: The record that its key stands for.
        key: The key.
        generation: Which posting of the record it is.
        reference: Its id in the ERP.
        date: The day that it is posted under; None where the ERP does not list its entries.
        debits: The sum of its debit lines in each currency; None where the ERP does not list its entries.
        content_hash: Of what it was posted from; None where the ERP does not keep it.
        is_edited: Whether its lines are other than those that were posted; None where the ERP cannot tell.
    """

    record_id: str
    key: str
    generation: int
    reference: str
    date: datetime.date | None = None
    debits: Mapping[str, Decimal] | None = None
    content_hash: str | None = None
    is_edited: bool | None = None


Said: TypeAlias = BrexSays | JournalSays | LedgerSays


@frozen
class Group:
    """What the three sides say of one record.

    Attributes:
        record_id: The record.
        brex: What Brex shows.
        journal: What the journal says.
        ledger: Every entry of it in the books, in the ERP's order.
    """

    record_id: str
    brex: BrexSays | None
    journal: JournalSays | None
    ledger: tuple[LedgerSays, ...]


class Sides:
    """The three sides, joined by record id; the memory that it takes does not grow with them.

    Args:
        folder: Where the database is; None for the usual place of temporary files.
        account: The account label, for errors.
    """

    _connection: sqlite3.Connection

    def __init__(self, folder: str | Path | None, account: str | None) -> None:
        self._folder = folder
        self._account = account
        self._entries = 0

    def __enter__(self) -> Self:
        """Make the database.

        Raises:
            ExportError: It cannot be made.
        """
        with self._guarded():
            self._temporary = tempfile.TemporaryDirectory(prefix="brex-reconciliation-", dir=self._folder)
            try:
                self._connection = sqlite3.connect(Path(self._temporary.name) / "sides.db", isolation_level=None)
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._temporary.cleanup()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._temporary.cleanup()

    def add(self, said: Iterable[Said]) -> None:
        """Add what one side says; of a record that Brex or the journal names twice, the last word counts.

        Args:
            said: What it says.

        Raises:
            ExportError: It cannot be written.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
        for one in said:
            match one:
                case BrexSays():
                    rows["brex"].append((one.record_id, _written(one)))
                case JournalSays():
                    rows["journal"].append((one.record_id, _written(one)))
                case LedgerSays():
                    self._entries += 1
                    rows["ledger"].append((one.record_id, self._entries, _written(one)))
        with self._guarded():
            self._connection.execute("BEGIN")
            for table, values in rows.items():
                if values:
                    marks = ", ".join("?" * len(values[0]))
                    self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608
            self._connection.execute("COMMIT")

    def owner_of(self, key: str) -> tuple[str, int]:
        """The record and the generation that a key of the ledger stands for.

        Args:
            key: The key.

        Raises:
            ExportError: The database cannot be read.
        """
        matched = _KEY.fullmatch(key)
        if matched is None or self._knows(key):
            return key, 1
        return matched[1], int(matched[2])

    def _knows(self, record_id: str) -> bool:
        with self._guarded():
            found = self._connection.execute(
                "SELECT 1 FROM brex WHERE id = :id UNION ALL SELECT 1 FROM journal WHERE id = :id", {"id": record_id}
            ).fetchone()
        return found is not None

    def groups(self) -> Generator[Group]:
        """What the sides say of each record, by record id.

        Raises:
            ExportError: The database cannot be read.
        """
        with self._guarded():
            # The order of SQLite, by the bytes of UTF-8, is that of Python, by code points.
            merged = heapq.merge(*map(self._rows, range(len(_TABLES))))
            for record_id, rows in groupby(merged, key=lambda row: row[0]):
                yield _group(record_id, [(side, text) for _, side, _, text in rows])

    def _rows(self, side: int) -> Iterator[tuple[str, int, int, str]]:
        order = "id, number" if _TABLES[side] == "ledger" else "id"
        number = "number" if _TABLES[side] == "ledger" else "0"
        statement = f"SELECT id, {number}, said FROM {_TABLES[side]} ORDER BY {order}"  # noqa: S608 - constants
        with closing(self._connection.execute(statement)) as cursor:
            for record_id, place, text in cursor:
                yield record_id, side, place, text

    @contextmanager
    def _guarded(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            summary = f"the temporary database failed ({type(error).__name__})"
            raise ExportError(summary, operation="reconcile", account=self._account, advice=_ADVICE) from error


# ---- as text --------------------------------------------------------------------------------------------------------


def _group(record_id: str, rows: list[tuple[int, str]]) -> Group:
    brex: BrexSays | None = None
    journal: JournalSays | None = None
    ledger: list[LedgerSays] = []
    for side, text in rows:
        said = json.loads(text)
        match _TABLES[side]:
            case "brex":
                brex = _brex(record_id, *said)
            case "journal":
                journal = _journal(record_id, *said)
            case _:
                ledger.append(_ledger(record_id, *said))
    return Group(record_id, brex, journal, tuple(ledger))


def _written(said: Said) -> str:
    """All but the record's id, as JSON; amounts are text, which keeps every digit."""
    match said:
        case BrexSays():
            facts: list[Any] = [said.review_status, said.record_type, _day(said.date), said.content_hash]
            facts += [_digits(said.amount), said.currency, _sums(said.debits)]
        case JournalSays():
            facts = [said.state.value, said.generation, said.is_in_the_books, said.is_parked]
            facts += [said.reference, said.content_hash, _digits(said.amount), said.currency, _day(said.date)]
        case LedgerSays():
            facts = [said.key, said.generation, said.reference, _day(said.date)]
            facts += [None if said.debits is None else _sums(said.debits), said.content_hash, said.is_edited]
    return json.dumps(facts)


def _day(date: datetime.date | None) -> str | None:
    return None if date is None else date.isoformat()


def _digits(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _sums(debits: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(amount) for currency, amount in debits.items()}


def _read_day(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def _read_digits(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _read_sums(sums: Mapping[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(text) for currency, text in sums.items()}


def _brex(record_id: str, *said: Any) -> BrexSays:
    stage, kind, date, content_hash, amount, currency, debits = said
    return BrexSays(
        record_id=record_id,
        review_status=stage,
        record_type=kind,
        date=_read_day(date),
        content_hash=content_hash,
        amount=_read_digits(amount),
        currency=currency,
        debits=_read_sums(debits),
    )


def _journal(record_id: str, *said: Any) -> JournalSays:
    state, generation, is_in_the_books, parked, reference, content_hash, amount, currency, date = said
    return JournalSays(
        record_id=record_id,
        state=State(state),
        generation=generation,
        is_in_the_books=is_in_the_books,
        is_parked=parked,
        reference=reference,
        content_hash=content_hash,
        amount=_read_digits(amount),
        currency=currency,
        date=_read_day(date),
    )


def _ledger(record_id: str, *said: Any) -> LedgerSays:
    key, generation, reference, date, debits, content_hash, is_edited = said
    return LedgerSays(
        record_id=record_id,
        key=key,
        generation=generation,
        reference=reference,
        date=_read_day(date),
        debits=None if debits is None else _read_sums(debits),
        content_hash=content_hash,
        is_edited=is_edited,
    )


__all__ = ["BrexSays", "Group", "JournalSays", "LedgerSays", "Said", "Sides"]
