"""What a person decides about a record."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Final, Literal, get_args

from ..checks import text
from ..errors import InvalidArgument
from .journal import Change, Entry, Journal
from .states import State
from .verdicts import BY_HAND, KEPT, is_in_the_books

Resolution = Literal["keep", "repost", "posted", "ignore"]
"""What a person can decide.

- ``keep``: the books are right as they are; if Brex wants it again, it is told the old reference.
- ``repost``: it is posted once more, under a key of its own; what is in the books is the person's business.
- ``posted``: it is in the books, under a reference that the person gives; Brex is told.
- ``ignore``: it is never posted or reported.
"""

_S = State

_FROM: Final[Mapping[Resolution, frozenset[State]]] = {
    "keep": frozenset({_S.NEEDS_PERSON, _S.POSTED, _S.EXPORTED, _S.AMENDING}),
    "repost": frozenset(
        {
            _S.NEEDS_PERSON,
            _S.POSTED,
            _S.EXPORTED,
            _S.POSTING,
            _S.PENDING,
            _S.REFUSED,
            _S.IGNORED,
            _S.WAITING,
        }
    ),
    "posted": frozenset({_S.NEEDS_PERSON, _S.POSTING, _S.PENDING, _S.REFUSED, _S.IGNORED, _S.READY, _S.WAITING}),
    "ignore": frozenset(
        {
            _S.NEEDS_PERSON,
            _S.READY,
            _S.POSTING,
            _S.PENDING,
            _S.POSTED,
            _S.AMENDING,
            _S.REJECTED,
            _S.REFUSED,
            _S.WAITING,
            _S.NOT_FOR_LEDGER,
            _S.EXPORTED,
        }
    ),
}
"""From which states each decision leads somewhere."""


async def resolve(
    journal: Journal,
    record_id: str,
    resolution: Resolution,
    *,
    reason: str,
    reference: str | None,
    now: datetime.datetime,
    owner: str,
) -> Entry:
    """Write down what a person has decided.

    Args:
        journal: The account's.
        record_id: The record.
        resolution: The decision.
        reason: The person's words; they stay in the history.
        reference: The entry's reference, with ``posted`` only.
        now: The instant.
        owner: Who writes.

    Raises:
        InvalidArgument: The journal has no such record, somebody is at work on it, or the decision does not fit.
    """
    if resolution not in get_args(Resolution):
        message = f"resolution: expected {', '.join(get_args(Resolution))}, got {resolution!r}"
        raise InvalidArgument(message)
    text(reason, "reason")
    if (reference is not None) != (resolution == "posted"):
        message = "reference: expected one with 'posted', and with nothing else"
        raise InvalidArgument(message)
    entry = (await journal.load([text(record_id, "record_id")])).get(record_id)
    if entry is None:
        message = f"record_id: the journal has no {record_id}"
        raise InvalidArgument(message)
    if entry.owner is not None and entry.lease_until is not None and now < entry.lease_until:
        message = f"record_id: a worker is at work on {record_id}; try again in a minute"
        raise InvalidArgument(message)
    if entry.state not in _FROM[resolution] or (resolution == "keep" and not is_in_the_books(entry)):
        message = f"resolution: {resolution!r} does not fit {record_id}, which is {entry.state}"
        raise InvalidArgument(message)
    row = _resolved(entry, resolution, reference, now)
    written = (await journal.write([Change(entry=row, note=reason)], owner=owner))[0]
    if written is None:
        message = f"record_id: {record_id} has changed just now; look at it again"
        raise InvalidArgument(message)
    if resolution == "posted" or (resolution == "keep" and written.currency is None):
        # What it says now is in the books, and is to be read: no list need show it before it changes.
        await journal.announce(f"resolved {uuid.uuid4().hex}", [record_id], at=now)
    return written


def _resolved(entry: Entry, resolution: Resolution, reference: str | None, now: datetime.datetime) -> Entry:
    match resolution:
        case "keep":
            # Whether Brex was told is read back before it is told.
            kept = entry.moved(State.POSTED, at=now, reason=KEPT, attempts=0, due=now)
            if entry.seen_hash is None and entry.currency is None:  # nobody has read what Brex shows beside the books
                return kept.changed(content_hash=None)
            return kept.changed(content_hash=entry.seen_hash or entry.content_hash, seen_hash=None)
        case "repost":
            again = entry.moved(State.READY, at=now, due=now, attempts=0, reference=None, seen_hash=None)
            return again.changed(generation=entry.generation + 1, reported=None)
        case "posted":
            posted = entry.moved(State.POSTED, at=now, reason=BY_HAND, attempts=0, due=now)
            return posted.changed(reference=text(reference, "reference"), content_hash=None, seen_hash=None)
        case "ignore":
            return entry.moved(State.IGNORED, at=now, reason="ignored", attempts=0)


__all__ = ["Resolution", "resolve"]
