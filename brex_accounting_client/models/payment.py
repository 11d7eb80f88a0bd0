# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.payment_instrument import PaymentInstrument
from ..models.payment_status_reason import PaymentStatusReason


@frozen(kw_only=True)
class Payment:
    """How an expense was paid.

    Attributes:
        id: Id of the payment.
        paymentInstrument: as on the wire.
        statusReason: as on the wire.
    """

    id: str
    paymentInstrument: PaymentInstrument | None = None
    statusReason: PaymentStatusReason | None = None
