"""The retry budget of an account, as its calls use it up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from brex_accounting import Brex, NotFound, RetryPolicy, ServerError
from tests import virtual
from tests.transport.scripted import COMPANY, GET, Answer, Method, Script, Step, by_method, client, runtime


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
