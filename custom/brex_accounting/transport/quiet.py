"""What httpx and httpcore may log about our requests: no URL with a query, no header of an answer.

httpx logs the whole URL of each request at INFO, httpcore all header fields of each answer at DEBUG. Cursors and ids
stand in the one, cookies and presigned URLs in the other. A filter on their loggers cuts records down while a request
of ours is under way in the same task; requests of anybody else are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import httpx

_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
_ours: ContextVar[bool] = ContextVar("_ours", default=False)


class _Quiet(logging.Filter):
    """Cuts records down to what is on the allow-list."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _ours.get():
            return True
        if record.name == "httpx":
            arguments = record.args if isinstance(record.args, tuple) else ()
            url = next((argument for argument in arguments if isinstance(argument, httpx.URL)), None)
            status = next((argument for argument in arguments if isinstance(argument, int)), None)
            method = arguments[0] if arguments and arguments[0] in _METHODS else "-"
            record.msg, record.args = "HTTP Request: %s %s %s", (method, "-" if url is None else _place(url), status)
        else:
            # The first word is the name of the step, such as receive_response_headers.complete.
            record.msg, record.args = str(record.msg).partition(" ")[0], ()
        return True


_filter = _Quiet()


def install() -> None:
    """Put the filter on the loggers; once is enough, and again does no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)


@contextmanager
def quietly() -> Generator[None]:
    """Mark what happens within as ours."""
    token = _ours.set(True)
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator that the collector ends does so in another context
            _ours.reset(token)


def _place(url: httpx.URL) -> str:
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}{url.path}"


__all__ = ["install", "quietly"]
