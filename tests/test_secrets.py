"""Canaries: secrets and personal data that go through a client turn up in nothing that somebody may keep."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import pickle
import re
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting import (
    AnswerLost,
    AttemptTimedOut,
    Brex,
    BrexError,
    ClientStateError,
    ConnectionFailed,
    CursorInvalid,
    CursorRefused,
    CursorRepeated,
    DeadlineExceeded,
    Event,
    ExportFailure,
    ExportSuccess,
    InvalidArgument,
    PageContradiction,
    RateLimited,
    RetryPolicy,
    Runtime,
    StatusError,
    Stream,
    UnreadableAnswer,
    UnreadableRecords,
)
from tests import wire
from tests.server import Handler, RawServer, Reply, Request, client_tls, server_tls
from tests.transport.scripted import COMPANY, INTEGRATION, SUBSCRIPTION, Answer, Script

SECRET = "canarysecret"
PERSON = "canaryperson"
CANARIES = (SECRET, PERSON)

TOKEN = f"bxt_{SECRET}_token"
PRESIGNED = f"https://files.example.com/receipt.pdf?X-Amz-Signature={SECRET}_presigned"
CURSOR = f"{SECRET}_cursor"
HEADERS = [
    ("set-cookie", f"session={SECRET}_cookie; Path=/"),
    ("location", PRESIGNED),
    ("x-brex-trace-id", "trace-1"),
    ("link", f'<{PRESIGNED}>; rel="next"'),
]
ERROR = {
    "error_code": "INVALID_REQUEST",
    "message": f"{PERSON} of {PERSON}@example.com cannot have {PRESIGNED}",
    "details": {},
}
OLD_ERROR = {"type": f"{PERSON} has no such thing", "message": f"{PERSON} {PRESIGNED}", "code": "x y"}

USER = {
    "id": "cuuser_1",
    "first_name": f"{PERSON} first",
    "last_name": f"{PERSON} last",
    "email": f"{PERSON}@example.com",
    "role": "EMPLOYEE",
    "status": "ACTIVE",
    "manager_id": None,
    "department_name": f"{PERSON} department",
}


def record(index: int, **changes: Any) -> dict[str, Any]:
    return wire.record(
        index,
        **{
            "memo": f"{PERSON} memo",
            "user": USER,
            "vendor": {"id": "v", "name": f"{PERSON} vendor", "contact_name": f"{PERSON}", "phone": f"{PERSON} 555"},
            "receipts": [{"id": "r", "download_uris": [PRESIGNED]}],
            **changes,
        },
    )


BROKEN_RECORD = record(9, amount={"amount": f"{PERSON} 100", "currency": "USD"}, posted_at=f"{PERSON} {PRESIGNED}")
STRANGE_RECORD = record(
    8, type=f"{PERSON} is a type", **{f"{PERSON}@example.com": PRESIGNED, "new_field": f"{PERSON} x"}
)


class Records(logging.Handler):
    """Keeps every log record, as text and as parts, at the moment it is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        shown = [record.getMessage(), repr(record.args), repr(record.msg), repr(vars(record))]
        shown.append(logging.Formatter().format(record))
        self.kept.append((record.name, "\n".join(shown)))


@contextlib.contextmanager
def everything_logged() -> Iterator[Records]:
    """The root logger and those of httpx and httpcore at DEBUG."""
    loggers = [logging.getLogger(name) for name in ("", "httpx", "httpcore", "brex_accounting", "asyncio")]
    levels = [logger.level for logger in loggers]
    handler = Records()
    logging.getLogger().addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


LEFT_BEHIND = {"content", "message", "page"}
"""What stays on an error as an attribute, outside its text and its pickle; ``raw`` hangs on bad records."""


