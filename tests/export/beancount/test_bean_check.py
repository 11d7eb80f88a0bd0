"""Beancount itself on what the ledger writes: ``bean-check`` has nothing against it, ``bean-query`` reads it back.

The programs are in ``.books``, where ``make install`` puts them; without them these tests fail.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brex_accounting.export import Posted
from brex_accounting.export.beancount.entries import reference_of
from brex_accounting.export.beancount.syntax import MOST_DIGITS, digits, sayable
from tests.export.beancount.postings import (
    EXAMPLE,
    MAPPING,
    PROGRAMS,
    bean_check,
    bought,
    entries,
    entry,
    line,
    post,
    posting,
    query,
    seeded,
    using,
)
from tests.soak import SOAK

# Each example starts a program or two.
EXAMPLES = 40 if SOAK else 4

HUGE = "87654321098765432.10"
TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


def fresh(folder: Path) -> Path:
    """Books that are not there yet."""
    return folder / f"{len(list(folder.iterdir()))}.beancount"


class TestEmulatedAccount:
    def test_is_taken_to_the_last_digit(self, tmp_path: Path) -> None:
        """2,000 records of all types in eleven currencies: no error, and every leg reads as Brex sent it."""
        path = tmp_path / "books.beancount"
        postings = seeded(2000)
        outcomes = [*post(path, *postings[:1000], mapping=EXAMPLE), *post(path, *postings[1000:], mapping=EXAMPLE)]
        assert "" == bean_check(path)
        outer = tmp_path / "all.beancount"
        outer.write_text('include "books.beancount"\n')
        assert "" == bean_check(outer)
        legs: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
        for row in query(path, "SELECT ENTRY_META('brex-key') AS key, str(number) AS number, currency"):
            legs[row["key"]].append((Decimal(row["number"]), row["currency"]))
        booked = [one for one, outcome in zip(postings, outcomes, strict=True) if isinstance(outcome, Posted)]
        assert {one.key for one in booked} == set(legs)
        for one in booked:
            expected = [
                {(sign * money.amount, money.currency) for money in (each.amount, each.original_amount) if money}
                for each in one.lines
                for sign in [1 if str(each.type) == "DEBIT" else -1]
            ]
            assert all(leg in either for leg, either in zip(legs[one.key], expected, strict=True)), one.key

    def test_is_in_its_links_and_metadata(self, tmp_path: Path) -> None:
        """Record, type, hash, date and links are where Beancount looks for them."""
        path = tmp_path / "books.beancount"
        one = posting(3)
        post(path, one)
        text = "SELECT date, links, ENTRY_META('brex-record') AS record, ENTRY_META('brex-type') AS type, \
            ENTRY_META('brex-hash') AS hash LIMIT 1"
        (row,) = query(path, text)
        assert {"accr_3", reference_of("accr_3")} == {link.strip() for link in row.pop("links").split(",")}
        assert {
            "date": "2025-11-01",
            "record": "accr_3",
            "type": "CARD_EXPENSE_POST",
            "hash": one.content_hash,
        } == row


class TestText:
    @given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=40))
    @settings(max_examples=EXAMPLES)
    def test_is_read_back(self, folder: Path, texts: list[tuple[str, str, str, str]]) -> None:
        """Any payee, narration, memo of a line and key: no error, and all are read as they were, but for controls."""
        path = fresh(folder)
        post(
            path,
            *(
                posting(id=key, memo=memo, vendor={"id": "v", "name": payee}, lines=entry(memo=inner), key=f"{key}{at}")
                for at, (payee, memo, inner, key) in enumerate(texts)
            ),
        )
        assert "" == bean_check(path)
        text = "SELECT payee, narration, ENTRY_META('brex-key') AS key, META('memo') AS memo WHERE number > 0"
        found = [tuple(row.values()) for row in query(path, text)]
        assert [
            (
                cleaned(payee),
                cleaned(memo),
                sayable(f"{key}{at}"),
                cleaned(inner),
            )
            for at, (payee, memo, inner, key) in enumerate(texts)
        ] == found

    def test_of_any_length_is_read_back(self, tmp_path: Path) -> None:
        """A memo of a hundred thousand characters, or of a thousand lines, is one string."""
        path = tmp_path / "books.beancount"
        post(path, posting(0, memo="é" * 100_000), posting(1, memo="line\n" * 1000))
        assert "" == bean_check(path)
        rows = query(path, "SELECT DISTINCT narration")
        assert {"é" * 100_000, "line\n" * 1000} == {row["narration"] for row in rows}

    def test_with_line_ends_of_any_kind_can_be_formatted(self, tmp_path: Path) -> None:
        """What ``bean-format`` makes of the books is still what they were."""
        path = tmp_path / "books.beancount"
        ends = "".join(f"a{end}b" for end in "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        post(path, posting(0, memo=ends, vendor={"id": "v", "name": ends}, lines=entry(memo=ends), key=ends, id=ends))
        before = query(path, "SELECT payee, narration, ENTRY_META('brex-key') AS key, META('memo') AS memo, position")
        command = [PROGRAMS / "bean-format", "-o", path, path]
        subprocess.run(command, capture_output=True, timeout=120, check=True)
        assert "" == bean_check(path)
        assert before == query(
            path, "SELECT payee, narration, ENTRY_META('brex-key') AS key, META('memo') AS memo, position"
        )


def cleaned(text: str) -> str:
    return "".join(
        "\n"
        if c in "\u2028\u2029"
        else "\ufffd"
        if (c not in "\n\r\t" and (c < " " or "\x7f" <= c <= "\x9f")) or "\ud800" <= c <= "\udfff"
        else c
        for c in text
    )


class TestAmounts:
    CASES = (
        (HUGE, "USD", None, None),
        (HUGE, "USD", "7", "JPY"),
        (HUGE, "USD", "0.001", "KWD"),
        ("0.01", "USD", HUGE, "EUR"),
        ("0.01", "USD", "3", "EUR"),
        ("1", "JPY", "0.03", "EUR"),
        ("87654321098765432109877", "JPY", "7", "EUR"),
        ("100000000000000000000001", "JPY", "3", "KWD"),
        ("1234567890123456789.001", "KWD", "7", "USD"),
        ("0.001", "KWD", "7", "USD"),
        ("0.0000000001", "USD", "7", "EUR"),
        ("0", "USD", "7", "EUR"),
        ("7", "USD", "0", "EUR"),
        ("0", "JPY", None, None),
        ("9" * 24 + ".99", "USD", "7", "EUR"),
        ("9" * 26, "JPY", "7", "EUR"),
    )

    def test_at_the_edges_are_taken(self, tmp_path: Path) -> None:
        """Huge sums, the least there are, without decimals or with three, with prices that do not divide: no error."""
        path = tmp_path / "books.beancount"
        outcomes = post(path, *(posting(at, priced(*case)) for at, case in enumerate(self.CASES)))
        assert {Posted} == set(map(type, outcomes))
        assert "" == bean_check(path)
        assert [{currency: Decimal(amount)} for amount, currency, _, _ in self.CASES] == [
            dict(one.debits) for one in entries(path)
        ]

    def test_need_no_option_of_ours(self, tmp_path: Path) -> None:
        """Books that another file includes, which has no options, are taken: prices that do not divide, in yen too."""
        path = tmp_path / "books.beancount"
        mapping = {**MAPPING, "accounts": {"6320": "Expenses:Software", "2100": "Expenses:Other"}}
        both = [
            [line("DEBIT", amount, currency, "6320", **bought("7", "EUR")), line("CREDIT", amount, currency, "2100",
                **bought("3.33", "CHF"))]
            for amount, currency in (("8207", "JPY"), ("7.77", "USD"))
        ]  # fmt: skip
        cases = [case for case in self.CASES if case[2] is not None]
        post(path, *(posting(at, priced(*case)) for at, case in enumerate(cases)))
        post(path, *(posting(at, lines) for at, lines in enumerate(both, start=1000)), mapping=mapping)
        assert path.read_text().count(" @@ ") > len(cases) // 2
        outer = tmp_path / "all.beancount"
        outer.write_text('include "books.beancount"\n')
        assert "" == bean_check(outer)

    def test_that_are_a_little_off_only_we_refuse(self, tmp_path: Path) -> None:
        """Beancount lets 0.004 pass, written by hand; a posting of it is rejected."""
        path = tmp_path / "books.beancount"
        post(path, posting(0))
        path.write_text(path.read_text().replace("  12.50 USD", "  12.504 USD"))
        assert "" == bean_check(path)
        (found,) = post(path, posting(1, [line("DEBIT", "12.504"), line("CREDIT", "12.50")]))
        assert "unbalanced" == getattr(found, "code", None)

    @given(
        st.lists(
            st.tuples(
                st.decimals(0, 10**19, places=3) | st.decimals(0, 100, places=2) | st.integers(0, 10**27).map(Decimal),
                st.sampled_from(["USD", "JPY", "KWD", "EUR"]),
                st.none() | st.decimals(0, 10**9, places=3) | st.integers(0, 1000).map(Decimal),
                st.sampled_from(["USD", "JPY", "KWD", "CHF"]),
            ),
            min_size=1,
            max_size=60,
        )
    )
    @example([(Decimal(10) ** 26, "USD", None, "USD"), (Decimal(1), "USD", None, "USD")])
    @settings(max_examples=EXAMPLES)
    def test_of_any_size_and_price_are_taken(self, folder: Path, cases: list[Any]) -> None:
        """Beancount has nothing against whatever is posted, and the debits in the text are those of the postings."""
        path = fresh(folder)
        postings = [posting(at, priced(*case)) for at, case in enumerate(cases)]
        outcomes = post(path, *postings)
        assert "" == bean_check(path)
        assert [digits([case[0]]) <= MOST_DIGITS for case in cases] == [isinstance(one, Posted) for one in outcomes]
        booked = [one for one, outcome in zip(postings, outcomes, strict=True) if isinstance(outcome, Posted)]
        assert [dict(one.debits) for one in booked] == [dict(one.debits) for one in entries(path)]


def priced(amount: str | Decimal, currency: str, first: Any, first_currency: str | None) -> list[dict[str, Any]]:
    """Lines of which the debit was paid in another currency first."""
    return entry(amount, currency, **({} if first is None else bought(first, str(first_currency))))


class TestOtherDirectives:
    def test_of_accounts_by_hand_are_kept_to(self, tmp_path: Path) -> None:
        """An account that was opened by hand for one currency is neither opened again nor given another one."""
        path = tmp_path / "books.beancount"
        path.write_text("1999-01-01 open Liabilities:Brex:Card USD\n1999-01-01 open Expenses:Software\n")
        outcomes = post(path, posting(0), posting(1, entry("5", "GBP")))
        assert [None, "currency-not-allowed:Liabilities:Brex:Card"] == [getattr(one, "code", None) for one in outcomes]
        assert "" == bean_check(path)

    def test_for_the_operating_currency_are_taken(self, tmp_path: Path) -> None:
        """The option is read as one."""
        path = tmp_path / "books.beancount"
        post(path, posting(0), mapping={**MAPPING, "ledger": {"operating_currency": "USD"}})
        assert "" == bean_check(path)
        assert ["USD"] == loaded(path, "operating_currency")


def loaded(path: Path, option: str) -> Any:
    """What Beancount takes an option for."""
    program = "import json, sys; from beancount import loader; print(json.dumps(loader.load_file(sys.argv[1])[2]["
    command = [PROGRAMS / "python", "-c", f"{program}{option!r}]))", path]
    return json.loads(subprocess.run(command, capture_output=True, timeout=120, check=True).stdout)


class TestAmendments:
    def test_leave_the_newest_version_on_the_accounts(self, tmp_path: Path) -> None:
        """After three versions, accounts stand as if only the last had been booked, prices and all."""
        path = tmp_path / "books.beancount"
        post(path, posting(0, entry("10", **bought("9", "EUR"))), posting(1))
        for lines in (entry("1000", "JPY", **bought("7", "EUR")), [line("DEBIT", "5"), line("CREDIT", "5")]):
            using(path, lambda ledger, lines=lines: ledger.amend(posting(0, lines), Posted("")))  # type: ignore[misc]
        assert "" == bean_check(path)
        text = "SELECT account, currency, sum(number) AS total WHERE ENTRY_META('brex-key') = 'accr_0' \
            GROUP BY account, currency"
        totals = {(row["account"], row["currency"]): Decimal(row["total"]) for row in query(path, text)}
        assert {("Expenses:Other", "USD"): 5, ("Liabilities:Other", "USD"): -5} == {
            place: total for place, total in totals.items() if total
        }
