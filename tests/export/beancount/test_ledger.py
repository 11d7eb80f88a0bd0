"""The ledger as an ERP: what is posted is found, once, whatever happens to the text and the index between."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
import stat
import threading
import tracemalloc
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import filelock
import pytest

from brex_accounting.errors import InvalidArgument, LedgerError
from brex_accounting.export import Amends, Erp, LedgerEntry, ListsEntries, Posted, Previews, Rejected, Validates
from brex_accounting.export.beancount import BeancountLedger, open_books, reading_lock
from brex_accounting.export.beancount import ledger as ledger_module
from brex_accounting.export.beancount.entries import reference_of, transaction
from tests import virtual
from tests.export.beancount.postings import (
    EXAMPLE,
    MAPPING,
    amend,
    bought,
    edit,
    entries,
    entry,
    find,
    line,
    listed,
    post,
    posted,
    posting,
    seeded,
    using,
)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books.beancount"


def overwrite(path: Path, old: str, new: str) -> None:
    """What ``edit`` does, in place, and with as many characters."""
    path.write_text(path.read_text().replace(old, new))


def test_the_ledger_is_what_the_loop_may_ask_for(books: Path) -> None:
    """It is an Erp that validates, amends and lists, and it repeats idempotently with nothing to wait for."""
    ledger = BeancountLedger(books)
    for protocol in (Erp, Validates, Previews, Amends, ListsEntries):
        assert isinstance(ledger, protocol)
    assert ("idempotent", 0.0, 1000) == (ledger.repeats, ledger.search_lag, ledger.batch_size)


class TestValidate:
    def test_what_was_validated_is_not_posted_in_place_of_other_content(self, books: Path) -> None:
        """A post books what it is given, whatever was validated under the same key before."""

        async def validated_then_posted(ledger: BeancountLedger) -> None:
            assert await ledger.validate(posting(1, entry("1.00"))) is None
            assert await ledger.validate(posting(2, entry("2.00"))) is None
            await ledger.post([posting(1, entry("7.00")), posting(2, entry("2.00"))])

        using(books, validated_then_posted)
        assert {"accr_1": Decimal("7.00"), "accr_2": Decimal("2.00")} == {
            each.key: each.debits["USD"] for each in using(books, listed)
        }

    def test_shows_what_it_would_book(self, books: Path) -> None:
        """A preview is the transaction as it is written later, or why there is none; it touches no file."""
        ledger = BeancountLedger(books, mapping=MAPPING)
        shown = ledger.preview(posting(1, entry("1.00")))
        assert ledger.preview(posting(1, [line("DEBIT", "1.00", "USD", "6320")])).startswith("; ")
        assert not books.exists()
        post(books, posting(1, entry("1.00")))
        assert shown in books.read_text()


class TestPost:
    def test_puts_entries_into_the_books(self, books: Path) -> None:
        """What is posted is found, by this ledger and the next one, and nothing else is."""
        assert [posted(0), posted(1)] == post(books, posting(0), posting(1))
        assert {"accr_0": posted(0)} == find(books, "accr_0", "accr_7")

    def test_again_changes_nothing(self, books: Path) -> None:
        """A key that is in the books has the same outcome again, also beside new ones, and without a mapping."""
        post(books, posting(0))
        before = books.read_bytes()
        assert [posted(0)] == post(books, posting(0), mapping=None)
        assert before == books.read_bytes()
        assert [posted(1), posted(0)] == post(books, posting(1), posting(0))
        assert 1 == books.read_text().count('brex-key: "accr_0"')

    def test_of_a_key_twice_in_a_batch_is_one(self, books: Path) -> None:
        """The second one gets the outcome of the first."""
        assert [posted(0), posted(0)] == post(books, posting(0), posting(0))
        assert 1 == books.read_text().count('brex-key: "accr_0"')

    def test_of_some_that_are_rejected_books_the_others(self, books: Path) -> None:
        """Outcomes stand in the order of the postings; what is rejected is not in the books."""
        bad = posting(1, [line("DEBIT", "1", account="9999"), line("CREDIT", "1")])
        uneven = posting(2, [line("DEBIT", "1"), line("CREDIT", "1.004")])
        found = post(books, posting(0), bad, uneven, posting(3))
        assert [None, "no-account:9999", "unbalanced", None] == [getattr(one, "code", None) for one in found]
        assert {"accr_0", "accr_3"} == set(find(books, "accr_0", "accr_1", "accr_2", "accr_3"))
        validated = using(books, lambda ledger: ledger.validate(bad))
        assert found[1] == validated
        assert None is using(books, lambda ledger: ledger.validate(posting(0)))

    def test_of_nothing_writes_nothing(self, books: Path) -> None:
        """Looking at books that are not there, listing, validating, and a batch of none make no file."""

        async def main(ledger: BeancountLedger) -> None:
            assert [] == await ledger.post([])
            assert {} == await ledger.find(["accr_0"])
            assert [] == await listed(ledger)
            await ledger.validate(posting())

        using(books, main)
        assert [] == list(books.parent.iterdir())

    def test_opens_each_account_once(self, books: Path) -> None:
        """The first batch opens its accounts, the next ones only new ones, and hand-written ones are left alone."""
        books.write_text("2000-01-01 open Liabilities:Brex:Card USD\n")
        post(books, posting(0))
        post(books, posting(1), posting(2, [line("DEBIT", "1"), line("CREDIT", "1", account="2100")]))
        opens = [one for one in books.read_text().splitlines() if " open " in one]
        assert [
            "2000-01-01 open Liabilities:Brex:Card USD",
            "1970-01-01 open Expenses:Software",
            "1970-01-01 open Expenses:Other",
        ] == opens

    def test_can_leave_opening_to_others(self, books: Path) -> None:
        """With ``open_accounts = false`` there are no ``open`` directives, and no date is too early."""
        mapping = {**MAPPING, "ledger": {"open_accounts": False}}
        post(books, posting(0, erp_posting_date="1950-01-01T00:00:00Z"), mapping=mapping)
        assert " open " not in books.read_text()

    def test_of_strange_keys_is_found(self, books: Path) -> None:
        """Keys with quotes, backslashes, control characters or line ends are told apart and found."""
        keys = ['a"b', "a\\b", "a\nb", "a\x00b", "a\x01b", "a\\u0000b", "ä\u2028", "; end of batch 1", "x" * 5000, ""]
        outcomes = post(books, *(posting(key=key) for key in keys))
        known = posting().content_hash
        expected = {key: Posted(reference_of(key), content_hash=known) for key in keys}
        assert expected == dict(zip(keys, outcomes, strict=True))
        assert expected == find(books, *keys)
        assert keys == [one.key for one in entries(books)]

    def test_is_done_in_the_thread_of_the_ledger(self, books: Path) -> None:
        """While the disk works the loop runs on, and what is asked meanwhile is answered in turn."""

        async def main() -> None:
            async with BeancountLedger(books, mapping=MAPPING) as ledger:
                results = await asyncio.gather(*(ledger.post([posting(i), posting(0)]) for i in range(20)))
                assert [[posted(i), posted(0)] for i in range(20)] == results
                assert 20 == len(await ledger.find([f"accr_{i}" for i in range(30)]))

        virtual.run(main())

    def test_that_is_cancelled_is_settled_by_find(self, books: Path) -> None:
        """Whoever is cancelled asks ``find``, which waits for what is under way and knows it."""

        async def main() -> None:
            async with BeancountLedger(books, mapping=MAPPING) as ledger:
                task = asyncio.create_task(ledger.post([posting(i) for i in range(300)]))
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                found = await ledger.find([f"accr_{i}" for i in range(300)])
                assert len(found) in (0, 300)
                assert found == await ledger.find([f"accr_{i}" for i in range(300)])

        virtual.run(main())

    @pytest.mark.parametrize("what", ["post", "amend"])
    def test_that_is_cancelled_before_it_has_the_lock_never_happens(
        self, books: Path, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What waits for another writer when it is cancelled is not booked later, whatever was found meanwhile."""
        post(books, posting(0))
        begun = threading.Event()

        def observed(*arguments: Any) -> Any:
            begun.set()
            return transaction(*arguments)

        monkeypatch.setattr(ledger_module, "transaction", observed)

        async def main(ledger: BeancountLedger) -> None:
            work = {"post": ledger.post([posting(1)]), "amend": ledger.amend(posting(0, entry("99")), posted(0))}
            with filelock.FileLock(f"{books}.lock"):
                task = asyncio.create_task(work.pop(what))
                work.popitem()[1].close()
                await asyncio.sleep(0)
                assert begun.wait(20)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert {} == await ledger.find(["accr_1"])
            assert [{"USD": Decimal("12.50")}] == [dict(one.debits) for one in await listed(ledger)]

        using(books, main)

    def test_after_closing_opens_again(self, books: Path) -> None:
        """A closed ledger is usable, as one that was never opened, and closing twice is fine."""

        async def main() -> None:
            ledger = BeancountLedger(books, mapping=MAPPING)
            await ledger.aclose()
            await ledger.post([posting(0)])
            await ledger.aclose()
            await ledger.aclose()
            assert {"accr_0"} == set(await ledger.find(["accr_0"]))
            await ledger.aclose()

        virtual.run(main())


