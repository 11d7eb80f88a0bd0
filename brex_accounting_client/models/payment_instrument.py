# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.payment_instrument_type import PaymentInstrumentType


@frozen(kw_only=True)
class PaymentInstrument:
    """The means of payment. Brex's page does not spell out this shape.

    Attributes:
        type: as on the wire.
    """

    type: PaymentInstrumentType | None = None
