"""The attempts of one call: what is tried again and what is not, under which key, and after which wait."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import inspect
import math
from collections import Counter
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
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
    ConnectionFailed,
    DeadlineExceeded,
    Event,
    ExportSuccess,
    InvalidArgument,
    NotFound,
    RateLimit,
    RateLimited,
    RetryPolicy,
    ServerError,
    StatusError,
    TokenSourceFailed,
    Unauthorized,
    UnexpectedStatus,
    Waiting,
)
from brex_accounting.transport.retry import is_retried
from brex_accounting.transport.retry_after import retry_after
from tests import virtual
from tests.transport.scripted import (
    COMPANY,
    GET,
    INTEGRATION,
    METHODS,
    POST,
    Answer,
    Cut,
    Hang,
    Method,
    Raise,
    Script,
    Step,
    client,
    play,
    runtime,
)

RETRIED = {408, 429, 500, 502, 503, 504, *range(520, 530)}

not_sent = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError]
too_late = [httpx.ReadTimeout, httpx.WriteTimeout, TimeoutError]
lost = [httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError, ConnectionResetError]

by_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


def broken(kind: type[Exception]) -> list[Step]:
    """The ways in which an error can come: in place of an answer, and after half of its body."""
    return [Raise(kind("boom")), Cut(200, b'{"id": ', error=kind("boom"))]


class Tokens:
    """A token source with a list of tokens, of which each refusal uses one up."""

    client_id = "client_1"

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.refusals: list[str] = []

    def token_at_hand(self) -> str | None:
        return None

    async def access_token(self) -> str:
        return self.tokens[0]

    async def refused(self, token: str) -> bool:
        self.refusals.append(token)
        if self.tokens[0] == token and len(self.tokens) > 1:
            del self.tokens[0]
        return self.tokens[0] != token


class Extreme(Random):
    """Draws nothing but one number."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn


class TestStatuses:
    @by_method
    def test_which_are_tried_again(self, method: Method) -> None:
        """Of all 4xx and 5xx, 408, 429, 500, 502, 503, 504 and 52x are tried again, with any method, and no other."""
        asked: Counter[int] = Counter()

        async def main() -> None:
            status = 0

            def answer(_: httpx.Request) -> Step:
                asked[status] += 1
                return Answer(status)

            policy = RetryPolicy(attempts=2, budget=1000)
            async with client(Script(answer), retry=policy, rate_limit=None) as brex:
                for status in range(400, 600):
                    with pytest.raises(StatusError) as caught:
                        await method.ask(brex)
                    assert status == caught.value.status_code
                    assert asked[status] == caught.value.attempts

        virtual.run(main())
        assert {status: 1 + (status in RETRIED) for status in range(400, 600)} == asked

    @by_method
    def test_each_one_can_end_well(self, method: Method) -> None:
        """A call whose last attempt succeeds is a success."""
        script = Script(*[Answer(status) for status in sorted(RETRIED)], Answer(200, method.answer))
        play(script, method.ask, retry=RetryPolicy(attempts=17))
        assert 17 == len(script.sent)

    @by_method
    @pytest.mark.parametrize("status", [409, 422])
    def test_refusals_of_a_later_attempt(self, method: Method, status: int) -> None:
        """409 and 422 end a call also where they answer a retry."""
        script = Script(Answer(503), Answer(status))
        with pytest.raises(StatusError) as caught:
            play(script, method.ask)
        assert (status, 2) == (caught.value.status_code, len(script.sent))

    def test_no_other_number(self) -> None:
        """No number outside the list is worth another attempt, whatever a gateway may come up with."""
        assert RETRIED == {status for status in range(1000) if is_retried(status)}


