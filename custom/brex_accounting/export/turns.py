"""When rows are looked at next, brought back where a clock that was ahead has put it off."""

from __future__ import annotations

import datetime
from typing import Final

from .events import logger
from .journal import Change, Entry, Journal
from .notes import CLOCK
from .states import State

_HOUR: Final = datetime.timedelta(hours=1)
_DAY: Final = datetime.timedelta(days=1)
"""Nothing but a search that lags is put off for longer."""


async def bring_back(
    journal: Journal, *, now: datetime.datetime, lease: datetime.timedelta, search_lag: datetime.timedelta
) -> None:
    """Note the time; where it was later before, see that no row waits for a day that is not to come for long.

    Args:
        journal: The account's.
        now: The instant.
        lease: For how long a claim lasts.
        search_lag: For how long the ERP may have what it does not show.
    """
    noted = await journal.note(CLOCK)
    if noted is not None and datetime.datetime.fromisoformat(noted) > now + _HOUR:
        logger.warning("the clock was ahead by more than an hour: from %s back to %s", noted, now.isoformat())
        await _bring_all_back(journal, now, lease=lease, search_lag=search_lag)
    await journal.set_note(CLOCK, now.isoformat())


async def _bring_all_back(
    journal: Journal, now: datetime.datetime, *, lease: datetime.timedelta, search_lag: datetime.timedelta
) -> None:
    after = ""
    while rows := await journal.entries(after=after, limit=1000):
        after = rows[-1].record_id
        changed = [(row, _brought_back(row, now, lease=lease, search_lag=search_lag)) for row in rows]
        await journal.write([Change(entry=new, silent=True) for row, new in changed if new != row])


def _brought_back(
    row: Entry, now: datetime.datetime, *, lease: datetime.timedelta, search_lag: datetime.timedelta
) -> Entry:
    """The row as a clock that is right would have it; a claim still has to end, and a search lag to pass, from now."""
    due, until = row.due, row.lease_until
    longest = search_lag if row.state is State.POSTING else _DAY
    if due is not None and due > now + longest:
        due = now + search_lag if row.state is State.POSTING else now
    if until is not None and until > now + max(lease, _HOUR):
        until = now + lease
    return row.changed(since=min(row.since, now), due=due, lease_until=until)


__all__ = ["bring_back"]
