# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.accounting_error import AccountingError
from ...models.accounting_record import AccountingRecord
from ...models.api_error import ApiError
from ...operations import Operation
from ...requests import header_fields, path_segment, query_pairs
from ...types import UNSET, Response, Unset

_OPERATION = "GET /v3/accounting/records/{record_id}"
_ERROR_TYPES: tuple[type[Any], ...] = (
    AccountingError,
    ApiError,
)


def _get_kwargs(
    record_id: str,
    *,
    single_entry: bool | Unset = UNSET,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v3/accounting/records/{record_id}".format(
            record_id=path_segment(record_id, "record_id"),
        ),
        "params": query_pairs(
            {
                "single_entry": single_entry,
            }
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> AccountingRecord:
    return read_model(response, AccountingRecord, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, AccountingRecord)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[AccountingRecord]:
    parsed = _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=parsed,
    )


def sync_detailed(
    record_id: str,
    *,
    client: AuthenticatedClient,
    single_entry: bool | Unset = UNSET,
) -> Response[AccountingRecord]:
    """Get one accounting record

    Reads the accounting record with the given id.

    Args:
        record_id: The record to read.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        record_id=record_id,
        single_entry=single_entry,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    record_id: str,
    *,
    client: AuthenticatedClient,
    single_entry: bool | Unset = UNSET,
) -> AccountingRecord:
    """Get one accounting record

    Reads the accounting record with the given id.

    Args:
        record_id: The record to read.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        client: Where the call goes.

    Returns:
        What the answer holds.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    return sync_detailed(
        record_id=record_id,
        client=client,
        single_entry=single_entry,
    ).parsed


async def asyncio_detailed(
    record_id: str,
    *,
    client: AuthenticatedClient,
    single_entry: bool | Unset = UNSET,
) -> Response[AccountingRecord]:
    """Get one accounting record

    Reads the accounting record with the given id.

    Args:
        record_id: The record to read.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        record_id=record_id,
        single_entry=single_entry,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    record_id: str,
    *,
    client: AuthenticatedClient,
    single_entry: bool | Unset = UNSET,
) -> AccountingRecord:
    """Get one accounting record

    Reads the accounting record with the given id.

    Args:
        record_id: The record to read.
        single_entry: True asks for single-entry line items instead of double-entry ones.
        client: Where the call goes.

    Returns:
        What the answer holds.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    return (
        await asyncio_detailed(
            record_id=record_id,
            client=client,
            single_entry=single_entry,
        )
    ).parsed
