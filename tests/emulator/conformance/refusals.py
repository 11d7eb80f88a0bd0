"""What the emulator may answer besides 200 to a request that fits its document, and why; nothing else may happen.

A schema cannot say that an id exists, that an account is free or that a cursor was given out. Brex says so in prose,
and the emulator refuses with a status of the document. Each such refusal is a line here, with the words that it comes
in: by its status alone, a wrong refusal could hide behind a right one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """One rule that refuses requests which fit the schema.

    Args:
        operation: The operationId.
        status: The answer's status.
        message: A regular expression of the whole message.
        reason: Why this is right although the request fits the schema.
    """

    operation: str
    status: int
    message: str
    reason: str

    def explains(self, operation: str, status: int, message: str) -> bool:
        return (self.operation, self.status) == (operation, status) and bool(re.fullmatch(self.message, message))


ID = "to the schema an id is any text; only one that Brex gave out names something"
CURSOR = "to the schema a cursor is any text; only one that Brex gave out leads somewhere"
ONE_ACTIVE = "an account has at most one active integration"
DATE = "to the schema a bound is any text; the prose asks for an ISO 8601 date or date-time"
KEY = "to the schema a key is any text; an empty one names no request"

NO_INTEGRATION = "there is no integration with this id"
NO_EXPENSE = "there is no expense with this id"
NO_SUBSCRIPTION = "there is no subscription with this id"
NO_CURSOR = "cursor (is not one that was given out|belongs to another query)"

REFUSALS = (
    Refusal("createIntegration", 409, "an integration with another .* is active", ONE_ACTIVE),
    Refusal("disconnectIntegration", 404, NO_INTEGRATION, ID),
    Refusal("disconnectIntegration", 409, "the integration is not active", "only what is active can be disconnected"),
    Refusal("reactivateIntegration", 404, NO_INTEGRATION, ID),
    Refusal("reactivateIntegration", 409, "an integration is active already", ONE_ACTIVE),
    Refusal("getAccountingRecord", 404, "there is no accounting record with this id", ID),
    Refusal("queryAccountingRecords", 400, NO_CURSOR, CURSOR),
    Refusal("queryAccountingRecords", 400, r"updated_at\[\w+\] is not an ISO 8601 date or date-time", DATE),
    Refusal(
        "queryAccountingRecords",
        400,
        "updated_at is given otherwise than as .*",
        "to the schema an object may have more members; a bound that is passed over would let everything through",
    ),
    Refusal(
        "queryAccountingRecords",
        400,
        "review_status is not supported for source_type BILL",
        "the prose says that review_status does not apply to bills",
    ),
    Refusal(
        "queryAccountingRecords",
        400,
        "limit is not a whole number",
        "the schema says number; no page holds a part of a record",
    ),
    Refusal("reportAccountingExportResults", 404, "some records do not exist", ID),
    Refusal(
        "reportAccountingExportResults",
        422,
        "records are named twice",
        "the document answers 422 to duplicates, which no schema of a list of objects can forbid",
    ),
    Refusal(
        "reportAccountingExportResults",
        422,
        "some records are not ready for export",
        "a record is exported once, from READY_FOR_EXPORT",
    ),
    Refusal("listExpenses", 400, NO_CURSOR, CURSOR),
    Refusal("getExpense", 404, NO_EXPENSE, ID),
    Refusal("updateExpense", 404, NO_EXPENSE, ID),
    Refusal("updateExpense", 404, "there is no card expense with this id", "the operation changes card expenses only"),
    Refusal("receiptUpload", 404, NO_EXPENSE, ID),
    Refusal("listSubscription", 400, NO_CURSOR, CURSOR),
    Refusal("createSubscription", 400, "Idempotency-Key is not 1 to 255 characters long", KEY),
    Refusal("getSubscriptionById", 400, NO_SUBSCRIPTION, ID),
    Refusal("updateSubscription", 400, NO_SUBSCRIPTION, ID),
    Refusal("deleteSubscription", 400, NO_SUBSCRIPTION, ID),
)

MALFORMED = {"reportAccountingExportResults": 422}
"""What answers a request that breaks the schema, where the document lists no 400."""

UNSEEN = {
    ("*", 500): "it stands for a failure of Brex's, which only a fault brings about",
    ("listSubscription", 403): "no scope is asked for, so that no token lacks one",
    ("createSubscription", 403): "no scope is asked for, so that no token lacks one",
    ("getSubscriptionById", 403): "no scope is asked for, so that no token lacks one",
    ("updateSubscription", 403): "no scope is asked for, so that no token lacks one",
    ("deleteSubscription", 403): "no scope is asked for, so that no token lacks one",
    ("listSecrets", 403): "no scope is asked for, so that no token lacks one",
    ("receiptUpload", 403): "no scope is asked for, so that no token lacks one",
    ("listSecrets", 400): "nothing is sent that could be wrong",
    ("getCompany", 400): "nothing is sent that could be wrong",
}
"""Statuses of the documents that no request of these tests can bring about, and why; ``*`` is every operation."""


def unseen(operation: str, status: int) -> bool:
    """Whether no request can bring a status about."""
    return (operation, status) in UNSEEN or ("*", status) in UNSEEN


__all__ = ["MALFORMED", "REFUSALS", "UNSEEN", "Refusal", "unseen"]
