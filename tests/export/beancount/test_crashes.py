"""Writers that die: an append is whole or gone, whatever byte it ended at, and nobody else's text suffers."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brex_accounting.errors import LedgerError
from brex_accounting.export.beancount import open_books
from brex_accounting.export.beancount.blocks import BookedAt, Scan, block, is_torn
from brex_accounting.export.beancount.booked import read_entry
from brex_accounting.export.beancount.entries import Transaction, reversal, transaction
from brex_accounting.export.beancount.mapping import read_mapping
from tests.export.beancount.postings import MAPPING, bean_check, bought, entries, entry, find, post, posting, using
from tests.soak import SOAK

BEFORE = {
    "nothing": b"",
    "text": b"; kept by hand\n2020-01-01 open Assets:Cash\n",
    "text that has no end": b"2020-01-01 open Assets:Cash\n; no end",
}


def scanned(text: bytes) -> Scan:
    scan = Scan(io.BytesIO(text))
    list(scan)
    return scan


def made(index: int = 0, lines: Any = None, **changes: Any) -> Transaction:
    found = transaction(posting(index, lines, **changes), read_mapping(MAPPING))
    assert isinstance(found, Transaction)
    return found


def rich_block() -> bytes:
    """A block with everything that an append can write."""
    priced = made(2, entry("3", **bought("2", "EUR"), memo='x "y" \\'))
    noted = made(3, entry("3", **bought("2.5", "USD")), id="accr 3~ä", key="a\nb", vendor=None, memo=None)
    back = reversal(read_entry(priced.text.encode().splitlines(keepends=True)), posting(2))
    strange = made(1, memo='"\\\n; end of batch 1 sha256', vendor={"id": "v", "name": "^Ünï \x00"})
    return block(
        1, [strange, priced, noted, back], ["1970-01-01 open Expenses:Über-2"], first=True, currency="USD"
    ).data


class TestAppend:
    @pytest.mark.parametrize("name", BEFORE)
    def test_that_ends_at_any_byte_is_known_for_torn(self, name: str) -> None:
        """Cut at each byte, a block with everything in it is told from text by hand, and where it began is known."""
        lead = b"" if not BEFORE[name] else b"\n\n"
        whole = BEFORE[name] + lead + rich_block()
        start = len(BEFORE[name] + lead)
        assert 4 == sum(isinstance(one, BookedAt) for one in Scan(io.BytesIO(whole)))
        # Fewer bytes than these are a comment that nobody is sure of, and that does no harm.
        for size in range(start + 3, len(whole) - 1):
            unended = scanned(whole[:size]).unended
            assert unended is not None, whole[start:size]
            assert start == unended.start
            assert is_torn(unended, whole[start:size]), whole[start:size]
        assert None is scanned(whole).unended
        assert None is scanned(whole[:-1]).unended

    @pytest.mark.parametrize("name", BEFORE)
    def test_that_ends_at_any_byte_is_whole_or_gone(self, name: str, tmp_path: Path) -> None:
        """Cut at each byte, with no index, none or all of its entries are found, and what was before is there."""
        path = tmp_path / "books.beancount"
        before = BEFORE[name]
        path.write_bytes(before)
        post(path, posting(1, memo="a"), posting(2, memo="b", vendor=None))
        whole, keys = path.read_bytes(), {"accr_1", "accr_2"}
        every = 1 if SOAK else 11
        for size in {*range(len(before), len(whole), every), *range(len(whole) - 5, len(whole) + 1)}:
            path.write_bytes(whole[:size])
            path.with_name("books.beancount.index").unlink(missing_ok=True)
            found = set(find(path, *keys))
            # Without its line end the last line is whole as well.
            assert found == (keys if size >= len(whole) - 1 else set()), size
            assert whole[:size] == path.read_bytes()
            assert [] == torn(path)
            post(path, posting(3))
            left = path.read_bytes()
            assert left.startswith(before)
            assert found | {"accr_3"} == set(find(path, "accr_3", *keys))
            # Fewer bytes than these are a comment.
            broken = not found and whole[len(before) : size].strip()[2:]
            assert ([] if not broken else [whole[whole.index(b"; brex-") : size]]) == torn(path)
            for kept in path.parent.glob("*.torn-*"):
                kept.unlink()

    def test_behind_another_ends_whole_or_gone(self, tmp_path: Path) -> None:
        """With a block in front, its entries are found each time by an index from before the crash, and by none."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        before, index = path.read_bytes(), path.with_name("books.beancount.index").read_bytes()
        post(path, posting(1))
        whole = path.read_bytes()
        for size in {*range(len(before), len(whole), 1 if SOAK else 13), len(whole) - 1, len(whole)}:
            for left in (index, b""):
                path.write_bytes(whole[:size])
                path.with_name("books.beancount.index").write_bytes(left)
                expected = {"accr_0", "accr_1"} if size >= len(whole) - 1 else {"accr_0"}
                assert expected == set(find(path, "accr_0", "accr_1"))
                assert whole[:size] == path.read_bytes()

    def test_of_an_amendment_is_whole_or_gone(self, tmp_path: Path) -> None:
        """Cut at any byte, an entry has its old version or its new one, and a repeated ``amend`` gives the new one."""
        path = tmp_path / "books.beancount"
        post(path, posting(0, entry("10")))
        size = path.stat().st_size
        index = path.with_name("books.beancount.index")
        before = index.read_bytes()
        new = posting(0, entry("12"))

        def amend() -> None:
            using(path, lambda ledger: ledger.amend(new, find_one))

        find_one = find(path, "accr_0")["accr_0"]
        amend()
        whole = path.read_bytes()
        for cut in range(size, len(whole) - 1, 1 if SOAK else 41):
            path.write_bytes(whole[:cut])
            index.write_bytes(before)
            assert [10] == [one.debits["USD"] for one in entries(path)]
            amend()
            assert [12] == [one.debits["USD"] for one in entries(path)]

    def test_is_repeated_after_a_crash_as_it_was(self, tmp_path: Path) -> None:
        """After the cut the same post gives the same reference, and books that Beancount takes."""
        path = tmp_path / "books.beancount"
        first = post(path, posting(0), posting(1))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        path.with_name("books.beancount.index").unlink()
        assert first == post(path, posting(0), posting(1))
        assert whole == path.read_bytes()
        assert "" == bean_check(path)

    def test_that_a_power_cut_left_unwritten_is_cut_off(self, tmp_path: Path) -> None:
        """Room that the file system made and never filled is no text."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        before, index = path.read_bytes(), path.with_name("books.beancount.index").read_bytes()
        post(path, posting(1))
        whole = path.read_bytes()
        for kept in (len(before), len(before) + 60, len(before) + 200):
            path.write_bytes(whole[:kept] + b"\0" * (len(whole) - kept))
            path.with_name("books.beancount.index").write_bytes(index)
            assert {"accr_0"} == set(find(path, "accr_0", "accr_1"))
            post(path, posting(1))
            assert whole == path.read_bytes().replace(b"\n\n\n", b"\n\n")


def torn(path: Path) -> list[bytes]:
    """What was cut off."""
    return [kept.read_bytes() for kept in sorted(path.parent.glob(f"{path.name}.torn-*"))]


class TestWhatWasWholeBefore:
    @pytest.mark.parametrize("lines", [1, 2, 5, 8])
    def test_is_never_cut(self, lines: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Whoever takes lines off the end by hand is asked each time, by readers and writers; nothing is changed."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        post(path, posting(1))
        text = b"".join(path.read_bytes().splitlines(keepends=True)[:-lines])
        whole = path.read_bytes()
        path.write_bytes(text)
        index = path.with_name("books.beancount.index").read_bytes()
        for work in (find, post, find, post):
            remedy = r"batch 2 in books\.beancount was whole.*what is left of it.*reconcile names"
            with pytest.raises(LedgerError, match=remedy):
                work(path, posting(2)) if work is post else work(path, "accr_0")  # type: ignore[operator]
            with pytest.raises(LedgerError, match=r"write the line '; end of batch 2 sha256 [0-9a-f]{64}'"):
                entries(path)
        assert text == path.read_bytes()
        assert index == path.with_name("books.beancount.index").read_bytes()
        assert [] == torn(path)
        assert not caplog.records
        path.write_bytes(text + whole[whole.rindex(b"; end of batch 2") :])
        assert "accr_0" in find(path, "accr_0", "accr_1")
        path.write_bytes(text[: text.rindex(b"; brex-accounting batch 2")])
        post(path, posting(1))
        assert {"accr_0", "accr_1"} == set(find(path, "accr_0", "accr_1"))

    def test_is_known_after_edits_in_front_of_it(self, tmp_path: Path) -> None:
        """Text that was taken away in front of the block, or the block's own first line cut short, hide nothing."""
        path = tmp_path / "books.beancount"
        path.write_bytes(b"; kept by hand, and taken away later\n" * 50)
        post(path, posting(0))
        post(path, posting(1))
        whole = path.read_bytes()
        ended = whole[whole.index(b"; brex-") : whole.rindex(b"; end of")]
        for text in (ended, b"; longer\n" * 500 + ended, whole[: whole.rindex(b"; brex-") + 30]):
            path.write_bytes(text)
            with pytest.raises(LedgerError, match="was whole"):
                post(path, posting(2))
            assert text == path.read_bytes()

    def test_is_cut_with_a_copy_where_no_index_knows(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Without an index nobody can tell; what is cut off is kept, under a number that is free, and said."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        text = path.read_bytes()[:-10]
        for count in (1, 2):
            path.write_bytes(text)
            path.with_name("books.beancount.index").unlink()
            assert {} == find(path, "accr_0")
            post(path, posting(0))
            assert [text] * count == torn(path)
            (record,) = caplog.records
            assert record.getMessage().endswith(f"copied to books.beancount.torn-{count}")
            caplog.clear()

    def test_stays_where_there_is_no_room_for_a_copy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The copy is on the disk before anything is cut off."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        text = path.read_bytes()[:-10]
        path.write_bytes(text)
        path.with_name("books.beancount.index").unlink()

        def fsync(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(open_books, "os", SimpleNamespace(**{**vars(os), "fsync": fsync}))
        with pytest.raises(LedgerError, match="No space left on device"):
            post(path, posting(0))
        assert text == path.read_bytes()
        assert [] == torn(path)


HAND = (
    b'2026-05-05 * "By hand"\n  Assets:Cash  1 USD\n  Equity:Opening\n',
    b"\n2026-05-05 open Assets:Cash\n",
    b"\n; a comment\n",
    b'\n2026-05-05 * "Payee" "By hand" ^link\n  Assets:Cash  1 USD\n',
    b"2026-05-05 balance Assets:Cash  1 USD\n",
    b"\n* A heading\n\n",
)


class TestTextBehindATornBlock:
    @pytest.mark.parametrize("hand", HAND)
    def test_is_never_cut(self, hand: bytes, tmp_path: Path) -> None:
        """Wherever the block was broken off, text that was added by hand is kept: a person is asked to look."""
        data = rich_block()
        # Before that there is no transaction yet that the text could belong to.
        for size in range(data.index(b"\n2025-11-01") + 5, len(data) - len(hand)):
            text = data[:size] + hand
            unended = scanned(text).unended
            assert unended is not None
            assert not is_torn(unended, text), text
        path = tmp_path / "books.beancount"
        path.write_bytes(data[: len(data) // 2] + hand)
        with pytest.raises(LedgerError, match=r"batch 1 in books\.beancount was broken off"):
            find(path, "accr_0")
        assert path.read_bytes().endswith(hand)

    def test_is_kept_once_a_person_has_removed_the_block(self, tmp_path: Path) -> None:
        """Doing what the error says makes the books good again."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        size = path.stat().st_size
        post(path, posting(1))
        torn = path.read_bytes()[: size + 300]
        path.write_bytes(torn + HAND[4])
        with pytest.raises(LedgerError, match="Remove what there is of the batch, from its line"):
            post(path, posting(1))
        path.write_bytes(torn[:size] + HAND[0])
        post(path, posting(1))
        assert HAND[0] in path.read_bytes()
        assert {"accr_0", "accr_1"} == set(find(path, "accr_0", "accr_1"))


class TestScan:
    @given(st.lists(st.sampled_from([*HAND, b"block"]), max_size=6), st.integers(0, 10**6))
    @settings(max_examples=60)
    def test_of_any_mixture_finds_each_whole_block(self, parts: list[bytes], cut: int) -> None:
        """Blocks between any text by hand are found, each once; cut somewhere, all but the last one are."""
        texts = [
            b"\n\n" + block(number + 1, [made(number)], [], first=False).data if part == b"block" else part
            for number, part in enumerate(parts)
        ]
        data = b"".join(texts)
        part = data[: cut % (len(data) + 1)]

        def keys(text: bytes) -> list[str]:
            return [one.key for one in Scan(io.BytesIO(text)) if isinstance(one, BookedAt)]

        expected = [f"accr_{number}" for number, one in enumerate(parts) if one == b"block"]
        assert expected == keys(data)
        assert expected[: len(keys(part))] == keys(part)


PRELUDE = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.export.beancount.postings import MAPPING, posting
from brex_accounting.export.beancount import BeancountLedger

async def main(first, count, size):
    async with BeancountLedger(sys.argv[1], mapping=MAPPING) as ledger:
        print("ready", flush=True)
        for at in range(first, first + count, size):
            batch = [posting(i, memo="x" * 3000) for i in range(at, at + size)]
            await ledger.post(batch)
            print(*(one.key for one in batch), flush=True)

asyncio.run(main(*map(int, sys.argv[2:])))
"""


def worker(path: Path, *, first: int, count: int, size: int) -> subprocess.Popen[str]:
    program = PRELUDE.format(root=str(Path(__file__).parents[3]))
    command = [sys.executable, "-c", program, str(path), *map(str, (first, count, size))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def ended(*processes: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


def said(process: subprocess.Popen[str]) -> list[str]:
    """The keys that it says it has posted."""
    assert process.stdout is not None
    return [key for line in process.stdout if line.endswith("\n") for key in line.split() if key != "ready"]


class TestProcesses:
    def test_append_to_one_file_in_turn(self, tmp_path: Path) -> None:
        """Two processes that post some keys both, at once: each key is in the books once, and Beancount takes them."""
        path = tmp_path / "books.beancount"
        workers = [worker(path, first=first, count=60, size=3) for first in (0, 30)]
        with ended(*workers):
            for process in workers:
                assert 60 == len(said(process))
                assert 0 == process.wait(60)
        keys = [one.key for one in entries(path)]
        assert {f"accr_{i}": 1 for i in range(90)} == Counter(keys)
        assert path.read_text().count("  brex-key: ") == 90
        assert "" == bean_check(path)

    @pytest.mark.parametrize("round_", range(40 if SOAK else 4))
    def test_killed_in_an_append_leave_whole_batches(self, round_: int, tmp_path: Path) -> None:
        """Killed at any instant, a process leaves what it said it posted, whole batches, and a file that works on."""
        path = tmp_path / "books.beancount"
        path.write_bytes(BEFORE["text that has no end"])
        told: list[str] = []
        for kill in range(3):
            process = worker(path, first=0, count=100_000, size=40)
            with ended(process):
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(0.003 * (1 + (5 * round_ + 7 * kill) % 17))
                process.kill()
                told += said(process)
            found = [one.key for one in entries(path)]
            assert set(told) <= set(found)
            assert len(found) == len(set(found))
            assert 0 == len(found) % 40
        assert [f"accr_{i}" for i in range(len(found))] == found
        post(path, posting(999_999))
        assert path.read_bytes().startswith(BEFORE["text that has no end"])
        assert "" == bean_check(path)
