"""The wire facts of the published documents, pinned: read without the spec tools, compared with tables.

A line of a table is a fact: ``!`` is required, ``?`` nullable, ``[X]`` a list of X, ``=1`` a default. Who changes a
document on purpose changes its line here; who does so by accident is told.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest

from . import documents
from .documents import ACCOUNTING, EXPENSES, TEAM, WEBHOOKS, Tree, published

OPERATIONS = {
    ACCOUNTING: """
        POST /v3/accounting/integration createIntegration
            scopes accounting.integration.write
            body!: CreateIntegrationRequest
            200: AccountingIntegration
            400 401 403 409 500: AccountingError
        POST /v3/accounting/integration/{integration_id}/disconnect disconnectIntegration
            scopes accounting.integration.write
            path integration_id!: string
            200: AccountingIntegration
            401 403 404 409 500: AccountingError
        POST /v3/accounting/integration/{integration_id}/reactivate reactivateIntegration
            scopes accounting.integration.write
            path integration_id!: string
            200: AccountingIntegration
            401 403 404 409 500: AccountingError
        GET /v3/accounting/records/{record_id} getAccountingRecord
            scopes accounting.record.read accounting.record.write
            path record_id!: string
            query single_entry: boolean
            200: AccountingRecord
            400 401 403 404 500: AccountingError
        GET /v3/accounting/records queryAccountingRecords
            scopes accounting.record.read accounting.record.write
            query ids: [string]
            query review_status: ReviewStatus
            query limit: number =100
            query cursor: string
            query single_entry: boolean
            query updated_at: {gt: string, gte: string, lt: string, lte: string} deepObject explode=true
            query source_type: SourceType
            200: AccountingRecordPage
            400 401 403 500: AccountingError
        POST /v3/accounting/records/export-results reportAccountingExportResults
            scopes accounting.record.write
            body!: ReportExportResultsRequest
            200: ReportExportResultsResponse
            404 422 500: AccountingError
    """,
    EXPENSES: """
        GET /v1/expenses listExpenses
            scopes expenses.card.readonly expenses.card
            query expand[]: [string]?
            query user_id[]: [string]?
            query parent_expense_id[]: [string]?
            query budget_id[]: [string]?
            query spending_entity_id[]: [string]?
            query expense_type[]: [ExpenseType]?
            query status[]: [ExpenseStatus]?
            query payment_status[]: [ExpensePaymentStatus]?
            query purchased_at_start: string(date-time)?
            query purchased_at_end: string(date-time)?
            query updated_at_start: string(date-time)?
            query updated_at_end: string(date-time)?
            query payment_posted_at_start: string(date-time)?
            query payment_posted_at_end: string(date-time)?
            query load_custom_fields: boolean?
            query cursor: string?
            query limit: integer(int32)?
            200: ExpensePage
            400 401 403: no body
        GET /v1/expenses/{id} getExpense
            scopes expenses.card.readonly expenses.card
            path id!: string
            query expand[]: [string]?
            query load_custom_fields: boolean?
            200: Expense
            400 401 403 404: no body
        PUT /v1/expenses/card/{expense_id} updateExpense
            scopes expenses.card
            path expense_id!: string
            body!: UpdateExpenseRequest
            200: UpdatedExpense
            400 401 403 404: no body
        POST /v1/expenses/card/receipt_match receiptMatch
            scopes
            body!: ReceiptMatchRequest
            200: FileUpload
            400 401: no body
        POST /v1/expenses/card/{expense_id}/receipt_upload receiptUpload
            scopes
            path expense_id!: string
            body!: ReceiptUploadRequest
            200: FileUpload
            400 401 403 404: no body
    """,
    WEBHOOKS: """
        GET /v1/webhooks listSubscription
            scopes
            query cursor: string?
            query limit: integer(int32)?
            200: WebhookSubscriptionPage
            400 401 403 500: no body
        POST /v1/webhooks createSubscription
            scopes
            header Idempotency-Key!: string
            body!: CreateWebhookSubscriptionRequest
            200: WebhookSubscription
            400 401 403 500: no body
        GET /v1/webhooks/secrets listSecrets
            scopes
            200: [WebhookSecret]
            400 401 403 500: no body
        GET /v1/webhooks/{id} getSubscriptionById
            scopes
            path id!: string
            200: WebhookSubscription
            400 401 403 500: no body
        PUT /v1/webhooks/{id} updateSubscription
            scopes
            path id!: string
            body!: UpdateWebhookSubscriptionRequest
            200: WebhookSubscription
            400 401 403 500: no body
        DELETE /v1/webhooks/{id} deleteSubscription
            scopes
            path id!: string
            200 400 401 403 500: no body
    """,
    TEAM: """
        GET /v2/company getCompany
            scopes companies.readonly
            200: Company
            400 401 403: no body
    """,
}

FIELDS = {
    ACCOUNTING: """
        CreateIntegrationRequest
            vendor!: string, vendor_account_id!: string
        AccountingIntegration
            integration_id!: string, vendor!: string, vendor_account_id!: string, status!: IntegrationStatus,
            created_at!: string(date-time)
        AccountingRecord
            id!: string, amount!: Amount, original_amount: Amount?, type!: AccountingRecordType,
            review_status!: ReviewStatus, source_id: string?, source_type!: SourceType,
            erp_posting_date!: string(date-time), updated_at!: string(date-time), version!: number,
            receipts: [Receipt]?, user: User?, vendor: Vendor?, memo: string?, posted_at!: string(date-time),
            due_at: string(date-time)?, invoice_number: string?, line_items!: [AccountingRecordLineItem]
        AccountingRecordPage
            items!: [AccountingRecord], total_count: number(int32)?, next_cursor: string?, has_next_page!: boolean
        AccountingRecordLineItem
            id!: string, type!: LineItemType, amount!: Amount, original_amount: Amount?, memo: string?,
            accounting_field_values!: [AccountingFieldValue]
        AccountingFieldValue
            brex_field_id!: string, remote_field_id!: string?, brex_field_value_id!: string,
            remote_field_value_id!: string?
        Amount
            amount!: number, currency!: string
        Receipt
            id!: string, download_uris: [string]?
        User
            id!: string, first_name!: string, last_name!: string, email!: string, role!: UserRole,
            status!: UserStatus, manager_id: string, department_id: string, department_name: string,
            location_id: string, location_name: string, title_id: string, title_name: string,
            manager_first_name: string, manager_last_name: string, manager_title_id: string,
            manager_title_name: string
        Vendor
            id!: string, name!: string, contact_name: string?, email: string?, website: string?, phone: string?
        ReportExportResultsRequest
            results!: [SuccessfulExportResult|FailedExportResult]
        SuccessfulExportResult
            accounting_record_id!: string, success!: ExportSuccessDetails
        ExportSuccessDetails
            reference_id: string?, deep_link_url: string
        FailedExportResult
            accounting_record_id!: string, failure!: ExportFailureDetails
        ExportFailureDetails
            error_message!: string
        ReportExportResultsResponse
            updated_accounting_record_ids!: [string]
        AccountingError
            error_code!: AccountingErrorCode, message!: string, details: AccountingErrorDetails?
        AccountingErrorDetails
            existing_integration_id: string, existing_vendor: string, requested_vendor: string,
            integration_id: string, current_status: string, duplicate_accounting_record_ids: [string],
            not_ready_for_export_accounting_record_ids: [string], not_found_export_entry_source_ids: [string]
    """,
    EXPENSES: """
        Expense
            id!: string, memo: string?, location_id: string?, location: Location?, address: Address?,
            department_id: string?, department: Department?, updated_at!: string(date-time),
            payment_posted_at: string(date-time)?, category: ExpenseCategory?, merchant_id: string?,
            merchant: Merchant?, receipts: [Receipt]?, budget_id: string?, budget: Budget?,
            expense_type: ExpenseType?, original_amount: Money?, billing_amount: Money?, budget_amount: Money?,
            purchased_amount: Money?, usd_equivalent_amount: Money?, purchased_at: string(date-time)?,
            status: ExpenseStatus?, payment_status: ExpensePaymentStatus?, user_id: string?, user: User?,
            payment: Payment?, custom_fields: [CustomField]?, trip_id: string?, spending_entity_id: string?,
            spending_entity: LegalEntity?, billing_entity_id: string?, exported_at: string(date-time)?,
            integration_spending_entity_id: string?, integration_billing_entity_id: string?, review: Review?,
            repayment: Repayment?, approved_at: string(date-time)?, submitted_at: string(date-time)?,
            completion_date: string(date-time)?, policy: Policy?, expense_line_items: [Expense]?,
            dashboard_url!: string
        ExpensePage
            next_cursor: string?, items!: [Expense]
        UpdatedExpense
            id!: string, memo: string?, location_id: string?, department_id: string?, updated_at!: string(date-time),
            category: ExpenseCategory?, merchant_id: string?, budget_id: string?, original_amount: Money?,
            billing_amount: Money?, purchased_at: string(date-time)?, status: ExpenseStatus?,
            payment_status: ExpensePaymentStatus?
        UpdateExpenseRequest
            memo: string?
        ReceiptMatchRequest
            receipt_name!: string
        ReceiptUploadRequest
            receipt_name!: string
        FileUpload
            id!: string, uri!: string
        Money
            amount!: integer(int64), currency: string?
        Merchant
            raw_descriptor!: string, mcc!: string, country!: string
        Receipt
            id!: string, download_uris: [string]?
        Budget
            id!: string, name!: string
        Department
            id!: string, name!: string
        Location
            id!: string, name!: string
        Address
            country: string?, state: string?, city: string?, postal_code: string?, timezone: string?,
            coordinates: Coordinates?, line1: string?, line2: string?
        Coordinates
            latitude!: number, longitude!: number
        User
            id!: string, first_name!: string, last_name!: string, department_id: string?, location_id: string?
        Payment
            id!: string, paymentInstrument: PaymentInstrument?, statusReason: PaymentStatusReason?
        PaymentInstrument
            type: PaymentInstrumentType?
        CustomField
            (no fields)
        LegalEntity
            id!: string, display_name!: string, billing_address: BillingAddress?, created_at!: string(date-time),
            status!: LegalEntityStatus, is_default: boolean?
        BillingAddress
            line1: string?, line2: string?, city: string?, state: string?, country: string?, postal_code: string?,
            phone_number: string?
        Review
            compliance_status: string?, approval_steps: [ApprovalStep]?
        ApprovalStep
            status: string?, pending_reviewers: [User]?, reviewer: User?, resolved_at: string(date-time)?
        Repayment
            repayment_initiated_by: User?, repayment_initiation_date: string(date-time)?
        Policy
            id!: string, name!: string
    """,
    WEBHOOKS: """
        WebhookSubscription
            id!: string, url!: string, event_types!: [WebhookEventType], status!: WebhookSubscriptionStatus,
            group_id: string?
        WebhookSubscriptionPage
            next_cursor: string?, items!: [WebhookSubscription]
        CreateWebhookSubscriptionRequest
            url!: string, event_types!: [WebhookEventType], group_id: string?
        UpdateWebhookSubscriptionRequest
            url!: string, event_types!: [WebhookEventType], status!: UpdatableWebhookSubscriptionStatus,
            group_id: string?
        WebhookSecret
            secret!: string, status!: WebhookSecretStatus
        AccountingRecordReadyForExportEvent
            event_type!: WebhookEventType, accountingRecordIds!: [string], companyId!: string
    """,
    TEAM: """
        Company
            id!: string, legal_name!: string, mailing_address!: CompanyAddress, accountType!: AccountType
        CompanyAddress
            line1: string?, line2: string?, city: string?, state: string?, country: string?, postal_code: string?,
            phone_number: string?
    """,
}

ENUMS = {
    ACCOUNTING: """
        IntegrationStatus
            ACTIVE DISABLED
        AccountingRecordType
            CARD_EXPENSE_POST CARD_EXPENSE_REPAYMENT REIMBURSEMENT_EXPENSE_REPAYMENT REIMBURSEMENT_EXPENSE_APPROVAL
            REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN
            REIMBURSEMENT_EXPENSE_POST CARD_PAYMENT REWARD_REDEMPTION REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND
            CARD_EXPENSE_REFUND CARD_PAYMENT_REFUND REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL INVOICE
            INVOICE_PAYMENT BILL_EXPENSE BILL_EXPENSE_PAYMENT BILL_EXPENSE_CARD_PAYMENT BILL_MONEY_MOVEMENT_PAYIN
        LineItemType
            CREDIT DEBIT
        ReviewStatus
            READY_FOR_EXPORT PREPARE REVIEW EXPORTED
        SourceType
            CARD REIMBURSEMENT BILL
        UserRole
            ACCOUNT_ADMIN AP_CLERK BOOKKEEPER CARD_ADMIN EMPLOYEE EMPLOYEE_WITHOUT_CORP_CARDS EXPENSE_ADMIN
            SUPER_ADMIN USER_MANAGEMENT_ADMIN
        UserStatus
            ACTIVE ARCHIVED DELETED DISABLED INACTIVE INVITED PENDING_ACTIVATION
        AccountingErrorCode
            ACTIVE_INTEGRATION_EXISTS FORBIDDEN INTEGRATION_NOT_ACTIVE INTERNAL_ERROR INVALID_REQUEST NOT_FOUND
            UNAUTHORIZED DUPLICATE_ACCOUNTING_RECORD_IDS ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT
            VENDOR_ACCOUNT_ID_MISMATCH
    """,
    EXPENSES: """
        ExpenseCategory
            ADVERTISING_AND_MARKETING GROCERY TELEPHONY OFFICE_SUPPLIES PRIVATE_AIR_TRAVEL CLOTHING CAR_RENTAL
            VEHICLE_EXPENSES RESTAURANTS GAMBLING FLOWERS ELECTRONICS LEGAL_SERVICES UTILITIES FURNITURE
            BARS_AND_NIGHTLIFE LAUNDRY EVENT_EXPENSES SHIPPING OTHER_TRAVEL_EXPENSES CHARITY SOFTWARE_NON_RECURRING
            LODGING FACILITIES_EXPENSES SERVERS CONFERENCES FOOD_DELIVERY RENT AIRLINE_EXPENSES
            OTHER_BUSINESS_EXPENSES BANK_AND_FINANCIAL_FEES BOOKS_AND_NEWSPAPERS CONSULTANT_AND_CONTRACTOR
            CORPORATE_INSURANCE DIGITAL_GOODS FEES_AND_LICENSES_AND_TAXES GAS_AND_FUEL GENERAL_MERCHANDISE MEDICAL
            MEMBERSHIPS_AND_CLUBS PARKING_EXPENSES POLITICAL_DONATIONS PUBLIC_TRANSPORTATION
            RECURRING_SOFTWARE_AND_SAAS RIDESHARE_AND_TAXI TOLL_AND_BRIDGE_FEES TRAINING_AND_EDUCATION TRAVEL_WIFI
        ExpenseType
            CARD BILLPAY REIMBURSEMENT CLAWBACK UNSET
        ExpenseStatus
            DRAFT SUBMITTED APPROVED OUT_OF_POLICY VOID CANCELED SPLIT SETTLED
        ExpensePaymentStatus
            NOT_STARTED PROCESSING CANCELED DECLINED CLEARED REFUNDING REFUNDED CASH_ADVANCE CREDITED
            AWAITING_PAYMENT SCHEDULED
        PaymentInstrumentType
            CARD
        PaymentStatusReason
            OTHER
        LegalEntityStatus
            UNSUBMITTED
    """,
    WEBHOOKS: """
        WebhookEventType
            REFERRAL_CREATED REFERRAL_ACTIVATED REFERRAL_APPLICATION_STATUS_CHANGED TRANSFER_PROCESSED
            TRANSFER_FAILED EXPENSE_PAYMENT_UPDATED USER_UPDATED EMBEDDED_CARD_TRANSACTION_UPDATED
            EMBEDDED_CARD_UPDATED EMBEDDED_ACCOUNT_UPDATED EMBEDDED_CARD_SHIPPING_UPDATED EMBEDDED_DISPUTE_UPDATED
            PARTNERSHIP_INTEGRATION_CONNECTION_UPDATED EMBEDDED_CARD_AUTHORIZATION EMBEDDED_FRAUD_ALERT
            EMBEDDED_BILLING_GROUP_UPDATED EMBEDDED_LEGAL_ENTITY_UPDATED EMBEDDED_BILLING_STATEMENT_UPDATED
            EMBEDDED_USER_STATUS_UPDATED ACCOUNTING_RECORD_READY_FOR_EXPORT
        WebhookSubscriptionStatus
            ACTIVE INACTIVE ERROR
        UpdatableWebhookSubscriptionStatus
            ACTIVE INACTIVE
        WebhookSecretStatus
            ACTIVE PENDING_REVOKE
    """,
    TEAM: """
        AccountType
            BREX_CLASSIC BREX_EMPOWER
    """,
}


def bundle() -> Tree:
    return published("bundle.yaml")


def kind(schema: Tree) -> str:
    """A schema in one word."""
    mark = "?" if schema.get("nullable") else ""
    if "$ref" in schema:
        return schema["$ref"].removeprefix("#/components/schemas/")
    if "allOf" in schema:
        (only,) = schema["allOf"]
        return kind(only) + mark
    if "oneOf" in schema or "anyOf" in schema:
        return "|".join(kind(part) for part in schema.get("oneOf", schema.get("anyOf"))) + mark
    if schema.get("type") == "array":
        return f"[{kind(schema['items'])}]{mark}"
    if "properties" in schema:
        return "{" + ", ".join(fields(schema)) + "}" + mark
    shape = f"({schema['format']})" if "format" in schema else ""
    default = f" ={schema['default']}" if "default" in schema else ""
    return schema.get("type", "anything") + shape + mark + default


def fields(schema: Tree) -> list[str]:
    required = schema.get("required", [])
    return [f"{name}{'!' * (name in required)}: {kind(part)}" for name, part in schema.get("properties", {}).items()]


def parameter_line(parameter: Tree) -> str:
    extra = f" {parameter['style']} explode={str(parameter.get('explode')).lower()}" if "style" in parameter else ""
    mark = "!" * bool(parameter.get("required"))
    return f"{parameter['in']} {parameter['name']}{mark}: {kind(parameter['schema'])}{extra}"


def body_kind(holder: Tree) -> str:
    if "content" not in holder:
        return "no body"
    ((media, content),) = holder["content"].items()
    assert media == "application/json"
    return kind(content["schema"])


def operation_lines(document: Tree, where: str, operation: Tree) -> list[str]:
    (requirement,) = operation.get("security", document.get("security"))
    answers: dict[str, list[str]] = {}
    for code, answer in operation["responses"].items():
        answers.setdefault(body_kind(answer), []).append(code)
    body = operation.get("requestBody")
    return [
        f"{where} {operation['operationId']}",
        " ".join(["scopes", *requirement["OAuth2"]]),
        *(parameter_line(parameter) for parameter in operation.get("parameters", [])),
        *([f"body{'!' * bool(body.get('required'))}: {body_kind(body)}"] if body else []),
        *(f"{' '.join(codes)}: {held}" for held, codes in answers.items()),
    ]


def operation_table(document: Tree) -> list[list[str]]:
    return [
        operation_lines(document, f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def blocks(table: str) -> list[list[str]]:
    """A table as blocks: a line at the margin, and the indented lines below it."""
    text = textwrap.dedent(table).strip()
    return [[line.strip() for line in block.splitlines()] for block in re.split(r"\n(?=\S)", text)]


def named_blocks(table: str, separator: str) -> dict[str, list[str]]:
    parts = {head: separator.join(lines).split(separator) for head, *lines in blocks(table)}
    return {name: [part.strip().removesuffix(separator.strip()) for part in lines] for name, lines in parts.items()}


class TestOperations:
    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_each_is_as_published(self, name: str) -> None:
        """Method, path, operationId, scopes, parameters, bodies and response codes of every operation."""
        assert blocks(OPERATIONS[name]) == operation_table(published(name))

    def test_accounting_has_six(self) -> None:
        """The Accounting API is six operations, three on integrations and three on records."""
        found = [lines[0].split()[2] for lines in operation_table(published(ACCOUNTING))]
        assert found == [
            "createIntegration",
            "disconnectIntegration",
            "reactivateIntegration",
            "getAccountingRecord",
            "queryAccountingRecords",
            "reportAccountingExportResults",
        ]

    @pytest.mark.parametrize(
        ("name", "hosts"),
        [
            (ACCOUNTING, ["https://api.brex.com", "https://api-staging.brex.com"]),
            (EXPENSES, ["https://api.brex.com", "https://api-staging.brex.com"]),
            (WEBHOOKS, ["https://platform.brexapis.com", "https://platform.staging.brexapps.com"]),
            (TEAM, ["https://platform.brexapis.com", "https://platform.staging.brexapps.com"]),
        ],
    )
    def test_hosts(self, name: str, hosts: list[str]) -> None:
        """Production first, then staging; the older documents still name the older hosts."""
        assert hosts == [server["url"] for server in published(name)["servers"]]

    @pytest.mark.parametrize(
        ("name", "version"),
        [(ACCOUNTING, "1.0.0-alpha"), (EXPENSES, "0.1"), (WEBHOOKS, "0.1"), (TEAM, "1.0")],
    )
    def test_versions(self, name: str, version: str) -> None:
        """Versions are texts: 1.0 is no number."""
        assert version == published(name)["info"]["version"]

    def test_the_event(self) -> None:
        """The accounting event is a POST to the subscriber, without security, with its event as a required body."""
        ((name, item),) = published(WEBHOOKS)["x-webhooks"].items()
        event = item["post"]
        assert name == "accountingRecordReadyForExport"
        assert ["post"] == list(item)
        assert ([], True, "AccountingRecordReadyForExportEvent", ["200"]) == (
            event["security"],
            event["requestBody"]["required"],
            body_kind(event["requestBody"]),
            list(event["responses"]),
        )


class TestSchemas:
    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_fields(self, name: str) -> None:
        """Name, type, format, required and nullable mark of every field, in order."""
        schemas = published(name)["components"]["schemas"]
        objects = {key: body for key, body in schemas.items() if "enum" not in body}
        assert {"object"} == {body["type"] for body in objects.values()}
        found = {key: fields(body) or ["(no fields)"] for key, body in objects.items()}
        assert named_blocks(FIELDS[name], ", ") == found

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_enums(self, name: str) -> None:
        """Every value of every enum, in order, all of them strings."""
        schemas = published(name)["components"]["schemas"]
        enums = {key: body for key, body in schemas.items() if "enum" in body}
        assert {"string"} == {body["type"] for body in enums.values()}
        found = {key: body["enum"] for key, body in enums.items()}
        assert named_blocks(ENUMS[name], " ") == found

    @pytest.mark.parametrize(
        ("name", "schema", "count"),
        [
            (ACCOUNTING, "AccountingRecordType", 19),
            (ACCOUNTING, "AccountingErrorCode", 10),
            (EXPENSES, "ExpenseCategory", 48),
            (WEBHOOKS, "WebhookEventType", 20),
        ],
    )
    def test_counts(self, name: str, schema: str, count: int) -> None:
        """The long enums have as many values as Brex lists, each once."""
        values = published(name)["components"]["schemas"][schema]["enum"]
        assert (count, count) == (len(values), len(set(values)))

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_required_fields_exist(self, name: str) -> None:
        """No schema requires a field that it does not have."""
        for key, body in published(name)["components"]["schemas"].items():
            assert [] == [field for field in body.get("required", []) if field not in body["properties"]], key

    def test_a_report_holds_at_least_one_result(self) -> None:
        """An empty report is none."""
        results = published(ACCOUNTING)["components"]["schemas"]["ReportExportResultsRequest"]["properties"]["results"]
        assert 1 == results["minItems"]

    def test_only_what_the_templates_know(self) -> None:
        """Beyond the tables, schemas use no keyword that says something about the wire."""
        told = {"type", "format", "properties", "required", "items", "enum", "nullable", "allOf", "oneOf", "$ref"}
        told |= {"description", "example", "default", "minItems"}

        def keywords(schema: Tree) -> set[str]:
            inner = [*schema.get("properties", {}).values(), *schema.get("allOf", []), *schema.get("oneOf", [])]
            inner += [schema["items"]] if "items" in schema else []
            return set(schema).union(*map(keywords, inner))

        for name in documents.PUBLISHED:
            for key, body in published(name)["components"]["schemas"].items():
                assert set() == keywords(body) - told, key


class TestBundle:
    """Where the bundle is meant to differ, and where above all it must not."""

    def parameters(self, document: Tree, path: str) -> dict[str, Tree]:
        return {parameter["name"]: parameter for parameter in document["paths"][path]["get"]["parameters"]}

    def test_the_page_size(self) -> None:
        """Brex documents limit as a number with a default of 100; the client sends an integer and has no default."""
        before = self.parameters(published(ACCOUNTING), "/v3/accounting/records")["limit"]["schema"]
        after = self.parameters(bundle(), "/v3/accounting/records")["limit"]["schema"]
        assert {"type": "number", "default": 100} == before
        assert "integer" == kind(after)

    def test_the_bounds_of_updated_at(self) -> None:
        """One object with four bounds becomes four parameters under their names in the query."""
        after = self.parameters(bundle(), "/v3/accounting/records")
        bounds = {name: kind(parameter["schema"]) for name, parameter in after.items() if "updated_at" in name}
        both = "string(date-time)|string(date)"
        assert {f"updated_at[{bound}]": both for bound in ("gt", "gte", "lt", "lte")} == bounds

    @pytest.mark.parametrize(
        ("schema", "field", "before", "after"),
        [
            ("AccountingRecordPage", "total_count", "number(int32)?", "integer(int32)?"),
            ("AccountingRecord", "version", "number", "integer"),
            ("Amount", "amount", "number", "number"),
        ],
    )
    def test_counts_and_money(self, schema: str, field: str, before: str, after: str) -> None:
        """Counts are integers; an amount of money stays the number that Brex sends."""
        found = [
            part["components"]["schemas"][schema]["properties"][field] for part in (published(ACCOUNTING), bundle())
        ]
        assert [before, after] == [kind(part) for part in found]

    def test_money_in_expenses_counts_cents(self) -> None:
        """Expenses count the smallest unit, as 64-bit integers."""
        assert "integer(int64)" == kind(bundle()["components"]["schemas"]["Money"]["properties"]["amount"])

    def test_a_custom_field_is_anything(self) -> None:
        """Brex calls a custom field an object and says no more; it is carried as plain JSON."""
        assert "object" == kind(published(EXPENSES)["components"]["schemas"]["CustomField"])
        assert "anything" == kind(bundle()["components"]["schemas"]["CustomField"])

    def test_one_pair_of_hosts(self) -> None:
        """The bundle has the current hosts only."""
        expected = ["https://api.brex.com", "https://api-staging.brex.com"]
        assert expected == [server["url"] for server in bundle()["servers"]]

    def test_two_users_and_two_receipts(self) -> None:
        """Users and receipts of the two APIs stay apart."""
        schemas = bundle()["components"]["schemas"]
        assert {"User", "ExpenseUser", "Receipt", "ExpenseReceipt"} <= set(schemas)
        assert fields(published(ACCOUNTING)["components"]["schemas"]["User"]) == fields(schemas["User"])
        assert fields(published(EXPENSES)["components"]["schemas"]["User"]) == fields(schemas["ExpenseUser"])

    def test_every_operation_may_answer_with_the_common_error(self) -> None:
        """Any status that a document does not list may hold the error body of the gateway."""
        defaults: Any = [item[method]["responses"]["default"] for item in bundle()["paths"].values() for method in item]
        assert ["ApiError"] * 18 == [body_kind(answer) for answer in defaults]
        expected = ["type!: string", "message!: string", "code: string?"]
        assert expected == fields(bundle()["components"]["schemas"]["ApiError"])

    def test_what_is_secret(self) -> None:
        """Signing secrets and addresses that need no token are marked, so that no repr shows them."""
        found = {
            f"{name}.{field}"
            for name, body in bundle()["components"]["schemas"].items()
            for field, part in body.get("properties", {}).items()
            if part.get("x-secret")
        }
        expected = {
            "Receipt.download_uris",
            "ExpenseReceipt.download_uris",
            "FileUpload.uri",
            "WebhookSecret.secret",
        }
        assert expected == found
