"""Arguments of callers: what is taken, what is refused, and by what name."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given as holds
from hypothesis import strategies as st

from brex_accounting import InvalidArgument
from brex_accounting.resources.arguments import (
    a_flag,
    a_moment,
    an_instant,
    constant,
    constants,
    given,
    some_texts,
    texts,
)
from brex_accounting_client import UNSET
from brex_accounting_client.models import ReviewStatus

UTC = datetime.UTC
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class TestMoments:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, UNSET),
            ("2025-01-31", datetime.date(2025, 1, 31)),
            (datetime.date(2025, 1, 31), datetime.date(2025, 1, 31)),
            ("2025-01-31T10:00:00Z", datetime.datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("2025-01-31T10:00:00", datetime.datetime(2025, 1, 31, 10, tzinfo=UTC)),
            ("2025-01-31T10:00:00+05:30", datetime.datetime(2025, 1, 31, 4, 30, tzinfo=UTC)),
            (datetime.datetime(2025, 1, 31, 10, tzinfo=INDIA), datetime.datetime(2025, 1, 31, 4, 30, tzinfo=UTC)),
        ],
    )
    def test_taken(self, value: Any, expected: Any) -> None:
        """A bound is text, a date or an aware datetime; a date stays a date."""
        found = a_moment(value, "updated_at_gt")
        assert expected == found
        assert isinstance(expected, datetime.datetime) == isinstance(found, datetime.datetime)

    def test_instants(self) -> None:
        """Where Brex takes date-times only, a date is its first instant in UTC."""
        first = datetime.datetime(2025, 1, 31, tzinfo=UTC)
        assert [first, first, UNSET] == [
            an_instant("2025-01-31", "x"),
            an_instant(datetime.date(2025, 1, 31), "x"),
            an_instant(None, "x"),
        ]

    @pytest.mark.parametrize("convert", [a_moment, an_instant])
    @pytest.mark.parametrize(
        "value", ["", "yesterday", "2025-1-1", "2025-02-30", "20250131", 20250131, 1.5, True, b"2025-01-31", ["2025"]]
    )
    def test_refused(self, convert: Any, value: Any) -> None:
        """Anything else is refused with an example of what is right."""
        with pytest.raises(InvalidArgument, match=r"^updated_at_gt: expected a date, .* such as 2025-01-31"):
            convert(value, "updated_at_gt")

    @pytest.mark.parametrize("convert", [a_moment, an_instant])
    def test_naive(self, convert: Any) -> None:
        """A datetime without a time zone could mean any of them."""
        with pytest.raises(InvalidArgument, match=r"^updated_at_gt: a datetime without a time zone is ambiguous"):
            convert(datetime.datetime(2025, 1, 31), "updated_at_gt")

    @holds(st.datetimes(timezones=st.timezones()))
    def test_aware_ones_are_kept(self, value: datetime.datetime) -> None:
        """Every aware datetime is taken as the instant that it is."""
        try:
            utc = value.astimezone(datetime.UTC)
        except OverflowError:
            with pytest.raises(InvalidArgument, match="years 1 to 9999"):
                a_moment(value, "x")
            return
        assert utc == a_moment(value, "x") == an_instant(value, "x")


class TestEnums:
    def test_taken(self) -> None:
        """Members, their text, and text that no document lists."""
        assert (
            ReviewStatus.REVIEW
            is constant(ReviewStatus.REVIEW, ReviewStatus, "x")
            is constant("REVIEW", ReviewStatus, "x")
        )
        assert "NEW_STAGE" == constant("NEW_STAGE", ReviewStatus, "x")
        assert UNSET is constant(None, ReviewStatus, "x")
        assert [ReviewStatus.REVIEW, "NEW"] == constants(["REVIEW", "NEW", "REVIEW"], ReviewStatus, "x")
        assert UNSET is constants(None, ReviewStatus, "x")

    @pytest.mark.parametrize("value", ["", " ", 7, True, ["REVIEW"], b"REVIEW"])
    def test_refused(self, value: Any) -> None:
        """A value that is no text is refused by name."""
        with pytest.raises(InvalidArgument, match=r"^review_status: expected a string"):
            constant(value, ReviewStatus, "review_status")


class TestLists:
    def test_taken(self) -> None:
        """Any iterable of strings, each once, in its order."""
        assert ("b", "a") == texts(iter(["b", "a", "b"]), "ids")
        assert ("a",) == texts({"a": 1}, "ids")
        assert () == texts([], "ids")
        assert ["b", "a"] == some_texts(("b", "a"), "status")
        assert UNSET is some_texts(None, "status")

    @pytest.mark.parametrize("convert", [texts, some_texts])
    @pytest.mark.parametrize("value", ["accr_1", "", b"accr_1", 7, object()])
    def test_one_string_is_no_list(self, convert: Any, value: Any) -> None:
        """A string in place of a list would be taken letter by letter, and every letter be asked for."""
        with pytest.raises(InvalidArgument, match=r"^ids: expected a list of strings"):
            convert(value, "ids")

    @pytest.mark.parametrize("value", [["a", ""], ["a", None], ["a", 7], ["a", ["b"]]])
    def test_elements(self, value: Any) -> None:
        """An element that is no text is named by its place."""
        with pytest.raises(InvalidArgument, match=r"^ids\[1\]: expected a string"):
            texts(value, "ids")

    def test_empty_filter(self) -> None:
        """A filter without values would not be sent at all, and Brex would answer with everything."""
        with pytest.raises(InvalidArgument, match=r"^status: an empty list .* leave it out"):
            some_texts([], "status")


class TestFlags:
    def test_taken(self) -> None:
        """True, False, and left out; False is sent."""
        assert [True, False, UNSET] == [a_flag(True, "x"), a_flag(False, "x"), a_flag(None, "x")]
        assert [UNSET, 0, ""] == [given(None), given(0), given("")]

    @pytest.mark.parametrize("value", [1, 0, "true", "", []])
    def test_refused(self, value: Any) -> None:
        """Anything else is refused without being repeated."""
        with pytest.raises(
            InvalidArgument, match=f"^single_entry: expected True or False, got a {type(value).__name__}"
        ):
            a_flag(value, "single_entry")
