# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class ExpensePaymentStatus(OpenEnum):
    """How far the payment of the expense has come."""

    NOT_STARTED = "NOT_STARTED"
    PROCESSING = "PROCESSING"
    CANCELED = "CANCELED"
    DECLINED = "DECLINED"
    CLEARED = "CLEARED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    CASH_ADVANCE = "CASH_ADVANCE"
    CREDITED = "CREDITED"
    AWAITING_PAYMENT = "AWAITING_PAYMENT"
    SCHEDULED = "SCHEDULED"
