"""An ERP in a file, for several processes and for those that are killed."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from brex_accounting.export.erp import LedgerEntry, Outcome, Posted, Repeats
from brex_accounting.export.posting import Posting
from tests.export.documents import TICK, Document, duplicates_in


class DurableErp:
    """A searchable ERP in a file that processes share: a repeated post makes a second document.

    Each posting is committed by itself, so a process that is killed leaves a part of a batch. The file does not survive
    a loss of power, only the death of processes.

    Args:
        path: The file; it is made where it is missing.
        lag: Seconds from the beginning of a post until a search gives what it brought.
        batch_size: The most postings in one post.
        clock: The wall clock that all processes share, in seconds.
    """

    repeats: Repeats = "searchable"

    def __init__(
        self, path: Path, *, lag: float = 0.0, batch_size: int = 50, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self.search_lag = lag
        self.batch_size = batch_size
        self.clock = clock
        with closing(self._connect()) as connection:
            connection.execute(
                "create table if not exists documents (number integer primary key autoincrement, key text not null, "
                "date text not null, debits text not null, visible real not null)"
            )
            connection.execute("create index if not exists by_key on documents (key)")

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        visible = self.clock() + self.search_lag - TICK
        outcomes: list[Outcome] = []
        with closing(self._connect()) as connection:
            for posting in postings:
                debits = json.dumps({currency: str(amount) for currency, amount in posting.debits.items()})
                connection.execute("begin immediate")
                number = connection.execute(
                    "insert into documents (key, date, debits, visible) values (?, ?, ?, ?)",
                    (posting.key, posting.date.isoformat(), debits, visible),
                ).lastrowid
                connection.execute("commit")
                outcomes.append(Posted(f"JE-{number}"))
                await asyncio.sleep(0)
        return outcomes

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        await asyncio.sleep(0)
        with closing(self._connect()) as connection:
            found = connection.execute(
                "select key, min(number) from documents where visible <= ? "
                "and key in (select value from json_each(?)) group by key",
                (self.clock(), json.dumps(list(keys))),
            ).fetchall()
        return {key: Posted(f"JE-{number}") for key, number in found}

    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        for document in self.documents:
            yield LedgerEntry(
                key=document.key, reference=document.reference, date=document.date, debits=document.debits
            )

    @property
    def documents(self) -> list[Document]:
        """Everything that ever came into the books, by any process."""
        with closing(self._connect()) as connection:
            rows = connection.execute("select number, key, date, debits, visible from documents order by number")
            return [
                Document(
                    key=key,
                    reference=f"JE-{number}",
                    debits={currency: Decimal(amount) for currency, amount in json.loads(debits).items()},
                    date=datetime.date.fromisoformat(date),
                    visible=visible,
                )
                for number, key, date, debits, visible in rows
            ]

    def duplicates(self) -> list[str]:
        """Keys that more than one document has."""
        return duplicates_in(self.documents)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        connection.execute("pragma synchronous = off")
        return connection
