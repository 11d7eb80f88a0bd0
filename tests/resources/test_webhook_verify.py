"""``brex.webhooks.verify``: the account's own secrets, fetched as seldom as they may be."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import hmac
import json
import logging
import pickle
import threading
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from brex_accounting import (
    BadRequest,
    Brex,
    BrexError,
    CallError,
    ClientStateError,
    ConnectionFailed,
    DeadlineExceeded,
    Event,
    InvalidArgument,
    NotFound,
    Runtime,
    ServerError,
    Unauthorized,
    UnreadableAnswer,
    WebhookMalformed,
    WebhookNotGenuine,
    WebhookStale,
)
from brex_accounting.emulator import Fault, TenantPlan
from brex_accounting.webhook_events import AccountingRecordReadyForExport
from tests import virtual
from tests.emulator import serving
from tests.transport.scripted import Answer, Hang, Raise, Script, Step, client, play, runtime

PATH = "/v1/webhooks/secrets"
OPERATION = f"GET {PATH}"
BODY = json.dumps(
    {"event_type": "ACCOUNTING_RECORD_READY_FOR_EXPORT", "accountingRecordIds": ["accr_1"], "companyId": "cmp_1"}
).encode()
OLD, NEW, FORGED = (base64.b64encode(f"canarysecret of {name:>20}".encode()).decode() for name in ("a", "b", "c"))


def delivery(*secrets: str, age: float = 0.0, now: float | None = None, body: bytes = BODY) -> tuple[Any, bytes]:
    """Headers and body of a delivery that is signed on the clock of the running virtual loop."""
    if now is None:
        now = virtual.EPOCH.timestamp() + asyncio.get_running_loop().time()
    at = int(now - age)
    codes = (
        hmac.new(base64.b64decode(each.removeprefix("whsec_")), f"msg_1.{at}.".encode() + body, hashlib.sha256)
        for each in secrets
    )
    signatures = " ".join(f"v1,{base64.b64encode(code.digest()).decode()}" for code in codes)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signatures}, body


class Secrets(Script):
    """Answers with the secrets that are set, or with the step that is.

    Attributes:
        held: The secrets.
        step: What to do instead.
        after: How long an answer takes.
    """

    def __init__(self, *held: str, after: float = 0.0) -> None:
        super().__init__(self._secrets, one_by_one=False)
        self.held = list(held)
        self.step: Step | None = None
        self.after = after

    def _secrets(self, _: httpx.Request) -> Step:
        answer = [{"secret": secret, "status": "ACTIVE"} for secret in self.held]
        return self.step or Answer(200, answer, after=self.after)


class Stubborn(Secrets):
    """Takes being cancelled for a lost connection, as a transport should not."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except asyncio.CancelledError:
            message = "reset"
            raise httpx.ReadError(message) from None


async def fate(verifying: Coroutine[Any, Any, Any]) -> str:
    """The name of what came of it."""
    try:
        return type(await verifying).__name__
    except BrexError as error:
        return type(error).__name__


async def after(seconds: float, brex: Brex, *secrets: str, **changes: Any) -> str:
    """What comes of a delivery at an instant of the loop's."""
    await asyncio.sleep(seconds - asyncio.get_running_loop().time())
    return await fate(brex.webhooks.verify(*delivery(*secrets, **changes)))


GENUINE = "AccountingRecordReadyForExport"


