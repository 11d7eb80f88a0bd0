"""The attempts of one call: what is tried again, and what is not."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from brex_accounting import (
    AnswerLost,
    AttemptTimedOut,
    BrexError,
    ConnectionFailed,
    RateLimit,
    RetryPolicy,
    StatusError,
    TokenSourceFailed,
    UnexpectedStatus,
)
from brex_accounting.transport.retry import is_retried
from tests import virtual
from tests.transport.scripted import (
    COMPANY,
    GET,
    INTEGRATION,
    POST,
    Answer,
    Cut,
    Extreme,
    Method,
    Raise,
    Script,
    Step,
    Tokens,
    by_method,
    client,
    lost,
    not_sent,
    play,
    runtime,
    too_late,
)

RETRIED = {408, 429, 500, 502, 503, 504, *range(520, 530)}


def broken(kind: type[Exception]) -> list[Step]:
    """The ways in which an error can come: in place of an answer, and after half of its body."""
    return [Raise(kind("boom")), Cut(200, b'{"id": ', error=kind("boom"))]


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
