"""What every journal of exports has to pass, whoever writes it.

::

    class TestOurJournal(JournalContract):
        @pytest.fixture
        def open_journal(self, database) -> OpenJournal:
            return lambda: OurJournal(database)

It needs pytest with pytest-asyncio, in its strict mode too, and nothing of Brex. No test sleeps: a journal is told what
time it is.
"""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest

from ..errors import JournalError
from ..export.journal import Change, Count, Entry, Journal
from ..export.states import State

OpenJournal: TypeAlias = Callable[[], Journal]

_START = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)

# After how many turns of the event loop a call is cancelled: from before its first step to after its last.
_STEPS = range(16)


def _at(seconds: float) -> datetime.datetime:
    return _START + datetime.timedelta(seconds=seconds)


def _entry(record_id: str, state: State = State.READY, **facts: Any) -> Entry:
    return Entry(record_id=record_id, state=state, since=_START, **facts)


def _changes(*entries: Entry) -> list[Change]:
    return [Change(entry=entry) for entry in entries]


def _ids(entries: Sequence[Entry]) -> list[str]:
    return [entry.record_id for entry in entries]


@pytest.mark.asyncio
class JournalContract:
    """Tests of what ``Journal`` promises: subclass it as ``Test…`` and override ``open_journal``.

    Attributes:
        account: The label that the journals are opened with.
    """

    account: ClassVar[str] = "contract"

    @pytest.fixture
    def open_journal(self) -> OpenJournal:
        """What makes another journal on the same place at each call, yet to be opened; the place is empty at first."""
        message = "open_journal: override this fixture; it returns a function that makes a journal on a fresh place"
        raise NotImplementedError(message)

    # -- rows

    async def test_is_a_journal(self, open_journal: OpenJournal) -> None:
        """It has the methods of the protocol, and closing it twice does nothing."""
        async with self._opened(open_journal) as journal:
            assert isinstance(journal, Journal)
            await journal.aclose()

    async def test_holds_nothing_at_first(self, open_journal: OpenJournal) -> None:
        """A fresh place has no rows, no history, no notes, nothing that is due and nothing announced."""
        async with self._opened(open_journal) as journal:
            assert dict(await journal.load(["a"])) == {}
            assert list(await journal.entries()) == []
            assert list(await journal.counts()) == []
            assert list(await journal.history("a")) == []
            assert list(await journal.announced(10)) == []
            assert await journal.note("watermark") is None
            assert await journal.next_due(now=_START) is None
            assert await self._claimed(journal, "w1", 0, due_only=False) == []

    async def test_gives_back_every_field(self, open_journal: OpenJournal) -> None:
        """Each field comes back as it was written, whether it says something or not, after reopening too."""
        full = Entry(
            record_id="accr_ü\U0001f511",
            state=State.REPORTING_FAILURE,
            since=_at(0.000001),
            generation=3,
            content_hash="1:ab",
            seen_hash="1:cd",
            amount=Decimal("-12345678901234567890.1200"),
            currency="EUR",
            posting_date=datetime.date(2025, 12, 31),
            reference="JE-1",
            attempts=2,
            reason="no-account:6320",
            reported="1:ef",
            mapping_version="7",
            receipts_owed=True,
            due=_at(1.5),
            owner="w1",
            lease_until=_at(2.999999),
        )
        bare = _entry("b")
        expected = [attrs.evolve(full, revision=1), attrs.evolve(bare, revision=1)]
        async with self._opened(open_journal) as journal:
            assert expected == list(await journal.write(_changes(full, bare)))
        async with self._opened(open_journal) as journal:
            found = await journal.load(["b", "none", full.record_id])
            assert {entry.record_id: entry for entry in expected} == dict(found)
            assert str(full.amount) == str(found[full.record_id].amount)

    async def test_adds_a_row_only_where_there_is_none(self, open_journal: OpenJournal) -> None:
        """Revision 0 means that there must be no row: where there is one it stays, and the writer gets None."""
        async with self._opened(open_journal) as journal:
            (row,) = await journal.write(_changes(_entry("a", reference="first")))
            assert list(await journal.write(_changes(_entry("a", reference="second")))) == [None]
            assert {"a": row} == dict(await journal.load(["a"]))

    async def test_changes_no_row_that_is_missing(self, open_journal: OpenJournal) -> None:
        """A revision above 0 means that there must be a row: where there is none, none is made."""
        async with self._opened(open_journal) as journal:
            assert list(await journal.write(_changes(_entry("a", revision=1)))) == [None]
            assert dict(await journal.load(["a"])) == {}

    async def test_changes_only_what_was_seen(self, open_journal: OpenJournal) -> None:
        """An older or a later revision gets None and changes nothing; the other rows of the batch are written."""
        async with self._opened(open_journal) as journal:
            a, b, c, d = await self._written(journal, *map(_entry, "abcd"))
            (b,) = await self._written(journal, b.moved(State.POSTING, at=_at(1)))
            stale = attrs.evolve(b, revision=1, reference="stale")
            early = attrs.evolve(c, revision=2, reference="early")
            answers = await journal.write(_changes(a, stale, early, d, _entry("e")))
            assert [answer and answer.revision for answer in answers] == [2, None, None, 2, 1]
            found = await journal.load(["b", "c"])
            assert {"b": b, "c": c} == dict(found)

    async def test_counts_every_change(self, open_journal: OpenJournal) -> None:
        """Each change raises the revision by one, also a silent one and one that changes nothing."""
        async with self._opened(open_journal) as journal:
            (row,) = await self._written(journal, _entry("a"))
            for revision, silent in ((2, False), (3, True), (4, False)):
                (answer,) = await journal.write([Change(entry=row, silent=silent)])
                assert answer is not None
                row = answer
                assert revision == row.revision
                assert {"a": row} == dict(await journal.load(["a"]))

    async def test_one_of_several_writers_wins(self, open_journal: OpenJournal) -> None:
        """Of changes that start at once from the same revision one is made, whatever journal they come through."""
        async with self._opened(open_journal) as first, self._opened(open_journal) as second:
            (row,) = await self._written(first, _entry("a"))
            writers = [
                journal.write(_changes(attrs.evolve(row, reference=f"{number}")))
                for number, journal in enumerate([first, second] * 4)
            ]
            answers = [answer for (answer,) in await asyncio.gather(*writers) if answer is not None]
            assert len(answers) == 1
            assert answers[0] == (await second.load(["a"]))["a"]

    async def test_a_cancelled_write_is_whole_or_not_at_all(self, open_journal: OpenJournal) -> None:
        """Cancelled at any step, all rows of the batch and their history are there or none, and the journal goes on."""
        async with self._opened(open_journal) as journal:
            for steps in _STEPS:
                ids = [f"{steps}-{number}" for number in range(20)]
                writing = asyncio.create_task(self._written(journal, *map(_entry, ids)))
                for _ in range(steps):
                    await asyncio.sleep(0)
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                found = await journal.load(ids)
                assert len(found) in {0, len(ids)}
                assert {len(found)} == {len(ids) * len(await journal.history(record_id)) for record_id in ids}

    async def test_walks_over_its_rows(self, open_journal: OpenJournal) -> None:
        """Rows come by id, those of the states that are asked for, after an id, no more than the limit."""
        async with self._opened(open_journal) as journal:
            states = [State.READY, State.EXPORTED]
            rows = [_entry(f"r{number}", states[number % 2]) for number in (3, 1, 0, 4, 2)]
            await self._written(journal, *rows)
            assert _ids(await journal.entries()) == ["r0", "r1", "r2", "r3", "r4"]
            assert _ids(await journal.entries(after="r1", limit=2)) == ["r2", "r3"]
            assert _ids(await journal.entries({State.EXPORTED})) == ["r1", "r3"]
            assert _ids(await journal.entries([State.EXPORTED], after="r1")) == ["r3"]
            assert _ids(await journal.entries([])) == []

    async def test_counts_exactly(self, open_journal: OpenJournal) -> None:
        """Records and amounts are summed by state and currency, to the last digit, however far apart they are."""
        amounts = [Decimal("0.1"), Decimal("0.2"), Decimal("-1e-20"), Decimal(9007199254740993)]
        rows = [_entry(f"u{place}", amount=amount, currency="USD") for place, amount in enumerate(amounts)]
        rows += [_entry("e", amount=Decimal(5), currency="EUR"), _entry("n"), _entry("i", State.IGNORED)]
        async with self._opened(open_journal) as journal:
            await self._written(journal, *rows)
            found = await journal.counts()
        expected = {
            Count(
                state=State.READY, currency="USD", records=4, amount=Decimal("9007199254740993.29999999999999999999")
            ),
            Count(state=State.READY, currency="EUR", records=1, amount=Decimal(5)),
            Count(state=State.READY, currency=None, records=1, amount=Decimal(0)),
            Count(state=State.IGNORED, currency=None, records=1, amount=Decimal(0)),
        }
        assert expected == set(found)
        assert len(expected) == len(found)

    # -- history

    async def test_keeps_the_history(self, open_journal: OpenJournal) -> None:
        """Each change that is not silent is told with what it was, oldest first, for its record only."""
        async with self._opened(open_journal) as journal:
            (row, _) = await self._written(journal, _entry("a"), _entry("b"))
            facts: dict[str, Any] = {
                "content_hash": "1:ab",
                "amount": Decimal("-1.50"),
                "currency": "USD",
                "reference": "JE-1",
                "attempts": 1,
                "reason": "closed",
            }
            moved = row.moved(State.NEEDS_PERSON, at=_at(5), generation=2, **facts)
            (kept,) = await journal.write([Change(entry=moved, trace_id="t-1", note="why")], owner="w1")
            assert kept is not None
            await journal.write([Change(entry=attrs.evolve(kept, due=_at(9)), silent=True)])
        async with self._opened(open_journal) as journal:
            first, second = await journal.history("a")
            assert first.number < second.number
            assert (first.state, first.at, first.generation, first.owner) == (State.READY, _START, 1, None)
            expected = {
                "number": second.number,
                "record_id": "a",
                "at": _at(5),
                "state": State.NEEDS_PERSON,
                "generation": 2,
                "trace_id": "t-1",
                "note": "why",
                "owner": "w1",
                **facts,
            }
            assert expected == attrs.asdict(second)

    async def test_tells_nothing_that_did_not_happen(self, open_journal: OpenJournal) -> None:
        """A change that was refused, a claim and a renewal leave no history."""
        async with self._opened(open_journal) as journal:
            (row,) = await self._written(journal, _entry("a"))
            await journal.write(_changes(_entry("a"), attrs.evolve(row, revision=7)))
            claimed = await self._claimed(journal, "w1", 0, due_only=False)
            await journal.renew(claimed, owner="w1", lease_until=_at(90))
            assert len(await journal.history("a")) == 1

    # -- claims

    async def test_claims_what_is_due(self, open_journal: OpenJournal) -> None:
        """Rows of the states that are due by now, oldest due first, no more than the limit."""
        async with self._opened(open_journal) as journal:
            await self._written(
                journal,
                _entry("later", due=_at(11)),
                _entry("second", due=_at(5)),
                _entry("never"),
                _entry("other", State.REFUSED, due=_at(0)),
                _entry("first", State.WAITING, due=_at(1)),
                _entry("third", due=_at(10)),
            )
            states = {State.READY, State.WAITING}
            assert _ids(await self._claimed(journal, "w1", 10, states, limit=2)) == ["first", "second"]
            assert _ids(await self._claimed(journal, "w1", 10, states)) == ["third"]
            assert await self._claimed(journal, "w1", 10, set()) == []

    async def test_claims_what_is_not_due_where_that_is_asked(self, open_journal: OpenJournal) -> None:
        """Without ``due_only`` rows of later and rows without a date are taken too, after those that are due."""
        async with self._opened(open_journal) as journal:
            await self._written(journal, _entry("never"), _entry("later", due=_at(99)), _entry("due", due=_at(1)))
            assert _ids(await self._claimed(journal, "w1", 10, limit=2, due_only=False)) == ["due", "later"]
            assert _ids(await self._claimed(journal, "w1", 10, due_only=False)) == ["never"]

    async def test_a_claim_is_a_change(self, open_journal: OpenJournal) -> None:
        """A claim names owner and lease, raises the revision, and whoever has seen the row before writes nothing."""
        async with self._opened(open_journal) as journal, self._opened(open_journal) as other:
            (row,) = await self._written(journal, _entry("a", due=_START))
            (claimed,) = await self._claimed(journal, "w1", 0)
            assert attrs.evolve(row, revision=2, owner="w1", lease_until=_at(60)) == claimed
            assert {"a": claimed} == dict(await other.load(["a"]))
            assert list(await other.write(_changes(row))) == [None]
            (written,) = await journal.write(_changes(claimed.moved(State.POSTING, at=_at(1))))
            assert written is not None
            assert (written.revision, written.owner, written.lease_until) == (3, None, None)

    async def test_claims_nothing_that_is_claimed(self, open_journal: OpenJournal) -> None:
        """Until the lease ends nobody takes the row, its owner neither, due or not."""
        async with self._opened(open_journal) as journal, self._opened(open_journal) as other:
            await self._written(journal, _entry("a", due=_START))
            assert _ids(await self._claimed(journal, "w1", 0)) == ["a"]
            for owner in ("w1", "w2"):
                for due_only in (True, False):
                    assert await self._claimed(other, owner, 59.9, due_only=due_only) == []

    async def test_takes_up_what_a_dead_worker_left(self, open_journal: OpenJournal) -> None:
        """When the lease has ended the row counts as due, whatever its date, and the old owner writes nothing."""
        async with self._opened(open_journal) as journal:
            await self._written(journal, _entry("a", due=_at(0)), _entry("b"), _entry("c", due=_at(999)))
            old = await self._claimed(journal, "w1", 0, due_only=False)
            new = await self._claimed(journal, "w2", 60)
            assert {"a", "b", "c"} == set(_ids(new))
            assert {("w2", _at(120), 3)} == {(row.owner, row.lease_until, row.revision) for row in new}
            assert list(await journal.write(_changes(*old))) == [None] * 3
            assert len(await self._claimed(journal, "w3", 120, due_only=False)) == 3

    async def test_claims_at_once_share_the_rows(self, open_journal: OpenJournal) -> None:
        """Workers that claim at the same time never get the same row, and nothing is left over."""
        async with self._opened(open_journal) as first, self._opened(open_journal) as second:
            ids = [f"r{number}" for number in range(20)]
            await self._written(first, *(_entry(record_id, due=_START) for record_id in ids))
            claims = [
                self._claimed(journal, f"w{number}", 0, limit=3) for number, journal in enumerate([first, second] * 4)
            ]
            taken = [record_id for rows in await asyncio.gather(*claims) for record_id in _ids(rows)]
            assert sorted(ids) == sorted(taken)

    async def test_renews_what_is_still_claimed(self, open_journal: OpenJournal) -> None:
        """A renewal moves the end of the lease and no revision, and names the rows that it was made for."""
        async with self._opened(open_journal) as journal:
            await self._written(journal, *(_entry(record_id, due=_START) for record_id in "abc"))
            a, b, c = await self._claimed(journal, "w1", 0)
            await journal.write(_changes(b))
            kept = await journal.renew([a, b], owner="w1", lease_until=_at(100))
            assert {"a"} == set(kept)
            assert set() == set(await journal.renew([c], owner="w2", lease_until=_at(100)))
            assert attrs.evolve(a, lease_until=_at(100)) == (await journal.load(["a"]))["a"]
            assert {"b", "c"} == set(_ids(await self._claimed(journal, "w2", 99)))
            assert set() == set(await journal.renew([c], owner="w1", lease_until=_at(300)))
            (answer,) = await journal.write(_changes(a))
            assert answer is not None

    async def test_knows_when_the_next_is_due(self, open_journal: OpenJournal) -> None:
        """It is the first due date of any row; a claimed row counts by the end of its lease."""
        async with self._opened(open_journal) as journal:
            await self._written(
                journal,
                _entry("a", due=_at(10)),
                _entry("b", State.WAITING, due=_at(80)),
                _entry("c", State.EXPORTED),
                _entry("d"),
            )
            assert _at(10) == await journal.next_due(now=_at(0))
            assert _at(10) == await journal.next_due(now=_at(20))
            await self._claimed(journal, "w1", 11)
            assert _at(71) == await journal.next_due(now=_at(20))
            await self._claimed(journal, "w2", 75)
            assert _at(80) == await journal.next_due(now=_at(75))
            await self._written(journal, _entry("e", State.EXPORTED, due=_at(5)))  # its receipts are owed
            assert _at(5) == await journal.next_due(now=_at(75))

    # -- notes and webhooks

    async def test_keeps_notes(self, open_journal: OpenJournal) -> None:
        """A note is what was noted last, in every journal and after reopening; None forgets it."""
        async with self._opened(open_journal) as journal, self._opened(open_journal) as other:
            await journal.set_note("watermark", "2026-01-01")
            await journal.set_note("other", "")
            await journal.set_note("watermark", "2026-01-02")
            assert await other.note("watermark") == "2026-01-02"
        async with self._opened(open_journal) as journal:
            assert (await journal.note("watermark"), await journal.note("other")) == ("2026-01-02", "")
            await journal.set_note("watermark", None)
            await journal.set_note("watermark", None)
            assert await journal.note("watermark") is None

    async def test_remembers_what_webhooks_named(self, open_journal: OpenJournal) -> None:
        """Announced records come oldest first, each once, until they are done, after reopening too."""
        async with self._opened(open_journal) as journal:
            assert await journal.announce("d1", ["z", "b", "b"], at=_at(0))
            assert await journal.announce("d2", ["a", "z"], at=_at(1))
            assert list(await journal.announced(10)) == ["z", "b", "a"]
        async with self._opened(open_journal) as journal:
            assert list(await journal.announced(2)) == ["z", "b"]
            await journal.announced_done(["z", "none"])
            assert list(await journal.announced(10)) == ["b", "a"]
            assert await journal.announce("d3", ["z"], at=_at(2))
            assert list(await journal.announced(10)) == ["b", "a", "z"]

    async def test_takes_a_delivery_once(self, open_journal: OpenJournal) -> None:
        """A second delivery with the same id adds nothing, for 29 days at least, after reopening too."""
        async with self._opened(open_journal) as journal:
            assert await journal.announce("d1", ["a"], at=_at(0))
            await journal.announced_done(["a"])
            assert not await journal.announce("d1", ["a", "b"], at=_at(1))
            assert await journal.announce("d2", [], at=_at(29 * 86_400))
        async with self._opened(open_journal) as journal:
            assert not await journal.announce("d1", ["a"], at=_at(29 * 86_400))
            assert list(await journal.announced(10)) == []

    # -- opening

    async def test_is_one_accounts(self, open_journal: OpenJournal) -> None:
        """Another account is refused, none is another one, and the first one goes on."""
        async with self._opened(open_journal) as journal:
            await self._written(journal, _entry("a"))
        for label in ("another", None):
            stranger = open_journal()
            with pytest.raises(JournalError):
                await stranger.open(label)
            await stranger.aclose()
        async with self._opened(open_journal) as journal:
            assert _ids(await journal.entries()) == ["a"]

    # -- steps

    @asynccontextmanager
    async def _opened(self, open_journal: OpenJournal) -> AsyncGenerator[Journal]:
        journal = open_journal()
        await journal.open(self.account)
        try:
            yield journal
        finally:
            await journal.aclose()

    async def _written(self, journal: Journal, *entries: Entry) -> list[Entry]:
        written = [answer for answer in await journal.write(_changes(*entries)) if answer is not None]
        assert len(entries) == len(written)
        return written

    async def _claimed(
        self,
        journal: Journal,
        owner: str,
        now: float,
        states: set[State] | None = None,
        *,
        limit: int = 100,
        due_only: bool = True,
    ) -> list[Entry]:
        wanted = set(State) if states is None else states
        lease_until = _at(now + 60)
        return list(
            await journal.claim(
                wanted, owner=owner, now=_at(now), lease_until=lease_until, limit=limit, due_only=due_only
            )
        )


__all__ = ["JournalContract", "OpenJournal"]