def surfaces_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """Everything that somebody may print, log or store of an error and of what hangs on it."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        name = type(each).__name__
        yield f"{name} str", str(each)
        yield f"{name} repr", repr(each)
        yield f"{name} args", repr(each.args)
        yield f"{name} notes", repr(getattr(each, "__notes__", None))
        kept = {key: value for key, value in vars(each).items() if key not in LEFT_BEHIND}
        yield f"{name} vars", repr(kept)
        for key, value in kept.items():
            if attrs.has(type(value)):
                yield f"{name} {key}", repr(value)
        pickled = pickle.dumps(each)
        yield f"{name} pickle", pickled.decode("latin-1")
        for travelled in (pickle.loads(pickled), copy.copy(each), copy.deepcopy(each)):
            yield f"{name} travelled", f"{travelled!r} {travelled} {vars(travelled)!r}"
        pending += [link for link in (each.__cause__, each.__context__) if link is not None]
        if isinstance(each, BaseExceptionGroup):
            pending += each.exceptions
    yield "traceback", "".join(traceback.format_exception(error))


def assert_silent(name: str, shown: str, canaries: tuple[str, ...] = CANARIES) -> None:
    found = [canary for canary in canaries if canary in shown.lower()]
    assert [] == found, f"{name}: {shown}"


# ---- what a server may do --------------------------------------------------------------------------------------------


def answer(value: Any, status: int = 200) -> Handler:
    return lambda _, reply: reply.json(value, status, HEADERS)


def cut(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.cut(200, wire.dumps(wire.page([record(1)])), keep=600, headers=HEADERS)


def reset(_: Request, reply: Reply) -> None:
    reply.reset()


def hang(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.hang()


def html(status: int) -> Handler:
    return lambda _, reply: reply.send(status, HEADERS, f"<html>{PERSON} {PRESIGNED}".encode())


def pages(*more: dict[str, Any]) -> Handler:
    """A first page whose cursor is a canary, and then what the test says."""
    first = wire.page([record(1)], next_cursor=CURSOR, has_next_page=True)
    rest = iter(more)
    return lambda request, reply: reply.json(
        first if "cursor" not in dict(request.query) else next(rest), headers=HEADERS
    )


def refused_cursor(request: Request, reply: Reply) -> Awaitable[None]:
    if "cursor" in dict(request.query):
        return reply.json(ERROR, 400, HEADERS)
    return reply.json(wire.page([record(1)], next_cursor=CURSOR, has_next_page=True), headers=HEADERS)


async def all_of(stream: Stream[Any]) -> list[Any]:
    async with stream:
        return [item async for item in stream]


def get(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.records.get("accr_1")


def query(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.records.query(cursor=CURSOR, ids=["accr_1"])


def walk(brex: Brex) -> Coroutine[Any, Any, Any]:
    return all_of(brex.records.iter())


def report(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.records.report(
        [
            ExportSuccess("accr_1", reference_id="JE-1", deep_link_url=f"https://erp.example.com/?key={SECRET}"),
            ExportFailure("accr_2", message=f"{PERSON} has no account"),
        ]
    )


def update(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.expenses.update("expense_1", memo=f"{PERSON} memo")


def subscribe(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.webhooks.subscribe(
        url=f"https://erp.example.com/?key={SECRET}", event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"]
    )


def ensure(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")


WORKS: dict[str, tuple[Handler, Callable[[Brex], Coroutine[Any, Any, Any]]]] = {
    "get": (answer(record(1)), get),
    "query": (answer(wire.page([record(1)])), query),
    "walk": (pages(wire.page([record(2)])), walk),
    "unknown values": (answer(wire.page([STRANGE_RECORD])), query),
    "unknown field": (answer(STRANGE_RECORD), get),
    "report": (answer({"updated_accounting_record_ids": ["accr_1", "accr_2"]}), report),
    "subscribe": (answer({**SUBSCRIPTION, "url": f"https://erp.example.com/?key={SECRET}"}), subscribe),
    "conflict": (answer({**ERROR, "error_code": "ACTIVE_INTEGRATION_EXISTS"}, 409), ensure),
    "company": (answer({**COMPANY, "legal_name": f"{PERSON} Inc"}), lambda brex: brex.company.get()),
}

FAILS: dict[str, tuple[Handler, Callable[[Brex], Coroutine[Any, Any, Any]], type[BrexError]]] = {
    "400": (answer(ERROR, 400), query, StatusError),
    "400 of the older API": (answer(OLD_ERROR, 400), update, StatusError),
    "401": (answer(ERROR, 401), query, StatusError),
    "403": (answer(ERROR, 403), subscribe, StatusError),
    "404": (answer(ERROR, 404), get, StatusError),
    "409": (answer(ERROR, 409), lambda brex: brex.integrations.disconnect("int_1"), StatusError),
    "422": (answer(ERROR, 422), update, StatusError),
    "429": (answer(ERROR, 429), query, RateLimited),
    "500": (answer(ERROR, 500), report, StatusError),
    "503 in HTML": (html(503), query, StatusError),
    "599 in HTML": (html(599), query, StatusError),
    "404 in HTML": (html(404), report, StatusError),
    "redirect": (html(302), query, StatusError),
    "not JSON": (html(200), query, UnreadableAnswer),
    "wrong shape": (answer({"items": f"{PERSON} {PRESIGNED}", "has_next_page": PERSON}), query, UnreadableAnswer),
    "wrong model": (answer({**COMPANY, "id": {PERSON: PRESIGNED}}), lambda brex: brex.company.get(), UnreadableAnswer),
    "bad records": (answer(wire.page([record(1), BROKEN_RECORD])), query, UnreadableRecords),
    "bad records of a walk": (answer(wire.page([record(1), BROKEN_RECORD])), walk, UnreadableRecords),
    "cut body": (cut, query, AnswerLost),
    "cut body of a write": (cut, report, AnswerLost),
    "reset": (reset, subscribe, AnswerLost),
    "silence": (hang, lambda brex: query(brex.with_options(timeout=0.1)), AttemptTimedOut),
    "deadline": (hang, lambda brex: query(brex.with_options(deadline=0.1)), DeadlineExceeded),
    "refused cursor": (refused_cursor, walk, CursorRefused),
    "repeated cursor": (pages(wire.page([], next_cursor=CURSOR, has_next_page=True)), walk, CursorRepeated),
    "no cursor": (pages(wire.page([], next_cursor="null", has_next_page=True)), walk, CursorInvalid),
    "contradiction": (pages(wire.page([], next_cursor=f"{CURSOR}2")), walk, PageContradiction),
}


@attrs.define
class Scene:
    """A client over a real socket, with everything captured that it says."""

    brex: Brex
    server: RawServer
    events: list[Event]
    log: Records

    def assert_silent(self) -> None:
        assert self.log.kept
        for name, shown in self.log.kept:
            assert_silent(name, shown)
        assert self.events
        for event in self.events:
            parts = {name: getattr(event, name) for name in dir(event) if not name.startswith("__")}
            for shown in (repr(event), str(event), event.text(), repr(parts), repr(attrs.asdict(event))):
                assert_silent("event", shown)
        for thing in (self.brex, self.brex.with_options(), self.brex.for_account("globex", TOKEN)):
            for each in (thing, thing.records, thing.expenses, thing.integrations, thing.webhooks, thing._caller):
                assert_silent("repr", repr(each))


@contextlib.asynccontextmanager
async def scene(handler: Handler, **options: Any) -> AsyncIterator[Scene]:
    events: list[Event] = []
    runtime = Runtime()
    runtime._ssl_contexts[None, None] = TLS
    settings = {
        "account": "acme",
        "retry": RetryPolicy(attempts=2, backoff=0.001),
        "timeout": 0.5,
        "runtime": runtime,
        "on_event": events.append,
        **options,
    }
    async with RawServer(handler) as server:
        with everything_logged() as log:
            async with Brex(TOKEN, **{"base_url": server.url, **settings}) as brex:
                found = Scene(brex, server, events, log)
                yield found
                brex_is_open = repr(brex)
            log.kept.append(("repr", brex_is_open + repr(brex)))


TLS = client_tls()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class TestCanaries:
    @pytest.mark.parametrize(("handler", "ask"), WORKS.values(), ids=WORKS)
    @pytest.mark.asyncio
    async def test_of_success(self, handler: Handler, ask: Callable[[Brex], Coroutine[Any, Any, Any]]) -> None:
        """A call that works leaves no secret and no personal data in logs, events and reprs; models hide secrets."""
        async with scene(handler) as found:
            result = await ask(found.brex)
            assert_silent("model", repr(result), ("canarysecret_presigned", TOKEN))
        assert f"Bearer {TOKEN}" == found.server.requests[0].headers["authorization"]
        found.assert_silent()

    @pytest.mark.parametrize(("handler", "ask", "kind"), FAILS.values(), ids=FAILS)
    @pytest.mark.asyncio
    async def test_of_failure(
        self, handler: Handler, ask: Callable[[Brex], Coroutine[Any, Any, Any]], kind: type[BrexError]
    ) -> None:
        """A call that fails leaves none either, nor does its error, whatever one prints, logs, copies or pickles."""
        async with scene(handler) as found:
            with pytest.raises(kind) as caught:
                await ask(found.brex)
            logging.getLogger("user").error("sync failed", exc_info=caught.value)
        for name, shown in surfaces_of(caught.value):
            assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_an_id_that_is_none(self) -> None:
        """What stands where an unreadable record should have its id is repeated only if it looks like one."""
        async with scene(answer(wire.page([{**BROKEN_RECORD, "id": f"{PERSON} is no id"}]))) as found:
            with pytest.raises(UnreadableRecords) as caught:
                await query(found.brex)
        for name, shown in surfaces_of(caught.value):
            assert_silent(name, shown)

    @pytest.mark.asyncio
    async def test_what_is_left_behind(self) -> None:
        """What came over the wire is on the error for whoever asks for it by name, and stays behind in a pickle."""
        async with scene(answer(ERROR, 400)) as found:
            with pytest.raises(StatusError) as caught:
                await query(found.brex)
        assert ERROR["message"] == caught.value.message
        assert wire.dumps(ERROR) == caught.value.content
        travelled = pickle.loads(pickle.dumps(caught.value))
        assert (None, None, 400, "acme") == (
            travelled.message,
            travelled.content,
            travelled.status_code,
            travelled.account,
        )
        async with scene(answer(wire.page([record(1), BROKEN_RECORD]))) as found:
            with pytest.raises(UnreadableRecords) as bad:
                await query(found.brex)
        assert ["accr_1"] == [item.id for item in bad.value.page.items]
        assert PERSON.encode() in bad.value.bad_records[0].raw
        travelled = pickle.loads(pickle.dumps(bad.value))
        assert (None, "accr_9", b"") == (travelled.page, travelled.bad_records[0].id, travelled.bad_records[0].raw)

    @pytest.mark.asyncio
    async def test_of_collected_records(self) -> None:
        """Records that are left out are named by id and path, and the stream that did it says nothing more."""
        async with scene(answer(wire.page([record(1), BROKEN_RECORD]))) as found:
            stream = found.brex.records.iter(on_bad_record="collect")
            assert ["accr_1"] == [item.id for item in await all_of(stream)]
            assert ["accr_9"] == [bad.id for bad in stream.bad_records]
            for shown in (repr(stream), repr(stream.bad_records), stream.checkpoint):
                assert_silent("stream", shown)
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_a_cancelled_call(self) -> None:
        """A cancelled call says that it was cancelled, and nothing about what it carried."""
        async with scene(hang) as found:
            call = asyncio.create_task(query(found.brex))
            await found.server.until(in_flight=1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            for name, shown in surfaces_of(caught.value):
                assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_a_closed_client(self) -> None:
        """A client that is closed under a call or a stream says nothing about either."""
        async with scene(pages(wire.page([record(2)]))) as found:
            stream = found.brex.records.iter(prefetch=0)
            await anext(stream)
            await found.brex.aclose()
            with pytest.raises(ClientStateError) as caught:
                await anext(stream)
            for name, shown in surfaces_of(caught.value):
                assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_a_dead_host(self) -> None:
        """No connection to Brex: the error says so without a word about the request."""
        async with RawServer(hang) as gone:
            url = gone.url
        async with scene(hang, base_url=url) as found:
            for ask in (query, report, subscribe):
                with pytest.raises(ConnectionFailed) as caught:
                    await ask(found.brex)
                for name, shown in surfaces_of(caught.value):
                    assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_an_untrusted_host(self) -> None:
        """The same holds for a host whose certificate nobody trusts."""
        async with RawServer(hang, ssl_context=server_tls()) as secure:
            trusting_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            async with scene(hang, base_url=secure.url, ssl_context=trusting_nobody) as found:
                with pytest.raises(ConnectionFailed) as caught:
                    await query(found.brex)
                for name, shown in surfaces_of(caught.value):
                    assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.parametrize("status", [200, 407, 502])
    @pytest.mark.asyncio
    async def test_of_a_proxy(self, status: int) -> None:
        """A proxy's password is in nothing: neither when the proxy works, nor when it refuses."""

        def proxy(request: Request, reply: Reply) -> Awaitable[None]:
            if status != 200:
                return reply.send(status, HEADERS, f"{PERSON} {PRESIGNED}".encode())
            return reply.tunnel("127.0.0.1", int(request.target.rpartition(":")[2]))

        async with (
            RawServer(answer(record(1)), ssl_context=server_tls()) as secure,
            RawServer(proxy) as between,
            scene(
                hang,
                base_url=secure.url,
                proxy=between.url.replace("://", f"://user:{SECRET}@"),
                ssl_context=TLS,
            ) as found,
        ):
            if status == 200:
                await get(found.brex)
            else:
                with pytest.raises(ConnectionFailed) as caught:
                    await get(found.brex)
                for name, shown in surfaces_of(caught.value):
                    assert_silent(name, shown)
            assert between.requests[0].headers["proxy-authorization"]
        found.assert_silent()

    @pytest.mark.asyncio
    async def test_of_an_environment_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same holds for a proxy that the environment names, reachable or not."""
        monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:1")
        async with scene(hang) as found:
            with pytest.raises(ConnectionFailed) as caught:
                await get(found.brex)
            for name, shown in surfaces_of(caught.value):
                assert_silent(name, shown)
        found.assert_silent()

    @pytest.mark.parametrize(
        "ask",
        [
            lambda brex: brex.records.get(""),
            lambda brex: brex.records.query(cursor=" ", ids=[PRESIGNED]),
            lambda brex: brex.records.query(updated_at_gt=f"{PERSON} yesterday"),
            lambda brex: brex.records.query(ids=PERSON),
            lambda brex: brex.records.query(single_entry=PERSON),
            lambda brex: brex.records.query(review_status=PERSON, source_type="BILL"),
            lambda brex: brex.records.iter(resume=f"{SECRET} no checkpoint").__anext__(),
            lambda brex: brex.records.report([ExportFailure("accr_1", message=PERSON)] * 2),
            lambda brex: brex.records.report([PERSON]),
            lambda brex: brex.records.report([ExportSuccess("a")], idempotency_key=f"{SECRET}\n"),
            lambda brex: brex.expenses.update("expense_1", memo=[PERSON]),
            lambda brex: brex.expenses.query(updated_at_start=f"{PERSON}"),
            lambda brex: brex.webhooks.subscribe(url=f"{SECRET}", event_types=PERSON),
            lambda brex: brex.webhooks.subscribe(url=f"{SECRET}", event_types=["X"], idempotency_key=f"{SECRET}é"),
        ],
    )
    @pytest.mark.asyncio
    async def test_of_a_refused_argument(self, ask: Callable[[Brex], Coroutine[Any, Any, Any]]) -> None:
        """An argument that cannot be right is named, not repeated."""
        async with scene(hang) as found:
            with pytest.raises(InvalidArgument) as caught:
                await ask(found.brex)
        for name, shown in surfaces_of(caught.value):
            assert_silent(name, shown)

    @pytest.mark.asyncio
    async def test_of_a_failing_hook(self) -> None:
        """A hook that raises is logged with its own words and nothing of the call's."""

        def hook(event: Event) -> None:
            raise KeyError(type(event).__name__)

        async with scene(answer(record(1)), on_event=hook) as found:
            await get(found.brex)
        for name, shown in found.log.kept:
            assert_silent(name, shown)
        assert any("on_event raised" in shown for name, shown in found.log.kept if name.startswith("brex_accounting"))


