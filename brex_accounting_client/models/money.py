# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Money:
    """An amount of money in the smallest unit of its currency.

    Attributes:
        amount: Counts the smallest unit: 700 is USD 7.00. May be negative.
        currency: Code of the currency.
    """

    amount: int
    currency: str | None = None
