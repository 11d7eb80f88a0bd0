"""What Brex sends and no document lists: told once for each account, and only if somebody listens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeGuard

from brex_accounting_client import Operation, Page, unknown_fields, unknown_fields_of

from ..events import Observer, UnknownSeen, printable_name
from .runtime import Account

_INDEX = re.compile(r"\[\d+\]")
_MOST = 1000
"""How many names are remembered for an account; more are a sign of data in place of names."""


class Watch:
    """Looks at one answer for what is new.

    Args:
        operation: What was asked.
        account: The account label.
        shared: Remembers what has been told.
        observer: Who is told.
    """

    def __init__(
        self, operation: Operation[..., Any], *, account: str | None, shared: Account, observer: Observer
    ) -> None:
        self._operation = operation
        self._account = account
        self._shared = shared
        self._observer = observer

    def values(self, found: Iterable[tuple[str, str]]) -> None:
        """Tell of enum values, given as (enum class, value)."""
        for cls, value in found:
            self._tell("enum value", f"{cls}.{value}")

    def fields(self, answer: object, content: bytes) -> None:
        """Tell of the fields of a body; of an operation's pages, all records of the first and one of each other."""
        seen = self._shared.unknown_seen
        first = ("operation", self._operation.name) not in seen
        seen.add(("operation", self._operation.name))
        for path in _paths(self._operation, answer, content, every=first):
            self._tell("field", _INDEX.sub("[]", path))

    def _tell(self, kind: Literal["field", "enum value"], name: str) -> None:
        seen = self._shared.unknown_seen
        if (kind, name) in seen or len(seen) >= _MOST or printable_name(name) is None:
            return
        seen.add((kind, name))
        self._observer.tell(UnknownSeen(operation=self._operation.name, account=self._account, kind=kind, name=name))


def _paths(operation: Operation[..., Any], answer: object, content: bytes, *, every: bool) -> Iterator[str]:
    if not _is_page(answer):
        if operation.answer is not None:
            yield from unknown_fields_of(content, operation.answer)
        return
    yield from unknown_fields(answer)
    for index in range(len(answer.items) if every else min(1, len(answer.items))):
        for path in unknown_fields(answer, index):
            yield path.replace("$", "$.items[]", 1)


def _is_page(answer: object) -> TypeGuard[Page[Any]]:
    return isinstance(answer, Page)


__all__ = ["Watch"]
