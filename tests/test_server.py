"""The server that the socket tests stand on does to a bare httpx what its methods say."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable
from decimal import Decimal

import httpx
import pytest
import pytest_asyncio

from tests.server import Handler, RawServer, Reply, Request, client_tls, server_tls

TLS = client_tls()


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS, trust_env=False, timeout=2.0) as client:
        yield client


def ok(_request: Request, reply: Reply) -> Awaitable[None]:
    return reply.json({"ok": True})


class TestAnswers:
    @pytest.mark.asyncio
    async def test_requests_are_recorded(self, http: httpx.AsyncClient) -> None:
        """A request is kept as it came: method, target, headers by lower-case name, body of either framing."""

        async def parts() -> AsyncIterator[bytes]:
            yield b"one, "
            yield b"two"

        async with RawServer(ok) as server:
            await http.get(f"{server.url}/v3/records", params={"updated_at[gt]": "x", "ids": ["a", "b"]})
            await http.post(server.url, content=b"whole", headers=[("X-Twice", "1"), ("X-Twice", "2")])
            await http.post(server.url, content=parts())
        get, whole, chunked = server.requests
        assert (get.method, get.path) == ("GET", "/v3/records")
        assert get.target.startswith("/v3/records?updated_at")
        assert get.query == [("updated_at[gt]", "x"), ("ids", "a"), ("ids", "b")]
        assert (whole.method, whole.body, whole.headers["x-twice"]) == ("POST", b"whole", "1, 2")
        assert chunked.body == b"one, two"

    @pytest.mark.asyncio
    async def test_connections_are_kept(self, http: httpx.AsyncClient) -> None:
        """Requests one after the other share a connection, until the server drops it."""
        async with RawServer(ok) as server:
            for _ in range(3):
                await http.get(server.url)
                assert server.connections == 1
            server.drop()
            await server.until(connections=0)
            assert (await http.get(server.url)).json() == {"ok": True}

    @pytest.mark.asyncio
    async def test_script(self, http: httpx.AsyncClient) -> None:
        """A list answers one request with each step; Decimals keep their digits, and headers may repeat."""
        steps = [
            lambda _, reply: reply.json({"amount": Decimal("1.10")}, 201, {"X-Brex-Trace-Id": "t"}),
            lambda _, reply: reply.json([], zipped=True),
            lambda _, reply: reply.send(599, [("x", "1"), ("x", "2")], b"<html>"),
            lambda _, reply: reply.send(204),
            lambda _, reply: reply.chunked([b"one, ", b"two"]),
            lambda _, reply: reply.drip(b"abcdefg", 3, 0.001),
        ]
        async with RawServer(steps) as server:
            money, zipped, strange, empty, chunked, dripped = [await http.get(server.url) for _ in steps]
            assert server.connections == 1
        assert (money.status_code, money.content, money.headers["x-brex-trace-id"]) == (201, b'{"amount":1.10}', "t")
        assert (zipped.headers["content-encoding"], zipped.json()) == ("gzip", [])
        assert (strange.status_code, strange.headers.get_list("x"), strange.content) == (599, ["1", "2"], b"<html>")
        assert (empty.status_code, empty.content, "content-length" in empty.headers) == (204, b"", False)
        assert (chunked.content, chunked.headers["transfer-encoding"]) == (b"one, two", "chunked")
        assert dripped.content == b"abcdefg"

    @pytest.mark.asyncio
    async def test_pieces(self) -> None:
        """A dripped body comes in its pieces, each after the pause; who asks for the connection's end is given it."""
        async with asyncio.timeout(5), RawServer(lambda _, reply: reply.drip(b"abcdefg", 3, 0.02)) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).endswith(b"content-length: 7\r\n\r\n")
            assert [await reader.read(100) for _ in range(4)] == [b"ab", b"cd", b"efg", b""]
            writer.close()
            await writer.wait_closed()


