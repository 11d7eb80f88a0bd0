# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Number


@frozen(kw_only=True)
class Amount:
    """An amount of money in one currency.

    Attributes:
        amount: The number, as Brex sends it.
        currency: Code of the currency.
    """

    amount: Number
    currency: str
