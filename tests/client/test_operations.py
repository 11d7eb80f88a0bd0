"""Each operation called once: the exact request that goes out, and the model that comes back."""

from __future__ import annotations

import datetime
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

import httpx
import pytest
from attrs import field, frozen
from pytest_httpx import HTTPXMock

from brex_accounting_client import UNSET, AuthenticatedClient, Client, InvalidInput, Response, api, models
from tests import wire

BASE = "https://api.brex.com"
INTEGRATION = {
    "integration_id": "int_1",
    "vendor": "ERP_A",
    "vendor_account_id": "42",
    "status": "ACTIVE",
    "created_at": "2025-08-15T10:00:00Z",
}
EXPENSE = {"id": "expense_1", "updated_at": "2025-08-15T10:00:00Z", "dashboard_url": "https://dashboard.example/1"}
SUBSCRIPTION = {"id": "wh_1", "url": "https://erp.example/hook", "event_types": ["USER_UPDATED"], "status": "ACTIVE"}
UPLOAD = {"id": "file_1", "uri": "https://uploads.example.com/1?X-Amz-Signature=s3cret"}
MOMENT = datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=-5)))


@frozen(kw_only=True)
class Call:
    """One call of an operation, and what it must be on the wire."""

    module: str
    method: str
    url: str
    arguments: dict[str, Any] = field(factory=dict)
    body: Any = None
    headers: dict[str, str] = field(factory=dict)
    answer: Any = None
    model: str | None = None