class TestRedirects:
    @by_method
    @pytest.mark.parametrize(
        "location",
        ["https://evil.example.com/", "http://[bad", "https://x:port/", "\x00", "//", "?cursor=secret"],
    )
    def test_are_answers(self, method: Method, location: str) -> None:
        """A redirect is an answer like any other, wherever it points and however malformed that is."""
        script = Script(Answer(302, headers={"Location": location}))
        with pytest.raises(UnexpectedStatus) as caught:
            play(script, method.ask)
        assert (302, 1) == (caught.value.status_code, len(script.sent))
        assert location not in str(caught.value)

    @by_method
    @pytest.mark.parametrize("headers", [{}, {"Location": "/elsewhere"}], ids=["bare", "located"])
    def test_none_is_followed_or_tried_again(self, method: Method, headers: dict[str, str]) -> None:
        """Every 3xx is an UnexpectedStatus after one request, with or without a Location."""
        for status in (300, 301, 302, 303, 304, 305, 307, 308, 399):
            script = Script(Answer(status, headers=headers))
            with pytest.raises(UnexpectedStatus) as caught:
                play(script, method.ask)
            assert (status, 1) == (caught.value.status_code, len(script.sent))

    def test_two_locations(self) -> None:
        """A redirect that names two places is one answer too."""
        script = Script(Answer(302, headers=[("Location", "/a"), ("Location", "/b")]))
        with pytest.raises(UnexpectedStatus):
            play(script, GET.ask)


class TestBrokenConnections:
    @by_method
    @pytest.mark.parametrize("kind", not_sent)
    def test_not_sent(self, method: Method, kind: type[Exception]) -> None:
        """A request that never left is tried again with any method, and leaves no doubt."""
        script = Script(Raise(kind("boom")), Answer(200, method.answer))
        play(script, method.ask)
        assert 2 == len(script.sent)
        script = Script(*[Raise(kind("boom"))] * 5)
        with pytest.raises(ConnectionFailed) as caught:
            play(script, method.ask)
        assert (5, 5, False) == (len(script.sent), caught.value.attempts, caught.value.maybe_applied)

    @by_method
    @pytest.mark.parametrize("kind", lost)
    @pytest.mark.parametrize("where", [0, 1], ids=["before the answer", "in the body"])
    def test_answer_lost(self, method: Method, kind: type[Exception], where: int) -> None:
        """An answer that is lost or cut off is asked for again; in the end the loss is raised."""
        step = broken(kind)[where]
        script = Script(step, Answer(200, method.answer))
        play(script, method.ask)
        assert 2 == len(script.sent)
        script = Script(*[step] * 5)
        with pytest.raises(AnswerLost) as caught:
            play(script, method.ask)
        assert (5, 5) == (len(script.sent), caught.value.attempts)
        assert (method is not GET) == caught.value.maybe_applied

    @by_method
    @pytest.mark.parametrize("kind", too_late)
    @pytest.mark.parametrize("where", [0, 1], ids=["before the answer", "in the body"])
    def test_too_late(self, method: Method, kind: type[Exception], where: int) -> None:
        """So is one that comes too late, in place of which httpx gives up."""
        step = broken(kind)[where]
        script = Script(step, Answer(200, method.answer))
        play(script, method.ask)
        assert 2 == len(script.sent)
        with pytest.raises(AttemptTimedOut) as caught:
            play(Script(*[step] * 5), method.ask)
        assert (method is not GET) == caught.value.maybe_applied

    @by_method
    @pytest.mark.parametrize("status", [200, 503])
    def test_a_cut_body_is_asked_for_again(self, method: Method, status: int) -> None:
        """Half an answer is none."""
        script = Script(Cut(status, b'{"error_code": "CONF'), Answer(200, method.answer))
        play(script, method.ask)
        assert 2 == len(script.sent)

    def test_no_error_of_httpx_leaves(self) -> None:
        """Nothing of httpx hangs on the error: neither as its cause nor as its context, where the request would be."""
        for kind in (*not_sent, *lost, *too_late):
            with pytest.raises(BrexError) as caught:
                play(Script(Raise(kind("boom"))), GET.ask, retry=None)
            error: BaseException | None = caught.value
            while error is not None:
                assert type(error).__module__.startswith("brex_accounting")
                error = error.__cause__ or error.__context__


Calls = dict[str, Callable[..., Coroutine[Any, Any, Any]]]

