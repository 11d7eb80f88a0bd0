"""A tenant's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from ...errors import InvalidArgument
from ..clock import TenantClock, timestamp
from .endpoint import Call, Endpoint

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with Z or an offset."""


class Change(msgspec.Struct):
    """What to do to a clock, in the order in which it is done."""

    freeze: bool | Instant | msgspec.UnsetType = msgspec.UNSET
    advance: float | msgspec.UnsetType = msgspec.UNSET
    scale: float | msgspec.UnsetType = msgspec.UNSET
    unfreeze: bool | msgspec.UnsetType = msgspec.UNSET


def show_clock(call: Call) -> dict[str, Any]:
    """A tenant's clock."""
    clock = call.tenant.clock
    return {"now": timestamp(clock.now()), "frozen": clock.frozen, "scale": clock.scale}


def change_clock(call: Call) -> dict[str, Any]:
    """Freeze a clock, let it jump or run otherwise; all of it or nothing."""
    body: Change = call.body
    clock = call.tenant.clock
    _check(body)
    _carry_out(body, TenantClock(clock.now()))  # a trial: where one member is wrong, the others do nothing
    _carry_out(body, clock)
    return show_clock(call)


def check_instant(name: str, value: datetime) -> None:
    """Check an instant that a clock shall show.

    Args:
        name: The member that it stands in.
        value: The instant.

    Raises:
        InvalidArgument: It is too early or too late.
    """
    try:
        TenantClock(value)
    except InvalidArgument as error:
        message = f"{name}: {error}"
        raise InvalidArgument(message) from None


def _check(body: Change) -> None:
    """Check what the clock itself takes for granted."""
    if all(value is msgspec.UNSET for value in msgspec.structs.astuple(body)):
        message = f"body: expected one or several of {', '.join(body.__struct_fields__)}"
        raise InvalidArgument(message)
    if body.freeze is False:
        message = "freeze: expected true or an instant, got false; unfreeze is what lets time go on"
        raise InvalidArgument(message)
    if body.unfreeze is False:
        message = "unfreeze: expected true, got false; freeze is what stops time"
        raise InvalidArgument(message)
    if isinstance(body.freeze, datetime):
        check_instant("freeze", body.freeze)


def _carry_out(body: Change, clock: TenantClock) -> None:
    if not isinstance(body.freeze, msgspec.UnsetType):
        clock.freeze(body.freeze if isinstance(body.freeze, datetime) else None)
    if not isinstance(body.advance, msgspec.UnsetType):
        clock.advance(body.advance)
    if not isinstance(body.scale, msgspec.UnsetType):
        clock.run(body.scale)
    if not isinstance(body.unfreeze, msgspec.UnsetType):
        clock.unfreeze()


ENDPOINTS: Final = (
    Endpoint("GET", "/clock", "Its clock", show_clock),
    Endpoint(
        "POST",
        "/clock",
        "Freeze it (true or an instant), advance it by seconds, scale it, unfreeze it (true), in this order",
        change_clock,
        body=Change,
    ),
)

__all__ = ["ENDPOINTS", "Instant", "check_instant"]
