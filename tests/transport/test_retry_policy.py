"""The retry policy: how many attempts, how long between them, and what is no policy."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import BrexError, InvalidArgument, RetryPolicy, ServerError
from tests.transport.scripted import (
    COMPANY,
    GET,
    Answer,
    Cut,
    Extreme,
    Method,
    Raise,
    Script,
    Step,
    by_method,
    client,
    play,
    runtime,
)


class TestBackOff:
    @given(
        attempt=st.integers(1, 100),
        asked=st.none() | st.floats(0, 1e6),
        backoff=st.floats(0.001, 1e4),
        most=st.floats(0.001, 1e4),
        seed=st.integers(),
    )
    def test_full_jitter(self, attempt: int, asked: float | None, backoff: float, most: float, seed: int) -> None:
        """The wait lies between what Brex asked for and that plus an upper end, which doubles up to its cap."""
        policy = RetryPolicy(backoff=backoff, max_backoff=most)
        upper = min(most, backoff * 2 ** (attempt - 1))
        delay = policy.delay(attempt, asked, Random(seed))
        assert (asked or 0.0) <= delay <= (asked or 0.0) + upper

    @given(attempt=st.integers(1, 12), asked=st.none() | st.integers(0, 100))
    def test_all_of_the_range_is_used(self, attempt: int, asked: int | None) -> None:
        """The ends of the range can be drawn: nothing of the jitter is fixed."""
        policy = RetryPolicy()
        least = float(asked or 0)
        assert least == policy.delay(attempt, asked, Extreme(0.0))
        assert math.isclose(least + min(20.0, 0.5 * 2 ** (attempt - 1)), policy.delay(attempt, asked, Extreme(1.0)))

    def test_of_a_call(self) -> None:
        """A call waits so between its attempts, each time for longer at most."""
        for seed in range(20):
            script = Script(*[Answer(503)] * 5)
            with pytest.raises(ServerError):
                play(script, GET.ask, runtime=runtime(random=Random(seed)))
            assert all(wait <= 0.5 * 2**n for n, wait in enumerate(script.waits))
        script = Script(*[Answer(503)] * 8)
        with pytest.raises(ServerError):
            play(script, GET.ask, retry=RetryPolicy(attempts=8), runtime=runtime(random=Extreme(1.0)))
        assert [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0] == pytest.approx(script.waits)

    def test_two_workers_come_apart(self) -> None:
        """Two workers that fail in the same instant do not come back in the same instant."""
        scripts = [Script(Answer(503), Answer(200, COMPANY)) for _ in range(2)]
        for seed, script in enumerate(scripts):
            play(script, GET.ask, runtime=runtime(random=Random(seed)))
        assert abs(scripts[0].times[1] - scripts[1].times[1]) > 0.001


class TestExhausted:
    @by_method
    @pytest.mark.parametrize("attempts", [1, 2, 3, 7])
    def test_the_last_error_is_raised(self, method: Method, attempts: int) -> None:
        """After the last attempt its own error is raised, with the number of attempts on it and in its text."""
        failures: list[Step] = [Raise(httpx.ConnectError("")), Answer(503), Cut(200, b"{")] * 2
        steps = [*failures[: attempts - 1], Answer(502, headers={"X-Brex-Trace-Id": "last"})]
        script = Script(*steps)
        with pytest.raises(ServerError) as caught:
            play(script, method.ask, retry=RetryPolicy(attempts=attempts))
        assert attempts == caught.value.attempts == len(script.sent)
        assert (502, "last", False) == (caught.value.status_code, caught.value.trace_id, caught.value.budget_empty)
        assert f"attempts {attempts}" in str(caught.value)

    @by_method
    def test_no_retries(self, method: Method) -> None:
        """retry=None tries once."""
        for step in (Answer(503), Raise(httpx.ConnectError("")), Cut(200, b"{")):
            script = Script(step)
            with pytest.raises(BrexError):
                play(script, method.ask, retry=None)
            assert 1 == len(script.sent)

    def test_five_by_default(self) -> None:
        """Without a word from the caller a call is tried five times."""
        script = Script(*[Answer(500)] * 5)
        with pytest.raises(ServerError):
            play(script, GET.ask)
        assert 5 == len(script.sent)

    def test_a_success_ends_it(self) -> None:
        """Nothing is sent after a success."""
        for failures in range(5):
            script = Script(*[Answer(503)] * failures, Answer(200, COMPANY))
            assert "cmp_1" == play(script, GET.ask).id
            assert failures + 1 == len(script.sent)


class TestPolicy:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *[("attempts", value) for value in (0, -1, 101, 1.0, True, "5", None)],
            *[("backoff", value) for value in (0, -1.0, math.nan, math.inf, True, "1")],
            *[("max_backoff", value) for value in (0, -1.0, math.nan, math.inf, True, "1")],
            *[("max_retry_after", value) for value in (-1.0, math.nan, math.inf, True, "1")],
            *[("budget", value) for value in (0, 0.5, -1.0, math.nan, math.inf, True, "1")],
        ],
    )
    def test_wrong_values_are_refused(self, name: str, value: object) -> None:
        """Whatever cannot be right is refused where it is written, by name."""
        with pytest.raises(InvalidArgument, match=f"RetryPolicy.{name}: "):
            RetryPolicy(**{name: value})

    @pytest.mark.parametrize("retry", [3, True, "5", RetryPolicy])
    def test_something_else_is_refused(self, retry: Any) -> None:
        """retry takes a RetryPolicy or None."""
        with pytest.raises(InvalidArgument, match="retry: expected a RetryPolicy"):
            client(Script(), retry=retry)
