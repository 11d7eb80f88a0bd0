"""The time that a call may take: nothing in it, waits and bodies included, goes on after the deadline."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import (
    AnswerLost,
    AttemptTimedOut,
    Brex,
    BrexError,
    CallError,
    DeadlineExceeded,
    InvalidArgument,
    RateLimit,
    RetryPolicy,
    ServerError,
)
from tests import virtual, wire
from tests.transport.scripted import (
    COMPANY,
    DELETE,
    GET,
    METHODS,
    POST,
    Answer,
    Cut,
    Drip,
    Hang,
    Method,
    Raise,
    Script,
    Step,
    client,
    play,
    runtime,
)

by_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
DRIPPING = Drip(200, b"x" * 60, pause=0.05)


class Slow:
    """A token source that takes its time."""

    client_id = "client_1"

    def __init__(self, *, access: float = 0.0, refused: float = 0.0, error: Exception | None = None) -> None:
        self._access = access
        self._refused = refused
        self._error = error

    def token_at_hand(self) -> str | None:
        return None

    async def access_token(self) -> str:
        await asyncio.sleep(self._access)
        if self._error is not None:
            raise self._error
        return "token"

    async def refused(self, token: str) -> bool:
        await asyncio.sleep(self._refused)
        return True


def ending(
    script: Script, ask: Callable[[Brex], Any] = GET.ask, credentials: Any = "bxt_token", **options: Any
) -> tuple[BaseException, float]:
    """How a call fails, and when."""

    async def main() -> tuple[BaseException, float]:
        async with client(script, credentials, **options) as brex:
            try:
                await ask(brex)
            except (BrexError, TimeoutError) as error:
                return error, asyncio.get_running_loop().time()
        message = "the call succeeded"
        raise AssertionError(message)

    return virtual.run(main())


def exceeded(*args: Any, **options: Any) -> tuple[DeadlineExceeded, float]:
    """How a call runs into its deadline, and when."""
    error, when = ending(*args, **options)
    assert isinstance(error, DeadlineExceeded), error
    return error, when


class TestTimeout:
    @by_method
    def test_a_dripping_body(self, method: Method) -> None:
        """A body that drips for 3 s ends with timeout=0.3 after 0.3 s, though none of httpx's own timeouts strikes."""
        script = Script(DRIPPING)
        error, when = ending(script, method.ask, timeout=0.3, retry=None)
        assert AttemptTimedOut is type(error)
        assert 0.3 == pytest.approx(when)

    def test_each_attempt(self) -> None:
        """Each attempt has that time, and each is cut off."""
        script = Script(*[DRIPPING] * 5)
        error, _ = ending(script, timeout=0.3)
        assert AttemptTimedOut is type(error)
        taken = [(sent.closed_at or math.inf) - sent.at for sent in script.sent]
        assert [0.3] * 5 == pytest.approx(taken)

    @pytest.mark.parametrize("step", [Hang(), Answer(200, COMPANY, after=9.0), Raise(httpx.ReadError(""), 9.0)])
    def test_a_silent_server(self, step: Step) -> None:
        """It covers the wait for the answer as well, and a late answer is asked for again."""
        script = Script(step, Answer(200, COMPANY, after=0.2))
        play(script, GET.ask, timeout=0.3)
        assert 0.3 == pytest.approx(script.sent[0].closed_at)

    def test_in_time(self) -> None:
        """What takes less is left alone, also if it drips."""
        body = wire.dumps(COMPANY)
        play(Script(Drip(200, body, pause=0.01)), GET.ask, timeout=0.01 * len(body) + 0.1, retry=None)

    def test_no_wait_counts(self) -> None:
        """Neither the turn at the limiter, nor the token, nor a back-off is part of an attempt."""
        script = Script(Answer(200, COMPANY), Answer(503, headers={"Retry-After": "5"}), Answer(200, COMPANY))

        async def main() -> None:
            limit = RateLimit(requests=1)
            async with client(script, Slow(access=5.0), account="acme", timeout=1.0, rate_limit=limit) as brex:
                await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert 3 == len(script.sent)

    @pytest.mark.parametrize(("timeout", "connect"), [(0.3, 0.3), (30.0, 10.0)])
    def test_steps_too(self, timeout: float, connect: float) -> None:
        """httpx's own timeouts are set besides: no step longer than the attempt, and a connection in 10 s."""
        script = Script(Answer(200, COMPANY))
        play(script, GET.ask, timeout=timeout)
        assert {"connect": connect, "read": timeout, "write": timeout, "pool": timeout} == script.sent[0].timeout


