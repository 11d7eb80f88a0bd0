"""The seam on httpx for hosts other than the API: what goes there, what comes back, and what is kept out of logs."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.transport.gunzip import PIECE, Gunzip
from brex_accounting.transport.send_failed import SendFailed
from brex_accounting.transport.settings import NetworkSettings
from brex_accounting.transport.web import Web, is_private
from tests import virtual
from tests.server import Handler, RawServer, Reply, Request
from tests.test_secrets import everything_logged
from tests.transport.scripted import Answer, Cut, Drip, Hang, Raise, Script

T = TypeVar("T")

SECRET = "canarysecret"
QUERY = f"?X-Amz-Signature={SECRET}"
BODY = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but one that a test sets."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def web(transport: httpx.AsyncBaseTransport | None = None) -> Web:
    # A context of its own, so that no test reads the system's certificates.
    return Web(
        NetworkSettings(user_agent="test/1", transport=transport),
        None if transport else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


def served(handler: Handler | Sequence[Handler], ask: Callable[[Web, RawServer], Awaitable[T]]) -> T:
    """What a coroutine function gives with a server on a real socket, on a loop that never sleeps."""

    async def main() -> T:
        async with RawServer(handler) as server, web() as here:
            return await ask(here, server)

    return virtual.run(main(), pace=0.005)


def played(script: Script | None, ask: Callable[[Web], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        async with web(script) as here:
            return await ask(here)

    return virtual.run(main())


async def body_of(here: Web, url: str) -> bytes:
    async with here.stream(url) as stream, aclosing(stream.chunks()) as chunks:
        return b"".join([chunk async for chunk in chunks])


def failed(call: Callable[[], Any]) -> SendFailed:
    """The failure, which has nothing of httpx's behind it."""
    with pytest.raises(SendFailed) as caught:
        call()
    linked: BaseException | None = caught.value
    while linked is not None:
        assert not type(linked).__module__.startswith("http")
        assert not hasattr(linked, "_request")
        linked = linked.__cause__ or linked.__context__
    assert SECRET not in f"{caught.value!r} {vars(caught.value)!r}"
    return caught.value


class TestRequests:
    def test_what_goes_out(self) -> None:
        """A GET brings our user agent, nothing that could tell an account, and the address byte for byte."""
        query = "?X-Amz-Credential=AK%2F20260101%2Fus-east-1&X-Amz-Signature=aB%2b%2F+/=&empty=&~x='a'%20b"

        async def ask(here: Web, server: RawServer) -> Request:
            await body_of(here, f"{server.url}/a%2Fb/%C3%A9+(1).pdf{query}")
            return server.requests[0]

        request = served(lambda _, reply: reply.send(body=b"x"), ask)
        assert ("GET", f"/a%2Fb/%C3%A9+(1).pdf{query}", b"") == (request.method, request.target, request.body)
        assert {"host", "user-agent", "accept", "accept-encoding", "connection"} == set(request.headers)
        assert "test/1" == request.headers["user-agent"]

    def test_form(self) -> None:
        """A form is sent as one, with the header fields that the caller gives."""

        async def ask(here: Web, server: RawServer) -> Request:
            answer = await here.send(
                "POST", f"{server.url}/token", seconds=5, headers={"Accept": "application/json"}, form={"a": "b c"}
            )
            assert (200, b"{}", "yes") == (answer.status, answer.content, answer.headers["X-Odd"])
            return server.requests[0]

        request = served(lambda _, reply: reply.json({}, headers=[("x-odd", "yes")]), ask)
        assert (b"a=b+c", "application/x-www-form-urlencoded", "application/json") == (
            request.body,
            request.headers["content-type"],
            request.headers["accept"],
        )

    def test_cookies(self) -> None:
        """A cookie that a host sets is not kept, not even for that host."""

        async def ask(here: Web, server: RawServer) -> list[str | None]:
            await here.send("GET", server.url, seconds=5)
            await body_of(here, server.url)
            return [request.headers.get("cookie") for request in server.requests]

        cookie = [("set-cookie", f"session={SECRET}; Path=/")]
        assert [None, None] == served(lambda _, reply: reply.send(headers=cookie, body=b"x"), ask)

    @pytest.mark.parametrize("location", ["/elsewhere", "https://[", "//", "\x7f\xff:\\", "http://127.0.0.1:99999/"])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirects(self, status: int, location: str) -> None:
        """A redirect is an answer like any other, however its Location is spelled, and is not followed."""

        async def ask(here: Web, server: RawServer) -> tuple[int, int]:
            answer = await here.send("GET", server.url, seconds=5)
            assert "location" not in answer.headers
            return answer.status, len(server.requests)

        assert (status, 1) == served(lambda _, reply: reply.send(status, [("location", location)]), ask)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "https://",
            "http://[::1",
            "http://[",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:-1/",
            f"http://{'a' * 70}.example/",
            "http://exa mple.com",
            "http://\ud800",
            "ftp://a/b",
        ],
    )
    def test_no_url(self, url: str) -> None:
        """An address that is none is a failure before anything is sent."""
        found = failed(lambda: played(None, lambda here: here.send("GET", f"{url}{QUERY}", seconds=5)))
        assert "not sent" == found.outcome


