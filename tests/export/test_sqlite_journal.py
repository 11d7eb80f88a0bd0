"""The journal in SQLite: it keeps the contract, every field to the last digit, and says what is wrong with its file."""

from __future__ import annotations

import asyncio
import datetime
import os
import pickle
import shutil
import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import InvalidArgument, JournalError
from brex_accounting.export import sqlite_queries as queries
from brex_accounting.export import sqlite_schema
from brex_accounting.export.journal import Change, Entry
from brex_accounting.export.sqlite_journal import SqliteJournal
from brex_accounting.export.sqlite_rows import UnreadableRow, entry_columns, entry_of
from brex_accounting.export.states import State
from brex_accounting.testing import JournalContract, OpenJournal
from tests import virtual

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
SECRET = "reference-of-a-customer"

INSTANTS = st.datetimes(timezones=st.just(datetime.UTC)).map(lambda at: at.replace(fold=0))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNTS = st.integers(0, 2**63 - 2)
ENTRIES = st.builds(
    Entry,
    record_id=TEXTS,
    state=st.sampled_from(State),
    since=INSTANTS,
    generation=COUNTS,
    content_hash=st.none() | TEXTS,
    seen_hash=st.none() | TEXTS,
    amount=st.none()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [Decimal("1E+7"), Decimal("-0"), Decimal("0E-30"), Decimal("1.50" + "0" * 200), Decimal("1E-999")]
    ),
    currency=st.none() | TEXTS,
    posting_date=st.none() | st.dates() | st.sampled_from([datetime.date.min, datetime.date.max]),
    reference=st.none() | TEXTS,
    attempts=COUNTS,
    reason=st.none() | TEXTS,
    reported=st.none() | TEXTS,
    mapping_version=st.none() | TEXTS,
    receipts_owed=st.booleans(),
    due=st.none() | INSTANTS,
    owner=st.none() | TEXTS,
    lease_until=st.none() | INSTANTS,
)

VERSION_1 = """
    PRAGMA application_id = 1114790008;
    PRAGMA user_version = 1;
    CREATE TABLE account (label TEXT);
    CREATE TABLE notes (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY, record_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, since INTEGER NOT NULL,
        revision INTEGER NOT NULL, generation INTEGER NOT NULL, content_hash TEXT, seen_hash TEXT, amount TEXT,
        currency TEXT, posting_date TEXT, reference TEXT, attempts INTEGER NOT NULL, reason TEXT, reported TEXT,
        due INTEGER, owner TEXT, lease_until INTEGER
    );
    CREATE INDEX entries_by_turn ON entries (state, coalesce(lease_until, due));
    CREATE TABLE history (
        number INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
        generation INTEGER NOT NULL, content_hash TEXT, amount TEXT, currency TEXT, reference TEXT,
        attempts INTEGER NOT NULL, reason TEXT, trace_id TEXT, note TEXT, owner TEXT
    );
    CREATE INDEX history_by_entry ON history (entry);
    CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
    CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
    INSERT INTO account VALUES ('acme');
    INSERT INTO notes VALUES ('watermark', '2025-12-31');
    INSERT INTO entries VALUES (
        7, 'accr_1', 'posted', 1767225600000001, 3, 2, '1:ab', '1:cd', '-12.50', 'USD', '2025-12-31', 'JE-1', 1,
        'closed', '1:ef', 1767225600000002, 'w1', 1767225600000003
    );
    INSERT INTO history VALUES (
        9, 7, 1767225600000001, 'posted', 2, '1:ab', '-12.50', 'USD', 'JE-1', 1, 'closed', 't-1', 'why', 'w1'
    );
"""
"""A file of the first version, as it was written then."""


def entry(record_id: str = "accr_1", state: State = State.READY, **facts: Any) -> Entry:
    return Entry(record_id=record_id, state=state, since=START, **facts)


def change(*args: Any, **facts: Any) -> Change:
    return Change(entry=entry(*args, **facts))


