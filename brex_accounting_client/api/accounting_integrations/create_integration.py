# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...codec import encode
from ...models.accounting_error import AccountingError
from ...models.accounting_integration import AccountingIntegration
from ...models.api_error import ApiError
from ...models.create_integration_request import CreateIntegrationRequest
from ...operations import Operation
from ...requests import header_fields
from ...types import Response

_OPERATION = "POST /v3/accounting/integration"
_ERROR_TYPES: tuple[type[Any], ...] = (
    AccountingError,
    ApiError,
)


def _get_kwargs(
    *,
    body: CreateIntegrationRequest,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "post",
        "url": "/v3/accounting/integration",
        "headers": header_fields({}),
    }
    request["content"] = encode(body)
    request["headers"]["Content-Type"] = "application/json"
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
    *,
    client: AuthenticatedClient,
    body: CreateIntegrationRequest,
) -> Response[AccountingIntegration]:
    """Create an integration

    Connects the account to an accounting vendor. An account has at most one active integration. With none active,
    Brex creates one. If the active one has the same vendor and vendor account, Brex answers with it unchanged. If
    the vendor or the vendor account differs, the answer is 409.

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
    body: CreateIntegrationRequest,
) -> AccountingIntegration:
    """Create an integration

    Connects the account to an accounting vendor. An account has at most one active integration. With none active,
    Brex creates one. If the active one has the same vendor and vendor account, Brex answers with it unchanged. If
    the vendor or the vendor account differs, the answer is 409.

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
    body: CreateIntegrationRequest,
) -> Response[AccountingIntegration]:
    """Create an integration

    Connects the account to an accounting vendor. An account has at most one active integration. With none active,
    Brex creates one. If the active one has the same vendor and vendor account, Brex answers with it unchanged. If
    the vendor or the vendor account differs, the answer is 409.

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
    body: CreateIntegrationRequest,
) -> AccountingIntegration:
    """Create an integration

    Connects the account to an accounting vendor. An account has at most one active integration. With none active,
    Brex creates one. If the active one has the same vendor and vendor account, Brex answers with it unchanged. If
    the vendor or the vendor account differs, the answer is 409.

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