class TestBodies:
    def test_whole(self) -> None:
        """A body comes as it was sent, with a length or in chunks, and the stream says which."""

        async def ask(here: Web, server: RawServer) -> list[tuple[int | None, bool]]:
            seen = []
            for path in ("/length", "/chunked", "/neither"):
                async with here.stream(f"{server.url}{path}") as stream, aclosing(stream.chunks()) as chunks:
                    seen.append((stream.length, stream.shows_its_end))
                    assert BODY == b"".join([chunk async for chunk in chunks])
            return seen

        async def neither(_: Request, reply: Reply) -> None:
            await reply.raw(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
            reply.close()

        script: list[Handler] = [
            lambda _, reply: reply.send(body=BODY),
            lambda _, reply: reply.chunked([BODY[:100], BODY[100:]]),
            neither,
        ]
        assert [(len(BODY), True), (None, True), (None, False)] == served(script, ask)

    @pytest.mark.parametrize("keep", [0, 1, len(BODY) - 1])
    def test_cut(self, keep: int) -> None:
        """A body that ends before its announced end is a lost answer."""
        found = failed(
            lambda: served(
                lambda _, reply: reply.cut(200, BODY, keep=keep),
                lambda here, server: body_of(here, f"{server.url}/{QUERY}"),
            )
        )
        assert "answer lost" == found.outcome

    def test_cut_chunks(self) -> None:
        """So is one in chunks without the end mark."""
        found = failed(
            lambda: served(
                lambda _, reply: reply.chunked([BODY, BODY], keep=1),
                lambda here, server: here.send("GET", f"{server.url}/{QUERY}", seconds=5),
            )
        )
        assert "answer lost" == found.outcome

    @pytest.mark.parametrize("sent", [BODY[:-1], BODY + b"x"])
    def test_a_transport_that_does_not_count(self, sent: bytes) -> None:
        """The length is held against the head whatever transport carries requests."""
        script = Script(Answer(200, sent, headers={"Content-Length": str(len(BODY))}))
        found = failed(lambda: played(script, lambda here: body_of(here, f"https://files.example.com/{QUERY}")))
        assert ("answer lost", "its body ends in the middle") == (found.outcome, found.reason)

    def test_a_transport_that_brings_it_all(self) -> None:
        """A transport whose answers come with their bodies read is as good as any other."""

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, content=gzip.compress(BODY), headers={"Content-Encoding": "gzip"})

        async def main() -> tuple[bytes, bool]:
            async with (
                web(httpx.MockTransport(answer)) as here,
                here.stream("https://files.example.com/") as stream,
                aclosing(stream.chunks()) as chunks,
            ):
                return b"".join([chunk async for chunk in chunks]), stream.shows_its_end

        assert (BODY, True) == virtual.run(main())

    @pytest.mark.parametrize(
        "error",
        [
            httpx.ReadError(f"reset {SECRET}"),
            httpx.RemoteProtocolError("peer closed connection"),
            httpx.StreamClosed(),
            ConnectionResetError("reset"),
        ],
    )
    def test_broken_off(self, error: Exception) -> None:
        """Whatever ends a body in the middle is a lost answer, and nothing of httpx's hangs on it."""
        script = Script(Cut(200, b"half", headers={"Content-Length": "9"}, error=error))
        found = failed(lambda: played(script, lambda here: body_of(here, f"https://files.example.com/{QUERY}")))
        assert "answer lost" == found.outcome

    def test_closing_fails(self) -> None:
        """An answer that has been read stays read when its connection cannot be closed in good order."""

        class Torn(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield BODY

            async def aclose(self) -> None:
                message = "torn"
                raise httpx.CloseError(message)

        class Once(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                return httpx.Response(200, stream=Torn(), headers={"Content-Length": "1"}, request=request)

        async def main() -> int:
            async with web(Once()) as here, here.stream(f"https://files.example.com/{QUERY}") as stream:
                return stream.status

        assert 200 == virtual.run(main())

    def test_drip(self) -> None:
        """A body that comes a byte at a time is bounded by the time for all of it."""
        script = Script(lambda _: Drip(200, b"0123456789", pause=1.0))
        assert b"0123456789" == played(script, lambda here: here.send("GET", "https://a.example", seconds=11)).content
        found = failed(lambda: played(script, lambda here: here.send("GET", f"https://a.example/{QUERY}", seconds=9)))
        assert ("timed out", "request took longer than 9 s") == (found.outcome, found.reason)

    def test_no_answer(self) -> None:
        """So is a host that says nothing; one that cannot be reached got no request."""
        for step, outcome in ((Hang(), "timed out"), (Raise(httpx.ConnectError(SECRET)), "not sent")):
            script = Script(step)
            found = failed(lambda script=script: played(script, lambda here: here.send("GET", "https://a", seconds=9)))
            assert outcome == found.outcome

    def test_too_long(self) -> None:
        """An answer of more bytes than allowed is given up at once, its connection with it."""

        async def ask(here: Web, server: RawServer) -> str:
            assert BODY == (await here.send("GET", server.url, seconds=5, most=len(BODY))).content
            with pytest.raises(SendFailed) as caught:
                await here.send("GET", server.url, seconds=5, most=len(BODY) - 1)
            return caught.value.reason

        reason = served(lambda _, reply: reply.send(body=BODY), ask)
        assert f"answer is longer than {len(BODY) - 1} bytes" == reason

    def test_left_unread(self) -> None:
        """A stream that is left in the middle closes its connection."""

        async def endless(_: Request, reply: Reply) -> None:
            while True:
                await reply.raw(b"x" * 65536)

        async def ask(here: Web, server: RawServer) -> None:
            async with here.stream(server.url) as stream, aclosing(stream.chunks()) as chunks:
                await anext(chunks)
            await server.until(connections=0)

        async def start(request: Request, reply: Reply) -> None:
            await reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            await endless(request, reply)

        served(start, ask)


class TestEncodings:
    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", " GZIP "])
    def test_gzip(self, coding: str) -> None:
        """A body in gzip is undone, although nobody has to send one."""
        body = gzip.compress(BODY)
        headers = [("content-encoding", coding)]
        assert BODY == served(
            lambda _, reply: reply.send(headers=headers, body=body), lambda here, server: body_of(here, server.url)
        )

    @pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", f"{SECRET}"])
    def test_others(self, coding: str) -> None:
        """Any other encoding is refused, above all several at once: each could make a thousand bytes of one."""
        found = failed(
            lambda: served(
                lambda _, reply: reply.send(headers=[("content-encoding", coding)], body=b"x"),
                lambda here, server: body_of(here, server.url),
            )
        )
        assert "its body has a Content-Encoding that was not asked for" == found.reason

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"no gzip", "its body says that it is gzip, and is not"),
            (gzip.compress(BODY)[:-1], "its body ends in the middle"),
            (gzip.compress(BODY)[:40], "its body ends in the middle"),
            (b"", "its body ends in the middle"),
            (gzip.compress(BODY) + b"more", "its body says that it is gzip, and is not"),
        ],
        ids=["none", "end cut", "half", "nothing", "more"],
    )
    def test_broken(self, body: bytes, reason: str) -> None:
        """Broken or cut gzip is a lost answer, even where its length is right."""
        found = failed(
            lambda: served(
                lambda _, reply: reply.send(headers=[("content-encoding", "gzip")], body=body),
                lambda here, server: body_of(here, server.url),
            )
        )
        assert ("answer lost", reason) == (found.outcome, found.reason)

    def test_bomb(self) -> None:
        """What a few bytes stand for comes in pieces of bounded size."""
        sizes = {len(piece) for piece in Gunzip().feed(gzip.compress(bytes(20 * PIECE)))}
        assert PIECE == max(sizes)

    @given(
        members=st.lists(st.binary(max_size=2000).map(lambda each: each * 50), min_size=1, max_size=4),
        step=st.integers(1, 5000),
    )
    def test_any_gzip(self, members: list[bytes], step: int) -> None:
        """Any number of members, cut into any pieces, gives what went in, and is whole at its very end only."""
        body = b"".join(gzip.compress(member) for member in members)
        gunzip, found = Gunzip(), b""
        for at in range(0, len(body), step):
            found += b"".join(gunzip.feed(body[at : at + step]))
        found += gunzip.flush()
        assert (b"".join(members), True) == (found, gunzip.is_whole)

    def test_checksum(self) -> None:
        """A body whose checksum is wrong is no gzip."""
        body = bytearray(gzip.compress(BODY))
        body[-6] ^= 1
        with pytest.raises(zlib.error):
            list(Gunzip().feed(bytes(body)))


