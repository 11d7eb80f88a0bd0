"""What commands print of an export, as JSON and as cells of tables: digits as they are, instants in UTC."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs


def plain(value: Any) -> Any:
    """A value as JSON takes it: amounts as strings of digits, instants in UTC, objects by their attributes.

    Args:
        value: What the library gave.
    """
    whole: Any = value  # what stays so when value is narrowed
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return f"{value:f}"
        case str():
            return str(value)  # a state is its name
        case datetime.datetime():
            return instant(value)
        case datetime.date():
            return value.isoformat()
        case Mapping():
            return {str(name): plain(one) for name, one in whole.items()}
        case Sequence():
            return [plain(one) for one in whole]
        case _:
            return {member.name: plain(getattr(whole, member.name)) for member in attrs.fields(whole.__class__)}


def instant(when: datetime.datetime) -> str:
    """An instant in UTC, to the second."""
    return when.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def money(amounts: Mapping[str, Decimal]) -> str:
    """Amounts by currency in a few words, such as ``EUR 12.50, USD 3.00``."""
    return ", ".join(f"{currency} {amount:f}" for currency, amount in sorted(amounts.items()))


def aligned(amounts: Sequence[Decimal | None]) -> list[str | None]:
    """Amounts as text with as many decimals as the longest of them needs: 12 beside 12.50 is 12.00 beside 12.50.

    Args:
        amounts: Amounts of one currency; None stays None.
    """
    places = max((max(0, -int(amount.as_tuple().exponent)) for amount in amounts if amount is not None), default=0)
    return [None if amount is None else f"{amount:.{places}f}" for amount in amounts]


__all__ = ["aligned", "instant", "money", "plain"]
