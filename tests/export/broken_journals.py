"""A sound journal that tests can read at a glance, and journals that are each wrong in one way."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from brex_accounting.errors import JournalError
from brex_accounting.export.journal import Change, Count, Entry, Event
from brex_accounting.export.posting import EXACT
from brex_accounting.export.states import State


@attrs.define
class Place:
    """What several journals share."""

    rows: dict[str, Entry] = attrs.field(factory=dict)
    events: list[Event] = attrs.field(factory=list)
    notes: dict[str, str] = attrs.field(factory=dict)
    deliveries: dict[str, datetime.datetime] = attrs.field(factory=dict)
    announced: list[str] = attrs.field(factory=list)
    accounts: list[str | None] = attrs.field(factory=list)


class SoundJournal:
    """One event loop, no threads, nothing durable; each step of it can be overridden with a mistake."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def open(self, account: str | None) -> None:
        if not self.place.accounts:
            self.place.accounts.append(account)
        if not self.is_account(account, self.place.accounts[0]):
            message = "the journal belongs to another account"
            raise JournalError(message, operation="open the journal")

    def is_account(self, account: str | None, first: str | None) -> bool:
        return account == first

    async def aclose(self) -> None:
        pass

    # -- rows

    async def load(self, record_ids: Sequence[str]) -> Mapping[str, Entry]:
        return {record_id: self.place.rows[record_id] for record_id in record_ids if record_id in self.place.rows}

    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        return [self.change(change, owner) for change in changes]

    def change(self, change: Change, owner: str | None) -> Entry | None:
        entry = change.entry
        current = self.place.rows.get(entry.record_id)
        if not self.is_expected(entry.revision, 0 if current is None else current.revision):
            return None
        new = self.kept(attrs.evolve(entry, revision=self.next_revision(change)))
        self.place.rows[new.record_id] = new
        if not change.silent:
            self.tell(new, change, owner)
        return new

    def is_expected(self, seen: int, current: int) -> bool:
        return seen == current

    def next_revision(self, change: Change) -> int:
        return change.entry.revision + 1

    def kept(self, entry: Entry) -> Entry:
        return entry

    def tell(self, entry: Entry, change: Change, owner: str | None) -> None:
        self.place.events.append(
            Event(
                number=len(self.place.events) + 1,
                record_id=entry.record_id,
                at=entry.since,
                state=entry.state,
                generation=entry.generation,
                content_hash=entry.content_hash,
                amount=entry.amount,
                currency=entry.currency,
                reference=entry.reference,
                attempts=entry.attempts,
                reason=entry.reason,
                trace_id=change.trace_id,
                note=change.note,
                owner=owner,
            )
        )

    # -- claims

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
        found = [row for row in self.place.rows.values() if row.state in states and self.is_free(row, owner, now)]
        if due_only:
            found = [row for row in found if self.is_due(row, now)]
        taken = [self.taken(row, owner, lease_until) for row in self.in_order(found)[: self.most(limit)]]
        self.place.rows.update((row.record_id, row) for row in taken)
        return taken

    def is_free(self, row: Entry, owner: str, now: datetime.datetime) -> bool:
        return row.lease_until is None or row.lease_until <= now

    def is_due(self, row: Entry, now: datetime.datetime) -> bool:
        turn = row.lease_until or row.due
        return turn is not None and turn <= now

    def in_order(self, rows: Iterable[Entry]) -> list[Entry]:
        last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        return sorted(rows, key=lambda row: row.lease_until or row.due or last)

    def most(self, limit: int) -> int:
        return limit

    def taken(self, row: Entry, owner: str, lease_until: datetime.datetime) -> Entry:
        return attrs.evolve(row, owner=owner, lease_until=lease_until, revision=row.revision + 1)

    async def renew(self, entries: Sequence[Entry], *, owner: str, lease_until: datetime.datetime) -> Collection[str]:
        kept = [entry.record_id for entry in entries if self.is_still(entry, self.place.rows[entry.record_id], owner)]
        for record_id in kept:
            self.place.rows[record_id] = attrs.evolve(self.place.rows[record_id], lease_until=lease_until)
        return kept

    def is_still(self, entry: Entry, row: Entry, owner: str) -> bool:
        return entry.revision == row.revision and row.owner == owner

    async def next_due(self, *, now: datetime.datetime) -> datetime.datetime | None:
        turns = [self.turn(row) for row in self.place.rows.values()]
        return min((turn for turn in turns if turn is not None), default=None)

    def turn(self, row: Entry) -> datetime.datetime | None:
        return row.lease_until or row.due

    # -- looking

    async def counts(self) -> Sequence[Count]:
        groups: dict[tuple[State, str | None], list[Decimal]] = {}
        for row in self.place.rows.values():
            groups.setdefault((row.state, row.currency), []).append(row.amount or Decimal())
        return [
            Count(state=state, currency=currency, records=len(amounts), amount=self.total(amounts))
            for (state, currency), amounts in groups.items()
        ]

    def total(self, amounts: Sequence[Decimal]) -> Decimal:
        exact = Decimal(0)
        for amount in amounts:
            exact = EXACT.add(exact, amount)
        return exact

    async def entries(
        self, states: Collection[State] | None = None, *, after: str = "", limit: int = 1000
    ) -> Sequence[Entry]:
        rows = [self.place.rows[record_id] for record_id in sorted(self.place.rows) if record_id > after]
        return [row for row in rows if states is None or row.state in states][:limit]

    async def history(self, record_id: str) -> Sequence[Event]:
        return [event for event in self.place.events if event.record_id == record_id]

    # -- notes and webhooks

    async def note(self, name: str) -> str | None:
        return self.place.notes.get(name)

    async def set_note(self, name: str, value: str | None) -> None:
        if value is None:
            self.place.notes.pop(name, None)
        else:
            self.place.notes[name] = value

    async def announce(self, delivery_id: str, record_ids: Sequence[str], *, at: datetime.datetime) -> bool:
        if delivery_id in self.place.deliveries:
            return False
        self.place.deliveries[delivery_id] = at
        self.place.announced += [record_id for record_id in dict.fromkeys(record_ids) if self.adds(record_id)]
        return True

    def adds(self, record_id: str) -> bool:
        return record_id not in self.place.announced

    async def announced(self, limit: int) -> Sequence[str]:
        return self.place.announced[:limit]

    async def announced_done(self, record_ids: Sequence[str]) -> None:
        self.place.announced = [record_id for record_id in self.place.announced if record_id not in record_ids]


