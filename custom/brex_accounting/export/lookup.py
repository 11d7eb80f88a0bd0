"""Finding out what became of posts that were broken off, and of entries that the ERP was to post later."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from ..errors import ErpFailed
from .journal import Change, Entry
from .posting_round import in_the_books
from .run import Run, growing
from .states import State

_ROWS: Final = 500


async def settle(run: Run) -> int:
    """Ask the ERP about every record that is posted or not.

    Args:
        run: The run.

    Returns:
        How many records have come further.
    """
    done = 0
    while not (run.is_stopping or run.erp_is_down):
        rows = await run.claim(State.POSTING, State.PENDING, limit=_ROWS)
        if not rows:
            break
        done += await _look_up(run, rows)
    return done


async def _look_up(run: Run, rows: Sequence[Entry]) -> int:
    try:
        async with run.keeping(rows):
            found = await run.erp.find([row.key for row in rows])
    except ErpFailed as error:
        run.erp_failed(error)
        due = run.now() + growing(1)
        await run.write(*(_later(row, due) for row in rows))
        return 0
    now = run.now()
    changes: list[Change] = []
    for row in rows:
        if row.key in found:
            run.keep_link(row.record_id, found[row.key].deep_link)
            entry = in_the_books(row, found[row.key].reference, now, owes_receipts=run.erp.attaches)
            changes.append(Change(entry=entry))
        elif row.state is State.PENDING:
            changes.append(_later(row.changed(attempts=row.attempts + 1), now + growing(row.attempts + 1)))
        else:
            changes.append(_missing(run, row, now))
    written = await run.write(*changes)
    posted = sum(row.state is State.POSTED for row in written)
    run.tally.counts["posted"] += posted
    run.tally.counts["found"] += posted
    return sum(not change.silent for change in changes)


def _missing(run: Run, row: Entry, now: datetime.datetime) -> Change:
    """What is written of a post that the ERP does not show.

    A row without a due date was left by a worker that died, perhaps this instant: the ERP may still be at it. That it
    does not show is believed after the search lag only; an ERP that knows a key again may be asked at once.
    """
    lag = datetime.timedelta(seconds=run.erp.search_lag)
    if row.due is None and lag and not run.erp.is_idempotent:
        return _later(row, now + lag)
    return Change(entry=row.moved(State.READY, at=now, attempts=row.attempts, due=now))


def _later(row: Entry, due: datetime.datetime) -> Change:
    return Change(entry=row.changed(due=due, owner=None, lease_until=None), silent=True)


__all__ = ["settle"]