class TestDeadline:
    @by_method
    @pytest.mark.parametrize("step", [Hang(), Drip(200, b"x" * 999, pause=0.5), Answer(200, after=99.0)], ids=repr)
    def test_over_an_attempt(self, method: Method, step: Step) -> None:
        """An attempt under way is cut off at the deadline; it may have taken effect unless it only reads."""
        script = Script(step)
        error, when = exceeded(script, method.ask, timeout=30.0, deadline=5.0)
        assert 5.0 == pytest.approx(when)
        assert ("attempt", None, 1) == (error.cause, error.wait, error.attempts)
        assert (method is not GET) == error.maybe_applied
        assert script.sent[0].closed_at is not None

    def test_over_all_attempts(self) -> None:
        """Attempts that each end in time end together at the deadline."""
        script = Script(lambda _: Answer(503, after=1.0))
        error, when = exceeded(script, timeout=30.0, deadline=5.0, retry=RetryPolicy(attempts=99, max_backoff=0.1))
        assert 5.0 == pytest.approx(when)
        assert "attempt" == error.cause
        assert error.attempts == len(script.sent)
        assert 4 <= error.attempts <= 5

    def test_over_the_token(self) -> None:
        """Nor is a token waited for any longer; nothing was sent."""
        script = Script()
        error, when = exceeded(script, POST.ask, Slow(access=99.0), account="acme", deadline=5.0)
        assert 5.0 == pytest.approx(when)
        assert ("token", None, False, "acme") == (error.cause, error.wait, error.maybe_applied, error.account)

    def test_over_the_renewal_of_the_token(self) -> None:
        """Nor the renewal of a token that was refused."""
        script = Script(Answer(401, after=1.0))
        error, when = exceeded(script, GET.ask, Slow(refused=99.0), account="acme", deadline=5.0)
        assert 5.0 == pytest.approx(when)
        assert ("token", None) == (error.cause, error.wait)

    def test_the_slot_of_a_call_without_token_is_free(self) -> None:
        """A call that got no token in time gives its turn back."""
        script = Script(Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, "bxt_a", account="acme", rate_limit=RateLimit(requests=1)) as brex:
                slow = Slow(access=99.0)
                slow.client_id = None  # type: ignore[assignment]
                with pytest.raises(DeadlineExceeded):
                    await brex.for_account("acme", slow).with_options(deadline=2.0).company.get()
                await brex.company.get()

        virtual.run(main())
        assert [2.0] == pytest.approx(script.times)

    def test_over_a_wait_at_the_limiter_whose_end_nobody_knows(self) -> None:
        """A turn that does not come because others do not answer is waited for until the deadline."""
        script = Script(Hang(), one_by_one=False)

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1, seconds=1.0)) as brex:
                first = asyncio.create_task(brex.company.get())
                await asyncio.sleep(0)
                with pytest.raises(DeadlineExceeded) as caught:
                    await brex.with_options(deadline=5.0).company.get()
                assert 5.0 == pytest.approx(asyncio.get_running_loop().time())
                assert "rate limit" == caught.value.cause
                first.cancel()

        virtual.run(main())
        assert 1 == len(script.sent)

    def test_each_call_has_its_own(self) -> None:
        """The time of one call is not taken from the next."""
        script = Script(*[Answer(200, COMPANY, after=4.0)] * 3)

        async def main() -> None:
            async with client(script, deadline=5.0) as brex:
                for _ in range(3):
                    await brex.company.get()

        virtual.run(main())

    def test_a_view_can_have_another(self) -> None:
        """with_options gives a shorter one, and leaves its parent's alone."""
        script = Script(Hang(), Answer(200, COMPANY, after=20.0))

        async def main() -> None:
            async with client(script) as brex:
                with pytest.raises(DeadlineExceeded):
                    await brex.with_options(deadline=5.0).company.get()
                assert 5.0 == pytest.approx(asyncio.get_running_loop().time())
                await brex.company.get()

        virtual.run(main())

    def test_on_streams_it_is_for_each_page(self) -> None:
        """A stream may go on for ever: neither earlier pages nor the caller's work count."""
        pages = [wire.page([wire.record(n)], next_cursor=f"c{n}", has_next_page=True) for n in range(3)]
        script = Script(*[Answer(200, body, after=4.0) for body in (*pages, wire.page([wire.record(3)]))])

        async def main() -> list[str]:
            found = []
            async with client(script, deadline=5.0) as brex, brex.records.iter() as stream:
                async for record in stream:
                    await asyncio.sleep(100.0)
                    found.append(record.id)
            return found

        assert ["accr_0", "accr_1", "accr_2", "accr_3"] == virtual.run(main())

    def test_on_streams_a_page_runs_into_it(self) -> None:
        """A page that does not come in time ends the stream, with the checkpoint on the error."""
        script = Script(Answer(200, wire.page([wire.record(0)], next_cursor="c", has_next_page=True)), Hang())

        async def main() -> None:
            async with client(script, deadline=5.0) as brex, brex.records.iter(prefetch=0) as stream:
                assert "accr_0" == (await anext(stream)).id
                with pytest.raises(DeadlineExceeded) as caught:
                    await anext(stream)
                assert caught.value.checkpoint is not None

        virtual.run(main())


