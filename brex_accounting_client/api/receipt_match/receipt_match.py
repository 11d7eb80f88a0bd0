# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...codec import encode
from ...models.api_error import ApiError
from ...models.file_upload import FileUpload
from ...models.receipt_match_request import ReceiptMatchRequest
from ...operations import Operation
from ...requests import header_fields
from ...types import Response

_OPERATION = "POST /v1/expenses/card/receipt_match"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    *,
    body: ReceiptMatchRequest,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "post",
        "url": "/v1/expenses/card/receipt_match",
        "headers": header_fields({}),
    }
    request["content"] = encode(body)
    request["headers"]["Content-Type"] = "application/json"
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> FileUpload:
    return read_model(response, FileUpload, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, FileUpload)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[FileUpload]:
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
    body: ReceiptMatchRequest,
) -> Response[FileUpload]:
    """Upload a receipt for matching

    Gives an address to upload a receipt to. Brex then looks for the expense that the receipt belongs to.

    Args:
        client: Where the call goes.
        body: What is sent.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        body=body,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
    body: ReceiptMatchRequest,
) -> FileUpload:
    """Upload a receipt for matching

    Gives an address to upload a receipt to. Brex then looks for the expense that the receipt belongs to.

    Args:
        client: Where the call goes.
        body: What is sent.

    Returns:
        What the answer holds.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ReceiptMatchRequest,
) -> Response[FileUpload]:
    """Upload a receipt for matching

    Gives an address to upload a receipt to. Brex then looks for the expense that the receipt belongs to.

    Args:
        client: Where the call goes.
        body: What is sent.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs(
        body=body,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ReceiptMatchRequest,
) -> FileUpload:
    """Upload a receipt for matching

    Gives an address to upload a receipt to. Brex then looks for the expense that the receipt belongs to.

    Args:
        client: Where the call goes.
        body: What is sent.

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
            client=client,
            body=body,
        )
    ).parsed