class TestCache:
    def test_one_fetch(self) -> None:
        """The first delivery fetches the secrets, and the next ones do not; the event is that of the pure form."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> None:
            for _ in range(20):
                event = await brex.webhooks.verify(*delivery(OLD))
                await asyncio.sleep(10)
            assert isinstance(event, AccountingRecordReadyForExport)
            assert ("cmp_1", ("accr_1",), "msg_1") == (event.company_id, event.accounting_record_ids, event.webhook_id)

        play(script, ask)
        assert [("GET", PATH, b"")] == [(sent.method, sent.url.path, sent.content) for sent in script.sent]

    @pytest.mark.parametrize("secret", [OLD, f"whsec_{OLD}"], ids=["plain", "prefix"])
    def test_asgi(self, secret: str) -> None:
        """Pairs of bytes do, as an ASGI scope has them, and so does a secret with its prefix."""

        async def ask(brex: Brex) -> str:
            headers, body = delivery(OLD)
            return await fate(
                brex.webhooks.verify([(k.lower().encode(), v.encode()) for k, v in headers.items()], body)
            )

        assert GENUINE == play(Secrets(secret), ask)

    @pytest.mark.parametrize(
        ("headers", "body", "options", "error"),
        [
            ({}, b"", {}, WebhookMalformed),
            ({"Webhook-Id": "msg_1", "Webhook-Timestamp": "1", "Webhook-Signature": "v2,A"}, b"", {}, WebhookMalformed),
            ({}, {"event_type": "A"}, {}, InvalidArgument),
            (None, b"", {}, InvalidArgument),
            ({}, b"", {"tolerance": 0}, InvalidArgument),
        ],
        ids=["no headers", "no signature of v1", "parsed body", "None", "tolerance"],
    )
    def test_refused_without_a_fetch(self, headers: Any, body: Any, options: Any, error: type[BrexError]) -> None:
        """What no secret could save is refused before any is fetched."""
        script = Script()
        with pytest.raises(error):
            play(script, lambda brex: brex.webhooks.verify(headers, body, **options))
        assert [] == script.sent

    def test_stale(self) -> None:
        """A genuine delivery that is too old fetches nothing; its tolerance is the caller's."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            found = [await after(at, brex, OLD, age=age) for at, age in [(0, 0), (200, 301), (201, 300), (202, -302)]]
            headers, body = delivery(OLD, age=20)
            with pytest.raises(WebhookStale, match="10 s are tolerated"):
                await brex.webhooks.verify(headers, body, tolerance=10)
            return found

        assert [GENUINE, "WebhookStale", GENUINE, "WebhookStale"] == play(script, ask)
        assert 1 == len(script.sent)

    def test_shared(self) -> None:
        """Views and clients of one account share what was fetched; another account fetches its own."""
        script = Secrets(OLD)
        shared = runtime()

        async def main() -> list[str]:
            async with (
                client(script, account="acme", runtime=shared) as one,
                client(script, account="acme", runtime=shared) as two,
            ):
                views = [one, two, one.with_options(deadline=5), two.for_account("acme", "bxt_token")]
                found = [await after(0, view, OLD) for view in views]
                assert 1 == len(script.sent)
                return [*found, await after(1, one.for_account("globex", "bxt_other"), OLD)]

        assert [GENUINE] * 5 == virtual.run(main())
        assert ["bxt_token", "bxt_other"] == [sent.token for sent in script.sent]


class TestRotation:
    def test_picked_up(self) -> None:
        """A delivery that is signed with a new secret makes the client fetch it, once."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            found = [await after(0, brex, OLD)]
            script.held = [NEW, OLD]
            return [*found, *[await after(at, brex, *signed) for at, signed in [(100, [NEW]), (101, [OLD, NEW])]]]

        assert [GENUINE] * 3 == play(script, ask)
        assert [0.0, 100.0] == script.times

    def test_two_signatures(self) -> None:
        """While both secrets sign, the old one is enough, and nothing is fetched."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            return [await after(at, brex, NEW, OLD) for at in (0, 100, 800)]

        assert [GENUINE] * 3 == play(script, ask)
        assert 1 == len(script.sent)

    def test_within_a_minute(self) -> None:
        """Secrets that came less than a minute ago are taken for Brex's present ones."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            found = [await after(0, brex, OLD)]
            script.held = [NEW]
            return [*found, *[await after(at, brex, NEW) for at in (1, 59, 60)]]

        assert [GENUINE, "WebhookNotGenuine", "WebhookNotGenuine", GENUINE] == play(script, ask)
        assert [0.0, 60.0] == script.times

    def test_withdrawn(self) -> None:
        """A secret that Brex has withdrawn is good for a quarter of an hour at the most."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            found = [await after(0, brex, OLD)]
            script.held = [NEW]
            return [*found, *[await after(at, brex, OLD) for at in (899, 900, 901)]]

        assert [GENUINE, GENUINE, "WebhookNotGenuine", "WebhookNotGenuine"] == play(script, ask)
        assert [0.0, 900.0] == script.times

    def test_status_does_not_matter(self) -> None:
        """A secret counts whatever its status, one that no document lists included."""
        answer = [{"secret": OLD, "status": "PENDING_REVOKE"}, {"secret": NEW, "status": "BRAND_NEW"}]

        async def ask(brex: Brex) -> list[str]:
            return [await after(0, brex, secret) for secret in (OLD, NEW)]

        assert [GENUINE] * 2 == play(Script(Answer(200, answer)), ask)


