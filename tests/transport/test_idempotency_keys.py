"""Idempotency keys of calls: one for all attempts, of our making or the caller's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import httpx
import pytest

from brex_accounting import ConnectionFailed, ExportSuccess, InvalidArgument, RetryPolicy, StatusError
from tests import virtual
from tests.transport.scripted import INTEGRATION, POST, Answer, Cut, Raise, Script, client, play, runtime

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
