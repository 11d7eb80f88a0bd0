"""Postings as transactions: each digit as Brex sent it, and a reason where there is none."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.export import Posting, Rejected
from brex_accounting.export.beancount.booked import debits, read_entry
from brex_accounting.export.beancount.entries import reference_of, transaction
from brex_accounting.export.beancount.mapping import read_mapping
from tests.export.beancount.postings import MAPPING, bought, entry, line, posting, seeded, using, value


def written(made: Posting, **settings: Any) -> list[str]:
    found = transaction(made, read_mapping({**MAPPING, "ledger": settings}))
    assert not isinstance(found, Rejected)
    return found.text.splitlines()


def code(made: Posting, mapping: Any = MAPPING) -> str:
    found = transaction(made, read_mapping(mapping))
    assert isinstance(found, Rejected)
    return found.code


class TestTransaction:
    def test_is_written_whole(self) -> None:
        """Date, payee, narration, links, what it is known by, its legs and their metadata, line by line."""
        one = line(
            "DEBIT", "12.5", accounting_field_values=[value("6320"), value("D1", "department")], memo='A "good" one'
        )
        made = posting(7, [one, line("CREDIT", "12.50", account="2100")])
        assert [
            f'2025-11-01 * "Paper & Co" "Toner for the third floor" ^accr_7 ^{reference_of("accr_7")}',
            '  brex-record: "accr_7"',
            '  brex-key: "accr_7"',
            '  brex-type: "CARD_EXPENSE_POST"',
            f'  brex-hash: "{made.content_hash}"',
            '  brex-legs: "1:30150c1d2366c8553d23"',
            "  Expenses:Software  12.50 USD",
            '    department: "D1"',
            '    memo: "A \\"good\\" one"',
            "  Liabilities:Brex:Card  -12.50 USD",
        ] == written(made)

    def test_without_vendor_and_memo_has_an_empty_narration(self) -> None:
        """Beancount wants at least one string."""
        assert '2025-11-01 * "" ^accr_0 ' in written(posting(vendor=None, memo=None))[0]

    def test_of_an_id_that_is_no_link_has_the_link_of_its_key_only(self) -> None:
        """Other characters than a link may have are in the metadata."""
        made = posting(id="accr 1~ä", key="accr 1~ä~2")
        lines = written(made)
        assert lines[0].endswith(f'" ^{reference_of("accr 1~ä~2")}')
        assert ['  brex-record: "accr 1~ä"', '  brex-key: "accr 1~ä~2"'] == lines[1:3]

    def test_reference_is_always_the_same_for_a_key(self) -> None:
        """It is made of the key alone: pinned, since it is in people's books and in Brex."""
        assert "JE-ZIFPLPI4SK2X5" == reference_of("accr_1")
        assert reference_of("accr_1") != reference_of("accr_1~2")

    @given(st.text(st.characters(exclude_categories=[])))
    def test_reference_is_base32_of_what_is_hashed(self, key: str) -> None:
        """It is the beginning of the SHA-256 of its key in the usual alphabet, also for halves of pairs."""
        digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
        assert "JE-" + base64.b32encode(digest).decode()[:13] == reference_of(key)

    def test_links_deeply_where_fava_is(self, tmp_path: Path) -> None:
        """Deep links filter Fava's journal by the reference; without an address there are none."""
        path = tmp_path / "books.beancount"
        there = {**MAPPING, "ledger": {"fava_url": "http://localhost:5000/books/"}}
        found = using(path, lambda ledger: ledger.post([posting()]), mapping=there)[0]
        expected = f"http://localhost:5000/books/journal/?filter=%5E{reference_of('accr_0')}"
        assert expected == getattr(found, "deep_link", None)
        assert None is getattr(using(path, lambda ledger: ledger.post([posting()]))[0], "deep_link", "")


class TestPrices:
    def test_are_total_on_expenses(self) -> None:
        """An expense is booked in the currency it was bought in, at what was settled for it."""
        lines = written(posting(lines=entry("108.45", **bought("100", "EUR"))))
        assert ["  Expenses:Software  100.00 EUR @@ 108.45 USD", "  Liabilities:Brex:Card  -108.45 USD"] == lines[6:]

    def test_of_money_that_comes_back_are_positive(self) -> None:
        """A credit line has negative units; its price has no sign."""
        lines = [line("CREDIT", "8", "USD", "6320", **bought("1200", "JPY")), line("DEBIT", "8", "USD", "2100")]
        assert "  Expenses:Software  -1200 JPY @@ 8.00 USD" in written(posting(lines=lines))

    @pytest.mark.parametrize(
        ("amount", "original", "noted"),
        [
            ("0", ("100", "EUR"), "100.00 EUR"),
            ("5", ("0", "EUR"), "0.00 EUR"),
            ("5", ("6", "USD"), "6.00 USD"),
            ("5", ("1", "euro"), '"1 euro"'),
            ("5", ("1" * 30, "EUR"), f'"{"1" * 30} EUR"'),
            ("1" * 25, ("5", "EUR"), "5.00 EUR"),
        ],
    )
    def test_that_cannot_be_are_metadata(self, amount: str, original: tuple[str, str], noted: str) -> None:
        """Nothing, the same currency, no currency, and too many digits: the settled amount is booked."""
        lines = written(posting(lines=entry(amount, **bought(*original))))
        assert [f"  Expenses:Software  {amount}.00 USD", f"    original: {noted}"] == lines[6:8]

    def test_are_not_on_accounts_that_hold_money(self) -> None:
        """What is owed is owed in the settled currency."""
        lines = [line("CREDIT", "8", "USD", "2100", **bought("1200", "JPY")), line("DEBIT", "8", "USD", "6320")]
        assert "  Liabilities:Brex:Card  -8.00 USD" in written(posting(lines=lines))

    def test_can_be_switched_off(self) -> None:
        """With ``prices = false`` everything is booked as it was settled."""
        assert "  Expenses:Software  8.00 USD" in written(posting(lines=entry("8", **bought("7", "EUR"))), prices=False)


