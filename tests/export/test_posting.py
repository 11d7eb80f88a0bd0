"""What a ledger sees of a record: its date, its sums, and a hash that changes with what counts and nothing else."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting.export.posting import Posting, can_be_summed, content_hash, debits, flaw, posting_date
from brex_accounting.testing import make_posting
from brex_accounting_client import decode
from brex_accounting_client.models import (
    AccountingFieldValue,
    AccountingRecord,
    AccountingRecordLineItem,
    AccountingRecordType,
    Amount,
    LineItemType,
    Receipt,
    ReviewStatus,
    Vendor,
)
from tests import strategies, wire

UTC = datetime.UTC
CURRENCIES = ["USD", "EUR", "KWD", "JPY"]
NUMBERS = st.sampled_from(["", "-", "0.", "-0.", "12."])
DIGITS = st.sampled_from(["0", "00", "7", "70"]) | st.integers(0, 10**120).map(str)


def record(**changes: Any) -> AccountingRecord:
    """A record as it is decoded from the wire."""
    return decode(wire.dumps(wire.record(1, **changes)), AccountingRecord)


def amounts() -> st.SearchStrategy[Amount]:
    return st.builds(
        Amount,
        amount=st.decimals(min_value=0, max_value=10**25, places=3, allow_nan=False)
        | st.integers(0, 10**30).map(Decimal)
        | st.sampled_from([Decimal(0), Decimal(100), Decimal("1E+2"), Decimal("12345678901234567890.12")]),
        currency=st.sampled_from(CURRENCIES),
    )


def values() -> st.SearchStrategy[AccountingFieldValue]:
    ids = st.sampled_from(["a", "b", "ab", "", '","', "é"])
    return st.builds(
        AccountingFieldValue,
        brex_field_id=ids,
        remote_field_id=st.none() | ids,
        brex_field_value_id=ids,
        remote_field_value_id=st.none() | ids,
    )


def lines() -> st.SearchStrategy[AccountingRecordLineItem]:
    return st.builds(
        AccountingRecordLineItem,
        id=strategies.text(),
        type=st.sampled_from([LineItemType.DEBIT, LineItemType.CREDIT]),
        amount=amounts(),
        original_amount=st.none() | amounts(),
        memo=st.none() | strategies.text(),
        accounting_field_values=st.lists(values(), max_size=3),
    )


def records() -> st.SearchStrategy[AccountingRecord]:
    base = make_posting(1).record
    return st.builds(
        lambda *, amount, items, vendor, when: attrs.evolve(
            base,
            amount=amount,
            line_items=items,
            vendor=None if vendor is None else Vendor(id=vendor, name="Paper & Co"),
            erp_posting_date=when,
        ),
        amount=amounts(),
        items=st.lists(lines(), min_size=1, max_size=4),
        vendor=st.sampled_from([None, "vendor_1", "vendor_2"]),
        when=st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(UTC)),
    )


def respelled(draw: st.DrawFn, amount: Amount | None) -> Amount | None:
    """The same money with other zeros at its end."""
    if amount is None:
        return None
    sign, digits, exponent = amount.amount.as_tuple()
    zeros = draw(st.integers(0, 5))
    return attrs.evolve(amount, amount=Decimal((sign, (*digits, *(0,) * zeros), int(exponent) - zeros)))


@st.composite
def same_to_a_ledger(draw: st.DrawFn) -> tuple[AccountingRecord, AccountingRecord]:
    """Two records that differ in nothing that a ledger sees."""
    first = draw(records())
    again = [
        attrs.evolve(
            line,
            id=draw(strategies.text()),
            memo=draw(strategies.text()),
            amount=respelled(draw, line.amount),
            original_amount=respelled(draw, line.original_amount),
            accounting_field_values=draw(st.permutations(line.accounting_field_values)),
        )
        for line in first.line_items
    ]
    midnight = first.erp_posting_date.replace(hour=0, minute=0, second=0, microsecond=0)
    second = attrs.evolve(
        first,
        amount=respelled(draw, first.amount),
        line_items=draw(st.permutations(again)),
        version=draw(st.integers(0, 10**6)),
        memo=draw(st.none() | strategies.text()),
        receipts=draw(st.none() | st.just([Receipt(id="rcpt_2")])),
        vendor=None if first.vendor is None else attrs.evolve(first.vendor, name=draw(strategies.text())),
        updated_at=draw(st.datetimes(timezones=st.just(UTC))),
        review_status=draw(st.sampled_from(list(ReviewStatus))),
        erp_posting_date=midnight + datetime.timedelta(seconds=draw(st.integers(0, 86_399))),
    )
    return first, second


def _first_line(change: Callable[[AccountingRecordLineItem], AccountingRecordLineItem]) -> Callable[[Any], Any]:
    return lambda whole: attrs.evolve(whole, line_items=[change(whole.line_items[0]), *whole.line_items[1:]])


def _more(amount: Amount) -> Amount:
    return attrs.evolve(
        amount,
        amount=Decimal(str(amount.amount)) + Decimal("0.001") if amount.amount < 10**20 else amount.amount.next_plus(),
    )


def _other_currency(amount: Amount) -> Amount:
    return attrs.evolve(amount, currency=next(code for code in CURRENCIES if code != amount.currency))


def _other_side(line: AccountingRecordLineItem) -> AccountingRecordLineItem:
    other = LineItemType.CREDIT if line.type is LineItemType.DEBIT else LineItemType.DEBIT
    return attrs.evolve(line, type=other)


NEW_VALUE = AccountingFieldValue(
    brex_field_id="new", remote_field_id=None, brex_field_value_id="new", remote_field_value_id=None
)

CHANGES: dict[str, Callable[[AccountingRecord], AccountingRecord]] = {
    "amount": lambda whole: attrs.evolve(whole, amount=_more(whole.amount)),
    "currency": lambda whole: attrs.evolve(whole, amount=_other_currency(whole.amount)),
    "sign": lambda whole: attrs.evolve(
        whole, amount=attrs.evolve(whole.amount, amount=whole.amount.amount.copy_negate() or Decimal(-1))
    ),
    "line amount": _first_line(lambda line: attrs.evolve(line, amount=_more(line.amount))),
    "line currency": _first_line(lambda line: attrs.evolve(line, amount=_other_currency(line.amount))),
    "original amount": _first_line(
        lambda line: attrs.evolve(
            line, original_amount=_more(line.original_amount) if line.original_amount else line.amount
        )
    ),
    "side": _first_line(_other_side),
    "field value": _first_line(
        lambda line: attrs.evolve(line, accounting_field_values=[*line.accounting_field_values, NEW_VALUE])
    ),
    "a line more": lambda whole: attrs.evolve(whole, line_items=[*whole.line_items, whole.line_items[0]]),
    "posting date": lambda whole: attrs.evolve(
        whole, erp_posting_date=whole.erp_posting_date + datetime.timedelta(days=1)
    ),
    "vendor": lambda whole: attrs.evolve(whole, vendor=Vendor(id="vendor_3", name="Paper & Co")),
    "type": lambda whole: attrs.evolve(whole, type=AccountingRecordType.CARD_EXPENSE_REFUND),
}


class TestContentHash:
    @given(same_to_a_ledger())
    def test_passes_over_what_no_ledger_sees(self, pair: tuple[AccountingRecord, AccountingRecord]) -> None:
        """Order of lines and values, zeros, versions, memos, names, receipts and the time of day do not count."""
        first, second = pair
        assert content_hash(first) == content_hash(second)

    @pytest.mark.parametrize("change", CHANGES)
    @given(whole=records())
    def test_changes_with_what_a_ledger_sees(self, change: str, whole: AccountingRecord) -> None:
        """Another amount, currency, side, field value, line, day, vendor or type is another hash."""
        assert content_hash(whole) != content_hash(CHANGES[change](whole))

    @pytest.mark.parametrize(
        "field", ["brex_field_id", "remote_field_id", "brex_field_value_id", "remote_field_value_id"]
    )
    def test_changes_with_each_id_of_a_value(self, field: str) -> None:
        """Each of the four ids of a field value counts, and so does one that is gone."""
        whole = make_posting(1).record
        line = whole.line_items[0]
        hashes = {
            content_hash(
                attrs.evolve(
                    whole,
                    line_items=[
                        attrs.evolve(
                            line,
                            accounting_field_values=[attrs.evolve(line.accounting_field_values[0], **{field: value})],
                        ),
                        whole.line_items[1],
                    ],
                )
            )
            for value in ("x", "y", None)
        }
        assert 3 == len(hashes)

    def test_tells_amounts_apart_across_lines(self) -> None:
        """Two lines that change places are the same, two amounts that change places are not."""
        one = make_posting(1, amounts=[("1", "USD"), ("2", "EUR")]).record
        other = make_posting(1, amounts=[("2", "USD"), ("1", "EUR")]).record
        assert content_hash(attrs.evolve(one, amount=other.amount)) != content_hash(other)

    def test_knows_one_zero(self) -> None:
        """0, 0.00, -0 and 0E+5 are the same money."""
        spellings = [Decimal(0), Decimal("0.00"), Decimal("-0"), Decimal("0E+5")]
        whole = make_posting(1).record
        hashes = {content_hash(attrs.evolve(whole, amount=Amount(amount=zero, currency="USD"))) for zero in spellings}
        assert 1 == len(hashes)

    @pytest.mark.parametrize("digits", ["1" * 5_000, "1E+99999", "1E-99999", "0." + "3" * 900])
    def test_takes_amounts_of_any_length(self, digits: str) -> None:
        """An amount that no context can hold has a hash, which differs from that of its neighbour."""
        amount = {"amount": Decimal(digits), "currency": "USD"}
        longer = {"amount": Decimal(digits + ("0" if "E" in digits else "1")), "currency": "USD"}
        assert content_hash(record(amount=amount)) != content_hash(record(amount=longer))

    def test_stays_the_same_over_releases(self) -> None:
        """A journal holds hashes for years: another spelling of them needs another scheme in front."""
        assert HASH == content_hash(make_posting(1).record)


HASH = "1:03e3c37ec2478623b557f59751d1988c9930c8d6"


class TestSums:
    @given(st.lists(lines(), max_size=6))
    def test_are_exact(self, items: list[AccountingRecordLineItem]) -> None:
        """Debits are the sums that fractions give, in each currency by itself."""
        whole = attrs.evolve(make_posting(1).record, line_items=items)
        expected: dict[str, Fraction] = {}
        for line in items:
            if line.type is LineItemType.DEBIT:
                code = line.amount.currency
                expected[code] = expected.get(code, Fraction()) + Fraction(line.amount.amount)
        assert expected == {code: Fraction(total) for code, total in debits(whole).items()}

    def test_keep_the_last_digit(self) -> None:
        """Twenty digits before the point and three after it are added without a loss."""
        amounts = [("12345678901234567890.12", "USD"), ("0.001", "USD"), ("5", "JPY")]
        posting = make_posting(1, amounts=amounts)
        assert {"USD": Decimal("12345678901234567890.121"), "JPY": Decimal(5)} == dict(posting.debits)
        assert flaw(posting.record) is None

    def test_cannot_be_changed(self) -> None:
        """What a posting gives out is read-only."""
        with pytest.raises(TypeError):
            make_posting(1).debits["USD"] = Decimal(0)  # type: ignore[index]

    @given(st.lists(lines(), min_size=1, max_size=6))
    def test_flaw_is_an_imbalance(self, items: list[AccountingRecordLineItem]) -> None:
        """Lines are an entry where debits and credits are the same in each currency, to the last digit."""
        totals: dict[str, Fraction] = {}
        for line in items:
            sign = 1 if line.type is LineItemType.DEBIT else -1
            code = line.amount.currency
            totals[code] = totals.get(code, Fraction()) + sign * Fraction(line.amount.amount)
        uneven = sorted(code for code, total in totals.items() if total)
        expected = f"debits and credits differ in {', '.join(uneven)}" if uneven else None
        assert expected == flaw(attrs.evolve(make_posting(1).record, line_items=items))

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda items: [], "no lines"),
            (lambda items: items[:1], "debits and credits differ in USD"),
            (lambda items: [items[0], _amount(items[1], "12.499")], "debits and credits differ in USD"),
            (lambda items: [_amount(items[0], "-1"), items[1]], "line_items[0].amount.amount negative"),
            (
                lambda items: [items[0], attrs.evolve(items[1], type=LineItemType("MEMO"))],
                "line_items[1].type unknown: MEMO",
            ),
            (lambda items: [_amount(items[0], "1E+100"), items[1]], "line_items[0].amount.amount out of range"),
            (lambda items: [items[0], _amount(items[1], "1E-101")], "line_items[1].amount.amount out of range"),
        ],
    )
    def test_flaw_says_what_is_wrong(
        self, change: Callable[[list[AccountingRecordLineItem]], list[AccountingRecordLineItem]], expected: str
    ) -> None:
        """Each kind of lines that cannot be posted has its reason, and none of them raises."""
        whole = make_posting(1).record
        assert expected == flaw(attrs.evolve(whole, line_items=change(whole.line_items)))

    @pytest.mark.parametrize("digits", ["1E+100", "-1E+99999", "1E-101", "1" * 101])
    def test_flaw_refuses_an_amount_that_is_no_money(self, digits: str) -> None:
        """A record's own amount must not break the sums of a journal either, which are made of all records."""
        whole = attrs.evolve(make_posting(1).record, amount=Amount(amount=Decimal(digits), currency="USD"))
        assert "amount.amount out of range" == flaw(whole)

    @given(
        strategies.exact_numbers() | st.builds("{}{}E{}".format, NUMBERS, DIGITS, st.integers(-220, 220)).map(Decimal)
    )
    @example(Decimal("9" * 100))
    @example(Decimal("1" * 101))
    @example(Decimal("0." + "1" * 100))
    @example(Decimal("0." + "1" * 101))
    @example(Decimal("0E-101"))
    def test_what_can_be_summed_has_a_hundred_digits_on_each_side(self, amount: Decimal) -> None:
        """However an amount is written, its first and its last place tell, and zeros count as places."""
        exponent = amount.as_tuple().exponent
        assert isinstance(exponent, int)
        assert (amount.adjusted() < 100 and exponent >= -100) is can_be_summed(amount)

    @pytest.mark.parametrize("digits", ["NaN", "NaN12", "sNaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_is_never_taken_for_one(self, digits: str) -> None:
        """None comes from the wire; where a program makes one, nothing says that it can be posted."""
        whole = attrs.evolve(make_posting(1).record, amount=Amount(amount=Decimal(digits), currency="USD"))
        with pytest.raises(ValueError, match="invalid literal"):
            can_be_summed(whole.amount.amount)
        with pytest.raises(ValueError, match="invalid literal"):
            flaw(whole)

    def test_the_last_digit_of_a_long_sum_is_a_flaw(self) -> None:
        """A cent beside what has thirty digits is more than sums of 28 digits would show."""
        whole = make_posting(1, amounts=[("1" * 30, "USD"), ("0.01", "USD")]).record
        assert flaw(whole) is None
        lines = [*whole.line_items[:3], _amount(whole.line_items[3], "0.00")]
        assert "debits and credits differ in USD" == flaw(attrs.evolve(whole, line_items=lines))

    def test_nothing_on_one_side_needs_no_line_on_the_other(self) -> None:
        """Zeros balance by themselves, also where their currency has no other line."""
        whole = make_posting(1).record
        nothing = attrs.evolve(whole.line_items[0], amount=Amount(amount=Decimal("0.00"), currency="EUR"))
        assert flaw(attrs.evolve(whole, line_items=[*whole.line_items, nothing])) is None
        uneven = [*whole.line_items[:1], nothing]
        assert "debits and credits differ in USD" == flaw(attrs.evolve(whole, line_items=uneven))

    def test_what_has_no_flaw_can_be_summed(self) -> None:
        """The largest and the smallest amount that pass are added exactly, many times over."""
        ends = [("9" * 100, "USD"), ("1E-100", "USD")] * 50
        posting = make_posting(1, amounts=ends)
        whole = attrs.evolve(posting.record, amount=Amount(amount=Decimal("9" * 100), currency="USD"))
        assert flaw(whole) is None
        expected = 50 * (Fraction("9" * 100) + Fraction(Decimal("1E-100")))
        assert expected == Fraction(posting.debits["USD"])


def _amount(line: AccountingRecordLineItem, digits: str) -> AccountingRecordLineItem:
    return attrs.evolve(line, amount=Amount(amount=Decimal(digits), currency=line.amount.currency))


DEC_31, JAN_1 = datetime.date(2025, 12, 31), datetime.date(2026, 1, 1)
ON_THE_WIRE = {
    **{f"2025-12-31T{hour:02d}:59:59Z": DEC_31 for hour in range(24)},
    "2025-12-31": DEC_31,
    "2026-01-01": JAN_1,
    "2025-12-31T00:00:00Z": DEC_31,
    "2025-12-31T23:59:59.999999999Z": DEC_31,
    "2026-01-01T00:00:00Z": JAN_1,
    "2025-12-31T23:30:00-05:00": JAN_1,
    "2026-01-01T04:30:00+05:30": DEC_31,
    "2026-01-01T13:59:59+14:00": DEC_31,
    "2025-12-31T12:59:59-11:00": DEC_31,
    "2025-12-31T13:00:00-11:00": JAN_1,
}

# By the sign of POSIX: XXX+11 lies eleven hours behind UTC.
ZONES = [f"XXX{-hours:+d}" for hours in range(-11, 15)] + ["XXX-5:30", "America/New_York", "Pacific/Kiritimati"]


@pytest.fixture(params=ZONES)
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's time zone, and the old one afterwards."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


class TestPostingDate:
    @pytest.mark.usefixtures("local_zone")
    def test_is_the_calendar_date_in_utc(self) -> None:
        """Whatever zone the worker's machine is in, what is on the wire decides, and only in UTC."""
        assert ON_THE_WIRE == {text: posting_date(record(erp_posting_date=text)) for text in ON_THE_WIRE}

    def test_zones_are_really_set(self, local_zone: str) -> None:
        """The local date of some instant differs from the one in UTC in each zone but its own."""
        instants = [datetime.datetime(2025, 12, 31, hour, 30, tzinfo=UTC) for hour in range(24)]
        differs = any(instant.astimezone().date() != instant.date() for instant in instants)
        assert differs == (local_zone != "XXX+0")

    @pytest.mark.usefixtures("local_zone")
    def test_takes_an_instant_without_a_zone_for_utc(self) -> None:
        """A record that a test has made by hand, without a zone, is not read in the machine's."""
        whole = attrs.evolve(make_posting(1).record, erp_posting_date=datetime.datetime(2025, 12, 31, 23, 59))
        assert DEC_31 == posting_date(whole)
        whole = attrs.evolve(whole, erp_posting_date=datetime.datetime(2026, 1, 1))
        assert JAN_1 == posting_date(whole)


class TestPosting:
    def test_has_the_lines_in_the_order_of_brex(self) -> None:
        """Lines are the record's, untouched."""
        posting = make_posting(1, amounts=[("2", "USD"), ("1", "USD")])
        assert tuple(posting.record.line_items) == posting.lines

    def test_is_frozen(self) -> None:
        """An adapter cannot change what it is given."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            make_posting(1).key = "other"  # type: ignore[misc]
        assert isinstance(make_posting(1), Posting)


class TestMakePosting:
    def test_is_what_the_loop_would_make(self) -> None:
        """Date and hash are those of the record, and the lines are an entry."""
        posting = make_posting(3, amounts=[("1.50", "USD"), ("2.25", "USD"), ("7", "EUR")])
        assert posting_date(posting.record) == posting.date
        assert content_hash(posting.record) == posting.content_hash
        assert flaw(posting.record) is None
        assert Decimal("3.75") == posting.record.amount.amount

    def test_takes_the_key_of_a_second_generation(self) -> None:
        """The record of ``accr_1~2`` is ``accr_1``."""
        assert ("accr_1~2", "accr_1") == (
            make_posting(1, key="accr_1~2").key,
            make_posting(1, key="accr_1~2").record.id,
        )
