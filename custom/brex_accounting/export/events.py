"""What an export tells while it runs: how far it is, and what somebody should know about."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from ..events import logger as _root

logger: logging.Logger = _root.getChild("export")


@frozen(kw_only=True)
class ExportProgress:
    """How far a run is.

    Attributes:
        stage: ``reading``, ``posting``, ``reporting`` or ``waiting``.
        seen: Records that were read in this run; one that is read twice counts twice.
        expected: How many the list that is being read holds, None where Brex does not say.
        posted: Entries that came into the books in this run.
        reported: Records that Brex was told about in this run.
    """

    stage: str
    seen: int
    expected: int | None
    posted: int
    reported: int


@frozen(kw_only=True)
class ExportPaused:
    """The account pauses; told once.

    Attributes:
        account: The account label.
        cause: Why, without names or free text.
        next_try: When it is tried again.
    """

    account: str | None
    cause: str
    next_try: datetime.datetime


@frozen(kw_only=True)
class ExportResumed:
    """The account goes on by itself.

    Attributes:
        account: The account label.
        since: When the pause had begun.
    """

    account: str | None
    since: datetime.datetime


@frozen(kw_only=True)
class RunEnded:
    """A run of ``run_forever`` is over.

    Attributes:
        account: The account label.
        error: The name of the error's class that ended it, None where none did.
        next_run: When the next one begins at the latest.
    """

    account: str | None
    error: str | None
    next_run: datetime.datetime


ExportEvent: TypeAlias = ExportProgress | ExportPaused | ExportResumed | RunEnded
OnExportEvent: TypeAlias = Callable[[ExportEvent], object]


class Teller:
    """Tells a hook and the log; what the hook raises is logged and never reaches the export.

    Args:
        hook: Takes the events; None for nobody.
    """

    def __init__(self, hook: OnExportEvent | None) -> None:
        self._hook = hook

    def tell(self, event: ExportEvent) -> None:
        """Tell an event."""
        match event:
            case ExportProgress():
                pass
            case ExportPaused():
                logger.warning("account %s pauses until %s: %s", event.account, event.next_try.isoformat(), event.cause)
            case ExportResumed():
                logger.info("account %s goes on; it had paused since %s", event.account, event.since.isoformat())
            case RunEnded():
                level = logging.INFO if event.error is None else logging.WARNING
                logger.log(
                    level, "run of account %s ended (%s); next by %s", event.account, event.error, event.next_run
                )
        if self._hook is None:
            return
        try:
            self._hook(event)
        except Exception:
            logger.exception("the hook for export events raised")


__all__ = [
    "ExportEvent",
    "ExportPaused",
    "ExportProgress",
    "ExportResumed",
    "OnExportEvent",
    "RunEnded",
    "Teller",
    "logger",
]
