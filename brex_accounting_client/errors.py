# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""What the low-level client raises besides httpx's own transport errors.

::

    ClientError
    ├── StatusError        the answer's status is not 2xx
    ├── Undecodable        bytes that are not what the API's document says
    │   └── BadRecords     a page of which some records cannot be read; the others hang on it
    └── InvalidInput       what the caller passed cannot be sent or read; also a ValueError

The text of an error holds codes, ids and JSON paths, never a body: bodies carry names, memos and presigned URLs.
What came over the wire is an attribute, and stays behind when an error is pickled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}", re.ASCII)

TRACE_HEADER = "x-brex-trace-id"
"""Where Brex puts the id that its support asks for (https://developer.brex.com/docs/support)."""


def _looks_like_id(found: str | None) -> bool:
    """Whether this may be repeated: an id is Brex's, but what stands in its place may be anything."""
    return found is not None and _CODE.fullmatch(found) is not None


class ClientError(Exception):
    """Root of everything that this package raises by itself."""


class StatusError(ClientError):
    """The answer has a status outside 2xx.

    Attributes:
        operation: Method and path template, such as ``GET /v3/accounting/records``.
        status_code: The HTTP status, whatever number came.
        headers: The header fields, names in lower case.
        parsed: The error body as a model, None where it is none of the shapes that the documents know.
        content: The body as it came.
    """

    def __init__(
        self,
        *,
        operation: str,
        status_code: int,
        headers: Mapping[str, str] | None = None,
        parsed: object = None,
        content: bytes = b"",
    ) -> None:
        self.operation = operation
        self.status_code = status_code
        self.headers = dict(headers or {})
        self.parsed = parsed
        self.content = content
        self.trace_id = trace_id_of(self.headers)
        self.error_code = _error_code(parsed)
        super().__init__(self.text())

    def text(self) -> str:
        """What the error says, made of facts that may stand in a log."""
        parts = [f"{self.operation} answered {self.status_code}"]
        if self.error_code is not None:
            parts.append(self.error_code)
        if self.trace_id is not None:
            parts.append(f"(trace {self.trace_id})")
        return " ".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"trace_id": self.trace_id, "error_code": self.error_code, "args": self.args}
        return _rebuild, (type(self), {"operation": self.operation, "status_code": self.status_code}, state)


class Undecodable(ClientError):
    """Bytes that do not hold what the API's document promises.

    Attributes:
        path: JSON path of the first place that is wrong, ``$`` for the whole.
        reason: What is wrong there, without any value.
        content: The bytes as they came.
        operation: Method and path template where the bytes answered a call, else None.
        status_code: The status that came with them, else None.
    """

    def __init__(
        self,
        *,
        path: str,
        reason: str,
        content: bytes = b"",
        operation: str | None = None,
        status_code: int | None = None,
    ) -> None:
        self.path = path
        self.reason = reason
        self.content = content
        self.operation = operation
        self.status_code = status_code
        super().__init__(self.text())

    def text(self) -> str:
        """What the error says, made of facts that may stand in a log."""
        where = "" if self.operation is None else f"{self.operation} answered {self.status_code}, but "
        return f"{where}the body cannot be read at {self.path}: {self.reason}"

    def _facts(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "reason": self.reason,
            "operation": self.operation,
            "status_code": self.status_code,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._facts(), {"args": self.args})


@attrs.frozen(kw_only=True)
class BadRecord:
    """A record of a page that cannot be read.

    Attributes:
        index: Its place in the ``items`` that came, from 0.
        id: Its id, where at least that could be read.
        path: JSON path, within the page, of the first place that is wrong.
        reason: What is wrong there, without any value.
        raw: The record's bytes as they came.
    """

    index: int
    id: str | None = attrs.field(repr=lambda found: repr(found if _looks_like_id(found) else None))
    path: str
    reason: str
    raw: bytes = attrs.field(repr=False)

    @property
    def label(self) -> str:
        """The id where it looks like one, else the place: an id is Brex's, but what stands there may be anything."""
        return self.id if self.id is not None and _looks_like_id(self.id) else f"item {self.index}"

    def without_raw(self) -> BadRecord:
        """The same without the bytes, which hold names and memos and are not for pickles, and with an id or none."""
        return attrs.evolve(self, raw=b"", id=self.id if _looks_like_id(self.id) else None)


class BadRecords(Undecodable):
    """Some records of a page cannot be read; the readable ones are on ``page.items``.

    Attributes:
        page: The page with the records that could be read, and with ``page.bad_records``.
        bad_records: The records that could not, with id, path, reason and raw bytes.
    """

    def __init__(self, *, bad_records: tuple[BadRecord, ...], page: object = None, **facts: Any) -> None:
        self.bad_records = bad_records
        self.page = page
        super().__init__(**facts)

    def text(self) -> str:
        """What the error says, made of facts that may stand in a log."""
        ids = ", ".join(bad.label for bad in self.bad_records[:5])
        where = "" if self.operation is None else f"{self.operation} answered {self.status_code}: "
        more = "" if len(self.bad_records) <= 5 else f" and {len(self.bad_records) - 5} more"
        return (
            f"{where}{len(self.bad_records)} records cannot be read ({ids}{more}), "
            f"the first at {self.path}: {self.reason}. "
            "The others are on .page.items; on_bad_record='collect' returns the page instead of raising."
        )

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "bad_records": tuple(bad.without_raw() for bad in self.bad_records)}


class InvalidInput(ClientError, ValueError):
    """What the caller passed cannot be sent or read as it is; the text names the field and the remedy."""


def trace_id_of(headers: Mapping[str, str]) -> str | None:
    """Brex's trace id among header fields with names in lower case; None if there is none that looks like one."""
    trace_id = headers.get(TRACE_HEADER, "")
    return trace_id if _CODE.fullmatch(trace_id) else None


def _error_code(parsed: object) -> str | None:
    """The machine-readable code of either error shape; only what looks like one may stand in a text."""
    for name in ("error_code", "type"):
        code = getattr(parsed, name, None)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return str(code)
    return None


def _rebuild(kind: type[ClientError], facts: dict[str, Any], state: dict[str, Any]) -> ClientError:
    """Make an unpickled error: the facts that may travel, nothing that came over the wire."""
    error = kind(**facts)
    for name, value in state.items():
        setattr(error, name, value)
    return error


__all__ = [
    "TRACE_HEADER",
    "BadRecord",
    "BadRecords",
    "ClientError",
    "InvalidInput",
    "StatusError",
    "Undecodable",
    "trace_id_of",
]
