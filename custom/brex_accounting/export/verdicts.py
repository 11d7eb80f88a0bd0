"""What can be decided about a record, and why it stands where it stands: the words of the journal."""

from __future__ import annotations

import datetime
import hashlib
from typing import Final, TypeAlias

from attrs import frozen

from brex_accounting_client.models import AccountingRecord

from .erp import Posted, Rejected
from .journal import Entry
from .posting import Posting, content_hash, is_other
from .states import IN_THE_BOOKS, State

AGAIN: Final = "Brex wanted it again"
AMENDED: Final = "amended"
AMEND_FAILED: Final = "changed after it was posted, and the ERP fails to amend it"
BY_HAND: Final = "posted by hand"
KEPT: Final = "kept"
CHANGED: Final = "changed after it was posted"
FAILURE_REFUSED: Final = "Brex does not take the failure"
GONE: Final = "unknown to Brex"
ELSEWHERE: Final = "exported in Brex, and not by this journal"
CLOSED: Final = "closed-period"
UNDATED: Final = f"{CHANGED}, and booked on a day that the journal does not know"
POISON: Final = "the ERP fails on it, and takes others"
STILL_READY: Final = "Brex was told several times, and shows it as ready"
UNASKED: Final = "the ERP fails when it is asked for it, and finds others"
UNREADABLE: Final = "unreadable"


SETTLING: Final = datetime.timedelta(minutes=10)
"""For so long after a report Brex may still show the record as it was; to report it again at once would be twice."""


@frozen
class Leave:
    """Nothing is to be done now."""


@frozen
class Put:
    """The journal is to say so.

    Attributes:
        entry: The row as it is to be.
        rejected: Why it is rejected, where it is.
    """

    entry: Entry
    rejected: Rejected | None = None


@frozen
class Post:
    """It is to be posted.

    Attributes:
        entry: The row as it is, or a new one, with what the record says now.
        posting: What to post.
        tried: The row of an earlier attempt with other content, None where there was none: if the ERP turns out to
            have the record, it is that content which the books hold.
    """

    entry: Entry
    posting: Posting
    tried: Entry | None = None


@frozen
class Amend:
    """The entry in the books is to be brought to another content.

    Attributes:
        entry: The row as it is.
        posting: The content.
        told: Whether Brex shows the record as exported, so that nothing is to be reported.
    """

    entry: Entry
    posting: Posting
    told: bool


@frozen
class ReadBack:
    """Brex seems to want it once more; a page may be older than our report, so it is read again first.

    Attributes:
        entry: The row as it is.
    """

    entry: Entry


@frozen
class LookUp:
    """It is exported, and the journal has never seen it: the books are asked.

    Attributes:
        entry: The row as it is to be if they have it, without its reference.
    """

    entry: Entry


Verdict: TypeAlias = Leave | Put | Post | Amend | ReadBack | LookUp

LEAVE: Final = Leave()

UNDER_WAY: Final = frozenset({State.POSTING, State.PENDING, State.REPORTING, State.REPORTING_FAILURE})
"""Where what becomes of a record is found out elsewhere."""

REPOST_REJECTED: Final = "repost rejected"


def tries(entry: Entry) -> int:
    """How often a record has been rejected, this time included; what Brex was not told yet counts once.

    Args:
        entry: The row as it was.
    """
    return entry.attempts if entry.state is State.REJECTED else entry.attempts + 1


def exported(entry: Entry, now: datetime.datetime) -> Entry:
    """The row of a record that Brex shows as exported; what a person decided, and what was told again, stays known.

    Args:
        entry: The row as it was.
        now: The instant.
    """
    return entry.moved(
        State.EXPORTED,
        at=now,
        attempts=times_told(entry),
        reason=entry.reason if entry.reason in (AGAIN, KEPT, BY_HAND) else None,
        due=now if entry.receipts_owed else None,
    )


