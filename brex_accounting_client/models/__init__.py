# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""The models, one module each; a name is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account_type import AccountType
    from .accounting_error import AccountingError
    from .accounting_error_code import AccountingErrorCode
    from .accounting_error_details import AccountingErrorDetails
    from .accounting_field_value import AccountingFieldValue
    from .accounting_integration import AccountingIntegration
    from .accounting_record import AccountingRecord
    from .accounting_record_line_item import AccountingRecordLineItem
    from .accounting_record_page import AccountingRecordPage
    from .accounting_record_ready_for_export_event import AccountingRecordReadyForExportEvent
    from .accounting_record_type import AccountingRecordType
    from .address import Address
    from .amount import Amount
    from .api_error import ApiError
    from .approval_step import ApprovalStep
    from .billing_address import BillingAddress
    from .budget import Budget
    from .company import Company
    from .company_address import CompanyAddress
    from .coordinates import Coordinates
    from .create_integration_request import CreateIntegrationRequest
    from .create_webhook_subscription_request import CreateWebhookSubscriptionRequest
    from .department import Department
    from .expense import Expense
    from .expense_category import ExpenseCategory
    from .expense_page import ExpensePage
    from .expense_payment_status import ExpensePaymentStatus
    from .expense_receipt import ExpenseReceipt
    from .expense_status import ExpenseStatus
    from .expense_type import ExpenseType
    from .expense_user import ExpenseUser
    from .export_failure_details import ExportFailureDetails
    from .export_success_details import ExportSuccessDetails
    from .failed_export_result import FailedExportResult
    from .file_upload import FileUpload
    from .integration_status import IntegrationStatus
    from .legal_entity import LegalEntity
    from .legal_entity_status import LegalEntityStatus
    from .line_item_type import LineItemType
    from .location import Location
    from .merchant import Merchant
    from .money import Money
    from .payment import Payment
    from .payment_instrument import PaymentInstrument
    from .payment_instrument_type import PaymentInstrumentType
    from .payment_status_reason import PaymentStatusReason
    from .policy import Policy
    from .receipt import Receipt
    from .receipt_match_request import ReceiptMatchRequest
    from .receipt_upload_request import ReceiptUploadRequest
    from .repayment import Repayment
    from .report_export_results_request import ReportExportResultsRequest
    from .report_export_results_response import ReportExportResultsResponse
    from .review import Review
    from .review_status import ReviewStatus
    from .source_type import SourceType
    from .successful_export_result import SuccessfulExportResult
    from .updatable_webhook_subscription_status import UpdatableWebhookSubscriptionStatus
    from .update_expense_request import UpdateExpenseRequest
    from .update_webhook_subscription_request import UpdateWebhookSubscriptionRequest
    from .updated_expense import UpdatedExpense
    from .user import User
    from .user_role import UserRole
    from .user_status import UserStatus
    from .vendor import Vendor
    from .webhook_event_type import WebhookEventType
    from .webhook_secret import WebhookSecret
    from .webhook_secret_status import WebhookSecretStatus
    from .webhook_subscription import WebhookSubscription
    from .webhook_subscription_page import WebhookSubscriptionPage
    from .webhook_subscription_status import WebhookSubscriptionStatus

