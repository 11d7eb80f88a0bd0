"""Expenses: read them, and set their memos."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypedDict, Unpack, overload

from brex_accounting_client import UNSET
from brex_accounting_client.api.card_expenses import update_expense
from brex_accounting_client.api.expenses import get_expense, list_expenses
from brex_accounting_client.models import (
    Expense,
    ExpensePage,
    ExpensePaymentStatus,
    ExpenseStatus,
    ExpenseType,
    UpdatedExpense,
    UpdateExpenseRequest,
)
from brex_accounting_client.types import OnBadRecord

from ..checks import sendable, text
from ..errors import InvalidArgument
from ..paging import Listing, Stream, pages, raw_records, records
from ..transport.caller import PLAIN, Ask, Caller
from .arguments import Moment, a_flag, an_instant, constants, given, only_given, some_texts
from .listing import StreamOptions, check_limit, check_on_bad_record, listing

LARGEST_PAGE = 100
"""The most that Brex documents for ``limit``, since February 2026; it was 1000 before."""


class ExpenseFilters(TypedDict, total=False):
    """What narrows a list of expenses, and what Brex is to send of each; None is as good as leaving it out.

    Attributes:
        user_id: Only expenses of these users.
        parent_expense_id: Only the itemized parts of these expenses.
        budget_id: Only expenses of these budgets.
        spending_entity_id: Only expenses of these legal entities.
        expense_type: Only these types, such as ``["CARD"]``.
        status: Only these states, such as ``["APPROVED"]``.
        payment_status: Only these states of payment.
        purchased_at_start: Only expenses purchased at or after this moment; times are in UTC.
        purchased_at_end: Only expenses purchased at or before this moment.
        updated_at_start: Only expenses that changed at or after this moment.
        updated_at_end: Only expenses that changed at or before this moment.
        payment_posted_at_start: Only expenses whose payment was posted at or after this moment.
        payment_posted_at_end: Only expenses whose payment was posted at or before this moment.
        expand: What to send in full, such as ``["merchant", "user"]``.
        load_custom_fields: True asks for custom fields.
    """

    user_id: Iterable[str] | None
    parent_expense_id: Iterable[str] | None
    budget_id: Iterable[str] | None
    spending_entity_id: Iterable[str] | None
    expense_type: Iterable[ExpenseType | str] | None
    status: Iterable[ExpenseStatus | str] | None
    payment_status: Iterable[ExpensePaymentStatus | str] | None
    purchased_at_start: Moment | None
    purchased_at_end: Moment | None
    updated_at_start: Moment | None
    updated_at_end: Moment | None
    payment_posted_at_start: Moment | None
    payment_posted_at_end: Moment | None
    expand: Iterable[str] | None
    load_custom_fields: bool | None


class ExpensesResource:
    """``brex.expenses``: expenses of all kinds. Amounts are in the smallest unit of their currency."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(
        self, expense_id: str, *, expand: Iterable[str] | None = None, load_custom_fields: bool | None = None
    ) -> Expense:
        """One expense.

        Args:
            expense_id: Its id.
            expand: What to send in full, such as ``["merchant", "user"]``.
            load_custom_fields: True asks for custom fields.

        Raises:
            NotFound: There is no such expense in this account.
            CallError: The call did not succeed.
        """
        return await self._caller.call(
            get_expense.OPERATION,
            PLAIN,
            text(expense_id, "expense_id"),
            expand=some_texts(expand, "expand"),
            load_custom_fields=a_flag(load_custom_fields, "load_custom_fields"),
        )

    async def update(self, expense_id: str, *, memo: str | None, idempotency_key: str | None = None) -> UpdatedExpense:
        """Set the memo of a card expense.

        Args:
            expense_id: Its id.
            memo: The new memo; None removes it.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            NotFound: There is no such expense in this account.
            CallError: The call did not succeed.
        """
        if memo is not None and not isinstance(memo, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "memo: expected a string, or None to remove it"
            raise InvalidArgument(message)
        if memo is not None:
            sendable(memo, "memo")
        return await self._caller.call(
            update_expense.OPERATION,
            Ask(idempotency_key=idempotency_key),
            text(expense_id, "expense_id"),
            body=UpdateExpenseRequest(memo=memo),
        )

    async def query(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        **filters: Unpack[ExpenseFilters],
    ) -> ExpensePage:
        """One page of expenses; ``iter`` and ``pages`` follow the cursor by themselves.

        Args:
            limit: The most expenses in the page, at most 100.
            cursor: ``next_cursor`` of the page before.
            on_bad_record: ``"collect"`` leaves out expenses that cannot be read, on ``page.bad_records``.
            **filters: As in ``ExpenseFilters``.

        Raises:
            InvalidArgument: An argument cannot be right.
            UnreadableRecords: Some expenses cannot be read, and on_bad_record is ``"raise"``.
            CallError: The call did not succeed.
        """
        check_on_bad_record(on_bad_record)
        return await self._caller.call(
            list_expenses.OPERATION,
            Ask(on_bad_record=on_bad_record),
            limit=given(check_limit(limit, LARGEST_PAGE)),
            cursor=UNSET if cursor is None else text(cursor, "cursor"),
            **_sent(**filters),
        )

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: Literal[False] = ...,
        **filters: Unpack[ExpenseFilters],
    ) -> Stream[Expense]: ...

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: Literal[True],
        **filters: Unpack[ExpenseFilters],
    ) -> Stream[tuple[Expense, bytes]]: ...

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: bool,
        **filters: Unpack[ExpenseFilters],
    ) -> Stream[Expense] | Stream[tuple[Expense, bytes]]: ...

    def iter(
        self,
        *,
        page_size: int | None = None,
        prefetch: int = 1,
        resume: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        with_raw: bool = False,
        **filters: Unpack[ExpenseFilters],
    ) -> Stream[Expense] | Stream[tuple[Expense, bytes]]:
        """All expenses that fit, page after page, in Brex's order.

        Args:
            page_size: The most expenses in a page, at most 100.
            prefetch: How many pages to fetch while the caller works on one.
            resume: ``stream.checkpoint`` of an earlier stream with the same filters.
            on_bad_record: ``"collect"`` leaves out expenses that cannot be read, on ``stream.bad_records``.
            with_raw: True gives ``(expense, bytes)``, the bytes as they came.
            **filters: As in ``ExpenseFilters``.

        Raises:
            InvalidArgument: An argument cannot be right.

        The stream raises as that of ``records.iter`` does.
        """
        options = StreamOptions(page_size=page_size, largest_page=LARGEST_PAGE, prefetch=prefetch, resume=resume)
        found = self._listing(options, on_bad_record, filters)
        return raw_records(found) if with_raw else records(found)

    def pages(
        self,
        *,
        page_size: int | None = None,
        prefetch: int = 1,
        resume: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        **filters: Unpack[ExpenseFilters],
    ) -> Stream[ExpensePage]:
        """All pages of expenses that fit, empty ones too; the arguments are those of ``iter``.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        options = StreamOptions(page_size=page_size, largest_page=LARGEST_PAGE, prefetch=prefetch, resume=resume)
        return pages(self._listing(options, on_bad_record, filters))

    def _listing(
        self, options: StreamOptions, on_bad_record: OnBadRecord, filters: ExpenseFilters
    ) -> Listing[Expense, ExpensePage]:
        check_on_bad_record(on_bad_record)
        sent = _sent(**filters)
        caller, ask, limit = self._caller, Ask(on_bad_record=on_bad_record), given(options.page_size)

        async def fetch(_: tuple[str, ...] | None, cursor: str | None) -> ExpensePage:
            return await caller.call(list_expenses.OPERATION, ask, cursor=given(cursor), limit=limit, **sent)

        return listing(caller, list_expenses.OPERATION.name, Expense, fetch, options=options, filters=sent)


def _sent(
    *,
    user_id: Iterable[str] | None = None,
    parent_expense_id: Iterable[str] | None = None,
    budget_id: Iterable[str] | None = None,
    spending_entity_id: Iterable[str] | None = None,
    expense_type: Iterable[ExpenseType | str] | None = None,
    status: Iterable[ExpenseStatus | str] | None = None,
    payment_status: Iterable[ExpensePaymentStatus | str] | None = None,
    purchased_at_start: Moment | None = None,
    purchased_at_end: Moment | None = None,
    updated_at_start: Moment | None = None,
    updated_at_end: Moment | None = None,
    payment_posted_at_start: Moment | None = None,
    payment_posted_at_end: Moment | None = None,
    expand: Iterable[str] | None = None,
    load_custom_fields: bool | None = None,
) -> dict[str, Any]:
    """What narrows the list, as the operation takes it."""
    sent = {
        "user_id": some_texts(user_id, "user_id"),
        "parent_expense_id": some_texts(parent_expense_id, "parent_expense_id"),
        "budget_id": some_texts(budget_id, "budget_id"),
        "spending_entity_id": some_texts(spending_entity_id, "spending_entity_id"),
        "expense_type": constants(expense_type, ExpenseType, "expense_type"),
        "status": constants(status, ExpenseStatus, "status"),
        "payment_status": constants(payment_status, ExpensePaymentStatus, "payment_status"),
        "purchased_at_start": an_instant(purchased_at_start, "purchased_at_start"),
        "purchased_at_end": an_instant(purchased_at_end, "purchased_at_end"),
        "updated_at_start": an_instant(updated_at_start, "updated_at_start"),
        "updated_at_end": an_instant(updated_at_end, "updated_at_end"),
        "payment_posted_at_start": an_instant(payment_posted_at_start, "payment_posted_at_start"),
        "payment_posted_at_end": an_instant(payment_posted_at_end, "payment_posted_at_end"),
        "expand": some_texts(expand, "expand"),
        "load_custom_fields": a_flag(load_custom_fields, "load_custom_fields"),
    }
    return only_given(sent)


__all__ = ["ExpenseFilters", "ExpensesResource"]
