"""Batches in SQLite: however many statements one takes, every row gets what is its own, and few steps do it."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from brex_accounting.export import sqlite_queries as queries
from brex_accounting.export import sqlite_rows, sqlite_schema
from brex_accounting.export.journal import Change, Entry
from brex_accounting.export.sqlite_batch import BatchStatement, execute
from brex_accounting.export.sqlite_journal import SqliteJournal
from brex_accounting.export.states import State
from tests import virtual

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
LATER = START + datetime.timedelta(days=1)


def change(record_id: str, state: State = State.READY, *, since: datetime.datetime = START, **facts: Any) -> Change:
    told = {name: facts.pop(name) for name in ("silent", "trace_id", "note") if name in facts}
    return Change(entry=Entry(record_id=record_id, state=state, since=since, **facts), **told)


def used(path: Path, *uses: Callable[[SqliteJournal], Awaitable[Any]], limit: int | None = None) -> Any:
    """What comes of the last use of a journal, whose statements take at most so many parameters."""

    async def main() -> Any:
        journal = SqliteJournal(path)
        await journal.open("acme")
        if limit is not None:
            await journal._call("limit", sqlite3.Connection.setlimit, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)
        try:
            return [await use(journal) for use in uses][-1]
        finally:
            await journal.aclose()

    return virtual.run(main())


def history(path: Path) -> list[tuple[Any, ...]]:
    """What the history tells, in the order of its numbers."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT entries.record_id, history.state, trace_id, note, history.owner FROM history "
            "JOIN entries ON entries.number = history.entry ORDER BY history.number"
        ).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.db"


class TestExecute:
    @pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 31, 33])
    @pytest.mark.parametrize("limit", [6, 7, 13, 66, 999])
    def test_takes_each_row_once_and_in_order(self, count: int, limit: int) -> None:
        """Rows, what they share and the statement's own parameter keep their places, in any number of statements."""
        statement = BatchStatement(
            ("id", "shared", "none", "name"), "WITH batch AS ({batch}) SELECT batch.*, ? FROM batch"
        )
        names = [f"n{place}" for place in range(count)]
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)
            columns = [range(count), ["s"] * count, [None] * count, names]
            found = execute(connection, statement, columns, "own")
        assert [(place, "s", None, f"n{place}", "own") for place in range(count)] == found

    def test_does_nothing_without_rows(self) -> None:
        """An empty batch is no statement."""
        statement = BatchStatement(("id",), "no statement {batch}")
        with closing(sqlite3.connect(":memory:")) as connection:
            assert [] == execute(connection, statement, [[]])

    def test_keeps_values_that_only_look_alike(self) -> None:
        """A column is shared only where it is the same in all rows, the last one and NULL too."""
        statement = BatchStatement(("id", "a", "b"), "SELECT a, b FROM ({batch}) AS batch")
        with closing(sqlite3.connect(":memory:")) as connection:
            found = execute(connection, statement, [[1, 1, 1], ["x", "x", None], ["1", "1", "1\0"]])
        assert [("x", "1"), ("x", "1"), (None, "1\0")] == found


