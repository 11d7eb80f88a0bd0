"""Faults: the ways in which a request can go wrong, and rules for which requests do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self, cast

import attrs

from ..errors import InvalidArgument
from .published import operations

Phase = Literal["before", "after"]

_LONGEST = 365 * 86400.0


@attrs.frozen
class Effect:
    """One way to go wrong.

    Args:
        summary: What the caller gets to see.
        phase: Whether it strikes before the request takes effect or after it did, unless the fault says otherwise.
        network: Whether it is done to the connection; an application that is called in a process has none.
        options: Fields of a fault that mean something to it.
        disfigures: Whether it needs a true answer to act on. Before the request takes effect there is none, and an
            empty page in its place would look like the end of a list.
    """

    summary: str
    phase: Phase
    network: bool = False
    options: tuple[str, ...] = ()
    disfigures: bool = False


EFFECTS: Final[Mapping[str, Effect]] = {
    "status": Effect(
        "an error status, with or without Retry-After", "before", options=("status", "retry_after", "code", "message")
    ),
    "drop": Effect("the connection is closed without any byte of an answer", "before", network=True),
    "reset": Effect("the connection is reset without any byte of an answer", "before", network=True),
    "cut_body": Effect(
        "the body ends before its announced end, and the connection with it",
        "after",
        network=True,
        options=("keep", "chunked"),
    ),
    "hang": Effect("no answer until the client goes away or the emulator stops", "before"),
    "latency": Effect("everything as it should be, but later", "before", options=("delay",)),
    "slow_body": Effect(
        "the head at once, the body in pieces with pauses in between", "after", options=("delay", "pieces")
    ),
    "bad_json": Effect("200 with a body that says it is JSON and is not", "after"),
    "html": Effect("the page of a gateway, in HTML", "before", options=("status", "retry_after")),
    "wrong_schema": Effect("a member of another type: in a page, one record cannot be read", "after", disfigures=True),
    "wrong_page": Effect(
        "JSON of another shape: items is an object, or the whole answer is an array", "after", disfigures=True
    ),
    "lone_surrogate": Effect(
        "half of a surrogate pair in a text of the first item, or of the object", "after", disfigures=True
    ),
    "expired_token": Effect("401; a granted access token has expired indeed, a user token never does", "before"),
    "unknown_enum": Effect(
        "a constant that no document lists, in the first item or in the object", "after", disfigures=True
    ),
    "unknown_field": Effect(
        "a member that no document lists, in the first item or in the object", "after", disfigures=True
    ),
    "empty": Effect("200 with nothing in it", "after"),
}
"""Every effect by its name."""


_OPTIONS: Final = frozenset(option for effect in EFFECTS.values() for option in effect.options)


def known_operations() -> tuple[str, ...]:
    """What a fault can be about: operations of the documents, endpoints of the issuer, and those of the file host."""
    return (*operations(), "discovery", "authorize", "token", "revoke", "downloadReceipt", "uploadReceipt")


def _is_whole(value: Any, least: int, most: int | None = None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most)


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: Any) -> bool:
    # Half of a surrogate pair could not be sent.
    return isinstance(value, str) and bool(value.strip()) and value.encode(errors="ignore").decode() == value


def _is_when(value: Any) -> bool:
    if not isinstance(value, str):
        return _is_number(value, 0, _LONGEST)
    try:
        # There and back, because it reads more than a header may hold.
        return format_datetime(parsedate_to_datetime(value), usegmt=True) == value
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


_FIELDS: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "operation": ("text that is not empty", _is_text),
    "phase": ("before or after", lambda value: value in ("before", "after")),
    "every": ("a whole number of at least 1", lambda value: _is_whole(value, 1)),
    "skip": ("a whole number of at least 0", lambda value: _is_whole(value, 0)),
    "probability": ("a number above 0 and up to 1", lambda value: _is_number(value, 0, 1) and value > 0),
    "seed": ("a whole number of at least 0", lambda value: _is_whole(value, 0)),
    "times": ("a whole number of at least 1", lambda value: _is_whole(value, 1)),
    "seconds": ("seconds above 0 and up to a year", lambda value: _is_number(value, 0, _LONGEST) and value > 0),
    "status": (
        "a status from 200 to 599, not 204 or 304, which have no body",
        lambda value: _is_whole(value, 200, 599) and value not in (204, 304),
    ),
    "retry_after": ("seconds up to a year, or a date such as Sun, 06 Nov 1994 08:49:37 GMT", _is_when),
    "code": ("text that is not empty", _is_text),
    "message": ("text that is not empty", _is_text),
    "delay": ("seconds from 0 to a day", lambda value: _is_number(value, 0, 86400)),
    "pieces": ("a whole number from 2 to 10000", lambda value: _is_whole(value, 2, 10_000)),
    "keep": ("a number from 0 to less than 1", lambda value: _is_number(value, 0, 1) and value < 1),
    "chunked": ("true or false", lambda value: isinstance(value, bool)),
}
"""What each field of a fault can be, in words and as a test; None only where it is the default."""


def _known(effect: Any) -> str:
    if isinstance(effect, str) and effect in EFFECTS:
        return effect
    message = f"effect: expected one of {', '.join(EFFECTS)}, got {effect!r}"
    raise InvalidArgument(message)


@attrs.frozen(kw_only=True)
class Fault:
    """One rule of a fault plan.

    Args:
        effect: What happens; one of ``EFFECTS``.
        operation: The operationId of a published document, or ``discovery``, ``authorize``, ``token``, ``revoke``,
            ``downloadReceipt``, ``uploadReceipt``; a pattern such as ``*Subscription*`` stands for all that fit, and
            None for any.
        phase: ``before`` the request takes effect, which it then never does, or ``after`` it did, so that only the
            answer suffers. Latency only delays, in either phase. Each effect has its default.
        every: Strikes every n-th request that matches.
        skip: Leaves alone the first n that match.
        probability: Strikes by chance, instead of by count.
        seed: Makes that chance the same in every run.
        times: Ends after it has struck n times; None: never.
        seconds: Ends so many seconds of the tenant's clock after it was added; None: never.
        status: HTTP status, for ``status`` and ``html``.
        retry_after: Seconds, or an HTTP date as text, for ``status`` and ``html``.
        code: The error code in the body, for ``status``; None: one that goes with the status.
        message: The error message in the body, for ``status``.
        delay: Seconds by which all is later, for ``latency``, or of each pause, for ``slow_body``.
        pieces: How many pieces the body comes in, for ``slow_body``.
        keep: The fraction of the body that arrives, for ``cut_body``.
        chunked: Whether the body is announced without a length, in chunks, for ``cut_body``.

    Raises:
        InvalidArgument: A field has a value that it cannot have, or one that means nothing to this effect.
    """

    effect: str = attrs.field(converter=_known)  # the first field: defaults of others depend on it
    operation: str | None = None
    phase: Phase = attrs.Factory(lambda fault: EFFECTS[fault.effect].phase, takes_self=True)
    every: int = 1
    skip: int = 0
    probability: float | None = None
    seed: int | None = None
    times: int | None = None
    seconds: float | None = None
    status: int = 503
    retry_after: float | str | None = None
    code: str | None = None
    message: str | None = None
    delay: float = 1.0
    pieces: int = 4
    keep: float = 0.5
    chunked: bool = False

    def __attrs_post_init__(self) -> None:
        unused = self._unused()
        for field in attrs.fields(type(self))[1:]:
            value = getattr(self, field.name)
            expected, fits = _FIELDS[field.name]
            if not (fits(value) or value is field.default is None):
                message = f"{field.name}: expected {expected}, got {value!r}"
                raise InvalidArgument(message)
            if field.name in unused and value != field.default:
                message = f"{field.name}: it means nothing to the effect {self.effect}; leave it out"
                raise InvalidArgument(message)
        if self.operation is not None and not any(map(self.matches, known_operations())):
            message = f"operation: none fits {self.operation!r}; there are {', '.join(known_operations())}"
            raise InvalidArgument(message)
        if self.phase == "before" and EFFECTS[self.effect].disfigures:
            message = f"phase: {self.effect} needs an answer to act on, and before there is none; leave it out"
            raise InvalidArgument(message)
        if (self.probability is None) != (self.seed is None):
            message = "seed: it goes with a probability, so that the next run goes the same way; give both or neither"
            raise InvalidArgument(message)
        if self.probability is not None and self.every != 1:
            message = "every: a fault strikes by chance or by count; leave out every or probability"
            raise InvalidArgument(message)

    @classmethod
    def from_json(cls, mapping: object) -> Self:
        """Read a fault from plain JSON values; a member that is null counts as absent.

        Raises:
            InvalidArgument: It is no object, has a member that is no field, lacks the effect, or a value is wrong.
        """
        if not isinstance(mapping, Mapping):
            message = f"fault: expected an object, got {mapping!r}"
            raise InvalidArgument(message)
        given = cast("Mapping[str, Any]", mapping)
        names = [field.name for field in attrs.fields(cls)]
        for name in given:
            if name not in names:
                message = f"{name}: no such field of a fault; there are {', '.join(names)}"
                raise InvalidArgument(message)
        values: dict[str, Any] = {"effect": None}
        values |= {name: value for name, value in given.items() if value is not None}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """The fault as plain JSON values: what is set, and what means something to its effect."""
        values, unused = attrs.asdict(self), self._unused()
        return {name: value for name, value in values.items() if value is not None and name not in unused}

    def matches(self, operation: str) -> bool:
        """Whether it is about this operation."""
        return self.operation is None or fnmatchcase(operation, self.operation)

    def _unused(self) -> frozenset[str]:
        return _OPTIONS.difference(EFFECTS[self.effect].options)


__all__ = ["EFFECTS", "Effect", "Fault", "Phase", "known_operations"]
