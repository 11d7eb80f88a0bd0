"""Instants: UTC, cut and not rounded, and never guessed."""

from __future__ import annotations

import datetime
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting_client import InvalidInput, Undecodable, decode, decode_page, encode, from_dict, to_dict
from brex_accounting_client.models import (
    AccountingIntegration,
    AccountingRecord,
    AccountingRecordPage,
    Expense,
)
from tests import strategies, wire
from tests.client.test_canonical_forms import instant

UTC = datetime.UTC


def read(text: str) -> datetime.datetime:
    return decode(wire.dumps(wire.record(0, updated_at=text)), AccountingRecord).updated_at


class TestReading:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2025-11-02T10:11:12Z", datetime.datetime(2025, 11, 2, 10, 11, 12, tzinfo=UTC)),
            ("2025-11-02T10:11:12.5Z", datetime.datetime(2025, 11, 2, 10, 11, 12, 500000, tzinfo=UTC)),
            ("2025-12-31T23:59:59.999999999Z", datetime.datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
            ("2025-12-31T23:59:59.9999995Z", datetime.datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
            ("2025-12-31T23:30:00-05:00", datetime.datetime(2026, 1, 1, 4, 30, tzinfo=UTC)),
            ("2026-01-01T04:30:00+0530", datetime.datetime(2025, 12, 31, 23, 0, tzinfo=UTC)),
            ("2025-11-02T10:11:12+00:00", datetime.datetime(2025, 11, 2, 10, 11, 12, tzinfo=UTC)),
            ("2025-11-02T10:11:12.1234567+02:00", datetime.datetime(2025, 11, 2, 8, 11, 12, 123456, tzinfo=UTC)),
            ("2025-11-02", datetime.datetime(2025, 11, 2, tzinfo=UTC)),
            ("2025-11-02T10:11:12", datetime.datetime(2025, 11, 2, 10, 11, 12, tzinfo=UTC)),
            ("2025-11-02T10:11", datetime.datetime(2025, 11, 2, 10, 11, tzinfo=UTC)),
        ],
    )
    def test_is_utc_and_truncated(self, text: str, expected: datetime.datetime) -> None:
        """Fractions are cut, offsets converted, a bare date is its first instant; the zone is UTC itself."""
        assert expected == read(text)
        assert datetime.timezone.utc is read(text).tzinfo

    @pytest.mark.parametrize(
        "text",
        ["", "2025", "202511", "2025-11", "2025-W01", "2025-W01-1", "20251102", "20251102T000000Z", "11/02/2025",
         "2025-02-30", "2025-11-02T25:00:00Z", "2025-11-02T10:11:60Z", "tomorrow", "1762077072",
         "0001-01-01T00:00:00+14:00",
         "9999-12-31T23:59:59-01:00", "2025-11-02T10:11:12 GMT", "2025-11-02T24:00:00Z",
         "2025-11-02T24:00:00+00:00", "2025-11-02T24:00Z",
         "2025-11-02t24:00:00.0000000z", "2025-11-02T101112Z", "2025-11-02x10:11:12Z",
         "٢٠٢٥-11-02"],
    )  # fmt: skip
    def test_what_is_no_date_is_refused(self, text: str) -> None:
        """Nothing is guessed: a year, a week, a number, a local format or an impossible day is no timestamp."""
        with pytest.raises(Undecodable, match=r"\$\.updated_at"):
            read(text)

    @pytest.mark.parametrize("value", [1762077072, 1762077072.5, True, [], {}])
    def test_numbers_are_no_timestamps(self, value: object) -> None:
        """A number where a timestamp belongs is refused, not taken as seconds."""
        with pytest.raises(Undecodable, match=r"\$\.updated_at"):
            decode(wire.dumps(wire.record(0, updated_at=value)), AccountingRecord)

    @given(text=strategies.timestamps())
    def test_any(self, text: str) -> None:
        """Every date and date-time reads as the instant that it names, cut to microseconds."""
        assert instant(text) == read(text)

    def test_nested(self) -> None:
        """Offsets are converted wherever a timestamp stands, in nested objects and lists too."""
        data = {
            "id": "e",
            "updated_at": "2025-01-01T00:00:00Z",
            "dashboard_url": "u",
            "review": {"approval_steps": [{"resolved_at": "2025-01-01T00:00:00-01:00"}, {"resolved_at": None}]},
            "expense_line_items": [
                {"id": "f", "updated_at": "2025-01-01T00:00:00+01:00", "dashboard_url": "u"},
            ],
        }
        expense = decode(wire.dumps(data), Expense)
        step = expense.review.approval_steps[0]
        assert datetime.datetime(2025, 1, 1, 1, tzinfo=UTC) == step.resolved_at
        assert datetime.timezone.utc is step.resolved_at.tzinfo
        assert datetime.datetime(2024, 12, 31, 23, tzinfo=UTC) == expense.expense_line_items[0].updated_at
        assert datetime.timezone.utc is expense.expense_line_items[0].updated_at.tzinfo

    def test_one_timestamp_only(self) -> None:
        """A model with a single timestamp is checked like the others."""
        data = {"integration_id": "i", "vendor": "v", "vendor_account_id": "a", "status": "ACTIVE"}
        made = decode(wire.dumps({**data, "created_at": "2025-01-01T00:00:00+02:00"}), AccountingIntegration)
        assert datetime.timezone.utc is made.created_at.tzinfo
        assert datetime.datetime(2024, 12, 31, 22, tzinfo=UTC) == made.created_at