class TestLogs:
    def test_debug(self) -> None:
        """At DEBUG the logs of httpx and httpcore hold neither the query of an address nor a header of an answer."""
        headers = [("set-cookie", f"a={SECRET}"), ("location", f"https://a/{SECRET}"), ("x-odd", SECRET)]

        async def ask(here: Web, server: RawServer) -> None:
            await here.send("GET", f"{server.url}/path{QUERY}", seconds=5)
            await body_of(here, f"{server.url}/path{QUERY}")

        with everything_logged() as records:
            served(lambda _, reply: reply.send(302, headers, BODY), ask)
        assert {"httpx", "httpcore.http11"} <= {name for name, _ in records.kept}
        assert [] == [shown for _, shown in records.kept if SECRET in shown]

    def test_other_requests(self) -> None:
        """Requests of anybody else in the process are logged as ever, also after ours."""

        async def ask(here: Web, server: RawServer) -> None:
            await here.send("GET", server.url, seconds=5)
            async with httpx.AsyncClient() as theirs:
                await theirs.get(f"{server.url}/theirs?a=b")

        with everything_logged() as records:
            served(lambda _, reply: reply.send(body=b"x"), ask)
        assert any("/theirs?a=b" in shown for name, shown in records.kept if name == "httpx")
        assert logging.getLogger("httpx").filters