class TestRejected:
    def test_says_what_has_no_account(self) -> None:
        """The code names the value that nobody has mapped, or type and side where there is none."""
        assert "no-account:9999" == code(posting(lines=[line("DEBIT", "1", account="9999"), line("CREDIT", "1")]))
        assert "no-account:CARD_EXPENSE_POST.debit" == code(
            posting(lines=[line("DEBIT", "1"), line("CREDIT", "1")]), {}
        )

    def test_keeps_free_text_out_of_its_code(self) -> None:
        """A value that is no plain id is in the message only."""
        made = posting(lines=[line("DEBIT", "1", account="Ada's lunch"), line("CREDIT", "1")])
        assert "no-account" == code(made)

    @pytest.mark.parametrize("amount", ["12.504", "12.51", "12.5000000000000000001"])
    def test_what_does_not_balance_to_the_last_digit(self, amount: str) -> None:
        """Beancount would let some of these pass."""
        made = posting(lines=[line("DEBIT", amount), line("CREDIT", "12.50")])
        assert "unbalanced" == code(made)

    def test_what_balances_in_another_currency_only(self) -> None:
        """Each currency has to balance by itself."""
        assert "unbalanced" == code(posting(lines=[line("DEBIT", "1", "USD"), line("CREDIT", "1", "EUR")]))

    def test_what_is_no_number(self) -> None:
        """None comes from the wire; where a program makes one, nothing is written."""
        for digits in ("NaN", "sNaN", "Infinity", "-Infinity"):
            made = posting()
            bad = attrs.evolve(made.lines[0], amount=attrs.evolve(made.lines[0].amount, amount=Decimal(digits)))
            made = attrs.evolve(made, record=attrs.evolve(made.record, line_items=[bad, *made.lines[1:]]))
            with pytest.raises(ValueError, match="invalid literal"):
                transaction(made, read_mapping(MAPPING))

    def test_what_is_wrong_in_two_ways_for_the_first_of_them(self) -> None:
        """Digits come before sides and sums, these before currencies, these before dates, and these before accounts."""
        wrong: dict[str, Any] = {"erp_posting_date": "1969-12-31T00:00:00Z"}
        unknown = [line("DEBIT", "1", account="9999"), line("CREDIT", "1")]
        assert "before-open-date" == code(posting(lines=unknown, **wrong))
        unknown[0]["amount"]["currency"] = unknown[1]["amount"]["currency"] = "usd"
        assert "no-currency" == code(posting(lines=unknown, **wrong))
        unknown[1]["amount"]["amount"] = Decimal("1.01")
        assert "unbalanced" == code(posting(lines=unknown, **wrong))
        unknown[0]["type"] = "BOTH"
        assert "no-entry" == code(posting(lines=unknown, **wrong))
        unknown[1]["amount"]["amount"] = Decimal("1E+30")
        assert "too-many-digits" == code(posting(lines=unknown, **wrong))

    def test_what_is_no_entry(self) -> None:
        """Negative lines, sides that nobody knows, currencies that Beancount cannot read, dates before the accounts."""
        assert "no-entry" == code(posting(lines=[line("DEBIT", "-1"), line("CREDIT", "-1")]))
        assert "no-entry" == code(posting(lines=[line("BOTH", "1"), line("CREDIT", "1")]))
        assert "no-currency" == code(posting(lines=entry("1", "usd")))
        assert "before-open-date" == code(posting(erp_posting_date="1969-12-31T00:00:00Z"))

    @pytest.mark.parametrize("amount", ["1" * 27, "1E+999", "0." + "1" * 27, "1E-999", "1" * 500])
    def test_what_beancount_would_round(self, amount: str) -> None:
        """More digits than it calculates in, also more than we do."""
        assert "too-many-digits" == code(posting(lines=entry(amount)))

    def test_largest_amount_is_booked(self) -> None:
        """With as many digits as there may be it is booked."""
        assert f"  Expenses:Software  {'1' * 24}.11 USD" in written(posting(lines=entry("1" * 24 + ".11")))


class TestReadBack:
    def test_debits_are_those_of_the_posting(self) -> None:
        """What is read in the text is what was to be booked, also where it has a price."""
        mapping = read_mapping(
            {"account": {"unmapped": "Expenses:A"}, "default": dict.fromkeys(("debit", "credit"), "Assets:A")}
        )
        for made in seeded(300):
            found = transaction(made, mapping)
            assert not isinstance(found, Rejected)
            read = read_entry(found.text.encode().splitlines(keepends=True))
            assert dict(made.debits) == debits(read)
            assert (made.key, made.date, made.content_hash) == (read.key, read.date, read.content_hash)

    @given(st.text(), st.text(), st.text(min_size=1), st.decimals(0, 10**12, places=3))
    def test_survives_any_text(self, payee: str, memo: str, key: str, amount: Decimal) -> None:
        """Whatever payee, memo and key hold, the transaction is read back as one."""
        made = posting(
            lines=entry(amount, **bought("7", "EUR"), memo=memo),
            key=key,
            id=key,
            memo=memo,
            vendor={"id": "v", "name": payee},
        )
        found = transaction(made, read_mapping(MAPPING))
        assert not isinstance(found, Rejected)
        read = read_entry(found.text.encode().splitlines(keepends=True))
        assert (made.key, {"USD": amount}) == (read.key, debits(read))
