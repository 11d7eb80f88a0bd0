"""Beancount's language: strings, ids and amounts come back as they went in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.export.beancount.syntax import (
    MOST_DIGITS,
    MOST_PRICED_DIGITS,
    are_short,
    digits,
    is_account,
    is_currency,
    is_key,
    is_link,
    meant,
    number,
    quoted,
    sayable,
    unquoted,
)
from tests.strategies import exact_numbers

SHORT = st.builds(
    Decimal,
    st.from_regex(r"[0-9]{1,11}|[0-9]{1,9}\.[0-9]{1,9}|0\.0{0,9}[0-9]", fullmatch=True)
    | st.sampled_from(["9999999999", "0.00000100", "1E+5", "1E-7", "-1", "0E-9"]),
)
CHANGED = {
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))),
    *("\\", "\u2028", "\u2029"),
}
"""What a string cannot hold as it is, but for its own quotes."""

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)


class TestStrings:
    @given(ANY_TEXT)
    @example("a\u2028b\u2029c\x85d")
    def test_stand_on_one_line_and_are_read_back(self, text: str) -> None:
        """Any text becomes one line of UTF-8, and comes back but for control characters and halves of pairs."""
        written = quoted(text)
        assert written.encode()
        assert [written] == written.splitlines()
        kept = "".join(
            "\n"
            if c in "\u2028\u2029"
            else "\ufffd"
            if (c not in "\n\r\t" and (c < " " or "\x7f" <= c <= "\x9f")) or "\ud800" <= c <= "\udfff"
            else c
            for c in text
        )
        assert kept == unquoted(written[1:-1])

    @given(st.lists(ANY_TEXT, unique=True))
    @example(["\n", "\u2028", "\u2029"])
    def test_of_ids_never_become_one(self, ids: list[str]) -> None:
        """Different ids are said differently, and each is read back, whatever is in it."""
        said = [unquoted(quoted(sayable(id_))[1:-1]) for id_ in ids]
        assert len(ids) == len(set(said))
        assert ids == [meant(one) for one in said]

    def test_hold_all_other_characters_as_they_are(self) -> None:
        """Of all that there are, quotes, backslashes, controls, line ends and halves of pairs are written otherwise."""
        characters = [chr(code) for code in range(0x110000)]
        assert {*CHANGED, '"'} == {one for one in characters if quoted(one) != f'"{one}"'}
        assert CHANGED == {one for one in characters if sayable(one) != one}

    def test_of_usual_ids_are_the_ids(self) -> None:
        """An id as Brex makes them is written as it is."""
        assert '"accr_abc-1~2"' == quoted(sayable("accr_abc-1~2"))


class TestNumbers:
    @given(exact_numbers(), st.sampled_from(["USD", "JPY", "KWD", "CLF", "XTS"]))
    def test_are_never_rounded(self, amount: Decimal, currency: str) -> None:
        """What is written is the amount, without an exponent."""
        written = number(amount, currency)
        assert "E" not in written
        assert amount == Decimal(written)

    @given(
        exact_numbers() | SHORT,
        st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]),
        st.sampled_from([0, 2]),
    )
    def test_have_as_few_decimals_as_their_currency_allows(
        self, amount: Decimal, currency: tuple[str, int], least: int
    ) -> None:
        """There are as many as the currency has, or at least two, and more only where the amount needs them."""
        code, usual = currency
        needed = next(places for places in range(1000) if (Fraction(amount) * 10**places).denominator == 1)
        assert f"{amount:.{max(usual, least, needed)}f}" == number(amount, code, least=least)

    @pytest.mark.parametrize(
        ("amount", "currency", "written"),
        [
            ("12.5", "USD", "12.50"),
            ("12", "USD", "12.00"),
            ("12.500000", "USD", "12.50"),
            ("1E+3", "USD", "1000.00"),
            ("0E-9", "USD", "0.00"),
            ("12.345", "USD", "12.345"),
            ("1200", "JPY", "1200"),
            ("1200.00", "JPY", "1200"),
            ("0.5", "JPY", "0.5"),
            ("1.5", "KWD", "1.500"),
            ("1", "XTS", "1.00"),
            ("87654321098765432.1", "USD", "87654321098765432.10"),
        ],
    )
    def test_have_the_decimals_of_their_currency(self, amount: str, currency: str, written: str) -> None:
        """Zeros are added up to the currency's decimals and taken away behind them."""
        assert written == number(Decimal(amount), currency)

    @given(st.lists(exact_numbers(), max_size=6))
    def test_within_the_limit_add_up_in_28_digits(self, amounts: list[Decimal]) -> None:
        """Sums of amounts within the limit need no more digits than Beancount calculates in."""
        if digits(amounts) <= MOST_DIGITS:
            total = sum(map(abs, amounts), Decimal())
            least = min((Decimal(number(one, "USD")).as_tuple().exponent for one in amounts), default=0)
            assert isinstance(least, int)
            assert len(str(int(total.scaleb(-least)))) <= 28

    @given(st.lists(SHORT | exact_numbers(), max_size=6), st.integers(0, 6))
    def test_that_are_short_are_within_every_limit(self, amounts: list[Decimal], some: int) -> None:
        """What passes at a glance passes digit by digit, and so does each part of it, a million times over."""
        if are_short(amounts):
            assert digits(amounts) <= MOST_PRICED_DIGITS
            assert digits(amounts[:some]) - len(str(some)) + len(str(10**6)) <= MOST_PRICED_DIGITS

    @pytest.mark.parametrize(
        ("amount", "short"),
        [
            ("9999999.99", True),
            ("0.00000100", True),
            ("0.00", True),
            ("10000000.00", False),
            ("12345678901", False),
            ("1E+5", False),
            ("1E-8", False),
            ("-1", False),
            ("NaN", False),
            ("Infinity", False),
        ],
    )
    def test_that_are_usual_are_short(self, amount: str, short: bool) -> None:
        """Up to ten characters, and nothing but digits and a point."""
        assert short is are_short([Decimal("12.50"), Decimal(amount)])

    @pytest.mark.parametrize(
        ("amounts", "expected"), [([], 1), (["0E-400"], 1), (["87654321098765432.10"], 19), (["1E+20", "0.01"], 23)]
    )
    def test_are_counted_from_the_first_to_the_last_place(self, amounts: list[str], expected: int) -> None:
        """Between the places of two amounts all places count."""
        assert expected == digits([Decimal(one) for one in amounts])


