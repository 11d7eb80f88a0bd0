# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from typing import Any

from attrs import frozen

from ..leaves import Timestamp
from ..models.address import Address
from ..models.budget import Budget
from ..models.department import Department
from ..models.expense_category import ExpenseCategory
from ..models.expense_payment_status import ExpensePaymentStatus
from ..models.expense_receipt import ExpenseReceipt
from ..models.expense_status import ExpenseStatus
from ..models.expense_type import ExpenseType
from ..models.expense_user import ExpenseUser
from ..models.legal_entity import LegalEntity
from ..models.location import Location
from ..models.merchant import Merchant
from ..models.money import Money
from ..models.payment import Payment
from ..models.policy import Policy
from ..models.repayment import Repayment
from ..models.review import Review


@frozen(kw_only=True)
class Expense:
    """An expense. Nested objects come filled in where `expand[]` asks for them. Brex's page does not explain how the
    amounts differ from each other.

    Attributes:
        id: Id of the expense.
        memo: Free text.
        location_id: as on the wire.
        location: The place that goes with the expense.
        address: The postal address that goes with the expense.
        department_id: as on the wire.
        department: The department that goes with the expense.
        updated_at: When the expense last changed.
        payment_posted_at: When the payment was posted.
        category: as on the wire.
        merchant_id: as on the wire.
        merchant: as on the wire.
        receipts: The receipts of the expense.
        budget_id: as on the wire.
        budget: as on the wire.
        expense_type: as on the wire.
        original_amount: as on the wire.
        billing_amount: as on the wire.
        budget_amount: as on the wire.
        purchased_amount: as on the wire.
        usd_equivalent_amount: The amount converted to US dollars.
        purchased_at: When the purchase was made.
        status: as on the wire.
        payment_status: as on the wire.
        user_id: as on the wire.
        user: The person whose expense it is.
        payment: How the expense was paid.
        custom_fields: The values of custom fields.
        trip_id: The trip that the expense belongs to, if any.
        spending_entity_id: The id of the entity on whose account the money was spent.
        spending_entity: The legal entity on whose account the money was spent.
        billing_entity_id: The id of the entity that is billed.
        exported_at: When the expense went to the accounting system.
        integration_spending_entity_id: The spending entity's id in the accounting system.
        integration_billing_entity_id: The billing entity's id in the accounting system.
        review: How the review of the expense stands.
        repayment: Who started a repayment of the expense, and when.
        approved_at: When the expense was approved.
        submitted_at: When the expense was submitted.
        completion_date: When the payment is or will be complete.
        policy: The policy that applies to the expense.
        expense_line_items: The parts of the expense, at most 100.
        dashboard_url: Link to the expense on Brex's dashboard.
    """

    id: str
    memo: str | None = None
    location_id: str | None = None
    location: Location | None = None
    address: Address | None = None
    department_id: str | None = None
    department: Department | None = None
    updated_at: Timestamp
    payment_posted_at: Timestamp | None = None
    category: ExpenseCategory | None = None
    merchant_id: str | None = None
    merchant: Merchant | None = None
    receipts: list[ExpenseReceipt] | None = None
    budget_id: str | None = None
    budget: Budget | None = None
    expense_type: ExpenseType | None = None
    original_amount: Money | None = None
    billing_amount: Money | None = None
    budget_amount: Money | None = None
    purchased_amount: Money | None = None
    usd_equivalent_amount: Money | None = None
    purchased_at: Timestamp | None = None
    status: ExpenseStatus | None = None
    payment_status: ExpensePaymentStatus | None = None
    user_id: str | None = None
    user: ExpenseUser | None = None
    payment: Payment | None = None
    custom_fields: list[Any] | None = None
    trip_id: str | None = None
    spending_entity_id: str | None = None
    spending_entity: LegalEntity | None = None
    billing_entity_id: str | None = None
    exported_at: Timestamp | None = None
    integration_spending_entity_id: str | None = None
    integration_billing_entity_id: str | None = None
    review: Review | None = None
    repayment: Repayment | None = None
    approved_at: Timestamp | None = None
    submitted_at: Timestamp | None = None
    completion_date: Timestamp | None = None
    policy: Policy | None = None
    expense_line_items: list[Expense] | None = None
    dashboard_url: str
