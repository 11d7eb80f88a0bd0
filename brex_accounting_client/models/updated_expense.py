# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.expense_category import ExpenseCategory
from ..models.expense_payment_status import ExpensePaymentStatus
from ..models.expense_status import ExpenseStatus
from ..models.money import Money


@frozen(kw_only=True)
class UpdatedExpense:
    """A card expense after a change, without nested details.

    Attributes:
        id: Id of the expense.
        memo: Free text.
        location_id: as on the wire.
        department_id: as on the wire.
        updated_at: When the expense last changed.
        category: as on the wire.
        merchant_id: as on the wire.
        budget_id: as on the wire.
        original_amount: as on the wire.
        billing_amount: as on the wire.
        purchased_at: When the purchase was made.
        status: as on the wire.
        payment_status: as on the wire.
    """

    id: str
    memo: str | None = None
    location_id: str | None = None
    department_id: str | None = None
    updated_at: Timestamp
    category: ExpenseCategory | None = None
    merchant_id: str | None = None
    budget_id: str | None = None
    original_amount: Money | None = None
    billing_amount: Money | None = None
    purchased_at: Timestamp | None = None
    status: ExpenseStatus | None = None
    payment_status: ExpensePaymentStatus | None = None
