"""``Retry-After``: how it is read, and how long a call waits for it."""

from __future__ import annotations

import datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import RateLimited, RetryPolicy, ServerError, StatusError
from brex_accounting.transport.retry_after import retry_after
from tests.transport.scripted import COMPANY, GET, POST, Answer, Extreme, Method, Script, play, runtime

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def after(value: str, date: str | None = None) -> float | None:
    return retry_after({"retry-after": value} | ({} if date is None else {"date": date}), NOW)


class TestRetryAfterHeader:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("0", 0.0), ("7", 7.0), (" 7 ", 7.0), ("007", 7.0), ("1.5", 1.5), ("0.25", 0.25), ("120.0", 120.0)],
    )
    def test_seconds_and_fractions(self, value: str, expected: float) -> None:
        """Seconds are taken with and without a fraction."""
        assert expected == after(value)

    @pytest.mark.parametrize(
        "value",
        ["", " ", "soon", "NaN", "nan", "inf", "-inf", "-1", "-0.5", "1,5", "5, 10", "0x10", "٣", "²", "1e3", "None"],
    )
    def test_garbage_says_nothing(self, value: str) -> None:
        """What is no number and no date counts as no header at all."""
        assert after(value) is None

    def test_no_header(self) -> None:
        """No header, nothing asked."""
        assert retry_after({}, NOW) is None

    @pytest.mark.parametrize("hours", [0, -5, 9])
    def test_dates_are_compared_with_the_clock_that_wrote_them(self, hours: int) -> None:
        """A date counts from the answer's own Date, so that a wrong clock on either side changes nothing."""
        server = NOW + datetime.timedelta(hours=hours)
        date, then = (format_datetime(moment, usegmt=True) for moment in (server, server + datetime.timedelta(0, 30)))
        assert 30.0 == after(then, date)

    @pytest.mark.parametrize("date", [None, "", "yesterday"])
    def test_dates_without_a_readable_date(self, date: str | None) -> None:
        """Without a Date that can be read it counts from the clock here."""
        assert 90.0 == after("Thu, 01 Jan 2026 00:01:30 GMT", date)

    def test_dates_gone_by(self) -> None:
        """A date in the past asks for no wait."""
        assert 0.0 == after("Wed, 31 Dec 2025 23:00:00 GMT")

    @pytest.mark.parametrize("value", ["Thu, 01 Jan 2026 01:00:30 +0100", "Thu, 01 Jan 2026 00:00:30 -0000"])
    def test_other_zones(self, value: str) -> None:
        """Offsets that the rule does not allow are understood all the same."""
        assert 30.0 == after(value)

    @given(
        value=st.text(st.characters(codec="latin-1"), max_size=40) | st.from_regex(r"[-+0-9.:, A-Za-z]{0,40}"),
        date=st.none() | st.text(st.characters(codec="latin-1"), max_size=40),
    )
    def test_never_raises(self, value: str, date: str | None) -> None:
        """Whatever stands there, the result is nothing or a number from 0."""
        found = after(value, date)
        assert found is None or found >= 0.0


class TestRetryAfter:
    @pytest.mark.parametrize("status", [429, 503, 500, 408, 522])
    @pytest.mark.parametrize("drawn", [0.0, 1.0])
    def test_is_the_lower_bound(self, status: int, drawn: float) -> None:
        """The next attempt comes no earlier than Brex asked for, jitter on top."""
        script = Script(Answer(status, headers={"Retry-After": "7.5"}), Answer(200, COMPANY))
        play(script, GET.ask, runtime=runtime(random=Extreme(drawn)))
        assert [7.5 + 0.5 * drawn] == pytest.approx(script.waits)

    def test_as_a_date(self) -> None:
        """A date is the lower bound as well, counted from the answer's Date."""
        headers = {"Date": "Fri, 20 Nov 2026 10:00:00 GMT", "Retry-After": "Fri, 20 Nov 2026 10:00:45 GMT"}
        script = Script(Answer(503, headers=headers), Answer(200, COMPANY))
        play(script, GET.ask, runtime=runtime(random=Extreme(0.0)))
        assert [45.0] == script.waits

    @pytest.mark.parametrize("value", ["-5", "NaN", "soon", "", "5, 10"])
    def test_garbage_leaves_the_back_off(self, value: str) -> None:
        """What says nothing changes nothing."""
        script = Script(Answer(503, headers={"Retry-After": value}), Answer(200, COMPANY))
        play(script, GET.ask, runtime=runtime(random=Extreme(1.0)))
        assert [0.5] == script.waits

    @pytest.mark.parametrize("method", [GET, POST], ids=["GET", "POST"])
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("value", ["121", "120.5", "86400", "999999999", "9999999999", "9" * 30, "9" * 400])
    def test_over_the_cap(self, method: Method, status: int, value: str) -> None:
        """A wait above max_retry_after is raised at once, with the wait on the error."""
        script = Script(Answer(status, headers={"Retry-After": value}))
        with pytest.raises(RateLimited if status == 429 else ServerError, match="max_retry_after") as caught:
            play(script, method.ask)
        assert 1 == len(script.sent)
        assert (caught.value.retry_after or 0.0) > 120.0

    def test_a_date_over_the_cap(self) -> None:
        """A date that is too far off as well."""
        script = Script(Answer(503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}))
        with pytest.raises(ServerError) as caught:
            play(script, GET.ask)
        assert (caught.value.retry_after or 0) > 1e9

    @pytest.mark.parametrize(("cap", "requests"), [(10.0, 2), (9.9, 1)])
    def test_the_cap_is_the_callers(self, cap: float, requests: int) -> None:
        """max_retry_after itself is still waited for, and nothing above it."""
        script = Script(Answer(503, headers={"Retry-After": "10"}), Answer(400))
        with pytest.raises(StatusError):
            play(script, GET.ask, retry=RetryPolicy(max_retry_after=cap))
        assert requests == len(script.sent)

    def test_on_the_error_of_the_last_attempt(self) -> None:
        """Where no attempt is left, what Brex asked for is on the error."""
        with pytest.raises(RateLimited) as caught:
            play(Script(Answer(429, headers={"Retry-After": "3"})), GET.ask, retry=None)
        assert 3.0 == caught.value.retry_after
