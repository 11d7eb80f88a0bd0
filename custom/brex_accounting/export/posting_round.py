"""Putting records into the books: durable before the ERP is called, and never twice.

``posting`` is in the journal before the ERP is asked. Where the ERP raises, nobody knows what has happened, and the
rows stay there until ``lookup`` has asked it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve

from ..errors import ErpFailed
from .erp import Outcome, Pending, Posted, Rejected
from .journal import Change, Entry
from .posting import Posting
from .run import Run, growing
from .states import State
from .verdicts import POISON, Post, as_booked

_TRIES: Final = 3
"""How often a record is tried in one run."""

_PATIENCE: Final = 10
"""After so many attempts a record that the ERP fails on, while it takes others, needs a person."""

_SINGLE: Final = 4
"""After so many failures a record is posted alone."""

_IN_VAIN: Final = 10
"""After so many failures with what had failed before, and nothing that the ERP took, the rest of it is left alone."""

PENDING_DELAY = datetime.timedelta(seconds=60)


async def post(run: Run, wanted: Sequence[Post]) -> int:
    """Post records, in batches as large as the ERP takes.

    Args:
        run: The run.
        wanted: What to post.

    Returns:
        How many records have come further.
    """
    done = 0
    found = await _found(run, wanted)
    for some in _batches(run, [item for item in wanted if item.entry.record_id not in found]):
        if run.is_stopping or run.erp_is_down:
            break
        batch = _Batch(run, some)
        if batch.is_new or run.in_vain < _IN_VAIN:
            done += await batch.post()
            run.progress("posting")
    return done


async def _found(run: Run, wanted: Sequence[Post]) -> frozenset[str]:
    """Settle records that changed after an attempt whose entry came into the books all the same: as what was tried.

    They are then amended like every record that changed after it was posted. That is found out before it is written
    down what is to be posted now: from then on nobody could tell which content the books hold.

    Args:
        run: The run.
        wanted: What to post.

    Returns:
        The records that are not to be posted now.
    """
    settled: set[str] = set()
    for item in wanted:
        if run.is_stopping or run.erp_is_down:
            break
        tried = item.tried
        if tried is None:
            continue
        settled.add(tried.record_id)
        try:
            found = await run.erp.find([tried.key])
        except ErpFailed as error:
            run.erp_failed(error)
            continue
        if tried.key not in found:
            settled.discard(tried.record_id)
            continue
        owes = run.erp.attaches and bool(item.posting.record.receipts)
        is_shown = found[tried.key].content_hash == item.posting.content_hash
        row = in_the_books(item.entry if is_shown else tried, found[tried.key], run.now(), owes_receipts=owes)
        run.tally.counts["found"] += 1
        run.tally.counts["posted"] += len(await run.write_booked([Change(entry=row)], [tried.record_id]))
    return frozenset(settled)


def _batches(run: Run, wanted: Sequence[Post]) -> Iterator[Sequence[Post]]:
    """What is posted together: what the ERP has failed with before comes last, and in ever smaller company.

    One record that an adapter cannot cope with must not keep others out of the books.
    """
    by_attempts: dict[int, list[Post]] = {}
    for item in wanted:
        if run.tries[item.entry.record_id] < _TRIES:
            failed = item.entry.attempts if item.entry.state is State.READY else 0
            by_attempts.setdefault(min(failed, _SINGLE), []).append(item)
    for attempts in sorted(by_attempts):
        size = 1 if attempts == _SINGLE else max(1, run.erp.batch_size >> attempts)
        some = sorted(by_attempts[attempts], key=lambda item: item.entry.attempts)
        for start in range(0, len(some), size):
            yield some[start : start + size]


class _Batch:
    """One batch.

    Args:
        run: The run.
        wanted: What to post.

    Attributes:
        is_new: Whether the ERP has not failed with all of it before.
    """

    def __init__(self, run: Run, wanted: Sequence[Post]) -> None:
        self._run = run
        self._wanted = {item.entry.record_id: item for item in wanted}
        self.is_new = any(item.entry.state is not State.READY or not item.entry.attempts for item in wanted)

    async def post(self) -> int:
        """Post it; how many records have come further."""
        begun = await self._begin()
        if not begun:
            return 0
        try:
            async with self._run.keeping(begun):
                outcomes = await self._outcomes(begun)
        except ErpFailed as error:
            await self._leave(begun, error)
            return 0
        self._run.erp_worked()
        has_receipts = frozenset(id_ for id_, item in self._wanted.items() if item.posting.record.receipts)
        await _record_outcomes(self._run, begun, outcomes, has_receipts)
        return len(begun)

    async def _begin(self) -> list[Entry]:
        """Write down what is about to happen; whoever was faster has it."""
        run, now = self._run, self._run.now()
        claimed = run.claimed()
        rows = [
            item.entry.moved(
                State.POSTING,
                at=now,
                attempts=item.entry.attempts + 1,
                posting_date=item.posting.date,
                **claimed,
            )
            for item in self._wanted.values()
        ]
        begun = await run.write(*(Change(entry=row) for row in rows))
        await run.outrun([(row, row.content_hash) for row in rows], begun)
        return begun

    async def _outcomes(self, begun: Sequence[Entry]) -> dict[str, Outcome]:
        run = self._run
        outcomes: dict[str, Outcome] = {}
        # The books may have it: an earlier attempt, or a journal that was lost.
        # One that takes a key twice is always asked: what a lost journal had put aside comes later than the others.
        is_sure = run.erp.is_idempotent and not run.rebuilding
        suspects = [row.key for row in begun if row.attempts > 1 or not is_sure]
        if suspects:
            found = await run.erp.find(suspects)
            outcomes |= {row.record_id: found[row.key] for row in begun if row.key in found}
            run.tally.counts["found"] += len(outcomes)
        # Only now: what is in the books is not rejected, whatever has become of the mapping.
        postings = {row.record_id: self._posting(row) for row in begun if row.record_id not in outcomes}
        said = await run.erp.validate([*postings.values()])
        outcomes |= {id_: rejected for id_, rejected in zip(postings, said, strict=True) if rejected is not None}
        left = await run.still_ours([row for row in begun if row.record_id not in outcomes])
        if left:
            given = await run.erp.post([postings[row.record_id] for row in left])
            outcomes |= {row.record_id: outcome for row, outcome in zip(left, given, strict=True)}
        return outcomes

    def _posting(self, row: Entry) -> Posting:
        return evolve(self._wanted[row.record_id].posting, attempt=row.attempts, fence=row.revision)

    async def _leave(self, begun: Sequence[Entry], error: ErpFailed) -> None:
        """The outcome is unknown: the rows stay where they are, and are looked up when the ERP must know."""
        run = self._run
        due = run.now() + datetime.timedelta(seconds=run.erp.search_lag)
        rows = [row.changed(due=due, owner=None, lease_until=None, reason=self._blame(row)) for row in begun]
        await run.write(*(Change(entry=row, silent=True) for row in rows))
        run.doubts |= dict.fromkeys((row.record_id for row in begun), run.clock.monotonic())
        run.tries.update(row.record_id for row in begun)
        run.erp_error = str(error)
        if self.is_new:
            run.erp_failed(error)
        else:  # what has failed before may do so by itself, and says nothing about the ERP
            run.in_vain += 1

    def _blame(self, row: Entry) -> str | None:
        """What is wrong with it, if the ERP has taken others in this very run: one that is down says nothing of it."""
        return POISON if self._run.took and row.attempts >= _PATIENCE else None


async def _record_outcomes(
    run: Run, begun: Sequence[Entry], outcomes: dict[str, Outcome], has_receipts: frozenset[str]
) -> None:
    """Write down what the ERP said.

    Args:
        run: The run.
        begun: The rows, as they were claimed.
        outcomes: What it said, by record id.
        has_receipts: The records that have any.
    """
    now = run.now()
    changes: list[Change] = []
    others: list[str] = []
    for row in begun:
        if row.record_id not in outcomes:
            continue  # somebody else has it now
        match outcomes[row.record_id]:
            case Posted(deep_link=link) as posted:
                run.keep_link(row.record_id, link)
                owes = run.erp.attaches and row.record_id in has_receipts
                entry = in_the_books(row, posted, now, owes_receipts=owes)
                changes.append(Change(entry=entry))
                if entry.content_hash != row.content_hash:  # before the journal was lost, or by an earlier attempt
                    others.append(row.record_id)
            case Pending(reference):
                pending = row.moved(State.PENDING, at=now, reference=reference, attempts=0, due=now + PENDING_DELAY)
                changes.append(Change(entry=pending))
            case Rejected() as rejected:
                changes.append(rejection(run, row, rejected))
    written = await run.write_booked(changes, others)
    run.tally.counts["posted"] += sum(row.state is State.POSTED for row in written)


def in_the_books(row: Entry, posted: Posted, now: datetime.datetime, *, owes_receipts: bool) -> Entry:
    """The row of an entry that is in the books, with the content that these hold.

    Where that is another one than the row's, the report waits a little: a record that cannot be amended needs a person
    first.

    Args:
        row: The row as it was.
        posted: The entry.
        now: The instant.
        owes_receipts: Whether receipts are to be attached.
    """
    booked = as_booked(row, posted)
    return booked.moved(
        State.POSTED,
        at=now,
        reference=posted.reference,
        attempts=0,
        due=now if booked is row else now + growing(1),
        seen_hash=None,
        receipts_owed=owes_receipts,
    )


def rejection(run: Run, row: Entry, rejected: Rejected) -> Change:
    """What is written of a record that the ERP or the policy does not take.

    Args:
        run: The run; it remembers what Brex is to be told.
        row: The row as it was.
        rejected: Why.
    """
    run.reject(row, rejected.message)
    now = run.now()
    entry = row.moved(State.REJECTED, at=now, reason=rejected.code, reference=None, due=now)
    return Change(entry=entry)


__all__ = ["in_the_books", "post", "rejection"]