CALLS = [
    Call(
        module="accounting_integrations.create_integration",
        method="POST",
        url="/v3/accounting/integration",
        arguments={"body": models.CreateIntegrationRequest(vendor="ERP_A", vendor_account_id="42")},
        body={"vendor": "ERP_A", "vendor_account_id": "42"},
        answer=INTEGRATION,
        model="AccountingIntegration",
    ),
    Call(
        module="accounting_integrations.disconnect_integration",
        method="POST",
        url="/v3/accounting/integration/int%2F1%20%3F/disconnect",
        arguments={"integration_id": "int/1 ?"},
        answer={**INTEGRATION, "status": "DISABLED"},
        model="AccountingIntegration",
    ),
    Call(
        module="accounting_integrations.reactivate_integration",
        method="POST",
        url="/v3/accounting/integration/int_1/reactivate",
        arguments={"integration_id": "int_1"},
        answer=INTEGRATION,
        model="AccountingIntegration",
    ),
    Call(
        module="accounting_records.get_accounting_record",
        method="GET",
        url="/v3/accounting/records/accr_1?single_entry=true",
        arguments={"record_id": "accr_1", "single_entry": True},
        answer=wire.record(1),
        model="AccountingRecord",
    ),
    Call(
        module="accounting_records.query_accounting_records",
        method="GET",
        url="/v3/accounting/records?ids=accr_1&ids=accr_2&review_status=READY_FOR_EXPORT&limit=500&cursor=a%2Bb%3D"
        "&single_entry=false&source_type=BILL&updated_at%5Bgt%5D=2025-01-02T08%3A04%3A05Z&updated_at%5Bgte%5D=2025-01-01"
        "&updated_at%5Blt%5D=2026-01-01&updated_at%5Blte%5D=2025-12-31",
        arguments={
            "ids": ["accr_1", "accr_2"],
            "review_status": models.ReviewStatus.READY_FOR_EXPORT,
            "limit": 500,
            "cursor": "a+b=",
            "single_entry": False,
            "source_type": models.SourceType("BILL"),
            "updated_at_gt": MOMENT,
            "updated_at_gte": datetime.date(2025, 1, 1),
            "updated_at_lt": datetime.date(2026, 1, 1),
            "updated_at_lte": datetime.date(2025, 12, 31),
        },
        answer=wire.page([wire.record(1), wire.record(2)]),
        model="AccountingRecordPage",
    ),
    Call(
        module="accounting_records.report_accounting_export_results",
        method="POST",
        url="/v3/accounting/records/export-results",
        arguments={
            "body": models.ReportExportResultsRequest(
                results=[
                    models.SuccessfulExportResult(
                        accounting_record_id="accr_1",
                        success=models.ExportSuccessDetails(reference_id="JE-1", deep_link_url="https://erp/JE-1"),
                    )
                ]
            )
        },
        body={
            "results": [
                {
                    "accounting_record_id": "accr_1",
                    "success": {"reference_id": "JE-1", "deep_link_url": "https://erp/JE-1"},
                }
            ]
        },
        answer={"updated_accounting_record_ids": ["accr_1"]},
        model="ReportExportResultsResponse",
    ),
    Call(
        module="expenses.list_expenses",
        method="GET",
        url="/v1/expenses?expand%5B%5D=merchant&expand%5B%5D=receipts.download_uris&user_id%5B%5D=u1"
        "&parent_expense_id%5B%5D=p1&budget_id%5B%5D=b1&spending_entity_id%5B%5D=s1&expense_type%5B%5D=CARD"
        "&status%5B%5D=APPROVED&status%5B%5D=SETTLED&payment_status%5B%5D=CLEARED"
        "&purchased_at_start=2025-01-02T08%3A04%3A05Z&purchased_at_end=2025-01-02T08%3A04%3A05Z"
        "&updated_at_start=2025-01-02T08%3A04%3A05Z&updated_at_end=2025-01-02T08%3A04%3A05Z"
        "&payment_posted_at_start=2025-01-02T08%3A04%3A05Z&payment_posted_at_end=2025-01-02T08%3A04%3A05Z"
        "&load_custom_fields=true&cursor=c&limit=100",
        arguments={
            "expand": ["merchant", "receipts.download_uris"],
            "user_id": ["u1"],
            "parent_expense_id": ["p1"],
            "budget_id": ["b1"],
            "spending_entity_id": ["s1"],
            "expense_type": [models.ExpenseType.CARD],
            "status": [models.ExpenseStatus.APPROVED, models.ExpenseStatus.SETTLED],
            "payment_status": [models.ExpensePaymentStatus.CLEARED],
            "purchased_at_start": MOMENT,
            "purchased_at_end": MOMENT,
            "updated_at_start": MOMENT,
            "updated_at_end": MOMENT,
            "payment_posted_at_start": MOMENT,
            "payment_posted_at_end": MOMENT,
            "load_custom_fields": True,
            "cursor": "c",
            "limit": 100,
        },
        answer={"items": [EXPENSE], "next_cursor": None},
        model="ExpensePage",
    ),
    Call(
        module="expenses.get_expense",
        method="GET",
        url="/v1/expenses/expense_1?expand%5B%5D=merchant&load_custom_fields=false",
        arguments={"id": "expense_1", "expand": ["merchant"], "load_custom_fields": False},
        answer={**EXPENSE, "custom_fields": [{"rate": Decimal("0.1")}, None]},
        model="Expense",
    ),
    Call(
        module="card_expenses.update_expense",
        method="PUT",
        url="/v1/expenses/card/expense_1",
        arguments={"expense_id": "expense_1", "body": models.UpdateExpenseRequest(memo=None)},
        body={"memo": None},
        answer={"id": "expense_1", "updated_at": "2025-08-15T10:00:00Z"},
        model="UpdatedExpense",
    ),
    Call(
        module="receipt_match.receipt_match",
        method="POST",
        url="/v1/expenses/card/receipt_match",
        arguments={"body": models.ReceiptMatchRequest(receipt_name="lunch.pdf")},
        body={"receipt_name": "lunch.pdf"},
        answer=UPLOAD,
        model="FileUpload",
    ),
    Call(
        module="receipt_upload.receipt_upload",
        method="POST",
        url="/v1/expenses/card/expense_1/receipt_upload",
        arguments={"expense_id": "expense_1", "body": models.ReceiptUploadRequest(receipt_name="lunch.pdf")},
        body={"receipt_name": "lunch.pdf"},
        answer=UPLOAD,
        model="FileUpload",
    ),
    Call(
        module="webhook_subscriptions.list_subscription",
        method="GET",
        url="/v1/webhooks?cursor=c&limit=10",
        arguments={"cursor": "c", "limit": 10},
        answer={"items": [SUBSCRIPTION], "next_cursor": "c2"},
        model="WebhookSubscriptionPage",
    ),
    Call(
        module="webhook_subscriptions.create_subscription",
        method="POST",
        url="/v1/webhooks",
        arguments={
            "body": models.CreateWebhookSubscriptionRequest(
                url="https://erp.example/hook",
                event_types=[models.WebhookEventType.ACCOUNTING_RECORD_READY_FOR_EXPORT],
            ),
            "idempotency_key": "b7f0c2c0-1",
        },
        body={"url": "https://erp.example/hook", "event_types": ["ACCOUNTING_RECORD_READY_FOR_EXPORT"]},
        headers={"idempotency-key": "b7f0c2c0-1"},
        answer=SUBSCRIPTION,
        model="WebhookSubscription",
    ),
    Call(
        module="webhook_subscriptions.get_subscription_by_id",
        method="GET",
        url="/v1/webhooks/wh_1",
        arguments={"id": "wh_1"},
        answer={**SUBSCRIPTION, "group_id": "wg_1"},
        model="WebhookSubscription",
    ),
    Call(
        module="webhook_subscriptions.update_subscription",
        method="PUT",
        url="/v1/webhooks/wh_1",
        arguments={
            "id": "wh_1",
            "body": models.UpdateWebhookSubscriptionRequest(
                url="https://erp.example/hook",
                event_types=[],
                status=models.UpdatableWebhookSubscriptionStatus.INACTIVE,
                group_id=None,
            ),
        },
        body={"url": "https://erp.example/hook", "event_types": [], "status": "INACTIVE", "group_id": None},
        answer={**SUBSCRIPTION, "status": "INACTIVE"},
        model="WebhookSubscription",
    ),
    Call(
        module="webhook_subscriptions.delete_subscription",
        method="DELETE",
        url="/v1/webhooks/wh_1",
        arguments={"id": "wh_1"},
    ),
    Call(
        module="webhook_subscriptions.list_secrets",
        method="GET",
        url="/v1/webhooks/secrets",
        answer=[{"secret": "whsec_1", "status": "ACTIVE"}, {"secret": "whsec_2", "status": "PENDING_REVOKE"}],
        model="WebhookSecret",
    ),
    Call(
        module="companies.get_company",
        method="GET",
        url="/v2/company",
        answer={"id": "cuacc_1", "legal_name": "Acme", "mailing_address": {}, "accountType": "BREX_EMPOWER"},
        model="Company",
    ),
]
by_module = pytest.mark.parametrize("call", CALLS, ids=[call.module for call in CALLS])


