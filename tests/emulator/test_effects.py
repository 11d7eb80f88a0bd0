"""Effects: what a fault makes of an answer, and what of it arrives at the other end of a real socket."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Answer
from brex_accounting.emulator.contract import ContractBroken, check_answer
from brex_accounting.emulator.effects import BLANK, Channel, Delivery, Disconnected, carry_out
from brex_accounting.emulator.fault_plan import FaultPlan
from brex_accounting.emulator.faults import EFFECTS, Fault
from brex_accounting.emulator.published import operations
from brex_accounting.emulator.shapes import shape
from brex_accounting.emulator.wire import WireProtocol, wire_of
from tests.wire import dumps, loads, page, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACE = ("x-brex-trace-id", "trace-1")
NETWORK = ("drop", "reset", "hang", "latency", "cut_body", "slow_body")


def exact(index: int) -> bytes:
    """A record with numbers as only text holds them: a decoder would round them, or write them another way."""
    text = dumps(record(index)).replace(b"1204.50", b"123456789012345678901234567890.10")
    return text.replace(b'"version": 3', b'"version": 3.0e0')


ITEMS = [exact(0), exact(1), exact(2)]
PAGE = b'{"items": [%b, %b, %b], "total_count": 3, "next_cursor": "c1", "has_next_page": true}' % tuple(ITEMS)


def answered(body: bytes, **more: Any) -> Answer:
    return Answer(200, body, (("content-type", "application/json"), TRACE), **more)


def shaped(effect: str, body: bytes = PAGE, *, dialect: Any = "accounting", **options: Any) -> Answer:
    return shape(Fault(effect=effect, **options), answered(body, committed=True, frame=b"{}"), dialect=dialect)


def problems(body: bytes, operation: str = "queryAccountingRecords") -> tuple[str, ...]:
    """What the published document says against an answer."""
    try:
        check_answer(operations()[operation], 200, body)
    except ContractBroken as broken:
        return broken.problems
    return ()


class TestShape:
    @pytest.mark.parametrize("effect", sorted(EFFECTS))
    def test_facts_stay(self, effect: str) -> None:
        """Whether something was committed, and headers such as the trace id, outlive every effect."""
        answer = shaped(effect)
        assert answer.committed
        assert TRACE in answer.headers
        assert 1 == sum(name == "content-type" for name, _ in answer.headers)

    @pytest.mark.parametrize("effect", NETWORK)
    def test_network_effects(self, effect: str) -> None:
        """What is done to the connection leaves the answer as it is."""
        assert answered(PAGE, committed=True, frame=b"{}") == shaped(effect)

    @pytest.mark.parametrize(
        ("status", "dialect", "expected"),
        [
            (400, "accounting", {"error_code": "INVALID_REQUEST"}),
            (401, "accounting", {"error_code": "UNAUTHORIZED"}),
            (403, "classic", {"type": "FORBIDDEN"}),
            (409, "accounting", {"error_code": "INVALID_REQUEST"}),
            (429, "accounting", {"error_code": "TOO_MANY_REQUESTS"}),
            (503, "accounting", {"error_code": "INTERNAL_ERROR"}),
            (520, "classic", {"type": "INTERNAL_ERROR"}),
        ],
    )
    def test_status(self, status: int, dialect: Any, expected: dict[str, str]) -> None:
        """An error in the words of its document, with a code that goes with the status."""
        answer = shaped("status", status=status, dialect=dialect)
        body = loads(answer.body)
        assert (status, False, None) == (answer.status, answer.listed, answer.frame)
        assert {**expected, "message": body["message"]} == body
        assert (("content-type", "application/json"), TRACE) == answer.headers

    def test_status_in_own_words(self) -> None:
        """Code and message can be chosen."""
        answer = shaped("status", status=409, code="VENDOR_ACCOUNT_ID_MISMATCH", message="Nein")
        assert {"error_code": "VENDOR_ACCOUNT_ID_MISMATCH", "message": "Nein"} == loads(answer.body)

    def test_words_of_the_issuer(self) -> None:
        """An issuer's error is one of RFC 6749, chosen or not."""
        assert "server_error" == loads(shaped("status", dialect="oauth").body)["error"]
        chosen = shaped("status", status=400, code="invalid_grant", message="gone", dialect="oauth")
        assert {"error": "invalid_grant", "error_description": "gone"} == loads(chosen.body)

    def test_words_of_the_file_host(self) -> None:
        """A file host's error is XML, as S3's is."""
        answer = shaped("status", code="SlowDown", message="a < b", dialect="files")
        assert (("content-type", "application/xml"), TRACE) == answer.headers
        assert b"<Code>SlowDown</Code><Message>a &lt; b</Message>" in answer.body

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (0, "0"),
            (2, "2"),
            (120, "120"),
            (3600.0, "3600"),
            (1.25, "1.25"),
            (1e-5, "0.00001"),
            (31536000, "31536000"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ],
    )
    def test_retry_after(self, given: float | str, expected: str) -> None:
        """Seconds without an exponent, or the date as it is, in place of what the answer said."""
        busy = attrs.evolve(answered(b"{}"), headers=(("retry-after", "9"), TRACE))
        for effect in ("status", "html"):
            answer = shape(Fault(effect=effect, retry_after=given), busy, dialect="accounting")
            assert [expected] == [value for name, value in answer.headers if name == "retry-after"]

    def test_expired_token(self) -> None:
        """401 in the words of the document."""
        answer = shaped("expired_token")
        assert (401, {"error_code": "UNAUTHORIZED", "message": "The access token has expired."}) == (
            answer.status,
            loads(answer.body),
        )
        assert "UNAUTHORIZED" == loads(shaped("expired_token", dialect="classic").body)["type"]

    @pytest.mark.parametrize(
        ("status", "title"), [(503, b"503 Service Unavailable"), (200, b"200 OK"), (520, b"520 Unknown")]
    )
    def test_html(self, status: int, title: bytes) -> None:
        """The page of a gateway, with any status."""
        answer = shaped("html", status=status)
        assert status == answer.status
        assert ("content-type", "text/html; charset=utf-8") in answer.headers
        assert b"<h1>" + title + b"</h1>" in answer.body

    def test_bad_json(self) -> None:
        """It says that it is JSON, and is not."""
        answer = shaped("bad_json")
        assert (200, True) == (answer.status, ("content-type", "application/json") in answer.headers)
        with pytest.raises(ValueError, match="Expecting value"):
            loads(answer.body)

    def test_empty(self) -> None:
        """200 with nothing in it."""
        assert (200, b"") == (shaped("empty").status, shaped("empty").body)

    def test_wrong_schema(self) -> None:
        """One record of a page breaks the document, and the others do not."""
        found = problems(shaped("wrong_schema").body)
        assert {".items[0].id"} == {problem.partition(":")[0] for problem in found}

    @pytest.mark.parametrize(
        ("operation", "body"),
        [
            ("getAccountingRecord", record()),
            ("reportAccountingExportResults", {"updated_accounting_record_ids": ["accr_1"]}),
            ("queryAccountingRecords", page([])),
            ("listSecrets", [{"secret": "czNjcjN0", "status": "ACTIVE"}, {"secret": "czNjcjN1", "status": "ACTIVE"}]),
            ("receiptUpload", {"id": "upload_1", "uri": "http://127.0.0.1/upload_1"}),
            ("createIntegration", {
                "integration_id": "int_1", "vendor": "ERP_A", "vendor_account_id": "42", "status": "ACTIVE",
                "created_at": "2025-08-15T10:00:00Z",
            }),
            ("getCompany", {
                "id": "company_1", "legal_name": "Quill & Co", "mailing_address": {}, "accountType": "BREX_EMPOWER"
            }),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("effect", ["wrong_schema", "wrong_page"])
    def test_wrong_answers_of_all_kinds(self, effect: str, operation: str, body: Any) -> None:
        """Whatever the operation answers, its document is broken, and it was not before."""
        assert () == problems(dumps(body), operation)
        assert problems(shaped(effect, dumps(body)).body, operation)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [(page([record()]), {**page([record()]), "items": {}}), (record(), [record()]), ([{"id": "1"}], {"items": {}})],
    )
    def test_wrong_page(self, body: Any, expected: Any) -> None:
        """The items of a page are an object; an object becomes an array, and an array an object."""
        assert expected == loads(shaped("wrong_page", dumps(body)).body)

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"memo": "Toner"}, {"memo": "Toner\ud800"}),
            ({"memo": None}, {"memo": "\ud800"}),
            ({"memo": "🦄"}, {"memo": "🦄\ud800"}),
            ({"message": "No", "error_code": "X"}, {"message": "No\ud800", "error_code": "X"}),
            ({"id": "1", "legal_name": "Quill"}, {"id": "1", "legal_name": "Quill\ud800"}),
            ({"id": "1"}, {"id": "1\ud800"}),
        ],
    )
    def test_lone_surrogate(self, members: dict[str, Any], expected: dict[str, Any]) -> None:
        """Half of a pair stands at the end of a text, free text first, ids last, escaped so that it is UTF-8."""
        for body, wanted in ((members, expected), ({"items": [members, members]}, {"items": [expected, members]})):
            answer = shaped("lone_surrogate", dumps(body))
            assert wanted == loads(answer.body)
            assert answer.body.decode().count("\\ud800") == 1

    @pytest.mark.parametrize(
        ("members", "name"),
        [
            (record(), "type"),
            ({"id": "1", "expense_type": None, "status": "APPROVED"}, "status"),
            ({"id": "1", "accountType": "BREX_EMPOWER"}, "accountType"),
            ({"error_code": "NOT_FOUND", "message": ""}, "error_code"),
            ({"type": "NOT_FOUND", "message": ""}, "type"),
        ],
    )
    def test_unknown_enum(self, members: dict[str, Any], name: str) -> None:
        """One constant is none that a document lists."""
        assert {**members, name: "ADDED_IN_ALPHA"} == loads(shaped("unknown_enum", dumps(members)).body)

    def test_alpha(self) -> None:
        """What an API in alpha adds breaks nothing but the list of constants."""
        assert () == problems(shaped("unknown_field").body)
        assert {".items[0].type"} == {problem.partition(":")[0] for problem in problems(shaped("unknown_enum").body)}
        assert {"added_in_alpha"} == loads(shaped("unknown_field").body)["items"][0].keys() - record().keys()

    @pytest.mark.parametrize("effect", ["wrong_schema", "lone_surrogate", "unknown_enum", "unknown_field"])
    def test_the_rest_keeps_its_text(self, effect: str) -> None:
        """The other records, and the other members of the first one, keep their text to the last digit."""
        body = shaped(effect).body
        assert [False, True, True] == [item in body for item in ITEMS]
        assert PAGE.count(b"123456789012345678901234567890.10") == body.count(b"123456789012345678901234567890.10")
        assert PAGE.count(b"3.0e0") == body.count(b"3.0e0")

    @pytest.mark.parametrize(
        "effect", ["wrong_schema", "wrong_page", "lone_surrogate", "unknown_enum", "unknown_field"]
    )
    @pytest.mark.parametrize(
        "body", [b"", b"%PDF-1.7\n\xff\xfe", b"3", b'"text"', b"null", b"[]", b"[3]", b'{"a":', b"\xff"]
    )
    def test_nothing_to_spoil(self, effect: str, body: bytes) -> None:
        """A file, or JSON with nothing in it that could be changed, goes out as it is."""
        if body in (b"[]", b"[3]") and effect == "wrong_page":
            return
        assert body == shaped(effect, body).body

    @given(
        st.sampled_from(sorted(EFFECTS)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["items", "id", "memo", "type", "status", "x"]), inner, max_size=4)
            ),
        ),
    )
    def test_any_json(self, effect: str, value: Any) -> None:
        """Any JSON can be shaped, and what spoils a part of it leaves JSON."""
        body = shaped(effect, dumps(value)).body
        if effect not in ("html", "bad_json", "empty"):
            loads(body)


