"""What a journal of exports keeps, and what any journal has to do.

A journal holds, for one account, the current state of each record and a history to which rows are only ever added.
Four rules make it safe for several workers:

- what ``write`` has returned for is durable;
- a row changes only where its ``revision`` is the one that the writer has seen, and each change and each claim raises
  it: the revision is the fencing token, and a worker whose claim was taken over writes nothing;
- a claim ends with its lease, so that the records of a worker that died are taken up again;
- no names, memos, messages or URLs are in it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol, Self, runtime_checkable

import attrs
from attrs import frozen

from .states import State, check_move


@frozen(kw_only=True, slots=False)  # a dict can be copied at once, and each record passes through some ten of these
class Entry:
    """Where one record stands.

    Attributes:
        record_id: The record.
        state: Where it stands.
        since: When it came there.
        revision: Raised by each change and each claim; 0 for a row that is yet to be written.
        generation: Raised when a person wants the record posted once more; it is part of the key at the ERP.
        content_hash: Of the content that is in the books, or was last tried; None where none was ever read.
        seen_hash: Of the content that Brex shows, where that differs from the one in the books and a person has to
            decide.
        amount: The record's amount, with its sign.
        currency: Its currency.
        posting_date: The day that it is posted under.
        reference: The entry's id in the ERP.
        attempts: How often the ERP, or Brex in its turn, has been asked since the last success.
        reason: Why it stands there, in words without names or free text, such as ``no-account:6320``.
        reported: What of it was last reported as a failure: a digest of hash and message.
        mapping_version: The version of the ERP's mapping that it was last tried with.
        receipts_owed: Whether receipts are still to be attached to the entry.
        due: When to look at it again without being asked; None for never.
        owner: The worker that has claimed it.
        lease_until: When the claim ends, if it is not renewed.
    """

    record_id: str
    state: State
    since: datetime.datetime
    revision: int = 0
    generation: int = 1
    content_hash: str | None = None
    seen_hash: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    posting_date: datetime.date | None = None
    reference: str | None = None
    attempts: int = 0
    reason: str | None = None
    reported: str | None = None
    mapping_version: str | None = None
    receipts_owed: bool = False
    due: datetime.datetime | None = None
    owner: str | None = None
    lease_until: datetime.datetime | None = None

    @property
    def key(self) -> str:
        """What the ERP knows the entry by."""
        return self.record_id if self.generation == 1 else f"{self.record_id}~{self.generation}"

    def moved(self, state: State, *, at: datetime.datetime, **changes: Any) -> Self:
        """The entry after a move, without the claim, the reason and the due date of before.

        Args:
            state: Where to.
            at: When.
            **changes: What else changes; a claim that is to be kept is named here.

        Raises:
            AssertionError: There is no such move.
        """
        check_move(self.state if self.revision else None, state)
        usual: dict[str, Any] = {
            "state": state,
            "since": at,
            "reason": None,
            "due": None,
            "owner": None,
            "lease_until": None,
            **changes,
        }
        return self._with(usual)

    def changed(self, **changes: Any) -> Self:
        """The same entry with other members; what ``attrs.evolve`` does, in a fraction of its time.

        Args:
            **changes: The members that differ.

        Raises:
            TypeError: There is no such member.
        """
        return self._with(changes)

    def _with(self, changes: dict[str, Any]) -> Self:
        members = self.__dict__ | changes
        if len(members) != _MEMBERS:
            message = f"an entry has no {', '.join(changes.keys() - self.__dict__.keys())}"
            raise TypeError(message)
        made = object.__new__(type(self))
        # As attrs does it for what is frozen; the dict is the new entry's own, and need not be copied into another one.
        object.__setattr__(made, "__dict__", members)
        return made


_MEMBERS: Final = len(attrs.fields(Entry))


@frozen(kw_only=True)
class Change:
    """One row as it is to be.

    Attributes:
        entry: The row, with the revision that the writer has seen; 0 where there must be no row yet.
        trace_id: ``X-Brex-Trace-Id`` of the call that brought the change about.
        note: What a person said when deciding.
        silent: Whether the history passes over it: only ``due``, ``attempts`` or the claim have changed.
    """

    entry: Entry
    trace_id: str | None = None
    note: str | None = None
    silent: bool = False


@frozen(kw_only=True)
class Event:
    """One row of a record's history.

    Attributes:
        number: Grows with each row of the journal.
        record_id: The record.
        at: When.
        state: Where it came to.
        generation: As in the entry.
        content_hash: As in the entry.
        amount: As in the entry.
        currency: As in the entry.
        reference: As in the entry.
        attempts: As in the entry.
        reason: As in the entry.
        trace_id: Of the call to Brex that brought it about.
        note: What a person said when deciding.
        owner: The worker that wrote it.
    """

    number: int
    record_id: str
    at: datetime.datetime
    state: State
    generation: int
    content_hash: str | None
    amount: Decimal | None
    currency: str | None
    reference: str | None
    attempts: int
    reason: str | None
    trace_id: str | None
    note: str | None
    owner: str | None


@frozen(kw_only=True)
class Count:
    """How many records stand in one state, and what they amount to.

    Attributes:
        state: The state.
        currency: The currency, None for records whose amount was never read.
        records: How many.
        amount: The exact sum of their amounts.
    """

    state: State
    currency: str | None
    records: int
    amount: Decimal


@runtime_checkable
class Journal(Protocol):
    """Keeps what became of each record of one account.

    All methods may be called from one event loop at a time and from several tasks. What a journal of one's own raises
    reaches the caller as ``JournalError``, with that as its cause.
    """

    async def open(self, account: str | None) -> None:
        """Make it ready, and bring an older schema to the current one.

        Args:
            account: The label of the account. The first one is remembered, and another one is refused.

        Raises:
            JournalError: It cannot be opened, was written by a newer version, or belongs to another account.
        """
        ...

    async def aclose(self) -> None:
        """Close it; closing again does nothing."""
        ...

    async def load(self, record_ids: Sequence[str]) -> Mapping[str, Entry]:
        """The rows of these records, by id; those that have none are left out."""
        ...

    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        """Change rows, all in one transaction; it is durable when this returns.

        Args:
            changes: Rows of different records.
            owner: Who writes, for the history.

        Returns:
            In the same order, each row as it is now, with its new revision; None where the revision was another one
            (or where there was a row and should be none), and nothing has changed.
        """
        ...

    async def claim(
        self,
        states: Collection[State],
        *,
        owner: str,
        now: datetime.datetime,
        lease_until: datetime.datetime,
        limit: int,
        due_only: bool = True,
    ) -> Sequence[Entry]:
        """Take rows that nobody else has claimed, oldest due first.

        Args:
            states: Where they stand.
            owner: Who claims. Rows that the same owner has claimed already are not taken again.
            now: The instant: claims whose lease has ended by then are free.
            lease_until: When the new claims end.
            limit: The most rows.
            due_only: Only rows whose ``due`` is not later than ``now``; False takes rows without one too, and those of
                later.

        Returns:
            The rows as they are now, with their new revisions.
        """
        ...

    async def renew(self, entries: Sequence[Entry], *, owner: str, lease_until: datetime.datetime) -> Collection[str]:
        """Let claims last longer; revisions stay.

        Returns:
            The ids of the records that are still claimed by this owner at these revisions.
        """
        ...

    async def next_due(self, *, now: datetime.datetime) -> datetime.datetime | None:
        """When the next row is due or the next claim ends, settled rows too; ``now`` or before where one is overdue."""
        ...

    async def counts(self) -> Sequence[Count]:
        """How many records stand where, and their sums."""
        ...

    async def entries(
        self, states: Collection[State] | None = None, *, after: str = "", limit: int = 1000
    ) -> Sequence[Entry]:
        """Rows by record id, for walking over all of them.

        Args:
            states: Only these; None for all.
            after: Only ids greater than this one.
            limit: The most rows.
        """
        ...

    async def history(self, record_id: str) -> Sequence[Event]:
        """Everything that happened to a record, oldest first."""
        ...

    async def note(self, name: str) -> str | None:
        """A value that was noted under a name, such as the watermark; None where none was."""
        ...

    async def set_note(self, name: str, value: str | None) -> None:
        """Note a value under a name, durably; None forgets it."""
        ...

    async def announce(self, delivery_id: str, record_ids: Sequence[str], *, at: datetime.datetime) -> bool:
        """Remember ids that a webhook named, until ``announced_done``; durable when this returns.

        Args:
            delivery_id: ``Webhook-Id``: a second delivery with the same one adds nothing.
            record_ids: The records.
            at: When it came. Deliveries older than 30 days before that may be forgotten.

        Returns:
            Whether it is new.
        """
        ...

    async def announced(self, limit: int) -> Sequence[str]:
        """Records that webhooks named and that are not done, oldest first, each once."""
        ...

    async def announced_done(self, record_ids: Sequence[str]) -> None:
        """Forget that webhooks named these records.

        What is announced again between ``announced`` and this may tell of a change that its reader has not seen: a
        journal for several workers keeps it.
        """
        ...


__all__ = ["Change", "Count", "Entry", "Event", "Journal"]