def module_of(call: Call) -> ModuleType:
    return importlib.import_module(f"brex_accounting_client.api.{call.module}")


def client(**settings: Any) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=BASE, token="bxt_token", verify_ssl=False, **settings)


def script(httpx_mock: HTTPXMock, call: Call) -> None:
    content = b"" if call.answer is None else wire.dumps(call.answer)
    httpx_mock.add_response(
        method=call.method, url=BASE + call.url, content=content, headers={"X-Brex-Trace-Id": "trace-1"}
    )


def check_request(request: httpx.Request, call: Call) -> None:
    assert BASE + call.url == str(request.url)
    assert "Bearer bxt_token" == request.headers["authorization"]
    assert "application/json" == request.headers["accept"]
    for name, value in call.headers.items():
        assert value == request.headers[name]
    if call.body is None:
        assert b"" == request.content
        assert "content-type" not in request.headers
    else:
        assert call.body == wire.loads(request.content)
        assert "application/json" == request.headers["content-type"]


def check_result(result: Any, call: Call) -> None:
    if call.model is None:
        assert result is None
        return
    for item in result if isinstance(result, list) else [result]:
        assert call.model == type(item).__name__


def operation_modules() -> Iterator[str]:
    for package in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__):
            yield f"{package.name.rpartition('.')[2]}.{module.name}"