def times_told(entry: Entry) -> int:
    """How often Brex was told of a record after it had wanted it once more, or after a person had decided to keep it.

    Args:
        entry: The row.
    """
    return entry.attempts if entry.reason in (AGAIN, KEPT) else 0


def shows(review_status: str) -> str:
    """The reason of a record that is in the books and that Brex does not take a report about yet.

    Args:
        review_status: What Brex shows.
    """
    return f"Brex shows {review_status}"


def was_missed(record: AccountingRecord, entry: Entry) -> bool:
    """Whether a record that was left, since something is under way with it, shows what the journal has not seen.

    Args:
        record: The record.
        entry: The row.
    """
    is_busy = entry.owner is not None or entry.state in UNDER_WAY or entry.state is State.AMENDING
    return is_busy and content_hash(record) not in (entry.content_hash, entry.seen_hash)


def is_parked(entry: Entry) -> bool:
    """Whether a report waits until Brex shows the record as something else.

    Args:
        entry: The row.
    """
    return entry.reason is not None and entry.reason.startswith(shows(""))


def is_half_amended(entry: Entry) -> bool:
    """Whether the books may hold another content than the journal says, since an amendment was begun and not ended.

    Args:
        entry: The row.
    """
    return entry.state is State.AMENDING or (entry.reason is not None and entry.reason.startswith(AMEND_FAILED))


def digest(content_hash: str | None, message: str) -> str:
    """Of what Brex is told of a record that was not taken, and of the content that it is about.

    Args:
        content_hash: Of the content.
        message: What it is told.
    """
    return hashlib.sha256(f"{content_hash} {message}".encode()).hexdigest()[:32]


def was_told(entry: Entry, message: str) -> bool:
    """Whether Brex was told the same of a record before, or somebody has tried to.

    Args:
        entry: The row, with the content that it is about.
        message: What it would be told.
    """
    told = digest(entry.content_hash, message)
    return entry.reported in (told, f"?{told}")


def as_booked(entry: Entry, posted: Posted) -> Entry:
    """The row of an entry that was found in the books, with the content that these hold.

    Where that is another one than the row says, nothing else is known of it: neither its amount nor its day.

    Args:
        entry: The row, with the content that was last tried, or that Brex shows.
        posted: The entry.
    """
    if not is_other(posted.content_hash, entry.content_hash):
        return entry
    return entry.changed(content_hash=posted.content_hash, amount=None, currency=None, posting_date=None)


def is_unseen(entry: Entry) -> bool:
    """Whether Brex was never seen to show the content that the books hold, and nobody has decided to keep that.

    Args:
        entry: The row of an entry that is in the books.
    """
    return entry.content_hash is not None and entry.currency is None and entry.reason not in (AGAIN, KEPT, BY_HAND)


def is_in_the_books(entry: Entry) -> bool:
    """Whether the journal knows of an entry in the books.

    Args:
        entry: The row.
    """
    return entry.state in IN_THE_BOOKS or (entry.state is State.NEEDS_PERSON and entry.reference is not None)


__all__ = [
    "AGAIN",
    "AMENDED",
    "AMEND_FAILED",
    "BY_HAND",
    "CHANGED",
    "CLOSED",
    "ELSEWHERE",
    "FAILURE_REFUSED",
    "GONE",
    "KEPT",
    "LEAVE",
    "POISON",
    "REPOST_REJECTED",
    "SETTLING",
    "STILL_READY",
    "UNASKED",
    "UNDATED",
    "UNDER_WAY",
    "UNREADABLE",
    "Amend",
    "Leave",
    "LookUp",
    "Post",
    "Put",
    "ReadBack",
    "Verdict",
    "as_booked",
    "digest",
    "exported",
    "is_half_amended",
    "is_in_the_books",
    "is_parked",
    "is_unseen",
    "shows",
    "times_told",
    "tries",
    "was_missed",
    "was_told",
]
