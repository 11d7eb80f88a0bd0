"""Pages and records from a process of its own: ``python -m benchmarks.loopback``, until its stdin is closed.

It does as little as a server can, so that what is measured is the client: answers are made once and kept, and nothing
of a request is read but its first line.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from .page import RECORDS, make_page

ROOT = Path(__file__).parent.parent

_TARGET = re.compile(r"(?:/walk/(\d+)/(\d+(?:\.\d+)?))?/v3/accounting/records(?:/([^/?]+))?(?:\?(.*))?")


def base_url(port: int, pages: int = 1, delay_ms: float = 0) -> str:
    """Give the URL under which a walk has this many pages, and each answer takes this long."""
    return f"http://127.0.0.1:{port}/walk/{pages}/{delay_ms:g}"


@contextmanager
def serving() -> Iterator[int]:
    """Start the server and give its port."""
    command = [sys.executable, "-m", "benchmarks.loopback", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline())["port"]  # type: ignore[union-attr]
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


class _Answer(NamedTuple):
    delay: float
    parts: tuple[bytes, ...]


@lru_cache(maxsize=16384)
def _answer(target: str) -> _Answer:
    found = _TARGET.fullmatch(target)
    if not found:
        return _Answer(0, _framed("404 Not Found", b'{"message":"no such path"}'))
    pages, delay_ms, record_id, query = found.groups()
    if record_id is not None:
        parts = _framed("200 OK", _record(record_id))
    else:
        parts = _page(int(pages or 1), {name: values[-1] for name, values in parse_qs(query or "").items()})
    return _Answer(float(delay_ms or 0) / 1000, parts)


def _page(pages: int, query: dict[str, str]) -> tuple[bytes, ...]:
    """Give page 17 for cursor p17; the first one has number 0 and no cursor."""
    cursor, limit = query.get("cursor", "p0"), query.get("limit", str(RECORDS))
    if not (re.fullmatch(r"p\d+", cursor) and int(cursor[1:]) < pages and limit.isdigit()):
        return _framed("400 Bad Request", b'{"message":"no such page"}')
    following = int(cursor[1:]) + 1
    more = following < pages
    rest = {"has_next_page": more, "total_count": pages * int(limit), "next_cursor": f"p{following}" if more else None}
    return _framed("200 OK", b'{"items":[', _items(int(limit)), b"]," + _compact(rest)[1:])


def _record(record_id: str) -> bytes:
    return _compact({**_records()[0], "id": record_id})


@lru_cache
def _items(limit: int) -> bytes:
    """Give as many records as asked for; after the first hundred they come again."""
    return b",".join(islice(cycle([_compact(record) for record in _records()]), limit))


@lru_cache
def _records() -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(make_page())["items"]
    return records


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _framed(status: str, *body: bytes) -> tuple[bytes, ...]:
    length = sum(map(len, body))
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return (head.encode() + body[0], *body[1:])


class _Connection(asyncio.Protocol):
    """One client: a GET at a time, each answered from what is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)  # a page should leave in one call

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" not in self._head:
            return
        method, target, _ = self._head[: self._head.index(b"\r\n")].decode("latin-1").split(" ")
        self._head = b""
        if method != "GET":
            self._transport.writelines(_framed("405 Method Not Allowed\r\nConnection: close", b"{}"))
            self._transport.close()
            return
        answer = _answer(target)
        if answer.delay:
            self._loop.call_later(answer.delay, self._send, answer.parts)
        else:
            self._send(answer.parts)

    def _send(self, parts: tuple[bytes, ...]) -> None:
        if not self._transport.is_closing():
            self._transport.writelines(parts)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    server = await loop.create_server(lambda: _Connection(loop), "127.0.0.1", port, backlog=1024)
    _items(RECORDS)
    gc.freeze()
    gc.disable()  # a pause here would be a slow answer there
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=watch, daemon=True).start()
    await stopped.wait()
    server.close()


def main(arguments: list[str] | None = None) -> None:
    """Serve until stdin is closed, after one line of JSON with the port."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loopback", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, is any free one")
    asyncio.run(_serve(parser.parse_args(arguments).port))


if __name__ == "__main__":
    main()
