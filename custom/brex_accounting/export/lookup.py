"""Finding out what became of posts that were broken off, and of entries that the ERP was to post later."""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Mapping, Sequence, Set
from typing import Final

from ..errors import ErpFailed
from .erp import Posted
from .journal import Change, Entry
from .posting_round import in_the_books
from .run import Run, growing
from .states import State
from .verdicts import POISON, UNASKED

_ROWS: Final = 500
_IN_A_ROW: Final = 3
"""After so many failures in a row the ERP is down, and not at odds with a key."""
_PATIENCE: Final = 10
"""After so many attempts in vain a person is told of a record that the ERP cannot be asked about."""
_LONG_PENDING: Final = datetime.timedelta(days=7)


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
    async with run.keeping(rows):
        found, unasked = await _ask(run, rows)
    now = run.now()
    changes: list[Change] = []
    others: list[str] = []
    for row in rows:
        if row.key in unasked:
            changes.append(_unasked(run, row, is_alone=len(unasked) < len(rows) or len(rows) == 1))
        elif row.key in found:
            run.doubts.pop(row.record_id, None)
            run.keep_link(row.record_id, found[row.key].deep_link)
            entry = in_the_books(row, found[row.key], now, owes_receipts=run.erp.attaches)
            changes.append(Change(entry=entry))
            if entry.content_hash != row.content_hash:  # an earlier attempt was late
                others.append(row.record_id)
        elif row.state is State.PENDING:
            if now - row.since > _LONG_PENDING:
                run.tally.person(row.record_id, f"pending at the ERP since {row.since.date()}")
            changes.append(_later(row.changed(attempts=row.attempts + 1), now + growing(row.attempts + 1)))
        else:
            changes.append(_missing(run, row, now))
    written = await run.write_booked(changes, others)
    posted = sum(row.state is State.POSTED for row in written)
    run.tally.counts["posted"] += posted
    run.tally.counts["found"] += posted
    return sum(not change.silent for change in changes)


async def _ask(run: Run, rows: Sequence[Entry]) -> tuple[Mapping[str, Posted], Set[str]]:
    """What the books hold, and the keys that the ERP cannot be asked about.

    Where it fails, it is asked in halves: one key that an adapter cannot cope with must not hide all others.
    """
    found: dict[str, Posted] = {}
    unasked: set[str] = set()
    keys, size = [row.key for row in rows], run.erp.batch_size
    parts = deque(keys[start : start + size] for start in range(0, len(keys), size))
    failures = 0
    while parts:
        part = parts.popleft()
        try:
            found |= await run.erp.find(part)
        except ErpFailed as error:
            failures += 1
            if failures >= _IN_A_ROW or (failures == 1 == len(keys)):
                run.erp_failed(error)
                unasked.update(part, *parts)
                break
            if len(part) == 1:
                unasked.update(part)
            else:
                parts += [part[: len(part) // 2], part[len(part) // 2 :]]
        else:
            failures = 0
    return found, unasked


def _unasked(run: Run, row: Entry, *, is_alone: bool) -> Change:
    """What is written of a row that the ERP cannot be asked about: its own fault, as far as is known, or the ERP's."""
    due = _next_look(run, row)
    if not is_alone:
        return _later(row, due)
    attempts = row.attempts + 1
    if attempts >= _PATIENCE:
        run.tally.person(row.record_id, UNASKED)
    return _later(row.changed(attempts=attempts), max(due, run.now() + growing(attempts)))


def _missing(run: Run, row: Entry, now: datetime.datetime) -> Change:
    """What is written of a post that the ERP does not show.

    That it does not show is believed after the search lag only, which is counted here from when this worker first knew
    of the doubt, in seconds that no clock that is set can skip: whoever had begun it may have died this instant. An ERP
    that knows a key again may be asked at once.

    Where another worker has waited before, its due date stands for that lag: workers that each look once, and are gone
    before the lag has passed, would never believe it.
    """
    if not run.erp.is_idempotent:
        elapsed = run.clock.monotonic()
        if row.due is None:  # broken off just now, whatever is known of an earlier attempt
            run.doubts[row.record_id] = elapsed
        since = run.doubts.get(row.record_id)
        left = 0.0 if since is None else since + run.erp.search_lag - elapsed
        if left > 0:
            return _later(row, now + datetime.timedelta(seconds=left))
    run.doubts.pop(row.record_id, None)
    if row.reason == POISON:
        return Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=POISON, attempts=row.attempts))
    return Change(entry=row.moved(State.READY, at=now, attempts=row.attempts, due=now))


def _next_look(run: Run, row: Entry) -> datetime.datetime:
    """When a row is looked at again that the ERP could not be asked about; a due date says that the lag has passed."""
    wanted = run.now() + growing(1)
    if row.state is State.POSTING and row.due is None and not run.erp.is_idempotent:
        run.doubts[row.record_id] = run.clock.monotonic()
        return max(wanted, run.now() + datetime.timedelta(seconds=run.erp.search_lag))
    return wanted


def _later(row: Entry, due: datetime.datetime) -> Change:
    return Change(entry=row.changed(due=due, owner=None, lease_until=None), silent=True)


__all__ = ["settle"]
