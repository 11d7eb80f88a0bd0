"""What goes back: answers, and refusals that become answers in the words of the document they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

JSON: Final = (("content-type", "application/json"),)
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
    """

    status: int
    body: bytes = b""
    headers: Headers = JSON
    committed: bool = False
    frame: bytes | None = None
    listed: bool = True


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

    def answer(self, *, accounting: bool) -> Answer:
        """The answer in the words of the accounting API, or of the older ones."""
        if accounting:
            body: dict[str, Any] = {"error_code": self.code, "message": self.text}
            if self.details is not None:
                body["details"] = self.details
        else:
            body = {"type": self.code, "message": self.text}
        return Answer(self.status, _encode(body), JSON + self.headers, self.committed, listed=self.listed)


def invalid(text: str) -> Refusal:
    """A request that cannot be read or holds a value that is not allowed."""
    return Refusal(400, "INVALID_REQUEST", text)


def missing(text: str) -> Refusal:
    """Something that does not exist."""
    return Refusal(404, "NOT_FOUND", text)


__all__ = ["JSON", "Answer", "Headers", "Refusal", "invalid", "json_answer", "missing"]