class LastWriterWins(SoundJournal):
    def is_expected(self, seen: int, current: int) -> bool:
        return bool(seen) == bool(current)


class OverwritesWhereNothingIsExpected(SoundJournal):
    def is_expected(self, seen: int, current: int) -> bool:
        return seen in {0, current}


class MakesMissingRows(SoundJournal):
    def is_expected(self, seen: int, current: int) -> bool:
        return current in {0, seen}


class GivesUpTheWholeBatch(SoundJournal):
    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        rows = self.place.rows
        for change in changes:
            current = rows.get(change.entry.record_id)
            if change.entry.revision != (current.revision if current else 0):
                return [None] * len(changes)
        return await super().write(changes, owner=owner)


class LeavesTheRevisionOfSilentChanges(SoundJournal):
    def next_revision(self, change: Change) -> int:
        return change.entry.revision + (not change.silent)


class ChecksTooEarly(SoundJournal):
    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        (change, *_) = changes
        current = self.place.rows.get(change.entry.record_id)
        sound = change.entry.revision == (current.revision if current else 0)
        await asyncio.sleep(0)
        if sound and current:
            self.place.rows[change.entry.record_id] = change.entry
        return await super().write(changes, owner=owner)


class WritesRowByRow(SoundJournal):
    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        written: list[Entry | None] = []
        for change in changes:
            written.append(self.change(change, owner))
            await asyncio.sleep(0)
        return written


