# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""Enums that a new constant of the API cannot break.

Brex counts a new enum constant as no breaking change (https://developer.brex.com/guides/versioning), so a value that
a class does not know becomes a pseudo-member: equal to its string, hashable, picklable, matchable, and never in the
class's own list of members. Pseudo-members live in a weak dictionary, so hostile values leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from threading import Lock
from typing import Self
from weakref import WeakValueDictionary

_unknown: WeakValueDictionary[tuple[type[OpenEnum], str], OpenEnum] = WeakValueDictionary()
_lock = Lock()
_noted: ContextVar[set[tuple[str, str]] | None] = ContextVar("_noted", default=None)


@contextmanager
def note_unknown_values() -> Generator[set[tuple[str, str]]]:
    """Collect (enum class, value) of every value that no document lists and that is read within the block.

    Values that are known cost nothing, so reading can always be watched.
    """
    seen: set[tuple[str, str]] = set()
    token = _noted.set(seen)
    try:
        yield seen
    finally:
        _noted.reset(token)


class OpenEnum(StrEnum):
    """A string enum that takes any string; ``is_known`` tells documented constants from others."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        value = str.__str__(value)  # a member of another enum is its string here
        seen = _noted.get()
        if seen is not None:
            seen.add((cls.__name__, value))
        # The lock makes two threads that meet the same new value get the same object.
        with _lock:
            kept = _unknown.get((cls, value))
            if kept is None:
                kept = str.__new__(cls, value)
                kept._name_ = value
                kept._value_ = value
                _unknown[(cls, value)] = kept
        return kept if isinstance(kept, cls) else None

    @property
    def is_known(self) -> bool:
        """Whether the API's document lists this value."""
        return self._value_ in type(self)._value2member_map_

    def __reduce_ex__(self, _: object) -> tuple[type[Self], tuple[str]]:
        """Travel as class and value: early 3.11 releases pickle a member by its name, which a pseudo-member lacks."""
        return type(self), (self._value_,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __repr__(self) -> str:
        if self.is_known:
            return f"<{type(self).__name__}.{self._name_}: {self._value_!r}>"
        return f"<{type(self).__name__} unknown: {self._value_!r}>"


__all__ = ["OpenEnum", "note_unknown_values"]
