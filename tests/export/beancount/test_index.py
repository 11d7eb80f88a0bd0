"""The index of the books: what is written to it is there whole, or not at all."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.export import Posted, Posting
from brex_accounting.export.beancount import BeancountLedger, open_books
from brex_accounting.export.beancount.blocks import BookedAt, Scan
from brex_accounting.export.beancount.index import Index
from tests.export.beancount.postings import MAPPING, entry, find, line, post, posting, using

UMLAUTS = {
    **MAPPING,
    "accounts": {**MAPPING["accounts"], "1": "Assets:Übergang"},
    "ledger": {"operating_currency": "EUR"},
}
TEXTS = st.text(max_size=12) | st.sampled_from(
    ['"', "\\", "\n", "; end of batch 1 sha256", '  brex-key: "x"', "\u2028"]
)
HAND = st.sampled_from(
    [
        '2025-01-01 * "By hand"\n  Assets:A  1 USD\n  Assets:B\n',
        "2025-01-01 open Assets:Übergang USD\n",
        "; brex-accounting batch 3 entries 1 bytes 5 sha256 00\n",
        '2025-01-01 * "" ^x\n  brex-key: "accr_0"\n  brex-hash: "1:0"',
        "\n\n",
    ]
)


@st.composite
def batches(draw: st.DrawFn) -> list[Posting]:
    """Postings of a few keys, with any texts, some of which are rejected."""
    keys = draw(st.lists(st.sampled_from(["accr_0", "accr_1", "a\\b", 'a"b', "ä\n"]) | TEXTS, min_size=1, max_size=4))
    return [
        posting(
            lines=[
                line("DEBIT", amount := draw(st.integers(0, 10**6)), account=draw(st.sampled_from(["1", "6320"]))),
                line("CREDIT", amount, draw(st.sampled_from(["USD", "USD", "USD", "EUR"])), memo=draw(TEXTS)),
            ],
            key=key or "empty",
            id=key or "empty",
            memo=draw(st.none() | TEXTS),
            vendor={"id": "v", "name": draw(TEXTS)},
        )
        for key in keys
    ]


def contents(path: Path) -> dict[str, Any]:
    """What an index says of books, whichever way it came to it."""
    database = sqlite3.connect(path.with_name(f"{path.name}.index"))
    facts = json.loads(database.execute("SELECT facts FROM state").fetchone()[0])
    del facts["build"]
    found: dict[str, Any] = {"facts": facts}
    for table in ("entries", "opened"):
        found[table] = database.execute(f"SELECT * FROM {table} ORDER BY offset").fetchall()
    database.close()
    return found


class TestWriting:
    def test_a_commit_that_fails_is_rolled_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be committed, since somebody was reading, does not come in with what is written next."""
        connect: Any = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **{**options, "timeout": 0.0}))
        index = Index(tmp_path / "books.index")
        index.open()
        reader = sqlite3.connect(tmp_path / "books.index", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM segments").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"), index.writing():
            index.seal(0, 5, b"first")
        reader.execute("COMMIT")
        with index.writing():
            index.seal(0, 7, b"second")
        assert [(0, 7, b"second")] == reader.execute("SELECT * FROM segments").fetchall()
        reader.close()
        index.close()