class TestAmend:
    def test_takes_back_the_old_version_and_books_the_new_one(self, books: Path) -> None:
        """Reversal and new version are one append, under the same key and reference."""
        post(books, posting(0, entry("10", **bought("9", "EUR"))))
        assert posted(0, "12") == amend(books, 0, "12")
        lines = books.read_text().splitlines()
        at = lines.index("  brex-reverses: TRUE")
        assert ["  Expenses:Software  -9.00 EUR @@ 10.00 USD", "  Liabilities:Brex:Card  10.00 USD", ""] == lines[
            at + 1 : at + 4
        ]
        assert "  Expenses:Software  12.00 USD" in lines[at:]
        assert [{"USD": Decimal(12)}] == [dict(one.debits) for one in entries(books)]

    def test_again_changes_nothing(self, books: Path) -> None:
        """The second time the content is in the books already; another content is booked on top of it."""
        post(books, posting(0, entry("10")))
        amend(books, 0, "12")
        before = books.read_bytes()
        assert posted(0, "12") == amend(books, 0, "12")
        assert before == books.read_bytes()
        assert {"accr_0": posted(0, "12")} == find(books, "accr_0")
        assert posted(0, "10") == amend(books, 0, "10")
        assert [{"USD": Decimal(10)}] == [dict(one.debits) for one in entries(books)]
        assert {"accr_0": posted(0, "10")} == find(books, "accr_0")

    def test_takes_back_what_stands_there(self, books: Path) -> None:
        """Where somebody has changed accounts by hand, those are relieved; legs may be left to be worked out."""
        post(books, posting(0, entry("10")))
        edit(books, "  Expenses:Software  10.00 USD", "  Expenses:Books  4.00 USD ; half\n  Expenses:Software")
        amend(books, 0, "12")
        text = books.read_text()
        assert (
            "  Expenses:Books  -4.00 USD\n  Liabilities:Brex:Card  10.00 USD\n  Expenses:Software  -6.00 USD\n" in text
        )
        assert [{"USD": Decimal(12)}] == [dict(one.debits) for one in entries(books)]

    def test_that_was_taken_out_but_for_the_reversal_is_not_there(self, books: Path) -> None:
        """What is left of an entry when somebody has removed its versions is no entry."""
        post(books, posting(0, entry("10")))
        amend(books, 0, "12")
        key = '  brex-key: "accr_0"\n'
        first, second, third, rest = books.read_text().split(key)
        books.write_text(f"{first}{second}{key}{third}{rest}")
        assert {} == find(books, "accr_0")
        assert [] == entries(books)

    def test_of_what_is_rejected_or_gone_changes_nothing(self, books: Path) -> None:
        """A new version that is no entry, and an entry that is not there, are rejected."""
        post(books, posting(0))
        before = books.read_bytes()
        bad = posting(0, [line("DEBIT", "1", account="9999"), line("CREDIT", "1")])
        found = using(books, lambda ledger: ledger.amend(bad, posted(0)))
        assert "no-account:9999" == getattr(found, "code", None)
        assert "not-in-the-books" == getattr(amend(books, 5, "1"), "code", None)
        assert before == books.read_bytes()


