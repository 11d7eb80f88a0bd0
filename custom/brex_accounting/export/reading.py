"""Reading what Brex has: every list to its end, page by page, and what each page calls for.

Nothing of a page is kept: what is in the journal is read again by its id when its turn comes.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

from brex_accounting_client.models import AccountingRecordPage, ReviewStatus

from ..errors import ErpFailed, PagingError
from .amending import amend
from .journal import Change, Entry
from .lists import Lists, is_askable, sorted_out
from .notes import POLICY, WATERMARK
from .posting_round import post
from .run import Run, growing
from .states import State
from .verdicts import AGAIN, KEPT, Amend, Leave, LookUp, Post, Put, ReadBack, Verdict, as_booked, times_told, was_missed
from .waiting import unless

OVERLAP: Final = datetime.timedelta(minutes=10)
"""What was changed so shortly before the latest change may not have been visible yet when it was read."""

_CHUNK: Final = 500
_DAY: Final = datetime.timedelta(days=1)
_EARLIEST: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)

CHANGES: Final = "changes"
READY: Final = "ready for export"
BOOKS: Final = "books"


async def read_changes(run: Run, since: datetime.datetime | None) -> int:
    """Read every record that has changed, of all sources, and do what it calls for.

    The watermark moves when the list has been read to its end, and to what Brex says, never to this machine's clock.

    Args:
        run: The run.
        since: The watermark; None for all records.

    Returns:
        How many records have come further.
    """
    latest = since
    done = 0
    async for page in _pages(run, CHANGES, updated_at_gte=since):
        done += await handle_page(run, page)
        # A moment that lies in the future is a mistake, by hours where a time zone is wrong, and would hide every
        # change until then. Where it is this machine's clock that is behind, more is read again, and nothing missed.
        latest_believed = run.now() + OVERLAP
        for moment in (record.updated_at for record in page.items):
            if _EARLIEST < moment <= latest_believed and (latest is None or moment > latest):
                latest = moment
    if run.tally.unread.keys().isdisjoint({CHANGES, BOOKS}) and not (run.is_stopping or run.erp_is_down):
        reached = None if latest is None else latest - OVERLAP
        if reached is not None and (since is None or reached > since):
            await run.journal.set_note(WATERMARK, reached.isoformat())
        await run.journal.set_note(POLICY, run.policy.fingerprint)
    return done


async def read_ready(run: Run) -> int:
    """Read every record that is ready for export, and do what it calls for.

    Args:
        run: The run.

    Returns:
        How many records have come further.
    """
    done = 0
    async for page in _pages(run, READY, review_status=ReviewStatus.READY_FOR_EXPORT):
        done += await handle_page(run, page)
    return done


async def read_announced(run: Run) -> int:
    """Read the records that webhooks named, and do what they call for.

    Args:
        run: The run.

    Returns:
        How many records have come further.
    """
    done = 0
    run.busy.clear()
    while not (run.is_stopping or run.erp_is_down):
        ids = await run.journal.announced(_CHUNK + len(run.busy))
        new = [id_ for id_ in ids if id_ not in run.busy]
        if not new:
            break
        done += (await read_by_id(run, [id_ for id_ in new if is_askable(id_)]))[0]
        if not (run.is_stopping or run.erp_is_down):
            # One that Brex does not know is another account's, or not there yet: the lists will show it.
            await run.journal.announced_done([id_ for id_ in new if id_ not in run.busy])
    return done


async def read_left(run: Run, looked_at: set[str]) -> int:
    """Read again what the journal has and no list may show any more, where it is due.

    Args:
        run: The run.
        looked_at: What was read so in this run already.

    Returns:
        How many records have come further.
    """
    done, after = 0, ""
    states = (State.READY, State.REJECTED, State.REFUSED, State.WAITING, State.AMENDING)
    while not (run.is_stopping or run.erp_is_down):
        rows = await run.journal.entries(states, after=after, limit=1000)
        if not rows:
            break
        after = rows[-1].record_id
        due = {row.record_id: row for row in rows if row.record_id not in looked_at and _is_due(run, row)}
        looked_at |= due.keys()
        ids = [*due]
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            came_further, shown = await read_by_id(run, chunk)
            done += came_further
            if run.is_stopping:  # not all of them may have been read
                return done
            await _rest(run, [due[id_] for id_ in chunk if id_ not in shown])
    return done


def _is_due(run: Run, row: Entry) -> bool:
    now = run.now()
    if row.owner is not None and row.lease_until is not None and now < row.lease_until:
        return False
    if row.state is State.WAITING:
        return row.posting_date is None or not run.policy.is_closed(row.posting_date) or run.policy.closed != "wait"
    if row.state is State.REJECTED:
        return row.record_id not in run.messages
    if row.state is State.REFUSED and row.mapping_version != run.erp.mapping_version:
        return True
    return row.due is None or row.due <= now


async def _rest(run: Run, missing: Sequence[Entry]) -> None:
    """What Brex does not show any more needs a person, unless somebody else is at it."""
    rows = await run.journal.load([row.record_id for row in missing])
    for row in missing:
        now_there = rows.get(row.record_id)
        if now_there is not None and now_there.revision == row.revision:
            await run.write(run.gone(row))


async def read_by_id(run: Run, ids: Sequence[str]) -> tuple[int, frozenset[str]]:
    """Read records by their ids, and do what they call for.

    Args:
        run: The run.
        ids: The records.

    Returns:
        How many have come further, and which of them Brex shows; where the run has to end, not all may have been read.
    """
    done = 0
    shown: set[str] = set()
    try:
        async with run.brex.records.pages(ids=ids, on_bad_record="collect") as stream:
            while (page := await unless(run.stopping, anext(stream, None))) is not None:
                done += await handle_page(run, page)
                shown |= {record.id for record in page.items} | {bad.id for bad in page.bad_records if bad.id}
    except PagingError:
        if not shown.issuperset(ids):  # otherwise nothing is missing, whatever is said of a next page
            raise
    if not (run.is_stopping or run.erp_is_down):
        await _postpone(run, [id_ for id_ in ids if id_ in shown])
    return done, frozenset(shown)


async def _postpone(run: Run, ids: Sequence[str]) -> None:
    """What was due and calls for nothing now is not due again at once."""
    now = run.now()
    resting = (State.READY, State.REFUSED, State.AMENDING)
    rows = [
        row
        for row in (await run.journal.load(ids)).values()
        if row.state in resting and row.owner is None and (row.due is None or row.due <= now)
    ]
    rests = ((row, growing(row.attempts) if row.attempts else _DAY) for row in rows)
    await run.write(*(Change(entry=row.changed(due=now + rest), silent=True) for row, rest in rests))


async def _pages(run: Run, name: str, **filters: Any) -> AsyncGenerator[AccountingRecordPage]:
    """The pages of a list, until the run has to end; where it cannot be read to its end, the tally says why."""

    def on_page(page: AccountingRecordPage) -> None:
        run.expected = page.total_count

    lists = Lists(run.brex, on_page, page_size=run.page_size, unread=run.tally.unread)
    async with aclosing(lists.pages(name, **filters)) as pages:
        # What is being read is no batch in hand: Brex may be down, and be asked again for minutes.
        while (page := await unless(run.stopping, anext(pages, None))) is not None:
            yield page
            if run.is_stopping or run.erp_is_down:
                return


# ---- one page -------------------------------------------------------------------------------------------------------


async def handle_page(run: Run, page: AccountingRecordPage) -> int:
    """Do what the records of a page call for.

    Args:
        run: The run.
        page: The page.

    Returns:
        How many records have come further.
    """
    run.tally.counts["seen"] += len(page.items)
    run.progress("reading")
    records, bad = sorted_out(page)
    entries = await run.journal.load([*records, *bad])
    judge, now = run.judge, run.now()
    verdicts: list[Verdict] = []
    missed: list[str] = []
    for id_, record in records.items():
        entry = entries.get(id_)
        verdict = judge.decide(record, entry, now=now)
        if isinstance(verdict, Leave):
            if entry is not None and was_missed(record, entry):
                missed.append(id_)
        else:
            verdicts.append(verdict)
    verdicts += (judge.unreadable(id_, why, entries.get(id_), now=now) for id_, why in bad.items())
    await run.look_again(missed)
    return await _act(run, verdicts)


async def _act(run: Run, verdicts: Sequence[Verdict]) -> int:
    puts: list[Put] = []
    posts: list[Post] = []
    amends: list[Amend] = []
    again: list[ReadBack] = []
    lookups: list[LookUp] = []
    for verdict in verdicts:
        match verdict:
            case Put():
                puts.append(verdict)
            case Post():
                posts.append(verdict)
            case Amend():
                amends.append(verdict)
            case ReadBack():
                again.append(verdict)
            case LookUp():
                lookups.append(verdict)
            case Leave():
                pass
    done = await _put(run, puts)
    done += await _look_up(run, lookups)
    done += await post(run, posts)
    done += await amend(run, amends)
    return done + await _reopen(run, again)


async def _put(run: Run, puts: Sequence[Put]) -> int:
    for put in puts:
        if put.rejected is not None:
            run.reject(put.entry, put.rejected.message)
    written = await run.write(*(Change(entry=put.entry) for put in puts))
    await run.outrun([(put.entry, _seen(put.entry)) for put in puts], written)
    return len(written)


def _seen(entry: Entry) -> str | None:
    """The hash of what a row is about; None where something else than the content is wrong with the record."""
    if entry.seen_hash is None and entry.state is State.NEEDS_PERSON:
        return None
    return entry.seen_hash or entry.content_hash


async def _look_up(run: Run, lookups: Sequence[LookUp]) -> int:
    """What Brex shows as exported and the books hold, comes into a new journal."""
    if not lookups or run.erp_is_down:
        return 0
    try:
        found = await run.erp.find([lookup.entry.key for lookup in lookups])
    except ErpFailed as error:
        run.erp_failed(error)
        run.tally.unread[BOOKS] = type(error).__name__
        return 0
    run.tally.counts["found"] += len(found)
    changes: list[Change] = []
    others: list[str] = []
    for shown in (lookup.entry for lookup in lookups if lookup.entry.key in found):
        row = as_booked(shown, found[shown.key])
        reference = found[shown.key].reference
        changes.append(Change(entry=row.changed(reference=reference, reason="found in the books")))
        if row is not shown:  # it has changed since it was posted
            others.append(row.record_id)
    return len(await run.write_booked(changes, others))


async def _reopen(run: Run, again: Sequence[ReadBack]) -> int:
    """What Brex wants once more is told the old reference, if it still shows it so when it is asked anew."""
    if not again:
        return 0
    shown, _ = await run.fresh([verdict.entry.record_id for verdict in again])
    now = run.now()
    rows = [
        _wanted_again(verdict.entry, now)
        for verdict in again
        if verdict.entry.record_id in shown
        and shown[verdict.entry.record_id].review_status is ReviewStatus.READY_FOR_EXPORT
    ]
    return len(await run.write(*(Change(entry=row) for row in rows)))


def _wanted_again(entry: Entry, now: datetime.datetime) -> Entry:
    """The row of a record that Brex wants to be told of once more; how often it did is counted."""
    times = times_told(entry)
    reason = KEPT if entry.reason == KEPT else AGAIN
    return entry.moved(State.POSTED, at=now, attempts=times + 1, reason=reason, due=now)


__all__ = [
    "BOOKS",
    "CHANGES",
    "READY",
    "handle_page",
    "read_announced",
    "read_by_id",
    "read_changes",
    "read_left",
    "read_ready",
]
