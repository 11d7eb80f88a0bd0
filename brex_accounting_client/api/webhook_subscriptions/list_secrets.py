# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.webhook_secret import WebhookSecret
from ...operations import Operation
from ...requests import header_fields
from ...types import Response

_OPERATION = "GET /v1/webhooks/secrets"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs() -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v1/webhooks/secrets",
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> list[WebhookSecret]:
    return read_model(response, list[WebhookSecret], operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, list[WebhookSecret])


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[list[WebhookSecret]]:
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
) -> Response[list[WebhookSecret]]:
    """List the signing secrets

    Gives the secrets that sign the deliveries: one, or two while they are being rotated. A signature made with
    either is valid.

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
) -> list[WebhookSecret]:
    """List the signing secrets

    Gives the secrets that sign the deliveries: one, or two while they are being rotated. A signature made with
    either is valid.

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
) -> Response[list[WebhookSecret]]:
    """List the signing secrets

    Gives the secrets that sign the deliveries: one, or two while they are being rotated. A signature made with
    either is valid.

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
) -> list[WebhookSecret]:
    """List the signing secrets

    Gives the secrets that sign the deliveries: one, or two while they are being rotated. A signature made with
    either is valid.

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
