# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.expense_user import ExpenseUser


@frozen(kw_only=True)
class Repayment:
    """The return of an expense's money to the company.

    Attributes:
        repayment_initiated_by: Who started the repayment. Brex's page does not spell out this shape.
        repayment_initiation_date: When the repayment was started.
    """

    repayment_initiated_by: ExpenseUser | None = None
    repayment_initiation_date: Timestamp | None = None
