"""Transactions as they are read back: what their legs book has one spelling, and a checksum of it."""

from __future__ import annotations

from decimal import Decimal, Inexact

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.export.beancount.booked import Leg, checksum, said
from tests.strategies import exact_numbers


def spelled(amount: Decimal, zeros: int) -> Decimal:
    """The same amount with more zeros at its end."""
    sign, digits, exponent = amount.as_tuple()
    return Decimal((sign, (*digits, *(0,) * zeros), int(exponent) - zeros))


class TestSaid:
    @pytest.mark.parametrize(
        ("amount", "plain"),
        [
            ("12.50", "12.5"),
            ("12.00", "12"),
            ("1200", "1200"),
            ("-12.50", "-12.5"),
            ("0.00", "0"),
            ("-0.00", "0"),
            ("-0", "0"),
            ("-0E-9", "0"),
            ("0E+3", "0"),
            ("1E+3", "1000"),
            ("1.50E+3", "1500"),
            ("1E-9", "0.000000001"),
            ("1" * 120 + ".50", "1" * 120 + ".5"),
        ],
    )
    def test_has_no_zeros_at_the_end_and_no_exponent(self, amount: str, plain: str) -> None:
        """Units and price are written plainly: pinned, since checksums in the books are made of this."""
        number = Decimal(amount)
        assert f"Assets:A {plain} USD" == said("Assets:A", number, "USD")
        assert f"Assets:A 1 EUR @@ {plain} USD" == said("Assets:A", Decimal("1.0"), "EUR", number, "USD")

    @given(exact_numbers(), st.integers(0, 150))
    @example(Decimal(0), 3)
    def test_is_the_same_however_an_amount_is_written(self, amount: Decimal, zeros: int) -> None:
        """Zeros at its end do not count, and it is the amount itself."""
        text = said("A:B", amount, "USD")
        assert said("A:B", spelled(amount, zeros), "USD") == text
        assert amount == Decimal(text.split()[1])

    def test_of_more_digits_than_anybody_has_is_refused(self) -> None:
        """Nothing is rounded: what no sum can hold is no amount."""
        with pytest.raises(Inexact):
            said("Assets:A", Decimal("1" * 401), "USD")


class TestChecksum:
    def test_does_not_depend_on_order_and_spelling(self) -> None:
        """It is pinned, since it stands in people's books."""
        legs = [Leg("Expenses:A", Decimal("2.50"), "EUR", Decimal("3.0"), "USD"), Leg("Assets:B", Decimal(-3), "USD")]
        again = [Leg("Assets:B", Decimal("-3.00"), "USD"), Leg("Expenses:A", Decimal("2.5"), "EUR", Decimal(3), "USD")]
        assert "1:dc03245ac3a34580bb27" == checksum(leg.said for leg in legs)
        assert "1:dc03245ac3a34580bb27" == checksum(leg.said for leg in again)