class TestKnownWaits:
    @by_method
    @pytest.mark.parametrize("status", [429, 503])
    def test_retry_after(self, method: Method, status: int) -> None:
        """A Retry-After beyond the deadline is raised at once, with the wait and what the last answer said."""
        script = Script(Answer(status, b"<html/>", headers={"Retry-After": "7", "X-Brex-Trace-Id": "t1"}, after=1.0))
        error, when = exceeded(script, method.ask, deadline=5.0, runtime=runtime(random=Random(0)))
        assert 1.0 == when
        assert error.wait is not None
        assert 7.0 <= error.wait <= 7.5
        assert ("back-off", status, "t1", 7.0, 1) == (
            error.cause,
            error.status_code,
            error.trace_id,
            error.retry_after,
            error.attempts,
        )
        assert (status == 503 and method is not GET) == error.maybe_applied
        assert b"<html/>" == error.content
        assert isinstance(error.__cause__, CallError)
        assert status == error.__cause__.status_code

    def test_an_error_code(self) -> None:
        """The error code of the last answer is kept as well."""
        body = {"error_code": "INTERNAL_ERROR", "message": "m"}
        error, _ = exceeded(Script(Answer(500, body, headers={"Retry-After": "7"})), POST.ask, deadline=5.0)
        assert "INTERNAL_ERROR" == error.error_code

    @by_method
    @pytest.mark.parametrize("step", [Answer(503), Cut(200, b"{"), Raise(httpx.ConnectError(""))], ids=repr)
    def test_back_off(self, method: Method, step: Step) -> None:
        """So is a back-off beyond it; the last attempt's error is the cause."""
        policy = RetryPolicy(backoff=1000.0, max_backoff=1000.0)
        error, when = exceeded(Script(step), method.ask, deadline=5.0, retry=policy)
        assert 0.0 == when
        assert error.wait is not None
        assert 5.0 < error.wait <= 1000.0
        assert "back-off" == error.cause
        assert (method is not GET and not isinstance(step, Raise)) == error.maybe_applied
        assert isinstance(error.__cause__, CallError)

    def test_limiter(self) -> None:
        """So is a turn at the limiter; nothing was sent, and no other call is kept waiting by this one."""
        script = Script(Answer(200, COMPANY), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1)) as brex:
                await brex.company.get()
                await asyncio.sleep(10.0)
                with pytest.raises(DeadlineExceeded) as caught:
                    await brex.with_options(deadline=49.9).webhooks.delete("wh_1")
                error = caught.value
                assert 10.0 == asyncio.get_running_loop().time()
                assert ("rate limit", False, None) == (error.cause, error.maybe_applied, error.status_code)
                assert 50.0 == pytest.approx(error.wait, abs=0.01)
                await brex.with_options(deadline=50.1).company.get()

        virtual.run(main())
        assert 60.0 == pytest.approx(script.times[1], abs=0.01)

    def test_limiter_after_an_attempt(self) -> None:
        """Where an attempt came first, what it answered and may have done is on the error."""
        script = Script(Answer(503, headers={"X-Brex-Trace-Id": "t1"}))
        error, when = exceeded(script, POST.ask, deadline=5.0, rate_limit=RateLimit(requests=1))
        assert when < 1.0
        assert "rate limit" == error.cause
        assert error.maybe_applied
        assert (503, "t1") == (error.status_code, error.trace_id)

    def test_a_wait_that_just_fits(self) -> None:
        """A wait that ends with the deadline is no wait that ends after it."""

        class Draws(Random):
            def random(self) -> float:
                return 1.0

        policy = RetryPolicy(backoff=5.0)
        script = Script(Answer(503), Answer(200, COMPANY, after=9.0))
        _, when = exceeded(script, deadline=5.0, retry=policy, runtime=runtime(random=Draws()))
        assert 5.0 == when
        _, when = exceeded(Script(Answer(503)), deadline=4.999, retry=policy, runtime=runtime(random=Draws()))
        assert 0.0 == when

    def test_costs_no_budget(self) -> None:
        """A retry that does not come about is not taken from the budget."""
        policy = RetryPolicy(budget=1)

        async def main() -> None:
            steps = [Answer(503, headers={"Retry-After": "9"})] * 3
            async with client(Script(*steps, Answer(503), Answer(200, COMPANY)), retry=policy) as brex:
                for _ in range(3):
                    with pytest.raises(DeadlineExceeded):
                        await brex.with_options(deadline=5.0).company.get()
                await brex.company.get()

        virtual.run(main())

    def test_no_attempts_left(self) -> None:
        """Where nothing would be waited for, the attempt's own error is raised."""
        error, _ = ending(Script(Answer(503, headers={"Retry-After": "9"})), deadline=5.0, retry=None)
        assert ServerError is type(error)