WRITES: Calls = {
    "integrations.create": lambda brex, **key: brex.integrations.create(vendor="a", vendor_account_id="b", **key),
    "integrations.ensure": lambda brex, **key: brex.integrations.ensure(vendor="a", vendor_account_id="b", **key),
    "integrations.disconnect": lambda brex, **key: brex.integrations.disconnect("int_1", **key),
    "integrations.reactivate": lambda brex, **key: brex.integrations.reactivate("int_1", **key),
    "records.report": lambda brex, **key: brex.records.report([ExportSuccess("accr_1")], **key),
    "expenses.update": lambda brex, **key: brex.expenses.update("expense_1", memo="m", **key),
    "webhooks.subscribe": lambda brex, **key: brex.webhooks.subscribe(url="u", event_types=["E"], **key),
    "webhooks.update": lambda brex, **key: brex.webhooks.update("w", url="u", event_types=["E"], status="S", **key),
}
OTHERS: Calls = {
    "company.get": lambda brex: brex.company.get(),
    "records.get": lambda brex: brex.records.get("accr_1"),
    "records.query": lambda brex: brex.records.query(),
    "expenses.get": lambda brex: brex.expenses.get("expense_1"),
    "expenses.query": lambda brex: brex.expenses.query(),
    "webhooks.get": lambda brex: brex.webhooks.get("wh_1"),
    "webhooks.delete": lambda brex: brex.webhooks.delete("wh_1"),
}
UNSENDABLE = ["", " ", " a", "a ", "a\nb", "a\r\nX-Evil: 1", "schlüssel", "\x00", "x" * 256, 5, b"key", ["a"]]


class TestIdempotencyKeys:
    @pytest.mark.parametrize("name", WRITES)
    def test_one_key_through_all_attempts(self, name: str) -> None:
        """A call by POST or PUT sends one key of its own with each attempt, and the same body."""
        script = Script(Answer(503), Raise(httpx.ReadTimeout("")), Cut(200, b"{"), Raise(httpx.ConnectError("")))
        with pytest.raises(ConnectionFailed):
            play(script, WRITES[name], retry=RetryPolicy(attempts=4))
        assert {script.sent[0].method} <= {"POST", "PUT"}
        assert 1 == len({(sent.method, sent.url, sent.content) for sent in script.sent})
        keys = {sent.key for sent in script.sent}
        assert 1 == len(keys)
        assert all(keys)

    @pytest.mark.parametrize("name", WRITES)
    def test_a_key_for_each_call(self, name: str) -> None:
        """Two calls have two keys, even if everything else about them is the same."""
        script = Script(*[Answer(400)] * 2)

        async def main() -> None:
            async with client(script) as brex:
                for _ in range(2):
                    with pytest.raises(StatusError):
                        await WRITES[name](brex)

        virtual.run(main())
        assert 2 == len({sent.key for sent in script.sent})

    def test_keys_come_from_the_runtime(self) -> None:
        """Who injects randomness injects keys; the jitter's source is never asked for one."""
        for seed in (0, 0):
            script = Script(Answer(503), Answer(200, INTEGRATION))
            play(script, POST.ask, runtime=runtime(idempotency_key=lambda: "made-here", random=Random(seed)))
            assert ["made-here"] * 2 == [sent.key for sent in script.sent]
        drawn = set()
        for _ in range(3):
            script = Script(Answer(200, INTEGRATION))
            play(script, POST.ask, runtime=runtime(random=Random(0)))
            drawn.add(script.sent[0].key)
        assert 3 == len(drawn)

    @pytest.mark.parametrize("name", WRITES)
    @pytest.mark.parametrize("key", ["acme-2026-11-20-7", "a b", "~!\"#'", "k" * 238])
    def test_the_callers_key_is_sent_as_it_is(self, name: str, key: str) -> None:
        """A key that the caller passed goes out unchanged with each attempt."""
        script = Script(Answer(500), Answer(400))
        with pytest.raises(StatusError):
            play(script, lambda brex: WRITES[name](brex, idempotency_key=key))
        assert [key, key] == [sent.key for sent in script.sent]

    @pytest.mark.parametrize("name", WRITES)
    def test_keys_that_cannot_be_sent_are_refused(self, name: str) -> None:
        """A key that no header field can hold is refused by name before anything is sent, and not repeated."""

        async def main() -> None:
            async with client(Script()) as brex:
                for key in UNSENDABLE:
                    with pytest.raises(InvalidArgument, match="idempotency_key") as caught:
                        await WRITES[name](brex, idempotency_key=key)
                    assert not isinstance(key, str) or len(key.strip()) < 2 or key not in str(caught.value)

        virtual.run(main())

    @pytest.mark.parametrize("name", [name for name in WRITES if name != "records.report"])
    def test_the_longest_key(self, name: str) -> None:
        """255 characters are sent."""
        script = Script(Answer(400))
        with pytest.raises(StatusError):
            play(script, lambda brex: WRITES[name](brex, idempotency_key="k" * 255))
        assert "k" * 255 == script.sent[0].key

    @pytest.mark.parametrize("name", OTHERS)
    def test_no_key_on_reads_and_deletes(self, name: str) -> None:
        """GET and DELETE send none."""
        script = Script(Answer(503), Answer(400))
        with pytest.raises(StatusError):
            play(script, OTHERS[name])
        assert script.sent[0].method in ("GET", "DELETE")
        assert [None, None] == [sent.key for sent in script.sent]

    def test_the_argument_is_nowhere_else(self) -> None:
        """Each public call that sends a POST or PUT takes idempotency_key, and no other does."""
        brex = client(Script())
        resources = ("integrations", "records", "expenses", "webhooks", "company")
        taking = {
            f"{resource}.{name}"
            for resource in resources
            for name, call in inspect.getmembers(getattr(brex, resource), callable)
            if not name.startswith("_") and "idempotency_key" in inspect.signature(call).parameters
        }
        assert set(WRITES) == taking


