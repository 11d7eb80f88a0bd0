"""What a journal notes of its account as a whole, by name: how far the reading is, and what holds for all records."""

from __future__ import annotations

import datetime
from typing import Final

from ..errors import InvalidArgument
from .journal import Journal
from .policy import ExportPolicy

BASIS: Final = "basis"
BEGUN: Final = "begun"
"""Noted from the beginning of a run until one has done all that it could: a run that follows goes on with it."""
CLOCK: Final = "clock"
"""Noted by each run: the time that it began at."""
COMPLETE: Final = "complete"
"""Noted when the journal has seen all that the books hold: from then on what it does not know is not in them."""
OPENED: Final = "opened"
"""Noted when the journal is made: what the books do not show so shortly after it was lost may still come."""
PAUSE: Final = "pause"
POLICY: Final = "policy"
WATERMARK: Final = "watermark"


async def check_basis(journal: Journal, policy: ExportPolicy, *, note: bool) -> None:
    """Make sure that a journal stays on the basis that it was begun on.

    Args:
        journal: The account's.
        policy: What the ledger takes.
        note: Whether to note the basis where none is noted yet.

    Raises:
        InvalidArgument: The journal is kept on another basis: the ledger would have expenses twice.
    """
    noted = await journal.note(BASIS)
    if noted is None and note:
        await journal.set_note(BASIS, policy.basis)
    elif noted not in (None, policy.basis):
        message = (
            f"basis: this journal is kept on {noted}; books on {policy.basis} need another journal and other books"
        )
        raise InvalidArgument(message)


async def watermark(journal: Journal, policy: ExportPolicy) -> datetime.datetime | None:
    """Up to when all changes are in the journal; None where nothing can be relied on.

    What was passed over under another policy counts anew, so a policy that takes other records begins from the start.

    Args:
        journal: The account's.
        policy: What the ledger takes.
    """
    if await journal.note(POLICY) != policy.fingerprint:
        return None
    noted = await journal.note(WATERMARK)
    return None if noted is None else datetime.datetime.fromisoformat(noted)


__all__ = ["BASIS", "BEGUN", "CLOCK", "COMPLETE", "OPENED", "PAUSE", "POLICY", "WATERMARK", "check_basis", "watermark"]