class TestThePathsTaken:
    def test_plain_pages_never_leave_msgspec(self) -> None:
        """Timestamps in UTC with up to six digits take one pass; the careful reader is not called."""
        data = wire.dumps(wire.page([wire.record(i) for i in range(3)]))
        with mock.patch("brex_accounting_client.pages._one_by_one", side_effect=AssertionError):
            decode_page(data, AccountingRecordPage)

    @pytest.mark.parametrize("text", ["2025-11-02T10:11:12.1234567Z", "2025-11-02T10:11:12+00:30", "2025-11-02"])
    def test_only_isoparse_reads_the_others(self, text: str) -> None:
        """The second pass reads by dateutil's isoparse and never by its guessing parse."""
        with mock.patch("dateutil.parser.parse", side_effect=AssertionError):
            assert datetime.timezone.utc is read(text).tzinfo


class TestWriting:
    @given(
        moment=st.datetimes(
            datetime.datetime(1, 1, 3), datetime.datetime(9999, 12, 29), timezones=st.timezones() | st.just(UTC)
        )
    )
    def test_instants_go_out_in_utc(self, moment: datetime.datetime) -> None:
        """An aware datetime of any zone is written as its instant in UTC, with a Z."""
        record = from_dict(wire.record(0, updated_at=moment), AccountingRecord)
        text = to_dict(record)["updated_at"]
        assert text.endswith("Z")
        offset = moment.utcoffset()
        assert offset is not None
        # Not by ==, which Python answers with no for an hour that a change of clocks repeats.
        assert moment.replace(tzinfo=None) - offset == datetime.datetime.fromisoformat(text).replace(tzinfo=None)

    def test_naive_datetimes_are_refused(self) -> None:
        """A datetime without a zone is refused on the way in and on the way out, naming field and remedy."""
        naive = datetime.datetime(2025, 1, 1)
        with pytest.raises(InvalidInput, match=r"\$\.updated_at.*aware"):
            from_dict(wire.record(0, updated_at=naive), AccountingRecord)
        integration = AccountingIntegration(
            integration_id="i", vendor="v", vendor_account_id="a", status="ACTIVE", created_at=naive
        )
        with pytest.raises(InvalidInput, match=r"\$\.created_at.*aware"):
            encode(integration)