class TestList:
    def test_gives_every_entry_with_its_debits(self, books: Path) -> None:
        """Over more than a page, all entries come in order with the exact sums of the postings."""
        postings = seeded(1500)
        outcomes = [*post(books, *postings[:900], mapping=EXAMPLE), *post(books, *postings[900:], mapping=EXAMPLE)]
        expected = [
            LedgerEntry(
                key=one.key,
                reference=outcome.reference,
                date=one.date,
                debits=dict(one.debits),
                content_hash=one.content_hash,
                is_edited=False,
            )
            for one, outcome in zip(postings, outcomes, strict=True)
            if isinstance(outcome, Posted)
        ]
        assert expected == entries(books)
        assert len(expected) > 1300

    def test_reads_what_stands_in_the_text(self, books: Path) -> None:
        """An amount that was changed by hand shows; entries that were commented out are gone."""
        post(books, posting(0), posting(1), posting(2, entry("7")))
        edit(books, "  Expenses:Software  7.00 USD", "  Expenses:Software  3 EUR @ 2.5 USD")
        edit(books, '  brex-key: "accr_1"', '  ; brex-key: "accr_1"')
        found = {one.key: dict(one.debits) for one in entries(books)}
        assert {"accr_0": {"USD": Decimal("12.50")}, "accr_2": {"USD": Decimal("7.5")}} == found

    def test_counts_what_a_broken_reversal_leaves(self, books: Path) -> None:
        """Where an old version is not taken back in full, its rest is counted, so that it shows in a comparison."""
        post(books, posting(0, entry("10")))
        amend(books, 0, "12")
        edit(books, "  Expenses:Software  -10.00 USD", "  Expenses:Software  -9.00 USD")
        assert [{"USD": Decimal(13)}] == [dict(one.debits) for one in entries(books)]

    def test_of_what_nobody_can_read_says_so(self, books: Path) -> None:
        """A leg in a way of writing that is not known is an error, and not passed over."""
        post(books, posting(0))
        before = books.read_text()
        for old, new in (
            ("  Expenses:Software  12.50 USD", "  Expenses:Software  1 HOOL {12.50 USD}"),
            ("  Expenses:Software  12.50 USD", "  Expenses:Software\n  Expenses:Other"),
            ("  Expenses:Software  12.50 USD", f"  Expenses:Software  {'1' * 300} USD @ {'1' * 300} EUR"),
            ("\n2025-11-01 *", "\n2025-13-01 *"),
        ):
            edit(books, old, new)
            with pytest.raises(LedgerError, match="cannot be read"):
                entries(books)
            books.write_text(before)

    def test_of_books_that_change_meanwhile_stops(self, books: Path) -> None:
        """Whoever edits the text during the walk makes it fail, rather than miss entries; appends do no harm."""
        post(books, *(posting(i) for i in range(1200)))

        async def main(ledger: BeancountLedger) -> None:
            walk = ledger.list_entries()
            await anext(walk)
            await ledger.post([posting(5000)])
            assert 1199 == len([one async for one in walk])
            walk = ledger.list_entries()
            await anext(walk)
            overwrite(books, "accr_1100", "accr_9100")
            with pytest.raises(LedgerError, match="changed meanwhile"):
                [one async for one in walk]
            walk = ledger.list_entries()
            await anext(walk)
            edit(books, "accr_5000", "accr_6000")
            await ledger.find(["accr_1"])
            with pytest.raises(LedgerError, match="changed meanwhile"):
                [one async for one in walk]

        using(books, main)


