# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.company import Company
from ...operations import Operation
from ...requests import header_fields
from ...types import Response

_OPERATION = "GET /v2/company"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs() -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v2/company",
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Company:
    return read_model(response, Company, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, Company)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Company]:
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
) -> Response[Company]:
    """Get the company

    Reads the company that the access token belongs to.

    Args:
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs()
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
) -> Company:
    """Get the company

    Reads the company that the access token belongs to.

    Args:
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
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[Company]:
    """Get the company

    Reads the company that the access token belongs to.

    Args:
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
        Undecodable: The body is not what the API's document says.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    request = _get_kwargs()
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> Company:
    """Get the company

    Reads the company that the access token belongs to.

    Args:
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
            client=client,
        )
    ).parsed
