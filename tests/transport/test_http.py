"""The seam on httpx over real sockets: proxies, certificates, cookies, broken answers, connections."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import httpcore
import httpx
import pytest
import pytest_asyncio

from brex_accounting import (
    AnswerLost,
    AttemptEnded,
    AttemptTimedOut,
    Brex,
    BrexError,
    CallError,
    ConnectionFailed,
    DeadlineExceeded,
    Event,
    InvalidArgument,
    NotFound,
    RetryPolicy,
    Runtime,
    ServerError,
    UnexpectedStatus,
)
from brex_accounting.transport import http
from tests import virtual, wire
from tests.server import CERTIFICATE, Handler, RawServer, Reply, Request, client_tls, server_tls
from tests.transport.scripted import COMPANY, INTEGRATION, Answer, Hang, Script, client

BODY = wire.dumps(COMPANY)
TWICE = RetryPolicy(attempts=2, backoff=0.001)
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates but those that a test sets."""
    for name in (*PROXY_VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


TLS = client_tls()


def brex_at(url: str, **options: Any) -> Brex:
    """A client with a runtime of its own; where no TLS is spoken, reading certificates is left out."""
    runtime = Runtime()
    if url.startswith("http:"):
        runtime._ssl_contexts[None, None] = TLS
    return Brex("bxt_token", **{"base_url": url, "account": "acme", "retry": TWICE, "runtime": runtime, **options})


def ok(_request: Request, reply: Reply) -> Awaitable[None]:
    return reply.json(COMPANY)


def forward(request: Request, reply: Reply) -> Awaitable[None]:
    """Behave as a proxy that answers for http, and makes tunnels for https."""
    if request.method == "CONNECT":
        host, _, port = request.target.partition(":")
        return reply.tunnel(host, int(port))
    return reply.json({**COMPANY, "id": "by_proxy"})


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RawServer]:
    async with RawServer(ok) as found:
        yield found


@pytest_asyncio.fixture
async def secure() -> AsyncIterator[RawServer]:
    async with RawServer(ok, ssl_context=server_tls()) as found:
        yield found


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[RawServer]:
    async with RawServer(forward) as found:
        yield found