class TestAppends:
    @given(st.lists(batches() | HAND, min_size=1, max_size=4), st.booleans())
    def test_are_indexed_as_they_would_be_read(self, steps: list[list[Posting] | str], amends: bool) -> None:
        """After any appends, between any text by hand, the index is the one that is made of the text anew."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "books.beancount"

            async def keep(ledger: BeancountLedger) -> None:
                for step in steps:
                    if isinstance(step, str):
                        with path.open("a") as file:
                            file.write(step)
                        continue
                    outcomes = await ledger.post(step)
                    if amends and isinstance(outcomes[0], Posted):
                        await ledger.amend(posting(0, entry("8"), key=step[0].key), outcomes[0])

            using(path, keep, mapping=UMLAUTS)
            # What is there already is not booked again, and brings the index to the text.
            again = posting(0, entry("5"), key="last")
            post(path, again, mapping=UMLAUTS)
            kept = contents(path)
            path.with_name("books.beancount.index").unlink()
            post(path, again, mapping=UMLAUTS)
            assert contents(path) == kept

    @pytest.mark.parametrize("hand", ["", "; by hand\n", '2025-01-01 * "By hand"\n'])
    def test_are_held_against_the_text_at_the_next_opening(self, hand: str, tmp_path: Path) -> None:
        """The digests of what was appended are those of the file: the index is not made anew."""
        path = tmp_path / "books.beancount"
        builds: set[str] = set()
        for number in range(3):
            post(path, posting(2 * number), posting(2 * number + 1))
            index = Index(path.with_name("books.beancount.index"))
            builds.add(index.open(for_reading=True).build)
            with path.open("rb") as file:
                assert index.fits(file, index.indexed())
            index.close()
            with path.open("a") as text:
                text.write(hand)
        assert 1 == len(builds)

    def test_are_not_read_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What follows what is known already is not walked over; behind text by hand the walk begins there."""
        path = tmp_path / "books.beancount"
        walked: list[int] = []

        class Observed(Scan):
            def __init__(self, file: Any, start: int = 0) -> None:
                super().__init__(file, start)
                walked.append(start)

        async def keep(ledger: BeancountLedger) -> None:
            await ledger.post([posting(0)])
            monkeypatch.setattr(open_books, "Scan", Observed)
            await ledger.post([posting(1)])
            await ledger.post([posting(2)])
            assert not walked
            size = path.stat().st_size
            with path.open("a") as file:
                file.write("; by hand\n")
            await ledger.post([posting(3)])
            assert {size} == {*walked}

        using(path, keep)

    def test_behind_what_somebody_writes_meanwhile_are_found_where_they_are(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An editor knows no lock: the index has the place where the block came to be, not the one meant for it."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))

        def write(descriptor: int, data: memoryview) -> int:
            with path.open("a") as file:
                file.write("; by hand\n\n")
            return os.write(descriptor, data)

        with monkeypatch.context() as patched:
            patched.setattr(open_books, "os", SimpleNamespace(**{**vars(os), "write": write}))
            post(path, posting(1))
        with path.open("rb") as file:
            there = [one.offset for one in Scan(file) if isinstance(one, BookedAt)]
        assert there == [row[0] for row in contents(path)["entries"]]
        assert {"accr_0", "accr_1"} == find(path, "accr_0", "accr_1").keys()


class TestStatements:
    def test_are_as_many_for_a_thousand_entries_as_for_ten(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An append, and a look for what is there, has a few, however many entries it is about."""
        statements: list[str] = []
        connect: Any = sqlite3.connect

        def observed(*args: Any, **options: Any) -> sqlite3.Connection:
            database: sqlite3.Connection = connect(*args, **options)
            database.set_trace_callback(statements.append)
            return database

        monkeypatch.setattr(sqlite3, "connect", observed)

        async def keep(ledger: BeancountLedger) -> list[int]:
            await ledger.post([posting(0)])
            counts: list[int] = []
            for first, count in ((10, 10), (1000, 1000)):
                made = [posting(index) for index in range(first, first + count)]
                for work in (ledger.post(made), ledger.find([one.key for one in made])):
                    statements.clear()
                    assert count == len(await work)
                    counts.append(len(statements))
            return counts

        counts = using(tmp_path / "books.beancount", keep)
        assert counts[:2] == counts[2:]
        assert max(counts) <= 10

    def test_keep_to_what_one_may_hold(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where SQLite takes few values at once there are more statements, and nothing else is different."""
        usual, narrow = tmp_path / "usual.beancount", tmp_path / "narrow.beancount"
        made = [posting(index) for index in range(40)]
        keys = [one.key for one in made]
        post(usual, *made)
        found = find(usual, *keys)
        connect: Any = sqlite3.connect

        def limited(*args: Any, **options: Any) -> sqlite3.Connection:
            database: sqlite3.Connection = connect(*args, **options)
            database.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 9)
            return database

        monkeypatch.setattr(sqlite3, "connect", limited)
        post(narrow, *made)
        assert usual.read_bytes() == narrow.read_bytes()
        assert contents(usual)["entries"] == contents(narrow)["entries"]
        assert keys == list(found)
        assert found == find(narrow, *keys)
        narrow.with_name("narrow.beancount.index").unlink()
        assert found == find(narrow, *keys)


class TestKnown:
    def test_gives_the_hash_of_the_newest_version(self, tmp_path: Path) -> None:
        """Of several versions the last one in the text counts, and what takes one back counts for none."""
        index = Index(tmp_path / "books.index")
        index.open()
        rows = [(10, "a", "old", False), (20, "b", "1", False), (30, "a", "old", True), (40, "a", "new", False)]
        index.add(BookedAt(*row) for row in [*rows, (50, "c", "2", True), (60, 'ä"\\', "", False)])
        assert {"a": "new", "b": "1", 'ä"\\': ""} == index.known(["a", "b", "c", "d", 'ä"\\'])
        assert {} == index.known([])
        index.close()

    def test_names_the_accounts_that_are_not_opened(self, tmp_path: Path) -> None:
        """Each once and in order, and none that stands in the text."""
        path = tmp_path / "books.beancount"
        post(path, posting())
        index = Index(path.with_name("books.beancount.index"))
        index.open(for_reading=True)
        accounts = ["Assets:Z", "Expenses:Software", "Assets:A", "Assets:Z", "Liabilities:Brex:Card"]
        assert ["Assets:A", "Assets:Z"] == index.unopened(accounts)
        assert [] == index.unopened([])
        index.close()
