"""Telling Brex what became of records: once, and read back where nobody knows whether it has heard.

A refusal may be our own lost success, a 200 may name some of the records only, and an answer may get lost: in all of
these cases the records are read again, and what Brex shows decides.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from ..errors import BrexError, CallError, ClientStateError, ErpFailed
from ..reports import ExportFailure, ExportReport, ExportResult, ExportSuccess, RefusedResult
from .journal import Change, Entry, Journal
from .run import REPORT_DELAY, Run, after_refusal, growing
from .states import IN_THE_BOOKS, State
from .verdicts import (
    BY_HAND,
    FAILURE_REFUSED,
    GONE,
    KEPT,
    REPOST_REJECTED,
    UNREADABLE,
    exported,
    is_parked,
    is_unseen,
    shows,
)

LEAST_REFUSALS: Final = 20
MOST_REFUSED: Final = 0.05

_REQUESTS: Final = 10
"""How many requests are claimed at once: each claim costs the journal three transactions."""

_PATIENCE: Final = 5
"""After so many refusals without a reason that is known, a person has to look."""

EXPORTED_STAGE: Final = "EXPORTED"


async def too_many_refusals(run: Run) -> bool:
    """Whether so much of a run would newly be refused that something else must be wrong: a mapping, a policy.

    A run that was broken off has rejected and posted too. What it rejected is rejected again by the run that goes on;
    what it posted is counted here, or a few refusals among thousands would be too many for a run that finds the rest
    done.

    Args:
        run: The run.
    """
    refused = len(run.rejected)
    if not are_too_many(refused, run.tally.counts["posted"]):
        return False
    return are_too_many(refused, await booked(run.journal, run.begun))


def are_too_many(refused: int, posted: int) -> bool:
    """Whether so many refusals stop a run before it reports them.

    Args:
        refused: How many records would newly be refused.
        posted: How many have come into the books.
    """
    return refused >= LEAST_REFUSALS and refused > MOST_REFUSED * (refused + posted)


async def booked(journal: Journal, begun: datetime.datetime) -> int:
    """How many entries have come into the books since a run began, or wait to be reported.

    Args:
        journal: The account's.
        begun: When it began, or the first of those before it that were broken off.
    """
    found, after = 0, ""
    while rows := await journal.entries(IN_THE_BOOKS, after=after, limit=1000):
        after = rows[-1].record_id
        waiting = (row.state in (State.POSTED, State.REPORTING) and not is_parked(row) for row in rows)
        found += sum(map(max, waiting, (row.since >= begun for row in rows)))
    return found


async def settle_unknown(run: Run) -> int:
    """Find out about reports that were broken off: records are read back, failures are told again.

    Args:
        run: The run.

    Returns:
        How many records have come further.
    """
    done = 0
    while not run.is_stopping and (
        rows := await run.claim(State.REPORTING, State.REPORTING_FAILURE, limit=run.report_size)
    ):
        done += len(rows)
        now = run.now()
        failures = [row for row in rows if row.state is State.REPORTING_FAILURE]
        # What they were told cannot be read back, and what they are to be told is not in the journal.
        await run.write(*(Change(entry=row.moved(State.READY, at=now, due=now)) for row in failures))
        await _read_back(run, [row for row in rows if row.state is State.REPORTING], is_answered=False)
    return done


async def report_successes(run: Run) -> int:
    """Report everything that is in the books.

    Args:
        run: The run.

    Returns:
        How many records were reported.

    Raises:
        CallError: Brex could not be told; the records are reported by the next run.
    """
    done = 0
    while not run.is_stopping and (rows := await run.claim(State.POSTED, limit=_REQUESTS * run.report_size)):
        rows = await _without_unseen(run, rows)
        begun: Sequence[Entry] = await run.write(*(Change(entry=row) for row in _begun(run, rows, State.REPORTING)))
        async with run.keeping(begun):  # to read back and to ask for links may last longer than a lease
            again = [row for row in begun if (row.generation > 1 or row.reason == KEPT) and not row.attempts]
            if again:  # a person has decided about it: Brex may have been told before
                await _read_back(run, again, is_answered=True)
                begun = [row for row in begun if row not in again]
            begun = await _without_told(run, begun)
            links = await _links(run, begun)
            begun = await run.still_ours(begun)
            results = [
                ExportSuccess(row.record_id, reference_id=row.reference, deep_link_url=links.get(row.record_id))
                for row in begun
            ]
            told = await _tell(run, results)
        await _settle_successes(run, begun, told)
        done += len(begun)
        run.progress("reporting")
        if told.error is not None:
            raise told.error
    return done


async def _without_unseen(run: Run, rows: Sequence[Entry]) -> Sequence[Entry]:
    """The rows without those whose entries hold what Brex does not show: they are to be amended first.

    It has not come to that where the ERP is down, or is left alone since it fails to amend others.
    """
    unseen = {row.record_id: row for row in rows if is_unseen(row)}
    if not unseen:
        return rows
    async with run.keeping([*unseen.values()]):
        shown, unreadable = await run.fresh([*unseen])
    there = [id_ for id_ in unseen if id_ in shown or id_ in unreadable]
    later = {"due": run.now() + REPORT_DELAY, "owner": None, "lease_until": None}
    await run.write(*(Change(entry=unseen[id_].changed(**later), silent=True) for id_ in there))
    await run.write(*(run.gone(row) for id_, row in unseen.items() if id_ not in shown and id_ not in unreadable))
    await run.look_again(there)
    return [row for row in rows if row.record_id not in unseen]


async def _without_told(run: Run, begun: Sequence[Entry]) -> Sequence[Entry]:
    """The rows without what a person has posted by hand and Brex shows as exported: it was told before that.

    What cannot be read is told all the same: it may be by hand for that very reason.
    """
    by_hand = [row.record_id for row in begun if row.reason == BY_HAND and not row.attempts]
    if not by_hand:
        return begun
    shown, _ = await run.fresh(by_hand)
    told = {id_ for id_, record in shown.items() if record.review_status == EXPORTED_STAGE}
    now = run.now()
    await run.write(*(Change(entry=exported(row, now)) for row in begun if row.record_id in told))
    return [row for row in begun if row.record_id not in told]


async def report_failures(run: Run) -> int:
    """Report everything that is rejected, once for each content and message.

    Args:
        run: The run.

    Returns:
        How many records were reported.

    Raises:
        CallError: Brex could not be told; the records are tried again by the next run.
    """
    done = 0
    while not run.is_stopping and (rows := await run.claim(State.REJECTED, limit=run.report_size)):
        done += len(rows)
        now = run.now()
        changes: list[Change] = []
        for row in rows:
            if row.generation > 1:  # Brex has it as exported: that a repost is not taken is the person's business
                reason = f"{REPOST_REJECTED}: {row.reason}"
                changes.append(Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=reason)))
            elif row.record_id not in run.messages:  # rejected by a run that ended before it could say so
                changes.append(Change(entry=row.moved(State.READY, at=now, due=now)))
            elif row.reported == run.digest(row):
                changes.append(Change(entry=_refused(run, row)))
            else:
                (begun_row,) = _begun(run, [row], State.REPORTING_FAILURE)
                changes.append(Change(entry=begun_row.changed(reported=run.tried(row))))
        written = await run.write(*changes)
        begun = [row for row in written if row.state is State.REPORTING_FAILURE]
        if not begun:
            continue
        results = [ExportFailure(row.record_id, message=run.messages[row.record_id]) for row in begun]
        async with run.keeping(begun):
            told = await _tell(run, results)
        await _settle_failures(run, begun, told)
        run.progress("reporting")
        if told.error is not None:
            raise told.error
    return done


# ---- telling --------------------------------------------------------------------------------------------------------


@frozen
class _Told:
    """What came of a report, and the error that ended it."""

    report: ExportReport
    error: BrexError | None

    @property
    def trace_id(self) -> str | None:
        return self.error.trace_id if isinstance(self.error, CallError) else None

    def refusals(self) -> dict[str, RefusedResult]:
        return {refused.accounting_record_id: refused for refused in self.report.refused}


async def _tell(run: Run, results: Sequence[ExportResult]) -> _Told:
    if not results:
        return _Told(ExportReport(), None)
    try:
        return _Told(await run.brex.records.report(results, batch_size=run.report_size), None)
    except (CallError, ClientStateError) as error:
        ids = tuple(result.accounting_record_id for result in results)
        unknown = isinstance(error, CallError) and error.maybe_applied
        nothing = ExportReport(unknown=ids) if unknown else ExportReport(unsent=ids)
        return _Told(error.report or nothing, error)


def _begun(run: Run, rows: Sequence[Entry], state: State) -> Sequence[Entry]:
    now, claimed = run.now(), run.claimed()
    return [row.moved(state, at=now, reason=row.reason, **claimed) for row in rows]


async def _links(run: Run, begun: Sequence[Entry]) -> dict[str, str]:
    """The deep links, asked for again where they are not at hand; a report without them beats none."""
    links = {row.record_id: run.links.pop(row.record_id) for row in begun if row.record_id in run.links}
    missing = [row for row in begun if row.record_id not in links]
    if missing and run.asks_for_links and not run.erp_is_down:
        try:
            found = await run.erp.find([row.key for row in missing])
        except ErpFailed as error:
            run.erp_failed(error)
            return links
        run.asks_for_links = not found or any(posted.deep_link for posted in found.values())
        for row in missing:
            link = found[row.key].deep_link if row.key in found else None
            if link is not None:
                links[row.record_id] = link
    return links


# ---- what came of it ------------------------------------------------------------------------------------------------


async def _settle_successes(run: Run, begun: Sequence[Entry], told: _Told) -> None:
    now = run.now()
    updated, unsent = frozenset(told.report.updated), frozenset(told.report.unsent)
    refusals = told.refusals()
    changes: list[Change] = []
    doubtful: list[Entry] = []
    for row in begun:
        if row.record_id in updated:
            changes.append(Change(entry=exported(row, now)))
        elif row.record_id in unsent:
            changes.append(Change(entry=_unsent(row, now), trace_id=told.trace_id))
        else:
            doubtful.append(row)
    await run.write(*changes)
    if doubtful:
        await _read_back(run, doubtful, refusals, is_answered=told.error is None)


async def _read_back(
    run: Run, rows: Sequence[Entry], refusals: dict[str, RefusedResult] | None = None, *, is_answered: bool
) -> None:
    """What Brex shows decides whether a record has been reported.

    Args:
        run: The run.
        rows: Rows in REPORTING, claimed.
        refusals: Why Brex refused some of them.
        is_answered: Whether Brex has answered, so that what it does not show is its decision and not a lost request.
            Otherwise the rows are left as they are where they cannot be read; the claim ends by itself.
    """
    if not rows:
        return
    try:
        async with run.keeping(rows):
            shown, unreadable = await run.fresh([row.record_id for row in rows])
    except BrexError:
        if not is_answered:
            return
        raise
    now = run.now()
    changes: list[Change] = []
    for row in rows:
        refused = (refusals or {}).get(row.record_id)
        trace_id = None if refused is None else refused.trace_id
        record = shown.get(row.record_id)
        if row.record_id in unreadable:
            changes.append(_unreadable(row, now))
        elif record is None:
            changes.append(Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=GONE), trace_id=trace_id))
        elif record.review_status == EXPORTED_STAGE:
            changes.append(Change(entry=exported(row, now), trace_id=trace_id))
        else:
            entry = _again(row, refused, record.review_status, run) if is_answered else _unsent(row, now)
            changes.append(Change(entry=entry, trace_id=trace_id))
    await run.write(*changes)


def _unreadable(row: Entry, now: datetime.datetime) -> Change:
    """What is written of a record that cannot be read back at present."""
    attempts = row.attempts + 1
    if attempts >= _PATIENCE:
        reason = f"{UNREADABLE}: it cannot be read whether Brex was told"
        return Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=reason, attempts=0))
    later = row.changed(attempts=attempts, due=now + growing(attempts), owner=None, lease_until=None)
    return Change(entry=later, silent=True)


def _unsent(row: Entry, now: datetime.datetime) -> Entry:
    """The row of a record of which Brex has not heard yet."""
    return row.moved(State.POSTED, at=now, due=now, reason=row.reason)


def _again(row: Entry, refused: RefusedResult | None, review_status: str, run: Run) -> Entry:
    """The row of a record that Brex does not show as exported."""
    now, attempts = run.now(), row.attempts + 1
    if refused is None and row.attempts == 0:  # most likely it never arrived
        return row.moved(State.POSTED, at=now, attempts=attempts, due=now, reason=row.reason)
    reason = shows(review_status)
    if refused is None or refused.reason in ("other", "not found"):
        # Brex takes the report, or refuses it, and shows the record as it was: time alone will not change that.
        why = "not shown" if refused is None else f"refused: {refused.error_code or refused.status_code}"
        reason = f"report {why}"
        if attempts >= _PATIENCE:
            return row.moved(State.NEEDS_PERSON, at=now, reason=reason, attempts=0)
    return row.moved(State.POSTED, at=now, attempts=attempts, reason=reason, due=now + growing(attempts))


async def _settle_failures(run: Run, begun: Sequence[Entry], told: _Told) -> None:
    now = run.now()
    unsent, unknown = frozenset(told.report.unsent), frozenset(told.report.unknown)
    refusals = told.refusals()
    changes: list[Change] = []
    for row in begun:
        refused = refusals.get(row.record_id)
        if row.record_id in unsent:
            changes.append(Change(entry=row.moved(State.REJECTED, at=now, reason=row.reason, due=now)))
        elif row.record_id in unknown:
            continue  # the claim ends by itself, and it is told again
        elif refused is None or refused.maybe_applied:
            entry = _refused(run, row).changed(reported=run.digest(row))
            changes.append(Change(entry=entry, trace_id=None if refused is None else refused.trace_id))
        elif refused.reason == "not found":
            changes.append(Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=GONE), trace_id=refused.trace_id))
        elif refused.reason == "other" and row.attempts >= _PATIENCE:
            reason = f"{FAILURE_REFUSED}: {refused.error_code or refused.status_code}"
            changes.append(
                Change(entry=row.moved(State.NEEDS_PERSON, at=now, reason=reason), trace_id=refused.trace_id)
            )
        else:  # Brex does not want to hear of it now, and was not told: it rests as one does that was
            due = now + after_refusal(row.attempts)
            changes.append(
                Change(entry=row.moved(State.READY, at=now, reason=row.reason, due=due), trace_id=refused.trace_id)
            )
    for row in await run.write(*changes):
        if row.state is State.REFUSED:
            run.tally.refused(row.record_id, row.reason, run.messages.get(row.record_id))


def _refused(run: Run, row: Entry) -> Entry:
    now = run.now()
    return row.moved(State.REFUSED, at=now, reason=row.reason, due=now + after_refusal(row.attempts))


__all__ = ["are_too_many", "booked", "report_failures", "report_successes", "settle_unknown", "too_many_refusals"]