class TestProgrammingErrors:
    @by_method
    @pytest.mark.parametrize("kind", [TypeError, ValueError, KeyError, AssertionError, RuntimeError, AttributeError])
    @pytest.mark.parametrize("where", [0, 1], ids=["before the answer", "in the body"])
    def test_pass_untouched(self, method: Method, kind: type[Exception], where: int) -> None:
        """An error of programming in what carries the request is never tried again, and is the very same object."""
        step = broken(kind)[where]
        error = step.error  # type: ignore[union-attr]
        script = Script(step)
        with pytest.raises(kind) as caught:
            play(script, method.ask)
        assert error is caught.value
        assert 1 == len(script.sent)
        assert script.sent[0].closed_at is not None

    def test_a_token_source_that_breaks(self) -> None:
        """One in a caller's token source is wrapped, as its cause; nothing is sent, and its slot is free at once."""

        class Broken(Tokens):
            async def access_token(self) -> str:
                if not self.tokens:
                    message = "boom"
                    raise ValueError(message)
                return await super().access_token()

        source = Broken()
        script = Script(Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, source, account="acme", rate_limit=RateLimit(requests=1)) as brex:
                with pytest.raises(TokenSourceFailed, match="raised ValueError") as caught:
                    await brex.company.get()
                assert ("GET /v2/company", "acme") == (caught.value.operation, caught.value.account)
                assert "boom" == str(caught.value.__cause__)
                assert "boom" not in str(caught.value)
                source.tokens = ["a"]
                await brex.company.get()

        virtual.run(main())
        assert [0.0] == script.times