class TestNames:
    @pytest.mark.parametrize(
        ("name", "right"),
        [
            ("Expenses:Software", True),
            ("Assets:Bank:401k", True),
            ("Liabilities:Überziehung-2", True),
            ("Expenses", False),
            ("Expenses:", False),
            ("Expenses:software", False),
            ("Expenses:Office supplies", False),
            ("Ausgaben:Software", False),
            ("Expenses:Soft_ware", False),
            ("Expenses:A:", False),
            ("Expenses:A\n", False),
            ("Expenses:消耗品", False),
            ("", False),
        ],
    )
    def test_of_accounts_are_known(self, name: str, right: bool) -> None:
        """A root and parts, each with a capital letter or a digit first."""
        assert right is is_account(name)

    def test_of_currencies_links_and_keys_are_known(self) -> None:
        """What Beancount would read as something else, or not at all, is none."""
        currencies = ["USD", "BTC.X", "usd", "U", "US$", "TRUE", "NULL", "", "USD\n", "ÜSD"]
        assert ["USD", "BTC.X"] == [code for code in currencies if is_currency(code)]
        assert ["accr_1"] == [link for link in ("accr_1", "accr 1", "ä", "", "accr_1~2", "a\n") if is_link(link)]
        assert ["department"] == [key for key in ("department", "Department", "d", "de pt", "brex:x") if is_key(key)]
