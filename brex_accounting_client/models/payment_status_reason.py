# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class PaymentStatusReason(OpenEnum):
    """Why the payment is in its state. Brex shows only this value; expect others."""

    OTHER = "OTHER"