_MODULES = {
    "AccountType": ".account_type",
    "AccountingError": ".accounting_error",
    "AccountingErrorCode": ".accounting_error_code",
    "AccountingErrorDetails": ".accounting_error_details",
    "AccountingFieldValue": ".accounting_field_value",
    "AccountingIntegration": ".accounting_integration",
    "AccountingRecord": ".accounting_record",
    "AccountingRecordLineItem": ".accounting_record_line_item",
    "AccountingRecordPage": ".accounting_record_page",
    "AccountingRecordReadyForExportEvent": ".accounting_record_ready_for_export_event",
    "AccountingRecordType": ".accounting_record_type",
    "Address": ".address",
    "Amount": ".amount",
    "ApiError": ".api_error",
    "ApprovalStep": ".approval_step",
    "BillingAddress": ".billing_address",
    "Budget": ".budget",
    "Company": ".company",
    "CompanyAddress": ".company_address",
    "Coordinates": ".coordinates",
    "CreateIntegrationRequest": ".create_integration_request",
    "CreateWebhookSubscriptionRequest": ".create_webhook_subscription_request",
    "Department": ".department",
    "Expense": ".expense",
    "ExpenseCategory": ".expense_category",
    "ExpensePage": ".expense_page",
    "ExpensePaymentStatus": ".expense_payment_status",
    "ExpenseReceipt": ".expense_receipt",
    "ExpenseStatus": ".expense_status",
    "ExpenseType": ".expense_type",
    "ExpenseUser": ".expense_user",
    "ExportFailureDetails": ".export_failure_details",
    "ExportSuccessDetails": ".export_success_details",
    "FailedExportResult": ".failed_export_result",
    "FileUpload": ".file_upload",
    "IntegrationStatus": ".integration_status",
    "LegalEntity": ".legal_entity",
    "LegalEntityStatus": ".legal_entity_status",
    "LineItemType": ".line_item_type",
    "Location": ".location",
    "Merchant": ".merchant",
    "Money": ".money",
    "Payment": ".payment",
    "PaymentInstrument": ".payment_instrument",
    "PaymentInstrumentType": ".payment_instrument_type",
    "PaymentStatusReason": ".payment_status_reason",
    "Policy": ".policy",
    "Receipt": ".receipt",
    "ReceiptMatchRequest": ".receipt_match_request",
    "ReceiptUploadRequest": ".receipt_upload_request",
    "Repayment": ".repayment",
    "ReportExportResultsRequest": ".report_export_results_request",
    "ReportExportResultsResponse": ".report_export_results_response",
    "Review": ".review",
    "ReviewStatus": ".review_status",
    "SourceType": ".source_type",
    "SuccessfulExportResult": ".successful_export_result",
    "UpdatableWebhookSubscriptionStatus": ".updatable_webhook_subscription_status",
    "UpdateExpenseRequest": ".update_expense_request",
    "UpdateWebhookSubscriptionRequest": ".update_webhook_subscription_request",
    "UpdatedExpense": ".updated_expense",
    "User": ".user",
    "UserRole": ".user_role",
    "UserStatus": ".user_status",
    "Vendor": ".vendor",
    "WebhookEventType": ".webhook_event_type",
    "WebhookSecret": ".webhook_secret",
    "WebhookSecretStatus": ".webhook_secret_status",
    "WebhookSubscription": ".webhook_subscription",
    "WebhookSubscriptionPage": ".webhook_subscription_page",
    "WebhookSubscriptionStatus": ".webhook_subscription_status",
}

__all__ = (
    "AccountingError",
    "AccountingErrorCode",
    "AccountingErrorDetails",
    "AccountingFieldValue",
    "AccountingIntegration",
    "AccountingRecord",
    "AccountingRecordLineItem",
    "AccountingRecordPage",
    "AccountingRecordReadyForExportEvent",
    "AccountingRecordType",
    "AccountType",
    "Address",
    "Amount",
    "ApiError",
    "ApprovalStep",
    "BillingAddress",
    "Budget",
    "Company",
    "CompanyAddress",
    "Coordinates",
    "CreateIntegrationRequest",
    "CreateWebhookSubscriptionRequest",
    "Department",
    "Expense",
    "ExpenseCategory",
    "ExpensePage",
    "ExpensePaymentStatus",
    "ExpenseReceipt",
    "ExpenseStatus",
    "ExpenseType",
    "ExpenseUser",
    "ExportFailureDetails",
    "ExportSuccessDetails",
    "FailedExportResult",
    "FileUpload",
    "IntegrationStatus",
    "LegalEntity",
    "LegalEntityStatus",
    "LineItemType",
    "Location",
    "Merchant",
    "Money",
    "Payment",
    "PaymentInstrument",
    "PaymentInstrumentType",
    "PaymentStatusReason",
    "Policy",
    "Receipt",
    "ReceiptMatchRequest",
    "ReceiptUploadRequest",
    "Repayment",
    "ReportExportResultsRequest",
    "ReportExportResultsResponse",
    "Review",
    "ReviewStatus",
    "SourceType",
    "SuccessfulExportResult",
    "UpdatableWebhookSubscriptionStatus",
    "UpdatedExpense",
    "UpdateExpenseRequest",
    "UpdateWebhookSubscriptionRequest",
    "User",
    "UserRole",
    "UserStatus",
    "Vendor",
    "WebhookEventType",
    "WebhookSecret",
    "WebhookSecretStatus",
    "WebhookSubscription",
    "WebhookSubscriptionPage",
    "WebhookSubscriptionStatus",
)


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
