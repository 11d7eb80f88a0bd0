"""One run of an export, or runs for ever, until a signal asks them to stop."""

from __future__ import annotations

import asyncio
import datetime
import sys
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ..errors import BrexError
from ..export import ExportLoop, RunSummary
from ..export.notes import check_basis
from .export_progress import ProgressLine
from .export_show import show_run, show_run_in_a_line
from .output import OutputFormat, print_json_line
from .stopping import INTERRUPTED, StopSignals

if TYPE_CHECKING:
    from ..client import Brex
    from ..export import ExportPolicy, Journal
    from .export_erp import ErpSource

PAUSED: Final = 3
"""The exit status of a run that did nothing because the account pauses."""

_STATUS: Final = {"complete": 0, "stopped": 0, "paused": PAUSED}
"""By how a run ended; 1 for all else."""


@frozen(kw_only=True)
class Work:
    """What is to be done.

    Attributes:
        brex: The client, not opened yet.
        erp: Gives the ERP.
        journal: The journal.
        policy: What the ledger takes, and when.
        options: For ``ExportLoop``.
        every: The longest time between two runs, None for one run.
        accept_refusals: Report refusals however many they are.
        rebuild: Ask the ERP for everything that the journal does not know.
        retry_refused: Try refused records again.
        resume: End a pause first.
        output: How to print.
    """

    brex: Brex
    erp: ErpSource
    journal: Journal
    policy: ExportPolicy
    options: dict[str, Any]
    every: datetime.timedelta | None
    accept_refusals: bool
    rebuild: bool
    retry_refused: bool
    resume: bool
    output: OutputFormat


class _TellingLoop(ExportLoop):
    """Says where each run begins and what came of it, those of ``run_forever`` too.

    No hook for events does that: what a hook raises, such as that nobody reads the output any more, ends nothing.
    """

    told: _Teller

    async def run_once(self, *, accept_refusals: bool = False, rebuild: bool = False) -> RunSummary:
        self.told.begin()
        try:
            summary = await super().run_once(accept_refusals=accept_refusals, rebuild=rebuild)
        except BrexError as error:
            self.told.failure(error)
            raise
        self.told.summary(summary)
        return summary


async def do(work: Work, signals: StopSignals) -> int:
    """Export, and print what came of it.

    Args:
        work: What is to be done.
        signals: Tells when to stop.

    Returns:
        The exit status.

    Raises:
        BrexError: It cannot be done.
    """
    told = _Teller(work)
    with told.progress.beside_the_log():
        async with work.brex, work.erp() as erp:
            loop = _TellingLoop(work.brex, erp, work.journal, work.policy, on_event=told.progress, **work.options)
            loop.told = told
            async with loop:
                stop = asyncio.get_running_loop().call_soon_threadsafe
                try:
                    signals.ask(lambda: stop(told.stop, loop))
                    status = await _done(loop, work)
                finally:
                    signals.ask(lambda: None)  # the event loop is about to close
    return INTERRUPTED if signals.was_interrupted else status


async def _done(loop: ExportLoop, work: Work) -> int:
    await check_basis(work.journal, work.policy, note=False)  # runs for ever would go on trying
    if work.resume:
        await loop.resume()
    if work.retry_refused:
        count = await loop.retry()
        print(f"{count} refused records are tried again", file=sys.stderr)
    if work.every is not None:
        await loop.run_forever(every=work.every)
        return 0
    summary = await loop.run_once(accept_refusals=work.accept_refusals, rebuild=work.rebuild)
    return _STATUS.get(summary.ended, 1)


class _Teller:
    """Prints how far a run is, and what came of it."""

    def __init__(self, work: Work) -> None:
        self.progress = ProgressLine()
        self._forever = work.every is not None
        self._output: OutputFormat = work.output

    def begin(self) -> None:
        self.progress.begin()

    def stop(self, loop: ExportLoop) -> None:
        self.progress.clear()
        print("stopping after the batch in hand; another signal ends it at once", file=sys.stderr, flush=True)
        loop.stop()

    def summary(self, summary: RunSummary) -> None:
        self.progress.clear()
        if self._forever and self._output == "table":
            show_run_in_a_line(summary)
        else:
            show_run(summary, self._output)

    def failure(self, error: BrexError) -> None:
        """What it says is printed where it ends the command, or by the log where it does not."""
        self.progress.clear()
        if self._forever and self._output == "jsonl":
            print_json_line({"kind": "run", "ended": "error", "error": type(error).__name__})


__all__ = ["PAUSED", "Work", "do"]
