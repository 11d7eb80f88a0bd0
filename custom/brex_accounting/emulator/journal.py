"""The journal of one tenant: every exchange, with the fault that struck it and whether it took effect."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from .clock import timestamp

_KEPT_BODY: Final = 4096

# The end of one may have been cut off.
_SECRET: Final = re.compile(r'("(?:access_token|refresh_token|secret)"\s*:\s*"|signature=)[^"&]*')


@attrs.define
class Exchange:
    """One request and what became of it.

    Args:
        number: Counts the exchanges of the tenant from 1.
        at: When it came in, on the tenant's clock.
        operation: operationId, or the issuer's endpoint; None where the path is unknown.
        method: HTTP method.
        path: Path with query.
        client: Credential and user agent, without secrets.
        idempotency_key: The header of that name.
        request: Its body, cut; the issuer's forms without their secrets.
        status: Of the answer; None while there is none, and where it was never sent.
        trace_id: ``X-Brex-Trace-Id`` of the answer.
        answer_size: Its body in bytes.
        faults: Ids and effects of the faults that struck it.
        committed: Whether it changed anything.
        ended: How it ended: ``under way``, ``answered``, ``cut off`` or ``dropped``.
    """

    number: int
    at: datetime
    operation: str | None
    method: str
    path: str
    client: str
    idempotency_key: str | None
    request: str
    trace_id: str
    status: int | None = None
    answer_size: int = 0
    faults: Sequence[Mapping[str, str]] = ()
    committed: bool = False
    ended: str = "under way"
    _body: bytes = attrs.field(default=b"", init=False, repr=False)

    @property
    def answer(self) -> str:
        """The body of the answer, cut, and without secrets."""
        return masked(excerpt(self._body))

    def answered(self, status: int, body: bytes) -> None:
        """Note what went out; it is made readable when somebody reads it."""
        self.status, self.answer_size, self._body = status, len(body), body[:_KEPT_BODY]

    def to_json(self) -> dict[str, Any]:
        """The exchange as plain JSON values."""
        values = attrs.asdict(self)
        del values["_body"]
        return {**values, "at": timestamp(self.at), "answer": self.answer}


class Journal:
    """The latest exchanges.

    Args:
        size: How many of them are kept.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._kept: deque[Exchange] = deque(maxlen=size)
        self._count = 0

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def open(
        self,
        *,
        at: datetime,
        operation: str | None,
        method: str,
        path: str,
        client: str,
        idempotency_key: str | None,
        request: bytes | str,
        trace_id: str,
    ) -> Exchange:
        """Begin an entry; it is completed in place."""
        self._count += 1
        entry = Exchange(
            number=self._count,
            at=at,
            operation=operation,
            method=method,
            path=path,
            client=client,
            idempotency_key=idempotency_key,
            request=request if isinstance(request, str) else excerpt(request),
            trace_id=trace_id,
        )
        self._kept.append(entry)
        return entry

    def clear(self) -> None:
        """Forget every exchange; numbers go on."""
        self._kept.clear()


def masked(text: str) -> str:
    """A text without the secrets that the issuer, the webhooks API and signed addresses hold."""
    return _SECRET.sub(r"\1…", text)


def excerpt(body: bytes) -> str:
    """The beginning of a body, readable."""
    return body[:_KEPT_BODY].decode("utf-8", "replace")


__all__ = ["Exchange", "Journal", "excerpt", "masked"]