class TestCancellation:
    @by_method
    @pytest.mark.parametrize("step", [Hang(), Answer(200, b"{", after=5.0), Cut(503, b"x")], ids=repr)
    def test_passes_untouched(self, method: Method, step: Step) -> None:
        """A call that is cancelled, in the send, the body or the back-off, ends as cancelled and tries nothing more."""
        script = Script(step)

        async def main() -> None:
            async with client(script, retry=RetryPolicy(backoff=50.0, max_backoff=50.0)) as brex:
                task = asyncio.create_task(method.ask(brex))
                await asyncio.sleep(1.0)
                task.cancel("enough")
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
                assert asyncio.CancelledError is type(caught.value)
                assert ("enough",) == caught.value.args
                assert 1.0 == asyncio.get_running_loop().time()

        virtual.run(main())
        assert 1 == len(script.sent)
        assert script.sent[0].closed_at is not None

    def test_one_raised_in_the_transport_passes(self) -> None:
        """A CancelledError that nobody asked for is not mistaken for a failed attempt."""
        script = Script(Raise(asyncio.CancelledError("inner")))
        with pytest.raises(asyncio.CancelledError, match="inner"):
            play(script, GET.ask)
        assert 1 == len(script.sent)

    def test_the_slot_cools(self) -> None:
        """A request that was cancelled on its way counts at Brex, so its slot is held for a window after it."""
        script = Script(Hang(), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1, seconds=60.0)) as brex:
                task = asyncio.create_task(brex.company.get())
                await asyncio.sleep(7.0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await brex.company.get()

        virtual.run(main())
        assert 67.0 <= script.times[1] <= 67.01

    def test_a_wait_for_the_limiter_leaves_no_slot_behind(self) -> None:
        """A call that is cancelled before its turn gives the turn to the next one."""
        script = Script(*[Answer(200, COMPANY)] * 2)

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1)) as brex:
                await brex.company.get()
                waiting = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1.0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await brex.company.get()

        virtual.run(main())
        assert 2 == len(script.sent)
        assert 60.0 <= script.times[1] <= 60.01


class TestSlots:
    @pytest.mark.parametrize("kind", not_sent)
    def test_free_at_once_if_not_sent(self, kind: type[Exception]) -> None:
        """A request that never left does not use the limit up."""
        script = Script(Raise(kind("")), Answer(200, COMPANY))
        play(script, GET.ask, rate_limit=RateLimit(requests=1))
        assert script.times[1] < 1.0

    @pytest.mark.parametrize("kind", [*lost, *too_late])
    def test_cool_if_perhaps_sent(self, kind: type[Exception]) -> None:
        """One that may have arrived does."""
        script = Script(Raise(kind(""), 3.0), Answer(200, COMPANY))
        play(script, GET.ask, rate_limit=RateLimit(requests=1))
        assert 63.0 <= script.times[1] <= 63.01

    def test_a_429_holds_back_everybody(self) -> None:
        """While Brex wants to hear nothing, no call of the account is sent."""
        script = Script(Answer(429, headers={"Retry-After": "30"}), *[Answer(200, COMPANY)] * 2)

        async def main() -> None:
            async with client(script) as brex:
                first = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1.0)
                await asyncio.gather(first, brex.company.get())

        virtual.run(main())
        assert script.times[1] >= 30.0
        assert script.times[2] >= 30.0

    def test_a_429_holds_nobody_back_for_good(self) -> None:
        """What one answer asks for is over after max_retry_after at the latest."""
        script = Script(Answer(429, headers={"Retry-After": "999999999"}), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, retry=RetryPolicy(max_retry_after=30.0)) as brex:
                with pytest.raises(RateLimited):
                    await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert 30.0 == pytest.approx(script.times[1], abs=0.01)

    def test_without_a_limiter(self) -> None:
        """rate_limit=None asks as fast as the caller does."""
        script = Script(*[Answer(200, COMPANY)] * 3)

        async def main() -> None:
            async with client(script, rate_limit=None) as brex:
                for _ in range(3):
                    await brex.company.get()

        virtual.run(main())
        assert [0.0] * 3 == script.times


