# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import check_status, headers_of
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...operations import Operation
from ...requests import header_fields, path_segment
from ...types import Response

_OPERATION = "DELETE /v1/webhooks/{id}"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    id: str,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/webhooks/{id}".format(
            id=path_segment(id, "id"),
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> None:
    check_status(response, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, None)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[None]:
    _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=None,
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[None]:
    """Delete a subscription

    Removes the subscription.

    Args:
        id: The subscription to act on.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
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
) -> None:
    """Delete a subscription

    Removes the subscription.

    Args:
        id: The subscription to act on.
        client: Where the call goes.

    Returns:
        Nothing: the answer has no body.

    Raises:
        StatusError: The answer has a status outside 2xx.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    sync_detailed(
        id=id,
        client=client,
    )


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[None]:
    """Delete a subscription

    Removes the subscription.

    Args:
        id: The subscription to act on.
        client: Where the call goes.

    Returns:
        The whole answer.

    Raises:
        StatusError: The answer has a status outside 2xx.
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
) -> None:
    """Delete a subscription

    Removes the subscription.

    Args:
        id: The subscription to act on.
        client: Where the call goes.

    Returns:
        Nothing: the answer has no body.

    Raises:
        StatusError: The answer has a status outside 2xx.
        InvalidInput: An argument cannot be sent.
        httpx.TransportError: The connection failed or timed out.
    """
    await asyncio_detailed(
        id=id,
        client=client,
    )