class TestWrite:
    # 128 rows go into a statement; where it takes 40 parameters, two or one.
    @pytest.mark.parametrize(("count", "limit"), [(2100, None), (2100, 999), (70, 40)])
    def test_gives_none_for_what_somebody_else_changed(self, path: Path, count: int, limit: int | None) -> None:
        """Wherever it is in a batch: its row and its history stay, and all the others are written."""
        ids = [f"r{place}" for place in range(count)]
        taken = {0, 31, 32, 63, 64, 69, 127, 128, 2047, 2048, 2099} & set(range(count))
        changes = [
            change(
                id_, reference=f"JE-{place}", amount=Decimal(place), attempts=place % 7, since=START + place * SECOND
            )
            for place, id_ in enumerate(ids)
        ]

        async def use(journal: SqliteJournal) -> Any:
            seen = await journal.write(changes)
            await journal.write([Change(entry=seen[place].moved(State.REJECTED, at=LATER)) for place in taken])
            return seen, await journal.write([Change(entry=row.moved(State.POSTING, at=LATER)) for row in seen])

        seen, written = used(path, use, limit=limit)
        assert taken == {place for place, row in enumerate(written) if row is None}
        assert [attrs.evolve(told.entry, revision=1) for told in changes] == seen
        rows = used(path, lambda journal: journal.load(ids), limit=limit)
        for place, id_ in enumerate(ids):
            state = State.REJECTED if place in taken else State.POSTING
            assert attrs.evolve(changes[place].entry, state=state, since=LATER, revision=2) == rows[id_]
        told = [*(("ready", id_) for id_ in ids), *(("rejected", ids[place]) for place in taken)]
        told += [("posting", id_) for place, id_ in enumerate(ids) if place not in taken]
        assert told == [(state, id_) for id_, state, *_ in history(path)]

    @pytest.mark.parametrize("limit", [None, 40])
    def test_tells_changes_in_their_order(self, path: Path, limit: int | None) -> None:
        """The history goes on in the order of a batch, whatever the ids are and whichever rows are new."""
        ids = [f"r{(place * 7) % 50:02}" for place in range(50)]

        async def use(journal: SqliteJournal) -> None:
            seen = await journal.write([change(id_) for id_ in sorted(ids)[::2]], owner="w1")
            known = {row.record_id: row for row in seen if row is not None}
            changes = [
                Change(
                    entry=known[id_].moved(State.POSTING, at=LATER) if id_ in known else change(id_).entry,
                    trace_id=f"t-{id_}" if place % 3 else None,
                    note="why\0not" if place == 5 else None,
                    silent=place % 10 == 9,
                )
                for place, id_ in enumerate(ids)
            ]
            await journal.write(changes, owner="w2")

        used(path, use, limit=limit)
        expected = [
            (
                id_,
                "posting" if int(id_[1:]) % 2 == 0 else "ready",
                f"t-{id_}" if place % 3 else None,
                "why\0not" if place == 5 else None,
                "w2",
            )
            for place, id_ in enumerate(ids)
            if place % 10 != 9
        ]
        assert expected == history(path)[25:]

    def test_tells_both_changes_of_one_record(self, path: Path) -> None:
        """A second change that names the revision of the first is made, and each is told as it was."""

        async def use(journal: SqliteJournal) -> Any:
            first = change("r1", reference="JE-1", note="first")
            second = Change(entry=first.entry.changed(state=State.POSTING, reference="JE-2", revision=1), note="second")
            stale = Change(entry=second.entry.changed(state=State.IGNORED), note="never")
            written = await journal.write([first, change("r0"), second, stale])
            return written, await journal.history("r1")

        written, events = used(path, use)
        assert [1, 1, 2, None] == [row and row.revision for row in written]
        assert [("first", State.READY, "JE-1"), ("second", State.POSTING, "JE-2")] == [
            (event.note, event.state, event.reference) for event in events
        ]
        assert ["r1", "r0", "r1"] == [told[0] for told in history(path)]

    def test_keeps_apart_what_a_clock_shows_twice(self, path: Path) -> None:
        """Two instants that are equal to Python, before and after a clock was put back, stay an hour apart."""
        before = datetime.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
        after = before.replace(fold=1)
        assert before == after
        changes = [change("r1", since=before, due=after), change("r2", since=after, due=before)]
        rows = used(path, lambda journal: journal.write(changes), lambda journal: journal.load(["r1", "r2"]))
        first, second = (datetime.datetime(2026, 10, 25, hour, 30, tzinfo=datetime.UTC) for hour in (0, 1))
        assert [(first, second), (second, first)] == [(rows[id_].since, rows[id_].due) for id_ in ("r1", "r2")]

    def test_tells_ids_apart_behind_a_nul(self, path: Path) -> None:
        """Ids that differ only behind a NUL are those of two records, in a conflict too."""

        async def use(journal: SqliteJournal) -> Any:
            seen = await journal.write([change("r\0a"), change("r\0b")])
            await journal.write([Change(entry=seen[1].changed(reference="JE-1"))])
            again = await journal.write([Change(entry=row) for row in seen])
            return again, await journal.load(["r\0a", "r\0b", "r"])

        again, found = used(path, use)
        assert [2, None] == [row and row.revision for row in again]
        assert {"r\0a": None, "r\0b": "JE-1"} == {id_: row.reference for id_, row in found.items()}


