"""Who is at the other end of a login: a browser that consents, somebody who pastes, a terminal."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.cli.auth.served import PATIENCE


def visit(url: str) -> str:
    """Where the issuer sends a browser that consents; httpx would log that."""
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        assert 302 == answer.status, answer.read()
        return answer.headers["location"]


def address_in(text: str) -> str:
    found = re.search(r"^http\S+/v1/authorize\?\S+$", text, re.MULTILINE)
    assert found, text
    return found[0]


class Person(io.StringIO):
    """A standard input whose reader gets what a browser brings back from the address that was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], bring: Callable[[str], str] = visit) -> None:
        super().__init__()
        self.capsys = capsys
        self.bring = bring
        self.asked = ""
        self.brought = ""
        self.printed = ""

    def readline(self, _size: int | None = -1, /) -> str:
        self.printed = self.capsys.readouterr().out
        self.asked = address_in(self.printed)
        self.brought = self.bring(self.asked)
        return self.brought + "\n"


class Terminal(io.StringIO):
    """A standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True
