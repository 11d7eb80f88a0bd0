# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.expense import Expense
from ...operations import Operation
from ...requests import header_fields, path_segment, query_pairs
from ...types import UNSET, Response, Unset

_OPERATION = "GET /v1/expenses/{id}"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    id: str,
    *,
    expand: list[str] | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v1/expenses/{id}".format(
            id=path_segment(id, "id"),
        ),
        "params": query_pairs(
            {
                "expand[]": expand,
                "load_custom_fields": load_custom_fields,
            }
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Expense:
    return read_model(response, Expense, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, Expense)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Expense]:
    parsed = _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=parsed,
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
) -> Response[Expense]:
    """Get one expense

    Reads the expense with the given id.

    Args:
        id: The expense to read.
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        load_custom_fields: Whether to fill in the custom fields of the expense.
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
        id=id,
        expand=expand,
        load_custom_fields=load_custom_fields,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
) -> Expense:
    """Get one expense

    Reads the expense with the given id.

    Args:
        id: The expense to read.
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        load_custom_fields: Whether to fill in the custom fields of the expense.
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
        id=id,
        client=client,
        expand=expand,
        load_custom_fields=load_custom_fields,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
) -> Response[Expense]:
    """Get one expense

    Reads the expense with the given id.

    Args:
        id: The expense to read.
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        load_custom_fields: Whether to fill in the custom fields of the expense.
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
        id=id,
        expand=expand,
        load_custom_fields=load_custom_fields,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
) -> Expense:
    """Get one expense

    Reads the expense with the given id.

    Args:
        id: The expense to read.
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        load_custom_fields: Whether to fill in the custom fields of the expense.
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
            id=id,
            client=client,
            expand=expand,
            load_custom_fields=load_custom_fields,
        )
    ).parsed
