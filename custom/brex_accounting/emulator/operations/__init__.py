"""Every operation of the four published documents: what it does to the state of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .call import Call, Handler
from .company import get_company
from .expenses import get_expense, list_expenses, match_receipt, update_expense, upload_receipt
from .integrations import create_integration, disconnect_integration, reactivate_integration
from .records import get_record, query_records
from .reports import report_results
from .webhooks import (
    create_subscription,
    delete_subscription,
    get_subscription,
    list_secrets,
    list_subscriptions,
    update_subscription,
)

HANDLERS: Final[Mapping[str, Handler]] = {
    "createIntegration": create_integration,
    "disconnectIntegration": disconnect_integration,
    "reactivateIntegration": reactivate_integration,
    "getAccountingRecord": get_record,
    "queryAccountingRecords": query_records,
    "reportAccountingExportResults": report_results,
    "listExpenses": list_expenses,
    "getExpense": get_expense,
    "updateExpense": update_expense,
    "receiptMatch": match_receipt,
    "receiptUpload": upload_receipt,
    "listSubscription": list_subscriptions,
    "createSubscription": create_subscription,
    "getSubscriptionById": get_subscription,
    "updateSubscription": update_subscription,
    "deleteSubscription": delete_subscription,
    "listSecrets": list_secrets,
    "getCompany": get_company,
}
"""What carries out each operation, by its operationId."""

__all__ = ["HANDLERS", "Call", "Handler"]