class TestEveryOperation:
    def test_is_called_here(self) -> None:
        """Each operation of the package has its call in the table above."""
        assert sorted(operation_modules()) == sorted(call.module for call in CALLS)

    @pytest.mark.asyncio
    @by_module
    async def test_asyncio(self, call: Call, httpx_mock: HTTPXMock) -> None:
        """The async form sends the exact request and returns the 2xx model."""
        script(httpx_mock, call)
        async with client() as brex:
            check_result(await module_of(call).asyncio(client=brex, **call.arguments), call)
        check_request(httpx_mock.get_requests()[0], call)

    @pytest.mark.asyncio
    @by_module
    async def test_asyncio_detailed(self, call: Call, httpx_mock: HTTPXMock) -> None:
        """The detailed form returns status, header fields, bytes and the model."""
        script(httpx_mock, call)
        async with client() as brex:
            response = await module_of(call).asyncio_detailed(client=brex, **call.arguments)
        assert isinstance(response, Response)
        assert 200 == response.status_code
        assert (b"" if call.answer is None else wire.dumps(call.answer)) == response.content
        assert "trace-1" == response.headers["x-brex-trace-id"]
        check_result(response.parsed, call)

    @by_module
    def test_sync(self, call: Call, httpx_mock: HTTPXMock) -> None:
        """The sync forms do the same."""
        script(httpx_mock, call)
        script(httpx_mock, call)
        with client() as brex:
            check_result(module_of(call).sync(client=brex, **call.arguments), call)
            check_result(module_of(call).sync_detailed(client=brex, **call.arguments).parsed, call)
        for request in httpx_mock.get_requests():
            check_request(request, call)

    @by_module
    def test_unset_parameters_are_not_sent(self, call: Call) -> None:
        """With required arguments only, or with None, the query is empty: no default of the document goes out."""
        get_kwargs = module_of(call)._get_kwargs
        parameters = inspect.signature(get_kwargs).parameters
        optional = {name for name, parameter in parameters.items() if parameter.default is UNSET}
        required = {name: value for name, value in call.arguments.items() if name not in optional}
        assert not get_kwargs(**required).get("params")
        assert not get_kwargs(**required, **dict.fromkeys(optional)).get("params")

    @by_module
    def test_ids_stay_one_path_segment(self, call: Call) -> None:
        """An id that would change the path is refused, naming the argument."""
        get_kwargs = module_of(call)._get_kwargs
        for name in set(call.arguments) & {"id", "integration_id", "record_id", "expense_id"}:
            for value in ("", ".", "..", None, b"x", ["x"]):
                with pytest.raises(InvalidInput, match=f"^{name}: "):
                    get_kwargs(**{**call.arguments, name: value})
            url = get_kwargs(**{**call.arguments, name: "../a?b#c%2f"})["url"]
            assert "/..%2Fa%3Fb%23c%252f" in url


class TestArguments:
    @pytest.mark.parametrize("name", ["updated_at_gt", "updated_at_gte", "updated_at_lt", "updated_at_lte"])
    def test_naive_datetimes_are_refused(self, name: str) -> None:
        """A filter in an unknown time zone is refused before anything is sent."""
        from brex_accounting_client.api.accounting_records import query_accounting_records

        with pytest.raises(InvalidInput, match=r"updated_at\[.*aware"):
            query_accounting_records._get_kwargs(**{name: datetime.datetime(2025, 1, 1)})

    def test_values_that_are_none(self) -> None:
        """A value that no parameter can carry is refused by name and kind."""
        from brex_accounting_client.api.accounting_records import query_accounting_records

        with pytest.raises(InvalidInput, match=r"limit: a float cannot be sent"):
            query_accounting_records._get_kwargs(limit=100.0)  # type: ignore[arg-type]

    @pytest.mark.parametrize("key", ["", " x", "x\n", "ключ", "a\r\nAuthorization: Bearer x"])
    def test_headers_are_checked(self, key: str) -> None:
        """A header value with line breaks or beyond ASCII is refused, and not repeated in the error."""
        from brex_accounting_client.api.webhook_subscriptions import create_subscription

        body = models.CreateWebhookSubscriptionRequest(url="u", event_types=[])
        with pytest.raises(InvalidInput) as caught:
            create_subscription._get_kwargs(body=body, idempotency_key=key)
        assert str(caught.value).startswith("Idempotency-Key: ")
        assert not key.strip() or key not in str(caught.value)


class TestAnonymousClient:
    @pytest.mark.asyncio
    async def test_sends_no_token(self, httpx_mock: HTTPXMock) -> None:
        """A client without a token sends no Authorization."""
        from brex_accounting_client.api.companies import get_company

        httpx_mock.add_response(
            json={"id": "c", "legal_name": "A", "mailing_address": {}, "accountType": "BREX_CLASSIC"}
        )
        async with Client(base_url=BASE) as anonymous:
            await get_company.asyncio(client=anonymous)  # type: ignore[arg-type]
        assert "authorization" not in httpx_mock.get_requests()[0].headers
