# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..types import UNSET, Unset


@frozen(kw_only=True)
class UpdateExpenseRequest:
    """The values to set on the expense.

    Attributes:
        memo: The new memo.
    """

    memo: str | None | Unset = UNSET
