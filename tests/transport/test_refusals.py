"""What a 401 costs where a new token does not help."""

from __future__ import annotations

import asyncio

import pytest

from brex_accounting import Brex, Unauthorized
from brex_accounting.transport.refusals import Refusals
from tests import virtual
from tests.transport.scripted import COMPANY, Answer, Script, client


class Rotating:
    """A token source that has another token whenever one is refused."""

    client_id = "client_1"

    def __init__(self) -> None:
        self.issued = 1

    def token_at_hand(self) -> str | None:
        return f"token_{self.issued}"

    async def access_token(self) -> str:
        return f"token_{self.issued}"

    async def refused(self, token: str) -> bool:
        if token == f"token_{self.issued}":
            self.issued += 1
        return True


async def refused(brex: Brex) -> None:
    with pytest.raises(Unauthorized):
        await brex.company.get()


class TestMissingPermission:
    def test_one_refresh_and_then_pauses(self) -> None:
        """An operation that is always answered 401 costs a refresh at growing intervals, not with every call."""
        source = Rotating()
        costs: list[int] = []

        async def main() -> None:
            async with client(Script(lambda _: Answer(401)), source, account="acme") as brex:
                for _ in range(240):
                    before = source.issued
                    await refused(brex)
                    costs.append(source.issued - before)
                    await asyncio.sleep(5)

        virtual.run(main())
        spent = [index * 5 for index, cost in enumerate(costs) if cost]
        assert 1 == max(costs)
        assert [0, 5, 10, 15, 25, 45, 80, 145, 275, 535, 835, 1135] == spent

    def test_calls_at_once(self) -> None:
        """Fifty calls at once that are all refused twice are one finding."""
        source = Rotating()

        async def main() -> None:
            script = Script(lambda _: Answer(401), one_by_one=False)
            async with client(script, source, account="acme") as brex:
                await asyncio.gather(*(refused(brex) for _ in range(50)))
                await asyncio.sleep(0.9)
                await refused(brex)
                assert 2 == source.issued
                await asyncio.sleep(0.2)
                await refused(brex)
                assert 3 == source.issued

        virtual.run(main())

    def test_an_answer_ends_it(self) -> None:
        """As soon as the operation is answered otherwise, the next 401 is worth a refresh at once."""
        source = Rotating()
        answers = [Answer(401), Answer(401), Answer(200, COMPANY), Answer(401), Answer(200, COMPANY)]

        async def main() -> None:
            async with client(Script(*answers), source, account="acme") as brex:
                await refused(brex)
                await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert 3 == source.issued

    def test_a_token_that_was_replaced(self) -> None:
        """A token that somebody has replaced meanwhile is no reason to give up: the new one is tried."""
        source = Rotating()
        script = Script(Answer(401), Answer(401), Answer(401, after=2.0), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, source, account="acme") as brex:
                await refused(brex)
                late = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1)
                source.issued += 1
                await late

        virtual.run(main())
        assert ["token_1", "token_2", "token_2", "token_3"] == [sent.token for sent in script.sent]


class TestRefusals:
    def test_a_token_that_was_good(self) -> None:
        """A token that the operation was answered with has expired if it is refused later: nothing is lacking."""
        refusals = Refusals(virtual.VirtualClock())
        refusals.answered("GET /a", "token")
        refusals.in_vain("GET /a", "token")
        assert refusals.worth_a_refresh("GET /a")
        refusals.in_vain("GET /a", "another")
        assert not refusals.worth_a_refresh("GET /a")

    def test_operations_are_apart(self) -> None:
        """What one operation lacks says nothing about another."""
        refusals = Refusals(virtual.VirtualClock())
        refusals.in_vain("GET /a", "token")
        assert [False, True] == [refusals.worth_a_refresh("GET /a"), refusals.worth_a_refresh("GET /b")]
        refusals.answered("GET /b", "token")
        assert not refusals.worth_a_refresh("GET /a")
        refusals.answered("GET /a", "token")
        assert refusals.worth_a_refresh("GET /a")
