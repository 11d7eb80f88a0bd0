"""The retry budget: a failing account runs out of retries, a healthy one never notices."""

from __future__ import annotations

import math
import threading

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import InvalidArgument
from brex_accounting.transport.retry_budget import RetryBudget
from tests import virtual


@attrs.define
class HandClock(virtual.VirtualClock):
    """A clock that a test sets by hand."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds


def taken(budget: RetryBudget, most: int = 1000) -> int:
    return next(i for i in range(most) if not budget.take())


class TestRetryBudget:
    def test_starts_full_and_runs_out(self) -> None:
        """A full bucket gives its capacity and then refuses."""
        budget = RetryBudget(5, 0, 0, HandClock())
        assert 5 == taken(budget)
        assert budget.take() is False

    def test_time_refills(self) -> None:
        """Each second gives back its part, and a part of a token is not a token."""
        clock = HandClock()
        budget = RetryBudget(5, 0.5, 0, clock)
        assert 5 == taken(budget)
        clock.seconds += 1.9
        assert 0 == taken(budget)
        clock.seconds += 4.1
        assert 3 == taken(budget)

    def test_successes_refill(self) -> None:
        """Ten successes worth a tenth each are one retry, whatever the floats add up to."""
        budget = RetryBudget(5, 0, 0.1, HandClock())
        assert 5 == taken(budget)
        for _ in range(9):
            budget.succeeded()
        assert 0 == taken(budget)
        budget.succeeded()
        assert 1 == taken(budget)

    @pytest.mark.parametrize(("seconds", "successes"), [(1e12, 0), (0, 100)])
    def test_never_above_capacity(self, seconds: float, successes: int) -> None:
        """A thousand quiet years or a hundred successes leave one bucketful."""
        clock = HandClock()
        budget = RetryBudget(3, 1, 1, clock)
        clock.seconds = seconds
        for _ in range(successes):
            budget.succeeded()
        assert 3 == taken(budget)

    def test_full(self) -> None:
        """It says that it is full at the start and once everything is back, not in between."""
        clock = HandClock()
        budget = RetryBudget(2, 0.1, 0, clock)
        assert budget.is_full()
        budget.take()
        clock.seconds += 9
        assert not budget.is_full()
        clock.seconds += 1
        assert budget.is_full()

    def test_time_that_goes_back_takes_nothing(self) -> None:
        """A thread that read the clock earlier and comes later neither loses nor gains tokens."""
        clock = HandClock(10)
        budget = RetryBudget(2, 1, 0, clock)
        clock.seconds = 9
        assert budget.is_full()
        assert 2 == taken(budget)
        clock.seconds = 11
        assert 1 == taken(budget)

    @given(
        capacity=st.integers(1, 20),
        per_second=st.sampled_from([0.0, 0.1, 1.0]),
        per_success=st.sampled_from([0.0, 0.1, 1.0]),
        steps=st.lists(st.sampled_from(["take", "success", "second"]), max_size=200),
    )
    def test_bound(self, capacity: int, per_second: float, per_success: float, steps: list[str]) -> None:
        """No order of events yields more retries than the bucket, the time and the successes account for."""
        clock = HandClock()
        budget = RetryBudget(capacity, per_second, per_success, clock)
        retries = successes = 0
        for step in steps:
            match step:
                case "take":
                    retries += budget.take()
                case "success":
                    budget.succeeded()
                    successes += 1
                case _:
                    clock.seconds += 1
            assert retries <= capacity + clock.seconds * per_second + successes * per_success + 1e-6

    def test_threads(self) -> None:
        """Threads that take at once get one bucketful between them."""
        budget = RetryBudget(500, 0, 0, HandClock())
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(taken(budget))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 500 == sum(counts)

    @pytest.mark.parametrize("value", [True, None, "3", math.nan, math.inf, -1])
    @pytest.mark.parametrize("field", ["capacity", "refill_per_second", "refill_per_success"])
    def test_wrong_numbers_are_refused(self, field: str, value: object) -> None:
        """What is no finite number, or too small, is refused by name."""
        good = {"capacity": 1, "refill_per_second": 0, "refill_per_success": 0}
        with pytest.raises(InvalidArgument, match=field):
            RetryBudget(**{**good, field: value}, clock=HandClock())

    def test_less_than_one_token_is_no_budget(self) -> None:
        """A bucket that could never hold a whole token is refused."""
        with pytest.raises(InvalidArgument, match=r"capacity.*at least 1"):
            RetryBudget(0.5, 1, 1, HandClock())