class TestFailures:
    @pytest.mark.parametrize(
        ("step", "error", "text"),
        [
            (lambda _, reply: reply.cut(200, b"x" * 100, keep=60), httpx.RemoteProtocolError, "60 bytes, expected 100"),
            (lambda _, reply: reply.cut(200, b"x" * 100, keep=0), httpx.RemoteProtocolError, "0 bytes, expected 100"),
            (lambda _, reply: reply.chunked([b"a", b"b"], keep=1), httpx.RemoteProtocolError, "incomplete chunked"),
            (lambda _, reply: reply.close(), httpx.RemoteProtocolError, "without sending a response"),
            (lambda _, reply: reply.raw(b"SMTP ready\r\n\r\n"), httpx.RemoteProtocolError, "illegal status line"),
            (lambda _, reply: reply.reset(), httpx.ReadError, None),
        ],
        ids=["cut", "cut-at-once", "cut-chunked", "close", "raw", "reset"],
    )
    @pytest.mark.asyncio
    async def test_broken_answers(
        self, http: httpx.AsyncClient, step: Handler, error: type[Exception], text: str | None
    ) -> None:
        """Each way to break an answer reaches the client as itself, and the next request is answered again."""
        async with RawServer([step, ok]) as server:
            with pytest.raises(error, match=text):
                await http.get(server.url)
            assert (await http.get(server.url)).json() == {"ok": True}

    @pytest.mark.parametrize(
        "handler",
        [lambda _, reply: reply.hang(), lambda _, reply: reply.drip(b"x" * 1000, 1000, 0.005)],
        ids=["hang", "drip"],
    )
    @pytest.mark.asyncio
    async def test_clients_that_leave(self, http: httpx.AsyncClient, handler: Handler) -> None:
        """A request is in flight until it is answered or its client gives up, and that is no failure."""
        async with RawServer(handler) as server:
            get = asyncio.create_task(http.get(server.url))
            await server.until(in_flight=1, connections=1)
            get.cancel()
            await server.until(in_flight=0, connections=0)

    @pytest.mark.asyncio
    async def test_until_is_bounded(self) -> None:
        """What does not come about fails, and says what is there instead."""
        async with asyncio.timeout(5), RawServer(ok) as server:
            with pytest.raises(AssertionError, match=r"after 0\.01 s .*'connections': 0.*'connections': 2"):
                await server.until(connections=2, within=0.01)

    @pytest.mark.asyncio
    async def test_handlers_that_fail(self, http: httpx.AsyncClient) -> None:
        """What goes wrong in a handler, or is not in the script, is raised again in the test."""

        async def fail(_request: Request, _reply: Reply) -> None:
            message = "no such record"
            raise LookupError(message)

        for handler, error, text in [
            (fail, LookupError, "no such record"),
            ([], AssertionError, "is request 1 of a script for 0"),
            (lambda _request, _reply: None, AssertionError, "was not answered"),
        ]:
            with pytest.raises(error, match=text):  # noqa: PT012 - the client's error comes first
                async with RawServer(handler) as server:
                    with pytest.raises(httpx.ReadError):
                        await http.get(server.url)

    @pytest.mark.parametrize("tls", [None, server_tls()], ids=["plain", "tls"])
    @pytest.mark.asyncio
    async def test_nothing_is_left(self, tls: ssl.SSLContext | None) -> None:
        """Clients that idle, stop halfway through request or handshake, wait, or do not read keep nothing alive."""
        big = b"x" * 20_000_000
        answers = {
            "/hang": lambda reply: reply.hang(),
            "/big": lambda reply: reply.send(200, {}, big),
            "/cut": lambda reply: reply.cut(200, big, keep=len(big) - 1),
        }
        lines = [b"", b"GET /half", *(f"GET {path} HTTP/1.1\r\n\r\n".encode() for path in answers)]
        tasks = asyncio.all_tasks()
        streams = []
        async with asyncio.timeout(5):
            async with RawServer(lambda request, reply: answers[request.path](reply), ssl_context=tls) as server:
                for line in lines:
                    streams.append(await asyncio.open_connection("127.0.0.1", server.port, ssl=tls and TLS))
                    streams[-1][1].write(line)
                streams.append(await asyncio.open_connection("127.0.0.1", server.port))  # no handshake, or no request
                await server.until(requests=3, connections=6)
                streams[1][1].transport.abort()
                await server.until(connections=5)
            assert server.connections == server.in_flight == 0
            assert asyncio.all_tasks() == tasks
            for reader, writer in streams:
                try:
                    assert len(await reader.read()) < len(big)
                except ConnectionError:
                    pass
                finally:
                    writer.transport.abort()
        await asyncio.sleep(0)


