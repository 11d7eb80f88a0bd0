"""What callers pass to operations, turned into what the operations take."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Set
from typing import Any, TypeVar

from brex_accounting_client import UNSET, OpenEnum, Unset

from ..checks import instant, moment, text
from ..errors import InvalidArgument

E = TypeVar("E", bound=OpenEnum)
T = TypeVar("T")

LONGEST_ID = 100
"""Characters; Brex's ids have some thirty."""

Moment = datetime.datetime | datetime.date | str
"""A datetime with a time zone, a date, or ISO 8601 text of either; times are in UTC where the text has no offset."""


def given(value: T | None) -> T | Unset:
    """What stands for an argument that was left out."""
    return UNSET if value is None else value


def only_given(arguments: Mapping[str, T | Unset]) -> dict[str, T]:
    """The arguments that were not left out."""
    return {name: value for name, value in arguments.items() if not isinstance(value, Unset)}


def a_moment(value: Moment | None, name: str) -> datetime.datetime | datetime.date | Unset:
    """A bound of ``updated_at``."""
    return UNSET if value is None else moment(value, name)


def an_instant(value: Moment | None, name: str) -> datetime.datetime | Unset:
    """A bound of a date-time."""
    return UNSET if value is None else instant(value, name)


def constant(value: E | str | None, kind: type[E], name: str) -> E | Unset:
    """An enum value; text that no document lists is sent as it is, since Brex may know it.

    Raises:
        InvalidArgument: It is no text.
    """
    return UNSET if value is None else kind(text(value, name))


def constants(values: Iterable[E | str] | None, kind: type[E], name: str) -> list[E] | Unset:
    """Several enum values of a filter.

    Raises:
        InvalidArgument: As ``some_texts`` does.
    """
    found = some_texts(values, name)
    return UNSET if isinstance(found, Unset) else [kind(value) for value in found]


def some_texts(values: Iterable[str] | None, name: str) -> list[str] | Unset:
    """Several strings of a filter.

    Raises:
        InvalidArgument: They are none: nothing would be sent, and Brex would answer with everything.
    """
    if values is None:
        return UNSET
    found = texts(values, name)
    if not found:
        message = f"{name}: an empty list would filter nothing out; leave it out to get everything"
        raise InvalidArgument(message)
    return list(found)


def texts(values: Iterable[str], name: str) -> tuple[str, ...]:
    """Several strings, each once, in the order in which they came.

    Raises:
        InvalidArgument: It is one string, whose letters would be taken one by one, or an element is no string.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"{name}: expected a list of strings, such as [{'...'!r}]"
        raise InvalidArgument(message)
    found = [text(value, f"{name}[{index}]") for index, value in enumerate(values)]
    # Sets have another order in each process, and a checkpoint of one must fit in the next.
    return tuple(dict.fromkeys(sorted(found) if isinstance(values, Set) else found))


def some_ids(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """Ids of records, any number of them.

    Raises:
        InvalidArgument: One is longer than any id of Brex's: 500 of them would not fit into a URL.
    """
    if values is None:
        return None
    found = texts(values, "ids")
    for index, value in enumerate(found):
        if len(value) > LONGEST_ID:
            message = f"ids[{index}]: expected an id of at most {LONGEST_ID} characters, got {len(value)}"
            raise InvalidArgument(message)
    return found


def a_flag(value: Any, name: str) -> bool | Unset:
    """True, False, or left out.

    Raises:
        InvalidArgument: It is something else.
    """
    if value is None or isinstance(value, bool):
        return given(value)
    message = f"{name}: expected True or False, got a {type(value).__name__}"
    raise InvalidArgument(message)


__all__ = [
    "LONGEST_ID",
    "Moment",
    "a_flag",
    "a_moment",
    "an_instant",
    "constant",
    "constants",
    "given",
    "only_given",
    "some_ids",
    "some_texts",
    "texts",
]
