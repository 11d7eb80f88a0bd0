"""User code that touches every public name of both packages; mypy and pyright check it strictly, nothing runs it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TypeVar

from brex_accounting import BrexError, InvalidArgument, SpecError
from brex_accounting_client import (
    UNSET,
    AuthenticatedClient,
    BadRecord,
    BadRecords,
    Client,
    ClientError,
    InvalidInput,
    Page,
    Response,
    StatusError,
    Undecodable,
    Unset,
    decode,
    decode_page,
    encode,
    from_dict,
    needs_repair,
    to_dict,
    unknown_fields,
    unknown_fields_of,
)
from brex_accounting_client.api.accounting_records import (
    get_accounting_record,
    query_accounting_records,
    report_accounting_export_results,
)
from brex_accounting_client.api.webhook_subscriptions import delete_subscription, list_secrets
from brex_accounting_client.models import (
    AccountingError,
    AccountingRecord,
    AccountingRecordPage,
    AccountingRecordType,
    ExportFailureDetails,
    ExportSuccessDetails,
    FailedExportResult,
    ReportExportResultsRequest,
    ReviewStatus,
    SuccessfulExportResult,
    WebhookSecret,
)

R = TypeVar("R")


async def sync_worker() -> Decimal:
    """Everything that a worker does at this level, with the types that it would write down."""
    total = Decimal(0)
    async with AuthenticatedClient(base_url="https://api.brex.com", token="t", on_bad_record="collect") as client:
        page: AccountingRecordPage = await query_accounting_records.asyncio(
            client=client,
            review_status=ReviewStatus.READY_FOR_EXPORT,
            updated_at_gte=datetime.date(2025, 1, 1),
            updated_at_lt=datetime.datetime.now(datetime.UTC),
        )
        for index, record in enumerate(page.items):
            total += record.amount.amount
            posted: datetime.datetime = record.erp_posting_date
            known: bool = record.type.is_known
            if record.vendor is not None and record.vendor.email is not None:
                print(record.vendor.email.upper(), posted, known, page.raw_item(index))
            match record.type:
                case AccountingRecordType.CARD_PAYMENT:
                    print("payment")
                case _:
                    print(unknown_fields(page, index))
        answer: Response[AccountingRecord] = await get_accounting_record.asyncio_detailed("accr_1", client=client)
        print(answer.status_code, answer.parsed.line_items[0].amount.currency, answer.headers, answer.content)
        secrets: list[WebhookSecret] = await list_secrets.asyncio(client=client)
        print(len(secrets))
        await delete_subscription.asyncio("wh_1", client=client)
    return total


def report(client: AuthenticatedClient, reference: str | Unset = UNSET) -> list[str]:
    """A report with both kinds of results."""
    body = ReportExportResultsRequest(
        results=[
            SuccessfulExportResult(accounting_record_id="a", success=ExportSuccessDetails(reference_id=reference)),
            FailedExportResult(accounting_record_id="b", failure=ExportFailureDetails(error_message="No account")),
        ]
    )
    encoded: bytes = encode(body)
    print(encoded, to_dict(body))
    try:
        return report_accounting_export_results.sync(client=client, body=body).updated_accounting_record_ids
    except StatusError as error:
        if isinstance(error.parsed, AccountingError) and error.parsed.details is not None:
            return error.parsed.details.duplicate_accounting_record_ids or []
        raise
    except (InvalidInput, Undecodable, ClientError):
        return []


def first(page: Page[R]) -> R:
    """Any page, whatever its records."""
    return page.items[0]


def read(data: bytes) -> AccountingRecord:
    """Reading without a call."""
    try:
        page = decode_page(data, AccountingRecordPage)
    except BadRecords as error:
        bad: tuple[BadRecord, ...] = error.bad_records
        raise InvalidArgument(bad[0].reason) from error
    if needs_repair(data) or unknown_fields_of(data, AccountingRecordPage):
        return first(page)
    return from_dict(to_dict(decode(data, AccountingRecord)), AccountingRecord)


def other(client: Client) -> type[BrexError]:
    """The rest."""
    print(client.base_url)
    return SpecError
