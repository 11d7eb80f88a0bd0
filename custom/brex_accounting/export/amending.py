"""Bringing entries that are in the books to what their records say now."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from ..errors import ErpFailed
from .erp import Posted
from .events import logger
from .journal import Change, Entry
from .run import REPORT_DELAY, Run, growing
from .states import State
from .verdicts import AMEND_FAILED, AMENDED, CHANGED, Amend, is_half_amended

_IN_A_ROW: Final = 3
"""After so many failures in a row the others are left to the next run: postings need the ERP more."""

_PATIENCE: Final = 5
"""After so many failures with one entry a person has to look what the books hold."""


async def amend(run: Run, wanted: Sequence[Amend]) -> int:
    """Amend entries, one after the other.

    Args:
        run: The run.
        wanted: What to amend.

    Returns:
        How many have come further.
    """
    done = failures = 0
    for place, item in enumerate(wanted):
        if run.is_stopping or run.erp_is_down or failures >= _IN_A_ROW:
            await _leave(run, [left.entry for left in wanted[place:]])
            break
        came_further = await _amend(run, item)
        failures = 0 if came_further else failures + 1
        done += came_further
    return done


async def _leave(run: Run, rows: Sequence[Entry]) -> None:
    """Leave entries to a later step or run; Brex is not told before that what they hold is what it shows."""
    later = run.now() + REPORT_DELAY
    waiting = (row.changed(due=later) for row in rows if row.state is State.POSTED)
    await run.write(*(Change(entry=row, silent=True) for row in waiting))
    await run.look_again([row.record_id for row in rows])


async def _amend(run: Run, item: Amend) -> bool:
    posting, now = item.posting, run.now()
    begun = item.entry.moved(
        State.AMENDING,
        at=now,
        seen_hash=posting.content_hash,
        attempts=item.entry.attempts + 1,
        **run.claimed(),
    )
    rows = await run.write(Change(entry=begun))
    if not rows:  # somebody else is at it, perhaps with other content
        await run.outrun([(begun, posting.content_hash)], rows)
        return True
    row = rows[0]
    try:
        async with run.keeping(rows):
            outcome = await run.erp.amend(
                evolve(posting, fence=row.revision, attempt=row.attempts), Posted(row.reference or "")
            )
    except ErpFailed as error:
        logger.warning("account %s: %s is not amended yet: %s", run.brex.account, row.record_id, error)
        now = run.now()
        if row.attempts >= _PATIENCE:
            version = run.erp.mapping_version
            entry = row.moved(State.NEEDS_PERSON, at=now, reason=AMEND_FAILED, attempts=0, mapping_version=version)
            await run.write(Change(entry=entry))
        else:
            later = row.changed(due=now + growing(row.attempts), owner=None, lease_until=None)
            await run.write(Change(entry=later, silent=True))
        return False
    run.erp_worked()
    now = run.now()
    if not isinstance(outcome, Posted):
        reason = f"{CHANGED}, and not amended: {outcome.code}"
        if is_half_amended(item.entry):  # an earlier attempt may have changed something
            reason = f"{AMEND_FAILED}: {reason}"
        version = run.erp.mapping_version
        entry = row.moved(State.NEEDS_PERSON, at=now, reason=reason, attempts=0, mapping_version=version)
        await run.write(Change(entry=entry))
        return True
    run.keep_link(row.record_id, outcome.deep_link)
    await run.write(Change(entry=_amended(item, row, outcome, now)))
    run.tally.counts["amended"] += 1
    return True


def _amended(item: Amend, row: Entry, outcome: Posted, now: datetime.datetime) -> Entry:
    record = item.posting.record
    entry = row.moved(
        State.EXPORTED if item.told else State.POSTED,
        at=now,
        content_hash=item.posting.content_hash,
        seen_hash=None,
        reference=outcome.reference,
        amount=record.amount.amount,
        currency=record.amount.currency,
        posting_date=item.posting.date,
        attempts=0,
        reason=AMENDED,
    )
    return entry.changed(due=now if entry.receipts_owed or not item.told else None)


__all__ = ["amend"]
