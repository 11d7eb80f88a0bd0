"""What Brex sends and no document lists: told once for each account, and only if somebody listens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from brex_accounting_client import Operation, Page, unknown_fields, unknown_fields_of

from ..events import Observer, UnknownSeen, printable_name
from .runtime import Account

_INDEX = re.compile(r"\[\d+\]")
_MOST = 1000
"""How many names are remembered for an account; more are a sign of data in place of names."""


def tell_unknown(
    operation: Operation[..., Any],
    answer: object,
    content: bytes,
    values: Iterable[tuple[str, str]],
    *,
    account: str | None,
    shared: Account,
    observer: Observer,
) -> None:
    """Tell of fields and enum values that are new.

    Args:
        operation: What was asked.
        answer: The model that came.
        content: The body that it came from.
        values: (enum class, value) of the unknown enum values in it.
        account: The account label.
        shared: Remembers what has been told.
        observer: Who is told.
    """
    first = ("operation", operation.name) not in shared.unknown_seen
    shared.unknown_seen.add(("operation", operation.name))
    found: list[tuple[str, str]] = [("enum value", f"{cls}.{value}") for cls, value in values]
    found += [("field", _INDEX.sub("[]", path)) for path in _paths(operation, answer, content, every=first)]
    for kind, name in found:
        if (kind, name) in shared.unknown_seen or len(shared.unknown_seen) >= _MOST or printable_name(name) is None:
            continue
        shared.unknown_seen.add((kind, name))
        observer.tell(
            UnknownSeen(
                operation=operation.name,
                account=account,
                kind="field" if kind == "field" else "enum value",
                name=name,
            )
        )


def _paths(operation: Operation[..., Any], answer: object, content: bytes, *, every: bool) -> Iterator[str]:
    """JSON paths of unknown fields; of a page that is not the first only its first record is looked at."""
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


__all__ = ["tell_unknown"]