class Served:
    """A small application with a fault plan, as the emulator is one, behind uvicorn or called in a process."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.plan = FaultPlan()
        self.answer = answer or answered(PAGE)
        self.arrived = 0
        self.commits = 0
        self.deliveries: list[Delivery] = []
        self.closing = asyncio.Event()
        self.slept: list[float] = []
        self.awake = asyncio.Event()
        self.awake.set()
        self.port = 0

    def fails(self, effect: str, **options: Any) -> None:
        self.plan.add(Fault(effect=effect, **options), now=NOW)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        self.arrived += 1
        channel = Channel(send, receive, wire_of(scope), self.closing, self.sleep)
        try:
            delivery = await carry_out(self.plan.fire("any", NOW), self.handle, channel, dialect="accounting")
        except Disconnected as gone:
            self.deliveries.append(gone.delivery)
            raise
        self.deliveries.append(delivery)

    async def handle(self) -> Answer:
        self.commits += 1
        return attrs.evolve(self.answer, committed=True)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.awake.wait()

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=10)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Peer]:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        try:
            yield peer
        finally:
            peer.writer.transport.abort()
            await asyncio.sleep(0)


class Peer:
    """A client that sees bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, body: bytes = b"") -> None:
        self.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def head(self) -> tuple[int, dict[str, str]]:
        first, *fields = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        return int(first.split(" ")[1]), dict(field.lower().split(": ", 1) for field in fields)

    async def rest(self) -> bytes:
        """All bytes up to the end of the connection, which has to come in good order."""
        return await self.reader.read()