class TestMistakenIdentity:
    @pytest.mark.parametrize("error", [TimeoutError("inner"), httpx.ReadTimeout("inner")], ids=repr)
    @pytest.mark.parametrize("where", ["send", "body"])
    def test_a_timeout_of_the_transport(self, error: Exception, where: str) -> None:
        """A TimeoutError that the transport raises by itself is a failed attempt, not the deadline."""
        step = Raise(error, 1.0) if where == "send" else Cut(200, b"{", error=error, after=1.0)
        raised, when = ending(Script(step), deadline=5.0, retry=None)
        assert AttemptTimedOut is type(raised)
        assert 1.0 == when
        script = Script(step, Answer(200, COMPANY))
        play(script, GET.ask, deadline=5.0)
        assert 2 == len(script.sent)

    def test_a_timeout_of_a_token_source(self) -> None:
        """One that a token source raises is no word about the deadline either."""
        raised, when = ending(Script(), GET.ask, Slow(access=1.0, error=TimeoutError("inner")), account="acme")
        assert not isinstance(raised, DeadlineExceeded)
        assert 1.0 == when

    def test_a_timeout_around_the_call(self) -> None:
        """A timeout that the caller puts around a call is the caller's own TimeoutError."""
        script = Script(Hang())

        async def main() -> None:
            async with client(script) as brex:
                with pytest.raises(TimeoutError) as caught:
                    async with asyncio.timeout(1.0):
                        await brex.company.get()
                assert not isinstance(caught.value, BrexError)
                assert 1.0 == asyncio.get_running_loop().time()

        virtual.run(main())
        assert 1 == len(script.sent)

    @pytest.mark.parametrize(
        ("timeout", "deadline", "kind"),
        [(4.9, 5.0, AttemptTimedOut), (5.0, 5.0, DeadlineExceeded), (5.1, 5.0, DeadlineExceeded)],
    )
    def test_whichever_comes_first(self, timeout: float, deadline: float, kind: type[Exception]) -> None:
        """The error names the limit that struck; the deadline where both do."""
        error, when = ending(Script(Hang()), timeout=timeout, deadline=deadline, retry=None)
        assert kind is type(error)
        assert min(timeout, deadline) == pytest.approx(when)

    def test_both_are_timeouts(self) -> None:
        """A caller who never heard of this package catches TimeoutError."""
        assert issubclass(DeadlineExceeded, TimeoutError)
        assert issubclass(AttemptTimedOut, TimeoutError)
        assert not issubclass(AnswerLost, TimeoutError)


