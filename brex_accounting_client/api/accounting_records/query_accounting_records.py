# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
import datetime
from typing import Any

import httpx

from ...answers import headers_of, read_page
from ...client import AuthenticatedClient, Client
from ...models.accounting_error import AccountingError
from ...models.accounting_record_page import AccountingRecordPage
from ...models.api_error import ApiError
from ...models.review_status import ReviewStatus
from ...models.source_type import SourceType
from ...operations import Operation
from ...requests import header_fields, query_pairs
from ...types import UNSET, Response, Unset

_OPERATION = "GET /v3/accounting/records"
_ERROR_TYPES: tuple[type[Any], ...] = (
    AccountingError,
    ApiError,
)


def _get_kwargs(
    *,
    ids: list[str] | Unset = UNSET,
    review_status: ReviewStatus | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    single_entry: bool | Unset = UNSET,
    source_type: SourceType | Unset = UNSET,
    updated_at_gt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_gte: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lte: datetime.datetime | datetime.date | Unset = UNSET,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v3/accounting/records",
        "params": query_pairs(
            {
                "ids": ids,
                "review_status": review_status,
                "limit": limit,
                "cursor": cursor,
                "single_entry": single_entry,
                "source_type": source_type,
                "updated_at[gt]": updated_at_gt,
                "updated_at[gte]": updated_at_gte,
                "updated_at[lt]": updated_at_lt,
                "updated_at[lte]": updated_at_lte,
            }
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> AccountingRecordPage:
    return read_page(
        response,
        AccountingRecordPage,
        operation=_OPERATION,
        error_types=_ERROR_TYPES,
        on_bad_record=client.on_bad_record,
    )


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, AccountingRecordPage)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AccountingRecordPage]:
    parsed = _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=parsed,
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    ids: list[str] | Unset = UNSET,
    review_status: ReviewStatus | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    single_entry: bool | Unset = UNSET,
    source_type: SourceType | Unset = UNSET,
    updated_at_gt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_gte: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lte: datetime.datetime | datetime.date | Unset = UNSET,
) -> Response[AccountingRecordPage]:
    """List accounting records

    Finds accounting records by id or by filter, one page at a time. Filters serve to poll where webhooks fall
    short; Brex suggests once an hour. Poll card and reimbursement records by `review_status`. Poll bill records
    by `source_type=BILL` with `updated_at[gt]`, because `review_status` does not apply to them.

    Args:
        ids: Only the records with these ids, at most 500; the parameter repeats, as in
            `ids=accr_xxx&ids=accr_yyy`.
        review_status: The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED.
        limit: The most records that a page may hold, at most 1000.
        cursor: Where the page starts: `next_cursor` of the page before.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        source_type: The kind of source: a card transaction, a reimbursement or a bill.
        updated_at_gt: Only records that changed after this moment, in UTC.
        updated_at_gte: Only records that changed at or after this moment, in UTC.
        updated_at_lt: Only records that changed before this moment, in UTC.
        updated_at_lte: Only records that changed at or before this moment, in UTC.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        BadRecords: Records of the page cannot be read, unless client.on_bad_record is "collect".
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        ids=ids,
        review_status=review_status,
        limit=limit,
        cursor=cursor,
        single_entry=single_entry,
        source_type=source_type,
        updated_at_gt=updated_at_gt,
        updated_at_gte=updated_at_gte,
        updated_at_lt=updated_at_lt,
        updated_at_lte=updated_at_lte,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
    ids: list[str] | Unset = UNSET,
    review_status: ReviewStatus | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    single_entry: bool | Unset = UNSET,
    source_type: SourceType | Unset = UNSET,
    updated_at_gt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_gte: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lte: datetime.datetime | datetime.date | Unset = UNSET,
) -> AccountingRecordPage:
    """List accounting records

    Finds accounting records by id or by filter, one page at a time. Filters serve to poll where webhooks fall
    short; Brex suggests once an hour. Poll card and reimbursement records by `review_status`. Poll bill records
    by `source_type=BILL` with `updated_at[gt]`, because `review_status` does not apply to them.

    Args:
        ids: Only the records with these ids, at most 500; the parameter repeats, as in
            `ids=accr_xxx&ids=accr_yyy`.
        review_status: The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED.
        limit: The most records that a page may hold, at most 1000.
        cursor: Where the page starts: `next_cursor` of the page before.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        source_type: The kind of source: a card transaction, a reimbursement or a bill.
        updated_at_gt: Only records that changed after this moment, in UTC.
        updated_at_gte: Only records that changed at or after this moment, in UTC.
        updated_at_lt: Only records that changed before this moment, in UTC.
        updated_at_lte: Only records that changed at or before this moment, in UTC.
        client: Where the call goes.

    Returns:
        What the answer holds.

    Raises:
        StatusError: The answer has a status outside 2xx.
        BadRecords: Records of the page cannot be read, unless client.on_bad_record is "collect".
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    return sync_detailed(
        client=client,
        ids=ids,
        review_status=review_status,
        limit=limit,
        cursor=cursor,
        single_entry=single_entry,
        source_type=source_type,
        updated_at_gt=updated_at_gt,
        updated_at_gte=updated_at_gte,
        updated_at_lt=updated_at_lt,
        updated_at_lte=updated_at_lte,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    ids: list[str] | Unset = UNSET,
    review_status: ReviewStatus | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    single_entry: bool | Unset = UNSET,
    source_type: SourceType | Unset = UNSET,
    updated_at_gt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_gte: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lte: datetime.datetime | datetime.date | Unset = UNSET,
) -> Response[AccountingRecordPage]:
    """List accounting records

    Finds accounting records by id or by filter, one page at a time. Filters serve to poll where webhooks fall
    short; Brex suggests once an hour. Poll card and reimbursement records by `review_status`. Poll bill records
    by `source_type=BILL` with `updated_at[gt]`, because `review_status` does not apply to them.

    Args:
        ids: Only the records with these ids, at most 500; the parameter repeats, as in
            `ids=accr_xxx&ids=accr_yyy`.
        review_status: The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED.
        limit: The most records that a page may hold, at most 1000.
        cursor: Where the page starts: `next_cursor` of the page before.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        source_type: The kind of source: a card transaction, a reimbursement or a bill.
        updated_at_gt: Only records that changed after this moment, in UTC.
        updated_at_gte: Only records that changed at or after this moment, in UTC.
        updated_at_lt: Only records that changed before this moment, in UTC.
        updated_at_lte: Only records that changed at or before this moment, in UTC.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        BadRecords: Records of the page cannot be read, unless client.on_bad_record is "collect".
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        ids=ids,
        review_status=review_status,
        limit=limit,
        cursor=cursor,
        single_entry=single_entry,
        source_type=source_type,
        updated_at_gt=updated_at_gt,
        updated_at_gte=updated_at_gte,
        updated_at_lt=updated_at_lt,
        updated_at_lte=updated_at_lte,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    ids: list[str] | Unset = UNSET,
    review_status: ReviewStatus | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
    single_entry: bool | Unset = UNSET,
    source_type: SourceType | Unset = UNSET,
    updated_at_gt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_gte: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lt: datetime.datetime | datetime.date | Unset = UNSET,
    updated_at_lte: datetime.datetime | datetime.date | Unset = UNSET,
) -> AccountingRecordPage:
    """List accounting records

    Finds accounting records by id or by filter, one page at a time. Filters serve to poll where webhooks fall
    short; Brex suggests once an hour. Poll card and reimbursement records by `review_status`. Poll bill records
    by `source_type=BILL` with `updated_at[gt]`, because `review_status` does not apply to them.

    Args:
        ids: Only the records with these ids, at most 500; the parameter repeats, as in
            `ids=accr_xxx&ids=accr_yyy`.
        review_status: The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED.
        limit: The most records that a page may hold, at most 1000.
        cursor: Where the page starts: `next_cursor` of the page before.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        source_type: The kind of source: a card transaction, a reimbursement or a bill.
        updated_at_gt: Only records that changed after this moment, in UTC.
        updated_at_gte: Only records that changed at or after this moment, in UTC.
        updated_at_lt: Only records that changed before this moment, in UTC.
        updated_at_lte: Only records that changed at or before this moment, in UTC.
        client: Where the call goes.

    Returns:
        What the answer holds.

    Raises:
        StatusError: The answer has a status outside 2xx.
        BadRecords: Records of the page cannot be read, unless client.on_bad_record is "collect".
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    return (
        await asyncio_detailed(
            client=client,
            ids=ids,
            review_status=review_status,
            limit=limit,
            cursor=cursor,
            single_entry=single_entry,
            source_type=source_type,
            updated_at_gt=updated_at_gt,
            updated_at_gte=updated_at_gte,
            updated_at_lt=updated_at_lt,
            updated_at_lte=updated_at_lte,
        )
    ).parsed
