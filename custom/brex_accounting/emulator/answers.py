"""What goes back: answers, and refusals that become answers in the words of the document they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final, Literal

import attrs
import msgspec

JSON: Final = (("content-type", "application/json"),)
XML: Final = (("content-type", "application/xml"),)

Dialect = Literal["accounting", "classic", "oauth", "files"]
"""Whose words an error is written in: the accounting API's, the older APIs', the issuer's or the file host's."""

_OAUTH: Final = {
    "INTERNAL_ERROR": "server_error",
    "INVALID_REQUEST": "invalid_request",
    "TOO_MANY_REQUESTS": "temporarily_unavailable",
}
"""Errors of RFC 6749 for codes that faults fill in by themselves."""
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>'

Headers = tuple[tuple[str, str], ...]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.frozen
class Answer:
    """An HTTP answer before it is sent.

    Args:
        status: HTTP status.
        body: All of it.
        headers: Names in lower case.
        committed: Whether the request changed anything.
        frame: The body without items that have been held against their schema already; None where there are none.
        listed: Whether the operation's document lists the status; gateways answer with others.
        records: Ids of the accounting records in it.
    """

    status: int
    body: bytes = b""
    headers: Headers = JSON
    committed: bool = False
    frame: bytes | None = None
    listed: bool = True
    records: tuple[str, ...] = ()


def json_answer(value: Any, *, status: int = 200, committed: bool = False) -> Answer:
    """An answer from plain JSON values; decimals become numbers, digit by digit."""
    return Answer(status, _encode(value), committed=committed)


class Refusal(Exception):
    """A request that a rule of Brex's refuses; the document of the operation says how that is written.

    Args:
        status: HTTP status.
        code: ``error_code`` of the accounting API.
        text: The message, for people.
        details: Members of ``details``.
        committed: Whether some of the request took effect all the same.
        headers: Headers to add.
        listed: Whether the operation's document lists the status.
    """

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        details: Mapping[str, Any] | None = None,
        committed: bool = False,
        headers: Headers = (),
        listed: bool = True,
    ) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code
        self.text = text
        self.details = details
        self.committed = committed
        self.headers = headers
        self.listed = listed

    def answer(self, dialect: Dialect) -> Answer:
        """The answer in the words of whoever gives it."""
        content, body = JSON, b""
        match dialect:
            case "accounting":
                details = {} if self.details is None else {"details": self.details}
                body = _encode({"error_code": self.code, "message": self.text, **details})
            case "classic":
                body = _encode({"type": self.code, "message": self.text})
            case "oauth":
                body = _encode({"error": _OAUTH.get(self.code, self.code), "error_description": self.text})
            case "files":
                content, body = XML, _XML.format(escape(self.code), escape(self.text)).encode()
        return Answer(self.status, body, content + self.headers, self.committed, listed=self.listed)


def invalid(text: str) -> Refusal:
    """A request that cannot be read or holds a value that is not allowed."""
    return Refusal(400, "INVALID_REQUEST", text)


def missing(text: str) -> Refusal:
    """Something that does not exist."""
    return Refusal(404, "NOT_FOUND", text)


__all__ = ["JSON", "XML", "Answer", "Dialect", "Headers", "Refusal", "invalid", "json_answer", "missing"]
