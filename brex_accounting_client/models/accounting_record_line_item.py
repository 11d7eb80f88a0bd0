# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.accounting_field_value import AccountingFieldValue
from ..models.amount import Amount
from ..models.line_item_type import LineItemType


@frozen(kw_only=True)
class AccountingRecordLineItem:
    """One debit or credit line of an accounting record.

    Attributes:
        id: Id of the line.
        type: The side of the entry that the line stands on.
        amount: An amount of money in one currency.
        original_amount: The line's first amount, never negative.
        memo: Free text.
        accounting_field_values: The accounting fields set on this line.
    """

    id: str
    type: LineItemType
    amount: Amount
    original_amount: Amount | None = None
    memo: str | None = None
    accounting_field_values: list[AccountingFieldValue]
