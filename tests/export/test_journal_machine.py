"""The journal in SQLite against a dict: whatever two workers do in whatever order, both say the same."""

from __future__ import annotations

import asyncio
import datetime
import tempfile
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from brex_accounting.export.journal import Change, Entry
from brex_accounting.export.sqlite_journal import SqliteJournal
from brex_accounting.export.states import State
from tests.export.broken_journals import Place, SoundJournal

T = TypeVar("T")

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
IDS = [f"r{number}" for number in range(6)]
OWNERS = ["w1", "w2"]

RECORDS = st.lists(st.sampled_from(IDS), unique=True, max_size=4)
STATES = st.sampled_from([State.READY, State.POSTING, State.EXPORTED])
SOON = st.none() | st.integers(-30, 30)


class JournalMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.model = SoundJournal(Place())
        self.seen: dict[str, dict[str, Entry]] = {owner: {} for owner in OWNERS}
        self.now = START
        self.journals: dict[str, SqliteJournal] = {}
        for owner in OWNERS:
            self.reopen(owner)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def at(self, seconds: int | None) -> datetime.datetime | None:
        return None if seconds is None else self.now + datetime.timedelta(seconds=seconds)

    @rule(owner=st.sampled_from(OWNERS))
    def reopen(self, owner: str) -> None:
        if owner in self.journals:
            self.run(self.journals[owner].aclose())
        self.journals[owner] = SqliteJournal(Path(self.folder.name) / "export.db")
        self.run(self.journals[owner].open("acme"))

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now += datetime.timedelta(seconds=seconds)

    @rule(owner=st.sampled_from(OWNERS), records=RECORDS)
    def load(self, owner: str, records: list[str]) -> None:
        found = self.run(self.journals[owner].load(records))
        assert self.run(self.model.load(records)) == found
        self.seen[owner].update(found)

    @rule(
        owner=st.sampled_from(OWNERS),
        records=RECORDS,
        state=STATES,
        due=SOON,
        amount=st.none() | st.decimals(-1000, 1000, places=2),
        keeps=st.booleans(),
        silent=st.booleans(),
    )
    def write(
        self,
        owner: str,
        records: list[str],
        state: State,
        due: int | None,
        amount: Decimal | None,
        *,
        keeps: bool,
        silent: bool,
    ) -> None:
        """What a worker does that may have been overtaken: it writes from what it saw last."""
        changes = []
        for record_id in records:
            row = self.seen[owner].get(record_id) or Entry(record_id=record_id, state=state, since=self.now)
            claim = {} if keeps else {"owner": None, "lease_until": None}
            row = attrs.evolve(row, state=state, since=self.now, due=self.at(due), amount=amount, **claim)
            changes.append(Change(entry=row, trace_id=owner, silent=silent))
        expected = self.run(self.model.write(changes, owner=owner))
        assert expected == self.run(self.journals[owner].write(changes, owner=owner))
        self.seen[owner].update((row.record_id, row) for row in expected if row is not None)

    @rule(
        owner=st.sampled_from(OWNERS),
        states=st.sets(STATES),
        lease=st.integers(1, 30),
        limit=st.integers(0, 4),
        due_only=st.booleans(),
    )
    def claim(self, owner: str, states: set[State], lease: int, limit: int, *, due_only: bool) -> None:
        until = self.now + datetime.timedelta(seconds=lease)
        asked: dict[str, Any] = {"now": self.now, "lease_until": until, "limit": limit, "due_only": due_only}
        expected = self.run(self.model.claim(states, owner=owner, **asked))
        assert expected == self.run(self.journals[owner].claim(states, owner=owner, **asked))
        self.seen[owner].update((row.record_id, row) for row in expected)

    @rule(owner=st.sampled_from(OWNERS), lease=st.integers(1, 30))
    def renew(self, owner: str, lease: int) -> None:
        rows = list(self.seen[owner].values())
        until = self.now + datetime.timedelta(seconds=lease)
        expected = self.run(self.model.renew(rows, owner=owner, lease_until=until))
        assert set(expected) == set(self.run(self.journals[owner].renew(rows, owner=owner, lease_until=until)))

    @rule(owner=st.sampled_from(OWNERS), delivery=st.integers(1, 5), records=RECORDS)
    def announce(self, owner: str, delivery: int, records: list[str]) -> None:
        expected = self.run(self.model.announce(f"d{delivery}", records, at=self.now))
        assert expected == self.run(self.journals[owner].announce(f"d{delivery}", records, at=self.now))

    @rule(owner=st.sampled_from(OWNERS), limit=st.integers(0, 4))
    def take_announced(self, owner: str, limit: int) -> None:
        expected = list(self.run(self.model.announced(limit)))
        assert expected == list(self.run(self.journals[owner].announced(limit)))
        self.run(self.model.announced_done(expected))
        self.run(self.journals[owner].announced_done(expected))

    @rule(owner=st.sampled_from(OWNERS), value=st.none() | st.text("ab"))
    def set_note(self, owner: str, value: str | None) -> None:
        self.run(self.model.set_note("watermark", value))
        self.run(self.journals[owner].set_note("watermark", value))

    @invariant()
    def all_say_the_same(self) -> None:
        for journal in self.journals.values():
            assert self.run(self.model.entries()) == self.run(journal.entries())
            assert self.run(self.model.note("watermark")) == self.run(journal.note("watermark"))
            assert self.run(self.model.next_due(now=self.now)) == self.run(journal.next_due(now=self.now))
            assert set(self.run(self.model.counts())) == set(self.run(journal.counts()))

    def teardown(self) -> None:
        try:
            for record_id in IDS:
                told = [self.run(kept.history(record_id)) for kept in (self.model, *self.journals.values())]
                without = [[attrs.evolve(event, number=0) for event in events] for events in told]
                assert without[0] == without[1] == without[2]
            for journal in self.journals.values():
                self.run(journal.aclose())
        finally:
            self.runner.close()
            self.folder.cleanup()


class TestMachine(JournalMachine.TestCase):
    settings = settings(max_examples=max(20, settings().max_examples // 3), stateful_step_count=40)