class TestTexts:
    def test_what_they_say(self) -> None:
        """The text tells where the time went, how long was allowed, and what to do."""
        error, _ = exceeded(Script(Hang()), deadline=5.0)
        assert (
            "GET /v2/company: took longer than its deadline of 5 s (in: attempt) (attempts 1). "
            "Give it more time with deadline=, or try again later."
        ) == str(error)
        error, _ = exceeded(Script(Answer(503, headers={"Retry-After": "60"})), DELETE.ask, deadline=5.0)
        assert str(error).startswith("DELETE /v1/webhooks/{id}: would have to wait 60")
        assert "(back-off), longer than its deadline of 5 s allows" in str(error)
        assert "may have taken effect" in str(error)

    @pytest.mark.parametrize("name", ["timeout", "deadline"])
    @pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, True, "5", [5]], ids=repr)
    def test_wrong_values_are_refused(self, name: str, value: Any) -> None:
        """Neither limit can be switched off or be nonsense, in the client or in a view."""
        with pytest.raises(InvalidArgument, match=f"{name}: expected a positive number of seconds"):
            client(Script(), **{name: value})
        with pytest.raises(InvalidArgument, match=f"{name}: expected a positive number of seconds"):
            client(Script()).with_options(**{name: value})


steps = st.one_of(
    st.builds(
        Answer,
        st.sampled_from([200, 429, 500, 503]),
        st.just(COMPANY),
        headers=st.sampled_from([{}, {"Retry-After": "1"}, {"Retry-After": "7"}, {"Retry-After": "300"}]),
        after=st.sampled_from([0.0, 0.1, 1.0, 5.0]),
    ),
    st.builds(Drip, st.just(200), st.just(b"x" * 50), pause=st.sampled_from([0.01, 0.1])),
    st.builds(Cut, st.just(200), st.just(b"{"), after=st.sampled_from([0.0, 0.5])),
    st.builds(Raise, st.sampled_from([httpx.ConnectError(""), httpx.ReadTimeout("")]), st.sampled_from([0.0, 2.0])),
    st.just(Hang()),
)


class TestNothingGoesOnAfterIt:
    @given(
        script=st.lists(steps, min_size=1, max_size=8),
        limits=st.fixed_dictionaries(
            {
                "deadline": st.sampled_from([0.1, 1.0, 3.3, 10.0, 61.0]),
                "timeout": st.sampled_from([0.05, 0.3, 2.0, 30.0]),
                "rate_limit": st.builds(RateLimit, requests=st.integers(1, 4)),
            }
        ),
        access=st.sampled_from([0.0, 0.2, 2.0]),
        seed=st.integers(0, 1000),
    )
    def test_any_course_of_events(self, script: list[Step], limits: dict[str, Any], access: float, seed: int) -> None:
        """However a call goes, it has ended when its deadline has come; a known wait ends it before."""
        played = Script(*script, *[Hang()] * 20)
        deadline, timeout = limits["deadline"], limits["timeout"]

        async def main() -> float:
            shared = runtime(random=Random(seed))
            raised: BaseException | None = None
            async with client(played, Slow(access=access), account="acme", runtime=shared, **limits) as brex:
                try:
                    await brex.company.get()
                except BrexError as error:
                    raised = error
                now = asyncio.get_running_loop().time()
            if isinstance(raised, DeadlineExceeded) and raised.wait is not None:
                assert now + raised.wait > deadline
            return now

        ended = virtual.run(main())
        assert ended <= deadline + 1e-6
        assert all(sent.closed_at is not None for sent in played.sent)
        assert all(sent.closed_at - sent.at <= timeout + 1e-6 for sent in played.sent if sent.closed_at is not None)