class TestPlaces:
    def test_a_hundred_at_once(self) -> None:
        """A hundred requests are under way at most; the next one is sent when one of them is over."""
        script = Script(lambda _: Answer(200, COMPANY, after=1.0), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                await asyncio.gather(*[brex.company.get() for _ in range(250)])

        virtual.run(main())
        assert {0.0: 100, 1.0: 100, 2.0: 50} == Counter(script.times)

    @by_method
    def test_a_request_that_waited_in_vain_was_not_sent(self, method: Method) -> None:
        """One that found no place before its deadline has done nothing; the wait is no part of an attempt."""
        script = Script(lambda _: Hang(), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                hanging = [asyncio.create_task(brex.company.get()) for _ in range(100)]
                await asyncio.sleep(1.0)
                with pytest.raises(DeadlineExceeded) as caught:
                    await method.ask(brex.with_options(timeout=1.0, deadline=2.0))
                assert 3.0 == asyncio.get_running_loop().time()
                assert ("connection", 0, False) == (
                    caught.value.cause,
                    caught.value.attempts,
                    caught.value.maybe_applied,
                )
                for task in hanging:
                    task.cancel()
                await asyncio.gather(*hanging, return_exceptions=True)

        virtual.run(main())
        assert 100 == len(script.sent)

    def test_cancelled_calls_give_theirs_back(self) -> None:
        """Neither a request that is cancelled nor one that waits for its place takes a place with it."""
        ahead = [Hang()] * 100
        script = Script(lambda _: ahead.pop() if ahead else Answer(200, COMPANY), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                tasks = [asyncio.create_task(brex.company.get()) for _ in range(150)]
                await asyncio.sleep(1.0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*[brex.company.get() for _ in range(100)])

        virtual.run(main())
        assert {0.0: 100, 1.0: 100} == Counter(script.times)


class TestResponses:
    @by_method
    @pytest.mark.parametrize(
        "step", [Answer(503, b"x" * 10), Cut(200, b"{"), Cut(503, b"<"), Answer(429, headers={"Retry-After": "9"})]
    )
    def test_closed_before_the_back_off(self, method: Method, step: Step) -> None:
        """An answer that is not the last one is closed before the wait begins, not after it."""
        script = Script(step, Answer(200, method.answer))
        play(script, method.ask, runtime=runtime(random=Extreme(0.5)))
        assert 0.0 == script.sent[0].closed_at
        assert script.times[1] >= 0.25

    def test_each_is_closed(self) -> None:
        """Whatever comes of a call, each of its answers is closed when it is over."""
        script = Script(Answer(503), Answer(200, b"<"), one_by_one=False)
        with pytest.raises(BrexError):
            play(script, GET.ask)
        assert all(sent.closed_at is not None for sent in script.sent)


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


async def failures_until_empty(brex: Brex, ask: Callable[[Brex], Any] = GET.ask) -> list[int]:
    """Call until a call says that the budget is empty; how often each was tried."""
    tried: list[int] = []
    for _ in range(20):
        with pytest.raises(ServerError) as caught:
            await ask(brex)
        tried.append(caught.value.attempts)
        if caught.value.budget_empty:
            return tried
    message = f"the budget is never empty: {tried}"
    raise AssertionError(message)


class TestRetryBudget:
    policy = RetryPolicy(attempts=3, budget=5, backoff=1e-6, max_backoff=1e-6)

    @by_method
    def test_empty(self, method: Method) -> None:
        """An empty budget raises the last error, which says so; calls themselves go on."""

        async def main() -> None:
            script = Script(lambda _: Answer(503))
            async with client(script, retry=self.policy) as brex:
                assert [3, 3, 2] == await failures_until_empty(brex, method.ask)
                with pytest.raises(ServerError) as caught:
                    await method.ask(brex)
                error = caught.value
                assert (True, 503, 1) == (error.budget_empty, error.status_code, error.attempts)
                assert "retry budget is used up" in str(error)

        virtual.run(main())

    def test_an_empty_one_does_not_wait(self) -> None:
        """A call that may not be tried again ends at once."""

        async def main() -> None:
            script = Script(lambda _: Answer(503, headers={"Retry-After": "100"}))
            policy = RetryPolicy(attempts=2, budget=1)
            async with client(script, retry=policy, rate_limit=None) as brex:
                await asyncio.gather(*[brex.company.get() for _ in range(2)], return_exceptions=True)
                before = asyncio.get_running_loop().time()
                # 100 s have given one retry back; both want it.
                first = asyncio.create_task(brex.company.get())
                await asyncio.sleep(0.1)
                with pytest.raises(ServerError) as caught:
                    await brex.company.get()
                assert caught.value.budget_empty
                assert before + 0.1 == asyncio.get_running_loop().time()
                first.cancel()

        virtual.run(main())

    def test_the_last_attempt_is_not_starved(self) -> None:
        """A call whose attempts are used up does not blame the budget."""

        async def main() -> None:
            script = Script(lambda _: Answer(503))
            async with client(script, retry=self.policy) as brex:
                await failures_until_empty(brex)
                with pytest.raises(ServerError) as caught:
                    await brex.with_options(retry=None).company.get()
                assert not caught.value.budget_empty

        virtual.run(main())

    def test_other_accounts_have_their_own(self) -> None:
        """What one account uses up no other misses, on the same connections."""

        async def main() -> None:
            failing = {"Bearer bxt_acme"}

            def answer(request: httpx.Request) -> Step:
                return Answer(503) if request.headers["Authorization"] in failing else Answer(200, COMPANY)

            script = Script(answer)
            async with client(script, "bxt_acme", account="acme", retry=self.policy) as acme:
                globex = acme.for_account("globex", "bxt_globex")
                await failures_until_empty(acme)
                failing.add("Bearer bxt_globex")
                assert [3, 3, 2] == await failures_until_empty(globex)

        virtual.run(main())

    def test_one_account_has_one(self) -> None:
        """Clients and views of one account in one runtime draw on the same budget."""

        async def main() -> None:
            script = Script(lambda _: Answer(503))
            shared = runtime()
            async with client(script, "bxt_a", account="acme", retry=self.policy, runtime=shared) as one:
                await failures_until_empty(one)
                for other in (one.with_options(timeout=5.0), one.for_account("acme", "bxt_a")):
                    assert [1] == await failures_until_empty(other)
                async with client(script, "bxt_a", account="acme", retry=self.policy, runtime=shared) as two:
                    assert [1] == await failures_until_empty(two)
                async with client(script, "bxt_a", account="acme", retry=self.policy) as elsewhere:
                    assert [3, 3, 2] == await failures_until_empty(elsewhere)

        virtual.run(main())

    def test_time_refills(self) -> None:
        """A second gives back a retry."""

        async def main() -> None:
            script = Script(lambda _: Answer(503))
            async with client(script, retry=self.policy) as brex:
                await failures_until_empty(brex)
                await asyncio.sleep(1.0)
                assert [2] == await failures_until_empty(brex)
                await asyncio.sleep(1000.0)
                assert [3, 3, 2] == await failures_until_empty(brex)

        virtual.run(main())

    def test_successes_refill(self) -> None:
        """Every fifth success gives back a retry, and no refusal does."""

        async def main() -> None:
            ahead = [200, 200, 200, 200, 404, 404, 404]
            script = Script(lambda _: Answer(ahead.pop(0), COMPANY) if ahead else Answer(503))
            async with client(script, retry=self.policy) as brex:
                spent, ahead = ahead, []
                await failures_until_empty(brex)
                ahead = spent
                while ahead:
                    with contextlib.suppress(NotFound):
                        await brex.company.get()
                assert [1] == await failures_until_empty(brex)
                ahead.append(200)
                await brex.company.get()
                assert [2] == await failures_until_empty(brex)

        virtual.run(main())


class TestUnauthorized:
    @by_method
    def test_a_new_token_is_tried(self, method: Method) -> None:
        """A 401 is followed by one more attempt if the source has another token, at once and with that token."""
        tokens = Tokens("old", "new")
        script = Script(Answer(401), Answer(200, method.answer))
        play(script, method.ask, tokens, account="acme")
        assert ["old", "new"] == [sent.token for sent in script.sent]
        assert ["old"] == tokens.refusals
        assert [0.0, 0.0] == script.times
        assert 1 == len({sent.key for sent in script.sent})

    @by_method
    def test_only_once(self, method: Method) -> None:
        """A second 401 of the same call is raised, whatever more the source could give."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(401), Answer(401))
        with pytest.raises(Unauthorized) as caught:
            play(script, method.ask, tokens, account="acme")
        assert (["a", "b"], ["a"], 2) == ([sent.token for sent in script.sent], tokens.refusals, caught.value.attempts)

    def test_only_once_however_many_attempts_lie_between(self) -> None:
        """Also if other failures came in between."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(503), Answer(401), Answer(503), Answer(401))
        with pytest.raises(Unauthorized):
            play(script, GET.ask, tokens, account="acme")
        assert ["a", "a", "b", "b"] == [sent.token for sent in script.sent]

    def test_no_other_token(self) -> None:
        """Without another token the 401 is raised at once."""
        tokens = Tokens("a")
        script = Script(Answer(401))
        with pytest.raises(Unauthorized) as caught:
            play(script, GET.ask, tokens, account="acme")
        assert (["a"], 1) == (tokens.refusals, caught.value.attempts)

    def test_user_tokens(self) -> None:
        """A user token is never renewed, so one 401 is the answer."""
        script = Script(Answer(401))
        with pytest.raises(Unauthorized, match="Check the token") as caught:
            play(script, GET.ask)
        assert 1 == caught.value.attempts

    def test_without_retries(self) -> None:
        """A renewed token is no retry: it needs no policy and no budget."""
        script = Script(Answer(401), Answer(200, COMPANY))
        play(script, GET.ask, Tokens("a", "b"), account="acme", retry=None)
        assert 2 == len(script.sent)

    def test_each_call_anew(self) -> None:
        """The next call may renew again."""
        tokens = Tokens("a", "b", "c")
        script = Script(Answer(401), Answer(200, COMPANY), Answer(401), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, tokens, account="acme") as brex:
                await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert ["a", "b", "b", "c"] == [sent.token for sent in script.sent]

    def test_a_token_at_hand_is_not_waited_for(self) -> None:
        """A source that has a token at hand is asked for no other, and told of its refusal all the same."""

        class AtHand(Tokens):
            def token_at_hand(self) -> str | None:
                return self.tokens[0]

            async def access_token(self) -> str:
                raise NotImplementedError

        script = Script(Answer(401), Answer(200, COMPANY))
        play(script, GET.ask, AtHand("a", "b"), account="acme")
        assert ["a", "b"] == [sent.token for sent in script.sent]

    def test_the_token_is_asked_for_each_attempt(self) -> None:
        """A token that was renewed during a back-off is the one that the next attempt sends."""
        tokens = Tokens("a")
        script = Script(Answer(503), Answer(200, COMPANY))

        def renew(event: Event) -> None:
            if isinstance(event, Waiting):
                tokens.tokens = ["b"]

        play(script, GET.ask, tokens, account="acme", on_event=renew)
        assert ["a", "b"] == [sent.token for sent in script.sent]


class TestKnownDefectsOfOtherClients:
    def test_a_post_is_repeated_under_its_key(self) -> None:
        """A POST that timed out is repeated with the same Idempotency-Key; openai repeats it without one."""
        script = Script(Raise(httpx.ReadTimeout("")), Answer(200, INTEGRATION))
        play(script, POST.ask)
        assert script.sent[0].key is not None
        assert script.sent[0].key == script.sent[1].key

    def test_a_type_error_is_not_repeated(self) -> None:
        """A TypeError is raised after one attempt; openai repeats it."""
        script = Script(Raise(TypeError("bug")))
        with pytest.raises(TypeError, match="bug"):
            play(script, GET.ask)
        assert 1 == len(script.sent)

    def test_retries_happen(self) -> None:
        """A 503 is tried again; Merge's retries never happen."""
        script = Script(Answer(503), Answer(200, COMPANY))
        play(script, GET.ask)
        assert 2 == len(script.sent)

    def test_a_429_is_tried_again(self) -> None:
        """A 429 is waited out and tried again; Stripe raises it."""
        script = Script(Answer(429, headers={"Retry-After": "2"}), Answer(200, COMPANY))
        play(script, GET.ask)
        assert script.times[1] >= 2.0
