# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_page
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.webhook_subscription_page import WebhookSubscriptionPage
from ...operations import Operation
from ...requests import header_fields, query_pairs
from ...types import UNSET, Response, Unset

_OPERATION = "GET /v1/webhooks"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    *,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v1/webhooks",
        "params": query_pairs(
            {
                "cursor": cursor,
                "limit": limit,
            }
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookSubscriptionPage:
    return read_page(
        response,
        WebhookSubscriptionPage,
        operation=_OPERATION,
        error_types=_ERROR_TYPES,
        on_bad_record=client.on_bad_record,
    )


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, WebhookSubscriptionPage)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[WebhookSubscriptionPage]:
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
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Response[WebhookSubscriptionPage]:
    """List subscriptions

    Lists the webhook subscriptions, one page at a time.

    Args:
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most subscriptions that a page may hold.
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
        cursor=cursor,
        limit=limit,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> WebhookSubscriptionPage:
    """List subscriptions

    Lists the webhook subscriptions, one page at a time.

    Args:
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most subscriptions that a page may hold.
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
        cursor=cursor,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Response[WebhookSubscriptionPage]:
    """List subscriptions

    Lists the webhook subscriptions, one page at a time.

    Args:
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most subscriptions that a page may hold.
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
        cursor=cursor,
        limit=limit,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> WebhookSubscriptionPage:
    """List subscriptions

    Lists the webhook subscriptions, one page at a time.

    Args:
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most subscriptions that a page may hold.
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
            cursor=cursor,
            limit=limit,
        )
    ).parsed
