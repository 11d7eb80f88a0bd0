# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Merchant:
    """Who sold the goods or services.

    Attributes:
        raw_descriptor: The merchant's name as it came with the payment.
        mcc: Merchant category code.
        country: as on the wire.
    """

    raw_descriptor: str
    mcc: str
    country: str