def pooled(brex: Brex) -> list[Any]:
    """The connections that a client's pool holds."""
    return brex._session.connections()._pool._httpx._transport._pool.connections


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class TestProxies:
    async def test_argument(self, server: RawServer, proxy: RawServer) -> None:
        """proxy= carries plain requests, which name the whole URL then."""
        async with brex_at(server.url, proxy=proxy.url) as brex:
            assert "by_proxy" == (await brex.company.get()).id
        assert [f"{server.url}/v2/company"] == [request.target for request in proxy.requests]
        assert [] == server.requests

    async def test_argument_for_tls(self, secure: RawServer, proxy: RawServer) -> None:
        """proxy= makes a tunnel for https, and the token goes through it unseen."""
        async with brex_at(secure.url, proxy=proxy.url, ssl_context=client_tls()) as brex:
            assert "cmp_1" == (await brex.company.get()).id
        assert ["CONNECT"] == [request.method for request in proxy.requests]
        assert "authorization" not in proxy.requests[0].headers
        assert ["Bearer bxt_token"] == [request.headers["authorization"] for request in secure.requests]

    async def test_password(self, server: RawServer, proxy: RawServer) -> None:
        """A user and password in the proxy's URL reach the proxy, and nobody else."""
        async with brex_at(server.url, proxy=proxy.url.replace("://", "://user:pass@")) as brex:
            await brex.company.get()
        assert "Basic dXNlcjpwYXNz" == proxy.requests[0].headers["proxy-authorization"]

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
    async def test_environment(
        self, server: RawServer, proxy: RawServer, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        """The environment's proxy carries plain requests without a word from the caller."""
        if variable == "HTTP_PROXY":
            monkeypatch.delenv("REQUEST_METHOD", raising=False)
        monkeypatch.setenv(variable, proxy.url)
        async with brex_at(server.url) as brex:
            assert "by_proxy" == (await brex.company.get()).id
        assert [] == server.requests

    @pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
    async def test_environment_for_tls(
        self, secure: RawServer, proxy: RawServer, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        """HTTPS_PROXY makes the tunnel to Brex."""
        monkeypatch.setenv(variable, proxy.url)
        async with brex_at(secure.url, ssl_context=client_tls()) as brex:
            assert "cmp_1" == (await brex.company.get()).id
        assert [("CONNECT", secure.url.removeprefix("https://"))] == [(r.method, r.target) for r in proxy.requests]

    async def test_argument_comes_first(
        self, server: RawServer, proxy: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """proxy= comes before the environment's, as in httpx."""
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
        async with brex_at(server.url, proxy=proxy.url) as brex:
            assert "by_proxy" == (await brex.company.get()).id

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {"HTTP_PROXY": "proxy"},
            {"HTTPS_PROXY": "proxy"},
            {"ALL_PROXY": "proxy"},
            {"HTTP_PROXY": "proxy", "NO_PROXY": "127.0.0.1"},
            {"HTTP_PROXY": "proxy", "NO_PROXY": "*"},
            {"HTTP_PROXY": "proxy", "NO_PROXY": "example.com, 127.0.0.1"},
            {"HTTP_PROXY": "proxy", "NO_PROXY": "example.com"},
            {"ALL_PROXY": "proxy", "NO_PROXY": "http://127.0.0.1"},
            {"HTTP_PROXY": "proxy without scheme"},
            {"HTTP_PROXY": "proxy", "http_proxy": ""},
        ],
        ids=str,
    )
    async def test_as_plain_httpx(
        self, server: RawServer, proxy: RawServer, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
    ) -> None:
        """Whatever the environment says, our request goes where a bare httpx client's goes."""
        for name, value in environment.items():
            found = {"proxy": proxy.url, "proxy without scheme": proxy.url.removeprefix("http://")}.get(value, value)
            monkeypatch.setenv(name, found)
        async with httpx.AsyncClient() as bare:
            expected = (await bare.get(f"{server.url}/v2/company")).json()["id"]
        async with brex_at(server.url) as brex:
            assert expected == (await brex.company.get()).id
        assert (len(proxy.requests), len(server.requests)) in ((2, 0), (0, 2))

    async def test_proxy_refuses(self, secure: RawServer) -> None:
        """A proxy that makes no tunnel is a connection that failed: the request never left."""
        async with (
            RawServer([lambda _, reply: reply.send(407)] * 2) as strict,
            brex_at(secure.url, proxy=strict.url, ssl_context=client_tls()) as brex,
        ):
            with pytest.raises(ConnectionFailed, match="ProxyError") as caught:
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
        assert (2, False) == (caught.value.attempts, caught.value.maybe_applied)
        assert [] == secure.requests

    async def test_proxy_is_away(self, server: RawServer) -> None:
        """A proxy that nobody runs is a connection that failed."""
        async with brex_at(server.url, proxy=f"http://127.0.0.1:{closed_port()}") as brex:
            with pytest.raises(ConnectionFailed, match="Check base_url, proxy"):
                await brex.company.get()

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("HTTPS_PROXY", "ftp://user:canary@proxy.example.com"),
            ("HTTPS_PROXY", "http://user:canary@proxy.example.com:port"),
            ("ALL_PROXY", "socks5://proxy.example.com"),
            ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ],
    )
    async def test_broken_environment(
        self, server: RawServer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        """An environment that cannot be used is an error of ours that names the variable and no password."""
        monkeypatch.setenv(variable, value)
        with pytest.raises(BrexError, match=variable) as caught:
            async with brex_at(server.url):
                pass
        assert "canary" not in str(caught.value)


class TestCertificates:
    async def test_untrusted(self, secure: RawServer) -> None:
        """A certificate that nobody vouches for is a connection that failed; no request is sent."""
        async with brex_at(secure.url) as brex:
            with pytest.raises(ConnectionFailed, match="self-signed certificate") as caught:
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
        assert (2, False, None) == (caught.value.attempts, caught.value.maybe_applied, caught.value.status_code)
        assert "certificates" in str(caught.value)
        assert [] == secure.requests

    async def test_other_host(self) -> None:
        """A trusted certificate of another host is refused too."""
        async with (
            RawServer(ok, ssl_context=server_tls()) as server,
            brex_at(f"https://127.0.0.2:{server.port}", ssl_context=client_tls()) as brex,
        ):
            with pytest.raises(ConnectionFailed):
                await brex.company.get()
        assert [] == server.requests

    async def test_context(self, secure: RawServer) -> None:
        """ssl_context= brings its own certificates."""
        async with brex_at(secure.url, ssl_context=client_tls()) as brex:
            assert "cmp_1" == (await brex.company.get()).id

    async def test_environment(self, secure: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """SSL_CERT_FILE is trusted, as in httpx."""
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        async with brex_at(secure.url) as brex:
            assert "cmp_1" == (await brex.company.get()).id

    async def test_environment_that_changes(self, secure: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The context that a runtime keeps belongs to the environment that it was made in."""
        shared = Runtime()
        assert shared.ssl_context() is shared.ssl_context()
        async with brex_at(secure.url, runtime=shared) as brex:
            with pytest.raises(ConnectionFailed):
                await brex.company.get()
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        async with brex_at(secure.url, runtime=shared) as brex:
            assert "cmp_1" == (await brex.company.get()).id
        monkeypatch.delenv("SSL_CERT_FILE")
        async with brex_at(secure.url, runtime=shared) as brex:
            with pytest.raises(ConnectionFailed):
                await brex.company.get()

    async def test_context_comes_first(self, secure: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """ssl_context= comes before the environment."""
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        async with brex_at(secure.url, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as brex:
            with pytest.raises(ConnectionFailed):
                await brex.company.get()

    async def test_context_needs_no_environment(self, secure: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """With ssl_context= nobody looks at SSL_CERT_FILE, as in httpx; a broken one does not matter."""
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
        async with brex_at(secure.url, ssl_context=client_tls()) as brex:
            assert "cmp_1" == (await brex.company.get()).id

    async def test_no_tls(self) -> None:
        """Plain text where TLS was expected is a connection that failed."""

        async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with brex_at(f"https://127.0.0.1:{port}", ssl_context=client_tls()) as brex:
                with pytest.raises(ConnectionFailed):
                    await brex.company.get()


class TestCookies:
    async def test_none_is_kept(self) -> None:
        """Cookies that answers set are neither stored nor sent, by no answer and to no view."""
        cookies = [
            ("set-cookie", "session=canary; Path=/"),
            ("set-cookie", "other=canary; Domain=127.0.0.1; Max-Age=1000"),
            ("set-cookie2", "third=canary; Version=1"),
        ]

        def answer(status: int) -> Handler:
            return lambda _, reply: reply.json(COMPANY, status, [*cookies, ("location", "/elsewhere")])

        steps = [answer(status) for status in (200, 302, 404, 200, 200)]
        async with RawServer(steps) as server, brex_at(server.url) as brex:
            await brex.company.get()
            with pytest.raises(UnexpectedStatus):
                await brex.company.get()
            with pytest.raises(NotFound):
                await brex.company.get()
            await brex.for_account("globex", "bxt_2").company.get()
            await brex.company.get()
            assert [] == list(brex._session.connections()._pool._httpx.cookies.jar)
        assert [None] * 5 == [request.headers.get("cookie") for request in server.requests]


class TestBaseUrl:
    @pytest.mark.parametrize("path", ["", "/", "/gateway", "/gateway/", "/gateway/brex"])
    async def test_path(self, server: RawServer, path: str) -> None:
        """A path in base_url stands before each operation's, with or without a slash at its end."""
        async with brex_at(server.url + path) as brex:
            await brex.company.get()
        assert [f"{path.rstrip('/')}/v2/company"] == [request.target for request in server.requests]

    async def test_ids_stay_one_segment(self) -> None:
        """An id with a slash, a question mark or dots stays one segment of the path, also behind a prefix."""
        async with RawServer(lambda _, reply: reply.json({}, 404)) as server, brex_at(f"{server.url}/gateway") as brex:
            for record_id in ("a/b", "a?b=c#d", "a%2Fb", "ä"):
                with pytest.raises(NotFound):
                    await brex.records.get(record_id)
        expected = ["a%2Fb", "a%3Fb%3Dc%23d", "a%252Fb", "%C3%A4"]
        assert [f"/gateway/v3/accounting/record/{name}" for name in expected] == [
            request.target.replace("/records/", "/record/") for request in server.requests
        ]

    @pytest.mark.parametrize("record_id", [".", ".."])
    async def test_ids_that_are_paths(self, server: RawServer, record_id: str) -> None:
        """An id that would name another path is refused before anything is sent."""
        async with brex_at(server.url) as brex:
            with pytest.raises(InvalidArgument):
                await brex.records.get(record_id)
        assert [] == server.requests


def cut(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.cut(200, BODY, keep=20)


def cut_chunks(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.chunked([BODY[:20], BODY[20:]], keep=1)


def cut_failure(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.cut(503, b'{"error_code": "INTERNAL_ERROR"}', keep=10)


def no_answer(_: Request, reply: Reply) -> None:
    reply.close()


def reset(_: Request, reply: Reply) -> None:
    reply.reset()


async def reset_in_body(_: Request, reply: Reply) -> None:
    await reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    reply.reset()


def garbage(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def drip(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.drip(BODY, 20, 0.03)


def hang(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.hang()


async def hang_in_body(_: Request, reply: Reply) -> None:
    await reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await reply.hang()


BROKEN: dict[str, tuple[Handler, type[CallError], str]] = {
    "cut body": (cut, AnswerLost, "answer lost"),
    "cut chunks": (cut_chunks, AnswerLost, "answer lost"),
    "cut failure": (cut_failure, ServerError, "answered"),
    "no answer": (no_answer, AnswerLost, "answer lost"),
    "reset": (reset, AnswerLost, "answer lost"),
    "reset in the body": (reset_in_body, AnswerLost, "answer lost"),
    "no HTTP": (garbage, AnswerLost, "answer lost"),
    "dripping body": (drip, AttemptTimedOut, "timed out"),
    "silence": (hang, AttemptTimedOut, "timed out"),
    "silence in the body": (hang_in_body, AttemptTimedOut, "timed out"),
}
every_break = pytest.mark.parametrize(("broken", "kind", "outcome"), BROKEN.values(), ids=BROKEN)


class TestBrokenAnswers:
    @every_break
    async def test_reads_are_tried_again(self, broken: Handler, kind: type[CallError], outcome: str) -> None:
        """A read whose answer breaks is tried again at once, and its caller sees only the whole answer."""
        events: list[Event] = []
        async with RawServer([broken, ok]) as server:
            async with brex_at(server.url, timeout=0.15, on_event=events.append) as brex:
                assert "cmp_1" == (await brex.company.get()).id
            await server.until(in_flight=0, connections=0)
        outcomes = [event.outcome for event in events if isinstance(event, AttemptEnded)]
        assert [outcome, "answered"] == outcomes
        del kind

    @every_break
    async def test_writes_repeat_their_key(self, broken: Handler, kind: type[CallError], outcome: str) -> None:
        """A write whose answer breaks is repeated with the same key and the same body."""

        def created(_: Request, reply: Reply) -> Awaitable[None]:
            return reply.json(INTEGRATION)

        async with RawServer([broken, created]) as server:
            async with brex_at(server.url, timeout=0.15) as brex:
                assert (
                    "int_1" == (await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")).integration_id
                )
            first, second = server.requests
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert (first.method, first.target, first.body) == (second.method, second.target, second.body)
        assert {"vendor": "ERP_A", "vendor_account_id": "42"} == json.loads(first.body)
        del kind, outcome

    @every_break
    async def test_error(self, broken: Handler, kind: type[CallError], outcome: str) -> None:
        """When attempts run out the error says how the last one ended; a write says that it may have taken effect."""
        async with RawServer([broken] * 4) as server:
            async with brex_at(server.url, timeout=0.1) as brex:
                with pytest.raises(kind) as read:
                    await brex.company.get()
                with pytest.raises(kind) as written:
                    await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
            await server.until(in_flight=0, connections=0)
        assert kind is type(read.value) is type(written.value)
        status = 503 if kind is ServerError else None
        assert (2, False, status) == (read.value.attempts, read.value.maybe_applied, read.value.status_code)
        assert (2, True, status) == (written.value.attempts, written.value.maybe_applied, written.value.status_code)
        assert "may have taken effect" in str(written.value)
        assert "httpx" not in repr((read.value.__cause__, read.value.__context__))
        del outcome

    async def test_no_listener(self) -> None:
        """A port where nobody listens is a connection that failed: nothing has happened, also for a write."""
        async with brex_at(f"http://127.0.0.1:{closed_port()}") as brex:
            with pytest.raises(ConnectionFailed) as caught:
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
        assert (2, False) == (caught.value.attempts, caught.value.maybe_applied)

    async def test_unknown_host(self) -> None:
        """A name that nobody has is a connection that failed."""
        async with brex_at("http://name.invalid") as brex:
            with pytest.raises(ConnectionFailed):
                await brex.company.get()

    async def test_drip_ends_in_time(self) -> None:
        """A body that drips, each piece well within httpx's own timeout, ends with the attempt's time."""
        async with RawServer(lambda _, reply: reply.drip(BODY, 40, 0.05)) as server:
            async with brex_at(server.url, timeout=0.2, retry=None) as brex:
                started = time.monotonic()
                with pytest.raises(AttemptTimedOut):
                    await brex.company.get()
                assert 0.15 < time.monotonic() - started < 0.8
            await server.until(in_flight=0, connections=0)

    async def test_deadline_ends_a_body(self) -> None:
        """The deadline of a call ends its body too, before the attempt's own time is over."""
        async with (
            RawServer(lambda _, reply: reply.drip(BODY, 40, 0.05)) as server,
            brex_at(server.url, timeout=5.0, deadline=0.2) as brex,
        ):
            started = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                await brex.company.get()
            assert time.monotonic() - started < 0.8

    async def test_large_head(self) -> None:
        """An answer whose head is larger than the HTTP library takes is an answer that was lost, not a crash."""
        async with RawServer([lambda _, reply: reply.json(COMPANY, headers={"x": "y" * 200_000})] * 2) as server:
            async with brex_at(server.url) as brex:
                with pytest.raises(AnswerLost):
                    await brex.company.get()
            await server.until(connections=0)


class TestEncodings:
    async def test_gzip(self) -> None:
        """gzip is asked for and read."""
        async with (
            RawServer(lambda _, reply: reply.json(COMPANY, zipped=True)) as server,
            brex_at(server.url) as brex,
        ):
            assert COMPANY["legal_name"] == (await brex.company.get()).legal_name
        assert "gzip" in server.requests[0].headers["accept-encoding"]

    async def test_chunked(self) -> None:
        """A body without a length is read to its end mark."""
        async with (
            RawServer(lambda _, reply: reply.chunked([BODY[i : i + 7] for i in range(0, len(BODY), 7)])) as server,
            brex_at(server.url) as brex,
        ):
            assert "cmp_1" == (await brex.company.get()).id

    async def test_lying_encoding(self) -> None:
        """A gateway that names an encoding it does not use is read all the same."""
        async with (
            RawServer(lambda _, reply: reply.json(COMPANY, headers={"content-encoding": "gzip"})) as server,
            brex_at(server.url) as brex,
        ):
            assert "cmp_1" == (await brex.company.get()).id


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_are_answers(self, status: int, server: RawServer) -> None:
        """A redirect is an answer like any other: it is not followed, and the token goes nowhere else."""
        location = {"location": f"{server.url}/elsewhere"}
        async with RawServer(lambda _, reply: reply.send(status, location)) as first, brex_at(first.url) as brex:
            for ask in (brex.company.get, lambda: brex.integrations.disconnect("int_1")):
                with pytest.raises(UnexpectedStatus) as caught:
                    await ask()
                assert (status, 1) == (caught.value.status_code, caught.value.attempts)
                assert "Check base_url" in str(caught.value)
        assert [] == server.requests

    @pytest.mark.parametrize(
        "location", ["http://[", "\xff\xfe", "https://host:port/", "//", "http://a/" + "b" * 70_000]
    )
    async def test_malformed(self, location: str) -> None:
        """A Location that cannot be read does not matter."""
        async with (
            RawServer(lambda _, reply: reply.send(302, {"location": location})) as server,
            brex_at(server.url) as brex,
        ):
            with pytest.raises(UnexpectedStatus) as caught:
                await brex.company.get()
        assert 302 == caught.value.status_code


def server_error(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.send(503, {}, b"<html>busy</html>")


def refused(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.json({"error_code": "NOT_FOUND", "message": "x"}, 404)


def unreadable(_: Request, reply: Reply) -> Awaitable[None]:
    return reply.json({"id": 1})


async def cancel_while_connecting(brex: Brex, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel calls, each at the instant at which its connection is there and nothing was sent over it."""
    connect = httpcore._async.connection.AsyncHTTPConnection._connect

    async def then_cancel(self: Any, request: Any) -> Any:
        stream = await connect(self, request)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return stream

    with monkeypatch.context() as patch:
        patch.setattr(httpcore._async.connection.AsyncHTTPConnection, "_connect", then_cancel)
        for _ in range(times):
            call = asyncio.create_task(brex.company.get())
            (outcome,) = await asyncio.gather(call, return_exceptions=True)
            assert asyncio.CancelledError is type(outcome)


class TestConnections:
    async def test_are_kept(self, server: RawServer) -> None:
        """Calls one after the other use one connection."""
        async with brex_at(server.url) as brex:
            for _ in range(5):
                await brex.company.get()
                assert 1 == server.connections
            assert 1 == len(pooled(brex))
        await server.until(connections=0)

    @pytest.mark.parametrize("handler", [server_error, refused, unreadable], ids=["503", "404", "unreadable"])
    async def test_survive_whole_answers(self, handler: Handler) -> None:
        """An error whose whole body was read gives the connection back for the next call, retries included."""
        async with RawServer(handler) as server, brex_at(server.url) as brex:
            for _ in range(5):
                with pytest.raises(CallError):
                    await brex.company.get()
                assert (1, 0) == (server.connections, server.in_flight)

    @pytest.mark.parametrize("name", ["cut body", "cut chunks", "no answer", "reset", "reset in the body", "no HTTP"])
    async def test_of_broken_answers(self, name: str) -> None:
        """More broken answers than the pool has room for leave nothing behind in it."""
        handler, kind, _ = BROKEN[name]
        async with RawServer(handler) as server, brex_at(server.url, retry=None) as brex:
            for _ in range(3):
                errors = await asyncio.gather(*(brex.company.get() for _ in range(35)), return_exceptions=True)
                assert {kind} == set(map(type, errors))
            await server.until(in_flight=0, connections=0)
            assert [] == pooled(brex)

    @pytest.mark.parametrize("handler", [hang, hang_in_body], ids=["silence", "silence in the body"])
    async def test_of_cancelled_calls(self, handler: Handler) -> None:
        """More cancelled calls than the pool has room for leave nothing behind in it either."""
        async with RawServer(handler) as server, brex_at(server.url) as brex:
            for _ in range(3):
                calls = [asyncio.create_task(brex.company.get()) for _ in range(35)]
                await server.until(in_flight=35)
                for call in calls:
                    call.cancel()
                outcomes = await asyncio.gather(*calls, return_exceptions=True)
                assert {asyncio.CancelledError} == set(map(type, outcomes))
                await server.until(in_flight=0, connections=0)
            assert [] == pooled(brex)

    async def test_of_a_call_cancelled_while_it_connects(
        self, server: RawServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A call cancelled, or out of time, at the instant its connection is there takes no place in the pool for good.

        A hundred of them would be the end of the client: every later call would wait for a place in vain.
        """
        async with brex_at(server.url, timeout=5.0, retry=None) as brex:
            await cancel_while_connecting(brex, 100, monkeypatch)
            assert "cmp_1" == (await brex.company.get()).id

    async def test_connection_of_such_a_call(self, server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The connections of such calls are few and do not stay: a worker that runs for weeks must not collect them."""
        async with brex_at(server.url, retry=None) as brex:
            await cancel_while_connecting(brex, 2 * http._WORN_OUT + 3, monkeypatch)
            await brex.company.get()
            assert 3 + 1 == len(pooled(brex))
            await server.until(connections=3 + 1)

    async def test_worn_out_pools_outlast_their_requests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A pool that is replaced stays open for the requests that are under way on it."""
        answer = asyncio.Event()

        async def handler(request: Request, reply: Reply) -> None:
            await answer.wait()
            await reply.json(COMPANY)

        async with RawServer(handler) as server, brex_at(server.url, retry=None) as brex:
            slow = asyncio.create_task(brex.company.get())
            await server.until(in_flight=1)
            await cancel_while_connecting(brex, http._WORN_OUT, monkeypatch)
            answer.set()
            assert "cmp_1" == (await slow).id
            assert "cmp_1" == (await brex.company.get()).id
            await server.until(connections=1)

    async def test_more_calls_than_connections(self, server: RawServer) -> None:
        """More calls at once than there are connections are answered over a hundred of them."""
        async with brex_at(server.url) as brex:
            most = 0

            async def ask() -> None:
                nonlocal most
                await brex.company.get()
                most = max(most, server.connections)

            await asyncio.gather(*(ask() for _ in range(130)))
            assert 1 < most <= 100
            assert len(pooled(brex)) <= 100

    async def test_of_a_cancelled_call(self) -> None:
        """A cancelled call closes its connection at once; CancelledError passes untouched."""
        async with RawServer([hang, ok]) as server, brex_at(server.url) as brex:
            call = asyncio.create_task(brex.company.get())
            await server.until(in_flight=1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await server.until(in_flight=0, connections=0)
            assert "cmp_1" == (await brex.company.get()).id

    async def test_of_a_cancelled_body(self) -> None:
        """The same holds in the middle of a body."""
        async with RawServer([hang_in_body, ok]) as server, brex_at(server.url) as brex:
            call = asyncio.create_task(brex.company.get())
            await server.until(in_flight=1)
            await asyncio.sleep(0.02)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await server.until(in_flight=0, connections=0)
            assert "cmp_1" == (await brex.company.get()).id

    async def test_dropped_while_idle(self, server: RawServer) -> None:
        """A connection that the server closed while it was idle is not used again."""
        async with brex_at(server.url, retry=None) as brex:
            await brex.company.get()
            server.drop()
            await server.until(connections=0)
            assert "cmp_1" == (await brex.company.get()).id

    async def test_closed_by_the_server(self) -> None:
        """An answer that announces the end of its connection is followed by a new one."""
        async with (
            RawServer(lambda _, reply: reply.json(COMPANY, headers={"connection": "close"})) as server,
            brex_at(server.url, retry=None) as brex,
        ):
            for _ in range(3):
                await brex.company.get()


class TestSettings:
    async def test_transport(self) -> None:
        """An own transport carries all requests and is closed with the client."""

        class Transport(Script):
            closed = 0

            async def aclose(self) -> None:
                self.closed += 1

        transport = Transport(lambda _: Answer(200, COMPANY))
        async with brex_at("https://api.brex.com", transport=transport) as brex:
            await brex.company.get()
            assert 0 == transport.closed
        assert (1, 1) == (len(transport.sent), transport.closed)

    async def test_attempt_time_is_sent_down(self, server: RawServer) -> None:
        """More time for an attempt than httpx's default of 5 seconds is what the socket gets too."""
        async with brex_at(server.url, timeout=77.0) as brex:
            sent: list[dict[str, Any]] = []
            inner = brex._session.connections()._pool._httpx._transport
            original = inner.handle_async_request

            async def spy(request: httpx.Request) -> httpx.Response:
                sent.append(request.extensions["timeout"])
                return await original(request)

            inner.handle_async_request = spy
            await brex.company.get()
        assert [{"connect": 10.0, "read": 77.0, "write": 77.0, "pool": 77.0}] == sent


class TestStatusOverTheWire:
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 529])
    async def test_busy_servers_are_tried_again(self, status: int) -> None:
        """A status of a busy or failing server is tried again over the same connection."""
        steps: list[Callable[[Request, Reply], Coroutine[Any, Any, None]]] = [
            lambda _, reply: reply.send(status, {}, b"<html>"),
            lambda _, reply: reply.json(COMPANY),
        ]
        async with RawServer(steps) as server, brex_at(server.url) as brex:
            assert "cmp_1" == (await brex.company.get()).id
            assert 1 == server.connections

    async def test_empty_answer(self) -> None:
        """A gateway's empty 502 is a server error with our facts on it."""
        async with (
            RawServer([lambda _, reply: reply.send(502, {"x-brex-trace-id": "t-1"})] * 2) as server,
            brex_at(server.url) as brex,
        ):
            with pytest.raises(ServerError) as caught:
                await brex.company.get()
        assert (502, "t-1", "acme", b"") == (
            caught.value.status_code,
            caught.value.trace_id,
            caught.value.account,
            caught.value.content,
        )


def hanging_client(**options: Any) -> Brex:
    """A client all of whose calls hang, on virtual time."""
    return client(Script(lambda _: Hang(), one_by_one=False), account="acme", retry=None, **options)


class TestPlaces:
    async def test_write_that_never_had_one(self) -> None:
        """A write whose deadline comes before it had a connection never left, and says so."""

        async def main() -> None:
            async with hanging_client(timeout=100.0) as brex:
                others = [asyncio.create_task(brex.company.get()) for _ in range(100)]
                await asyncio.sleep(1)
                with pytest.raises(DeadlineExceeded) as caught:
                    await brex.with_options(deadline=2.0).integrations.create(vendor="ERP_A", vendor_account_id="42")
                assert (0, False) == (caught.value.attempts, caught.value.maybe_applied)
                for other in others:
                    other.cancel()
                await asyncio.gather(*others, return_exceptions=True)

        await asyncio.to_thread(virtual.run, main())

    async def test_cancelled_before_it_had_one(self) -> None:
        """A call that was cancelled before it had a connection does not count against the rate limit."""

        async def main() -> None:
            async with hanging_client(timeout=100.0) as brex:
                calls = [asyncio.create_task(brex.company.get()) for _ in range(101)]
                await asyncio.sleep(1)
                assert 101 == brex._caller._shared.limiter._window.held
                calls[-1].cancel()
                await asyncio.wait(calls[-1:])
                assert 100 == brex._caller._shared.limiter._window.held
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)

        await asyncio.to_thread(virtual.run, main())
