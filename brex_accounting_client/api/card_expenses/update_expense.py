# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from typing import Any

import httpx

from ...answers import headers_of, read_model
from ...client import AuthenticatedClient, Client
from ...codec import encode
from ...models.api_error import ApiError
from ...models.update_expense_request import UpdateExpenseRequest
from ...models.updated_expense import UpdatedExpense
from ...operations import Operation
from ...requests import header_fields, path_segment
from ...types import Response

_OPERATION = "PUT /v1/expenses/card/{expense_id}"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    expense_id: str,
    *,
    body: UpdateExpenseRequest,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "put",
        "url": "/v1/expenses/card/{expense_id}".format(
            expense_id=path_segment(expense_id, "expense_id"),
        ),
        "headers": header_fields({}),
    }
    request["content"] = encode(body)
    request["headers"]["Content-Type"] = "application/json"
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> UpdatedExpense:
    return read_model(response, UpdatedExpense, operation=_OPERATION, error_types=_ERROR_TYPES)


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, UpdatedExpense)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[UpdatedExpense]:
    parsed = _parse_response(client=client, response=response)
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=headers_of(response),
        parsed=parsed,
    )


def sync_detailed(
    expense_id: str,
    *,
    client: AuthenticatedClient,
    body: UpdateExpenseRequest,
) -> Response[UpdatedExpense]:
    """Change a card expense

    Changes the memo of a card expense.

    Args:
        expense_id: The expense to act on.
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
        expense_id=expense_id,
        body=body,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    expense_id: str,
    *,
    client: AuthenticatedClient,
    body: UpdateExpenseRequest,
) -> UpdatedExpense:
    """Change a card expense

    Changes the memo of a card expense.

    Args:
        expense_id: The expense to act on.
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
        expense_id=expense_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    expense_id: str,
    *,
    client: AuthenticatedClient,
    body: UpdateExpenseRequest,
) -> Response[UpdatedExpense]:
    """Change a card expense

    Changes the memo of a card expense.

    Args:
        expense_id: The expense to act on.
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
        expense_id=expense_id,
        body=body,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    expense_id: str,
    *,
    client: AuthenticatedClient,
    body: UpdateExpenseRequest,
) -> UpdatedExpense:
    """Change a card expense

    Changes the memo of a card expense.

    Args:
        expense_id: The expense to act on.
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
            expense_id=expense_id,
            client=client,
            body=body,
        )
    ).parsed