class TestFlood:
    def test_forged(self) -> None:
        """Forged deliveries cost one fetch a minute, through however many views and clients they come."""
        script = Secrets(OLD)
        shared = runtime()

        async def main() -> set[str]:
            async with (
                client(script, account="acme", runtime=shared) as one,
                client(script, account="acme", runtime=shared) as two,
            ):
                views = [one, two, one.with_options(deadline=5)]
                await asyncio.gather(*[after(0, one, OLD) for _ in range(10)])
                attempts = [after(at, views[at % 3], FORGED) for at in range(300) for _ in range(5)]
                return set(await asyncio.gather(*attempts))

        assert {"WebhookNotGenuine"} == virtual.run(main())
        assert [0.0, 60.0, 120.0, 180.0, 240.0] == script.times

    def test_forged_while_brex_is_down(self) -> None:
        """They cost no more than one call in ten seconds when the secrets cannot be fetched at all."""
        script = Secrets()
        script.step = Answer(503)

        async def ask(brex: Brex) -> set[str]:
            return set(await asyncio.gather(*[after(at, brex, FORGED) for at in range(60)]))

        assert {"ServerError"} == play(script, ask, retry=None)
        assert [0.0, 10.0, 20.0, 30.0, 40.0, 50.0] == script.times


class TestSingleFlight:
    def test_ten_at_once(self) -> None:
        """Ten deliveries at once wait for one fetch, at the first use and after a rotation."""
        script = Secrets(OLD, after=1.0)

        async def ask(brex: Brex) -> list[str]:
            found = await asyncio.gather(*[after(at / 10, brex, OLD) for at in range(10)])
            script.held = [NEW]
            return [*found, *await asyncio.gather(*[after(100 + at / 10, brex, NEW) for at in range(10)])]

        assert [GENUINE] * 20 == play(script, ask)
        assert [0.0, 100.0] == script.times

    def test_cancelled(self) -> None:
        """A caller that is cancelled, the first one included, costs the others nothing."""
        script = Secrets(OLD, after=1.0)

        async def ask(brex: Brex) -> list[str]:
            tasks = [asyncio.create_task(after(0, brex, OLD)) for _ in range(3)]
            await asyncio.sleep(0.5)
            tasks[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            assert 0.5 == asyncio.get_running_loop().time()
            return await asyncio.gather(*tasks[1:])

        assert [GENUINE] * 2 == play(script, ask)
        assert 1 == len(script.sent)

    def test_all_cancelled(self) -> None:
        """When nobody waits any more, what was asked for is kept all the same."""
        script = Secrets(OLD, after=1.0)

        async def ask(brex: Brex) -> str:
            task = asyncio.create_task(after(0, brex, OLD))
            await asyncio.sleep(0.5)
            task.cancel()
            return await after(2, brex, OLD)

        assert GENUINE == play(script, ask)
        assert [0.0] == script.times

    def test_failure_that_nobody_waits_for(self) -> None:
        """A fetch that fails after its last waiter has gone bothers nobody."""
        complaints: list[Any] = []
        script = Secrets()
        script.step = Answer(500, after=1.0)

        async def ask(brex: Brex) -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            task = asyncio.create_task(after(0, brex, OLD))
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.sleep(5)
            gc.collect()

        play(script, ask, retry=None)
        assert [] == complaints

    def test_deadline_of_each(self) -> None:
        """Who waits for another's fetch waits as long as its own deadline allows, and breaks nothing off."""
        script = Secrets(OLD, after=20.0)

        async def ask(brex: Brex) -> tuple[str, float]:
            first = asyncio.create_task(after(0, brex, OLD))
            await asyncio.sleep(1)
            with pytest.raises(DeadlineExceeded, match="deadline of 5 s") as caught:
                await brex.with_options(deadline=5.0).webhooks.verify(*delivery(OLD))
            when = asyncio.get_running_loop().time()
            assert (OPERATION, "acme", None) == (caught.value.operation, caught.value.account, caught.value.wait)
            return await first, when

        assert (GENUINE, 6.0) == play(script, ask, account="acme")
        assert 1 == len(script.sent)

    def test_two_threads(self) -> None:
        """What one event loop has fetched serves another, and a fetch that hangs in one holds up no other."""
        shared, hangs, done = Runtime(), threading.Event(), threading.Event()
        found: list[Any] = []
        signed = delivery(OLD, now=shared.clock.now().timestamp())

        async def stuck() -> None:
            script = Script(lambda _: hangs.set() or Hang())
            async with Brex("bxt_token", account="acme", transport=script, runtime=shared) as brex:
                task = asyncio.create_task(brex.webhooks.verify(*signed))
                await asyncio.to_thread(done.wait, 20)
                found.append(await fate(brex.webhooks.verify(*signed)))  # the other loop's secrets
                task.cancel()

        async def free(script: Script) -> str:
            async with Brex("bxt_token", account="acme", transport=script, runtime=shared) as brex:
                return await fate(brex.webhooks.verify(*signed))

        thread = threading.Thread(target=lambda: asyncio.run(stuck()))
        thread.start()
        try:
            assert hangs.wait(20)
            found.append(asyncio.run(free(Secrets(OLD))))
            found.append(asyncio.run(free(Script())))  # asks nothing
        finally:
            done.set()
            thread.join(20)
        assert [GENUINE] * 3 == found


class TestFailure:
    @pytest.mark.parametrize(
        ("step", "error"),
        [
            (Answer(500), ServerError),
            (Answer(401, {"type": "UNAUTHORIZED", "message": "no"}), Unauthorized),
            (Raise(httpx.ConnectError("refused")), ConnectionFailed),
            (Answer(200, b"<html>"), UnreadableAnswer),
            (Answer(200, {"secret": OLD}), UnreadableAnswer),
            (Answer(200, [{"secret": "whsec_test", "status": "ACTIVE"}]), UnreadableAnswer),
        ],
        ids=["500", "401", "no connection", "html", "no list", "no key"],
    )
    def test_first_use(self, step: Step, error: type[CallError]) -> None:
        """Without secrets nobody knows: the call's own error is raised, and ten seconds later it is tried again."""
        script = Secrets(OLD)
        script.step = step

        async def ask(brex: Brex) -> list[str]:
            with pytest.raises(error) as caught:
                await brex.webhooks.verify(*delivery(OLD))
            assert (OPERATION, "acme") == (caught.value.operation, caught.value.account)
            found = [await after(9, brex, OLD)]
            script.step = None
            return [*found, *[await after(at, brex, OLD) for at in (9.9, 10, 11)]]

        assert [error.__name__, error.__name__, GENUINE, GENUINE] == play(script, ask, retry=None, account="acme")
        assert [0.0, 10.0] == script.times

    def test_after_a_miss(self) -> None:
        """Without fresh secrets a delivery that the old ones do not fit is not called forged; others pass."""
        script = Secrets(OLD)

        async def ask(brex: Brex) -> list[str]:
            found = [await after(0, brex, OLD)]
            script.held, script.step = [NEW], Answer(503)
            found += [
                await after(at, brex, secret) for at, secret in [(100, NEW), (101, OLD), (102, NEW), (102, FORGED)]
            ]
            script.step = None
            return [*found, await after(110, brex, NEW), await after(111, brex, FORGED)]

        assert [
            GENUINE,
            "ServerError",
            GENUINE,
            "ServerError",
            "ServerError",
            GENUINE,
            "WebhookNotGenuine",
        ] == play(script, ask, retry=None)
        assert [0.0, 100.0, 110.0] == script.times

    def test_retries(self) -> None:
        """The fetch is a call like any other: it is tried again as the client says."""
        script = Script(
            Answer(503), Raise(httpx.ReadError("reset")), Answer(200, [{"secret": OLD, "status": "ACTIVE"}])
        )
        assert GENUINE == play(script, lambda brex: after(0, brex, OLD))

    def test_errors_of_waiters(self) -> None:
        """All who waited get the error, each an object of its own; so do those who come too early after it."""
        script = Secrets()
        script.step = Answer(500, headers={"X-Brex-Trace-Id": "trace-1"}, after=1.0)

        async def ask(brex: Brex) -> list[BaseException]:
            verifying = [brex.webhooks.verify(*delivery(OLD)) for _ in range(5)]
            raised = await asyncio.gather(*verifying, return_exceptions=True)
            late = await asyncio.gather(brex.webhooks.verify(*delivery(OLD)), return_exceptions=True)
            return [each for each in [*raised, *late] if isinstance(each, ServerError)]

        raised = play(script, ask, retry=None, account="acme")
        assert 6 == len({id(each) for each in raised}) == len({id(each.__traceback__) for each in raised})
        assert {("trace-1", 500, "acme")} == {(e.trace_id, e.status_code, e.account) for e in raised}  # type: ignore[attr-defined]
        assert 1 == len(script.sent)

    def test_error_of_programming(self) -> None:
        """What is wrong in a transport goes through as it is, and nothing remembers it."""
        script = Secrets(OLD)
        script.step = Raise(TypeError("a bug"))

        async def ask(brex: Brex) -> str:
            with pytest.raises(TypeError, match="a bug"):
                await brex.webhooks.verify(*delivery(OLD))
            script.step = None
            return await after(0, brex, OLD)

        assert GENUINE == play(script, ask)

    def test_no_secrets(self) -> None:
        """An account without secrets has signed nothing; that is an answer, and is kept as one."""
        script = Secrets()

        async def ask(brex: Brex) -> list[str]:
            return [await after(at, brex, OLD) for at in (0, 1, 2)]

        assert ["WebhookNotGenuine"] * 3 == play(script, ask)
        assert 1 == len(script.sent)

    def test_one_secret_of_another_kind(self) -> None:
        """A secret that cannot be used does not spoil the other one."""
        assert GENUINE == play(Secrets("ed25519:public", OLD), lambda brex: after(0, brex, OLD))


class TestClosing:
    def test_waiters(self) -> None:
        """Closing the client ends the fetch and everybody's wait at once."""
        script = Secrets()
        script.step = Hang()

        async def main() -> tuple[list[Any], float]:
            brex = client(script)
            await brex.__aenter__()
            tasks = [asyncio.create_task(brex.webhooks.verify(*delivery(OLD))) for _ in range(3)]
            await asyncio.sleep(1)
            await brex.aclose()
            raised = await asyncio.gather(*tasks, return_exceptions=True)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return raised, asyncio.get_running_loop().time()

        raised, when = virtual.run(main())
        assert [True] * 3 == [isinstance(each, ClientStateError) for each in raised]
        assert 1.0 == when

    @pytest.mark.parametrize(
        ("kind", "step"),
        [
            (Secrets, Hang()),
            (Secrets, Answer(503, headers={"Retry-After": "100"})),
            (Stubborn, Hang()),
        ],
        ids=["attempt", "back-off", "transport that is not cancelled"],
    )
    def test_another_client_goes_on(self, kind: type[Secrets], step: Step) -> None:
        """A client that waits for the fetch of one that is closed makes its own."""
        script = kind(OLD)
        script.step = step
        shared = runtime()

        async def main() -> list[str]:
            async with client(script, account="acme", runtime=shared) as two:
                one = client(script, account="acme", runtime=shared)
                await one.__aenter__()
                tasks = [asyncio.create_task(after(at, brex, OLD)) for at, brex in [(0, one), (0.5, two), (0.6, two)]]
                await asyncio.sleep(1)
                script.step = None
                await one.aclose()
                return await asyncio.gather(*tasks)

        assert ["ClientStateError", GENUINE, GENUINE] == virtual.run(main())
        assert [0.0, 1.0] == script.times

    def test_wait_for_another_client(self) -> None:
        """A client that is closed waits no longer for another one's fetch, and breaks nothing off."""
        script = Secrets(OLD, after=10.0)
        shared = runtime()

        async def main() -> tuple[str, float, str]:
            async with client(script, account="acme", runtime=shared) as one:
                two = client(script, account="acme", runtime=shared)
                await two.__aenter__()
                tasks = [asyncio.create_task(after(at, brex, OLD)) for at, brex in [(0, one), (0.5, two)]]
                await asyncio.sleep(1)
                await two.aclose()
                return await tasks[1], asyncio.get_running_loop().time(), await tasks[0]

        assert ("ClientStateError", 1.0, GENUINE) == virtual.run(main())
        assert 1 == len(script.sent)

    def test_not_open(self) -> None:
        """A client that is not open verifies nothing, although the account's secrets are at hand."""
        shared = runtime()

        async def main() -> None:
            async with client(Secrets(OLD), account="acme", runtime=shared) as brex:
                assert GENUINE == await after(0, brex, OLD)
            for shut in (brex, client(Script(), account="acme", runtime=shared)):
                with pytest.raises(ClientStateError):
                    await shut.webhooks.verify(*delivery(OLD))

        virtual.run(main())


class TestSilence:
    def test_secrets(self, caplog: pytest.LogCaptureFixture) -> None:
        """No secret is in a log record, an event, a repr, an error or a pickle, whatever comes of the fetch."""
        caplog.set_level(logging.DEBUG)
        events: list[Event] = []
        shown: list[str] = []
        script = Secrets(OLD, after=1.0)

        async def ask(brex: Brex) -> None:
            tasks = [asyncio.create_task(after(0, brex, OLD)), asyncio.create_task(after(100, brex, FORGED))]
            for at in (0.5, 1.0, 100.5, 102):
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                shown.extend(repr(task) for task in asyncio.all_tasks())
                shown.extend(repr(vars(part)) for part in brex._caller._shared._parts.values())
            await asyncio.gather(*tasks)
            for step in (Answer(200, [{"secret": OLD}]), Answer(200, [{"secret": f"!{OLD}", "status": "ACTIVE"}])):
                script.step = step
                await asyncio.sleep(1000)
                with pytest.raises(UnreadableAnswer) as caught:
                    await brex.webhooks.verify(*delivery(OLD))
                shown.extend([str(caught.value), repr(caught.value), repr(pickle.dumps(caught.value))])
            script.step = None
            with pytest.raises(WebhookNotGenuine) as not_genuine:
                await after(5000, brex, FORGED) and await brex.webhooks.verify(*delivery(FORGED))
            shown.extend([repr(not_genuine.value), repr(pickle.dumps(not_genuine.value))])

        play(script, ask, retry=None, on_event=events.append)
        shown.extend(repr(event) for event in events)
        shown.extend(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
        assert any("signing keys" in each for each in shown)
        for secret in (OLD, FORGED, base64.b64decode(OLD).decode()):
            assert [] == [each for each in shown if secret in each]


class TestAgainstTheEmulator:
    @pytest.mark.parametrize(("reading", "unknown"), [("refused", BadRequest), ("missing", NotFound)])
    def test_subscriptions(self, reading: str, unknown: type[CallError]) -> None:
        """A subscription comes, is read, changes and goes, over a real socket and under both readings of unknown."""

        async def main() -> None:
            plan = TenantPlan(records=10, seed=7, variants={"unknown_subscription": reading})
            async with serving.served(plan) as here:
                hooks = here.brex.webhooks
                made = await hooks.subscribe(
                    url="https://erp.example.com/hook",
                    event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"],
                    group_id="group_1",
                )
                more = [
                    await hooks.subscribe(url=f"https://erp.example.com/{n}", event_types=["EXPENSE_PAYMENT_UPDATED"])
                    for n in range(4)
                ]
                assert ("ACTIVE", "group_1") == (made.status, made.group_id)
                assert made == await hooks.get(made.id)
                assert [made, *more] == [each async for each in hooks.list(page_size=2)]
                changed = await hooks.update(
                    made.id, url="https://erp.example.com/b", event_types=made.event_types, status="INACTIVE"
                )
                assert (made.id, "https://erp.example.com/b", "INACTIVE") == (changed.id, changed.url, changed.status)
                assert changed == await hooks.get(made.id)
                await hooks.delete(made.id)
                for ask in (hooks.get, hooks.delete):
                    with pytest.raises(unknown):
                        await ask(made.id)
                here.tenant.add_fault(Fault(effect="drop", operation="deleteSubscription", phase="after", times=1))
                if unknown is NotFound:
                    await hooks.delete(more.pop().id)
                else:  # a 400 may mean anything: the caller is told to look
                    with pytest.raises(BadRequest) as caught:
                        await hooks.delete(more.pop().id)
                    assert caught.value.maybe_applied is True
                assert more == [each async for each in hooks.list()]

        serving.run(main())

    def test_verify(self) -> None:
        """A delivery signed with the tenant's secret is genuine, and its company is the one that the account is."""

        async def main() -> None:
            async with serving.served() as here:
                company = await here.brex.company.get()
                ((secret, _),) = here.tenant.webhook_secrets
                body = json.dumps(
                    {
                        "event_type": "ACCOUNTING_RECORD_READY_FOR_EXPORT",
                        "accountingRecordIds": [record.id for record in here.tenant.records.all()][:3],
                        "companyId": here.tenant.company["id"],
                    }
                ).encode()
                event = await here.brex.webhooks.verify(*delivery(secret, body=body))
                assert isinstance(event, AccountingRecordReadyForExport)
                assert company.id == event.company_id
                records = [record async for record in here.brex.records.iter(ids=event.accounting_record_ids)]
                assert set(event.accounting_record_ids) == {record.id for record in records}
                with pytest.raises(WebhookNotGenuine):
                    await here.brex.webhooks.verify(*delivery(FORGED, body=body))
                asked = [entry for entry in here.tenant.journal if entry.path == PATH]
                assert 1 == len(asked)

        serving.run(main())

    def test_verify_while_it_fails(self) -> None:
        """A lost answer is asked for again; one that never comes is an error of the call."""

        async def main() -> list[str]:
            async with serving.served() as here:
                ((secret, _),) = here.tenant.webhook_secrets
                here.tenant.add_fault(Fault(effect="drop", operation="listSecrets", times=5))
                found = [await fate(here.brex.webhooks.verify(*delivery(secret)))]
                await asyncio.sleep(20)
                return [*found, await fate(here.brex.webhooks.verify(*delivery(secret)))]

        assert ["AnswerLost", GENUINE] == serving.run(main())
