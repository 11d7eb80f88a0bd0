# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...models.accounting_error import AccountingError
from ...models.accounting_integration import AccountingIntegration
from ...models.api_error import ApiError
from ...operations import Operation
from ...requests import header_fields, path_segment
from ...types import Response

_OPERATION = "POST /v3/accounting/integration/{integration_id}/reactivate"
_ERROR_TYPES: tuple[type[Any], ...] = (
    AccountingError,
    ApiError,
)


def _get_kwargs(
    integration_id: str,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "post",
        "url": "/v3/accounting/integration/{integration_id}/reactivate".format(
            integration_id=path_segment(integration_id, "integration_id"),
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> AccountingIntegration:
    return read_model(response, AccountingIntegration, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, AccountingIntegration)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AccountingIntegration]:
    parsed = _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=parsed,
    )


def sync_detailed(
    integration_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[AccountingIntegration]:
    """Reactivate an integration

    Turns a disabled integration on again. The answer is 404 for an unknown id and 409 while the account has an
    active integration.

    Args:
        integration_id: The integration to act on.
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
        integration_id=integration_id,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    integration_id: str,
    *,
    client: AuthenticatedClient,
) -> AccountingIntegration:
    """Reactivate an integration

    Turns a disabled integration on again. The answer is 404 for an unknown id and 409 while the account has an
    active integration.

    Args:
        integration_id: The integration to act on.
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
        integration_id=integration_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    integration_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[AccountingIntegration]:
    """Reactivate an integration

    Turns a disabled integration on again. The answer is 404 for an unknown id and 409 while the account has an
    active integration.

    Args:
        integration_id: The integration to act on.
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
        integration_id=integration_id,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    integration_id: str,
    *,
    client: AuthenticatedClient,
) -> AccountingIntegration:
    """Reactivate an integration

    Turns a disabled integration on again. The answer is 404 for an unknown id and 409 while the account has an
    active integration.

    Args:
        integration_id: The integration to act on.
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
            integration_id=integration_id,
            client=client,
        )
    ).parsed