class TestIsPrivate:
    @pytest.mark.parametrize(
        "url",
        [
            "https://files.example.com/a?b=c",
            "HTTPS://files.example.com",
            "https://[2001:db8::1]:444/",
            "http://127.0.0.1:8080/a",
            "http://127.9.9.9/",
            "http://[::1]/",
            "http://localhost/",
            "http://LOCALHOST:1/",
        ],
    )
    def test_private(self, url: str) -> None:
        """https to anywhere, and http to this machine."""
        assert is_private(url)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "files.example.com",
            "http://files.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://0.0.0.0/",
            "http://10.0.0.1/",
            "http://2130706433/",
            "https://",
            "https:///path",
            "https://user@files.example.com/",
            "https://user:password@files.example.com/",
            "https://files.example.com/#fragment",
            "ftp://files.example.com/",
            "file:///etc/passwd",
            "https://files.example.com:99999/",
            "https://files.example.com:port/",
            "http://\ud800/",
        ],
    )
    def test_not(self, url: str) -> None:
        """Anything else, and what is no address, or carries a user or a fragment."""
        assert not is_private(url)


class TestCancelled:
    def test_connections(self) -> None:
        """A request that is cancelled leaves no connection behind."""

        async def ask(here: Web, server: RawServer) -> None:
            task = asyncio.ensure_future(body_of(here, server.url))
            await server.until(requests=1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.until(connections=0)

        served(lambda _, reply: reply.hang(), ask)
