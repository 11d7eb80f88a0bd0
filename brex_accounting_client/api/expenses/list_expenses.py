# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
import datetime
from typing import Any

import httpx

from ...answers import headers_of, read_page
from ...client import AuthenticatedClient, Client
from ...models.api_error import ApiError
from ...models.expense_page import ExpensePage
from ...models.expense_payment_status import ExpensePaymentStatus
from ...models.expense_status import ExpenseStatus
from ...models.expense_type import ExpenseType
from ...operations import Operation
from ...requests import header_fields, query_pairs
from ...types import UNSET, Response, Unset

_OPERATION = "GET /v1/expenses"
_ERROR_TYPES: tuple[type[Any], ...] = (ApiError,)


def _get_kwargs(
    *,
    expand: list[str] | None | Unset = UNSET,
    user_id: list[str] | None | Unset = UNSET,
    parent_expense_id: list[str] | None | Unset = UNSET,
    budget_id: list[str] | None | Unset = UNSET,
    spending_entity_id: list[str] | None | Unset = UNSET,
    expense_type: list[ExpenseType] | None | Unset = UNSET,
    status: list[ExpenseStatus] | None | Unset = UNSET,
    payment_status: list[ExpensePaymentStatus] | None | Unset = UNSET,
    purchased_at_start: datetime.datetime | None | Unset = UNSET,
    purchased_at_end: datetime.datetime | None | Unset = UNSET,
    updated_at_start: datetime.datetime | None | Unset = UNSET,
    updated_at_end: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_start: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_end: datetime.datetime | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "get",
        "url": "/v1/expenses",
        "params": query_pairs(
            {
                "expand[]": expand,
                "user_id[]": user_id,
                "parent_expense_id[]": parent_expense_id,
                "budget_id[]": budget_id,
                "spending_entity_id[]": spending_entity_id,
                "expense_type[]": expense_type,
                "status[]": status,
                "payment_status[]": payment_status,
                "purchased_at_start": purchased_at_start,
                "purchased_at_end": purchased_at_end,
                "updated_at_start": updated_at_start,
                "updated_at_end": updated_at_end,
                "payment_posted_at_start": payment_posted_at_start,
                "payment_posted_at_end": payment_posted_at_end,
                "load_custom_fields": load_custom_fields,
                "cursor": cursor,
                "limit": limit,
            }
        ),
        "headers": header_fields({}),
    }
    return request


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ExpensePage:
    return read_page(
        response,
        ExpensePage,
        operation=_OPERATION,
        error_types=_ERROR_TYPES,
        on_bad_record=client.on_bad_record,
    )


