"""What all steps of one run of an export have in common."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from attrs import define, field

from brex_accounting_client.models import AccountingRecord

from ..clock import Clock
from ..errors import ErpFailed, PagingError
from .deciding import Judge
from .events import ExportProgress, Teller, logger
from .guards import GuardedErp
from .journal import Change, Entry, Journal
from .policy import ExportPolicy
from .states import State
from .summary import Tally
from .verdicts import AGAIN, AMEND_FAILED, BY_HAND, GONE, KEPT, digest, is_half_amended, was_told

if TYPE_CHECKING:
    from ..client import Brex

_LINKS_KEPT: Final = 10_000
"""How many deep links are kept for the report; the ERP is asked for others again, since no journal may hold them."""

_IN_A_ROW: Final = 3
"""After so many failures in a row the ERP is left alone until the next run."""

_FIRST_DELAY: Final = 60.0
_LONGEST_DELAY: Final = 86_400.0
_REFUSED_DELAY: Final = 3600.0


REPORT_DELAY: Final = datetime.timedelta(hours=1)
"""For how long a report waits for its entry to be amended."""


def growing(attempts: int, *, first: float = _FIRST_DELAY) -> datetime.timedelta:
    """How long to wait after so many attempts: doubling, up to a day.

    Args:
        attempts: How many there were, from 1.
        first: Seconds after the first.
    """
    return datetime.timedelta(seconds=min(_LONGEST_DELAY, first * 2 ** min(max(attempts, 1) - 1, 30)))


def after_refusal(attempts: int) -> datetime.timedelta:
    """How long a refused record rests: an hour at first, up to a day.

    Args:
        attempts: How often it was refused.
    """
    return growing(attempts, first=_REFUSED_DELAY)


@define(kw_only=True, eq=False)
class Run:
    """One run.

    Attributes:
        brex: The client.
        erp: The ERP, guarded.
        journal: The journal, guarded.
        policy: What the ledger takes, and when.
        clock: Time and sleep.
        owner: What this worker is called in claims.
        lease: Seconds for which a claim lasts unless it is renewed.
        page_size: Records in a page.
        report_size: Results in one report.
        teller: Tells how far it is.
        rebuilding: Whether the books may know more than the journal.
        begun: When the run began, or the first of those before it that were broken off: this one goes on with theirs.
        stopping: Set when somebody wants the run to end after the batch in hand.
        tally: Counts.
        messages: What Brex is to be told of records that were rejected in this run.
        links: Deep links of entries that came into the books in this run.
        rejected: Records that were rejected in this run, and that nobody has tried to tell Brex the same of before.
        expected: How many records the list that is being read holds.
        failures: How often in a row the ERP has failed.
        erp_error: What the ERP failed with last.
        took: Whether the ERP has taken something in this run.
        in_vain: How often the ERP has failed with what it had failed with before, since it last took something.
        tries: How often the ERP has failed with each record in this run.
        doubts: Since when, in seconds that never go back, the ERP may have what it does not show; kept over runs.
        busy: Records that were passed over because something was under way with them; they are read again.
        asks_for_links: Whether the ERP is asked again for links that are not at hand: not where it gives none.
    """

    brex: Brex
    erp: GuardedErp
    journal: Journal
    policy: ExportPolicy
    clock: Clock
    owner: str
    lease: float
    page_size: int
    report_size: int
    teller: Teller
    rebuilding: bool
    begun: datetime.datetime
    stopping: asyncio.Event
    tally: Tally = field(factory=Tally)
    messages: dict[str, str] = field(factory=dict[str, str])
    links: OrderedDict[str, str] = field(factory=OrderedDict[str, str])
    rejected: set[str] = field(factory=set[str])
    expected: int | None = None
    failures: int = 0
    erp_error: str = ""
    took: bool = False
    in_vain: int = 0
    tries: Counter[str] = field(factory=Counter[str])
    doubts: dict[str, float] = field(factory=dict[str, float])
    busy: set[str] = field(factory=set[str])
    asks_for_links: bool = True

    @property
    def is_stopping(self) -> bool:
        """Whether to end after the batch in hand."""
        return self.stopping.is_set()

    @property
    def erp_is_down(self) -> bool:
        """Whether the ERP cannot be asked at present."""
        return self.failures >= _IN_A_ROW

    @property
    def judge(self) -> Judge:
        """Who decides about records."""
        return Judge(
            policy=self.policy,
            mapping_version=self.erp.mapping_version,
            search_lag=self.erp.search_lag,
            amends=self.erp.amends,
            rebuilding=self.rebuilding,
        )

    def now(self) -> datetime.datetime:
        """The instant."""
        return self.clock.now()

    def lease_until(self) -> datetime.datetime:
        """When a claim that is made now ends."""
        return self.now() + datetime.timedelta(seconds=self.lease)

    @property
    def half_a_lease(self) -> datetime.timedelta:
        """Half of the time for which a claim lasts."""
        return datetime.timedelta(seconds=self.lease / 2)

    def claimed(self) -> dict[str, object]:
        """The members of a row that this worker claims now."""
        return {"owner": self.owner, "lease_until": self.lease_until()}

    def progress(self, stage: str) -> None:
        """Tell how far the run is."""
        counts = self.tally.counts
        event = ExportProgress(
            stage=stage,
            seen=counts["seen"],
            expected=self.expected,
            posted=counts["posted"],
            reported=counts["exported"] + counts["refused"],
        )
        self.teller.tell(event)

    def keep_link(self, record_id: str, link: str | None) -> None:
        """Keep a deep link until it is reported."""
        if link is None:
            return
        self.links[record_id] = link
        while len(self.links) > _LINKS_KEPT:
            self.links.popitem(last=False)

    def reject(self, row: Entry, message: str) -> None:
        """Remember what Brex is to be told of a record, and whether that is new to it."""
        self.messages[row.record_id] = message
        if not was_told(row, message):
            self.rejected.add(row.record_id)

    def tried(self, row: Entry) -> str:
        """What stands for the digest while Brex may not have been told, or does not want to hear of it."""
        return f"?{self.digest(row)}"

    def digest(self, row: Entry) -> str:
        """Of what Brex is to be told of a record, and of the content that it is about."""
        return digest(row.content_hash, self.messages[row.record_id])

    def erp_failed(self, error: ErpFailed) -> None:
        """Note that the ERP has failed."""
        self.failures += 1
        self.erp_error = str(error)
        logger.warning("%s %d in a row.", error, self.failures)

    def erp_worked(self) -> None:
        """Note that the ERP has taken something; that it can be asked says nothing of that."""
        self.failures = self.in_vain = 0
        self.took = True

    async def look_again(self, record_ids: Sequence[str]) -> None:
        """Remember records to read once more, durably: the list that showed them may not show them again.

        Args:
            record_ids: The records.
        """
        if record_ids:
            self.busy.update(record_ids)
            await self.journal.announce(f"look again {uuid.uuid4().hex}", record_ids, at=self.now())

    async def outrun(self, wanted: Sequence[tuple[Entry, str | None]], written: Sequence[Entry]) -> None:
        """Read records again whose rows somebody else has changed meanwhile, unless what was seen is known there.

        Args:
            wanted: The rows that were to be written, and the hash of what Brex showed; None where it has none.
            written: Those that were.
        """
        done = {row.record_id for row in written}
        lost = {row.record_id: seen for row, seen in wanted if row.record_id not in done}
        if not lost:
            return
        rows = await self.journal.load([*lost])
        known = {id_ for id_, row in rows.items() if lost[id_] in (row.content_hash, row.seen_hash)}
        await self.look_again([id_ for id_, seen in lost.items() if seen is None or id_ not in known])

    async def claim(self, *states: State, limit: int) -> Sequence[Entry]:
        """Claim rows that are due, or whose worker has died."""
        return await self.journal.claim(
            states, owner=self.owner, now=self.now(), lease_until=self.lease_until(), limit=limit
        )

    async def write(self, *changes: Change) -> list[Entry]:
        """Write rows, and count what they say.

        Returns:
            The rows as they are now; those that somebody else has changed meanwhile are left out.
        """
        if not changes:
            return []
        rows = await self.journal.write(changes, owner=self.owner)
        for change, row in zip(changes, rows, strict=True):
            if row is not None:
                self._count(change, row)
        return [row for row in rows if row is not None]

    async def write_booked(self, changes: Sequence[Change], others: Collection[str]) -> list[Entry]:
        """Write rows of entries that are in the books.

        Args:
            changes: The rows.
            others: The records whose entries hold another content than Brex shows: they are read again, to be amended.

        Returns:
            As ``write`` does.
        """
        await self.look_again([*others])  # before it, so that it is known after a crash as well
        written = await self.write(*changes)
        await self.look_again([*others])  # and behind it: another worker may have read them in between
        return written

    def _count(self, change: Change, row: Entry) -> None:
        if change.silent:
            return
        match row.state:
            case State.EXPORTED if row.reason in (None, AGAIN, BY_HAND, KEPT):
                self.tally.exported(row)
            case State.NEEDS_PERSON:
                self.tally.person(row.record_id, row.reason)
            case State.NOT_FOR_LEDGER:
                self.tally.counts["not_for_ledger"] += 1
            case State.WAITING:
                self.tally.counts["waiting"] += 1
            case _:
                pass

    async def fresh(self, ids: Sequence[str]) -> tuple[dict[str, AccountingRecord], frozenset[str]]:
        """Records as Brex shows them now, by id, and the ids of those that cannot be read.

        Args:
            ids: The records; those that Brex does not know are in neither.

        Raises:
            CallError: They cannot be read.
            PagingError: They cannot be read to the end.
        """
        found: dict[str, AccountingRecord] = {}
        async with self.brex.records.iter(ids=ids, on_bad_record="collect") as stream:
            try:
                async for record in stream:
                    found[record.id] = record
            except PagingError:
                if not found.keys() >= {*ids}:  # otherwise nothing is missing, whatever is said of a next page
                    raise
            return found, frozenset(bad.id for bad in stream.bad_records if bad.id is not None)

    def gone(self, entry: Entry) -> Change:
        """What is written of a record that Brex does not know any more."""
        reason = f"{AMEND_FAILED}: {GONE}" if is_half_amended(entry) else GONE
        return Change(entry=entry.moved(State.NEEDS_PERSON, at=self.now(), reason=reason))

    async def still_ours(self, rows: Sequence[Entry]) -> Sequence[Entry]:
        """The rows whose claims have lasted, where it has taken long to come here: others may have taken them over.

        Args:
            rows: The rows, as they were claimed.
        """
        if not rows or self.now() < min(row.lease_until or self.now() for row in rows) - self.half_a_lease:
            return rows
        held = await self.journal.renew(rows, owner=self.owner, lease_until=self.lease_until())
        return [row for row in rows if row.record_id in held]

    @asynccontextmanager
    async def keeping(self, entries: Sequence[Entry]) -> AsyncGenerator[None]:
        """A block during which claims do not run out, however long it takes.

        Args:
            entries: The rows, as they were claimed.
        """
        task = asyncio.get_running_loop().create_task(self._keep(entries))
        try:
            yield
        finally:
            # Waited for, not awaited: the cancellation of the task is not that of whoever waits.
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # a journal that does not renew will not take what comes next either

    async def _keep(self, entries: Sequence[Entry]) -> None:
        while True:
            await self.clock.sleep(self.lease / 3)
            await self.journal.renew(entries, owner=self.owner, lease_until=self.lease_until())


__all__ = ["REPORT_DELAY", "Run", "after_refusal", "growing"]