class TestTLS:
    @pytest.mark.asyncio
    async def test_trusted(self, http: httpx.AsyncClient) -> None:
        """Who knows the certificate is answered, by name and by address."""
        async with RawServer(ok, ssl_context=server_tls()) as server:
            assert server.url.startswith("https://")
            for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
                assert (await http.get(url)).json() == {"ok": True}

    @pytest.mark.asyncio
    async def test_not_trusted(self, caplog: pytest.LogCaptureFixture) -> None:
        """Who does not know it refuses; the server takes no harm, and has seen no request."""
        stranger = ssl.create_default_context()
        async with RawServer(ok, ssl_context=server_tls()) as server, httpx.AsyncClient(verify=stranger) as http:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get(server.url)
            await server.until(requests=0, connections=0)
        assert [] == caplog.records

    @pytest.mark.asyncio
    async def test_reset(self, http: httpx.AsyncClient) -> None:
        """A reset behind TLS is a reset, and an answer that is cut says so."""
        steps = [lambda _, reply: reply.reset(), lambda _, reply: reply.cut(200, b"x" * 100, keep=60)]
        async with RawServer(steps, ssl_context=server_tls()) as server:
            with pytest.raises(httpx.ReadError):
                await http.get(server.url)
            with pytest.raises(httpx.RemoteProtocolError, match="60 bytes"):
                await http.get(server.url)
            await server.until(connections=0)


class TestProxy:
    @pytest.mark.asyncio
    async def test_absolute_targets(self) -> None:
        """A client with a proxy names the host in the target, and the handler answers for it."""
        async with (
            RawServer(ok) as proxy,
            httpx.AsyncClient(proxy=proxy.url, verify=TLS, trust_env=False) as http,
        ):
            assert (await http.get("http://api.example.com/v3?limit=1")).json() == {"ok": True}
        [request] = proxy.requests
        assert (request.target, request.path) == ("http://api.example.com/v3?limit=1", "/v3")
        assert request.headers["host"] == "api.example.com"

    @pytest.mark.asyncio
    async def test_tunnel(self) -> None:
        """CONNECT is recorded and leads to the target: TLS is spoken with that, through the proxy."""
        async with RawServer(ok, ssl_context=server_tls()) as target:
            through = [lambda _, reply: reply.tunnel("127.0.0.1", target.port)]
            async with RawServer(through) as proxy:
                address = httpx.Proxy(proxy.url, auth=("user", "pass"))
                async with httpx.AsyncClient(proxy=address, verify=TLS, trust_env=False) as http:
                    for _ in range(2):
                        response = await http.post(f"https://localhost:{target.port}/v3", json={"a": 1})
                        assert response.json() == {"ok": True}
                    assert (proxy.in_flight, proxy.connections, target.connections) == (1, 1, 1)
                await proxy.until(in_flight=0, connections=0)
                await target.until(connections=0)
        [connect] = proxy.requests
        assert (connect.method, connect.target) == ("CONNECT", f"localhost:{target.port}")
        assert connect.headers["proxy-authorization"].startswith("Basic ")
        assert [json.loads(request.body) for request in target.requests] == [{"a": 1}] * 2
