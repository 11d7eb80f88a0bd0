"""The limit of requests in a sliding window: never more, never fewer, and an honest word on when to come again."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Refusal
from brex_accounting.emulator.clock import TenantClock
from brex_accounting.emulator.limiter import Limit

START = datetime(2026, 11, 20, 9, 30, 0, 123457, tzinfo=timezone.utc)
WINDOW = timedelta(seconds=60)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def taken(limit: Limit, now: datetime, client: str = "a") -> bool:
    try:
        limit.take(now, client_id=client, say_when=True)
    except Refusal:
        return False
    return True


def wait(limit: Limit, now: datetime, client: str = "a") -> int:
    """The ``Retry-After`` of a request that is refused; it does not count."""
    with pytest.raises(Refusal) as caught:
        limit.take(now, client_id=client, say_when=True)
    ((name, value),) = caught.value.headers
    assert "retry-after" == name
    return int(value)


class TestLimit:
    def test_as_many_as_brex_allows(self) -> None:
        """A thousand requests at once, and no more."""
        limit = Limit()
        assert [True] * 1000 + [False] * 3 == [taken(limit, START) for _ in range(1003)]

    def test_what_a_refusal_says(self) -> None:
        """A refusal is a 429 that no document lists, in the words of either API, with Retry-After if that is played."""
        limit = Limit(2)
        for _ in range(2):
            limit.take(START, client_id="a", say_when=True)
        for say_when, headers in ((True, (("retry-after", "60"),)), (False, ())):
            with pytest.raises(Refusal) as caught:
                limit.take(START, client_id="a", say_when=say_when)
            refusal = caught.value
            expected = (429, "TOO_MANY_REQUESTS", "more than 2 requests in 60 seconds", headers, False)
            assert expected == (refusal.status, refusal.code, refusal.text, refusal.headers, refusal.listed)
            assert headers == refusal.answer("accounting").headers[1:]

    def test_any_number(self) -> None:
        """Without a limit nothing is ever refused."""
        limit = Limit(None)
        assert all(taken(limit, START) for _ in range(3000))

    def test_none_at_all(self) -> None:
        """A limit of nothing refuses everything, with the length of the window as its word."""
        limit = Limit(0)
        assert [60, 60] == [wait(limit, START), wait(limit, at(1000))]

    def test_the_edge_of_a_window(self) -> None:
        """A request counts for a minute to the microsecond."""
        limit = Limit(1)
        limit.take(START, client_id="a", say_when=True)
        assert not taken(limit, at(59.999999))
        assert taken(limit, at(60))
        assert not taken(limit, at(119.999999))
        assert taken(limit, at(120))

    def test_refusals_do_not_count(self) -> None:
        """Whoever knocks on without waiting is let in as soon as the others are a minute old."""
        limit = Limit(2)
        found = [taken(limit, at(seconds)) for seconds in range(62)]
        assert [0, 1, 60, 61] == [second for second, was_taken in enumerate(found) if was_taken]

    def test_a_lower_limit(self) -> None:
        """A limit that is lowered counts what was taken before."""
        limit = Limit(5)
        for seconds in range(5):
            limit.take(at(seconds), client_id="a", say_when=True)
        limit.requests = 2
        assert 58 == wait(limit, at(5))
        assert not taken(limit, at(62.5))
        assert taken(limit, at(63))

    def test_a_higher_limit(self) -> None:
        """A limit that is raised lets in as many more."""
        limit = Limit(2)
        for _ in range(2):
            limit.take(START, client_id="a", say_when=True)
        limit.requests = 3
        assert [True, False] == [taken(limit, START) for _ in range(2)]

    def test_forgetting(self) -> None:
        """What is cleared does not count."""
        limit = Limit(1)
        for client in "ab":
            assert taken(limit, START, client)
        limit.clear()
        for client in "ab":
            assert taken(limit, START, client)

    def test_each_client_has_a_window(self) -> None:
        """What one client takes leaves another's room as it is, and so does the wait that is said to it."""
        limit = Limit(2)
        assert [True, True, False] == [taken(limit, START, "a") for _ in range(3)]
        assert [True, True, False] == [taken(limit, at(20), "b") for _ in range(3)]
        assert (40, 60) == (wait(limit, at(20), "a"), wait(limit, at(20), "b"))
        assert (True, False) == (taken(limit, at(60), "a"), taken(limit, at(60), "b"))


class TestClocks:
    def test_a_clock_that_stands_still(self) -> None:
        """On a frozen clock the window stays full until somebody advances it by what the refusal said."""
        clock = TenantClock(START, lambda: 0.0)
        clock.freeze()
        limit = Limit(3)
        assert [True, True, True, False, False] == [taken(limit, clock.now()) for _ in range(5)]
        seconds = wait(limit, clock.now())
        clock.advance(seconds - 0.000001)
        assert not taken(limit, clock.now())
        clock.advance(0.000001)
        assert [True, True, True, False] == [taken(limit, clock.now()) for _ in range(4)]

    def test_a_clock_that_is_set_back(self) -> None:
        """What was taken later than now is no longer counted: a refusal never asks for more than a window."""
        limit = Limit(2)
        for seconds in (0, 50):
            limit.take(at(seconds), client_id="a", say_when=True)
        assert taken(limit, at(30))
        assert 30 == wait(limit, at(30.5))
        century = 100 * 365 * 86400
        for seconds in (century, century):
            limit.take(at(seconds), client_id="a", say_when=True)
        assert taken(limit, at(31))


STEPS = st.lists(
    st.one_of(
        st.just(timedelta(0)),
        st.integers(0, 70_000_000).map(lambda microseconds: timedelta(microseconds=microseconds)),
        st.integers(0, 70).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    max_size=40,
)


@given(STEPS, st.integers(1, 6))
def test_any_arrivals(steps: list[timedelta], most: int) -> None:
    """Whenever requests come, no minute has more than the limit, and none is refused where there is room.

    The wait that a refusal names is the least number of whole seconds that suffices.
    """
    limit, now = Limit(most), START
    accepted: list[datetime] = []
    for step in steps:
        now += step
        recent = [moment for moment in accepted if moment > now - WINDOW]
        if len(recent) < most:
            limit.take(now, client_id="a", say_when=True)
            accepted.append(now)
            continue
        seconds = wait(limit, now)
        assert 1 <= seconds <= 60
        assert taken(copy.deepcopy(limit), now + timedelta(seconds=seconds))
        assert not taken(copy.deepcopy(limit), now + timedelta(seconds=seconds - 1))
    for first in accepted:
        assert len([moment for moment in accepted if first <= moment < first + WINDOW]) <= most


@given(st.integers(0, 60_000_000), st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31)))
def test_whole_seconds(microseconds: int, start: datetime) -> None:
    """The wait is exact in any century: whole seconds are not rounded up by a hair of a float."""
    first = start.replace(tzinfo=timezone.utc)
    limit = Limit(1)
    limit.take(first, client_id="a", say_when=True)
    now = first + timedelta(microseconds=microseconds)
    left = 60_000_000 - microseconds
    if left == 0:
        assert taken(limit, now)
    else:
        assert -(-left // 1_000_000) == wait(limit, now)