class BadSource:
    """Gives a token that no header can carry."""

    client_id: str | None = None

    def token_at_hand(self) -> str | None:
        return None

    async def access_token(self) -> str:
        return f"{TOKEN}é"

    async def refused(self, token: str) -> bool:
        return False


class TestTokenSources:
    @pytest.mark.asyncio
    async def test_token_that_cannot_be_sent(self) -> None:
        """A token that no header can carry is one of our errors, and no error of the codec's that holds it."""
        script = Script(lambda _: Answer(200, COMPANY))
        async with Brex(BadSource(), account="acme", transport=script, runtime=Runtime()) as brex:
            with pytest.raises(BrexError) as caught:
                await brex.company.get()
        for name, shown in surfaces_of(caught.value):
            assert_silent(name, shown)
        assert [] == script.sent


class TestOthersLogs:
    @pytest.mark.asyncio
    async def test_bare_httpx_is_untouched(self) -> None:
        """A bare httpx client in another task of the process keeps its log lines whole while ours are cut down."""

        def handler(request: Request, reply: Reply) -> Awaitable[None]:
            return reply.json(record(1), headers=[*HEADERS, ("x-visible", "yes")])

        async with scene(handler) as found, httpx.AsyncClient() as bare:

            async def others() -> None:
                for number in range(10):
                    await bare.get(f"{found.server.url}/mine?visible={number}", headers={"x": "y"})

            async def ours() -> None:
                for _ in range(10):
                    await get(found.brex)

            await asyncio.gather(others(), ours(), others(), ours())
        httpx_lines = [shown.partition("\n")[0] for name, shown in found.log.kept if name == "httpx"]
        theirs = [line for line in httpx_lines if "visible=" in line]
        assert 20 == len(theirs)
        assert f'HTTP Request: GET {found.server.url}/mine?visible=0 "HTTP/1.1 200 OK"' in theirs
        mine = [line for line in httpx_lines if "/v3/" in line]
        assert 20 == len(mine)
        assert all(
            re.fullmatch(r"HTTP Request: GET http://127\.0\.0\.1(:\d+)?/v3/[a-z/]+/accr_1 200", line) for line in mine
        )
        heads = [shown for name, shown in found.log.kept if name == "httpcore.http11" and "headers.complete" in shown]
        assert 20 == sum("x-visible" in shown.lower() for shown in heads)
        assert {"httpx", "httpcore.connection", "httpcore.http11", "brex_accounting"} <= {
            name for name, _ in found.log.kept
        }

    @pytest.mark.asyncio
    async def test_a_hook_that_uses_httpx(self) -> None:
        """What the caller does from within on_event, with a client of its own, is the caller's and is not cut down."""
        async with RawServer(answer(record(1))) as server:

            def hook(_: Event) -> None:
                logging.getLogger("httpx").info('HTTP Request: %s %s "%s"', "GET", "https://mine/?visible=1", "x")

            async with scene(answer(record(1)), on_event=hook) as found:
                await get(found.brex)
            del server
        assert all("visible=1" in shown for name, shown in found.log.kept if name == "httpx" and "mine" in shown)

    @pytest.mark.asyncio
    async def test_filter_is_installed_once(self) -> None:
        """Many clients leave one filter on each logger, not one for each of them."""
        for _ in range(5):
            async with Brex(TOKEN, transport=Script(lambda _: Answer(200, COMPANY)), runtime=Runtime()):
                pass
        assert 1 == len(logging.getLogger("httpx").filters)

    def test_all_loggers_are_known(self) -> None:
        """Each logger that httpcore has is one that the filter sits on: a filter does not cover child loggers."""
        from brex_accounting.transport import quiet

        loggers = {name for name in logging.Logger.manager.loggerDict if name.split(".")[0] in ("httpx", "httpcore")}
        real = {name for name in loggers if isinstance(logging.Logger.manager.loggerDict[name], logging.Logger)}
        assert set() == real - set(quiet._LOGGERS) - {"httpcore"}


def test_the_canaries_sing() -> None:
    """The capture sees what it must: bare httpx at DEBUG logs all that the other tests look for."""

    async def main() -> list[tuple[str, str]]:
        async with RawServer(answer(ERROR, 400)) as server:
            with everything_logged() as log:
                async with httpx.AsyncClient(headers={"Authorization": TOKEN}) as bare:
                    await bare.get(server.url, params={"cursor": CURSOR})
        return log.kept

    kept = asyncio.run(main())
    for secret in (CURSOR, f"{SECRET}_cookie", f"{SECRET}_presigned"):
        assert any(secret in shown for _, shown in kept), secret
    error = StatusError(f"{PERSON}", operation="GET /", message=PERSON)
    assert any(PERSON in shown for _, shown in surfaces_of(error))
    assert INTEGRATION
