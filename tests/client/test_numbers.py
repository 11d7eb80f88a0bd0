"""Money is exact or it is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting_client import InvalidInput, Undecodable, decode, encode, from_dict, to_dict
from brex_accounting_client.models import AccountingRecord, Amount, CompanyAddress, Money
from tests import strategies, wire


def amount(text: bytes) -> Decimal:
    return decode(b'{"amount": ' + text + b', "currency": "USD"}', Amount).amount


class TestReading:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (b"100", "100"),
            (b"100.50", "100.50"),
            (b"-0.01", "-0.01"),
            (b"0.1", "0.1"),
            (b"1e3", "1E+3"),
            (b"1E-7", "1E-7"),
            (b"12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        ],
    )
    def test_digits_stay(self, text: bytes, expected: str) -> None:
        """A number arrives digit by digit, trailing zeros included, and is always a Decimal."""
        assert expected == str(amount(text))
        assert type(amount(text)) is Decimal

    @pytest.mark.parametrize(
        "text",
        [b'"100.50"', b'"100"', b'"NaN"', b'"Infinity"', b'"-inf"', b'""', b"NaN", b"Infinity", b"-Infinity", b"true",
         b"null", b"[]", b"{}", b"1.", b".5", b"+1", b"0x10", b"1_000", b"1,5", b"1e99999999999999999999"],
    )  # fmt: skip
    def test_what_is_no_number_is_refused(self, text: bytes) -> None:
        """Strings, NaN, infinities and malformed numbers are bad input."""
        with pytest.raises(Undecodable):
            amount(text)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"amount":"1","currency":"USD"}',
            b'{"amount" : "1","currency":"USD"}',
            b'{"amount":\n\t"1","currency":"USD"}',
            b'{"am\\u006funt":"1","currency":"USD"}',
            b'{"\\u0061mount":"1","currency":"USD"}',
            b'{"\\u0061\\u006D\\u006f\\u0075\\u006e\\u0074":"NaN","currency":"USD"}',
        ],
    )
    def test_strings_are_found_however_they_are_written(self, body: bytes) -> None:
        """White space and escapes in the name hide no string from the check."""
        with pytest.raises(Undecodable, match="got a string"):
            decode(body, Amount)

    def test_a_text_that_looks_like_money_is_text(self) -> None:
        """The check for strings does not mistake a memo or an unknown field for money."""
        record = wire.record(0, memo='the "amount": "5"', extra={"amount": "5"})
        assert 'the "amount": "5"' == decode(wire.dumps(record), AccountingRecord).memo

    @given(whole=st.integers(0, 10**12), form=st.sampled_from(["{}", "{}.0", "{}.000"]))
    def test_counts_may_be_written_as_decimals(self, whole: int, form: str) -> None:
        """version 3.0 reads as 3, an int."""
        raw = wire.dumps(wire.record(0, version=0)).replace(b'"version":0', b'"version":' + form.format(whole).encode())
        version = decode(raw, AccountingRecord).version
        assert whole == version
        assert type(version) is int

    @pytest.mark.parametrize("text", [b"3.5", b"1e400000", b'"3"', b"true", b"null"])
    def test_counts_are_whole(self, text: bytes) -> None:
        """A fraction, a string, or a number beyond all bounds is no count."""
        raw = wire.dumps(wire.record(0, version=0)).replace(b'"version":0', b'"version":' + text)
        with pytest.raises(Undecodable, match=r"\$\.version"):
            decode(raw, AccountingRecord)

    def test_minor_units_are_ints(self) -> None:
        """The Expenses API counts in the smallest unit; a fraction there is refused."""
        assert 700 == decode(b'{"amount":700,"currency":"USD"}', Money).amount
        with pytest.raises(Undecodable):
            decode(b'{"amount":7.05,"currency":"USD"}', Money)


class TestWriting:
    @given(number=strategies.exact_numbers())
    def test_plain_digits(self, number: Decimal) -> None:
        """A Decimal goes out as the digits that it has: no exponent, nothing rounded, zeros kept."""
        written = encode(Amount(amount=number, currency="USD"))
        assert f'{{"amount":{format(number, "f")},"currency":"USD"}}'.encode() == written

    @pytest.mark.parametrize("value", [0.1, 100.0, -2.5, float("nan"), float("inf")])
    def test_a_float_is_refused_with_advice(self, value: Any) -> None:
        """A float has lost its digits already; the error says what to pass instead."""
        for attempt in (
            lambda: encode(Amount(amount=value, currency="USD")),
            lambda: to_dict(Amount(amount=value, currency="USD")),
            lambda: from_dict({"amount": value, "currency": "USD"}, Amount),
        ):
            with pytest.raises(InvalidInput, match=r"\$\.amount: a float is not exact; pass decimal\.Decimal"):
                attempt()

    @pytest.mark.parametrize("value", ["1.5", True, b"1", [1], {}])
    def test_what_is_no_number_is_refused(self, value: Any) -> None:
        """A string or a boolean does not go out as money either."""
        for write in (encode, to_dict):
            with pytest.raises(InvalidInput, match=r"\$(\[0\])?\.amount"):
                write([Amount(amount=value, currency="USD")])

    def test_an_int_is_exact(self) -> None:
        """An int is as good as a Decimal."""
        assert b'{"amount":5,"currency":"USD"}' == encode(Amount(amount=5, currency="USD"))  # type: ignore[arg-type]

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")])
    def test_money_is_finite(self, value: Decimal) -> None:
        """NaN and infinities are refused in both directions."""
        with pytest.raises(InvalidInput, match=r"\$\.amount"):
            encode(Amount(amount=value, currency="USD"))
        with pytest.raises(InvalidInput, match=r"\$\.amount"):
            from_dict({"amount": value, "currency": "USD"}, Amount)

    def test_a_number_that_would_fill_the_memory_is_refused(self) -> None:
        """1e999999999 is read, but not written out."""
        with pytest.raises(InvalidInput, match="more than 1000 digits"):
            encode(Amount(amount=Decimal("1e999999999"), currency="USD"))

    @pytest.mark.parametrize("value", [b"x", object(), {1, 2}])
    def test_what_json_does_not_know_is_refused(self, value: Any) -> None:
        """A value of a foreign type is named, not sent."""
        with pytest.raises(InvalidInput, match=r"\$\.city: a \w+ cannot be sent"):
            encode(CompanyAddress(city=value))


class TestFromDict:
    def test_names_the_place(self) -> None:
        """What does not fit is named by its path."""
        with pytest.raises(InvalidInput, match=r"\$\.line_items\[0\]\.type"):
            from_dict(wire.record(0, line_items=[{**wire.record(0)["line_items"][0], "type": 5}]), AccountingRecord)

    @pytest.mark.parametrize("value", [None, 5, "x", [], {}])
    def test_needs_an_object(self, value: Any) -> None:
        """Anything but a dict with the required fields is refused."""
        with pytest.raises(InvalidInput):
            from_dict(value, Amount)
