# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class PaymentInstrumentType(OpenEnum):
    """The kind of means of payment. Brex shows only this value; expect others."""

    CARD = "CARD"