class TestText:
    HAND = '2020-01-01 open Assets:Cash\n2020-01-02 * "By hand"\n  Assets:Cash  1 USD\n  Equity:Opening\n; no end'

    def test_by_hand_is_never_touched(self, books: Path) -> None:
        """What stands before, between and behind blocks is there afterwards, byte by byte."""
        books.write_text(self.HAND)
        post(books, posting(0))
        first = books.read_bytes()
        with books.open("ab") as file:
            file.write(b'\n2020-01-03 * "More"\n  Assets:Cash  2 USD\n  Equity:Opening\n\n* A heading')
        between = books.read_bytes()
        post(books, posting(1))
        assert between.startswith(first)
        assert first.startswith(self.HAND.encode())
        assert books.read_bytes().startswith(between + b"\n\n; brex-accounting batch 2 ")
        assert {"accr_0", "accr_1"} == set(find(books, "accr_0", "accr_1"))

    def test_that_is_edited_is_read_again(self, books: Path) -> None:
        """Entries that were taken out are not found, those that remain are, also when the ledger was open all along."""
        post(books, *(posting(i) for i in range(5)))

        async def main(ledger: BeancountLedger) -> None:
            edit(books, 'brex-key: "accr_3"', 'brex-key: "accr_9"')
            assert {"accr_2", "accr_9"} == set(await ledger.find(["accr_2", "accr_3", "accr_9"]))
            overwrite(books, "accr_2", "accr_8")
            assert {"accr_8", "accr_9"} == set(await ledger.find(["accr_2", "accr_8", "accr_9"]))
            assert [posted(2)] == await ledger.post([posting(2)])
            assert {"accr_2"} == set(await ledger.find(["accr_2"]))

        using(books, main)

    def test_that_was_edited_unseen_is_read_again_at_the_next_opening(self, books: Path) -> None:
        """An edit that leaves size, time and file as they were is found when the books are opened."""
        post(books, *(posting(i) for i in range(5)))
        before = books.stat()
        overwrite(books, "accr_2", "accr_8")
        os.utime(books, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert {"accr_8"} == set(find(books, "accr_2", "accr_8"))

    def test_with_other_line_ends_is_the_same(self, books: Path) -> None:
        """An editor that writes CRLF, or takes the last line end away, changes no entry."""
        post(books, posting(0))
        books.write_bytes(books.read_bytes().replace(b"\n", b"\r\n").rstrip())
        assert [posted(0), posted(1)] == post(books, posting(0), posting(1))
        assert [Decimal("12.50")] * 2 == [one.debits["USD"] for one in entries(books)]

    @pytest.mark.parametrize(
        "instead", ["; my own comment, longer than what stood here: " * 3, f'    note: "{"x" * 99}"\n']
    )
    def test_without_the_last_line_of_a_whole_block_still_counts(self, books: Path, instead: str) -> None:
        """Who takes away our last line and no entry has edited the text; nothing is cut."""
        post(books, posting(0))
        whole = books.read_text()
        edit(books, whole[whole.index("; end of batch") :], instead)
        before = books.read_bytes()
        assert {"accr_0"} == set(find(books, "accr_0"))
        post(books, posting(1))
        assert books.read_bytes().startswith(before)
        assert {"accr_0", "accr_1"} == set(find(books, "accr_0", "accr_1"))

    def test_that_was_emptied_is_begun_anew(self, books: Path) -> None:
        """Books that were removed or emptied have no entries, and the next post makes them again."""
        post(books, posting(0))
        books.write_bytes(b"")
        assert {} == find(books, "accr_0")
        post(books, posting(0))
        books.unlink()
        assert {} == find(books, "accr_0")
        assert [posted(0)] == post(books, posting(0))
        assert ["accr_0"] == [one.key for one in entries(books)]


class TestCurrencies:
    def test_of_accounts_by_hand_are_kept_to(self, books: Path) -> None:
        """What is not in the list of an ``open`` directive is rejected by everything that can, by account."""
        books.write_text('2000-01-01 open Liabilities:Brex:Card USD,EUR "STRICT" ; GBP\n2000-01-01 open Assets:Any\n')
        bad = posting(1, entry("5", "GBP"))

        async def main(ledger: BeancountLedger) -> None:
            expected = Rejected(
                "The books open Liabilities:Brex:Card for EUR, USD only: add GBP there, or map these lines to another "
                "account.",
                code="currency-not-allowed:Liabilities:Brex:Card",
            )
            assert expected == await ledger.validate(bad)
            assert f"; {expected.message}\n" == ledger.preview(bad)
            assert None is await ledger.validate(posting(0))
            assert [posted(0), expected] == await ledger.post([posting(0), bad])
            assert expected == await ledger.amend(posting(0, entry("5", "GBP")), posted(0))
            edit(books, "USD,EUR", "USD, GBP")
            assert [Posted(reference_of("accr_1"), content_hash=bad.content_hash)] == await ledger.post([bad])

        using(books, main)

    def test_are_looked_up_before_anything_else_is(self, books: Path) -> None:
        """The first thing that is asked may be whether a posting is taken."""
        books.write_text("2000-01-01 open Expenses:Software USD\n")

        async def main() -> None:
            ledger = BeancountLedger(books, mapping=MAPPING)
            bought_in_euros = posting(1, entry("5", **bought("4", "EUR")))
            found = await ledger.validate(bought_in_euros)
            assert "currency-not-allowed:Expenses:Software" == getattr(found, "code", None)
            await ledger.aclose()

        virtual.run(main())

    def test_that_is_kept_in_is_said_once(self, books: Path) -> None:
        """The first block of books that do not say it says it, and no other one does."""
        mapping = {**MAPPING, "ledger": {"operating_currency": "USD"}}
        for index in range(2):
            post(books, posting(index), mapping=mapping)
        assert 1 == books.read_text().count('option "operating_currency" "USD"\n')
        by_hand = books.with_name("hand.beancount")
        by_hand.write_text('option "operating_currency" "EUR"\n')
        post(by_hand, posting(0), mapping=mapping)
        assert 1 == by_hand.read_text().count("operating_currency")


def found_in(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """All files with what is in them, and when they were written."""
    return {
        each.name: (each.read_bytes(), each.stat().st_mtime_ns, each.stat().st_ino) for each in sorted(folder.iterdir())
    }


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n; brex-accounting batch 3 entries 1 bytes 5")


READ: dict[str, Any] = {
    "as they were left": lambda path: None,
    "without an index": lambda path: path.with_name(f"{path.name}.index").unlink(),
    "without a lock": lambda path: path.with_name(f"{path.name}.lock").unlink(missing_ok=True),
    "alone": lambda path: [each.unlink() for each in path.parent.iterdir() if each != path],
    "with text by hand": lambda path: path.write_text(f"{path.read_text()}; by hand\n"),
    "edited in front": lambda path: path.write_text(f"; by hand\n{path.read_text()}"),
    "with an index that is damaged": lambda path: path.with_name(f"{path.name}.index").write_bytes(b"x" * 5000),
    "with a block that was broken off": torn,
}


class TestReaders:
    @pytest.mark.parametrize("state", READ)
    def test_change_no_file(self, books: Path, state: str) -> None:
        """Opening, finding, listing, validating and previewing make, change and touch nothing, and give everything."""
        post(books, posting(0), posting(1))
        post(books, posting(2))
        READ[state](books)
        before = found_in(books.parent)
        books.parent.chmod(0o555)

        async def main(ledger: BeancountLedger) -> None:
            for _ in range(2):
                assert {"accr_0", "accr_2"} == set(await ledger.find(["accr_0", "accr_2", "accr_3"]))
                assert ["accr_0", "accr_1", "accr_2"] == [one.key for one in await listed(ledger)]
                await ledger.validate(posting(3))
                ledger.preview(posting(3))

        try:
            using(books, main)
        finally:
            books.parent.chmod(0o755)
        assert before == found_in(books.parent)
        post(books, posting(3))
        assert 4 == len(entries(books))

    def test_need_no_permission_to_lock(self, books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the lock may not be opened, the books are read without it."""
        post(books, posting(0))

        def refused(path: Path, flags: int) -> int:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(reading_lock, "os", SimpleNamespace(**{**vars(os), "open": refused}))
        assert {"accr_0"} == set(find(books, "accr_0"))

    def test_wait_for_a_writer(self, books: Path) -> None:
        """While somebody else writes, nobody reads; several read at once."""
        post(books, posting(0))

        async def main() -> None:
            ledger = BeancountLedger(books, mapping=MAPPING, lock_wait=0.02)
            with filelock.FileLock(f"{books}.lock"), pytest.raises(LedgerError, match="another process has been writ"):
                await ledger.find(["accr_0"])
            with reading_lock.reading_lock(books.with_name("books.beancount.lock"), 0):
                assert {"accr_0"} == set(await ledger.find(["accr_0"]))
                with pytest.raises(LedgerError, match="another process has been writing"):
                    await ledger.post([posting(1)])
            await ledger.aclose()

        virtual.run(main())

    def test_go_on_while_the_index_is_made(self, books: Path) -> None:
        """A walk that began without an index survives the posts that make one."""
        post(books, *(posting(i) for i in range(1200)))
        books.with_name("books.beancount.index").unlink()

        async def main(ledger: BeancountLedger) -> None:
            walk = ledger.list_entries()
            await anext(walk)
            await ledger.post([posting(5000)])
            assert {"accr_5000"} == set(await ledger.find(["accr_5000"]))
            assert 1199 == len([one async for one in walk])

        using(books, main)


def database() -> bytes:
    """A file of SQLite's."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE books (entry TEXT)")
        return connection.serialize()


NO_TEXT = {
    "a database": database(),
    "UTF-16": "2020-01-01 open Assets:Cash\n".encode("utf-16"),
    "UTF-16 without its mark": "2020-01-01 open Assets:Cash\n".encode("utf-16-le"),
    "Latin-1": "; Bücher\n2020-01-01 open Assets:Cash\n".encode("latin-1"),
    "room that nobody filled": b"\0" * 100,
    "a NUL far behind": b"; kept by hand\n" * 10_000 + b"; \0\n",
    "no text behind a block": None,
}


class TestWhatIsNoText:
    @pytest.mark.parametrize("kind", NO_TEXT)
    def test_is_refused(self, books: Path, kind: str) -> None:
        """A file that is no text in UTF-8 is neither read nor written; the error names it and the remedy."""
        content = NO_TEXT[kind]
        if content is None:
            post(books, posting(0))
            content = books.read_bytes() + b"; B\xfccher\n"
        books.write_bytes(content)
        for work in (lambda: post(books, posting(1)), lambda: find(books, "accr_1"), lambda: entries(books)):
            with pytest.raises(LedgerError, match=r"books\.beancount is no text in UTF-8.*Pass the path of"):
                work()
        assert content == books.read_bytes()


class TestIndex:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda path: path.unlink(),
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(b"this is no database at all, but long enough to look like a file of one"),
            lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
            lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\x5a" * 8192 + path.read_bytes()[12288:]),
            lambda path: changed(path, "DELETE FROM entries WHERE key = 'accr_3'"),
            lambda path: changed(path, "DELETE FROM state"),
            lambda path: changed(path, "UPDATE state SET facts = '{}'"),
            lambda path: changed(path, "DELETE FROM segments"),
            lambda path: changed(path, "PRAGMA user_version = 99"),
            lambda path: changed(path, "DROP TABLE entries"),
        ],
    )
    def test_that_is_damaged_is_made_anew(self, books: Path, damage: Any) -> None:
        """Missing, cut, overwritten, changed, or of another version: everything is found, and posted once."""
        everything = [posting(i) for i in range(50)]
        post(books, *everything)
        before = books.read_bytes()
        damage(books.with_name("books.beancount.index"))
        assert {one.key for one in everything} == set(find(books, *(one.key for one in everything), "accr_99"))
        assert 50 == len(post(books, *everything))
        assert before == books.read_bytes()

    def test_that_lost_what_it_was_held_against_is_made_anew(self, books: Path) -> None:
        """An index that cannot tell whether it fits the text is not believed."""
        post(books, posting(0), posting(1))
        changed(books.with_name("books.beancount.index"), "DELETE FROM segments")
        overwrite(books, "accr_1", "accr_8")
        assert {"accr_0", "accr_8"} == set(find(books, "accr_0", "accr_1", "accr_8"))

    def test_of_other_books_is_made_anew(self, books: Path) -> None:
        """An index that was left beside another text is not believed."""
        post(books, posting(0))
        other = books.with_name("other.beancount")
        post(other, posting(1))
        books.write_bytes(other.read_bytes())
        assert {"accr_1"} == set(find(books, "accr_0", "accr_1"))

    def test_that_goes_away_while_it_is_open_costs_nothing(self, books: Path) -> None:
        """Two ledgers of which one lost its index file still see what the other appends."""

        async def main(ledger: BeancountLedger) -> None:
            await ledger.post([posting(0)])
            books.with_name("books.beancount.index").unlink()
            async with BeancountLedger(books, mapping=MAPPING) as other:
                await other.post([posting(1)])
                assert {"accr_0", "accr_1"} == set(await ledger.find(["accr_0", "accr_1"]))
                await ledger.post([posting(2)])
                assert 3 == len(await other.find(["accr_0", "accr_1", "accr_2"]))

        using(books, main)

    def test_needs_no_memory_for_the_entries(self, books: Path) -> None:
        """Making the index anew takes as much memory for four times as many entries."""

        def peak(path: Path, batches: int) -> int:
            for batch in range(batches):
                post(path, *(posting(1000 * batch + i) for i in range(500)))
            path.with_name(f"{path.name}.index").unlink()
            tracemalloc.start()
            try:
                find(path, "accr_0")
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        few, many = peak(books, 2), peak(books.with_name("many.beancount"), 8)
        assert many < few * 1.2 + 50_000


def changed(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


class TestErrors:
    def test_of_the_disk_name_the_file(self, tmp_path: Path) -> None:
        """A folder that is missing, and a file that is a folder meanwhile, are LedgerErrors with the remedy."""
        missing = tmp_path / "none" / "books.beancount"
        for work in (lambda: using(missing, listed), lambda: find(missing, "accr_0"), lambda: post(missing, posting())):
            with pytest.raises(LedgerError, match=r"none: No such file or directory\. The folder must exist"):
                work()
        path = tmp_path / "books.beancount"
        ledger = BeancountLedger(path, mapping=MAPPING)
        path.mkdir()
        with pytest.raises(LedgerError, match=r"books\.beancount"):
            virtual.run(ledger.find(["accr_0"]))

    def test_of_a_disk_that_is_full_leaves_nothing(self, books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A write that fails half way is taken back at once, and the next post works."""
        post(books, posting(0))
        before = books.read_bytes()
        room = [150]

        def write(descriptor: int, data: memoryview) -> int:
            if not room[0]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written = os.write(descriptor, data[: room[0]])
            room[0] -= written
            return written

        with monkeypatch.context() as patched:
            patched.setattr(open_books, "os", SimpleNamespace(**{**vars(os), "write": write}))
            with pytest.raises(LedgerError, match="No space left on device"):
                post(books, posting(1))
        assert before == books.read_bytes()
        assert [posted(1)] == post(books, posting(1))

    def test_of_a_lock_that_is_held_says_by_what(self, books: Path) -> None:
        """A wait for another writer ends, and names the lock."""
        with filelock.FileLock(f"{books}.lock"):
            ledger = BeancountLedger(books, mapping=MAPPING, lock_wait=0.02)

            async def main() -> None:
                with pytest.raises(LedgerError, match=r"books\.beancount\.lock"):
                    await ledger.post([posting(0)])
                await ledger.aclose()

            virtual.run(main())
        assert not books.exists()

    def test_come_before_anything_is_said_that_is_not_on_the_disk(
        self, books: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A post flushes the file, and the folder of a new one, before it returns."""
        calls: list[str] = []

        def fsync(descriptor: int) -> None:
            calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
            os.fsync(descriptor)

        def write(descriptor: int, data: memoryview) -> int:
            calls.append("write")
            return os.write(descriptor, data)

        monkeypatch.setattr(open_books, "os", SimpleNamespace(**{**vars(os), "fsync": fsync, "write": write}))
        post(books, posting(0))
        post(books, posting(1))
        assert ["write", "file", "folder", "write", "file"] == calls

    @pytest.mark.parametrize("path", ["", " ", "a\0b", 7, "books.beancount.lock", "books.beancount.index", "."])
    def test_of_a_path_that_is_none_come_at_once(self, path: Any) -> None:
        """A path that cannot be one of books is refused before anything happens."""
        with pytest.raises(InvalidArgument, match="path: "):
            BeancountLedger(path)

    def test_hold_no_text_of_the_books(self, books: Path) -> None:
        """Neither names nor memos are in the error about an entry that cannot be read."""
        post(books, posting(0))
        edit(books, "  Expenses:Software  12.50 USD", '  "Paper & Co" Toner')
        with pytest.raises(LedgerError) as caught:
            entries(books)
        assert "Toner" not in str(caught.value)
        assert "Paper" not in str(caught.value)

    def test_leave_the_mode_of_the_file(self, books: Path) -> None:
        """Whoever may read the books before may read them afterwards."""
        books.write_text("")
        books.chmod(0o640)
        post(books, posting(0))
        assert 0o640 == stat.S_IMODE(books.stat().st_mode)
