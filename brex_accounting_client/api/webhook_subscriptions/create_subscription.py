# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...codec import encode
from ...models.api_error import ApiError
from ...models.create_webhook_subscription_request import CreateWebhookSubscriptionRequest
from ...models.webhook_subscription import WebhookSubscription
from ...operations import Operation
from ...requests import header_fields
from ...types import Response

_OPERATION = "POST /v1/webhooks"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    *,
    body: CreateWebhookSubscriptionRequest,
    idempotency_key: str,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "post",
        "url": "/v1/webhooks",
        "headers": header_fields(
            {
                "Idempotency-Key": idempotency_key,
            }
        ),
    }
    request["content"] = encode(body)
    request["headers"]["Content-Type"] = "application/json"
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
    *,
    client: AuthenticatedClient,
    body: CreateWebhookSubscriptionRequest,
    idempotency_key: str,
) -> Response[WebhookSubscription]:
    """Create a subscription

    Starts the delivery of the chosen events to a URL.

    Args:
        idempotency_key: A key chosen by the caller, best a UUID. Brex ignores a second request with the same key.
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
        idempotency_key=idempotency_key,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
    body: CreateWebhookSubscriptionRequest,
    idempotency_key: str,
) -> WebhookSubscription:
    """Create a subscription

    Starts the delivery of the chosen events to a URL.

    Args:
        idempotency_key: A key chosen by the caller, best a UUID. Brex ignores a second request with the same key.
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
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateWebhookSubscriptionRequest,
    idempotency_key: str,
) -> Response[WebhookSubscription]:
    """Create a subscription

    Starts the delivery of the chosen events to a URL.

    Args:
        idempotency_key: A key chosen by the caller, best a UUID. Brex ignores a second request with the same key.
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
        idempotency_key=idempotency_key,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CreateWebhookSubscriptionRequest,
    idempotency_key: str,
) -> WebhookSubscription:
    """Create a subscription

    Starts the delivery of the chosen events to a URL.

    Args:
        idempotency_key: A key chosen by the caller, best a UUID. Brex ignores a second request with the same key.
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
            idempotency_key=idempotency_key,
        )
    ).parsed
