"""The listener that a browser comes back to, and the addresses that are this machine's."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from brex_accounting import AuthorizationError
from brex_accounting.cli.callback import CallbackListener, Loopback
from tests import virtual
from tests.cli.auth.served import PATIENCE, Served


class TestListener:
    def test_nobody_comes(self, served: Served) -> None:
        """The wait ends, also where somebody keeps a connection without a word."""
        loopback = Loopback(("127.0.0.1",), served.port, "/callback")

        async def main() -> float:
            begun = asyncio.get_running_loop().time()
            with (
                CallbackListener(loopback) as listener,
                socket.create_connection(("127.0.0.1", served.port)),
                pytest.raises(AuthorizationError, match="within 300 s"),
            ):
                await listener.wait("state", seconds=300.0)
            return asyncio.get_running_loop().time() - begun

        assert 300.0 <= virtual.run(main(), pace=0.001) < 301.0

    @pytest.mark.parametrize(
        "head",
        [
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET /callback\r\n\r\n",
            b"\xff\xfe /callback?state=\xff HTTP/1.1\r\n\r\n",
            b"GET /callback?" + b"a=b&" * 101 + b"state=the-state HTTP/1.1\r\n\r\n",
            b"GET http://127.0.0.1/callback?state=the-state HTTP/1.1\r\n\r\n",
            b"GET /callback?state=%ED%A0%80 HTTP/1.1\r\n\r\n",
            b"x" * 100_000,
        ],
    )
    def test_noise(self, head: bytes, served: Served) -> None:
        """Whatever else comes does not end the wait, and the browser that comes after it is served."""
        loopback = Loopback(("127.0.0.1",), served.port, "/callback")

        async def main() -> str:
            with CallbackListener(loopback) as listener:
                wait = asyncio.create_task(listener.wait("the-state", seconds=PATIENCE))
                answers: list[bytes] = []
                for data in (head, b"GET /callback?state=the-state&code=1 HTTP/1.1\r\n\r\n"):
                    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
                    writer.write(data)
                    with contextlib.suppress(ConnectionError):
                        answers.append((await reader.read())[:13])
                    writer.close()
                assert b"HTTP/1.1 200 " == answers[-1]
                assert [] == [answer for answer in answers[:-1] if answer.startswith(b"HTTP/1.1 2")]
                return await wait

        assert "/callback?state=the-state&code=1" == asyncio.run(main())


class TestLoopback:
    @pytest.mark.parametrize(
        ("uri", "expected"),
        [
            ("http://127.0.0.1:8765/callback", Loopback(("127.0.0.1",), 8765, "/callback")),
            ("http://localhost:8765", Loopback(("127.0.0.1", "::1"), 8765, "/")),
            ("http://[::1]:8765/a/b?c=d", Loopback(("::1",), 8765, "/a/b")),
            ("http://127.0.0.1/callback", Loopback(("127.0.0.1",), 80, "/callback")),
            ("https://localhost:8765/callback", None),
            ("http://0.0.0.0:8765/callback", None),
            ("http://localhost.example.com/callback", None),
            ("http://127.0.0.1:x/callback", None),
            ("http://127.0.0.1:0/callback", None),
            ("http://[::1/callback", None),
            ("", None),
        ],
    )
    def test_of(self, uri: str, expected: Loopback | None) -> None:
        """Addresses of this machine are told from all others; without a port it is 80, without a path the root."""
        assert expected == Loopback.of(uri)

    def test_localhost(self, served: Served) -> None:
        """Where a name stands for two addresses, a browser may take either."""
        loopback = Loopback.of(f"http://localhost:{served.port}/callback")
        assert loopback is not None
        with CallbackListener(loopback):
            for host in ("127.0.0.1", "::1") if socket.has_ipv6 and _has_ipv6() else ("127.0.0.1",):
                socket.create_connection((host, served.port)).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))

    def test_half_taken(self, served: Served) -> None:
        """A name of which one address is taken is not listened at: a browser could go to the other program."""
        if not _has_ipv6():
            pytest.skip("needs IPv6")
        loopback = Loopback(("127.0.0.1", "::1"), served.port, "/callback")
        with socket.create_server(("::1", served.port), family=socket.AF_INET6):
            with pytest.raises(AuthorizationError, match="::1"):
                CallbackListener(loopback)
            socket.create_server(("127.0.0.1", served.port)).close()


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
