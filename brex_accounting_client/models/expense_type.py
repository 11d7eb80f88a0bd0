# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class ExpenseType(OpenEnum):
    """How the money was spent."""

    CARD = "CARD"
    BILLPAY = "BILLPAY"
    REIMBURSEMENT = "REIMBURSEMENT"
    CLAWBACK = "CLAWBACK"
    UNSET = "UNSET"
