# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class SourceType(OpenEnum):
    """The kind of source: a card transaction, a reimbursement or a bill."""

    CARD = "CARD"
    REIMBURSEMENT = "REIMBURSEMENT"
    BILL = "BILL"
