"""The server around the applications, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from brex_accounting import InvalidArgument
from brex_accounting.emulator import Apps, EmulatorServer, Fault, TenantPlan, World, serve_in_thread
from brex_accounting.emulator import server as server_module

EMPTY = TenantPlan(records=0)
HEALTH = b"GET /_emulator/health HTTP/1.1\r\nHost: emulator\r\n\r\n"


def port_of(url: str) -> int:
    return httpx.URL(url).port or 0


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def raw(server: EmulatorServer, text: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server.base_url))
    writer.write(text)
    return reader, writer


async def end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, verify=False)  # to read certificates would take longer than most tests


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


async def seconds_to_stop(server: EmulatorServer) -> float:
    started = time.perf_counter()
    await server.__aexit__(None, None, None)
    return time.perf_counter() - started


@pytest.fixture
def world() -> World:
    return World(EMPTY)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Whatever a test opens is closed behind it."""
    before = open_files()
    yield
    assert before == open_files()


@pytest.mark.asyncio
class TestServing:
    async def test_both_hosts_answer(self, world: World) -> None:
        """The API with its control API and issuer answers at one port, the file host at another one."""
        async with EmulatorServer(world) as server, client() as http:
            health = await http.get(f"{server.control_url}/health")
            discovery = await http.get(f"{world.issuer_url}/.well-known/openid-configuration")
            files = await http.get(f"{server.file_url}/nothing")
        assert 200 == health.status_code
        assert world.issuer_url == discovery.json()["issuer"]
        assert 404 == files.status_code
        assert port_of(server.base_url) != port_of(server.file_url)

    async def test_the_world_knows_its_addresses(self, world: World) -> None:
        """Addresses that answers contain are those at which the world is served."""
        async with EmulatorServer(world) as server:
            assert (server.base_url, server.file_url) == (world.base_url, world.file_url)
            assert server.world is world
            assert f"{world.base_url}/_emulator" == server.control_url

    async def test_a_page_full_of_ids_can_be_asked_for(self, world: World) -> None:
        """500 ids fit into a request line, although it comes in several pieces."""
        query = "&".join(f"ids=accr_{number:040d}" for number in range(500)).encode()
        token = world.issuer.user_token("main").encode()
        async with EmulatorServer(world) as server:
            reader, writer = await raw(server, b"GET /v3/accounting/records?" + query)
            await asyncio.sleep(0.02)
            writer.write(b" HTTP/1.1\r\nHost: emulator\r\nAuthorization: Bearer %b\r\n\r\n" % token)
            assert b"HTTP/1.1 200 OK\r\n" == await reader.readline()
            await end(writer)

    async def test_answers_are_dated_once(self, world: World) -> None:
        """An answer says when it was given, in the real time that clients compare Retry-After with."""
        async with EmulatorServer(world) as server, client() as http:
            answer = await http.get(f"{server.control_url}/health")
        assert 1 == len(answer.headers.get_list("date"))
        assert "server" not in answer.headers

    async def test_nothing_is_logged(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """A request leaves no log record, because its path may hold a signature."""
        caplog.set_level(logging.DEBUG)
        async with EmulatorServer(world) as server, client() as http:
            await http.get(f"{server.file_url}/receipts/1?signature=secret")
        assert [] == [record for record in caplog.records if record.name.startswith("uvicorn")]

    async def test_logging_stays_as_the_process_has_it(self, world: World) -> None:
        """Loggers that a uvicorn of the user's own shares with the emulator are left alone."""
        names = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")

        def state() -> list[tuple[Any, ...]]:
            loggers = [logging.getLogger(name) for name in names]
            return [(logger.level, logger.propagate, *logger.handlers) for logger in loggers]

        access = logging.getLogger("uvicorn.access")
        handler = logging.NullHandler()
        access.addHandler(handler)
        try:
            before = state()
            async with EmulatorServer(world):
                assert before == state()
            assert before == state()
        finally:
            access.removeHandler(handler)

    async def test_two_at_once(self) -> None:
        """Two servers in one process have nothing in common."""
        first, second = World(TenantPlan(records=1)), World(TenantPlan(records=2))
        async with (
            EmulatorServer(first) as one,
            EmulatorServer(second) as two,
            client() as http,
        ):
            answers = [await http.get(f"{server.control_url}/tenants") for server in (one, two)]
        assert answers[0].text != answers[1].text
        assert one.base_url != two.base_url

    async def test_one_world_twice(self, world: World) -> None:
        """A world that was served can be served again, and the same server object can do it."""
        server = EmulatorServer(world)
        for _ in range(2):
            async with server, client() as http:
                assert 200 == (await http.get(f"{server.control_url}/health")).status_code


@pytest.mark.asyncio
class TestStopping:
    async def test_the_ports_are_free_again(self, world: World) -> None:
        """A server that has stopped leaves no listener and no task, and its ports can be taken at once."""
        async with EmulatorServer(world) as server, client() as http:
            await http.get(f"{server.control_url}/health")
            ports = port_of(server.base_url), port_of(server.file_url)
        assert set() == others()
        assert [True, True] == [is_free(port) for port in ports]
        async with EmulatorServer(world, port=ports[0], file_port=ports[1]) as again:
            assert ports == (port_of(again.base_url), port_of(again.file_url))

    async def test_idle_clients_do_not_hold_it_up(self, world: World) -> None:
        """Clients that keep a connection for their next request lose it at once."""
        server = await EmulatorServer(world).__aenter__()
        reader, writer = await raw(server, HEALTH)
        silent_reader, silent_writer = await raw(server)
        await reader.readuntil(b"}")
        took = await seconds_to_stop(server)
        assert b"" == await reader.read()
        assert b"" == await silent_reader.read()
        await end(writer)
        await end(silent_writer)
        assert took < 0.4

    async def test_a_request_that_hangs_is_ended(self, world: World) -> None:
        """A fault that hangs for ever ends with the server, and the client hears of it."""
        world.tenant().faults.add(Fault(effect="hang"), now=world.now())
        token = world.issuer.user_token("main").encode()
        server = await EmulatorServer(world).__aenter__()
        head = b"GET /v3/accounting/records HTTP/1.1\r\nHost: emulator\r\nAuthorization: Bearer %b\r\n\r\n" % token
        reader, writer = await raw(server, head)
        while not len(world.tenant().journal):  # noqa: ASYNC110 - nothing tells that it has come in
            await asyncio.sleep(0.001)
        took = await seconds_to_stop(server)
        assert b"" == await reader.read()
        await end(writer)
        assert set() == others()
        assert took < 0.4

    async def test_a_half_request_is_given_up(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client that never sends the rest of its request is waited for no longer than a moment."""
        monkeypatch.setattr(server_module, "_GRACE", 0.05)
        server = await EmulatorServer(world).__aenter__()
        _, head_writer = await raw(server, HEALTH[:20])
        _, body_writer = await raw(server, b"POST /_emulator/reset HTTP/1.1\r\nHost: e\r\nContent-Length: 9\r\n\r\n{")
        await asyncio.sleep(0.02)
        took = await seconds_to_stop(server)
        await end(head_writer)
        await end(body_writer)
        assert set() == others()
        assert took < 0.4

    async def test_what_listens_to_nothing_is_cancelled(
        self, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An application that minds neither the client nor the server is ended all the same, and quietly."""
        called = asyncio.Event()

        async def stubborn(scope: Any, receive: Any, send: Any) -> None:
            called.set()
            await asyncio.sleep(3600)

        monkeypatch.setattr(server_module, "_GRACE", 0.05)
        monkeypatch.setattr(server_module, "build_apps", lambda *_, **__: Apps(stubborn, stubborn, asyncio.Event()))
        server = await EmulatorServer(world).__aenter__()
        reader, writer = await raw(server, HEALTH)
        await called.wait()
        await seconds_to_stop(server)
        assert b"" == await reader.read()
        await end(writer)
        assert set() == others()
        assert [] == [record for record in caplog.records if record.name.startswith("uvicorn")]

    async def test_a_request_under_way_gets_its_answer(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is nearly done when the server stops is done before it stops, to the last byte of a large answer."""
        called = asyncio.Event()
        body = bytes(2**24)

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            called.set()
            await asyncio.sleep(0.02)
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        monkeypatch.setattr(server_module, "_GRACE", 20.0)
        monkeypatch.setattr(server_module, "build_apps", lambda *_, **__: Apps(slow, slow, asyncio.Event()))
        server = await EmulatorServer(world).__aenter__()
        reader, writer = await raw(server, HEALTH)
        await called.wait()
        answer, took = await asyncio.gather(reader.read(), seconds_to_stop(server))
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(body)
        assert took < 10.0
        await end(writer)

    @pytest.mark.parametrize("turns", range(5))
    async def test_clients_that_come_at_the_very_end(self, world: World, turns: int) -> None:
        """Whoever connects while the server stops is turned away, and leaves no socket behind."""
        async with EmulatorServer(world) as server:
            address = ("127.0.0.1", port_of(server.base_url))
            clients = [socket.create_connection(address) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
        gc.collect(1)  # a socket that was forgotten shows as a warning
        for late in clients:
            late.settimeout(5.0)
            with contextlib.suppress(ConnectionResetError):
                assert b"" == late.recv(1)
            late.close()
        assert set() == others()


@pytest.mark.asyncio
class TestAddresses:
    @pytest.mark.parametrize("name", ["port", "file_port"])
    async def test_a_taken_port(self, world: World, name: str) -> None:
        """A port that is taken is named with the remedy, and the other one is let go."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            options: dict[str, Any] = {name: port}
            with pytest.raises(InvalidArgument, match=rf"^{name}: {port} is taken at 127.0.0.1; .*0: any that is free"):
                await EmulatorServer(world, **options).__aenter__()

    async def test_one_port_for_both(self, world: World) -> None:
        """The two hosts cannot share a port."""
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        with pytest.raises(InvalidArgument, match=f"^file_port: {port} is taken"):
            await EmulatorServer(world, port=port, file_port=port).__aenter__()
        assert is_free(port)

    @pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "::zz", "a..b"])
    async def test_a_host_of_somebody_else(self, world: World, host: str) -> None:
        """A host at which this machine cannot listen is named."""
        with pytest.raises(InvalidArgument, match=r"^host: cannot listen at "):
            await EmulatorServer(world, host=host).__aenter__()

    async def test_no_host(self, world: World) -> None:
        """A blank host would be every address of the machine, and is refused."""
        with pytest.raises(InvalidArgument, match=r"^host: .*0\.0\.0\.0 for all"):
            await EmulatorServer(world, host="").__aenter__()

    @pytest.mark.parametrize("port", [-1, 65536])
    async def test_no_port(self, world: World, port: int) -> None:
        """A number that is no port is refused."""
        with pytest.raises(InvalidArgument, match=r"^port: expected a number from 0 to 65535"):
            await EmulatorServer(world, port=port).__aenter__()

    @pytest.mark.parametrize(
        ("host", "url", "loopback"),
        [
            ("localhost", "http://127.0.0.1:", True),
            ("0.0.0.0", "http://127.0.0.1:", False),
            ("::1", "http://[::1]:", True),
            ("::", "http://[::1]:", False),
        ],
    )
    async def test_the_url_works_on_this_machine(self, world: World, host: str, url: str, loopback: bool) -> None:
        """The URL names the address that was bound, or loopback where that is all of them."""
        if ":" in host and not _has_ipv6():
            pytest.skip("this machine has no IPv6")
        async with EmulatorServer(world, host=host) as server, client() as http:
            assert server.base_url.startswith(url)
            assert server.file_url.startswith(url)
            assert loopback is server.loopback
            assert 200 == (await http.get(f"{server.control_url}/health")).status_code


class TestInAThread:
    def test_serves_callers_without_a_loop(self, world: World) -> None:
        """The server answers while the block runs, and its thread is gone after it."""
        with serve_in_thread(world) as server:
            assert 200 == httpx.get(f"{server.control_url}/health", trust_env=False, verify=False).status_code
        assert is_free(port_of(server.base_url))
        assert "emulator" not in [thread.name for thread in threading.enumerate()]

    def test_an_error_of_the_block(self, world: World) -> None:
        """What the block raises comes out of it, and the server stops."""
        with pytest.raises(LookupError, match="mine"), serve_in_thread(world) as server:
            raise LookupError("mine")  # noqa: EM101 - its text is what is looked for
        assert is_free(port_of(server.base_url))

    def test_an_error_at_the_start(self, world: World) -> None:
        """A port that is taken is the caller's error, not the thread's."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(InvalidArgument, match=f"^port: {port} is taken"), serve_in_thread(world, port=port):
                pytest.fail("the block must not run")


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.asyncio
async def test_answers_leave_at_once() -> None:
    """Connections send small pieces without waiting for an acknowledgement of the one before."""
    async with EmulatorServer(World(TenantPlan(records=1))) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.base_url.rpartition(":")[2]))
        writer.write(b"GET /_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        (site, _) = server._sites
        (connection,) = site._state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        await writer.wait_closed()