def used(path: Path, use: Callable[[SqliteJournal], Awaitable[Any]], account: str | None = "acme", **how: Any) -> Any:
    """What comes of using a journal that is opened and closed for it."""

    async def main() -> Any:
        journal = SqliteJournal(path, **how)
        await journal.open(account)
        try:
            return await use(journal)
        finally:
            await journal.aclose()

    return virtual.run(main())


async def rows(journal: SqliteJournal) -> list[Entry]:
    return list(await journal.entries())


async def write_one(journal: SqliteJournal) -> Any:
    return await journal.write([change("accr_2", reference=SECRET)])


def refusal(path: Path, use: Callable[[SqliteJournal], Awaitable[Any]] = rows, **how: Any) -> JournalError:
    """The error of opening or using a journal; it names the file, and tells nothing that is in it."""
    with pytest.raises(JournalError) as caught:
        used(path, use, **how)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert str(path.resolve()) in str(caught.value)
    assert caught.value.advice
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))
    return caught.value


def sql(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def logical(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def tables(path: Path) -> dict[str, str]:
    """How everything in a database was made, whatever the spaces."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: "".join(text.split()) for name, text in found}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "acme").mkdir()
    return tmp_path / "acme" / "export.db"


@pytest.fixture
def written(path: Path) -> Path:
    """A journal with one row that is to stay as it is."""
    used(path, lambda journal: journal.write([change(reference=SECRET, amount=Decimal("12.50"), currency="USD")]))
    return path


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def open_journal(self, path: Path) -> OpenJournal:
        return lambda: SqliteJournal(path)


class TestRows:
    @given(ENTRIES)
    def test_round_trip_exactly(self, expected: Entry) -> None:
        """Every field of any entry comes back through SQLite as it was, amounts in their spelling."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            (written,) = zip(*entry_columns([expected]), strict=True)
            (found,) = connection.execute(f"SELECT {', '.join('?' * len(written))}", written)
        assert expected == entry_of(found)
        assert repr(expected) == repr(entry_of(found))

    @given(st.lists(ENTRIES, max_size=5, unique_by=lambda found: found.record_id))
    def test_round_trip_through_a_file(self, expected: list[Entry]) -> None:
        """What is written in a batch is loaded, walked over and told as it was written, after reopening."""
        changes = [Change(entry=row) for row in expected]

        async def look(journal: SqliteJournal) -> Any:
            history = [await journal.history(row.record_id) for row in expected]
            return await journal.load([row.record_id for row in expected]), history

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.db"
            answers = used(path, lambda journal: journal.write(changes))
            found, history = used(path, look)
        assert [attrs.evolve(row, revision=1) for row in expected] == answers
        assert {row.record_id: row for row in answers} == found
        for row, events in zip(answers, history, strict=True):
            (event,) = events
            shared = attrs.fields_dict(type(event)).keys() & attrs.fields_dict(Entry).keys() - {"owner"}
            assert {name: getattr(row, name) for name in shared} == {name: getattr(event, name) for name in shared}
            assert (row.since, repr(row.amount)) == (event.at, repr(event.amount))

    @pytest.mark.parametrize("place", [1, 2, 7, 9, 16, 18])
    def test_refuses_what_was_never_written(self, place: int) -> None:
        """A value of another kind is not taken for one, and is not repeated."""
        whole = entry(amount=Decimal(1), posting_date=START.date(), due=START, lease_until=START)
        row = [value for (value,) in entry_columns([whole])]
        row[place] = SECRET
        with pytest.raises(UnreadableRow) as caught:
            entry_of(tuple(row))
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)


class TestAnnounced:
    def test_again_while_it_is_read(self, path: Path) -> None:
        """A record that is named again after it was given stays until that has been given, too."""

        async def use(journal: SqliteJournal) -> list[list[str]]:
            other = SqliteJournal(path)
            await other.open("acme")
            await journal.announce("d1", ["a", "b"], at=START)
            found = [list(await journal.announced(10))]
            await other.announce("d2", ["a"], at=START)
            await journal.announced_done(["a", "b"])
            found.append(list(await journal.announced(10)))
            await journal.announced_done(["a"])
            found.append(list(await other.announced(10)))
            await other.aclose()
            return found

        assert [["a", "b"], ["a"], []] == used(path, use)

    def test_again_while_somebody_else_asks(self, path: Path) -> None:
        """Who asks the same journal meanwhile, as a plan does, takes nothing from a run that has not seen it named."""

        async def use(journal: SqliteJournal) -> list[list[str]]:
            await journal.announce("d1", ["a"], at=START)
            found = [list(await journal.announced(10))]
            await journal.announce("d2", ["a"], at=START)
            await journal.announced(10)
            await journal.announced_done(["a"])
            found.append(list(await journal.announced(10)))
            await journal.announced_done(["a"])
            found.append(list(await journal.announced(10)))
            return found

        assert [["a"], ["a"], []] == used(path, use)

    def test_anew_when_another_worker_was_done(self, path: Path) -> None:
        """What was forgotten and named again since it was given stays: whoever has it from before has not seen that."""

        async def use(journal: SqliteJournal) -> list[list[str]]:
            other = SqliteJournal(path)
            await other.open("acme")
            await journal.announce("d1", ["a"], at=START)
            await journal.announced(10)
            await other.announced_done(await other.announced(10))
            await other.announce("d2", ["a"], at=START)
            await journal.announced_done(["a"])
            found = [list(await journal.announced(10))]
            await journal.announced_done(["a"])
            found.append(list(await other.announced(10)))
            await other.aclose()
            return found

        assert [["a"], []] == used(path, use)


class TestSchema:
    def test_of_version_1_is_brought_up(self, path: Path) -> None:
        """Everything that an older journal holds is there, what it had no place for is empty and can be written."""
        sql(path, VERSION_1)

        async def use(journal: SqliteJournal) -> Any:
            (row,) = await journal.entries()
            assert await journal.announce("d1", ["accr_1"], at=START)
            renewed = attrs.evolve(row, receipts_owed=True, mapping_version="7")
            return row, await journal.history("accr_1"), await journal.note("watermark"), renewed

        row, history, watermark, renewed = used(path, use)
        expected = entry(
            state=State.POSTED,
            revision=3,
            generation=2,
            content_hash="1:ab",
            seen_hash="1:cd",
            amount=Decimal("-12.50"),
            currency="USD",
            posting_date=datetime.date(2025, 12, 31),
            reference="JE-1",
            attempts=1,
            reason="closed",
            reported="1:ef",
            due=START + datetime.timedelta(microseconds=2),
            owner="w1",
            lease_until=START + datetime.timedelta(microseconds=3),
        )
        assert attrs.evolve(expected, since=START + datetime.timedelta(microseconds=1)) == row
        assert ["t-1"] == [event.trace_id for event in history]
        assert (9, "why", "accr_1") == (history[0].number, history[0].note, history[0].record_id)
        assert "2025-12-31" == watermark
        (answer,) = used(path, lambda journal: journal.write([Change(entry=renewed)]))
        assert [answer] == used(path, rows)
        assert [9, 10] == [event.number for event in used(path, lambda journal: journal.history("accr_1"))]

    def test_of_version_1_is_what_the_code_makes(self, path: Path, tmp_path: Path) -> None:
        """The statements that lead to version 1 are those of the time when there were such files."""
        sql(path, VERSION_1)
        with closing(sqlite3.connect(tmp_path / "now.db", isolation_level=None)) as connection:
            for statement in sqlite_schema.MIGRATIONS[0]:
                connection.execute(statement)
        assert tables(path) == tables(tmp_path / "now.db")

    def test_of_a_new_file_is_that_of_an_old_one(self, path: Path, tmp_path: Path) -> None:
        """A journal that was brought up has the same tables as a new one."""
        sql(path, VERSION_1)
        used(path, rows)
        used(tmp_path / "new.db", rows)
        assert tables(path) == tables(tmp_path / "new.db")

    def test_of_version_2_is_brought_up(self, path: Path) -> None:
        """What webhooks had named is still named."""
        script = ";".join(statement for steps in sqlite_schema.MIGRATIONS[:2] for statement in steps)
        sql(path, f"{script}; PRAGMA user_version = 2; PRAGMA application_id = {sqlite_schema.APPLICATION_ID}")
        sql(
            path, "INSERT INTO account VALUES ('acme'); INSERT INTO announced (record_id) VALUES ('accr_1'), ('accr_2')"
        )

        async def use(journal: SqliteJournal) -> Sequence[str]:
            await journal.announced(10)
            await journal.announced_done(["accr_1"])
            return await journal.announced(10)

        assert ["accr_2"] == used(path, use)

    @pytest.mark.parametrize("failing", range(len(sqlite_schema.MIGRATIONS[1])))
    def test_is_brought_up_whole_or_not_at_all(self, path: Path, failing: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a step fails the file is what it was, and the next opening succeeds."""
        sql(path, VERSION_1)
        before = logical(path)
        steps = list(sqlite_schema.MIGRATIONS[1])
        steps[failing] = "CREATE TABLE notes (name TEXT)"
        with monkeypatch.context() as patch:
            patch.setattr(sqlite_schema, "MIGRATIONS", (sqlite_schema.MIGRATIONS[0], tuple(steps)))
            refusal(path)
        assert before == logical(path)
        assert ["accr_1"] == [row.record_id for row in used(path, rows)]

    def test_of_a_newer_version_is_refused(self, written: Path) -> None:
        """A journal of a later package stays as it is, byte for byte, and the error says to upgrade."""
        sql(written, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        before = contents(written.parent)
        for read_only in (False, True):
            error = refusal(written, read_only=read_only)
            assert "99" in str(error)
            assert "Upgrade" in error.advice
            assert before == contents(written.parent)

    def test_that_is_brought_up_meanwhile_is_written_no_more(self, written: Path) -> None:
        """A process of an older package that still has the file open writes nothing into newer tables."""

        async def use(journal: SqliteJournal) -> None:
            sql(written, "PRAGMA user_version = 99")
            await journal.write([change("accr_2")])

        assert "Upgrade" in refusal(written, use).advice

    def test_keeps_its_history(self, written: Path) -> None:
        """Nobody changes or deletes a row of the history, by hand neither."""
        for statement in ("UPDATE history SET note = 'x'", "DELETE FROM history"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                sql(written, statement)

    @pytest.mark.parametrize(
        "statement",
        [
            queries._DUE,
            queries._IDLE,
            queries._NEXT,
            "SELECT number FROM history WHERE entry = ? ORDER BY number",
            "SELECT state FROM entries WHERE record_id = ?",
            "DELETE FROM deliveries WHERE at < ?",
        ],
    )
    def test_has_an_index_for_what_is_asked(self, written: Path, statement: str) -> None:
        """What is asked for each batch reads no whole table and sorts nothing."""
        with closing(sqlite3.connect(written)) as connection:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [1] * statement.count("?")).fetchall()
        steps = [step[-1] for step in plan]
        assert all("USING" in step and "SEARCH" in step and "TEMP" not in step for step in steps), steps


class TestFile:
    def test_is_for_its_owner_only(self, written: Path) -> None:
        """Nobody else reads amounts and ids in it."""
        assert 0o600 == stat.S_IMODE(written.stat().st_mode)

    def test_is_flushed_at_every_commit(self, path: Path) -> None:
        """What is written survives a power cut too: a write-ahead log, and a flush before a write returns."""

        async def use(journal: SqliteJournal) -> Any:
            def pragma(connection: sqlite3.Connection, name: str) -> Any:
                return connection.execute(f"PRAGMA {name}").fetchone()[0]

            return [await journal._call("look", pragma, name) for name in ("journal_mode", "synchronous")]

        assert ["wal", 2] == used(path, use)

    def test_is_alone_when_it_is_closed(self, written: Path) -> None:
        """Nothing is left beside it."""
        assert ["export.db"] == [file.name for file in written.parent.iterdir()]

    @pytest.mark.parametrize("content", [b"no database at all, whatever it is" * 100, b"\0" * 4096, b"x"])
    @pytest.mark.parametrize("read_only", [False, True])
    def test_that_is_no_database_is_refused(self, path: Path, content: bytes, *, read_only: bool) -> None:
        """It stays as it is, and the error says so."""
        path.write_bytes(content)
        error = refusal(path, read_only=read_only)
        assert len(content) < 512 or isinstance(error.__cause__, sqlite3.DatabaseError)
        assert "no journal" in str(error)
        assert {"export.db": content} == contents(path.parent)

    @pytest.mark.parametrize(
        "script", ["CREATE TABLE entries (id)", "PRAGMA user_version = 2", "PRAGMA application_id=7"]
    )
    def test_of_another_program_is_refused(self, path: Path, script: str) -> None:
        """A database that is not a journal stays as it is."""
        sql(path, script)
        before = contents(path.parent)
        for read_only in (False, True):
            assert "another program" in str(refusal(path, read_only=read_only))
            assert before == contents(path.parent)

    def test_of_another_account_is_refused(self, written: Path) -> None:
        """The error names both accounts, and nothing was changed."""
        before = contents(written.parent)
        for label, named in (("globex", "account globex"), (None, "an account without a label")):
            for read_only in (False, True):
                text = str(refusal(written, account=label, read_only=read_only))
                assert "account acme" in text
                assert named in text
        assert before == contents(written.parent)

    def test_of_another_account_is_not_brought_up(self, path: Path) -> None:
        """An older journal that is refused stays an older journal."""
        sql(path, VERSION_1)
        before = logical(path)
        refusal(path, account="globex")
        assert before == logical(path)

    def test_in_no_folder_is_refused(self, tmp_path: Path) -> None:
        """The error says that the folder has to exist."""
        assert "folder that exists" in refusal(tmp_path / "none" / "export.db").advice

    def test_that_is_a_folder_is_refused(self, tmp_path: Path) -> None:
        """The error names it, whether it is to be written or read."""
        refusal(tmp_path)
        refusal(tmp_path, read_only=True)

    @pytest.mark.parametrize("path", ["", " ", "a\0b", ":memory:", None, 7, b"x"])
    def test_has_to_be_named(self, path: Any) -> None:
        """What cannot be the path of a file is refused at once."""
        with pytest.raises(InvalidArgument, match=r"^path: "):
            SqliteJournal(path)

    def test_that_cannot_be_written_is_refused(self, written: Path) -> None:
        """A file that this user may only read is refused when it is opened, not at the first write."""
        with as_nobody(written) as readable:
            error = refusal(readable)
        assert isinstance(error.__cause__, (sqlite3.OperationalError, OSError))
        assert "user of this process" in error.advice

    def test_on_a_full_disk_keeps_what_it_has(self, written: Path) -> None:
        """A write that finds no room says so, nothing of it is kept, and later writes succeed."""

        async def use(journal: SqliteJournal) -> None:
            def limit(connection: sqlite3.Connection, pages: int) -> None:
                connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

            await journal._call("limit", limit, 1)  # SQLite takes the pages that there are
            many = [change(f"r{number}", reference=SECRET * 100) for number in range(2000)]
            try:
                await journal.write(many)
            finally:
                await journal._call("limit", limit, 10**6)
                assert ["accr_1"] == [row.record_id for row in await rows(journal)]
                assert (None,) != tuple(await journal.write([change("later")]))

        error = refusal(written, use)
        assert "disk is full" in str(error)
        assert isinstance(error.__cause__, sqlite3.OperationalError)
        assert ["accr_1", "later"] == [row.record_id for row in used(written, rows)]

    def test_whose_writer_stands_still_is_in_use(self, written: Path) -> None:
        """SQLite gives up with an error of its own on a process that was stopped in the middle of a write."""

        def stopped(_: sqlite3.Connection) -> None:
            error = sqlite3.OperationalError("locking protocol")
            error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
            raise error

        error = refusal(written, lambda journal: journal._call("look", stopped))
        assert "another process has held the file for too long" in str(error)

    def test_that_is_locked_is_waited_for_and_then_refused(self, written: Path) -> None:
        """Another writer that does not end is waited for no longer than ``patience``."""
        with closing(sqlite3.connect(written, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert "another process" in str(refusal(written, patience=0.01))
            other.execute("ROLLBACK")

            async def use(journal: SqliteJournal) -> None:
                other.execute("BEGIN IMMEDIATE")
                assert ["accr_1"] == [row.record_id for row in await rows(journal)]
                try:
                    await write_one(journal)
                finally:
                    other.execute("ROLLBACK")
                    assert [None] != await journal.write([change("later")])

            assert "another process" in str(refusal(written, use, patience=0.01))
        assert ["accr_1", "later"] == [row.record_id for row in used(written, rows)]

    def test_that_is_new_waits_for_whoever_makes_it_too(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where another process is about to make the same file, opening waits, and no longer than ``patience``."""
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert "another process" in str(refusal(path, patience=0.01))
            waits: list[float] = []

            def sleep(seconds: float) -> None:
                waits.append(seconds)
                if other.in_transaction:
                    other.execute("ROLLBACK")

            monkeypatch.setattr(time, "sleep", sleep)
            assert [] == used(path, rows)
            assert 1 == len(waits)

    def test_that_is_damaged_is_refused(self, path: Path) -> None:
        """What SQLite finds damaged is said to be, and not overwritten."""
        used(path, lambda journal: journal.write([change(f"r{number}", reference=SECRET) for number in range(500)]))
        data = path.read_bytes()
        path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
        assert "damaged" in str(refusal(path))

    @pytest.mark.parametrize("how", ["moved", "replaced"])
    def test_that_is_gone_takes_no_write(self, written: Path, tmp_path: Path, how: str) -> None:
        """What is written to a file that nobody can find any more would be lost: it is refused instead."""

        async def use(journal: SqliteJournal) -> None:
            if how == "replaced":
                shutil.copyfile(written, tmp_path / "copy")
                shutil.move(tmp_path / "copy", written)
            else:
                shutil.move(written, tmp_path)
            await journal.write([change("accr_2")])

        assert "moved, removed or replaced" in str(refusal(written, use))

    def test_tells_no_value_that_it_cannot_read(self, written: Path) -> None:
        """A state that this version does not know is not repeated."""
        sql(written, f"UPDATE entries SET state = '{SECRET}'")
        for use in (rows, lambda journal: journal.load(["accr_1"]), lambda journal: journal.counts()):
            assert "never writes" in str(refusal(written, use))

    def test_tells_no_value_that_it_cannot_keep(self, written: Path) -> None:
        """Text that is not Unicode is refused, the whole batch with it, and is not repeated."""
        batch = [change("accr_2"), change("accr_3", reference=f"{SECRET}\udc80")]
        assert "not Unicode" in str(refusal(written, lambda journal: journal.write(batch)))
        assert ["accr_1"] == [row.record_id for row in used(written, rows)]

    def test_gives_no_sum_that_is_not_exact(self, written: Path) -> None:
        """Amounts that no 400 digits can hold together are refused, not rounded."""
        batch = [change("accr_2", amount=Decimal("1E-999"), currency="USD")]
        used(written, lambda journal: journal.write(batch))
        assert "no exact sum" in str(refusal(written, lambda journal: journal.counts()))


@contextmanager
def as_nobody(file: Path) -> Iterator[Path]:
    """A copy of a file in a folder, both of which this process may only read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = folder / file.name
        shutil.copyfile(file, copy)
        copy.chmod(0o444)
        folder.chmod(0o555)
        user = os.geteuid()
        if not user:
            os.seteuid(65534)
        try:
            yield copy
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


class TestReadOnly:
    def test_sees_what_is_written(self, written: Path) -> None:
        """It holds what the file held, and leaves the file and its folder as they are."""
        before = contents(written.parent)
        stamp = written.stat().st_mtime_ns
        (row,) = used(written, rows, read_only=True)
        assert SECRET == row.reference
        assert before == contents(written.parent)
        assert stamp == written.stat().st_mtime_ns

    def test_sees_what_a_worker_writes(self, written: Path) -> None:
        """Beside a worker it sees whole transactions up to when it was opened, and takes nothing from the worker."""

        async def use(worker: SqliteJournal) -> Any:
            await worker.write([change("accr_2")])
            before = contents(written.parent)
            reader = SqliteJournal(written, read_only=True)
            await reader.open("acme")
            await worker.write([change("accr_3")])
            found = [row.record_id for row in await rows(reader)]
            await reader.aclose()
            await worker.write([change("accr_4")])
            assert before.keys() == contents(written.parent).keys()
            return found

        assert ["accr_1", "accr_2"] == used(written, use)
        assert ["accr_1", "accr_2", "accr_3", "accr_4"] == [row.record_id for row in used(written, rows)]

    @pytest.mark.parametrize("beside", [("-wal",), ("-wal", "-shm")])
    def test_sees_what_a_killed_worker_wrote(self, written: Path, tmp_path: Path, beside: tuple[str, ...]) -> None:
        """What is still in the write-ahead log is seen, and file and log stay as they are."""
        copy = tmp_path / "copy" / "export.db"
        copy.parent.mkdir()

        async def use(worker: SqliteJournal) -> None:
            await worker.write([change("accr_2")])
            for suffix in ("", *beside):
                shutil.copyfile(f"{written}{suffix}", f"{copy}{suffix}")

        used(written, use)
        before = contents(copy.parent)
        assert ["accr_1", "accr_2"] == [row.record_id for row in used(copy, rows, read_only=True)]
        after = contents(copy.parent)
        assert before.keys() == after.keys()
        assert all(before[name] == after[name] for name in ("export.db", "export.db-wal"))

    def test_is_empty_where_there_is_no_file(self, path: Path) -> None:
        """Neither a file nor anything else is made."""
        assert [] == used(path, rows, read_only=True)
        assert [] == used(path.parent / "none" / "export.db", rows, read_only=True)
        assert {} == contents(path.parent)

    def test_reads_an_older_schema(self, path: Path) -> None:
        """An older journal is read without being brought up."""
        sql(path, VERSION_1)
        before = contents(path.parent)
        assert ["accr_1"] == [row.record_id for row in used(path, rows, read_only=True)]
        assert before == contents(path.parent)

    def test_reads_what_it_may_not_write(self, written: Path) -> None:
        """A file that this user may only read is enough."""
        with as_nobody(written) as readable:
            assert ["accr_1"] == [row.record_id for row in used(readable, rows, read_only=True)]

    @pytest.mark.parametrize(
        "use",
        [
            write_one,
            lambda journal: journal.claim({State.READY}, owner="w", now=START, lease_until=START, limit=1),
            lambda journal: journal.renew([], owner="w", lease_until=START),
            lambda journal: journal.set_note("watermark", SECRET),
            lambda journal: journal.announce("d1", ["a"], at=START),
            lambda journal: journal.announced_done(["a"]),
        ],
    )
    def test_writes_nothing(self, written: Path, use: Callable[[SqliteJournal], Awaitable[Any]]) -> None:
        """Whatever would change something is refused."""
        before = contents(written.parent)
        assert "for reading only" in str(refusal(written, use, read_only=True))
        assert before == contents(written.parent)


class TestLife:
    def test_has_to_be_opened(self, path: Path) -> None:
        """Before it is opened and after it is closed it says so."""

        async def main() -> None:
            journal = SqliteJournal(path)
            for _ in range(2):
                with pytest.raises(JournalError, match="not open"):
                    await journal.load(["a"])
                with pytest.raises(JournalError, match="not open"):
                    await journal.write([])
                await journal.aclose()
                await journal.open("acme")
                await journal.aclose()

        virtual.run(main())

    def test_is_opened_again(self, path: Path) -> None:
        """Opening an open one for its account does nothing, for another one it is refused and goes on."""

        async def use(journal: SqliteJournal) -> Any:
            await write_one(journal)
            await journal.open("acme")
            with pytest.raises(JournalError, match="account acme"):
                await journal.open("globex")
            return await rows(journal)

        assert 1 == len(used(path, use))

    @pytest.mark.parametrize("steps", range(4))
    def test_leaves_no_thread_of_a_cancelled_open(self, path: Path, steps: int) -> None:
        """Whoever is cancelled while opening has nothing to close, and the next one opens it."""

        async def main() -> None:
            journal = SqliteJournal(path)
            opening = asyncio.create_task(journal.open("acme"))
            for _ in range(steps):
                await asyncio.sleep(0)
            in_time = opening.cancel()
            assert in_time or steps == 3  # a quick disk: it is open, and nobody was cancelled
            await asyncio.gather(opening, return_exceptions=True)
            assert in_time == (journal._thread is None) == (journal._connection is None)
            await journal.open("acme")
            await journal.aclose()

        virtual.run(main())
        assert ["export.db"] == [file.name for file in path.parent.iterdir()]

    @pytest.mark.parametrize("steps", range(1, 4))
    def test_a_cancelled_close_closes(self, path: Path, steps: int) -> None:
        """Whoever is cancelled while closing, behind a call that takes long, leaves nothing open."""

        async def main() -> None:
            journal = SqliteJournal(path)
            await journal.open("acme")
            thread = journal._thread
            assert thread is not None
            busy = threading.Event()
            thread.submit(busy.wait, 30)
            leaving = asyncio.create_task(journal.aclose())
            for _ in range(steps):
                await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            busy.set()
            thread.shutdown(wait=True)
            assert (None, None) == (journal._thread, journal._connection)
            await journal.aclose()

        virtual.run(main())

    def test_a_cancelled_call_is_made_whole_or_never(self, path: Path) -> None:
        """A write whose caller is gone is committed where it had begun, and not begun where it was waiting."""

        async def main() -> Any:
            journal = SqliteJournal(path)
            await journal.open("acme")
            assert journal._thread is not None
            busy = threading.Event()
            journal._thread.submit(busy.wait, 30)
            writing = asyncio.create_task(write_one(journal))
            await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            busy.set()
            found = await rows(journal)
            (answer,) = await write_one(journal)
            await journal.aclose()
            return found, answer

        found, answer = virtual.run(main())
        assert [] == found
        assert 1 == answer.revision

    def test_takes_several_calls_at_once(self, path: Path) -> None:
        """Tasks that call at the same time each get their own answer."""

        async def use(journal: SqliteJournal) -> Any:
            await asyncio.gather(*(journal.write([change(f"r{number}")]) for number in range(20)))
            found = await asyncio.gather(*(journal.load([f"r{number}"]) for number in range(20)))
            return [list(rows) for rows in found]

        assert [[f"r{number}"] for number in range(20)] == used(path, use)

    def test_loads_more_than_one_statement_can_name(self, path: Path) -> None:
        """Batches of any size are loaded, written and changed."""
        ids = [f"r{number}" for number in range(1201)]

        async def use(journal: SqliteJournal) -> Any:
            written = await journal.write([change(record_id) for record_id in ids])
            again = await journal.write([Change(entry=row) for row in written if row is not None])
            return again, await journal.load(ids)

        again, found = used(path, use)
        assert {2} == {row.revision for row in again}
        assert set(ids) == set(found)

    def test_takes_a_record_that_is_twice_in_a_batch_once(self, path: Path) -> None:
        """The second change of a batch has not seen the first, and gets None."""

        async def use(journal: SqliteJournal) -> Any:
            first, second = await journal.write([change(reference="first"), change(reference="second")])
            return first, second, await rows(journal)

        first, second, found = used(path, use)
        assert second is None
        assert [first] == found

    def test_forgets_deliveries_after_30_days(self, path: Path) -> None:
        """A delivery with the id of one that is older than that counts as new, and not a moment earlier."""
        month = datetime.timedelta(days=30)

        async def use(journal: SqliteJournal) -> Any:
            first = await journal.announce("d1", [], at=START)
            kept = await journal.announce("d1", [], at=START + month)
            new = await journal.announce("d1", [], at=START + month + datetime.timedelta(microseconds=1))
            return first, kept, new

        assert (True, False, True) == used(path, use)

    def test_shows_nothing_in_its_repr(self, written: Path) -> None:
        """The path, and nothing that is in it."""
        assert f"SqliteJournal({str(written)!r})" == repr(SqliteJournal(written))
