"""Books that are edited: what of it shows, and what entries of older books say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brex_accounting import LedgerError
from brex_accounting.export import Posted
from brex_accounting.export.beancount.entries import reference_of
from tests.export.beancount.postings import (
    amend,
    bean_check,
    bought,
    edit,
    entries,
    entry,
    find,
    post,
    posted,
    posting,
)

LEGS = "  Expenses:Software  1234.50 USD\n  Liabilities:Brex:Card  -1234.50 USD\n"


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "books.beancount"


class TestEdits:
    """Whether the legs of an entry are those that it was written with, and what it was posted from."""

    @pytest.mark.parametrize(
        "legs",
        [
            ["Expenses:Books  1234.50 USD", "Liabilities:Brex:Card  -1234.50 USD"],
            ["Expenses:Software  -1234.50 USD", "Liabilities:Brex:Card  1234.50 USD"],
            ["Expenses:Software  1234.51 USD", "Liabilities:Brex:Card  -1234.51 USD"],
            ["Expenses:Software  1234.50 CAD", "Liabilities:Brex:Card  -1234.50 CAD"],
            ["Expenses:Software  1234.49 USD", "Expenses:Software  0.01 USD", "Liabilities:Brex:Card  -1234.50 USD"],
            ["Expenses:Software  900 EUR @@ 1234.50 USD", "Liabilities:Brex:Card  -1234.50 USD"],
            ["Expenses:Software  1234.50 USD", "Liabilities:Other"],
        ],
        ids=["account", "sides", "amount", "currency", "split", "price", "worked out"],
    )
    def test_of_legs_are_told(self, books: Path, legs: list[str]) -> None:
        """Whatever a leg books is other than it was, the entry is told to be edited, and its neighbour is not."""
        post(books, posting(0, entry("1234.50")), posting(1))
        edit(books, LEGS, "".join(f"  {leg}\n" for leg in legs))
        assert [("accr_0", True), ("accr_1", False)] == [(one.key, one.is_edited) for one in entries(books)]
        assert posting(0, entry("1234.50")).content_hash == entries(books)[0].content_hash

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("  Expenses:Software  1234.50 USD", "  Expenses:Software        1,234.5 USD ; as agreed"),
            ("  Liabilities:Brex:Card  -1234.50 USD", "  ! Liabilities:Brex:Card  -1234.500 USD\n    approved: TRUE"),
            ("  Liabilities:Brex:Card  -1234.50 USD", "  Liabilities:Brex:Card"),
            (LEGS, "  Liabilities:Brex:Card  -1234.50 USD\n  Expenses:Software  1234.50 USD\n"),
            ("  Expenses:Software  1234.50 USD", "  #office ^PO-7\n  # Expenses:Software  1234.50 USD"),
            ('"Toner for the third floor"', '"Toner" #office'),
            ("2025-11-01 *", "2025-11-02 !"),
        ],
        ids=["spelling", "flag", "worked out", "order", "tags", "narration", "date"],
    )
    def test_of_anything_else_are_not(self, books: Path, old: str, new: str) -> None:
        """Legs that book the same in another order or spelling are not edited, whatever stands around them."""
        post(books, posting(0, entry("1234.50")))
        edit(books, old, new)
        assert [False] == [one.is_edited for one in entries(books)]

    @pytest.mark.parametrize("flag", ["!", "?", "#", "%", "&", "P", "txn"])
    def test_of_the_flag_hide_no_entry(self, books: Path, flag: str) -> None:
        """Whatever Beancount takes as a flag, the entry is found, is not booked twice, and is amended."""
        post(books, posting(0))
        edit(books, "2025-11-01 *", f"2025-11-01 {flag}")
        edit(books, "  Expenses:Software", "  # Expenses:Software")
        assert {"accr_0": posted(0)} == find(books, "accr_0")
        post(books, posting(0))
        assert [("accr_0", False)] == [(one.key, one.is_edited) for one in entries(books)]
        amend(books, 0, "12")
        assert 3 == books.read_text().count("brex-key")
        assert "" == bean_check(books)

    def test_of_the_flag_hide_no_entry_without_a_blank(self, books: Path) -> None:
        """Beancount wants none between flag and payee."""
        post(books, posting(0))
        edit(books, "2025-11-01 * ", "2025-11-01 *")
        assert ("", {"accr_0": posted(0)}) == (bean_check(books), find(books, "accr_0"))

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("  brex-record:", "  Expenses:Software  0 USD\n  brex-record:"),
            ("  brex-legs:", '  brex-key: "accr_9"\n  brex-hash: "1:00"\n  brex-legs:'),
        ],
        ids=["leg in front", "twice"],
    )
    def test_around_metadata_leave_it_known(self, books: Path, old: str, new: str) -> None:
        """What ``find`` finds is listed under the same key and hash, with a leg in front of it, and said twice."""
        post(books, posting(0))
        edit(books, old, new)
        content = posting(0).content_hash
        assert {"accr_0": posted(0)} == find(books, "accr_0")
        assert [("accr_0", content)] == [(one.key, one.content_hash) for one in entries(books)]

    def test_of_amounts_without_end_are_told(self, books: Path) -> None:
        """An amount with more digits than anybody has leaves as the error that any leg which cannot be read does."""
        post(books, posting(0))
        edit(books, "Expenses:Software  12.50", f"Expenses:Software  {'1' * 450}")
        with pytest.raises(LedgerError, match="cannot be read"):
            entries(books)

    def test_of_a_price_in_another_form_is_none(self, books: Path) -> None:
        """A price for each unit that comes to the same total books the same; another one does not."""
        post(books, posting(0, entry("10", **bought("4", "EUR"))))
        edit(books, "4.00 EUR @@ 10.00 USD", "4 EUR @ 2.5 USD")
        assert [False] == [one.is_edited for one in entries(books)]
        edit(books, "4 EUR @ 2.5 USD", "4 EUR @ 2.4 USD")
        assert [True] == [one.is_edited for one in entries(books)]

    def test_of_older_books_are_not_known(self, books: Path) -> None:
        """Entries without a checksum, or with one of a later scheme, tell nothing; they are found and amended."""
        post(books, posting(0, entry("10")), posting(1))
        old = re.sub(r'  brex-legs: "1:[0-9a-f]{20}"\n', "", books.read_text(), count=1)
        old = old.replace('brex-legs: "1:', 'brex-legs: "2:').replace("Expenses:Software", "Expenses:Books")
        books.write_text(old)
        assert [None, None] == [one.is_edited for one in entries(books)]
        assert {"accr_0": posted(0, "10"), "accr_1": posted(1)} == find(books, "accr_0", "accr_1")
        post(books, posting(2))
        amend(books, 0, "12")
        assert books.read_text().startswith(old)
        assert {"accr_0": False, "accr_1": None, "accr_2": False} == {one.key: one.is_edited for one in entries(books)}

    def test_of_a_version_that_was_taken_back_count_no_more(self, books: Path) -> None:
        """An entry that was edited and then amended has the legs of its new version."""
        post(books, posting(0, entry("10")))
        edit(books, "Expenses:Software  10.00 USD", "Expenses:Books  10.00 USD")
        assert [True] == [one.is_edited for one in entries(books)]
        amend(books, 0, "12")
        assert [False] == [one.is_edited for one in entries(books)]
        assert [posting(0, entry("12")).content_hash] == [one.content_hash for one in entries(books)]
        assert "" == bean_check(books)

    def test_of_the_hash_are_believed(self, books: Path) -> None:
        """An entry whose ``brex-hash`` somebody has removed is found, and nobody knows what it was posted from."""
        post(books, posting(0), posting(1, entry("7")))
        edit(books, f'  brex-hash: "{posting(0).content_hash}"\n', "")
        assert {"accr_0": Posted(reference_of("accr_0")), "accr_1": posted(1, "7")} == find(books, "accr_0", "accr_1")
        assert [None, posting(1, entry("7")).content_hash] == [one.content_hash for one in entries(books)]
        assert [Posted(reference_of("accr_0"))] == post(books, posting(0))

    def test_do_not_hide_what_a_key_was_posted_with_first(self, books: Path) -> None:
        """A repeated post with another content gives the hash of what the books hold, not of what it came with."""
        post(books, posting(0, entry("10")))
        assert [posted(0, "10")] == post(books, posting(0, entry("11")))