class TestClaims:
    @pytest.mark.parametrize(("count", "limit"), [(2100, None), (70, 40)])
    def test_of_many_rows(self, path: Path, count: int, limit: int | None) -> None:
        """The rows whose turn comes first are claimed, and renewed but for those that were changed meanwhile."""
        ids = [f"r{place}" for place in range(count)]
        # Their turns come from the last one to the first one; the places are those of rows that are changed meanwhile.
        changes = [change(id_, due=START - place * SECOND) for place, id_ in enumerate(ids)]
        lost = {"r69", "r64", "r63", "r32", f"r{count - 1}"}
        until = START + SECOND

        async def use(journal: SqliteJournal) -> Any:
            await journal.write(changes)
            claimed = await journal.claim({State.READY}, owner="w1", now=START, lease_until=until, limit=count - 20)
            taken = [row for row in claimed if row.record_id in lost]
            await journal.write([Change(entry=row.changed(owner="w2")) for row in taken[1:]])
            await journal.write([Change(entry=taken[0].changed(reference="JE-1"))])
            kept = await journal.renew([*claimed, *taken], owner="w1", lease_until=LATER)
            return claimed, kept, await journal.entries(limit=count)

        claimed, kept, rows = used(path, use, limit=limit)
        assert ids[:19:-1] == [row.record_id for row in claimed]
        assert {(2, "w1", until)} == {(row.revision, row.owner, row.lease_until) for row in claimed}
        assert set(ids[20:]) - lost == kept
        assert sorted(ids) == [row.record_id for row in rows]
        leases = {row.record_id: row.lease_until for row in rows}
        expected = dict.fromkeys(ids[:20]) | dict.fromkeys(ids[20:], LATER) | dict.fromkeys(lost, until)
        assert expected == leases

    def test_of_nobody_are_not_renewed(self, path: Path) -> None:
        """Nor are those of rows that were never written."""

        async def use(journal: SqliteJournal) -> Any:
            (row,) = await journal.write([change("r1")])
            return await journal.renew([row, change("r2").entry], owner="w1", lease_until=LATER)

        assert frozenset() == used(path, use)


class TestSteps:
    def test_of_a_thousand_rows_are_few(self, path: Path) -> None:
        """Each step can cost what it takes a busy loop to hand over the interpreter: there are not as many as rows."""
        ids = [f"r{place}" for place in range(1000)]
        steps: list[str] = []

        def count(connection: sqlite3.Connection) -> None:
            connection.set_trace_callback(steps.append)
            connection.row_factory = lambda _, row: (steps.append("row"), row)[1]

        def since(before: int) -> int:
            return len(steps) - before

        async def use(journal: SqliteJournal) -> dict[str, int]:
            await journal._call("count", count)
            rows = await journal.write([change(id_, due=START, reference=id_) for id_ in ids])
            found = {"insert": len(steps)}
            before = len(steps)
            await journal.write([Change(entry=row.changed(attempts=1)) for row in rows])
            found["update"], before = since(before), len(steps)
            rows = await journal.claim({State.READY}, owner="w1", now=START, lease_until=LATER, limit=1000)
            before = len(steps)
            await journal.renew(rows, owner="w1", lease_until=LATER)
            found["renew"] = since(before)
            return found

        # BEGIN, the version and its row, COMMIT; and for each 128 of the rows what was changed by others, the rows, the
        # history, or who holds them and the rows.
        assert {"insert": 28, "update": 28, "renew": 20} == used(path, use)

    def test_keep_memory_for_some_rows_only(self, path: Path) -> None:
        """A batch of any size goes through statements that a worker with many journals can afford to keep."""
        texts: list[str] = []

        async def use(journal: SqliteJournal) -> None:
            await journal._call("count", sqlite3.Connection.set_trace_callback, texts.append)
            await journal.write([change(f"r{place}") for place in range(2100)])

        used(path, use)
        # Besides BEGIN, the version and COMMIT: what was changed by others, the rows and the history, each of them 16
        # times for 128 rows, and for the 52 that are left.
        assert 54 == len(texts)

    @pytest.mark.parametrize(
        ("statement", "own"),
        [
            (queries._UNFIT, 0),
            (queries._TELL, 0),
            (queries._TAKE, 2),
            (queries._UNHELD, 1),
            (queries._RENEW, 1),
            (sqlite_rows._LOAD, 0),
        ],
    )
    def test_look_rows_up_by_an_index(self, statement: BatchStatement, own: int) -> None:
        """No statement about a batch goes through all entries, or sorts anything."""
        plans: list[list[str]] = []
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            for steps in sqlite_schema.MIGRATIONS:
                for step in steps:
                    connection.execute(step)
            explained = BatchStatement(statement.names, f"EXPLAIN QUERY PLAN {statement.text}")
            plans.append(
                [row[-1] for row in execute(connection, explained, [[1, 2]] * len(statement.names), *"ab"[:own])]
            )
        about_entries = [step for step in plans[0] if " entr" in step]
        assert about_entries
        assert all(step.startswith("SEARCH") and "USING" in step for step in about_entries), plans
        assert not any("TEMP" in step for step in plans[0]), plans