class RoundsToMilliseconds(SoundJournal):
    def kept(self, entry: Entry) -> Entry:
        return attrs.evolve(entry, since=entry.since.replace(microsecond=entry.since.microsecond // 1000 * 1000))


class KeepsAmountsAsFloats(SoundJournal):
    def kept(self, entry: Entry) -> Entry:
        return attrs.evolve(entry, amount=None if entry.amount is None else Decimal(repr(float(entry.amount))))


class SpellsAmountsItsOwnWay(SoundJournal):
    def kept(self, entry: Entry) -> Entry:
        return attrs.evolve(entry, amount=None if entry.amount is None else EXACT.normalize(entry.amount))


class SumsFloats(SoundJournal):
    def total(self, amounts: Sequence[Decimal]) -> Decimal:
        return Decimal(repr(sum(map(float, amounts))))


class ForgetsTheState(SoundJournal):
    async def entries(
        self, states: Collection[State] | None = None, *, after: str = "", limit: int = 1000
    ) -> Sequence[Entry]:
        return await super().entries(None, after=after, limit=limit)


class TellsSilentChanges(SoundJournal):
    def change(self, change: Change, owner: str | None) -> Entry | None:
        return super().change(attrs.evolve(change, silent=False), owner)


class OverwritesTheHistory(SoundJournal):
    def tell(self, entry: Entry, change: Change, owner: str | None) -> None:
        self.place.events = [event for event in self.place.events if event.record_id != entry.record_id]
        super().tell(entry, change, owner)


class TellsClaims(SoundJournal):
    def taken(self, row: Entry, owner: str, lease_until: datetime.datetime) -> Entry:
        self.tell(row, Change(entry=row), owner)
        return super().taken(row, owner, lease_until)


class ClaimsInAnyOrder(SoundJournal):
    def in_order(self, rows: Iterable[Entry]) -> list[Entry]:
        return list(rows)


class ClaimsTheUndatedFirst(SoundJournal):
    def in_order(self, rows: Iterable[Entry]) -> list[Entry]:
        return sorted(super().in_order(rows), key=lambda row: row.due is not None)


class ClaimsMoreThanTheLimit(SoundJournal):
    def most(self, limit: int) -> int:
        return limit + 1


class ClaimsWithoutAChange(SoundJournal):
    def taken(self, row: Entry, owner: str, lease_until: datetime.datetime) -> Entry:
        return attrs.evolve(row, owner=owner, lease_until=lease_until)


class ClaimsItsOwnAgain(SoundJournal):
    def is_free(self, row: Entry, owner: str, now: datetime.datetime) -> bool:
        return row.owner == owner or super().is_free(row, owner, now)


class EndsLeasesEarly(SoundJournal):
    def is_free(self, row: Entry, owner: str, now: datetime.datetime) -> bool:
        return row.lease_until is None or row.lease_until <= now + datetime.timedelta(seconds=1)


class NeverEndsALease(SoundJournal):
    def is_free(self, row: Entry, owner: str, now: datetime.datetime) -> bool:
        return row.owner is None


class LeavesWhatHasNoDate(SoundJournal):
    def is_due(self, row: Entry, now: datetime.datetime) -> bool:
        return row.due is not None and row.due <= now


class LooksBeforeItClaims(SoundJournal):
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
        before = dict(self.place.rows)
        await asyncio.sleep(0)
        self.place.rows = before
        return await super().claim(
            states, owner=owner, now=now, lease_until=lease_until, limit=limit, due_only=due_only
        )


class RenewsForAnybody(SoundJournal):
    def is_still(self, entry: Entry, row: Entry, owner: str) -> bool:
        return entry.revision == row.revision


class RenewsWhatHasChanged(SoundJournal):
    def is_still(self, entry: Entry, row: Entry, owner: str) -> bool:
        return row.owner == owner


class RenewsNothing(SoundJournal):
    async def renew(self, entries: Sequence[Entry], *, owner: str, lease_until: datetime.datetime) -> Collection[str]:
        return [entry.record_id for entry in entries if self.is_still(entry, self.place.rows[entry.record_id], owner)]


class WakesForWhatIsClaimed(SoundJournal):
    def turn(self, row: Entry) -> datetime.datetime | None:
        return row.due


class NotesOnce(SoundJournal):
    async def set_note(self, name: str, value: str | None) -> None:
        if value is None:
            await super().set_note(name, value)
        else:
            self.place.notes.setdefault(name, value)


class AnnouncesTwice(SoundJournal):
    def adds(self, record_id: str) -> bool:
        return True


class AnnouncesInTheOrderOfIds(SoundJournal):
    async def announced(self, limit: int) -> Sequence[str]:
        return sorted(self.place.announced)[:limit]


class ForgetsDeliveries(SoundJournal):
    async def announced_done(self, record_ids: Sequence[str]) -> None:
        await super().announced_done(record_ids)
        self.place.deliveries.clear()


class IsAnybodys(SoundJournal):
    def is_account(self, account: str | None, first: str | None) -> bool:
        return True


class IsAnybodysWithoutALabel(SoundJournal):
    def is_account(self, account: str | None, first: str | None) -> bool:
        return account in {None, first}


class ClosesOnce(SoundJournal):
    is_closed = False

    async def aclose(self) -> None:
        if self.is_closed:
            message = "it is closed"
            raise RuntimeError(message)
        self.is_closed = True


class StartsWithANote(SoundJournal):
    async def open(self, account: str | None) -> None:
        await super().open(account)
        self.place.notes.setdefault("watermark", "")