async def until(happened: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        # no event tells what the other side did: it shows when looked at
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def settle() -> None:
    """Let everything happen that can happen without anybody else."""
    for _ in range(100):
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(answer: Answer | None = None) -> AsyncIterator[Served]:
    """Let uvicorn serve in this loop, and see that it stops in time, in silence, and leaves nothing."""
    served = Served(answer)
    before = asyncio.all_tasks()
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    config = uvicorn.Config(
        served.app,
        interface="asgi3",
        host="127.0.0.1",
        port=0,
        http=WireProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]  # they are for pytest
    running = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        served.port = server.servers[0].sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            yield served
    finally:
        served.closing.set()
        server.should_exit = True
        async with asyncio.timeout(5):
            await running
        logging.getLogger().removeHandler(handler)
    gc.collect()
    assert [] == [record.getMessage() for record in records]
    assert before == asyncio.all_tasks()
    assert not server.server_state.connections
    assert not server.server_state.tasks


@pytest.mark.asyncio
class TestOnTheWire:
    async def test_no_fault(self) -> None:
        """Without a fault the answer arrives, and the connection serves the next request."""
        async with serving() as served, served.connected() as peer:
            for number in (1, 2):
                peer.ask()
                status, head = await peer.head()
                assert (200, str(len(PAGE)), "trace-1") == (status, head["content-length"], head["x-brex-trace-id"])
                assert PAGE == await peer.reader.readexactly(len(PAGE))
                await until(lambda number=number: number == len(served.deliveries))
            answer = answered(PAGE, committed=True)
            assert [Delivery(None, answer, answer)] * 2 == served.deliveries

    @pytest.mark.parametrize(("phase", "commits"), [("before", 0), ("after", 1)])
    @pytest.mark.parametrize("size", [0, 1_000_000])
    async def test_drop(self, phase: str, commits: int, size: int) -> None:
        """The connection ends in good order without any byte, after a large request too."""
        async with serving() as served, served.connected() as peer:
            served.fails("drop", phase=phase)
            peer.ask(bytes(size))
            assert b"" == await peer.rest()
            assert commits == served.commits
            await until(lambda: served.deliveries)
            [delivery] = served.deliveries
            assert (commits == 1, None) == (delivery.handled is not None, delivery.sent)
            assert ("fault_1", "drop") == (delivery.firing.id, delivery.firing.fault.effect)

    @pytest.mark.parametrize(("phase", "commits"), [("before", 0), ("after", 1)])
    async def test_reset(self, phase: str, commits: int) -> None:
        """The connection is reset without any byte."""
        async with serving() as served, served.connected() as peer:
            served.fails("reset", phase=phase)
            peer.ask()
            with pytest.raises(ConnectionResetError):
                await peer.rest()
            assert commits == served.commits

    @pytest.mark.parametrize(("keep", "arrives"), [(0, 0), (0.5, len(PAGE) // 2), (0.999999, len(PAGE) - 1)])
    async def test_cut_body(self, keep: float, arrives: int) -> None:
        """The head announces all of it, so much of it arrives, and the end is in good order."""
        async with serving() as served, served.connected() as peer:
            served.fails("cut_body", keep=keep)
            peer.ask()
            status, head = await peer.head()
            assert (200, str(len(PAGE))) == (status, head["content-length"])
            assert PAGE[:arrives] == await peer.rest()
            await until(lambda: served.deliveries)
            assert (1, answered(PAGE, committed=True)) == (served.commits, served.deliveries[0].sent)

    async def test_cut_before(self) -> None:
        """Cut in the phase before, it is the blank page that is cut, and nothing was committed."""
        async with serving() as served, served.connected() as peer:
            served.fails("cut_body", phase="before")
            peer.ask()
            await peer.head()
            assert BLANK.body[: len(BLANK.body) // 2] == await peer.rest()
            assert 0 == served.commits

    async def test_cut_chunks(self) -> None:
        """In chunks, the last one is missing."""
        async with serving() as served, served.connected() as peer:
            served.fails("cut_body", chunked=True)
            peer.ask()
            _, head = await peer.head()
            assert ("chunked", None) == (head["transfer-encoding"], head.get("content-length"))
            half = PAGE[: len(PAGE) // 2]
            assert b"%x\r\n%b\r\n" % (len(half), half) == await peer.rest()

    @pytest.mark.parametrize("status", [200, 204])
    async def test_cut_nothing(self, status: int) -> None:
        """Where there is no body, the connection ends without any byte."""
        async with serving(Answer(status)) as served, served.connected() as peer:
            served.fails("cut_body")
            peer.ask()
            assert b"" == await peer.rest()
            await until(lambda: served.deliveries)
            assert (1, None) == (served.commits, served.deliveries[0].sent)

    async def test_cut_for_a_client_that_does_not_read(self) -> None:
        """A client that keeps the connection and reads nothing does not keep the emulator."""
        async with serving(Answer(200, bytes(50_000_000))) as served, served.connected() as peer:
            served.fails("cut_body", keep=0.9)
            peer.writer.transport.pause_reading()
            peer.ask()
            await until(lambda: served.commits)
            await settle()
            assert not served.deliveries
            served.closing.set()
            await until(lambda: served.deliveries)

    @pytest.mark.parametrize(("phase", "commits"), [("before", 0), ("after", 1)])
    async def test_hang_until_the_client_goes(self, phase: str, commits: int) -> None:
        """Nothing is said until the client goes away."""
        async with serving() as served:
            async with served.connected() as peer:
                served.fails("hang", phase=phase)
                peer.ask()
                await until(lambda: served.arrived)
                await settle()
                assert not served.deliveries
            await until(lambda: served.deliveries)
            assert (commits, None) == (served.commits, served.deliveries[0].sent)

    async def test_hang_until_the_end(self) -> None:
        """When the emulator stops, connections that hang end in good order, and do not hold it up."""
        async with serving() as served:
            served.fails("hang")
            async with served.connected() as peer, served.connected() as other:
                for each in (peer, other):
                    each.ask()
                await until(lambda: served.arrived == 2)
                served.closing.set()
                assert [b"", b""] == [await peer.rest(), await other.rest()]

    async def test_shutdown_with_hanging_requests(self) -> None:
        """uvicorn stops in time although clients wait for their answers."""
        clients = []
        async with serving() as served:
            served.fails("hang", times=2)
            served.fails("slow_body", skip=2, delay=3600)
            served.awake.clear()
            for _ in range(4):
                reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
                clients.append(Peer(reader, writer))
                clients[-1].ask()
            await until(lambda: served.arrived == 4)
            await settle()
            assert not served.deliveries
        for client in clients:
            client.writer.close()
            await client.writer.wait_closed()

    async def test_latency(self) -> None:
        """Latencies of a phase add up; the request takes effect before or after them; the answer is what it was."""
        async with serving() as served, served.connected() as peer:
            for phase, delay in [("before", 1.5), ("after", 10.0), ("before", 2.0), ("after", 20.0)]:
                served.fails("latency", phase=phase, delay=delay)
            served.awake.clear()
            peer.ask()
            await until(lambda: served.slept)
            assert ([3.5], 0) == (served.slept, served.commits)
            served.awake.set()
            assert 200 == (await peer.head())[0]
            assert PAGE == await peer.reader.readexactly(len(PAGE))
            assert ([3.5, 30.0], 1) == (served.slept, served.commits)
            await until(lambda: served.deliveries)
            assert served.deliveries[0].firing is None

    async def test_latency_outlives_the_client(self) -> None:
        """A request whose client does not wait takes effect all the same, later."""
        async with serving() as served:
            served.fails("latency", delay=60)
            served.awake.clear()
            async with served.connected() as peer:
                peer.ask()
                await until(lambda: served.slept)
            await settle()
            assert 0 == served.commits
            served.awake.set()
            await until(lambda: served.deliveries)
            assert 1 == served.commits

    async def test_latency_ends_with_the_emulator(self) -> None:
        """When the emulator stops, what is late comes at once."""
        async with serving() as served, served.connected() as peer:
            served.fails("latency", delay=86400)
            served.awake.clear()
            peer.ask()
            await until(lambda: served.slept)
            served.closing.set()
            assert 200 == (await peer.head())[0]

    async def test_latency_comes_first(self) -> None:
        """Latency delays what another fault does, whichever was added first."""
        async with serving() as served, served.connected() as peer:
            served.fails("drop")
            served.fails("latency", delay=5)
            served.awake.clear()
            peer.ask()
            await until(lambda: served.slept)
            assert not served.deliveries
            served.awake.set()
            assert b"" == await peer.rest()

    async def test_oldest_wins(self) -> None:
        """Of several faults of a phase the oldest has its way, and one before takes the place of all after."""
        async with serving() as served, served.client() as http:
            served.fails("status", status=418, phase="after")
            served.fails("status", status=429, phase="after")
            served.fails("status", status=500, times=1)
            served.fails("status", status=502, times=2)
            assert [500, 502, 502, 418] == [(await http.get("/")).status_code for _ in range(4)]
            assert 1 == served.commits
            await until(lambda: len(served.deliveries) == 4)
            assert ["fault_3", "fault_4", "fault_4", "fault_1"] == [each.firing.id for each in served.deliveries]

    async def test_slow_body(self) -> None:
        """The head comes at once, then the body in so many pieces with a pause between each two."""
        async with serving(answered(b"abcdefghij")) as served, served.connected() as peer:
            served.fails("slow_body", pieces=3, delay=2.5)
            served.awake.clear()
            peer.ask()
            assert "10" == (await peer.head())[1]["content-length"]
            for piece in (b"abc", b"def"):
                assert piece == await peer.reader.read(100)
                assert 2.5 == served.slept.pop()
                served.awake.set()
                served.awake = asyncio.Event()
            assert b"ghij" == await peer.reader.read(100)
            assert [] == served.slept
            await until(lambda: served.deliveries)
            assert answered(b"abcdefghij", committed=True) == served.deliveries[0].sent

    async def test_slow_and_short(self) -> None:
        """A body with fewer bytes than pieces arrives whole."""
        async with serving(answered(b"ab")) as served, served.connected() as peer:
            served.fails("slow_body", pieces=5)
            peer.ask()
            await peer.head()
            assert b"ab" == await peer.reader.readexactly(2)
            await until(lambda: served.deliveries)
            assert [1.0] * 4 == served.slept

    async def test_slow_body_ends_with_the_client(self) -> None:
        """A client that goes away ends the pauses."""
        async with serving() as served:
            served.fails("slow_body", pieces=1000, delay=3600)
            served.awake.clear()
            async with served.connected() as peer:
                peer.ask()
                await until(lambda: served.slept)
            await until(lambda: served.deliveries)
            assert [3600] == served.slept

    async def test_slow_body_ends_with_the_emulator(self) -> None:
        """When the emulator stops, all that is left comes at once."""
        async with serving() as served, served.connected() as peer:
            served.fails("slow_body", pieces=50, delay=3600)
            served.awake.clear()
            peer.ask()
            await peer.head()
            await until(lambda: served.slept)
            served.closing.set()
            assert PAGE == await peer.reader.readexactly(len(PAGE))

    async def test_what_httpx_makes_of_it(self) -> None:
        """The errors of a client that people know, and between them the pool goes on."""
        cases: list[tuple[str, type[Exception]]] = [
            ("drop", httpx.RemoteProtocolError),
            ("reset", httpx.ReadError),
            ("cut_body", httpx.RemoteProtocolError),
        ]
        async with serving() as served, served.client() as http:
            for effect, error in cases:
                for options in ({}, {"chunked": True}) if effect == "cut_body" else ({},):
                    served.fails(effect, times=1, **options)
                    with pytest.raises(error):
                        await http.post("/", content=bytes(100_000))
                    assert PAGE == (await http.post("/", content=bytes(100_000))).content

    async def test_connections_live_on(self) -> None:
        """What is done to the answer leaves the connection as it is, and what arrives is what was shaped."""
        others = [effect for effect in EFFECTS if effect not in ("drop", "reset", "cut_body", "hang")]
        async with serving() as served, served.connected() as peer:
            for phase in ("before", "after"):
                for effect in others:
                    if phase == "before" and EFFECTS[effect].disfigures:
                        continue
                    served.plan.clear()
                    served.fails(effect, phase=phase)
                    served.deliveries.clear()
                    commits = served.commits
                    peer.ask(b"x" * 100)
                    status, head = await peer.head()
                    body = await peer.reader.readexactly(int(head["content-length"]))
                    await until(lambda: served.deliveries)
                    sent = served.deliveries[0].sent
                    assert (sent.status, sent.body, dict(sent.headers)["content-type"]) == (
                        status,
                        body,
                        head["content-type"],
                    )
                    meant = answered(PAGE, committed=True) if phase == "after" or effect == "latency" else BLANK
                    assert sent == shape(Fault(effect=effect), meant, dialect="accounting")
                    assert served.commits - commits == (phase == "after" or effect == "latency")


@pytest.mark.asyncio
class TestInAProcess:
    @pytest.mark.parametrize("effect", ["drop", "reset", "cut_body"])
    async def test_disconnected(self, effect: str) -> None:
        """Where there is no connection to end, the application raises, and says what became of the request."""
        served = Served()
        served.fails(effect, phase="after")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://x") as http:
            with pytest.raises(Disconnected, match="a fault of the emulator ended the connection") as caught:
                await http.get("/")
        delivery = caught.value.delivery
        assert isinstance(caught.value, ConnectionResetError)
        assert ("fault_1", answered(PAGE, committed=True), None) == (
            delivery.firing.id,
            delivery.handled,
            delivery.sent,
        )

    async def test_hang(self) -> None:
        """A request that hangs is at the mercy of its caller; when the emulator stops it raises too."""
        served = Served()
        served.fails("hang")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://x") as http:
            impatient, patient = (asyncio.create_task(http.get("/")) for _ in range(2))
            await until(lambda: served.arrived == 2)
            impatient.cancel()
            with pytest.raises(asyncio.CancelledError):
                await impatient
            served.closing.set()
            with pytest.raises(Disconnected):
                await patient
        assert {asyncio.current_task()} == asyncio.all_tasks()

    async def test_the_others(self) -> None:
        """All else works as over a socket."""
        served = Served()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://x") as http:
            for effect in (name for name, each in EFFECTS.items() if not each.network and name != "hang"):
                served.plan.clear()
                served.fails(effect, phase="after")
                answer = await http.get("/")
                expected = shape(Fault(effect=effect), answered(PAGE, committed=True), dialect="accounting")
                assert (expected.status, expected.body) == (answer.status_code, answer.content)

    async def test_a_sleep_that_fails(self) -> None:
        """What the injected sleep raises comes out, and what was waited for besides is given up."""

        async def broken(_: float) -> None:
            message = "no sleep"
            raise RuntimeError(message)

        served = Served()
        served.sleep = broken  # type: ignore[method-assign]
        served.fails("latency")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://x") as http:
            with pytest.raises(RuntimeError, match="no sleep"):
                await http.get("/")
        assert {asyncio.current_task()} == asyncio.all_tasks()
