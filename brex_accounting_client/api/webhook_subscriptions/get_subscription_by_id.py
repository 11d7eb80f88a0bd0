# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.webhook_subscription import WebhookSubscription
from ...operations import Operation
from ...requests import header_fields, path_segment
from ...types import Response

_OPERATION = "GET /v1/webhooks/{id}"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    id: str,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v1/webhooks/{id}".format(
            id=path_segment(id, "id"),
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookSubscription:
    return read_model(response, WebhookSubscription, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, WebhookSubscription)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[WebhookSubscription]:
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
) -> Response[WebhookSubscription]:
    """Get one subscription

    Reads the subscription with the given id.

    Args:
        id: The subscription to act on.
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
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
) -> WebhookSubscription:
    """Get one subscription

    Reads the subscription with the given id.

    Args:
        id: The subscription to act on.
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
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[WebhookSubscription]:
    """Get one subscription

    Reads the subscription with the given id.

    Args:
        id: The subscription to act on.
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
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
) -> WebhookSubscription:
    """Get one subscription

    Reads the subscription with the given id.

    Args:
        id: The subscription to act on.
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
        )
    ).parsed
