# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.accounting_record_line_item import AccountingRecordLineItem
from ..models.accounting_record_type import AccountingRecordType
from ..models.amount import Amount
from ..models.receipt import Receipt
from ..models.review_status import ReviewStatus
from ..models.source_type import SourceType
from ..models.user import User
from ..models.vendor import Vendor


@frozen(kw_only=True)
class AccountingRecord:
    """One financial event, to be entered in the books of the customer.

    Attributes:
        id: Id of the accounting record.
        amount: An amount of money in one currency.
        original_amount: The first amount, where it differs from `amount`.
        type: What kind of event the record stands for.

            - CARD_EXPENSE_POST: a purchase by card has been posted and settled.
            - CARD_EXPENSE_REPAYMENT: an employee paid the company back for a card purchase.
            - REIMBURSEMENT_EXPENSE_REPAYMENT: a reimbursement was paid back.
            - REIMBURSEMENT_EXPENSE_APPROVAL: a reimbursement was approved; the accrual view.
            - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT: money went out to the employee or a third party.
            - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN: the customer paid Brex.
            - REIMBURSEMENT_EXPENSE_POST: a reimbursement was carried out; the cash view.
            - CARD_PAYMENT: the customer paid Brex towards its card balance.
            - REWARD_REDEMPTION: the customer redeemed a reward.
            - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND: money went back to the customer's bank.
            - CARD_EXPENSE_REFUND: a merchant refunded a card purchase.
            - CARD_PAYMENT_REFUND: Brex returned what the customer had overpaid.
            - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL: a payout was reversed.
            - INVOICE: an invoice; Brex lists the value without explaining it.
            - INVOICE_PAYMENT: the payment of an invoice; Brex lists the value without explaining it.
            - BILL_EXPENSE: a bill came into being.
            - BILL_EXPENSE_PAYMENT: a bill was paid by ACH or wire.
            - BILL_EXPENSE_CARD_PAYMENT: a bill was paid with a Brex card.
            - BILL_MONEY_MOVEMENT_PAYIN: a pay-in for a bill; Brex lists the value without explaining it.
        review_status: The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED.
        source_id: Id of the transaction that the record stems from.
        source_type: The kind of source: a card transaction, a reimbursement or a bill.
        erp_posting_date: The date under which to enter the record in the accounting system, in UTC.
        updated_at: When the record last changed, in UTC.
        version: Number of this state of the record.
        receipts: The receipts that belong to the record.
        user: The person behind the record.
        vendor: The vendor behind the record.
        memo: Free text.
        posted_at: When the source was posted, in UTC.
        due_at: When the bill is due, in UTC. Bills only.
        invoice_number: The number on the invoice. Bills only.
        line_items: The debit and credit lines of the entry.
    """

    id: str
    amount: Amount
    original_amount: Amount | None = None
    type: AccountingRecordType
    review_status: ReviewStatus
    source_id: str | None = None
    source_type: SourceType
    erp_posting_date: Timestamp
    updated_at: Timestamp
    version: int
    receipts: list[Receipt] | None = None
    user: User | None = None
    vendor: Vendor | None = None
    memo: str | None = None
    posted_at: Timestamp
    due_at: Timestamp | None = None
    invoice_number: str | None = None
    line_items: list[AccountingRecordLineItem]
