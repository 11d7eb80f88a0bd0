"""What the emulator may answer besides 200 to a request that fits its document, and why; nothing else may happen.

A schema cannot say that an id exists, that an account is free or that a cursor was given out. Brex says it in prose, and
the emulator refuses with a status of the document. Each such refusal is one line here, with the words that the emulator
gives for it: a status alone would let a wrong refusal hide behind a right one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A refusal of a request that fits the schema.

    Args:
        operation: The operationId.
        status: The answer's status.
        says: What the whole message looks like.
        reason: The rule, which no schema can state.
    """

    operation: str
    status: int
    says: str
    reason: str

    def covers(self, operation: str, status: int, message: str) -> bool:
        return (operation, status) == (self.operation, self.status) and bool(re.fullmatch(self.says, message))


UNKNOWN_CURSOR = "a cursor is a string to the schema, and only one that was given out to Brex"
UNKNOWN_ID = "an id is a string to the schema, and only one that was given out to Brex"
KEY_LENGTH = "the schema leaves the length of Idempotency-Key open; an empty one names nothing"

REFUSALS = (
    Refusal(
        "createIntegration",
        409,
        "an integration with another (vendor|account at this vendor) is active",
        "an account has at most one active integration",
    ),
    Refusal("disconnectIntegration", 404, "there is no integration with this id", UNKNOWN_ID),
    Refusal(
        "disconnectIntegration", 409, "the integration is not active", "what is disconnected cannot be disconnected"
    ),
    Refusal("reactivateIntegration", 404, "there is no integration with this id", UNKNOWN_ID),
    Refusal(
        "reactivateIntegration", 409, "an integration is active already", "an account has at most one active integration"
    ),
    Refusal("getAccountingRecord", 404, "there is no accounting record with this id", UNKNOWN_ID),
    Refusal("queryAccountingRecords", 400, "cursor is not one that was given out", UNKNOWN_CURSOR),
    Refusal("reportAccountingExportResults", 404, "some records do not exist", UNKNOWN_ID),
    Refusal("listExpenses", 400, "cursor is not one that was given out", UNKNOWN_CURSOR),
    Refusal("getExpense", 404, "there is no expense with this id", UNKNOWN_ID),
    Refusal("updateExpense", 404, "there is no (card )?expense with this id", UNKNOWN_ID),
    Refusal("receiptUpload", 404, "there is no expense with this id", UNKNOWN_ID),
    Refusal("listSubscription", 400, "cursor is not one that was given out", UNKNOWN_CURSOR),
    Refusal("createSubscription", 400, "Idempotency-Key is not 1 to 255 characters long", KEY_LENGTH),
    Refusal("getSubscriptionById", 400, "there is no subscription with this id", UNKNOWN_ID),
    Refusal("updateSubscription", 400, "there is no subscription with this id", UNKNOWN_ID),
    Refusal("deleteSubscription", 400, "there is no subscription with this id", UNKNOWN_ID),
)
