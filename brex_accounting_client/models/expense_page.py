# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.expense import Expense
from ..pages import Page


@frozen(kw_only=True)
class ExpensePage(Page[Expense]):
    """One page of expenses.

    Attributes:
        next_cursor: Send it as `cursor` to get the next page.
        items: The expenses of this page.
    """

    next_cursor: str | None = None
    items: list[Expense]
