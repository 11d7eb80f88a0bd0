"""A process that uses a journal until it is killed: ``python -m tests.export.journal_worker WHAT PATH``."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import os
import sys
from pathlib import Path

from brex_accounting.export.journal import Change, Entry
from brex_accounting.export.sqlite_journal import SqliteJournal
from brex_accounting.export.states import State

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
BATCH = 50


async def write(journal: SqliteJournal) -> None:
    """Write batches for ever, each of new rows and of changes to the batch before, and say so after each."""
    name = f"{os.getpid()}"
    before: list[Entry] = []
    for number in itertools.count():
        changes = [
            Change(entry=Entry(record_id=f"{name}-{number}-{place}", state=State.READY, since=START))
            for place in range(BATCH)
        ]
        changes += [Change(entry=row.moved(State.POSTING, at=START)) for row in before]
        answers = await journal.write(changes, owner=name)
        print(f"{name} {number}", flush=True)
        before = [row for row in answers[:BATCH] if row is not None]


async def claim(journal: SqliteJournal) -> None:
    """Claim until nothing is left, and say what was taken."""
    now = START + datetime.timedelta(days=1)
    until = now + datetime.timedelta(days=1)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    while rows := await journal.claim({State.READY}, owner=f"{os.getpid()}", now=now, lease_until=until, limit=7):
        print(*(row.record_id for row in rows), flush=True)


async def main(what: str, path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.open("acme")
    await {"write": write, "claim": claim}[what](journal)
    await journal.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
