"""The passes of one run: what is read, posted and told, in which order, until nothing new is found."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import CallError, ClientStateError, PagingError
from . import attaching, lookup, pause, reading, reporting
from .notes import BEGUN, COMPLETE, OPENED, watermark
from .run import Run
from .summary import MOST_LISTED, Attention, Ended
from .waiting import rest

_LONGEST_LAG_TO_WAIT: Final = 300.0
_MOST_PASSES: Final = 100
_MOST_FAILURES: Final = 2
"""After so many steps of a run that Brex has failed in, the others are not tried."""
_LINGERS: Final = 3

_TOO_MANY: Final = (
    "Look at summary.refusals and mend the mapping or the policy; where all of it is meant, run once with "
    "accept_refusals=True."
)


class Passes:
    """The passes of one run.

    Args:
        run: The run.
        emptied: When the journal began, in seconds that never go back, if that was in this process.
    """

    def __init__(self, run: Run, *, emptied: float | None) -> None:
        self._run = run
        self._emptied = emptied
        self._failed: list[CallError | PagingError] = []

    async def all(self, *, accept_refusals: bool) -> tuple[Ended, str]:
        """Go through all of it, until a pass finds nothing new.

        Args:
            accept_refusals: Report refusals however many they are.

        Returns:
            How the run ended, and what to do next.

        Raises:
            CallError: Brex failed in a step; the others were done all the same, unless the account has to pause.
            PagingError: A record could not be read back.
        """
        run = self._run
        if run.rebuilding:
            await self._let_the_books_settle()
        looked_at: set[str] = set()
        lingers = 0
        since = await watermark(run.journal, run.policy)
        is_all = since is None
        changes_read = False
        for _ in range(_MOST_PASSES):
            run.tally.counts["passes"] += 1
            done = await self._step(reporting.settle_unknown)
            done += await self._step(lookup.settle)
            done += await self._step(reading.read_announced)
            if not changes_read:
                done += await self._step(lambda found: reading.read_changes(found, since))
                changes_read = not self._failed and reading.CHANGES not in run.tally.unread
            if not (is_all and changes_read and run.tally.counts["passes"] == 1):  # or all of it has just been read
                done += await self._step(reading.read_ready)
            done += await self._step(lambda found: reading.read_left(found, looked_at))
            done += await self._step(lookup.settle)
            if not accept_refusals and await reporting.too_many_refusals(run):
                await self._name_refusals()
                return "too many refusals", _TOO_MANY
            done += await self._step(reporting.report_successes)
            done += await self._step(reporting.report_failures)
            done += await self._step(attaching.attach)
            if run.is_stopping or run.erp_is_down or self._failed:
                break
            if done:
                lingers = 0
                continue
            if lingers >= _LINGERS or not await self._linger():
                break
            lingers += 1
            looked_at.clear()
        else:
            run.tally.unread["passes"] = "each pass found something new"
        if self._failed:
            raise self._failed[0]
        return await self._ended()

    async def _step(self, step: Callable[[Run], Awaitable[int]]) -> int:
        """One step; where Brex fails in it, the others are still done, unless the account has to pause."""
        if self._run.is_stopping or len(self._failed) >= _MOST_FAILURES:
            return 0
        try:
            return await step(self._run)
        except CallError as error:
            if isinstance(error, ClientStateError) or pause.cause_of(error) is not None:
                raise
            self._failed.append(error)
        except PagingError as error:
            self._failed.append(error)
        return 0

    async def _name_refusals(self) -> None:
        """Say what would be refused, although Brex is not told."""
        run = self._run
        ids = sorted(run.rejected)[:MOST_LISTED]
        for record_id, row in (await run.journal.load(ids)).items():
            run.tally.refusals[record_id] = Attention(
                record_id=record_id, reason=row.reason or "", message=run.messages.get(record_id)
            )

    async def _ended(self) -> tuple[Ended, str]:
        run = self._run
        if run.is_stopping:
            return "stopped", ""
        await run.journal.set_note(BEGUN, None)
        if run.erp_is_down or (run.erp_error and not run.took):
            return "erp failed", f"See that the ERP answers; it failed with: {run.erp_error}"
        if run.tally.unread:
            return "incomplete", "Run again; if it stays, Brex's lists contradict themselves: tell Brex support."
        if run.rebuilding:
            await run.journal.set_note(COMPLETE, run.clock.now().isoformat())
        return "complete", ""

    async def _let_the_books_settle(self) -> None:
        """Of a journal that was lost this instant, the books may not show the last entries yet."""
        run = self._run
        opened = await run.journal.note(OPENED)
        if opened is None or not run.erp.search_lag:
            return
        passed = (run.clock.now() - datetime.datetime.fromisoformat(opened)).total_seconds()
        if self._emptied is not None:  # in seconds that no clock that is set can skip
            passed = min(passed, run.clock.monotonic() - self._emptied)
        left = run.erp.search_lag - max(passed, 0.0)  # a clock that was ahead does not make it longer
        if left > 0:
            run.progress("waiting")
            await rest(self._run.clock, left, self._run.stopping)

    async def _linger(self) -> bool:
        """Wait for what is due soon: a claim that ends, a search that may be believed."""
        run = self._run
        longest = run.lease + min(run.erp.search_lag, _LONGEST_LAG_TO_WAIT)
        latest = run.clock.now() + datetime.timedelta(seconds=longest)
        while not run.is_stopping:
            now = run.clock.now()
            due = await run.journal.next_due(now=now)
            if due is None or due > latest:
                return False
            if due <= now:
                return True
            run.progress("waiting")
            # In steps: a claim that is waited for may have been given back long before its end.
            await rest(self._run.clock, min((due - now).total_seconds(), run.lease / 6), self._run.stopping)
        return False


__all__ = ["Passes"]