OPERATION = Operation(_OPERATION, _get_kwargs, _parse_response, ExpensePage)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ExpensePage]:
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
    expand: list[str] | None | Unset = UNSET,
    user_id: list[str] | None | Unset = UNSET,
    parent_expense_id: list[str] | None | Unset = UNSET,
    budget_id: list[str] | None | Unset = UNSET,
    spending_entity_id: list[str] | None | Unset = UNSET,
    expense_type: list[ExpenseType] | None | Unset = UNSET,
    status: list[ExpenseStatus] | None | Unset = UNSET,
    payment_status: list[ExpensePaymentStatus] | None | Unset = UNSET,
    purchased_at_start: datetime.datetime | None | Unset = UNSET,
    purchased_at_end: datetime.datetime | None | Unset = UNSET,
    updated_at_start: datetime.datetime | None | Unset = UNSET,
    updated_at_end: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_start: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_end: datetime.datetime | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Response[ExpensePage]:
    """List expenses

    Lists the expenses of the account, one page at a time. Admins and bookkeepers see all of them, everyone else
    sees only their own.

    Args:
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        user_id: Only expenses of these users.
        parent_expense_id: Only the parts into which these expenses were split.
        budget_id: Only expenses under these budgets.
        spending_entity_id: Only expenses of these spending entities.
        expense_type: Only expenses of these types.
        status: Only expenses in these states.
        payment_status: Only expenses whose payment is in one of these states.
        purchased_at_start: Only expenses bought at or after this moment (RFC 3339; Brex's own example has no time
            zone).
        purchased_at_end: Only expenses bought at or before this moment (RFC 3339; Brex's own example has no time
            zone).
        updated_at_start: Only expenses last changed at or after this moment (RFC 3339; Brex's own example has no
            time zone).
        updated_at_end: Only expenses last changed at or before this moment (RFC 3339; Brex's own example has no
            time zone).
        payment_posted_at_start: Only expenses whose payment was posted at or after this moment (RFC 3339; Brex's
            own example has no time zone).
        payment_posted_at_end: Only expenses whose payment was posted at or before this moment (RFC 3339; Brex's
            own example has no time zone).
        load_custom_fields: Whether to fill in the custom fields of the expenses.
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most expenses that a page may hold, at most 100.
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
        expand=expand,
        user_id=user_id,
        parent_expense_id=parent_expense_id,
        budget_id=budget_id,
        spending_entity_id=spending_entity_id,
        expense_type=expense_type,
        status=status,
        payment_status=payment_status,
        purchased_at_start=purchased_at_start,
        purchased_at_end=purchased_at_end,
        updated_at_start=updated_at_start,
        updated_at_end=updated_at_end,
        payment_posted_at_start=payment_posted_at_start,
        payment_posted_at_end=payment_posted_at_end,
        load_custom_fields=load_custom_fields,
        cursor=cursor,
        limit=limit,
    )
    return _build_response(client=client, response=client.send(request))


def sync(
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    user_id: list[str] | None | Unset = UNSET,
    parent_expense_id: list[str] | None | Unset = UNSET,
    budget_id: list[str] | None | Unset = UNSET,
    spending_entity_id: list[str] | None | Unset = UNSET,
    expense_type: list[ExpenseType] | None | Unset = UNSET,
    status: list[ExpenseStatus] | None | Unset = UNSET,
    payment_status: list[ExpensePaymentStatus] | None | Unset = UNSET,
    purchased_at_start: datetime.datetime | None | Unset = UNSET,
    purchased_at_end: datetime.datetime | None | Unset = UNSET,
    updated_at_start: datetime.datetime | None | Unset = UNSET,
    updated_at_end: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_start: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_end: datetime.datetime | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> ExpensePage:
    """List expenses

    Lists the expenses of the account, one page at a time. Admins and bookkeepers see all of them, everyone else
    sees only their own.

    Args:
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        user_id: Only expenses of these users.
        parent_expense_id: Only the parts into which these expenses were split.
        budget_id: Only expenses under these budgets.
        spending_entity_id: Only expenses of these spending entities.
        expense_type: Only expenses of these types.
        status: Only expenses in these states.
        payment_status: Only expenses whose payment is in one of these states.
        purchased_at_start: Only expenses bought at or after this moment (RFC 3339; Brex's own example has no time
            zone).
        purchased_at_end: Only expenses bought at or before this moment (RFC 3339; Brex's own example has no time
            zone).
        updated_at_start: Only expenses last changed at or after this moment (RFC 3339; Brex's own example has no
            time zone).
        updated_at_end: Only expenses last changed at or before this moment (RFC 3339; Brex's own example has no
            time zone).
        payment_posted_at_start: Only expenses whose payment was posted at or after this moment (RFC 3339; Brex's
            own example has no time zone).
        payment_posted_at_end: Only expenses whose payment was posted at or before this moment (RFC 3339; Brex's
            own example has no time zone).
        load_custom_fields: Whether to fill in the custom fields of the expenses.
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most expenses that a page may hold, at most 100.
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
        expand=expand,
        user_id=user_id,
        parent_expense_id=parent_expense_id,
        budget_id=budget_id,
        spending_entity_id=spending_entity_id,
        expense_type=expense_type,
        status=status,
        payment_status=payment_status,
        purchased_at_start=purchased_at_start,
        purchased_at_end=purchased_at_end,
        updated_at_start=updated_at_start,
        updated_at_end=updated_at_end,
        payment_posted_at_start=payment_posted_at_start,
        payment_posted_at_end=payment_posted_at_end,
        load_custom_fields=load_custom_fields,
        cursor=cursor,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    user_id: list[str] | None | Unset = UNSET,
    parent_expense_id: list[str] | None | Unset = UNSET,
    budget_id: list[str] | None | Unset = UNSET,
    spending_entity_id: list[str] | None | Unset = UNSET,
    expense_type: list[ExpenseType] | None | Unset = UNSET,
    status: list[ExpenseStatus] | None | Unset = UNSET,
    payment_status: list[ExpensePaymentStatus] | None | Unset = UNSET,
    purchased_at_start: datetime.datetime | None | Unset = UNSET,
    purchased_at_end: datetime.datetime | None | Unset = UNSET,
    updated_at_start: datetime.datetime | None | Unset = UNSET,
    updated_at_end: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_start: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_end: datetime.datetime | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> Response[ExpensePage]:
    """List expenses

    Lists the expenses of the account, one page at a time. Admins and bookkeepers see all of them, everyone else
    sees only their own.

    Args:
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        user_id: Only expenses of these users.
        parent_expense_id: Only the parts into which these expenses were split.
        budget_id: Only expenses under these budgets.
        spending_entity_id: Only expenses of these spending entities.
        expense_type: Only expenses of these types.
        status: Only expenses in these states.
        payment_status: Only expenses whose payment is in one of these states.
        purchased_at_start: Only expenses bought at or after this moment (RFC 3339; Brex's own example has no time
            zone).
        purchased_at_end: Only expenses bought at or before this moment (RFC 3339; Brex's own example has no time
            zone).
        updated_at_start: Only expenses last changed at or after this moment (RFC 3339; Brex's own example has no
            time zone).
        updated_at_end: Only expenses last changed at or before this moment (RFC 3339; Brex's own example has no
            time zone).
        payment_posted_at_start: Only expenses whose payment was posted at or after this moment (RFC 3339; Brex's
            own example has no time zone).
        payment_posted_at_end: Only expenses whose payment was posted at or before this moment (RFC 3339; Brex's
            own example has no time zone).
        load_custom_fields: Whether to fill in the custom fields of the expenses.
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most expenses that a page may hold, at most 100.
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
        expand=expand,
        user_id=user_id,
        parent_expense_id=parent_expense_id,
        budget_id=budget_id,
        spending_entity_id=spending_entity_id,
        expense_type=expense_type,
        status=status,
        payment_status=payment_status,
        purchased_at_start=purchased_at_start,
        purchased_at_end=purchased_at_end,
        updated_at_start=updated_at_start,
        updated_at_end=updated_at_end,
        payment_posted_at_start=payment_posted_at_start,
        payment_posted_at_end=payment_posted_at_end,
        load_custom_fields=load_custom_fields,
        cursor=cursor,
        limit=limit,
    )
    return _build_response(client=client, response=await client.send_async(request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    expand: list[str] | None | Unset = UNSET,
    user_id: list[str] | None | Unset = UNSET,
    parent_expense_id: list[str] | None | Unset = UNSET,
    budget_id: list[str] | None | Unset = UNSET,
    spending_entity_id: list[str] | None | Unset = UNSET,
    expense_type: list[ExpenseType] | None | Unset = UNSET,
    status: list[ExpenseStatus] | None | Unset = UNSET,
    payment_status: list[ExpensePaymentStatus] | None | Unset = UNSET,
    purchased_at_start: datetime.datetime | None | Unset = UNSET,
    purchased_at_end: datetime.datetime | None | Unset = UNSET,
    updated_at_start: datetime.datetime | None | Unset = UNSET,
    updated_at_end: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_start: datetime.datetime | None | Unset = UNSET,
    payment_posted_at_end: datetime.datetime | None | Unset = UNSET,
    load_custom_fields: bool | None | Unset = UNSET,
    cursor: str | None | Unset = UNSET,
    limit: int | None | Unset = UNSET,
) -> ExpensePage:
    """List expenses

    Lists the expenses of the account, one page at a time. Admins and bookkeepers see all of them, everyone else
    sees only their own.

    Args:
        expand: Nested objects to fill in: `location`, `department`, `merchant`, `receipts.download_uris`, `user`,
            `budget` or `payment`. The parameter repeats, as in `expand[]=merchant&expand[]=location`.
        user_id: Only expenses of these users.
        parent_expense_id: Only the parts into which these expenses were split.
        budget_id: Only expenses under these budgets.
        spending_entity_id: Only expenses of these spending entities.
        expense_type: Only expenses of these types.
        status: Only expenses in these states.
        payment_status: Only expenses whose payment is in one of these states.
        purchased_at_start: Only expenses bought at or after this moment (RFC 3339; Brex's own example has no time
            zone).
        purchased_at_end: Only expenses bought at or before this moment (RFC 3339; Brex's own example has no time
            zone).
        updated_at_start: Only expenses last changed at or after this moment (RFC 3339; Brex's own example has no
            time zone).
        updated_at_end: Only expenses last changed at or before this moment (RFC 3339; Brex's own example has no
            time zone).
        payment_posted_at_start: Only expenses whose payment was posted at or after this moment (RFC 3339; Brex's
            own example has no time zone).
        payment_posted_at_end: Only expenses whose payment was posted at or before this moment (RFC 3339; Brex's
            own example has no time zone).
        load_custom_fields: Whether to fill in the custom fields of the expenses.
        cursor: Where the page starts: `next_cursor` of the page before.
        limit: The most expenses that a page may hold, at most 100.
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
            expand=expand,
            user_id=user_id,
            parent_expense_id=parent_expense_id,
            budget_id=budget_id,
            spending_entity_id=spending_entity_id,
            expense_type=expense_type,
            status=status,
            payment_status=payment_status,
            purchased_at_start=purchased_at_start,
            purchased_at_end=purchased_at_end,
            updated_at_start=updated_at_start,
            updated_at_end=updated_at_end,
            payment_posted_at_start=payment_posted_at_start,
            payment_posted_at_end=payment_posted_at_end,
            load_custom_fields=load_custom_fields,
            cursor=cursor,
            limit=limit,
        )
    ).parsed
